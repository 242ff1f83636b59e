"""The embedded home: an ArcadeDB server from PyPI, started as a child process that speaks Bolt.

This is the only module that knows ArcadeDB. One folder holds one graph:

    databases/ config/ log/    the engine's own
    password                   the server's password, readable by its owner only
    server.lock users.lock     who keeps the server, who uses it (see keeper.py)

Whoever opens the folder first starts the server, everybody after that joins it, and it ends with the last of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
from neo4j.exceptions import AuthError

from graph.store.errors import AccessDenied, StoreError, StoreUnavailable

if sys.platform == "win32":
    raise StoreError("The embedded store needs Linux or macOS. Set C360_STORE to the Bolt address of a Neo4j.")

import fcntl

from graph.store.keeper import ANOTHER_KEEPER, try_lock

USER = "root"
DATABASE = "c360"
START_SECONDS = 90.0
STOPPING_SECONDS = 40.0

Answers = Callable[[str, str, str, str], Awaitable[bool]]


@dataclass(slots=True)
class EmbeddedServer:
    """A server that we use, together with others perhaps."""

    folder: Path
    port: int
    password: str
    _users: int
    user: str = USER
    database: str = DATABASE

    @property
    def bolt_uri(self) -> str:
        return f"bolt://127.0.0.1:{self.port}"

    @property
    def password_file(self) -> Path:
        return self.folder / "password"

    def why_silent(self) -> str | None:
        """Why the server does not answer, with the last lines of its log; None while it runs."""
        state = _state(self.folder)
        if _keeper_lives(self.folder) and state.get("port") == self.port and _runs(state.get("server_pid", 0)):
            return None
        code = state.get("exit")
        how = "was stopped" if code is None else f"ended by itself (exit code {code})"
        return (
            f"The embedded store in {self.folder} {how}. What was committed is safe; run the command again. "
            f"The end of {_log(self.folder)}:\n{_last_lines(_log(self.folder))}"
        )

    def where_to_look(self) -> str:
        """What an operator does about a refusal: how much room there is, and where the server tells its reason."""
        free = shutil.disk_usage(self.folder).free // 1_000_000
        return (
            f"Its reason is in {self.folder / 'log'}; {free:,} MB are free there. "
            "What was committed is safe; run the command again."
        )

    def how_to_open(self) -> str:
        return (
            f"While c360 runs, open {self.bolt_uri} with any Bolt client, database {self.database}, user {self.user}, "
            f"password in {self.password_file}."
        )

    async def revive(self, answers: Answers) -> None:
        """Start the server once more when it has died; returns when it answers. Raises StoreError."""
        self.port = await _running_port(self.folder, self.password, answers)
        _arguments_file(self.folder).unlink(missing_ok=True)

    async def leave(self) -> None:
        """Let go of the server; when nobody else uses it, return after it has closed its files."""
        if self._users < 0:
            return
        fcntl.flock(self._users, fcntl.LOCK_UN)
        deadline = time.monotonic() + STOPPING_SECONDS
        while time.monotonic() < deadline and _keeper_lives(self.folder) and self._is_ours_to_wait_for():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        os.close(self._users)
        self._users = -1

    def _is_ours_to_wait_for(self) -> bool:
        """Whether nobody else uses the server: it is stopping, or will be in a moment."""
        if not try_lock(self._users, fcntl.LOCK_SH):
            return True  # the keeper has the lock alone: it is stopping the server
        alone = try_lock(self._users, fcntl.LOCK_EX)
        fcntl.flock(self._users, fcntl.LOCK_UN)
        return alone


async def join(folder: Path, answers: Answers) -> EmbeddedServer:
    """Use the server of this folder, starting it when nobody has; returns when it answers queries.

    `answers(uri, user, password, database)` asks it one. Raises StoreError.
    """
    folder = _prepared(folder)
    users = os.open(folder / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        await _wait_until_nobody_stops_it(folder, users)
        password = _password(folder)
        port = await _running_port(folder, password, answers)
        _arguments_file(folder).unlink(missing_ok=True)
        return EmbeddedServer(folder, port, password, users)
    except BaseException:
        os.close(users)
        raise


def _prepared(folder: Path) -> Path:
    folder = folder.absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "log").mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StoreError(
            f"The data folder {folder} cannot be written: {error.strerror}. "
            "Make it writable for this user, or set C360_STORE=embedded:PATH to another folder."
        ) from None
    return folder


async def _wait_until_nobody_stops_it(folder: Path, users: int) -> None:
    deadline = time.monotonic() + STOPPING_SECONDS
    while not try_lock(users, fcntl.LOCK_SH):
        if time.monotonic() > deadline:
            raise StoreUnavailable(
                f"The embedded store in {folder} is stopping and does not come to an end; see {_log(folder)}."
            )
        await asyncio.sleep(0.05)


def _password(folder: Path) -> str:
    """The server's password; made up when the folder has none."""
    file = folder / "password"
    with contextlib.suppress(FileExistsError):
        # Written aside and linked into place: another process sees the whole password or no file.
        draft = folder / f".password-{os.getpid()}-{secrets.token_hex(4)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as opened:
            opened.write(secrets.token_urlsafe(24))
        try:
            os.link(draft, file)
            # A server that knows another password from an earlier life takes the new one.
            (folder / "config" / "server-users.jsonl").unlink(missing_ok=True)
        finally:
            draft.unlink()
    try:
        return file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise AccessDenied(
            f"{file} cannot be read: {error.strerror}. Only the user who made the folder can open it."
        ) from None


