"""Reports leave once a period and receiver, as text, HTML and webhook; what was not handed over leaves later."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from api.outgoing.report import report_of, send_reports
from api.outgoing.settings import OutgoingError, OutgoingSettings, WebhookSettings
from api.outgoing.webhook import NotDelivered
from graph.figures.plan_rules import KpiPlan, ReportRule
from graph.journeys.keeper import JourneyKeeper
from graph.rules import Rules
from graph.store.driver import Store
from tests.api.outgoing.receivers import hook_server, mail_server
from tests.journeys import answer, journeys

NOW = datetime(2026, 3, 11, 8, tzinfo=UTC)
BOARD = ReportRule(
    "Board <of service>", "Ines Marl", ("csat", "churn"), to=("ines@acme.test", "udo@acme.test"), webhook=True
)
RULES = Rules(report=(BOARD,), kpi=(KpiPlan("csat", "Ines Marl", 90.0),))


def test_a_report_says_each_figure_with_its_change() -> None:
    """The week before last 40 % of five were satisfied, last week 80 %; nobody sells contracts."""
    told = [answer(who, "2026-02-25", "csat", 5 if who in "ab" else 1) for who in "abcde"]
    told += [answer(who, "2026-03-04", "csat", 1 if who == "a" else 5) for who in "abcde"]
    report = report_of(BOARD, journeys(*told, rules=RULES), NOW)
    text = report.text()

    assert report.subject == "Board <of service>: 2026-03-02 to 2026-03-08"
    assert "Customer satisfaction: 80.0 % (37.6 % to 96.4 %); +40.0 points, better; target 90.0 %; n = 5" in text
    assert "Churn: no value (No source tells of contracts (subscription.started …).)" in text
    assert "Board &lt;of service&gt;" in report.html()
    assert report.data()["kpis"][0]["previous"] == 40.0


def test_a_report_tells_no_figure_whose_source_was_not_read() -> None:
    """The helpdesk was last read weeks before: no value, and why; without a plan for sources all is told."""
    told = [answer(who, "2026-03-04", "csat", 5) for who in "abcde"]
    rules = Rules(report=(BOARD,), kpi=(KpiPlan("csat", "Ines Marl", 90.0, source=("helpdesk",)),))
    long_ago, lately = (int(datetime(2026, month, 10, tzinfo=UTC).timestamp() * 1000) for month in (1, 3))
    stale = report_of(BOARD, journeys(*told, rules=rules), NOW, {"helpdesk": long_ago})
    fresh = report_of(BOARD, journeys(*told, rules=rules), NOW, {"helpdesk": lately})

    assert "Customer satisfaction: no value (Not read for longer than the plan's cadence" in stale.text()
    assert (stale.data()["kpis"][0]["status"], fresh.data()["kpis"][0]["value"]) == ("SOURCE_STALE", 100.0)


@pytest.mark.anyio
async def test_each_receiver_gets_a_report_once(embedded_store: Store) -> None:
    """The webhook fails at first: the mails are not sent again, it is told later; next week it is another report."""
    keeper = JourneyKeeper(embedded_store, RULES)
    async with hook_server() as hook, mail_server("ines@acme.test", "udo@acme.test") as inbox:
        outgoing = OutgoingSettings(WebhookSettings(hook.url, b"k" * 32), inbox.settings)
        hook.answers = [400]
        with pytest.raises(NotDelivered):
            await send_reports(embedded_store, keeper, RULES, outgoing, NOW)
        later = await send_reports(embedded_store, keeper, RULES, outgoing, NOW)
        again = await send_reports(embedded_store, keeper, RULES, outgoing, NOW)
        next_week = await send_reports(embedded_store, keeper, RULES, outgoing, datetime(2026, 3, 16, tzinfo=UTC))

    assert later == ["Board <of service>/2026-03-02/webhook"]
    assert again == []
    assert len(next_week) == 3
    assert json.loads(hook.came[1][1])["type"] == "report.made"
    ids = [headers["webhook-id"] for headers, _ in hook.came]
    assert ids[0] == ids[1] != ids[2]
    assert [to for to, _ in inbox.mails] == ["ines@acme.test", "udo@acme.test"] * 2
    assert [part.get_content_type() for part in inbox.mails[0][1].walk()][1:] == ["text/plain", "text/html"]


@pytest.mark.anyio
async def test_a_report_without_a_way_out_says_what_to_set(embedded_store: Store) -> None:
    """Nothing is noted as sent."""
    with pytest.raises(OutgoingError, match="C360_SMTP_URL"):
        await send_reports(embedded_store, JourneyKeeper(embedded_store, RULES), RULES, OutgoingSettings(), NOW)


@pytest.mark.anyio
async def test_what_cannot_be_sent_keeps_nothing_else_from_being_sent(embedded_store: Store) -> None:
    """No mail server, and a KPI that there is not: webhooks of that report and of a later one are told all the same."""
    wrong = ReportRule("Wrong", "Ines Marl", ("csta",), webhook=True)
    later = ReportRule("Later", "Ines Marl", ("csat",), webhook=True)
    rules = Rules(report=(BOARD, wrong, later))
    keeper = JourneyKeeper(embedded_store, rules)
    async with hook_server() as hook:
        outgoing = OutgoingSettings(WebhookSettings(hook.url, b"k" * 32))
        for _ in range(2):
            with pytest.raises(OutgoingError, match="C360_SMTP_URL"):
                await send_reports(embedded_store, keeper, rules, outgoing, NOW)

    assert [json.loads(body)["data"]["title"] for _, body in hook.came] == [BOARD.title, "Later"]
