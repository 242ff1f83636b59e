"""People's decisions about who is who: facts with author, time and reason that every later run obeys.

A decision is checked against those in force, written, and its component is linked and derived again, all under the
lease `link`. Its records are marked pending in the transaction that writes it, so that a kill leaves work that the
next sync finds.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
import uuid_utils

from graph.cypher import cypher
from graph.linkage.rules import Decisions, LinkageError
from graph.rules import Rules
from graph.store.driver import Store, Transaction
from graph.store.errors import LeaseBusy
from graph.store.lease import Lease
from graph.sync.component import Component, ComponentPlan, plan_component, read_component, write_component
from graph.sync.contradiction import Decision, contradiction, pairs_of
from graph.sync.derive import derive_stale
from graph.sync.effect import Effect, effect_of
from graph.sync.link import link_pending
from graph.sync.progress import Silence

WAIT_SECONDS = 5.0
"""How long a decision waits for a sync that works: about one batch."""

MOST_AT_ONCE = 100
"""So many reviews are accepted in one go."""

Code = Literal["NOT_FOUND", "INVALID", "CONTRADICTS_DECISION", "STALE_REVIEW", "BUSY"]


_Work = Callable[[Lease | None], Awaitable["Done"]]


class Refused(Exception):
    """A decision that cannot be taken; `field` names the input that is to blame, `chain` the decisions against it."""

    def __init__(self, code: Code, message: str, field: str | None = None, chain: Sequence[Decision] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.chain = tuple(chain)


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """Who decides, why, and whether it is only tried."""

    by: str
    reason: str | None = None
    idempotency_key: str | None = None
    """The same key again gives the same decision and changes nothing."""
    dry_run: bool = False


class Done(msgspec.Struct, frozen=True):
    """What came of a decision."""

    effect: Effect
    decisions: tuple[Decision, ...] = ()
    """Those taken (or taken back); none when it was only tried."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A review as it was seen: its two records, and their `version` then (None: whatever they say now)."""

    left: str
    right: str
    version: str | None = None


async def accept_match(store: Store, rules: Rules, pair: Pair, ask: Ask) -> Done:
    """Two records are one person; their customers become one. Raises Refused."""
    return await _decided_before(store, rules, ask) or await _under_lease(
        store, ask, lambda lease: _accept(store, lease, rules, pair, ask)
    )


async def reject_match(store: Store, rules: Rules, pair: Pair, ask: Ask) -> Done:
    """Two records are different people and never become one customer. Raises Refused."""

    async def work(lease: Lease | None) -> Done:
        await _check_review(store, pair)
        return await _decide(store, lease, rules, [_new("keep_apart", (pair.left, pair.right))], ask)

    return await _decided_before(store, rules, ask) or await _under_lease(store, ask, work)


async def accept_above(store: Store, rules: Rules, probability: float, ask: Ask) -> Done:
    """Accept the likeliest open reviews of at least this probability, except those that contradict a decision.

    At most `MOST_AT_ONCE`. Raises Refused.
    """

    async def work(lease: Lease | None) -> Done:
        if not 0.5 <= probability <= 1:
            raise Refused("INVALID", "`aboveProbability` must lie between 0.5 and 1.", "aboveProbability")
        in_force = await decisions_in_force(store)
        taken: list[Decision] = []
        likely = await store.read(cypher("writes/likely_reviews"), probability=probability, most=MOST_AT_ONCE)
        for left, right in likely:
            decision = await _united(store, rules, _new("merge", (left, right)), [*in_force, *taken])
            if contradiction(decision, [*in_force, *taken]) is None:
                taken.append(decision)
        return await _decide(store, lease, rules, taken, ask)

    return await _decided_before(store, rules, ask) or await _under_lease(store, ask, work)


async def merge_customers(store: Store, rules: Rules, customers: Sequence[str], ask: Ask) -> Done:
    """Several customers (ids, former ones too) are one person. Raises Refused."""

    async def work(lease: Lease | None) -> Done:
        records = await _people_of(store, customers, "customerIds")
        if len({customer for customer, _ in records}) < 2:
            raise Refused("INVALID", "These ids are one customer already; name at least two.", "customerIds")
        keys = tuple(sorted({key for _, key in records}))
        return await _decide(store, lease, rules, [_new("merge", keys)], ask)

    return await _decided_before(store, rules, ask) or await _under_lease(store, ask, work)


