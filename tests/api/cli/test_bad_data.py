"""Bad data and failures: a sentence, exit code 1 where something failed, and the rest goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from graph.store.settings import StoreSettings
from tests.api.cli.calls import PEOPLE, Call, Shell, persons_toml
from tests.conftest import Homes


def _landed(call: Call) -> dict[str, dict[str, Any]]:
    return {one["source"]: one for one in call.json["landed"]}


def _rejections(shell: Shell) -> str:
    call = shell("ask", "rejections", "--json")
    assert call.code == 0, call.err
    return " ".join(f"{row['place']} {row['reason']}" for row in call.json)


BROKEN = {
    "a row with too many columns": (PEOPLE + "3,Cy,cy@x.test,1990-01-01,extra,columns\n", ["people.csv:4"]),
    "a record without id": (PEOPLE + ",Cy Wren,cy@x.test,\n", ["id", "people.csv:4"]),
    "an impossible date": (PEOPLE + "3,Cy Wren,cy@x.test,1990-02-31\n", ["1990-02-31", "born"]),
    "a duplicate id": (PEOPLE + "2,Bo Lund,bo2@x.test,\n", ["2"]),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_row_is_kept_with_its_place_and_the_others_are_read(graph_shell: Shell, case: str) -> None:
    """One bad row is a rejection that names the place; the two good ones are there, and the sync succeeds."""
    content, words = BROKEN[case]
    graph_shell.write("plugins.toml", persons_toml())
    graph_shell.write("people.csv", content)

    call = graph_shell("sync", "--json")

    assert call.code == 0, call.err
    assert _landed(call)["crm"]["records"] >= 2
    said = _rejections(graph_shell)
    assert [word for word in words if word not in said] == [], said


def test_a_field_of_ten_megabytes_is_no_problem_for_the_rest(graph_shell: Shell) -> None:
    """A huge value is read or refused with its place; the sync ends well and the others are there."""
    graph_shell.write("plugins.toml", persons_toml())
    graph_shell.write("people.csv", PEOPLE + f"3,{'x' * 10_000_000},c@x.test,\n")

    call = graph_shell("sync", "--json")

    assert call.code == 0, call.err
    assert _landed(call)["crm"]["records"] + _landed(call)["crm"]["rejected"] >= 3


FAILING = {
    "a wrong encoding": ("name\nÅ".encode("latin-1"), ["people.csv", "utf-8", "encoding"]),
    "a folder": (None, ["people.csv"]),
    "no file": (None, ["people.csv"]),
}


@pytest.mark.parametrize("case", FAILING)
def test_a_source_that_cannot_be_read_fails_alone(graph_shell: Shell, case: str) -> None:
    """The failing source is named with the reason and the exit code is 1; the other source is in the graph."""
    content, words = FAILING[case]
    graph_shell.write("plugins.toml", persons_toml() + persons_toml("good.csv", "shop"))
    graph_shell.write("good.csv", PEOPLE)
    if case == "a folder":
        (graph_shell.folder / "people.csv").mkdir()
    elif content is not None:
        graph_shell.write("people.csv", b"id,name,mail,born\n1," + content + b",a@x.test,\n")

    call = graph_shell("sync", "--json")

    said = call.err.replace("\n", " ") + _rejections(graph_shell)
    assert [word for word in words if word not in said] == [], said
    assert _landed(call)["shop"]["records"] == 2
    assert call.code == (1 if _landed(call)["crm"]["error"] else 0)


def test_an_empty_source_is_not_an_error(graph_shell: Shell) -> None:
    """A CSV with its header alone gives nothing, and nothing fails."""
    graph_shell.write("plugins.toml", persons_toml())
    graph_shell.write("people.csv", "id,name,mail,born\n")

    call = graph_shell("sync", "--json")

    assert call.code == 0, call.err
    assert _landed(call)["crm"]["records"] == 0


PLUGIN = """
from c360 import CheckReport, Page, Person, Stream, StreamKind, hookimpl
from pydantic import BaseModel

C360_API = ">=1,<2"
{module}

class Mine:
    class Config(BaseModel):
        pass

    def __init__(self, name, config):
        self.name = name
        {make}

    async def check(self):
        return CheckReport(ok=True, message="fine")

    async def discover(self):
        return [Stream("people", StreamKind.PERSONS)]

    async def read(self, stream, state):
        {read}
        yield Page(raws=[1, 2], state={{}})

    def map(self, stream, raw):
        {map}
        return [Person(source=self.name, stream="people", id=str(raw))]

    async def close(self):
        pass


