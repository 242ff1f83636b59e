"""What each source says by itself, beside what is true of all together.

A source counts every person record it holds as a person; together they are as many people as there are customers
with at least one such record. Records that a source has deleted or merged away, and mere mentions, are not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SourceCount:
    """How many people one source knows."""

    source: str
    person_count: int
    customer_count: int
    only_here_count: int


@dataclass(frozen=True, slots=True)
class SourceComparison:
    """Every source by itself, and all together; `overlaps` are (sources, customers known to exactly these)."""

    sources: tuple[SourceCount, ...]
    customer_count: int
    shared_count: int
    overlaps: tuple[tuple[tuple[str, ...], int], ...]

    @property
    def sentence(self) -> str:
        """E.g. `crm counts 1,240, marketing 2,010, helpdesk 890 people; together they are 1,467.`"""
        if not self.sources:
            return "No source has given any person yet."
        counts = ", ".join(f"{one.source} {one.person_count:,}" for one in self.sources)
        first, _, rest = counts.partition(" ")
        return f"{first} counts {rest} people; together they are {self.customer_count:,}."


def compare_sources(rows: Sequence[Sequence[Any]]) -> SourceComparison:
    """The comparison, from the rows of the question `compare_sources`."""
    persons: Counter[str] = Counter()
    customers: Counter[str] = Counter()
    together: Counter[tuple[str, ...]] = Counter()
    for sources, number in rows:
        known_to = tuple(sorted(set(sources)))
        together[known_to] += number
        for source in known_to:
            persons[source] += sources.count(source) * number
            customers[source] += number
    counted = [
        SourceCount(source, count, customers[source], together.get((source,), 0)) for source, count in persons.items()
    ]
    overlaps = sorted(together.items(), key=lambda item: (-item[1], item[0]))
    return SourceComparison(
        sources=tuple(sorted(counted, key=lambda one: (-one.person_count, one.source))),
        customer_count=sum(together.values()),
        shared_count=sum(number for sources, number in together.items() if len(sources) > 1),
        overlaps=tuple(overlaps),
    )
