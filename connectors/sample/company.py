"""The people whom the sample's company knows, as they really are: one truth, of which each silo sees a part."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from datetime import date, timedelta

from anyascii import anyascii

from connectors.sample.dice import Dice
from connectors.sample.names import FAMILY_BY_FREQUENCY, GIVEN_BY_FREQUENCY, NICKNAMES
from connectors.sample.places import (
    COMPANY_FIRST,
    COMPANY_SECOND,
    COUNTRIES,
    INDUSTRIES,
    JOB_TITLES,
    MAIL_PROVIDERS,
    STREETS,
    TOWNS,
    Country,
)

CHUNK = 5_000
"""Customers made at once; families and colleagues are of one chunk, so memory does not grow with their number."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where somebody lives or a company sits."""

    street: str
    city: str
    postal_code: str


@dataclass(frozen=True, slots=True)
class Employer:
    """A company that buys."""

    number: int
    name: str
    domain: str
    industry: str
    size: int
    country: Country
    phone: str
    seat: Home


@dataclass(slots=True)
class Customer:
    """A person as they are.

    Telephone numbers are national digits without the trunk zero; `prefers_work` says which address they usually give.
    """

    number: int
    given: str
    family: str
    country: Country
    birth: date
    private_email: str
    second_email: str
    mobile: str
    home: Home
    old_home: Home | None = None
    landline: str | None = None
    employer: Employer | None = None
    work_email: str | None = None
    job_title: str | None = None
    old_employer: Employer | None = None
    old_work_email: str | None = None
    family_email: str | None = None
    nickname: str | None = None
    prefers_work: bool = False

    @property
    def person_id(self) -> str:
        return f"person-{self.number:07d}"


@dataclass(slots=True)
class Registry:
    """What must be unique in the whole sample, however large: addresses, company domains, telephone numbers."""

    emails: set[str] = field(default_factory=set)
    domains: set[str] = field(default_factory=set)
    phones: dict[str, int] = field(default_factory=dict)
    employers: int = 0

    def email(self, local: str, domain: str, dice: Dice) -> str:
        """The address, with a number when somebody has it already."""
        address = f"{local}@{domain}"
        while address in self.emails:
            address = f"{local}{dice.between(2, 9999)}@{domain}"
        self.emails.add(address)
        return address

    def phone(self, country: Country, line: tuple[str, int]) -> str:
        """The next free national number: scattered, and never twice."""
        prefix, length = line
        pool = f"{country.code}{prefix}"
        count = self.phones.get(pool, 0)
        self.phones[pool] = count + 1
        space = 10**length
        # 7,368,787 has no factor in common with a power of ten, so this visits every number once; each pool starts
        # elsewhere, or the numbers of two countries would end alike.
        start = zlib.crc32(pool.encode())
        return f"{prefix}{(count * 7_368_787 + start) % space:0{length}d}"


def customers(seed: int, count: int, first_number: int = 0) -> Iterator[list[Customer]]:
    """`count` customers in chunks of 5,000, each chunk from its own dice; the registry lives through all of them."""
    registry = Registry()
    done = 0
    while done < count:
        size = min(CHUNK, count - done)
        yield _chunk(Dice("people", seed, done), registry, first_number + done, size)
        done += size


def _chunk(dice: Dice, registry: Registry, first: int, size: int) -> list[Customer]:
    people: list[Customer] = []
    while len(people) < size:
        country = _country(dice)
        home = _home(dice, country)
        if dice.chance(0.022) and size - len(people) >= 2:
            members = min(dice.between(2, 4), size - len(people))
            people.extend(_family(dice, registry, country, home, first + len(people), members))
        else:
            people.append(_person(dice, registry, country, home, first + len(people)))
    _employ(dice, registry, people)
    return people


def _country(dice: Dice) -> Country:
    left = dice.share()
    for country in COUNTRIES:
        left -= country.weight
        if left < 0:
            return country
    return COUNTRIES[0]


def _home(dice: Dice, country: Country) -> Home:
    city, pattern = dice.name(TOWNS[country.code]).rsplit("=", 1)
    street = country.street_form.format(street=dice.name(STREETS[country.code]), number=dice.between(1, 120))
    return Home(street, city, dice.digits(pattern))


def _family(
    dice: Dice, registry: Registry, country: Country, home: Home, first: int, members: int
) -> Iterator[Customer]:
    """People of one household: one address, mostly one name and one telephone, sometimes one mailbox."""
    landline = registry.phone(country, country.landline)
    family = dice.name(FAMILY_BY_FREQUENCY[country.language])
    mailbox = registry.email(f"familie.{slug(family)}", dice.pick(MAIL_PROVIDERS), dice) if dice.chance(0.15) else None
    taken: set[str] = set()
    for offset in range(members):
        name = family if dice.chance(0.9) else None
        person = _person(dice, registry, country, home, first + offset, family=name, child=offset > 1, not_given=taken)
        taken.add(person.given)
        person.landline = landline
        person.family_email = mailbox
        yield person


