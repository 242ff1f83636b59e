"""Request Tracker's REST2 wire, as RT 5.0 answers: lists of a hundred, the connector's searches, refusals."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import httpx

Row = dict[str, Any]

UNSET = "1970-01-01T00:00:00Z"


class FakeRt:
    """A server whose token is `1-14-token`; agents are 14 (root), 28 (Alma) and 30 (Bert), queues 3, 4 and 5.
    Without `tells_privileged` it hides who is in its group Privileged.

    A change is made by `change`, so that ids grow as RT's do. `refuse` may answer a request itself.
    """

    def __init__(self) -> None:
        self.users: dict[int, Row] = {}
        self.tickets: dict[int, Row] = {}
        self.transactions: list[Row] = []
        self.attachments: list[Row] = []
        self.privileged = {14: "Enoch Root", 28: "Alma Agent", 30: "Bert Agent"}
        self.tells_privileged = True
        self.refuse: Callable[[str], httpx.Response | None] = lambda path: None
        self.clock = 0
        for number, name in {1: "RT_System", 6: "Nobody", **self.privileged}.items():
            self.user(number, name)

    @property
    def transport(self) -> httpx.MockTransport:
        """For `httpx.AsyncClient(transport=…)`."""
        return httpx.MockTransport(self._answer)

    def user(self, number: int, name: str, **fields: Any) -> int:
        """A user, made by a transaction as RT does."""
        blank = dict.fromkeys(
            "EmailAddress RealName Organization MobilePhone WorkPhone HomePhone "
            "Address1 City State Zip Country Lang".split(),
            "",
        )
        made = self._now()
        self.users[number] = {"id": number, "Name": name, **blank, "Created": made, "LastUpdated": made, **fields}
        self.change("Create", number, 14, object_type="RT::User")
        return number

    def ticket(self, requestor: int, *, queue: int = 3, text: str = "Please help.", subject: str = "Trap") -> int:
        """A new ticket, written by its requestor by mail."""
        number = len(self.tickets) + 1
        self.tickets[number] = {
            "Subject": subject,
            "Status": "new",
            "Queue": queue,
            "Owner": 6,
            "Requestor": requestor,
            "EffectiveId": number,
            "CustomFields": {},
        }
        self.change("Create", number, requestor, text=text, interface="Email")
        return number

    def set(self, number: int, field: str, value: Any, by: int = 28) -> int:
        """Set Owner, Queue, Status or a custom field (`CF2`), with the transactions RT makes of it."""
        ticket = self.tickets[number]
        if field.startswith("CF"):
            old = ticket["CustomFields"].get(field[2:], "")
            ticket["CustomFields"][field[2:]] = value
            return self.change("CustomField", number, by, field=field[2:], old=old, new=value)
        old, ticket[field] = ticket[field], value
        if field == "Status":
            return self.change("Status", number, by, field="Status", old=old, new=value)
        made = self.change("Set", number, by, field=field, old=str(old), new=str(value))
        if field == "Owner":
            self.change("SetWatcher", number, by, field="Owner", old=str(old), new=str(value))
        return made

    def privilege(self, number: int, *, given: bool) -> None:
        """Make a user a colleague, or a customer again."""
        if given:
            self.privileged[number] = self.users[number]["Name"]
        else:
            del self.privileged[number]
        old, new = str(int(not given)), str(int(given))
        self.change("Set", number, 14, field="Privileged", old=old, new=new, object_type="RT::User")

    def merge(self, number: int, into: int) -> None:
        """Merge a ticket into another."""
        for ticket in self.tickets.values():
            if ticket["EffectiveId"] == number:
                ticket["EffectiveId"] = into
        for one in (number, into):
            self.change("AddLink", one, 28, field="MergedInto", new=f"fsck.com-rt://rt.example/ticket/{into}")

    def change(
        self,
        kind: str,
        number: int,
        by: int,
        *,
        field: str = "",
        old: str = "",
        new: str = "",
        text: str | None = None,
        interface: str = "REST",
        object_type: str = "RT::Ticket",
    ) -> int:
        """A transaction, with a text where there is one; its id."""
        identifier = len(self.transactions) + 101
        made = {
            "id": identifier,
            "ObjectType": object_type,
            "ObjectId": str(number),
            "Type": kind,
            "Field": field,
            "OldValue": old,
            "NewValue": new,
            "Created": self._now(),
            "Creator": by,
        }
        self.transactions.append(made)
        if text is not None:
            self.attach(identifier, "text/plain", text, interface=interface)
        return identifier

    def attach(self, transaction: int, kind: str, content: str, *, filename: str = "", interface: str = "REST") -> None:
        """A part of a transaction's mail."""
        self.attachments.append(
            {
                "id": str(len(self.attachments) + 1),
                "TransactionId": str(transaction),
                "ContentType": kind,
                "Filename": filename,
                "Content": content,
                "Headers": f"MIME-Version: 1.0\nX-RT-Interface: {interface}\nContent-Length: 9",
            }
        )

    def _now(self) -> str:
        self.clock += 1
        return f"2026-03-01T{9 + self.clock // 3600:02d}:{self.clock // 60 % 60:02d}:{self.clock % 60:02d}Z"

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/REST/2.0/")
        refused = self.refuse(path)
        if refused is not None:
            return refused
        if request.headers.get("Authorization") != "token 1-14-token":
            return httpx.Response(401, json={"message": "Unauthorized"})
        params = dict(request.url.params)
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        query = form.get("query") or params.get("query", "")
        page, size = int(params.get("page", 1)), min(100, int(params.get("per_page", 20)))
        rows = self._rows(path, query, request)
        if isinstance(rows, httpx.Response):
            return rows
        if params.get("order") == "DESC":
            rows = rows[::-1]
        items = rows[(page - 1) * size : page * size]
        answer = {"count": len(items), "total": len(rows), "page": page, "per_page": size, "items": items}
        return httpx.Response(200, json=answer)

    def _rows(self, path: str, query: str, request: httpx.Request) -> list[Row] | httpx.Response:
        first, _, rest = path.partition("/")
        if path == "rt":
            return httpx.Response(200, json={"Version": "5.0.3", "Plugins": []})
        if path == "users":
            return [{**user, "Disabled": "", "Privileged": "", "type": "user"} for user in self.users.values()]
        if first == "user":
            user = self.users.get(int(rest))
            if user is None:
                return httpx.Response(404, json={"message": "Not Found"})
            return httpx.Response(200, json={"Disabled": "0", **user, "Privileged": int(int(rest) in self.privileged)})
        if path == "groups":
            told = [{"id": "4", "Name": "Privileged"}] if self.tells_privileged else []
            return [{"id": "3", "Name": "Everyone"}, *told]
        if path == "group/4/members":
            return [{"id": number, "type": "user"} for number in self.privileged]
        if path == "queues/all":
            return [{"id": str(n), "Name": name} for n, name in ((3, "Support"), (4, "Billing"), (5, "Shipping"))]
        if path == "customfields":
            known = {"CSAT": "2", "CSAT reason": "3"}
            name = json.loads(query)[0]["value"]
            return [{"id": known[name], "Name": name, "LookupType": "RT::Queue-RT::Ticket"}] if name in known else []
        if path == "tickets":
            return [self._ticket(number) for number in sorted(self.tickets) if self._is_found(number, query)]
        if first == "ticket":
            return self._one_ticket(int(rest))
        if path == "transactions":
            return [self._transaction(row) for row in self.transactions if _matches(row, query)]
        if path == "attachments":
            wanted = {str(part["value"]) for part in json.loads(request.content)}
            return [row for row in self.attachments if row["TransactionId"] in wanted]
        return httpx.Response(404, json={"message": "Not Found"})

    def _is_found(self, number: int, query: str) -> bool:
        ticket = self.tickets[number]
        if ticket["Status"] == "deleted" or ticket["EffectiveId"] != number:
            return False
        after = re.fullmatch(r"id > (\d+)", query)
        return number > int(after[1]) if after else str(number) in re.findall(r"id = (\d+)", query)

    def _one_ticket(self, number: int) -> httpx.Response:
        if number not in self.tickets:
            return httpx.Response(404, json={"message": "Not Found"})
        number = self.tickets[number]["EffectiveId"]
        return httpx.Response(200, json={"id": number, "Status": self.tickets[number]["Status"]})

    def _ticket(self, number: int) -> Row:
        ticket = self.tickets[number]
        return {
            "id": str(number),
            "type": "ticket",
            "Subject": ticket["Subject"],
            "Status": ticket["Status"],
            "Created": "2026-03-01T09:00:00Z",
            "Queue": {"id": str(ticket["Queue"]), "type": "queue"},
            "Owner": self._who(ticket["Owner"]),
            "Creator": self._who(ticket["Requestor"] or 14),
            "Requestor": [self._who(ticket["Requestor"])] if ticket["Requestor"] else [],
            "EffectiveId": str(number),
            "CustomFields": [
                {"id": one, "name": one, "values": [value]} for one, value in ticket["CustomFields"].items()
            ],
        }

    def _transaction(self, row: Row) -> Row:
        return {**row, "id": str(row["id"]), "type": "transaction", "Creator": self._who(row["Creator"])}

    def _who(self, number: int) -> Row:
        return {"id": number, "Name": self.users[number]["Name"], "type": "user"}


def _matches(row: Row, query: str) -> bool:
    """The TicketSQL that the connector writes: conditions joined by AND, numbers of objects and what is in brackets by
    OR."""
    for either in re.findall(r"\((\w+ = '[^)]*)\)", query):
        if not any(row[name] == wanted for name, wanted in re.findall(r"(\w+) = '([^']+)'", either)):
            return False
        query = query.replace(f"({either})", "")
    for name, wanted in re.findall(r"(ObjectType|Type|Field) = '([^']+)'", query):
        if row[name] != wanted:
            return False
    if any(row["id"] <= int(after) for after in re.findall(r"id > (\d+)", query)):
        return False
    objects = re.findall(r"ObjectId = (\d+)", query)
    return not objects or row["ObjectId"] in objects
