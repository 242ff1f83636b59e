"""What goes wrong between marketing and sales: leads that wait, and leads that come round again."""

from __future__ import annotations

import numpy as np

from graph.customer.stages import Lifecycle
from graph.figures.pain.occurrences import HOUR_MS, Occurrences
from graph.figures.scope import Scope
from graph.journeys.timeline import Timeline
from graph.journeys.view import Mask, View

NEW_LEAD = ("lead.created", "form.submitted")
TAKEN_UP = ("lead.accepted", "lead.rejected", "deal.created", "call.made", "meeting.held", "quote.sent")


def slow_lead_responses(scope: Scope) -> Occurrences:
    """Leads that nobody took up within `lead_response_hours` (24) hours; told apart by channel.

    Taken up: accepted, rejected or made a deal, a call, a meeting, a quote, or the first outbound interaction that is
    neither automated nor part of a campaign. Who is a customer already is no lead; two signs within the hours are one
    lead; leads younger than the hours are left out.
    """
    view, hours = scope.view, int(scope.rules.pain_points.lead_response_hours * HOUR_MS)
    leads = Timeline.of(view, view.kinds(*NEW_LEAD) & ~_has_bought(view))
    before = leads.last_before(leads.unit, leads.at)
    again = (before >= 0) & (leads.at - leads.at[before] <= hours)
    again[1:] |= (leads.unit[1:] == leads.unit[:-1]) & (leads.at[1:] == leads.at[:-1])
    taken = Timeline.of(view, _is_follow_up(view) | view.kinds(*TAKEN_UP))
    waited = taken.count(leads.unit, leads.at - 1, leads.at + hours) == 0
    slow = waited & ~again & (leads.at + hours <= scope.now_ms)
    if scope.only.narrows:
        slow &= scope.only.fits(view)[leads.rows]
    found = Occurrences.of(leads.unit[slow], leads.at[slow], view.coded("channel").take(leads.rows[slow]))
    return found.within(scope.period)


def recycled_leads(scope: Scope) -> Occurrences:
    """Leads that were rejected and came round again: created or accepted anew after a rejection; told apart by the
    rejection's reason."""
    view = scope.view
    again = view.kinds("lead.created", "lead.accepted")
    rejected = view.kinds("lead.rejected")
    both = Timeline.of(view, again | rejected)
    is_rejection = rejected[both.rows]
    comes = np.zeros(len(both), np.bool_)
    comes[1:] = (both.unit[1:] == both.unit[:-1]) & is_rejection[:-1] & ~is_rejection[1:]
    if scope.only.narrows:
        comes &= scope.only.fits(view)[both.rows]
    places = np.flatnonzero(comes)
    reason = view.coded("reason").take(both.rows[places - 1])
    return Occurrences.of(both.unit[places], both.at[places], reason).within(scope.period)


def _has_bought(view: View) -> Mask:
    """By row, whether the customer was one by then, by the stages of rules.toml."""
    life = Lifecycle(view.journeys.rules.stage)
    later = life.names[life.names.index("customer") :] if "customer" in life.names else ()
    return view.coded("stage").among(*later)


def _is_follow_up(view: View) -> Mask:
    return view.coded("direction").among("outbound") & ~view.flags("automated") & (view.coded("campaign").codes < 0)
