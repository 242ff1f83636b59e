"""People who live together, as three surveys of one region list them: what families share tells nobody apart.

Imitates lists of a census and of offices: most people live in families of one surname, one address and one telephone;
couples may share an e-mail address, a son may have his father's name. A fifteenth moves between two lists, alone or all
together, some women take their husband's name. A tenth of all facts is missing, and one in twenty has a mistake.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from benchmarks.linking.alike.mistakes import born, misread_date, mistyped, mistyped_digit
from connectors.sample.dice import Dice
from connectors.sample.names import FAMILY_BY_FREQUENCY, GIVEN_BY_FREQUENCY, NICKNAMES
from connectors.sample.places import MAIL_PROVIDERS, STREETS, TOWNS

_LISTS = ("register", "health", "survey")
_LISTED = 0.6
_MISSING, _MISTAKEN = 0.1, 0.05
_BORN_IN = 2026


@dataclass(frozen=True, slots=True)
class _Home:
    number: str
    street: str
    city: str
    postcode: str
    phone: str


@dataclass(frozen=True, slots=True)
class _Person:
    who: int
    given: str
    middle: str
    family: str
    birth: date
    home: _Home
    phone: str
    email: str


def households(seed: int, records: int) -> Iterator[dict[str, str | None]]:
    """So many records (at least) of whole families, each with `cluster`, who it is."""
    dice, made, who = Dice("households", seed), 0, 0
    while made < records:
        family = _family(dice, who)
        who += len(family)
        for record in _listed(dice, family):
            made += 1
            yield record


def _family(dice: Dice, who: int) -> list[_Person]:
    home, surname = _home(dice), dice.name(FAMILY_BY_FREQUENCY["en"])
    adults = 2 if dice.chance(0.65) else 1
    children = dice.count(1.1, 5) if dice.chance(0.7) else 0
    parents: list[_Person] = []
    for number in range(adults):
        name = surname if number == 0 or dice.chance(0.8) else dice.name(FAMILY_BY_FREQUENCY["en"])
        near = parents[0].birth.year if parents else dice.between(1935, 2004)
        birth = born(dice, max(near - 5, 1930), min(near + 5, 2005))
        parents.append(_person(dice, who + number, dice.name(GIVEN_BY_FREQUENCY["en"]), name, birth, home))
    if adults == 2 and dice.chance(0.25):
        parents[1] = replace(parents[1], email=parents[0].email)
    people = list(parents)
    named = {parent.given for parent in parents}
    for number in range(children):
        # A child is named after a parent now and then, and otherwise as nobody else at home.
        given = parents[0].given if number == 0 and dice.chance(0.05) else dice.name(GIVEN_BY_FREQUENCY["en"])
        if number and given in named:
            continue
        named.add(given)
        age = dice.between(19, 40)
        birth = born(dice, parents[0].birth.year + age, min(parents[0].birth.year + age, _BORN_IN))
        if birth.year < _BORN_IN:
            people.append(_person(dice, who + len(people), given, surname, birth, home))
    return [replace(person, who=who + at) for at, person in enumerate(people)]


def _home(dice: Dice) -> _Home:
    town, pattern = dice.name(TOWNS["US"]).split("=")
    phone = dice.digits("(2##) ###-####")
    return _Home(str(dice.between(1, 400)), dice.name(STREETS["US"]), town, dice.digits(pattern), phone)


def _person(dice: Dice, who: int, given: str, family: str, birth: date, home: _Home) -> _Person:
    phone = home.phone if dice.chance(0.5) else dice.digits("(3##) ###-####")
    user = dice.pick((f"{given}.{family}", f"{given[0]}{family}", f"{given}{family[0]}{birth.year % 100}"))
    tail = "" if dice.chance(0.4) else str(dice.between(1, 99))
    address = f"{user}{tail}@{dice.pick(MAIL_PROVIDERS)}".lower()
    return _Person(who, given, dice.pick("ABCDEGHJKLMNPRSTW"), family, birth, home, phone, address)


def _listed(dice: Dice, family: list[_Person]) -> Iterator[dict[str, str | None]]:
    """The records of a family, list by list; who moves is found at the new home by the later lists."""
    moved_together = _home(dice) if dice.chance(0.05) else None
    moves = [moved_together or (_home(dice) if dice.chance(0.03) else None) for _ in family]
    married = dice.name(FAMILY_BY_FREQUENCY["en"]) if dice.chance(0.04) else None
    for at, name in enumerate(_LISTS):
        for number, person in enumerate(family):
            if not dice.chance(_LISTED):
                continue
            now = person
            if at and (home := moves[number]) is not None:
                now = replace(now, home=home, phone=home.phone if now.phone == person.home.phone else now.phone)
            if at == 2 and married is not None and number == len(family) - 1:
                now = replace(now, family=married)
            yield _record(dice, name, now)


def _record(dice: Dice, source: str, person: _Person) -> dict[str, str | None]:
    given = person.given
    if given in NICKNAMES and dice.chance(0.1):
        given = dice.pick(NICKNAMES[given])
    elif dice.chance(0.02):
        given = given[0]
    home = person.home
    birth = misread_date(dice, person.birth) if dice.chance(_MISTAKEN) else person.birth.isoformat()
    return {
        "cluster": str(person.who),
        "source": source,
        "first_name": _said(dice, given),
        "middle_initial": person.middle if dice.chance(0.5) else None,
        "last_name": _said(dice, person.family),
        "date_of_birth": None if dice.chance(0.2) else birth,
        "phone": _number(dice, person.phone, 0.3),
        "email": None if dice.chance(0.5) else mistyped(dice, person.email) if dice.chance(0.02) else person.email,
        "street_number": _number(dice, home.number, _MISSING),
        "street": _said(dice, home.street),
        "city": _said(dice, home.city),
        "zip": _number(dice, home.postcode, _MISSING),
    }


def _said(dice: Dice, text: str) -> str | None:
    if dice.chance(_MISSING):
        return None
    return mistyped(dice, text) if dice.chance(_MISTAKEN) else text


def _number(dice: Dice, text: str, missing: float) -> str | None:
    if dice.chance(missing):
        return None
    return mistyped_digit(dice, text) if dice.chance(_MISTAKEN) else text
