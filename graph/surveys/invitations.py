"""Invitations: a fact before anything is sent, sent once the customer's consent holds, answered once."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec

from connectors.records import (
    BusinessFunction,
    Channel,
    ConsentStatus,
    Direction,
    Interaction,
    SurveyMetric,
    SurveyProgram,
)
from graph.cypher import cypher
from graph.rules import Rules
from graph.store.driver import Store
from graph.surveys.due import Due
from graph.surveys.rules import SCALES, SurveyRule, wording
from graph.sync.recording import SOURCE, STREAM, NotRecorded, Report, new_id, record
from graph.sync.request import request_hash

DAY = 86_400_000
LONGEST_COMMENT = 5_000
BY = "surveys"
"""Who records what was sent and answered."""


class Kept(StrEnum):
    """Why somebody is not asked just now."""

    NO_ADDRESS = "no address"
    NO_CONSENT = "no consent"
    REFUSED = "address refused"


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom an invitation goes to; nothing of it is stored with the invitation."""

    customer: str
    address: str
    locale: str | None


@dataclass(frozen=True, slots=True)
class Invitation:
    """A question to one customer; moments in epoch milliseconds."""

    id: str
    token: str
    survey: str
    metric: str
    program: str
    language: str
    question: str
    about: str
    expires_at: int
    answered_at: int | None
    customer: str | None
    """Who the customer is now; None when the record describes nobody any more."""

    @property
    def scale(self) -> tuple[int, int]:
        return SCALES[self.metric]


async def addressee_of(store: Store, survey: SurveyRule, customer: str) -> Addressee | Kept:
    """Where a survey reaches a customer, if they have consented to it as of now."""
    row = await store.read_one(cypher("writes/read_addressee"), id=customer)
    if row is None or row[1] is None:
        return Kept.NO_ADDRESS
    statements: list[dict[str, Any]] = msgspec.json.decode(row[3]) if row[3] else []
    granted = any(
        said["channel"] == Channel.EMAIL
        and said["purpose"] == survey.purpose
        and said["status"] == ConsentStatus.GRANTED
        for said in statements
    )
    return Addressee(row[0], row[1], row[2]) if granted else Kept.NO_CONSENT


async def invite(store: Store, due: Due, locale: str | None, now: int) -> Invitation | None:
    """Write the invitation, once a survey and interaction; None when it was sent, or refused, before."""
    language, question = wording(due.survey, locale)
    await store.write(
        cypher("writes/make_invitation"),
        id=due.id,
        token=secrets.token_urlsafe(24),
        survey=due.survey.name,
        metric=due.survey.metric,
        program=due.survey.program,
        language=language,
        question=question,
        about=due.about,
        now=now,
        expires=now + int(due.survey.valid_days * DAY),
    )
    row = await store.read_one(cypher("writes/read_invitation"), id=due.id, token=None)
    return None if row is None or row[-1] else Invitation(*row[:-1])


async def invitation_of(store: Store, token: str) -> Invitation | None:
    """The invitation that a link leads to."""
    row = await store.read_one(cypher("writes/read_invitation"), id=None, token=token)
    return None if row is None else Invitation(*row[:-1])


async def leave(store: Store, invitation: Invitation) -> None:
    """The invitation is about to leave. Whoever finds it so after a kill cannot know whether it did: it counts as sent.

    The caller holds the lease `invite`, so it is one at a time.
    """
    await store.write(cypher("writes/leave_invitation"), id=invitation.id)


async def stay(store: Store, invitation: Invitation, *, refused: bool = False) -> None:
    """It did not leave; refused by its address it does not leave again either."""
    await store.write(cypher("writes/stay_invitation"), id=invitation.id, refused=refused)


async def finish_interrupted(store: Store, rules: Rules, now: int) -> None:
    """Take for sent what was about to leave when its sender was killed. The caller holds the lease `invite`."""
    row = await store.read_one(cypher("writes/leaving_invitation"))
    invitation = None if row is None else await invitation_of(store, row[0])
    if invitation is not None:
        await note_sent(store, rules, invitation, now)


async def note_sent(store: Store, rules: Rules, invitation: Invitation, now: int) -> None:
    """The invitation has left: its customer experienced it."""
    said = _interaction(
        invitation, "survey.sent", new_id(BY, f"sent {invitation.id}"), Direction.OUTBOUND, now, automated=True
    )
    if invitation.customer is not None:
        report = Report(
            said, customer=invitation.customer, by=BY, idempotency_key=f"sent {invitation.id}", request=invitation.id
        )
        done = await record(store, rules, report)
        await store.write(cypher("writes/tie_invitation"), interaction=done.interaction, about=invitation.about)
    await store.write(cypher("writes/note_sent_invitation"), id=invitation.id, now=now)


async def answer(store: Store, rules: Rules, invitation: Invitation, score: int, comment: str | None) -> bool:
    """Keep the answer as a fact of the journey; False when there is one already. Raises NotRecorded."""
    now = time.time_ns() // 1_000_000
    said = _interaction(
        invitation,
        "survey.answered",
        new_id(BY, invitation.id),
        Direction.INBOUND,
        now,
        score=float(score),
        text=(comment or "").strip()[:LONGEST_COMMENT] or None,
    )
    report = Report(
        said,
        customer=invitation.customer,
        by=BY,
        idempotency_key=invitation.id,
        request=request_hash(score, comment),
    )
    try:
        is_new = not (await record(store, rules, report)).replayed
    except NotRecorded as refused:
        if refused.code != "IDEMPOTENCY_KEY_REUSED":
            raise
        is_new = False  # another answer is there, of which a kill may have kept the invitation from knowing
    await store.write(cypher("writes/note_answered_invitation"), id=invitation.id, now=now)
    return is_new


def _interaction(invitation: Invitation, kind: str, id: str, direction: Direction, at: int, **more: Any) -> Interaction:
    low, high = invitation.scale
    return Interaction(
        source=SOURCE,
        stream=STREAM,
        id=id,
        kind=kind,
        occurred_at=datetime.fromtimestamp(at / 1000, UTC),
        function=BusinessFunction.SERVICE,
        channel=Channel.EMAIL if kind == "survey.sent" else Channel.WEB,
        direction=direction,
        metric=SurveyMetric(invitation.metric),
        scale=(float(low), float(high)),
        program=SurveyProgram(invitation.program),
        question=invitation.question,
        survey_token=invitation.token,
        **more,
    )
