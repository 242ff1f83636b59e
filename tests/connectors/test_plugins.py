"""Promises of loading plugins: each on its own, and what is broken is told of."""

from __future__ import annotations

import textwrap
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from connectors import hooks
from connectors.errors import PluginLoadError
from connectors.plugins import Plugins, api_fits, load_plugins

GOOD = """
    from pydantic import BaseModel
    from c360 import CheckReport, hookimpl

    C360_API = ">=1,<2"

    class Mine:
        Config = BaseModel
        def __init__(self, name, config):
            self.name = name
        async def check(self):
            return CheckReport(True, "fine")
        async def discover(self):
            return []
        def read(self, stream, state):
            raise NotImplementedError
        def map(self, stream, raw):
            return ()
        async def close(self):
            pass

    @hookimpl
    def c360_register_connectors(registry):
        registry.add("mine", Mine)
"""


def plugin(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.py"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def states(plugins: Plugins) -> dict[str, tuple[str, str | None]]:
    return {state.name: (state.state, state.error) for state in plugins.states}


def test_what_ships_is_loaded() -> None:
    """files, tryton and request_tracker are there without any setting."""
    plugins = load_plugins(off="")

    assert not plugins.failed
    assert {"files", "tryton", "request_tracker"} <= set(plugins.registry.names())


def test_a_plugin_may_be_a_file(tmp_path: Path) -> None:
    """A Python file offers a connector like a package does."""
    plugins = load_plugins([plugin(tmp_path, "mine", GOOD)], off="", found=[])

    assert states(plugins) == {"mine": ("loaded", None)}
    assert plugins.registry.of("mine") == ("mine",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import nothing_of_this_name", "ModuleNotFoundError"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("import time; time.sleep(5)", "it took more than 1 s to be imported"),
        (GOOD + "\n        __import__('sys').exit(3)", "SystemExit: 3"),
        (GOOD + "\n        __import__('time').sleep(5)", "it took more than 1 s in c360_register_connectors"),
        ("def (", "SyntaxError"),
        ("x = 1", "does not say which API it wants"),
        ('C360_API = ">=2,<3"', "wants the API >=2,<3, this c360 has 1.0"),
        ('C360_API = "new"', "cannot be read"),
        (GOOD.replace("@hookimpl", ""), "not marked with @hookimpl"),
        (GOOD.replace("c360_register_connectors", "c360_register_connector"), "PluginValidationError"),
        (GOOD.replace("(registry):", "(registry, more):"), "PluginValidationError"),
        (GOOD.replace("async def discover", "async def discovers"), "has no discover"),
        (GOOD.replace("Config = BaseModel", "Config = dict"), "has no Config"),
        (
            GOOD + "\n    @hookimpl(wrapper=True)\n    def c360_redact(record):\n        return (yield)\n",
            "is a wrapper",
        ),
    ],
)
def test_a_broken_plugin_is_listed_and_the_rest_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, reason: str
) -> None:
    """Whatever a plugin does wrong, the next one is loaded, and the list has the reason; nothing of it stays."""
    monkeypatch.setattr(hooks, "HOOK_SECONDS", 1.0)
    plugins = load_plugins([plugin(tmp_path, "broken", text), plugin(tmp_path, "mine", GOOD)], off="", found=[])

    state, error = states(plugins)["broken"]
    assert state == "failed"
    assert reason in (error or "")
    assert not (error or "").endswith(":")
    assert states(plugins)["mine"] == ("loaded", None)
    assert plugins.registry.names() == ["mine"]


def test_two_plugins_cannot_offer_one_name(tmp_path: Path) -> None:
    """The second one fails and says who was first; nothing of it stays."""
    plugins = load_plugins([plugin(tmp_path, "one", GOOD), plugin(tmp_path, "two", GOOD)], off="", found=[])

    assert "already offered by plugin 'one'" in (states(plugins)["two"][1] or "")
    assert plugins.registry.of("one") == ("mine",)


def test_a_missing_entry_point_is_listed(tmp_path: Path) -> None:
    """An entry point whose module is gone fails on its own."""
    found = [EntryPoint("gone", "no_such_module_here", "c360.connectors")]

    plugins = load_plugins([plugin(tmp_path, "mine", GOOD)], off="", found=found)

    assert states(plugins)["gone"][0] == "failed"
    assert states(plugins)["mine"][0] == "loaded"


def test_plugins_can_be_switched_off(tmp_path: Path) -> None:
    """By name, or all that do not come with c360."""
    path = plugin(tmp_path, "mine", GOOD)

    by_name = load_plugins([path], off="mine, tryton")
    everyone = load_plugins([path], off="*")

    assert states(by_name)["mine"][0] == states(by_name)["tryton"][0] == "off"
    assert states(by_name)["files"][0] == "loaded"
    assert states(everyone)["mine"][0] == "off"
    assert states(everyone)["files"][0] == "loaded"


def test_a_name_that_is_switched_off_in_vain_is_told(tmp_path: Path) -> None:
    """A mistyped name leaves on what somebody wanted off."""
    path = plugin(tmp_path, "mine", GOOD)

    mistyped = load_plugins([path], off="mine,zendesc, *")
    (told,) = mistyped.unknown_off

    assert "names 'zendesc', which is no plugin: nothing is off. Did you mean 'zendesk'? Known: files, " in told
    assert load_plugins([path], off="").unknown_off == load_plugins([path], off="mine, files").unknown_off == ()


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [(">=1,<2", True), (">=1.1", False), ("==1.0", True), ("==1", True), ("<1", False), ("!=1.0", False)],
)
def test_api_ranges(wanted: str, fits: bool) -> None:
    """The range is compared number by number."""
    assert api_fits(wanted, "1.0") is fits


def test_an_unreadable_range_is_refused() -> None:
    """What is no range does not pass as one."""
    with pytest.raises(PluginLoadError, match="cannot be read"):
        api_fits("1.x", "1.0")
