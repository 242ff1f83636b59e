"""Opaque, typed global ids: base64 of `Type:key`."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from binascii import b2a_base64
from collections.abc import Callable

from api.plan.errors import bad_input

_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def encode_id(typename: str, key: str) -> str:
    """The global id of a node."""
    return id_writer(typename)(key)


def id_writer(typename: str) -> Callable[[str], str]:
    """What gives the global ids of a type's nodes by their keys."""
    start = f"{typename}:"
    return lambda key: b2a_base64(f"{start}{key}".encode(), newline=False).translate(_URL_SAFE, b"=").decode()


def decode_id(text: str) -> tuple[str, str]:
    """Type and key of a global id; raises a GraphQL error when it is none."""
    parts = _parts(text)
    if parts is None:
        raise bad_input(f"{text[:60]!r} is not an id of this API. Ids are opaque: pass on what a query gave you.")
    return parts


def key_of(text: str, typename: str) -> str:
    """The key in a global id of this type; an id of another type is refused."""
    found, key = decode_id(text)
    if found != typename:
        raise bad_input(f"This id is of type {found}; one of type {typename} is wanted here.")
    return key


def type_in(text: str) -> str | None:
    """The type a global id names, or None when it is no id."""
    parts = _parts(text)
    return parts[0] if parts else None


def _parts(text: str) -> tuple[str, str] | None:
    try:
        decoded = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode()
    except ValueError:
        return None
    typename, colon, key = decoded.partition(":")
    return (typename, key) if colon and typename.isidentifier() and key else None
