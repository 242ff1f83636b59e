"""What a plugin may do wrong is its source's failure; what we do wrong is not."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import msgspec
import pytest

from connectors.errors import SourceError, SourceRefused, SourceUnavailable
from connectors.hookspecs import Page, State, Stream
from connectors.records import Record
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.errors import StoreUnavailable
from graph.sync import door
from graph.sync.land import LandingSource
from graph.sync.pages import PageWriter
from graph.sync.sync import sync
from tests.sources import FixedSource, event, fixed_source, person

pytestmark = pytest.mark.anyio

BOB = person("crm/contacts/2", "Bob Stone", email="bob@stone.test")


class Wayward(FixedSource):
    """A source of one person that does what a test tells it at one of its doors."""

    def __init__(self, door: str, deed: Callable[[], Any]) -> None:
        super().__init__("wayward", {"people": [person("wayward/people/1", "Eve Hall", email="eve@hall.test")]})
        self._deed = {door: deed}

    def _at(self, door: str, otherwise: Any) -> Any:
        return self._deed[door]() if door in self._deed else otherwise

    async def discover(self) -> list[Stream]:
        return self._at("discover", await super().discover())  # type: ignore[no-any-return]

    async def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Any]]:
        async for page in super().read(stream, state):
            yield self._at("read", page)

    def map(self, stream: Stream, raw: Any) -> Iterable[Record]:
        return self._at("map", super().map(stream, raw))  # type: ignore[no-any-return]

    async def close(self) -> None:
        self._at("close", None)


def _raise(error: BaseException) -> Callable[[], Any]:
    def deed() -> Any:
        raise error

    return deed


FAILURES = {
    "raises in discover": ("discover", _raise(RuntimeError("no streams today")), "discover: RuntimeError: no streams"),
    "gives no streams": ("discover", lambda: None, "discover: TypeError"),
    "gives something else than streams": ("discover", lambda: ["people"], "discover: TypeError: it gave a str, not a"),
    "calls sys.exit in discover": ("discover", _raise(SystemExit(3)), "discover: SystemExit: 3"),
    "raises in read": ("read", _raise(OSError("no reading today")), "read: OSError: no reading today"),
    "gives no page": ("read", lambda: {"raws": []}, "a dict, not a Page"),
    "gives a state that cannot be kept": ("read", lambda: Page([], {"at": object()}), "in read: TypeError"),
    "calls sys.exit in read": ("read", _raise(SystemExit(3)), "read: SystemExit: 3"),
    "calls sys.exit in map": ("map", _raise(SystemExit(3)), "map: SystemExit: 3"),
    "raises in map what no record can cause": ("map", _raise(OSError("no mapping")), "map: OSError: no mapping"),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_failure_of_a_plugin_is_its_sources(embedded_store: Store, failure: str) -> None:
    """The report names connector, door and reason; the source beside it is stored."""
    door, deed, words = FAILURES[failure]

    report = await sync([LandingSource(Wayward(door, deed), "odd"), fixed_source("crm", BOB)], embedded_store, Rules())

    odd, crm = report.landed
    assert odd.error is not None
    assert odd.error.startswith("the connector 'odd' failed in ")
    assert words in odd.error
    assert (crm.error, crm.records) == (None, 1)
    assert await embedded_store.read("MATCH (s:Source) RETURN s.name, s.status ORDER BY s.name") == [
        ["crm", "SUCCEEDED"],
        ["wayward", "FAILED"],
    ]


async def test_a_source_that_gives_no_page_is_left(embedded_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """It hangs after its first page, which is stored; the source beside it is too."""
    monkeypatch.setattr(door, "WAIT_SECONDS", 0.3)

    class Hanging(FixedSource):
        async def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Any]]:
            async for page in super().read(stream, state):
                yield page
            await asyncio.sleep(60)

    hanging = Hanging("desk", {"users": [person("desk/users/1", "Eve Hall")]})

    report = await sync([LandingSource(hanging, "desk"), fixed_source("crm", BOB)], embedded_store, Rules())

    desk, crm = report.landed
    assert desk.records == 1
    assert "the connector 'desk' gave no page for 0.3 s" in (desk.error or "")
    assert crm.error is None


@pytest.mark.parametrize("method", ["discover", "close"])
async def test_a_source_that_never_comes_to_an_end_is_left(
    embedded_store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    """Before its first page or after its last; the source beside it is stored, and it is told which one it was."""
    monkeypatch.setattr(door, "WAIT_SECONDS", 0.3)
    monkeypatch.setattr(door, "CLOSE_SECONDS", 0.3)

    async def never() -> None:
        await asyncio.sleep(60)

    hanging = FixedSource("desk", {"users": [person("desk/users/1", "Eve Hall")]})
    monkeypatch.setattr(hanging, method, never)

    report = await sync([LandingSource(hanging, "desk"), fixed_source("crm", BOB)], embedded_store, Rules())

    desk, crm = report.landed
    undone = "gave no streams" if method == "discover" else "did not close"
    assert f"the connector 'desk' {undone} for 0.3 s" in (desk.error or caplog.text)
    assert (desk.records, crm.error, crm.records) == (int(method == "close"), None, 1)


class Streams(FixedSource):
    """A source of three streams; reading one of them raises."""

    def __init__(self, fails: str, error: Exception) -> None:
        people = {name: [person(f"desk/{name}/1", f"Eve {name}")] for name in ("users", "agents", "leads")}
        super().__init__("desk", people)
        self._fails = fails
        self._error = error

    async def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Any]]:
        if stream.name == self._fails:
            raise self._error
        async for page in super().read(stream, state):
            yield page


@pytest.mark.parametrize(
    ("error", "read"),
    [
        (SourceRefused("not for this role", status=403), ["agents", "leads"]),
        (SourceUnavailable("down for maintenance", status=503), ["agents", "leads"]),
        (OSError("a mistake"), ["agents", "leads"]),
        (SourceRefused("who are you?", status=401), []),
        (SourceUnavailable("nobody answers"), []),
    ],
)
async def test_a_stream_that_fails_keeps_no_other_from_being_read(
    embedded_store: Store, error: Exception, read: list[str]
) -> None:
    """Unless all would fail: then the source is left at once. The failure is told, and the next sync begins there."""
    store = embedded_store
    report = await sync([LandingSource(Streams("users", error), "desk")], store, Rules())

    (desk,) = report.landed
    assert (desk.status, str(error) in (desk.error or "")) == ("FAILED", True)
    assert await store.read("MATCH (r:SourceRecord) RETURN r.stream ORDER BY r.stream") == [[name] for name in read]
    assert await store.read("MATCH (s:Source) RETURN s.status") == [["FAILED"]]

    again = await sync([LandingSource(Streams("nothing", error), "desk")], store, Rules())
    assert (again.ok, again.landed[0].records) == (True, 3 - len(read))


async def test_all_failures_of_a_source_are_told(embedded_store: Store) -> None:
    """Each stream that fails says why."""

    class Twice(Streams):
        async def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Any]]:
            if stream.name != "agents":
                raise SourceError(f"no {stream.name} today")
            async for page in super().read(stream, state):
                yield page

    report = await sync([LandingSource(Twice("", OSError()), "desk")], embedded_store, Rules())

    assert report.landed[0].error == "no users today\nno leads today"
    assert report.landed[0].records == 1


async def test_a_record_of_wrong_types_is_rejected(embedded_store: Store) -> None:
    """A plugin's record with a number for a name is one rejection that names the field; nothing else is lost."""
    odd = msgspec.structs.replace(person("wayward/people/7", "Max Hall"), emails=5)
    source = LandingSource(Wayward("map", lambda: [odd]), "odd")

    report = await sync([source, fixed_source("crm", BOB)], embedded_store, Rules())

    assert [landed.error for landed in report.landed] == [None, None]
    (reason,) = await embedded_store.read_one("MATCH (r:Rejection {source: 'wayward'}) RETURN r.reason") or [None]
    assert reason is not None
    assert "$.emails" in reason


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ({"score": math.nan}, "score is nan"),
        ({"amount": math.inf}, "amount is inf"),
        ({"cost": -math.inf}, "cost is -inf"),
        ({"scale": (0.0, math.inf)}, "scale is (0.0, inf)"),
    ],
)
async def test_a_number_that_is_none_is_rejected(embedded_store: Store, said: dict[str, Any], place: str) -> None:
    """NaN in one record would be NaN in the figures of all: which record, which field, and what to do is told."""
    odd = event("wayward/orders/1", "order.placed", "2026-01-02", "wayward/people/1", amount=5.0)
    source = LandingSource(Wayward("map", lambda: [odd, msgspec.structs.replace(odd, id="2", **said)]), "odd")

    report = await sync([source, fixed_source("crm", BOB)], embedded_store, Rules())

    assert [landed.error for landed in report.landed] == [None, None]
    ((reason,),) = await embedded_store.read("MATCH (r:Rejection {source: 'wayward'}) RETURN r.reason")
    assert reason == (
        f"interaction wayward/orders/2: {place}, which is no finite number. Leave it out where it is not known."
    )


