"""Zendesk Support on the wire: exports by cursor and by time, lists by cursor, audits, as Zendesk answers."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx
from pydantic import SecretStr

from connectors.helpdesk.zendesk import ZendeskConfig, ZendeskConnector
from connectors.http import Patience
from tests.connectors.contract.descriptions import described_by
from tests.connectors.contract.vendors import Vendor

Row = dict[str, Any]

TOKEN = "zd-s3cret-api-token"
SECRET = "zd-s3cret-of-the-client"
BASIC = "Basic " + base64.b64encode(f"reader@acme.example/token:{TOKEN}".encode()).decode()
SUPPORT, BILLING = 21, 22
ALMA, BERT = 11, 12
MARA = 101


class ZendeskStandIn:
    """A Zendesk with two groups, two agents, one form; what else it holds is given to it.

    Its clock stands on a day in 2026 and moves by two minutes with each thing that happens, so that the export, which
    leaves the last minute out, shows it.
    """

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
        self.users: dict[int, Row] = {}
        self.identities: list[Row] = []
        self.organizations: dict[int, Row] = {}
        self.tickets: dict[int, Row] = {}
        self.audits: dict[int, list[Row]] = {}
        self.ratings: dict[int, Row] = {}
        self.metric_events: list[Row] = []
        self.a_page = 3
        self.asked: list[str] = []
        self.tokens: list[str] = []
        self._ids = iter(range(9000, 10**9))
        for number, name in ((ALMA, "Alma Agent"), (BERT, "Bert Agent")):
            self.user(number, name, role="agent" if number == ALMA else "admin")

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v2/")
        self.asked.append(path)
        if request.url.path == "/oauth/tokens":
            return self._token(dict(parse_qsl(request.content.decode())))
        if request.headers.get("authorization") not in (
            BASIC,
            f"Bearer {TOKEN}",
            *(f"Bearer {one}" for one in self.tokens),
        ):
            return httpx.Response(401, json={"error": "Couldn't authenticate you"})
        return self._answer(path, dict(request.url.params))

    def change(self) -> str:
        self.tick()
        self.users[MARA + 4] |= {"name": f"Changed at {self.now:%H:%M}", "updated_at": self.stamp()}
        self.tick()
        return str(MARA + 4)

    def delete(self) -> str:
        self.tick()
        self.users[MARA] |= {"active": False, "updated_at": self.stamp()}
        self.tick()
        return str(MARA)

    def many(self, count: int) -> set[str]:
        self.a_page = 1000
        for number in range(50_000, 50_000 + count):
            self.users[number] = self._person(number, f"User {number}")
        self.tick()
        return {str(number) for number in range(50_000, 50_000 + count)}

    def tick(self, **span: float) -> str:
        """Let time pass, two minutes unless told; the moment it is then."""
        self.now += timedelta(**(span or {"minutes": 2}))
        return self.stamp()

    def stamp(self) -> str:
        """Now, as Zendesk writes it."""
        return f"{self.now:%Y-%m-%dT%H:%M:%SZ}"

    def user(self, number: int, name: str, **fields: Any) -> int:
        self.users[number] = {**self._person(number, name), **fields}
        self.tick()
        return number

    def organization(self, number: int, name: str, **fields: Any) -> int:
        stamp = self.stamp()
        made = {"id": number, "name": name, "domain_names": [], "tags": [], "created_at": stamp, "updated_at": stamp}
        self.organizations[number] = {**made, **fields}
        self.tick()
        return number

    def ticket(self, number: int, requester: int, text: str = "It leaks.", **fields: Any) -> int:
        """A new ticket of the requester with its first audit."""
        made = {
            "id": number,
            "url": f"https://acme.zendesk.com/api/v2/tickets/{number}.json",
            "created_at": self.stamp(),
            "requester_id": requester,
            "submitter_id": requester,
            "assignee_id": None,
            "group_id": SUPPORT,
            "subject": "Kettle",
            "description": text,
            "status": "new",
            "priority": None,
            "type": "question",
            "tags": [],
            "custom_fields": [],
            "collaborator_ids": [],
            "ticket_form_id": 31,
            "via": {"channel": "web", "source": {"from": {}, "to": {}, "rel": None}},
        }
        self.tickets[number] = {**made, **fields}
        self.audits[number] = []
        created = [
            {"type": "Create", "field_name": name, "value": str(self.tickets[number][name])}
            for name in ("requester_id", "status", "group_id", "subject")
        ]
        self.audit(number, self.tickets[number]["submitter_id"], self.comment(text), *created)
        return number

    def comment(self, text: str, *, public: bool = True, **fields: Any) -> Row:
        """A comment, for `audit`."""
        return {"type": "Comment", "body": text, "plain_body": text, "public": public, "attachments": [], **fields}

    def set(self, number: int, **fields: Any) -> Iterator[Row]:
        """Changes of a ticket, for `audit`; ids are text in them, as Zendesk has it."""
        ticket = self.tickets[number]
        for name, value in fields.items():
            before, ticket[name] = ticket[name], value
            shown = {"value": None if value is None else str(value), "previous_value": before and str(before)}
            yield {"type": "Change", "field_name": name, **shown}

    def audit(self, number: int, author: int, *events: Row, via: str = "web") -> int:
        """One update of a ticket; its id."""
        made = {
            "id": next(self._ids),
            "ticket_id": number,
            "created_at": self.stamp(),
            "author_id": author,
            "via": {"channel": via},
            "metadata": {},
            "events": [{"id": next(self._ids), **event} for event in events],
        }
        for event in made["events"]:
            if event["type"] == "Comment":
                event.setdefault("author_id", author)
        self.audits[number].append(made)
        self.touch(number)
        self.tick()
        return int(made["id"])

    def touch(self, number: int) -> None:
        """The ticket changed now."""
        self.tickets[number] |= {"updated_at": self.stamp(), "generated_timestamp": int(self.now.timestamp())}

    def remove(self, number: int) -> None:
        """Delete a ticket: the export still tells its id, its audits are gone."""
        self.tickets[number]["status"] = "deleted"
        del self.audits[number]
        self.touch(number)
        self.tick()

    def rate(self, number: int, ticket: int, score: str, comment: str | None = None, **fields: Any) -> None:
        """Offer a rating, or set it: one rating a ticket, which changes; the ticket's audits tell each answer."""
        of = self.tickets[ticket]
        before = self.ratings.get(number, {"created_at": self.stamp()})
        self.ratings[number] = {
            "id": number,
            "ticket_id": ticket,
            "requester_id": of["requester_id"],
            "assignee_id": of["assignee_id"],
            "group_id": of["group_id"],
            "score": score,
            "comment": comment,
            "reason": None,
            **before,
            **fields,
            "updated_at": self.stamp(),
        } | {"score": score, "comment": comment}
        said = {"type": "SatisfactionRating", "score": score, "assignee_id": of["assignee_id"], "body": comment}
        self.audit(ticket, of["requester_id"], said)

    def measure(self, ticket: int, kind: str, metric: str = "reply_time", **fields: Any) -> int:
        """Something that happened to a ticket's metric."""
        made = {
            "id": next(self._ids),
            "ticket_id": ticket,
            "metric": metric,
            "instance_id": 1,
            "type": kind,
            "time": self.stamp(),
            **fields,
        }
        self.metric_events.append(made)
        self.tick()
        return int(made["id"])

    def _token(self, form: Mapping[str, str]) -> httpx.Response:
        wanted = {"grant_type": "client_credentials", "client_id": "c360", "client_secret": SECRET, "scope": "read"}
        if form != wanted:
            return httpx.Response(401, json={"error": "invalid_client", "error_description": "Client is unknown"})
        self.tokens = [f"given-token-{len(self.asked)}"]
        return httpx.Response(200, json={"access_token": self.tokens[0], "token_type": "bearer", "expires_in": 1800})

    def _person(self, number: int, name: str) -> Row:
        return {
            "id": number,
            "url": f"https://acme.zendesk.com/api/v2/users/{number}.json",
            "name": name,
            "email": f"u{number}@post.example",
            "phone": None,
            "role": "end-user",
            "verified": True,
            "active": True,
            "suspended": False,
            "locale": "sv",
            "iana_time_zone": "Europe/Stockholm",
            "external_id": None,
            "organization_id": None,
            "tags": [],
            "user_fields": {},
            "created_at": self.stamp(),
            "updated_at": self.stamp(),
        }

    def _answer(self, path: str, params: Mapping[str, str]) -> httpx.Response:
        if path == "incremental/users/cursor.json":
            return self._by_cursor("users", list(self.users.values()), _updated, params, self._with_identities)
        if path == "incremental/tickets/cursor.json":
            return self._by_cursor("tickets", list(self.tickets.values()), _generated, params)
        if path == "incremental/organizations.json":
            return self._by_time("organizations", list(self.organizations.values()), _updated, params)
        if path == "incremental/ticket_metric_events.json":
            return self._by_time("ticket_metric_events", self.metric_events, lambda row: _seconds(row["time"]), params)
        if path == "tickets/show_many.json":
            ids = {int(one) for one in params["ids"].split(",")}
            found = [self.tickets[one] for one in sorted(ids & set(self.tickets)) if one in self.audits]
            return httpx.Response(200, json={"tickets": found, "count": len(found)})
        first, _, rest = path.partition("/")
        if path == "users/show_many.json":
            users = [self.users[int(one)] for one in params["ids"].split(",") if int(one) in self.users]
            return httpx.Response(200, json={"users": users, **self._with_identities(users)})
        if path == "organizations/show_many.json":
            found = [self.organizations[int(one)] for one in params["ids"].split(",")]
            return httpx.Response(200, json={"organizations": found})
        if first == "tickets" and rest.endswith("/audits.json"):
            audits = self.audits.get(int(rest.partition("/")[0]))
            if audits is None:
                return httpx.Response(404, json={"error": "RecordNotFound", "description": "Not found"})
            return self._list("audits", audits, params)
        if path == "satisfaction_ratings.json":
            since = int(params.get("start_time", 0))
            found = [one for one in self.ratings.values() if _seconds(one["created_at"]) >= since]
            return self._list("satisfaction_ratings", found, params)
        lists: dict[str, list[Row]] = {
            "groups": [{"id": SUPPORT, "name": "Support"}, {"id": BILLING, "name": "Billing", "deleted": True}],
            "organizations": [one for one in self.organizations.values() if not one.get("deleted_at")],
            "users": [one for one in self.users.values() if one["role"] == params.get("role") and one["active"]],
            "ticket_forms": [{"id": 31, "name": "Problem", "ticket_field_ids": [41, 42, 43, 44]}],
            "ticket_fields": [
                {"id": 41, "title": "Subject", "type": "subject", "visible_in_portal": True},
                {"id": 42, "title": "Phone number", "type": "text", "visible_in_portal": True},
                {"id": 43, "title": "Order number", "type": "text", "visible_in_portal": True},
                {"id": 44, "title": "Root cause", "type": "tagger", "visible_in_portal": False},
            ],
        }
        name = path.removesuffix(".json")
        if name not in lists:
            return httpx.Response(404, json={"error": "InvalidEndpoint", "description": "Not found"})
        return self._list(name, lists[name], params)

    def _by_cursor(
        self,
        name: str,
        rows: list[Row],
        moment: Callable[[Row], int],
        params: Mapping[str, str],
        beside: Callable[[list[Row]], Row] = lambda rows: {},
    ) -> httpx.Response:
        if "cursor" in params:
            start = tuple(map(int, base64.b64decode(params["cursor"]).split(b"||")))
        elif "start_time" in params:
            start = (int(params["start_time"]), 0)
        else:
            return httpx.Response(400, json={"error": "missing start_time"})
        told = [row for row in rows if (moment(row), row["id"]) > start and moment(row) <= self.now.timestamp() - 60]
        told.sort(key=lambda row: (moment(row), row["id"]))
        page = told[: min(self.a_page, int(params.get("per_page", 1000)))]
        last = (moment(page[-1]), page[-1]["id"]) if page else start
        cursor = base64.b64encode(f"{last[0]}||{last[1]}".encode()).decode()
        answer = {name: page, "after_cursor": cursor, "end_of_stream": len(page) == len(told), **beside(page)}
        return httpx.Response(200, json=answer)

    def _by_time(
        self, name: str, rows: list[Row], moment: Callable[[Row], int], params: Mapping[str, str]
    ) -> httpx.Response:
        start = int(params["start_time"])
        told = sorted((row for row in rows if moment(row) >= start), key=moment)
        page = told[: self.a_page]
        answer = {
            name: page,
            "count": len(page),
            "end_time": moment(page[-1]) if page else None,
            "end_of_stream": len(page) == len(told),
        }
        return httpx.Response(200, json=answer)

    def _list(self, name: str, rows: list[Row], params: Mapping[str, str]) -> httpx.Response:
        rows = sorted(rows, key=lambda row: row["id"])
        after = params.get("page[after]", "")
        rest = [row for row in rows if not after or row["id"] > int(after)]
        page = rest[: min(self.a_page, int(params.get("page[size]", 100)))]
        meta = {"has_more": len(rest) > len(page), "after_cursor": str(page[-1]["id"]) if page else None}
        return httpx.Response(200, json={name: page, "meta": meta, "links": {}})

    def _with_identities(self, users: list[Row]) -> Row:
        ids = {user["id"] for user in users}
        return {"identities": [one for one in self.identities if one["user_id"] in ids]}


