"""What Stripe pushes: an event, signed with a moment that must be near.

https://docs.stripe.com/webhooks#verify-manually
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta

import msgspec
from pydantic import SecretStr

from connectors.commerce.stripe_api import Event
from connectors.errors import RecordError, SourceRefused
from connectors.hookspecs import WebhookRequest
from connectors.signatures import REPLAY_WINDOW

SIGNATURE = "stripe-signature"


def signed(secret: str, moment: int, body: bytes) -> str:
    """The header's value for a body: `t=<moment>,v1=<HMAC-SHA256 in hex>`."""
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def event_of(source: str, request: WebhookRequest, secret: SecretStr, window: timedelta = REPLAY_WINDOW) -> Event:
    """The event of a push; SourceRefused unless Stripe signed it within the window, RecordError when it is none."""
    parts = [part.strip().partition("=") for part in request.headers.get(SIGNATURE, "").split(",")]
    moments = [value for name, _, value in parts if name == "t"]
    given = [value for name, _, value in parts if name == "v1"]
    if len(moments) != 1 or not (moments[0].isascii() and moments[0].isdigit() and len(moments[0]) <= 12) or not given:
        raise SourceRefused(f"The header {SIGNATURE} is needed, with t and v1.", status=401)
    if abs(request.received_at.timestamp() - int(moments[0])) > window.total_seconds():
        raise SourceRefused(
            f"{SIGNATURE} is of more than {window.total_seconds():.0f} s away from now: a replay, or a wrong clock.",
            status=401,
        )
    expected = signed(secret.get_secret_value(), int(moments[0]), request.body).partition(",v1=")[2].encode()
    # All are compared, whichever fits: the time it takes says nothing. While a secret is rolled there are two.
    if sum([hmac.compare_digest(expected, one.encode()) for one in given]) == 0:
        raise SourceRefused(f"{SIGNATURE} is not by the signing secret of our endpoint.", status=401)
    try:
        return msgspec.json.decode(request.body, type=Event)
    except msgspec.DecodeError as error:
        raise RecordError(f"[{source}] the push is no event of Stripe: {error}.") from None
