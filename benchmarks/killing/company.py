"""What the processes that are killed work on: the sample company, and the same a day later."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

from connectors.sample.generate import generate

_EVERY = 3
"""Of so many contacts, members and orders one is another a day later."""


def make_company(folder: Path, customers: int, seed: int) -> tuple[Path, Path]:
    """Two folders of exports with plugins.toml and rules.toml: the company, and what changed in it a day later."""
    before, after = folder / "monday", folder / "tuesday"
    generate(before, customers, seed)
    shutil.copytree(before, after)
    exports = after / "exports"
    _change(exports / "hubspot-contacts.csv", {"Phone Number": "+49 30 {:07}", "Job Title": "Chair {}"})
    _change(exports / "subscribed_members_export.csv", {"Company": "Company {}"})
    _add_orders(exports / "orders.csv")
    return before, after


def _change(path: Path, changes: dict[str, str]) -> None:
    columns, rows = _read(path)
    for number, row in enumerate(rows):
        if number % _EVERY == 0:
            row.update({column: value.format(number) for column, value in changes.items()})
            if "Last Modified Date" in row:
                row["Last Modified Date"] = "2026-11-01 10:00"
    _write(path, columns, rows)


def _add_orders(path: Path) -> None:
    columns, rows = _read(path)
    for number, row in enumerate(rows[::_EVERY]):
        rows.append(row | {"order_id": f"O-9{number:04}", "placed_at": "2026-10-30 12:00:00"})
    _write(path, columns, rows)


def _read(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        return list(reader.fieldnames or ()), list(reader)


def _write(path: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
