"""Who keeps which id."""

from __future__ import annotations

from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from graph.sync.identities import Plan, assign


def plan(clusters: list[list[str]], current: dict[str, str]) -> Plan:
    numbers = count()
    return assign(clusters, current, lambda: f"new{next(numbers)}")


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
