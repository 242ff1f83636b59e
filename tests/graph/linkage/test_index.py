"""Incremental linking gives what a full run with the same model gives, whatever happens to the records."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.linkage.index import build_index
from graph.linkage.index_files import load_index, save_index
from graph.linkage.link import Decisions, LinkageError, LinkageModel, MatchingRules, link, train
from graph.linkage.relink import link_changed
from tests.graph.linkage.people import COLUMNS, silos, table

Customers = set[frozenset[str]]


@pytest.fixture(scope="module")
def model() -> LinkageModel:
    return train(silos(800, seed=1)[0])


def customers(ids, labels) -> Customers:
    groups: dict[int, set[str]] = {}
    for name, label in zip(ids, labels, strict=True):
        groups.setdefault(int(label), set()).add(str(name))
    return {frozenset(group) for group in groups.values()}


def applied(before: Customers, relinked) -> Customers:
    """The customers after a change: those it touched are replaced."""
    gone = set(relinked.record_ids) | set(relinked.removed)
    return {group for group in before if not group & gone} | customers(relinked.record_ids, relinked.labels)


def reviews_of(found) -> set[tuple[frozenset[str], float]]:
    return {(frozenset((review.left_id, review.right_id)), review.bits) for review in found}


IDS = st.integers(0, 24).map(str)
RECORD = st.fixed_dictionaries(
    {
        "record_id": IDS,
        "first_name": st.sampled_from(["Ada", "Robert", "Bob", "Hill", None]),
        "last_name": st.sampled_from(["Hill", "Hlil", "Stone", "Ada", None]),
        "email": st.sampled_from(["ada@hill.org", "bob@hill.org", "rob@stone.org", "info@hill.org", None]),
        "phone": st.sampled_from(["+442079460123", "+442079460124", None]),
        "birth_date": st.sampled_from(["1980-03-04", "1980-04-03", None]),
        "external": st.sampled_from([[], ["crm:1"], ["crm:2"], ["shop:1", "crm:1"]]),
    }
)
ALIKE = st.builds(
    lambda number, who: {"record_id": number, **who},
    IDS,
    st.sampled_from(
        [
            {"first_name": "Robert", "last_name": "Hill", "email": "rob@stone.org", "external": []},
            {"first_name": "Robert", "last_name": "Hill", "phone": "+442079460123", "external": ["crm:1"]},
            {"first_name": "Ada", "external": []},
        ]
    ),
)
PAIRS = st.lists(st.tuples(IDS, IDS).filter(lambda pair: pair[0] != pair[1]), max_size=2).map(tuple)
STEP = st.tuples(st.lists(RECORD | ALIKE, max_size=6), st.lists(IDS, max_size=3), PAIRS, PAIRS)


def raw(rows: list[dict]) -> pa.Table:
    made = table([{name: row.get(name) for name in COLUMNS} for row in rows])
    return made.append_column("external_ids", pa.array([row["external"] for row in rows], pa.list_(pa.string())))


@pytest.mark.long
@settings(max_examples=60, deadline=None)
@given(
    st.lists(RECORD | ALIKE, max_size=15),
    st.lists(STEP, min_size=1, max_size=4),
    st.sampled_from([2, 3, 5, 300]),
    st.sampled_from([2, 3, 100]),
)
def test_any_changes_give_what_a_full_run_gives(model, first, steps, max_block, crowd):
    """Random additions, changes, removals and decisions, with blocks and crowds that open and close on the way."""
    rules = MatchingRules(max_block=max_block, max_cluster=8, crowd=crowd)
    held = {row["record_id"]: row for row in first}
    index = build_index(raw(list(held.values())), model, rules)
    full = link(raw(list(held.values())), model=model, rules=rules)
    now = customers(full.record_ids, full.labels)
    for changed, removed, merge, apart in steps:
        new = {row["record_id"]: row for row in changed}
        away = [name for name in removed if name not in new]
        held = {**{name: row for name, row in held.items() if name not in away}, **new}
        decisions = Decisions(merge, apart)
        relinked = link_changed(index, raw(list(new.values())), away, decisions=decisions)
        now = applied(now, relinked)
        full = link(raw(list(held.values())), model=model, rules=rules, decisions=decisions)
        assert now == customers(full.record_ids, full.labels)
        assert reviews_of(relinked.reviews) <= reviews_of(full.reviews())


def test_a_change_touches_only_its_components(model):
    """One changed record among many leaves all others alone, and its joins are those of a full run."""
    records, _ = silos(500, seed=6)
    index = build_index(records, model)
    changed = records.slice(17, 1)
    relinked = link_changed(index, changed)
    full = {join.record_id: join for join in link(records, model=model).joins()}

    assert 0 < len(relinked.record_ids) < 20
    assert [full[join.record_id] for join in relinked.joins] == relinked.joins


def test_removing_everything_and_bringing_it_back_changes_nothing(model):
    """The index forgets and learns without a trace."""
    records, _ = silos(60, seed=8)
    index = build_index(records, model)
    ids = records.column("record_id").to_pylist()
    gone = link_changed(index, records.slice(0, 0), ids)
    back = link_changed(index, records)
    full = link(records, model=model)

    assert sorted(gone.removed) == sorted(ids)
    assert gone.record_ids == []
    assert customers(back.record_ids, back.labels) == customers(full.record_ids, full.labels)
    assert np.bincount(back.labels).max() > 1


def test_decisions_are_made_and_withdrawn_on_records_that_stand_still(model):
    """A new decision alone regroups the records it names; taking it back restores them."""
    records, _ = silos(60, seed=8)
    before = link(records, model=model)
    groups = [sorted(group) for group in customers(before.record_ids, before.labels)]
    (one, two, *_), alone = next(group for group in groups if len(group) > 1), groups[-1][0]
    decisions = Decisions(merge=((one, alone),), keep_apart=((one, two),))
    index = build_index(records, model)
    now = applied(
        customers(before.record_ids, before.labels), link_changed(index, records.slice(0, 0), decisions=decisions)
    )
    decided = link(records, model=model, decisions=decisions)
    back = applied(now, link_changed(index, records.slice(0, 0), decisions=Decisions()))

    assert now == customers(decided.record_ids, decided.labels) != back
    assert back == customers(before.record_ids, before.labels)


def test_a_saved_index_goes_on_where_it_stopped(model, tmp_path):
    """Saved and loaded between changes, the index gives what a full run gives; the base is written once."""
    records, _ = silos(200, seed=8)
    index = build_index(records.slice(0, 300), model)
    index.seq = 7
    save_index(index, tmp_path)
    base = {folder.name for folder in tmp_path.iterdir() if folder.name.startswith("base-")}
    index = load_index(tmp_path, model.version)
    link_changed(index, records.slice(300), records.slice(0, 20).column("record_id").to_pylist())
    save_index(index, tmp_path)
    index = load_index(tmp_path, model.version)
    relinked = link_changed(index, records.slice(0, 20))
    full = link(records, model=model)
    label = dict(zip(full.record_ids, full.labels, strict=True))

    assert index.seq == 7
    assert {folder.name for folder in tmp_path.iterdir() if folder.name.startswith("base-")} == base
    assert set(records.slice(0, 20).column("record_id").to_pylist()) <= set(relinked.record_ids)
    found = customers(relinked.record_ids, relinked.labels)
    assert found == {g for g in customers(full.record_ids, full.labels) if g & set(relinked.record_ids)}
    assert len({label[name] for name in relinked.record_ids}) == len(found)


def test_a_crowd_is_saved_with_its_representative(model, tmp_path):
    """150 records of the same words come and the first half go, through a saved index: as a full run has it."""
    records, _ = silos(60, seed=8)
    rules = MatchingRules(crowd=20)
    rows = [
        {"record_id": f"x{n:03}", "first_name": "Ada", "last_name": "Lovelace", "email": "ada@lovelace.org"}
        for n in range(150)
    ]
    relative = {
        "record_id": "y",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "email": "ada@lovelace.org",
        "birth_date": "1980-03-04",
    }
    crowd = table([*rows, relative])
    index = build_index(records, model, rules)
    for came, went in (
        (crowd.slice(0, 30), []),
        (crowd.slice(30), []),
        (crowd.slice(0, 0), [f"x{n:03}" for n in range(75)]),
    ):
        link_changed(index, came, went)
        save_index(index, tmp_path)
        index = load_index(tmp_path, model.version)
    back = link_changed(index, crowd.slice(0, 1))
    full = link(pa.concat_tables([records, crowd.slice(0, 1), crowd.slice(75)]), model=model, rules=rules)
    found = customers(back.record_ids, back.labels)

    assert {"x000", "y", *(f"x{n:03}" for n in range(75, 150))} in found
    assert found == {g for g in customers(full.record_ids, full.labels) if g & set(back.record_ids)}


def test_an_index_of_another_model_or_none_is_not_loaded(model, tmp_path):
    """No folder, or another model in force: None, and the caller builds anew. A broken one is refused in words."""
    assert load_index(tmp_path / "none") is None
    save_index(build_index(silos(5, seed=1)[0], model), tmp_path)
    assert load_index(tmp_path, "another") is None
    for file in tmp_path.rglob("records.arrow"):
        file.write_bytes(b"broken")
    with pytest.raises(LinkageError, match="Delete the folder"):
        load_index(tmp_path, model.version)


def test_a_record_is_changed_or_removed(model):
    """Both at once is refused."""
    records, _ = silos(10, seed=8)
    index = build_index(records, model)

    with pytest.raises(LinkageError, match="both changed and removed"):
        link_changed(index, records.slice(0, 1), records.slice(0, 1).column("record_id").to_pylist())
