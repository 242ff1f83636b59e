"""Cause and effect over GraphQL: figures that carry their caveat."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from graph.store.driver import Store
from tests.api.conftest import write_interactions
from tests.api.test_kpi import asking

pytestmark = pytest.mark.anyio
PERIOD = 'period: {from: "2026-03-01", to: "2026-04-01"}'


async def buyers(store: Store, many: int = 6) -> None:
    """Customers who click an advertisement, have an e-mail opened by a machine, and order for 50 EUR."""
    for number in range(many):
        await store.write("CREATE (:Customer {id: $id})", id=f"c{number}")
        steps = (("ad.clicked", "ads", False), ("email.opened", "email", True), ("order.placed", "web", False))
        rows: list[dict[str, Any]] = [
            {
                "id": f"i{number}-{day}",
                "at": int(datetime(2026, 3, 2 + day, 12, tzinfo=UTC).timestamp() * 1000),
                "sequence": 0,
                "kind": kind,
                "function": "marketing",
                "channel": channel,
                "direction": "inbound",
                "automated": automated,
            }
            | ({"amount": 50.0, "currency": "EUR"} if kind == "order.placed" else {})
            for day, (kind, channel, automated) in enumerate(steps)
        ]
        await write_interactions(store, f"c{number}", rows)


async def test_attribution_answers_with_its_caveat(embedded_store: Store) -> None:
    """All credit is the advertisement's, by every model, both ways of walking alike."""
    await buyers(embedded_store)
    query = (
        f"{{ attribution({PERIOD}) {{ caveat convertedCount revenue currencyCode dimension "
        "models { model credits { key conversions conversionShare revenue } } } }"
    )
    answer = await asking(embedded_store)(query)
    assert "errors" not in answer, answer["errors"]
    found = answer["data"]["attribution"]

    assert found["caveat"].startswith("Credit, not effect")
    assert (found["convertedCount"], found["revenue"], found["currencyCode"]) == (6, 300.0, "EUR")
    assert len(found["models"]) == 8
    for each in found["models"]:
        assert each["credits"] == [{"key": "ads", "conversions": 6.0, "conversionShare": 1.0, "revenue": 300.0}]
    assert await asking(embedded_store, walked=True)(query) == answer


async def test_a_look_back_that_makes_no_sense_is_refused(embedded_store: Store) -> None:
    """The refusal names the argument and its bounds."""
    answer = await asking(embedded_store)(f"{{ attribution({PERIOD}, lookBackDays: 0) {{ note }} }}")

    assert "`lookBackDays` must be between 1 and 730" in answer["errors"][0]["message"]


async def test_drivers_and_risk_say_why_there_is_no_model(embedded_store: Store) -> None:
    """Six customers without answers: no drivers, no what-if, no risk; each answer has its caveat and its reason."""
    await buyers(embedded_store)
    query = (
        f"{{ drivers(metric: NPS, {PERIOD}) {{ caveat answerCount note drivers {{ driver }} "
        "whatIf(changes: [{driver: HANDOFFS, by: -1}]) { caveat change { value unavailableReason } expectedMean } } "
        "inactivityRisk(first: 5) { caveat note activeCount customers { risk customer { id } } } }"
    )
    answer = await asking(embedded_store)(query)
    assert "errors" not in answer, answer["errors"]
    drivers, risk = answer["data"]["drivers"], answer["data"]["inactivityRisk"]

    assert (drivers["answerCount"], drivers["drivers"]) == (0, [])
    assert drivers["note"] == "Nobody answered in the period."
    assert drivers["whatIf"]["change"] == {"value": None, "unavailableReason": "NOT_ESTIMABLE"}
    assert "association, not effect" in drivers["whatIf"]["caveat"].lower()
    assert (risk["customers"], risk["activeCount"]) == ([], 0)
    assert "risk needs 10 of each" in risk["note"]


async def test_vanity_checks_say_what_they_compare(embedded_store: Store) -> None:
    """Of customers without tickets nothing is known; every pair names both figures."""
    await buyers(embedded_store)
    query = (
        f"{{ vanityChecks({PERIOD}) {{ caveat previousPeriod {{ from }} checks {{ verdict sentence "
        "localTarget { key change } customerFigure { key isImproved current { unavailableReason } } } } }"
    )
    answer = await asking(embedded_store)(query)
    assert "errors" not in answer, answer["errors"]
    found = answer["data"]["vanityChecks"]

    assert found["previousPeriod"]["from"] == "2026-02-01T00:00:00Z"
    assert {check["verdict"] for check in found["checks"]} == {"UNKNOWN"}
    assert all(check["localTarget"]["key"] != check["customerFigure"]["key"] for check in found["checks"])


async def test_the_voice_lists_answers_with_what_is_known_of_them(embedded_store: Store) -> None:
    """Six low answers after a ticket: they are listed as survey responses, and their word is a theme with examples."""
    for number in range(12):
        await embedded_store.write("CREATE (:Customer {id: $id, locale: 'de'})", id=f"c{number}")
        low = number < 6
        base = {"sequence": 0, "function": "service", "channel": "email", "direction": "inbound", "automated": False}
        at = int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp() * 1000)
        rows = [
            {"id": f"t{number}", "at": at, "kind": "ticket.created", **base},
            {
                "id": f"s{number}",
                "at": at + 1000,
                "kind": "survey.answered",
                "metric": "csat",
                "score": 1.0 if low else 5.0,
            }
            | {
                "scale_min": 1.0,
                "scale_max": 5.0,
                "program": "transactional",
                "text": "slow" if low else "quick",
                **base,
            },
        ]
        await write_interactions(embedded_store, f"c{number}", rows)
    query = (
        f"{{ voice(metric: CSAT, {PERIOD}, scoreGroup: LOW) {{ answerCount lowShare {{ value }} program "
        "responses { rawScore comment } stepsBeforeLow { touchpoint lowAnswerCount otherAnswerCount } "
        "comments { language themes { text isOfLowScores customerCount examples { comment } } } } }"
    )
    answer = await asking(embedded_store)(query)
    assert "errors" not in answer, answer["errors"]
    found = answer["data"]["voice"]

    assert (found["answerCount"], found["lowShare"]["value"], found["program"]) == (12, 50.0, "TRANSACTIONAL")
    assert found["responses"] == [{"rawScore": 1.0, "comment": "slow"}] * 6
    assert found["stepsBeforeLow"][0]["lowAnswerCount"] == found["stepsBeforeLow"][0]["otherAnswerCount"] == 6
    (german,) = found["comments"]
    assert german["language"] == "de"
    slow = next(theme for theme in german["themes"] if theme["text"] == "slow")
    assert (slow["isOfLowScores"], slow["customerCount"], len(slow["examples"])) == (True, 6, 3)
