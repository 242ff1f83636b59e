"""docs/connectors/fields.md: which vendor's connector fills which canonical field, by its code and its stand-in's data.

`python -m tests.connectors.contract.fields_page` writes it anew.
"""

from __future__ import annotations

import ast
import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import httpx
import msgspec

from connectors.records import Account, Consent, Interaction, Person, Record, Tombstone
from tests.connectors.contract.readings import read
from tests.connectors.contract.test_faults import HURRIED
from tests.connectors.contract.vendors import Vendor, vendors

CONNECTORS = Path(__file__).parents[3] / "connectors"
PAGE = CONNECTORS.parent / "docs" / "connectors" / "fields.md"
OF_THE_TESTS = "shop"
ENVELOPE = frozenset({"source", "stream", "id", "extra"})
_HEAD = """
# What the connectors fill

This page is made from the connectors' code, and from the records that they give of their vendors' stand-ins in the
tests (`python -m tests.connectors.contract.fields_page`): a field is marked where the code fills it or a record has it.
What a company keeps in fields of its own comes as `extra`. Each vendor's page says how a field is found, and what is
not read; a stream may bring more kinds than the stand-in's few records show.
"""


async def fields_page() -> str:
    """The page: streams with what they bring, then a table a kind of record."""
    found = {vendor.name: await _records(vendor) for vendor in vendors() if vendor.name != OF_THE_TESTS}
    lines = [_HEAD.strip(), "", "## Streams", "", "| connector | stream | brings |", "|---|---|---|"]
    for name, streams in found.items():
        lines += [f"| {name} | {stream} | {_brings(records)} |" for stream, records in streams.items()]
    for kind in (Person, Account, Interaction, Consent):
        every = {name: [one for records in streams.values() for one in records] for name, streams in found.items()}
        said = {name: _said(kind, records) | _written(name, kind) for name, records in every.items()}
        names = [name for name in found if said[name]]
        if not names:
            continue
        lines += ["", f"## {kind.__name__}", "", f"| field | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
        for field in msgspec.structs.fields(kind):
            marks = ["✓" if field.name in said[name] else "" for name in names]
            if any(marks) and field.name not in ENVELOPE:
                lines.append(f"| `{field.name}` | {' | '.join(marks)} |")
    return "\n".join(lines) + "\n"


async def _records(vendor: Vendor) -> dict[str, list[Record]]:
    connector = vendor.connector(httpx.MockTransport(vendor.stand_in().answer), HURRIED)
    found: dict[str, list[Record]] = {}
    for stream in await connector.discover():
        reading = await read(connector, stream)
        assert reading.error is None, f"{vendor.name}/{stream.name}: {reading.error}"
        found[stream.name] = list(reading.records.values())
    await connector.close()
    return found


def _written(vendor: str, kind: type[Person | Account | Interaction | Consent]) -> set[str]:
    """The fields that the vendor's code names where it makes such a record."""
    (start,) = [path for path in CONNECTORS.rglob(f"{vendor}.py") if path.parent.name not in ("exports", "sample")]
    found: set[str] = set()
    others = tuple(one.name for one in vendors() if one.name != vendor)
    for tree in _reached(start, others):
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == kind.__name__:
                found |= {word.arg for word in call.keywords if word.arg is not None}
    return found


def _reached(start: Path, others: tuple[str, ...]) -> list[ast.Module]:
    """The vendor's module and those of `connectors` that it imports, however far away, without other vendors'."""
    seen: dict[Path, ast.Module] = {}
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path not in seen and path.name != "records.py" and not path.name.startswith(others):
            seen[path] = tree = ast.parse(path.read_text(encoding="utf-8"))
            names = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
            files = [CONNECTORS.parent / Path(*name.split(".")).with_suffix(".py") for name in names]
            waiting += [file for file in files if file.is_relative_to(CONNECTORS) and file.exists()]
    return list(seen.values())


def _brings(records: Iterable[Record]) -> str:
    """Kinds of records, and of interactions by their names."""
    names: dict[str, set[str]] = defaultdict(set)
    for record in records:
        if isinstance(record, Interaction):
            names["interactions"].add(f"`{record.kind}`")
        elif not isinstance(record, Tombstone):
            names[f"{type(record).__name__.lower()}s"] |= set()
            if isinstance(record, Person) and record.consents:
                names["consents"] |= set()
    in_order = sorted(names.items(), key=lambda one: bool(one[1]))
    return "; ".join(f"{name} {', '.join(sorted(kinds))}".strip() for name, kinds in in_order)


def _said(kind: type[Person | Account | Interaction | Consent], records: Iterable[Record]) -> set[str]:
    return {name for record in records if isinstance(record, kind) for name in _filled(record)}


def _filled(record: Record) -> Iterator[str]:
    for field in msgspec.structs.fields(type(record)):
        value = getattr(record, field.name)
        if value is not None and value != () and value != {} and value is not False:
            yield field.name


if __name__ == "__main__":
    PAGE.write_text(asyncio.run(fields_page()), encoding="utf-8")
