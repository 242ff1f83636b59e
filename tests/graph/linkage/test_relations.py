"""People who are related but not the same are told apart and told of."""

from __future__ import annotations

import random

import pyarrow as pa

from graph.linkage.index import build_index, link_changed, relations_of
from graph.linkage.link import link
from tests.graph.linkage.people import silos, table

HOME = {"last_name": "Quillfeather", "street": "1 High Street", "postcode": "AB1 2XY", "city": "Ashford"}
FAMILY = [
    {"record_id": "h:1", "first_name": "Ada", **HOME, "birth_date": "1950-02-03"},
    {"record_id": "h:2", "first_name": "Robert", **HOME, "birth_date": "1982-11-30"},
]


def company() -> pa.Table:
    return pa.concat_tables([silos(800, seed=1)[0], table([dict(row) for row in FAMILY])], promote_options="default")


def test_a_household_is_told():
    """Two people of one family name and address are two customers and one household."""
    linkage = link(company())
    label = dict(zip(linkage.record_ids, linkage.labels, strict=True))
    homes = {(found.left_id, found.right_id): found for found in linkage.relations() if found.kind == "household"}

    assert label["h:1"] != label["h:2"]
    assert homes[("h:1", "h:2")].probability >= 0.9


def test_strangers_of_one_town_are_no_household():
    """Postcode and city go together, which makes nobody a family.

    120 families of two share name and address; 1,200 others live in the same thirty postcodes.
    """
    dice = random.Random(5)
    rows: list[dict[str, object]] = []
    for number in range(1_440):
        family = number // 2 if number < 240 else None
        town = (number // 2 if family is not None else number) % 30
        house = family if family is not None else number
        rows.append({
            "record_id": f"p:{number:04}",
            "first_name": _syllables(dice, 2),
            "last_name": _syllables(random.Random(f"name {house}"), 3),
            "street": f"{house} {_syllables(random.Random(house), 3)} Street",
            "postcode": f"{10_000 + 331 * town}",
            "city": f"Town{town // 2:02}ford",
            "birth_date": f"{dice.randrange(1940, 2004)}-{dice.randrange(1, 13):02}-{dice.randrange(1, 29):02}",
        })  # fmt: skip

    homes = {(r.left_id, r.right_id) for r in link(table(rows)).relations() if r.kind == "household"}

    families = {(f"p:{2 * number:04}", f"p:{2 * number + 1:04}") for number in range(120)}
    assert len(homes & families) >= 100
    assert len(homes - families) <= 5


def _syllables(dice: random.Random, count: int) -> str:
    return "".join(dice.choice("bdfgklmnprst") + dice.choice("aeiou") for _ in range(count)).title()


def test_relations_stand_between_customers_likeliest_first():
    """No relation joins two records of one customer, and a limit keeps the likeliest."""
    linkage = link(company())
    label = dict(zip(linkage.record_ids, linkage.labels, strict=True))
    found = linkage.relations()

    assert all(label[relation.left_id] != label[relation.right_id] for relation in found)
    assert [relation.probability for relation in found] == sorted((r.probability for r in found), reverse=True)
    assert linkage.relations(limit=1) == found[:1]


def test_relations_of_a_change_are_those_of_a_full_run():
    """The look-up tells the same relations of the touched records as linking everything anew."""
    records = company()
    model = link(records).model
    index = build_index(records, model)
    relinked = link_changed(index, table([{**FAMILY[0], "first_name": "Adelheid"}]))
    now = pa.concat_tables([records.slice(0, records.num_rows - 2), table([{**FAMILY[0], "first_name": "Adelheid"}]),
                            records.slice(records.num_rows - 1)], promote_options="default")  # fmt: skip
    touched = set(relinked.record_ids)
    expected = [r for r in link(now, model=model).relations() if {r.left_id, r.right_id} & touched]

    assert relations_of(index, relinked) == expected != []


def test_relations_of_some_touched_records_are_told_alone():
    """Of the touched records some can be asked for; those that were weighed anew are named."""
    records = company()
    index = build_index(records, link(records).model)
    relinked = link_changed(index, table([{**row, "street": "1 High St"} for row in FAMILY]))
    everything = relations_of(index, relinked)
    some = relations_of(index, relinked, ["h:1"])

    assert relinked.weighed == {"h:1", "h:2"}
    assert some == [found for found in everything if "h:1" in (found.left_id, found.right_id)] != []
