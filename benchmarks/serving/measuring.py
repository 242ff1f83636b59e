"""Who asks: connections that each wait for an answer before they ask again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection
from itertools import islice

import numpy as np
import psutil

from benchmarks.serving.operations import C360_OFF, Asking
from benchmarks.serving.servers import TOKEN, Server

HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


@dataclass(slots=True)
class Measured:
    """What one server did of one operation: latencies in seconds, and CPU seconds of its process."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu: float = 0.0

    def add(self, other: Measured) -> None:
        self.latencies += other.latencies
        self.seconds += other.seconds
        self.cpu += other.cpu

    def figures(self) -> dict[str, float]:
        """Requests a second, 50th and 95th percentile in milliseconds, CPU milliseconds a request, requests."""
        half, most = np.percentile(self.latencies, [50, 95]) * 1000
        many = len(self.latencies)
        return {
            "rps": round(many / self.seconds, 1),
            "p50_ms": round(float(half), 3),
            "p95_ms": round(float(most), 3),
            "cpu_ms": round(self.cpu / many * 1000, 3),
            "requests": many,
        }


def answer(server: Server, asking: Asking) -> bytes:
    """One answer; raises ValueError when its status is not 200."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        return _ask(connection, asking.path, asking.body, _headers(server))
    finally:
        connection.close()


def measure(server: Server, asked: Sequence[Asking], connections: int, seconds: float) -> Measured:
    """Ask for so long, over so many connections, for one thing after the other."""
    process = psutil.Process(server.pid)
    before, started = _cpu(process), time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        parts = pool.map(
            lambda number: _asked(server, asked, number * 7, started + seconds),
            range(connections),
        )
        latencies = [latency for part in parts for latency in part]
    return Measured(latencies, time.perf_counter() - started, _cpu(process) - before)


def _asked(server: Server, asked: Sequence[Asking], first: int, until: float) -> list[float]:
    """The latencies of one connection."""
    first %= len(asked)
    ready = [(asking.path, asking.body) for asking in islice((*asked, *asked), first, first + len(asked))]
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    latencies: list[float] = []
    headers = _headers(server)
    try:
        while True:
            for path, body in ready:
                begun = time.perf_counter()
                if begun >= until:
                    return latencies
                _ask(connection, path, body, headers)
                latencies.append(time.perf_counter() - begun)
    finally:
        connection.close()


def _headers(server: Server) -> dict[str, str]:
    return HEADERS if server.name == C360_OFF else {**HEADERS, "Authorization": f"Bearer {TOKEN}"}


def _ask(connection: HTTPConnection, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    connection.request("POST", path, body, headers)
    response = connection.getresponse()
    read = response.read()
    if response.status != 200:
        raise ValueError(f"{path} answered {response.status}: {read[:300]!r}")
    return read


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