def _person(
    dice: Dice,
    registry: Registry,
    country: Country,
    home: Home,
    number: int,
    family: str | None = None,
    child: bool = False,
    not_given: Set[str] = frozenset(),
) -> Customer:
    language = country.language if dice.chance(0.86) else dice.pick(COUNTRIES).language
    given = dice.name(GIVEN_BY_FREQUENCY[language])
    while given in not_given:
        given = dice.name(GIVEN_BY_FREQUENCY[language])
    family = family or dice.name(FAMILY_BY_FREQUENCY[language])
    oldest, youngest = (27, 18) if child else (79, 21)
    birth = date(2026, 6, 30) - timedelta(days=dice.between(youngest * 365, oldest * 365))
    nicknames = NICKNAMES.get(given)
    private, second = (_private_email(dice, registry, given, family, birth) for _ in range(2))
    return Customer(
        number=number,
        given=given,
        family=family,
        country=country,
        birth=birth,
        private_email=private,
        second_email=second,
        mobile=registry.phone(country, country.mobile),
        home=home,
        old_home=_home(dice, country) if dice.chance(0.12) else None,
        nickname=dice.pick(nicknames) if nicknames else None,
    )


def _private_email(dice: Dice, registry: Registry, given: str, family: str, birth: date) -> str:
    first, last = slug(given), slug(family)
    local = dice.pick(
        (
            f"{first}.{last}",
            f"{first}{last}",
            f"{first[0]}{last}",
            f"{first}_{last}",
            f"{first}{birth.year % 100:02d}",
            f"{last}.{first}",
        )
    )
    if dice.chance(0.35):
        local += str(dice.between(1, 99))
    return registry.email(local, dice.pick(MAIL_PROVIDERS), dice)


def _employ(dice: Dice, registry: Registry, people: list[Customer]) -> None:
    """Give 60 % a job among colleagues; some changed it while the company knew them."""
    offices: list[tuple[Employer, int]] = []
    former: list[Employer] = []
    for person in people:
        if not dice.chance(0.6):
            continue
        if len(offices) < 12:
            offices.append((_employer(dice, registry, person.country), 1 + dice.count(3.0, 30)))
        place = dice.between(0, len(offices) - 1)
        employer, seats = offices[place]
        _hire(dice, registry, person, employer)
        if former and dice.chance(0.09):
            person.old_employer = dice.pick(former)
            person.old_work_email = _work_email(dice, registry, person, person.old_employer)
        if seats <= 1:
            former = [*former[-40:], employer]
            del offices[place]
        else:
            offices[place] = (employer, seats - 1)


def _employer(dice: Dice, registry: Registry, country: Country) -> Employer:
    first, second = dice.pick(COMPANY_FIRST), dice.pick(COMPANY_SECOND)
    name = f"{first} {second}" if dice.chance(0.6) else f"{first}{second.lower()}"
    if dice.chance(0.35):
        name = f"{dice.name(FAMILY_BY_FREQUENCY[country.language])} {second}"
    base = slug(name)
    domain = f"{base}.example"
    while domain in registry.domains:
        suffix = dice.name(FAMILY_BY_FREQUENCY[country.language])
        name, base = f"{name} {suffix}", f"{base}-{slug(suffix)}"
        domain = f"{base}.example"
    registry.domains.add(domain)
    registry.employers += 1
    return Employer(
        number=registry.employers,
        name=f"{name} {dice.pick(country.legal_forms)}",
        domain=domain,
        industry=dice.pick(INDUSTRIES),
        size=int(dice.lognormal(45, 1.2)) + 1,
        country=country,
        phone=registry.phone(country, country.landline),
        seat=_home(dice, country),
    )


def _hire(dice: Dice, registry: Registry, person: Customer, employer: Employer) -> None:
    person.employer = employer
    person.job_title = dice.pick(JOB_TITLES)
    person.work_email = _work_email(dice, registry, person, employer)
    person.prefers_work = dice.chance(0.7)


def _work_email(dice: Dice, registry: Registry, person: Customer, employer: Employer) -> str:
    first, last = slug(person.given), slug(person.family)
    # A company writes all its addresses in one way.
    local = (f"{first}.{last}", f"{first[0]}.{last}", f"{first[0]}{last}", first)[employer.number % 4]
    return registry.email(local, employer.domain, dice)


def slug(text: str) -> str:
    """Letters and digits as addresses have them: `Jürgen Öst` → `juergenoest`."""
    plain = text.lower().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    return re.sub(r"[^a-z0-9]", "", anyascii(plain).lower()) or "x"
