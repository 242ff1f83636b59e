"""What Mailchimp pushes: whom something happened to. It is not signed, so what is true of them is asked for.

https://mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks/
"""

from __future__ import annotations

from urllib.parse import parse_qs

from connectors.errors import RecordError
from connectors.exports.mailchimp import subscriber_hash
from connectors.hookspecs import WebhookRequest
from connectors.marketing.mailchimp_api import Mailchimp, Member
from connectors.marketing.mailchimp_members import Moved
from connectors.vanished import Gone

ABOUT_A_MEMBER = frozenset({"subscribe", "unsubscribe", "profile", "cleaned", "upemail"})


async def told_by_push(mailchimp: Mailchimp, audience: str, request: WebhookRequest) -> list[Member | Moved | Gone]:
    """The member as Mailchimp has them now; who has a new address is two. Pushes about other things are let go.

    Raises RecordError for a body that is none of Mailchimp's, and the errors of `SourceClient`.
    """
    form = _form(request.body)
    kind = form.get("type")
    if kind is None:
        raise RecordError(f"[{mailchimp.source}] this is no push of Mailchimp: it has no 'type'.")
    if kind not in ABOUT_A_MEMBER or form.get("data[list_id]", audience) != audience:
        return []
    address = form.get("data[new_email]") or form.get("data[email]")
    if not address:
        raise RecordError(f"[{mailchimp.source}] the push {kind!r} of Mailchimp names no address.")
    identifier = subscriber_hash(address)
    told: list[Member | Moved | Gone] = []
    before = form.get("data[old_email]")
    if before and subscriber_hash(before) != identifier:
        told.append(Moved(subscriber_hash(before), identifier))
    member = await mailchimp.member(audience, identifier)
    told.append(Gone(identifier, request.received_at) if member is None else member)
    return told


def _form(body: bytes) -> dict[str, str]:
    try:
        return {name: values[0] for name, values in parse_qs(body.decode("utf-8")).items()}
    except ValueError:
        return {}
