"""Asking: parameters given as text, and refusals that say what to do."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from graph.ask import QuestionError, columns_of, known, parameter_values
from graph.cypher import cypher, questions


def test_every_question_says_what_it_is_and_its_examples_can_be_read() -> None:
    """Each parameter's example is a value of its own kind, and each column has a name."""
    for question in questions():
        given = {one.name: one.example.strip('"') for one in question.parameters if one.example.startswith('"')}
        values = parameter_values(question.name, {**{one.name: None for one in question.parameters}, **given})
        columns = columns_of(cypher(f"questions/{question.name}"))

        assert set(values) == {one.name for one in question.parameters}
        assert all(re.fullmatch(r"\w+", column) for column in columns), (question.name, columns)


def test_values_of_python_numpy_and_pandas_become_what_the_example_is() -> None:
    """A date is its midnight, a zone's moment UTC without the zone, an array a list, a number of numpy a number."""
    berlin = datetime(2026, 3, 1, 13, tzinfo=ZoneInfo("Europe/Berlin"))
    given = {"steps": np.array(["a", "b"]), "window_days": np.int64(30), "since": date(2026, 1, 1), "until": berlin}
    funnel = parameter_values("ordered_funnel", given | {"now": pd.Timestamp("2026-04-01T12:00", tz="Asia/Tokyo")})

    assert funnel == {
        "steps": ["a", "b"],
        "window_days": 30,
        "since": datetime(2026, 1, 1, tzinfo=UTC),
        "until": datetime(2026, 3, 1, 12, tzinfo=UTC),
        "now": datetime(2026, 4, 1, 3, tzinfo=UTC),
    }
    assert {type(value) for value in funnel.values()} == {list, int, datetime}
    assert {value.tzinfo for value in funnel.values() if isinstance(value, datetime)} == {UTC}


def test_text_becomes_what_the_example_is() -> None:
    """Dates, numbers, lists in both spellings and yes or no are read; a moment without an offset is UTC."""
    funnel = parameter_values("ordered_funnel", {"steps": "a, b", "window_days": "30", "since": "2026-03-01"})
    listed = parameter_values("ordered_funnel", {"steps": '["a,b", "c"]', "until": "2026-03-01T12:00:00+02:00"})
    journey = parameter_values("customer_journey", {"id": "7", "automated": "true"})

    assert (funnel["steps"], funnel["window_days"], funnel["since"]) == (
        ["a", "b"],
        30,
        datetime(2026, 3, 1, tzinfo=UTC),
    )
    assert (listed["steps"], listed["until"]) == (["a,b", "c"], datetime(2026, 3, 1, 10, tzinfo=UTC))
    assert (journey["id"], journey["automated"]) == ("7", True)


def test_a_part_of_a_name_that_no_other_has_is_enough() -> None:
    """`flow` is the journey flow; `handoffs` is its own name; `customer` may be several, and is refused."""
    assert [known(name) for name in ("flow", "funnel", "handoffs")] == ["journey_flow", "ordered_funnel", "handoffs"]
    assert parameter_values("flow", {"top": "7"})["top"] == 7
    for name in ("customer", ""):
        with pytest.raises(QuestionError, match="There is no question"):
            known(name)


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("customer_journy", {}, "no question 'customer_journy'. Did you mean 'customer_journey'?"),
        ("customer_journey", {}, "needs id, e.g. --param id="),
        ("customer_journey", {"id": "1", "automatd": "true"}, "no parameter 'automatd'. Did you mean 'automated'?"),
        ("customer_journey", {"id": "1", "automated": "perhaps"}, "true or false, not 'perhaps'"),
        ("handoffs", {"since": "yesterday"}, "a date, or a moment such as 2026-03-01T12:00:00Z, not 'yesterday'"),
        ("paths_to_ticket", {"top": "many"}, "a whole number, not 'many'. Write it like --param top=20"),
        ("paths_to_ticket", {"top": 2.5}, "a whole number, not 2.5. Write it like --param top=20"),
        ("paths_to_ticket", {"since": 2026}, "a date, or a moment such as 2026-03-01T12:00:00Z, not 2026"),
        ("customer_journey", {"id": 7}, "a text, not 7"),
        ("source_comparison", {"x": "1"}, "It takes none"),
    ],
)
def test_a_refusal_names_the_parameter_and_shows_how_to_write_it(
    name: str, given: dict[str, object], says: str
) -> None:
    """What cannot be read is refused with the parameter, what it must be and an example."""
    with pytest.raises(QuestionError, match=re.escape(says)):
        parameter_values(known(name), given)
