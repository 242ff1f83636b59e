"""Mailchimp's Marketing API 3.0 as typed calls: one audience's members, and the reports of its campaigns."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec

from connectors.errors import SourceNotFound
from connectors.exports.mailchimp import Activity, MemberActivity
from connectors.hookspecs import RawProblem
from connectors.http import Patience, SourceClient
from connectors.moments import parse_instant
from connectors.raws import decode_each
from connectors.records import said

Id = str | int
"""An id as Mailchimp writes it; the same one may be a number elsewhere, so it is always used as a text."""


class Tag(msgspec.Struct, frozen=True):
    """A tag of a member."""

    name: str | None = None


class Location(msgspec.Struct, frozen=True):
    """Where Mailchimp guesses a member to be, by the address they signed up from."""

    country_code: str | None = None
    timezone: str | None = None


class MarketingPermission(msgspec.Struct, frozen=True):
    """A box of the GDPR fields: what was asked, and whether it is ticked."""

    text: str | None = None
    enabled: bool | None = None


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A member of an audience; `id` is the MD5 of the lower-case address, moments that are not set are blank."""

    id: str
    email_address: str | None = None
    status: str | None = None
    unsubscribe_reason: str | None = None
    contact_id: Id | None = None
    list_id: Id | None = None
    web_id: Id | None = None
    full_name: str | None = None
    merge_fields: dict[str, Any] | None = None
    interests: dict[str, bool] | None = None
    """By the interest's id, or its name once `Mailchimp.interests` told it."""
    timestamp_signup: str | None = None
    timestamp_opt: str | None = None
    last_changed: str | None = None
    language: str | None = None
    vip: bool | None = None
    source: str | None = None
    location: Location | None = None
    tags: tuple[Tag, ...] | None = None
    marketing_permissions: tuple[MarketingPermission, ...] | None = None


class Audience(msgspec.Struct, frozen=True):
    """A list, as Mailchimp calls it."""

    id: Id
    name: str | None = None


class Opens(msgspec.Struct, frozen=True):
    opens_total: int = 0


class Clicks(msgspec.Struct, frozen=True):
    clicks_total: int = 0


class Bounces(msgspec.Struct, frozen=True):
    hard_bounces: int = 0
    soft_bounces: int = 0
    syntax_errors: int = 0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a campaign that was sent."""

    id: Id
    campaign_title: str | None = None
    subject_line: str | None = None
    list_id: Id | None = None
    send_time: str | None = None
    emails_sent: int = 0
    unsubscribed: int = 0
    abuse_reports: int = 0
    opens: Opens = Opens()
    clicks: Clicks = Clicks()
    bounces: Bounces = Bounces()


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody a campaign was sent to, or who unsubscribed (`timestamp`, `reason`) or complained (`date`)."""

    email_id: str | None = None
    email_address: str | None = None
    timestamp: datetime | None = None
    date: datetime | None = None
    reason: str | None = None


class _Category(msgspec.Struct, frozen=True):
    id: Id
    title: str | None = None


class _Categories(msgspec.Struct, frozen=True):
    categories: list[_Category]


class _Interest(msgspec.Struct, frozen=True):
    id: Id
    name: str | None = None


class _Interests(msgspec.Struct, frozen=True):
    interests: list[_Interest]


class _Audiences(msgspec.Struct, frozen=True):
    lists: list[Audience]


class _Members(msgspec.Struct, frozen=True):
    members: list[msgspec.Raw]


class _Key(msgspec.Struct, frozen=True):
    id: str
    contact_id: Id | None = None


class _Keys(msgspec.Struct, frozen=True):
    members: list[_Key]


class _Reports(msgspec.Struct, frozen=True):
    reports: list[Report]


class _SentTo(msgspec.Struct, frozen=True):
    items: list[msgspec.Raw] = msgspec.field(name="sent_to")


class _Emails(msgspec.Struct, frozen=True):
    items: list[msgspec.Raw] = msgspec.field(name="emails")


class _Unsubscribes(msgspec.Struct, frozen=True):
    items: list[msgspec.Raw] = msgspec.field(name="unsubscribes")


class _AbuseReports(msgspec.Struct, frozen=True):
    items: list[msgspec.Raw] = msgspec.field(name="abuse_reports")


_PARTS: dict[str, type[_SentTo | _Emails | _Unsubscribes | _AbuseReports]] = {
    "sent-to": _SentTo,
    "email-activity": _Emails,
    "unsubscribed": _Unsubscribes,
    "abuse-reports": _AbuseReports,
}
"""Reports of a campaign that name single recipients."""


