"""How the API is served: address, credentials, limits."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from api.limits import Limits
from api.oidc_settings import OidcSettings
from api.server_error import ServerError

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8360
SHORTEST_TOKEN = 16


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Where the API listens and who is let in. Without a token, keys or a provider only this machine is."""

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    token: SecretStr | None = None
    oidc: OidcSettings | None = None
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def from_environment(
        cls,
        environment: Mapping[str, str] | None = None,
        *,
        host: str = DEFAULT_HOST,
        port: int = DEFAULT_PORT,
    ) -> ApiSettings:
        """Read C360_API_TOKEN or C360_API_TOKEN_FILE, and C360_OIDC_…; raises ServerError."""
        env = os.environ if environment is None else environment
        return cls(host=host, port=port, token=_token(env), oidc=OidcSettings.from_environment(env))


def _token(env: Mapping[str, str]) -> SecretStr | None:
    token, file = env.get("C360_API_TOKEN", ""), env.get("C360_API_TOKEN_FILE")
    if not token and file:
        try:
            token = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ServerError(f"C360_API_TOKEN_FILE: {file} cannot be read ({error}). Put the token there.") from None
    if not token:
        return None
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise ServerError(
            f"C360_API_TOKEN must be at least {SHORTEST_TOKEN} printable ASCII characters without blanks. "
            "Make one with: openssl rand -hex 32"
        )
    return SecretStr(token)
