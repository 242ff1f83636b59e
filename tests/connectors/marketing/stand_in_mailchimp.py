"""Mailchimp's wire, as the Marketing API 3.0 answers: offset pages, filters by time, blank moments, problem details."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.exports.mailchimp import subscriber_hash
from connectors.marketing.mailchimp import MailchimpConfig, MailchimpConnector
from tests.connectors.contract.descriptions import described_by
from tests.connectors.contract.vendors import Vendor

Row = dict[str, Any]

KEY = "0123456789abcdef0123456789abcdef-us19"
AUDIENCE = "a1b2c3d4e5"
START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


class FakeMailchimp:
    """An account with one audience. `before` may change the data, or answer a request itself, before it is served."""

    def __init__(self, audience: str = AUDIENCE) -> None:
        self.audience = audience
        self.audiences: list[Row] = [{"id": audience, "name": "Customers"}]
        self.members: dict[str, Row] = {}
        self.campaigns: dict[str, Row] = {}
        self.asked: list[str] = []
        self.before: Callable[[httpx.Request], httpx.Response | None] = lambda request: None

    @property
    def transport(self) -> httpx.MockTransport:
        """For `httpx.AsyncClient(transport=…)`."""
        return httpx.MockTransport(self.answer)

    def member(self, address: str, *, changed: datetime = START, **fields: Any) -> str:
        """A subscribed member; gives their id."""
        identifier = subscriber_hash(address)
        self.members[identifier] = {
            "id": identifier,
            "email_address": address,
            "unique_email_id": identifier[:10],
            "contact_id": identifier,
            "full_name": "",
            "web_id": len(self.members) + 1,
            "email_type": "html",
            "status": "subscribed",
            "merge_fields": {"FNAME": "", "LNAME": "", "ADDRESS": "", "PHONE": ""},
            "interests": {},
            "stats": {"avg_open_rate": 0.5, "avg_click_rate": 0.25},
            "ip_signup": "",
            "timestamp_signup": "",
            "ip_opt": "203.0.113.7",
            "timestamp_opt": _iso(START - timedelta(days=30)),
            "member_rating": 2,
            "last_changed": _iso(changed),
            "language": "",
            "vip": False,
            "email_client": "",
            "location": {"latitude": 0, "longitude": 0, "gmtoff": 0, "dstoff": 0, "country_code": "", "timezone": ""},
            "source": "Unknown",
            "tags_count": 0,
            "tags": [],
            "list_id": self.audience,
            **fields,
        }
        return identifier

    def campaign(self, identifier: str, title: str, *, sent: datetime = START, audience: str | None = None) -> str:
        """A campaign that was sent."""
        self.campaigns[identifier] = {
            "id": identifier,
            "title": title,
            "list_id": audience or self.audience,
            "send_time": _iso(sent),
            "sent": [],
            "activity": {},
            "unsubscribes": [],
            "abuse_reports": [],
        }
        return identifier

    def sent(self, campaign: str, *members: str) -> None:
        """It went out to these."""
        self.campaigns[campaign]["sent"] += members

    def act(self, campaign: str, member: str, action: str, at: datetime, **more: Any) -> None:
        """An open, click or bounce, as the campaign's e-mail activity tells it."""
        acts = self.campaigns[campaign]["activity"].setdefault(member, [])
        acts.append({"action": action, "timestamp": _iso(at), "ip": "203.0.113.7", **more})

    def unsubscribe(self, campaign: str, member: str, at: datetime, reason: str) -> None:
        """They unsubscribed from this campaign."""
        self.campaigns[campaign]["unsubscribes"].append({"member": member, "timestamp": _iso(at), "reason": reason})
        self.members[member] |= {"status": "unsubscribed", "unsubscribe_reason": reason, "last_changed": _iso(at)}

    def complain(self, campaign: str, member: str, at: datetime) -> None:
        """They called it spam."""
        self.campaigns[campaign]["abuse_reports"].append({"member": member, "date": _iso(at)})

    def report(self, campaign: str) -> Row:
        """The figures that Mailchimp shows of a campaign."""
        one = self.campaigns[campaign]
        by_action: dict[str, list[str]] = {"open": [], "click": [], "bounce": []}
        for member, acts in one["activity"].items():
            for act in acts:
                by_action[act["action"]].append(member)
        return {
            "id": campaign,
            "campaign_title": one["title"],
            "type": "regular",
            "list_id": one["list_id"],
            "list_is_active": True,
            "list_name": "Customers",
            "subject_line": one["title"],
            "preview_text": "",
            "emails_sent": len(one["sent"]),
            "abuse_reports": len(one["abuse_reports"]),
            "unsubscribed": len(one["unsubscribes"]),
            "send_time": one["send_time"],
            "bounces": {"hard_bounces": len(by_action["bounce"]), "soft_bounces": 0, "syntax_errors": 0},
            "opens": {"opens_total": len(by_action["open"]), "unique_opens": len(set(by_action["open"]))},
            "clicks": {
                "clicks_total": len(by_action["click"]),
                "unique_subscriber_clicks": len(set(by_action["click"])),
            },
        }

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Mailchimp's answer."""
        self.asked.append(request.url.path.removeprefix("/3.0/"))
        if (answer := self.before(request)) is not None:
            return answer
        sent = request.headers.get("authorization", "").removeprefix("Basic ")
        if base64.b64decode(sent).decode().partition(":")[2] != KEY:
            return problem(
                401, "API Key Invalid", "Your API key may be invalid, or you've attempted the wrong datacenter."
            )
        path, ask = request.url.path.removeprefix("/3.0/"), dict(request.url.params)
        if path == "ping":
            return httpx.Response(200, json={"health_status": "Everything's Chimpy!"})
        if path == "lists":
            return _listed("lists", self.audiences, ask)
        if path == f"lists/{self.audience}/members":
            return _listed("members", self._members(ask), ask, list_id=self.audience)
        if path == f"lists/{self.audience}/interest-categories":
            return _listed("categories", [{"list_id": self.audience, "id": "5d", "title": "Topics"}], ask)
        if path == f"lists/{self.audience}/interest-categories/5d/interests":
            rows = [{"category_id": "5d", "list_id": self.audience, "id": "9f1", "name": "Boots"}]
            return _listed("interests", rows, ask)
        if path == "reports":
            return _listed("reports", [self.report(campaign) for campaign in self.campaigns], ask)
        if path.startswith(f"lists/{self.audience}/members/"):
            row = self.members.get(path.rpartition("/")[2])
            return httpx.Response(200, json=row) if row else problem(404, "Resource Not Found", "No such member.")
        match = re.fullmatch(r"reports/(\w+)/(sent-to|email-activity|unsubscribed|abuse-reports)", path)
        if match is None or match[1] not in self.campaigns:
            return problem(404, "Resource Not Found", "The requested resource could not be found.")
        name, rows = self._part(match[1], match[2], ask)
        return _listed(name, rows, ask, campaign_id=match[1])

    def _members(self, ask: Row) -> list[Row]:
        since, status = ask.get("since_last_changed", ""), ask.get("status")
        rows = [
            row
            for row in self.members.values()
            if row["last_changed"] > since and (row["status"] == status if status else row["status"] != "archived")
        ]
        assert (ask["sort_field"] in ("last_changed", "timestamp_signup"), ask["sort_dir"]) == (True, "ASC")
        return sorted(rows, key=lambda row: row[ask["sort_field"]])

    def _part(self, campaign: str, part: str, ask: Row) -> tuple[str, list[Row]]:
        one = self.campaigns[campaign]
        if part == "sent-to":
            return "sent_to", [{**self._recipient(one, member), "status": "sent"} for member in one["sent"]]
        if part == "email-activity":
            since = ask.get("since")
            after = datetime.fromisoformat(since) if since else datetime.min.replace(tzinfo=UTC)
            told = [
                (member, [act for act in acts if datetime.fromisoformat(act["timestamp"]) >= after])
                for member, acts in one["activity"].items()
            ]
            return "emails", [{**self._recipient(one, member), "activity": acts} for member, acts in told if acts]
        name = {"unsubscribed": "unsubscribes", "abuse-reports": "abuse_reports"}[part]
        return name, [
            {**self._recipient(one, row["member"]), **{key: row[key] for key in row if key != "member"}}
            for row in one[name]
        ]

    def _recipient(self, campaign: Row, member: str) -> Row:
        return {
            "campaign_id": campaign["id"],
            "list_id": campaign["list_id"],
            "list_is_active": True,
            "email_id": member,
            "email_address": self.members[member]["email_address"],
        }


