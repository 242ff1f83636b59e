"""Fills a running Tryton over its own JSON-RPC with the company's people, deals and mails, and gives the truth."""

from __future__ import annotations

import base64
import email
import email.policy
import gzip
import json
import re
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers.company import House, Person
from tests.servers.tryton_server import TrytonServer

BUTTONS = {"opportunity": "opportunity", "lead": "lead", "converted": "convert", "lost": "lost"}
WELCOME = """<html><body><p>Hello ${record.rec_name},</p><p><a href="https://shop.example/offer">our offer</a></p>
<p><a href="unsubscribe|https://shop.example/bye">no more of these</a></p></body></html>"""
THANKS = """<html><body><p>Thank you, ${record.rec_name}: <a href="https://shop.example/voucher">your voucher</a></p>
</body></html>"""


@dataclass(slots=True)
class TrytonTruth:
    """Which ids the people got: `party` and `opportunities` by person's key, `merged` pairs of parties (from, into);
    `mail` what each address did with its mail."""

    party: dict[str, int] = field(default_factory=dict)
    firm: dict[str, int] = field(default_factory=dict)
    opportunities: dict[str, list[int]] = field(default_factory=dict)
    merged: list[tuple[int, int]] = field(default_factory=list)
    mail: dict[str, int] = field(default_factory=dict)


