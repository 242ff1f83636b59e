"""A section of plugins.toml becomes a connector, or a sentence about what its connector misses.

No value that could be a secret is ever part of a message, a log line or a repr.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError

from connectors.chosen_streams import ChosenStreams, did_you_mean
from connectors.errors import PluginConfigError
from connectors.hookspecs import Connector
from connectors.plugins import ConnectorClass, Plugins
from connectors.setting_values import how_it_stands, variable_name
from connectors.settings import COMMON, Settings, SourceSettings

log = logging.getLogger("c360.settings")


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
        if connector.name != source.name:
            raise TypeError(f"its name is {connector.name!r}, not that of its section")
    except PluginConfigError:
        raise
    except (Exception, SystemExit) as error:
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
                f"({how_it_stands(variable, variables)}). Known keys: {known}."
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
