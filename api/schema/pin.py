"""Pinning a value of a customer's golden record, and taking a pin back."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from enum import Enum
from typing import Any

import strawberry

from api.plan.fields import described, entry, lookup
from api.plan.filters import described_input, option
from api.plan.ids import key_of
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.customer import Customer, PinnedField
from api.schema.enums import CustomerFieldName
from api.schema.user_error import UserError, user_error
from graph.customer import reading
from graph.reading import Column
from graph.sync.asking import Ask, Refused
from graph.sync.pinning import Pinned, pin, unpin

_ID = Column("id")
_DRY_RUN = "Only tell what would change."
_KEY = "A text of your choice: a request that is sent again with it changes nothing anew; another with it is refused."


@described_input
class PinFieldInput:
    """A value to fix."""

    customer_id: strawberry.ID = strawberry.field(description="The customer; a former id will do.")
    field: CustomerFieldName = strawberry.field(description="The field; an address cannot be pinned.")
    value: str = strawberry.field(description="The value; a day of birth as YYYY-MM-DD.")
    reason: str | None = option("Why; it is kept with the pin.")
    idempotency_key: str | None = option(_KEY)
    dry_run: bool = strawberry.field(description=_DRY_RUN, default=False)


@described_input
class UnpinFieldInput:
    """A pinned field that the sources decide again."""

    customer_id: strawberry.ID = strawberry.field(description="The customer; a former id will do.")
    field: CustomerFieldName = strawberry.field(description="The field.")
    reason: str | None = option("Why; it is kept with the pin.")
    idempotency_key: str | None = option(_KEY)
    dry_run: bool = strawberry.field(description=_DRY_RUN, default=False)


@described
class PinPayload:
    """What came of it. With `userErrors` nothing was changed."""

    pins: list[PinnedField] = lookup(
        reading.PINS_BY_ID,
        "pin_keys",
        "The pin that was made, or those that were taken back; none after a dry run.",
        key=_ID,
        many=True,
    )
    replaced: list[PinnedField] = lookup(
        reading.PINS_BY_ID,
        "replaced_keys",
        "Pins in force that gave way; in a dry run: that would.",
        key=_ID,
        many=True,
    )
    customer: Customer | None = lookup(
        reading.CUSTOMERS_BY_ID, "customer_keys", "The customer as it is now; in a dry run as it is before.", key=_ID
    )
    user_errors: list[UserError] = entry("Why nothing was changed; empty when all is well.")


async def work_pin(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of a `pinField` field."""
    given = arguments["input"]
    customer = key_of(given["customerId"], "Customer")
    return await _told(pin(bench.store, bench.rules, customer, _field(given), given["value"], _ask(bench, given)))


async def work_unpin(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of an `unpinField` field."""
    given = arguments["input"]
    customer = key_of(given["customerId"], "Customer")
    return await _told(unpin(bench.store, bench.rules, customer, _field(given), _ask(bench, given)))


async def _told(work: Awaitable[Pinned]) -> Mapping[str, Any]:
    try:
        done = await work
    except Refused as refused:
        return {"user_errors": [user_error(refused)]}
    return {
        "pin_keys": list(done.pins),
        "replaced_keys": list(done.replaced),
        "customer_keys": done.customer,
        "user_errors": [],
    }


def _field(given: Mapping[str, Any]) -> str:
    field = given["field"]
    return str(field.value if isinstance(field, Enum) else field)


def _ask(bench: Bench, given: Mapping[str, Any]) -> Ask:
    return Ask(
        by=bench.viewer,
        reason=given.get("reason"),
        idempotency_key=given.get("idempotencyKey"),
        dry_run=given["dryRun"],
    )
