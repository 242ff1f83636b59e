"""A promise of a service level agreement that Zendesk saw broken, as an interaction of the ticket's requester."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.helpdesk.zendesk_history import requester_of
from connectors.helpdesk.zendesk_reading import Broken
from connectors.helpdesk.zendesk_tickets import CHANNELS, Names
from connectors.records import BusinessFunction, Channel, Direction, Interaction, Tombstone, said


def map_broken(source: str, stream: str, users: str, broken: Broken, names: Names) -> Iterator[Interaction | Tombstone]:
    """`reason` is the metric (`reply_time`), the target in minutes is extra; team and agent are the ticket's as it
    was when it was asked for."""
    event, ticket = broken.event, broken.ticket
    if ticket is None:
        yield Tombstone(source=source, stream=stream, id=str(event.id), deleted_at=event.time)
        return
    requester = requester_of(ticket)
    if requester is None or requester in names.agents:
        return
    promise = event.sla
    extra = {
        "target_minutes": promise.target if promise else None,
        "business_hours": promise.business_hours if promise else None,
        "policy": promise.policy.title if promise and promise.policy else None,
    }
    yield Interaction(
        source=source,
        stream=stream,
        id=str(event.id),
        kind="ticket.sla_breached",
        occurred_at=event.time,
        person=f"{source}/{users}/{requester}",
        function=BusinessFunction.SERVICE,
        channel=CHANNELS.get(str(ticket.via.channel) if ticket.via else "", Channel.OTHER),
        direction=Direction.INTERNAL,
        automated=True,
        team=names.group(ticket.group_id),
        agent=names.agent(ticket.assignee_id),
        subject=said(ticket.subject),
        reason=said(event.metric),
        ticket=f"{source}/{ticket.id}",
        extra={name: value for name, value in extra.items() if value is not None},
    )
