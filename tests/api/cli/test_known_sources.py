"""`c360 sources`: who gave what, and a source that is taken away."""

from __future__ import annotations

from pathlib import Path

from graph.store.settings import StoreSettings
from tests.api.cli.calls import PEOPLE, Shell, persons_toml


def test_a_source_is_listed_and_taken_away(tmp_path: Path, embedded_settings: StoreSettings) -> None:
    """Told before what goes; without --yes somebody is asked; gone, the other source and its customers stay."""
    shell = Shell(tmp_path, embedded_settings)
    shell.write("plugins.toml", persons_toml() + persons_toml("buyers.csv", "shop"))
    shell.write("people.csv", PEOPLE)
    shell.write("buyers.csv", PEOPLE.splitlines()[0] + "\n9,Zoe Quill,zoe@quill.test,\n")
    assert shell("sync").code == 0

    listed = shell("sources", "list", "--json").json
    plan = shell("sources", "remove", "shop", "--dry-run")
    asked = shell("sources", "remove", "shop")
    gone = shell("sources", "remove", "shop", "--yes")
    unknown = shell("sources", "remove", "shop", "--yes")

    assert [(one["name"], one["status"], one["records"]) for one in listed] == [
        ("crm", "SUCCEEDED", 2),
        ("shop", "SUCCEEDED", 1),
    ]
    words = "1 records, 0 interactions and 0 rejections of shop {}, with 1 customers whom no other source knows."
    assert plan.out.strip() == words.format("would go")
    assert asked.code == 1
    assert gone.out.strip() == words.format("are gone")
    assert unknown.code == 1
    assert "It has: crm." in unknown.err
    (left,) = shell("sources", "list", "--json").json
    assert (left["name"], left["records"]) == ("crm", 2)
    assert "crm" in shell("sources", "list").out
