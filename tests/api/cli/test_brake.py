"""The merge brake, as somebody at a shell meets it: held, looked at, let through."""

from __future__ import annotations

from pathlib import Path

from graph.store.settings import StoreSettings
from tests.api.cli.calls import Shell, persons_toml


def _people(confused: int) -> str:
    names = [*range(80 - confused), *range(confused)]
    rows = (
        f"{number},{'ABCDEFGH'[who % 8]}nna {'KLMNPRSTVW'[who // 8]}{who:02}berg,anna{who}@x{who % 7}.test,"
        for number, who in enumerate(names)
    )
    return "\n".join(["id,name,mail,born", *rows, ""])


def test_what_the_brake_holds_is_shown_and_told_when_it_is_let_through(
    tmp_path: Path, embedded_settings: StoreSettings
) -> None:
    """Code 1 and why; the doctor names the way out, every merge can be listed; then each one is told as made."""
    shell = Shell(tmp_path, embedded_settings)
    shell.write("plugins.toml", persons_toml())
    shell.write("people.csv", _people(0))
    assert shell("sync").code == 0
    shell.write("people.csv", _people(30))

    held = shell("sync")
    examined = shell("doctor")
    shown = shell("rebuild", "--dry-run")
    listed = shell("rebuild", "--dry-run", "--json")
    let = shell("sync", "--allow-merges")
    after = shell("doctor")

    assert held.code == 1
    assert "30 of 80 customers would be merged" in held.err
    assert "c360 rebuild --dry-run --json" in held.err
    assert "c360 sync --allow-merges" in examined.out
    assert "30 would merge" in shown.out
    assert "All of them: c360 rebuild --dry-run --json" in shown.err
    assert len(listed.json["merges"]) == 30
    assert let.code == 0
    assert "30 merged" in let.out
    assert "merge brake" not in after.out
