"""Raw records decoded one by one: what cannot be read becomes a problem of the page, and the rest goes on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec

from connectors.hookspecs import Page, RawProblem, State

T = TypeVar("T")


def decode_each(raws: Sequence[msgspec.Raw], kind: type[T], where: str) -> tuple[list[T], list[RawProblem]]:
    """The raws as `kind`, and a problem for each that is something else; `where` names the list they are of."""
    form: Any = kind
    decoder: msgspec.json.Decoder[T] = _decoder(form)
    found: list[T] = []
    problems: list[RawProblem] = []
    for raw in raws:
        try:
            found.append(decoder.decode(raw))
        except msgspec.DecodeError as error:
            problems.append(
                RawProblem(where, f"not the expected {kind.__name__}: {error}", bytes(raw).decode()[:10_000])
            )
    return found, problems


def page_of(items: Iterable[T | RawProblem], state: State) -> Page[T]:
    """A page of what could be read, with the problems of what could not."""
    raws: list[T] = []
    problems: list[RawProblem] = []
    for item in items:
        if isinstance(item, RawProblem):
            problems.append(item)
        else:
            raws.append(item)
    return Page(raws, state, problems=problems)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """One for each kind: a page may be of a single raw, and a decoder costs as much as decoding it."""
    return msgspec.json.Decoder(kind)
