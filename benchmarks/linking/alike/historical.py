"""People of 1600 to 1900 as biographies and registers mention them: little is said, and spelt as the writer liked.

Imitates Splink's historical_50k: several mentions a person of name, birth date, place of birth, postcode of that place,
occupation and gender. A few given names serve most people, and are shortened as clerks did (Wm, Jno, Eliz); spelling
is free; a date is known to its year alone for every seventh person; a fifth to a third of the facts are missing.
Brothers and sisters share surname and place, and here and there a son has his father's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from benchmarks.linking.alike.mistakes import born, misread_date, mistyped, mistyped_digit
from connectors.sample.dice import Dice
from connectors.sample.names import FAMILY_BY_FREQUENCY, Weighted
from connectors.sample.places import TOWNS

_MEN = Weighted.zipf(
    tuple(
        "William John Thomas George James Charles Henry Robert Edward Joseph Samuel Richard Alfred Frederick Arthur "
        "David Francis Benjamin Walter Albert Daniel Herbert Peter Alexander Edwin Stephen Hugh Andrew Philip Ernest "
        "Isaac Nicholas Matthew Christopher Anthony Ralph Ambrose Gilbert Abraham Nathaniel Josiah Edmund Humphrey "
        "Jonathan Lawrence Roger Simon Luke Mark Oliver Percy Reginald Leonard Harold Horace Jacob Jeremiah "
        "Timothy Augustus Theodore".split()
    ),
    1.0,
    1.5,
)
_WOMEN = Weighted.zipf(
    tuple(
        "Mary Elizabeth Sarah Ann Jane Margaret Anne Catherine Alice Emma Eliza Harriet Charlotte Ellen Martha Hannah "
        "Frances Emily Louisa Caroline Susan Florence Edith Maria Agnes Annie Ada Rebecca Isabella Lucy Dorothy "
        "Rachel Grace Eleanor Esther Julia Matilda Sophia Amelia Clara Beatrice Bridget Judith Joan Ruth Barbara "
        "Penelope Honor Lydia Ursula".split()
    ),
    1.0,
    1.5,
)
_SHORT = {
    "William": "Wm", "John": "Jno", "Thomas": "Thos", "George": "Geo", "James": "Jas", "Charles": "Chas",
    "Robert": "Robt", "Edward": "Edwd", "Joseph": "Jos", "Samuel": "Saml", "Richard": "Richd", "Henry": "Harry",
    "Elizabeth": "Eliz", "Margaret": "Margt", "Mary": "Molly", "Sarah": "Sally", "Catherine": "Cath",
    "Benjamin": "Benjn", "Daniel": "Danl", "Alexander": "Alexr", "Ann": "Nancy", "Frederick": "Fredk",
}  # fmt: skip
_SPELLINGS = (
    ("y", "ie"), ("ey", "y"), ("i", "y"), ("er", "ar"), ("ck", "k"), ("ll", "l"), ("tt", "t"), ("ph", "f"),
    ("oo", "ou"), ("ee", "ea"), ("ae", "e"), ("c", "k"), ("ford", "forde"), ("ton", "tone"), ("ley", "leigh"),
    ("wood", "wode"),
)  # fmt: skip
_OCCUPATIONS = Weighted.zipf(
    (
        "politician", "writer", "clergyman", "painter", "military officer", "lawyer", "merchant", "actor", "physician",
        "architect", "engineer", "poet", "botanist", "engraver", "composer", "naval officer", "journalist", "farmer",
        "publisher", "chemist", "historian", "sculptor", "cricketer", "judge", "teacher", "astronomer", "explorer",
        "surgeon", "mathematician", "banker", "brewer", "clockmaker", "printer", "missionary", "translator",
    ),
    0.9,
    2.0,
)  # fmt: skip


_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"


@dataclass(frozen=True, slots=True)
class _Person:
    given: str
    family: str
    man: bool
    birth: date
    year_only: bool
    place: str
    postcode: str
    occupation: str


def historical(seed: int, records: int) -> Iterator[dict[str, str | None]]:
    """So many records (at least) of whole families, each with `cluster`, who it is."""
    dice, made, who = Dice("historical", seed), 0, 0
    while made < records:
        for person in _family(dice):
            who += 1
            for _ in range(1 + dice.count(3.0, 14)):
                made += 1
                yield _mention(dice, who, person)


def _family(dice: Dice) -> list[_Person]:
    first = _person(dice)
    people = [first]
    while dice.chance(0.12) and len(people) < 4:
        other = _person(dice)
        given = first.given if other.man == first.man and dice.chance(0.02) else other.given
        people.append(
            replace(
                other,
                given=given,
                family=first.family,
                birth=born(dice, first.birth.year + 1, first.birth.year + 12),
                place=first.place,
                postcode=first.postcode if dice.chance(0.5) else _postcode(dice, first.place),
            )
        )
    if first.man and dice.chance(0.02):
        year = first.birth.year + dice.between(22, 40)
        people.append(replace(first, birth=born(dice, year, year), occupation=dice.name(_OCCUPATIONS)))
    return people


def _person(dice: Dice) -> _Person:
    man = dice.chance(0.8)
    town = dice.name(TOWNS["GB"]).split("=")[0]
    return _Person(
        dice.name(_MEN if man else _WOMEN),
        dice.name(FAMILY_BY_FREQUENCY["en"]),
        man,
        born(dice, 1600, 1900),
        dice.chance(1 / 7),
        town,
        _postcode(dice, town),
        dice.name(_OCCUPATIONS),
    )


def _postcode(dice: Dice, town: str) -> str:
    """One of some thousands in a town, such as `YO7 4QX`."""
    area = f"{town[:2].upper()}{1 + len(town) % 9}"
    return f"{area} {dice.between(1, 9)}{dice.pick(_LETTERS)}{dice.pick(_LETTERS)}"


def _mention(dice: Dice, who: int, person: _Person) -> dict[str, str | None]:
    return {
        "cluster": str(who),
        "first_name": _given(dice, person),
        "surname": _family_name(dice, person),
        "dob": _birth(dice, person),
        "birth_place": None if dice.chance(0.2) else _spelt(dice, person.place, 0.06),
        "postcode": None
        if dice.chance(0.3)
        else mistyped_digit(dice, person.postcode)
        if dice.chance(0.1)
        else person.postcode,
        "gender": None if dice.chance(0.3) else "male" if person.man else "female",
        "occupation": None
        if dice.chance(0.35)
        else person.occupation
        if dice.chance(0.85)
        else dice.name(_OCCUPATIONS),
    }


def _given(dice: Dice, person: _Person) -> str | None:
    drawn = dice.share()
    if drawn < 0.03:
        return None
    if drawn < 0.06:
        return person.given[0]
    if drawn < 0.13 and person.given in _SHORT:
        return _SHORT[person.given]
    return _spelt(dice, person.given, 0.08)


def _family_name(dice: Dice, person: _Person) -> str | None:
    if dice.chance(0.02):
        return None
    if not person.man and dice.chance(0.08):
        return dice.name(FAMILY_BY_FREQUENCY["en"])  # her married name
    return _spelt(dice, person.family, 0.12)


def _birth(dice: Dice, person: _Person) -> str | None:
    if dice.chance(0.2):
        return None
    if person.year_only:
        year = person.birth.year + (dice.pick((-1, 1, 2, -2, 5)) if dice.chance(0.08) else 0)
        return f"{year}-01-01"
    return misread_date(dice, person.birth) if dice.chance(0.1) else person.birth.isoformat()


def _spelt(dice: Dice, name: str, share: float) -> str:
    """The name as some writers would spell it, half of these by mistake."""
    if not dice.chance(share):
        return name
    usual = [(old, new) for old, new in _SPELLINGS if old in name[1:]]
    if not usual or dice.chance(0.5):
        return mistyped(dice, name)
    old, new = dice.pick(usual)
    return name[0] + name[1:].replace(old, new, 1)
