"""What each command does when all is well: answers for people, the same answers as JSON for programs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.csv as pcsv
import pytest
from typer.core import TyperGroup
from typer.main import get_command

from api.cli.main import app
from graph.cypher import questions
from graph.store.settings import StoreSettings
from tests.api.cli.calls import PEOPLE, Shell, persons_toml
from tests.graph.linkage.people import silos

COMMANDS = [
    ["demo"], ["init"], ["sync"], ["serve"], ["rebuild"], ["link"], ["link", "evaluate"],
    ["link", "explain"], ["link", "train"], ["link", "drift"], ["link", "model", "show"], ["sample"], ["schema"],
    ["ask"], ["export"], ["plugins", "list"], ["plugins", "check"], ["keys", "limit"], ["documents", "check"],
    ["store", "info"], ["store", "digest"], ["store", "copy"], ["alerts", "evaluate"], ["alerts", "tell"],
    ["alerts", "digest"], ["surveys", "send"],
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_with_examples(shell: Shell, command: list[str]) -> None:
    """`--help` says what the command does and shows a call of it that works as written."""
    call = shell(*command, "--help")

    assert call.code == 0
    assert "Examples" in call.out
    assert f"c360 {' '.join(command[:1])}" in call.out


def test_there_are_no_other_commands() -> None:
    """The names of the commands are a contract: none is missing here, none is new."""
    commands = get_command(app).commands
    groups = {name: each.commands for name, each in commands.items() if isinstance(each, TyperGroup)}

    assert set(commands) - set(groups) == {
        "demo", "init", "sync", "serve", "rebuild", "sample", "schema", "ask", "export", "backup", "restore", "doctor"
    }  # fmt: skip
    assert {name: set(under) for name, under in groups.items()} == {
        "alerts": {"evaluate", "tell", "digest"},
        "deliveries": {"send", "drop", "replay", "list"},
        "documents": {"check"},
        "keys": {"create", "limit", "list", "revoke"},
        "link": {"file", "evaluate", "explain", "train", "drift", "model"},
        "pin": {"set", "unset"},
        "plugins": {"list", "check", "new", "test"},
        "report": {"send"},
        "rejections": {"list", "show", "retry"},
        "sources": {"list", "remove"},
        "store": {"info", "digest", "copy", "upgrade"},
        "surveys": {"send"},
    }
    assert set(groups["link"]["model"].commands) == {"show"}


def test_linking_a_table_waits_for_no_server_and_no_graph() -> None:
    """`c360 link FILE` imports neither GraphQL nor the drivers of the stores: it starts in a third of the time."""
    code = (
        "import sys\n"
        "from api.cli.main import app\n"
        "from typer.main import get_command\n"
        "get_command(app).commands['link'].commands['file']\n"
        "print(*{name.partition('.')[0] for name in sys.modules})\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert {"graphql", "strawberry", "starlette", "neo4j", "arcadedb_embedded", "jpype"} & set(
        ran.stdout.split()
    ) == set()
    assert {"pyarrow", "rapidfuzz"} <= set(ran.stdout.split())


def test_a_table_is_linked_without_pandas_and_scipy(tmp_path: Path) -> None:
    """`c360 link FILE -o OUT` loads neither; pandas can be had afterwards, and Arrow makes frames of its tables."""
    people, out = tmp_path / "people.csv", tmp_path / "who.csv"
    pcsv.write_csv(silos(60, seed=6)[0], people)
    code = (
        "import sys\n"
        "from api.cli.main import app\n"
        f"app(['link', {str(people)!r}, '-o', {str(out)!r}], standalone_mode=False)\n"
        "print(*sys.modules)\n"
        "import pandas as pd, pyarrow as pa\n"
        "frame = pd.DataFrame({'a': ['x', None], 'b': pd.Categorical(['u', 'v']), 'c': [1.5, float('nan')]})\n"
        "table = pa.Table.from_pandas(frame)\n"
        "assert table.to_pandas().equals(frame), table\n"
        "assert pa.types.is_dictionary(table.schema.field('b').type) and table['c'].null_count == 1\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr
    assert {"pandas", "scipy", "recordlinkage", "neo4j"} & set(ran.stdout.split()) == set()
    assert out.read_text().startswith('"record_id","customer_id","weight"')


@pytest.mark.long
def test_serving_starts_without_what_only_linking_and_fits_need() -> None:
    """`c360 serve` imports nothing of scipy but its face: the parts come with the first that needs them."""
    code = "import sys, api.cli.serve; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert {"scipy.sparse", "scipy.special", "scipy.optimize", "recordlinkage"} & set(ran.stdout.split()) == set()


def test_the_version_is_that_of_the_package(shell: Shell) -> None:
    """`--version` is one line."""
    assert re.fullmatch(r"c360 \d+\.\d+\.\d+\n", shell("--version").out)


def test_a_table_is_linked_and_judged(shell: Shell) -> None:
    """`link FILE -o OUT` writes a cluster for each record, `link evaluate` compares it with the truth."""
    rows = ["id,first_name,last_name,email,truth"]
    for number in range(60):
        name = f"{'Ada Bo Cy Di Eve Flo'.split()[number % 6]},Quist{chr(97 + number % 26)}{chr(97 + number // 3)}"
        rows += [f"{number},{name},p{number}@x.test,{number}", f"{number + 100},{name},p{number}@x.test,{number}"]
    people = shell.write("people.csv", "\n".join(rows) + "\n")
    out = shell.folder / "who.csv"

    linked = shell("link", str(people), "-o", str(out), "--json")
    judged = shell("link", "evaluate", str(out), str(people), "--json")

    assert linked.code == 0, linked.err
    assert (linked.json["records"], linked.json["columns"]["email"]) == (120, ["email"])
    assert pcsv.read_csv(out).num_rows == 120
    assert judged.code == 0, judged.err
    assert judged.json["f1"] > 0.95


def test_exports_become_sources_and_sources_a_graph(graph_shell: Shell) -> None:
    """init, preview, sync, a second sync, a question, the digest: the way of somebody with their own data."""
    sample = graph_shell.folder / "sample"
    assert graph_shell("sample", str(sample), "--customers", "60", "--seed", "3").code == 0
    (sample / "plugins.toml").unlink()

    found = graph_shell("init", str(sample / "exports"))
    preview = graph_shell("sync", "crm", "--preview", "--limit", "8", "--json")
    untouched = graph_shell("store", "info", "--json")
    first = graph_shell("sync", "--json")
    before = graph_shell("store", "digest", "--json")
    second = graph_shell("sync", "--json")
    after = graph_shell("store", "digest", "--json")
    asked = graph_shell("ask", "source_comparison", "--json")
    shown = graph_shell("ask", "source_comparison")

    assert "hubspot-contacts" in found.out
    assert [one["source"] for one in preview.json] == ["crm"]
    assert preview.json[0]["streams"]["contacts"][0]["emails"][0]["value"] == "mara.lindqvist@nordlicht.example"
    assert "SourceRecord" not in untouched.json["nodes"]
    assert (first.code, first.json["ok"]) == (0, True), first.err
    assert second.json["derived"]["customers"] == 0
    assert before.json["value"] == after.json["value"]
    assert {row["source"] for row in asked.json} == {"crm", "marketing", "helpdesk"}
    assert all(row["source"] in shown.out for row in asked.json)


def test_a_rebuild_is_planned_and_changes_nothing_that_is_known(graph_shell: Shell) -> None:
    """After a sync a rebuild would merge and split nobody, and makes the same graph again."""
    graph_shell.write("plugins.toml", persons_toml())
    graph_shell.write("people.csv", PEOPLE)
    assert graph_shell("sync").code == 0
    before = graph_shell("store", "digest", "--json").json

    plan = graph_shell("rebuild", "--dry-run", "--json")
    done = graph_shell("rebuild", "--json")

    assert (plan.json["customers_before"], plan.json["customers_after"]) == (2, 2)
    assert (plan.json["merges"], plan.json["splits"]) == ([], [])
    assert done.json["derived"]["customers"] == 2
    assert graph_shell("store", "digest", "--json").json == before


@pytest.mark.long
def test_a_graph_is_copied_from_one_home_to_the_other(
    tmp_path: Path, both_settings: tuple[StoreSettings, StoreSettings]
) -> None:
    """From the embedded store to Neo4j the digest stays; a second copy into the full one is refused."""
    embedded, neo4j = both_settings
    here, there = Shell(tmp_path, embedded), Shell(tmp_path, neo4j)
    here.write("plugins.toml", persons_toml())
    here.write("people.csv", PEOPLE)
    assert here("sync").code == 0

    copied = there("store", "copy", embedded.uri, neo4j.uri, "--json")
    again = there("store", "copy", embedded.uri, neo4j.uri)

    assert copied.code == 0, copied.err
    assert copied.json == here("store", "digest", "--json").json == there("store", "digest", "--json").json
    assert again.code == 1
    assert "Use an empty one" in again.err


def test_sources_are_checked_one_by_one(shell: Shell) -> None:
    """`plugins check` says of each source whether it can be read; one refusal makes the exit code 1."""
    shell.write("plugins.toml", persons_toml() + persons_toml("none.csv", "shop"))
    shell.write("people.csv", PEOPLE)

    both = shell("plugins", "check", "--json")
    good = shell("plugins", "check", "crm")

    assert both.code == 1
    assert {name: report["ok"] for name, report in both.json.items()} == {"crm": True, "shop": False}
    assert "none.csv" in both.json["shop"]["message"]
    assert good.code == 0


def test_the_schema_is_printed_and_written(shell: Shell, tmp_path: Path) -> None:
    """Both ways give the same text, which begins the way GraphQL's language does."""
    printed = shell("schema").out
    shell("schema", "-o", str(tmp_path / "s.graphql"))

    assert printed == (tmp_path / "s.graphql").read_text()
    assert "type Query {" in printed


def test_questions_are_listed_with_what_they_need(shell: Shell) -> None:
    """Every shipped question is in the list, and its text can be pasted: parameters first."""
    listed = shell("ask", "--list", "--json").json
    text = shell("ask", "customer_journey", "--text").out

    assert [one["name"] for one in listed] == [one.name for one in questions()]
    (journey,) = (one for one in listed if one["name"] == "customer_journey")
    assert {one["name"]: one["required"] for one in journey["parameters"]} == {"id": True, "automated": False}
    assert text.startswith("// ")
    assert ":param id =>" in text


def test_what_is_not_json_stays_off_the_answer(graph_shell: Shell) -> None:
    """With --json the standard output is JSON and nothing else; progress goes to the other stream."""
    graph_shell.write("plugins.toml", persons_toml())
    graph_shell.write("people.csv", PEOPLE)

    call = graph_shell("sync", "--json")

    assert json.loads(call.out)["ok"] is True
    assert "read crm/" in call.err
