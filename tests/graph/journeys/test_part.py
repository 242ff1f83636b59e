"""A table that has changed many times holds what a table made anew of the same rows holds, however it is read."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from graph.journeys.journeys import Journeys
from graph.journeys.layout import CUSTOMERS, EVENTS, as_table
from graph.journeys.part import NOT_SAID, Joined, Part
from graph.rules import Rules

PEOPLE = [f"person-{number:02}" for number in range(30)]


def _rows(who: str, chance: random.Random) -> list[Sequence[Any]]:
    """A few interactions of somebody, some of which are about another of theirs."""
    ids = [f"{who}/{number}" for number in range(chance.randrange(4))]
    return [
        [
            {
                "who": who,
                "id": id,
                "at": chance.randrange(1000),
                "sequence": 0,
                "kind": chance.choice(["order.placed", "ticket.created", f"own.{chance.randrange(9)}"]),
                "channel": chance.choice(["email", "web", None]),
                "function": "sales",
                "automated": chance.choice([True, None]),
                "score": chance.choice([None, 1.5, 4.0]),
                "about": chance.choice([None, chance.choice(ids), "elsewhere/1"]),
                "requested_fields": chance.choice([None, ["phone"]]),
            }.get(name)
            for name in EVENTS.names
        ]
        for id in ids
    ]


def _person(who: str) -> list[Any]:
    return [who, *[None] * (len(CUSTOMERS.names) - 1)]


def _seen(part: Part | Joined) -> dict[str, list[Any]]:
    """All that can be read of a part, by row, in values."""
    kind = part.coded("kind")
    touched, named = part.named_rows("about")
    ids = part.arrow("id").to_pylist()
    length = len(ids)
    shouted = part.derived("shouted", lambda columns: columns.coded("kind"))
    return {
        "id": ids,
        "kind": [kind.at(row) for row in range(length)],
        "channel": [part.coded("channel").at(row) for row in range(length)],
        "derived": [shouted.at(row) for row in range(length)],
        "score": [None if np.isnan(score) else score for score in part.numbers("score")],
        "at": part.moments("at").tolist(),
        "ended": [moment == NOT_SAID for moment in part.moments("ended_at")],
        "automated": part.flags("automated").tolist(),
        "about": sorted((ids[one], ids[other]) for one, other in zip(touched, named, strict=True)),
        "backwards": part.take("requested_fields", np.arange(length)[::-1]).to_pylist(),
    }


def _by_id(seen: dict[str, list[Any]]) -> dict[str, Any]:
    rows = {id: [seen[name][row] for name in seen if name != "about"] for row, id in enumerate(seen["id"])}
    backwards = dict(zip(seen["id"], reversed(seen["backwards"]), strict=True))
    return {"rows": {id: row[:-1] for id, row in rows.items()}, "lists": backwards, "about": seen["about"]}


def test_after_many_changes_a_part_is_what_its_rows_make_anew() -> None:
    """Rows that come, go and change, of people who come and go: numbers, codes, lists, owners, what is about what."""
    chance = random.Random(6)
    customers = {who: _person(who) for who in PEOPLE[:20]}
    now = {who: _rows(who, chance) for who in PEOPLE[:20]}
    people = Part.of(as_table("customers", list(customers.values())))
    part = Part.of(as_table("events", [row for rows in now.values() for row in rows]))

    for _ in range(40):
        touched = chance.sample(PEOPLE, chance.randrange(1, 5))
        for who in touched:
            now[who] = _rows(who, chance)
            customers[who] = _person(who)
            if chance.random() < 0.2:
                now.pop(who), customers.pop(who)
        of_these = [row for who in touched for row in now.get(who, [])]
        part = part.replaced(touched, as_table("events", of_these))
        people = people.replaced(
            touched, as_table("customers", [customers[who] for who in touched if who in customers])
        )

        anew = Part.of(as_table("events", [row for rows in now.values() for row in rows]))
        assert _by_id(_seen(part)) == _by_id(_seen(anew))
        assert part.settled().to_pylist() == anew.first.to_pylist()
        whose = people.take("id", part.numbers_of(people).astype(np.int64)).to_pylist()
        assert whose == part.arrow("who").to_pylist()


def test_joined_parts_are_read_as_one() -> None:
    """Codes of the second are those of the first where the text is the same."""
    chance = random.Random(7)
    rows = {who: _rows(who, chance) for who in PEOPLE}
    first = Part.of(as_table("events", [row for who in PEOPLE[:15] for row in rows[who]]))
    then = Part.of(as_table("events", [row for who in PEOPLE[15:] for row in rows[who]]))
    together = Part.of(as_table("events", [row for who in PEOPLE for row in rows[who]]))

    assert _seen(Joined(first, then)) == _seen(together)


@pytest.mark.parametrize("unsaid", ["kind", "channel", "function"])
def test_an_interaction_that_says_no_kind_channel_or_function_has_no_touchpoint_and_takes_nobody_elses(
    unsaid: str,
) -> None:
    """All three name a touchpoint together; where one is missing it is not the last one's that was told."""
    full = [("email.opened", "email", "sales"), ("page.viewed", "web", "marketing")]
    three = [dict(zip(("kind", "channel", "function"), each, strict=True)) for each in full]
    said = [
        {"who": "ada", "id": str(at), "at": at, **one} for at, one in enumerate([three[0] | {unsaid: None}, *three])
    ]
    rows = [[one.get(name) for name in EVENTS.names] for one in said]
    whole = Journeys.of(
        {"customers": as_table("customers", [_person("ada")]), "events": as_table("events", rows)}, Rules()
    )

    touchpoint = whole.view().coded("touchpoint")
    told = ["email.opened:email:sales", "page.viewed:web:marketing"]
    assert [touchpoint.at(row) for row in range(3)] == [None, *told]
    assert sorted(whole.touchpoints) == told


def test_an_empty_table_has_nobody() -> None:
    """No owners, no rows, and a first change makes some."""
    chance = random.Random(1)
    empty = Part.of(EVENTS.empty_table())
    assert len(empty) == 0
    rows = [row for who in PEOPLE for row in _rows(who, chance)]
    assert len(empty.replaced(PEOPLE, as_table("events", rows))) == len(rows)
    assert isinstance(empty.settled(), pa.Table)


def test_changes_leave_no_pieces_behind() -> None:
    """However often somebody changes, their rows are in one piece: the last change costs what the first did."""
    chance = random.Random(3)
    part = Part.of(as_table("events", []))
    for who in (*PEOPLE, *PEOPLE):
        part = part.replaced([who], as_table("events", _rows(who, chance)))

    assert len(part) > 30
    assert max(column.num_chunks for column in part.later.columns) == 1
