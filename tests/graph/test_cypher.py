"""Cypher files: found by name, documented on top."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from graph.cypher import CypherFileError, cypher, description_of, parameters_of, questions, statements


def every_file() -> list[str]:
    graph = Path(str(files("graph")))
    return sorted(str(path.relative_to(graph).with_suffix("")) for path in graph.rglob("*.cypher"))


@pytest.mark.parametrize("name", every_file())
def test_every_shipped_file_says_what_it_does_and_which_parameters_it_takes(name: str) -> None:
    """A file's header describes it and names exactly the parameters that its query uses."""
    assert len(description_of(name)) > 10
    assert {parameter.name for parameter in parameters_of(name)} == _parameters_in(cypher(name))


def test_a_query_comes_without_its_header() -> None:
    """What is sent to the store is the query alone; a file of several statements can be taken apart."""
    assert cypher("store/migrations/001_model").startswith("CREATE CONSTRAINT")
    assert all(part.startswith("CREATE ") and ";" not in part for part in statements("store/migrations/001_model"))


def test_a_missing_file_is_named() -> None:
    """Asking for a file that is not shipped names the file."""
    with pytest.raises(CypherFileError, match=r"graph/questions/no_such\.cypher"):
        cypher("questions/no_such")


def test_every_question_can_be_listed() -> None:
    """`questions()` lists each file of graph/questions with its description."""
    listed = {f"questions/{question.name}" for question in questions()}
    assert listed == {name for name in every_file() if name.startswith("questions/")}


def _parameters_in(query: str) -> set[str]:
    return set(re.findall(r"\$(\w+)", query))
