"""The sources of plugins.toml, ready to be read; one that cannot be used takes none of the others down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from api.cli.invocation import Invocation, UsageProblem
from connectors.chosen_streams import did_you_mean
from connectors.configured import make_connectors
from connectors.errors import PluginConfigError
from connectors.plugins import Plugins, load_plugins
from connectors.settings import SourceSettings, read_settings
from graph.sync.land import LandingSource


@dataclass(frozen=True, slots=True)
class Sources:
    """What can be read, and why something else cannot."""

    landing: tuple[LandingSource, ...]
    plugins: Plugins
    problems: tuple[str, ...]


def read_sources(invocation: Invocation, plugins_toml: Path, names: Sequence[str] = ()) -> Sources:
    """The sources of those names (all unless said); raises PluginConfigError when none can be used."""
    settings = read_settings(plugins_toml)
    chosen = _chosen(settings.sources, names, plugins_toml)
    plugins = load_plugins(settings.plugin_paths)
    for failed in plugins.failed:
        invocation.say(f"plugin {failed.name} could not be loaded: {failed.error}")
    for unknown in plugins.unknown_off:
        invocation.say(unknown)
    landing: list[LandingSource] = []
    problems: list[str] = []
    for source in chosen:
        try:
            (connector,) = make_connectors([source], plugins)
        except PluginConfigError as error:
            problems.append(str(error))
        except (Exception, SystemExit) as error:  # a plugin may do anything when it is made; the other sources go on
            what = f"{type(error).__name__}: {error}"
            problems.append(
                f"{plugins_toml}: [{source.name}]: the connector '{source.connector}' cannot be made: {what}"
            )
        else:
            landing.append(LandingSource(connector, source.connector, source.trust))
    if problems and not landing:
        raise PluginConfigError("\n".join(problems))
    return Sources(tuple(landing), plugins, tuple(problems))


def _chosen(sources: Sequence[SourceSettings], names: Sequence[str], path: Path) -> list[SourceSettings]:
    if not sources:
        raise PluginConfigError(f"{path} names no source. Add a section, or make one with `c360 init FOLDER`.")
    known = {source.name: source for source in sources}
    for name in names:
        if name not in known:
            raise UsageProblem(
                f"{path} has no source '{name}'.{did_you_mean(name, list(known))} Known: {', '.join(known)}."
            )
    return [known[name] for name in dict.fromkeys(names)] if names else list(sources)
