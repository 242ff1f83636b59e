"""Hooks of plugins: each on its own, in a thread, with a limit; what one does wrong is told by its name."""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from connectors import hooks
from connectors.events import CustomerMerged
from connectors.hooks import HookFailed
from connectors.hookspecs import HookSpecs
from connectors.plugins import Plugins, load_plugins
from connectors.records import Person
from tests.connectors.test_plugins import plugin

pytestmark = pytest.mark.anyio
HEAD = """
    import sys, time, msgspec
    from c360 import hookimpl
    C360_API = ">=1,<2"
"""
ADJUSTING = (
    HEAD
    + """
    @hookimpl
    def c360_map_page(source, pairs):
        for raw, records in pairs:
            records[:] = [msgspec.structs.replace(one, tags=(source,)) for one in records if one.id != "gone"]
"""
)
REDACTING = (
    HEAD
    + """
    @hookimpl
    def c360_redact(record):
        return msgspec.structs.replace(record, birth_date=None, extra={}) if record.extra else None
"""
)


def loaded(folder: Path, **texts: str) -> Plugins:
    return load_plugins([plugin(folder, name, text) for name, text in texts.items()], off="", found=[])


def pages() -> list[tuple[Any, list[Any]]]:
    people = [Person(source="crm", stream="c", id=id, extra={"Blood group": "A"}) for id in ("1", "gone")]
    return [("raw", [one]) for one in people]


async def test_a_page_is_adjusted_then_redacted(tmp_path: Path) -> None:
    """Without a plugin that does either there is nothing to call; a hook takes of the arguments what it names."""
    assert loaded(tmp_path).page_hook() is None
    adjust = loaded(tmp_path, redacting=REDACTING, adjusting=ADJUSTING).page_hook()
    assert adjust is not None
    pairs = pages()

    await adjust("crm", "contacts", pairs)

    ((_, (kept,)), (_, gone)) = pairs
    assert (kept.tags, kept.extra) == (("crm",), {})
    assert gone == []


BAD = {
    "1 / 0": "failed in {hook}: ZeroDivisionError: division by zero",
    "sys.exit(3)": r"called sys.exit\(3\) in {hook}",
    "time.sleep(5)": "took more than 0.2 s in {hook}",
    "raise KeyboardInterrupt": "failed in {hook}: KeyboardInterrupt",
}


@pytest.mark.parametrize("deed", BAD)
@pytest.mark.parametrize("hook", ["c360_map_page", "c360_redact"])
async def test_a_hook_that_does_wrong_is_told_by_the_name_of_its_plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deed: str, hook: str
) -> None:
    """It ends nothing but its page, and keeps nobody waiting longer than its limit."""
    monkeypatch.setattr(hooks, "HOOK_SECONDS", 0.2)
    arguments = {"c360_map_page": "source, stream, pairs", "c360_redact": "record"}[hook]
    adjust = loaded(
        tmp_path, wayward=f"{HEAD}\n    @hookimpl\n    def {hook}({arguments}):\n        {deed}\n"
    ).page_hook()
    assert adjust is not None
    begun = time.monotonic()

    with pytest.raises(HookFailed, match="the plugin 'wayward' " + BAD[deed].format(hook=hook)):
        await adjust("crm", "contacts", pages())

    assert time.monotonic() - begun < 3
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "hook wayward")


async def test_all_are_told_whatever_one_of_them_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three plugins do wrong, each in its way; the fourth hears of the sync, and so it is said."""
    monkeypatch.setattr(hooks, "HOOK_SECONDS", 0.2)
    telling = HEAD + "\n    @hookimpl\n    def c360_before_sync(source):\n        {}\n"
    heard = tmp_path / "heard"
    plugins = loaded(
        tmp_path,
        good=telling.format(f"open({str(heard)!r}, 'w').write(source)"),
        raising=telling.format("1 / 0"),
        leaving=telling.format("sys.exit()"),
        sleeping=telling.format("time.sleep(5)"),
    )

    failed = await plugins.announce("c360_before_sync", source="crm")

    assert heard.read_text() == "crm"
    assert [str(one).split("'")[1] for one in failed] == ["sleeping", "leaving", "raising"]


async def test_the_plugin_of_the_page_does_what_it_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """docs/connectors/hooks.md: test accounts go, birthdays go, and syncs are told of."""
    page = (Path(__file__).parents[2] / "docs" / "connectors" / "hooks.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
    plugins = loaded(tmp_path, house_rules=text)
    adjust = plugins.page_hook()
    assert adjust is not None
    tested = Person(source="crm", stream="c", id="2", tags=("test-account",))
    pairs: list[tuple[Any, list[Any]]] = [
        ("raw", [Person(source="crm", stream="c", id="1", birth_date=date(1980, 1, 2)), tested])
    ]

    await adjust("crm", "c", pairs)

    assert pairs == [("raw", [Person(source="crm", stream="c", id="1")])]
    assert await plugins.announce("c360_before_sync", source="crm") == []
    assert await plugins.announce("c360_after_sync", report=SimpleNamespace(landed=[SimpleNamespace(records=7)])) == []
    merged = CustomerMerged(id="evt_1", at=datetime(2026, 3, 1, tzinfo=UTC), customer_id="a", former_ids=["b", "c"])
    assert await plugins.announce("c360_deliver", event=merged) == []
    assert capsys.readouterr().out == "crm is about to be read\n7 records were read\na answers for 2 more\n"
    assert [name for name in dir(HookSpecs) if name.startswith("c360_") and f"`{name}(" not in page] == []
