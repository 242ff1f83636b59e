"""Who is in a scenario of Tryton's marketing automation, its mails with opens and clicks, unsubscribes, subscribers.

The moments of an open and a click are not readable; they carry the date at which the mail's row was last written, and
`extra` says so. A newsletter's single mails are not kept by Tryton, only its subscribers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any

import msgspec

from connectors.crm.tryton_changes import Plan, Row, Watched
from connectors.crm.tryton_parties import (
    GoneParty,
    Party,
    Staff,
    absorbing,
    gone_parties,
    is_account,
    read_parties,
)
from connectors.crm.tryton_rpc import Moment, Named, Tryton
from connectors.records import (
    BusinessFunction,
    Channel,
    Consent,
    ConsentStatement,
    ConsentStatus,
    Direction,
    Identifiers,
    Interaction,
    Precision,
    said,
)

RECORD = "marketing.automation.record"
ACTIVITY = "marketing.automation.record.activity"
SUBSCRIBER = "marketing.email"


class Enrolment(msgspec.Struct, frozen=True):
    """Somebody in a scenario: `record` is `"party.party,248"`; `blocked` means unsubscribed."""

    id: int
    record: str | None = None
    blocked: bool | int | None = None
    create_date: Moment | None = None
    write_date: Moment | None = None
    scenario: Named | None = msgspec.field(name="scenario.", default=None)


class Step(msgspec.Struct, frozen=True):
    """A step of a scenario, e.g. a mail."""

    id: int
    name: str | None = None
    action: str | None = None
    email_title: str | None = None
    marketing_campaign: Named | None = msgspec.field(name="marketing_campaign.", default=None)
    marketing_medium: Named | None = msgspec.field(name="marketing_medium.", default=None)


class SentMail(msgspec.Struct, frozen=True):
    """A mail as Tryton keeps it; `recipients` has the address of the day it was sent."""

    id: int
    marketing_automation_activity: int | None = None
    marketing_automation_record: int | None = None
    recipients: str | None = None
    subject: str | None = None
    at: Moment | None = None


class Mail(msgspec.Struct, frozen=True):
    """What one person got in one step of a scenario, and what they did with it."""

    id: int
    state: str | None = None
    at: Moment | None = None
    email_opened: bool | int | None = None
    email_clicked: bool | int | None = None
    create_date: Moment | None = None
    write_date: Moment | None = None
    record: Enrolment | None = msgspec.field(name="record.", default=None)
    activity: Step | None = msgspec.field(name="activity.", default=None)
    sent: SentMail | None = None


class Subscriber(msgspec.Struct, frozen=True):
    """An address on a newsletter's list; inactive means it left."""

    id: int
    email: str | None = None
    active: bool | int = True
    create_date: Moment | None = None
    write_date: Moment | None = None
    list_: Named | None = msgspec.field(name="list_.", default=None)


class Gone(msgspec.Struct, frozen=True):
    """A row that was there at an earlier read and no longer is."""

    id: int
    noticed_at: datetime


ENROLMENT_FIELDS = ("record", "blocked", "create_date", "write_date", "scenario.name")
MAIL_FIELDS = (
    "state at email_opened email_clicked create_date write_date record.record record.blocked record.scenario.name "
    "activity.name activity.action activity.email_title activity.marketing_campaign.name activity.marketing_medium.name"
).split()
SENT_FIELDS = ("marketing_automation_activity", "marketing_automation_record", "recipients", "subject", "at")


