"""What HubSpot's numbers and names mean: owners and their teams, stages and pipelines, properties of one's own."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from connectors.crm.hubspot_api import Account, Owner, Pipeline, Property, Stage, text
from connectors.crm.hubspot_deliveries import OURS
from connectors.records import said

OPTED_OUT = re.compile(r"hs_email_optout_\d+")
"""A contact's opt-out of one type of subscription; its label names the type."""


@dataclass(frozen=True, slots=True)
class StageOf:
    """A stage of deals by its label, and whether a deal that is in it is won or lost."""

    label: str
    won: bool
    lost: bool


class Codebook:
    """The meanings, as they are when a reading begins. Not part of what is told of a record that was refused."""

    def __init__(
        self,
        account: Account,
        owners: Sequence[Owner] = (),
        pipelines: Sequence[Pipeline] = (),
        properties: Sequence[Property] = (),
        mapped: Sequence[str] = (),
        extra: Collection[str] = (),
    ) -> None:
        self.currency = account.company_currency
        domain, portal = account.ui_domain, account.portal_id
        self._records = f"https://{domain}/contacts/{portal}/record" if domain else None
        self._owners = {str(owner.id): _name(owner) for owner in owners}
        self._teams = {str(owner.id): _team(owner) for owner in owners}
        self._pipelines = {str(one.id): one.label for one in pipelines}
        self._stages = {str(stage.id): _stage(stage) for one in pipelines for stage in one.stages}
        self.subscriptions = {
            one.name: (one.label or one.name).rpartition(":")[2].strip()
            for one in properties
            if OPTED_OUT.fullmatch(one.name)
        }
        self.custom = tuple(
            one.name
            for one in properties
            if (not one.hubspot_defined or one.name in extra)
            and not one.archived
            and one.name not in mapped
            and not one.name.startswith(OURS)
        )

    def __repr__(self) -> str:
        return "Codebook()"

    def owner(self, number: str | None) -> str | None:
        """An owner's name, or the number of somebody unknown."""
        return None if number is None else self._owners.get(number, number)

    def team(self, owner: str | None) -> str | None:
        """The main team of an owner."""
        return None if owner is None else self._teams.get(owner)

    def pipeline(self, identifier: str | None) -> str | None:
        """A pipeline by its label."""
        return None if identifier is None else self._pipelines.get(identifier, identifier)

    def stage(self, identifier: str) -> StageOf:
        """A stage; one that is gone from the pipelines keeps its id for a label."""
        known = self._stages.get(identifier)
        return known or StageOf(identifier, won=identifier == "closedwon", lost=identifier == "closedlost")

    def url(self, object_type: str, identifier: str) -> str | None:
        """Where people see a record; `object_type` is HubSpot's number of it, `0-1` for contacts."""
        return None if self._records is None else f"{self._records}/{object_type}/{identifier}"


def _name(owner: Owner) -> str:
    full = " ".join(part for part in (said(owner.first_name), said(owner.last_name)) if part)
    return full or said(owner.email) or str(owner.id)


def _team(owner: Owner) -> str | None:
    first = next((team for team in owner.teams if team.primary), owner.teams[0] if owner.teams else None)
    return None if first is None else said(first.name)


def _stage(stage: Stage) -> StageOf:
    closed = text(stage.metadata.is_closed) == "true"
    try:
        won = float(stage.metadata.probability or 0) >= 1
    except ValueError:
        won = False
    return StageOf(stage.label, won=closed and won, lost=closed and not won)
