"""Cursors of the change log: a place between two entries, or behind an event of one subscription."""

from __future__ import annotations

import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

import orjson

from api.plan.errors import bad_input

_LOG = "log"


@dataclass(frozen=True, slots=True)
class Place:
    """Behind the entry `seq`; with `position` behind that event of it only."""

    seq: int
    position: int | None = None

    @property
    def read_after(self) -> int:
        """The entry behind which is to be read on."""
        return self.seq if self.position is None else self.seq - 1

    @property
    def order(self) -> tuple[int, float]:
        """The later of two places has the greater."""
        return self.seq, math.inf if self.position is None else self.position

    def precedes(self, seq: int, position: int) -> bool:
        """Whether an event lies behind this place."""
        return self.position is None or (seq, position) > (self.seq, self.position)


def place_cursor(seq: int) -> str:
    """The cursor of the place behind an entry; it holds for every subscription."""
    return _encoded([_LOG, seq])


def event_cursor(field: str, seq: int, position: int) -> str:
    """The cursor of an event; it holds for the subscription `field`."""
    return _encoded([_LOG, seq, field, position])


def decode_place(text: str, field: str, said_in: str = "after") -> Place:
    """The place that a cursor of `field`, or of the log, stands for; raises a GraphQL error that names `said_in`."""
    try:
        parts = orjson.loads(urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
    except ValueError:
        parts = None
    match parts:
        case ["log", int(seq)] if 0 <= seq < 2**53:
            return Place(seq)
        case ["log", int(seq), str(of), int(position)] if 0 < seq < 2**53 and position >= 0:
            if of != field:
                raise bad_input(
                    f"`{said_in}` is a cursor of `{of[:40]}`; `{field}` wants one of its own or of `changeLog`."
                )
            return Place(seq, position)
    raise bad_input(f"`{said_in}` is not a cursor. Pass the `cursor` of an event, or of `changeLog`.")


def _encoded(parts: list[str | int]) -> str:
    return urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")
