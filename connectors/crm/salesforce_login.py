"""How a Salesforce session is asked for: with an app's secret, or with a token that its certificate signs."""

from __future__ import annotations

import time
from dataclasses import dataclass

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from connectors.errors import SourceRefused

VALID_SECONDS = 180
"""What Salesforce allows from the moment a token is made."""


@dataclass(frozen=True, slots=True)
class Login:
    """The app, and its secret (client credentials) or key (JWT bearer, for `username` at `audience`)."""

    client_id: str
    client_secret: str | None = None
    private_key: str | None = None
    username: str | None = None
    audience: str = "https://login.salesforce.com"

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(secret for secret in (self.client_secret, self.private_key) if secret)


def token_request(login: Login, source: str) -> dict[str, str]:
    """The form that asks for a session (RFC 6749 §4.4, RFC 7523); SourceRefused when the key is none."""
    if login.private_key is None:
        return {
            "grant_type": "client_credentials",
            "client_id": login.client_id,
            "client_secret": login.client_secret or "",
        }
    claims = {
        "iss": login.client_id,
        "sub": login.username,
        "aud": login.audience,
        "exp": int(time.time()) + VALID_SECONDS,
    }
    try:
        assertion = jwt.encode({"alg": "RS256"}, claims, RSAKey.import_key(login.private_key))
    except (JoseError, ValueError):
        raise SourceRefused(
            f"[{source}] 'private_key' is no RSA key in PEM. It is the key of the certificate of the app in Setup."
        ) from None
    return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
