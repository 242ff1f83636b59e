"""Reviews, explanations and decisions over GraphQL, on records that were really linked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from api.plan.ids import encode_id
from api.plan.service import Service
from api.schema.schema import graphql_schema
from connectors.records import Channel, ConsentStatement, ConsentStatus, Person, Record
from graph.linkage.linkage import Review
from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.reviews import offer_all
from graph.sync.sync import sync
from tests.api.conftest import Ask, asker
from tests.sources import event, fixed_source, person

pytestmark = pytest.mark.anyio
EXAMPLES = Path(__file__).parents[2] / "examples" / "queries"
ADA, ADA_TOO, AUGUSTA, BOB = "crm/contacts/1", "help/users/1", "help/users/2", "crm/contacts/3"
RECORDS: list[Record] = [
    person(ADA, "Ada Byron", email="ada@byron.test"),
    person(ADA_TOO, "Ada Byron", email="ada@byron.test"),
    person(AUGUSTA, "Augusta King", email="augusta@king.test"),
    person(BOB, "Bob Stone", email="bob@stone.test"),
    event("crm/events/1", "form.submitted", "2026-01-01", ADA),
    event("help/events/1", "ticket.created", "2026-01-02", AUGUSTA),
    event("help/events/2", "ticket.replied", "2026-01-03", AUGUSTA),
]
REVIEWS = [(ADA, AUGUSTA, 0.5, 0.59), (AUGUSTA, BOB, -0.9, 0.35), (ADA, BOB, 0.9, 0.65)]

LIKELY = """mutation ($above: Float!) { acceptMatches(input: {aboveProbability: $above}) {
    decisions { id recordKeys } leftReviews { reviewId message decisionIds } userErrors { message } } }"""


@pytest.fixture
async def linked(store: Store) -> Store:
    """Four records, three customers, three pairs that wait for somebody."""
    await sync([fixed_source("test", *RECORDS)], store, Rules())
    async with store.lease("link") as lease:
        await offer_all(store, lease, [Review(*told) for told in REVIEWS], match_bits=1.0)
    return store


@pytest.fixture
def decide(linked: Store) -> Ask:
    """Ask and decide."""
    return asker(Service(graphql_schema(), linked, writes_to=linked))


def example(name: str) -> str:
    return (EXAMPLES / f"{name}.graphql").read_text(encoding="utf-8")


def record(key: str) -> str:
    return encode_id("SourceRecord", key)


async def run(ask: Ask, name: str, **variables: Any) -> Any:
    """The one answer of an example."""
    answer = await ask(example(name), **variables)
    assert "errors" not in answer, answer["errors"]
    (only,) = answer["data"].values()
    return only


async def customer_of(store: Store, key: str) -> str:
    ((id,),) = await store.read("MATCH (:SourceRecord {key: $key})-[:DESCRIBES]->(c:Customer) RETURN c.id", key=key)
    return encode_id("Customer", id)


async def test_the_queue_begins_with_the_least_certain_and_is_paged(decide: Ask) -> None:
    """Nearest the threshold first, with what is at stake; pages and filters hold."""
    found = await run(decide, "match_reviews")

    seen = [(node["weightBits"], node["interactionCount"]) for node in found["nodes"]]
    assert seen == [(0.9, 1), (0.5, 3), (-0.9, 2)]
    assert found["totalCount"] == 3
    assert found["nodes"][0]["first"]["customer"]["displayName"] == "Ada Byron"
    one = "{ matchReviews(first: 1) { nodes { id } pageInfo { endCursor } } }"
    cursor = (await decide(one))["data"]["matchReviews"]["pageInfo"]["endCursor"]
    rest = await decide(f'{{ matchReviews(first: 5, after: "{cursor}") {{ nodes {{ weightBits }} }} }}')
    assert [node["weightBits"] for node in rest["data"]["matchReviews"]["nodes"]] == [0.5, -0.9]
    likely = await decide("{ matchReviews(filter: {probability: {gte: 0.6}}) { totalCount } }")
    assert likely == {"data": {"matchReviews": {"totalCount": 1}}}


async def test_a_review_is_assigned_and_found_by_its_id_and_assignee(decide: Ask) -> None:
    """Who looks into a pair is told with it."""
    id = encode_id("MatchReview", f"{ADA}\n{AUGUSTA}")
    answer = await decide(
        """mutation ($id: ID!) { assignMatchReview(input: {reviewId: $id, assignee: "cleo"}) {
        review { id assignee } userErrors { code } } }""",
        id=id,
    )

    assert answer == {"data": {"assignMatchReview": {"review": {"id": id, "assignee": "cleo"}, "userErrors": []}}}
    mine = await decide('{ matchReviews(filter: {assignee: {eq: "cleo"}}) { nodes { id } } }')
    assert mine == {"data": {"matchReviews": {"nodes": [{"id": id}]}}}
    node = await decide("query ($id: ID!) { node(id: $id) { id ... on MatchReview { assignee } } }", id=id)
    assert node == {"data": {"node": {"id": id, "assignee": "cleo"}}}


async def test_a_match_is_accepted_with_its_reason_and_taken_back(decide: Ask, linked: Store) -> None:
    """One customer with the former id, by whom and why; taken back, each has its id again."""
    ada, augusta = await customer_of(linked, ADA), await customer_of(linked, AUGUSTA)
    review = {"review": encode_id("MatchReview", f"{ADA}\n{AUGUSTA}")}
    stale = await run(decide, "accept_match", **review, version="of yesterday")
    assert [error["code"] for error in stale["userErrors"]] == ["STALE_REVIEW"]
    assert (stale["decisions"], stale["customers"]) == ([], [])

    found = await run(decide, "accept_match", **review)

    assert found["userErrors"] == []
    assert found["customers"] == [{"id": ada, "displayName": "Augusta Byron", "formerIds": [augusta]}]
    (decision,) = found["decisions"]
    assert decision["decidedBy"] == "local"
    reverted = await run(decide, "revert_decision", decision=decision["id"])
    assert reverted["decisions"][0]["revertedBy"] == "local"
    assert (await customer_of(linked, ADA), await customer_of(linked, AUGUSTA)) == (ada, augusta)
    told = await decide("{ matchDecisions { nodes { kind reason revertedBecause } } }")
    assert told["data"]["matchDecisions"]["nodes"] == [
        {"kind": "MERGE", "reason": "Same person, new surname", "revertedBecause": "Two people after all"}
    ]


async def test_a_dry_run_tells_what_moves(decide: Ask, linked: Store) -> None:
    """A merge that is only tried names records and interactions, and nothing moves."""
    ada, augusta = await customer_of(linked, ADA), await customer_of(linked, AUGUSTA)

    found = await run(decide, "merge_customers", customers=[ada, augusta])

    assert found["userErrors"] == []
    assert found["change"]["movedRecords"] == [
        {"recordKey": AUGUSTA, "fromCustomerId": augusta, "toCustomerId": ada, "interactionCount": 2}
    ]
    assert found["change"]["retiredCustomerIds"] == [augusta]
    assert await customer_of(linked, AUGUSTA) == augusta


async def test_a_review_tells_what_accepting_it_would_change(store: Store) -> None:
    """The same as the dry run counts, before; what closed it, after, and then there is nothing left to change."""

    def said(status: ConsentStatus, purpose: str = "news") -> ConsentStatement:
        return ConsentStatement(channel=Channel.EMAIL, purpose=purpose, status=status)

    granted, revoked = ConsentStatus.GRANTED, ConsentStatus.REVOKED
    consents = {
        ADA: (said(granted), said(granted, "offers")),
        AUGUSTA: (said(revoked), said(granted, "offers"), said(granted, "surveys")),
        BOB: (said(granted), said(revoked, "offers"), said(revoked, "surveys")),
    }
    records = [
        msgspec.structs.replace(one, consents=consents.get(str(one.key), ())) if isinstance(one, Person) else one
        for one in RECORDS
    ]
    await sync([fixed_source("test", *records)], store, Rules())
    async with store.lease("link") as lease:
        await offer_all(store, lease, [Review(*told) for told in REVIEWS], match_bits=1.0)
    decide = asker(Service(graphql_schema(), store, writes_to=store))
    reviews = """{ matchReviews { nodes { id status decision { id kind isReverted }
        impact { customersMerged interactionsMoved consentsNarrowed } } } }"""
    trial = """mutation ($id: ID!) { acceptMatch(input: {reviewId: $id, dryRun: true}) { change {
        interactionCount retiredCustomerIds changedConsents { channel purpose before after } } } }"""

    before = (await decide(reviews))["data"]["matchReviews"]["nodes"]
    for review in before:
        change = (await decide(trial, id=review["id"]))["data"]["acceptMatch"]["change"]
        narrowed = {(each["channel"], each["purpose"]) for each in change["changedConsents"]
                    if each["before"] == "GRANTED"}  # fmt: skip
        assert review["impact"] == {
            "customersMerged": len(change["retiredCustomerIds"]) + 1,
            "interactionsMoved": change["interactionCount"],
            "consentsNarrowed": len(narrowed),
        }
        assert review["decision"] is None
    await run(decide, "accept_match", review=encode_id("MatchReview", f"{ADA}\n{AUGUSTA}"))
    after = {node["status"]: node for node in (await decide(reviews))["data"]["matchReviews"]["nodes"]}
    accepted = after["ACCEPTED"]["decision"]
    why = await run(decide, "match_explanation", records=[record(AUGUSTA), record(ADA)])
    await run(decide, "revert_decision", decision=accepted["id"])
    reverted = (await decide(reviews))["data"]["matchReviews"]["nodes"]

    assert {review["impact"]["interactionsMoved"] for review in before} == {0, 2}
    assert {review["impact"]["consentsNarrowed"] for review in before} == {1, 3}
    assert (accepted["kind"], accepted["isReverted"]) == ("MERGE", False)
    assert after["ACCEPTED"]["impact"] == {"customersMerged": 0, "interactionsMoved": 0, "consentsNarrowed": 0}
    assert [decision["id"] for decision in why["decisions"]] == [accepted["id"]]
    assert {node["status"]: node["decision"] for node in reverted} == {"OPEN": None}


async def test_a_customer_is_split_once_and_a_contradiction_names_its_decisions(decide: Ask, linked: Store) -> None:
    """The same request twice is one decision; merging what was split is refused with the decision against it."""
    ada = await customer_of(linked, ADA)
    wanted = {"customer": ada, "records": [record(ADA_TOO)]}

    first = await run(decide, "split_customer", **wanted)
    again = await run(decide, "split_customer", **wanted)

    assert [each["apartKeys"] for each in first["decisions"]] == [[ADA_TOO]]
    assert first["decisions"] == again["decisions"]
    assert await customer_of(linked, ADA_TOO) != await customer_of(linked, ADA)
    both = [await customer_of(linked, ADA), await customer_of(linked, ADA_TOO)]
    refused = await run(decide, "merge_customers", customers=both)
    (error,) = refused["userErrors"]
    assert (error["code"], error["decisionIds"]) == ("CONTRADICTS_DECISION", [first["decisions"][0]["id"]])


async def test_likely_reviews_are_accepted_at_once(decide: Ask, linked: Store) -> None:
    """Every pair above the probability is accepted, the others wait."""
    answer = await decide(LIKELY, above=0.58)

    assert answer["data"]["acceptMatches"]["userErrors"] == []
    assert answer["data"]["acceptMatches"]["leftReviews"] == []
    assert len(answer["data"]["acceptMatches"]["decisions"]) == 2
    assert len({await customer_of(linked, key) for key in (ADA, ADA_TOO, AUGUSTA, BOB)}) == 1


async def test_a_likely_review_that_contradicts_a_decision_is_left_and_told(decide: Ask, linked: Store) -> None:
    """With the chain of decisions against it; the others are accepted."""
    split = await run(decide, "split_customer", customer=await customer_of(linked, ADA), records=[record(ADA_TOO)])
    async with linked.lease("link") as lease:
        pairs = [Review(ADA, AUGUSTA, 3.0, 0.9), Review(ADA_TOO, AUGUSTA, 2.0, 0.8)]
        await offer_all(linked, lease, pairs, match_bits=1.0)

    answer = (await decide(LIKELY, above=0.5))["data"]["acceptMatches"]

    (left,) = answer["leftReviews"]
    assert left["reviewId"] == encode_id("MatchReview", f"{ADA_TOO}\n{AUGUSTA}")
    assert left["decisionIds"] == [answer["decisions"][0]["id"], split["decisions"][0]["id"]]
    assert "kept apart" in left["message"]
    assert answer["decisions"][0]["recordKeys"] == [ADA, AUGUSTA]


async def test_two_records_are_explained(decide: Ask) -> None:
    """Why they are one: the evidence with values and bits; why not: the keys on which they differ."""
    found = await run(decide, "match_explanation", records=[record(ADA), record(ADA_TOO)])
    apart = await run(decide, "match_explanation", records=[record(ADA), record(BOB)])

    assert found["isOneCustomer"] is True
    assert found["decisions"] == apart["decisions"] == []
    assert any("ada@byron.test" in item["line"] for item in found["evidence"])
    assert abs(sum(item["weightBits"] for item in found["evidence"]) - found["weightBits"]) < 0.1
    assert [customer["displayName"] for customer in found["customers"]] == ["Ada Byron"]
    query = """query ($records: [ID!]!) { matchExplanation(sourceRecordIds: $records) {
        customers { interactions(first: 1) { nodes { kind } } } } }"""
    deep = await decide(query, records=[record(ADA), record(ADA_TOO)])
    assert deep["data"]["matchExplanation"]["customers"] == [{"interactions": {"nodes": [{"kind": "form.submitted"}]}}]
    assert apart["isOneCustomer"] is False
    assert apart["keysDifferent"]
    assert len(apart["customers"]) == 2
    unknown = await decide(example("match_explanation"), records=[record(ADA), record("crm/contacts/99")])
    assert unknown["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


EXPLANATION = """{ outcome isOneCustomer weightBits thresholdBits probability rule evidence { line weightBits }
    keysShared keysDifferent decisions { id kind } trail { leftId rightId rule } modelVersion
    customers { id displayName interactions(first: 2) { nodes { kind } } } }"""


async def test_every_review_is_explained_as_the_two_records_alone_are(decide: Ask) -> None:
    """Open and decided ones, in a list, by id and in the answer of a change."""
    id = encode_id("MatchReview", f"{ADA}\n{AUGUSTA}")
    assign = 'mutation ($id: ID!) { assignMatchReview(input: {reviewId: $id, assignee: "cleo"}) { review { explanation '

    await run(decide, "accept_match", review=id)
    waiting = encode_id("MatchReview", f"{ADA}\n{BOB}")
    assigned = await decide(f"{assign} {EXPLANATION} }} }} }}", id=waiting)
    listed = await decide(
        "{ matchReviews { nodes { id status first { id } again: explanation { weightBits } second { id } "
        f"explanation {EXPLANATION} }} }} }}"
    )
    node = await decide(
        f"query ($id: ID!) {{ node(id: $id) {{ ... on MatchReview {{ explanation {EXPLANATION} }} }} }}", id=id
    )

    reviews = listed["data"]["matchReviews"]["nodes"]
    assert [review["status"] for review in reviews] == ["OPEN", "OPEN", "ACCEPTED"]
    for review in reviews:
        alone = await decide(
            f"query ($records: [ID!]!) {{ matchExplanation(sourceRecordIds: $records) {EXPLANATION} }}",
            records=[review["first"]["id"], review["second"]["id"]],
        )
        assert review["explanation"] == alone["data"]["matchExplanation"]
        assert review["again"] == {"weightBits": review["explanation"]["weightBits"]}
    assert reviews[2]["explanation"]["isOneCustomer"]
    assert [decision["kind"] for decision in reviews[2]["explanation"]["decisions"]] == ["MERGE"]
    assert reviews[2]["explanation"]["trail"]
    assert len(reviews[0]["explanation"]["customers"]) == 2
    assert node["data"]["node"]["explanation"] == reviews[2]["explanation"]
    explained = {(review["first"]["id"], review["second"]["id"]): review["explanation"] for review in reviews}
    assert assigned["data"]["assignMatchReview"]["review"]["explanation"] == explained[record(ADA), record(BOB)]


async def test_explanations_of_a_list_are_read_together(linked: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many queries for three reviews as for one; without one to explain nothing is read for it."""
    service = Service(graphql_schema(), linked, writes_to=linked)
    decide, asked = asker(service), list[str]()
    read = linked.read

    async def counted(query: str, /, **parameters: Any) -> list[list[Any]]:
        asked.append(query)
        return await read(query, **parameters)

    monkeypatch.setattr(linked, "read", counted)
    numbers = []
    for first, only in ((3, "lt: 1.0"), (1, "lt: 1.0"), (3, "lt: 0.1")):
        asked.clear()
        filter = f"filter: {{probability: {{{only}}}}}"
        found = await decide(
            f"{{ matchReviews(first: {first}, {filter}) {{ nodes {{ explanation {EXPLANATION} }} }} }}"
        )
        numbers.append((len(found["data"]["matchReviews"]["nodes"]), len(asked)))

    assert numbers[0] == (3, numbers[1][1])
    assert numbers[1][0] == 1
    assert numbers[2] == (0, 1)
    assert service.plans.walks == 0