async def _running_port(folder: Path, password: str, answers: Answers) -> int:
    """Wait for the server's first answer; start a keeper whenever there is none."""
    deadline = time.monotonic() + START_SECONDS
    keeper: subprocess.Popen[bytes] | None = None
    deaths = 0
    while time.monotonic() < deadline:
        if keeper is not None and keeper.poll() is not None:
            if keeper.returncode != ANOTHER_KEEPER:
                deaths += 1
                _raise_if_hopeless(folder, deaths)
            keeper = None
        if keeper is None and not _keeper_lives(folder):
            keeper = _start_keeper(folder, password)
        state = _state(folder)
        port = state.get("port")
        if (
            port
            and state.get("server_pid")
            and _keeper_lives(folder)
            and await _says_hello(port, password, folder, answers)
        ):
            return port
        await asyncio.sleep(0.1)
    raise StoreUnavailable(
        f"The embedded store in {folder} did not answer within {START_SECONDS:.0f} s. "
        f"The end of {_log(folder)}:\n{_last_lines(_log(folder))}"
    )


def _raise_if_hopeless(folder: Path, deaths: int) -> None:
    text = _last_lines(_log(folder))
    # Somebody may have taken the port between our choice and the server's start: then another one is tried.
    if deaths < 3 and "in use" in text:
        return
    raise StoreUnavailable(f"The embedded store in {folder} could not start. The end of {_log(folder)}:\n{text}")


async def _says_hello(port: int, password: str, folder: Path, answers: Answers) -> bool:
    try:
        return await answers(f"bolt://127.0.0.1:{port}", USER, password, DATABASE)
    except AuthError:
        raise AccessDenied(
            f"The embedded store in {folder} does not know the password in {folder / 'password'}. "
            f"Stop all that use it, remove that file, and open the store again: it gets a new one."
        ) from None


def _start_keeper(folder: Path, password: str) -> subprocess.Popen[bytes]:
    port = _free_port(wished=_state(folder).get("port"))
    # A file of arguments, because every user of the machine can read a process's command line.
    arguments = _arguments_file(folder)
    descriptor = os.open(arguments, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.writelines(f"{_quoted(argument)}\n" for argument in _arguments(folder, port, password))
    log = _log(folder)
    _turn_over(log)
    keeper = str(Path(__file__).with_name("keeper.py"))
    command = [sys.executable, "-I", "-S", keeper, str(folder), str(port), str(_java()), f"@{arguments}"]
    with log.open("ab") as output:
        # A session of its own: Ctrl-C is for us, and the server outlives whoever started it.
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd=folder
        )


def _arguments_file(folder: Path) -> Path:
    return folder / f".arguments-{os.getpid()}"


