"""An identity provider on a port of its own: discovery, a key set, and tokens signed with its keys."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, Key, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.oidc_settings import OidcSettings
from api.server import listen

AUDIENCE = "c360"


class Issuer:
    """What the provider says and how often it was asked; a test changes its keys while it runs."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.keys: list[Key] = [RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}, private=True)]
        self.key_sets_served = 0
        self.is_down = False
        self.discovery: dict[str, Any] = {"issuer": address, "jwks_uri": f"{address}/keys"}

    @property
    def settings(self) -> OidcSettings:
        return OidcSettings(issuer=self.address, audience=AUDIENCE)

    def token(self, key: Key | None = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A token of this moment, as a reader unless said; a claim of None is left out."""
        key = key or self.keys[-1]
        now = int(time.time())
        usual = {"iss": self.address, "aud": AUDIENCE, "sub": "u1", "iat": now, "exp": now + 300, "roles": ["reader"]}
        said = {name: value for name, value in (usual | claims).items() if value is not None}
        algorithm = {"RSA": "RS256", "EC": "ES256", "oct": "HS256", "OKP": "Ed25519"}[key.key_type]
        whole = {"alg": algorithm, "kid": key.kid, **(header or {})}
        return jwt.encode(
            {name: value for name, value in whole.items() if value is not None}, said, key, [whole["alg"]]
        )

    def rotate(self) -> None:
        """A new key instead of the one before."""
        self.keys = [ECKey.generate_key("P-256", {"kid": "two", "use": "sig"}, private=True)]

    async def say_discovery(self, _: Request) -> Response:
        return Response(status_code=503) if self.is_down else JSONResponse(self.discovery)

    async def say_keys(self, _: Request) -> Response:
        self.key_sets_served += 1
        if self.is_down:
            return Response(status_code=503)
        return JSONResponse({"keys": [key.as_dict(private=False) for key in self.keys]})


@asynccontextmanager
async def running_issuer() -> AsyncIterator[Issuer]:
    """A provider that answers until the block ends."""
    with listen("127.0.0.1", 0) as listener:
        issuer = Issuer(f"http://127.0.0.1:{listener.getsockname()[1]}")
        app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", issuer.say_discovery),
                Route("/keys", issuer.say_keys),
            ]
        )
        server = _Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        await server.listens.wait()
        yield issuer
        server.should_exit = True
        await running


class _Server(uvicorn.Server):
    """Tells when it listens, and leaves the signals to the tests."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
