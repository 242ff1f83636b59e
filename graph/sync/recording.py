"""Recording: an interaction that a person or a web application reports, without a system that keeps it.

It is a fact like any other, of a source of its own. Whoever is known experiences it through one of their records, so
that it goes with that record through merges and splits, and their journey is derived at once. Somebody unknown becomes
a mention that the next sync links. A sync at work is not waited for: it derives what is stale before it ends.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Literal

import msgspec
import uuid_utils

from connectors.errors import RecordError
from connectors.records import Identifiers, Interaction
from connectors.settings import RECORDED
from graph.customer.identifiers import identifiers_of_mention
from graph.cypher import cypher
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.errors import ConstraintViolated, LeaseBusy
from graph.sync.derive import derive_stale
from graph.sync.pages import PageWriter
from graph.sync.progress import Silence
from graph.sync.request import KEY_REUSED
from graph.sync.rows import MATTERS, rows_of

SOURCE = RECORDED
"""The source's name; the stream is `interactions`."""
STREAM = "interactions"

_WAIT_SECONDS = 2.0
_AHEAD = timedelta(minutes=5)
"""So far clocks may differ: what happens later has not happened."""

_ONLY_SCALE = {
    "nps": ((0, 10), "NPS is asked on a scale from 0 to 10."),
    "ces": (
        (1, 7),
        "CES is asked on a scale from 1 to 7, where 7 is easy. CES 1.0 (1 to 5, low is good) is another question and "
        "is not rescaled.",
    ),
}
"""The metrics whose answers are whole numbers of one scale, and what is said where they are given on another."""

Code = Literal["NOT_FOUND", "INVALID", "AMBIGUOUS_IDENTIFIER", "IDEMPOTENCY_KEY_REUSED"]


