"""Pins: golden values that a person has fixed, whatever the sources say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from graph.linkage import normalise

PINNED = "pinned"
"""The survivorship rule that provenance names for a pinned value."""


class PinError(ValueError):
    """A value that cannot be pinned; the message says why and what can."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A fact: this field has this value, on the word of a person."""

    id: str
    record: str
    """Key of the record that it hangs on: it goes with that record through merges and splits."""
    field: str
    value: str
    by: str
    at: int
    """Epoch milliseconds."""


def _text(value: str) -> str:
    return value


_READ: dict[str, Callable[[str], Any]] = {
    "given_name": _text,
    "family_name": _text,
    "full_name": _text,
    "job_title": _text,
    "birth_date": date.fromisoformat,
    "locale": _text,
    "timezone": _text,
    "account_name": _text,
    "owner": _text,
    "team": _text,
    "stage_said": _text,
    "email": str.lower,
    "phone": _text,
}


def pinned_value(field: str, value: str) -> Any:
    """A pin's text as the golden record holds it; raises PinError for a field or a value that cannot be pinned."""
    if field not in _READ:
        raise PinError(f"'{field}' cannot be pinned. Fields that can: {', '.join(_READ)}.")
    text = value.strip()
    if not text:
        raise PinError(f"{field}: an empty value cannot be pinned. Give a value, or take the pin back.")
    if field == "email" and normalise.email(text) is None:
        raise PinError(f"email: '{text}' is no address. Write it as name@domain.")
    try:
        return _READ[field](text)
    except ValueError:
        raise PinError(f"{field}: '{text}' is no date. Write it as YYYY-MM-DD.") from None


def in_force(pins: Iterable[Pin]) -> dict[str, Pin]:
    """The newest pin of each field; merged customers may bring several."""
    newest: dict[str, Pin] = {}
    for pin in sorted(pins, key=lambda pin: (pin.at, pin.id)):
        newest[pin.field] = pin
    return newest
