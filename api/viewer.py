"""Who asks, and whether they may.

Where there is neither a token nor a key nor an identity provider, the API trusts the machine it runs on and nothing
else: it listens on loopback only, and it answers only requests that name loopback as their host, so that a web page
cannot reach it under a name of its own. From the first of them on nobody is let in without.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from api.limits import Limits, LimitsError
from api.oidc import IdentityProvider, TokenRefused
from api.server_error import ServerError
from api.settings import ApiSettings
from graph.keys import PREFIX, ApiKey, KeyRing, Role
from graph.store.driver import Store

LOG = logging.getLogger("c360.api")
KEY = "key "
"""What the `id` of those begins with who show a key."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever asks."""

    name: str
    """What their decisions are signed with."""
    role: Role
    id: str = ""
    """Tells them from everybody else who asks, also from those of the same name."""
    ends_at: float | None = None
    """When what they showed lets nobody in any more, in seconds since 1970."""
    limits: Limits | None = None
    """Their own; None where those of everybody hold."""

    @property
    def key_id(self) -> str | None:
        """The id of the key that was shown, which is no secret; None when it was something else."""
        return self.id.removeprefix(KEY) if self.id.startswith(KEY) else None


LOCAL_VIEWER = Viewer("local", Role.ADMIN, "local")
TOKEN_VIEWER = Viewer("token", Role.ADMIN, "token")


class NotAuthenticated(Exception):
    """The request has no credential, or a wrong one; the message says what is wrong with one that was shown."""


class ForeignHost(Exception):
    """The request names a host that is not this machine, and nothing protects the API."""


class NotAnOperator(Exception):
    """The viewer is known, and may not read the metrics."""


def check_binding(settings: ApiSettings, *, has_keys: bool) -> None:
    """Refuse to listen beyond this machine without authentication; `has_keys`: API keys were made."""
    if settings.token is None and settings.oidc is None and not has_keys and not is_loopback(settings.host):
        raise ServerError(
            f"Refusing to listen on {settings.host} without authentication: everybody who reaches it could read every "
            "customer. Set C360_API_TOKEN (or C360_API_TOKEN_FILE), make a key with `c360 keys create`, name your "
            "identity provider (C360_OIDC_ISSUER), or listen on 127.0.0.1."
        )


def is_loopback(host: str) -> bool:
    """Whether an address or name can only be reached from this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Door:
    """Lets viewers in by what they show: the token, a key, or a token of the identity provider."""

    def __init__(self, settings: ApiSettings, store: Store) -> None:
        self._settings = settings
        self._keys = KeyRing(store)
        self._limits_said: dict[str, Limits] = {}
        self._provider = None if settings.oidc is None else IdentityProvider(settings.oidc)

    async def viewer_of(self, headers: Mapping[str, str]) -> Viewer:
        """The viewer of a request; header names are lower case.

        Raises NotAuthenticated, NoRole or ForeignHost; StoreError or ProviderUnavailable when nobody can tell.
        """
        shown = credential_in(headers)
        if shown is None:
            return await self._anonymous(headers)
        token = self._settings.token
        if token is not None and _is(token, shown):
            return TOKEN_VIEWER
        if shown.startswith(f"{PREFIX}_"):
            return await self._by_key(shown)
        if self._provider is not None and shown.count(".") == 2:
            return await self._by_provider(self._provider, shown)
        raise NotAuthenticated

    async def let_watch(self, headers: Mapping[str, str]) -> None:
        """Let read the metrics: whoever shows their token, which opens nothing else and needs no store; else admins.

        Raises NotAuthenticated, NoRole, ForeignHost or NotAnOperator; StoreError or ProviderUnavailable when nobody
        can tell.
        """
        shown, token = credential_in(headers), self._settings.metrics_token
        if token is not None and shown is None:
            raise NotAuthenticated  # with a token of their own the metrics are not told to this machine unasked
        if token is not None and shown is not None and _is(token, shown):
            return
        if (await self.viewer_of(headers)).role is not Role.ADMIN:
            raise NotAnOperator

    def forget_key(self, id: str) -> None:
        """Ask the graph anew who shows the key of this id."""
        self._keys.forget(id)

    async def _anonymous(self, headers: Mapping[str, str]) -> Viewer:
        settings = self._settings
        if settings.token is not None or settings.oidc is not None or not is_loopback(settings.host):
            raise NotAuthenticated
        if not is_loopback(_name_in(headers.get("host", ""))):
            raise ForeignHost
        # Also keys that hold no more count: whoever takes the last one back does not mean to open the door.
        if await self._keys.in_use():
            raise NotAuthenticated
        return LOCAL_VIEWER

    async def _by_key(self, text: str) -> Viewer:
        key = await self._keys.key_of(text)
        role = None if key is None else Role.named(key.role)
        if key is None or role is None:
            raise NotAuthenticated
        ends_at = None if key.expires_at is None else key.expires_at.timestamp()
        return Viewer(key.name, role, f"{KEY}{key.id}", ends_at, self._limits(key))

    def _limits(self, key: ApiKey) -> Limits | None:
        if key.limits is None:
            return None
        if key.limits not in self._limits_said:
            try:
                self._limits_said[key.limits] = self._settings.limits.changed(key.limits)
            except LimitsError as error:
                # Written by another version: letting everything pass would be the worse mistake.
                LOG.warning("the limits of key %s cannot be read: %s", key.id, error)
                raise NotAuthenticated from None
        return self._limits_said[key.limits]

    async def _by_provider(self, provider: IdentityProvider, token: str) -> Viewer:
        try:
            identity = await provider.identify(token)
        except TokenRefused as refused:
            raise NotAuthenticated(str(refused)) from None
        return Viewer(identity.name, identity.role, f"subject {identity.subject}", identity.ends_at)


def credential_in(headers: Mapping[str, str]) -> str | None:
    """What a request shows: `x-api-key`, else `Authorization: Bearer …`; None when it shows nothing.

    Raises NotAuthenticated for another scheme.
    """
    if "x-api-key" in headers:
        return headers["x-api-key"].strip()
    if "authorization" not in headers:
        return None
    scheme, _, given = headers["authorization"].partition(" ")
    if scheme.lower() != "bearer":
        raise NotAuthenticated
    return given.strip()


def _is(token: SecretStr, shown: str) -> bool:
    """Whether this is the token; it takes as long wherever they differ."""
    return hmac.compare_digest(shown.encode("utf-8", "replace"), token.get_secret_value().encode())


def _name_in(host: str) -> str:
    """The name in a Host header, without the port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
