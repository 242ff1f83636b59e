"""What people and web applications report themselves is a fact, and shows at once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from api.plan.ids import encode_id, key_of
from api.plan.service import Service
from api.schema.schema import graphql_schema
from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.sync import sync
from tests.api.conftest import Ask, asker
from tests.sources import event, fixed_source, person

pytestmark = pytest.mark.anyio
EXAMPLES = Path(__file__).parents[2] / "examples" / "queries"
RECORD = """mutation ($input: RecordInteractionInput!) { recordInteraction(input: $input) {
    interaction { id kind source text ticket { key status } customer { displayName } }
    customer { displayName interactions(first: 1) { nodes { kind } } interactionCount }
    isPending isReplay userErrors { code field message customerIds } } }"""
ANSWER = """mutation ($input: RecordSurveyResponseInput!) { recordSurveyResponse(input: $input) {
    surveyResponse { metric program rawScore scale { min max } comment about { method interaction { kind } } }
    customer { displayName surveyResponses { totalCount } } isPending userErrors { code field } } }"""
CALL = {"kind": "call.made", "function": "SERVICE", "channel": "PHONE", "direction": "INBOUND"}
HERS = {"emailAddress": "Ada@Byron.test"}


async def company(store: Store) -> Ask:
    source = fixed_source(
        "crm",
        person("crm/contacts/1", "Ada Byron", email="ada@byron.test"),
        person("crm/contacts/2", "Bob Quist", email="info@quist.test"),
        person("crm/contacts/3", "Cleo Sand", email="info@quist.test", phone="+46701740605"),
        event("crm/t/1", "ticket.created", "2026-01-01", "crm/contacts/1", ticket="crm/7"),
    )
    await sync([source], store, Rules())
    return asker(Service(graphql_schema(), store, writes_to=store))


async def recorded(ask: Ask, **given: Any) -> Any:
    answer = await ask(RECORD, input={**CALL, **given})
    assert "errors" not in answer, answer["errors"]
    return answer["data"]["recordInteraction"]


async def test_an_interaction_is_in_the_journey_at_once_and_stays_there(store: Store) -> None:
    """Reported by address it is the newest of her journey, in her ticket; a later sync of everything keeps it."""
    ask = await company(store)
    done = await recorded(
        ask, who=HERS, text=" Where is it? ", ticket="crm/7", amount={"amount": 5, "currencyCode": "EUR"}
    )

    assert done["userErrors"] == []
    assert done["interaction"].pop("id")
    assert done == {
        "interaction": {
            "kind": "call.made",
            "source": "recorded",
            "text": "Where is it?",
            "ticket": {"key": "crm/7", "status": "OPEN"},
            "customer": {"displayName": "Ada Byron"},
        },
        "customer": {
            "displayName": "Ada Byron",
            "interactions": {"nodes": [{"kind": "call.made"}]},
            "interactionCount": 2,
        },
        "isPending": False,
        "isReplay": False,
        "userErrors": [],
    }
    await sync(
        [fixed_source("crm", person("crm/contacts/1", "Ada King", email="ada@byron.test"))], store, Rules(), full=True
    )
    found = await ask('{ customerByIdentifier(identifier: {emailAddress: "ada@byron.test"}) { interactionCount } }')
    assert found["data"]["customerByIdentifier"] == {"interactionCount": 2}


async def test_a_request_that_is_sent_again_gives_the_first_answer(store: Store) -> None:
    """The same key records once and gives the first answer; another key records another."""
    ask = await company(store)
    first = await recorded(ask, who=HERS, text="one", idempotencyKey="k")
    again = await recorded(ask, who=HERS, text="one", idempotencyKey="k")
    other = await recorded(ask, who=HERS, text="three", idempotencyKey="l")

    assert again == {**first, "isReplay": True}
    assert other["interaction"]["id"] != first["interaction"]["id"]
    assert other["customer"]["interactionCount"] == 3


async def test_requests_with_one_key_at_the_same_moment_record_once(store: Store) -> None:
    """All have the id of the one interaction that there is."""
    ask = await company(store)
    done = await asyncio.gather(*(recorded(ask, who=HERS, idempotencyKey="k") for _ in range(4)))

    assert [one["userErrors"] for one in done] == [[]] * 4
    assert len({one["interaction"]["id"] for one in done}) == 1
    assert await store.read("MATCH (i:Interaction) WHERE i.source = 'recorded' RETURN count(i)") == [[1]]


async def test_a_key_with_another_report_is_refused(store: Store) -> None:
    """Whatever differs, also an answer to a survey, also when it is only tried; of an older fact nobody knows."""
    ask = await company(store)
    first = await recorded(ask, who=HERS, text="one", extra={"a": 1, "b": 2}, idempotencyKey="k")
    same = {"who": HERS, "text": "one", "extra": {"b": 2, "a": 1}, "idempotencyKey": "k"}
    again = await recorded(ask, **same)
    tried = await recorded(ask, **same, dryRun=True)
    others = [
        await recorded(ask, **{**same, **other})
        for other in (
            {"who": {"phoneNumber": "+46701740605"}},
            {"text": "two"},
            {"extra": {"a": 1}},
            {"kind": "call.missed"},
            {"occurredAt": "2026-01-01T00:00:00Z"},
            {"text": "two", "dryRun": True},
        )
    ]
    given = {"who": HERS, "metric": "CSAT", "score": 2, "scale": {"min": 1, "max": 5}, "idempotencyKey": "k"}
    others.append((await ask(ANSWER, input=given))["data"]["recordSurveyResponse"])
    await store.write("MATCH (i:Interaction {source: 'recorded'}) SET i.request = null")
    of_old = await recorded(ask, **{**same, "text": "two"})

    assert again == tried == of_old == {**first, "isReplay": True}
    errors = [error for other in others for error in other["userErrors"]]
    assert [(error["code"], error["field"]) for error in errors] == [("IDEMPOTENCY_KEY_REUSED", "idempotencyKey")] * 7
    kept = "MATCH (i:Interaction) WHERE i.source = 'recorded' RETURN i.text, i.kind"
    assert await store.read(kept) == [["one", "call.made"]]


async def test_other_reports_with_one_key_at_the_same_moment_are_refused(store: Store) -> None:
    """Of several that differ exactly one is kept, as it was told; the others are told so, whichever API they ask."""
    one = await company(store)
    other = asker(Service(graphql_schema(), store, writes_to=store))
    for key in "abc":
        said = [{"who": {"anonymousId": f"visitor-{key}{n}"}, "text": f"text {n}"} for n in range(6)]
        done = await asyncio.gather(
            *(recorded((one, other)[n % 2], **each, idempotencyKey=key) for n, each in enumerate(said))
        )
        (kept,) = (each["interaction"] for each in done if not each["userErrors"])
        refused = [error["code"] for each in done for error in each["userErrors"]]
        found = await store.read("MATCH (i:Interaction {id: $id}) RETURN i.text", id=key_of(kept["id"], "Interaction"))

        assert refused == ["IDEMPOTENCY_KEY_REUSED"] * 5
        assert found == [[kept["text"]]]
    counted = await store.read(
        "MATCH (i:Interaction) WHERE i.source = 'recorded' RETURN count(i), count(DISTINCT i.record)"
    )
    mentions = await store.read("MATCH (r:SourceRecord {kind: 'mention'}) RETURN count(r)")
    assert (counted, mentions) == ([[3, 3]], [[3]])


@pytest.mark.parametrize("example", ["record_interaction", "record_survey_response"])
async def test_the_examples_record(store: Store, example: str) -> None:
    """Each runs as it stands, with an address."""
    ask = await company(store)
    answer = await ask((EXAMPLES / f"{example}.graphql").read_text(encoding="utf-8"), emailAddress="ada@byron.test")

    (payload,) = answer["data"].values()
    assert payload["customer"]["displayName"] == "Ada Byron"
    assert payload["userErrors"] == []


async def test_an_answer_to_a_survey_is_a_score_about_what_came_before(store: Store) -> None:
    """Its raw score, scale and comment are kept, and it is about the interaction before it."""
    ask = await company(store)
    await recorded(ask, who=HERS)
    given = {
        "who": HERS, "metric": "CSAT", "score": 2, "scale": {"min": 1, "max": 5}, "program": "TRANSACTIONAL",
        "comment": "I had to say it twice.",
    }  # fmt: skip
    done = (await ask(ANSWER, input=given))["data"]["recordSurveyResponse"]

    assert done == {
        "surveyResponse": {
            "metric": "CSAT",
            "program": "TRANSACTIONAL",
            "rawScore": 2.0,
            "scale": {"min": 1.0, "max": 5.0},
            "comment": "I had to say it twice.",
            "about": {"method": "INFERRED", "interaction": {"kind": "call.made"}},
        },
        "customer": {"displayName": "Ada Byron", "surveyResponses": {"totalCount": 1}},
        "isPending": False,
        "userErrors": [],
    }


async def test_somebody_unknown_is_a_customer_after_the_next_sync(store: Store) -> None:
    """Until then the interaction waits; a sync of nothing else links it."""
    ask = await company(store)
    done = await recorded(ask, who={"anonymousId": "visitor-9"})
    assert (done["customer"], done["isPending"], done["userErrors"]) == (None, True, [])

    await sync([], store, Rules())

    found = await ask("query ($id: ID!) { node(id: $id) { ... on Interaction { customer { sources } } } }",
                      id=done["interaction"]["id"])  # fmt: skip
    assert found["data"]["node"] == {"customer": {"sources": ["recorded"]}}


async def test_what_cannot_be_recorded_is_told_and_leaves_nothing(store: Store) -> None:
    """Each mistake has its code and field; neither it nor a dry run writes anything."""
    ask = await company(store)

    async def refused(**given: Any) -> Any:
        done = await recorded(ask, **{"who": HERS, **given})
        assert done["interaction"] is None
        (error,) = done["userErrors"]
        return error["code"], error["field"], len(error["customerIds"])

    assert await refused(who={"customerId": encode_id("Customer", "none")}) == ("NOT_FOUND", "who", 0)
    assert await refused(who={"emailAddress": "no address"}) == ("INVALID", "who", 0)
    assert await refused(who={"emailAddress": "info@quist.test"}) == ("AMBIGUOUS_IDENTIFIER", "who", 2)
    assert await refused(kind=" ") == ("INVALID", "kind", 0)
    assert await refused(occurredAt="2999-01-01T00:00:00Z") == ("INVALID", "occurredAt", 0)
    assert await refused(endedAt="2020-01-01T00:00:00Z") == ("INVALID", "endedAt", 0)
    assert await refused(ticket="7") == ("INVALID", "ticket", 0)
    assert await refused(extra=[1]) == ("INVALID", "extra", 0)
    score = {"who": HERS, "metric": "NPS", "score": 11, "scale": {"min": 0, "max": 10}}
    for given, field in (
        (score, "score"),
        ({**score, "score": 7.5}, "score"),
        ({**score, "scale": {"min": 1, "max": 5}}, "scale"),
        ({**score, "metric": "CES", "score": 2, "scale": {"min": 1, "max": 5}}, "scale"),
        ({**score, "metric": "CES", "score": 5.5, "scale": {"min": 1, "max": 7}}, "score"),
        ({**score, "metric": "CSAT", "scale": {"min": 5, "max": 5}}, "scale"),
    ):
        done = (await ask(ANSWER, input=given))["data"]["recordSurveyResponse"]
        assert done["userErrors"] == [{"code": "INVALID", "field": field}]
    tried = await recorded(ask, who=HERS, dryRun=True)

    assert (tried["interaction"], tried["customer"]["displayName"], tried["userErrors"]) == (None, "Ada Byron", [])
    assert await store.read("MATCH (i:Interaction) WHERE i.source = 'recorded' RETURN count(i)") == [[0]]


async def test_a_sync_at_work_is_not_waited_for(store: Store) -> None:
    """While somebody else derives, the fact is kept and said to be pending; whoever derives next shows it."""
    ask = await company(store)
    async with store.lease("link"):
        done = await recorded(ask, who=HERS)

    await sync([], store, Rules())

    assert done["isPending"] is True
    found = await ask('{ customerByIdentifier(identifier: {emailAddress: "ada@byron.test"}) { interactionCount } }')
    assert found["data"]["customerByIdentifier"] == {"interactionCount": 2}
