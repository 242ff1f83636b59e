"""Segments and personas over GraphQL: memberships, ranks, members page by page, profiles, refusals."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from api.feed import Feed
from api.plan.service import RequestRefused, Service
from api.schema.schema import graphql_schema
from graph.rules import Rules
from graph.segments.rules import Condition, PersonaRule, SegmentRule
from graph.store.driver import Store
from tests.api.conftest import Ask, asker, write_interactions

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 7, 1, tzinfo=UTC)
PERIOD = 'period: {from: "2026-03-01", to: "2026-04-01"}'
RULES = Rules(
    segment=(
        SegmentRule(
            "callers",
            "Callers",
            all=(Condition(kinds=("ticket.created",), channels=("phone",)),),
            kpi="csat",
            target=80.0,
        ),
        SegmentRule("french", "France", all=(Condition(field="country", values=("FR",)),)),
        SegmentRule("buyers", "Buyers", all=(Condition(metric="revenue", top_share=0.5),)),
    ),
    persona=(PersonaRule("cal", "Cal", segment="callers", motivations=("speed",), hoped_words=("quick", "kind")),),
)


@pytest.fixture
async def ask(embedded_store: Store) -> Ask:
    """Eight customers call in March and say what they think of it; two of them are French; all bought something."""
    for number in range(8):
        customer = f"c{number}"
        await embedded_store.write(
            "CREATE (c:Customer {id: $id, display_name: $id, sort_name: $id}) "
            "SET c.birth_date = '1986-07-01', c.country = $country",
            id=customer,
            country="FR" if number < 2 else "DE",
        )
        shared = {"sequence": 0, "function": "service", "channel": "phone", "direction": "inbound", "automated": False}
        at = int(datetime(2026, 3, 2 + number, 12, tzinfo=UTC).timestamp() * 1000)
        score = {"metric": "csat", "score": 5.0 if number < 5 else 1.0, "scale_min": 1.0, "scale_max": 5.0}
        rows: list[dict[str, Any]] = [
            {"id": f"t{number}", "at": at, "kind": "ticket.created", **shared},
            {
                "id": f"s{number}",
                "at": at + 1,
                "kind": "survey.answered",
                "text": "Quick!" if number else "Slow.",
                **shared,
                **score,
            },
            {
                "id": f"o{number}",
                "at": at + 2,
                "kind": "order.placed",
                "amount": 10.0 * number,
                "currency": "EUR",
                **shared,
            },
        ]
        await write_interactions(embedded_store, customer, rows)
    service = Service(graphql_schema(), embedded_store, writes_to=embedded_store, rules=RULES, now=lambda: NOW)
    return asker(service)


async def test_segments_are_ranked_by_what_is_at_stake(ask: Ask) -> None:
    """Eight callers, 35 EUR each, 62.5 % satisfied of 80: 8 × 35 × 0.21875; the others name no KPI."""
    answer = await ask(
        f"{{ segments({PERIOD}) {{ rank name customerCount customerShare conditions personas gap stake "
        "value { value currencyCode sampleSize unavailableReason } current { value } target "
        'overlap(with: "french") { customerCount shareOfThis shareOfOther } '
        "changes { joinedCount leftCount stayedCount } } }"
    )
    assert "errors" not in answer, answer["errors"]
    callers, buyers, french = answer["data"]["segments"]

    assert (callers["name"], callers["rank"], callers["customerCount"]) == ("callers", 1, 8)
    assert callers["value"] == {"value": 35.0, "currencyCode": "EUR", "sampleSize": 8, "unavailableReason": None}
    assert callers["gap"] == pytest.approx((80 - 62.5) / 80)
    assert callers["stake"] == pytest.approx(8 * 35 * 17.5 / 80)
    assert callers["overlap"] == {"customerCount": 2, "shareOfThis": 0.25, "shareOfOther": 1.0}
    assert callers["changes"] == {"joinedCount": 8, "leftCount": 0, "stayedCount": 0}
    assert callers["personas"] == ["cal"]
    assert (buyers["name"], buyers["stake"]) == ("buyers", None)
    assert french["value"]["unavailableReason"] == "SAMPLE_TOO_SMALL"


async def test_a_customer_says_which_segments_they_are_in(ask: Ask) -> None:
    """With the reason and since when; as of then fewer."""
    query = (
        "query ($asOf: DateTime) { customers(first: 8) { nodes { displayName "
        "segments(asOf: $asOf) { segment reason since note } } } }"
    )
    now, then = await ask(query), await ask(query, asOf="2026-03-03T00:00:00Z")
    assert "errors" not in now, now["errors"]
    by_name = {node["displayName"]: node["segments"] for node in now["data"]["customers"]["nodes"]}
    earlier = {node["displayName"]: node["segments"] for node in then["data"]["customers"]["nodes"]}

    assert [found["segment"] for found in by_name["c1"]] == ["callers", "french"]
    assert by_name["c1"][0]["since"] == "2026-03-03T12:00:00Z"
    assert "(it is 1)" in by_name["c1"][0]["reason"]
    assert by_name["c1"][1]["note"] is not None
    assert [found["segment"] for found in by_name["c7"]] == ["callers", "buyers"]
    assert [found["segment"] for found in earlier["c1"]] == ["french"]


async def test_the_members_of_a_segment_are_told_page_by_page(ask: Ask) -> None:
    """Two pages of five and three, all of them once; a page too large is refused."""
    query = (
        f'query ($after: ID) {{ segment(name: "callers", {PERIOD}, first: 5, after: $after) {{ nextAfter '
        "segment { name } members { reason customer { displayName } } joined { displayName } left { displayName } } }"
    )
    first = (await ask(query))["data"]["segment"]
    second = (await ask(query, after=first["nextAfter"]))["data"]["segment"]
    refused = await ask(f'{{ segment(name: "callers", {PERIOD}, first: 500) {{ nextAfter }} }}')

    names = [member["customer"]["displayName"] for page in (first, second) for member in page["members"]]
    assert sorted(names) == [f"c{number}" for number in range(8)]
    assert (len(first["members"]), second["nextAfter"], len(first["joined"]), first["left"]) == (5, None, 5, [])
    assert "between 1 and 100" in refused["errors"][0]["message"]


async def test_a_persona_stands_beside_what_is_measured(ask: Ask) -> None:
    """Forty years old, by phone, seven of eight comments with a word we hope for; the few French are not profiled."""
    profile = (
        "profile { customerCount medianAgeYears { value } channels { key customerCount share } "
        "touchpoints { key useCount } scores { key value { value unavailableReason } } "
        "hopedWords { value sampleSize } }"
    )
    answer = await ask(f"{{ personas({PERIOD}) {{ title motivations segment {{ customerCount }} {profile} }} }}")
    assert "errors" not in answer, answer["errors"]
    (cal,) = answer["data"]["personas"]
    few = await ask(f'{{ personas({PERIOD}, filter: {{countries: ["FR"]}}) {{ {profile} }} }}')

    assert (cal["title"], cal["motivations"], cal["segment"]["customerCount"]) == ("Cal", ["speed"], 8)
    measured = cal["profile"]
    assert measured["medianAgeYears"]["value"] == pytest.approx(40, abs=0.01)
    assert measured["channels"] == [{"key": "phone", "customerCount": 8, "share": 1.0}]
    assert {"key": "csat", "value": {"value": 62.5, "unavailableReason": None}} in measured["scores"]
    assert measured["hopedWords"] == {"value": 87.5, "sampleSize": 8}
    (of_few,) = few["data"]["personas"]
    assert of_few["profile"]["channels"] == []
    assert of_few["profile"]["medianAgeYears"]["value"] is None


@pytest.mark.parametrize(
    ("query", "says"),
    [
        (f'{{ segment(name: "caller", {PERIOD}) {{ nextAfter }} }}', "Did you mean 'callers'"),
        (f'{{ personas(names: ["col"], {PERIOD}) {{ title }} }}', "Did you mean 'cal'"),
        (f'{{ segments({PERIOD}) {{ overlap(with: "x") {{ customerCount }} }} }}', "There is no segment 'x'"),
    ],
)
async def test_what_is_not_there_is_refused(ask: Ask, query: str, says: str) -> None:
    """The refusal names what there is."""
    answer = await ask(query)

    assert says in answer["errors"][0]["message"]


async def test_a_subscription_tells_no_segments(embedded_store: Store) -> None:
    """It is refused at once, and says how to ask."""
    service = Service(graphql_schema(), embedded_store, writes_to=embedded_store, feed=Feed(embedded_store))
    told = service.subscribe("subscription { customerUpdated { customer { segments { segment } } } }")

    with pytest.raises(RequestRefused, match="ask for it by a query"):
        await anext(told)
