"""HubSpot's CSV exports of what happens: deals with their stages, and the submissions of a form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from hashlib import blake2b

import msgspec

from connectors.crm.deals import Deal, Moment, deal_interactions
from connectors.errors import RecordError
from connectors.exports.formats import (
    Context,
    Format,
    Located,
    Mapper,
    asked_for,
    instant,
    number,
    required,
    split_list,
    text,
)
from connectors.hookspecs import StreamKind
from connectors.moments import parse_instant
from connectors.records import (
    BusinessFunction,
    Channel,
    Direction,
    Identifiers,
    Interaction,
    Record,
)


class DealRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the deals export; the dates of stages are in `extra`, because their headers name the stage."""

    id: str | None = None
    name: str | None = None
    stage: str | None = None
    pipeline: str | None = None
    amount: float | None = None
    currency: str | None = None
    owner: str | None = None
    team: str | None = None
    lost_reason: str | None = None
    won_reason: str | None = None
    contact_ids: str | None = None
    company_ids: str | None = None
    created_at: datetime | None = None
    closed_at: datetime | None = None
    extra: dict[str, str] = {}


class SubmissionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a form's submissions; every other column is a field of the form, so it was asked for."""

    title: str | None = None
    page: str | None = None
    at: datetime | None = None
    contact_id: str | None = None
    email: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    phone: str | None = None
    headers: tuple[str, ...] = ()
    extra: dict[str, str] = {}


STAGE_ENTERED = re.compile(r"^Date entered ['\"‘“](?P<stage>.+?)(?: \([^()]*\))?['\"’”]$", re.IGNORECASE)
WON = ("closed won", "closedwon")
LOST = ("closed lost", "closedlost")


def map_deals(context: Context) -> Mapper:
    """A deal is created, goes through stages, is won or lost: each an interaction of each contact of the deal."""

    def map_deal(raw: Located) -> Iterator[Record]:
        row: DealRow = raw.body
        identifier = required(raw, row.id, "Record ID")
        companies = split_list(row.company_ids)
        account = context.reference("hubspot-companies", "companies", companies[0]) if companies else None
        contacts = {one: context.reference("hubspot-contacts", "contacts", one) for one in split_list(row.contact_ids)}
        if not contacts and account is None:
            raise RecordError(
                f"{raw.where}: deal {identifier} has neither 'Associated Contact IDs' nor 'Associated Company IDs'; "
                f"export the deals with their associations."
            )
        moments = _deal_moments(context, raw, row)
        extra = {k: v for k, v in row.extra.items() if STAGE_ENTERED.match(k) is None}
        deal = Deal(
            id=identifier,
            name=row.name,
            amount=row.amount,
            currency=row.currency,
            owner=row.owner,
            team=row.team,
            lost_reason=row.lost_reason,
            won_reason=row.won_reason,
        )
        yield from deal_interactions(context.source, context.stream, deal, moments, contacts, account, extra)

    return map_deal


def _deal_moments(context: Context, raw: Located, row: DealRow) -> list[Moment]:
    """The moments of a deal, in time: what it entered when, its first stage being its creation."""
    entered: list[tuple[datetime, str]] = []
    for header, value in row.extra.items():
        match = STAGE_ENTERED.match(header)
        if match:
            at = parse_instant(value, context.timezone)
            if at is None:
                raise RecordError(f"{raw.where}: {header}: {value!r} is not a date and time.")
            entered.append((at, match["stage"]))
    entered.sort()
    moments: list[Moment] = []
    if row.created_at is not None:
        moments.append(Moment("deal.created", row.created_at))
    stage_now = (row.stage or "").casefold()
    closed: datetime | None = row.closed_at
    for at, stage in entered:
        if stage.casefold() in WON + LOST:
            closed = at if stage.casefold() == stage_now else closed
        elif row.created_at is None or at > row.created_at:
            moments.append(Moment("deal.stage_changed", at, stage))
    if closed is not None and stage_now.startswith(WON):
        moments.append(Moment("deal.won", closed, row.stage))
    elif closed is not None and stage_now.startswith(LOST):
        moments.append(Moment("deal.lost", closed, row.stage))
    if not moments:
        raise RecordError(f"{raw.where}: deal {row.id} has no 'Create Date'.")
    return moments


