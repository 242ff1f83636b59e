"""JavaScript with its packages: installed by npm as package-lock.json says, run by Node.js; and a browser."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
MANIFEST = ("package.json", "package-lock.json")
NOT_COPIED = ("*.py", "__pycache__", "*.lock", "node_modules", "built")
BROWSERS = ("chromium", "chromium-headless-shell", "google-chrome")
OLDEST_NODE = 20


class ToolMissing(Exception):
    """Something the tier needs is not on this machine; the message says what and how to get it."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A program that has ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """All that it printed."""
        return self.out + self.err


@dataclass(frozen=True, slots=True)
class Tests:
    """What Node's test runner counts at the end of a file."""

    passed: int
    failed: int
    left_out: int
    report: str


class Workshop:
    """A copy of the folder to run things in, so that nothing is written into the tree."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self._environment = dict(environment)

    def run(self, program: str, *arguments: str, within: str = ".") -> Ran:
        """Run a program of the installed packages, or `node` and `npm` themselves, in a folder of the workshop."""
        local = str(self.folder / "node_modules" / ".bin" / program)
        found = shutil.which(program) if program in ("node", "npm") else local
        assert found is not None
        done = subprocess.run(
            [found, *arguments], cwd=self.folder / within, env=self._environment,
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        return Ran(done.returncode, done.stdout, done.stderr)

    def test(self, name: str, environment: Mapping[str, str]) -> Tests:
        """Run one file of tests by Node's test runner; its report is TAP."""
        node = Workshop(self.folder, {**self._environment, **environment})
        report = node.run("node", "--test", "--test-reporter=tap", name).said

        def count(what: str) -> int:
            found = re.search(rf"^# {what} (\d+)$", report, re.M)
            assert found is not None, report
            return int(found[1])

        left_out = count("skipped") + count("todo") + count("cancelled")
        return Tests(count("pass"), count("fail"), left_out, report)


def make_workshop(source: Path, folder: Path, cache: Path, environment: Mapping[str, str]) -> Workshop:
    """Copy a folder of JavaScript into this empty one and put its packages beside it; raises ToolMissing."""
    packages = installed_packages(source, cache)
    shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*NOT_COPIED))
    (folder / "node_modules").symlink_to(packages / "node_modules")
    return Workshop(folder, environment)


def installed_packages(source: Path, cache: Path) -> Path:
    """The folder in the cache whose node_modules are those of the lock; another lock is another folder."""
    npm = _npm()
    content = b"".join((source / name).read_bytes() for name in MANIFEST)
    home = cache / hashlib.sha256(content).hexdigest()[:16]
    if home.exists():
        return home
    making = cache / f"{home.name}.{os.getpid()}"
    making.mkdir(parents=True)
    for name in MANIFEST:
        shutil.copy(source / name, making)
    done = subprocess.run(
        [npm, "ci", "--no-audit", "--no-fund"], cwd=making, capture_output=True, text=True, timeout=900, check=False
    )
    if done.returncode != 0:
        shutil.rmtree(making)
        raise ToolMissing(f"npm ci failed; is the package registry reachable?\n{done.stderr.strip()[-2000:]}")
    try:
        making.rename(home)
    except OSError:  # a parallel worker was first
        shutil.rmtree(making)
    return home


def chromium() -> str:
    """The browser that pages are tried in; raises ToolMissing."""
    for name in BROWSERS:
        if (found := shutil.which(name)) is not None:
            return found
    raise ToolMissing("Chromium is missing. Debian: apt-get install chromium-headless-shell")


def _npm() -> str:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise ToolMissing("Node.js and npm are missing. Debian: apt-get install nodejs npm")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST_NODE:
        raise ToolMissing(f"Node.js is {version}; version {OLDEST_NODE} or newer is needed.")
    return npm
