"""Each vendor × each fault: the right error with place and remedy, no secret, a state that stays true."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from connectors.errors import SourceError
from connectors.http import Patience
from tests.connectors.contract import faults as bad
from tests.connectors.contract.faults import HOW_IT_CHANGES, LED_AWAY, Fault, changed, faults, unsaid
from tests.connectors.contract.readings import joined, read, stream_of
from tests.connectors.contract.vendors import Vendor, vendors
from tests.connectors.contract.wires import FaultyWire

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("vendor", vendors(), ids=lambda vendor: vendor.name)]


async def no_wait(_seconds: float) -> None:
    """Budgets and pauses are taken, not waited for."""


HURRIED = Patience(attempts=3, seconds=5, first_wait=0.001, longest_wait=2, jitter=0.001, sleep=no_wait)


@pytest.fixture(autouse=True)
def _refusals_show_secrets(vendor: Vendor, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    bad.SHOWN[:] = vendor.secrets
    yield
    bad.SHOWN.clear()
    assert not [number for number, secret in enumerate(vendor.secrets, 1) if secret in caplog.text], "a log shows it"


@pytest.mark.parametrize("good", [0, 1], ids=["first page", "second page"])
@pytest.mark.parametrize("fault", faults(), ids=str)
async def test_a_fault_is_told_and_nothing_is_lost(vendor: Vendor, fault: Fault, good: int) -> None:
    """The error is of its class and says source, path and remedy; what was stored before is where reading goes on."""
    stand_in = vendor.stand_in()
    wire = FaultyWire(stand_in.answer, vendor.requests, fault.bad, good=good, times=fault.times)
    connector = vendor.connector(wire, HURRIED)
    stream = await stream_of(connector, vendor.stream)
    whole = await read(vendor.connector(FaultyWire(stand_in.answer, "", fault.bad), HURRIED), stream)
    assert whole.error is None, whole.error
    assert whole.pages >= 3, "the stand-in must give this stream at least three pages"

    reading = await read(connector, stream)

    assert wire.asked > good, f"no request was {vendor.requests!r}"
    assert "elsewhere.example" not in wire.hosts
    assert not [number for number, secret in enumerate(vendor.secrets, 1) if secret in reading.texts()], "shown"
    _judge(vendor, fault, reading.error)
    assert fault.asked is None or wire.asked <= good + fault.asked, "it was asked again in vain"
    healed = vendor.connector(FaultyWire(stand_in.answer, "", fault.bad), HURRIED)
    rest = await read(healed, stream, reading.state)
    assert rest.error is None
    assert joined(reading, rest) == whole.records


def _judge(vendor: Vendor, fault: Fault, error: SourceError | None) -> None:
    if fault.gives is None:
        assert error is None, f"{fault} passes, yet: {error}"
        return
    assert error is not None, f"{fault} was not told"
    assert type(error) is fault.gives, f"{type(error).__name__}: {error}"
    assert f"[{vendor.name}]" in str(error)
    assert unsaid(fault.says, str(error)) == []


@pytest.mark.parametrize("fault", [one for one in faults() if one.gives is not None and one.times is None], ids=str)
async def test_check_answers_whatever_happens(vendor: Vendor, fault: Fault) -> None:
    """A check of a source that fails is an answer with its name, what happened and what to do; never an exception."""
    stand_in = vendor.stand_in()
    connector = vendor.connector(FaultyWire(stand_in.answer, ".*", fault.bad), HURRIED)

    report = await connector.check()

    assert not report.ok
    assert f"[{vendor.name}]" in report.message
    assert unsaid(vendor.check_says.get(fault.name, fault.says), report.message) == []
    assert not [number for number, secret in enumerate(vendor.secrets, 1) if secret in repr(report)], "shown"


async def test_check_is_content_with_a_source_that_answers(vendor: Vendor) -> None:
    """Credentials and scopes are there."""
    report = await vendor.connector(FaultyWire(vendor.stand_in().answer, "", bad.half), HURRIED).check()

    assert report.ok, report.message


async def test_one_stream_s_fault_is_its_own(vendor: Vendor) -> None:
    """The other streams of the source are read to their end."""
    stand_in = vendor.stand_in()
    connector = vendor.connector(FaultyWire(stand_in.answer, vendor.requests, bad.status(500)), HURRIED)

    for stream in await connector.discover():
        reading = await read(connector, stream)
        if stream.name != vendor.stream:
            assert reading.error is None, f"{stream.name}: {reading.error}"


@pytest.mark.parametrize("how", HOW_IT_CHANGES)
async def test_a_changed_schema_loses_nothing_in_silence(vendor: Vendor, how: str) -> None:
    """Whatever becomes of a field: the record is there, or it is a Rejection, or the stream says why it ends."""
    whole = await read(*await _connected(vendor, "", changed("", how)))
    for place in vendor.changing:
        reading = await read(*await _connected(vendor, vendor.requests, changed(place, how)))
        told = reading.error is not None or reading.refused
        assert told or whole.ids <= reading.ids, f"{place} {how}: {sorted(whole.ids - reading.ids)[:5]} lost in silence"
        if reading.error is not None:
            assert f"[{vendor.name}]" in str(reading.error)


async def _connected(vendor: Vendor, requests: str, spoilt: bad.Bad):
    connector = vendor.connector(FaultyWire(vendor.stand_in().answer, requests, spoilt), HURRIED)
    return connector, await stream_of(connector, vendor.stream)


async def test_a_link_to_another_host_is_not_followed(vendor: Vendor) -> None:
    """Credentials go to the vendor alone: neither the next page's address nor any other of an answer leads away."""
    spoilt = bad.links_elsewhere if vendor.next_link is None else bad.link_elsewhere(vendor.next_link)
    wire = FaultyWire(vendor.stand_in().answer, vendor.requests, spoilt)
    connector = vendor.connector(wire, HURRIED)

    reading = await read(connector, await stream_of(connector, vendor.stream))

    assert wire.asked
    assert "elsewhere.example" not in wire.hosts
    assert vendor.next_link is None or unsaid(LED_AWAY, str(reading.error)) == []


async def test_a_cursor_that_does_not_move_ends_the_stream(vendor: Vendor) -> None:
    """A vendor that gives the first page again and again is found out soon, and told of."""
    stand_in = vendor.stand_in()
    first: list[bytes] = []

    def again(request, good):
        response = good(request)
        first.append(response.content)
        return bad.again(response, json.loads(first[0]))

    wire = FaultyWire(stand_in.answer, vendor.requests, again)
    connector = vendor.connector(wire, HURRIED)

    reading = await read(connector, await stream_of(connector, vendor.stream), pages=100)

    assert reading.error is not None, f"{reading.pages} pages were read of the same answer"
    assert "cursor" in str(reading.error)
    assert wire.asked <= 5


async def test_ids_are_one_whether_numbers_or_texts(vendor: Vendor) -> None:
    """What an endpoint gives as 7 and another as "7" is one record."""
    stand_in = vendor.stand_in()
    swapped = bad.ids_of_other_type(vendor.ids)(vendor.stand_in().answer)
    usual = vendor.connector(FaultyWire(stand_in.answer, "", bad.half), HURRIED)
    other = vendor.connector(FaultyWire(swapped, "", bad.half), HURRIED)

    for stream in await usual.discover():
        one, two = await read(usual, stream), await read(other, stream)
        assert two.error is None, two.error
        assert two.records == one.records
