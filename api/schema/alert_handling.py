"""What people do about alerts: assign, acknowledge, snooze, resolve, reopen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import strawberry

from api.plan.fields import Argument, described, entry, lookup
from api.plan.filters import described_input, option, plain
from api.plan.ids import key_of
from api.plan.roots import Bench, RootWorked
from api.plan.rows import Arguments
from api.schema.alert import Alert
from api.schema.alert_enums import AlertErrorCode, AlertOutcome
from graph.alerts import reading
from graph.alerts.handling import AlertRefused, Deed, Outcome, Wish, handle_alert
from graph.reading import Column
from graph.sync.asking import Ask

_KEY = "A text of your choice: a request that is sent again with it changes nothing anew; another with it is refused."
_DRY_RUN = "Only tell whether it could be done."
_ALERT = "The alert."


@described_input
class AssignAlertInput:
    """Who answers for an alert."""

    alert_id: strawberry.ID = strawberry.field(description=_ALERT)
    owner: str | None = option("The person; null takes it from whoever has it.")
    idempotency_key: str | None = option(_KEY)
    dry_run: bool = strawberry.field(description=_DRY_RUN, default=False)


@described_input
class AcknowledgeAlertInput:
    """An alert that somebody takes on."""

    alert_id: strawberry.ID = strawberry.field(description=_ALERT)
    idempotency_key: str | None = option(_KEY)
    dry_run: bool = strawberry.field(description=_DRY_RUN, default=False)


@described_input
class SnoozeAlertInput:
    """An alert that is put off."""

    alert_id: strawberry.ID = strawberry.field(description=_ALERT)
    until: datetime = strawberry.field(description="When it shall be open again.")
    idempotency_key: str | None = option(_KEY)
    dry_run: bool = strawberry.field(description=_DRY_RUN, default=False)


@described_input
class ResolveAlertInput:
    """An alert that is closed, and what came of it."""

    alert_id: strawberry.ID = strawberry.field(description=_ALERT)
    outcome: AlertOutcome = strawberry.field(description="What came of it.")
    note: str | None = option("In your own words.")
    idempotency_key: str | None = option(_KEY)
    dry_run: bool = strawberry.field(description=_DRY_RUN, default=False)


@described_input
class ReopenAlertInput:
    """An alert that was closed too soon."""

    alert_id: strawberry.ID = strawberry.field(description=_ALERT)
    note: str | None = option("Why.")
    idempotency_key: str | None = option(_KEY)
    dry_run: bool = strawberry.field(description=_DRY_RUN, default=False)


@described
class AlertError:
    """Why nothing was done, for the person who wanted it."""

    code: AlertErrorCode = entry("What is wrong.")
    field: str | None = entry("The input that is to blame.")
    message: str = entry("The same in a sentence.")


@described
class AlertPayload:
    """What came of it. With `userErrors` nothing was changed."""

    alert: Alert | None = lookup(
        reading.ALERTS_BY_ID, "alert_keys", "The alert as it is now; in a dry run as it is before.", key=Column("id")
    )
    user_errors: list[AlertError] = entry("Why nothing was changed; empty when all is well.")


def _wish(deed: Deed) -> Callable[[Mapping[str, Any]], Wish]:
    def of(given: Mapping[str, Any]) -> Wish:
        until, outcome = given.get("until"), given.get("outcome")
        return Wish(
            deed,
            key_of(given["alertId"], "Alert"),
            owner=given.get("owner"),
            until=None if until is None else int(until.replace(tzinfo=until.tzinfo or UTC).timestamp() * 1000),
            outcome=None if outcome is None else Outcome(plain(outcome)),
            note=given.get("note"),
        )

    return of


def handles(deed: Deed) -> RootWorked:
    """A mutation that does this about an alert."""
    wish_of = _wish(deed)

    async def work(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
        given = arguments["input"]
        wish = wish_of(given)
        ask = Ask(by=bench.viewer, idempotency_key=given.get("idempotencyKey"), dry_run=given["dryRun"])
        try:
            await handle_alert(bench.store, wish, ask)
        except AlertRefused as refused:
            return {"user_errors": [{"code": refused.code, "field": refused.field, "message": str(refused)}]}
        return {"alert_keys": wish.alert, "user_errors": []}

    return RootWorked(work)


def handled(type_: Any) -> list[Argument]:
    """The argument of such a mutation."""
    return [Argument("input", type_, "Which alert, and what is done.")]
