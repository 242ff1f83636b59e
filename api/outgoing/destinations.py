"""Whom c360 delivers to: webhooks, plugins with the hook `c360_deliver`, and sources that can be written to."""

from __future__ import annotations

from typing import Any, Protocol
from urllib.parse import urlencode

import msgspec

from api.outgoing.settings import WebhookSettings
from api.outgoing.webhook import NotDelivered, Unanswered, send_webhook, webhook_client
from api.plan.ids import encode_id
from connectors.errors import SourceError, SourceUnavailable
from connectors.events import ABOUT, ConsentWithdrawn, CustomerUpdated, Event, SegmentLeft
from connectors.hooks import Hook, HookFailed
from connectors.hookspecs import Concerned
from connectors.records import RecordKey
from graph.deliveries.concerned import describe, note_refused, note_writing, note_written
from graph.deliveries.consent import Standing, standing
from graph.deliveries.queue import Wish
from graph.store.driver import Store
from graph.sync.door import closed, door, in_time

DELIVER_SECONDS = 300.0
"""So long a connector may take over one event, the retries of its requests included."""


class Destination(Protocol):
    """One that is told; `send` raises NotDelivered, and of those Unanswered when whatever comes next would wait."""

    @property
    def wish(self) -> Wish: ...

    async def send(self, event: Event, store: Store) -> None: ...

    async def close(self) -> None: ...


class WebhookDestination:
    """A webhook, signed after Standard Webhooks."""

    def __init__(self, wish: Wish, settings: WebhookSettings) -> None:
        self.wish = wish
        self._settings = settings
        self._client = webhook_client()

    async def send(self, event: Event, store: Store) -> None:
        told = with_global_ids(event)
        await send_webhook(self._settings, told.id, told.type, told.data(), at=told.at, client=self._client, attempts=1)

    async def close(self) -> None:
        await self._client.aclose()


class PluginDestination:
    """A plugin's hook `c360_deliver`, in a thread with a limit."""

    def __init__(self, hook: Hook) -> None:
        self.wish = Wish(f"plugin:{hook.plugin}", frozenset(ABOUT))
        self._hook = hook

    async def send(self, event: Event, store: Store) -> None:
        try:
            await self._hook.call({"event": with_global_ids(event)})
        except HookFailed as failed:
            raise NotDelivered(str(failed)) from failed

    async def close(self) -> None:
        """There is nothing to close."""


class SourceDestination:
    """A source whose connector takes deliveries: events of customers whom it has itself.

    Without the consent that it needs nothing is written but that a customer is in no segment.
    """

    def __init__(self, wish: Wish, connector: Any, kind: str, public_url: str | None) -> None:
        self.wish = wish
        self._connector = connector
        self._kind = kind
        self._public_url = public_url

    async def send(self, event: Event, store: Store) -> None:
        customer = getattr(event, "customer_id", None)
        found = None if customer is None else await describe(store, self._connector.name, customer)
        if found is None or not found.records:
            return
        segments = found.segments
        if self.wish.consent is not None:
            stands = await standing(store, found.customer, self.wish.consent) is Standing.GRANTED
            if not stands and not isinstance(event, SegmentLeft | ConsentWithdrawn):
                return
            segments = segments if stands else ()
        if isinstance(event, ConsentWithdrawn):
            event = CustomerUpdated(id=event.id, at=event.at, customer_id=event.customer_id)
        id = encode_id("Customer", found.customer)
        link = None if self._public_url is None else link_to(self._public_url, id)
        concerned = Concerned(id, found.records, segments, link)
        try:
            await self._write(with_global_ids(event), concerned, store)
        except SourceUnavailable as error:
            raise Unanswered(str(error)) from None
        except SourceError as error:
            raise NotDelivered(str(error)) from None

    async def close(self) -> None:
        await closed(self._connector.name, self._kind, self._connector.close)

    async def _write(self, event: Event, concerned: Concerned, store: Store) -> None:
        """Whatever the connector does is a failure of this event; the others, and other destinations, go on."""
        with door(self._kind, "deliver"):
            writing = aiter(self._connector.deliver(event, concerned))
        begun: tuple[RecordKey, int | None] | None = None
        while True:
            try:
                with door(self._kind, "deliver"):
                    written = await in_time(
                        self._kind, "did not deliver", anext(writing, None), DELIVER_SECONDS, "It is tried again later."
                    )
                    if written is None:
                        return
                    key, at = written
            except SourceError as error:
                if begun is not None and _is_refusal(error):
                    await note_refused(store, *begun)
                raise
            if at is None:
                begun = key, await note_writing(store, key)
            else:
                begun = None
                await note_written(store, key, at)


def _is_refusal(error: SourceError) -> bool:
    """Whether the source said that it does not take it; of an answer that breaks off or is no answer nobody knows."""
    return not isinstance(error, SourceUnavailable) and error.status is not None and 400 <= error.status < 500


def link_to(public_url: str, customer: str) -> str:
    """Where a customer (by global id) can be looked at: GraphiQL with the question typed in."""
    return f"{public_url}/graphiql?{urlencode({'query': _LOOK % customer})}"


_LOOK = '{ customer(id: "%s") { displayName sources } }'


def with_global_ids(event: Event) -> Event:
    """The event with ids as the API gives them."""
    said: dict[str, Any] = {}
    for name, typename in _TYPES.items():
        value = getattr(event, name, None)
        if isinstance(value, str):
            said[name] = encode_id(typename, value)
        elif value is not None:
            said[name] = [encode_id(typename, one) for one in value]
    return msgspec.structs.replace(event, **said)


_TYPES = {
    "customer_id": "Customer",
    "former_ids": "Customer",
    "parted_from_ids": "Customer",
    "interaction_ids": "Interaction",
    "alert_id": "Alert",
}
