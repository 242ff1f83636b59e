"""`c360 backup` and `c360 restore`, as somebody at a shell sees them."""

from __future__ import annotations

from pathlib import Path

from graph.store.settings import StoreSettings
from tests.api.cli.calls import PEOPLE, Shell, persons_toml


def test_a_backup_becomes_the_same_graph_in_another_store(tmp_path: Path, embedded_settings: StoreSettings) -> None:
    """The digest that both commands print is that of both stores; a second restore and a missing file are refused."""
    here = Shell(tmp_path, embedded_settings)
    there = Shell(tmp_path, StoreSettings(f"embedded:{tmp_path / 'again'}"))
    file = str(tmp_path / "monday.c360")
    here.write("plugins.toml", persons_toml())
    here.write("people.csv", PEOPLE)
    assert here("sync").code == 0

    made = here("backup", file)
    restored = there("restore", file)
    again = there("restore", file, "--json")
    missing = there("restore", str(tmp_path / "tuesday.c360"))

    digest = here("store", "digest", "--json").json["value"]
    assert made.code == restored.code == 0, made.err + restored.err
    assert "2 records and 0 interactions are in" in made.out
    assert digest in made.out
    assert f"Digest: {digest}, as it was when the backup was made." in restored.out
    assert there("store", "digest", "--json").json["value"] == digest
    assert again.code == 1
    assert "Use an empty one" in again.err
    assert missing.code == 1
    assert "No such file" in missing.err
