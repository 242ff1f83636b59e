"""Keyset cursors: the sort values of a row, and a hash of the order they belong to."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

import orjson

from api.plan.errors import bad_input
from api.plan.fields import from_milliseconds
from graph.reading import SortKey


def order_hash(subject: str, keys: Sequence[SortKey]) -> str:
    """What tells the orders of all connections apart."""
    text = subject + "|" + "|".join(f"{k.column.variable}.{k.column.name}:{k.descending}" for k in keys)
    return blake2b(text.encode(), digest_size=4).hexdigest()


def cursor_writer(order: str) -> Callable[[Sequence[Any]], str]:
    """What gives the cursor of a row by its sort values, as the store gave them."""
    return lambda values: urlsafe_b64encode(orjson.dumps([order, *values])).decode().rstrip("=")


def decode_cursor(text: str, order: str, keys: Sequence[SortKey], argument: str) -> list[Any]:
    """The sort values in a cursor, as query parameters; a cursor of another order is refused."""
    try:
        parts = orjson.loads(urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
    except ValueError:
        parts = None
    if not isinstance(parts, list) or not parts or not isinstance(parts[0], str):
        raise bad_input(f"`{argument}` is not a cursor. Pass the `cursor` of an edge, or `endCursor` of a page.")
    if parts[0] != order or len(parts) != len(keys) + 1:
        raise bad_input(
            f"`{argument}` is a cursor of another list or of another order. "
            "Keep `orderBy` while you page, or begin again without a cursor."
        )
    return [_parameter(value, key, argument) for value, key in zip(parts[1:], keys, strict=True)]


def _parameter(value: Any, key: SortKey, argument: str) -> Any:
    if value is None and key.column.nullable:
        return None
    if key.column.instant:
        if isinstance(value, int) and abs(value) < 10**14:
            return from_milliseconds(value)
    elif isinstance(value, str | int | float):
        return value
    raise bad_input(f"`{argument}` is not a cursor of this list.")
