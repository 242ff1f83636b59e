"""The connector `singer`: a tap is run, understood, and ended, whatever it does."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from c360.testing import check_contract
from connectors import singer, singer_tap
from connectors.configured import make_connectors
from connectors.errors import PluginConfigError, SourceError
from connectors.hookspecs import Page, RawProblem, State
from connectors.plugins import load_plugins
from connectors.records import Interaction, Person, Tombstone
from connectors.settings import read_settings
from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.land import LandingSource
from graph.sync.sync import sync

pytestmark = pytest.mark.anyio
TAP = Path(__file__).with_name("tap_members.py")
SECRET = "s3cret-of-the-club"
RECORDS = """
[[club.records]]
stream = "visits"
kind = "interactions"
[club.records.mapping]
kind = { value = "event.attended" }
occurred_at = "at"
person = "club/people/{member}"
function = { value = "marketing" }
channel = { value = "in_person" }
direction = { value = "inbound" }
[[club.records]]
stream = "members"
name = "people"
kind = "persons"
mapping = { full_name = "name", email = "contact.mail" }
"""


def club(folder: Path, records: str = RECORDS, more: str = "", **config: Any) -> Any:
    """The connector over our tap, made as plugins.toml makes it."""
    settings = ", ".join(f"{key} = {json.dumps(value)}" for key, value in {"api_key": SECRET, **config}.items())
    (folder / "plugins.toml").write_text(
        f'[club]\nconnector = "singer"\ncommand = ["{sys.executable}", "{TAP}"]\nconfig = {{ {settings} }}\n'
        f"silence_seconds = 20\n{more}\n{records}"
    )
    (made,) = make_connectors(read_settings(folder / "plugins.toml"), load_plugins(off="", found=None))
    return made


async def pages(connector: Any, name: str = "people", state: State | None = None) -> list[Page[Any]]:
    (stream,) = [stream for stream in await connector.discover() if stream.name == name]
    return [page async for page in connector.read(stream, state)]


def names(connector: Any, found: list[Page[Any]]) -> list[Any]:
    stream = singer.Stream("people", singer.StreamKind.PERSONS)
    return [record for page in found for raw in page.raws for record in connector.map(stream, raw)]


def is_there(path: str) -> bool:
    return os.path.exists(path)


async def test_records_are_mapped_by_stream_and_known_by_the_taps_key(tmp_path: Path) -> None:
    """Persons come before what they did, nested fields by their path, and what nobody mapped is kept."""
    connector = club(tmp_path)
    found: dict[str, list[Any]] = {}
    for stream in await connector.discover():
        for page in await pages(connector, stream.name):
            found.setdefault(stream.name, []).extend(r for raw in page.raws for r in connector.map(stream, raw))

    assert list(found) == ["people", "visits"]
    ada = found["people"][0]
    assert isinstance(ada, Person)
    assert (str(ada.key), ada.full_name, ada.emails[0].value) == ("club/people/1", "Ada 1", "ada1@x.test")
    assert ada.extra == {"level": "gold"}
    visit = found["visits"][0]
    assert isinstance(visit, Interaction)
    assert (visit.id, visit.person) == ("1", "club/people/1")


async def test_reading_goes_on_from_the_taps_state(tmp_path: Path) -> None:
    """The state that was stored with the last page is what the tap is given."""
    connector = club(tmp_path, count=5)
    *_, last = await pages(connector)
    assert last.state == {"tap": {"members": 5}}

    assert await pages(connector, state=last.state) == []
    (later,) = await pages(connector, state={"tap": {"members": 3}})
    assert [raw.record["no"] for raw in later.raws] == [4, 5]


async def test_no_page_has_a_state_that_is_ahead_of_its_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the size of pages and the habit of the tap, what a state has seen has been stored."""
    monkeypatch.setattr(singer, "PAGE", 5)
    connector = club(tmp_path, count=23, states=3)
    stored: set[int] = set()
    for page in await pages(connector):
        stored |= {raw.record["no"] for raw in page.raws}
        assert stored >= set(range(1, (page.state["tap"] or {}).get("members", 0) + 1))
    assert stored == set(range(1, 24))


