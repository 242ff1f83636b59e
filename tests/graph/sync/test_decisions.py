"""People's decisions: obeyed by every run, checked against each other, and taken back without a trace."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from connectors.records import Channel, ConsentStatement, ConsentStatus, Record
from graph.linkage.linkage import Review
from graph.rules import Rules
from graph.store.digest import digest
from graph.store.driver import Store
from graph.sync.asking import Ask, Refused
from graph.sync.component import ComponentPlan, plan_component, read_component
from graph.sync.contradiction import Decision, contradiction
from graph.sync.decisions import (
    Pair,
    accept_above,
    accept_match,
    merge_customers,
    reject_match,
    revert_decision,
    split_customer,
)
from graph.sync.rebuild import rebuild
from graph.sync.reviews import offer_all
from graph.sync.sync import sync
from tests.sources import event, fixed_source, person

pytestmark = pytest.mark.anyio
RULES = Rules()
ASK = Ask(by="cleo", reason="they said so")
START = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE: list[Record] = [
    person(
        "crm/contacts/1",
        "Ada Byron",
        email="ada@byron.test",
        consents=(ConsentStatement(channel=Channel.EMAIL, purpose="news", status=ConsentStatus.GRANTED),),
    ),
    person("help/users/1", "Ada Byron", email="ada@byron.test"),
    person(
        "help/users/2",
        "Augusta King",
        email="augusta@king.test",
        consents=(ConsentStatement(channel=Channel.EMAIL, purpose="news", status=ConsentStatus.REVOKED),),
    ),
    person("crm/contacts/3", "Bob Stone", email="bob@stone.test"),
    person("crm/contacts/4", "Cleo Marsh", email="cleo@marsh.test"),
]
EVENTS = [
    event("crm/events/1", "form.submitted", START, "crm/contacts/1"),
    event("help/events/1", "ticket.created", START + timedelta(days=1), "help/users/2"),
    event("help/events/2", "ticket.replied", START + timedelta(days=2), "help/users/2"),
    event("crm/events/2", "deal.won", START + timedelta(days=3), "crm/contacts/1"),
]


async def customers(store: Store) -> dict[str, str]:
    """Record → the customer that it describes."""
    return dict(await store.read("MATCH (r:SourceRecord)-[:DESCRIBES]->(c:Customer) RETURN r.key, c.id"))


async def offer(store: Store, *reviews: Review) -> None:
    """Let these pairs wait, as if the linkage had found them."""
    async with store.lease("link") as lease:
        await offer_all(store, lease, reviews, match_bits=1.0)


async def answering(store: Store, id: str) -> str:
    """The customer that answers for a former id."""
    ((now,),) = await store.read("MATCH (:FormerId {id: $id})-[:NOW]->(c:Customer) RETURN c.id", id=id)
    return str(now)


@pytest.fixture
async def company(store: Store) -> Store:
    """Five records, four people."""
    await sync([fixed_source("test", *PEOPLE, *EVENTS)], store, RULES)
    return store


async def test_a_merge_binds_and_its_undo_leaves_no_trace(company: Store) -> None:
    """Two customers become one with one journey; undone, the graph and all ids are what they were."""
    before, content = await customers(company), await digest(company)
    ada, augusta = before["crm/contacts/1"], before["help/users/2"]

    done = await merge_customers(company, RULES, [augusta, ada], ASK)

    after = await customers(company)
    assert after["help/users/2"] == after["crm/contacts/1"] == after["help/users/1"] == ada
    assert await answering(company, augusta) == ada
    ((steps,),) = await company.read("MATCH (c:Customer {id: $id})-[:EXPERIENCED]->(i) RETURN count(i)", id=ada)
    assert steps == 4

    await revert_decision(company, RULES, done.decisions[0].id, ASK)

    assert await customers(company) == before
    assert (await digest(company)).differences(content) == ()


async def test_a_trial_tells_what_would_change_and_changes_nothing(company: Store) -> None:
    """A dry run names the records, interactions and consents; the graph stays as it is."""
    before, content = await customers(company), await digest(company)
    ada, augusta = before["crm/contacts/1"], before["help/users/2"]

    done = await merge_customers(company, RULES, [ada, augusta], Ask(by="cleo", dry_run=True))

    assert done.decisions == ()
    assert [(m.record, m.to_customer, m.interactions) for m in done.effect.moved] == [("help/users/2", ada, 2)]
    assert done.effect.retired == (augusta,)
    changes = [(c.customer, c.before, c.after) for c in done.effect.consents]
    assert changes == [(ada, "GRANTED", "REVOKED")]
    assert (await digest(company)).value == content.value


async def test_a_split_holds_over_later_runs_and_is_undone(company: Store) -> None:
    """What weights would join stays apart, also after a rebuild; undone, both are one again under the old id."""
    before = await customers(company)
    ada = before["crm/contacts/1"]
    assert before["help/users/1"] == ada
    content = await digest(company)

    done = await split_customer(company, RULES, ada, ["help/users/1"], ASK)
    apart = await customers(company)
    await rebuild(company, RULES)

    assert apart["help/users/1"] != apart["crm/contacts/1"]
    assert await customers(company) == apart

    await revert_decision(company, RULES, done.decisions[0].id, ASK)

    assert await customers(company) == before
    assert (await digest(company)).differences(content) == ()
    assert await answering(company, apart["help/users/1"]) == ada


async def test_former_ids_answer_through_chains_and_go_along_when_parted(company: Store) -> None:
    """A becomes B's, B's becomes C's; when B is itself again, it answers for A."""
    before = await customers(company)
    bob, cleo, augusta = (before[key] for key in ("crm/contacts/3", "crm/contacts/4", "help/users/2"))
    await merge_customers(company, RULES, [bob, augusta], ASK)
    first = (await customers(company))["crm/contacts/3"]
    (gone,) = {bob, augusta} - {first}
    second = await merge_customers(company, RULES, [first, before["crm/contacts/1"]], ASK)

    assert await answering(company, gone) == (await customers(company))["crm/contacts/1"]

    await revert_decision(company, RULES, second.decisions[0].id, ASK)

    assert await answering(company, gone) == (await customers(company))["crm/contacts/3"] == first
    assert (await customers(company))["crm/contacts/4"] == cleo


