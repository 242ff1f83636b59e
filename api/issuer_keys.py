"""The public keys of an identity provider: found by discovery, kept, fetched again when they are replaced."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import orjson
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from api.oidc_settings import OidcSettings, is_safe_address

LOG = logging.getLogger("c360.api")
FRESH_SECONDS = 600.0
"""After so long the keys are fetched again, in passing: one that the provider took back holds no longer."""
STALE_SECONDS = 24 * 3600.0
"""So long the last known keys hold while the provider does not answer."""
PAUSE_SECONDS = 10.0
"""Between two attempts: tokens with keys that nobody knows must not become requests to the provider."""
ANSWER_SECONDS = 5.0
MOST_BYTES = 262_144
MOST_KEYS = 100
SHORTEST_RSA = 2048


class ProviderUnavailable(Exception):
    """The provider's keys cannot be had just now, so nobody can tell whether a token is right."""


class IssuerKeys:
    """The keys of one issuer; one request to it at a time, and at most one every ten seconds."""

    def __init__(self, settings: OidcSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._keys: tuple[tuple[str | None, Key], ...] = ()
        self._read_at: float | None = None
        self._tried_at: float | None = None
        self._failed = False
        self._fetching: asyncio.Task[None] | None = None

    async def key(self, kid: str | None, algorithm: str) -> Key | None:
        """The key of this id that may check this algorithm; None when the provider has none.

        A token without an id is checked by the only key that fits. Raises ProviderUnavailable.
        """
        found = self._held(kid, algorithm)
        if found is not None:
            if self._age() >= FRESH_SECONDS and self._may_try():
                self._fetch()  # in passing: this token need not wait for it
            return found
        if self._fetching is not None or self._may_try():
            await asyncio.shield(self._fetch())
            found = self._held(kid, algorithm)
        if found is None and (self._failed or self._age() >= STALE_SECONDS):
            raise ProviderUnavailable
        return found

    def _age(self) -> float:
        return math.inf if self._read_at is None else self._clock() - self._read_at

    def _may_try(self) -> bool:
        return self._tried_at is None or self._clock() - self._tried_at >= PAUSE_SECONDS

    def _held(self, kid: str | None, algorithm: str) -> Key | None:
        if self._age() >= STALE_SECONDS:
            return None
        fitting = [key for id, key in self._keys if (kid is None or id == kid) and _fits(key, algorithm)]
        return fitting[0] if len(fitting) == 1 else None

    def _fetch(self) -> asyncio.Task[None]:
        if self._fetching is None:
            self._tried_at = self._clock()
            self._fetching = asyncio.create_task(self._read())
            self._fetching.add_done_callback(self._fetched)
        return self._fetching

    def _fetched(self, _: asyncio.Task[None]) -> None:
        self._fetching = None

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(2 * ANSWER_SECONDS), httpx.AsyncClient(timeout=ANSWER_SECONDS) as client:
                address = self._settings.jwks or await self._discovered(client)
                keys = _usable(await _json(client, address))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
            self._failed = True
            LOG.warning("the keys of %s cannot be read: %s", self._settings.issuer, str(error) or type(error).__name__)
            return
        self._keys, self._read_at, self._failed = keys, self._clock(), False

    async def _discovered(self, client: httpx.AsyncClient) -> str:
        told = await _json(client, f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration")
        if told.get("issuer") != self._settings.issuer:
            raise ValueError("its discovery document names another issuer; C360_OIDC_ISSUER must be its very text")
        address = told.get("jwks_uri")
        if not isinstance(address, str) or not is_safe_address(address):
            raise ValueError("its discovery document names no `jwks_uri` that begins with https://")
        return address


async def _json(client: httpx.AsyncClient, address: str) -> Mapping[str, Any]:
    """The object at an address; raises ValueError when there is anything else."""
    body = bytearray()
    async with client.stream("GET", address, headers={"Accept": "application/json"}) as answer:
        if answer.status_code != 200:
            raise ValueError(f"{address} answers {answer.status_code}")
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > MOST_BYTES:
                raise ValueError(f"{address} answers more than {MOST_BYTES:,} bytes")
    told = orjson.loads(bytes(body))
    if not isinstance(told, dict):
        raise ValueError(f"{address} answers no JSON object")
    return told


def _usable(told: Mapping[str, Any]) -> tuple[tuple[str | None, Key], ...]:
    """The keys of a set that may check signatures; raises ValueError when there is none."""
    given = told.get("keys")
    if not isinstance(given, list):
        raise ValueError("there is no JSON Web Key Set (`keys`)")
    keys = [(_id(each), key) for each in given[:MOST_KEYS] if (key := _public(each)) is not None]
    if not keys:
        raise ValueError("none of its keys can check a signature")
    return tuple(keys)


def _id(given: Mapping[str, Any]) -> str | None:
    kid = given.get("kid")
    return kid if isinstance(kid, str) else None


def _public(given: Any) -> Key | None:
    """A key as we use it; None where it is for something else, secret, too short or no key at all."""
    # A key of type `oct` is a shared secret: a token that it signs could have been signed by whoever reads the set.
    if not isinstance(given, dict) or given.get("kty") not in ("RSA", "EC", "OKP"):
        return None
    operations = given.get("key_ops")
    if given.get("use", "sig") != "sig" or (isinstance(operations, list) and "verify" not in operations):
        return None
    known = {name: given[name] for name in ("kty", "n", "e", "crv", "x", "y", "alg") if name in given}
    if given["kty"] == "RSA" and 6 * len(str(given.get("n"))) < SHORTEST_RSA:  # a letter of base64 is six bits
        return None
    try:
        return JWKRegistry.import_key(known)
    except (JoseError, ValueError, TypeError):
        return None


def _fits(key: Key, algorithm: str) -> bool:
    """Whether a key is of the type and curve that an algorithm wants, and not kept for another."""
    if key.alg not in (None, algorithm):
        return False
    if algorithm[0] in "RP":
        return bool(key.key_type == "RSA")
    curves = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
    wanted = ("EC", curves[algorithm]) if algorithm in curves else ("OKP", "Ed25519")
    return (key.key_type, key.as_dict(private=False).get("crv")) == wanted
