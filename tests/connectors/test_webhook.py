"""The connector `webhook`: who pushes is known before anything is read, and every mode gives the same records."""

from __future__ import annotations

import base64
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from c360.testing import check_contract
from connectors.configured import make_connectors
from connectors.errors import PluginConfigError, RecordError, SourceRefused
from connectors.hookspecs import Connector, Partial, RawProblem
from connectors.plugins import load_plugins
from connectors.records import Identifiers, Interaction, Person, encode
from connectors.settings import read_settings
from connectors.webhook import EventEntry, WebhookConfig
from tests.connectors import pushes
from tests.connectors.pushes import NOW, SECRET, TOML, binary, customer, order, request, signed, structured

pytestmark = pytest.mark.anyio


def shop(folder: Path, toml: str = TOML) -> Any:
    """The connector that a plugins.toml makes."""
    (folder / "plugins.toml").write_text(toml)
    settings = read_settings(folder / "plugins.toml")
    (made,) = make_connectors(settings, load_plugins(off="", found=None))
    return made


async def test_an_event_is_the_same_record_in_every_mode(tmp_path: Path) -> None:
    """Structured, binary, as base64 and in a batch: order A-1 of ada@byron.test, under the id of the event."""
    connector = shop(tmp_path)
    whole = order()
    encoded = {name: value for name, value in whole.items() if name != "data"}
    encoded["data_base64"] = base64.b64encode(json.dumps(whole["data"]).encode()).decode()

    modes = [structured(whole), binary(whole), structured(encoded), structured([whole])]
    found = [await connector.webhook(request(*mode)) for mode in modes]

    (record,) = found[0]
    assert isinstance(record, Interaction)
    assert record.key.id == "/shop#e1"
    assert (record.kind, record.order, record.amount) == ("order.placed", "shop/A-1", 25.5)
    assert record.person == Identifiers(email="ada@byron.test")
    assert record.extra == {"data.items": "1;2"}
    assert {encode(one) for (one,) in found} == {encode(record)}


async def test_a_plain_message_of_standard_webhooks_is_an_event(tmp_path: Path) -> None:
    """`type`, `timestamp` and `data`; the id is that of the message, so a retry is the same record."""
    body = json.dumps({"type": "order.placed", "timestamp": "2026-02-01T10:00:00Z", "data": order()["data"]}).encode()

    (record,) = await shop(tmp_path).webhook(request({"content-type": "application/json", **signed(body)}, body))

    assert record.id == "shop#msg_1"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"webhook-signature": ""}, "are needed"),
        ({"webhook-signature": "v1,AAAA"}, "by none of our secrets"),
        ({"webhook-signature": "v1,\u00e4"}, "by none of our secrets"),
        ({"webhook-id": "msg_2"}, "by none of our secrets"),
        ({"webhook-timestamp": "1"}, "a replay"),
        ({"webhook-timestamp": "now"}, "seconds since 1970"),
        ({"webhook-timestamp": "9" * 40}, "seconds since 1970"),
    ],
)
async def test_what_is_not_signed_is_refused_before_it_is_read(
    tmp_path: Path, changed: dict[str, str], said: str
) -> None:
    """The body is no JSON, and nobody noticed: the signature comes first."""
    body = b"{ no JSON"

    with pytest.raises(SourceRefused, match=said):
        await shop(tmp_path).webhook(request({**signed(body), **changed}, body))


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_a_message_of_another_time_is_a_replay(tmp_path: Path, minutes: int) -> None:
    """Signed more than five minutes ago, or so far ahead, it is refused, however well it is signed."""
    headers, body = structured(order(), at=NOW + timedelta(minutes=minutes))
    with pytest.raises(SourceRefused, match="replay"):
        await shop(tmp_path).webhook(request(headers, body))


async def test_the_previous_secret_is_good_while_it_is_named(tmp_path: Path) -> None:
    """A sender that has not changed yet is taken, and a header with two signatures too."""
    new = "whsec_" + base64.b64encode(b"n" * 32).decode()
    toml = TOML.replace(f'"{SECRET}"', f'"{new}"\nprevious_secret = "{SECRET}"')
    headers, body = structured(order())
    headers["webhook-signature"] = "v1a,other " + headers["webhook-signature"]

    assert len(await shop(tmp_path, toml).webhook(request(headers, body))) == 1
    with pytest.raises(SourceRefused):
        await shop(tmp_path, toml.replace("previous_secret", "# ")).webhook(request(headers, body))


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("application/cloudevents+json", b"{", "no JSON"),
        ("application/cloudevents+json", b"\xff", "no JSON"),
        ("application/cloudevents+json", b"[]", "a JSON object"),
        ("application/cloudevents+json", b'{"specversion": "1.0", "id": "", "type": "a"}', "has no id, source"),
        ("application/cloudevents+json", b'{"specversion":"2.0","id":"1","type":"a","source":"s"}', "another version"),
        ("application/cloudevents-batch+json", b"{}", "a JSON array"),
        ("application/cloudevents+avro", b"", "come as JSON"),
        ("application/json", b"[1]", "Send a CloudEvent"),
        ("application/json", b"[" * 100_000, "no JSON"),
    ],
)
async def test_a_body_that_is_no_event_says_so(tmp_path: Path, kind: str, body: bytes, said: str) -> None:
    """The sender is told what was expected."""
    with pytest.raises(RecordError, match=said):
        await shop(tmp_path).webhook(request({"content-type": kind, **signed(body)}, body))


