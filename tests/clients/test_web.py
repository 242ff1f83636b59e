"""examples/web: each command of its README does what it says, and its page works in a browser."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.conftest import Served
from tests.clients.test_programs import declared
from tests.clients.workshop import HERE, Workshop

pytestmark = pytest.mark.clients
ROOT = HERE.parents[1]
EXAMPLE = ROOT / "examples" / "web"


@pytest.fixture(scope="module")
def built(web: Workshop) -> Workshop:
    """The example after `npm run build`."""
    ran = web.run("npm", "run", "build")
    assert ran.code == 0, ran.said
    return web


@pytest.fixture(scope="module")
def page(built: Workshop, served: Served) -> Iterator[str]:
    """Where `npm start` serves the page; its server holds the token."""
    environment = {**os.environ, "C360_URL": served.url, "C360_KEY": served.token, "PORT": "0"}
    with subprocess.Popen(
        ["node", "serve.mjs"], cwd=built.folder, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            address, _, asked = process.stdout.readline().strip().partition(" asks ")
            assert asked == served.url
            yield address
        finally:
            process.terminate()


def test_the_readme_names_the_commands_that_are_run_here() -> None:
    """`npm ci` makes the workshop, the others have a test each, and `start` is what its script says."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (EXAMPLE / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("npm")]

    assert lines == ["npm ci", "npm run build", "npm start", "npm run codegen", "npm test"]
    assert '"start": "node serve.mjs"' in (EXAMPLE / "package.json").read_text(encoding="utf-8")


def test_generating_the_types_again_changes_nothing(web: Workshop) -> None:
    """src/gql is what `npm run codegen` makes of today's schema and operations."""
    folder = web.folder / "src" / "gql"
    checked_in = _texts(folder)
    for path in folder.iterdir():
        path.unlink()

    ran = web.run("npm", "run", "codegen")

    assert ran.code == 0, ran.said
    assert _texts(folder) == checked_in
    assert "customerByIdentifier" not in "".join(checked_in.values())  # only what is asked has types


def test_its_tests_hold(built: Workshop, served: Served) -> None:
    """`npm test` against the served API: typed answers, pages, live changes over a line that breaks, refusals."""
    ran = Workshop(built.folder, {**os.environ, "C360_URL": served.url, "C360_KEY": served.token}).run("npm", "test")

    assert ran.code == 0, ran.said
    count = declared(EXAMPLE / "test" / "client.test.ts")
    assert f"# pass {count}\n" in ran.out, ran.said
    assert re.search(r"^# skipped 0$", ran.out, re.M), ran.said


def test_its_page_works_in_a_browser(workshop: Workshop, page: str, served: Served, browser: dict[str, str]) -> None:
    """Every test of `page.test.mjs` holds in headless Chromium."""
    tests = workshop.test("page.test.mjs", {**served.environment, **browser, "C360_CLIENTS_PAGE": page})

    assert (tests.failed, tests.left_out) == (0, 0), tests.report
    assert tests.passed == declared(HERE / "page.test.mjs")


def _texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
