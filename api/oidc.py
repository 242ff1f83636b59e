"""Who a token of the company's identity provider says it is.

Tokens are JSON Web Tokens (RFC 7519), checked as RFC 8725 advises: the algorithm is one of our list and fits the key,
the key is the issuer's, and issuer, audience and times are what they must be.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, ExpiredTokenError, InvalidClaimError, JoseError, MissingClaimError

from api.issuer_keys import IssuerKeys
from api.oidc_settings import OidcSettings
from graph.keys import Role

LONGEST_TOKEN = 16_384
LONGEST_NAME = 255
LATEST = 2**53
REMEMBERED_SECONDS = 10.0
MOST_REMEMBERED = 1_000
TOKEN_TYPES = (None, "jwt", "at+jwt", "application/at+jwt")
"""What a token's `typ` may say: one of another kind was made for something else."""


class TokenRefused(Exception):
    """A token does not let in; the message says why in words that give nothing away."""


class NoRole(Exception):
    """The token is right, and none of its roles is one of ours."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a token is about."""

    subject: str
    name: str
    role: Role
    ends_at: float
    """Seconds since 1970 from which on the token lets nobody in, the leeway included."""


class IdentityProvider:
    """Takes the tokens of one issuer for one audience; remembers for a few seconds which were right."""

    def __init__(
        self, settings: OidcSettings, keys: IssuerKeys | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._keys = keys or IssuerKeys(settings)
        self._clock = clock
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(clock()),
            leeway=settings.leeway,
            iss={"essential": True, "value": settings.issuer},
            aud={"essential": True, "value": settings.audience},
            sub={"essential": True},
            exp={"essential": True},
        )
        self._known: dict[bytes, tuple[float, Identity]] = {}

    async def identify(self, token: str) -> Identity:
        """Whom the token is about; raises TokenRefused, NoRole, and ProviderUnavailable when nobody can tell."""
        now = self._clock()
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        known = self._known.get(digest)
        if known is not None and now < min(known[0], known[1].ends_at):
            return known[1]
        identity = self._identity(await self._checked(token))
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[digest] = (now + REMEMBERED_SECONDS, identity)
        return identity

    async def _checked(self, token: str) -> Mapping[str, Any]:
        """The claims of a token whose signature and claims are right."""
        algorithm, kid = self._header(token)
        key = await self._keys.key(kid, algorithm)
        if key is None:
            raise TokenRefused("The token is signed with a key that its issuer does not have.")
        try:
            claims = jwt.decode(token, key, algorithms=[algorithm]).claims
            self._claims.validate(claims)
        except BadSignatureError:
            raise TokenRefused("The token's signature is wrong.") from None
        except ExpiredTokenError:
            raise TokenRefused("The token has expired.") from None
        except MissingClaimError as missing:
            raise TokenRefused(f"The token lacks {missing.claim}.") from None
        except InvalidClaimError as wrong:
            raise TokenRefused(f"The token's {wrong.claim} is not what it must be.") from None
        except (JoseError, ValueError, TypeError, OverflowError):
            raise TokenRefused("The token cannot be read.") from None
        return claims

    def _header(self, token: str) -> tuple[str, str | None]:
        """Algorithm and key id, which nothing vouches for yet."""
        if len(token) > LONGEST_TOKEN:
            raise TokenRefused("The token is too long.")
        try:
            header = jws.extract_compact(token.encode()).headers()
        except (JoseError, ValueError, TypeError, RecursionError):
            raise TokenRefused("The token cannot be read.") from None
        algorithm, kid, type_ = header.get("alg"), header.get("kid"), header.get("typ")
        if algorithm not in self._settings.algorithms:
            raise TokenRefused("The token is signed with an algorithm that is not taken here.")
        if not isinstance(kid, str | None) or (type_.lower() if isinstance(type_, str) else type_) not in TOKEN_TYPES:
            raise TokenRefused("The token is of a kind that is not taken here.")
        return str(algorithm), kid

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        name = _claim(claims, self._settings.name_claim)
        if not isinstance(name, str) or not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise TokenRefused(f"The token's {self._settings.name_claim} is no name.")
        role = self._settings.role_of(_words(_claim(claims, self._settings.roles_claim)))
        if role is None:
            raise NoRole
        ends_at = float(min(claims["exp"], LATEST)) + self._settings.leeway
        return Identity(str(claims["sub"]), name, role, ends_at)


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """The claim of this name; `realm_access.roles` is looked for within `realm_access`, too."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _words(said: Any) -> list[str]:
    """The values of a claim that is a list, or one text with blanks as `scope` is."""
    if isinstance(said, str):
        return [said, *said.split()]
    return [each for each in said if isinstance(each, str)] if isinstance(said, list) else []
