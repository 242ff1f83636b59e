"""Reports: the board of `[[report]]`, with its changes, to each address once a day, week, month or quarter.

What has gone out is noted when it has been handed over, address by address. Whoever is told twice, because a process
ended in between, knows it by the id: the mail's Message-ID, or `webhook-id`.
"""

from __future__ import annotations

import asyncio
import html
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

from api.outgoing.mail import send_mail
from api.outgoing.settings import OutgoingError, OutgoingSettings
from api.outgoing.webhook import send_webhook
from graph.cypher import cypher
from graph.figures.board import UnknownKpi, kpi_of, plan_of, status_of
from graph.figures.figure import Figure, Kpi, KpiUnit
from graph.figures.plan import sources_read_at, unless_stale
from graph.figures.plan_rules import ReportRule
from graph.figures.scope import Scope
from graph.journeys.journeys import Journeys
from graph.journeys.keeper import JourneyKeeper
from graph.journeys.period import Granularity, Period, last_over
from graph.rules import Rules
from graph.store.driver import Store

WEBHOOK = "webhook"
"""A receiver that is no address."""
_OF_CADENCE = {
    "daily": Granularity.DAY,
    "weekly": Granularity.WEEK,
    "monthly": Granularity.MONTH,
    "quarterly": Granularity.QUARTER,
}