async def split_customer(store: Store, rules: Rules, customer: str, records: Sequence[str], ask: Ask) -> Done:
    """These records of a customer are somebody else than the others. Raises Refused."""

    async def work(lease: Lease | None) -> Done:
        known = {key for _, key in await _people_of(store, [customer], "customerId")}
        apart = set(records)
        if foreign := sorted(apart - known):
            raise Refused("INVALID", f"{foreign[0]} is no person record of this customer.", "recordIds")
        if not apart or apart == known:
            raise Refused("INVALID", "Name some of the customer's records, and not all of them.", "recordIds")
        decision = _new("keep_apart", tuple(sorted(known)), tuple(sorted(apart)))
        return await _decide(store, lease, rules, [decision], ask)

    return await _decided_before(store, rules, ask) or await _under_lease(store, ask, work)


async def revert_decision(store: Store, rules: Rules, id: str, ask: Ask) -> Done:
    """Take a decision back; what it had joined or parted is linked as if it had never been. Raises Refused."""

    async def work(lease: Lease | None) -> Done:
        row = await store.read_one(cypher("writes/read_decision"), id=id)
        if row is None:
            raise Refused("NOT_FOUND", "There is no such decision.", "decisionId")
        decision = Decision(id, row[0], tuple(row[1]), tuple(row[2] or ()))
        if row[3]:
            return Done(Effect(), (decision,))
        others = [each for each in await decisions_in_force(store) if each.id != id]
        planned = await _planned(store, rules, decision.records, others, [decision])
        effect = await effect_of(store, planned)
        if lease is None:
            return Done(effect)

        async def write(tx: Transaction) -> None:
            await lease.hold(tx)
            await tx.run(cypher("writes/revert_decision"), id=id, now=_now(), by=ask.by, reason=ask.reason)
            await tx.run(cypher("writes/reopen_reviews"), id=id)
            await tx.run(cypher("writes/mark_pending"), keys=list(decision.records))

        await store.transaction(write)
        await _carry_out(store, lease, rules, planned, decision.records)
        return Done(effect, (decision,))

    return await _under_lease(store, ask, work)


async def assign_review(store: Store, pair: Pair, assignee: str | None) -> None:
    """Say who looks into an open review. Raises Refused."""

    async def write(tx: Transaction) -> int:
        rows = await tx.run(cypher("writes/assign_review"), left=pair.left, right=pair.right, assignee=assignee)
        found: int = rows[0][0]
        return found

    if not await store.transaction(write):
        raise Refused("STALE_REVIEW", "This pair waits for nobody any more.", "reviewId")


async def relink(store: Store, lease: Lease, rules: Rules, records: Collection[str]) -> None:
    """Link and derive the component of these records again, by the model and the decisions in force."""
    planned = await _planned(store, rules, records, await decisions_in_force(store))
    await _carry_out(store, lease, rules, planned, records)


async def decisions_in_force(store: Store) -> list[Decision]:
    """What people decided and did not take back, the oldest first."""
    rows = await store.read(cypher("writes/decisions_in_force"))
    return [Decision(id, kind, tuple(records), tuple(apart or ())) for id, kind, records, apart in rows]


async def _accept(store: Store, lease: Lease | None, rules: Rules, pair: Pair, ask: Ask) -> Done:
    await _check_review(store, pair)
    decision = await _united(store, rules, _new("merge", (pair.left, pair.right)), await decisions_in_force(store))
    return await _decide(store, lease, rules, [decision], ask)


async def _united(store: Store, rules: Rules, decision: Decision, in_force: Sequence[Decision]) -> Decision:
    """The merge of a pair, with all records of both customers where the pair alone would tear some of them off.

    What is accepted is that the two customers are one.
    """
    if contradiction(decision, in_force) is not None:
        return decision
    planned = await _planned(store, rules, decision.records, [*in_force, decision])
    after, before = planned.customer_of, planned.component.current
    sides = {before[key] for key in decision.records if key in before}
    whole = [key for key in planned.component.people if before.get(key) in sides]
    if len({after[key] for key in whole}) == 1:
        return decision
    others = sorted({*whole} - {*decision.records})
    return msgspec.structs.replace(decision, records=(*decision.records, *others))


async def _decide(store: Store, lease: Lease | None, rules: Rules, taken: Sequence[Decision], ask: Ask) -> Done:
    if not taken:
        return Done(Effect())
    in_force = await decisions_in_force(store)
    _refuse_contradictions(taken, in_force)
    records = sorted({key for decision in taken for key in decision.records})
    planned = await _planned(store, rules, records, [*in_force, *taken])
    effect = await effect_of(store, planned)
    if lease is None:
        return Done(effect)
    rows = [
        {
            "id": decision.id,
            "kind": decision.kind,
            "records": list(decision.records),
            "apart": list(decision.apart) or None,
            "by": ask.by,
            "reason": ask.reason,
            "key": ask.idempotency_key,
        }
        for decision in taken
    ]
    status = [
        [decision.records[0], decision.records[1], "ACCEPTED" if decision.kind == "merge" else "REJECTED", decision.id]
        for decision in taken
    ]

    async def write(tx: Transaction) -> None:
        await lease.hold(tx)
        await tx.run(cypher("writes/decide"), rows=rows, now=_now())
        await tx.run(cypher("writes/close_reviews"), rows=status)
        await tx.run(cypher("writes/mark_pending"), keys=records)

    await store.transaction(write)
    await _carry_out(store, lease, rules, planned, records)
    return Done(effect, tuple(taken))


