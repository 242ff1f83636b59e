"""What is shown while all journeys are read for the first time."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from api.cli.invocation import Invocation
from api.cli.reading import reading_shown


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_reading_has_a_bar_with_rate_on_a_terminal_and_lines_in_a_log(is_terminal: bool) -> None:
    """Nothing before anything is read; the customers, of how many, and how fast; a second reading is another bar."""
    said = io.StringIO()
    err = Console(file=said, force_terminal=is_terminal, width=100)
    with reading_shown(Invocation(Path(), err=err)) as tell:
        assert said.getvalue() == ""
        for _ in range(2):
            tell(2_000, 5_000)
            tell(5_000, 5_000)

    text = said.getvalue()
    assert text.count("read journeys …") == (0 if is_terminal else 2)
    assert ("5000/5000" if is_terminal else "read journeys: 5,000 of 5,000 (") in text
    assert "/s" in text
