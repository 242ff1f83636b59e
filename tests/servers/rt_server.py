"""A real Request Tracker 5 (helpdesk) on 127.0.0.1, from Debian's packages, in a folder of its own."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.servers.processes import ServerError, free_port, run, start, stop, wait_until

HERE = Path(__file__).parent
PACKAGES = ("request-tracker5", "rt5-db-sqlite", "rt5-standalone", "dbconfig-no-thanks", "dma")
SERVER = Path("/usr/share/request-tracker5/libexec/rt-server")
SETUP = "/usr/sbin/rt-setup-database-5"
NO_DAEMONS = Path("/usr/sbin/policy-rc.d")
PASSWORD = "root-secret-1"


@dataclass(frozen=True, slots=True)
class RtServer:
    """Where a running Request Tracker is and who may read it."""

    url: str
    token: str
    user: str
    password: str
    folder: str


def install_packages(packages: Sequence[str], what: str) -> None:
    """Install Debian's packages that are missing, and start no service of theirs. Needs root."""
    missing = [package for package in packages if not _installed(package)]
    if not missing:
        return
    if shutil.which("apt-get") is None:
        raise ServerError(f"{what} is installed from Debian's packages; this machine has no apt-get.")
    if os.geteuid() != 0:
        raise ServerError(f"{what} is not installed. As root: apt-get install {' '.join(missing)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive", "DEBCONF_NONINTERACTIVE_SEEN": "true"}
    lock = ["-o", "DPkg::Lock::Timeout=300"]
    with _alone(), _no_daemons():
        run(["apt-get", *lock, "update", "-qq"], what="apt-get update", env=quiet)
        run(
            ["apt-get", *lock, "install", "-y", "-qq", "--no-install-recommends", *missing],
            what=f"installing {what}",
            env=quiet,
        )


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Tests run in two processes, and apt-get waits for another neither when it updates its lists."""
    with (Path(tempfile.gettempdir()) / "c360-tests-apt.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def install() -> None:
    """Debian's packages of RT with SQLite; makes no database."""
    install_packages(PACKAGES, "Request Tracker")


def start_rt(folder: Path, cache: Path, *, port: int | None = None, workers: int = 2) -> RtServer:
    """Start a server whose data are in `folder`; a new folder begins as a copy of a template that is made once."""
    install()
    port = port or free_port()
    for name in ("none", "var", "mason", "sessions", "mail"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    database = folder / "rt.db"
    if not database.exists():
        template = _template(cache)
        shutil.copyfile(template.with_suffix(".token"), folder / "token")
        shutil.copyfile(template, database)
    (folder / "RT_SiteConfig.pm").write_text(_config(folder, port))
    start(
        "rt",
        [str(SERVER), "--host", "127.0.0.1", "--port", str(port), "--max-workers", str(workers)],
        folder,
        {**_environment(folder), "TMPDIR": str(folder / "mail")},
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until("rt", folder, lambda: _answers(url), 60)
    except ServerError:
        stop_rt(folder)
        raise
    server = RtServer(url, (folder / "token").read_text().strip(), "root", PASSWORD, str(folder))
    (folder / "server.json").write_text(json.dumps(asdict(server)))
    return server


def stop_rt(folder: Path) -> None:
    """Stop what `start_rt` started for this folder; its workers end with it."""
    stop("rt", folder, "rt-server")


def _config(folder: Path, port: int) -> str:
    # BcryptCost 4 is for tests only: a password check takes no time.
    return f"""use utf8;
Set($rtname, 'ourhouse.example');
Set($Organization, 'ourhouse.example');
Set($WebDomain, '127.0.0.1');
Set($WebPort, {port});
Set($WebPath, '');
Set($Timezone, 'UTC');
Set($CorrespondAddress, 'rt\\@ourhouse.example');
Set($CommentAddress, 'rt-comment\\@ourhouse.example');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '{folder}/rt.db');
Set($MailCommand, 'testfile');
Set($LogToSyslog, undef);
Set($LogToSTDERR, 'warning');
Set($LogToFile, undef);
Set($HTMLFormatter, 'core');
Set($BcryptCost, 4);
Set($WebSessionClass, 'Apache::Session::File');
$RT::VarPath = '{folder}/var';
$RT::MasonDataDir = '{folder}/mason';
$RT::MasonSessionDir = '{folder}/sessions';
1;
"""


def _environment(folder: Path) -> dict[str, str]:
    # The second variable hides the package's own configuration, which is otherwise read on top.
    return {"RT_SITE_CONFIG": str(folder / "RT_SiteConfig.pm"), "RT_SITE_CONFIG_DIR": str(folder / "none")}


def _template(cache: Path) -> Path:
    """A database with queues, agents, custom fields and a token, and without mail to anybody; made once."""
    version = run(["dpkg-query", "-W", "-f=${Version}", "request-tracker5"], what="RT's version")
    base = HERE / "rt_base.pl"
    key = hashlib.sha256(f"{version}{PASSWORD}{base.read_text()}{Path(__file__).read_text()}".encode()).hexdigest()[:12]
    template = cache / f"rt-{key}.db"
    with (cache / "rt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if template.exists():
            return template
        with tempfile.TemporaryDirectory(dir=cache) as name:
            making = Path(name)
            (making / "var").mkdir()
            (making / "none").mkdir()
            (making / "password").write_text(PASSWORD)
            (making / "RT_SiteConfig.pm").write_text(_config(making, 1))
            env = {**_environment(making), "RT_TOKEN_FILE": str(making / "token")}
            setup = [SETUP, "--skip-create", "--action"]
            run([*setup, "init", "--root-password-file", str(making / "password")], what="RT's database", env=env)
            run([*setup, "insert", "--datafile", str(base)], what="RT's base data", env=env)
            connection = sqlite3.connect(making / "rt.db")
            connection.execute("pragma journal_mode = wal")
            # Mail makes up most of the cost of a change, and nobody reads it here.
            connection.execute(
                "update Scrips set Disabled = 1 where Description like '%Notify%' or Description like '%Autoreply%'"
            )
            connection.commit()
            connection.execute("pragma wal_checkpoint(truncate)")
            connection.close()
            (making / "token").rename(template.with_suffix(".token"))
            (making / "rt.db").rename(template)
    return template


def _installed(package: str) -> bool:
    if shutil.which("dpkg-query") is None:
        return False
    said = subprocess.run(
        ["dpkg-query", "-W", "-f=${Status}", package], capture_output=True, text=True, check=False
    ).stdout
    return said == "install ok installed"


@contextlib.contextmanager
def _no_daemons() -> Iterator[None]:
    """While packages are installed, none of them may start a service."""
    if NO_DAEMONS.exists():
        yield
        return
    NO_DAEMONS.write_text("#!/bin/sh\nexit 101\n")
    NO_DAEMONS.chmod(0o755)
    try:
        yield
    finally:
        NO_DAEMONS.unlink()


def _answers(url: str) -> bool:
    credentials = base64.b64encode(f"root:{PASSWORD}".encode()).decode()
    request = urllib.request.Request(f"{url}/REST/2.0/rt", headers={"Authorization": f"Basic {credentials}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
