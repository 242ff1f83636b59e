"""What HubSpot pushes becomes what a sync would have read, once its signature is good."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from connectors.crm.hubspot import HubSpotConfig, HubSpotConnector
from connectors.errors import RecordError, SourceRefused, SourceUnavailable
from connectors.hookspecs import RawProblem, WebhookRequest
from connectors.http import Patience
from connectors.records import Interaction, Person, Tombstone
from tests.connectors.contract.readings import read, stream_of
from tests.connectors.crm.stand_in_hubspot import TOKEN, HubSpotStandIn

pytestmark = pytest.mark.anyio
SECRET = "c1ient-s3cret-of-the-app"
URL = "https://c360.acme.example/ingest/crm"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def hubspot() -> HubSpotStandIn:
    return HubSpotStandIn()


@pytest.fixture
def crm(hubspot: HubSpotStandIn) -> HubSpotConnector:
    return connected(hubspot)


def connected(hubspot: HubSpotStandIn, **settings: Any) -> HubSpotConnector:
    config = HubSpotConfig(access_token=SecretStr(TOKEN), **{"client_secret": SecretStr(SECRET), **settings})
    return HubSpotConnector("crm", config, transport=httpx.MockTransport(hubspot.answer), patience=Patience(attempts=1))


def push(*events: dict[str, Any], body: bytes | None = None, url: str = URL, **how: Any) -> WebhookRequest:
    """A push as HubSpot signs it; `signed` and `at` make a wrong one."""
    content = json.dumps(events).encode() if body is None else body
    stamp = str(round(how.get("at", NOW).timestamp() * 1000))
    signed = b"POST" + URL.encode() + how.get("signed", content) + stamp.encode()
    signature = base64.b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()).decode()
    headers = {"x-hubspot-signature-v3": signature, "x-hubspot-request-timestamp": stamp}
    return WebhookRequest({**headers, **how.get("headers", {})}, content, NOW, "POST", url)


async def test_a_change_is_read_as_a_sync_would_read_it(hubspot: HubSpotStandIn, crm: HubSpotConnector) -> None:
    """Contacts, companies and deals with their history, each once however many of its properties changed."""
    hubspot.set(hubspot.things["deals"][901], "dealstage", "contractsent")
    event = {"subscriptionType": "contact.propertyChange", "objectId": 105, "propertyName": "jobtitle"}
    told = await crm.webhook(
        push(
            event,
            {**event, "propertyName": "phone"},
            {"subscriptionType": "object.creation", "objectTypeId": "0-2", "objectId": 501},
            {"subscriptionType": "deal.associationChange", "fromObjectId": 901},
            {"subscriptionType": "ticket.creation", "objectId": 1},
        )
    )

    wanted = {}
    for name in ("contacts", "companies", "deals"):
        wanted |= (await read(crm, await stream_of(crm, name))).records
    mine = [one for one in wanted.values() if one.id.partition(":")[0] in ("105", "501", "901")]
    assert sorted(told, key=str) == sorted(mine, key=str)


async def test_the_book_of_owners_is_not_read_again_for_each_push(
    hubspot: HubSpotStandIn, crm: HubSpotConnector
) -> None:
    """The second push costs one call."""
    event = {"subscriptionType": "contact.propertyChange", "objectId": 105}
    await crm.webhook(push(event))
    hubspot.asked.clear()
    await crm.webhook(push(event))

    assert hubspot.asked == ["POST /crm/v3/objects/contacts/batch/read"]


async def test_what_no_list_tells_is_told_by_a_push(hubspot: HubSpotStandIn, crm: HubSpotConnector) -> None:
    """Contacts erased for privacy's sake, deleted deals, and merges at once."""
    at = round(NOW.timestamp() * 1000)
    erased, deleted, loser, winner = await crm.webhook(
        push(
            {"subscriptionType": "contact.privacyDeletion", "objectId": 103, "occurredAt": at},
            {"subscriptionType": "deal.deletion", "objectId": 901},
            {"subscriptionType": "contact.merge", "primaryObjectId": 101, "mergedObjectIds": [102]},
        )
    )

    assert erased == Tombstone(source="crm", stream="contacts", id="103", deleted_at=NOW)
    assert deleted == Tombstone(source="crm", stream="deals", id="901", deleted_at=NOW, matter="deal")
    assert isinstance(loser, Person)
    assert (loser.id, loser.merged_into) == ("102", "101")
    assert isinstance(winner, Person)
    assert winner.id == "101"


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"signed": b"[]"}, "is not by our app's client secret"),
        ({"url": "http://127.0.0.1:8000/ingest/crm"}, "say in webhook_url which URL HubSpot calls"),
        ({"at": NOW - timedelta(minutes=6)}, "a replay, or a wrong clock"),
        ({"at": NOW + timedelta(minutes=6)}, "a replay, or a wrong clock"),
        ({"headers": {"x-hubspot-signature-v3": ""}}, "are needed"),
        ({"headers": {"x-hubspot-request-timestamp": "soon"}}, "are needed"),
        ({"headers": {"x-hubspot-signature-v3": "ä"}}, "is not by our app's client secret"),
    ],
)
async def test_who_cannot_sign_is_refused_before_anything_is_read(
    hubspot: HubSpotStandIn, crm: HubSpotConnector, how: dict[str, Any], said: str
) -> None:
    """A body that is no JSON is not looked at, and HubSpot is not asked."""
    with pytest.raises(SourceRefused, match=said) as refusal:
        await crm.webhook(push(body=b'[{"subscriptionType": ', **how))

    assert hubspot.asked == []
    assert SECRET not in str(refusal.value)


async def test_the_url_that_hubspot_calls_may_be_another_than_ours(hubspot: HubSpotStandIn) -> None:
    """Behind a proxy the section says which was signed."""
    crm = connected(hubspot, webhook_url=URL)

    assert await crm.webhook(push(url="http://127.0.0.1:8000/ingest/crm")) == []


async def test_without_a_client_secret_nothing_is_taken(hubspot: HubSpotStandIn) -> None:
    """The refusal says which key is missing."""
    with pytest.raises(SourceRefused, match=r"\[crm\] takes no pushes: it has no client_secret"):
        await connected(hubspot, client_secret=None).webhook(push())


async def test_a_push_of_something_else_is_told_apart(crm: HubSpotConnector) -> None:
    """Signed, and no list of events."""
    with pytest.raises(RecordError, match=r"\[crm\] the push is no list of HubSpot's events"):
        await crm.webhook(push(body=b'{"a": 1}'))


async def test_a_changed_contact_that_cannot_be_mapped_is_a_rejection(
    hubspot: HubSpotStandIn, crm: HubSpotConnector
) -> None:
    """The others of the push are kept."""
    hubspot.things["contacts"][101].properties["hs_lifecyclestage_lead_date"] = "soon"
    events = [{"subscriptionType": "contact.creation", "objectId": number} for number in (101, 102, 99)]

    told = await crm.webhook(push(*events))

    assert [type(one) for one in told if not isinstance(one, Interaction)] == [RawProblem, Person]


async def test_hubspot_that_cannot_be_asked_is_to_push_again(hubspot: HubSpotStandIn, crm: HubSpotConnector) -> None:
    """Even when it is our token that is refused: the push itself was good."""
    hubspot.refused |= {"batch/read"}

    with pytest.raises(SourceUnavailable):
        await crm.webhook(push({"subscriptionType": "contact.creation", "objectId": 101}))
