"""Each vendor is read as it describes itself, each record once, after any kill, change and deletion."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from c360.testing import check_contract
from connectors.hookspecs import Connector, Deletions, State, Stream
from connectors.records import Account, Interaction, Person, Record, Tombstone
from tests.connectors.contract.readings import joined, read, stream_of
from tests.connectors.contract.test_faults import HURRIED
from tests.connectors.contract.vendors import StandIn, Vendor, vendors
from tests.connectors.contract.wires import DescribedWire

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("vendor", vendors(), ids=lambda vendor: vendor.name)]


def connected(vendor: Vendor, stand_in: StandIn) -> Connector[Any]:
    """The connector on the stand-in's wire, descriptions aside."""
    return vendor.connector(httpx.MockTransport(stand_in.answer), HURRIED)


async def test_requests_and_answers_are_as_the_vendor_describes(vendor: Vendor) -> None:
    """Check, a first reading of all, and one after changes and a deletion; what is not described is listed, no more."""
    if vendor.description is None:
        assert vendor.not_described == {}
        return
    stand_in = vendor.stand_in()
    wire = DescribedWire(stand_in.answer, vendor.description(), vendor.not_described)
    connector = vendor.connector(wire, HURRIED)

    assert (await connector.check()).ok, wire.problems
    streams = await connector.discover()
    states = {}
    for stream in streams:
        first = await read(connector, stream)
        assert first.error is None, first.error
        states[stream.name] = first.state
    stand_in.delete()
    for stream in streams:
        stand_in.change()
        second = await read(connector, stream, states[stream.name])
        assert second.error is None, second.error

    assert wire.problems == []
    assert wire.used
    assert wire.excused == set(vendor.not_described), "list what is needed and not described, and nothing else"


async def test_the_connector_keeps_the_contract(vendor: Vendor) -> None:
    """What the test kit asks of every connector, secrets included."""
    report = await check_contract(connected(vendor, vendor.stand_in()), secrets=vendor.secrets)

    assert report.refused == []
    assert report.records > 0


async def test_a_second_reading_brings_nothing_new(vendor: Vendor) -> None:
    """Every stream gives something; read again it gives the overlap at most, word for word."""
    connector = connected(vendor, vendor.stand_in())
    for stream in await connector.discover():
        first = await read(connector, stream)
        second = await read(connector, stream, first.state)

        assert first.records, f"the stand-in gives nothing to {stream.name}"
        assert second.error is None
        assert second.records.items() <= first.records.items()


async def test_a_kill_after_any_page_loses_nothing(vendor: Vendor) -> None:
    """Another process that goes on from the stored state has the same records in the end."""
    stand_in = vendor.stand_in()
    for stream in await connected(vendor, stand_in).discover():
        whole = await read(connected(vendor, stand_in), stream)
        for killed_after in range(whole.pages):
            before = await read(connected(vendor, stand_in), stream, pages=killed_after)
            after = await read(connected(vendor, stand_in), stream, before.state)
            assert joined(before, after) == whole.records, f"{stream.name}, killed after page {killed_after}"


async def test_a_change_is_read(vendor: Vendor) -> None:
    """What changes after a reading is in the next one."""
    stand_in = vendor.stand_in()
    connector = connected(vendor, stand_in)
    stream = await stream_of(connector, vendor.stream)
    first = await read(connector, stream)

    changed = stand_in.change()
    second = await read(connector, stream, first.state)

    assert changed in first.ids or not vendor.changes
    assert changed in second.ids
    assert not second.records.items() <= first.records.items(), "the change is not seen"