def problem(status: int, title: str, detail: str) -> httpx.Response:
    """How Mailchimp says that something is wrong (RFC 7807)."""
    body = {"type": "https://mailchimp.com/developer/marketing/docs/errors/", "title": title, "status": status,
            "detail": detail, "instance": "a-b-c"}  # fmt: skip
    return httpx.Response(status, json=body, headers={"Content-Type": "application/problem+json"})


def _listed(name: str, rows: list[Row], ask: Row, **more: Any) -> httpx.Response:
    offset, count = int(ask.get("offset", 0)), int(ask.get("count", 10))
    body = {name: rows[offset : offset + count], **more, "total_items": len(rows), "_links": []}
    return httpx.Response(200, json=body)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


class MailchimpStandIn(FakeMailchimp):
    """250 members whose last changes are a minute apart, and a campaign; each change moves the clock by a minute.

    The description knows no blank moments, which Mailchimp gives: everybody has a `timestamp_signup` here.
    """

    def __init__(self) -> None:
        super().__init__()
        self._now = self._sorted_at = START
        self._sorted: dict[tuple[str | None, ...], list[Row]] = {}
        ids = [self.member(f"{number}@x.test", changed=self._tick()) for number in range(250)]
        self.member("gone@x.test", changed=self._tick(), status="archived")
        self.campaign("42694e9e57", "Spring")
        self.sent("42694e9e57", *ids[:120])
        for number, member in enumerate(ids[:110]):
            self.act("42694e9e57", member, "open", START + timedelta(minutes=number))
        self.unsubscribe("42694e9e57", ids[200], self._tick(), "Not for me")
        self.complain("42694e9e57", ids[7], self._tick())

    def member(self, address: str, *, changed: datetime = START, **fields: Any) -> str:
        return super().member(address, changed=changed, timestamp_signup=_iso(START - timedelta(days=30)), **fields)

    def _members(self, ask: Row) -> list[Row]:
        """Sorted once between two changes: ten thousand members are asked for page by page."""
        asked = (ask.get("since_last_changed"), ask.get("status"), ask["sort_field"])
        if self._sorted_at != self._now:
            self._sorted, self._sorted_at = {}, self._now
        if asked not in self._sorted:
            self._sorted[asked] = super()._members(ask)
        return self._sorted[asked]

    def change(self) -> str:
        return self._set("5@x.test", language="fr")

    def delete(self) -> str:
        return self._set("0@x.test", status="archived")

    def many(self, count: int) -> set[str]:
        moment = self._tick()
        return {self.member(f"many{number}@x.test", changed=moment) for number in range(count)}

    def _set(self, address: str, **fields: Any) -> str:
        identifier = subscriber_hash(address)
        self.members[identifier] |= {"last_changed": _iso(self._tick()), **fields}
        return identifier

    def _tick(self) -> datetime:
        self._now += timedelta(minutes=1)
        return self._now