async def test_what_contradicts_a_decision_is_refused_with_the_chain(company: Store) -> None:
    """A = B and B = C are decided: that A and C are different people cannot be, and nothing is written."""
    before = await customers(company)
    one, two, three = (before[key] for key in ("crm/contacts/3", "crm/contacts/4", "help/users/2"))
    first = await merge_customers(company, RULES, [one, two], ASK)
    second = await merge_customers(company, RULES, [two, three], ASK)
    content = await digest(company)

    with pytest.raises(Refused) as refused:
        await split_customer(company, RULES, one, ["crm/contacts/3"], ASK)

    assert refused.value.code == "CONTRADICTS_DECISION"
    assert {decision.id for decision in refused.value.chain} <= {first.decisions[0].id, second.decisions[0].id}
    assert (await digest(company)).value == content.value


async def test_the_same_key_decides_once(company: Store) -> None:
    """A request that is sent again gives the same decision."""
    before = await customers(company)
    ask = Ask(by="cleo", idempotency_key="request-1")
    ids = [before["crm/contacts/3"], before["crm/contacts/4"]]

    first = await merge_customers(company, RULES, ids, ask)
    again = await merge_customers(company, RULES, ids, ask)

    assert [decision.id for decision in again.decisions] == [decision.id for decision in first.decisions]
    assert await company.read("MATCH (d:Decision) RETURN count(d)") == [[1]]


