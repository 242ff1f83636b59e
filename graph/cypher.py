"""Cypher lives in files of its own, documented on top; this module finds them.

A file starts with what it does and what it needs, and can be pasted into Neo4j Browser as it stands:

    // customer.cypher: one customer with every record merged into it.
    // :param id => 'c-42'    the customer's id
    MATCH (c:Customer {id: $id})<-[:DESCRIBES]-(r:SourceRecord)
    RETURN c, collect(r) AS records
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from graph.tracing import NamedQuery


class CypherFileError(Exception):
    """A packaged Cypher file is missing, or does not say what it is for."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One `// :param name => example   description` line of a file's header."""

    name: str
    example: str
    description: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question about the graph that we ship: `c360 ask NAME` runs it."""

    name: str
    description: str
    parameters: tuple[Parameter, ...]


def cypher(name: str) -> str:
    """The text of a packaged file, such as `cypher("writes/land_records")`, without its header; it has that name."""
    return _file(name)[1]


def parameters_of(name: str) -> tuple[Parameter, ...]:
    """The parameters that a file's header names, in its order."""
    return tuple(parameter for line in _file(name)[0] if (parameter := _parameter(line)))


def description_of(name: str) -> str:
    """What the file does, in the words of its header."""
    words = " ".join(line for line in _file(name)[0] if not line.startswith(":param"))
    return re.sub(r"^[\w-]+\.cypher:\s*", "", words).strip()


def questions() -> tuple[Question, ...]:
    """The questions that we ship, by name."""
    return tuple(
        Question(name, description_of(f"questions/{name}"), parameters_of(f"questions/{name}"))
        for name in _question_names()
    )


def statements(name: str) -> tuple[str, ...]:
    """The statements of a file that holds several, each ended by a semicolon at the end of a line."""
    return tuple(part.strip() for part in re.split(r";\s*(?:\n|$)", cypher(name)) if part.strip())


@cache
def _file(name: str) -> tuple[tuple[str, ...], NamedQuery]:
    """Header lines without their slashes, and the rest of the file."""
    file = files("graph").joinpath(*f"{name}.cypher".split("/"))
    if not file.is_file():
        raise CypherFileError(
            f"There is no file graph/{name}.cypher. Shipped questions: {', '.join(_question_names())}."
        )
    header: list[str] = []
    lines = file.read_text(encoding="utf-8").splitlines()
    while lines and lines[0].startswith("//"):
        header.append(lines.pop(0).removeprefix("//").strip())
    body = "\n".join(lines).strip()
    says_something = any(line and not line.startswith(":param") for line in header)
    if not says_something or not body:
        raise CypherFileError(f"graph/{name}.cypher must start with a // line that says what it does, then the query.")
    return tuple(header), NamedQuery(body, name)


def _parameter(line: str) -> Parameter | None:
    if not line.startswith(":param"):
        return None
    found = re.match(r":param\s+(\w+)\s*=>\s*(.+?)(?:\s{2,}(.*))?$", line)
    if found is None:
        raise CypherFileError(f"A parameter is written `// :param name => example   description`, not {line!r}.")
    return Parameter(found[1], found[2].strip(), (found[3] or "").strip())


def _question_names() -> list[str]:
    folder = files("graph").joinpath("questions")
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(file.name.removesuffix(".cypher") for file in found if file.name.endswith(".cypher"))
