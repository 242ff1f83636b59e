"""Our own writes to a source are no news; what else changed is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.records import Person, encode
from graph.sync.echo import is_echo

WRITTEN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
BEFORE = encode(Person(source="desk", stream="users", id="1", full_name="Ada", updated_at=WRITTEN - timedelta(days=1)))


@pytest.mark.parametrize(
    ("seconds", "name", "written", "is_one"),
    [
        (0, "Ada", True, True),
        (-1, "Ada", True, True),
        (290, "Ada", True, True),
        (310, "Ada", True, False),
        (-5, "Ada", True, False),
        (0, "Ada Byron", True, False),
        (0, "Ada", False, False),
    ],
)
def test_only_a_change_of_the_moment_of_our_write_is_an_echo(
    seconds: int, name: str, written: bool, is_one: bool
) -> None:
    """By the source's clock, within what it rounds and works out afterwards."""
    said = Person(
        source="desk", stream="users", id="1", full_name=name, updated_at=WRITTEN + timedelta(seconds=seconds)
    )

    assert is_echo(encode(said), BEFORE, int(WRITTEN.timestamp() * 1000) if written else None) is is_one
    assert not is_echo(encode(said), None, int(WRITTEN.timestamp() * 1000))


@pytest.mark.parametrize(
    ("minutes", "name", "is_one"),
    [(3, "Ada", True), (-3, "Ada", True), (59, "Ada", True), (3, "Ada Byron", False), (61, "Ada", False)],
)
def test_a_write_that_was_begun_may_have_been_within_the_hour(minutes: int, name: str, is_one: bool) -> None:
    """Also where an earlier one is known to the second; what says something else, or is later, is news all the same."""
    begun = WRITTEN + timedelta(days=3)
    said = Person(source="desk", stream="users", id="1", full_name=name, updated_at=begun + timedelta(minutes=minutes))
    since = int(begun.timestamp() * 1000)

    for written_at in (None, int(WRITTEN.timestamp() * 1000)):
        assert is_echo(encode(said), BEFORE, written_at, since) is is_one
        assert not is_echo(encode(said), BEFORE, written_at)
    assert not is_echo(encode(said), None, None, since)
