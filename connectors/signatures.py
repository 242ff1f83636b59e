"""Signatures of pushed messages: over the bytes as they came, compared in constant time, good for some minutes only.

Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

Secrets come as such, and no variable holds one bare: an error that is reported with its variables shows none.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretBytes, SecretStr

from connectors.errors import SourceRefused
from connectors.hookspecs import WebhookRequest

SHORTEST_KEY = 24
"""Bytes; what Standard Webhooks asks for."""
REPLAY_WINDOW = timedelta(minutes=5)
"""A message that was signed longer ago, or so far in the future, is taken for a replay."""


def key_of(secret: str) -> bytes | None:
    """The bytes of `whsec_…` (base64), or None when it is none or too short."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) >= SHORTEST_KEY else None


def signature(key: bytes, id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: `v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64."""
    signed = f"{id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def check_standard(request: WebhookRequest, keys: Sequence[SecretBytes], window: timedelta = REPLAY_WINDOW) -> str:
    """The message's id; SourceRefused unless one of its signatures is by one of the keys, and it is new enough."""
    id, stamp, given = (request.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not (id and stamp and given):
        raise SourceRefused("The headers webhook-id, webhook-timestamp and webhook-signature are needed.", status=401)
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise SourceRefused("webhook-timestamp must be seconds since 1970.", status=401)
    if abs(request.received_at.timestamp() - int(stamp)) > window.total_seconds():
        raise SourceRefused(
            f"webhook-timestamp is more than {window.total_seconds():.0f} s away from now: a replay, or a wrong clock.",
            status=401,
        )
    expected = [signature(key.get_secret_value(), id, int(stamp), request.body).encode() for key in keys]
    if not _any_equal([(one, each.encode()) for one in expected for each in given.split()]):
        raise SourceRefused("webhook-signature is by none of our secrets.", status=401)
    return id


def check_hex(request: WebhookRequest, header: str, secrets: Sequence[SecretStr], digest: str) -> None:
    """SourceRefused unless the header is the body's HMAC in hex by one of the secrets; `digest` is `sha1` or `sha256`.

    Such a signature holds for ever: what is sent again must be known by its id.
    """
    given = request.headers.get(header, "").strip().lower().encode()
    expected = [
        hmac.new(secret.get_secret_value().encode(), request.body, digest).hexdigest().encode() for secret in secrets
    ]
    if not _any_equal([(one, given) for one in expected]):
        raise SourceRefused(f"{header} is by none of our secrets.", status=401)


def check_base64(request: WebhookRequest, header: str, secrets: Sequence[SecretStr], *, before: str = "") -> None:
    """SourceRefused unless the header is `before` and the body's HMAC-SHA256 in base64 by one of the secrets.

    Such a signature holds for ever: what is sent again must be known by its id.
    """
    given = request.headers.get(header, "").strip().encode()
    expected = [
        before.encode()
        + base64.b64encode(hmac.new(secret.get_secret_value().encode(), request.body, hashlib.sha256).digest())
        for secret in secrets
    ]
    if not _any_equal([(one, given) for one in expected]):
        raise SourceRefused(f"{header} is by none of our secrets.", status=401)


def check_in_url(request: WebhookRequest, parameter: str, secrets: Sequence[SecretStr]) -> None:
    """SourceRefused unless this parameter of the URL is one of the secrets: for senders that can neither sign nor say.

    Nothing of the body is proved by it.
    """
    given = parse_qs(urlsplit(request.url).query).get(parameter, [""])[0].encode()
    if not _any_equal([(secret.get_secret_value().encode(), given) for secret in secrets]):
        raise SourceRefused(f"The address must end with ?{parameter}= and the secret.", status=401)


def check_bearer(request: WebhookRequest, secrets: Sequence[SecretStr]) -> None:
    """SourceRefused unless the header Authorization is `Bearer` and one of the secrets."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    fits = _any_equal([(secret.get_secret_value().encode(), given.strip().encode()) for secret in secrets])
    if scheme.casefold() != "bearer" or not fits:
        raise SourceRefused("Send Authorization: Bearer and the secret.", status=401)


def _any_equal(pairs: Sequence[tuple[bytes, bytes]]) -> bool:
    """All are compared, whichever fits: the time it takes says nothing."""
    equal = False
    for one, other in pairs:
        equal |= hmac.compare_digest(one, other)
    return equal
