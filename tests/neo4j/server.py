"""A real Neo4j Community server on a free port, from Maven Central and without Docker.

    with running_neo4j() as neo4j:
        neo4j.uri, neo4j.user, neo4j.password

Needs Java 17 or newer; Maven once, to fetch about 210 jars (123 MB) into tests/neo4j/jars.
"""

from __future__ import annotations

import contextlib
import fcntl
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from neo4j import GraphDatabase
from neo4j.exceptions import DriverError, Neo4jError

HERE = Path(__file__).parent
VERSION = "5.26.30"
JARS = HERE / "jars"
START_SECONDS = 120.0
FLAGS = (
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
)


class Neo4jMissing(Exception):
    """Why no Neo4j can be started here, in a sentence."""


@dataclass(frozen=True, slots=True)
class RunningNeo4j:
    """A server that answers queries."""

    uri: str
    user: str
    password: str
    pid: int
    start_seconds: float
    home: Path


@contextlib.contextmanager
def running_neo4j(
    home: Path | None = None,
    heap: str = "1g",
    page_cache: str = "256m",
    flags: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
) -> Iterator[RunningNeo4j]:
    """Start a server and stop it again. Without `home` it lives in a temporary folder; raises Neo4jMissing.

    `flags` are Java's, `settings` more lines of neo4j.conf.
    """
    why = why_missing()
    if why is not None:
        raise Neo4jMissing(why)
    fetch_jars()
    folder = home or Path(tempfile.mkdtemp(prefix="c360-neo4j-"))
    process: subprocess.Popen[bytes] | None = None
    try:
        started = time.monotonic()
        port = _configure(folder, page_cache, settings or {})
        process = _start(folder, heap, flags)
        uri = f"bolt://127.0.0.1:{port}"
        password = _wait_for_answer(process, uri, port, folder)
        yield RunningNeo4j(uri, "neo4j", password, process.pid, time.monotonic() - started, folder)
    finally:
        if process is not None:
            _stop(process, at_once=home is None)
        if home is None:
            shutil.rmtree(folder, ignore_errors=True)


def why_missing() -> str | None:
    """Why no Neo4j can be started on this machine; None when one can."""
    java = shutil.which("java")
    if java is None:
        return "there is no Java; install Java 17 or newer"
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < 17:
        return "this Java is older than 17"
    if not _fetched() and shutil.which("mvn") is None:
        return "there is no Maven, and tests/neo4j/jars is not filled yet"
    return None


def fetch_jars() -> Path:
    """Fetch Neo4j by Maven unless it is here; several processes may ask at once."""
    JARS.mkdir(exist_ok=True)
    with (JARS / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _fetched():
            goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={JARS}"]
            command = ["mvn", "-B", "-q", "-f", str(HERE / "pom.xml"), f"-Dneo4j.version={VERSION}", *goal]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise Neo4jMissing(f"Maven could not fetch Neo4j {VERSION}: {(done.stdout + done.stderr)[-600:]}")
    return JARS


def _fetched() -> bool:
    return (JARS / f"neo4j-{VERSION}.jar").exists() and (JARS / f"neo4j-bolt-{VERSION}.jar").exists()


def _configure(home: Path, page_cache: str, more: Mapping[str, str]) -> int:
    home.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    settings = {
        "server.bolt.enabled": "true",
        "server.bolt.listen_address": f"127.0.0.1:{port}",
        "dbms.security.auth_enabled": "true",
        "server.memory.pagecache.size": page_cache,
        "dbms.usage_report.enabled": "false",
        "db.tx_log.rotation.retention_policy": "2 files",
        "db.tx_log.preallocate": "false",
        **more,
    }
    (home / "neo4j.conf").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    return port


def _start(home: Path, heap: str, flags: Sequence[str]) -> subprocess.Popen[bytes]:
    classes = f"{JARS}/*:{home}/plugins/*"  # plugins lie on the class path, as with Neo4j's own launcher
    command = ["java", f"-Xmx{heap}", *FLAGS, *flags, "-cp", classes, str(HERE / "StartNeo4j.java"), str(home)]
    with (home / "out.log").open("wb") as log:
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True)


def _wait_for_answer(process: subprocess.Popen[bytes], uri: str, port: int, home: Path) -> str:
    """Wait until the server answers, and give it the password that it wants before anything else."""
    kept = home / "password"
    password = kept.read_text() if kept.exists() else secrets.token_urlsafe(18)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Neo4jMissing(f"Neo4j ended while starting: {(home / 'out.log').read_text()[-600:]}")
        with contextlib.suppress(Neo4jError, DriverError, OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            if not kept.exists():
                with GraphDatabase.driver(uri, auth=("neo4j", "neo4j"), max_transaction_retry_time=0) as driver:
                    change = "ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO $password"
                    driver.execute_query(change, password=password, database_="system")
                kept.touch(mode=0o600)
                kept.write_text(password)
            with GraphDatabase.driver(uri, auth=("neo4j", password), max_transaction_retry_time=0) as driver:
                driver.execute_query("RETURN 1")
            return password
        time.sleep(0.2)
    raise Neo4jMissing(f"Neo4j did not answer within {START_SECONDS:.0f} s: {(home / 'out.log').read_text()[-600:]}")


def _stop(process: subprocess.Popen[bytes], at_once: bool) -> None:
    """End the server: in its own time (some ten seconds), or at once when its data is thrown away."""
    if at_once:
        process.kill()
    else:
        process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
