"""How Zendesk knows its reader: an OAuth client that gets itself tokens, an OAuth token, or an API token."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

import httpx
import msgspec


@dataclass(frozen=True, slots=True)
class ApiToken:
    """An administrator's address and API token."""

    email: str
    token: str = field(repr=False)

    @property
    def basic(self) -> httpx.BasicAuth:
        """As Zendesk wants it."""
        return httpx.BasicAuth(f"{self.email}/token", self.token)

    @property
    def secrets(self) -> list[str]:
        """The token, and the header it makes, which a proxy may repeat."""
        return [self.token, base64.b64encode(f"{self.email}/token:{self.token}".encode()).decode()]


@dataclass(frozen=True, slots=True)
class App:
    """An OAuth client that gets itself a token to read with."""

    id: str
    secret: str = field(repr=False)
    scope: str = "read"

    def form(self) -> dict[str, str]:
        """What asks for a token (client credentials grant, RFC 6749 §4.4)."""
        return {
            "grant_type": "client_credentials",
            "client_id": self.id,
            "client_secret": self.secret,
            "scope": self.scope,
        }


Login = str | ApiToken | App
"""An OAuth access token, an API token, or an app."""


class Token(msgspec.Struct, frozen=True):
    """An access token; without `expires_in` it stays."""

    access_token: str
    expires_in: int | None = None


def headers_of(login: Login) -> dict[str, str]:
    """What a token of one's own is sent as."""
    return {"Authorization": f"Bearer {login}"} if isinstance(login, str) else {}
