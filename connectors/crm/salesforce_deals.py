"""Salesforce's opportunities as deals: created, through their stages, to other owners, won or lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from connectors.crm.deals import Deal, Moment, deal_interactions
from connectors.crm.salesforce_api import SObject, moment_of
from connectors.crm.salesforce_people import ACCOUNTS, PEOPLE
from connectors.errors import RecordError
from connectors.records import Interaction, Tombstone, said


class Ending(msgspec.Struct, frozen=True):
    """What a stage is: still open, or won or lost."""

    closed: bool
    won: bool


def map_opportunity(
    source: str,
    stream: str,
    stages: Mapping[str, Ending],
    lost_reason: str | None,
    currency: str | None,
    row: SObject,
) -> Iterator[Interaction | Tombstone]:
    """What happened to an opportunity, as each contact of it experienced it, or its account; one of nobody gives none.

    `lost_reason` is the field that says why one was lost or won; `currency` that of an org with a single one.
    """
    if row.flag("IsDeleted"):
        at = row.moment("SystemModstamp")
        if at is None:
            raise RecordError(f"opportunity {row.id} is deleted and says not when.")
        yield Tombstone(source=source, stream=stream, id=row.id, deleted_at=at, matter="deal")
        return
    alone = row.said("Account.PersonContactId")
    account = None if alone else row.said("AccountId")
    contacts = sorted(
        {one for role in row.children.get("OpportunityContactRole", ()) if (one := role.get("ContactId"))}
    )
    contacts = contacts or ([alone] if alone else [])
    if not contacts and account is None:
        return
    why = row.said(lost_reason) if lost_reason else None
    deal = Deal(
        id=row.id,
        name=row.said("Name"),
        amount=row.number("Amount"),
        currency=row.said("CurrencyIsoCode") or currency,
        owner=row.said("Owner.Name"),
        team=row.said("Owner.UserRole.Name"),
        lost_reason=why,
        won_reason=why,
    )
    yield from deal_interactions(
        source,
        stream,
        deal,
        _moments(row, stages),
        {one: f"{source}/{PEOPLE}/{one}" for one in contacts},
        None if account is None else f"{source}/{ACCOUNTS}/{account}",
        _extra(row, lost_reason),
    )


def _moments(row: SObject, stages: Mapping[str, Ending]) -> list[Moment]:
    """Created, each stage it entered, each new owner, and its end where it has ended; in time."""
    created = row.moment("CreatedDate")
    if created is None:
        raise RecordError(f"opportunity {row.id} has no CreatedDate.")
    history = sorted(
        (at, stage)
        for one in row.children.get("OpportunityHistory", ())
        if (at := moment_of(one, "CreatedDate")) is not None and (stage := said(one.get("StageName"))) is not None
    )
    first = history[0][1] if history else row.said("StageName")
    moments = [Moment("deal.created", created, extra={"stage": first} if first else {})]
    before, entered, closed = first, dict[str, int](), None
    for at, stage in history[1:]:
        if stage == before:
            continue
        before, ending = stage, stages.get(stage)
        if ending is not None and ending.closed:
            closed = at
            continue
        entered[stage] = entered.get(stage, 0) + 1
        moments.append(Moment("deal.stage_changed", at, stage, nth=entered[stage]))
    for change in row.children.get("OpportunityFieldHistory", ()):
        at = moment_of(change, "CreatedDate")
        old, new = said(change.get("OldValue")), said(change.get("NewValue"))
        # Each change is told twice, by id (005…) and by name.
        if at is not None and new is not None and not new.startswith("005"):
            nth = round(at.timestamp() * 1000)
            moments.append(Moment("deal.reassigned", at, agent=new, nth=nth, extra={"from_agent": old} if old else {}))
    if row.flag("IsClosed"):
        ended = closed or row.moment("CloseDate") or row.moment("SystemModstamp") or created
        moments.append(Moment("deal.won" if row.flag("IsWon") else "deal.lost", ended, row.said("StageName")))
    return sorted(moments, key=lambda moment: moment.at)


def _extra(row: SObject, lost_reason: str | None) -> dict[str, Any]:
    kept = ("Type", "LeadSource")
    return {n: v for n, v in row.fields.items() if (n.endswith("__c") and n != lost_reason) or n in kept}