async def test_a_review_without_a_model_is_told_without_its_explanation(decide: Ask, linked: Store) -> None:
    """The error stands at the explanation, says what to do, and everything else is answered."""
    await linked.write("MATCH (m:LinkageModel) DETACH DELETE m")

    found = await decide("{ matchReviews(first: 1) { totalCount nodes { weightBits explanation { outcome } } } }")

    assert found["data"] == {"matchReviews": {"totalCount": 3, "nodes": [{"weightBits": 0.9, "explanation": None}]}}
    (error,) = found["errors"]
    assert error["path"] == ["matchReviews", "nodes", 0, "explanation"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "c360 sync" in error["message"]


async def test_a_pair_that_cannot_be_explained_hides_no_other(decide: Ask, linked: Store) -> None:
    """Each error stands at its own review."""
    await linked.write("MATCH (r:SourceRecord {key: $key}) SET r.kind = 'mention'", key=BOB)

    found = await decide("{ matchReviews { nodes { id explanation { outcome } } } }")

    named = await decide("{ matchReviews { nodes { explanation { __typename } } } }")
    assert [error["path"] for error in named["errors"]] == [error["path"] for error in found["errors"]]
    told = [node["explanation"] is not None for node in found["data"]["matchReviews"]["nodes"]]
    assert sorted(told) == [False, False, True]
    assert [error["path"][2] for error in found["errors"]] == [at for at, is_told in enumerate(told) if not is_told]
    assert all("is a mention" in error["message"] for error in found["errors"])


async def test_a_record_whose_id_has_lines_is_explained(store: Store) -> None:
    """An id is whatever its source says."""
    odd = "crm/contacts/9\nx"
    await sync([fixed_source("test", *RECORDS, person(odd, "Bea Stone", email="bea@stone.test"))], store, Rules())
    async with store.lease("link") as lease:
        await offer_all(store, lease, [Review(ADA, odd, 0.5, 0.59), Review(ADA, BOB, 0.4, 0.57)], match_bits=1.0)
    decide = asker(Service(graphql_schema(), store, writes_to=store))

    found = await decide("{ matchReviews { nodes { second { key } explanation { evidence { right } } } } }")

    assert "errors" not in found, found["errors"]
    assert [node["second"]["key"] for node in found["data"]["matchReviews"]["nodes"]] == [odd, BOB]
    assert all(node["explanation"]["evidence"] for node in found["data"]["matchReviews"]["nodes"])


async def test_related_customers_are_told_by_kind(decide: Ask, linked: Store) -> None:
    """Who lives with a customer or works where they do, from either side."""
    await linked.write(
        "MATCH (:SourceRecord {key: $a})-[:DESCRIBES]->(a) MATCH (:SourceRecord {key: $b})-[:DESCRIBES]->(b) "
        "CREATE (a)-[:RELATED {kind: 'household', probability: 0.8}]->(b)",
        a=ADA,
        b=BOB,
    )
    query = """query ($id: ID!) { customer(id: $id) {
        all: relatedCustomers { nodes { kind probability customer { displayName } } }
        colleagues: relatedCustomers(kind: COLLEAGUE) { totalCount } } }"""

    answer = await decide(query, id=await customer_of(linked, BOB))

    assert answer["data"]["customer"] == {
        "all": {"nodes": [{"kind": "HOUSEHOLD", "probability": 0.8, "customer": {"displayName": "Ada Byron"}}]},
        "colleagues": {"totalCount": 0},
    }