class TrytonWriter:
    """Calls Tryton as a user would; `call` gives the result, a server's refusal is a RuntimeError."""

    def __init__(self, server: TrytonServer) -> None:
        self.server = server
        self._authorization: str | None = None
        self._context: dict[str, Any] = {}
        uid, key, *_ = self._ask("common.db.login", [server.user, {"password": server.password}])
        self._user = uid
        self._authorization = "Session " + base64.b64encode(f"{server.user}:{uid}:{key}".encode()).decode()
        self._context = self.call("res.user.get_preferences", True)

    def call(self, method: str, *params: Any) -> Any:
        """`model.` is put before `method`; the context comes last by itself."""
        prefix = "" if method.startswith("wizard.") else "model."
        return self._ask(prefix + method, [*params, self._context])

    def create(self, model: str, rows: Sequence[dict[str, Any]]) -> list[int]:
        """Create records, a hundred at a time."""
        ids: list[int] = []
        for start in range(0, len(rows), 100):
            ids += self.call(f"{model}.create", rows[start : start + 100])
        return ids

    def ids(self, model: str, field_: str) -> dict[str, int]:
        """Ids of all records of a model, by one of their fields."""
        return {row[field_]: row["id"] for row in self.call(f"{model}.search_read", [], 0, None, None, [field_])}

    def one(self, model: str, domain: list[Any]) -> int:
        """Id of the only record in a domain."""
        (found,) = self.call(f"{model}.search", domain, 0, None, None)
        return int(found)

    def run_cron(self, method: str) -> None:
        """Run a scheduled job now."""
        self.call("ir.cron.run_once", [self.one("ir.cron", [["method", "=", method]])])

    def merge(self, source: int, into: int) -> None:
        """Merge one party into another, as the wizard does; different names are confirmed first."""
        session = self.call("wizard.party.replace.create")[0]
        values = {"ask": {"source": source, "destination": into}}
        for _ in range(4):
            try:
                self.call("wizard.party.replace.execute", session, values, "replace")
                break
            except RuntimeError as error:
                kind, said = error.args
                if kind != "UserWarning":
                    raise
                self.create("res.user.warning", [{"user": self._user, "name": said[0], "always": False}])
        self.call("wizard.party.replace.delete", session)

    def _ask(self, method: str, params: list[Any]) -> Any:
        headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
        if self._authorization:
            headers["Authorization"] = self._authorization
        body = json.dumps({"id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(f"{self.server.url}/{self.server.database}/rpc/", body, headers)
        with urllib.request.urlopen(request, timeout=300) as answer:
            text = answer.read()
            if answer.headers.get("Content-Encoding") == "gzip":
                text = gzip.decompress(text)
        said = json.loads(text)
        if said.get("error"):
            raise RuntimeError(*said["error"])
        return said["result"]


def fill_tryton(server: TrytonServer, house: House) -> TrytonTruth:
    """Enter everybody of the CRM with employers, deals and a mailing that some open, click or leave; merge doubles."""
    writer, truth = TrytonWriter(server), TrytonTruth()
    people = [person for person in house.people if person.crm_emails]
    _enter_people(writer, people, truth)
    _enter_deals(writer, people, truth)
    _send_mails(writer, people, truth)
    for loser, winner in house.same:
        writer.merge(truth.party[loser], truth.party[winner])
        truth.merged.append((truth.party[loser], truth.party[winner]))
    return truth


def _enter_people(writer: TrytonWriter, people: Sequence[Person], truth: TrytonTruth) -> None:
    firms = {person.firm.name: person.firm for person in people if person.firm}
    rows = [
        {"name": firm.name, "contact_mechanisms": _mechanisms([("website", f"https://www.{firm.domain}")])}
        for firm in firms.values()
    ]
    truth.firm = dict(zip(firms, writer.create("party.party", rows), strict=True))
    languages, countries = writer.ids("ir.lang", "code"), writer.ids("country.country", "code")
    rows = [party(person, languages["en"], countries) for person in people]
    truth.party = dict(zip((person.key for person in people), writer.create("party.party", rows), strict=True))
    works_for = writer.one("party.relation.type", [["name", "=", "works for"]])
    writer.create(
        "party.relation.all",
        [
            {"from_": truth.party[person.key], "to": truth.firm[person.firm.name], "type": works_for}
            for person in people
            if person.firm
        ],
    )


def party(person: Person, language: int, countries: dict[str, int]) -> dict[str, Any]:
    """The values of a person's party."""
    mechanisms = [("email", value) for value in person.crm_emails]
    mechanisms += [("mobile", person.mobile)] + ([("phone", person.phone)] if person.phone else [])
    address = {
        "street_unstructured": person.street,
        "postal_code": person.postal_code,
        "city": person.city,
        "country": countries[person.country],
    }
    return {
        "name": f"{person.given} {person.family}",
        "lang": language,
        "contact_mechanisms": _mechanisms(mechanisms),
        "addresses": [["create", [address]]],
    }


def _mechanisms(pairs: Iterable[tuple[str, str]]) -> list[Any]:
    return [["create", [{"type": kind, "value": value} for kind, value in pairs]]]


def _enter_deals(writer: TrytonWriter, people: Sequence[Person], truth: TrytonTruth) -> None:
    sellers = writer.call("company.employee.search", [], 0, None, None)
    company = writer.one("company.company", [])
    euro = writer.one("currency.currency", [["code", "=", "EUR"]])
    deals = [(person, deal) for person in people for deal in person.deals]
    ids = writer.create(
        "sale.opportunity",
        [
            {
                "party": truth.party[person.key],
                "description": deal.description,
                "amount": {"__class__": "Decimal", "decimal": str(deal.amount)},
                "company": company,
                "currency": euro,
                "employee": sellers[number % len(sellers)],
            }
            for number, (person, deal) in enumerate(deals)
        ],
    )
    for step in range(1, max((len(deal.path) for _, deal in deals), default=0)):
        together: dict[str, list[int]] = defaultdict(list)
        for number, (_, deal) in zip(ids, deals, strict=True):
            if len(deal.path) > step:
                together[deal.path[step]].append(number)
        for state, some in together.items():
            writer.call(f"sale.opportunity.{BUTTONS[state]}", some)
    for number, (person, _) in zip(ids, deals, strict=True):
        truth.opportunities.setdefault(person.key, []).append(number)


def _send_mails(writer: TrytonWriter, people: Sequence[Person], truth: TrytonTruth) -> None:
    campaign = writer.create("marketing.campaign", [{"name": "spring"}])[0]
    medium = writer.create("marketing.medium", [{"name": "email"}])[0]
    source = writer.create("marketing.source", [{"name": "house"}])[0]
    utm = {"marketing_campaign": campaign, "marketing_medium": medium, "marketing_source": source}
    mail = {"action": "send_email", **utm}
    welcome = {"name": "Welcome", "email_title": "Welcome!", "email_template": WELCOME, **mail}
    scenario = writer.create(
        "marketing.automation.scenario",
        [
            {
                "name": "Welcome",
                "model": "party.party",
                "unsubscribable": True,
                "domain": json.dumps([["contact_mechanisms.type", "=", "email"], ["addresses.city", "like", "_%"]]),
                "activities": [["create", [welcome]]],
            }
        ],
    )[0]
    parent = writer.one("marketing.automation.activity", [["name", "=", "Welcome"]])
    writer.create(
        "marketing.automation.activity",
        [
            {
                "name": "Thanks",
                "parent": f"marketing.automation.activity,{parent}",
                "event": "email_clicked",
                "email_title": "Thank you",
                "email_template": THANKS,
                **mail,
            }
        ],
    )
    writer.call("marketing.automation.scenario.run", [scenario])
    send_mails(writer)
    wishes = {address: person.reads_mail for person in people for address in person.crm_emails}
    truth.mail = dict(read_mails(Path(writer.server.mail), wishes))
    send_mails(writer)
    readers = [person.crm_emails[0] for person in people if person.newsletter]
    language = writer.ids("ir.lang", "code")["en"]
    writer.create(
        "marketing.email.list",
        [{"name": "News", "language": language, "emails": [["create", [{"email": one} for one in readers]]]}],
    )


def send_mails(writer: TrytonWriter) -> None:
    """Take everybody who belongs to a scenario into it, and send what is due."""
    writer.run_cron("marketing.automation.scenario|trigger")
    writer.run_cron("marketing.automation.record.activity|process")


def read_mails(folder: Path, wishes: dict[str, str]) -> dict[str, int]:
    """Do with each mail what its reader wishes (opened, clicked, unsubscribed), by getting its links; the counts."""
    did: dict[str, int] = defaultdict(int)
    browser = urllib.request.build_opener(_StayHere)
    for file in sorted(folder.glob("*.eml")):
        message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        file.rename(file.with_suffix(".read"))
        wish = wishes.get(str(message["X-Sink-To"]).lower(), "ignored")
        body = message.get_body(("html",))
        html = body.get_content().replace("&amp;", "&") if body else ""
        image = re.search(r'<img[^>]*src="([^"]+)"', html)
        links = re.findall(r'<a[^>]*href="([^"]+)"', html)
        urls = {"opened": [], "clicked": links[:1], "unsubscribed": links[1:2]}.get(wish)
        did[wish] += 1
        if image is not None and urls is not None:
            for url in (image[1], *urls):
                browser.open(url, timeout=60).read()
    return did


class _StayHere(urllib.request.HTTPRedirectHandler):
    """Does not follow the short link to where it leads: that is outside."""

    def http_error_302(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        return fp

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302