def _arguments(folder: Path, port: int, password: str) -> list[str]:
    properties = {
        "java.awt.headless": "true",
        "arcadedb.server.rootPath": str(folder),
        "arcadedb.server.rootPassword": password,
        "arcadedb.server.defaultDatabases": f"{DATABASE}[{USER}]",
        "arcadedb.server.plugins": "Bolt:com.arcadedb.bolt.BoltProtocolPlugin",
        "arcadedb.server.mode": "development",  # "production" keeps the text of errors to itself
        "arcadedb.txWalFlush": "1",  # a commit is on the disk, not only in the kernel, when it is answered
        "arcadedb.bolt.host": "127.0.0.1",
        "arcadedb.bolt.port": str(port),
        "arcadedb.server.httpIncomingHost": "127.0.0.1",
        "arcadedb.server.httpIncomingPort": str(_free_port()),
        "arcadedb.dateTimeImplementation": "java.time.ZonedDateTime",
        "arcadedb.opencypher.loadCsv.allowFileUrls": "false",
    }
    return [
        *_heap(),
        "-XX:+UseSerialGC",
        "-XX:+UseCompactObjectHeaders",
        "-XX:+ExitOnOutOfMemoryError",  # a server without memory must not linger half alive
        "--add-modules=jdk.incubator.vector",
        "--enable-native-access=ALL-UNNAMED",
        "--add-opens=java.base/java.util.concurrent.atomic=ALL-UNNAMED",
        "--add-opens=java.base/java.nio.channels.spi=ALL-UNNAMED",
        "--add-opens=java.base/java.lang=ALL-UNNAMED",
        *(f"-D{name}={value}" for name, value in properties.items()),
        "-cp",
        str(_package() / "jars" / "*"),
        "com.arcadedb.server.ArcadeDBServer",
    ]


def _heap() -> list[str]:
    """A quarter of the memory (of the container's, if we are in one), from 512 MB to 4 GB."""
    quarter = psutil.virtual_memory().total // 4
    if quarter > 4 << 30:
        return ["-Xmx4g"]
    return ["-Xmx512m"] if quarter < 512 << 20 else ["-XX:MaxRAMPercentage=25"]


def _quoted(argument: str) -> str:
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _package() -> Path:
    found = importlib.util.find_spec("arcadedb_embedded")
    if found is None or found.origin is None:
        raise StoreError(
            "The embedded store needs the package arcadedb-embedded, which is not installed. "
            "Install it (pip install arcadedb-embedded), or set C360_STORE to the Bolt address of a Neo4j."
        )
    return Path(found.origin).parent


def _java() -> Path:
    java = _package() / "jre" / "bin" / "java"
    if not os.access(java, os.X_OK):
        raise StoreError(
            f"The embedded store's Java is missing at {java}: arcadedb-embedded is damaged, "
            "or has none for this machine. Install it again, or set C360_STORE to the Bolt address of a Neo4j."
        )
    return java


def _free_port(wished: int | None = None) -> int:
    for port in (wished or 0, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise StoreError("No free port on 127.0.0.1 for the embedded store.")


def _state(folder: Path) -> dict[str, int]:
    try:
        state = json.loads((folder / "server.lock").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return {}
    return {key: value for key, value in state.items() if isinstance(value, int)}


def _keeper_lives(folder: Path) -> bool:
    try:
        descriptor = os.open(folder / "server.lock", os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return not try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _runs(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return pid > 0 and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def _log(folder: Path) -> Path:
    return folder / "log" / "embedded.log"


def _turn_over(log: Path, limit: int = 5_000_000) -> None:
    """Keep one older log, so that the folder does not grow with every start."""
    if log.exists() and log.stat().st_size > limit:
        log.replace(log.with_suffix(".old.log"))


def _last_lines(log: Path, count: int = 12) -> str:
    try:
        with log.open("rb") as opened:
            opened.seek(max(0, log.stat().st_size - 8_000))
            lines = opened.read().decode(errors="replace").splitlines()
    except OSError:
        return "  (there is no log)"
    return "\n".join(f"  {line}" for line in lines[-count:])
