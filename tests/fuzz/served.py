"""A small company that was really synced, served by `c360 serve` as a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from graph.rules import Rules
from graph.store.driver import Store
from graph.store.settings import StoreSettings
from graph.sync.sync import sync
from tests.sources import account, event, fixed_source, person

C360 = str(Path(sys.executable).with_name("c360"))
PEOPLE = 40


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


async def write_company(store: Store) -> None:
    """Forty people in two sources, every other one in both, with journeys, orders, tickets and a company."""
    crm = [account("crm/companies/1", "Analytical Ltd", domain="analytical.test")]
    desk = []
    for n in range(PEOPLE):
        email = "ada@byron.test" if n == 0 else f"person{n}@x{n}.test"
        name = "Ada Byron" if n == 0 else f"Given{n} Family{n}"
        crm.append(person(f"crm/contacts/{n}", name, email=email, phone=f"+4930{n:07}"))  # type: ignore[arg-type]
        if n % 2 == 0:
            desk.append(person(f"help/users/{n}", name, email=email))
        month = f"2026-01-{n % 27 + 1:02}"
        crm.append(event(f"crm/orders/{n}", "order.placed", month, f"crm/contacts/{n}"))  # type: ignore[arg-type]
        crm.append(event(f"crm/forms/{n}", "form.submitted", "2026-01-01", f"crm/contacts/{n}"))  # type: ignore[arg-type]
        if n % 2 == 0:
            desk.append(event(f"help/tickets/{n}", "ticket.created", "2026-02-01", f"help/users/{n}"))  # type: ignore[arg-type]
    await sync([fixed_source("crm", *crm), fixed_source("help", *desk)], store, Rules())


@contextmanager
def serving(settings: StoreSettings, folder: Path) -> Iterator[Served]:
    """`c360 serve` over a store; it is ended afterwards."""
    log = folder / "served.log"
    environment = {
        **os.environ,
        "C360_STORE": settings.uri,
        "C360_STORE_USER": settings.user,
        "C360_STORE_PASSWORD": settings.password.get_secret_value(),
        "COLUMNS": "200",
    }
    with log.open("w") as err:
        process = subprocess.Popen(
            [C360, "--config", str(folder), "serve", "--port", "0"],
            cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=err,
        )  # fmt: skip
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