async def test_a_reading_since_a_moment_leaves_out_what_was_before(vendor: Vendor) -> None:
    """`c360 sync --since`: every stream begins there, a kill loses nothing of it, and the next reading goes on."""
    stand_in = vendor.stand_in()
    connector = connected(vendor, stand_in)
    assert getattr(connector, "state_at", None) is not None, "it cannot begin at a moment"
    for stream in await connector.discover():
        early = await read(connector, stream, begun(connector, stream, datetime(1990, 1, 1, tzinfo=UTC)))
        assert early.records == (await read(connector, stream)).records, stream.name
    stream = await stream_of(connector, vendor.stream)
    before = await read(connector, stream)
    moment = max(at for one in before.records.values() if (at := moment_of(one)) is not None)
    for _ in range(10):
        changed = stand_in.change()

    since = await read(connector, stream, begun(connector, stream, moment + timedelta(minutes=6)))
    killed = await read(connector, stream, begun(connector, stream, moment), pages=1)
    after = await read(connected(vendor, stand_in), stream, killed.state)

    assert since.error is None
    assert changed in since.ids
    # Stripe says of a customer when they were made, not when they were changed.
    says_when = any(getattr(one, "updated_at", None) for one in since.records.values())
    assert len(since.ids) < len(before.ids) or not says_when
    assert since.records.items() <= joined(killed, after).items()
    assert (await read(connector, stream, since.state)).records.items() <= since.records.items()


def begun(connector: Any, stream: Stream, moment: datetime) -> State:
    """The state of which the vendor's connector says that all before `moment` had been read, as it is stored."""
    state: State = msgspec.json.decode(msgspec.json.encode(connector.state_at(stream, moment)))
    return state


def moment_of(record: Record) -> datetime | None:
    """When it was changed or made, or happened."""
    if isinstance(record, Person | Account):
        return record.updated_at or record.created_at
    return record.occurred_at if isinstance(record, Interaction) else None


async def test_a_change_while_reading_is_read(vendor: Vendor) -> None:
    """A record that changes after its page was read is read again, in this reading or the next."""
    stand_in = vendor.stand_in()
    connector = connected(vendor, stand_in)
    stream = await stream_of(connector, vendor.stream)

    before = await read(connector, stream, pages=1)
    stand_in.change()
    after = await read(connector, stream, before.state)
    again = await read(connector, stream, after.state)

    assert joined(before, after, again) == (await read(connected(vendor, stand_in), stream)).records


async def test_a_page_that_shrinks_while_reading_loses_nobody(vendor: Vendor) -> None:
    """The first record is deleted after its page was read: no other is skipped."""
    stand_in = vendor.stand_in()
    connector = connected(vendor, stand_in)
    stream = await stream_of(connector, vendor.stream)
    whole = await read(connector, stream)

    before = await read(connector, stream, pages=1)
    deleted = stand_in.delete()
    after = await read(connector, stream, before.state)

    assert deleted in before.ids, "the stand-in must delete what the first page has"
    assert whole.ids - {deleted} <= before.ids | after.ids


async def test_a_deletion_is_told(vendor: Vendor) -> None:
    """A deleted record becomes a tombstone, or says itself that it is deleted; a vendor that tells none says so."""
    stand_in = vendor.stand_in()
    connector = connected(vendor, stand_in)
    stream = await stream_of(connector, vendor.stream)
    assert (stream.deletions is Deletions.UNKNOWN) != vendor.tells_deletions
    if not vendor.tells_deletions:
        return
    first = await read(connector, stream)

    deleted = stand_in.delete()
    second = await read(connector, stream, first.state)

    told = [one for one in second.records.values() if one.id == deleted]
    assert told
    assert all(isinstance(one, Tombstone) or getattr(one, "deleted_at", None) is not None for one in told)


async def test_ten_thousand_records_of_one_moment_are_read_once(vendor: Vendor) -> None:
    """More records than any page or search holds were changed in one moment: all are read, and then no more."""
    stand_in = vendor.stand_in()
    connector = connected(vendor, stand_in)
    stream = await stream_of(connector, vendor.stream)
    first = await read(connector, stream)
    added = stand_in.many(10_001)

    second = await read(connector, stream, first.state, pages=3_000)

    assert second.error is None
    assert added <= second.ids
