"""People who are related but not the same are told apart and told of."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa

from benchmarks.linking.sample import sample_people
from graph.linkage.evaluate import evaluate
from graph.linkage.index import build_index
from graph.linkage.link import link
from graph.linkage.relink import link_changed, relations_of
from tests.graph.linkage.people import silos, table

HOME = {"last_name": "Quillfeather", "street": "1 High Street", "postcode": "AB1 2XY", "city": "Ashford"}
FAMILY = [
    {"record_id": "h:1", "first_name": "Ada", **HOME, "birth_date": "1950-02-03"},
    {"record_id": "h:2", "first_name": "Robert", **HOME, "birth_date": "1982-11-30"},
]


def company() -> pa.Table:
    return pa.concat_tables([silos(800, seed=1)[0], table([dict(row) for row in FAMILY])], promote_options="default")


def test_brothers_from_one_place_stay_two():
    """Family names belong to places: to share both is no sign of one person where given names differ."""
    rng = random.Random(15)
    syllables = "ber dal fen gor hul kes lam mor nor pel quin ras sten tur vas wil".split()
    places = ["".join(rng.choices(syllables, k=3)).title() for _ in range(60)]
    rows, truth = [], []
    for family in range(400):
        last, place = "".join(rng.choices(syllables, k=4)).title(), rng.choice(places)
        for brother, name in enumerate(rng.sample(_GIVEN, 2)):
            date = f"{rng.randrange(1700, 1900)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
            for _ in range(3):
                first, said = rng.choice(_GIVEN) if rng.random() < 0.1 else name, rng.random() < 0.3
                person = {"first_name": first, "last_name": last, "birth_place": place}
                rows.append({"record_id": str(len(rows)), **person, "birth_date": date if said else None})
                truth.append(f"{family}:{brother}")
    linkage = link(pa.Table.from_pylist(rows))

    assert "kin" in {relation.name for relation in linkage.model.relations}
    assert evaluate(linkage.labels, truth).wrongly_merged < 0.05
    assert {found.kind for found in linkage.relations()} <= {"household", "colleague"}


def test_people_of_one_place_with_its_postcode_stay_strangers():
    """A postcode tells a place of birth again: both together are no sign of one person where neither name agrees."""
    rng = random.Random(18)
    rows: list[dict[str, str | None]] = []
    truth = []
    for person in range(900):
        place = rng.randrange(100)
        said = {
            "first_name": rng.choice(_GIVEN),
            "last_name": "".join(rng.choices(_SYLLABLES, k=4)).title(),
            "birth_place": f"{_SYLLABLES[place % 16]}{_SYLLABLES[place // 16]}ton".title(),
            "postcode": f"{_SYLLABLES[place % 16][:2]}{place} {rng.randrange(10)}ey".upper(),
            "birth_date": f"{rng.randrange(1700, 1900)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}",
        }
        for _ in range(rng.choice((1, 2, 4, 6))):
            known = {name: 0.3 if name == "birth_date" else 0.85 for name in said}
            rows.append({name: value if rng.random() < known[name] else None for name, value in said.items()})
            truth.append(str(person))
    linkage = link(_mentions(rows))

    assert evaluate(linkage.labels, truth).wrongly_merged < 0.05


def test_brothers_of_one_home_born_in_one_place_stay_two():
    """Where families stay, home and place of birth are shared together, and tell nobody apart."""
    rng = random.Random(19)
    rows: list[dict[str, str | None]] = []
    truth = []
    for family in range(400):
        last, place = "".join(rng.choices(_SYLLABLES, k=4)).title(), "".join(rng.choices(_SYLLABLES, k=3)).title()
        home = {"last_name": last, "birth_place": place, "postcode": f"{place[:2]}{rng.randrange(10, 99)} {family}"}
        for brother, name in enumerate(rng.sample(_GIVEN, 2)):
            for _ in range(3):
                said = {**home, "first_name": rng.choice(_GIVEN) if rng.random() < 0.05 else name}
                rows.append({name: value if rng.random() < 0.9 else None for name, value in said.items()})
                truth.append(f"{family}:{brother}")
    linkage = link(_mentions(rows))

    assert evaluate(linkage.labels, truth).wrongly_merged < 0.1


def _mentions(rows: list[dict[str, str | None]]) -> pa.Table:
    return pa.Table.from_pylist([{"record_id": str(number), **row} for number, row in enumerate(rows)])


_SYLLABLES = "ber dal fen gor hul kes lam mor nor pel quin ras sten tur vas wil".split()
_GIVEN = (
    "Martha Ottilie Anselm Leopold Cornelia Jacob Agatha Bertram Clement Dorothea Edmund Felicity Gideon Harriet "
    "Isidor Josepha Konrad Lavinia Matthias Nathanael Ophelia Prudence Quentin Rosamund Silas Theodora Ulrich Violet"
).split()


def test_a_household_is_told():
    """Two people of one family name and address are two customers and one household."""
    linkage = link(company())
    label = dict(zip(linkage.record_ids, linkage.labels, strict=True))
    homes = {(found.left_id, found.right_id): found for found in linkage.relations() if found.kind == "household"}

    assert label["h:1"] != label["h:2"]
    assert homes[("h:1", "h:2")].probability >= 0.9


def test_households_of_the_sample_company_live_together(tmp_path: Path):
    """Families are found, and hardly a stranger among them, though strangers share towns and the sounds of names.

    The generator numbers the people of a family one after the other.
    """
    records, truth = sample_people(tmp_path, 3_000)
    number = {key: int(person.rpartition("-")[2]) for key, person in truth.items()}

    homes = [found for found in link(records).relations() if found.kind == "household"]

    families = [found for found in homes if 0 < abs(number[found.left_id] - number[found.right_id]) < 6]
    assert len(families) >= 100
    assert len(families) >= 0.95 * len(homes)


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