async def _planned(
    store: Store,
    rules: Rules,
    records: Collection[str],
    decisions: Sequence[Decision],
    reverted: Sequence[Decision] = (),
) -> ComponentPlan:
    hanging = [pair for decision in (*decisions, *reverted) if decision.kind == "merge" for pair in pairs_of(decision)]
    try:
        component = await read_component(store, rules, records, hanging)
        return await plan_component(store, rules, component, _pairs(component, decisions))
    except LinkageError as error:
        raise Refused("INVALID", str(error)) from None


def _pairs(component: Component, decisions: Sequence[Decision]) -> Decisions:
    found: dict[str, set[tuple[str, str]]] = {"merge": set(), "keep_apart": set()}
    # Relatives are linked along: without the decisions about them they would pull records over.
    known = component.people.keys() | component.relatives.keys()
    for decision in decisions:
        found[decision.kind].update(pair for pair in pairs_of(decision, known) if pair[0] in known and pair[1] in known)
    return Decisions(tuple(sorted(found["merge"])), tuple(sorted(found["keep_apart"])))


async def _carry_out(
    store: Store, lease: Lease, rules: Rules, planned: ComponentPlan, records: Collection[str]
) -> None:
    if planned.component.pending:
        # Records of the component have changed and may hang together with others now: link all that waits.
        await link_pending(store, lease, rules, Silence())
    else:
        await write_component(store, lease, planned, records)
    await derive_stale(store, lease, rules, Silence())


async def _people_of(store: Store, customers: Sequence[str], field: str) -> list[tuple[str, str]]:
    """(customer of today, person record) of all these customers."""
    found: list[tuple[str, str]] = []
    for id in dict.fromkeys(customers):
        rows = await store.read(cypher("writes/people_of_customer"), id=id)
        if not rows:
            raise Refused("NOT_FOUND", "There is no such customer, or it has no person records.", field)
        found += [(customer, key) for customer, key in rows]
    return found


async def _check_review(store: Store, pair: Pair) -> None:
    row = await store.read_one(cypher("writes/read_review"), left=pair.left, right=pair.right)
    if row is None:
        raise Refused(
            "STALE_REVIEW", "This pair waits for nobody any more: the records or a decision changed.", "reviewId"
        )
    version, pending = row
    if pending or (pair.version is not None and pair.version != version):
        raise Refused("STALE_REVIEW", "A record of this pair has changed since it was offered; look again.", "version")


async def _decided_before(store: Store, rules: Rules, ask: Ask) -> Done | None:
    if ask.idempotency_key is None or ask.dry_run:
        return None
    rows = await store.read(cypher("writes/decisions_by_key"), key=ask.idempotency_key, by=ask.by)
    if not rows:
        return None
    decisions = [Decision(id, kind, tuple(records), tuple(apart or ())) for id, kind, records, apart in rows]
    keys = sorted({key for decision in decisions for key in decision.records})
    customers = [id for (id,) in await store.read(cypher("writes/customers_of_records"), keys=keys)]
    return Done(Effect(customers=tuple(customers)), tuple(decisions))


async def _under_lease(store: Store, ask: Ask, work: _Work) -> Done:
    if ask.dry_run:
        return await work(None)
    try:
        async with store.lease("link", wait=WAIT_SECONDS) as lease:
            return await work(lease)
    except LeaseBusy as busy:
        raise Refused("BUSY", f"{busy} Nothing was changed.") from None


def _refuse_contradictions(taken: Sequence[Decision], in_force: Sequence[Decision]) -> None:
    known = list(in_force)
    for decision in taken:
        chain = contradiction(decision, known)
        if chain is not None:
            raise Refused("CONTRADICTS_DECISION", chain.sentence, chain=chain.decisions)
        known.append(decision)


def _new(kind: Literal["merge", "keep_apart"], records: tuple[str, ...], apart: tuple[str, ...] = ()) -> Decision:
    return Decision(str(uuid_utils.uuid7()), kind, records, apart)


def _now() -> int:
    return time.time_ns() // 1_000_000
