"""The servers, each one process on a port of its own, all of them held on one core."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.serving.operations import BY_HAND, C360, C360_OFF, NEO4J_GRAPHQL, STRAWBERRY
from graph.store.settings import StoreSettings

NODE = Path(__file__).parent / "neo4j_graphql"
TOKEN = "the-token-of-the-benchmark"
START_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers."""

    name: str
    port: int
    pid: int


@contextmanager
def serving(name: str, store: StoreSettings, folder: Path, core: int | None) -> Iterator[Server]:
    """Start a server over this graph, held on a core when one is named; its log lies in the folder."""
    port = _free_port()
    environment = {
        **os.environ,
        "STORE": store.uri,
        "STORE_USER": store.user,
        "STORE_PASSWORD": store.password.get_secret_value(),
        "PORT": str(port),
        "C360_STORE": store.uri,
        "C360_STORE_USER": store.user,
        "C360_STORE_PASSWORD": store.password.get_secret_value(),
        "NODE_ENV": "production",
        **({"C360_SLOW_QUERY_MS": "off"} if name == C360_OFF else {"C360_API_TOKEN": TOKEN}),
    }
    held = ["taskset", "-c", str(core)] if core is not None else []
    with (folder / f"{name.strip('@').replace('/', '-').replace(' ', '-')}.log").open("wb") as log:
        process = subprocess.Popen([*held, *_command(name, port)], env=environment, stdout=log, stderr=log)
        try:
            _wait(process, name, port, Path(log.name))
            yield Server(name, port, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def hold_on(pid: int, core: int) -> None:
    """Keep all threads of a process, and those they start, on one core."""
    subprocess.run(["taskset", "-acp", str(core), str(pid)], check=True, stdout=subprocess.DEVNULL)


def fetch_node_packages() -> None:
    """What @neo4j/graphql needs, as its lock says, unless it is here."""
    if not (NODE / "node_modules").exists():
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(command, cwd=NODE, check=True, stdout=subprocess.DEVNULL)


def _command(name: str, port: int) -> list[str]:
    match name:
        case _ if name in (C360, C360_OFF):
            return [str(Path(sys.executable).parent / "c360"), "serve", "--port", str(port)]
        case _ if name == NEO4J_GRAPHQL:
            return ["node", str(NODE / "server.mjs")]
        case _ if name == STRAWBERRY:
            return [sys.executable, "-m", "benchmarks.serving.with_strawberry"]
        case _ if name == BY_HAND:
            return [sys.executable, "-m", "benchmarks.serving.by_hand"]
    raise ValueError(name)


def _wait(process: subprocess.Popen[bytes], name: str, port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"{name} ended while starting: {log.read_text()[-800:]}")
        try:
            httpx.get(f"http://127.0.0.1:{port}/", timeout=5)
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit(f"{name} did not answer within {START_SECONDS:.0f} s: {log.read_text()[-800:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
