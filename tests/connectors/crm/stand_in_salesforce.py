"""An org of Salesforce: SOQL as the connector asks it, deleted records, Bulk queries, sessions."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.crm.salesforce import SalesforceConfig, SalesforceConnector
from connectors.crm.salesforce_objects import KINDS
from tests.connectors.contract.descriptions import described_by
from tests.connectors.contract.vendors import Vendor

Row = dict[str, Any]

SECRET = "s3cret-of-the-app"
SESSION = "00Dxx!session-of-a-day"
BEGIN = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
ROOT = "/services/data/v62.0"
RELATED = {"OwnerId": "Owner", "AccountId": "Account", "CampaignId": "Campaign", "UserRoleId": "UserRole"}
OF_PERSONS = {"IsPersonAccount", "PersonContactId"}
"""Fields of orgs that sell to persons."""
NOT_IN_THIS_ORG = {"CurrencyIsoCode", "BillingCountryCode"}
CHILDREN = {
    "OpportunityHistory": ("OpportunityId", "StageName", "Amount", "CreatedDate"),
    "OpportunityContactRole": ("OpportunityId", "ContactId", "Role", "IsPrimary"),
    "OpportunityFieldHistory": ("OpportunityId", "Field", "OldValue", "NewValue", "CreatedDate"),
    "EventRelation": ("EventId", "RelationId", "IsDeleted"),
    "LeadHistory": ("LeadId", "Field", "OldValue", "NewValue", "CreatedDate"),
    "OpportunityStage": ("ApiName", "MasterLabel", "IsClosed", "IsWon"),
    "Account": ("PersonContactId",),
    "Campaign": ("Name", "Type"),
    "User": ("Name", "UserRoleId"),
}
STAGES = {
    "Prospecting": (False, False),
    "Proposal": (False, False),
    "Closed Won": (True, True),
    "Closed Lost": (True, False),
}


class SalesforceStandIn:
    """Its clock moves a minute with each change; `sessions` are valid, `hidden` are objects that the reader may not
    see, `usage` are the calls of the day."""

    def __init__(self) -> None:
        self.now = BEGIN
        self.sessions: set[str] = set()
        self.hidden: set[str] = set()
        self.usage = (18, 15_000)
        self.rows: dict[str, dict[str, Row]] = {}
        self.asked: list[httpx.Request] = []
        self.polls = 1
        self.has_persons = True
        self._cursors: dict[str, list[Row]] = {}
        self._jobs: dict[str, list[Row]] = {}
        for number, (stage, (closed, won)) in enumerate(STAGES.items()):
            self.put(
                "OpportunityStage", f"01J{number}", ApiName=stage, MasterLabel=f"{stage}!", IsClosed=closed, IsWon=won
            )
        self.put("User", "005Ada", Name="Ada Agent")
        for number in range(1, 11):
            account = self.put("Account", f"001Q{number:03}", Name=f"Firm {number}", Website=f"https://f{number}.test")
            contact = self.contact(number, AccountId=account["Id"], **{"Account.Name": account["Name"]})
            self.lead(number)
            deal = self.opportunity(number, AccountId=account["Id"])
            self.put("OpportunityContactRole", f"00KQ{number:03}", OpportunityId=deal["Id"], ContactId=contact["Id"])
            self.task(number, WhoId=contact["Id"])
            self.event(number, WhoId=contact["Id"])
            self.put(
                "CampaignMember", f"00vQ{number:03}", CampaignId="701Q1", ContactId=contact["Id"], HasResponded=False,
                Status="Sent", **{"Campaign.Name": "Spring", "Campaign.Type": "Email"},
            )  # fmt: skip

    def put(self, name: str, identifier: str, **fields: Any) -> Row:
        """A new row of an object, or what changes of one."""
        made = {"Id": identifier, "IsDeleted": False, "CreatedDate": self.moment(), "OwnerId": "005Ada"}
        old = self.rows.setdefault(name, {}).get(identifier, {**made, "Owner.Name": "Ada Agent"})
        self.rows[name][identifier] = {**old, **fields, "SystemModstamp": self.moment()}
        self.now += timedelta(minutes=1)
        return self.rows[name][identifier]

    def contact(self, number: int, **fields: Any) -> Row:
        given = {"FirstName": "Cleo", "LastName": f"Varga{number}", "Email": f"c{number}@post.example"}
        return self.put("Contact", f"003Q{number:05}", **given, **fields)

    def lead(self, number: int, **fields: Any) -> Row:
        given = {"LastName": f"Lead{number}", "Email": f"l{number}@post.example", "Status": "Open - Not Contacted"}
        return self.put("Lead", f"00QQ{number:03}", **{**given, "IsConverted": False, **fields})

    def opportunity(self, number: int, **fields: Any) -> Row:
        given = {"Name": f"Deal {number}", "StageName": "Prospecting", "Amount": 1000.0, "IsClosed": False}
        deal = self.put(
            "Opportunity", f"006Q{number:03}", **{**given, "IsWon": False, "CloseDate": "2026-06-30", **fields}
        )
        self.stage(number, f"{deal['StageName']}")
        return deal

    def stage(self, number: int, stage: str, **fields: Any) -> None:
        """An opportunity enters a stage, with its line of history."""
        closed, won = STAGES[stage]
        deal = f"006Q{number:03}"
        self.put("Opportunity", deal, StageName=stage, IsClosed=closed, IsWon=won, **fields)
        self.now -= timedelta(minutes=1)
        line = len(self.rows.get("OpportunityHistory", {}))
        self.put("OpportunityHistory", f"008Q{line:03}", OpportunityId=deal, StageName=stage, Amount=1000.0)

    def task(self, number: int, **fields: Any) -> Row:
        given = {"Subject": "Call", "TaskSubtype": "Call", "Status": "Completed", "IsClosed": True}
        return self.put("Task", f"00TQ{number:03}", **{**given, "CompletedDateTime": self.moment(), **fields})

    def event(self, number: int, **fields: Any) -> Row:
        began = {"StartDateTime": self.moment(), "EndDateTime": self.moment(timedelta(hours=1))}
        return self.put("Event", f"00UQ{number:03}", **{"Subject": "Demo", "IsAllDayEvent": False, **began, **fields})

    def moment(self, later: timedelta = timedelta()) -> str:
        return f"{self.now + later:%Y-%m-%dT%H:%M:%S}.000+0000"

    def change(self) -> str:
        self.contact(5, Phone=f"+46{self.now:%H%M}")
        return "003Q00005"

    def delete(self) -> str:
        first = min(one["Id"] for one in self.rows["Contact"].values() if not one["IsDeleted"])
        self.put("Contact", first, IsDeleted=True)
        return f"{first}"

    def many(self, count: int) -> set[str]:
        moment = self.now
        for number in range(10_000, 10_000 + count):
            self.now = moment
            self.contact(number)
        return {f"003Q{number:05}" for number in range(10_000, 10_000 + count)}

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.url.path == "/services/oauth2/token":
            return self._token(request)
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.sessions:
            return self._said([{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}], 401)
        path = request.url.path.removeprefix(f"{ROOT}/")
        if path in ("query", "queryAll"):
            return self._query(request.url.params["q"], deleted=path == "queryAll")
        if path.startswith("queryAll/"):
            return self._batch(self._cursors[path.removeprefix("queryAll/")], path.split("/")[1].split("-")[0])
        if path.startswith("jobs/query"):
            return self._bulk(request, path.split("/")[2:])
        name = path.split("/")[1]
        if name in self.hidden or not (name in CHILDREN or any(kind.name == name for kind in KINDS.values())):
            return self._said([{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}], 404)
        fields = [one for one in _fields(name) if self.has_persons or one["name"] not in OF_PERSONS]
        return self._said({"name": name, "fields": fields})

    def _query(self, soql: str, *, deleted: bool) -> httpx.Response:
        name, fields, rows = self._select(soql, deleted=deleted)
        if fields == ["COUNT()"]:
            return self._said({"totalSize": len(rows), "done": True, "records": []})
        return self._batch([_shown(name, row, fields) for row in rows], name)

    def _select(self, soql: str, *, deleted: bool) -> tuple[str, list[str], list[Row]]:
        match = re.fullmatch(r"SELECT (.+?) FROM (\w+)(?: WHERE (.+?))?(?: ORDER BY (.+?))?(?: LIMIT (\d+))?", soql)
        assert match, soql
        fields = match[1].split(", ")
        known = {field["name"] for field in _fields(match[2])} | set(RELATED.values())
        unknown = [one for one in fields if one != "COUNT()" and one.partition(".")[0] not in known]
        assert not unknown, f"{match[2]} has no {unknown}"
        rows = [row for row in self.rows.get(match[2], {}).values() if deleted or not row["IsDeleted"]]
        if match[3]:
            holds = _condition(match[3])
            rows = [row for row in rows if holds(row)]
        for field in reversed((match[4] or "").split(", ") if match[4] else []):
            rows.sort(key=lambda row: str(row.get(field) or ""))
        return match[2], fields, rows[: int(match[5])] if match[5] else rows

    def _batch(self, rows: list[Row], name: str) -> httpx.Response:
        size = 4 if len(rows) < 100 else 2000
        body: Row = {"totalSize": len(rows), "done": len(rows) <= size, "records": rows[:size]}
        if len(rows) > size:
            locator = f"{name}-{len(self._cursors)}"
            self._cursors[locator] = rows[size:]
            body["nextRecordsUrl"] = f"{ROOT}/queryAll/{locator}"
        return self._said(body)

    def _bulk(self, request: httpx.Request, rest: list[str]) -> httpx.Response:
        if request.method == "POST":
            told = json.loads(request.content)
            assert told["operation"] == "queryAll"
            job = f"750Q{len(self._jobs):03}"
            name, fields, rows = self._select(told["query"], deleted=True)
            self._jobs[job] = [{field: _text(row.get(field)) for field in fields} for row in rows]
            return self._said({"id": job, "state": "UploadComplete", "object": name})
        if rest[0] not in self._jobs:
            return self._said([{"message": "no such job", "errorCode": "NOT_FOUND"}], 404)
        if len(rest) == 1:
            self.polls -= 1
            return self._said({"id": rest[0], "state": "JobComplete" if self.polls < 0 else "InProgress"})
        start, rows = int(request.url.params.get("locator", 0)), self._jobs[rest[0]]
        page = rows[start : start + 4]
        out = io.StringIO()
        writer = csv.DictWriter(out, list(rows[0]), quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writeheader()
        writer.writerows(page)
        locator = str(start + 4) if start + 4 < len(rows) else "null"
        headers = {"Sforce-Locator": locator, "Sforce-NumberOfRecords": str(len(page)), "Content-Type": "text/csv"}
        return httpx.Response(200, text=out.getvalue(), headers=headers)

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = httpx.QueryParams(request.content.decode())
        if form.get("client_secret") != SECRET and "assertion" not in form:
            return self._said({"error": "invalid_client", "error_description": "invalid client credentials"}, 400)
        self.sessions.add(SESSION)
        return self._said({"access_token": SESSION, "instance_url": "https://acme.my.salesforce.com"})

    def _said(self, body: Any, status: int = 200) -> httpx.Response:
        usage = f"api-usage={self.usage[0]}/{self.usage[1]}"
        headers = {"Date": format_datetime(self.now, usegmt=True), "Sforce-Limit-Info": usage}
        return httpx.Response(status, json=body, headers=headers)


def _fields(name: str) -> Iterator[Row]:
    """What `describe` says; every object has one field of the org's own."""
    of_kind = [field for kind in KINDS.values() if kind.name == name for field in kind.fields]
    every = dict.fromkeys(("Id", "SystemModstamp", *of_kind, *CHILDREN.get(name, ())))
    for field in every:
        if "." not in field and field not in NOT_IN_THIS_ORG:
            yield {"name": field, "type": "string", "custom": False, "relationshipName": RELATED.get(field)}
    yield {"name": "Tier__c", "type": "picklist", "custom": True, "relationshipName": None}
    yield {"name": "Place__c", "type": "location", "custom": True, "relationshipName": None}


