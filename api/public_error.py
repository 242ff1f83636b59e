"""Errors as clients see them."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from graphql import GraphQLError

from api.logged_errors import lines_of
from graph.store.errors import AccessDenied, StoreUnavailable

LOG = logging.getLogger("c360.api")


def public_error(error: GraphQLError) -> dict[str, Any]:
    """An error as the client sees it: our own words as they are, anything else only by a reference into the log."""
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        formatted: dict[str, Any] = dict(error.formatted)
        formatted["extensions"] = {"code": "BAD_USER_INPUT", **(error.extensions or {})}
        return formatted
    if isinstance(cause, StoreUnavailable | AccessDenied):
        LOG.error("the store does not answer: %s", cause)
        code, message = "SERVICE_UNAVAILABLE", "The store does not answer just now; try again in a moment."
    else:
        reference = uuid.uuid4().hex[:12]
        # Not as `exc_info`: whoever serves the application with a log of their own would read the exception's words.
        LOG.error("error %s at %s:%s", reference, error.path, lines_of(cause))
        code, message = (
            "INTERNAL_SERVER_ERROR",
            f"Something went wrong here. The log knows more: reference {reference}.",
        )
    public = GraphQLError(message, error.nodes, path=error.path, extensions={"code": code})
    return dict(public.formatted)
