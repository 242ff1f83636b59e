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
from graph.sync.brake import is_held
from graph.sync.component import Component, ComponentPlan, plan_component, read_component, write_component
from graph.sync.contradiction import Chain, Decision, InForce, pairs_of
from graph.sync.derive import derive_stale
from graph.sync.effect import Effect, effect_of
from graph.sync.link import link_pending
from graph.sync.progress import Silence
from graph.sync.request import KEY_REUSED, request_hash

WAIT_SECONDS = 5.0
"""How long a decision waits for a sync that works: about one batch."""

MOST_AT_ONCE = 100
"""So many reviews are accepted in one go."""

_LOOKED_AT = 10 * MOST_AT_ONCE
"""So many are looked at for them: those that contradict a decision must not keep the others waiting."""

Code = Literal["NOT_FOUND", "INVALID", "CONTRADICTS_DECISION", "STALE_REVIEW", "IDEMPOTENCY_KEY_REUSED", "BUSY"]


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
    """The same request with the same key gives the same decision and changes nothing; another request is refused."""
    dry_run: bool = False


class LeftReview(msgspec.Struct, frozen=True):
    """A review that cannot be accepted, because decisions in force stand against it."""

    left: str
    right: str
    chain: Chain


class Done(msgspec.Struct, frozen=True):
    """What came of a decision."""

    effect: Effect
    decisions: tuple[Decision, ...] = ()
    """Those taken (or taken back); none when it was only tried."""
    left: tuple[LeftReview, ...] = ()
    """Of many reviews at once: those that wait on."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A review as it was seen: its two records, and their `version` then (None: whatever they say now)."""

    left: str
    right: str
    version: str | None = None


async def accept_match(store: Store, rules: Rules, pair: Pair, ask: Ask) -> Done:
    """Two records are one person; their customers become one. Raises Refused."""

    request = request_hash("accept", pair.left, pair.right, pair.version, ask.reason)

    async def work(lease: Lease | None) -> Done:
        await _check_review(store, pair)
        in_force = await decisions_in_force(store)
        whole = await _whole(store, rules, [_new("merge", (pair.left, pair.right))], in_force)
        for _, chain in whole.against:
            raise _contradicts(chain)
        return await _write(store, lease, rules, whole, ask, request)

    return await _once(store, ask, request, work)


async def reject_match(store: Store, rules: Rules, pair: Pair, ask: Ask) -> Done:
    """Two records are different people and never become one customer. Raises Refused."""

    request = request_hash("reject", pair.left, pair.right, pair.version, ask.reason)

    async def work(lease: Lease | None) -> Done:
        await _check_review(store, pair)
        return await _decide(store, lease, rules, _new("keep_apart", (pair.left, pair.right)), ask, request)

    return await _once(store, ask, request, work)


async def accept_above(store: Store, rules: Rules, probability: float, ask: Ask) -> Done:
    """Accept the likeliest open reviews of at least this probability, at most `MOST_AT_ONCE`, planned as one change.

    Those that contradict a decision are left, each with its chain; it names decisions that there are, so none of a
    trial. Raises Refused.
    """

    request = request_hash("accept above", probability, ask.reason)

    async def work(lease: Lease | None) -> Done:
        if not 0.5 <= probability <= 1:
            raise Refused("INVALID", "`aboveProbability` must lie between 0.5 and 1.", "aboveProbability")
        in_force = await decisions_in_force(store)
        rows = await store.read(cypher("writes/likely_reviews"), probability=probability, most=_LOOKED_AT)
        whole = await _whole(store, rules, [_new("merge", (left, right)) for left, right in rows], in_force)
        done = await _write(store, lease, rules, whole, ask, request)
        there = {decision.id for decision in (*in_force, *done.decisions)}
        left = [
            LeftReview(decision.records[0], decision.records[1], _only(chain, there))
            for decision, chain in whole.against
        ]
        return msgspec.structs.replace(done, left=tuple(left))

    return await _once(store, ask, request, work)