async def test_of_a_batch_what_cannot_be_mapped_is_kept_with_its_reason(tmp_path: Path) -> None:
    """A total that is no number, a type nobody maps: two problems, and the third event is a record."""
    events = [order("e1", total="much"), {**order("e2"), "type": "stock.low"}, order("e3")]

    bad, strange, good = await shop(tmp_path).webhook(request(*structured(events)))

    assert isinstance(bad, RawProblem)
    assert "data.total: 'much' is not a number" in bad.reason
    assert '"total":"much"' in bad.body
    assert isinstance(strange, RawProblem)
    assert "takes this type. Known: order.*, customer.*" in strange.reason
    assert isinstance(good, Interaction)


async def test_what_is_ignored_is_let_go(tmp_path: Path) -> None:
    """`ignore` names types that nobody needs."""
    toml = TOML.replace("[[shop", 'ignore = ["order.*"]\n[[shop', 1)
    assert await shop(tmp_path, toml).webhook(request(*structured(order()))) == []


async def test_a_partial_entry_says_so_of_its_records(tmp_path: Path) -> None:
    """What the event does not say is not to be forgotten."""
    (found,) = await shop(tmp_path).webhook(request(*structured(customer("c1", email="ada@byron.test"))))

    assert isinstance(found, Partial)
    assert isinstance(found.record, Person)
    assert (found.record.id, found.record.full_name) == ("7", None)


async def test_a_bearer_is_compared_whole(tmp_path: Path) -> None:
    """For senders that cannot sign: the secret itself."""
    toml = TOML.replace(f'"{SECRET}"', '"0123456789abcdef0123"\nsignature = "bearer"')
    headers, body = structured(order())
    connector = shop(tmp_path, toml)

    assert len(await connector.webhook(request({**headers, "authorization": "Bearer 0123456789abcdef0123"}, body))) == 1
    for wrong in ("Bearer 0123456789abcdef012", "0123456789abcdef0123", "Basic 0123456789abcdef0123", ""):
        with pytest.raises(SourceRefused):
            await connector.webhook(request({**headers, "authorization": wrong}, body))


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        (TOML.replace(SECRET, "whsec_short"), "at least 16 characters"),
        (TOML.replace(SECRET, "a" * 20), "must be whsec_"),
        (f'[shop]\nconnector = "webhook"\nsecret = "{SECRET}"\n', "has no events"),
        (TOML.replace('kind = "type"', 'knd = "type"'), "Did you mean 'kind'"),
        (TOML.replace('kind = "persons"', 'kind = "consents"'), "partial"),
        (TOML.replace("[[shop", 'format = "segment"\n[[shop', 1), "does not need"),
    ],
)
def test_a_section_that_cannot_work_is_refused(tmp_path: Path, toml: str, said: str) -> None:
    """The message says what to do, and not what the secret is."""
    with pytest.raises(PluginConfigError, match=said) as error:
        shop(tmp_path, toml)
    assert SECRET not in str(error.value)


async def test_it_keeps_the_contract(tmp_path: Path) -> None:
    """It has streams and nothing to read; its secret is shown nowhere."""
    connector: Connector[Any] = shop(tmp_path)
    report = await check_contract(connector, secrets=[SECRET])
    assert report.streams == ["customers", "interactions"]
    assert pushes.KEY.decode() not in repr(connector)


async def test_the_sections_of_the_page_take_what_it_says(tmp_path: Path) -> None:
    """docs/connectors/webhook.md: its first section maps an order, its second a call of Segment."""
    page = (Path(__file__).parents[2] / "docs" / "connectors" / "webhook.md").read_text(encoding="utf-8")
    mapped, segment = re.findall(r"^```toml\n(.*?)^```", page, re.M | re.S)
    plain = "0123456789abcdef0123"
    call = {"type": "track", "userId": 7, "messageId": "m", "event": "Ticket Opened"}

    (placed,) = await shop(tmp_path, mapped.replace('{ env = "SHOP_WEBHOOK_SECRET" }', f'"{SECRET}"')).webhook(
        request(*structured(order()))
    )
    _, opened = await shop(tmp_path, segment.replace('{ env = "SEGMENT_SECRET" }', f'"{plain}"')).webhook(
        request(*pushes.by_segment(call, plain))
    )

    assert (placed.stream, placed.amount) == ("orders", 25.5)
    assert opened.kind == "ticket.created"
    keys = {*WebhookConfig.model_fields, *EventEntry.model_fields}
    assert [key for key in sorted(keys) if f"`{key}`" not in page] == []