def _seconds(stamp: str) -> int:
    return int(datetime.fromisoformat(stamp).timestamp())


def _updated(row: Row) -> int:
    return _seconds(row["updated_at"])


def _generated(row: Row) -> int:
    return int(row["generated_timestamp"])


def filled() -> ZendeskStandIn:
    """Ten customers, four firms, five tickets with a history, ratings and a broken promise."""
    zendesk = ZendeskStandIn()
    for number in range(MARA, MARA + 10):
        zendesk.user(number, f"Customer {number}", organization_id=51)
    zendesk.identities = [
        {"id": 1, "user_id": MARA, "type": "email", "value": "mara@second.example", "verified": True, "primary": False},
        {"id": 2, "user_id": MARA, "type": "phone_number", "value": "+46701740605", "verified": True, "primary": True},
    ]
    for number in range(51, 55):
        zendesk.organization(number, f"Firm {number}", domain_names=[f"firm{number}.example"])
    for number in range(1, 6):
        zendesk.ticket(number, MARA + number)
        zendesk.audit(
            number, ALMA, zendesk.comment("Which one?"), *zendesk.set(number, status="open", assignee_id=ALMA)
        )
        zendesk.measure(
            number, "breach", sla={"target": 60, "business_hours": False, "policy": {"id": 1, "title": "Gold"}}
        )
        zendesk.audit(number, ALMA, *zendesk.set(number, status="solved"))
        zendesk.rate(number, number, "offered")
    zendesk.rate(1, 1, "good", "Thanks")
    return zendesk


