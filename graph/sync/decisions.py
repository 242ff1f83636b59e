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
from graph.rules import Rules
from graph.store.driver import Store, Transaction
from graph.store.errors import LeaseBusy
from graph.store.lease import Lease
from graph.sync.answers import answered_before, keep_answer
from graph.sync.asking import WAIT_SECONDS, Ask, Refused, refuse_another
from graph.sync.brake import is_held
from graph.sync.component import ComponentPlan, write_component
from graph.sync.contradiction import Chain, Decision, InForce
from graph.sync.derive import derive_stale
from graph.sync.effect import Effect, effect_of
from graph.sync.held_together import MOST_AT_ONCE, Whole, decisions_in_force, only_taken, planned_by, whole_of
from graph.sync.link import link_pending
from graph.sync.progress import Silence
from graph.sync.request import request_hash

_LOOKED_AT = 10 * MOST_AT_ONCE
"""So many are looked at for them: those that contradict a decision must not keep the others waiting."""


_Work = Callable[[Lease | None], Awaitable["Done"]]


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
        whole = await whole_of(store, rules, [_new("merge", (pair.left, pair.right))], in_force)
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
        whole = await whole_of(store, rules, [_new("merge", (left, right)) for left, right in rows], in_force)
        there = {decision.id for decision in (*in_force, *(whole.taken if lease else ()))}
        left = [
            LeftReview(decision.records[0], decision.records[1], only_taken(chain, there))
            for decision, chain in whole.against
        ]
        return await _write(store, lease, rules, whole, ask, request, tuple(left))

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
            return await _answered(store, lease, ask, request, Done(Effect(), (decision,)))
        others = [each for each in await decisions_in_force(store) if each.id != id]
        planned = await planned_by(store, rules, decision.records, others, [decision])
        effect = await effect_of(store, planned)
        if lease is None:
            return Done(effect)
        done = Done(effect, (decision,))

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
                outcome=_outcome(ask, done),
            )
            await tx.run(cypher("writes/reopen_reviews"), id=id)
            await tx.run(cypher("writes/mark_pending"), keys=list(decision.records))

        await store.transaction(write)
        await _carry_out(store, lease, rules, planned, decision.records)
        return done

    return await _once(store, ask, request, work)


async def assign_review(store: Store, pair: Pair, assignee: str | None, ask: Ask) -> None:
    """Say who looks into an open review. Raises Refused."""

    request = request_hash("assign", pair.left, pair.right, assignee)

    async def write(tx: Transaction) -> bool:
        if await answered_before(tx, ask, request) is not None:
            return True
        rows = await tx.run(cypher("writes/assign_review"), left=pair.left, right=pair.right, assignee=assignee)
        is_there = bool(rows[0][0])
        if is_there:
            await keep_answer(tx, ask, request, "{}")
        return is_there

    if ask.dry_run:
        is_there = await store.read_one(cypher("writes/read_review"), left=pair.left, right=pair.right) is not None
    else:
        is_there = await store.transaction(write)
    if not is_there:
        raise Refused("STALE_REVIEW", "This pair waits for nobody any more.", "reviewId")


async def relink(store: Store, lease: Lease, rules: Rules, records: Collection[str]) -> None:
    """Link and derive the component of these records again, by the model and the decisions in force."""
    planned = await planned_by(store, rules, records, await decisions_in_force(store))
    await _carry_out(store, lease, rules, planned, records)


async def _decide(store: Store, lease: Lease | None, rules: Rules, decision: Decision, ask: Ask, request: str) -> Done:
    in_force = await decisions_in_force(store)
    chain = InForce(in_force).against(decision)
    if chain is not None:
        raise _contradicts(chain)
    planned = await planned_by(store, rules, decision.records, [*in_force, decision])
    return await _write(store, lease, rules, Whole([decision], planned, ()), ask, request)


async def _write(
    store: Store,
    lease: Lease | None,
    rules: Rules,
    whole: Whole,
    ask: Ask,
    request: str,
    left: tuple[LeftReview, ...] = (),
) -> Done:
    """Write what is decided and carry it out; without a lease only tell what would change."""
    planned, taken = whole.planned, whole.taken
    if planned is None:
        return await _answered(store, lease, ask, request, Done(Effect(), left=left))
    effect = await effect_of(store, planned)
    if lease is None:
        return Done(effect, left=left)
    done = Done(effect, tuple(taken), left)
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
            "outcome": None if number else _outcome(ask, done),
        }
        for number, decision in enumerate(taken)
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
    return done


async def _answered(store: Store, lease: Lease | None, ask: Ask, request: str, done: Done) -> Done:
    """What changed nothing leaves no decision: its answer is kept under the key."""
    told = _outcome(ask, done)
    if lease is None or told is None:
        return done

    async def write(tx: Transaction) -> None:
        await lease.hold(tx)
        await keep_answer(tx, ask, request, told)

    await store.transaction(write)
    return done


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
    refuse_another({row[-1] for row in rows}, request)
    told = next((outcome for *_, outcome, _ in rows if outcome is not None), None)
    told = told or await answered_before(store, ask, request)
    if told is None and not rows:
        return None
    decisions = tuple(Decision(id, kind, tuple(records), tuple(apart or ())) for id, kind, records, apart, *_ in rows)
    if told is None:  # taken by an earlier version, which kept no answer
        keys = sorted({key for decision in decisions for key in decision.records})
        customers = [id for (id,) in await store.read(cypher("writes/customers_of_records"), keys=keys)]
        return Done(Effect(customers=tuple(customers)), decisions)
    done = msgspec.json.decode(told, type=Done)
    today = await store.read(cypher("writes/customers_of_today"), ids=list(done.effect.customers))
    return msgspec.structs.replace(
        done, effect=msgspec.structs.replace(done.effect, customers=tuple(id for (id,) in today))
    )


def _outcome(ask: Ask, done: Done) -> str | None:
    """What came of a request, to be answered again when it comes again."""
    return None if ask.idempotency_key is None else msgspec.json.encode(done).decode()


def _contradicts(chain: Chain) -> Refused:
    return Refused("CONTRADICTS_DECISION", chain.sentence, chain=chain.decisions)


def _new(kind: Literal["merge", "keep_apart"], records: tuple[str, ...], apart: tuple[str, ...] = ()) -> Decision:
    return Decision(str(uuid_utils.uuid7()), kind, records, apart)


def _now() -> int:
    return time.time_ns() // 1_000_000
