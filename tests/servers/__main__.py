"""scripts/servers: installs, starts, fills and stops a real Tryton and a real Request Tracker on this machine."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from tests.servers import rt_server, tryton_server
from tests.servers.company import make_house
from tests.servers.fill_rt import fill_rt
from tests.servers.fill_tryton import fill_tryton
from tests.servers.processes import ServerError

T = TypeVar("T")
CACHE = Path(".cache/servers").absolute()


def main() -> int:
    """What the command line asks for; the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/servers", description=__doc__)
    parser.add_argument("what", choices=("install", "start", "fill", "stop", "all"))
    parser.add_argument("folder", nargs="?", default=str(CACHE / "run"), help="where the servers keep their data")
    parser.add_argument("--customers", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tryton-port", type=int, default=18361)
    parser.add_argument("--rt-port", type=int, default=18362)
    asked = parser.parse_args()
    folder = Path(asked.folder).absolute()
    CACHE.mkdir(parents=True, exist_ok=True)
    try:
        if asked.what in ("install", "all"):
            _timed("Tryton is installed", lambda: tryton_server.install(CACHE))
            _timed("Request Tracker is installed", rt_server.install)
        if asked.what in ("start", "all"):
            start(folder, asked.tryton_port, asked.rt_port)
        if asked.what in ("fill", "all"):
            fill(folder, asked.customers, asked.seed)
        if asked.what == "stop":
            tryton_server.stop_tryton(folder / "tryton")
            rt_server.stop_rt(folder / "rt")
    except ServerError as error:
        print(f"scripts/servers: {error}", file=sys.stderr)
        return 1
    return 0


def start(folder: Path, tryton_port: int, rt_port: int) -> None:
    """Start both servers and say how a plugins.toml reaches them."""
    tryton = _timed("Tryton runs", lambda: tryton_server.start_tryton(folder / "tryton", CACHE, port=tryton_port))
    rt = _timed("Request Tracker runs", lambda: rt_server.start_rt(folder / "rt", CACHE, port=rt_port))
    shared = f'url = "{tryton.url}"\ndatabase = "{tryton.database}"\nuser = "{tryton.user}"\n'
    shared += f'password = "{tryton.password}"\n'
    text = f'[crm]\nconnector = "tryton"\n{shared}\n[marketing]\nconnector = "tryton_marketing"\n{shared}\n'
    text += f'[support]\nconnector = "request_tracker"\nurl = "{rt.url}"\ntoken = "{rt.token}"\n'
    (folder / "plugins.toml").write_text(text)
    print(f"\n# {folder / 'plugins.toml'}\n{text}")


def fill(folder: Path, customers: int, seed: int) -> None:
    """Fill both running servers with the same people; who got which ids is written to `truth.json`."""
    try:
        tryton = tryton_server.TrytonServer(**json.loads((folder / "tryton" / "server.json").read_text()))
        rt = rt_server.RtServer(**json.loads((folder / "rt" / "server.json").read_text()))
    except FileNotFoundError:
        raise ServerError(f"no servers were started in {folder}. First: scripts/servers start {folder}") from None
    house = make_house(customers, seed)
    crm = _timed(f"Tryton has {customers} people", lambda: fill_tryton(tryton, house))
    support = _timed("Request Tracker has them too", lambda: fill_rt(rt, house))
    (folder / "truth.json").write_text(json.dumps({"tryton": asdict(crm), "rt": asdict(support)}, indent=1))


def _timed(what: str, do: Callable[[], T]) -> T:
    began = time.monotonic()
    result = do()
    print(f"{what} ({time.monotonic() - began:.1f} s)", flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main())
