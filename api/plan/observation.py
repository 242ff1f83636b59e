"""What is seen of one operation while it is answered, for those who watch the API: no value, nobody's data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from graphql import ExecutionResult, GraphQLError

from api.viewer import Viewer
from graph.store.errors import AccessDenied, StoreUnavailable


class Outcome(StrEnum):
    """How an operation ended."""

    OK = "ok"
    ERRORS = "errors"
    """Answered, with errors that the client can act on."""
    REFUSED = "refused"
    """Not executed: the request is wrong, too large or not allowed."""
    UNAVAILABLE = "unavailable"
    """The store did not answer."""
    FAILED = "failed"
    """A mistake of ours."""
    CANCELLED = "cancelled"
    """Its time was over, or the client took it back."""


@dataclass(slots=True)
class Observation:
    """One operation of one viewer; what is not known yet, or never will be, is None."""

    viewer: Viewer
    name: str | None = None
    """The operation's name in its document."""
    type: str | None = None
    """`query`, `mutation` or `subscription`."""
    document: bytes | None = None
    """The hash of the document; None until it has turned out to be valid."""
    plan_key: Any = None
    is_walked: bool = False
    result: ExecutionResult | None = None
    outcome: Outcome = Outcome.OK
    seconds: float = 0.0


def outcome_of(result: ExecutionResult) -> Outcome:
    """How an operation that was executed ended; the worst of its errors counts."""
    if not result.errors:
        return Outcome.OK
    causes = [error.original_error for error in result.errors]
    unexpected = [cause for cause in causes if cause is not None and not isinstance(cause, GraphQLError)]
    if not unexpected:
        return Outcome.ERRORS
    is_away = all(isinstance(cause, StoreUnavailable | AccessDenied) for cause in unexpected)
    return Outcome.UNAVAILABLE if is_away else Outcome.FAILED
