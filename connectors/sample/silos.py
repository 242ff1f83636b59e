"""What each silo knows of a person: parts of the truth, with the mistakes people and systems make."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from anyascii import anyascii

from connectors.sample.company import Customer, Home
from connectors.sample.dice import Dice
from connectors.sample.places import Country


class Silo(StrEnum):
    """The three systems of record."""

    CRM = "crm"
    MARKETING = "marketing"
    HELPDESK = "helpdesk"


@dataclass(frozen=True, slots=True)
class Noise:
    """How often things go wrong, as shares of records."""

    other_email: float = 0.07
    no_email: float = 0.03
    no_phone: float = 1.0
    """Multiplies how often a telephone number is missing."""
    typo: float = 0.02
    nickname: float = 0.03
    initial: float = 0.03
    old_home: float = 0.35
    shared_inbox: float = 0.008
    family_mailbox: float = 0.12
    duplicate: float = 0.05
    dummy: float = 0.001
    place_holder_email: float = 0.002


EASY = Noise()
HARD = Noise(
    other_email=0.22,
    no_email=0.1,
    no_phone=1.7,
    typo=0.07,
    nickname=0.1,
    initial=0.1,
    old_home=0.6,
    shared_inbox=0.03,
    family_mailbox=0.35,
    duplicate=0.12,
    dummy=0.004,
    place_holder_email=0.008,
)

SHARE = {Silo.CRM: 0.65, Silo.MARKETING: 0.8, Silo.HELPDESK: 0.4}
PHONE_KNOWN = {Silo.CRM: 0.8, Silo.MARKETING: 0.45, Silo.HELPDESK: 0.6}
ADDRESS_KNOWN = {Silo.CRM: 0.65, Silo.MARKETING: 0.4, Silo.HELPDESK: 0.0}
PLACE_HOLDERS = ("keine@keine.test", "noemail@none.test", "unknown@unknown.test")


@dataclass(frozen=True, slots=True)
class Known:
    """One record of a person in one silo; `None` is what the silo does not know."""

    silo: Silo
    given: str | None
    family: str | None
    full: str | None
    email: str | None
    more_emails: tuple[str, ...]
    phone: str | None
    home: Home | None
    country: str
    company: str | None
    job_title: str | None
    birth: date | None
    verified: bool
    duplicate: bool = False


def what_silos_know(dice: Dice, person: Customer, noise: Noise) -> Iterator[Known]:
    """The person's records: at least one, sometimes two in one silo."""
    silos = [silo for silo in Silo if dice.chance(SHARE[silo])]
    for silo in silos or [Silo.MARKETING]:
        first = _record(dice, person, silo, noise)
        yield first
        if dice.chance(noise.duplicate):
            yield _second_record(dice, person, first, noise)


def _record(dice: Dice, person: Customer, silo: Silo, noise: Noise) -> Known:
    moved = person.old_home is not None and dice.chance(noise.old_home)
    at_old_job = person.old_employer is not None and silo is not Silo.HELPDESK and dice.chance(0.5)
    employer = person.old_employer if at_old_job else person.employer
    given, family, full = _name(dice, person, silo, noise)
    email = _email(dice, person, silo, noise, at_old_job)
    return Known(
        silo=silo,
        given=given,
        family=family,
        full=full,
        email=email,
        more_emails=(person.private_email,) if silo is Silo.CRM and person.prefers_work and dice.chance(0.1) else (),
        # A record without any way to reach the person is rare: somebody had to call back.
        phone=_phone(dice, person, silo, noise, needed=email is None),
        home=(person.old_home if moved else person.home) if dice.chance(ADDRESS_KNOWN[silo]) else None,
        country=person.country.code,
        company=_company(dice, employer.name) if employer is not None and _knows_company(dice, silo) else None,
        job_title=person.job_title if silo is Silo.CRM and not at_old_job and dice.chance(0.7) else None,
        birth=person.birth if silo is Silo.CRM and dice.chance(0.15) else None,
        verified=silo is not Silo.CRM and dice.chance(0.7),
    )


def _second_record(dice: Dice, person: Customer, first: Known, noise: Noise) -> Known:
    """The same person entered again: another address, or the same one written a little differently."""
    again = _record(dice, person, first.silo, noise)
    emails = [person.private_email, person.second_email, person.work_email, person.old_work_email]
    others = [email for email in emails if email and email.lower() != (first.email or "").lower()]
    if first.silo is Silo.CRM and first.phone and dice.chance(0.3):
        return replace(again, email=None, more_emails=(), phone=first.phone, duplicate=True)
    # An audience or a CRM holds an address once, so the second record has another one; the telephone ties them.
    return replace(again, email=dice.pick(others), more_emails=(), phone=again.phone or first.phone, duplicate=True)


