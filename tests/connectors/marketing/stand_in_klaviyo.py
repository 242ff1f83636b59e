"""Klaviyo's wire, as revision 2026-01-15 answers: JSON:API, cursors in links, filters and orders by moment."""

from __future__ import annotations

import base64
import re
from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.marketing.klaviyo import KlaviyoConfig, KlaviyoConnector
from tests.connectors.contract.descriptions import described_by
from tests.connectors.contract.vendors import Vendor

Row = dict[str, Any]

KEY = "pk_0123456789abcdef0123456789abcdef01"
START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
METRICS = {
    "RecEml": "Received Email",
    "OpnEml": "Opened Email",
    "ClkEml": "Clicked Email",
    "BncEml": "Bounced Email",
    "UnsEml": "Unsubscribed from Email Marketing",
    "SntSms": "Sent SMS",
    "PlcOrd": "Placed Order",
    "RefOrd": "Refunded Order",
    "Webinr": "Attended Webinar",
}


class FakeKlaviyo:
    """An account with the metrics above and one campaign. `scopes` are what the key may read."""

    def __init__(self) -> None:
        self.profiles: dict[str, Row] = {}
        self.events: dict[str, Row] = {}
        self.scopes = {"profiles", "events", "metrics", "campaigns"}
        self.asked: list[httpx.URL] = []
        self.expired: set[str] = set()
        """Cursors that are refused, once."""
        self._campaigns = [
            {
                "type": "campaign",
                "id": "01CAMPAIGN",
                "attributes": {"name": "Spring", "status": "Sent", "archived": False},
                "relationships": {"campaign-messages": {"data": [{"type": "campaign-message", "id": "01MESSAGE"}]}},
            }
        ]

    @property
    def transport(self) -> httpx.MockTransport:
        """For `httpx.AsyncClient(transport=…)`."""
        return httpx.MockTransport(self.answer)

    def profile(self, identifier: str, *, updated: datetime = START, **attributes: Any) -> str:
        """A profile; everything that is not said is null."""
        names = "email phone_number external_id first_name last_name organization title locale image"
        blank = dict.fromkeys(names.split())
        at = _iso(updated)
        told = {**blank, "created": at, "updated": at, "location": {}, "properties": {}, **attributes}
        self.profiles[identifier] = {"type": "profile", "id": identifier, "attributes": told}
        return identifier

    def event(
        self, identifier: str, metric: str, profile: str | None, *, at: datetime = START, **properties: Any
    ) -> str:
        """An event by the id of its metric; properties with a dollar are given as `d_message`."""
        given = {f"${name[2:]}" if name.startswith("d_") else name: value for name, value in properties.items()}
        self.events[identifier] = {
            "type": "event",
            "id": identifier,
            "attributes": {"timestamp": int(at.timestamp()), "datetime": _iso(at), "uuid": identifier,
                           "event_properties": given},
            "relationships": {
                "profile": {"data": None if profile is None else {"type": "profile", "id": profile}},
                "metric": {"data": {"type": "metric", "id": metric}},
            },
        }  # fmt: skip
        return identifier

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Klaviyo's answer."""
        self.asked.append(request.url)
        if request.headers.get("authorization") != f"Klaviyo-API-Key {KEY}":
            return refusal(401, "not_authenticated", "Missing or invalid private key.")
        if "revision" not in request.headers:
            return refusal(400, "missing_revision", "Missing revision header.")
        name = request.url.path.removeprefix("/api/")
        if name not in self.scopes:
            return refusal(403, "permission_denied", f"Key is missing required scopes: {name}:read")
        ask = dict(request.url.params)
        if name == "metrics":
            rows = [{"type": "metric", "id": key, "attributes": {"name": METRICS[key]}} for key in METRICS]
            return httpx.Response(200, json={"data": rows, "links": {"next": None}})
        if name == "campaigns":
            rows = self._campaigns if "'email'" in ask["filter"] else []
            return httpx.Response(200, json={"data": rows, "links": {"next": None}})
        if ask.get("page[cursor]") in self.expired:
            self.expired.remove(ask["page[cursor]"])
            return refusal(400, "invalid", "Invalid cursor.")
        rows = list((self.profiles if name == "profiles" else self.events).values())
        return self._page(request, rows, ask, "updated" if name == "profiles" else "datetime")

    def _page(self, request: httpx.Request, rows: list[Row], ask: Row, moment: str) -> httpx.Response:
        assert ask.get("sort") in (None, "id", moment)
        moment = "" if ask.get("sort") == "id" else moment
        after: tuple[str, str] = ("", "")
        if "filter" in ask:
            (since,) = re.findall(rf"greater-than\({moment},([0-9TZ:-]+)\)", ask["filter"])
            after = (_iso(datetime.fromisoformat(since)), "~")
        if "page[cursor]" in ask:
            at, _, identifier = base64.urlsafe_b64decode(ask["page[cursor]"]).decode().partition("|")
            after = max(after, (at, identifier))
        keys, in_order = self._in_order(rows, moment)
        found = in_order[bisect_right(keys, after) :]
        size = int(ask.get("page[size]", 20))
        size = size if len(found) > 200 else min(size, 20)
        link = None
        if len(found) > size:
            cursor = base64.urlsafe_b64encode("|".join(_place(found[size - 1], moment)).encode()).decode()
            link = str(request.url.copy_set_param("page[cursor]", cursor))
        body = {"data": found[:size], "links": {"self": str(request.url), "next": link, "prev": None}}
        return httpx.Response(200, json=body)

    def _in_order(self, rows: list[Row], moment: str) -> tuple[list[tuple[str, str]], list[Row]]:
        in_order = sorted(rows, key=lambda row: _place(row, moment))
        return [_place(row, moment) for row in in_order], in_order


