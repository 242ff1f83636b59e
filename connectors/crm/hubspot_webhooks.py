"""What HubSpot pushes: the signature of version 3, and events sorted by what has to be done about them.

https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
from pydantic import SecretStr

from connectors.errors import RecordError, SourceRefused
from connectors.hookspecs import WebhookRequest
from connectors.records import Account, Person, Record, Tombstone
from connectors.signatures import REPLAY_WINDOW

SIGNATURE = "x-hubspot-signature-v3"
TIMESTAMP = "x-hubspot-request-timestamp"
STREAM_OF = {
    "contact": "contacts",
    "company": "companies",
    "deal": "deals",
    "0-1": "contacts",
    "0-2": "companies",
    "0-3": "deals",
}
"""Streams by the word before the dot, or by the number that newer subscriptions give instead of it."""


class Event(msgspec.Struct, frozen=True, rename="camel"):
    """One event; of a merge the ids of who stays and who goes."""

    subscription_type: str
    object_id: int | str | None = None
    object_type_id: str | None = None
    occurred_at: int | None = None
    primary_object_id: int | str | None = None
    merged_object_ids: list[int | str] = []
    new_object_id: int | str | None = None
    from_object_id: int | str | None = None


@dataclass(slots=True)
class ToDo:
    """Ids to read again by stream, and records that need no reading."""

    changed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    records: list[Record] = field(default_factory=list)


def check_signature(request: WebhookRequest, secret: SecretStr, url: str | None) -> None:
    """SourceRefused unless HubSpot signed this request for our app within the last five minutes.

    Signed are method, URL, body and time: `url` is the one HubSpot calls, where a proxy makes another of it.
    """
    given, stamp = request.headers.get(SIGNATURE, ""), request.headers.get(TIMESTAMP, "")
    if not (given and stamp.isascii() and stamp.isdigit() and len(stamp) <= 16):
        raise SourceRefused(f"The headers {SIGNATURE} and {TIMESTAMP} are needed.", status=401)
    age = abs(request.received_at.timestamp() - int(stamp) / 1000)
    if age > REPLAY_WINDOW.total_seconds():
        raise SourceRefused(
            f"{TIMESTAMP} is more than five minutes away from now: a replay, or a wrong clock.", status=401
        )
    signed = f"{request.method}{url or request.url}".encode() + request.body + stamp.encode()
    expected = base64.b64encode(hmac.new(secret.get_secret_value().encode(), signed, hashlib.sha256).digest())
    if not hmac.compare_digest(expected, given.strip().encode()):
        raise SourceRefused(
            f"{SIGNATURE} is not by our app's client secret for {url or request.url}. Behind a proxy, say in "
            f"webhook_url which URL HubSpot calls.",
            status=401,
        )


def to_do(source: str, request: WebhookRequest) -> ToDo:
    """What the events ask for; RecordError when the body is no list of events. Events of other things are let go."""
    try:
        events = msgspec.json.decode(request.body, type=list[Event])
    except msgspec.DecodeError as error:
        raise RecordError(f"[{source}] the push is no list of HubSpot's events: {error}.") from None
    found = ToDo()
    for event in events:
        word, _, what = event.subscription_type.partition(".")
        stream = STREAM_OF.get(event.object_type_id or word) or STREAM_OF.get(word)
        if stream is None:
            continue
        if what in ("deletion", "privacyDeletion"):
            found.records += _deleted(source, stream, event, request.received_at)
        elif what == "merge":
            winner = str(event.new_object_id or event.primary_object_id or "")
            if winner:
                found.records += _merged(source, stream, event, winner)
                found.changed[stream].add(winner)
        elif (changed := event.object_id or event.from_object_id) is not None:
            found.changed[stream].add(str(changed))
    return found


def _deleted(source: str, stream: str, event: Event, received_at: datetime) -> Iterator[Record]:
    if event.object_id is not None:
        said = event.occurred_at
        at = received_at if said is None else datetime.fromtimestamp(said / 1000, tz=UTC)
        matter = "deal" if stream == "deals" else None
        yield Tombstone(source=source, stream=stream, id=str(event.object_id), deleted_at=at, matter=matter)


def _merged(source: str, stream: str, event: Event, winner: str) -> Iterator[Record]:
    losers: Sequence[int | str] = [*event.merged_object_ids, event.primary_object_id or winner]
    for loser in dict.fromkeys(str(one) for one in losers):
        if loser == winner:
            continue
        if stream == "contacts":
            yield Person(source=source, stream=stream, id=loser, merged_into=winner)
        elif stream == "companies":
            yield Account(source=source, stream=stream, id=loser, merged_into=winner)
