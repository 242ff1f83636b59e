"""Sending surveys: whoever is due and has consented gets a link, by mail, or by a webhook that sends it on."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field

from api.outgoing.mail import AddressRefused, send_mail
from api.outgoing.settings import OutgoingError, OutgoingSettings
from api.outgoing.webhook import NotDelivered, send_webhook
from api.plan.ids import encode_id
from api.surveys.words import words_of
from graph.journeys.keeper import JourneyKeeper
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.errors import LeaseBusy
from graph.surveys.due import due_invitations
from graph.surveys.invitations import (
    Addressee,
    Invitation,
    Kept,
    addressee_of,
    finish_interrupted,
    invite,
    leave,
    note_sent,
    stay,
)

LOG = logging.getLogger("c360.surveys")


@dataclass(slots=True)
class Sent:
    """What was sent, or in a dry run would be; `kept` counts who was not asked, by why."""

    sent: int = 0
    by_survey: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    failure: str | None = None


async def send_surveys(
    store: Store, rules: Rules, keeper: JourneyKeeper, outgoing: OutgoingSettings, now: int, *, dry_run: bool = False
) -> Sent:
    """Ask everybody who is due at `now` (epoch ms). Consent is looked at just before each is sent.

    The invitation is a fact before it leaves, and marked as leaving: a kill then leaves open whether it left, and it
    does not leave again. One that nobody took leaves the next time, with the same link. Raises OutgoingError where
    there is no way out.
    """
    if not rules.survey:
        return Sent()
    if not dry_run:
        _expect_a_way_out(outgoing)
    journeys = await keeper.current()
    due = await asyncio.to_thread(lambda: list(due_invitations(journeys, rules, now)))
    done = Sent()
    try:
        async with store.lease("invite", wait=0):
            if not dry_run:
                await finish_interrupted(store, rules, now)
            for each in due:
                whom = await addressee_of(store, each.survey, each.customer)
                if isinstance(whom, Kept):
                    done.kept[whom.value] += 1
                    continue
                if not dry_run:
                    invitation = await invite(store, each, whom.locale, now)
                    if invitation is None:
                        continue
                    if not await _left(store, outgoing, invitation, whom):
                        done.kept[Kept.REFUSED.value] += 1
                        continue
                    await note_sent(store, rules, invitation, now)
                done.sent += 1
                done.by_survey[each.survey.name] += 1
    except LeaseBusy:
        return done
    except NotDelivered as failure:
        LOG.warning("%s Surveys that are due wait for the next time.", failure)
        done.failure = str(failure)
    return done


async def _left(store: Store, outgoing: OutgoingSettings, invitation: Invitation, whom: Addressee) -> bool:
    """Send it; False where the address is one that takes no mails. Raises NotDelivered, and it leaves another time."""
    await leave(store, invitation)
    try:
        await _send(outgoing, invitation, whom)
    except AddressRefused:
        await stay(store, invitation, refused=True)
        return False
    except NotDelivered:
        await stay(store, invitation)
        raise
    return True


async def _send(outgoing: OutgoingSettings, invitation: Invitation, whom: Addressee) -> None:
    link = f"{outgoing.public_url}/s/{invitation.token}"
    if outgoing.mail is not None:
        _, words = words_of(invitation.language)
        text = f"{invitation.question}\n\n{words.ask}\n{link}\n\n{words.until}\n"
        await send_mail(outgoing.mail, whom.address, words.subject, text, f"survey_{invitation.id}")
    elif outgoing.webhook is not None:
        data = {
            "customerId": encode_id("Customer", whom.customer),
            "survey": invitation.survey,
            "language": invitation.language,
            "question": invitation.question,
            "link": link,
        }
        await send_webhook(outgoing.webhook, f"survey_{invitation.id}", "survey.invited", data)


def _expect_a_way_out(outgoing: OutgoingSettings) -> None:
    if outgoing.public_url is None:
        raise OutgoingError(
            "Surveys need C360_PUBLIC_URL: where customers reach the API, e.g. https://ask.acme.example. "
            "Let only /s/ through to it from there."
        )
    if outgoing.mail is None and outgoing.webhook is None:
        raise OutgoingError("Surveys have no way out. Set C360_SMTP_URL and C360_MAIL_FROM, or C360_WEBHOOK_URL.")
