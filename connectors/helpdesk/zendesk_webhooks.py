"""What Zendesk pushes: its signature, and which ticket, user or organization has to be read again.

https://developer.zendesk.com/documentation/webhooks/verifying/
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import msgspec
from pydantic import SecretStr

from connectors.errors import RecordError, SourceRefused
from connectors.helpdesk.zendesk_objects import Id
from connectors.hookspecs import WebhookRequest
from connectors.records import Tombstone
from connectors.signatures import REPLAY_WINDOW

SIGNATURE = "x-zendesk-webhook-signature"
TIMESTAMP = "x-zendesk-webhook-signature-timestamp"
EVENT = "zen:event-type:"
STREAM_OF = {"ticket": "tickets", "user": "users", "organization": "organizations"}
GONE = {
    "tickets": frozenset({"soft_deleted", "permanently_deleted", "marked_as_spam"}),
    "organizations": frozenset({"deleted"}),
}
"""Events after which there is nothing to read. Of a deleted user Zendesk still tells who it was."""


class Detail(msgspec.Struct, frozen=True):
    """The thing that an event is about."""

    id: Id


class Event(msgspec.Struct, frozen=True):
    """One event; what changed is read anew, so its values are not."""

    type: str
    detail: Detail
    time: datetime | None = None


class Changed(msgspec.Struct, frozen=True):
    """A record to read again."""

    stream: str
    id: str


def check_signature(request: WebhookRequest, secret: SecretStr) -> None:
    """SourceRefused unless Zendesk signed this body with the webhook's secret within the last five minutes."""
    given, stamp = request.headers.get(SIGNATURE, ""), request.headers.get(TIMESTAMP, "")
    moment = _moment(stamp)
    if not given or moment is None:
        raise SourceRefused(f"The headers {SIGNATURE} and {TIMESTAMP} are needed.", status=401)
    if abs(request.received_at - moment) > REPLAY_WINDOW:
        raise SourceRefused(
            f"{TIMESTAMP} is more than five minutes away from now: a replay, or a wrong clock.", status=401
        )
    expected = base64.b64encode(
        hmac.new(secret.get_secret_value().encode(), stamp.encode() + request.body, hashlib.sha256).digest()
    )
    if not hmac.compare_digest(expected, given.strip().encode()):
        raise SourceRefused(f"{SIGNATURE} is not by our webhook's signing secret.", status=401)


def what_changed(source: str, request: WebhookRequest) -> Changed | Tombstone | None:
    """What the event asks for; None for one about something else. RecordError when the body is no event."""
    try:
        event = msgspec.json.decode(request.body, type=Event)
    except msgspec.DecodeError as error:
        raise RecordError(
            f"[{source}] the push is no event of Zendesk: {error}. Subscribe the webhook to events; one that a trigger "
            f"calls sends something else."
        ) from None
    kind, _, what = event.type.removeprefix(EVENT).partition(".")
    stream = STREAM_OF.get(kind)
    if stream is None or not event.type.startswith(EVENT):
        return None
    if what not in GONE.get(stream, ()):
        return Changed(stream, str(event.detail.id))
    return Tombstone(
        source=source,
        stream=stream,
        id=str(event.detail.id),
        deleted_at=event.time or request.received_at,
        matter="ticket" if stream == "tickets" else None,
    )


def _moment(stamp: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