class Mailchimp:
    """A reader of one account. Raises the errors of `SourceClient`."""

    def __init__(
        self,
        source: str,
        url: str,
        api_key: str,
        *,
        timeout: float = 120.0,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.source = source
        self._client = SourceClient(
            source,
            url.rstrip("/") + "/",
            headers={"Authorization": f"Basic {_basic(api_key)}", "Accept": "application/json"},
            secrets=[api_key],
            timeout=timeout,
            connections=4,
            transport=transport,
            patience=patience,
        )

    async def ping(self) -> None:
        """Nothing, when Mailchimp answers and knows the key."""
        await self._client.json("GET", "ping", dict[str, Any])

    async def audiences(self) -> list[Audience]:
        """All audiences of the account; an account has at most a few hundred."""
        params = {"count": 1000, "offset": 0, "fields": "lists.id,lists.name,total_items"}
        return (await self._client.json("GET", "lists", _Audiences, params=params)).lists

    async def members(
        self, audience: str, *, since: str | None, status: str | None, offset: int, count: int
    ) -> list[Member | RawProblem]:
        """Members by the moment of their last change, oldest first; the archived come when they are asked for."""
        params = {
            "count": count,
            "offset": offset,
            "sort_field": "last_changed",
            "sort_dir": "ASC",
            "since_last_changed": since,
            "status": status,
            "exclude_fields": "_links,members._links",
        }
        answer = await self._client.json("GET", f"lists/{audience}/members", _Members, params=params)
        members, problems = decode_each(answer.members, Member, f"{self.source}/members")
        return [*members, *problems]

    async def interests(self, audience: str) -> dict[str, str]:
        """`group: interest` by the interest's id; Mailchimp allows 60 of each."""
        all_of_them = {"count": 1000, "offset": 0}
        path = f"lists/{audience}/interest-categories"
        names: dict[str, str] = {}
        for group in (await self._client.json("GET", path, _Categories, params=all_of_them)).categories:
            inner = f"{path}/{group.id}/interests"
            for one in (await self._client.json("GET", inner, _Interests, params=all_of_them)).interests:
                names[str(one.id)] = f"{group.title}: {one.name}"
        return names

    async def member(self, audience: str, identifier: str) -> Member | None:
        """One member, archived ones too; None when there is none any more."""
        try:
            return await self._client.json("GET", f"lists/{audience}/members/{identifier}", Member)
        except SourceNotFound:
            return None

    async def keys(self, audience: str, *, status: str | None, offset: int, count: int) -> list[str]:
        """`contact/id` of members, in the order in which they signed up; the contact stays when an address changes."""
        params = {
            "count": count,
            "offset": offset,
            "sort_field": "timestamp_signup",
            "sort_dir": "ASC",
            "status": status,
            "fields": "members.id,members.contact_id",
        }
        answer = await self._client.json("GET", f"lists/{audience}/members", _Keys, params=params)
        return [f"{one.contact_id or ''}/{one.id}" for one in answer.members]

    async def reports(self, *, offset: int, count: int) -> list[Report]:
        """The figures of all campaigns that were sent, also those of automations."""
        params = {"count": count, "offset": offset, "exclude_fields": "_links,reports._links,reports.timeseries"}
        return (await self._client.json("GET", "reports", _Reports, params=params)).reports

    async def activity(
        self, report: Report, part: str, *, since: str | None, offset: int, count: int
    ) -> list[MemberActivity | RawProblem]:
        """What recipients of a campaign got or did; `part` is the report, `since` is for `email-activity` alone."""
        params = {"count": count, "offset": offset, "since": since}
        answer = await self._client.json("GET", f"reports/{report.id}/{part}", _PARTS[part], params=params)
        where = f"{self.source}/activity"
        if part == "email-activity":
            found, problems = decode_each(answer.items, MemberActivity, where)
            return [*(_titled(report, one) for one in found), *problems]
        recipients, problems = decode_each(answer.items, Recipient, where)
        return [*(_as_activity(report, part, one) for one in recipients), *problems]

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _basic(api_key: str) -> str:
    """The user's name may be anything."""
    return base64.b64encode(f"c360:{api_key}".encode()).decode()


def _titled(report: Report, one: MemberActivity) -> MemberActivity:
    """Said of this campaign: the report itself names it only by its id."""
    title = said(report.campaign_title) or said(report.subject_line)
    told = [msgspec.structs.replace(activity, title=title) for activity in one.activity]
    return msgspec.structs.replace(one, campaign_id=str(report.id), activity=told)


def _as_activity(report: Report, part: str, one: Recipient) -> MemberActivity | RawProblem:
    action, at = {
        "sent-to": ("sent", sent_at(report)),
        "unsubscribed": ("unsub", one.timestamp),
        "abuse-reports": ("abuse", one.date),
    }[part]
    if at is None:
        return RawProblem("activity", f"{part} of campaign {report.id}: no moment.", msgspec.json.encode(one).decode())
    did = Activity(action=action, timestamp=at, reason=said(one.reason))
    told = MemberActivity(activity=[did], email_id=one.email_id, email_address=one.email_address)
    return _titled(report, told)


def sent_at(report: Report) -> datetime | None:
    """When the campaign went out; automations say none."""
    return parse_instant(report.send_time, _UTC) if report.send_time else None


_UTC = ZoneInfo("UTC")
