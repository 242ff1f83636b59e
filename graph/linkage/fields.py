"""The fields records are compared on: how likeness becomes a level, and what is believed before any record is seen."""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["given name", "family name", "initial", "text", "edits", "date", "same"]


class Field(msgspec.Struct, frozen=True):
    """One compared field. Level 0 is "not said by both"; level i is `levels[i - 1]`, from sameness to difference.

    `prior` is how often one person's two records stand on each level, `chance` how often two strangers' do (measured on
    labelled records); learning starts from them and they hold where there are few records. `cuts` are the least
    Jaro-Winkler likeness of the levels between, or the most edits. At most `most_different` of the matches may differ:
    without this, the match class swallows households.
    """

    name: str
    kind: Kind
    levels: tuple[str, ...]
    prior: tuple[float, ...]
    chance: tuple[float, ...]
    cuts: tuple[float, ...] = ()
    most_different: float = 1.0
    weigh_frequency: bool = True


_JARO = ("same", "very close", "close", "alike", "different")
_ALIKE = ("same", "close", "different")
_EDIT = ("same", "one edit", "different")
_EDITS = ("same", "one edit", "two edits", "different")
_DATE = ("same", "one edit or swapped", "two edits", "different")
_SAME = ("same", "different")
_GIVEN = (
    "same", "nickname", "initial", "swapped with the family name", "nearly swapped with the family name", "very close",
    "close", "alike", "different",
)  # fmt: skip

FIELDS: tuple[Field, ...] = (
    Field(
        "first_name", "given name", _GIVEN, (0.70, 0.07, 0.05, 0.015, 0.005, 0.06, 0.02, 0.03, 0.05),
        (0.004, 0.001, 0.003, 1e-7, 1e-6, 0.001, 0.001, 0.03, 0.96), (0.92, 0.88, 0.70), 0.12,
    ),
    Field(
        "last_name", "family name", _JARO, (0.82, 0.08, 0.025, 0.025, 0.05),
        (0.001, 0.001, 0.001, 0.02, 0.977), (0.92, 0.88, 0.70), 0.25,
    ),
    Field("middle_name", "initial", ("same", "initial", "different"), (0.70, 0.20, 0.10), (0.01, 0.05, 0.94)),
    Field("email", "text", ("same", "very close", "close", "different"), (0.60, 0.14, 0.13, 0.13),
          (1e-5, 1e-5, 1e-4, 1.0), (0.95, 0.88)),
    Field("phone", "edits", _EDIT, (0.60, 0.05, 0.35), (1e-5, 1e-5, 1.0), (1.0,)),
    Field("birth_date", "date", _DATE, (0.85, 0.08, 0.03, 0.04), (5e-5, 0.002, 0.02, 0.978), (), 0.25),
    Field("postcode", "edits", _EDIT, (0.75, 0.08, 0.17), (5e-4, 0.002, 0.998), (1.0,)),
    Field("street", "text", _ALIKE, (0.70, 0.15, 0.15), (1e-4, 3e-4, 1.0), (0.9,)),
    Field("house_number", "edits", _EDIT, (0.85, 0.05, 0.10), (0.014, 0.2, 0.786), (1.0,)),
    Field("city", "text", _ALIKE, (0.75, 0.10, 0.15), (0.01, 0.004, 0.986), (0.9,)),
    Field("region", "same", _SAME, (0.9, 0.1), (0.2, 0.8), weigh_frequency=False),
    Field("country", "same", _SAME, (0.99, 0.01), (0.5, 0.5), weigh_frequency=False),
    Field("company", "text", _ALIKE, (0.70, 0.15, 0.15), (0.005, 0.002, 0.993), (0.9,)),
    Field("birth_place", "text", _ALIKE, (0.75, 0.10, 0.15), (0.01, 0.004, 0.986), (0.9,)),
    Field("national_id", "edits", _EDITS, (0.85, 0.10, 0.02, 0.03), (1e-5, 1e-5, 1e-4, 1.0), (1.0, 2.0), 0.2),
    Field("job_title", "same", _SAME, (0.6, 0.4), (0.02, 0.98)),
    Field("source", "same", _SAME, (0.3, 0.7), (0.4, 0.6), weigh_frequency=False),
    Field("gender", "same", _SAME, (0.97, 0.03), (0.5, 0.5), (), 0.1, weigh_frequency=False),
)  # fmt: skip

RELATIONS: dict[str, frozenset[str]] = {
    "household": frozenset(
        {"last_name", "street", "house_number", "postcode", "city", "region", "country", "phone", "birth_place"}
    ),
    "colleague": frozenset({"company", "phone", "country", "city", "email", "job_title"}),
    "neighbour": frozenset({"postcode", "city", "region", "country", "birth_place"}),
    "kin": frozenset({"last_name", "birth_place", "region", "country"}),
}
"""People who are related but not the same, and the fields that they share.

Kin have one family name and come from one place, whether or not they live together: family names belong to places.
Neighbours live in one town and have nothing to do with each other. They have a class because postcode, city and country
go together: without one, all of them look like households.
"""

DEFINING: dict[str, frozenset[str]] = {
    "household": frozenset({"last_name", "street", "house_number", "postcode"}),
    "colleague": frozenset({"company"}),
    "neighbour": frozenset({"city", "postcode", "birth_place"}),
    "kin": frozenset({"birth_place"}),
}
"""What makes a relation: at least four of five of its pairs that say these fields agree on them. Where records say
none of them there is no such relation: colleagues without a company would be whoever shares an address in a town."""

TOLD_BY: dict[str, tuple[dict[str, int], ...]] = {
    "household": (
        {"street": 1},
        {"phone": 1},
        {"last_name": 2, "street": 2},
        {"last_name": 2, "postcode": 1},
    ),
    "colleague": ({"company": 2}, {"email": 3}),
}
"""A relation is told of a pair that reaches, in one of these lines, every level or a better one (1: the same).

Likely is not enough: among few people a family name that is alike makes a household likely, and nobody has seen one.
"""

CARRIERS = (3, 5, 9, 17, 33)
SHARED_IDENTIFIERS = {"email": (0.04, 0.06, 0.1, 0.3, 0.5, 0.7), "phone": (0.12, 0.2, 0.6, 0.8, 0.9, 0.95)}
"""Identifiers whose worth depends on how many records carry the same value: the share of strangers among sharers when
1-2, 3-4, 5-8, 9-16, 17-32 and more records carry it. Used where the records themselves show too little."""

LABELS = {
    "first_name": "first name", "last_name": "last name", "middle_name": "middle name", "email": "e-mail",
    "birth_date": "birth date", "house_number": "house number", "birth_place": "birth place",
    "national_id": "national id", "job_title": "job title", "external_ids": "verified id",
}  # fmt: skip
"""How people call the fields whose names do not read as words."""
