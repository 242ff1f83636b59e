"""Fills a running Request Tracker over its own REST2 with users and tickets, and gives the truth.

A customer's own words come by mail, through RT's gateway: over REST2 the writer would be whoever is logged in.
"""

from __future__ import annotations

import base64
import email.message
import email.utils
import http.client
import json
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from tests.servers.company import REASONS, House, Person, Request
from tests.servers.rt_server import RtServer

AGENTS = ("alma", "bert", "cora")


@dataclass(slots=True)
class RtTruth:
    """Which ids the people got: `user` by person's key, `tickets` by person's key."""

    user: dict[str, int] = field(default_factory=dict)
    tickets: dict[str, list[int]] = field(default_factory=dict)


class RtWriter:
    """Calls RT as `root` or as an agent."""

    def __init__(self, server: RtServer, agent: str | None = None) -> None:
        self._host = urllib.parse.urlsplit(server.url).netloc
        basic = base64.b64encode(f"{agent}:{agent}-secret-1".encode()).decode()
        self._authorization = f"Basic {basic}" if agent else f"token {server.token}"

    def __call__(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer's JSON; a status of 400 or more is a RuntimeError."""
        headers = {"Authorization": self._authorization, "Accept": "application/json"}
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body)
        status, text = self._send(method, f"/REST/2.0/{path}", content, headers)
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {text}")
        return json.loads(text) if text else None

    def mail(
        self,
        name: str,
        address: str,
        queue: str,
        subject: str,
        text: str,
        ticket: int | None = None,
        *,
        file: bytes | None = None,
    ) -> int:
        """A mail from a customer, to a new ticket or to `ticket`; its number, which RT does not say by itself."""
        message = email.message.EmailMessage()
        message["From"] = email.utils.formataddr((name, address))
        message["To"] = f"{queue.lower()}@ourhouse.example"
        message["Subject"] = f"[ourhouse.example #{ticket}] Re: {subject}" if ticket else subject
        message["Message-ID"] = email.utils.make_msgid(domain="post.example")
        message.set_content(text)
        if file is not None:
            message.add_alternative(f"<p>{text}</p>", subtype="html")
            message.add_attachment(file, "text", "plain", filename="log.txt")
        form = {"SessionType": "REST", "action": "correspond", "queue": queue, "message": message.as_string()}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        status, said = self._send("POST", "/REST/1.0/NoAuth/mail-gateway", urllib.parse.urlencode(form), headers)
        if status != 200 or said.strip() != "ok":
            raise RuntimeError(f"mail gateway: {status} {said}")
        if ticket is not None:
            return ticket
        query = urllib.parse.urlencode(
            {"query": f"Requestor.EmailAddress = '{address}'", "orderby": "id", "order": "DESC", "per_page": 1}
        )
        return int(self("GET", f"tickets?{query}")["items"][0]["id"])

    def _send(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, str]:
        link = http.client.HTTPConnection(self._host, timeout=120)
        try:
            link.request(method, path, body.encode() if body else None, headers)
            answer = link.getresponse()
            return answer.status, answer.read().decode()
        finally:
            link.close()


def fill_rt(server: RtServer, house: House, threads: int = 2) -> RtTruth:
    """Enter everybody who ever asked for help, and their tickets from the first mail to the survey."""
    root, agents = RtWriter(server), {name: RtWriter(server, name) for name in AGENTS}
    truth = RtTruth()

    def enter(person: Person) -> None:
        if person.helpdesk_email is None:
            return
        truth.user[person.key] = enter_user(root, person)
        truth.tickets[person.key] = [
            _ticket(root, agents, person, request, number) for number, request in enumerate(person.requests)
        ]

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(enter, house.people))
    return truth


def enter_user(root: RtWriter, person: Person) -> int:
    """A user as the helpdesk knows the person."""
    root(
        "POST",
        "user",
        {
            "Name": person.helpdesk_email,
            "EmailAddress": person.helpdesk_email,
            "RealName": person.helpdesk_name,
            "Privileged": 0,
            "MobilePhone": person.mobile,
            "Organization": person.firm.name if person.firm else "",
            "City": person.city,
        },
    )
    return int(root("GET", f"user/{person.helpdesk_email}")["id"])


def _ticket(root: RtWriter, agents: dict[str, RtWriter], person: Person, request: Request, number: int) -> int:
    first, second = AGENTS[number % 3], AGENTS[(number + 1) % 3]
    agent = agents[first]
    name, address = person.helpdesk_name, person.helpdesk_email or ""
    ticket = root.mail(name, address, request.queue, request.subject, request.words[0][1])
    agent("PUT", f"ticket/{ticket}", {"Owner": first})
    for who, text in request.words[1:]:
        if who == "agent":
            agent("POST", f"ticket/{ticket}/correspond", {"Content": text, "ContentType": "text/plain"})
        else:
            root.mail(name, address, request.queue, request.subject, text, ticket)
    if request.comment:
        agent("POST", f"ticket/{ticket}/comment", {"Content": request.comment, "ContentType": "text/plain"})
    if request.move_to:
        agent("PUT", f"ticket/{ticket}", {"Queue": request.move_to})
    if request.handed_over:
        agent("PUT", f"ticket/{ticket}", {"Owner": second})
    if request.solved:
        agents[second if request.handed_over else first]("PUT", f"ticket/{ticket}", {"Status": "resolved"})
    if request.score:
        fields = {"CSAT": str(request.score), "CSAT reason": REASONS[request.score]}
        root("PUT", f"ticket/{ticket}", {"CustomFields": fields})
    if request.reopened:
        root.mail(name, address, request.queue, request.subject, "It is not solved.", ticket)
    return ticket
