"""What a connector has told so far, as a store would keep it: the newest record of each key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from connectors.hookspecs import Connector, State
from connectors.records import Interaction, Person, Record, Tombstone, encode


class Ledger:
    """Reads a connector again and again, each time from where it stopped, and says what changed.

    `records` are by key (`source/stream/id`); a tombstone removes its record.
    """

    def __init__(self, connector: Connector[Any]) -> None:
        self.connector = connector
        self.records: dict[str, Record] = {}
        self.states: dict[str, State] = {}
        self.pages: dict[str, int] = {}

    async def sync(self) -> dict[str, Record]:
        """Read all streams; the records that are new, different or gone (a Tombstone), by key."""
        changed: dict[str, Record] = {}
        for stream in await self.connector.discover():
            self.pages[stream.name] = 0
            async for page in self.connector.read(stream, self.states.get(stream.name)):
                for raw in page.raws:
                    self._land(self.connector.map(stream, raw), changed)
                self.states[stream.name] = page.state
                self.pages[stream.name] += 1
        return changed

    def _land(self, records: Iterable[Record], changed: dict[str, Record]) -> None:
        for record in records:
            key = str(record.key)
            known = self.records.get(key)
            if isinstance(record, Tombstone):
                if self.records.pop(key, None) is not None:
                    changed[key] = record
            elif known is None or encode(known) != encode(record):
                self.records[key] = changed[key] = record

    def person(self, key: str) -> Person:
        """The person with this key."""
        record = self.records[key]
        assert isinstance(record, Person), record
        return record

    def of(self, person: str) -> list[Interaction]:
        """The interactions of a person, in order."""
        return sorted(
            (one for one in self.records.values() if isinstance(one, Interaction) and one.person == person),
            key=lambda one: (one.occurred_at, one.sequence, one.id),
        )


def kinds(interactions: Iterable[Interaction]) -> list[str]:
    """Their kinds, in order."""
    return [one.kind for one in interactions]


def interactions(changed: dict[str, Record]) -> list[Interaction]:
    """Only the interactions of what changed, in order."""
    found = [one for one in changed.values() if isinstance(one, Interaction)]
    return sorted(found, key=lambda one: (one.occurred_at, one.sequence, one.id))
