"""Every change that takes an `idempotencyKey` is done once, and its repetition has the first answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from graphql import get_named_type, is_leaf_type

from api.plan.ids import encode_id
from api.plan.service import Service
from api.schema.schema import graphql_schema
from graph.linkage.linkage import Review
from graph.rules import Rules
from graph.store.digest import digest
from graph.store.driver import Store
from graph.sync.reviews import offer_all
from graph.sync.sync import sync
from tests.api.conftest import asker
from tests.graph.alerts.company import ADA, BOB, CLEO, NOW, RULES, evaluate, load_by_sync
from tests.sources import fixed_source, person

pytestmark = pytest.mark.anyio
TOO = "help/users/3"
"""Another record of Cleo, which linkage finds."""
ELSEWHERE = {"startSync": "test_syncs.py: it needs sources"}
ORDERS: list[tuple[str, dict[str, Any]]] = [
    ("assignMatchReview", {"reviewId": "review of Ada and Bob", "assignee": "Uma Rai"}),
    ("rejectMatch", {"reviewId": "review of Ada and the other Cleo"}),
    ("acceptMatches", {"aboveProbability": 0.55}),
    ("revertMatchDecision", {"decisionId": "the last decision"}),
    ("splitCustomer", {"customerId": "Cleo", "recordIds": ["the other Cleo"]}),
    ("acceptMatch", {"reviewId": "review of Ada and Bob"}),
    ("mergeCustomers", {"customerIds": ["Ada", "Cleo"]}),
    ("pinField", {"customerId": "Ada", "field": "JOB_TITLE", "value": "Countess"}),
    ("pinField", {"customerId": "Ada", "field": "JOB_TITLE", "value": "Duchess"}),
    ("unpinField", {"customerId": "Ada", "field": "JOB_TITLE"}),
    ("assignAlert", {"alertId": "alert", "owner": "Uma Rai"}),
    ("acknowledgeAlert", {"alertId": "alert"}),
    ("snoozeAlert", {"alertId": "alert", "until": "2100-01-01T00:00:00Z"}),
    ("resolveAlert", {"alertId": "alert", "outcome": "RECOVERED"}),
    ("reopenAlert", {"alertId": "alert"}),
    (
        "recordInitiative",
        {"name": "call", "title": "Call", "function": "SALES", "owner": "Uma Rai", "start": "2026-03-01"},
    ),
    ("recordLifecycleBaseline", {"name": "March", "period": {"from": "2026-03-01", "to": "2026-04-01"}}),
    (
        "recordInteraction",
        {
            "who": {"customerId": "Ada"}, "kind": "call.made", "function": "SALES", "channel": "PHONE",
            "direction": "OUTBOUND",
        },
    ),
    (
        "recordSurveyResponse",
        {"who": {"customerId": "Ada"}, "metric": "CSAT", "score": 4.0, "scale": {"min": 1.0, "max": 5.0}},
    ),
]  # fmt: skip
"""The changes in an order in which each has something to do; texts of `_meant` stand for ids."""
ANOTHER: dict[str, dict[str, Any]] = {
    "acknowledgeAlert": {"alertId": "another alert"},
    "assignAlert": {"owner": "Ines Marl"},
    "assignMatchReview": {"assignee": "Ines Marl"},
    "recordInitiative": {"title": "Call them"},
    "recordInteraction": {"kind": "call.answered"},
    "recordLifecycleBaseline": {"unit": "ACCOUNT"},
    "recordSurveyResponse": {"score": 3.0},
    "reopenAlert": {"note": "Again."},
    "resolveAlert": {"note": "We called."},
    "snoozeAlert": {"until": "2100-02-01T00:00:00Z"},
}
"""What differs in another request with the same key; of all others it is the reason."""


def test_every_change_with_a_key_is_tried() -> None:
    """A new mutation with an `idempotencyKey` stands in ORDERS."""
    mutations = graphql_schema().mutation_type
    assert mutations is not None
    keyed = {
        name for name, field in mutations.fields.items()
        if "idempotencyKey" in get_named_type(field.args["input"].type).fields
    }  # fmt: skip

    assert keyed - set(ELSEWHERE) == {name for name, _ in ORDERS}


async def test_a_repetition_writes_nothing_and_has_the_first_answer(store: Store) -> None:
    """Each change of the API, sent twice with one key; another request with the key is refused with its code."""
    await load_by_sync(store)
    await sync([fixed_source("help", person(TOO, "Cleo Hart", email="cleo@hart.test"))], store, Rules())
    await evaluate(store)
    async with store.lease("link") as lease:
        pairs = [Review(ADA, BOB, 0.1, 0.52), Review(BOB, CLEO, 0.5, 0.6), Review(ADA, TOO, 0.0, 0.51)]
        await offer_all(store, lease, pairs, match_bits=1.0)
    at = datetime.fromtimestamp(NOW / 1000, UTC)
    ask = asker(Service(graphql_schema(), store, writes_to=store, rules=RULES, now=lambda: at))

    for number, (name, given) in enumerate(ORDERS):
        document = _document(name)
        asked = {**await _meant(store, given), "idempotencyKey": f"key {number}"}
        before = await digest(store)
        first = (await ask(document, input=asked))["data"][name]
        done = await digest(store)
        again = (await ask(document, input=asked))["data"][name]
        differing = await _meant(store, ANOTHER.get(name, {"reason": "another"}))
        (refused,) = (await ask(document, input={**asked, **differing}))["data"][name]["userErrors"]

        assert first["userErrors"] == [], name
        assert done != before, name
        assert _without_replay(again) == _without_replay(first), name
        assert refused["code"] == "IDEMPOTENCY_KEY_REUSED", name
        assert await digest(store) == done, name


async def test_an_answer_that_changed_nothing_is_the_answer_of_the_repetition_too(store: Store) -> None:
    """What came later does not matter: the request of the key was answered. Nor is its key free for another one."""
    await load_by_sync(store)
    ask = asker(Service(graphql_schema(), store, writes_to=store, rules=RULES))

    async def answered(name: str, **given: Any) -> dict[str, Any]:
        told: dict[str, Any] = (await ask(_document(name), input=given))["data"][name]
        return told

    none = await answered("acceptMatches", aboveProbability=0.6, idempotencyKey="none")
    async with store.lease("link") as lease:
        await offer_all(store, lease, [Review(ADA, BOB, 0.1, 0.9)], match_bits=1.0)
    same = await answered("acceptMatches", aboveProbability=0.6, idempotencyKey="none")
    other = await answered("acceptMatches", aboveProbability=0.7, idempotencyKey="none")
    await answered("acceptMatches", aboveProbability=0.8, idempotencyKey="some")
    decided = {"decisionId": (await _meant(store, {"id": "the last decision"}))["id"]}
    first = await answered("revertMatchDecision", **decided, idempotencyKey="first")
    late = await answered("revertMatchDecision", **decided, idempotencyKey="late")
    again = [await answered("revertMatchDecision", **decided, idempotencyKey=key) for key in ("first", "late")]
    taken = await answered("acceptMatches", aboveProbability=0.5, idempotencyKey="late")

    assert none["userErrors"] == none["decisions"] == []
    assert same == none
    assert first["customers"], "it has been accepted, and taken back"
    assert late["customers"] == []
    assert again == [first, late]
    codes = [[error["code"] for error in told["userErrors"]] for told in (other, taken)]
    assert codes == [["IDEMPOTENCY_KEY_REUSED"]] * 2


async def test_an_assignment_is_tried_and_repeated(store: Store) -> None:
    """A trial writes nothing; a repetition after somebody else was named, or after the decision, changes nothing."""
    await load_by_sync(store)
    async with store.lease("link") as lease:
        await offer_all(store, lease, [Review(ADA, BOB, 0.1, 0.9)], match_bits=1.0)
    ask = asker(Service(graphql_schema(), store, writes_to=store, rules=RULES))
    review = encode_id("MatchReview", f"{ADA}\n{BOB}")

    async def assigned(assignee: str, **more: Any) -> tuple[str | None, list[str]]:
        given = {"reviewId": review, "assignee": assignee, **more}
        document = """mutation ($input: AssignMatchReviewInput!) { assignMatchReview(input: $input) {
            review { assignee } userErrors { code } } }"""
        told = (await ask(document, input=given))["data"]["assignMatchReview"]
        return told["review"] and told["review"]["assignee"], [error["code"] for error in told["userErrors"]]

    assert await assigned("Uma", dryRun=True) == (None, [])
    assert await assigned("Uma", idempotencyKey="k") == ("Uma", [])
    assert await assigned("Ines") == ("Ines", [])
    assert await assigned("Uma", idempotencyKey="k") == ("Ines", [])
    await ask(_document("rejectMatch"), input={"reviewId": review})
    assert await assigned("Uma", idempotencyKey="k") == ("Ines", [])
    assert await assigned("Uma") == (None, ["STALE_REVIEW"])
    assert await assigned("Uma", dryRun=True) == (None, ["STALE_REVIEW"])


def _document(name: str) -> str:
    """The mutation with all that its payload says, and the ids of what it names."""
    mutations = graphql_schema().mutation_type
    assert mutations is not None
    field = mutations.fields[name]
    selected = []
    for told, of in get_named_type(field.type).fields.items():
        type_ = get_named_type(of.type)
        if is_leaf_type(type_):
            selected.append(told)
        else:
            fields = type_.fields
            inner = [part for part in ("id", "code", "key", "name") if part in fields]
            selected.append(f"{told} {{ {' '.join(inner) or '__typename'} }}")
    input_type = field.args["input"].type
    return f"mutation ($input: {input_type}) {{ {name}(input: $input) {{ {' '.join(selected)} }} }}"


def _without_replay(payload: dict[str, Any]) -> dict[str, Any]:
    return {name: told for name, told in payload.items() if name != "isReplay"}


async def _meant(store: Store, given: Any) -> Any:
    """The input with ids for the texts that stand for them."""
    if isinstance(given, dict):
        return {name: await _meant(store, value) for name, value in given.items()}
    if isinstance(given, list):
        return [await _meant(store, value) for value in given]
    query, typename = _IDS.get(given, (None, None)) if isinstance(given, str) else (None, None)
    if query is None or typename is None:
        return given
    return encode_id(typename, (await store.read(query))[0][0])


_OF = "MATCH (:SourceRecord {key: '%s'})-[:DESCRIBES]->(c:Customer) RETURN c.id"
_ALERT = "MATCH (a:Alert)-[:CONCERNS]->(:SourceRecord {key: '%s'}) RETURN a.id ORDER BY a.id"
_IDS = {
    "Ada": (_OF % ADA, "Customer"),
    "Cleo": (_OF % CLEO, "Customer"),
    "the other Cleo": (f"RETURN '{TOO}'", "SourceRecord"),
    "alert": (_ALERT % ADA, "Alert"),
    "another alert": (_ALERT % BOB, "Alert"),
    "the last decision": (
        "MATCH (d:Decision) WHERE d.reverted_at IS NULL RETURN d.id ORDER BY d.at DESC", "MatchDecision"
    ),
    "review of Ada and Bob": (f"RETURN '{ADA}\\n{BOB}'", "MatchReview"),
    "review of Ada and the other Cleo": (f"RETURN '{ADA}\\n{TOO}'", "MatchReview"),
}  # fmt: skip
