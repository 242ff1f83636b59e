"""A real Tryton 8.0 (CRM and marketing automation) on 127.0.0.1, with a mail sink, in a folder of its own."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import sqlite3
import sys
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.servers.processes import ServerError, free_port, run, start, stop, wait_until

HERE = Path(__file__).parent
SERIES = "8.0"
DATABASE = "c360"
PASSWORD = "admin-secret-1"
MODULES = (
    "company country currency party party_relationship product sale sale_opportunity web_shortener marketing "
    "marketing_email marketing_automation marketing_campaign"
).split()


@dataclass(frozen=True, slots=True)
class TrytonServer:
    """Where a running Tryton is and who may read it; `mail` is the folder of the mails it sent."""

    url: str
    database: str
    user: str
    password: str
    mail: str
    folder: str


def install(cache: Path) -> Path:
    """The environment with Tryton and its modules; made once, kept under `cache`."""
    environment = cache / "tryton-environment"
    packages = [f"{name}~={SERIES}.0" for name in ("trytond", "proteus", *(f"trytond_{module}" for module in MODULES))]
    packages.append("aiosmtpd~=1.4")
    wanted = " ".join(packages)
    stamp = environment / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return environment
    shutil.rmtree(environment, ignore_errors=True)
    python = environment / "bin" / "python"
    if uv := shutil.which("uv"):
        run([uv, "venv", "-q", "--python", sys.executable, str(environment)], what="making Tryton's environment")
        run([uv, "pip", "install", "-q", "--python", str(python), *packages], what="installing Tryton")
    else:
        run([sys.executable, "-m", "venv", str(environment)], what="making Tryton's environment")
        run([str(python), "-m", "pip", "install", "-q", *packages], what="installing Tryton")
    stamp.write_text(wanted)
    return environment


def start_tryton(folder: Path, cache: Path, *, port: int | None = None, extra_config: str = "") -> TrytonServer:
    """Start a server whose data are in `folder`; a new folder begins as a copy of a template that is made once."""
    environment = install(cache)
    port, smtp = port or free_port(), free_port()
    (folder / "database").mkdir(parents=True, exist_ok=True)
    (folder / "mail").mkdir(exist_ok=True)
    config = folder / "trytond.conf"
    config.write_text(_config(folder / "database", port, smtp) + extra_config)
    database = folder / "database" / f"{DATABASE}.sqlite"
    if not database.exists():
        shutil.copyfile(_template(environment, cache), database)
    bin_ = environment / "bin"
    start("sink", [str(bin_ / "python"), str(HERE / "mail_sink.py"), str(smtp), str(folder / "mail")], folder)
    start("trytond", [str(bin_ / "python"), str(bin_ / "trytond"), "-c", str(config), "-d", DATABASE], folder)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until("trytond", folder, lambda: _answers(url), 60)
    except ServerError:
        stop_tryton(folder)
        raise
    server = TrytonServer(url, DATABASE, "admin", PASSWORD, str(folder / "mail"), str(folder))
    (folder / "server.json").write_text(json.dumps(asdict(server)))
    return server


def stop_tryton(folder: Path) -> None:
    """Stop what `start_tryton` started for this folder."""
    stop("trytond", folder, "trytond")
    stop("sink", folder, "mail_sink.py")


def _config(database: Path, port: int, smtp: int) -> str:
    # A small record cache: without a queue worker the cost of a batch of mails grows with the square of the cache.
    return f"""
[database]
uri = sqlite://
path = {database}
[web]
listen = 127.0.0.1:{port}
hostname = 127.0.0.1:{port}
shortener_base = http://127.0.0.1:{port}
[email]
uri = smtp://127.0.0.1:{smtp}
from = marketing@ourhouse.example
[marketing]
email_from = marketing@ourhouse.example
automation_base = http://127.0.0.1:{port}
[cache]
record = 50
"""


def _template(environment: Path, cache: Path) -> Path:
    """A database with all modules and base data; made once for these modules and this base (about half a minute)."""
    base = HERE / "tryton_base.py"
    key = hashlib.sha256(f"{(environment / 'installed').read_text()}{PASSWORD}{base.read_text()}".encode())
    template = cache / f"tryton-{key.hexdigest()[:12]}.sqlite"
    with (cache / "tryton.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if template.exists():
            return template
        making = cache / "tryton-making"
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir()
        database = making / f"{DATABASE}.sqlite"
        database.touch()
        (making / "password").write_text(PASSWORD)
        config = making / "trytond.conf"
        config.write_text(_config(making, free_port(), free_port()))
        bin_ = environment / "bin"
        # Several modules after one -u: with several of them only the last would count.
        options = ["--activate-dependencies", "-l", "en", "--email", "admin@ourhouse.example", "--password"]
        run(
            [str(bin_ / "trytond-admin"), "-c", str(config), "-d", DATABASE, "-u", *MODULES, *options],
            what="making Tryton's database",
            env={"TRYTONPASSFILE": str(making / "password")},
        )
        run([str(bin_ / "python"), str(base), str(config), DATABASE], what="Tryton's base data")
        connection = sqlite3.connect(database)
        connection.execute("pragma wal_checkpoint(truncate)")
        connection.close()
        database.rename(template)
        shutil.rmtree(making)
    return template


def _answers(url: str) -> bool:
    body = json.dumps({"id": 0, "method": "common.db.list", "params": []}).encode()
    request = urllib.request.Request(f"{url}/rpc/", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return DATABASE in json.load(answer)["result"]
    except (urllib.error.URLError, OSError):
        return False
