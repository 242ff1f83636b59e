"""The measurement plan in rules.toml: [[kpi]] says which figure, from where, whose, with what target; [[report]] who
is told.

One named person answers for a figure. A department does not: it cannot be asked.
"""

from __future__ import annotations

import re

import msgspec

from connectors.errors import C360Error

CADENCES = ("daily", "weekly", "monthly", "quarterly")
DEPARTMENTS = frozenset(
    """
    accounting account accounts analytics bi board business care channel company controlling crm customer customers data
    department desk digital e-commerce ecommerce everybody everyone experience finance growth head helpdesk hr insights
    it kundendienst leadership logistics management manager managers marketing nobody none office onboarding operations
    ops owner people platform product projects retention revenue sales service staff success support tba tbd team teams
    unknown vertrieb web
    """.split()
)
_PERSON = re.compile(r"^[^\W\d_][^\d_@,;/&+]*\s+[^\d_@,;/&+]*[^\W\d_]\.?$")
_ADDRESS = re.compile(r"^([^@\s,;]+)@[^@\s,;]+\.[^@\s,;]+$")


class PlanError(C360Error):
    """The measurement plan cannot be used; the text says which entry, why and what to write."""


class KpiPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the measurement plan says of one KPI."""

    key: str
    owner: str | None = None
    """The person who answers for it: first and family name, or their e-mail address. No department."""
    target: float | None = None
    """In the KPI's own unit; a share as percent."""
    source: tuple[str, ...] = ()
    """The sources (of plugins.toml) that it rests on."""
    cadence: str = "weekly"
    """How often it is looked at: daily, weekly, monthly, quarterly. A source that was not read for so long is stale,
    and the figure has no value."""


class ReportRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A board that is sent: figures of the last full day, week, month or quarter, with the change since before."""

    title: str
    owner: str
    """The person who answers for it."""
    kpis: tuple[str, ...]
    cadence: str = "weekly"
    to: tuple[str, ...] = ()
    """E-mail addresses."""
    webhook: bool = False
    """Send it to the webhook too."""


def check_plan(kpis: tuple[KpiPlan, ...], reports: tuple[ReportRule, ...]) -> None:
    """Refuse what makes no sense; raises PlanError."""
    keys = [plan.key for plan in kpis]
    for plan in kpis:
        where = f"[[kpi]] {plan.key}"
        if keys.count(plan.key) > 1:
            raise PlanError(f"{where} stands there twice. Keep one of them.")
        if plan.owner is not None:
            check_owner(plan.owner, where)
        _check_cadence(plan.cadence, where)
    titles = [report.title for report in reports]
    for report in reports:
        where = f"[[report]] {report.title}"
        if titles.count(report.title) > 1:
            raise PlanError(f"{where} stands there twice. Give each its own title.")
        check_owner(report.owner, where)
        _check_cadence(report.cadence, where)
        if not report.kpis:
            raise PlanError(f'{where} has no kpis. Name some, e.g. kpis = ["nps_relationship", "churn"].')
        for address in report.to:
            if not _ADDRESS.match(address):
                raise PlanError(f"{where}: '{address[:80]}' is no e-mail address.")
        if not report.to and not report.webhook:
            raise PlanError(f"{where} goes to nobody. Name addresses in `to`, or write webhook = true.")


def check_owner(owner: str, where: str) -> None:
    """One named person: two words or an e-mail address, none of them a department's; raises PlanError."""
    text = owner.strip()
    address = _ADDRESS.match(text)
    words = re.split(r"[\s._+-]+", (address.group(1) if address else text).lower())
    department = next((word for word in words if word in DEPARTMENTS), None)
    if department is not None:
        raise PlanError(
            f"{where}: owner '{owner[:80]}' is a department or a role ('{department}'), which nobody can ask. "
            'Name one person, e.g. owner = "Ines Marl" or "ines.marl@acme.example".'
        )
    if address is None and not _PERSON.match(text):
        raise PlanError(
            f"{where}: owner '{owner[:80]}' is not one named person. "
            'Write first and family name, or their e-mail address, e.g. owner = "Ines Marl".'
        )


def _check_cadence(cadence: str, where: str) -> None:
    if cadence not in CADENCES:
        raise PlanError(f"{where}: cadence '{cadence[:40]}' is not known. Write one of {', '.join(CADENCES)}.")
