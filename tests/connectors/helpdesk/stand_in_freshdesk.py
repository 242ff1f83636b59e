"""Freshdesk on the wire: lists by page number, tickets in the order of their last change, the trash in lists apart."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.helpdesk.freshdesk import FreshdeskConfig, FreshdeskConnector
from connectors.http import Patience
from tests.connectors.contract.descriptions import described_by
from tests.connectors.contract.vendors import Vendor

Row = dict[str, Any]

KEY = "fd-s3cret-api-key"
BASIC = "Basic " + base64.b64encode(f"{KEY}:X".encode()).decode()
SUPPORT, BILLING = 21, 22
ALMA, BERT = 11, 12
MARA = 101
PAGES = 300
"""Of tickets no more can be had."""


class FreshdeskStandIn:
    """A Freshdesk with two groups, two agents, a form and a survey; what else it holds is given to it.

    Its clock stands on a day in 2026 and is told in every answer. A list of contacts is in the order of their names.
    """

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
        self.contacts: dict[int, Row] = {}
        self.states: dict[int, str] = {}
        self.companies: dict[int, Row] = {}
        self.tickets: dict[int, Row] = {}
        self.filters: dict[int, str] = {}
        self.conversations: dict[int, list[Row]] = {}
        self.ratings: dict[int, Row] = {}
        self.asked: list[str] = []
        self._ids = iter(range(9000, 10**9))

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v2/")
        self.asked.append(path)
        if request.headers.get("authorization") != BASIC:
            return httpx.Response(401, json={"code": "invalid_credentials", "message": "You have to be logged in"})
        response = self._answer(path, dict(request.url.params))
        response.headers["Date"] = format_datetime(self.now, usegmt=True)
        response.headers["X-RateLimit-Remaining"] = "4999"
        return response

    def change(self) -> str:
        self.tick()
        self.contacts[MARA + 4] |= {"job_title": f"Promoted at {self.now:%H:%M}", "updated_at": self.stamp()}
        return str(MARA + 4)

    def delete(self) -> str:
        self.tick()
        self.states[MARA] = "deleted"
        self.contacts[MARA]["updated_at"] = self.stamp()
        return str(MARA)

    def many(self, count: int) -> set[str]:
        self.tick()
        for number in range(50_000, 50_000 + count):
            self.contact(number, f"Customer {number}")
        return {str(number) for number in range(50_000, 50_000 + count)}

    def tick(self, **span: float) -> str:
        """Let time pass, a minute unless told; the moment it is then."""
        self.now += timedelta(**(span or {"minutes": 1}))
        return self.stamp()

    def stamp(self) -> str:
        """Now, as Freshdesk writes it."""
        return f"{self.now:%Y-%m-%dT%H:%M:%SZ}"

    def contact(self, number: int, name: str, **fields: Any) -> int:
        self.contacts[number] = {
            "id": number,
            "name": name,
            "email": f"c{number}@post.example",
            "phone": None,
            "mobile": None,
            "active": True,
            "company_id": None,
            "custom_fields": {},
            "language": "sv",
            "time_zone": "Stockholm",
            "created_at": self.stamp(),
            "updated_at": self.stamp(),
            **fields,
        }
        return number

    def company(self, number: int, name: str, **fields: Any) -> int:
        stamp = self.stamp()
        made = {"id": number, "name": name, "domains": [], "custom_fields": {}, "created_at": stamp}
        self.companies[number] = {**made, "updated_at": stamp, **fields}
        return number

    def ticket(self, number: int, requester: int, text: str = "It leaks.", **fields: Any) -> int:
        self.tickets[number] = {
            "id": number,
            "subject": "Kettle",
            "description_text": text,
            "status": 2,
            "priority": 2,
            "source": 2,
            "type": "Problem",
            "requester_id": requester,
            "responder_id": None,
            "group_id": SUPPORT,
            "tags": [],
            "custom_fields": {},
            "spam": False,
            "created_at": self.stamp(),
            "updated_at": self.stamp(),
            "stats": {"resolved_at": None, "closed_at": None, "reopened_at": None},
            **fields,
        }
        self.conversations[number] = []
        return number

    def say(self, ticket: int, user: int, text: str, **fields: Any) -> int:
        """A reply or note."""
        said = {
            "id": next(self._ids),
            "ticket_id": ticket,
            "user_id": user,
            "incoming": user >= MARA,
            "private": False,
            "source": 0,
            "body": f"<p>{text}</p>",
            "body_text": text,
            "created_at": self.stamp(),
            "updated_at": self.stamp(),
            **fields,
        }
        self.conversations[ticket].append(said)
        self.touch(ticket)
        return int(said["id"])

    def touch(self, ticket: int, **fields: Any) -> None:
        """A change of a ticket, of its stats where it is one of these."""
        stats = self.tickets[ticket]["stats"]
        self.tickets[ticket] |= {"updated_at": self.stamp()}
        for name, value in fields.items():
            (stats if name in stats else self.tickets[ticket])[name] = value

    def remove(self, ticket: int, into: str = "deleted") -> None:
        """Into the trash, or spam."""
        self.filters[ticket] = into
        self.touch(ticket)

    def rate(self, number: int, ticket: int, **fields: Any) -> None:
        of = self.tickets[ticket]
        self.ratings[number] = {
            "id": number,
            "survey_id": 61,
            "user_id": of["requester_id"],
            "agent_id": of["responder_id"],
            "group_id": of["group_id"],
            "ticket_id": ticket,
            "feedback": None,
            "ratings": {"default_question": 103},
            "created_at": self.stamp(),
            "updated_at": self.stamp(),
            **fields,
        }

    def _answer(self, path: str, params: Mapping[str, str]) -> httpx.Response:
        number, size = int(params.get("page", 1)), min(100, int(params.get("per_page", 30)))
        first, _, rest = path.partition("/")
        if path == "tickets" and number > PAGES:
            return httpx.Response(400, json={"description": "Validation failed", "errors": [{"field": "page"}]})
        if first == "tickets" and rest.endswith("/conversations"):
            ticket = int(rest.partition("/")[0])
            if ticket not in self.conversations or ticket in self.filters:
                return httpx.Response(404)
            rows = self.conversations[ticket]
        elif first == "tickets" and rest:
            ticket = int(rest)
            of = self.filters.get(ticket)
            if ticket not in self.tickets:
                return httpx.Response(404)
            return httpx.Response(200, json={**self.tickets[ticket], "spam": of == "spam", "deleted": of == "deleted"})
        elif path == "tickets":
            rows = self._tickets(params)
        elif path == "contacts":
            rows = self._contacts(params)
        else:
            found = self._others(path, params)
            if found is None:
                return httpx.Response(404)
            rows = found
        return httpx.Response(200, json=rows[(number - 1) * size : number * size])

    def _tickets(self, params: Mapping[str, str]) -> list[Row]:
        since = params.get("updated_since", f"{self.now - timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}")
        included = params.get("include", "").split(",")
        left_out = {
            name for name, of in (("stats", "stats"), ("description_text", "description")) if of not in included
        }
        rows = [
            {name: value for name, value in row.items() if name not in left_out}
            for number, row in self.tickets.items()
            if row["updated_at"] > since and self.filters.get(number) == params.get("filter")
        ]
        order = params.get("order_by", "created_at")
        return sorted(rows, key=lambda row: row[order], reverse=params.get("order_type", "desc") == "desc")

    def _contacts(self, params: Mapping[str, str]) -> list[Row]:
        since = params.get("_updated_since", "")
        rows = [
            row
            for number, row in self.contacts.items()
            if row["updated_at"] >= since and self.states.get(number) == params.get("state")
        ]
        # Ten thousand are sorted already: to do so for each of their pages would take the test's time.
        return rows if len(rows) > 1_000 else sorted(rows, key=lambda row: (row["name"], row["id"]))

    def _others(self, path: str, params: Mapping[str, str]) -> list[Row] | None:
        since = params.get("created_since", "")
        smiles = {"id": "default_question", "label": "How was it?", "accepted_ratings": [103, 100, -103]}
        speed = {"id": "question_7", "label": "Speed", "accepted_ratings": [103, -103]}
        lists: dict[str, list[Row]] = {
            "companies": list(self.companies.values()),
            "surveys/satisfaction_ratings": [one for one in self.ratings.values() if one["created_at"] >= since],
            "surveys": [{"id": 61, "title": "CSAT", "active": True, "questions": [smiles, speed]}],
            "groups": [{"id": SUPPORT, "name": "Support"}, {"id": BILLING, "name": "Billing"}],
            "agents": [
                {"id": ALMA, "type": "support_agent", "contact": {"name": "Alma Agent"}},
                {"id": BERT, "type": "support_agent", "contact": {"name": "Bert Agent"}},
            ],
            "ticket_fields": [
                _field("requester", "Search a requester", "Requester", default=True),
                _field("subject", "Subject", "Subject", default=True),
                _field("cf_order", "Order", "Order number"),
                _field("cf_phone", "Phone", "Phone number"),
                _field("cf_cause", "Root cause", "", displayed_to_customers=False),
            ],
        }
        return lists.get(path)


def _field(name: str, label: str, shown: str, **fields: Any) -> Row:
    made = {"name": name, "label": label, "label_for_customers": shown, "default": False}
    return {"id": len(name) * 7, **made, "displayed_to_customers": True, "customers_can_edit": True, **fields}


def filled() -> FreshdeskStandIn:
    """Some more than two pages of contacts, firms, tickets with a history, ratings."""
    freshdesk = FreshdeskStandIn()
    for number in range(MARA, MARA + 230):
        freshdesk.contact(number, f"Customer {number}", company_id=51, other_emails=[f"second{number}@post.example"])
        freshdesk.tick(seconds=20)
    for number in range(51, 55):
        freshdesk.company(number, f"Firm {number}", domains=[f"firm{number}.example"])
    for number in range(1, 6):
        freshdesk.ticket(number, MARA + number, custom_fields={"cf_order": "A-17"})
        freshdesk.tick()
        freshdesk.say(number, ALMA, "Which one?")
        freshdesk.tick()
        freshdesk.touch(number, responder_id=ALMA, status=4, resolved_at=freshdesk.stamp())
        freshdesk.rate(70 + number, number)
    return freshdesk


def connected(transport: httpx.AsyncBaseTransport, patience: Patience) -> FreshdeskConnector:
    config = FreshdeskConfig(subdomain="acme", api_key=SecretStr(KEY))
    return FreshdeskConnector("freshdesk", config, transport=transport, patience=patience)


VENDOR = Vendor(
    name="freshdesk",
    stand_in=filled,
    connector=connected,
    secrets=(KEY, BASIC.partition(" ")[2]),
    stream="contacts",
    requests="GET /api/v2/contacts",
    changing=("0.id", "0.email", "0.deleted", "0.updated_at", "0.name"),
    ids=frozenset(
        {
            "id", "company_id", "ticket_id", "requester_id", "responder_id", "group_id", "user_id", "agent_id",
            "survey_id",
        }
    ),
    description=lambda: described_by("freshdesk"),
    not_described={
        "GET /contacts?_updated_since": "so Freshdesk documents it; the description calls it updated_since",
        "GET /contacts?state": "the trash and blocked contacts are lists of their own",
        "GET /tickets?filter": "the trash and spam are lists of their own",
        "GET /tickets?include": "stats and words of a ticket",
        "GET /tickets#[].stats": "what was asked for by include",
        "GET /api/v2/tickets/{id}/conversations": "the description has no conversations",
    },
)  # fmt: skip
