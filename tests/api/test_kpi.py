"""KPIs over GraphQL: values with what belongs to them, series, groups, refusals."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from api.plan.service import Service
from api.schema.schema import graphql_schema
from graph.figures.plan_rules import KpiPlan
from graph.rules import Rules
from graph.segments.rules import Condition, PersonaRule, SegmentRule
from graph.store.driver import Store
from tests.api.conftest import Ask, asker, write_interactions

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 7, 1, tzinfo=UTC)
RULES = Rules(
    kpi=(KpiPlan("nps_relationship", owner="Ines Marl", target=30.0),),
    segment=(SegmentRule("french", "France", all=(Condition(field="country", values=("FR",)),)),),
    persona=(PersonaRule("francoise", "Françoise", segment="french"),),
)
QUERY = """query ($key: String!, $filter: AnalyticsFilter, $asOf: DateTime) {
  kpi(key: $key, period: {from: "2026-03-01", to: "2026-04-01"}, filter: $filter, asOf: $asOf) {
    key target owner status definition { name unit numerator denominator }
    current { value sampleSize unavailableReason confidenceInterval { lower upper level method } coverage isComplete
      period { from to timeZone } }
    previous { value unavailableReason }
    series(granularity: WEEK) { sampleSize period { from } }
    breakdown(by: COUNTRY) { key value { value sampleSize } } } }"""


def asking(store: Store, *, walked: bool = False) -> Ask:
    return asker(Service(graphql_schema(), store, writes_to=store, rules=RULES, now=lambda: NOW, walked=walked))


@pytest.fixture
async def answered(store: Store) -> Store:
    """Eight customers of two countries answer in March."""
    for number in range(8):
        customer = f"c{number}"
        await store.write(
            "CREATE (:Customer {id: $id, country: $country})", id=customer, country="DE" if number < 6 else "FR"
        )
        at = datetime(2026, 3, 2 + number, 12, tzinfo=UTC)
        score = {"metric": "nps", "score": 10.0 if number < 6 else 3.0, "scale_min": 0.0, "scale_max": 10.0}
        row: dict[str, Any] = {
            "id": f"i{number}",
            "at": int(at.timestamp() * 1000),
            "sequence": 0,
            "kind": "survey.answered",
            "program": "relationship",
            "function": "service",
            "channel": "email",
            "direction": "inbound",
            "automated": False,
        }
        await write_interactions(store, customer, [row | score])
    return store


async def test_a_kpi_says_all_that_belongs_to_it(answered: Store) -> None:
    """Six promoters and two detractors: 50 with its interval, target, owner, weeks and countries; both ways alike."""
    answer = await asking(answered)(QUERY, key="nps_relationship")
    assert "errors" not in answer, answer["errors"]
    kpi = answer["data"]["kpi"]

    assert (kpi["current"]["value"], kpi["current"]["sampleSize"]) == (50.0, 8)
    assert kpi["current"]["confidenceInterval"]["lower"] < 50 < kpi["current"]["confidenceInterval"]["upper"]
    assert kpi["current"]["isComplete"] is True
    assert kpi["current"]["period"] == {
        "from": "2026-03-01T00:00:00Z",
        "to": "2026-04-01T00:00:00Z",
        "timeZone": "UTC",
    }
    assert kpi["previous"] == {"value": None, "unavailableReason": "NO_DATA_IN_PERIOD"}
    assert (kpi["owner"], kpi["target"], kpi["status"]) == ("Ines Marl", 30.0, "ON_TARGET")
    assert sum(point["sampleSize"] for point in kpi["series"]) == 8
    assert kpi["breakdown"] == [
        {"key": "DE", "value": {"value": 100.0, "sampleSize": 6}},
        {"key": "FR", "value": {"value": None, "sampleSize": 2}},
    ]
    assert await asking(answered, walked=True)(QUERY, key="nps_relationship") == answer


async def test_a_kpi_is_asked_of_some_customers_and_as_of_then(answered: Store) -> None:
    """Of Germany alone; and as of the seventh of March, when five had answered."""
    ask = asking(answered)
    german = await ask(QUERY, key="nps_relationship", filter={"countries": ["DE"]})
    early = await ask(QUERY, key="nps_relationship", asOf="2026-03-07T00:00:00Z")

    assert german["data"]["kpi"]["current"]["value"] == 100.0
    assert early["data"]["kpi"]["current"]["sampleSize"] == 5
    assert early["data"]["kpi"]["current"]["isComplete"] is False


async def test_a_kpi_is_asked_of_a_segment(answered: Store) -> None:
    """By filter and by groups; a segment that is not there is refused with the nearest."""
    ask = asking(answered)
    french = await ask(QUERY, key="nps_relationship", filter={"segments": ["french"]})
    cut = await ask(
        '{ kpi(key: "nps_relationship", period: {from: "2026-03-01", to: "2026-04-01"}) '
        "{ breakdown(by: SEGMENT) { key label value { sampleSize } } } }"
    )
    wrong = await ask(QUERY, key="nps_relationship", filter={"personas": ["francine"]})

    assert french["data"]["kpi"]["current"]["sampleSize"] == 2
    assert cut["data"]["kpi"]["breakdown"] == [{"key": "french", "label": "France", "value": {"sampleSize": 2}}]
    assert "Did you mean 'francoise'" in wrong["errors"][0]["message"]


async def test_the_board_can_be_asked_by_owner(answered: Store) -> None:
    """Only what Ines Marl answers for; every KPI has a definition."""
    ask = asking(answered)
    board = await ask('{ kpis(owner: "Ines Marl", period: {from: "2026-03-01", to: "2026-04-01"}) { key } }')
    definitions = await ask("{ kpiDefinitions { key summary numerator denominator source version } }")

    assert [kpi["key"] for kpi in board["data"]["kpis"]] == ["nps_relationship"]
    assert all(all(each.values()) for each in definitions["data"]["kpiDefinitions"])


async def test_a_figure_whose_source_was_not_read_is_not_told(answered: Store) -> None:
    """Read on 20 March, looked at weekly: February holds, of March there is no value, and both say why."""
    plan = (KpiPlan("nps_relationship", target=30.0, source=("helpdesk", "nowhere")), KpiPlan("csat", target=80.0))
    await answered.write("CREATE (:Source {name: 'helpdesk', last_success_at: datetime('2026-03-20T00:00:00Z')})")
    rules = Rules(kpi=plan)
    ask = asker(Service(graphql_schema(), answered, writes_to=answered, rules=rules, now=lambda: NOW))
    board = """query ($from: Date!, $to: Date!, $asOf: DateTime) {
      kpis(keys: ["nps_relationship", "csat"], period: {from: $from, to: $to}, asOf: $asOf) { status
        current { value unavailableReason note } previous { unavailableReason }
        series(granularity: MONTH) { unavailableReason } breakdown(by: COUNTRY) { value { value } } } }"""

    nps, csat = (await ask(board, **{"from": "2026-03-01", "to": "2026-04-01"}))["data"]["kpis"]
    assert nps["status"] == nps["current"]["unavailableReason"] == "SOURCE_STALE"
    assert (nps["current"]["value"], nps["previous"]["unavailableReason"]) == (None, "NO_DATA_IN_PERIOD")
    assert "(weekly): 'helpdesk' (last 2026-03-20)" in nps["current"]["note"]
    assert nps["series"] == [{"unavailableReason": "SOURCE_STALE"}]
    assert {row["value"]["value"] for row in nps["breakdown"]} == {None}
    assert (csat["status"], csat["current"]["unavailableReason"]) == ("INSUFFICIENT_DATA", "NO_DATA_IN_PERIOD")
    (half, _) = (await ask(board, **{"from": "2026-03-01", "to": "2026-03-15"}))["data"]["kpis"]
    assert (half["status"], half["current"]["unavailableReason"]) == ("ON_TARGET", None)
    as_of = {"from": "2026-03-01", "to": "2026-04-01", "asOf": "2026-03-25T00:00:00Z"}
    assert (await ask(board, **as_of))["data"]["kpis"][0]["status"] == "ON_TARGET"


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ('{ kpi(key: "npss", period: {from: "2026-03-01", to: "2026-04-01"}) { key } }', "There is no KPI 'npss'"),
        ('{ kpi(key: "csat", period: {from: "2026-04-01", to: "2026-04-01"}) { key } }', "must be before"),
        ('{ kpi(key: "csat", period: {from: "0181-02-09", to: "2726-03-20"}) { key } }', "1800-01-01 and 2200-01-01"),
        ('{ vanityChecks(period: {from: "3815-11-21", to: "8788-08-18"}) { caveat } }', "1800-01-01 and 2200-01-01"),
        (
            '{ kpi(key: "csat", period: {from: "2026-03-01", to: "2026-04-01", timeZone: "Mars"}) { key } }',
            "IANA name",
        ),
        (
            '{ kpi(key: "csat", period: {from: "2020-03-01", to: "2026-04-01"}) '
            "{ series(granularity: DAY) { value } } }",
            "coarser granularity",
        ),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(embedded_store: Store, query: str, says: str) -> None:
    """The refusal says what is wrong and what to do."""
    answer = await asking(embedded_store)(query)

    assert says in answer["errors"][0]["message"]
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_scores_are_read_beside_what_the_same_customers_do(embedded_store: Store) -> None:
    """Five promoters came back in April, of five detractors nobody; what parts nobody is refused."""
    for number in range(10):
        await embedded_store.write("CREATE (:Customer {id: $id, sort_name: $id})", id=f"c{number}")
        score = {"metric": "nps", "score": 10.0 if number < 5 else 0.0, "scale_min": 0.0, "scale_max": 10.0}
        common = {"sequence": 0, "function": "service", "channel": "email", "direction": "inbound", "automated": False}
        rows: list[dict[str, Any]] = [
            {"id": f"a{number}", "at": _ms(2026, 3, 5), "kind": "survey.answered", "program": "relationship"} | score
        ]
        if number < 5:
            rows.append({"id": f"b{number}", "at": _ms(2026, 3, 20), "kind": "ticket.created", "ticket": f"t/{number}"})
        await write_interactions(embedded_store, f"c{number}", [common | row for row in rows])
    ask = asking(embedded_store)
    period = 'period: {from: "2026-03-01", to: "2026-04-01"}'
    answer = await ask(
        f'{{ kpi(key: "nps_relationship", {period}) {{ linkedTo(kpi: "repeat_contact") {{ caveat definition {{ key }} '
        "groups { key value { value sampleSize unavailableReason } } difference } } }"
    )
    metrics = await ask(
        "{ customers(first: 20) { nodes { metrics { openTicketCount latestNps lastInboundAt basis estimatedAt "
        "latestNpsResponse { rawScore metric } } } } }"
    )
    refused = await ask(f'{{ kpi(key: "churn", {period}) {{ linkedTo(kpi: "csat") {{ difference }} }} }}')
    found = answer["data"]["kpi"]["linkedTo"]

    assert found["caveat"].startswith("Association, not effect")
    assert [(group["key"], group["value"]["value"]) for group in found["groups"]] == [
        ("promoters", 0.0),
        ("passives", None),
        ("detractors", None),
    ]
    told = [node["metrics"] for node in metrics["data"]["customers"]["nodes"]]
    assert sum(each["openTicketCount"] for each in told) == 5
    assert {each["latestNps"] for each in told} == {0.0, 10.0}
    responses = [each["latestNpsResponse"] for each in told]
    assert responses == [{"rawScore": each["latestNps"], "metric": "NPS"} for each in told]
    assert {(each["basis"], each["estimatedAt"]) for each in told} == {(None, None)}
    assert refused["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert await asking(embedded_store, walked=True)("{ customers(first: 1) { nodes { metrics { latestNps } } } }")


def _ms(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, tzinfo=UTC).timestamp() * 1000)
