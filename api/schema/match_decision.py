"""What people have decided about records."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.plan.fields import column, described, identity, instant, momentary
from api.schema.match_enums import MatchDecisionKind
from api.schema.paging import Node
from graph.reading import Column


@described
class MatchDecision(Node):
    """What a person decided about records; every later run obeys it until it is taken back."""

    id: strawberry.ID = identity()
    kind: MatchDecisionKind = column("What was decided.")
    record_keys: list[str] = column("Keys of the records it is about.", "records")
    apart_keys: list[str] = column("Of a split: the keys of the records that went.", "apart", default=())
    decided_by: str = column("Who decided.", "by")
    decided_at: datetime = instant("When.", "at")
    reason: str | None = column("Why.")
    is_reverted: bool = momentary(
        "Whether it was taken back.", lambda values, _: values[0] is not None, Column("reverted_at", instant=True)
    )
    reverted_at: datetime | None = instant("When it was taken back; null while it holds.")
    reverted_by: str | None = column("Who took it back.")
    reverted_because: str | None = column("Why it was taken back.")
