"""Salesforce's activities and campaigns: calls, e-mails, meetings that were held, answers to campaigns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from connectors.crm.salesforce_api import SObject
from connectors.crm.salesforce_people import ACCOUNTS, PEOPLE
from connectors.errors import RecordError
from connectors.records import BusinessFunction, Channel, Direction, Interaction, Precision, Tombstone

ATTENDED = ("event", "webinar", "conference", "trade show", "seminar", "workshop")
"""Words of a campaign's type whose response is that somebody came."""
MEMBER_KINDS = ("email.sent", "event.attended", "campaign.responded")


def map_task(source: str, stream: str, row: SObject) -> Iterator[Interaction | Tombstone]:
    """A call that was made, or an e-mail that was written; a task that is not done yet is none."""
    if row.flag("IsDeleted") or not row.flag("IsClosed"):
        yield _gone(source, stream, row.id, row)
        return
    whom = _whom(source, row)
    if whom is None:
        return
    call = "call" in (row.said("TaskSubtype") or "").casefold() or (row.said("Type") or "").casefold() == "call"
    done, day = row.moment("CompletedDateTime"), row.moment("ActivityDate")
    at = done or day or row.moment("CreatedDate")
    if at is None:
        raise RecordError(f"task {row.id} has no date.")
    lasted = row.number("CallDurationInSeconds")
    inbound = (row.said("CallType") or "").casefold() == "inbound"
    yield Interaction(
        source=source,
        stream=stream,
        id=row.id,
        kind="call.made" if call else "conversation.message",
        occurred_at=at,
        precision=Precision.DAY if done is None and day is not None else Precision.SECOND,
        ended_at=at + timedelta(seconds=lasted) if lasted else None,
        function=BusinessFunction.SALES,
        channel=Channel.PHONE if call else Channel.EMAIL,
        direction=Direction.INBOUND if inbound else Direction.OUTBOUND,
        agent=row.said("Owner.Name"),
        subject=row.said("Subject"),
        text=row.said("Description"),
        deal=_deal(source, row),
        extra=_own(row) | ({"disposition": result} if (result := row.said("CallDisposition")) else {}),
        **whom,
    )


def map_event(source: str, stream: str, row: SObject) -> Iterator[Interaction | Tombstone]:
    """A meeting, once it has begun, for each who is invited; one that was moved ahead or deleted is taken back."""
    whom, others = _whom(source, row), _others(row)
    if row.flag("IsDeleted") or not row.held:
        for who in (None, *others):
            yield _gone(source, stream, row.id if who is None else f"{row.id}:{who}", row)
        return
    if whom is not None:
        yield _meeting(source, stream, row, row.id, whom)
    for who, invited in others.items():
        if invited:
            yield _meeting(source, stream, row, f"{row.id}:{who}", {"person": f"{source}/{PEOPLE}/{who}"})
        else:
            yield _gone(source, stream, f"{row.id}:{who}", row)


def _meeting(source: str, stream: str, row: SObject, identifier: str, whom: dict[str, Any]) -> Interaction:
    at = row.moment("StartDateTime") or row.moment("ActivityDate")
    if at is None:
        raise RecordError(f"event {row.id} has no StartDateTime.")
    place = (row.said("Location") or "").casefold()
    online = any(word in place for word in ("http", "zoom", "teams", "meet", "online"))
    return Interaction(
        source=source,
        stream=stream,
        id=identifier,
        activity_id=f"{source}/{stream}/{row.id}",
        kind="meeting.held",
        occurred_at=at,
        precision=Precision.DAY if row.flag("IsAllDayEvent") else Precision.SECOND,
        ended_at=row.moment("EndDateTime"),
        function=BusinessFunction.SALES,
        channel=Channel.WEB if online else Channel.IN_PERSON if place else Channel.OTHER,
        direction=Direction.OUTBOUND,
        agent=row.said("Owner.Name"),
        subject=row.said("Subject"),
        text=row.said("Description"),
        deal=_deal(source, row),
        extra=_own(row),
        **whom,
    )


def map_member(source: str, stream: str, row: SObject) -> Iterator[Interaction | Tombstone]:
    """What a campaign was for one person: a mail that was sent, and a response where they gave one."""
    if row.flag("IsDeleted"):
        for kind in MEMBER_KINDS:
            yield _gone(source, stream, f"{row.id}:{kind}", row)
        return
    person = row.said("ContactId") or row.said("LeadId")
    kind = (row.said("Campaign.Type") or "").casefold()
    mail = kind.replace("-", "") in ("email", "email campaign", "newsletter")
    came = any(word in kind for word in ATTENDED)
    response = ("event.attended" if came else "campaign.responded", row.moment("FirstRespondedDate"))
    for what, at in (("email.sent", row.moment("CreatedDate") if mail else None), response):
        if at is None or person is None or (what != "email.sent" and not row.flag("HasResponded")):
            continue
        yield Interaction(
            source=source,
            stream=stream,
            id=f"{row.id}:{what}",
            kind=what,
            occurred_at=at,
            precision=Precision.SECOND if what == "email.sent" else Precision.DAY,
            person=f"{source}/{PEOPLE}/{person}",
            function=BusinessFunction.MARKETING,
            channel=Channel.EMAIL if mail else Channel.OTHER,
            direction=Direction.OUTBOUND if what == "email.sent" else Direction.INBOUND,
            automated=what == "email.sent",
            subject=row.said("Campaign.Name"),
            campaign=f"{source}/{campaign}" if (campaign := row.said("CampaignId")) else None,
            extra=_own(row) | ({"status": status} if (status := row.said("Status")) else {}),
        )


def _others(row: SObject) -> dict[str, bool]:
    """The contacts (003) and leads (00Q) beside the first, and whether they are still invited."""
    relations = row.children.get("EventRelation", ())
    told = [(who, one.get("IsDeleted") != "true") for one in relations if (who := one.get("RelationId")) is not None]
    invited = {who: there for who, there in sorted(told) if who.startswith(("003", "00Q"))}
    invited.pop(row.said("WhoId") or "", None)
    return invited


def _whom(source: str, row: SObject) -> dict[str, Any] | None:
    """The contact or lead it is with, else the account; None for one of nobody."""
    alone = row.said("Account.PersonContactId")
    who, account = row.said("WhoId") or alone, None if alone else row.said("AccountId")
    if who is None and account is None:
        return None
    return {
        "person": None if who is None else f"{source}/{PEOPLE}/{who}",
        "account": None if account is None else f"{source}/{ACCOUNTS}/{account}",
    }


def _deal(source: str, row: SObject) -> str | None:
    """The opportunity (its ids begin with 006) that it is about."""
    what = row.said("WhatId")
    return f"{source}/{what}" if what is not None and what.startswith("006") else None


def _own(row: SObject) -> dict[str, Any]:
    return {name: value for name, value in row.fields.items() if name.endswith("__c")}


def _gone(source: str, stream: str, identifier: str, row: SObject) -> Tombstone:
    at = row.moment("SystemModstamp")
    if at is None:
        raise RecordError(f"{stream} {row.id} has no SystemModstamp.")
    return Tombstone(source=source, stream=stream, id=identifier, deleted_at=at)
