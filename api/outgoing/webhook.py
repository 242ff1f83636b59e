"""Webhooks, signed after Standard Webhooks: id, timestamp and signature stand in headers."""

from __future__ import annotations

import time
from typing import Any

import httpx
import orjson
import stamina

from api.outgoing.settings import OutgoingError, WebhookSettings
from connectors.signatures import signature

ATTEMPTS = 3
TIMEOUT_SECONDS = 10.0
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


class NotDelivered(OutgoingError):
    """A message could not be handed over; it waits for the next time."""


class _TryAgain(Exception):
    """A failure that may pass."""


async def send_webhook(settings: WebhookSettings, id: str, kind: str, data: dict[str, Any]) -> None:
    """Post one event; the same `id` is the same event, however often it comes. Raises NotDelivered."""
    body = orjson.dumps(
        {"type": kind, "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "data": data},
        option=orjson.OPT_UTC_Z,
    )
    async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client:
        try:
            async for attempt in stamina.retry_context(
                on=_TryAgain, attempts=ATTEMPTS, wait_initial=0.2, wait_max=5.0, wait_jitter=0.3
            ):
                with attempt:
                    await _post(client, settings, id, body)
        except _TryAgain as error:
            raise NotDelivered(f"The webhook {_place(settings)} does not take messages: {error}.") from None


async def _post(client: httpx.AsyncClient, settings: WebhookSettings, id: str, body: bytes) -> None:
    timestamp = int(time.time())
    headers = {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(settings.key, id, timestamp, body),
    }
    try:
        answer = await client.post(settings.url, content=body, headers=headers)
    except httpx.HTTPError as error:
        raise _TryAgain(type(error).__name__) from None
    if answer.status_code in _TRANSIENT:
        raise _TryAgain(f"it answers {answer.status_code}")
    if not answer.is_success:
        raise NotDelivered(
            f"The webhook {_place(settings)} answers {answer.status_code}. See whether C360_WEBHOOK_URL and the secret "
            "are those that it expects."
        )


def _place(settings: WebhookSettings) -> str:
    """Without what may be a secret in its path."""
    url = httpx.URL(settings.url)
    return f"at {url.scheme}://{url.host}"