def connected(transport: httpx.AsyncBaseTransport, patience: Patience) -> ZendeskConnector:
    config = ZendeskConfig(subdomain="acme", email="reader@acme.example", api_token=SecretStr(TOKEN))
    return ZendeskConnector("zendesk", config, transport=transport, patience=patience)


VENDOR = Vendor(
    name="zendesk",
    stand_in=filled,
    connector=connected,
    secrets=(TOKEN,),
    stream="users",
    requests="GET /api/v2/incremental/users/cursor.json",
    changing=(
        "users",
        "users.0.id",
        "users.0.email",
        "users.0.role",
        "users.0.active",
        "users.0.updated_at",
        "after_cursor",
        "end_of_stream",
    ),
    ids=frozenset(
        {
            "id", "user_id", "organization_id", "ticket_id", "requester_id", "submitter_id", "assignee_id", "group_id",
            "author_id", "ticket_form_id", "ticket_field_ids",
        }
    ),
    description=lambda: described_by("zendesk-support"),
    not_described={
        "GET /api/v2/incremental/users/cursor.json": "the description has none of the incremental exports",
        "GET /api/v2/incremental/tickets/cursor.json": "the same",
        "GET /api/v2/incremental/organizations.json": "the same",
        "GET /api/v2/incremental/ticket_metric_events.json": "the same",
        "GET /api/v2/tickets/show_many.json": "several tickets by id; the description has one",
        **{
            f"GET /{listed}#.{field}": "lists by cursor say so where they go on; the description has pages by number"
            for listed in (
                "groups.json",
                "users.json",
                "satisfaction_ratings.json",
                "ticket_fields.json",
                "ticket_forms.json",
                "tickets/{ticket_id}/audits.json",
            )
            for field in ("meta", "links")
        },
    },
)  # fmt: skip