NOT_ASKED = frozenset(
    {"conversion title", "conversion page", "conversion date", "contact id", "form name", "ip address"}
)


def map_submissions(context: Context) -> Mapper:
    """A submission of a form, with what the form asked for: all of its columns."""
    asked: dict[tuple[str, ...], tuple[str, ...]] = {}

    def map_submission(raw: Located) -> Iterator[Record]:
        row: SubmissionRow = raw.body
        if row.at is None:
            raise RecordError(f"{raw.where}: no value in 'Conversion Date'.")
        if row.headers not in asked:
            asked[row.headers] = tuple(asked_for(h) for h in row.headers if h.strip().casefold() not in NOT_ASKED)
        person: str | Identifiers
        if row.contact_id is not None:
            person = context.reference("hubspot-contacts", "contacts", row.contact_id)
        elif row.email is not None or row.phone is not None:
            full_name = " ".join(part for part in (row.given_name, row.family_name) if part)
            person = Identifiers(email=row.email, phone=row.phone, full_name=full_name or None)
        else:
            raise RecordError(f"{raw.where}: nobody is named: no 'Contact ID', 'Email' or 'Phone Number'.")
        yield Interaction(
            source=context.source,
            stream=context.stream,
            id=submission_id(row.title, row.at, row.email or row.contact_id or row.phone or ""),
            kind="form.submitted",
            occurred_at=row.at,
            person=person,
            function=BusinessFunction.MARKETING,
            channel=Channel.WEB,
            direction=Direction.INBOUND,
            subject=row.title,
            source_url=row.page,
            requested_fields=asked[row.headers],
            extra=dict(row.extra),
        )

    return map_submission


def submission_id(title: str | None, at: datetime, who: str) -> str:
    """An id for a submission without one: nobody sends the same form twice in one moment."""
    return blake2b(f"{title}\n{at.isoformat()}\n{who}".encode(), digest_size=10).hexdigest()


DEALS = Format(
    name="hubspot-deals",
    stream="deals",
    kind=StreamKind.INTERACTIONS,
    body=DealRow,
    mapper=map_deals,
    identity="id",
    needs=("id", "created_at"),
    marks=("Record ID", "Deal Name", "Deal Stage", "Pipeline", "Close Date"),
    columns=(
        text("id", "Record ID", "Record ID - Deal", "Deal ID"),
        text("name", "Deal Name"),
        text("stage", "Deal Stage"),
        text("pipeline", "Pipeline"),
        number("amount", "Amount"),
        text("currency", "Currency"),
        text("owner", "Deal owner"),
        text("team", "HubSpot Team"),
        text("lost_reason", "Closed Lost Reason"),
        text("won_reason", "Closed Won Reason"),
        text("contact_ids", "Associated Contact IDs"),
        text("company_ids", "Associated Company IDs"),
        instant("created_at", "Create Date"),
        instant("closed_at", "Close Date"),
    ),
)

FORM_SUBMISSIONS = Format(
    name="hubspot-form-submissions",
    stream="form-submissions",
    kind=StreamKind.INTERACTIONS,
    body=SubmissionRow,
    mapper=map_submissions,
    needs=("at",),
    marks=("Conversion Date", "Conversion Page", "Conversion Title"),
    columns=(
        text("title", "Conversion Title", "Form Name"),
        text("page", "Conversion Page"),
        instant("at", "Conversion Date"),
        text("contact_id", "Contact ID"),
        text("email", "Email", "Email Address"),
        text("given_name", "First Name"),
        text("family_name", "Last Name"),
        text("phone", "Phone Number", "Phone"),
    ),
)
