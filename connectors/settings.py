"""plugins.toml: one section a source, read strictly, with errors that name section, key and remedy.

No value that could be a secret is ever part of a message, a log line or a repr.
"""

from __future__ import annotations

import logging
import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError

from connectors.chosen_streams import ChosenStreams, did_you_mean
from connectors.destinations import DELIVER, DeliverySettings, read_deliveries
from connectors.errors import PluginConfigError
from connectors.hookspecs import Connector
from connectors.plugins import ConnectorClass, Plugins
from connectors.records import BusinessFunction

log = logging.getLogger("c360.settings")

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
        return _filled(path, section, key, value, variables, set(), key)

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


def make_connectors(
    settings: Settings | Sequence[SourceSettings],
    plugins: Plugins,
    environment: Mapping[str, str] | None = None,
) -> list[Connector[Any]]:
    """A connector a source, in order; PluginConfigError tells of everything that is wrong, a line each.

    A key that a section lacks is also looked for in the variable `C360_<SECTION>_<KEY>`.
    """
    variables = os.environ if environment is None else environment
    sources = settings.sources if isinstance(settings, Settings) else settings
    problems: list[str] = []
    connectors: list[Connector[Any]] = []
    for source in sources:
        try:
            connectors.append(_connector(source, plugins, variables))
        except PluginConfigError as error:
            problems.append(str(error))
    if problems:
        raise PluginConfigError("\n".join(problems))
    return connectors


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
    values = {key: _filled(path, name, key, value, variables, secret_keys, key) for key, value in own.items()}
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


def _filled(
    path: Path, section: str, key: str, value: Any, variables: Mapping[str, str], secret_keys: set[str], top: str
) -> Any:
    """The value with `{ env = … }` and `{ file = … }` replaced by what they point to."""
    if isinstance(value, list):
        return [
            _filled(path, section, f"{key}[{index}]", item, variables, secret_keys, top)
            for index, item in enumerate(value)
        ]
    if not isinstance(value, dict):
        return value
    if set(value) in ({"env"}, {"file"}) and all(isinstance(item, str) for item in value.values()):
        secret_keys.add(top)
        if "env" in value:
            return _from_variable(path.name, section, key, value["env"], variables)
        return _from_file(path, section, key, value["file"])
    return {
        name: _filled(path, section, f"{key}.{name}", item, variables, secret_keys, top) for name, item in value.items()
    }


def _from_variable(file: str, section: str, key: str, name: str, variables: Mapping[str, str]) -> str:
    if variables.get(name):
        return variables[name]
    override = variable_name(section, key)
    if variables.get(override):
        return variables[override]
    raise PluginConfigError(
        f"{file}: [{section}] {key}: nothing found. Looked for: the variable {name} ({_how(name, variables)}), the "
        f"variable {override} ({_how(override, variables)}). Set one of them."
    )


def _how(name: str, variables: Mapping[str, str]) -> str:
    return "is empty" if name in variables else "is not set"


def _from_file(path: Path, section: str, key: str, name: str) -> str:
    place = path.parent / name
    try:
        secret = place.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise PluginConfigError(f"{path.name}: [{section}] {key}: the file {place} cannot be read: {reason}.") from None
    if not secret:
        raise PluginConfigError(f"{path.name}: [{section}] {key}: the file {place} is empty.")
    return secret


def variable_name(section: str, key: str) -> str:
    """The variable that stands for a key of a section: `C360_CRM_ACCESS_TOKEN`."""
    return "C360_" + re.sub(r"[^A-Z0-9]+", "_", f"{section}_{key}".upper()).strip("_")


def _connector(source: SourceSettings, plugins: Plugins, variables: Mapping[str, str]) -> Connector[Any]:
    where = f"{source.file}: [{source.name}]"
    made, kind = _class(source, plugins, where)
    config_model: type[BaseModel] = made.Config
    values = dict(source.values)
    fields = config_model.model_fields
    for key, about in fields.items():
        if key not in values and about.alias not in values and variables.get(variable_name(source.name, key)):
            values[key] = variables[variable_name(source.name, key)]
    takes_streams = "streams" in fields
    if takes_streams and source.streams is not None:
        values["streams"] = list(source.streams)
    _check_keys(where, config_model, values)
    _warn_of_literals(where, config_model, source)
    try:
        config = config_model.model_validate(values, context={"folder": source.folder})
    except ValidationError as error:
        problems = _explain(error, where, source.name, config_model, variables)
        raise PluginConfigError("\n".join(problems)) from None
    try:
        connector: Connector[Any] = made(source.name, config)
    except PluginConfigError:
        raise
    except Exception as error:
        # A plugin may raise anything here, and what it says may hold what it was given.
        what = _without(_secrets(source.values), f"{type(error).__name__}: {error}")
        raise PluginConfigError(f"{where}: the connector {kind!r} cannot be made: {what}.") from None
    if source.streams is not None and not takes_streams:
        return ChosenStreams(connector, source.streams, f"{where} (connector {kind!r})")
    return connector


