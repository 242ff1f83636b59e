"""A server of prepared answers: as little work as can be, so that who reads is what is measured.

python -m benchmarks.vendor_answers hubspot 1000000
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

PAGE = 100
DIFFERENT = 200
"""Pages that are prepared; after them they come again, with other cursors."""
OTHER_OWNER = 5
REASSIGNED = "2026-01-15T09:00:00.000Z"

Answer = Callable[[str, dict[str, list[str]], bytes], bytes]
"""Path, query and body of a request to the body of its answer."""


def hubspot(records: int) -> Answer:
    """Contacts with forty properties, of which a third is empty, and six that the company made itself.

    Every fifth has had another owner.
    """
    custom = [f"our_property_{number}" for number in range(6)]
    pages = [_joined([_contact(page * PAGE + number, custom) for number in range(PAGE)]) for page in range(DIFFERENT)]
    fixed = {
        "/account-info/v3/details": {"portalId": 1, "uiDomain": "app.hubspot.com", "companyCurrency": "EUR"},
        "/crm/v3/owners": {
            "results": [{"id": str(n), "firstName": f"Owner {n}", "lastName": "Quist"} for n in range(50)]
        },
        "/crm/v3/properties/contacts": {"results": [{"name": name, "hubspotDefined": False} for name in custom]},
        "/crm/v3/objects/contacts/search": {"total": 1, "results": [_contact(1, custom)]},
    }
    prepared = {path: json.dumps(body).encode() for path, body in fixed.items()}

    def answer(path: str, asked: dict[str, list[str]], sent: bytes) -> bytes:
        if path in prepared:
            return prepared[path]
        if path.endswith("/batch/read"):
            rows = [_history(int(one["id"])) for one in json.loads(sent)["inputs"]]
            return json.dumps({"status": "COMPLETE", "results": rows}).encode()
        start = int(asked.get("after", ["0"])[0])
        body = b'{"results":[' + pages[start // PAGE % DIFFERENT] + b"]"
        if start + PAGE < records:
            body += b',"paging":{"next":{"after":"%d","link":"https://x.example"}}' % (start + PAGE)
        return body + b"}"

    return answer


def _contact(number: int, custom: list[str]) -> dict[str, object]:
    moment = f"2025-{number % 12 + 1:02}-{number % 28 + 1:02}T09:{number % 60:02}:00.000Z"
    properties: dict[str, str | None] = {
        "firstname": f"Given{number % 977}",
        "lastname": f"Family{number % 1999}",
        "email": f"person{number}@company{number % 5000}.example",
        "hs_additional_emails": None,
        "phone": f"+46 70 {number % 10**7:07}",
        "mobilephone": None,
        "lifecyclestage": "customer",
        "jobtitle": "Head of purchasing",
        "company": f"Company {number % 5000}",
        "associatedcompanyid": str(9_000_000 + number % 5000),
        "address": f"Storgatan {number % 200}",
        "city": "Malmö",
        "state": None,
        "zip": "211 34",
        "country": "Sweden",
        "hs_language": "sv",
        "hs_email_optout": None,
        "hubspot_owner_id": str(number % 50),
        "hubspot_owner_assigneddate": moment if number % OTHER_OWNER else REASSIGNED,
        "createdate": moment,
        "lastmodifieddate": moment,
        "date_of_birth": None,
        "hs_timezone": "europe_slash_stockholm",
        "hs_lifecyclestage_lead_date": None,
        "hs_lifecyclestage_salesqualifiedlead_date": None,
        "hs_merged_object_ids": None,
        "hs_calculated_merged_vids": None,
        "hs_object_id": str(number),
        **{name: f"value {number % 7}" if index % 2 else None for index, name in enumerate(custom)},
    }
    return {
        "id": str(number),
        "properties": properties,
        "createdAt": moment,
        "updatedAt": moment,
        "archived": False,
        "url": f"https://app.hubspot.com/contacts/1/record/0-1/{number}",
    }


def _history(number: int) -> dict[str, object]:
    versions = [(REASSIGNED, number % 50), ("2025-01-01T09:00:00.000Z", (number + 1) % 50)]
    owners = [{"value": str(owner), "timestamp": at, "sourceType": "CRM_UI"} for at, owner in versions]
    return {
        "id": str(number),
        "properties": {"hs_object_id": str(number)},
        "propertiesWithHistory": {"hubspot_owner_id": owners},
        "createdAt": "2025-01-01T09:00:00.000Z",
        "updatedAt": REASSIGNED,
        "archived": False,
    }


def zendesk(records: int) -> Answer:
    """Tickets of a hundred a page, each with an audit of its creation, an answer, and its solution."""
    pages = [_joined([_ticket(page * PAGE + number) for number in range(PAGE)]) for page in range(DIFFERENT)]
    groups = {"groups": [{"id": 1, "name": "Support"}], "meta": {"has_more": False}}
    users = {"users": [{"id": 7, "name": "Alma Agent", "role": "agent"}], "meta": {"has_more": False}}
    prepared = {
        "/api/v2/groups.json": json.dumps(groups).encode(),
        "/api/v2/users.json": json.dumps(users).encode(),
        "/api/v2/ticket_fields.json": b'{"ticket_fields":[],"meta":{"has_more":false}}',
        "/api/v2/ticket_forms.json": b'{"ticket_forms":[],"meta":{"has_more":false}}',
    }
    audits = json.dumps({"audits": _audits(), "meta": {"has_more": False}}).encode()

    def answer(path: str, asked: dict[str, list[str]], _sent: bytes) -> bytes:
        if path in prepared:
            return prepared[path]
        if path.endswith("/audits.json"):
            return audits
        start = int(asked.get("cursor", ["0"])[0])
        last = start + PAGE >= records
        rest = b'],"after_cursor":"%d","end_of_stream":%s}' % (start + PAGE, b"true" if last else b"false")
        return b'{"tickets":[' + pages[start // PAGE % DIFFERENT] + rest

    return answer


def _ticket(number: int) -> dict[str, object]:
    moment = f"2025-{number % 12 + 1:02}-{number % 28 + 1:02}T09:{number % 60:02}:00Z"
    return {
        "id": number + 1,
        "url": f"https://acme.zendesk.com/api/v2/tickets/{number + 1}.json",
        "created_at": moment,
        "updated_at": moment,
        "generated_timestamp": 1_740_000_000 + number,
        "requester_id": 10_000 + number % 5000,
        "submitter_id": 10_000 + number % 5000,
        "assignee_id": 7,
        "group_id": 1,
        "subject": f"Order {number} has not come",
        "description": "It was to come on Monday, and now it is Thursday. " * 4,
        "status": "solved",
        "priority": "normal",
        "via": {"channel": "email"},
        "tags": ["delivery", "late"],
        "custom_fields": [{"id": 100 + index, "value": None} for index in range(8)],
    }


def _audits() -> list[dict[str, object]]:
    words = "We are sorry. The parcel was sent again this morning. " * 3

    def comment(number: int, author: int) -> dict[str, object]:
        return {
            "id": number,
            "type": "Comment",
            "author_id": author,
            "body": words,
            "plain_body": words,
            "public": True,
        }

    return [
        {"id": 1, "created_at": "2025-03-01T09:00:00Z", "author_id": 10_000, "via": {"channel": "email"},
         "events": [comment(11, 10_000), {"id": 12, "type": "Create", "field_name": "status", "value": "new"},
                    {"id": 13, "type": "Create", "field_name": "group_id", "value": "1"}]},
        {"id": 2, "created_at": "2025-03-01T11:00:00Z", "author_id": 7, "via": {"channel": "web"},
         "events": [comment(21, 7), {"id": 22, "type": "Change", "field_name": "status", "value": "solved",
                                     "previous_value": "new"}]},
    ]  # fmt: skip


def _joined(rows: list[dict[str, object]]) -> bytes:
    return b",".join(json.dumps(row, ensure_ascii=False).encode() for row in rows)


VENDORS: dict[str, Callable[[int], Answer]] = {"hubspot": hubspot, "zendesk": zendesk}


class Server(asyncio.Protocol):
    """HTTP/1.1 that keeps its connections, for whole requests without a body to speak of."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._held += data
        while b"\r\n\r\n" in self._held:
            head, _, rest = self._held.partition(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
            )
            if len(rest) < length:
                return
            sent, self._held = rest[:length], rest[length:]
            target = urlsplit(head.split(b" ", 2)[1].decode())
            body = self._answer(target.path, parse_qs(target.query), sent)
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )


async def serve(vendor: str, records: int) -> None:
    """Print the address, and answer until the process is ended."""
    answer = VENDORS[vendor](records)
    server = await asyncio.get_running_loop().create_server(lambda: Server(answer), "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    print(f"http://{host}:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
