"""The measurement plan: who may own a figure, what is stale, what is missing, and which period a report is of."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from graph.figures.board import UnknownKpi, kpi_of, misnamed
from graph.figures.plan import plan_rows, unplanned
from graph.figures.plan_rules import KpiPlan
from graph.figures.scope import Scope
from graph.journeys.period import Granularity, Period, last_over
from graph.rules import Calendar, Rules, RulesError, read_rules
from tests.journeys import answer, journeys, ms

MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))


def rules_of(folder: Path, text: str) -> Rules:
    file = folder / "rules.toml"
    file.write_text(text, encoding="utf-8")
    return read_rules(file)


@pytest.mark.parametrize(
    "owner",
    ["Marketing", "Customer Success", "support team", "Head of Sales", "TBD", "", "Ines", "sales@acme.example",
     "Ines Marl and Udo Wirth, both", "customer.care@acme.example", "Ines Marl & Udo Wirth", "42"],
)  # fmt: skip
def test_a_department_owns_nothing(tmp_path: Path, owner: str) -> None:
    """Neither a department nor a role, a first name or several people; the refusal says what to write."""
    with pytest.raises(RulesError, match=r"\[\[kpi\]\] csat.*owner = \"Ines Marl\""):
        rules_of(tmp_path, f'[[kpi]]\nkey = "csat"\nowner = "{owner}"')


@pytest.mark.parametrize("owner", ["Ines Marl", "Zoë van der Berg", "Jean-Luc O'Neill", "ines.marl@acme.example"])
def test_one_named_person_does(tmp_path: Path, owner: str) -> None:
    """By first and family name, or by address."""
    assert rules_of(tmp_path, f'[[kpi]]\nkey = "csat"\nowner = "{owner}"').kpi[0].owner == owner


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[kpi]]\nkey = "csat"\ncadence = "hourly"', "cadence 'hourly' is not known"),
        ('[[kpi]]\nkey = "csat"\n[[kpi]]\nkey = "csat"', "stands there twice"),
        ('[[report]]\ntitle = "Board"\nowner = "Ines Marl"\nkpis = ["csat"]', "goes to nobody"),
        ('[[report]]\ntitle = "Board"\nowner = "Ines Marl"\nkpis = []\nwebhook = true', "has no kpis"),
        ('[[report]]\ntitle = "Board"\nowner = "Ines Marl"\nkpis = ["csat"]\nto = ["ines"]', "no e-mail address"),
        ('revenue_source = "orders and deals"', "not two revenues"),
        ("[currency]\nrates = {USD = 0.9}", "into what"),
        ("[value]\nmargin = 30.0", "no share of revenue"),
        ('[cost_per]\n"call.mad" = 3.0', "Did you mean 'call.made'"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, text: str, says: str) -> None:
    """With what is wrong."""
    with pytest.raises(RulesError, match=says):
        rules_of(tmp_path, text)


def test_the_plan_says_what_is_missing() -> None:
    """One KPI is complete, one rests on a stale and an unknown source and has no owner, one is no KPI."""
    plan = (
        KpiPlan("csat", "Ines Marl", 80.0, ("helpdesk",), "weekly"),
        KpiPlan("ces", None, None, ("crm", "survey"), "daily"),
        KpiPlan("csta", "Ines Marl", 80.0, ("helpdesk",)),
    )
    told = [answer(who, "2026-03-05", "csat", 5) for who in "abcdef"]
    told += [answer(who, "2026-03-05", "nps", 9) for who in "abcdef"]
    table = journeys(*told, rules=Rules(kpi=plan))
    now = ms("2026-04-10")
    asked = Scope(table.view(as_of=now), MARCH, now)
    complete, lacking, unknown = plan_rows(asked, {"helpdesk": ms("2026-04-05"), "crm": ms("2026-04-07")})

    assert (complete.status, list(complete.missing), list(complete.stale)) == ("ON_TARGET", [], [])
    assert list(lacking.stale) == ["crm"]
    assert [words.split(":")[0] for words in lacking.missing] == [
        "Nobody answers for it",
        "It has no target.",
        "There is no source 'survey'.",
        "Source 'crm' was not read for longer than its cadence (daily).",
        "There is no value",
    ]
    assert unknown.kpi is None
    assert "Did you mean 'csat'?" in unknown.missing[0]
    assert "nps_relationship" in unplanned(asked)
    assert "csat" not in unplanned(asked)


def test_each_place_that_names_a_kpi_that_there_is_not_is_told(tmp_path: Path) -> None:
    """In every section that may name one; those that there are, are not told."""
    rules = rules_of(
        tmp_path,
        """
        [[kpi]]
        key = "csta"
        [[report]]
        title = "Board"
        owner = "Ines Marl"
        kpis = ["csat", "csta", "churm", "csta"]
        webhook = true
        [[promise]]
        name = "quick"
        statement = "We are quick."
        kpi = "first_response"
        threshold = 1.0
        [[segment]]
        name = "all"
        title = "All"
        all = [{ field = "lifecycle_stage" }]
        kpi = "npss"
        [[initiative]]
        name = "calls"
        title = "Calls"
        function = "service"
        owner = "Ines Marl"
        start = 2026-01-01
        kpi = "reach"
        """,
    )

    told = misnamed(rules)

    places = ("[[kpi]] csta", "[[report]] Board", "[[report]] Board", "[[promise]] quick", "[[initiative]] calls")
    assert [line.split(": There is no KPI ")[0] for line in told] == [*places, "[[segment]] all"]
    assert "Did you mean 'csat'?" in told[0]
    assert misnamed(Rules()) == []


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("nps", "'nps_relationship' or 'nps_transactional'?"),
        ("reveneu", "'revenue'?"),
        ("", "There is no KPI ''. `kpi"),
    ],
)
def test_who_asks_for_no_kpi_is_told_which_may_be_meant(asked: str, meant: str) -> None:
    """Those that begin so, else the one that is written most alike; of nothing, none."""
    with pytest.raises(UnknownKpi) as refused:
        kpi_of(asked)

    assert meant in str(refused.value)


@pytest.mark.parametrize(
    ("granularity", "first", "end"),
    [
        (Granularity.DAY, date(2026, 3, 3), date(2026, 3, 4)),
        (Granularity.WEEK, date(2026, 2, 23), date(2026, 3, 2)),
        (Granularity.MONTH, date(2026, 2, 1), date(2026, 3, 1)),
        (Granularity.QUARTER, date(2025, 10, 1), date(2026, 1, 1)),
    ],
)
def test_a_report_is_of_the_last_period_that_is_over(granularity: Granularity, first: date, end: date) -> None:
    """As of Wednesday, the fourth of March 2026."""
    period = last_over(date(2026, 3, 4), granularity, Calendar())

    assert (period.first, period.end) == (first, end)
