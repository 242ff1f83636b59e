"""What of the moment of a request its answer depends on, beside the graph."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from graph.rules import Activity


class Clock(msgspec.Struct, frozen=True):
    """The moment of a request, and the rules by which it says who is new, dormant, or nearly one."""

    now: datetime = msgspec.field(default_factory=lambda: datetime.now(UTC))
    activity: Activity = msgspec.field(default_factory=Activity)

    @property
    def new_since(self) -> datetime:
        """Whoever appeared since then is new."""
        return self.now - timedelta(days=self.activity.new_for_days)

    @property
    def dormant_since(self) -> datetime:
        """Whoever did nothing since then is dormant."""
        return self.now - timedelta(days=self.activity.dormant_after_days)