def _name(dice: Dice, person: Customer, silo: Silo, noise: Noise) -> tuple[str | None, str | None, str | None]:
    given, family = person.given, person.family
    if person.nickname and dice.chance(noise.nickname * 3):
        given = person.nickname
    elif silo is not Silo.CRM and dice.chance(noise.initial):
        given = f"{given[0]}."
    if dice.chance(noise.typo):
        family = _typo(dice, family)
    elif dice.chance(noise.typo):
        given = _typo(dice, given)
    if silo is not Silo.CRM and dice.chance(0.3):
        given, family = anyascii(given), anyascii(family)
    case = dice.share()
    if case < 0.02:
        given, family = given.upper(), family.upper()
    elif case < 0.05:
        given, family = given.lower(), family.lower()
    if silo is Silo.HELPDESK:
        full = f"{family}, {given}" if dice.chance(0.03) else f"{given} {family}"
        return None, None, full if not dice.chance(0.03) else family
    if silo is Silo.MARKETING and dice.chance(0.05):
        return (given, None, None) if dice.chance(0.5) else (None, None, None)
    if dice.chance(0.01):
        return family, given, None
    return given, family, None


def _email(dice: Dice, person: Customer, silo: Silo, noise: Noise, at_old_job: bool) -> str | None:
    if silo is not Silo.MARKETING:
        if dice.chance(noise.no_email):
            return None
        if dice.chance(noise.place_holder_email):
            return dice.pick(PLACE_HOLDERS)
    if silo is Silo.HELPDESK and person.employer is not None and dice.chance(noise.shared_inbox * 2):
        return f"{dice.pick(('info', 'office', 'support'))}@{person.employer.domain}"
    if person.family_email is not None and silo is not Silo.MARKETING and dice.chance(noise.family_mailbox):
        return person.family_email
    if at_old_job and person.old_work_email and person.prefers_work:
        return person.old_work_email
    preferred, other = person.private_email, person.work_email or person.second_email
    if person.prefers_work and person.work_email:
        preferred, other = person.work_email, person.private_email
    email = other if dice.chance(noise.other_email) else preferred
    return email.capitalize() if dice.chance(0.02) else email


def _phone(dice: Dice, person: Customer, silo: Silo, noise: Noise, needed: bool) -> str | None:
    if not needed and dice.chance(min(1.0, (1.0 - PHONE_KNOWN[silo]) * noise.no_phone)):
        return None
    digits = person.mobile
    if person.landline and dice.chance(0.25):
        digits = person.landline
    elif person.employer is not None and person.prefers_work and dice.chance(0.06):
        digits = person.employer.phone
        return _write_phone(dice, silo, digits, person.employer.country)
    return _write_phone(dice, silo, digits, person.country)


def _write_phone(dice: Dice, silo: Silo, digits: str, country: Country) -> str:
    """One of the ways people write a number; a helpdesk, which knows no country, has it from the caller's line."""
    dial, trunk = country.dial, country.trunk
    way = dice.share() * (0.75 if silo is Silo.HELPDESK else 1.0)
    if way < 0.4:
        return f"+{dial}{digits}"
    if way < 0.6:
        return f"+{dial} {digits[:3]} {digits[3:]}"
    if way < 0.7:
        return f"00{dial}{digits}"
    if way < 0.85:
        return f"{trunk}{digits[:3]} {digits[3:6]} {digits[6:]}"
    return f"{trunk}{digits[:3]}-{digits[3:]}"


def _knows_company(dice: Dice, silo: Silo) -> bool:
    return silo is Silo.CRM or (silo is Silo.MARKETING and dice.chance(0.5))


def _company(dice: Dice, name: str) -> str:
    if dice.chance(0.25):
        return name.rsplit(" ", 1)[0]
    return name.upper() if dice.chance(0.03) else name


def _typo(dice: Dice, word: str) -> str:
    if len(word) < 4:
        return word
    place = dice.between(1, len(word) - 2)
    return dice.pick(_MISTAKES)(word, place)


_MISTAKES: tuple[Callable[[str, int], str], ...] = (
    lambda word, place: word[:place] + word[place + 1 :],
    lambda word, place: word[:place] + word[place + 1] + word[place] + word[place + 2 :],
    lambda word, place: word[:place] + word[place] + word[place:],
    lambda word, place: word[:place] + "aeiou"[place % 5] + word[place + 1 :],
)
