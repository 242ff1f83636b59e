"""One customer's journey as a list: what is in it, and in which order."""

from __future__ import annotations

from graph.figures.timeline import ItemType, timeline
from tests.journeys import answer, event, journeys, ms

TABLE = journeys(
    event("ada", "2026-03-01", "lead.created", team="inside", function="sales", campaign="spring"),
    event("ada", "2026-03-02T09:00", "ticket.created", ticket="help/1", team="first"),
    event("ada", "2026-03-02T09:30", "ticket.reassigned", ticket="help/1", team="second", direction="internal"),
    event("ada", "2026-03-02T10:00", "ticket.replied", ticket="help/1", team="second"),
    event("ada", "2026-03-02T11:00", "email.opened", automated=True),
    answer("ada", "2026-03-03", "csat", 4, ticket="help/1"),
    event("bob", "2026-03-02", "order.placed", order="shop/7"),
)
ADA = int(TABLE.customer_numbers(["ada"])[0])


def test_all_that_belongs_is_there_in_order() -> None:
    """Lead with its stages, the ticket before its first interaction, the handoff with its wait, the score."""
    items = timeline(TABLE, ADA, ms("2026-07-01"))

    assert [(item.type.value, item.kind or item.matter or item.end) for item in items] == [
        ("INTERACTION", "lead.created"),
        ("STAGE_CHANGE", "lead"),
        ("MATTER", "help/1"),
        ("INTERACTION", "ticket.created"),
        ("INTERACTION", "ticket.reassigned"),
        ("HANDOFF", "help/1"),
        ("INTERACTION", "ticket.replied"),
        ("SCORE", "survey.answered"),
    ]
    handoff, score = items[-3], items[-1]
    assert (handoff.begin, handoff.end, handoff.wait) == ("first", "second", 1800.0)
    assert (score.metric, score.score, score.scale_max, score.matter) == ("csat", 4.0, 5.0, "help/1")
    assert (items[2].interactions, items[2].ended_at) == (4, ms("2026-03-03"))
    assert items[0].campaign == "spring"


def test_what_machines_did_and_what_came_later_is_left_out() -> None:
    """With machines there is one item more; as of the second at noon the score has not been given."""
    assert len(timeline(TABLE, ADA, ms("2026-07-01"), include_automated=True)) == 9
    early = timeline(TABLE, ADA, ms("2026-03-02T12:00"))
    assert ItemType.SCORE not in {item.type for item in early}
    assert next(item.interactions for item in early if item.type is ItemType.MATTER) == 3
