"""`c360 documents check`: what clients registered, against the schema."""

from __future__ import annotations

import json
from pathlib import Path

from tests.api.cli.calls import Shell

EXAMPLES = Path(__file__).parents[3] / "examples" / "queries"


def test_documents_are_checked_against_the_schema_and_the_limits(shell: Shell) -> None:
    """What is valid is counted; a mistake is named with its id, and the exit code is 1."""
    good = shell("documents", "check", str(EXAMPLES))
    path = shell.write("m.json", json.dumps({"good": "{ __typename }", "bad": "{ nothing }", "cut": "{"}))
    bad = shell("documents", "check", str(path))
    as_json = shell("documents", "check", str(path), "--json")
    small = shell("documents", "check", str(EXAMPLES), env={"C360_LIMITS": "depth=2"})
    none = shell("documents", "check", str(shell.write("none.json", "{}")))

    assert (good.code, f"{len(list(EXAMPLES.glob('*.graphql')))} documents are valid" in good.err) == (0, True)
    assert (bad.code, as_json.code, small.code, none.code) == (1, 1, 1, 2)
    assert "Cannot query field 'nothing'" in bad.out
    assert as_json.json["documents"] == 3
    assert [problem["id"] for problem in as_json.json["problems"]] == ["bad", "cut"]
    assert "too deep" in small.out
    assert "there are none at" in none.err.replace("\n", " ")
