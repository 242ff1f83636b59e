"""A small made-up company: the same people as the CRM, the marketing automation and the helpdesk know them.

The three spell people differently, and not everybody is everywhere. `key` is who it really is; no server stores it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from unicodedata import normalize

GIVEN = "Alva Birk Clara Dario Edda Fabian Greta Henrik Ilse Jonte Kira Lasse Malin Nora Oskar Pia Rune Selma Tilo Ylva"
FAMILY = (
    "Ahlgren Brandt Cervenka Dahlin Ekström Fichtner Grönwall Hallberg Isaksson Jung Kirchner Lundin Mohr Nyberg "
    "Oberndorf Pihl Quist Rosvall Sandell Thörn Ullmann Vogt Westin Zeller"
)
PLACES = [("DE", "20095", "Hamburg"), ("AT", "4020", "Linz"), ("SE", "21119", "Malmö"), ("FR", "67000", "Strasbourg")]
STREETS = ["Hafenstraße", "Lindgasse", "Storgatan", "Rue des Tanneurs"]
TRADES = ["Werkzeug", "Optik", "Druck", "Möbel", "Kaffee"]
FORMS = ["GmbH", "AB", "SARL", "AG"]
SUBJECTS = ["Login does not work", "Wrong invoice", "Parcel is late", "Question about an order", "Please call me"]
WORDS = ["It has not worked since Monday.", "I wrote this already last week.", "Thank you.", "It is back again."]
ANSWERS = ["We look into it.", "Which order number is it?", "Please try again now."]
REASONS = {1: "nobody answered", 2: "took far too long", 3: "fine in the end", 4: "friendly", 5: "quick and friendly"}
DEALS = [
    ("lead",),
    ("lead", "opportunity"),
    ("lead", "opportunity", "converted"),
    ("lead", "opportunity", "lost"),
    ("lead", "lost"),
    ("lead", "opportunity", "lead", "opportunity"),
]


@dataclass(frozen=True, slots=True)
class Firm:
    """A company that several people work for."""

    name: str
    domain: str


@dataclass(frozen=True, slots=True)
class Deal:
    """An opportunity: the states it goes through."""

    description: str
    amount: int
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """A ticket: who says what, and what becomes of it."""

    subject: str
    queue: str
    words: tuple[tuple[str, str], ...]
    comment: str | None = None
    move_to: str | None = None
    handed_over: bool = False
    solved: bool = False
    score: int | None = None
    reopened: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """One person in truth. An empty `crm_emails` means: not in the CRM, and so in no scenario."""

    key: str
    given: str
    family: str
    firm: Firm | None
    crm_emails: tuple[str, ...]
    helpdesk_email: str | None
    phone: str | None
    mobile: str
    street: str
    postal_code: str
    city: str
    country: str
    reads_mail: str
    newsletter: bool
    deals: tuple[Deal, ...] = ()
    requests: tuple[Request, ...] = ()
    helpdesk_name: str = ""


@dataclass(frozen=True, slots=True)
class House:
    """All people; `same` are pairs of keys that are one person, entered twice into the CRM."""

    people: tuple[Person, ...]
    same: tuple[tuple[str, str], ...] = field(default=())


def make_house(count: int, seed: int = 1) -> House:
    """`count` people; the first is always Mara Lindqvist. The same seed makes the same people."""
    dice = random.Random(seed)
    firms = [_firm(dice, number) for number in range(max(1, count // 4))]
    people = [_mara(firms[0])]
    people += [_person(dice, number, firms) for number in range(1, count)]
    in_crm = [person.key for person in people[1:] if person.crm_emails]
    chosen = dice.sample(in_crm, min(len(in_crm), 2 * max(1, count // 30)))
    return House(tuple(people), tuple(zip(chosen[::2], chosen[1::2], strict=False)))


def _firm(dice: random.Random, number: int) -> Firm:
    trade = dice.choice(TRADES)
    return Firm(
        f"{dice.choice(FAMILY.split())} {trade} {number} {dice.choice(FORMS)}", f"{plain(trade)}{number}.example"
    )


def _mara(firm: Firm) -> Person:
    return Person(
        key="p000",
        given="Mara",
        family="Lindqvist",
        firm=firm,
        crm_emails=("mara.lindqvist@nordlicht.example",),
        helpdesk_email="mara@lindqvist.example",
        helpdesk_name="M. Lindquist",
        phone=None,
        mobile="+46 70 174 06 05",
        street="Storgatan 5",
        postal_code="21119",
        city="Malmö",
        country="SE",
        reads_mail="clicked",
        newsletter=True,
        deals=(Deal("Espresso bar for the office", 4800, ("lead", "opportunity", "converted")),),
        requests=(
            Request(
                subject="Machine leaks",
                queue="Support",
                words=(
                    ("customer", "The machine leaks since it was delivered."),
                    ("agent", "Could you send us your phone number and order number?"),
                    ("customer", "You have both already. Here they are again."),
                    ("agent", "A technician comes on Friday."),
                ),
                move_to="Shipping",
                handed_over=True,
                solved=True,
                score=2,
            ),
        ),
    )


def _person(dice: random.Random, number: int, firms: list[Firm]) -> Person:
    given, family = dice.choice(GIVEN.split()), dice.choice(FAMILY.split())
    firm = dice.choice(firms) if dice.random() < 0.8 else None
    private = f"{plain(given)}.{plain(family)}{number}@post.example"
    work = f"{plain(given)[0]}.{plain(family)}{number}@{firm.domain}" if firm else None
    country, postal_code, city = dice.choice(PLACES)
    in_crm, in_helpdesk = dice.random() < 0.85, dice.random() < 0.6
    emails = tuple(email for email in (work, private if dice.random() < 0.6 or not work else None) if email)
    return Person(
        key=f"p{number:03d}",
        given=given,
        family=family,
        firm=firm,
        crm_emails=emails if in_crm else (),
        helpdesk_email=dice.choice([private, emails[0]]) if in_helpdesk or not in_crm else None,
        helpdesk_name=dice.choice([f"{given} {family}", f"{given[0]}. {family}"]),
        phone=f"+49 40 32{number:03d}{dice.randint(100, 999)}" if dice.random() < 0.4 else None,
        mobile=f"+49 151 23{number:03d}{dice.randint(100, 999)}",
        street=f"{dice.choice(STREETS)} {dice.randint(1, 90)}",
        postal_code=postal_code,
        city=city,
        country=country,
        reads_mail=dice.choice(["ignored", "ignored", "opened", "opened", "clicked", "unsubscribed"]),
        newsletter=dice.random() < 0.3,
        deals=tuple(_deal(dice, family) for _ in range(dice.choice([0, 0, 1, 1, 2]))),
        requests=tuple(_request(dice) for _ in range(dice.choice([1, 1, 2]))),
    )


def _deal(dice: random.Random, family: str) -> Deal:
    return Deal(f"{dice.choice(TRADES)} for {family}", dice.randint(5, 400) * 50, dice.choice(DEALS))


def _request(dice: random.Random) -> Request:
    words = [("customer", dice.choice(WORDS)), ("agent", dice.choice(ANSWERS))]
    if dice.random() < 0.4:
        words += [("customer", dice.choice(WORDS)), ("agent", dice.choice(ANSWERS))]
    queue = dice.choice(["Support", "Support", "Billing", "Shipping"])
    move_to = dice.choice([None, None, "Billing", "Shipping"])
    solved = dice.random() < 0.8
    return Request(
        subject=dice.choice(SUBJECTS),
        queue=queue,
        words=tuple(words),
        comment=dice.choice([None, None, "Called as well."]),
        move_to=move_to if move_to != queue else None,
        handed_over=dice.random() < 0.3,
        solved=solved,
        score=dice.choice([None, 1, 2, 3, 4, 5]) if solved else None,
        reopened=solved and dice.random() < 0.2,
    )


def plain(text: str) -> str:
    """Letters of an address: `Grönwall` is `gronwall`."""
    return normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
