"""`c360 pin`: golden values fixed and freed from the shell."""

from __future__ import annotations

from tests.api.cli.calls import PEOPLE, Shell, persons_toml


def test_a_name_is_pinned_by_address_and_freed_again(graph_shell: Shell) -> None:
    """Seen at once; what is not pinned cannot be freed, and a field that cannot be pinned is named: 2."""
    graph_shell.write("plugins.toml", persons_toml())
    graph_shell.write("people.csv", PEOPLE)
    assert graph_shell("sync").code == 0

    tried = graph_shell("pin", "set", "ada@x.test", "full_name", "Ada Lovelace", "--dry-run", "--json")
    before = graph_shell("link", "explain", "--customer", "ada@x.test", "--json").json["name"]
    pinned = graph_shell("pin", "set", "ada@x.test", "full_name", "Ada Lovelace", "--by", "eve", "--reason", "said so")
    during = graph_shell("link", "explain", "--customer", "ada@x.test", "--json").json["name"]
    freed = graph_shell("pin", "unset", "ada@x.test", "full_name")
    after = graph_shell("link", "explain", "--customer", "ada@x.test", "--json").json["name"]
    again = graph_shell("pin", "unset", "ada@x.test", "full_name")
    wrong = graph_shell("pin", "set", "ada@x.test", "shoe_size", "7")

    assert (pinned.code, freed.code) == (0, 0), pinned.err + freed.err
    assert tried.json["pins"] == []
    assert (before, during, after) == ("Ada Quist", "Ada Lovelace", "Ada Quist")
    assert "pinned to Ada Lovelace" in pinned.out
    assert (again.code, "not pinned" in again.err) == (2, True)
    assert (wrong.code, "shoe_size" in wrong.err) == (2, True)