def recipients_plan(tryton: Tryton) -> Plan[Party | GoneParty]:
    """Parties in any scenario, with what they said about its mails."""

    staff = Staff(tryton)

    async def of_record(rows: Sequence[Row]) -> list[int]:
        return [number for row in rows if (number := _party_number(str(row.record))) is not None]

    async def of_party(rows: Sequence[Row]) -> list[int]:
        return [row.party for row in rows if row.party is not None]

    async def itself(rows: Sequence[Row]) -> list[int]:
        replaced = {row.id for row in rows if row.replaced_by is not None}
        return [row.id for row in rows] + await absorbing(tryton, replaced)

    async def fetch(ids: Sequence[int]) -> list[Party | GoneParty]:
        references = [f"party.party,{number}" for number in ids]
        rows = await tryton.search_read(RECORD, [["record", "in", references]], ENROLMENT_FIELDS, Enrolment)
        said_by: dict[int, list[Enrolment]] = defaultdict(list)
        for row in rows:
            said_by[_party_number(row.record) or 0].append(row)
        wanted = sorted(set(said_by) - await staff.parties())
        parties = await read_parties(tryton, wanted) if wanted else []
        return [
            # An employer is not in the scenario, so there is no account record to point to.
            msgspec.structs.replace(party, consents=_consents(said_by[party.id]), has_account=False)
            for party in parties
            if not is_account(party)
        ]

    return Plan(
        model="party.party",
        watched=(
            Watched(RECORD, of_record, ("record",)),
            Watched("party.party", itself, ("replaced_by",)),
            Watched("party.contact_mechanism", of_party, ("party",)),
            Watched("party.address", of_party, ("party",)),
        ),
        fetch=fetch,
        gone=gone_parties,
    )


def mails_plan(tryton: Tryton) -> Plan[Mail | Gone]:
    """Mails that were sent, read again when they are opened or clicked."""

    async def fetch(ids: Sequence[int]) -> list[Mail | Gone]:
        domain = [["id", "in", list(ids)], ["state", "=", "done"]]
        mails = await tryton.search_read(ACTIVITY, domain, MAIL_FIELDS, Mail, order=[["id", "ASC"]])
        enrolments = sorted({mail.record.id for mail in mails if mail.record is not None})
        sent = await tryton.search_read(
            "ir.email", [["marketing_automation_record", "in", enrolments]], SENT_FIELDS, SentMail
        )
        by_step = {(one.marketing_automation_record, one.marketing_automation_activity): one for one in sent}
        return [
            msgspec.structs.replace(mail, sent=by_step.get((mail.record.id, mail.activity.id)))
            for mail in mails
            if mail.record is not None and mail.activity is not None and mail.activity.action == "send_email"
        ]

    return Plan(model=ACTIVITY, watched=(Watched(ACTIVITY, _ids),), fetch=fetch, gone=_gone)


def unsubscribes_plan(tryton: Tryton) -> Plan[Enrolment | Gone]:
    """Those who left a scenario."""

    async def fetch(ids: Sequence[int]) -> list[Enrolment | Gone]:
        domain = [["id", "in", list(ids)], ["blocked", "=", True]]
        return list(await tryton.search_read(RECORD, domain, ENROLMENT_FIELDS, Enrolment, order=[["id", "ASC"]]))

    return Plan(model=RECORD, watched=(Watched(RECORD, _ids),), fetch=fetch, gone=_gone)


def subscribers_plan(tryton: Tryton) -> Plan[Subscriber | Gone]:
    """Addresses on newsletters' lists, also those that left."""

    async def fetch(ids: Sequence[int]) -> list[Subscriber | Gone]:
        fields = ("email", "active", "create_date", "write_date", "list_.name")
        domain = [["id", "in", list(ids)]]
        return list(await tryton.search_read(SUBSCRIBER, domain, fields, Subscriber, order=[["id", "ASC"]]))

    return Plan(model=SUBSCRIBER, watched=(Watched(SUBSCRIBER, _ids),), fetch=fetch, gone=_gone)


async def _ids(rows: Sequence[Row]) -> list[int]:
    return [row.id for row in rows]


async def _gone(ids: Sequence[int]) -> list[Any]:
    now = datetime.now(UTC)
    return [Gone(number, now) for number in ids]


