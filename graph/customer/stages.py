"""The lifecycle: which stage a customer has reached, when, and which interaction shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graph.customer.events import Event
from graph.rules import StageRule


@dataclass(frozen=True, slots=True)
class StageTransition:
    """A customer reached a stage; `at` and `left_at` are epoch milliseconds, `cause` is the interaction's id."""

    stage: str
    at: int
    left_at: int | None
    cause: str
    from_stage: str | None
    regression: bool
    ordinal: int


class Lifecycle:
    """The stages of rules.toml, ready to read journeys."""

    def __init__(self, stages: Sequence[StageRule]) -> None:
        self.names = tuple(stage.name for stage in stages)
        self._rank = {stage.name: rank for rank, stage in enumerate(stages)}
        self._reached_by = {kind: rank for rank, stage in enumerate(stages) for kind in stage.kinds}
        self._falls_to = {kind: rank for rank, stage in enumerate(stages) for kind in stage.falls_back_on}
        self._said = {word: stage.name for stage in stages for word in stage.said}
        self._scored = [
            (rank, stage.nps_from, self._rank[stage.after] if stage.after else 0)
            for rank, stage in enumerate(stages)
            if stage.nps_from is not None
        ]
        self._bought = next((self._rank[name] for name in ("customer",) if name in self._rank), len(stages))

    def rank(self, stage: str) -> int:
        """Its place in the lifecycle, 0 first."""
        return self._rank[stage]

    def said(self, words: str | None) -> str | None:
        """The stage that a CRM's own words mean; None when it says nothing we know."""
        return None if words is None else self._said.get(words.strip().lower())

    def read(self, events: Sequence[Event]) -> tuple[list[StageTransition], list[str]]:
        """Transitions in order, and the stage at each event (after it). `events` are in the order of the journey.

        Everybody starts as a target at the first event. A stage is reached by an interaction that shows it, or by a
        score; it is left by a later stage or by falling back, which only those can who have not bought yet.
        """
        if not events:
            return [], []
        reached = [(0, events[0])]
        stage_at: list[str] = []
        current = 0
        for event in events:
            rank = self._shown_by(event, current)
            if rank != current:
                if event.id == reached[-1][1].id:
                    reached[-1] = (rank, event)
                else:
                    reached.append((rank, event))
                current = rank
            stage_at.append(self.names[current])
        return self._as_transitions(reached), stage_at

    def _shown_by(self, event: Event, current: int) -> int:
        falls_to = self._falls_to.get(event.kind)
        if falls_to is not None and falls_to < current < self._bought:
            return falls_to
        best = max(current, self._reached_by.get(event.kind, 0))
        if event.metric == "nps" and event.score is not None:
            for rank, threshold, after in self._scored:
                if current >= after and event.score >= threshold:
                    best = max(best, rank)
        return best

    def _as_transitions(self, reached: list[tuple[int, Event]]) -> list[StageTransition]:
        transitions = []
        for ordinal, (rank, event) in enumerate(reached):
            before = reached[ordinal - 1][0] if ordinal else None
            after = reached[ordinal + 1][1].at if ordinal + 1 < len(reached) else None
            transitions.append(
                StageTransition(
                    stage=self.names[rank],
                    at=event.at,
                    left_at=after,
                    cause=event.id,
                    from_stage=None if before is None else self.names[before],
                    regression=before is not None and rank < before,
                    ordinal=ordinal,
                )
            )
        return transitions
