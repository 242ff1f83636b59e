"""Where the graph lives, and how we are let in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from connectors.problems import Problems
from graph.store.errors import StoreError

DEFAULT_URI = "embedded:./c360-data"
BOLT_SCHEMES = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """One home of the graph: `embedded:PATH`, or the Bolt address of a Neo4j with its user and password."""

    uri: str = DEFAULT_URI
    user: str = "neo4j"
    password: SecretStr = field(default_factory=lambda: SecretStr(""))

    def __post_init__(self) -> None:
        if self.embedded_path is not None:
            return
        parts = urlsplit(self.uri)
        if parts.scheme not in BOLT_SCHEMES or not parts.hostname:
            raise StoreError(
                f"C360_STORE: {self._scheme_of(parts.scheme)!r} is no address of a store. Use embedded:PATH for a "
                "graph in a folder, or a Neo4j's Bolt address such as bolt://localhost:7687 or neo4j+s://HOST."
            )
        if parts.username or parts.password:
            raise StoreError(
                "C360_STORE holds a user or a password. Take them out of the address "
                "and set C360_STORE_USER and C360_STORE_PASSWORD (or C360_STORE_PASSWORD_FILE)."
            )

    @property
    def embedded_path(self) -> Path | None:
        """The data folder of an embedded store; None for a Neo4j."""
        if not self.uri.startswith("embedded:"):
            return None
        return Path(self.uri.removeprefix("embedded:") or ".").expanduser()

    @staticmethod
    def _scheme_of(scheme: str) -> str:
        # Never the whole address: it may carry a password that was put in the wrong place.
        return f"{scheme}:…" if scheme else "that"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> StoreSettings:
        """Read C360_STORE, C360_STORE_USER and C360_STORE_PASSWORD or C360_STORE_PASSWORD_FILE.

        Raises one StoreError that tells everything that is wrong, a line each.
        """
        env = os.environ if environment is None else environment
        uri, user = env.get("C360_STORE") or DEFAULT_URI, env.get("C360_STORE_USER") or "neo4j"
        problems = Problems()
        password = SecretStr(problems.read(lambda: _password(env), ""))
        settings = problems.read(lambda: cls(uri, user, password), cls())
        problems.tell(StoreError)
        return settings


def _password(env: Mapping[str, str]) -> str:
    if password := env.get("C360_STORE_PASSWORD"):
        return password
    file = env.get("C360_STORE_PASSWORD_FILE")
    if not file:
        return ""
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(
            f"C360_STORE_PASSWORD_FILE: {file} cannot be read ({error}). Put the password there."
        ) from None
