"""Who asks, and whether they may.

Without a token the API trusts the machine it runs on and nothing else: it listens on loopback only, and it answers
only requests that name loopback as their host, so that a web page cannot reach it under a name of its own.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from api.settings import ServerError


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever asks, with their roles."""

    name: str
    roles: frozenset[str]


LOCAL_VIEWER = Viewer("local", frozenset({"admin"}))
TOKEN_VIEWER = Viewer("token", frozenset({"admin"}))


class NotAuthenticated(Exception):
    """The request has no token, or a wrong one."""


class ForeignHost(Exception):
    """The request names a host that is not this machine, and no token protects the API."""


def check_binding(host: str, token: SecretStr | None) -> None:
    """Refuse to listen beyond this machine without authentication."""
    if token is None and not is_loopback(host):
        raise ServerError(
            f"Refusing to listen on {host} without authentication: everybody who reaches it could read every customer. "
            "Set C360_API_TOKEN (or C360_API_TOKEN_FILE), or listen on 127.0.0.1."
        )


def is_loopback(host: str) -> bool:
    """Whether an address or name can only be reached from this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def viewer_of(headers: Mapping[str, str], token: SecretStr | None) -> Viewer:
    """The viewer of a request; raises NotAuthenticated or ForeignHost. Header names are lower case."""
    if token is None:
        if not is_loopback(_name_in(headers.get("host", ""))):
            raise ForeignHost
        return LOCAL_VIEWER
    scheme, _, given = headers.get("authorization", "").partition(" ")
    right = token.get_secret_value().encode()
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode("utf-8", "replace"), right):
        raise NotAuthenticated
    return TOKEN_VIEWER


def _name_in(host: str) -> str:
    """The name in a Host header, without the port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
