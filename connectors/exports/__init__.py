"""Export formats of vendors, and plain tables, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from connectors.exports import commerce, hubspot, hubspot_sales, mailchimp, surveys, zendesk
from connectors.exports.formats import Format

FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        known.name: known
        for known in (
            hubspot.CONTACTS,
            hubspot.COMPANIES,
            hubspot_sales.DEALS,
            hubspot_sales.FORM_SUBMISSIONS,
            mailchimp.MEMBERS,
            mailchimp.ACTIVITY,
            zendesk.USERS,
            zendesk.TICKETS,
            zendesk.SATISFACTION_RATINGS,
            zendesk.TICKET_FORMS,
            zendesk.TICKET_FIELDS,
            zendesk.GROUPS,
            zendesk.AGENTS,
            commerce.ORDERS,
            commerce.SUBSCRIPTIONS,
            surveys.SURVEYS,
        )
    }
)
"""Every format that `format = "…"` in plugins.toml may name."""

__all__ = ["FORMATS", "Format"]