async def test_only_the_stream_that_is_read_is_selected_in_a_clean_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tap sees no secret of ours; its own lie in a file that only this user can read, and that is gone after."""
    monkeypatch.setenv("OTHER_TOKEN", "of somebody else")
    seen = tmp_path / "seen"
    connector = club(tmp_path, more='environment = { TAP_LEVEL = "2" }', witness=str(seen))

    await pages(connector, state={"tap": {"members": 1}})

    (told,) = [json.loads(line) for line in seen.read_text().splitlines()]
    assert told["selected"] == ["members"]
    assert told["state"] == {"members": 1}
    assert (told["mode"], told["folder"]) == ("0o600", "0o700")
    assert not is_there(told["config"])
    assert "OTHER_TOKEN" not in told["environment"]
    assert {"PATH", "HOME", "TAP_LEVEL"} <= set(told["environment"])


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("crash", r"ended with exit code 1. It said: KeyError: no such key \*\*\*"),
        ("hang", "has written nothing for 1 s and was ended"),
        ("long line", "a line of more than 32 MB"),
        ("no catalog", "writes no catalog when it is called with --discover, but: usage: tap"),
    ],
)
async def test_a_tap_that_fails_is_told_by_name(tmp_path: Path, mode: str, said: str) -> None:
    """With what it said last, without its secrets; a process is left behind in no case."""
    seen = tmp_path / "seen"
    connector = club(tmp_path, mode=mode, witness=str(seen), count=4)
    if mode == "hang":
        connector._tap = replace(connector._tap, silence=1)

    with pytest.raises(SourceError, match=said) as error:
        await pages(connector)

    assert "[club] the tap" in str(error.value)
    assert SECRET not in str(error.value)
    for line in seen.read_text().splitlines() if seen.exists() else []:
        assert not psutil.pid_exists(json.loads(line).get("pid", -1))


@pytest.mark.parametrize(("mode", "ends"), [("greedy", True), (None, False)])
async def test_a_tap_within_a_limit_of_memory(tmp_path: Path, mode: str | None, ends: bool) -> None:
    """As the page says how: one that wants more fails alone, told by name; one that does not is read as ever."""
    page = (Path(__file__).parents[2] / "docs" / "connectors" / "singer.md").read_text(encoding="utf-8")
    (bounded,) = re.findall(r"^command = (\[\"sh\".*\])$", page, re.M)
    club(tmp_path, count=4, **({} if mode is None else {"mode": mode}))
    settings = tmp_path / "plugins.toml"
    told = bounded.replace('"/opt/tap-erp/bin/tap-erp"', f'"{sys.executable}", "{TAP}"')
    settings.write_text(settings.read_text().replace(f'["{sys.executable}", "{TAP}"]', told))
    (connector,) = make_connectors(read_settings(settings), load_plugins(off="", found=None))

    if ends:
        with pytest.raises(SourceError, match=r"\[club\] the tap .* ended with exit code 1. It said: .*MemoryError"):
            await pages(connector)
    else:
        assert [raw.record["no"] for found in await pages(connector) for raw in found.raws] == [1, 2, 3, 4]


async def test_a_tap_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With what to do."""
    connector = club(tmp_path)
    connector._tap = singer_tap.Tap("club", ["/nowhere/tap-club"], {}, {}, tmp_path, 5)
    answer = await connector.check()
    assert not answer.ok
    assert "'tap-club' cannot be started: No such file" in answer.message


async def test_rubbish_between_the_messages_is_a_problem_of_its_page(tmp_path: Path) -> None:
    """The records before and after it are read."""
    (page,) = await pages(club(tmp_path, mode="rubbish"))
    assert len(page.raws) == 3
    (problem,) = page.problems
    assert isinstance(problem, RawProblem)
    assert problem.body == "INFO Getting page 2"


async def test_a_tap_that_talks_much_is_not_kept_waiting(tmp_path: Path) -> None:
    """A megabyte on its standard error fills no pipe."""
    assert len(await pages(club(tmp_path, mode="noisy"))) == 1


