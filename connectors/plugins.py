"""Plugins: found, loaded each on its own, and listed with what went wrong.

pluggy registers and announces; loading is ours, because one raising hook aborts a whole pluggy call and a mistyped
hook name would be silent.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import pluggy
from pydantic import BaseModel

from connectors.chosen_streams import did_you_mean
from connectors.errors import PluginLoadError
from connectors.hooks import Hook, HookFailed, loaded_in_time
from connectors.hookspecs import API_VERSION, HookSpecs, hookimpl
from connectors.records import Record

GROUP = "c360.connectors"
OFF = "C360_PLUGINS_OFF"
SHIPPED = "c360"
"""The distribution whose plugins `C360_PLUGINS_OFF=*` leaves on."""

ConnectorClass: TypeAlias = Any
"""A class that follows `connectors.hookspecs.Connector`; its `Config` differs from one to the next."""

PageHook = Callable[[str, str, "list[tuple[Any, list[Record]]]"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class PluginState:
    """One plugin as `c360 plugins list` shows it; `state` is loaded, off or failed, `error` why it failed."""

    name: str
    distribution: str
    version: str
    state: str
    error: str | None = None
    connectors: tuple[str, ...] = ()


class Registry:
    """What plugins offer: connectors by the name that `connector = "…"` uses.

    Each plugin adds to one of its own, with what those before it offer: what it adds is dropped when it fails.
    """

    def __init__(self, plugin: str = "", before: Registry | None = None) -> None:
        self._offers: dict[str, tuple[ConnectorClass, str]] = {} if before is None else dict(before._offers)
        self._plugin = plugin

    def add(self, name: str, connector: ConnectorClass) -> None:
        """Offer a connector; raises PluginLoadError when the name is taken or the class is no connector."""
        if name in self._offers:
            raise PluginLoadError(f"connector {name!r} is already offered by plugin {self._offers[name][1]!r}.")
        missing = [method for method in _METHODS if not callable(getattr(connector, method, None))]
        if missing:
            raise PluginLoadError(f"connector {name!r} ({connector!r}) has no {', '.join(missing)}.")
        config = getattr(connector, "Config", None)
        if not (isinstance(config, type) and issubclass(config, BaseModel)):
            raise PluginLoadError(f"connector {name!r} has no Config, a pydantic model of its settings.")
        self._offers[name] = (connector, self._plugin)

    def names(self) -> list[str]:
        """Every connector that is offered, sorted."""
        return sorted(self._offers)

    def get(self, name: str) -> ConnectorClass | None:
        """The connector's class, or None."""
        offer = self._offers.get(name)
        return None if offer is None else offer[0]

    def of(self, plugin: str) -> tuple[str, ...]:
        """The connectors that one plugin offers."""
        return tuple(name for name, (_, owner) in self._offers.items() if owner == plugin)


_METHODS = ("check", "discover", "read", "map", "close")


class Plugins:
    """All plugins: `registry` has the connectors, `states` tells of each, `hooks` gives the hooks of those loaded.

    `unknown_off` is what C360_PLUGINS_OFF names and is no plugin, each in a sentence.
    """

    def __init__(
        self,
        manager: pluggy.PluginManager,
        registry: Registry,
        states: Sequence[PluginState],
        unknown_off: Sequence[str] = (),
    ) -> None:
        self._manager = manager
        self.registry = registry
        self.states = tuple(states)
        self.unknown_off = tuple(unknown_off)

    @property
    def failed(self) -> list[PluginState]:
        return [state for state in self.states if state.state == "failed"]

    def hooks(self, name: str) -> list[Hook]:
        """Each plugin's implementation of a hook, in the order in which they are called: the last loaded first."""
        found = getattr(self._manager.hook, name).get_hookimpls()
        return [Hook(each.plugin_name, name, each.function, each.argnames) for each in reversed(found)]

    def page_hook(self) -> PageHook | None:
        """What plugins do to a page before it is stored, None when none does anything: the sync then skips it.

        They adjust it (`c360_map_page`), then take out what must not be kept (`c360_redact`), each seeing what the one
        before left. It raises HookFailed: a page that was not redacted must not be stored.
        """
        adjusting, redacting = self.hooks("c360_map_page"), self.hooks("c360_redact")
        if not adjusting and not redacting:
            return None

        async def adjust(source: str, stream: str, pairs: list[tuple[Any, list[Record]]]) -> None:
            for hook in adjusting:
                await hook.call({"source": source, "stream": stream, "pairs": pairs})
            for hook in redacting:
                # One thread for the page, not one for each record.
                await hook.run(partial(_redact, hook, pairs))

        return adjust

    async def announce(self, name: str, **arguments: Any) -> list[HookFailed]:
        """Tell every plugin that has the hook; what failed, each by name. The others are told all the same."""
        failed: list[HookFailed] = []
        for hook in self.hooks(name):
            try:
                await hook.call(arguments)
            except HookFailed as error:
                failed.append(error)
        return failed


def _redact(hook: Hook, pairs: list[tuple[Any, list[Record]]]) -> None:
    for _, records in pairs:
        for index, record in enumerate(records):
            less = hook.function(record)
            if less is not None:
                records[index] = less


