"""`[pain_points]` of rules.toml: what counts as slow, and as a complaint."""

from __future__ import annotations

import msgspec


class PainPointRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Thresholds of pain points."""

    lead_response_hours: float = 24.0
    """A lead that nobody took up within so many hours waited too long."""
    complaint_topics: tuple[str, ...] = ("complaint", "problem", "incident")
    """Tickets of these topics are complaints while they are open."""
    repeat_days: int = 7
    """Another ticket on the same topic within so many days is a repeat contact."""
