"""Promise of the documentation: what users can name in an entry of files is there."""

from __future__ import annotations

from pathlib import Path

from connectors.exports import FORMATS
from connectors.exports.mapping import TARGETS
from connectors.files import FileEntry

PAGE = Path(__file__).parents[2] / "docs" / "connectors" / "files.md"


def test_the_page_names_everything_an_entry_may_say() -> None:
    """Every format, every key of an entry, every target of a mapping."""
    page = PAGE.read_text(encoding="utf-8")
    names = {*FORMATS, *FileEntry.model_fields, *(target for targets in TARGETS.values() for target in targets)}

    assert [name for name in sorted(names) if f"`{name}`" not in page] == []