def load_plugins(
    paths: Iterable[Path] = (),
    *,
    off: str | None = None,
    found: Iterable[EntryPoint] | None = None,
) -> Plugins:
    """Load every plugin by entry point and every file in `paths`; a broken one is listed, and the rest go on.

    `off` (else the variable C360_PLUGINS_OFF) names plugins that stay off, with commas; `*` is all that do not come
    with c360 itself.
    """
    manager = pluggy.PluginManager("c360")
    manager.add_hookspecs(HookSpecs)
    registry = Registry()
    switched_off = {name.strip() for name in (os.environ.get(OFF, "") if off is None else off).split(",")}
    states: list[PluginState] = []
    for candidate in [*_by_entry_point(entry_points(group=GROUP) if found is None else found), *_by_path(paths)]:
        own = Registry(candidate.name, registry)
        states.append(_load(manager, own, candidate, switched_off))
        if states[-1].state == "loaded":
            registry = own
    return Plugins(manager, registry, states, list(_unknown(switched_off, [state.name for state in states])))


def _unknown(switched_off: set[str], names: Sequence[str]) -> Iterator[str]:
    for name in sorted(switched_off - {"", "*", *names}):
        known = ", ".join(names)
        yield f"{OFF} names {name!r}, which is no plugin: nothing is off.{did_you_mean(name, names)} Known: {known}."


@dataclass(frozen=True, slots=True)
class _Candidate:
    name: str
    distribution: str
    version: str
    load: Callable[[], Any]


def _by_entry_point(found: Iterable[EntryPoint]) -> Iterator[_Candidate]:
    for point in sorted(found, key=lambda point: point.name):
        distribution = point.dist
        yield _Candidate(
            point.name,
            "" if distribution is None else distribution.name,
            "" if distribution is None else distribution.version,
            point.load,
        )


def _by_path(paths: Iterable[Path]) -> Iterator[_Candidate]:
    for path in dict.fromkeys(paths):
        yield _Candidate(path.stem, str(path), "", partial(_import_file, path))


def _import_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise PluginLoadError(f"there is no file {path}")
    # Two files of one name are two modules; msgspec and pydantic look modules up to resolve types.
    digest = blake2b(str(path.resolve()).encode(), digest_size=4).hexdigest()
    name = f"c360_plugin_{path.stem}_{digest}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PluginLoadError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _load(
    manager: pluggy.PluginManager, registry: Registry, candidate: _Candidate, switched_off: set[str]
) -> PluginState:
    if candidate.name in switched_off or ("*" in switched_off and candidate.distribution != SHIPPED):
        return PluginState(candidate.name, candidate.distribution, candidate.version, "off")
    error: str | None = None
    plugin: Any = None
    try:
        plugin = loaded_in_time(partial(_imported, candidate), "to be imported")
        manager.register(plugin, candidate.name)
        manager.check_pending()
        for implementation in manager.hook.c360_register_connectors.get_hookimpls():
            if implementation.plugin is plugin:
                loaded_in_time(partial(implementation.function, registry), "in c360_register_connectors")
    except Exception as problem:
        # A plugin's mistake, whatever it is, must not take the rest down; the list tells of it.
        error = _reason(problem)
        if plugin is not None and manager.is_registered(plugin):
            manager.unregister(plugin)
    return PluginState(
        candidate.name,
        candidate.distribution,
        candidate.version,
        "loaded" if error is None else "failed",
        error,
        registry.of(candidate.name) if error is None else (),
    )


def _imported(candidate: _Candidate) -> Any:
    plugin = candidate.load()
    _check_api(plugin)
    _check_marks(plugin)
    return plugin


def _reason(problem: BaseException) -> str:
    text = " ".join(str(problem).split())
    return text if isinstance(problem, PluginLoadError) else f"{type(problem).__name__}: {text}"


def _check_api(plugin: Any) -> None:
    wanted = getattr(plugin, "C360_API", None)
    if not isinstance(wanted, str):
        raise PluginLoadError(f'it does not say which API it wants; add C360_API = ">={API_VERSION.split(".")[0]},<2".')
    if not api_fits(wanted, API_VERSION):
        raise PluginLoadError(f"it wants the API {wanted}, this c360 has {API_VERSION}.")


def api_fits(wanted: str, version: str) -> bool:
    """Whether a version lies in a range such as `>=1,<2`; PluginLoadError when the range cannot be read."""
    have = _parts(version)
    for clause in wanted.split(","):
        match = re.fullmatch(r"\s*(>=|<=|==|!=|>|<)\s*(\d+(?:\.\d+)*)\s*", clause)
        if match is None:
            raise PluginLoadError(f'C360_API = "{wanted}" cannot be read; write it like ">=1,<2".')
        if not _COMPARE[match[1]](have, _parts(match[2])):
            return False
    return True


def _parts(version: str) -> tuple[int, ...]:
    parts = [int(part) for part in version.split(".")]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


_COMPARE: Mapping[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    ">=": lambda have, bound: have >= bound,
    "<=": lambda have, bound: have <= bound,
    "==": lambda have, bound: have == bound,
    "!=": lambda have, bound: have != bound,
    ">": lambda have, bound: have > bound,
    "<": lambda have, bound: have < bound,
}


def _check_marks(plugin: Any) -> None:
    """A hook without its mark would never be called, and nobody would know why."""
    mark = f"{hookimpl.project_name}_impl"
    for name in dir(plugin):
        value = getattr(plugin, name, None)
        if name.startswith("c360_") and callable(value) and not isinstance(value, type) and not hasattr(value, mark):
            raise PluginLoadError(f"{name} is not marked with @hookimpl, so it would never be called.")
        options = getattr(value, mark, None)
        if name.startswith("c360_") and isinstance(options, dict) and (options["wrapper"] or options["hookwrapper"]):
            raise PluginLoadError(f"{name} is a wrapper around other plugins' hooks; each is called on its own here.")
