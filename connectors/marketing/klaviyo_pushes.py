"""What Klaviyo pushes: its system webhooks, signed, with the events as the API gives them.

https://developers.klaviyo.com/en/docs/working_with_system_webhooks
"""

from __future__ import annotations

import hashlib
import hmac
from email.utils import parsedate_to_datetime

import msgspec
from pydantic import SecretStr

from connectors.errors import RecordError, SourceRefused
from connectors.hookspecs import RawProblem, WebhookRequest
from connectors.marketing.klaviyo_events import Event
from connectors.raws import decode_each
from connectors.records import utc
from connectors.signatures import REPLAY_WINDOW

SIGNATURE = "klaviyo-signature"
TIMESTAMP = "klaviyo-timestamp"


class Told(msgspec.Struct, frozen=True):
    """One event of a push, as `GET /events/{id}` would give it."""

    payload: Payload


class Payload(msgspec.Struct, frozen=True):
    data: Event


class _Push(msgspec.Struct, frozen=True):
    data: list[msgspec.Raw]


def check_signature(request: WebhookRequest, secret: SecretStr) -> None:
    """SourceRefused unless Klaviyo signed this body within the last five minutes.

    Signed are the body and the header `Klaviyo-Timestamp`, a date as HTTP writes it, one after the other.
    """
    given, stamp = request.headers.get(SIGNATURE, ""), request.headers.get(TIMESTAMP, "")
    expected = hmac.new(secret.get_secret_value().encode(), request.body + stamp.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), given.strip().lower().encode()):
        raise SourceRefused(f"{SIGNATURE} is not by our webhook_secret.", status=401)
    try:
        age = abs(request.received_at - utc(parsedate_to_datetime(stamp)))
    except ValueError:
        raise SourceRefused(f"{TIMESTAMP} must be a date, as HTTP writes it.", status=401) from None
    if age > REPLAY_WINDOW:
        raise SourceRefused(
            f"{TIMESTAMP} is more than five minutes away from now: a replay, or a wrong clock.", status=401
        )


def events_of(source: str, request: WebhookRequest) -> tuple[list[Event], list[RawProblem]]:
    """The events of a push, and a problem for each that is none; RecordError when the body is no push of Klaviyo."""
    try:
        push = msgspec.json.decode(request.body, type=_Push)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RecordError(f"[{source}] this is no push of Klaviyo: {error}.") from None
    told, problems = decode_each(push.data, Told, f"{source}/events")
    return [one.payload.data for one in told], problems
