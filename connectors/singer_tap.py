"""A Singer tap as a process of its own: started with a clean environment, read line by line, and always ended.

https://github.com/singer-io/getting-started/blob/master/docs/SPEC.md
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import tempfile
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from connectors.errors import SourceError
from connectors.hookspecs import RawProblem

LOG = logging.getLogger("c360.singer")
LONGEST_LINE = 32 << 20
"""Bytes; a tap that writes longer ones is ended."""
GRACE_SECONDS = 10.0
"""So long a tap that is asked to end may take."""
_KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""All that a tap gets of our environment; secrets of others stand in the rest."""


class Message(msgspec.Struct, frozen=True):
    """One line of a tap's output."""

    type: str
    stream: str | None = None
    record: dict[str, Any] | None = None
    value: Any = None
    key_properties: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Tap:
    """How a tap is called; `name` stands in messages, `settings` may hold secrets and do so in none."""

    source: str
    command: Sequence[str]
    settings: Mapping[str, Any] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)
    folder: Path
    silence: float
    """Seconds without a line after which it is ended."""

    @property
    def name(self) -> str:
        return " ".join(Path(part).name for part in self.command[:2])

    async def catalog(self) -> dict[str, Any]:
        """What `--discover` writes; SourceError when the tap cannot tell."""
        written = bytearray()
        async with self._running("--discover") as process:
            async for line in self._lines(process):
                written += line
        try:
            found: dict[str, Any] = msgspec.json.decode(written, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self._failed(f"writes no catalog when it is called with --discover, but: {_start(written)}") from None
        if not isinstance(found.get("streams"), list):
            raise self._failed("writes a catalog without `streams`")
        return found

    async def messages(self, catalog: Mapping[str, Any] | None, state: Any) -> AsyncGenerator[Message | RawProblem]:
        """Its messages to the end, and a problem for each line that is none; SourceError when it fails or hangs."""
        given = {"catalog": catalog, "state": state}
        files = {name: value for name, value in given.items() if value is not None}
        async with self._running(**files) as process:
            async for line in self._lines(process):
                if line.strip():
                    yield _message(line, self.name)

    @asynccontextmanager
    async def _running(self, *flags: str, **files: Any) -> AsyncIterator[_Process]:
        """The process, its files in a folder that only this user can read and that goes with it."""
        with tempfile.TemporaryDirectory(prefix="c360-tap-") as home:
            arguments = list(flags)
            for name, value in {"config": dict(self.settings), **files}.items():
                path = Path(home) / f"{name}.json"
                _write_secret(path, msgspec.json.encode(value))
                arguments += [f"--{name}", str(path)]
            kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
            environment = {**kept, "HOME": home, "TMPDIR": home, "PYTHONUNBUFFERED": "1", **self.environment}
            try:
                process = await asyncio.create_subprocess_exec(
                    *self.command,
                    *arguments,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.PIPE,
                    env=environment,
                    cwd=self.folder,
                    limit=LONGEST_LINE,
                    start_new_session=True,  # what it starts is ended with it
                )
            except OSError as error:
                raise self._failed(
                    f"cannot be started: {error.strerror or error}. Install it into an environment of its own and "
                    "give its path as command"
                ) from None
            running = _Process(process)
            try:
                yield running
            finally:
                await running.end()

    async def _lines(self, process: _Process) -> AsyncIterator[bytes]:
        """Its lines; then it must have ended well."""
        while True:
            try:
                line = await asyncio.wait_for(process.line(), self.silence)
            except TimeoutError:
                raise self._failed(f"has written nothing for {self.silence:g} s and was ended") from None
            except ValueError:
                raise self._failed(f"writes a line of more than {LONGEST_LINE >> 20} MB and was ended") from None
            if not line:
                break
            yield line
        try:
            code = await asyncio.wait_for(process.ended(), self.silence)
        except TimeoutError:
            raise self._failed("has closed its output and does not end; it was ended") from None
        if code:
            how = f"was ended by {_signal_name(-code)}" if code < 0 else f"ended with exit code {code}"
            raise self._failed(f"{how}. It said: {self._without_secrets(process.last_words)}")

    def _failed(self, what: str) -> SourceError:
        return SourceError(f"[{self.source}] the tap {self.name!r} {what}.".replace("..", "."))

    def _without_secrets(self, text: str) -> str:
        for secret in sorted({*_texts(self.settings), *self.environment.values()}, key=len, reverse=True):
            if len(secret) > 3:
                text = text.replace(secret, "***")
        return text if len(text) <= 300 else "…" + text[-299:]


class _Process:
    """A running tap; what it says beside its messages is read all the time, so that it never waits for us."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._said: deque[str] = deque(maxlen=20)
        self._listening = asyncio.create_task(self._listen())

    async def line(self) -> bytes:
        assert self._process.stdout is not None
        return await self._process.stdout.readline()

    async def ended(self) -> int:
        code = await self._process.wait()
        with contextlib.suppress(TimeoutError):  # somebody it started may hold the pipe
            await asyncio.wait_for(asyncio.shield(self._listening), 1.0)
        return code

    @property
    def last_words(self) -> str:
        return next((line for line in reversed(self._said) if line.strip()), "nothing")

    async def end(self) -> None:
        """Ask it to end, and its children; whoever does not is killed."""
        try:
            if self._process.returncode is None:
                self._signal(signal.SIGTERM)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._drained(), GRACE_SECONDS)
        finally:
            self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
            await self._process.wait()

    async def _drained(self) -> None:
        """Until it ends; what it still writes is thrown away, lest it waits for a reader."""
        assert self._process.stdout is not None
        while await self._process.stdout.read(1 << 16):
            pass
        await self._process.wait()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    async def _listen(self) -> None:
        assert self._process.stderr is not None
        rest = b""
        while chunk := await self._process.stderr.read(1 << 16):
            *lines, rest = (rest + chunk).split(b"\n")
            self._said.extend(line.decode("utf-8", "replace") for line in lines)
            rest = rest[-4096:]
        self._said.append(rest.decode("utf-8", "replace"))


def _message(line: bytes, name: str) -> Message | RawProblem:
    try:
        return msgspec.json.decode(line, type=Message)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return RawProblem(f"output of {name}", f"is no message of Singer: {error}.", _start(line))


def _write_secret(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _start(written: bytes | bytearray) -> str:
    return bytes(written[:200]).decode("utf-8", "replace").strip() or "nothing"


def _texts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return [value] if isinstance(value, str) else []


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