ReadAt = Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of a report."""

    kpi: Kpi
    current: Figure
    previous: Figure
    target: float | None
    status: str


@dataclass(frozen=True, slots=True)
class Report:
    """A board of a period that is over."""

    rule: ReportRule
    period: Period
    lines: Sequence[Line]

    def id_for(self, to: str) -> str:
        """The same for the same report, period and receiver."""
        return f"{self.rule.title}/{self.period.first:%Y-%m-%d}/{to}"

    @property
    def subject(self) -> str:
        """E.g. `Service board: 2026-03-02 to 2026-03-08`."""
        return f"{self.rule.title}: {self._days()}"

    def text(self) -> str:
        """For people, without markup."""
        lines = [self.rule.title, self._days(), f"Owner: {self.rule.owner}", ""]
        lines += [f"{each.kpi.definition.name}: {_told(each)}" for each in self.lines]
        return "\n".join(lines) + "\n"

    def html(self) -> str:
        """The same as a table."""
        rows = "".join(
            f"<tr><th scope='row' style='text-align:left'>{html.escape(each.kpi.definition.name)}</th>"
            f"<td>{html.escape(_value(each.kpi, each.current))}</td><td>{html.escape(_change(each) or '–')}</td>"
            f"<td>{html.escape(_target(each))}</td>"
            f"<td>{each.current.sample_size:,}</td></tr>"
            for each in self.lines
        )
        return (
            "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
            f"<title>{html.escape(self.subject)}</title></head><body><h1>{html.escape(self.rule.title)}</h1>"
            f"<p>{self._days()}. Owner: {html.escape(self.rule.owner)}.</p><table cellpadding='6'><thead>"
            "<tr><th>Figure</th><th>Value</th><th>Change</th><th>Target</th><th>n</th></tr></thead>"
            f"<tbody>{rows}</tbody></table></body></html>"
        )

    def data(self) -> dict[str, Any]:
        """What a webhook says of it."""
        return {
            "title": self.rule.title,
            "owner": self.rule.owner,
            "from": self.period.first.isoformat(),
            "to": self.period.end.isoformat(),
            "kpis": [
                {
                    "key": each.kpi.key,
                    "value": each.current.value,
                    "previous": each.previous.value,
                    "target": each.target,
                    "status": each.status,
                    "sampleSize": each.current.sample_size,
                    "unavailableReason": each.current.unavailable,
                    "currencyCode": each.current.currency,
                }
                for each in self.lines
            ],
        }

    def _days(self) -> str:
        last = datetime.fromtimestamp(self.period.end_ms / 1000 - 1, UTC).astimezone(self.period.zone).date()
        return f"{self.period.first:%Y-%m-%d} to {last:%Y-%m-%d}"


def report_of(rule: ReportRule, journeys: Journeys, now: datetime, read_at: ReadAt | None = None) -> Report:
    """The report of the last full day, week, month or quarter. UnknownKpi: it names one that there is not.

    `read_at` says when each source was last read (epoch ms): what rests on a stale one has no value.
    """
    rules = journeys.rules
    period = period_of(rule, rules, now)
    now_ms = int(now.timestamp() * 1000)
    scope = Scope(journeys.view(as_of=now_ms), period, now_ms)
    return Report(rule, period, [_line(kpi_of(key), scope, read_at or {}) for key in dict.fromkeys(rule.kpis)])


def period_of(rule: ReportRule, rules: Rules, now: datetime) -> Period:
    """The last full day, week, month or quarter before today."""
    zone = ZoneInfo(rules.calendar.reporting_timezone)
    return last_over(now.astimezone(zone).date(), _OF_CADENCE[rule.cadence], rules.calendar, zone)


async def send_reports(
    store: Store,
    keeper: JourneyKeeper,
    rules: Rules,
    outgoing: OutgoingSettings,
    now: datetime,
    only: str | None = None,
) -> list[str]:
    """Send what is due and has not gone out; the ids of what went.

    What cannot be sent keeps nothing else from being sent; afterwards the first problem is raised. NotDelivered: it
    waits for the next time. OutgoingError: a report is to go where nothing is set up. UnknownKpi: a report names one
    that there is not. LeaseBusy: somebody else is at it.
    """
    sent: list[str] = []
    problems: list[OutgoingError | UnknownKpi] = []
    async with store.lease("tell", wait=0):
        for rule in rules.report:
            due = await _due(store, rule, period_of(rule, rules, now)) if only in (None, rule.title) else []
            ways = [to for to in due if _has_way(to, outgoing)]
            if len(ways) < len(due):
                problems.append(_no_way(rule, outgoing))
            if not ways:
                continue
            try:
                for key in rule.kpis:
                    kpi_of(key)
            except UnknownKpi as unknown:
                problems.append(unknown)
                continue
            read_at = await sources_read_at(store)
            report = await asyncio.to_thread(report_of, rule, await keeper.current(), now, read_at)
            for to in ways:
                try:
                    await _send(report, to, outgoing)
                except OutgoingError as problem:
                    problems.append(problem)
                else:
                    await store.write(cypher("writes/note_sent_report"), id=report.id_for(to), now=_now())
                    sent.append(report.id_for(to))
    if problems:
        raise problems[0]
    return sent


async def _due(store: Store, rule: ReportRule, period: Period) -> list[str]:
    """To whom the report of the period has not gone."""
    everybody = (*rule.to, *([WEBHOOK] if rule.webhook else []))
    return [
        to
        for to in everybody
        if await store.read_one(cypher("writes/report_sent"), id=Report(rule, period, ()).id_for(to)) is None
    ]


def _has_way(to: str, outgoing: OutgoingSettings) -> bool:
    return (outgoing.webhook if to == WEBHOOK else outgoing.mail) is not None


def _no_way(rule: ReportRule, outgoing: OutgoingSettings) -> OutgoingError:
    if rule.to and outgoing.mail is None:
        return OutgoingError(f"[[report]] {rule.title} goes by mail. Set C360_SMTP_URL and C360_MAIL_FROM.")
    return OutgoingError(f"[[report]] {rule.title} goes to a webhook. Set C360_WEBHOOK_URL and C360_WEBHOOK_SECRET.")


async def _send(report: Report, to: str, outgoing: OutgoingSettings) -> None:
    id = f"report_{blake2b(report.id_for(to).encode(), digest_size=16).hexdigest()}"
    if to == WEBHOOK and outgoing.webhook is not None:
        await send_webhook(outgoing.webhook, id, "report.made", report.data())
    elif outgoing.mail is not None:
        await send_mail(outgoing.mail, to, report.subject, report.text(), id, report.html())


def _now() -> int:
    return time.time_ns() // 1_000_000


def _line(kpi: Kpi, scope: Scope, read_at: ReadAt) -> Line:
    plan = plan_of(kpi.key, scope.rules)
    target = None if plan is None else plan.target
    earlier = scope.at(scope.period.before)
    current, before = (unless_stale(kpi.figure(of), plan, of, read_at) for of in (scope, earlier))
    return Line(kpi, current, before, target, status_of(kpi, current, target))


def _told(line: Line) -> str:
    parts = [_value(line.kpi, line.current)]
    if change := _change(line):
        parts.append(change)
    if line.target is not None:
        parts.append(f"target {_number(line.kpi, line.target, line.current.currency)}")
    if line.current.value is not None:
        parts.append(f"n = {line.current.sample_size:,}")
    return "; ".join(parts)


def _target(line: Line) -> str:
    return "–" if line.target is None else _number(line.kpi, line.target, line.current.currency)


def _value(kpi: Kpi, figure: Figure) -> str:
    if figure.value is None:
        return f"no value ({figure.note})"
    told = _number(kpi, figure.value, figure.currency)
    if figure.low is None or figure.high is None:
        return told
    return f"{told} ({_number(kpi, figure.low, None)} to {_number(kpi, figure.high, None)})"


def _change(line: Line) -> str | None:
    if line.current.value is None or line.previous.value is None:
        return None
    change = line.current.value - line.previous.value
    better = (change > 0) == line.kpi.definition.higher_is_better
    how = "unchanged" if change == 0 else "better" if better else "worse"
    told = f"{change:,.1f} points" if line.kpi.definition.unit is KpiUnit.PERCENT else _number(line.kpi, change, None)
    return f"{'+' if change > 0 else ''}{told}, {how}"


def _number(kpi: Kpi, value: float, currency: str | None) -> str:
    match kpi.definition.unit:
        case KpiUnit.PERCENT:
            return f"{value:,.1f} %"
        case KpiUnit.SECONDS:
            return f"{value / 60:,.0f} min" if abs(value) < 7_200 else f"{value / 3_600:,.1f} h"
        case KpiUnit.DAYS:
            return f"{value:,.1f} days"
        case KpiUnit.MONEY:
            return f"{value:,.2f}{' ' + currency if currency else ''}"
        case KpiUnit.COUNT:
            return f"{value:,.0f}"
        case _:
            return f"{value:,.1f}"
