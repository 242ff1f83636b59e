"""Keeps every mail that is sent to it as a file: mail_sink.py PORT FOLDER."""

import asyncio
import itertools
import sys
from pathlib import Path
from typing import Any

from aiosmtpd.controller import UnthreadedController  # type: ignore[import-not-found]


class Keep:
    """Writes each message under a new number; whom it was really for stands in X-Sink-To."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = itertools.count(1 + len(list(folder.iterdir())))

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        file = self.folder / f"{next(self.numbers):06d}.part"
        file.write_bytes(f"X-Sink-To: {', '.join(envelope.rcpt_tos)}\r\n".encode() + envelope.content)
        file.rename(file.with_suffix(".eml"))
        return "250 kept"


if __name__ == "__main__":
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    UnthreadedController(Keep(folder), hostname="127.0.0.1", port=port, loop=loop).begin()
    loop.run_forever()