async def test_a_hook_that_raises_fails_the_source_whose_page_it_had(embedded_store: Store) -> None:
    """`c360_map_page` is a plugin's too."""

    async def adjust(source: str, stream: str, pairs: list[tuple[Any, list[Record]]]) -> None:
        if source == "crm":
            raise RuntimeError("no adjusting today")

    helpdesk = fixed_source("helpdesk", person("helpdesk/users/1", "Eve Hall", email="eve@hall.test"))

    report = await sync([fixed_source("crm", BOB), helpdesk], embedded_store, Rules(), adjust=adjust)

    assert [landed.error for landed in report.landed] == [
        "the connector 'fixed' failed in c360_map_page: RuntimeError: no adjusting today",
        None,
    ]


async def test_a_source_that_cannot_be_closed_has_given_all_it_had(
    embedded_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """Its records are stored and its sync succeeded; the log tells what it did at the end."""
    with caplog.at_level(logging.WARNING, "c360.sync"):
        report = await sync([LandingSource(Wayward("close", _raise(OSError("stuck"))), "odd")], embedded_store, Rules())

    assert report.ok
    assert report.landed[0].records == 1
    assert "failed in close: OSError: stuck" in caplog.text


async def test_our_own_mistake_is_not_put_on_a_connector(
    embedded_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error in our code ends the sync as what it is, with its place, instead of as a failure of the source."""

    async def mistaken(*_: Any, **__: Any) -> tuple[int, bool]:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(PageWriter, "store", mistaken)

    with pytest.raises(ZeroDivisionError, match="ours"):
        await sync([fixed_source("crm", BOB)], embedded_store, Rules())


async def test_a_store_that_fails_is_not_hidden_by_a_source_that_cannot_stop(
    embedded_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sync ends with the store's error, though the source that was being read raises when it is let go of."""

    class Stuck(FixedSource):
        async def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Any]]:
            try:
                async for page in super().read(stream, state):
                    yield page
            finally:
                raise OSError("cannot stop")

    async def away(*_: Any, **__: Any) -> tuple[int, bool]:
        raise StoreUnavailable("the store is away")

    monkeypatch.setattr(PageWriter, "store", away)

    with pytest.raises(StoreUnavailable, match="away"):
        await sync([LandingSource(Stuck("crm", {"contacts": [BOB]}), "odd")], embedded_store, Rules())