class NotRecorded(Exception):
    """What was reported cannot be a fact; `field` names the input that is to blame, `customers` the ambiguous ones."""

    def __init__(self, code: Code, message: str, field: str | None = None, customers: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.customers = tuple(customers)


@dataclass(frozen=True, slots=True)
class Report:
    """What is reported: `interaction` without its person (its source, stream and id are given here), and of whom."""

    interaction: Interaction
    customer: str | None = None
    identifiers: Identifiers | None = None
    by: str = "local"
    idempotency_key: str | None = None
    request: str | None = None
    """The hash of all that was asked for: the same key with another one is refused."""
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of it."""

    interaction: str | None
    """Its id; None when it was only tried."""
    customer: str | None
    """Who experienced it; None when nobody known did."""
    pending: bool = False
    """Whether the journey shows it only after the sync at work, or, of somebody unknown, after the next one."""
    replayed: bool = False
    """Whether the same request came before: nothing was recorded now."""


def new_id(by: str, idempotency_key: str | None) -> str:
    """The id of a report; the same for the same key of the same viewer."""
    if idempotency_key is None:
        return str(uuid_utils.uuid7())
    return blake2b(f"{len(by)}:{by}{idempotency_key}".encode(), digest_size=16).hexdigest()


async def record(store: Store, rules: Rules, report: Report) -> Recorded:
    """Keep a report as a fact and derive the customer's journey. Raises NotRecorded."""
    interaction = report.interaction
    key = str(interaction.key)
    if report.idempotency_key is not None and (before := await _before(store, rules, key, report)):
        return before
    _check(interaction)
    customer, experienced = await _whose(store, report)
    try:
        rows = rows_of([msgspec.structs.replace(interaction, person=experienced)])
    except RecordError as error:
        raise NotRecorded("INVALID", str(error)) from None
    if report.dry_run:
        return Recorded(None, customer)
    rows.interactions[key]["properties"]["request"] = report.request
    await store.write(cypher("writes/name_recorder"), source=SOURCE, connector="api", trust=0.5)
    writer = PageWriter(store, any_customers=True)
    try:
        written, _ = await writer.store(SOURCE, STREAM, rows, (), {}, all_new=False, first_holds=True)
    except ConstraintViolated:
        if (before := await _before(store, rules, key, report)) is None:
            raise
        return before
    if not written and (before := await _before(store, rules, key, report)):  # one of the same key, at the same moment
        return before
    derived = customer is not None and await _derived(store, rules)
    return Recorded(key, customer, pending=not derived)


async def _before(store: Store, rules: Rules, key: str, report: Report) -> Recorded | None:
    """What the same request did when it came first. Raises NotRecorded when another came under its key.

    A kill may have come before the journey showed it: that is made good.
    """
    row = await store.read_one(cypher("writes/recorded_interaction"), id=key)
    if row is not None and row[1] is None and report.customer is not None and await _derived(store, rules):
        row = await store.read_one(cypher("writes/recorded_interaction"), id=key)
    if row is None:
        return None
    if row[2] not in (None, report.request):  # of older facts nobody knows
        raise NotRecorded("IDEMPOTENCY_KEY_REUSED", KEY_REUSED, "idempotencyKey")
    return Recorded(row[0], row[1], pending=row[1] is None, replayed=True)


async def _derived(store: Store, rules: Rules) -> bool:
    """Derive what is stale, unless somebody is at it."""
    try:
        async with store.lease("link", wait=_WAIT_SECONDS) as lease:
            await derive_stale(store, lease, rules, Silence())
    except LeaseBusy:
        return False
    return True


async def _whose(store: Store, report: Report) -> tuple[str | None, str | Identifiers]:
    """The customer, and the record through which they experience it; somebody unknown by their identifiers."""
    if report.customer is not None:
        keys = [key for (key,) in await store.read(cypher("writes/records_to_pin"), id=report.customer)]
        if not keys:
            raise NotRecorded("NOT_FOUND", "There is no such customer.", "who")
        ((now,),) = await store.read(cypher("writes/customers_of_records"), keys=keys[:1])
        return now, keys[0]
    found = [] if report.identifiers is None else identifiers_of_mention(report.identifiers)
    if report.identifiers is None or not found:
        raise NotRecorded(
            "INVALID",
            "This names nobody: give an e-mail address, or a number with its country, as +49 30 1234567.",
            "who",
        )
    owners = await store.read(cypher("writes/records_of_identifier"), key=found[0].key)
    if len(owners) > 1:
        raise NotRecorded(
            "AMBIGUOUS_IDENTIFIER",
            f"{len(owners)} customers share this identifier. Say by `customerId` which of them it was.",
            "who",
            [customer for customer, _ in owners],
        )
    return (owners[0][0], owners[0][1]) if owners else (None, report.identifiers)


def _check(interaction: Interaction) -> None:
    if not interaction.kind.strip():
        raise NotRecorded("INVALID", "`kind` says what happened, e.g. `call.made`.", "kind")
    if interaction.occurred_at > datetime.now(UTC) + _AHEAD:
        raise NotRecorded("INVALID", "It lies in the future: only what has happened is recorded.", "occurredAt")
    if interaction.ended_at is not None and interaction.ended_at < interaction.occurred_at:
        raise NotRecorded("INVALID", "It ends before it begins.", "endedAt")
    for matter in MATTERS:
        key = getattr(interaction, matter)
        if key is not None and not all(key.partition("/")):
            raise NotRecorded("INVALID", f"`{matter}` is a key of the form source/id.", matter)
    _check_score(interaction)


def _check_score(interaction: Interaction) -> None:
    if interaction.score is None or interaction.scale is None:
        return
    low, high = interaction.scale
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise NotRecorded("INVALID", "The scale's smallest score must be less than its largest.", "scale")
    only = None if interaction.metric is None else _ONLY_SCALE.get(interaction.metric.value)
    if only is not None and (low, high) != only[0]:
        raise NotRecorded("INVALID", only[1], "scale")
    if not low <= interaction.score <= high:
        raise NotRecorded("INVALID", f"The score must lie between {low:g} and {high:g}.", "score")
    if only is not None and interaction.score != math.floor(interaction.score):
        raise NotRecorded("INVALID", f"The score is a whole number from {low:g} to {high:g}.", "score")
