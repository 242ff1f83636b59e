"""The golden record as it stands in the graph: the properties of a Customer and of an Account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from connectors.records import Account, Address
from graph.customer.consent import EffectiveConsent
from graph.customer.journey import Journey
from graph.customer.stages import Lifecycle
from graph.customer.survivorship import GoldenRecord, TrustedRecord
from graph.linkage import normalise

Properties = dict[str, Any]


def customer_row(
    id: str,
    golden: GoldenRecord,
    journey: Journey,
    consents: Sequence[EffectiveConsent],
    *,
    records: Sequence[str],
    people: Sequence[TrustedRecord],
    lifecycle: Lifecycle,
) -> Properties:
    """One row for `graph/writes/write_customers.cypher`; instants are epoch milliseconds."""
    values = golden.values
    address: Address = values.get("address") or Address()
    stage = journey.transitions[-1].stage if journey.transitions else lifecycle.names[0]
    emails = [email.address for email in golden.emails]
    phones = [phone.number for phone in golden.phones]
    inbound = [event.at for event in journey.events if event.is_activity]
    name = display_name(golden, records)
    properties: Properties = {
        "display_name": name,
        "given_name": values.get("given_name"),
        "family_name": values.get("family_name"),
        "sort_name": _sort_name(values, name),
        "primary_email": emails[0] if emails else None,
        "primary_phone": phones[0] if phones else None,
        "emails": _json(golden.emails),
        "phones": _json(golden.phones),
        "job_title": values.get("job_title"),
        "birth_date": values["birth_date"].isoformat() if "birth_date" in values else None,
        "locale": values.get("locale"),
        "timezone": values.get("timezone"),
        "street": address.street,
        "city": address.city,
        "region": address.region,
        "postal_code": address.postal_code,
        "country": address.country,
        "account_name": values.get("account_name"),
        "owner": values.get("owner"),
        "team": values.get("team"),
        "tags": list(golden.tags) or None,
        "external_ids": _json(golden.external_ids) if golden.external_ids else None,
        "lifecycle_stage": stage,
        "stage_rank": lifecycle.rank(stage),
        "stage_said": lifecycle.said(values.get("stage_said")) or values.get("stage_said"),
        "consents": _json(consents),
        "provenance": _json(golden.provenance),
        "sources": sorted({key.split("/", 1)[0] for key in records}),
        "record_count": len(records),
        "interaction_count": len(journey.events),
        "first_record": min(records),
    }
    created = [record.person.created_at for record in people if record.person.created_at]
    updated = [record.person.updated_at for record in people if record.person.updated_at]
    return {
        "id": id,
        "properties": properties,
        "created_at": _millis(min(created)) if created else None,
        "updated_at": _millis(max(updated)) if updated else None,
        "first_at": journey.events[0].at if journey.events else None,
        "last_at": journey.events[-1].at if journey.events else None,
        "last_inbound_at": max(inbound) if inbound else None,
        "reactivated_at": journey.reactivated_at,
        "churned_at": journey.churned_at,
    }


def display_name(golden: GoldenRecord, records: Sequence[str]) -> str:
    """What to call somebody: their names, else their full name, address, number, or the record's own key."""
    parts = [golden.values.get("given_name"), golden.values.get("family_name")]
    whole = " ".join(part for part in parts if part)
    full: str | None = golden.values.get("full_name")
    if full and len(full.split()) > len(whole.split()) and not all(parts):
        return full
    if whole or full:
        return whole or str(full)
    if golden.emails:
        return golden.emails[0].address
    if golden.phones:
        return golden.phones[0].number
    return min(records)


HOLDERS = (
    "display_name", "given_name", "family_name", "primary_email", "primary_phone", "job_title", "birth_date", "locale",
    "timezone", "account_name", "owner", "team", "stage_said", "street", "postal_code", "city", "region", "country",
)  # fmt: skip
"""The properties of a customer that hold golden values."""


def golden_value(field: str, held: Mapping[str, Any]) -> Any:
    """The value of a field of the golden record, of what a customer holds in `HOLDERS`; None where it holds none.

    An address is one text, as among what did not survive. A full name is held only by who is called so.
    """
    match field:
        case "email" | "phone":
            return held[f"primary_{field}"]
        case "address":
            return ", ".join(str(held[part]) for part in HOLDERS[-5:] if held[part]) or None
        case "full_name":
            parts = " ".join(str(held[part]) for part in ("given_name", "family_name") if held[part])
            return held["display_name"] if held["display_name"] != parts else None
        case _:
            return held.get(field)


def account_row(id: str, records: Sequence[tuple[str, Account, float]]) -> Properties:
    """One row for `graph/writes/write_accounts.cypher`; `records` are (key, account, trust), the most trusted wins."""
    ranked = sorted(records, key=lambda item: (item[1].deleted_at is not None, -item[2], item[0]))
    provenance: dict[str, dict[str, str]] = {}

    def best(field: str) -> Any:
        for key, account, _ in ranked:
            value = getattr(account, field)
            if value is not None:
                provenance[field] = {"record": key, "rule": "most_trusted" if len(ranked) > 1 else "only value"}
                return value
        return None

    name = best("name") or best("domain") or ranked[0][0]
    address: Address = best("address") or Address()
    domain = best("domain")
    properties: Properties = {
        "name": name,
        "sort_name": normalise.text(name) or name.lower(),
        "domain": domain,
        "industry": best("industry"),
        "size": best("size"),
        "owner": best("owner"),
        "street": address.street,
        "city": address.city,
        "region": address.region,
        "postal_code": address.postal_code,
        "country": address.country,
        "provenance": _json(provenance),
        "sources": sorted({account.source for _, account, _ in records}),
        "record_count": len(records),
        "first_record": min(key for key, _, _ in records),
    }
    created = [account.created_at for _, account, _ in records if account.created_at]
    updated = [account.updated_at for _, account, _ in records if account.updated_at]
    return {
        "id": id,
        "properties": properties,
        "created_at": _millis(min(created)) if created else None,
        "updated_at": _millis(max(updated)) if updated else None,
    }


def _sort_name(values: dict[str, Any], name: str) -> str:
    family = values.get("family_name")
    if family is None:
        return normalise.text(name) or name.lower()
    return normalise.text(f"{family} {values.get('given_name') or ''}") or name.lower()


def _json(value: Any) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()


def _millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
