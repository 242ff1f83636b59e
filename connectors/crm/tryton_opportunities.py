"""Tryton's opportunities and their history as leads and deals: each change of state is an interaction.

The log of the models misses transitions that a button makes by itself (lost, won), so the history is read: the
opportunity as it was at each revision. It is kept even when the opportunity is deleted.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from connectors.crm.tryton_changes import Plan, Row, Watched
from connectors.crm.tryton_parties import EMPLOYS, Staff, absorbing
from connectors.crm.tryton_rpc import Decimal, Moment, Named, Tryton, wire
from connectors.records import BusinessFunction, Channel, Direction, Interaction, Precision, Tombstone, said

CALLS_AT_ONCE = 4

NOW_FIELDS = ("number", "party", "description", "currency.code", "state", "amount", "employee.rec_name", "lost_reason")
THEN_FIELDS = ("state", "amount", "employee.rec_name", "lost_reason")

CLOSED = frozenset({"won", "lost", "cancelled"})


class Revision(msgspec.Struct, frozen=True):
    """The opportunity as it was from `at` on; `by` is the name of the user who changed it."""

    at: datetime
    by: str | None
    state: str
    amount: str | None = None
    employee: str | None = None
    lost_reason: str | None = None


class Opportunity(msgspec.Struct, frozen=True):
    """An opportunity with all its revisions, oldest first; `organisation` says that its party is an account."""

    id: int
    party: int | None
    organisation: bool
    description: str | None
    number: str | None
    currency: str | None
    revisions: tuple[Revision, ...]


class GoneOpportunity(msgspec.Struct, frozen=True):
    """A deleted opportunity, with the revisions that tell which interactions are gone."""

    id: int
    noticed_at: datetime
    revisions: tuple[Revision, ...]


class _Now(msgspec.Struct, frozen=True):
    id: int
    state: str
    party: int | None = None
    number: str | None = None
    description: str | None = None
    lost_reason: str | None = None
    amount: Decimal | None = None
    currency: Named | None = msgspec.field(name="currency.", default=None)
    employee: Named | None = msgspec.field(name="employee.", default=None)


class _Then(msgspec.Struct, frozen=True):
    id: int
    state: str | None = None
    amount: Decimal | None = None
    lost_reason: str | None = None
    employee: Named | None = msgspec.field(name="employee.", default=None)


class _Employer(msgspec.Struct, frozen=True):
    id: int
    from_: int


class _Id(msgspec.Struct, frozen=True):
    id: int


def opportunities_plan(tryton: Tryton) -> Plan[Opportunity | GoneOpportunity]:
    """Read opportunities again when they change, and when their party was merged into another."""

    staff = Staff(tryton)

    async def itself(rows: Sequence[Row]) -> list[int]:
        return [row.id for row in rows]

    async def of_merged(rows: Sequence[Row]) -> list[int]:
        parties = await absorbing(tryton, {row.id for row in rows if row.replaced_by is not None})
        found = await tryton.search_read("sale.opportunity", [["party", "in", parties]], ["id"], _Id) if parties else []
        return [row.id for row in found]

    async def fetch(ids: Sequence[int]) -> list[Opportunity | GoneOpportunity]:
        return list(await read_opportunities(tryton, ids, await staff.parties()))

    async def gone(ids: Sequence[int]) -> list[Opportunity | GoneOpportunity]:
        now = datetime.now(UTC)
        history = await _history(tryton, ids)
        return [GoneOpportunity(number, now, tuple(history[number])) for number in ids]

    return Plan(
        model="sale.opportunity",
        watched=(
            Watched("sale.opportunity", itself),
            Watched("party.party", of_merged, ("replaced_by",), (["replaced_by", "!=", None],)),
        ),
        fetch=fetch,
        gone=gone,
    )


async def read_opportunities(tryton: Tryton, ids: Sequence[int], staff: set[int]) -> list[Opportunity]:
    """The opportunities with these ids that are still there, each with its history; those of `staff` have no party."""
    domain = [["id", "in", list(ids)]]
    rows = await tryton.search_read("sale.opportunity", domain, NOW_FIELDS, _Now, order=[["id", "ASC"]])
    history = await _history(tryton, [row.id for row in rows])
    parties = sorted({row.party for row in rows if row.party is not None})
    employers = await tryton.search_read(
        "party.relation.all", [["from_", "in", parties], ["type.name", "=", EMPLOYS]], ["from_"], _Employer
    )
    organisations = {row.from_ for row in employers}
    return [
        Opportunity(
            id=row.id,
            party=None if row.party in staff else row.party,
            organisation=row.party in organisations,
            description=row.description,
            number=row.number,
            currency=row.currency.code if row.currency else None,
            revisions=tuple(history[row.id]),
        )
        for row in rows
    ]


async def _history(tryton: Tryton, ids: Sequence[int]) -> dict[int, list[Revision]]:
    """The revisions of each opportunity, oldest first; those of one moment are read with one call."""
    if not ids:
        return {}
    written: list[tuple[Moment, int, str | None]] = await tryton.call(
        "model.sale.opportunity.history_revisions", [list(ids)], list[tuple[Moment, int, str | None]]
    )
    by_moment: dict[Moment, dict[int, str | None]] = defaultdict(dict)
    for moment, number, user in written:
        by_moment[moment][number] = user
    few_at_once = asyncio.Semaphore(CALLS_AT_ONCE)

    async def as_it_was(moment: Moment, users: dict[int, str | None]) -> list[tuple[int, Revision]]:
        async with few_at_once:
            # A search, because the moment of a deletion is a revision too, and reading what is gone is an error.
            rows: list[_Then] = await tryton.call(
                "model.sale.opportunity.search_read",
                [[["id", "in", sorted(users)]], 0, None, None, THEN_FIELDS],
                list[_Then],
                _datetime=wire(moment.utc),
            )
        return [(row.id, _revision(moment, users.get(row.id), row)) for row in rows if row.state]

    moments = sorted(by_moment, key=lambda moment: moment.utc)
    found = await asyncio.gather(*(as_it_was(moment, by_moment[moment]) for moment in moments))
    history: dict[int, list[Revision]] = defaultdict(list)
    for revisions in found:
        for number, revision in revisions:
            history[number].append(revision)
    return history


def _revision(moment: Moment, user: str | None, row: _Then) -> Revision:
    return Revision(
        at=moment.utc,
        by=user,
        state=row.state or "",
        amount=row.amount.decimal if row.amount else None,
        employee=row.employee.rec_name if row.employee else None,
        lost_reason=row.lost_reason,
    )


def map_opportunity(
    source: str, stream: str, parties: str, raw: Opportunity | GoneOpportunity
) -> Iterator[Interaction | Tombstone]:
    """An interaction for each change of state; `parties` is the stream of the party. A lead of nobody gives none."""
    if isinstance(raw, GoneOpportunity):
        for revision, kind, _ in _changes_of_state(raw.revisions):
            identifier = _identifier(raw.id, revision, kind)
            yield Tombstone(source=source, stream=stream, id=identifier, deleted_at=raw.noticed_at)
        return
    if raw.party is None:
        return
    party = f"{source}/{parties}/{raw.party}"
    for sequence, (revision, kind, before) in enumerate(_changes_of_state(raw.revisions)):
        yield Interaction(
            source=source,
            stream=stream,
            id=_identifier(raw.id, revision, kind),
            kind=kind,
            occurred_at=revision.at,
            precision=Precision.MILLISECOND,
            sequence=sequence,
            person=None if raw.organisation else party,
            account=party if raw.organisation else None,
            function=BusinessFunction.SALES,
            channel=Channel.OTHER,
            direction=Direction.INTERNAL,
            agent=said(revision.employee) or said(revision.by),
            subject=said(raw.description),
            reason=_reason(revision),
            deal=f"{source}/{raw.id}",
            amount=float(revision.amount) if revision.amount else None,
            currency=raw.currency if revision.amount else None,
            extra={"stage": revision.state, **({"from_stage": before} if before else {})},
        )


def _changes_of_state(revisions: Sequence[Revision]) -> Iterator[tuple[Revision, str, str | None]]:
    """(revision, kind, state before) for each revision that changes the state."""
    before: str | None = None
    deal = False
    for revision in revisions:
        state = revision.state
        if state == before:
            continue
        if before is None and state == "lead":
            yield revision, "lead.created", None
        elif not deal and state not in ("lead", "lost", "cancelled"):
            if before == "lead":
                yield revision, "lead.accepted", before
            yield revision, "deal.created", before
            deal = True
            if state == "won":
                yield revision, "deal.won", before
        elif state in CLOSED:
            won_or_lost = "deal.won" if state == "won" else "deal.lost"
            yield revision, won_or_lost if deal else "lead.rejected", before
        else:
            yield revision, "deal.stage_changed", before
        before = state


def _identifier(number: int, revision: Revision, kind: str) -> str:
    return f"{number}@{revision.at:%Y%m%dT%H%M%S.%f}:{kind}"


def _reason(revision: Revision) -> str | None:
    if revision.state == "lost":
        return said(revision.lost_reason)
    return "cancelled" if revision.state == "cancelled" else None
