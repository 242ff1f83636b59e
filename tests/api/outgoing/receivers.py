"""A real HTTP server and a real mail server that keep what they are sent."""

from __future__ import annotations

import asyncio
import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

import uvicorn
from aiosmtpd.smtp import SMTP
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.outgoing.settings import MailSettings
from api.server import listen


@dataclass
class Hook:
    """What was posted, as (headers, body), and what is answered next: each code once, then 204."""

    url: str = ""
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        self.came.append((dict(request.headers), await request.body()))
        return Response(status_code=self.answers.pop(0) if self.answers else 204)


@asynccontextmanager
async def hook_server() -> AsyncIterator[Hook]:
    """An HTTP server on a free port."""
    hook = Hook()
    app = Starlette(routes=[Route("/hook", hook.take, methods=["POST"])])
    listener = listen("127.0.0.1", 0)
    hook.url = f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None))
    running = asyncio.create_task(server._serve([listener]))
    try:
        yield hook
    finally:
        server.should_exit = True
        await running


@dataclass
class Inbox:
    """The mails that came, as (recipient, mail); `refuses` says by recipient what is answered instead."""

    mails: list[tuple[str, Message]] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    settings: MailSettings | None = None

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 known"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails += [(to, email.message_from_bytes(envelope.content)) for to in envelope.rcpt_tos]
        return "250 kept"


@asynccontextmanager
async def mail_server(*alerts_to: str) -> AsyncIterator[Inbox]:
    """A mail server on a free port."""
    inbox = Inbox()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(inbox), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    inbox.settings = MailSettings("127.0.0.1", port, "none", "Acme Care <care@acme.test>", alerts_to=alerts_to)
    async with server:
        yield inbox
