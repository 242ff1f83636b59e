"""Ask the graph a shipped question: its parameters given as text, its rows with the names of their columns."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from importlib.resources import files
from numbers import Integral, Real
from typing import Any

import pyarrow as pa

from connectors.errors import C360Error
from graph.arrow import in_batches, joined, table_of
from graph.cypher import Parameter, cypher, parameters_of, questions
from graph.store.driver import Store

_DEFAULT = "(default)"


class QuestionError(C360Error):
    """There is no such question, or a parameter cannot be read as what it must be."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of a question, and the name of each column."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]

    def as_maps(self) -> list[dict[str, Any]]:
        """Each row by column."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


async def ask(store: Store, name: str, parameters: Mapping[str, Any] | None = None) -> Answer:
    """The answer to the question `name`; each value is a text as one types it, or already of its parameter's kind.

    A parameter whose description ends in `(default)` may be left out. Raises QuestionError.
    """
    text = cypher(f"questions/{known(name)}")
    values = parameter_values(name, parameters or {})
    return Answer(columns_of(text), await store.read(text, **values))


async def ask_table(store: Store, name: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
    """The same answer as columns: its rows are turned into Arrow as they come. Raises QuestionError."""
    text = cypher(f"questions/{known(name)}")
    values = parameter_values(name, parameters or {})
    columns = columns_of(text)
    parts = [table_of(columns, rows) async for rows in in_batches(store.stream(text, **values))]
    return joined(parts) if parts else table_of(columns, [])


def known(name: str) -> str:
    """The name of the question that is meant: this one, or the only one that it is a part of, as `flow` is.

    Raises QuestionError with the nearest ones.
    """
    names = [question.name for question in questions()]
    if name in names:
        return name
    parts = [each for each in names if name and name in each]
    if len(parts) == 1:
        return parts[0]
    near = difflib.get_close_matches(name, names, n=1)
    meant = f" Did you mean '{near[0]}'?" if near else ""
    raise QuestionError(f"There is no question '{name}'.{meant} Known: {', '.join(names)}.")


def text_of(name: str) -> str:
    """The whole file of a question, its header too: to be pasted into Neo4j Browser."""
    return files("graph").joinpath("questions", f"{known(name)}.cypher").read_text(encoding="utf-8")


def parameter_values(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What the question's parameters are, read and completed; raises QuestionError naming what is missing or wrong."""
    wanted = {parameter.name: parameter for parameter in parameters_of(f"questions/{known(name)}")}
    for key in given:
        if key not in wanted:
            near = difflib.get_close_matches(key, wanted, n=1)
            meant = f" Did you mean '{near[0]}'?" if near else ""
            takes = f"It takes {', '.join(wanted)}." if wanted else "It takes none."
            raise QuestionError(f"The question '{name}' has no parameter '{key}'.{meant} {takes}")
    missing = [one for one in wanted.values() if one.name not in given and not has_default(one)]
    if missing:
        examples = " ".join(f"--param {one.name}={_as_typed(one.example)}" for one in missing)
        raise QuestionError(f"The question '{name}' needs {', '.join(one.name for one in missing)}, e.g. {examples}")
    return {key: _value(name, one, given.get(key)) for key, one in wanted.items()}


def has_default(parameter: Parameter) -> bool:
    """Whether the example is what is taken when nothing is said."""
    return parameter.description.endswith(_DEFAULT)


def columns_of(text: str) -> tuple[str, ...]:
    """The names of what the query's last RETURN gives."""
    clause = re.split(r"\bRETURN\b", _without_comments(text))[-1]
    clause = re.split(r"\b(?:ORDER\s+BY|SKIP|LIMIT)\b", clause)[0]
    return tuple(_name_of(item) for item in _split(clause))


def _value(question: str, parameter: Parameter, given: Any) -> Any:
    example = _literal(parameter.example)
    if given is None:
        return example
    try:
        return _read(given, example) if isinstance(given, str) else _taken(given, example)
    except (TypeError, ValueError):
        wanted = _KINDS[type(example)]
        raise QuestionError(
            f"The parameter '{parameter.name}' of '{question}' is {wanted}, not {given!r}. "
            f"Write it like --param {parameter.name}={_as_typed(parameter.example)}"
        ) from None


_KINDS: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    list: "a list",
    datetime: "a date, or a moment such as 2026-03-01T12:00:00Z",
}


def _read(text: str, example: Any) -> Any:
    """The text as the kind of value that the example is; raises ValueError."""
    if isinstance(example, bool):
        return {"true": True, "false": False}[text.lower()] if text.lower() in ("true", "false") else _refuse(text)
    if isinstance(example, int | float):
        return int(text) if isinstance(example, int) else float(text)
    if isinstance(example, datetime):
        return _moment(datetime.fromisoformat(text))
    if isinstance(example, list):
        if text.lstrip().startswith("["):
            value = json.loads(text)
            return value if isinstance(value, list) else _refuse(text)
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _taken(given: Any, example: Any) -> Any:
    """A value of Python, numpy or pandas as the kind of value that the example is; raises TypeError or ValueError."""
    if isinstance(example, datetime):
        return _moment(given)
    if isinstance(example, list):
        listed = given.tolist() if hasattr(given, "tolist") else list(given)
        return [str(item) for item in listed] if all(isinstance(one, str) for one in example) else listed
    if isinstance(example, bool):
        return given if isinstance(given, bool) else _refuse(str(given))
    if isinstance(example, int) and isinstance(given, Integral) and not isinstance(given, bool):
        return int(given)
    if isinstance(example, float) and isinstance(given, Real) and not isinstance(given, bool):
        return float(given)
    return _refuse(str(given))


def _moment(given: Any) -> datetime:
    """A date or moment in UTC; one without an offset is UTC already. Never a zoneinfo, nor pandas' own kind of it."""
    if isinstance(given, datetime):
        aware = given.replace(tzinfo=UTC) if given.tzinfo is None else given
        return datetime.fromtimestamp(aware.timestamp(), UTC)
    if isinstance(given, date):
        return datetime.combine(given, time(), UTC)
    raise TypeError


def _refuse(text: str) -> Any:
    raise ValueError(text)


def _literal(example: str) -> Any:
    """The Cypher literal of a header as a value: a moment, or what JSON knows."""
    moment = re.fullmatch(r"""datetime\((?:["'](.+)["'])?\)""", example)
    if moment is None:
        return json.loads(example)
    return datetime.fromisoformat(moment[1]).astimezone(UTC) if moment[1] else datetime.now(UTC)


def _as_typed(example: str) -> str:
    """The example as one types it in a shell."""
    value = _literal(example)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    return example.strip("\"'")


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//"))


def _split(clause: str) -> list[str]:
    """The items of a RETURN: split at the commas that stand in no bracket."""
    items, depth, start = [], 0, 0
    for place, sign in enumerate(clause):
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and depth == 0:
            items.append(clause[start:place])
            start = place + 1
    return [*items, clause[start:]]


def _name_of(item: str) -> str:
    named = re.search(r"\bAS\s+(\w+)\s*$", item)
    return named[1] if named else item.strip()
