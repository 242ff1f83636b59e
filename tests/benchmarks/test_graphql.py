"""The benchmark of the API runs, and holds its servers to the same answers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from api.plan.ids import encode_id
from benchmarks.graphql import along_a_journey, check, in_turns
from benchmarks.serving.company import Asked, fill, open_driver, read_asked
from benchmarks.serving.measuring import Measured
from benchmarks.serving.operations import (
    BY_HAND,
    C360,
    C360_OFF,
    SERVERS,
    STRAWBERRY,
    Operation,
    content,
    operations,
)
from benchmarks.serving.servers import serving
from graph.store.settings import StoreSettings

NEWS = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)


def test_answers_of_all_servers_are_read_to_the_same_content() -> None:
    """Global ids and plain ones, members and stored values, `Z` and offsets, nodes and lists are the same content."""
    row = {"channel": "EMAIL", "occurredAt": "2026-01-02T03:04:05.678Z"}
    ours = {"customer": {"id": encode_id("Customer", "c-1"), "interactions": {"nodes": [row]}}}
    plain = {"channel": "email", "occurredAt": "2026-01-02T03:04:05.678+00:00"}
    theirs = {"customer": [{"id": "c-1", "interactions": [plain]}]}

    expected = {
        "customer": {
            "id": "c-1",
            "interactions": [{"channel": "email", "occurredAt": round(NEWS.timestamp() * 1000)}],
        }
    }
    assert content(orjson.dumps({"data": ours})) == content(orjson.dumps({"data": theirs})) == expected


@pytest.mark.parametrize("answer", [{"data": {"customer": None}}, {"data": {"search": []}}, {"errors": [{}]}])
def test_an_empty_answer_is_no_answer(answer: object) -> None:
    """Nothing is measured that finds nothing."""
    with pytest.raises(ValueError, match="no answer"):
        content(orjson.dumps(answer))


def test_figures_are_those_of_all_turns() -> None:
    """Worked out by hand: 4 requests in 2 seconds and .2 CPU seconds."""
    measured = Measured()
    measured.add(Measured([0.1, 0.2], 1.0, 0.15))
    measured.add(Measured([0.3, 0.4], 1.0, 0.05))

    assert measured.figures() == {"rps": 2.0, "p50_ms": 250.0, "p95_ms": 385.0, "cpu_ms": 50.0, "requests": 4}


@pytest.mark.long
def test_the_servers_that_need_no_node_answer_alike_and_are_measured(
    neo4j_settings: StoreSettings, tmp_path: Path
) -> None:
    """Ours, Strawberry's and the one by hand, over a small company in a Neo4j; a server that differs ends the run."""
    fill(neo4j_settings, tmp_path / "sample", 120, 1)
    with open_driver(neo4j_settings) as driver:
        asked = read_asked(driver, 5)
    assert len(asked.ids) == len(asked.emails) == len(asked.journeys) == len(asked.names) == 5
    wanted = operations(asked)
    with (
        serving(C360, neo4j_settings, tmp_path, None) as ours,
        serving(STRAWBERRY, neo4j_settings, tmp_path, None) as strawberry,
        serving(BY_HAND, neo4j_settings, tmp_path, None) as by_hand,
    ):
        check([ours, strawberry, by_hand], wanted)
        results = in_turns([ours, strawberry, by_hand], wanted[0], 2, 0.3, 1, 0.3)
        pages = along_a_journey(ours, 0.3, 1)
        other = wanted[0].asked | {BY_HAND: list(reversed(wanted[0].asked[BY_HAND]))}
        with pytest.raises(SystemExit, match="answers operation a otherwise"):
            check([ours, by_hand], [Operation("a", "turned round", other)])

    assert [one["server"] for one in results] == [C360, STRAWBERRY, BY_HAND]
    assert all(one["requests"] > 0 and one["cpu_ms"] > 0 and one["p95_ms"] >= one["p50_ms"] > 0 for one in results)
    assert len(pages) == 3


def test_every_question_is_asked_of_the_servers_that_can_answer_it() -> None:
    """Four questions of all servers, search of ours and the one by hand; lists that go together are equally long."""
    found = operations(Asked(["c-1", "c-2"], ["a@x.test"], [("c-1", "email", NEWS)], ["ada"]))

    assert [(one.name, set(one.asked)) for one in found] == [
        *((name, set(SERVERS)) for name in "abcd"),
        ("e", {C360, C360_OFF, BY_HAND}),
    ]
    assert all(len({len(asked) for asked in one.asked.values()}) == 1 for one in found)
