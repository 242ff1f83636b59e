"""HubSpot on the wire: lists by id, searches with one order and ten thousand results, batches, archived objects."""

from __future__ import annotations

import json
import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.crm.hubspot import HubSpotConfig, HubSpotConnector
from tests.connectors.contract.descriptions import described_by
from tests.connectors.contract.vendors import Vendor

TOKEN = "pat-eu1-5ecr3t-0123-4567"
Json = dict[str, Any]

OWNERS = [
    {"id": "71", "email": "ada@acme.example", "firstName": "Ada", "lastName": "Sells", "userId": 9, "teams": [
        {"id": "1", "name": "New business", "primary": True}, {"id": "2", "name": "North", "primary": False}]},
    {"id": "72", "email": "bo@acme.example", "firstName": "", "lastName": "", "userId": 10},
]  # fmt: skip
GONE_OWNERS = [{"id": "73", "email": "cy@acme.example", "firstName": "Cy", "lastName": "Left", "archived": True}]
STAGES = [
    ("appointmentscheduled", "Appointment scheduled", "false", "0.2"),
    ("contractsent", "Contract sent", "false", "0.9"),
    ("closedwon", "Closed won", "true", "1.0"),
    ("9412", "Lost for now", "true", "0.0"),
]
PIPELINES = [
    {
        "id": "default",
        "label": "Sales pipeline",
        "stages": [
            {"id": name, "label": label, "metadata": {"isClosed": closed, "probability": chance}}
            for name, label, closed, chance in STAGES
        ],
    }
]
PROPERTIES = {
    "contacts": [
        {"name": "email", "label": "Email", "hubspotDefined": True},
        {"name": "hs_email_optout_42", "label": "Opted out of email: Newsletter", "hubspotDefined": True},
        {"name": "favourite_colour", "label": "Favourite colour", "hubspotDefined": False},
        {"name": "old_field", "label": "Old", "hubspotDefined": False, "archived": True},
        {"name": "hs_lead_status", "label": "Lead status", "hubspotDefined": True},
    ]
}
FORM = "4a1b-form"
OPERATORS = {"GTE": operator.ge, "LTE": operator.le, "GT": operator.gt}


@dataclass
class Thing:
    """An object of the CRM."""

    id: int
    properties: dict[str, str | None]
    made: datetime
    modified: datetime
    archived: datetime | None = None
    history: dict[str, list[tuple[datetime, str]]] = field(default_factory=dict)
    links: dict[str, list[int]] = field(default_factory=dict)


