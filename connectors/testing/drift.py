"""A vendor whose schema changes: a field more, one less, one of another type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec

from connectors.testing.contract import ContractBroken
from connectors.testing.reading import Make, read_all
from connectors.testing.vendor import Answer, Asked, Vendor

Change = Callable[[dict[str, Any]], dict[str, Any]]


async def check_drift(make: Make, vendor: Vendor, *, fields: int = 40, seconds: float = 20.0) -> list[str]:
    """Change every object in the vendor's lists, a field at a time; what was tried. Raises ContractBroken.

    A new field must change no key; a field that is missing, null or of another type may cost records (RecordError,
    RawProblem) or the source (SourceError), and nothing else.
    """
    names: dict[str, None] = {}
    with vendor.spoilt(partial(_noted, names)):
        peace = await read_all(make, seconds=seconds)
    if peace.mistake or peace.error:
        raise ContractBroken(f"it cannot be read in peace: {peace.mistake or peace.error}")
    changes: dict[str, Change] = {"a new field": lambda item: {**item, "c360_is_new": {"since": "today"}}}
    for name in list(names)[:fields]:
        changes[f"{name!r} is missing"] = partial(_without, name)
        changes[f"{name!r} is null"] = partial(_with, name, lambda _: None)
        changes[f"{name!r} is of another type"] = partial(_with, name, _of_another_type)
    broken: list[str] = []
    for what, change in changes.items():
        with vendor.spoilt(partial(_changed, change)):
            found = await read_all(make, seconds=seconds)
        if found.mistake is not None:
            broken.append(f"{what}: it raised {type(found.mistake).__name__}, not a RecordError or a SourceError.")
        elif what == "a new field" and found.records.keys() != peace.records.keys():
            broken.append("a new field: it gives other records than before.")
    if broken:
        raise ContractBroken("\n".join(broken))
    return list(changes)


def _noted(names: dict[str, None], _asked: Asked, good: Answer) -> Answer:
    for item in _items(_decoded(good)):
        names.update(dict.fromkeys(item))
    return good


def _changed(change: Change, _asked: Asked, good: Answer) -> Answer:
    value = _decoded(good)
    if value is None:
        return good
    return Answer(good.status, msgspec.json.encode(_with_items(value, change)), good.headers)


def _decoded(answer: Answer) -> Any:
    try:
        return msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _items(value: Any) -> Iterator[dict[str, Any]]:
    """The objects that stand in lists."""
    if isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                yield item
            yield from _items(item)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _items(inner)


def _with_items(value: Any, change: Change) -> Any:
    if isinstance(value, list):
        inner = [_with_items(item, change) for item in value]
        return [change(item) if isinstance(item, dict) else item for item in inner]
    if isinstance(value, dict):
        return {name: _with_items(inner, change) for name, inner in value.items()}
    return value


def _without(name: str, item: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key != name}


def _with(name: str, other: Callable[[Any], Any], item: dict[str, Any]) -> dict[str, Any]:
    return {**item, name: other(item[name])} if name in item else item


def _of_another_type(value: Any) -> Any:
    return "c360" if isinstance(value, list | dict | int | float) else [{"c360": True}]
