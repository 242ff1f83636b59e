"""A customer as somebody names them on the command line."""

from __future__ import annotations

from api.plan.ids import decode_id, type_in


def called(who: str) -> str:
    """An id, a former id or an e-mail address; of a global id, as GraphQL gives it, the id within it."""
    return decode_id(who)[1] if type_in(who) == "Customer" else who
