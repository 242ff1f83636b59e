"""What Freshdesk's automation rules push: the ticket that something happened to. It is not signed, so what is true of
the ticket is asked for.

https://support.freshdesk.com/support/solutions/articles/132589-using-webhooks-in-automation-rules
"""

from __future__ import annotations

import msgspec

from connectors.errors import RecordError
from connectors.helpdesk.freshdesk_api import Id
from connectors.hookspecs import WebhookRequest


class _Said(msgspec.Struct, frozen=True):
    ticket_id: Id | None = None


class _Push(msgspec.Struct, frozen=True):
    """A content of one's own, or what is ticked in "simple" content."""

    ticket_id: Id | None = None
    freshdesk_webhook: _Said | None = None


def ticket_of(source: str, request: WebhookRequest) -> str:
    """The number of the ticket; RecordError for a body that names none."""
    try:
        push = msgspec.json.decode(request.body, type=_Push)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RecordError(f"[{source}] this is no push of Freshdesk: {error}.") from None
    said = push.ticket_id if push.freshdesk_webhook is None else push.freshdesk_webhook.ticket_id
    number = "" if said is None else str(said)
    # Nobody has signed it, and it becomes part of an address.
    if not (number.isascii() and number.isdigit()):
        raise RecordError(
            f'[{source}] the push of Freshdesk names no ticket: its content must have "ticket_id": "{{{{ticket.id}}}}".'
        )
    return number
