"""Our Cypher can be pasted into Neo4j Browser: its own language support finds nothing wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.clients.workshop import Workshop

pytestmark = pytest.mark.clients
GRAPH = Path(__file__).parents[2] / "graph"
VERSIONS = ("CYPHER 5", "CYPHER 25")


def linted(workshop: Workshop, version: str, folder: Path, files: list[str]) -> list[dict[str, object]]:
    """What @neo4j-cypher/language-support says of the files."""
    ran = workshop.run("node", "lint.mjs", version, str(folder), *files, within="cypher")
    assert ran.code == 0, ran.said
    found: list[dict[str, object]] = json.loads(ran.out)
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("room", ["questions", "exports", "writes"])
def test_every_cypher_file_is_right_in_cypher_5_and_in_cypher_25(workshop: Workshop, room: str, version: str) -> None:
    """No mistake of syntax or meaning, no variable that there is not, no parameter that the header does not name."""
    files = sorted(path.relative_to(GRAPH).as_posix() for path in (GRAPH / room).glob("*.cypher"))
    assert files

    assert linted(workshop, version, GRAPH, files) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_wrong_is_found(workshop: Workshop, tmp_path: Path, version: str) -> None:
    """A clause that is misspelt, a variable and a parameter that nobody named: each is told, by its file and line."""
    flaws = {
        "clause": "// Nobody.\nMATCH (c:Customer) RETRN c\n",
        "variable": "// Nobody.\nMATCH (c:Customer) RETURN d\n",
        "parameter": "// Nobody.\n// :param id => 1\nMATCH (c:Customer {id: $di}) RETURN c\n",
    }
    for name, text in flaws.items():
        (tmp_path / f"{name}.cypher").write_text(text)

    found = linted(workshop, version, tmp_path, [f"{name}.cypher" for name in flaws])

    assert {(one["file"], one["line"]) for one in found} == {
        ("clause.cypher", 2), ("variable.cypher", 2), ("parameter.cypher", 3)
    }  # fmt: skip