async def merge_customers(store: Store, rules: Rules, customers: Sequence[str], ask: Ask) -> Done:
    """Several customers (ids, former ones too) are one person. Raises Refused."""

    request = request_hash("merge", sorted(customers), ask.reason)

    async def work(lease: Lease | None) -> Done:
        records = await _people_of(store, customers, "customerIds")
        if len({customer for customer, _ in records}) < 2:
            raise Refused("INVALID", "These ids are one customer already; name at least two.", "customerIds")
        keys = tuple(sorted({key for _, key in records}))
        return await _decide(store, lease, rules, _new("merge", keys), ask, request)

    return await _once(store, ask, request, work)


async def split_customer(store: Store, rules: Rules, customer: str, records: Sequence[str], ask: Ask) -> Done:
    """These records of a customer are somebody else than the others. Raises Refused."""

    request = request_hash("split", customer, sorted(records), ask.reason)

    async def work(lease: Lease | None) -> Done:
        known = {key for _, key in await _people_of(store, [customer], "customerId")}
        apart = set(records)
        if foreign := sorted(apart - known):
            raise Refused("INVALID", f"{foreign[0]} is no person record of this customer.", "recordIds")
        if not apart or apart == known:
            raise Refused("INVALID", "Name some of the customer's records, and not all of them.", "recordIds")
        decision = _new("keep_apart", tuple(sorted(known)), tuple(sorted(apart)))
        return await _decide(store, lease, rules, decision, ask, request)

    return await _once(store, ask, request, work)


async def revert_decision(store: Store, rules: Rules, id: str, ask: Ask) -> Done:
    """Take a decision back; what it had joined or parted is linked as if it had never been. Raises Refused."""

    request = request_hash("revert", id, ask.reason)

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
            await tx.run(
                cypher("writes/revert_decision"),
                id=id,
                now=_now(),
                by=ask.by,
                reason=ask.reason,
                key=ask.idempotency_key,
                request=request,
            )
            await tx.run(cypher("writes/reopen_reviews"), id=id)
            await tx.run(cypher("writes/mark_pending"), keys=list(decision.records))

        await store.transaction(write)
        await _carry_out(store, lease, rules, planned, decision.records)
        return Done(effect, (decision,))

    return await _once(store, ask, request, work)


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


@dataclass(frozen=True, slots=True)
class _Whole:
    """Decisions that hold together, what linking by them gives, and those that others stand against."""

    taken: Sequence[Decision]
    planned: ComponentPlan | None
    """None when nothing is decided."""
    against: Sequence[tuple[Decision, Chain]]


async def _whole(store: Store, rules: Rules, wanted: Sequence[Decision], in_force: Sequence[Decision]) -> _Whole:
    """Accepted pairs, the first `MOST_AT_ONCE` that can be, planned together.

    What is accepted is that two customers are one: where a pair alone would tear records of theirs off, its decision
    binds all of them.
    """
    against: list[tuple[Decision, Chain]] = []
    taken = _without_contradictions(wanted, in_force, against)
    while taken:
        records = sorted({key for decision in taken for key in decision.records})
        planned = await _planned(store, rules, records, [*in_force, *taken])
        grown = [_with_torn_off(decision, planned) for decision in taken]
        if grown == taken:
            return _Whole(taken, planned, against)
        taken = _without_contradictions(grown, in_force, against)
    return _Whole((), None, against)


def _without_contradictions(
    wanted: Sequence[Decision], in_force: Sequence[Decision], against: list[tuple[Decision, Chain]]
) -> list[Decision]:
    """Those that hold together with the ones in force and the ones before them; the others go to `against`."""
    known = InForce(in_force)
    taken: list[Decision] = []
    for decision in wanted:
        if len(taken) == MOST_AT_ONCE:
            break
        chain = known.against(decision)
        if chain is None:
            known.add(decision)
            taken.append(decision)
        else:
            against.append((decision, chain))
    return taken


