"""Processes that belong to a folder: started in the background, ended by their recorded number only."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


class ServerError(Exception):
    """A server could not be installed, started or filled; the text says what to do."""


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(command: Sequence[str], *, what: str, env: Mapping[str, str] | None = None) -> str:
    """Run a command to its end; its output, or ServerError with the last lines of it."""
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **(env or {})},
        check=False,
    )
    if done.returncode != 0:
        raise ServerError(f"{what} failed ({done.returncode}):\n" + "\n".join(done.stdout.splitlines()[-20:]))
    return done.stdout


def start(name: str, command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> int:
    """Start a process in the background; its number stands in `name.pid`, its output in `name.log`."""
    with (folder / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, **(env or {})},
        )
    (folder / f"{name}.pid").write_text(f"{process.pid} {command[-1]}\n")
    return process.pid


def stop(name: str, folder: Path, looks_like: str) -> None:
    """End the process of `name.pid`, if it still is one: its command line must contain `looks_like`."""
    file = folder / f"{name}.pid"
    if not file.exists():
        return
    pid = int(file.read_text().split()[0])
    if looks_like in _command_line(pid):
        os.kill(pid, signal.SIGTERM)
        if not _until(lambda: not _alive(pid), 10):
            os.kill(pid, signal.SIGKILL)
    file.unlink()


def wait_until(name: str, folder: Path, ready: Callable[[], bool], seconds: float) -> None:
    """Wait for `ready`; ServerError with the log's end when the process ends or time is up."""
    pid = int((folder / f"{name}.pid").read_text().split()[0])
    if _until(lambda: ready() or not _alive(pid), seconds) and _alive(pid):
        return
    log = (folder / f"{name}.log").read_text(errors="replace").splitlines()[-20:]
    raise ServerError(f"{name} did not get ready within {seconds:.0f} s:\n" + "\n".join(log))


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


def _alive(pid: int) -> bool:
    try:
        # A child of ours that has ended stays a zombie until it is asked for.
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    except ChildProcessError:
        pass
    return Path(f"/proc/{pid}").exists()


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
