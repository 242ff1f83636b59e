"""What is worked out for rows once they have been read, for all rows of an answer at once.

Where no query can tell a field's value, the field names what it needs to know of its row: a key. The rows are shaped
once to learn which keys there are, these are worked out together, what their answers name is read by one more query,
and then the rows are shaped again. So a list costs as many queries as one row of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from api.plan.rows import Parameters, Row
from graph.query import compile_query
from graph.reading import Part, Reading
from graph.tracing import NamedQuery

Worked = Mapping[str, Any]
"""What sub-fields read (`entry`), and under their names the keys of what is looked up."""
Work = Callable[[Any, Sequence[Any]], Awaitable[Mapping[Any, Worked | Exception]]]
"""Takes the bench and the keys; an error stands in the place of the one key that it is about."""


class Reads(Protocol):
    """What is needed of a store."""

    async def read(self, query: str, /, **parameters: Any) -> list[Row]: ...


@dataclass(slots=True)
class Later:
    """One such field where it is selected: how it is worked out, and what of the answers is looked up."""

    work: Work
    reading: Reading = field(default_factory=Reading)
    cypher: str = ""
    named: frozenset[str] = frozenset()

    def compile(self, name: str) -> None:
        """Make the query, once all is selected."""
        parts = [cell for cell in self.reading.cells if isinstance(cell, Part)]
        self.cypher = NamedQuery(compile_query(parts), name) if parts else ""
        self.named = names_in(parts)


@dataclass(slots=True)
class Wanted:
    """Stands for the answers while it is learned which keys there are."""

    keys: dict[Any, None] = field(default_factory=dict)

    def of(self, key: Any) -> None:
        """Note a row's key."""
        self.keys[key] = None


@dataclass(frozen=True, slots=True)
class Known:
    """The answers by key, and the row of what they name."""

    answers: Mapping[Any, Worked | Exception]
    row: Row

    def of(self, key: Any) -> Worked | Exception | None:
        """The answer of a row."""
        return self.answers.get(key)


async def work_out(
    laters: Sequence[Later], bench: Any, reader: Reads, given: Parameters, shape: Callable[[], Any]
) -> None:
    """Work out all fields of an answer that are known later, the outer ones before those within them.

    `shape` puts the answer together as far as it is known, which notes the keys.
    """
    wanted = [Wanted() for _ in laters]
    given.later = list[Wanted | Known](wanted)
    worked_out: dict[Work, dict[Any, Worked | Exception]] = {}
    for place, later in enumerate(laters):
        await asyncio.to_thread(shape)
        known = worked_out.setdefault(later.work, {})  # of the same field under another name
        keys = [key for key in wanted[place].keys if key not in known]
        if keys:
            known.update(await later.work(bench, keys))
        answers = {key: known[key] for key in wanted[place].keys if key in known}
        worked = [answer for answer in answers.values() if not isinstance(answer, Exception)]
        row = await read_named(reader, later.cypher, later.named, given, worked) if worked else []
        given.later[place] = Known(answers, row)


def names_in(parts: Iterable[Part]) -> frozenset[str]:
    """The parameters of a query that worked-out answers fill: they hold their keys under the same names."""
    return frozenset(name for part in parts for name in part.arguments.values())


async def read_named(
    reader: Reads, cypher: str, named: Iterable[str], parameters: Parameters, answers: Sequence[Worked]
) -> Row:
    """The row of what worked-out answers name by key, each key once; empty when the query is."""
    if not cypher:
        return []
    keys = {name: [answer.get(name) or [] for answer in answers] for name in named}
    lists = {
        name: list(dict.fromkeys(key for found in each for key in (found if isinstance(found, list) else [found])))
        for name, each in keys.items()
    }
    return (await reader.read(cypher, **parameters, **lists))[0]