VENDOR = Vendor(
    name="mailchimp",
    stand_in=MailchimpStandIn,
    connector=lambda transport, patience: MailchimpConnector(
        "mailchimp",
        MailchimpConfig(api_key=SecretStr(KEY), page_size=100, days_between_listings=0),
        transport=transport,
        patience=patience,
    ),
    secrets=(KEY, base64.b64encode(f"c360:{KEY}".encode()).decode()),
    stream="members",
    requests=rf"GET /3\.0/lists/{AUDIENCE}/members",
    changing=("members", "members.0.id", "members.0.email_address", "members.0.status", "members.0.last_changed"),
    ids=frozenset({"list_id", "web_id", "campaign_id", "contact_id"}),
    description=lambda: described_by("mailchimp"),
    not_described={
        "GET /3.0/ping": "the description has only what gives records",
        "GET /lists?fields": "a general parameter of Mailchimp's collections",
        "GET /lists/{list_id}/members?exclude_fields": "as above",
        "GET /lists/{list_id}/members?fields": "as above",
        "GET /reports?exclude_fields": "as above",
        "GET /3.0/reports/{campaign_id}/sent-to": "the description tells of opens and clicks, not of sends",
        "GET /3.0/reports/{campaign_id}/abuse-reports": "nor of complaints",
    },
)
