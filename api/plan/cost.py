"""What an operation costs, in points, known before anything of it is done.

A root field costs a point, and each object that its answer can hold another: of a page, the objects of one item times
the items that the page can hold; of a list without pages, as if it held five. Values cost nothing. What takes the store
more than that costs it beforehand: a count, an answer that looks at the whole graph, a change, the schema itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from api.plan.rows import Parameters, Size

ROOT = 1
COUNT = 5
"""A `totalCount` looks at the whole list."""
WORKED = 10
"""A change, or an explanation that is worked out."""
COMPUTED = 50
"""An answer that looks at the whole graph."""
INTROSPECTION = 10
UNPAGED = 5
"""So many items a list without pages counts for."""


def rows_of(sizes: Sequence[Size], parameters: Parameters) -> list[int]:
    """How many rows each page can hold with these parameters: a page within a page is multiplied."""
    rows: list[int] = []
    for size in sizes:
        own: int = parameters[size.parameter] - size.spare
        rows.append(own * (rows[size.within] if size.within is not None else 1))
    return rows
