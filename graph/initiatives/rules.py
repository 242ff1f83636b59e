"""`[[initiative]]` of rules.toml: what a function of the company does, since when, and what it expects of it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import msgspec

from graph.figures.plan_rules import PlanError, check_owner
from graph.journeys.period import EARLIEST, LATEST
from graph.maps.rules import FUNCTIONS


class InitiativeError(ValueError):
    """An initiative that makes no sense; the message says which, what and what to do."""


class InitiativeRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a function does for its customers; drawn on every series, and measured before and after its start."""

    name: str
    title: str
    function: str
    owner: str
    """The person who answers for it."""
    start: date
    end: date | None = None
    """The day after its last; it goes on, unless said."""
    hypothesis: str | None = None
    kpi: str | None = None
    """The KPI that it is expected to move."""
    expected: float | None = None
    """What that KPI shall be then, in its own unit."""
    segment: str | None = None
    """Whom it touches; everybody, unless said."""
    comparison: str | None = None
    """A segment that it does not touch, and that would have moved alike without it."""
    window_days: int = 90
    """So many days before its start are held against as many after it."""


def check_initiatives(initiatives: Collection[InitiativeRule], segments: Collection[str]) -> None:
    """Refuse initiatives that cannot be meant; raises InitiativeError."""
    names = [initiative.name for initiative in initiatives]
    for initiative in initiatives:
        if names.count(initiative.name) > 1:
            raise InitiativeError(f"[[initiative]]: two have the name '{initiative.name}'. Give each its own.")
        check_initiative(initiative, segments, f"[[initiative]] {initiative.name}: ")


def check_initiative(initiative: InitiativeRule, segments: Collection[str], where: str = "") -> None:
    """Refuse one that cannot be meant; the message begins with `where`, then names the key. Raises InitiativeError."""
    for key in ("name", "title", "owner"):
        if not getattr(initiative, key).strip():
            raise InitiativeError(f"{where}{key} is empty. Say one.")
    try:
        check_owner(initiative.owner, where.rstrip(": ") or "the initiative")
    except PlanError as error:
        raise InitiativeError(str(error)) from None
    if initiative.function not in FUNCTIONS:
        raise InitiativeError(f"{where}function '{initiative.function}' is not known. Known: {', '.join(FUNCTIONS)}.")
    for key in ("segment", "comparison"):
        name = getattr(initiative, key)
        if name is not None and name not in segments:
            raise InitiativeError(f"{where}{key} '{name}' is no segment. Known: {', '.join(segments) or 'none yet'}.")
    if initiative.comparison is not None and initiative.segment is None:
        raise InitiativeError(f"{where}comparison without segment: whom does it touch, if not everybody? Say segment.")
    if initiative.comparison is not None and initiative.comparison == initiative.segment:
        raise InitiativeError(f"{where}comparison is the segment itself. Name customers whom it does not touch.")
    if not EARLIEST <= initiative.start < LATEST:
        raise InitiativeError(f"{where}start {initiative.start}: write a day between {EARLIEST} and {LATEST}.")
    if initiative.end is not None and initiative.end <= initiative.start:
        raise InitiativeError(
            f"{where}end {initiative.end} is not after start {initiative.start}. Correct one of them."
        )
    if not 1 <= initiative.window_days <= 730:
        raise InitiativeError(f"{where}window_days = {initiative.window_days}: write 1 to 730.")
    if initiative.expected is not None and initiative.kpi is None:
        raise InitiativeError(f"{where}expected without kpi. Say of which.")
