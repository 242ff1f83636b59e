"""The point of it all, read from the graph: what each silo counts, and one person's story."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from connectors.errors import C360Error
from connectors.records import Person, decode
from graph.ask import ask
from graph.cypher import cypher
from graph.figures.sources import compare_sources
from graph.linkage.explain import Evidence, evidence_line
from graph.linkage.ties import Join
from graph.store.driver import Store

_LINES = 8
_EVIDENCE_LINES = 3


class Moment(msgspec.Struct):
    """One step of a journey; `at` is a day."""

    at: str
    function: str
    what: str
    said: str | None = None


class RecordLine(msgspec.Struct):
    """How one source knows the person."""

    key: str
    name: str | None
    email: str | None
    phone: str | None


class AskedTwice(msgspec.Struct):
    """A field that one matter had asked for and another asked again; days as text."""

    field: str
    first: str
    again: str


class LowScore(msgspec.Struct):
    """The worst score in its own scale, and why."""

    metric: str
    score: float
    scale: tuple[float, float]
    at: str
    comment: str | None


class PersonStory(msgspec.Struct):
    """One customer: their records, why they are one, and what they have been through."""

    id: str
    name: str
    email: str
    stage: str | None
    interactions: int
    records: list[RecordLine]
    evidence: list[str]
    journey: list[Moment]
    asked_twice: list[AskedTwice]
    low_score: LowScore | None


class Comparison(msgspec.Struct):
    """What each source counts, and how many people they are together."""

    sentence: str
    records: dict[str, int]
    people: int


async def compare(store: Store) -> Comparison:
    """What each silo says by itself beside the unified figure."""
    found = compare_sources(await store.read(cypher("questions/compare_sources")))
    return Comparison(found.sentence, {one.source: one.person_count for one in found.sources}, found.customer_count)


async def person_story(store: Store, email: str) -> PersonStory:
    """The story of the customer with this address; raises C360Error when nobody, or several people, use it."""
    found = (await ask(store, "customer_by_email", {"email": email})).as_maps()
    if len(found) != 1:
        raise C360Error(
            f"{len(found)} customers use {email}, so there is no story of one person to tell. "
            "Was the sample made and synced to its end? Delete the folder of --data and start again."
        )
    customer = found[0]
    given = {"id": customer["id"]}
    records = (await ask(store, "customer_records", given)).as_maps()
    persons = {row["record"]: person for row in records if isinstance(person := decode(row["body"]), Person)}
    return PersonStory(
        id=customer["id"],
        name=customer["name"],
        email=email,
        stage=customer["stage"],
        interactions=customer["interactions"],
        records=[_record_line(key, person) for key, person in persons.items()],
        evidence=_evidence(records, persons),
        journey=_journey((await ask(store, "customer_journey", given)).as_maps()),
        asked_twice=_asked_twice((await ask(store, "customer_repeated_questions", given)).as_maps()),
        low_score=_low_score((await ask(store, "customer_scores", given)).as_maps()),
    )


def _record_line(key: str, person: Person) -> RecordLine:
    name = person.full_name or " ".join(part for part in (person.given_name, person.family_name) if part)
    return RecordLine(
        key=key,
        name=name or None,
        email=person.emails[0].value if person.emails else None,
        phone=person.phones[0].value if person.phones else None,
    )


def _evidence(records: Iterable[Mapping[str, Any]], persons: Mapping[str, Person]) -> list[str]:
    """The clearest lines, one of every pair of records first: what is the same before what is close, then by weight."""
    pairs: dict[frozenset[str], list[tuple[bool, float, str]]] = {}
    for row in records:
        if row["evidence"] is None:
            continue
        join = msgspec.json.decode(row["evidence"], type=Join)
        if row["record"] not in persons or join.other_id not in persons:
            continue
        pair = (persons[row["record"]], persons[join.other_id])
        between = f"{pair[0].source} – {pair[1].source}"
        pairs[frozenset((row["record"], join.other_id))] = sorted(
            (
                (level == "same", bits, f"{between}: {_line(field, level, bits, *pair)}")
                for field, level, bits in join.evidence
                if bits > 0
            ),
            reverse=True,
        )
    firsts = sorted((lines[0] for lines in pairs.values() if lines), reverse=True)
    others = sorted((line for lines in pairs.values() for line in lines[1:]), reverse=True)
    return [text for _, _, text in [*firsts, *others][:_EVIDENCE_LINES]]


def _line(field: str, level: str, bits: float, left: Person, right: Person) -> str:
    mine, theirs = _values(left, field) or ["–"], _values(right, field) or ["–"]
    if level != "same":
        return evidence_line(Evidence(field, mine[0], theirs[0], level, bits))
    # The same number or name may be written in two ways: one of them says it.
    value = next((value for value in mine if value in theirs), mine[0])
    return evidence_line(Evidence(field, value, value, level, bits))


def _values(person: Person, field: str) -> list[str]:
    """What the record says about a compared field, as its source wrote it."""
    address = person.address
    said: dict[str, Sequence[object | None]] = {
        "first_name": (person.given_name, person.full_name),
        "last_name": (person.family_name, person.full_name),
        "email": [email.value for email in person.emails],
        "phone": [phone.value for phone in person.phones],
        "company": (person.account_name,),
        "job_title": (person.job_title,),
        "birth_date": (person.birth_date,),
        "street": (address.street if address else None,),
        "house_number": (address.street if address else None,),
        "postcode": (address.postal_code if address else None,),
        "city": (address.city if address else None,),
        "region": (address.region if address else None,),
        "country": (address.country if address else None,),
    }
    return [str(value) for value in said.get(field, ()) if value]


# What tells a story best; of one kind at most two lines, so that a long correspondence does not fill the page.
_TELLING = (
    "survey.answered ticket.created deal.won form.submitted lead.accepted ticket.reassigned order.placed email.clicked "
    "ticket.solved subscription.started ticket.replied deal.created lead.created email.opened email.sent"
).split()


def _journey(rows: Sequence[Mapping[str, Any]]) -> list[Moment]:
    """Eight telling steps in their order; the rarest kinds of `_TELLING` win."""
    ranked = sorted(
        range(len(rows)),
        key=lambda place: (
            sum(rows[other]["kind"] == rows[place]["kind"] for other in range(place)),
            _TELLING.index(rows[place]["kind"]) if rows[place]["kind"] in _TELLING else len(_TELLING),
            place,
        ),
    )
    return [_moment(rows[place]) for place in sorted(ranked[:_LINES])]


def _moment(row: Mapping[str, Any]) -> Moment:
    what = row["touchpoint"] or row["kind"]
    if row["score"] is not None:
        what = f"{row['metric'].upper()} {row['score']:g}"
    elif row["kind"] == "ticket.reassigned" and row["team"]:
        what = f"{what}, to {row['team']}"
    elif row["amount"] is not None:
        what = f"{what}, {row['amount']:,.0f} {row['currency'] or ''}".rstrip()
    return Moment(_day(row["at"]), row["function"], what, row["text"] if row["score"] is not None else row["subject"])


def _asked_twice(rows: Iterable[Mapping[str, Any]]) -> list[AskedTwice]:
    return [
        AskedTwice(
            row["field"],
            f"{row['first_kind']} ({row['first_source']}, {_day(row['first_asked'])})",
            f"{row['again_kind']} ({row['again_source']}, {_day(row['asked_again'])})",
        )
        for row in rows
    ]


def _low_score(rows: Iterable[Mapping[str, Any]]) -> LowScore | None:
    scaled = [row for row in rows if row["scale_max"] is not None and row["scale_max"] > row["scale_min"]]
    if not scaled:
        return None
    worst = min(scaled, key=lambda row: (row["score"] - row["scale_min"]) / (row["scale_max"] - row["scale_min"]))
    scale = (worst["scale_min"], worst["scale_max"])
    return LowScore(worst["metric"], worst["score"], scale, _day(worst["at"]), worst["comment"] or worst["reason"])


def _day(at: Any) -> str:
    return f"{at.to_native():%Y-%m-%d}"