async def test_a_record_that_is_deleted_is_a_tombstone(tmp_path: Path) -> None:
    """`_sdc_deleted_at` says so; nothing else of the record is needed."""
    connector = club(tmp_path, mode="deleted")
    _, gone, _ = names(connector, await pages(connector))
    assert isinstance(gone, Tombstone)
    assert (gone.id, gone.deleted_at.isoformat()) == ("2", "2026-02-03T00:00:00+00:00")


@pytest.mark.parametrize("mode", ["hang", "stubborn"])
async def test_a_reading_that_is_broken_off_ends_the_tap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """Asked to end, and killed when it does not; what it said before stays true."""
    monkeypatch.setattr(singer_tap, "GRACE_SECONDS", 0.5)
    seen = tmp_path / "seen"
    connector = club(tmp_path, mode=mode, witness=str(seen))

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(pages(connector), 1.5)

    told = [json.loads(line) for line in seen.read_text().splitlines()]
    assert not psutil.pid_exists(told[0]["pid"])
    assert ({"stopped": True} in told) is (mode == "hang")


async def test_a_kill_in_the_middle_loses_nothing(
    embedded_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tap dies after some pages: they are stored with their state, and the next sync reads the rest."""
    monkeypatch.setattr(singer, "PAGE", 4)
    records = RECORDS.split("[[club.records]]")
    only_people = "[[club.records]]" + records[2]
    asks = tmp_path / "seen"

    broken = await sync(
        [LandingSource(club(tmp_path, only_people, count=20, mode="crash", at=13), "singer")], embedded_store, Rules()
    )
    whole = await sync(
        [LandingSource(club(tmp_path, only_people, count=20, witness=str(asks)), "singer")], embedded_store, Rules()
    )

    assert "exit code 1" in (broken.landed[0].error or "")
    assert whole.ok
    assert json.loads(asks.read_text().splitlines()[0])["state"] == {"members": 12}
    assert await embedded_store.read("MATCH (r:SourceRecord) RETURN count(r)") == [[20]]


@pytest.mark.parametrize(
    ("records", "said"),
    [
        (RECORDS.replace('full_name = "name"', 'ful_name = "name"'), "Did you mean 'full_name'"),
        ("", "no 'records'"),
        (RECORDS.replace('stream = "members"', 'streem = "members"'), "streem is unknown. Did you mean 'stream'"),
    ],
)
def test_a_section_that_cannot_work_is_refused(tmp_path: Path, records: str, said: str) -> None:
    """When it is read, not when the tap has run."""
    with pytest.raises(PluginConfigError, match=said):
        club(tmp_path, records)


async def test_it_keeps_the_contract_and_knows_the_taps_streams(tmp_path: Path) -> None:
    """A stream that the tap has not is told with its nearest; secrets are shown nowhere."""
    await check_contract(club(tmp_path), secrets=[SECRET])
    answer = await club(tmp_path, RECORDS.replace('stream = "members"', 'stream = "member"')).check()
    assert not answer.ok
    assert "no stream 'member'. Did you mean 'members'?" in answer.message
    assert SECRET not in repr(club(tmp_path)._tap)
    assert SECRET not in repr(club(tmp_path).config)


def test_the_page_says_what_a_section_may_say(tmp_path: Path) -> None:
    """docs/connectors/singer.md: its section is read, and every key stands there."""
    page = (Path(__file__).parents[2] / "docs" / "connectors" / "singer.md").read_text(encoding="utf-8")
    section, _ = re.findall(r"^```toml\n(.*?)^```", page, re.M | re.S)
    (tmp_path / "plugins.toml").write_text(section.replace('{ env = "ERP_TOKEN" }', f'"{SECRET}"'))

    (connector,) = make_connectors(read_settings(tmp_path / "plugins.toml"), load_plugins(off=""))

    assert connector.name == "erp"
    keys = {*singer.SingerConfig.model_fields, *singer.RecordsEntry.model_fields}
    assert [key for key in sorted(keys) if f"`{key}`" not in page] == []
