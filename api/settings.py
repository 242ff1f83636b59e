"""How the API is served: address, credentials, limits."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from api.limits import Limits, LimitsError
from api.logs import log_format
from api.oidc_settings import OidcSettings
from api.server_error import ServerError
from api.trusted import read_documents
from connectors.problems import Problems
from graph.keys import Role

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8360
SHORTEST_TOKEN = 16
SLOW_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Where the API listens and who is let in. Without a token, keys or a provider only this machine is."""

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    token: SecretStr | None = None
    oidc: OidcSettings | None = None
    metrics_token: SecretStr | None = None
    """Opens `/metrics` and nothing else."""
    slow_seconds: float | None = SLOW_SECONDS
    """An operation that takes so long is written to the log; None: none is."""
    cors_origins: frozenset[str] = frozenset()
    """The sites whose pages may ask, as browsers name them."""
    introspection: Role = Role.STEWARD
    """The lowest role that may ask for the schema itself."""
    limits: Limits = field(default_factory=Limits)
    trusted_documents: Path | None = None
    """Where the only documents are that may be asked for; None where every document may."""

    @classmethod
    def from_environment(
        cls,
        environment: Mapping[str, str] | None = None,
        *,
        host: str = DEFAULT_HOST,
        port: int = DEFAULT_PORT,
    ) -> ApiSettings:
        """Read C360_API_TOKEN, C360_METRICS_TOKEN (or their …_FILE), C360_OIDC_… and the rest.

        Raises one ServerError that tells everything that is wrong, a line each; C360_LOG, by which this process has
        begun to log already, and what is wrong with trusted documents among it.
        """
        env = os.environ if environment is None else environment
        problems = Problems()
        settings = cls(
            host=host,
            port=port,
            token=problems.read(lambda: _token(env, "C360_API_TOKEN", "C360_API_TOKEN_FILE"), None),
            oidc=problems.read(lambda: OidcSettings.from_environment(env), None),
            trusted_documents=problems.read(lambda: _trusted_documents(env.get("C360_TRUSTED_DOCUMENTS")), None),
            cors_origins=problems.read(lambda: _origins(env.get("C360_CORS_ORIGINS", "")), frozenset()),
            introspection=problems.read(lambda: _introspection(env.get("C360_INTROSPECTION", "")), Role.STEWARD),
            limits=problems.read(lambda: _limits(env.get("C360_LIMITS", "")), Limits()),
            metrics_token=problems.read(lambda: _token(env, "C360_METRICS_TOKEN", "C360_METRICS_TOKEN_FILE"), None),
            slow_seconds=problems.read(lambda: _slow_seconds(env), None),
        )
        problems.read(lambda: log_format(env), "human")
        problems.tell(ServerError)
        return settings


def _trusted_documents(text: str | None) -> Path | None:
    if not text:
        return None
    read_documents(Path(text))
    return Path(text)


def _origins(text: str) -> frozenset[str]:
    origins = frozenset(text.replace(",", " ").split())
    for origin in origins:
        if not re.fullmatch(r"https?://[a-z0-9.-]+(:\d+)?|https?://\[[0-9a-f:]+\](:\d+)?", origin):
            raise ServerError(
                f"C360_CORS_ORIGINS: {origin[:60]!r} is no origin. Write each as browsers do, in small letters and "
                "without a path: https://app.example or http://localhost:3000. `*` is not taken: name them."
            )
    return origins


def _introspection(text: str) -> Role:
    role = Role.named(text) if text else Role.STEWARD
    if role is None:
        raise ServerError(
            f"C360_INTROSPECTION must be one of {', '.join(each.word for each in Role)}; not {text[:20]!r}."
        )
    return role


def _limits(text: str) -> Limits:
    try:
        return Limits().changed(text)
    except LimitsError as error:
        raise ServerError(f"C360_LIMITS: {error}") from None


def _token(env: Mapping[str, str], name: str, file_name: str) -> SecretStr | None:
    token, file = env.get(name, ""), env.get(file_name)
    if not token and file:
        try:
            token = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ServerError(f"{file_name}: {file} cannot be read ({error}). Put the token there.") from None
    if not token:
        return None
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise ServerError(
            f"{name} must be at least {SHORTEST_TOKEN} printable ASCII characters without blanks. "
            "Make one with: openssl rand -hex 32"
        )
    return SecretStr(token)


def _slow_seconds(env: Mapping[str, str]) -> float | None:
    text = env.get("C360_SLOW_QUERY_MS", "").strip()
    if not text:
        return SLOW_SECONDS
    if text == "off":
        return None
    if not text.isascii() or not text.isdigit():
        raise ServerError("C360_SLOW_QUERY_MS must be whole milliseconds (0: every operation is logged), or off.")
    return int(text) / 1000
