"""What Zendesk pushes becomes what a sync would have read, once its signature is good."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from connectors.errors import RecordError, SourceRefused, SourceUnavailable
from connectors.helpdesk.zendesk import ZendeskConfig, ZendeskConnector
from connectors.hookspecs import RawProblem, WebhookRequest
from connectors.records import Tombstone
from tests.connectors.contract.readings import read, stream_of
from tests.connectors.contract.test_faults import HURRIED
from tests.connectors.helpdesk.stand_in_zendesk import MARA, TOKEN, ZendeskStandIn, filled

pytestmark = pytest.mark.anyio
SECRET = "s1gning-s3cret-of-the-webhook"
NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


@pytest.fixture
def zendesk() -> ZendeskStandIn:
    return filled()


@pytest.fixture
def support(zendesk: ZendeskStandIn) -> ZendeskConnector:
    return connected(zendesk)


def connected(zendesk: ZendeskStandIn, **settings: Any) -> ZendeskConnector:
    values = {"subdomain": "acme", "oauth_token": TOKEN, "webhook_secret": SECRET, **settings}
    config = ZendeskConfig.model_validate({name: value for name, value in values.items() if value is not None})
    return ZendeskConnector("support", config, transport=httpx.MockTransport(zendesk.answer), patience=HURRIED)


def push(what: str, identifier: object = "1", *, body: bytes | None = None, **how: Any) -> WebhookRequest:
    """An event as Zendesk signs it; `signed`, `at` and `headers` make a wrong one."""
    event = {
        "type": f"zen:event-type:{what}",
        "subject": f"zen:{what.partition('.')[0]}:{identifier}",
        "id": "cbe4028c-7239-495d-b020-f22348516046",
        "time": "2026-03-03T11:59:58.500000000Z",
        "zendesk_event_version": "2022-11-06",
        "detail": {"id": identifier},
        "event": {"current": "SOLVED", "previous": "OPEN"},
    }
    content = json.dumps(event).encode() if body is None else body
    stamp = f"{how.get('at', NOW):%Y-%m-%dT%H:%M:%SZ}"
    signed = hmac.new(SECRET.encode(), stamp.encode() + how.get("signed", content), hashlib.sha256).digest()
    headers = {
        "x-zendesk-webhook-signature": base64.b64encode(signed).decode(),
        "x-zendesk-webhook-signature-timestamp": stamp,
    }
    return WebhookRequest({**headers, **how.get("headers", {})}, content, NOW)


@pytest.mark.parametrize(
    ("what", "identifier", "stream"),
    [
        ("ticket.status_changed", "1", "tickets"),
        ("ticket.comment_added", "1", "tickets"),
        ("user.identity_created", str(MARA), "users"),
        ("user.deleted", MARA, "users"),
        ("organization.name_changed", 51, "organizations"),
    ],
)
async def test_a_change_is_read_as_a_sync_would_read_it(
    support: ZendeskConnector, what: str, identifier: object, stream: str
) -> None:
    """Word for word, with groups and agents by name; the id may be a text or a number."""
    told = await support.webhook(push(what, identifier))

    whole = await read(support, await stream_of(support, stream))
    mine = [one for one in whole.records.values() if one.id.partition(":")[0] == str(identifier)]
    assert mine
    assert told == mine


@pytest.mark.parametrize("what", ["soft_deleted", "permanently_deleted", "marked_as_spam"])
async def test_a_deleted_ticket_is_gone_at_once(zendesk: ZendeskStandIn, support: ZendeskConnector, what: str) -> None:
    """There is nothing to read, and nothing is asked for."""
    (gone,) = await support.webhook(push(f"ticket.{what}", "7"))

    at = datetime(2026, 3, 3, 11, 59, 58, 500000, tzinfo=UTC)
    assert gone == Tombstone(source="support", stream="tickets", id="7", deleted_at=at, matter="ticket")
    assert zendesk.asked == []


async def test_a_deleted_organization_is_gone_at_once(support: ZendeskConnector) -> None:
    (gone,) = await support.webhook(push("organization.deleted", "51"))

    assert isinstance(gone, Tombstone)
    assert (gone.stream, gone.id, gone.matter) == ("organizations", "51", None)


async def test_events_of_other_things_are_let_go(zendesk: ZendeskStandIn, support: ZendeskConnector) -> None:
    """Articles, agents' states and what Zendesk may invent."""
    assert await support.webhook(push("article.published")) == []
    assert await support.webhook(push("body", body=b'{"type": "something", "detail": {"id": 1}}')) == []
    assert zendesk.asked == []


async def test_names_are_not_asked_for_with_each_push(zendesk: ZendeskStandIn, support: ZendeskConnector) -> None:
    """Groups and agents change seldom: a burst of pushes costs one look at them."""
    for _ in range(3):
        await support.webhook(push("ticket.comment_added", "2"))

    assert zendesk.asked.count("groups.json") == 1
    assert zendesk.asked.count("tickets/2/audits.json") >= 3


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"signed": b"{}"}, "is not by our webhook's signing secret"),
        ({"at": NOW - timedelta(minutes=6)}, "a replay, or a wrong clock"),
        ({"at": NOW + timedelta(minutes=6)}, "a replay, or a wrong clock"),
        ({"headers": {"x-zendesk-webhook-signature": ""}}, "are needed"),
        ({"headers": {"x-zendesk-webhook-signature-timestamp": "soon"}}, "are needed"),
        ({"headers": {"x-zendesk-webhook-signature": "ä"}}, "is not by our webhook's signing secret"),
        ({"headers": {"x-zendesk-webhook-signature-timestamp": "2026-03-03T12:00:01Z"}}, "signing secret"),
    ],
)
async def test_who_cannot_sign_is_refused_before_anything_is_read(
    zendesk: ZendeskStandIn, support: ZendeskConnector, how: dict[str, Any], said: str
) -> None:
    """A body that is no JSON is not looked at, and Zendesk is not asked."""
    with pytest.raises(SourceRefused, match=said) as refusal:
        await support.webhook(push("ticket.created", body=b'{"type": ', **how))

    assert zendesk.asked == []
    assert SECRET not in str(refusal.value)


async def test_without_a_secret_nothing_is_taken(zendesk: ZendeskStandIn) -> None:
    """The refusal says which key is missing."""
    with pytest.raises(SourceRefused, match=r"\[support\] takes no pushes: it has no webhook_secret"):
        await connected(zendesk, webhook_secret=None).webhook(push("ticket.created"))


async def test_a_push_of_something_else_is_told_apart(support: ZendeskConnector) -> None:
    """A webhook that a trigger calls is signed too, but sends what somebody wrote."""
    with pytest.raises(RecordError, match=r"\[support\] the push is no event of Zendesk.*Subscribe the webhook"):
        await support.webhook(push("ticket.created", body=b'{"ticket": 7}'))


async def test_a_ticket_that_cannot_be_read_is_a_rejection(zendesk: ZendeskStandIn, support: ZendeskConnector) -> None:
    """It is kept with its reason, and the push was good."""
    zendesk.audits[1][0]["created_at"] = "yesterday"

    (problem,) = await support.webhook(push("ticket.created", "1"))

    assert isinstance(problem, RawProblem)


async def test_zendesk_that_cannot_be_asked_is_to_push_again(zendesk: ZendeskStandIn) -> None:
    """Even when it is our token that is refused: the push itself was good."""
    with pytest.raises(SourceUnavailable):
        await connected(zendesk, oauth_token="expired").webhook(push("ticket.created", "1"))
