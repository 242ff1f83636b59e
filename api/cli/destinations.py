"""The destinations of plugins.toml and of plugins, ready to be told."""

from __future__ import annotations

from api.cli.invocation import Invocation
from api.outgoing.deliveries import Deliverer
from api.outgoing.destinations import Destination, PluginDestination, SourceDestination, WebhookDestination
from api.outgoing.settings import OutgoingSettings, WebhookSettings
from connectors.configured import make_connectors
from connectors.destinations import DeliverySettings
from connectors.errors import PluginConfigError
from connectors.plugins import Plugins, load_plugins
from connectors.settings import Settings, read_settings
from graph.deliveries.consent import NeededConsent
from graph.deliveries.queue import Wish
from graph.rules import Rules
from graph.store.driver import Store


def deliverer_of(invocation: Invocation, store: Store, rules: Rules) -> Deliverer | None:
    """What delivers; None when nobody is to be told anything. Raises PluginConfigError."""
    if not invocation.plugins_toml.exists():
        return None
    settings = read_settings(invocation.plugins_toml)
    plugins = load_plugins(settings.plugin_paths)
    found: list[Destination] = [_destination(settings, one, plugins) for one in settings.deliveries]
    found += [PluginDestination(hook) for hook in plugins.hooks("c360_deliver")]
    return Deliverer(store, rules, found) if found else None


def _destination(settings: Settings, one: DeliverySettings, plugins: Plugins) -> Destination:
    needed = None if one.consent is None else NeededConsent(*one.consent)
    wish = Wish(one.name, one.about, needed)
    if one.url is not None and one.key is not None:
        where = f"[[deliver]] {one.name} of {settings.path.name}"
        return WebhookDestination(wish, WebhookSettings(one.url, one.key, where))
    (source,) = [source for source in settings.sources if source.name == one.to]
    (connector,) = make_connectors([source], plugins)
    if not callable(getattr(connector, "deliver", None)):
        raise PluginConfigError(
            f"{settings.path.name}: [[deliver]] to {one.to!r}: the connector {source.connector!r} cannot be written "
            "to. hubspot and zendesk can; docs/deliveries.md says how one of your own can."
        )
    return SourceDestination(wish, connector, source.connector, OutgoingSettings.from_environment().public_url)
