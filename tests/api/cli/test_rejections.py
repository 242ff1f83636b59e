"""`c360 rejections`: from a row that cannot be read to one that was mended."""

from __future__ import annotations

from pathlib import Path

from graph.store.settings import StoreSettings
from tests.api.cli.calls import PEOPLE, Shell, persons_toml

BROKEN = PEOPLE + ",Cleo Varga,cleo@x.test,\n"
MENDED = PEOPLE + "3,Cleo Varga,cleo@x.test,\n"


def test_a_row_without_an_id_is_told_shown_and_read_when_it_is_mended(
    tmp_path: Path, embedded_settings: StoreSettings
) -> None:
    """Listed without what it says, shown with it; `retry` fails while it is broken and forgets it when it is not."""
    shell = Shell(tmp_path, embedded_settings)
    shell.write("plugins.toml", persons_toml())
    shell.write("people.csv", BROKEN)
    assert shell("rejections", "list").out.strip() == "Everything could be read."
    told = shell("sync")
    assert "c360 rejections list" in told.err

    (found,) = shell("rejections", "list", "crm", "--json").json
    listed = shell("rejections", "list")
    shown = shell("rejections", "show", found["id"])
    broken = shell("rejections", "retry")
    shell.write("people.csv", MENDED)
    mended = shell("rejections", "retry")

    assert "people.csv" in found["place"] + found["reason"], found
    assert found["reason"] in listed.out
    assert "cleo@x.test" not in listed.out
    assert "cleo@x.test" in shown.out
    assert broken.code == 1
    assert "1 could still not be read" in broken.err
    assert mended.code == 0, mended.err
    assert shell("rejections", "list", "--json").json == []
    assert shell("rejections", "retry").out.strip() == "Everything could be read."
    missing = shell("rejections", "show", found["id"])
    assert missing.code == 1
    assert "read since" in missing.err


def test_ids_and_reasons_can_be_copied_from_a_narrow_terminal(tmp_path: Path, embedded_settings: StoreSettings) -> None:
    """Where a table would break words each row is a block of lines; where they fit it is a table."""
    shell = Shell(tmp_path, embedded_settings)
    shell.write("plugins.toml", persons_toml())
    shell.write("people.csv", PEOPLE + ",Cy Dahl,cy@x.test,\n")
    assert shell("sync").code == 0
    (found,) = shell("rejections", "list", "--json").json

    narrow = shell("rejections", "list", env={"COLUMNS": "48"})
    wide = shell("rejections", "list")
    sources = shell("sources", "list", env={"COLUMNS": "48"})

    assert f"id      {found['id']}" in narrow.out.splitlines()
    assert f"reason  {found['reason']}" in narrow.out.splitlines()
    assert any(line.split()[:1] == [found["id"]] and found["place"] in line for line in wide.out.splitlines())
    assert "status        SUCCEEDED" in sources.out.splitlines()
