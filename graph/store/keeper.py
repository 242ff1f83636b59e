"""Keeps one embedded server alive for exactly as long as somebody uses its folder.

Run as a program of its own: `python keeper.py FOLDER PORT COMMAND…`. Two locks of the kernel tell it everything,
and the kernel lets go of them however a process dies:

- `server.lock`, held alone by the keeper: one server a folder. It holds `{"pid", "server_pid", "port"}`.
- `users.lock`, held together by everybody who uses the server. When the keeper can have it alone, nobody does:
  it stops the server and leaves.

Ends with 0 when nobody uses the server, with 3 when another keeper was here first, with 1 when the server died.
It imports the standard library only, so that it starts fast and stays small.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ANOTHER_KEEPER = 3
POLL_SECONDS = 0.2
STOP_SECONDS = 20.0
_PR_SET_PDEATHSIG = 1


def keep(folder: Path, port: int, command: list[str]) -> int:
    """Run the server until its last user is gone; the exit code says why we ended."""
    mine = os.open(folder / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
    if not try_lock(mine, fcntl.LOCK_EX):
        return ANOTHER_KEEPER
    _end_orphan(mine)
    users = os.open(folder / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    server = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, preexec_fn=_die_with_parent)  # noqa: PLW1509
    signal.signal(signal.SIGTERM, lambda *_: _stop(server))
    _write(mine, {"pid": os.getpid(), "server_pid": server.pid, "port": port})
    while server.poll() is None:
        if try_lock(users, fcntl.LOCK_EX):
            _stop(server)
            _write(mine, {"pid": 0, "server_pid": 0, "port": port})  # the port is wished for again next time
            return 0
        time.sleep(POLL_SECONDS)
    _write(mine, {"pid": 0, "server_pid": 0, "port": port, "exit": server.returncode})
    return 1


def try_lock(descriptor: int, kind: int) -> bool:
    """Take a lock if it is free now."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _end_orphan(lock: int) -> None:
    """End a server whose keeper was killed, where the kernel did not do so (it does on Linux)."""
    try:
        server_pid = int(json.loads(os.pread(lock, 4096, 0))["server_pid"])
    except (ValueError, KeyError, TypeError):
        return
    if server_pid and "ArcadeDBServer" in _command_of(server_pid):
        os.kill(server_pid, signal.SIGKILL)
        time.sleep(0.5)


def _command_of(pid: int) -> str:
    shown = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _write(lock: int, state: dict[str, int]) -> None:
    text = json.dumps(state).encode()
    os.pwrite(lock, text.ljust(256), 0)  # one write over the whole: a reader never sees half of it
    os.ftruncate(lock, 256)


if __name__ == "__main__":
    sys.exit(keep(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
