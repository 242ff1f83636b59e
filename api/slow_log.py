"""Operations that take long, in the log: what they are and who asks, no value and nobody's data."""

from __future__ import annotations

import logging
from hashlib import blake2b
from typing import Any

from api.plan.observation import Observation

LOG = logging.getLogger("c360.api.slow")
LONGEST_NAME = 80


class SlowLog:
    """Writes one line for each operation that took as long as the threshold, or longer."""

    def __init__(self, threshold: float | None) -> None:
        """`threshold` in seconds; None: nothing is slow."""
        self._threshold = float("inf") if threshold is None else threshold

    def answered(self, seen: Observation) -> None:
        """Write the line, if the operation was slow."""
        if seen.seconds < self._threshold:
            return
        LOG.warning(
            "slow operation: name=%s ms=%.0f outcome=%s rows=%d way=%s document=%s plan=%s key=%s",
            (seen.name or "-")[:LONGEST_NAME],
            seen.seconds * 1000,
            seen.outcome.value,
            _rows(None if seen.result is None else seen.result.data),
            "walked" if seen.is_walked else "planned",
            "-" if seen.document is None else seen.document.hex(),
            "-" if seen.plan_key is None else blake2b(_stable(seen.plan_key).encode(), digest_size=8).hexdigest(),
            seen.viewer.key_id or "-",
        )


def _rows(data: Any) -> int:
    """The items of all lists of an answer."""
    if isinstance(data, dict):
        return sum(_rows(value) for value in data.values())
    if isinstance(data, list):
        return len(data) + sum(_rows(item) for item in data)
    return 0


def _stable(key: Any) -> str:
    """A plan's key as a text that is the same in every process: a set has an order there."""
    if isinstance(key, frozenset):
        return f"{{{','.join(sorted(_stable(each) for each in key))}}}"
    if isinstance(key, tuple):
        return f"({','.join(_stable(each) for each in key)})"
    return repr(key)