def _shown(name: str, row: Row, fields: list[str]) -> Row:
    shown: Row = {"attributes": {"type": name, "url": f"{ROOT}/sobjects/{name}/{row['Id']}"}}
    for field in fields:
        relation, _, inner = field.partition(".")
        if not inner:
            shown[field] = row.get(field)
        elif row.get(field) is not None:
            holder = shown.setdefault(relation, {"attributes": {"type": relation}})
            *way, last = inner.split(".")
            for part in way:
                holder = holder.setdefault(part, {})
            holder[last] = row[field]
    return shown


def _text(value: Any) -> str:
    """As Bulk writes it: moments with Z."""
    if isinstance(value, str):
        return value.removesuffix("+0000") + "Z" if value.endswith("+0000") else value
    return "" if value is None else f"{value}".lower() if isinstance(value, bool) else f"{value}"


def _condition(text: str) -> Callable[[Row], bool]:
    """A condition of the few forms that are asked."""
    tokens = re.findall(r"\(|\)|,|>=|<=|>|<|=|'[^']*'|[\w.:-]+", text)

    def either() -> Callable[[Row], bool]:
        parts = [both()]
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            parts.append(both())
        return lambda row: any(part(row) for part in parts)

    def both() -> Callable[[Row], bool]:
        parts = [one()]
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            parts.append(one())
        return lambda row: all(part(row) for part in parts)

    def one() -> Callable[[Row], bool]:
        if tokens[0] == "(":
            tokens.pop(0)
            inner = either()
            tokens.pop(0)
            return inner
        field, operator = tokens.pop(0), tokens.pop(0)
        if operator == "IN":
            values = set()
            while tokens.pop(0) != ")":
                values.add(tokens[0].strip("'"))
            values.discard(")")
            return lambda row: row.get(field) in values
        value = tokens.pop(0).strip("'").replace("Z", "+0000")
        compare = {
            ">=": str.__ge__, "<=": str.__le__, ">": str.__gt__, "<": str.__lt__, "=": str.__eq__,
        }[operator]  # fmt: skip
        return lambda row: row.get(field) is not None and bool(compare(str(row[field]), value))

    return either()


def all_records(document: Any) -> None:
    """Salesforce answers `queryAll` as it does `query`; the description has only the latter."""
    document["paths"]["/queryAll"] = document["paths"]["/query"]


VENDOR = Vendor(
    name="salesforce",
    stand_in=SalesforceStandIn,
    connector=lambda transport, patience: SalesforceConnector(
        "salesforce",
        SalesforceConfig(
            url="https://acme.my.salesforce.com", client_id="3MVG9", client_secret=SecretStr(SECRET), currency="EUR"
        ),
        transport=transport,
        patience=patience,
    ),
    secrets=(SECRET,),
    stream="contacts",
    requests=r"GET /services/data/v62\.0/queryAll(\?q=SELECT .+ FROM Contact .*|/Contact-\d+)",
    changing=("records", "done", "records.0.Id", "records.0.Email", "records.0.SystemModstamp", "records.0.Owner"),
    ids=frozenset({"Id", "AccountId", "ContactId", "OpportunityId"}),
    description=lambda: described_by("salesforce", prefix=ROOT, mend=all_records),
    not_described={
        "POST /services/oauth2/token": "sessions are another API",
        "GET /services/data/v62.0/queryAll/{locator}": "the next page of a query",
    },
    next_link="nextRecordsUrl",
)
