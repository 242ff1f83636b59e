"""What could keep c360 from working here: settings, plugins, the store, clocks, disks; each with a remedy."""

from __future__ import annotations

import os
import platform
import shutil
import stat
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from api.outgoing.settings import OutgoingSettings
from api.settings import ApiSettings
from api.variables import misspelt
from connectors.configured import make_connectors
from connectors.errors import C360Error
from connectors.plugins import load_plugins
from connectors.problems import Problems
from connectors.settings import read_settings
from graph.cypher import cypher
from graph.figures.board import misnamed
from graph.rules import read_rules
from graph.store.cache import cache_home
from graph.store.driver import Store, open_store
from graph.store.errors import StoreError
from graph.store.info import server_of
from graph.store.migrate import half_filled, latest, schema_of
from graph.store.settings import StoreSettings
from graph.sync.brake import is_held
from graph.sync.known_sources import KnownSource, known_sources

CLOCK_SECONDS = 5.0
"""So far the store's clock and ours may be apart: leases go by the store's, moments of our own runs by ours."""
LITTLE_ROOM = 1_000_000_000
NO_ROOM = 200_000_000
MANY_INTERACTIONS = 1_000_000
"""Above these the embedded store is not what to use."""
OLDEST_NEO4J = (5, 26)

State = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, what was found, and what to do about it where it is not well."""

    about: str
    state: State
    found: str
    remedy: str | None = None


async def examine(config: Path, environment: Mapping[str, str] | None = None) -> AsyncIterator[Finding]:
    """Look at everything, from what is nearest to what is farthest. Nothing is written, and no source is asked."""
    env = os.environ if environment is None else environment
    yield Finding("versions", "ok", f"c360 {version('c360')}, Python {platform.python_version()}")
    for finding in (*_variables(env), *_secret_files(env), *_rules(config), *_plugins(config, env), *_disks(env)):
        yield finding
    try:
        settings = StoreSettings.from_environment(env)
    except StoreError as error:
        for line in str(error).splitlines():
            yield Finding("store", "problem", line)
        return
    if settings.embedded_path is not None and not settings.embedded_path.exists():
        yield Finding("store", "ok", f"{settings.uri} is not there yet: the first `c360 sync` makes it")
        return
    try:
        async with open_store(settings) as store:
            async for finding in _store(store):
                yield finding
    except C360Error as error:
        yield Finding("store", "problem", str(error))


def _variables(env: Mapping[str, str]) -> Iterator[Finding]:
    problems = Problems()
    problems.read(lambda: ApiSettings.from_environment(env), None)
    problems.read(lambda: OutgoingSettings.from_environment(env), None)
    texts = [line for text in problems.texts for line in text.splitlines()]
    yield from (Finding("settings", "problem", text) for text in texts)
    for name, meant in misspelt(env):
        yield Finding("settings", "warning", f"{name} is no setting", f"Did you mean {meant}?")
    if not texts:
        yield Finding("settings", "ok", "variables can be used")


def _secret_files(env: Mapping[str, str]) -> Iterator[Finding]:
    """A secret that every user of the machine may read is none."""
    for name, path in sorted(env.items()):
        if not name.startswith("C360_") or not name.endswith("_FILE") or not Path(path).is_file():
            continue
        file = Path(path).resolve()
        everybody = file.stat().st_mode & stat.S_IROTH and all(
            folder.stat().st_mode & stat.S_IXOTH for folder in file.parents
        )
        if everybody:
            yield Finding("secrets", "warning", f"{path} ({name}) may be read by everybody here", f"chmod 600 {path}")
        else:
            yield Finding("secrets", "ok", f"{name} is read from {path}")


def _rules(config: Path) -> Iterator[Finding]:
    path = config / "rules.toml"
    try:
        rules = read_rules(path if path.exists() else None)
    except C360Error as error:
        yield Finding("rules", "problem", str(error))
        return
    for named in misnamed(rules):
        yield Finding("rules", "problem", f"{path}: {named}")
    if not misnamed(rules):
        yield Finding("rules", "ok", str(path) if path.exists() else "those that ship (there is no rules.toml)")


def _plugins(config: Path, env: Mapping[str, str]) -> Iterator[Finding]:
    path = config / "plugins.toml"
    if not path.exists():
        remedy = "Make one with `c360 init FOLDER`, or name its folder with --config."
        yield Finding("sources", "warning", f"there is no {path}: nothing can be synced", remedy)
        return
    try:
        settings = read_settings(path, env)
    except C360Error as error:
        yield from (Finding("sources", "problem", line) for line in str(error).splitlines())
        return
    plugins = load_plugins(settings.plugin_paths)
    for failed in plugins.failed:
        yield Finding(
            "plugins", "problem", f"{failed.name}: {failed.error}", "Mend it, or switch it off: C360_PLUGINS_OFF"
        )
    for unknown in plugins.unknown_off:
        yield Finding("plugins", "warning", unknown)
    for source in settings.sources:
        try:
            make_connectors([source], plugins, env)
        except Exception as error:  # a plugin may raise anything when it is made
            told = str(error) if isinstance(error, C360Error) else f"[{source.name}] fails: {type(error).__name__}"
            yield Finding("sources", "problem", told)
        else:
            yield Finding("sources", "ok", f"[{source.name}] {source.connector}")


def _disks(env: Mapping[str, str]) -> Iterator[Finding]:
    places = {"the cache": cache_home(env)}
    try:
        if (folder := StoreSettings.from_environment(env).embedded_path) is not None:
            places = {"the embedded store": folder}
    except StoreError:
        pass  # told with the store
    for what, folder in places.items():
        there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
        free = shutil.disk_usage(there).free
        state: State = "problem" if free < NO_ROOM else "warning" if free < LITTLE_ROOM else "ok"
        remedy = None if state == "ok" else "Make room: a full disk stops every sync. Nothing is lost by it."
        yield Finding("disk", state, f"{free / 1e9:,.1f} GB are free for {what} in {folder}", remedy)


async def _store(store: Store) -> AsyncIterator[Finding]:
    server = await server_of(store)
    words = server.split(" ")[-1].split(".")
    is_old = store.kind == "neo4j" and tuple(int(word) for word in words[:2] if word.isdigit()) < OLDEST_NEO4J
    remedy = "Use Neo4j 5.26 LTS or newer: nothing older is tested."
    yield Finding("store", "warning" if is_old else "ok", f"{store.uri}: {server}", remedy if is_old else None)
    yield await _schema(store)
    yield await _clock(store)
    if store.kind == "embedded":
        ((number,),) = await store.read(cypher("writes/count_interactions"))
        if number > MANY_INTERACTIONS:
            told = f"{number:,} interactions are more than the embedded store is meant for"
            yield Finding("store", "warning", told, "Move to Neo4j: c360 store copy")
    if await is_held(store):
        told = "the merge brake holds the last sync"
        yield Finding("sync", "warning", told, "See `c360 rebuild --dry-run`, then `c360 sync --allow-merges`.")
    for source in await known_sources(store):
        yield _last_run(source)


async def _schema(store: Store) -> Finding:
    filling = await half_filled(store)
    if filling == "restore":
        return Finding("schema", "problem", "a backup is half restored", "Run `c360 restore FILE` again.")
    if filling == "copy":
        return Finding("schema", "problem", "a copy is half made", "Run `c360 store copy FROM TO` again.")
    at = await schema_of(store)
    if at < latest():
        told = f"the graph has schema {at}, this version uses {latest()}"
        return Finding(
            "schema", "warning", told, "Any command brings it up to date; `c360 store upgrade` does only that."
        )
    return Finding("schema", "ok", f"schema {at}")


async def _clock(store: Store) -> Finding:
    before = time.time()
    row = await store.read_one(cypher("writes/clock"))
    after = time.time()
    apart = abs((int(row[0]) / 1000 if row else 0.0) - (before + after) / 2) - (after - before) / 2
    if apart > CLOCK_SECONDS:
        remedy = "Set both by a time server (chrony, systemd-timesyncd)."
        return Finding("clock", "warning", f"the store's clock and ours are {apart:,.0f} s apart", remedy)
    return Finding("clock", "ok", "the store's clock and ours agree")


def _last_run(source: KnownSource) -> Finding:
    if source.status == "FAILED":
        return Finding("sync", "problem", f"{source.name}: {source.error}", f"c360 plugins check {source.name}")
    if source.rejections:
        told = f"{source.name}: {source.rejections:,} records could not be read"
        return Finding("sync", "warning", told, f"c360 rejections list {source.name}")
    when = "never" if source.last_success_at is None else f"{source.last_success_at:%Y-%m-%d %H:%M} UTC"
    return Finding("sync", "ok", f"{source.name}: last read whole {when}")
