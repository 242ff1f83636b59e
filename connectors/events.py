"""Events: what c360 tells other systems of customers, alerts and segments. They name people by ids alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

ABOUT = ("customer", "interactions", "alert", "segment")
"""What events can be about: the first word of their type."""


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", rename="camel"):
    """`id` is the same for the same event, however often it comes; `at` is when it was noticed."""

    id: str
    at: datetime

    @property
    def type(self) -> str:
        """Such as `customer.merged`."""
        return str(self.__struct_config__.tag)

    def data(self) -> dict[str, Any]:
        """What it says beside its id, type and moment: camelCase keys, moments as datetimes."""
        said: dict[str, Any] = msgspec.to_builtins(self, builtin_types=(datetime,))
        return {key: value for key, value in said.items() if key not in ("id", "type", "at")}


class CustomerCreated(_Event, frozen=True, kw_only=True, tag="customer.created"):
    """There is a new customer."""

    customer_id: str


class CustomerUpdated(_Event, frozen=True, kw_only=True, tag="customer.updated"):
    """What sources say of a customer has changed."""

    customer_id: str


class CustomerMerged(_Event, frozen=True, kw_only=True, tag="customer.merged"):
    """Customers turned out to be one, which answers for the former ids from now on."""

    customer_id: str
    former_ids: list[str]


class CustomerSplit(_Event, frozen=True, kw_only=True, tag="customer.split"):
    """A customer is new, or back; its records were those of the others."""

    customer_id: str
    parted_from_ids: list[str]


class CustomersReset(_Event, frozen=True, kw_only=True, tag="customer.reset"):
    """The graph was loaded or built anew, or what changed was not kept so long: read it as a whole."""


class InteractionsRecorded(_Event, frozen=True, kw_only=True, tag="interactions.recorded"):
    """A customer experienced what the graph did not know; ids in the order of the journey."""

    customer_id: str
    interaction_ids: list[str]


class AlertRaised(_Event, frozen=True, kw_only=True, tag="alert.raised"):
    """A rule found something; `evidence` is what it saw."""

    alert_id: str
    customer_id: str
    rule: str
    condition: str
    owner: str | None
    since: datetime
    due_at: datetime
    evidence: Mapping[str, Any]


class AlertHandled(_Event, frozen=True, kw_only=True, tag="alert.handled"):
    """Somebody did something about an alert that is not closed by it."""

    alert_id: str
    customer_id: str
    rule: str
    status: str
    owner: str | None


class AlertClosed(_Event, frozen=True, kw_only=True, tag="alert.closed"):
    """An alert was resolved; `outcome` is what came of it."""

    alert_id: str
    customer_id: str
    rule: str
    owner: str | None
    outcome: str | None


class SegmentEntered(_Event, frozen=True, kw_only=True, tag="segment.entered"):
    """A customer is in a segment, and was not."""

    customer_id: str
    segment: str


class SegmentLeft(_Event, frozen=True, kw_only=True, tag="segment.left"):
    """A customer was in a segment, and is not any more."""

    customer_id: str
    segment: str


class ConsentWithdrawn(_Event, frozen=True, kw_only=True, tag="consent.withdrawn"):
    """A destination that needs consent must let go of this customer, who refuses it, or of whom no source says any
    more that it was granted."""

    customer_id: str
    channel: str
    purpose: str


Event: TypeAlias = (
    CustomerCreated
    | CustomerUpdated
    | CustomerMerged
    | CustomerSplit
    | CustomersReset
    | InteractionsRecorded
    | AlertRaised
    | AlertHandled
    | AlertClosed
    | SegmentEntered
    | SegmentLeft
    | ConsentWithdrawn
)


def about(event: Event) -> str:
    """Which of `ABOUT` it is about."""
    return event.type.partition(".")[0]