def map_mail(source: str, stream: str, recipients: str, mail: Mail) -> Iterator[Interaction]:
    """`email.sent`, and `email.opened` and `email.clicked` as far as they happened."""
    if mail.record is None or mail.activity is None:
        return
    address = said(parseaddr(mail.sent.recipients or "")[1]) if mail.sent else None
    person = _person(source, recipients, mail.record, address)
    if person is None:
        return
    sent_at = mail.sent.at if mail.sent and mail.sent.at else mail.at or mail.create_date
    seen_at = mail.write_date or sent_at
    steps = [("sent", sent_at, Direction.OUTBOUND)]
    steps += [("opened", seen_at, Direction.INBOUND)] if mail.email_opened else []
    steps += [("clicked", seen_at, Direction.INBOUND)] if mail.email_clicked else []
    for sequence, (what, moment, direction) in enumerate(steps):
        if moment is None:
            continue
        utm = mail.activity.marketing_campaign
        extra = {"step": mail.activity.name, "utm_campaign": utm.name if utm else None}
        extra |= {"to": address} if what == "sent" else {"moment": "last change of the mail's row"}
        yield Interaction(
            source=source,
            stream=stream,
            id=f"{mail.id}:{what}",
            kind=f"email.{what}",
            occurred_at=moment.utc,
            precision=Precision.SECOND,
            sequence=sequence,
            activity_id=f"{source}/{stream}/{mail.id}",
            person=person,
            function=BusinessFunction.MARKETING,
            channel=Channel.EMAIL,
            direction=direction,
            automated=what == "sent",
            subject=said(mail.sent.subject) if mail.sent and mail.sent.subject else said(mail.activity.email_title),
            campaign=_campaign(source, mail.record.scenario),
            extra={name: value for name, value in extra.items() if value},
        )


def map_unsubscribe(source: str, stream: str, recipients: str, enrolment: Enrolment) -> Iterator[Interaction]:
    """`email.unsubscribed` of one scenario."""
    person = _person(source, recipients, enrolment, None)
    moment = enrolment.write_date or enrolment.create_date
    if person is None or moment is None or not enrolment.blocked:
        return
    yield Interaction(
        source=source,
        stream=stream,
        id=str(enrolment.id),
        kind="email.unsubscribed",
        occurred_at=moment.utc,
        precision=Precision.MILLISECOND,
        sequence=3,
        person=person,
        function=BusinessFunction.MARKETING,
        channel=Channel.EMAIL,
        direction=Direction.INBOUND,
        subject=said(enrolment.scenario.name) if enrolment.scenario else None,
        campaign=_campaign(source, enrolment.scenario),
    )


def map_subscriber(source: str, stream: str, subscriber: Subscriber) -> Iterator[Consent]:
    """The consent of one address to one newsletter."""
    address = said(subscriber.email)
    if address is None:
        return
    moment = subscriber.write_date or subscriber.create_date
    name = subscriber.list_.name if subscriber.list_ else None
    yield Consent(
        source=source,
        stream=stream,
        id=str(subscriber.id),
        person=Identifiers(email=address),
        statement=ConsentStatement(
            channel=Channel.EMAIL,
            purpose="newsletter",
            status=ConsentStatus.GRANTED if subscriber.active else ConsentStatus.REVOKED,
            at=moment.utc if moment else None,
            evidence=f"list {name}" if name else None,
        ),
    )


def _consents(enrolments: Sequence[Enrolment]) -> tuple[ConsentStatement, ...]:
    """Being in a scenario is no consent; leaving one revokes it."""
    return tuple(
        ConsentStatement(
            channel=Channel.EMAIL,
            purpose="marketing",
            status=ConsentStatus.REVOKED,
            at=row.write_date.utc if row.write_date else None,
            evidence=f"unsubscribed from {row.scenario.name}" if row.scenario else None,
        )
        for row in sorted(enrolments, key=lambda row: row.id)
        if row.blocked
    )


def _person(source: str, recipients: str, enrolment: Enrolment, address: str | None) -> str | Identifiers | None:
    number = _party_number(enrolment.record)
    if number is not None:
        return f"{source}/{recipients}/{number}"
    return Identifiers(email=address) if address else None


def _party_number(reference: str | None) -> int | None:
    model, _, number = (reference or "").partition(",")
    return int(number) if model == "party.party" and number.isdigit() else None


def _campaign(source: str, scenario: Named | None) -> str | None:
    return f"{source}/{scenario.name}" if scenario and scenario.name else None
