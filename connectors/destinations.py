"""`[[deliver]]` of plugins.toml: who is told of changes, alerts and segments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from connectors.chosen_streams import did_you_mean
from connectors.errors import PluginConfigError
from connectors.events import ABOUT
from connectors.records import Channel
from connectors.signatures import SHORTEST_KEY, key_of

DELIVER = "deliver"
"""The key in plugins.toml."""
KEYS = ("name", "url", "secret", "to", "about", "requires_consent", "consent_channel")
_HERE = ("localhost", "127.0.0.1", "::1")

Filled = Callable[[str, str, Any], Any]
"""Section, key and value give the value with `{ env = … }` and `{ file = … }` filled in."""


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """One destination: a webhook (`url`, and `key`, the bytes that sign), or a source of the same file (`to`).

    `consent` is the channel and the purpose that a customer must have consented to, None where that is not asked.
    """

    name: str
    about: frozenset[str]
    url: str | None = field(default=None, repr=False)  # its path may be a secret
    key: bytes | None = field(default=None, repr=False)
    to: str | None = None
    consent: tuple[Channel, str] | None = None


def read_deliveries(
    file: str, entries: Sequence[Any], sources: Sequence[str], filled: Filled, problems: list[str]
) -> tuple[DeliverySettings, ...]:
    """The destinations of a file; what is wrong with one is added to `problems`."""
    found: dict[str, DeliverySettings] = {}
    for number, entry in enumerate(entries, 1):
        try:
            one = _destination(f"{file}: [[deliver]] {number}", f"deliver_{number}", entry, sources, filled)
            if one.name in found:
                raise PluginConfigError(f"{file}: [[deliver]] {number}: there is a {one.name!r} already. Say a name.")
            found[one.name] = one
        except PluginConfigError as error:
            problems.append(str(error))
    return tuple(found.values())


def _destination(where: str, section: str, entry: Any, sources: Sequence[str], filled: Filled) -> DeliverySettings:
    if not isinstance(entry, Mapping):
        raise PluginConfigError(f'{where} is no section. Write [[deliver]] above its keys, e.g. url = "https://…".')
    for key in entry:
        if key not in KEYS:
            raise PluginConfigError(
                f"{where} has {key!r}, which is unknown.{did_you_mean(key, KEYS)} Known keys: {', '.join(KEYS)}."
            )
    said = {key: filled(section, key, value) for key, value in entry.items()}
    for key, value in said.items():
        if key != "about" and (not isinstance(value, str) or not value.strip()):
            raise PluginConfigError(f"{where} {key} is a text in quotes.")
    if ("url" in said) == ("to" in said):
        raise PluginConfigError(
            f'{where} says a url, with a secret, or to, a source that is written to, such as "support"; one of the two.'
        )
    about = _about(where, said.get("about", list(ABOUT)))
    consent = _consent(where, said)
    if "to" in said:
        to = said["to"]
        if to not in sources:
            known = ", ".join(sources) or "none"
            raise PluginConfigError(f"{where} to {to!r}: no such source.{did_you_mean(to, sources)} Known: {known}.")
        return DeliverySettings(said.get("name", to), about, to=to, consent=consent)
    if "name" not in said:
        raise PluginConfigError(f'{where} has no name. Add one, e.g. name = "warehouse": its place is kept by it.')
    return DeliverySettings(
        said["name"], about, url=_url(where, said["url"]), key=_key(where, said.get("secret")), consent=consent
    )


def _about(where: str, value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not value or not set(map(str, value)) <= set(ABOUT):
        raise PluginConfigError(f'{where} about is a list of {", ".join(ABOUT)}, e.g. about = ["alert"].')
    return frozenset(value)


def _consent(where: str, said: Mapping[str, Any]) -> tuple[Channel, str] | None:
    purpose, channel = said.get("requires_consent"), said.get("consent_channel")
    if purpose is None:
        if channel is not None:
            raise PluginConfigError(
                f'{where} has a consent_channel and no requires_consent. Name the purpose, e.g. "marketing".'
            )
        return None
    known = [one.value for one in Channel]
    if channel is not None and channel not in known:
        raise PluginConfigError(
            f"{where} consent_channel {channel!r} is unknown.{did_you_mean(channel, known)} Known: {', '.join(known)}."
        )
    return Channel(channel or Channel.EMAIL), purpose


def _url(where: str, url: str) -> str:
    parts = urlsplit(url)
    if not parts.hostname or (parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _HERE)):
        raise PluginConfigError(f"{where} url must be an https:// address (http:// on this machine only).")
    return url


def _key(where: str, secret: str | None) -> bytes:
    key = None if secret is None else key_of(secret)
    if key is None:
        raise PluginConfigError(
            f"{where} secret must be whsec_ and at least {SHORTEST_KEY} bytes in base64: whoever receives a webhook "
            "must be able to tell that it is ours. Make one with: echo whsec_$(openssl rand -base64 32)"
        )
    return key