def _only(chain: Chain, ids: Collection[str]) -> Chain:
    """The chain without decisions that were planned and not taken: nobody could look them up."""
    return msgspec.structs.replace(chain, decisions=tuple(each for each in chain.decisions if each.id in ids))


def _with_torn_off(decision: Decision, planned: ComponentPlan) -> Decision:
    """The decision, with all records of its customers of today when these would not become one."""
    after, before = planned.customer_of, planned.component.current
    sides = {before[key] for key in decision.records if key in before}
    whole = [key for key in planned.component.people if before.get(key) in sides]
    if len({after[key] for key in whole}) == 1:
        return decision
    others = sorted({*whole} - {*decision.records})
    return msgspec.structs.replace(decision, records=(*decision.records, *others))


async def _decide(store: Store, lease: Lease | None, rules: Rules, decision: Decision, ask: Ask, request: str) -> Done:
    in_force = await decisions_in_force(store)
    chain = InForce(in_force).against(decision)
    if chain is not None:
        raise _contradicts(chain)
    planned = await _planned(store, rules, decision.records, [*in_force, decision])
    return await _write(store, lease, rules, _Whole([decision], planned, ()), ask, request)


async def _write(store: Store, lease: Lease | None, rules: Rules, whole: _Whole, ask: Ask, request: str) -> Done:
    """Write what is decided and carry it out; without a lease only tell what would change."""
    planned, taken = whole.planned, whole.taken
    if planned is None:
        return Done(Effect())
    effect = await effect_of(store, planned)
    if lease is None:
        return Done(effect)
    if planned.component.pending and await is_held(store):
        raise Refused(
            "BUSY", "The merge brake holds the last sync, and these records wait for it. Nothing was changed."
        )
    records = sorted({key for decision in taken for key in decision.records})
    rows = [
        {
            "id": decision.id,
            "kind": decision.kind,
            "records": list(decision.records),
            "apart": list(decision.apart) or None,
            "by": ask.by,
            "reason": ask.reason,
            "key": ask.idempotency_key,
            "request": request,
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


async def _once(store: Store, ask: Ask, request: str, work: _Work) -> Done:
    """Do the work under the lease, unless this request was answered before."""
    if ask.dry_run:
        return await work(None)
    before = await _decided_before(store, ask, request)
    if before is not None:
        return before
    try:
        async with store.lease("link", wait=WAIT_SECONDS) as lease:
            # The same request may have been at work while we waited for the lease.
            return await _decided_before(store, ask, request) or await work(lease)
    except LeaseBusy as busy:
        raise Refused("BUSY", f"{busy} Nothing was changed.") from None


async def _decided_before(store: Store, ask: Ask, request: str) -> Done | None:
    if ask.idempotency_key is None:
        return None
    rows = await store.read(cypher("writes/decisions_by_key"), key=ask.idempotency_key, by=ask.by)
    if not rows:
        return None
    refuse_another({row[-1] for row in rows}, request)
    decisions = [Decision(id, kind, tuple(records), tuple(apart or ())) for id, kind, records, apart, _ in rows]
    keys = sorted({key for decision in decisions for key in decision.records})
    customers = [id for (id,) in await store.read(cypher("writes/customers_of_records"), keys=keys)]
    return Done(Effect(customers=tuple(customers)), tuple(decisions))


def refuse_another(requests: Collection[str | None], request: str) -> None:
    """Raise Refused when another request than this came under its key; of older facts (None) nobody knows."""
    if not {*requests} <= {None, request}:
        raise Refused("IDEMPOTENCY_KEY_REUSED", KEY_REUSED, "idempotencyKey")


def _contradicts(chain: Chain) -> Refused:
    return Refused("CONTRADICTS_DECISION", chain.sentence, chain=chain.decisions)


def _new(kind: Literal["merge", "keep_apart"], records: tuple[str, ...], apart: tuple[str, ...] = ()) -> Decision:
    return Decision(str(uuid_utils.uuid7()), kind, records, apart)


def _now() -> int:
    return time.time_ns() // 1_000_000
