"""Who asks for a change of what people say, and how it is refused: the same for every kind of change."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

import msgspec

from graph.sync.contradiction import Decision
from graph.sync.request import KEY_REUSED

WAIT_SECONDS = 5.0
"""How long a decision waits for a sync that works: about one batch."""

Code = Literal["NOT_FOUND", "INVALID", "CONTRADICTS_DECISION", "STALE_REVIEW", "IDEMPOTENCY_KEY_REUSED", "BUSY"]


class Refused(Exception):
    """A decision that cannot be taken; `field` names the input that is to blame, `chain` the decisions against it."""

    def __init__(self, code: Code, message: str, field: str | None = None, chain: Sequence[Decision] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.chain = tuple(chain)


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """Who decides, why, and whether it is only tried."""

    by: str
    reason: str | None = None
    idempotency_key: str | None = None
    """The same request with the same key gives the same decision and changes nothing; another request is refused."""
    dry_run: bool = False


def refuse_another(requests: Collection[str | None], request: str) -> None:
    """Raise Refused when another request than this came under its key; of older facts (None) nobody knows."""
    if not {*requests} <= {None, request}:
        raise Refused("IDEMPOTENCY_KEY_REUSED", KEY_REUSED, "idempotencyKey")
