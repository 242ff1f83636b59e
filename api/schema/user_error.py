"""Why a change was not made."""

from __future__ import annotations

from typing import Any

import strawberry

from api.plan.fields import described, entry
from api.plan.ids import encode_id
from api.schema.match_enums import UserErrorCode
from graph.sync.asking import Refused


@described
class UserError:
    """Why a change was not made, for the person who wanted it."""

    code: UserErrorCode = entry("What is wrong.")
    field: str | None = entry("The input that is to blame.")
    message: str = entry("The same in a sentence.")
    decision_ids: list[strawberry.ID] = entry("The decisions that stand against it, in the order of their chain.")


def user_error(refused: Refused) -> dict[str, Any]:
    """What sub-fields of `UserError` read."""
    return {
        "code": refused.code,
        "field": refused.field,
        "message": str(refused),
        "decision_ids": [encode_id("MatchDecision", decision.id) for decision in refused.chain],
    }