async def test_taking_back_under_a_key_is_answered_once_like_every_other_decision(company: Store) -> None:
    """Sent again it gives the same decision and its customers, though somebody has decided the same anew meanwhile."""
    before = await customers(company)
    ids = [before["crm/contacts/3"], before["crm/contacts/4"]]
    merged = (await merge_customers(company, RULES, ids, ASK)).decisions[0].id
    ask = Ask(by="cleo", reason="two people", idempotency_key="back-1")
    first = await revert_decision(company, RULES, merged, ask)
    anew = (await merge_customers(company, RULES, ids, ASK)).decisions[0].id

    again = await revert_decision(company, RULES, merged, ask)
    with pytest.raises(Refused) as other:
        await revert_decision(company, RULES, anew, ask)

    assert [each.id for each in first.decisions] == [each.id for each in again.decisions] == [merged]
    assert again.effect.customers == ((await customers(company))["crm/contacts/3"],)
    assert (other.value.code, other.value.field) == ("IDEMPOTENCY_KEY_REUSED", "idempotencyKey")
    held = "MATCH (d:Decision) WHERE d.reverted_at IS NULL RETURN d.id"
    assert await company.read(held) == [[anew]]


async def test_a_key_with_another_request_is_refused_and_older_decisions_answer(company: Store) -> None:
    """Other customers, another reason, another kind, one by one and at once; of a fact without a hash nobody knows."""
    before = await customers(company)
    bob, cleo, augusta, ada = (
        before[key] for key in ("crm/contacts/3", "crm/contacts/4", "help/users/2", "crm/contacts/1")
    )
    ask = Ask(by="cleo", idempotency_key="request-3")

    done = await asyncio.gather(
        merge_customers(company, RULES, [bob, cleo], ask),
        merge_customers(company, RULES, [augusta, cleo], ask),
        return_exceptions=True,
    )
    (first,) = (each for each in done if not isinstance(each, BaseException))
    (refused,) = (each for each in done if isinstance(each, Refused))
    who = [bob, cleo] if done[0] is first else [augusta, cleo]
    others = (
        lambda: merge_customers(company, RULES, who, Ask(by="cleo", reason="twins", idempotency_key="request-3")),
        lambda: split_customer(company, RULES, ada, ["help/users/1"], ask),
        lambda: accept_above(company, RULES, 0.9, ask),
        lambda: accept_match(company, RULES, Pair("crm/contacts/1", "help/users/2"), ask),
        lambda: reject_match(company, RULES, Pair("crm/contacts/1", "help/users/2"), ask),
        lambda: revert_decision(company, RULES, first.decisions[0].id, ask),
    )
    codes = [refused.code]
    for other in others:
        with pytest.raises(Refused) as told:
            await other()
        codes.append(told.value.code)
    again = await merge_customers(company, RULES, who, ask)
    elses = await merge_customers(company, RULES, [bob, ada], Ask(by="dora", idempotency_key="request-3"))
    await company.write("MATCH (d:Decision {by: 'cleo'}) SET d.request = null")
    of_old = await split_customer(company, RULES, ada, ["help/users/1"], ask)

    assert codes == ["IDEMPOTENCY_KEY_REUSED"] * 7
    assert again.decisions == of_old.decisions == first.decisions
    assert elses.decisions != first.decisions
    assert await company.read("MATCH (d:Decision) RETURN count(d)") == [[2]]


async def test_requests_with_one_key_at_the_same_time_decide_once(company: Store) -> None:
    """The second waits for the first, and gives its decision."""
    before = await customers(company)
    ids = [before["crm/contacts/3"], before["crm/contacts/4"]]
    ask = Ask(by="cleo", idempotency_key="request-2")

    done = await asyncio.gather(*(merge_customers(company, RULES, ids, ask) for _ in range(2)))

    assert len({each.decisions[0].id for each in done}) == 1
    assert await company.read("MATCH (d:Decision) RETURN count(d)") == [[1]]