class HubSpotStandIn:
    """An account with ten contacts of two companies, deals, a form and engagements; a page has three rows at most.

    The last company and contact have had another owner.

    `refused` are parts of paths that the token's scopes do not open.
    """

    def __init__(self) -> None:
        self.now = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)
        self.things: dict[str, dict[int, Thing]] = {}
        self.refused: set[str] = set()
        self.asked: list[str] = []
        self.submissions: list[Json] = []
        for number, name in ((501, "Nordlicht AB"), (502, "Fjord AS")):
            self.add("companies", number, name=name, domain=f"{name[:5].lower()}.example", numberofemployees="12.0")
        for number in range(101, 111):
            self.add("contacts", number, email=f"c{number}@nordl.example", firstname=f"Nr{number}", lastname="Quist",
                     associatedcompanyid="501", hubspot_owner_id="71", lifecyclestage="lead")  # fmt: skip
        for kind, number in (("companies", 502), ("contacts", 110)):
            self.set(self.things[kind][number], "hubspot_owner_id", "71")
            self.set(self.things[kind][number], "hubspot_owner_id", "72")
        self.deal(901, [101, 102], 501)
        self.deal(902, [103], 501)
        self.deal(903, [], 502)
        self.deal(904, [], None)
        for kind, prefix in (("calls", "hs_call"), ("meetings", "hs_meeting"), ("notes", "hs_note")):
            for number in range(1, 5):
                self.engagement(kind, 1000 + number, [101], **{f"{prefix}_body": "<p>It was &amp; is</p>good"})
        for number in range(1, 5):
            self.engagement("emails", 2000 + number, [102], hs_email_direction="INCOMING_EMAIL", hs_email_text="Hello")
        for number in range(1, 6):
            self.tick()
            self.submit(f"c{100 + number}@nordl.example")

    def tick(self, minutes: float = 1) -> datetime:
        self.now += timedelta(minutes=minutes)
        return self.now

    def add(self, kind: str, number: int, **properties: str | None) -> Thing:
        """A new object, a minute after the one before."""
        thing = Thing(number, properties, self.tick(), self.now)
        self.things.setdefault(kind, {})[number] = thing
        if owner := properties.get("hubspot_owner_id"):
            self.set(thing, "hubspot_owner_id", owner, at=thing.made)
        return thing

    def deal(self, number: int, contacts: Sequence[int], company: int | None) -> Thing:
        """A deal in its first stage, owned by Ada."""
        thing = self.add("deals", number, dealname=f"Deal {number}", amount="1200.50", pipeline="default")
        thing.links = {"contacts": list(contacts), "companies": [company] if company else []}
        self.set(thing, "dealstage", "appointmentscheduled", at=thing.made)
        self.set(thing, "hubspot_owner_id", "71", at=thing.made)
        return thing

    def engagement(self, kind: str, number: int, contacts: Sequence[int], **properties: str | None) -> Thing:
        thing = self.add(kind, number, hs_timestamp=said(self.now), hubspot_owner_id="72", **properties)
        thing.links = {"contacts": list(contacts), "companies": [501]}
        return thing

    def set(self, thing: Thing, name: str, value: str | None, *, at: datetime | None = None) -> None:
        """Change a property, with its history."""
        moment = at or self.tick()
        thing.properties[name] = value
        thing.history.setdefault(name, []).insert(0, (moment, value or ""))
        if name == "hubspot_owner_id" and value:
            thing.properties["hubspot_owner_assigneddate"] = said(moment)
        thing.modified = max(thing.modified, moment)

    def submit(self, email: str | None, **values: str) -> None:
        fields = {**({"email": email} if email else {}), "firstname": "Web", **values}
        self.submissions.insert(
            0,
            {
                "submittedAt": round(self.now.timestamp() * 1000),
                "values": [{"name": name, "value": value, "objectTypeId": "0-1"} for name, value in fields.items()],
                "pageUrl": "https://acme.example/trial",
            },
        )

    def change(self) -> str:
        self.set(self.things["contacts"][105], "jobtitle", f"Nr {self.now:%H%M}")
        return "105"

    def delete(self) -> str:
        first = min(one.id for one in self.things["contacts"].values() if one.archived is None)
        self.things["contacts"][first].archived = self.tick()
        return str(first)

    def many(self, count: int) -> set[str]:
        self.tick()
        for number in range(100_000, 100_000 + count):
            self.things["contacts"][number] = Thing(number, {"email": f"m{number}@x.example"}, self.now, self.now)
        return {str(number) for number in range(100_000, 100_000 + count)}

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append(f"{request.method} {path}")
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return refusal(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")
        if any(part in path for part in self.refused):
            return refusal(403, "MISSING_SCOPES", "This app hasn't been granted all required scopes.")
        body = json.loads(request.content) if request.content else {}
        return self._route(path.strip("/").split("/"), request.url.params, body)

    def _route(self, parts: list[str], asked: httpx.QueryParams, body: Json) -> httpx.Response:
        match parts:
            case ["account-info", "v3", "details"]:
                return found({"portalId": 4711, "uiDomain": "app-eu1.hubspot.com", "companyCurrency": "EUR"})
            case ["crm", "v3", "owners"]:
                return found({"results": GONE_OWNERS if asked.get("archived") == "true" else OWNERS})
            case ["crm", "v3", "properties", kind]:
                return found({"results": PROPERTIES.get(kind, [])})
            case ["crm", "v3", "pipelines", "deals"]:
                return found({"results": PIPELINES})
            case ["crm", "v3", "objects", kind]:
                return self._list(kind, asked)
            case ["crm", "v3", "objects", kind, "search"]:
                return self._search(kind, body)
            case ["crm", "v3", "objects", kind, "batch", "read"]:
                return self._batch(kind, body, archived=asked.get("archived") == "true")
            case ["crm", "v4", "associations", kind, to, "batch", "read"]:
                return self._associations(kind, to, body)
            case ["marketing", "v3", "forms"]:
                return found({"results": [FORM_DEFINITION]})
            case ["form-integrations", "v1", "submissions", "forms", _form]:
                start = int(asked.get("after") or 0)
                page: Json = {"results": self.submissions[start : start + 2]}
                if start + 2 < len(self.submissions):
                    page["paging"] = {"next": {"after": str(start + 2)}}
                return found(page)
        return refusal(404, "OBJECT_NOT_FOUND", f"no such path: {'/'.join(parts)}")

    def _list(self, kind: str, asked: httpx.QueryParams) -> httpx.Response:
        history = [name for name in asked.get("propertiesWithHistory", "").split(",") if name]
        limit = int(asked.get("limit", 10))
        if limit > (50 if history else 100):
            return refusal(400, "VALIDATION_ERROR", f"limit {limit} is too large")
        archived = asked.get("archived") == "true"
        rows = [
            one
            for one in self._sorted(kind)
            if (one.archived is not None) == archived and one.id > int(asked.get("after") or 0)
        ]
        page = rows[: self._size(rows, limit)]
        links = [name for name in asked.get("associations", "").split(",") if name]
        answer: Json = {"results": [self._object(kind, one, asked_for(asked), history, links) for one in page]}
        if len(rows) > len(page):
            answer["paging"] = {"next": {"after": str(page[-1].id), "link": "https://api.hubapi.com/next"}}
        return found(answer)

    def _search(self, kind: str, body: Json) -> httpx.Response:
        if len(body["sorts"]) > 1:
            return refusal(400, "VALIDATION_ERROR", "only one sort")
        if body["limit"] > 200 or int(body.get("after", 0)) >= 10_000:
            return refusal(400, "VALIDATION_ERROR", "paging too far")
        rows = [one for one in self._sorted(kind) if one.archived is None]
        for group in body["filterGroups"]:
            for condition in group["filters"]:
                rows = self._matching(kind, rows, condition)
        (sort,) = body["sorts"]
        rows.sort(key=operator.attrgetter(self._held_in(kind, sort["propertyName"])))
        if sort["direction"] == "DESCENDING":
            rows.reverse()
        page = rows[: self._size(rows, body["limit"])]
        answer: Json = {
            "total": len(rows),
            "results": [self._object(kind, one, body["properties"], [], None) for one in page],
        }
        if len(rows) > len(page):
            answer["paging"] = {"next": {"after": str(len(page))}}
        return found(answer)

    def _batch(self, kind: str, body: Json, *, archived: bool) -> httpx.Response:
        history = body.get("propertiesWithHistory", [])
        if len(body["inputs"]) > (50 if history else 100):
            return refusal(400, "VALIDATION_ERROR", "too many inputs")
        known = self.things.get(kind, {})
        rows = [known[int(one["id"])] for one in body["inputs"] if int(one["id"]) in known]
        rows = [one for one in rows if (one.archived is not None) == archived]
        return found(
            {
                "status": "COMPLETE",
                "results": [self._object(kind, one, body["properties"], history, None) for one in rows],
            }
        )

    def _associations(self, kind: str, to: str, body: Json) -> httpx.Response:
        results, errors = [], []
        for one in body["inputs"]:
            links = self.things[kind][int(one["id"])].links.get(to, [])
            if links:
                found_to = [{"toObjectId": number, "associationTypes": [{"typeId": 3}]} for number in links]
                results.append({"from": {"id": one["id"]}, "to": found_to})
            else:
                errors.append({"status": "error", "category": "OBJECT_NOT_FOUND"})
        return httpx.Response(207 if errors else 200, json={"status": "COMPLETE", "results": results, "errors": errors})

    def _object(
        self, kind: str, one: Thing, names: Sequence[str], history: Sequence[str], links: Sequence[str] | None
    ) -> Json:
        modified = modified_name(kind)
        whole = {
            **one.properties,
            "createdate": said(one.made),
            modified: said(one.modified),
            "hs_object_id": str(one.id),
        }
        wanted = {*names, "createdate", modified, "hs_object_id"}
        row: Json = {
            "id": str(one.id),
            "properties": {name: whole.get(name) for name in wanted},
            "createdAt": said(one.made),
            "updatedAt": said(one.modified),
            "archived": one.archived is not None,
        }
        if one.archived is not None:
            row["archivedAt"] = said(one.archived)
        if history:
            row["propertiesWithHistory"] = {
                name: [
                    {"value": value, "timestamp": said(at), "sourceType": "CRM_UI"}
                    for at, value in one.history.get(name, [])
                ]
                for name in history
            }
        if links:
            # A label makes of one association two entries.
            row["associations"] = {
                to: {
                    "results": [{"id": str(n), "type": t} for n in one.links[to] for t in (f"{kind}_to_{to}", "label")]
                }
                for to in links
                if one.links.get(to)
            }
        return row

    def _sorted(self, kind: str) -> list[Thing]:
        return sorted(self.things.get(kind, {}).values(), key=lambda one: one.id)

    def _size(self, rows: Sequence[Thing], limit: int) -> int:
        return min(limit, 3) if len(rows) < 100 else limit

    def _held_in(self, kind: str, name: str) -> str:
        assert name in ("hs_object_id", modified_name(kind)), f"{kind} are not searched by {name}"
        return "id" if name == "hs_object_id" else "modified"

    def _matching(self, kind: str, rows: list[Thing], condition: Mapping[str, str]) -> list[Thing]:
        fits, number = OPERATORS[condition["operator"]], int(condition["value"])
        if self._held_in(kind, condition["propertyName"]) == "id":
            return [one for one in rows if fits(one.id, number)]
        moment = datetime.fromtimestamp(number / 1000, tz=UTC)
        return [one for one in rows if fits(one.modified, moment)]


FORM_DEFINITION = {
    "id": FORM,
    "name": "Trial",
    "fieldGroups": [
        {"fields": [{"name": "email", "label": "Email"}, {"name": "firstname", "label": "First name"}]},
        {"fields": [{"name": "company_size", "label": "Number of employees"}]},
    ],
}


def asked_for(asked: httpx.QueryParams) -> list[str]:
    return [name for name in asked.get("properties", "").split(",") if name]


def modified_name(kind: str) -> str:
    return "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"


def said(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def found(body: Json) -> httpx.Response:
    return httpx.Response(200, json=body)


def refusal(status: int, category: str, message: str) -> httpx.Response:
    return httpx.Response(status, json={"status": "error", "message": message, "category": category})


def not_described() -> Iterator[tuple[str, str]]:
    yield "GET /account-info/v3/details", "number, domain and currency of the account"
    yield "GET /crm/v3/owners", "the description knows owners by id only"
    yield "GET /crm/v3/pipelines/deals", "labels of stages, and which are won or lost"
    yield "GET /crm/v3/properties/{kind}", "which properties are the company's own"
    yield "POST /crm/v3/objects/deals/batch/read", "histories of the deals that a search found"
    yield "POST /crm/v3/objects/contacts/batch/read", "the description has lists and single objects"
    yield "POST /crm/v3/objects/companies/batch/read", "the description has lists and single objects"
    yield "POST /crm/v4/associations/{kind}/{to}/batch/read", "the description has associations of one object"
    yield "GET /marketing/v3/forms", "forms are not part of the description"
    yield "GET /form-integrations/v1/submissions/forms/{form}", "forms are not part of the description"
    for kind in ("calls", "meetings", "emails", "notes"):
        yield f"POST /crm/v3/objects/{kind}/search", "the description searches contacts, companies, deals and tickets"


VENDOR = Vendor(
    name="hubspot",
    stand_in=HubSpotStandIn,
    connector=lambda transport, patience: HubSpotConnector(
        "hubspot",
        HubSpotConfig(access_token=SecretStr(TOKEN), searches_per_second=1_000),
        transport=transport,
        patience=patience,
    ),
    secrets=(TOKEN,),
    stream="contacts",
    requests="GET /crm/v3/objects/contacts",
    changing=(
        "results",
        "results.0.id",
        "results.0.properties",
        "results.0.properties.email",
        "results.0.properties.createdate",
        "results.0.updatedAt",
        "results.0.archived",
        "paging.next.after",
    ),
    ids=frozenset({"id", "toObjectId", "hs_object_id", "associatedcompanyid", "hubspot_owner_id", "portalId", "after"}),
    description=lambda: described_by("hubspot"),
    not_described=dict(not_described()),
)
