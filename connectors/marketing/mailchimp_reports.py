"""What recipients of one Mailchimp audience's campaigns got and did, campaign by campaign.

A campaign's figures say which of its reports have changed; only those are read again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from connectors.exports.mailchimp import MemberActivity
from connectors.hookspecs import Page, RawProblem, State
from connectors.marketing.mailchimp_api import Mailchimp, Report, sent_at
from connectors.offset_pages import offset_pages
from connectors.raws import page_of


class Place(msgspec.Struct):
    """Where a reading was left: the report, what it was asked for, and its newest moment so far."""

    campaign: str
    part: str
    offset: int = 0
    since: datetime | None = None
    newest: datetime | None = None


class Progress(msgspec.Struct, omit_defaults=True):
    """Of each campaign the figure behind each part that was read, and the newest activity.

    Of campaigns that were not read yet all `since` is read.
    """

    audience: str
    figures: dict[str, dict[str, int]] = {}
    newest: dict[str, datetime] = {}
    at: Place | None = None
    since: datetime | None = None


async def read_reports(
    mailchimp: Mailchimp, audience: str, state: State | None, *, size: int, overlap: timedelta
) -> AsyncIterator[Page[MemberActivity]]:
    """Pages of what is new in the reports of the audience's campaigns."""
    seen = msgspec.convert({**(state or {}), "audience": audience}, Progress)
    where = f"[{mailchimp.source}] reports"
    async for reports in offset_pages(partial(_reports, mailchimp, size), _report_id, where, size=size):
        for report in reports.items:
            if report.list_id is None or str(report.list_id) == audience:
                async for page in _read_report(mailchimp, report, seen, size, overlap):
                    yield page
    seen.at = None
    yield Page([], _state(seen))


async def _reports(mailchimp: Mailchimp, size: int, offset: int) -> list[Report]:
    return await mailchimp.reports(offset=offset, count=size)


def _report_id(report: Report) -> str:
    return str(report.id)


async def _read_report(
    mailchimp: Mailchimp, report: Report, seen: Progress, size: int, overlap: timedelta
) -> AsyncIterator[Page[MemberActivity]]:
    figures = seen.figures.setdefault(str(report.id), {})
    for part, figure in _figures(report).items():
        if figures.get(part, 0) == figure:
            continue
        if part == "sent-to" and _sent_before(report, seen.since):
            figures[part] = figure
            continue
        place = _place(seen, report, part, overlap)
        fetch = partial(_activity, mailchimp, report, place, size)
        where = f"[{mailchimp.source}] {part} of campaign {report.id}"
        async for page in offset_pages(fetch, _recipient, where, size=size, offset=place.offset):
            place.offset = page.offset
            place.newest = max(filter(None, (place.newest, _newest(page.items))), default=None)
            seen.at = place
            if page.done:
                seen.at = None
                figures[part] = figure
                if part == "email-activity" and place.newest is not None:
                    seen.newest[str(report.id)] = place.newest
            yield page_of(page.items, _state(seen))


def _figures(report: Report) -> dict[str, int]:
    """What tells that a part has changed. Automations say no moment of sending, so their sends cannot be told."""
    bounces = report.bounces.hard_bounces + report.bounces.soft_bounces + report.bounces.syntax_errors
    return {
        "sent-to": report.emails_sent if sent_at(report) is not None else 0,
        "email-activity": report.opens.opens_total + report.clicks.clicks_total + bounces,
        "unsubscribed": report.unsubscribed,
        "abuse-reports": report.abuse_reports,
    }


def _place(seen: Progress, report: Report, part: str, overlap: timedelta) -> Place:
    if seen.at is not None and (seen.at.campaign, seen.at.part) == (str(report.id), part):
        return seen.at
    newest = seen.newest.get(str(report.id), seen.since) if part == "email-activity" else None
    return Place(str(report.id), part, since=None if newest is None else newest - overlap, newest=newest)


def _sent_before(report: Report, since: datetime | None) -> bool:
    at = sent_at(report)
    return since is not None and at is not None and at < since


async def _activity(
    mailchimp: Mailchimp, report: Report, place: Place, size: int, offset: int
) -> list[MemberActivity | RawProblem]:
    since = None if place.since is None else place.since.isoformat()
    return await mailchimp.activity(report, place.part, since=since, offset=offset, count=size)


def _recipient(item: MemberActivity | RawProblem) -> str | None:
    return item.body if isinstance(item, RawProblem) else item.email_id or item.email_address


def _newest(items: Sequence[MemberActivity | RawProblem]) -> datetime | None:
    moments = (one.timestamp for item in items if isinstance(item, MemberActivity) for one in item.activity)
    return max(moments, default=None)


def _state(seen: Progress) -> State:
    built: dict[str, Any] = msgspec.to_builtins(seen)
    return built