async def test_likely_reviews_are_accepted_as_one_plan_without_those_that_contradict(
    company: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three pairs, one against a split: it is left with its chain, the others are one change, planned once."""
    before = await customers(company)
    split = await split_customer(company, RULES, before["crm/contacts/1"], ["help/users/1"], ASK)
    await offer(
        company,
        Review("crm/contacts/1", "help/users/2", 3.0, 0.9),
        Review("help/users/1", "help/users/2", 2.5, 0.85),
        Review("crm/contacts/3", "crm/contacts/4", 2.0, 0.8),
        Review("crm/contacts/4", "help/users/2", -0.5, 0.4),
    )
    trial = await accept_above(company, RULES, 0.6, Ask(by="cleo", dry_run=True))
    plans: list[ComponentPlan] = []

    async def counted(*given: Any) -> ComponentPlan:
        plans.append(await plan_component(*given))
        return plans[-1]

    monkeypatch.setattr("graph.sync.held_together.plan_component", counted)
    done = await accept_above(company, RULES, 0.6, ASK)

    assert [decision.records for decision in done.decisions] == [
        ("crm/contacts/1", "help/users/2"),
        ("crm/contacts/3", "crm/contacts/4"),
    ]
    assert [(left.left, left.right) for left in done.left] == [("help/users/1", "help/users/2")]
    first = done.decisions[0].id
    assert {each.id for each in done.left[0].chain.decisions} == {first, split.decisions[0].id}
    assert len(plans) == 1
    assert (trial.decisions, trial.effect) == ((), done.effect)
    assert [(left.left, left.right) for left in trial.left] == [("help/users/1", "help/users/2")]
    assert trial.left[0].chain.decisions == split.decisions
    assert trial.left[0].chain.sentence == done.left[0].chain.sentence
    now = await customers(company)
    assert now["crm/contacts/1"] == now["help/users/2"]
    assert now["crm/contacts/3"] == now["crm/contacts/4"]
    assert len(set(now.values())) == 3


async def test_reviews_are_accepted_and_rejected_once_and_only_as_they_were_seen(company: Store) -> None:
    """An accepted pair is one customer, a rejected one stays two; a review that changed is stale."""
    before = await customers(company)
    pairs = [("crm/contacts/1", "help/users/2"), ("crm/contacts/3", "crm/contacts/4")]
    await offer(company, *(Review(one, two, 0.1, 0.6) for one, two in pairs))

    with pytest.raises(Refused) as refused:
        await accept_match(company, RULES, Pair("crm/contacts/1", "help/users/2", "of yesterday"), ASK)
    assert refused.value.code == "STALE_REVIEW"
    accepted = await accept_match(company, RULES, Pair("crm/contacts/1", "help/users/2"), ASK)
    await reject_match(company, RULES, Pair("crm/contacts/3", "crm/contacts/4"), ASK)
    with pytest.raises(Refused):
        await accept_match(company, RULES, Pair("crm/contacts/3", "crm/contacts/4"), ASK)

    now = await customers(company)
    assert now["help/users/2"] == now["crm/contacts/1"] == now["help/users/1"] == before["crm/contacts/1"]
    assert now["crm/contacts/3"] != now["crm/contacts/4"]
    await revert_decision(company, RULES, accepted.decisions[0].id, ASK)
    assert await customers(company) == before


async def test_a_component_holds_the_named_record_and_those_of_its_customer(company: Store) -> None:
    """One record is enough to find all that hang together with it, itself among them."""
    component = await read_component(company, RULES, ["crm/contacts/1"])

    assert sorted(component.people) == ["crm/contacts/1", "help/users/1"]


async def test_a_decision_gives_way_to_a_sync_that_works(company: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process links, a decision waits for a moment and then says that it was not taken."""
    monkeypatch.setattr("graph.sync.decisions.WAIT_SECONDS", 0.2)
    before = await customers(company)
    async with company.lease("link"):
        with pytest.raises(Refused) as refused:
            await merge_customers(company, RULES, [before["crm/contacts/3"], before["crm/contacts/4"]], ASK)

    assert refused.value.code == "BUSY"
    assert await company.read("MATCH (d:Decision) RETURN count(d)") == [[0]]


NAMES = ("Ada Byron", "Ada Birron", "Bob Stone", "Cleo Marsh")
EMAILS = (None, "ada@byron.test", "bob@stone.test", "cleo@marsh.test")
crowds = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(EMAILS), st.sampled_from((None, "+442071234567"))),
    min_size=3,
    max_size=9,
)


