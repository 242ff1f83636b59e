"""Activity status: whether a customer is new, active, dormant, back or gone; something else than the stage."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from graph.rules import Activity


class ActivityStatus(StrEnum):
    """As of a moment; only activity counts, which is inbound and not made by a machine."""

    NEW = "NEW"
    ACTIVE = "ACTIVE"
    DORMANT = "DORMANT"
    REACTIVATED = "REACTIVATED"
    CHURNED = "CHURNED"


def activity_status(
    first_at: datetime | None,
    last_inbound_at: datetime | None,
    reactivated_at: datetime | None,
    churned_at: datetime | None,
    now: datetime,
    rules: Activity,
) -> ActivityStatus:
    """Dormant: no activity for `dormant_after_days`. Reactivated: the activity that ended such a gap is as young.

    Churned: their last contract has ended, and they have bought nothing since (`graph/customer/churn.py`); whatever
    else they do, they are none of the others. Without a contract nobody sees a customer leave.
    """
    if churned_at is not None and churned_at <= now:
        return ActivityStatus.CHURNED
    dormant_since = now - timedelta(days=rules.dormant_after_days)
    if last_inbound_at is None or last_inbound_at < dormant_since:
        is_new = first_at is not None and first_at >= now - timedelta(days=rules.new_for_days)
        return ActivityStatus.NEW if is_new else ActivityStatus.DORMANT
    if reactivated_at is not None and reactivated_at >= dormant_since:
        return ActivityStatus.REACTIVATED
    if first_at is not None and first_at >= now - timedelta(days=rules.new_for_days):
        return ActivityStatus.NEW
    return ActivityStatus.ACTIVE
