"""How long work shows itself, whoever watches: a terminal, a log, a subscription, or nobody."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told of phases and of what is done in them; `total` is None while it is not known."""

    def phase(self, name: str, total: int | None = None) -> None:
        """A phase begins, or its total became known."""

    def advance(self, name: str, done: int) -> None:
        """So many more units of the phase are done."""

    def reject(self, name: str, count: int) -> None:
        """So many of what the phase did are rejections: nothing came of them."""

    def say(self, text: str) -> None:
        """A sentence for whoever watches: we wait, a source was refused, a kind is unknown."""


class Silence:
    """Nobody watches."""

    def phase(self, name: str, total: int | None = None) -> None:
        """Nothing is shown."""

    def advance(self, name: str, done: int) -> None:
        """Nothing is shown."""

    def reject(self, name: str, count: int) -> None:
        """Nothing is shown."""

    def say(self, text: str) -> None:
        """Nothing is shown."""
