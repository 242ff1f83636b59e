"""Who keeps which id."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from graph.sync.identities import Past, Plan, assign


def plan(clusters: list[list[str]], current: dict[str, str], past: Sequence[Past] = ()) -> Plan:
    numbers = count()
    return assign(clusters, current, lambda: f"new{next(numbers)}", past)


def ids(made: Plan) -> dict[str, str]:
    return {record: a.id for group in made.groups for a in group for record in a.records}


def test_a_cluster_keeps_the_id_that_gives_it_most_records() -> None:
    """Two records of X and one of Y become X; Y answers for X from now on."""
    made = plan([["a", "b", "c"]], {"a": "X", "b": "X", "c": "Y"})

    assert ids(made) == {"a": "X", "b": "X", "c": "X"}
    assert made.retired == {"Y": "X"}


def test_a_tie_goes_to_the_oldest_id() -> None:
    """UUIDv7 grow with time, so the smallest is the oldest."""
    assert set(ids(plan([["a", "b"]], {"a": "0002", "b": "0001"})).values()) == {"0001"}


def test_a_split_leaves_the_id_with_the_larger_part() -> None:
    """The smaller part is a new customer; nobody is retired."""
    made = plan([["a", "b"], ["c"]], {"a": "X", "b": "X", "c": "X"})

    assert ids(made) == {"a": "X", "b": "X", "c": "new0"}
    assert made.retired == {}


def test_records_that_move_are_written_together() -> None:
    """Clusters which exchange records stand in one group."""
    made = plan([["a", "c"], ["b"], ["d"]], {"a": "X", "b": "Y", "c": "Y", "d": "Z"})

    assert sorted(len(group) for group in made.groups) == [1, 2]


@given(
    st.lists(st.tuples(st.integers(0, 6), st.one_of(st.none(), st.integers(0, 4))), min_size=1, max_size=25),
)
def test_whatever_happens_ids_are_unique_and_old_ones_answer(records: list[tuple[int, int | None]]) -> None:
    """Each cluster has one id of its own; every old id is kept or retired to a living one; groups do not overlap."""
    clusters: dict[int, list[str]] = {}
    current: dict[str, str] = {}
    for number, (cluster, old) in enumerate(records):
        clusters.setdefault(cluster, []).append(f"r{number:02}")
        if old is not None:
            current[f"r{number:02}"] = f"id{old}"
    made = plan(list(clusters.values()), current)
    assignments = [a for group in made.groups for a in group]

    assert len({a.id for a in assignments}) == len(assignments) == len(clusters)
    alive = {a.id for a in assignments}
    assert set(current.values()) <= alive | made.retired.keys()
    assert set(made.retired.values()) <= alive
    assert not alive & made.retired.keys()
    for group in made.groups:
        mine = {current[r] for a in group for r in a.records if r in current}
        others = {current[r] for g in made.groups if g is not group for a in g for r in a.records if r in current}
        assert not mine & others


def test_what_is_parted_again_gets_its_former_id_back() -> None:
    """Merge, then undo: each side has the id that it had, also where both sides are as large."""
    past = [Past("Y", "X", frozenset("b"), 1), Past("X", None, frozenset("a"), 1)]
    made = plan([["b"], ["a"]], {"a": "X", "b": "X"}, past)

    assert ids(made) == {"a": "X", "b": "Y"}
    assert [a.is_restored for group in made.groups for a in group if a.id == "Y"] == [True]
    assert made.retired == {}


def test_a_former_id_is_not_given_to_other_records() -> None:
    """Records that it did not stand for exactly are a new customer; the former id goes with most of its records."""
    past = [Past("Y", "X", frozenset({"b", "c"}), 1)]
    made = plan([["a", "d"], ["b"]], {"a": "X", "b": "X", "c": "X", "d": "X"}, past)

    assert ids(made) == {"a": "X", "d": "X", "b": "new0"}
    assert made.moved == {"Y": "new0"}


def test_the_former_ids_of_a_former_id_come_back_with_it() -> None:
    """Z became Y, Y became X; when Y is itself again, Y answers for Z."""
    past = [Past("Y", "X", frozenset({"b", "c"}), 2), Past("Z", "X", frozenset({"c"}), 1)]
    made = plan([["a", "d"], ["b", "c"]], dict.fromkeys("abcd", "X"), past)

    assert ids(made) == {"a": "X", "d": "X", "b": "Y", "c": "Y"}
    assert made.moved == {"Z": "Y"}
