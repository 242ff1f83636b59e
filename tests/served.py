"""`c360 serve` as a process of its own, for tests that ask it over the wire."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

C360 = str(Path(sys.executable).with_name("c360"))


@dataclass(frozen=True, slots=True)
class Served:
    """The process, where it answers, and what it writes to its log."""

    process: subprocess.Popen[bytes]
    host: str
    port: int
    log: Path

    @property
    def memory(self) -> float:
        """What the process holds in memory, MB."""
        return psutil.Process(self.process.pid).memory_info().rss / 1e6

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None


@contextmanager
def serving(config: Path, log: Path, environment: Mapping[str, str]) -> Iterator[Served]:
    """`c360 serve` for a folder of plugins.toml and rules.toml; it is ended afterwards."""
    with log.open("w") as err:
        process = subprocess.Popen(
            [C360, "--config", str(config), "serve", "--port", "0"],
            cwd=log.parent,
            env={**os.environ, **environment, "COLUMNS": "200"},
            stdout=subprocess.DEVNULL,
            stderr=err,
        )
    try:
        host, port = _address(process, log)
        yield Served(process, host, port, log)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> tuple[str, int]:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"GraphQL http://([\d.]+):(\d+)/graphql", log.read_text()):
            return found[1], int(found[2])
        time.sleep(0.05)
    pytest.fail(f"c360 serve did not start:\n{log.read_text()}", pytrace=False)