def _place(row: Row, moment: str) -> tuple[str, str]:
    """Where a row stands by a moment and its id, or by its id alone."""
    return (row["attributes"][moment] if moment else "", row["id"])


def refusal(status: int, code: str, detail: str) -> httpx.Response:
    """How Klaviyo says that something is wrong."""
    body = {"errors": [{"id": "1", "status": status, "code": code, "title": code, "detail": detail}]}
    return httpx.Response(status, json=body)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


class KlaviyoStandIn(FakeKlaviyo):
    """60 profiles whose last changes are a minute apart, with events; each change moves the clock by a minute."""

    def __init__(self) -> None:
        super().__init__()
        self._now = self._sorted_at = START
        self._sorted: dict[str, tuple[list[tuple[str, str]], list[Row]]] = {}
        for number in range(60):
            self.profile(f"P{number:03}", updated=self._tick(), email=f"{number}@x.test")
        for number, metric in enumerate(("RecEml", "OpnEml", "ClkEml", "PlcOrd", "Webinr") * 10):
            self.event(
                f"E{number:03}", metric, f"P{number:03}", at=self._tick(), d_message="01MESSAGE", Subject="Spring"
            )

    def _in_order(self, rows: list[Row], moment: str) -> tuple[list[tuple[str, str]], list[Row]]:
        """Sorted once between two changes: ten thousand profiles are asked for page by page."""
        if self._sorted_at != self._now:
            self._sorted, self._sorted_at = {}, self._now
        if moment not in self._sorted:
            self._sorted[moment] = super()._in_order(rows, moment)
        return self._sorted[moment]

    def change(self) -> str:
        return self._set("P005", title="Buyer")

    def delete(self) -> str:
        self._tick()
        self.profiles.pop("P000", None)
        return "P000"

    def many(self, count: int) -> set[str]:
        moment = self._tick()
        return {self.profile(f"M{number}", updated=moment, email=f"m{number}@x.test") for number in range(count)}

    def _set(self, identifier: str, **attributes: Any) -> str:
        self.profiles[identifier]["attributes"] |= {"updated": _iso(self._tick()), **attributes}
        return identifier

    def _tick(self) -> datetime:
        self._now += timedelta(minutes=1)
        return self._now


VENDOR = Vendor(
    name="klaviyo",
    stand_in=KlaviyoStandIn,
    connector=lambda transport, patience: KlaviyoConnector(
        "klaviyo",
        KlaviyoConfig(api_key=SecretStr(KEY), days_between_listings=0),
        transport=transport,
        patience=patience,
    ),
    secrets=(KEY,),
    stream="profiles",
    requests="GET /api/profiles",
    changing=("data", "data.0.id", "data.0.attributes", "data.0.attributes.email", "data.0.attributes.updated"),
    ids=frozenset({"id", "external_id"}),
    description=lambda: described_by("klaviyo"),
    not_described={
        "GET /profiles?filter": "what changed is asked for by `updated`",
        "GET /profiles?sort": "oldest first, so that nobody slips through",
        "GET /profiles?fields[profile]": "ids are enough to see who is gone",
        "GET /profiles?additional-fields[profile]": "consents come only when asked for",
        "GET /profiles#.data[].attributes.locale": "Klaviyo's own pages have it",
        "GET /campaigns#.data[].relationships": "what was asked for by include",
        "GET /campaigns?include": "which messages are a campaign's, for events know messages alone",
        "GET /events?filter": "what is new is asked for by `datetime`",
    },
    next_link="links.next",
)
