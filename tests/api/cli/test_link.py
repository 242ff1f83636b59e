"""`c360 link`: any table linked and explained, models trained, shown and put in force, drift told."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pyarrow.csv as pcsv
import pytest

from graph.linkage.model import LinkageModel
from tests.api.cli.calls import Shell, persons_toml
from tests.graph.linkage.people import silos


@pytest.fixture
def people(shell: Shell) -> Path:
    """A table of 150 people in three systems."""
    path = shell.folder / "people.csv"
    pcsv.write_csv(silos(150, seed=6)[0], path)
    return path


def _same_person(shell: Shell, people: Path) -> dict[str, object]:
    """A join of that table, as `--explain` writes it."""
    why = shell.folder / "why.jsonl"
    assert shell("link", str(people), "--explain", str(why)).code == 0
    first: dict[str, object] = json.loads(why.read_text().splitlines()[0])
    return first


def test_linking_says_what_it_used_and_how_sure_it_is(shell: Shell, people: Path) -> None:
    """Columns, people, shares of certainty, model and threshold are told; without -o nothing is written."""
    before = set(shell.folder.iterdir())

    call = shell("link", str(people))
    told = shell("link", str(people), "--json").json

    assert call.code == 0, call.err
    assert "email: email" in call.err
    assert "How sure: " in call.out
    assert "one person from +1.0 bits on" in call.out
    assert f"no blocking key reaches: about {1 - told['reached']:.0%}" in call.out
    assert "Nothing was written" in call.err
    assert set(shell.folder.iterdir()) == before
    sureness = told["sureness"]
    assert sureness["joined"] == sureness["sure"] + sureness["likely"] + sureness["doubtful"] > 200
    assert told["customers"] < told["records"]


def test_a_higher_threshold_joins_less(shell: Shell, people: Path) -> None:
    """--threshold asks for more bits; the result tells the threshold that was used."""
    usual = shell("link", str(people), "--json").json
    strict = shell("link", str(people), "--threshold", "25", "--json").json

    assert (usual["match_bits"], strict["match_bits"]) == (1.0, 25.0)
    assert strict["customers"] > usual["customers"]


def test_rules_are_read_from_another_file(shell: Shell, people: Path) -> None:
    """--rules takes [matching] from that file and not from the config folder."""
    rules = shell.write("strict.toml", "[matching]\nmatch_bits = 30.0\n")

    assert shell("link", str(people), "--rules", str(rules), "--json").json["match_bits"] == 30.0


@pytest.mark.parametrize("given", ["nachname=last_name", "last_name=nachname"])
def test_a_column_is_mapped_either_way_round(shell: Shell, given: str) -> None:
    """COLUMN=FIELD and FIELD=COLUMN say the same."""
    path = shell.write("a.csv", "id,nachname,mail\n1,Quist,q@x.test\n2,Quist,q@x.test\n")

    assert shell("link", str(path), "--map", given, "--json").json["columns"]["last_name"] == ["nachname"]


def test_a_saved_model_links_as_the_run_that_trained_it(shell: Shell, people: Path) -> None:
    """`train FILE -o` and `--model` give the same people as one run; the file is a model that says what it learned."""
    saved, model_out = shell.folder / "people.model", shell.folder / "by_model.csv"

    trained = shell("link", "train", str(people), "-o", str(saved), "--json")
    assert trained.code == 0, trained.err
    by_model = shell("link", str(people), "--model", str(saved), "-o", str(model_out), "--json").json
    at_once = shell("link", str(people), "-o", str(shell.folder / "at_once.csv"), "--json").json

    model = LinkageModel.from_bytes(saved.read_bytes())
    assert trained.json["version"] == by_model["model"] == at_once["model"] == model.version
    assert trained.json["records"] == model.records == at_once["records"]
    assert model.trained_at
    assert model_out.read_text() == (shell.folder / "at_once.csv").read_text()


def test_a_pair_of_a_table_is_explained_and_drawn(shell: Shell, people: Path) -> None:
    """Bits by field with values and levels add up to the weight; the SVG shows the same."""
    join = _same_person(shell, people)
    pair = [str(join["record_id"]), str(join["other_id"])]
    svg = shell.folder / "why.svg"

    text = shell("link", "explain", *pair, "--file", str(people), "--svg", str(svg))
    told = shell("link", "explain", *pair, "--file", str(people), "--json").json

    assert text.code == 0, text.err
    assert "They are one customer" in text.out
    assert told["bits"] == pytest.approx(join["bits"], abs=0.01)
    assert sum(item["bits"] for item in told["evidence"]) == pytest.approx(told["bits"], abs=0.06)
    assert (told["together"], told["outcome"]) == (True, "match")
    strongest = max((item for item in told["evidence"] if item["left"]), key=lambda item: item["bits"])
    assert strongest["left"] in text.out.replace("\n", "")
    assert pair[0] in "".join(ElementTree.parse(svg).getroot().itertext())


def test_two_strangers_are_told_why_not(shell: Shell) -> None:
    """Records that no key brings together were never compared, and the keys that differ are named."""
    rows = "".join(f"{n},Ada{n} Quist{n},p{n}@x{n}.test,19{10 + n}-01-01\n" for n in range(60))
    path = shell.write("people.csv", "id,name,mail,born\n" + rows)

    told = shell("link", "explain", "3", "41", "--file", str(path))

    assert told.code == 0, told.err
    assert "Never compared" in told.out
    assert "e-mail" in told.out
    assert "They are two customers" in told.out


def test_a_record_that_is_not_there_is_named(shell: Shell, people: Path) -> None:
    """The exit code is 1 and the message names the id."""
    call = shell("link", "explain", "nobody", "crm:1", "--file", str(people))

    assert call.code == 1
    assert "nobody" in call.err


def test_options_that_mean_nothing_together_are_refused(shell: Shell, people: Path) -> None:
    """2 is the exit code, and the message says what to write instead."""
    for arguments, words in (
        (["explain", "a", "b", "--map", "x=email"], "--file FILE"),
        (["train", str(people)], "-o OUT"),
        (["train", str(people), "-o", "m", "--use"], "leave FILE away"),
        (["train", "--map", "x=email"], "train FILE"),
    ):
        call = shell("link", *arguments)
        assert (call.code, words in call.err) == (2, True), call.err


@pytest.fixture
def linked(graph_shell: Shell) -> Shell:
    """A graph of one source with two people who are three records."""
    graph_shell.write("plugins.toml", persons_toml() + persons_toml("desk.csv", "desk"))
    graph_shell.write("people.csv", "id,name,mail,born\n1,Ada Quist,ada@x.test,1980-02-01\n2,Bo Lund,bo@x.test,\n")
    graph_shell.write("desk.csv", "id,name,mail,born\n7,Ada Quist,ada@x.test,1980-02-01\n")
    assert graph_shell("sync").code == 0
    return graph_shell


def test_two_records_of_the_store_are_explained(linked: Shell) -> None:
    """By their keys, with the customer they are today, and with what they are not."""
    one = linked("link", "explain", "crm/persons/1", "desk/persons/7", "--json")
    two = linked("link", "explain", "crm/persons/1", "crm/persons/2", "--json")
    none = linked("link", "explain", "crm/persons/1", "crm/persons/99")

    assert one.code == 0, one.err
    assert (one.json["together"], one.json["outcome"]) == (True, "match")
    assert [join["record_id"] for join in one.json["trail"]] != []
    assert "ada@x.test" in [item["left"] for item in one.json["evidence"]]
    assert (two.json["together"], two.json["trail"]) == (False, [])
    assert none.code == 1
    assert "crm/persons/99" in none.err


def test_a_model_is_trained_looked_at_and_put_in_force(linked: Shell) -> None:
    """Without --use the store keeps its model; with it the new one is in force, and `model show` shows it."""
    before = linked("link", "model", "show", "--json").json
    svg = linked.folder / "model.svg"

    looked = linked("link", "train", "--json")
    kept = linked("link", "model", "show", "--json").json
    used = linked("link", "train", "--use", "-o", str(linked.folder / "store.model"), "--json")
    shown = linked("link", "model", "show", "--svg", str(svg), "--json").json

    assert looked.code == 0, looked.err
    assert looked.json["plan"]["customers_after"] == 2
    assert kept == before
    assert (used.json["in_force"], used.json["plan"]) == (True, None)
    assert shown["version"] == used.json["version"]
    assert LinkageModel.from_bytes((linked.folder / "store.model").read_bytes()).version == shown["version"]
    assert shown["version"] in svg.read_text()
    assert {field["field"] for field in shown["fields"]} >= {"first_name", "email"}


def test_drift_holds_the_model_against_todays_records(linked: Shell) -> None:
    """Nothing changed since the model learned: each field is as complete as then, and no weight moved."""
    told = linked("link", "drift", "--json")
    text = linked("link", "drift")

    assert told.code == 0, told.err
    assert told.json["fallen"] == []
    complete = {each["field"]: (each["before"], each["now"]) for each in told.json["completeness"]}
    assert complete["email"] == (1.0, 1.0)
    assert complete["birth_date"] == (pytest.approx(2 / 3, abs=0.01), pytest.approx(2 / 3, abs=0.01))
    assert "e-mail" in text.out
    assert "No weight moved" in text.out


def test_a_store_without_a_model_says_what_to_do(graph_shell: Shell) -> None:
    """Before the first sync there is nothing to show, and the message says so."""
    call = graph_shell("link", "model", "show")

    assert call.code == 1
    assert "c360 sync" in call.err
