"""Webhooks, signed after Standard Webhooks: id, timestamp and signature stand in headers."""

from __future__ import annotations

import time
from contextlib import nullcontext
from datetime import UTC, datetime
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


class Unanswered(NotDelivered):
    """Nobody takes messages there now: whatever is sent next would wait, too."""


class _TryAgain(Exception):
    """A failure that may pass."""


async def send_webhook(
    settings: WebhookSettings,
    id: str,
    kind: str,
    data: dict[str, Any],
    *,
    at: datetime | None = None,
    client: httpx.AsyncClient | None = None,
    attempts: int = ATTEMPTS,
) -> None:
    """Post one event of the moment `at` (now unless said); the same `id` is the same event, however often it comes.

    Raises NotDelivered, and of those Unanswered when trying again may help.
    """
    moment = (at or datetime.now(UTC)).replace(microsecond=0)
    body = orjson.dumps({"type": kind, "timestamp": moment, "data": data}, option=orjson.OPT_UTC_Z)
    async with nullcontext(client) if client is not None else webhook_client() as sender:
        try:
            async for attempt in stamina.retry_context(
                on=_TryAgain, attempts=attempts, wait_initial=0.2, wait_max=5.0, wait_jitter=0.3
            ):
                with attempt:
                    await _post(sender, settings, id, body)
        except _TryAgain as error:
            raise Unanswered(f"The webhook {_place(settings)} does not take messages: {error}.") from None


def webhook_client() -> httpx.AsyncClient:
    """Follows nobody elsewhere: what is signed is for one receiver."""
    return httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False)


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
            f"The webhook {_place(settings)} answers {answer.status_code}. See whether {settings.where} and the "
            "secret are those that it expects."
        )


def _place(settings: WebhookSettings) -> str:
    """Without what may be a secret in its path."""
    url = httpx.URL(settings.url)
    return f"at {url.scheme}://{url.host}"
