"""Errors a client can act on: Apollo's codes in `extensions.code`."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError


def bad_input(message: str, **extensions: Any) -> GraphQLError:
    """An argument that cannot be used as it is."""
    return coded("BAD_USER_INPUT", message, **extensions)


def coded(code: str, message: str, **extensions: Any) -> GraphQLError:
    """An error with its code, and what else the client should know."""
    return GraphQLError(message, extensions={"code": code, **extensions})
