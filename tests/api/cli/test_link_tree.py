"""`c360 link explain --customer`: how the records of a customer were joined."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.api.cli.calls import Shell, persons_toml


@pytest.fixture
def linked(graph_shell: Shell) -> Shell:
    """A graph of two sources with two people who are three records."""
    graph_shell.write("plugins.toml", persons_toml() + persons_toml("desk.csv", "desk"))
    graph_shell.write("people.csv", "id,name,mail,born\n1,Ada Quist,ada@x.test,1980-02-01\n2,Bo Lund,bo@x.test,\n")
    graph_shell.write("desk.csv", "id,name,mail,born\n7,Ada Quist,ada@x.test,1980-02-01\n")
    assert graph_shell("sync").code == 0
    return graph_shell


def test_a_customer_is_explained_as_a_tree(linked: Shell) -> None:
    """By address and by id the same: each record once, with bits, rule and strongest evidence; drawn, too."""
    svg = linked.folder / "tree.svg"

    text = linked("link", "explain", "--customer", "ada@x.test", "--svg", str(svg))
    told = linked("link", "explain", "--customer", "ADA@x.test", "--json").json
    by_id = linked("link", "explain", "--customer", told["customer"], "--json").json

    assert text.code == 0, text.err
    assert by_id == told
    assert [(row["record"], row["depth"], row["joined_to"], row["rule"]) for row in told["records"]] == [
        ("crm/persons/1", 0, None, "root"),
        ("desk/persons/7", 1, "crm/persons/1", "weights"),
    ]
    child = told["records"][1]
    pair = linked("link", "explain", "crm/persons/1", "desk/persons/7", "--json").json
    assert child["bits"] == pytest.approx(pair["bits"], abs=0.01)
    strongest = max((item for item in pair["evidence"] if item["left"]), key=lambda item: item["bits"])
    assert strongest["left"] in child["line"]
    assert f"({strongest['bits']:+.1f} bits)" in child["line"]
    shown = text.out
    assert shown.index("crm/persons/1") < shown.index("desk/persons/7")
    assert f"{child['bits']:+.1f} bits by weights: {child['line']}" in shown
    assert child["line"].startswith("same ")
    assert told["model"] in shown
    drawn = "".join(ElementTree.parse(svg).getroot().itertext())
    assert child["line"] in drawn
    assert told["model"] in drawn


def test_a_customer_alone_is_a_tree_of_one_record(linked: Shell) -> None:
    """Nothing was joined, and nothing is made up."""
    told = linked("link", "explain", "--customer", "bo@x.test", "--json").json

    assert [(row["record"], row["rule"], row["bits"], row["line"]) for row in told["records"]] == [
        ("crm/persons/2", "root", None, "")
    ]


def test_who_cannot_be_found_is_named(linked: Shell) -> None:
    """Nobody of that address: 1 and what to give; options that mean nothing together: 2."""
    nobody = linked("link", "explain", "--customer", "nobody@x.test")
    both = linked("link", "explain", "crm/persons/1", "desk/persons/7", "--customer", "ada@x.test")
    neither = linked("link", "explain")

    assert (nobody.code, "nobody@x.test" in nobody.err) == (1, True)
    assert (both.code, "leave A, B" in both.err) == (2, True)
    assert (neither.code, "--customer" in neither.err) == (2, True)