def _secrets(value: Any) -> Iterable[str]:
    """Every text of a section's own settings that may be a secret; a short one is a word of any sentence."""
    if isinstance(value, str) and len(value) > 3:
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _secrets(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _secrets(inner)


def _without(secrets: Iterable[str], text: str) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _class(source: SourceSettings, plugins: Plugins, where: str) -> tuple[ConnectorClass, str]:
    kind = source.connector
    if source.plugin_path is not None and plugins.registry.get(kind) is None:
        offered = plugins.registry.of(source.plugin_path.stem)
        if len(offered) == 1:
            kind = offered[0]
        elif offered:
            raise PluginConfigError(f"{where}: {source.plugin_path.name} offers {', '.join(offered)}: say connector.")
    made = plugins.registry.get(kind)
    if made is not None:
        return made, kind
    for state in plugins.states:
        by_path = source.plugin_path is not None and state.distribution == str(source.plugin_path)
        if (state.name == kind or by_path) and state.state == "failed":
            raise PluginConfigError(f"{where}: the plugin {state.name!r} could not be loaded: {state.error}")
        if state.name == kind and state.state == "off":
            raise PluginConfigError(f"{where}: the plugin {kind!r} is switched off by C360_PLUGINS_OFF.")
    known = plugins.registry.names()
    hint = did_you_mean(kind, known)
    raise PluginConfigError(
        f"{where}: there is no connector {kind!r}.{hint} Known: {', '.join(known)}. A connector of your own is a "
        f'package, or a file: path = "./my_connector.py".'
    )


def _check_keys(where: str, model: type[BaseModel], values: Mapping[str, Any]) -> None:
    if model.model_config.get("extra") == "allow":
        return
    known = [about.alias or key for key, about in model.model_fields.items()]
    allowed = {*model.model_fields, *known}
    problems = [
        f"{where} has {key!r}, which is unknown.{did_you_mean(key, [*known, *COMMON])} "
        f"Known keys: {', '.join([*known, *(name for name in COMMON if name not in known)])}."
        for key in values
        if key not in allowed
    ]
    if problems:
        raise PluginConfigError("\n".join(problems))


def _warn_of_literals(where: str, model: type[BaseModel], source: SourceSettings) -> None:
    for key, about in model.model_fields.items():
        if _is_secret(about.annotation) and key in source.values and key not in source.secret_keys:
            log.warning(
                "%s %s stands in the file itself. Better: %s = { env = %r }", where, key, key,
                variable_name(source.name, key),
            )  # fmt: skip


def _is_secret(annotation: Any) -> bool:
    return annotation in (SecretStr, SecretBytes) or any(_is_secret(part) for part in get_args(annotation))


def _explain(
    error: ValidationError, where: str, section: str, model: type[BaseModel], variables: Mapping[str, str]
) -> list[str]:
    """pydantic's complaints in our words; the values that were given stay out of them."""
    problems: list[str] = []
    known = ", ".join(about.alias or key for key, about in model.model_fields.items())
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        path = problem["loc"]
        key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
        if problem["type"] == "missing" and len(path) == 1:
            variable = variable_name(section, key)
            problems.append(
                f"{where} has no {key!r}. Looked for: the key {key} of [{section}], the variable {variable} "
                f"({_how(variable, variables)}). Known keys: {known}."
            )
        elif problem["type"] == "missing":
            problems.append(f"{where} {key} is missing.")
        elif problem["type"] == "extra_forbidden":
            problems.append(f"{where} {key} is unknown.{_nested_hint(model, path)}")
        else:
            problems.append(f"{where} {key}: {problem['msg'].removeprefix('Value error, ')}.".replace("..", "."))
    return problems


def _nested_hint(model: type[BaseModel], path: Sequence[int | str]) -> str:
    inner: type[BaseModel] | None = model
    for part in path[:-1]:
        if isinstance(part, str) and inner is not None and part in inner.model_fields:
            inner = _model_in(inner.model_fields[part].annotation)
    if inner is None:
        return ""
    return f"{did_you_mean(str(path[-1]), inner.model_fields)} Known keys: {', '.join(inner.model_fields)}."


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in get_args(annotation):
        found = _model_in(part)
        if found is not None:
            return found
    return None
