"""plugins.toml: one section a source, read strictly, with errors that name section, key and remedy.

No value that could be a secret is ever part of a message, a log line or a repr.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from connectors.destinations import DELIVER, DeliverySettings, read_deliveries
from connectors.errors import PluginConfigError
from connectors.records import BusinessFunction
from connectors.setting_values import filled_value

COMMON = ("connector", "path", "streams", "trust", "function", "owner", "every")
"""Keys that every section may have."""


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """One section of plugins.toml.

    `connector` is the kind (`files`), `trust` (0 to 1) ranks sources in survivorship, `owner` is the person who answers
    for the source, `every` how often a served API syncs it, in seconds. `values` are the connector's own settings with
    their secrets filled in, so it has no repr; `secret_keys` are those that came from `{ env = … }` or `{ file = … }`.
    """

    name: str
    connector: str
    trust: float = 0.5
    function: BusinessFunction | None = None
    owner: str | None = None
    every: float | None = None
    streams: tuple[str, ...] | None = None
    plugin_path: Path | None = None
    folder: Path = Path()
    file: str = "plugins.toml"
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    secret_keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Settings:
    """plugins.toml as a whole, its sources and where it delivers to in the order of the file."""

    path: Path
    sources: tuple[SourceSettings, ...]
    deliveries: tuple[DeliverySettings, ...] = ()

    @property
    def plugin_paths(self) -> list[Path]:
        """Plugins that are files, for `load_plugins`."""
        return [source.plugin_path for source in self.sources if source.plugin_path is not None]


RECORDED = "recorded"
"""The source of what people and web applications report to c360; no section may be called so."""


def read_settings(path: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Read plugins.toml; raises PluginConfigError that says what is wrong, where, and what to do.

    `environment` stands for the process's variables (tests give their own).
    """
    variables = os.environ if environment is None else environment
    tables = _tables(path)
    problems: list[str] = []
    sources: list[SourceSettings] = []
    entries = tables.pop(DELIVER, []) if isinstance(tables.get(DELIVER), list) else []
    for name, table in tables.items():
        try:
            sources.append(_source(path, name, table, variables))
        except PluginConfigError as error:
            problems.append(str(error))

    def filled(section: str, key: str, value: Any) -> Any:
        return filled_value(path, section, key, value, variables, set(), key)

    deliveries = read_deliveries(path.name, entries, list(tables), filled, problems)
    if problems:
        raise PluginConfigError("\n".join(problems))
    return Settings(path, tuple(sources), deliveries)


def plugin_paths(path: Path) -> list[Path]:
    """The plugins that plugins.toml names by file, whatever else is wrong with its sections.

    Raises PluginConfigError when it cannot be read at all.
    """
    tables = [table for table in _tables(path).values() if isinstance(table, dict)]
    return [path.parent / table["path"] for table in tables if isinstance(table.get("path"), str)]


def _tables(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PluginConfigError(
            f"There is no {path}. Make one with `c360 init FOLDER` from a folder of exports, or say where it is with "
            f"--config."
        ) from None
    except OSError as error:
        raise PluginConfigError(f"{path} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise PluginConfigError(f"{path} is not UTF-8; save it as UTF-8, TOML knows nothing else.") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PluginConfigError(f"{path} is no valid TOML: {error}.{_syntax_hint(text, str(error))}") from None


def _syntax_hint(text: str, error: str) -> str:
    match = re.search(r"line (\d+)", error)
    if match is None:
        return ""
    line = text.splitlines()[int(match[1]) - 1 : int(match[1])]
    # Only the key: what stands after it may be a secret.
    key = line[0].split("=", 1)[0].strip() if line and "=" in line[0] else ""
    return f" Look at {key!r}; a text stands in quotes." if key else ""


def _source(path: Path, name: str, table: Any, variables: Mapping[str, str]) -> SourceSettings:
    file = path.name
    if not isinstance(table, dict):
        raise PluginConfigError(
            f"{file}: {name!r} stands outside of a section. Every source is a section: write [name] above its keys."
        )
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name) is None:
        raise PluginConfigError(f"{file}: [{name}]: a source's name has letters, digits, '_', '-' and '.' only.")
    if name == RECORDED:
        raise PluginConfigError(
            f"{file}: [{name}]: that is the source of what people record in c360 itself. Choose another name."
        )
    common = {key: table[key] for key in COMMON if key in table}
    plugin_path = _text(file, name, "path", common)
    connector = _text(file, name, "connector", common)
    if connector is None and plugin_path is None:
        close = get_close_matches("connector", list(table), 1)
        hint = f" Did you mean it by {close[0]!r}?" if close else ""
        raise PluginConfigError(f"{file}: [{name}] has no 'connector'. Add it, e.g. connector = \"files\".{hint}")
    secret_keys: set[str] = set()
    own = {key: value for key, value in table.items() if key not in COMMON}
    values = {key: filled_value(path, name, key, value, variables, secret_keys, key) for key, value in own.items()}
    return SourceSettings(
        name=name,
        connector=connector or Path(plugin_path or "").stem,
        trust=_trust(file, name, common.get("trust", 0.5)),
        function=_function(file, name, _text(file, name, "function", common)),
        owner=_text(file, name, "owner", common),
        every=_every(file, name, _text(file, name, "every", common)),
        streams=_streams(file, name, common.get("streams")),
        plugin_path=None if plugin_path is None else path.parent / plugin_path,
        folder=path.parent,
        file=file,
        values=values,
        secret_keys=frozenset(secret_keys),
    )


def _text(file: str, section: str, key: str, table: Mapping[str, Any]) -> str | None:
    value = table.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise PluginConfigError(f"{file}: [{section}] {key} is a text in quotes.")
    return value


def _trust(file: str, section: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise PluginConfigError(f"{file}: [{section}] trust is a number from 0 to 1, e.g. trust = 0.8.")
    return float(value)


def _every(file: str, section: str, value: str | None) -> float | None:
    if value is None:
        return None
    match = re.fullmatch(r"\s*(\d+)\s*(m|h|d)\s*", value)
    if match is None or int(match[1]) == 0:
        raise PluginConfigError(
            f'{file}: [{section}] every is a number of minutes, hours or days, e.g. every = "15m"; not {value!r}.'
        )
    return float(match[1]) * {"m": 60, "h": 3_600, "d": 86_400}[match[2]]


def _function(file: str, section: str, value: str | None) -> BusinessFunction | None:
    if value is None:
        return None
    try:
        return BusinessFunction(value)
    except ValueError:
        known = ", ".join(function.value for function in BusinessFunction)
        raise PluginConfigError(f"{file}: [{section}] function {value!r} is not one of {known}.") from None


def _streams(file: str, section: str, value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise PluginConfigError(f'{file}: [{section}] streams is a list of names, e.g. streams = ["contacts"].')
    return tuple(value)
