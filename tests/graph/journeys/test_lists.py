"""Columns of lists are read text by text."""

from __future__ import annotations

import pyarrow as pa

from graph.journeys.layout import EVENTS
from graph.journeys.lists import listed

LISTS = EVENTS.field("requested_fields").type


def test_every_text_is_beside_the_row_whose_list_it_is_in() -> None:
    """Rows count on through the chunks of a column that has changed; no list and an empty one hold nothing."""
    first, later = pa.array([None, ["phone", "company"], []], LISTS), pa.array([["phone"], None, ["phone"]], LISTS)

    rows, texts = listed(pa.chunked_array([first, later]))

    assert rows.tolist() == [1, 1, 3, 5]
    assert [texts.at(row) for row in range(4)] == ["phone", "company", "phone", "phone"]


def test_a_column_without_rows_has_no_text() -> None:
    """Neither rows nor values."""
    rows, texts = listed(pa.chunked_array([], LISTS))

    assert (len(rows), len(texts.codes), texts.values) == (0, 0, ())