@hookimpl
def c360_register_connectors(registry):
    registry.add("mine", Mine)
"""
RAISING = {
    "on import": ({"module": 'raise RuntimeError("no import today")'}, 2, "no import today"),
    "when it is made": ({"make": 'raise OSError("no making today")'}, 2, "no making today"),
    "in read": ({"read": 'raise RuntimeError("no reading today")'}, 1, "no reading today"),
    "in map": ({"map": 'raise ValueError("no mapping today")'}, 0, "no mapping today"),
}


@pytest.mark.parametrize("where", RAISING)
def test_a_plugin_that_raises_takes_nothing_else_down(graph_shell: Shell, where: str) -> None:
    """Its own source fails with its words; the files beside it are read all the same."""
    parts, code, words = RAISING[where]
    nothing = {"module": "", "make": "pass", "read": "pass", "map": "pass"}
    graph_shell.write("mine.py", PLUGIN.format(**{**nothing, **parts}))
    graph_shell.write("plugins.toml", persons_toml() + '[own]\nconnector = "mine"\npath = "./mine.py"\n')
    graph_shell.write("people.csv", PEOPLE)

    call = graph_shell("sync", "--json")

    assert _landed(call)["crm"]["records"] == 2
    assert words in call.err + _rejections(graph_shell)
    assert call.code == code


def test_a_broken_plugin_is_listed_with_its_reason(shell: Shell) -> None:
    """`plugins list` ends well and says what is wrong with the one that is broken."""
    shell.write("mine.py", 'raise RuntimeError("no import today")')
    shell.write("plugins.toml", '[own]\nconnector = "mine"\npath = "./mine.py"\n')

    call = shell("plugins", "list", "--json")

    assert call.code == 0
    states = {one["name"]: one for one in call.json}
    assert (states["mine"]["state"], states["files"]["state"]) == ("failed", "loaded")
    assert "no import today" in states["mine"]["error"]


def test_a_store_that_does_not_answer_is_said_with_its_address(shell: Shell) -> None:
    """Nothing listens at C360_STORE: exit code 1, and where to look."""
    shell.write("plugins.toml", persons_toml())
    shell.write("people.csv", PEOPLE)

    call = shell("sync")

    assert call.code == 1
    assert "bolt://127.0.0.1:1" in call.err
    assert "C360_STORE" in call.err


@pytest.mark.long
def test_a_wrong_password_is_said_without_it(tmp_path: Path, homes: Homes) -> None:
    """Neo4j refuses: exit code 1, the variables to set, and not the password."""
    right = homes.of("neo4j").settings
    shell = Shell(tmp_path, StoreSettings(right.uri, right.user, SecretStr("wr0ng-pass")))

    call = shell("store", "info")

    assert call.code == 1
    assert "C360_STORE_PASSWORD" in call.err
    assert "wr0ng-pass" not in call.err + call.out


def test_a_full_disk_is_said_and_not_hidden(shell: Shell) -> None:
    """Writing to a full device fails with 1 and tells to free space."""
    call = shell("schema", "-o", "/dev/full")

    assert call.code == 1
    assert "/dev/full" in call.err or "No space left" in call.err
    assert "Free some space" in call.err


LINKING = {
    "no such file": (["link", "CONFIG/none.csv", "-o", "CONFIG/b.csv"], ["none.csv", "no such file"]),
    "a wrong suffix": (["link", "CONFIG/a.csv", "-o", "CONFIG/b.xlsx"], ["b.xlsx", ".csv or .parquet"]),
    "no person in it": (["link", "CONFIG/n.csv", "-o", "CONFIG/b.csv"], ["foo", "Known names"]),
    "a table that is none": (["link", "CONFIG/x.parquet", "-o", "CONFIG/b.csv"], ["x.parquet"]),
    "no clusters": (["link", "evaluate", "CONFIG/a.csv", "CONFIG/a.csv"], ["a.csv", "customer_id"]),
}


@pytest.mark.parametrize("case", LINKING)
def test_linking_a_table_fails_with_the_file_and_the_reason(shell: Shell, case: str) -> None:
    """What cannot be linked ends with 1 and names the file."""
    arguments, words = LINKING[case]
    shell.write("a.csv", PEOPLE)
    shell.write("n.csv", "foo,bar\n1,2\n")
    shell.write("x.parquet", "this is no parquet")

    call = shell(*(argument.replace("CONFIG", str(shell.folder)) for argument in arguments))

    assert call.code == 1
    assert [word for word in words if word not in call.err] == [], call.err
