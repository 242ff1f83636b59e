"""The identity provider whose tokens let in, as the variables C360_OIDC_… name it."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from api.server_error import ServerError
from connectors.problems import Problems
from graph.keys import Role

T = TypeVar("T")

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
"""What a token may be signed with. All have a public and a private half: whoever can check cannot sign."""
USUAL_ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519", "EdDSA")
LONGEST_LEEWAY = 300
EVERYBODY = "*"


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """Whose tokens are taken, and what is read in them."""

    issuer: str
    audience: str
    jwks: str | None = None
    """Where the keys are; without it the provider's discovery document says."""
    algorithms: tuple[str, ...] = USUAL_ALGORITHMS
    name_claim: str = "sub"
    roles_claim: str = "roles"
    roles: Mapping[Role, frozenset[str]] | None = None
    """What of the claim gives which role; without it the claim names our roles. `*` is whoever has a token."""
    leeway: int = 60
    """Seconds by which clocks may differ."""

    def role_of(self, said: Iterable[str]) -> Role | None:
        """The highest role that these values of the claim give."""
        values = set(said)
        if self.roles is None:
            given = [role for value in values if (role := Role.named(value)) is not None]
        else:
            given = [role for role, names in self.roles.items() if names & (values | {EVERYBODY})]
        return max(given, default=None)

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> OidcSettings | None:
        """Read C360_OIDC_…; None where there is no provider. Raises one ServerError, a line for all that is wrong."""
        given = {name.removeprefix("C360_OIDC_"): text for name, text in env.items() if name.startswith("C360_OIDC_")}
        given = {name: text.strip() for name, text in given.items() if text.strip()}
        if not given:
            return None
        known = ("ISSUER", "AUDIENCE", "JWKS", "ALGORITHMS", "NAME_CLAIM", "ROLES_CLAIM", "ROLES", "LEEWAY")
        problems = Problems()
        problems.texts += (
            f"C360_OIDC_{name} is no setting. Known: {', '.join(f'C360_OIDC_{each}' for each in known)}."
            for name in given
            if name not in known
        )
        problems.texts += (
            f"C360_OIDC_{name} is missing: tokens are taken of one issuer, for one audience."
            for name in ("ISSUER", "AUDIENCE")
            if name not in given
        )

        def read(name: str, reader: Callable[[str], T], otherwise: T) -> T:
            return problems.read(lambda: reader(given[name]), otherwise) if name in given else otherwise

        settings = cls(
            issuer=read("ISSUER", lambda text: _address("ISSUER", text), ""),
            audience=given.get("AUDIENCE", ""),
            jwks=read("JWKS", lambda text: _address("JWKS", text), None),
            algorithms=read("ALGORITHMS", _algorithms, USUAL_ALGORITHMS),
            name_claim=given.get("NAME_CLAIM", "sub"),
            roles_claim=given.get("ROLES_CLAIM", "roles"),
            roles=read("ROLES", _roles, None),
            leeway=read("LEEWAY", _leeway, 60),
        )
        problems.tell(ServerError)
        return settings


def is_safe_address(address: str) -> bool:
    """Whether nobody on the way can change what comes from there: https, or this machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(host)
    if parts.scheme != "http":
        return False
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _address(name: str, text: str) -> str:
    if not is_safe_address(text):
        raise ServerError(
            f"C360_OIDC_{name} must be an https:// address (http:// only on this machine): over plain http anybody on "
            "the way could give us keys of their own."
        )
    return text


def _algorithms(text: str) -> tuple[str, ...]:
    names = tuple(text.replace(",", " ").split())
    for name in names:
        if name not in ALGORITHMS:
            raise ServerError(
                f"C360_OIDC_ALGORITHMS: {name[:20]!r} is not taken. Known: {', '.join(ALGORITHMS)}; neither `none` nor "
                "the HS algorithms, with which whoever knows the public key could sign."
            )
    return names


def _roles(text: str) -> Mapping[Role, frozenset[str]]:
    roles: dict[Role, frozenset[str]] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        word, equals, values = part.partition("=")
        role = Role.named(word)
        names = frozenset(value.strip() for value in values.split(",") if value.strip())
        if role is None or not equals or not names:
            raise ServerError(
                f"C360_OIDC_ROLES: {part[:60]!r} is not `role=value,value`. Roles are "
                f'{", ".join(role.word for role in Role)}; e.g. "steward=Customer Care,ops; reader=*".'
            )
        roles[role] = names
    return roles


def _leeway(text: str) -> int:
    if not text.isdecimal() or int(text) > LONGEST_LEEWAY:
        raise ServerError(
            f"C360_OIDC_LEEWAY must be a number of seconds from 0 to {LONGEST_LEEWAY}; it is {text[:20]!r}."
        )
    return int(text)