# Seeds: dice that hypothesis throws itself end a long example from within, which the event loop does not survive.
dices = st.integers(0, 2**32).map(random.Random)
_AS_THEY_ARE = settings(
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@settings(_AS_THEY_ARE, max_examples=6)
@given(crowd=crowds, dice=dices)
async def test_whatever_is_merged_or_split_can_be_undone(
    crowd: list[tuple[str, str | None, str | None]], dice: random.Random, store: Store
) -> None:
    """Decisions on a random graph give what linking everything gives; taken back, content and ids are as before."""
    await _decide_and_take_back(crowd, dice, store)


@pytest.mark.long
@settings(_AS_THEY_ARE, max_examples=60)
@given(crowd=crowds, dice=dices)
async def test_whatever_is_merged_or_split_can_be_undone_on_many_graphs(
    crowd: list[tuple[str, str | None, str | None]], dice: random.Random, store: Store
) -> None:
    """The same on ten times as many."""
    await _decide_and_take_back(crowd, dice, store)


async def _decide_and_take_back(
    crowd: list[tuple[str, str | None, str | None]], dice: random.Random, store: Store
) -> None:
    while (await store.write("MATCH (n) WHERE NOT n:Meta WITH n LIMIT 5000 DETACH DELETE n")).nodes_deleted:
        pass
    records: list[Record] = [
        person(f"{'crm' if n % 2 else 'help'}/people/{n}", name, email=email, phone=phone)
        for n, (name, email, phone) in enumerate(crowd)
    ]
    records += [
        event(
            f"crm/events/{n}", "form.submitted", START + timedelta(hours=n), f"{'crm' if n % 2 else 'help'}/people/{n}"
        )
        for n in range(len(crowd))
    ]
    await sync([fixed_source("test", *records)], store, RULES)
    before, content = await customers(store), await digest(store)

    taken: list[str] = []
    refusals: set[str] = set()
    for _ in range(3):
        now = await customers(store)
        ids = sorted(set(now.values()))
        of = dice.choice(ids)
        mine = sorted(key for key, id in now.items() if id == of)
        try:
            if len(mine) > 1 and dice.random() < 0.5:
                done = await split_customer(store, RULES, of, mine[: dice.randrange(1, len(mine))], ASK)
            elif len(ids) > 1:
                done = await merge_customers(store, RULES, dice.sample(ids, 2), ASK)
            else:
                continue
        except Refused as refused:
            refusals.add(refused.code)
            continue
        taken += [decision.id for decision in done.decisions]
    if taken:
        bound, here = await customers(store), await digest(store)
        await rebuild(store, RULES)
        assert await customers(store) == bound
        assert (await digest(store)).differences(here) == ()
    for id in reversed(taken):
        await revert_decision(store, RULES, id, ASK)

    assert refusals <= {"CONTRADICTS_DECISION"}
    assert await customers(store) == before
    assert (await digest(store)).differences(content) == ()


def test_a_chain_tells_every_decision_that_leads_from_one_record_to_the_other() -> None:
    """A = B, B = C, and A is not C: the chain names the two merges."""
    ab, bc = Decision("1", "merge", ("a", "b")), Decision("2", "merge", ("b", "c"))

    found = contradiction(Decision("3", "keep_apart", ("a", "c")), [ab, bc])

    assert found is not None
    assert [decision.id for decision in found.decisions] == ["1", "2"]
    assert "a = b = c" in found.sentence
    assert contradiction(Decision("3", "keep_apart", ("a", "d")), [ab, bc]) is None
    apart = Decision("4", "keep_apart", ("a", "c"))
    closing = contradiction(bc, [ab, apart])
    assert closing is not None
    assert [decision.id for decision in closing.decisions] == ["1", "4"]
