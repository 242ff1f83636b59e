"""Programs that others have written get their answers from the served API."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from connectors.sample import MARA_EMAIL
from tests.clients.conftest import Served
from tests.clients.workshop import HERE, Workshop

pytestmark = pytest.mark.clients
AUDITS = 61


def test_each_audit_of_graphql_over_http_is_ok(workshop: Workshop, served: Served) -> None:
    """graphql-http audits the server: all 61, of what must, should and may be."""
    tests = workshop.test("audit.test.mjs", served.environment)

    assert (tests.passed, tests.failed, tests.left_out) == (AUDITS, 0, 0), tests.report


@pytest.mark.parametrize("library", ["apollo", "urql", "subscriptions"])
def test_javascript_clients_get_their_answers(workshop: Workshop, served: Served, library: str) -> None:
    """Every test in `LIBRARY.test.mjs` holds: Apollo Client; urql with both its caches; graphql-ws and graphql-sse."""
    tests = workshop.test(f"{library}.test.mjs", served.environment)

    assert (tests.failed, tests.left_out) == (0, 0), tests.report
    assert tests.passed == declared(HERE / f"{library}.test.mjs")


def test_relay_compiles_against_the_schema_and_its_runtime_pages_a_journey(workshop: Workshop, served: Served) -> None:
    """relay-compiler takes the schema's ids and connections; what it makes is run by relay-runtime."""
    compiled = workshop.run("relay-compiler", "relay.config.json", within="relay")
    assert compiled.code == 0, compiled.said

    tests = workshop.test("relay.test.mjs", served.environment)

    assert (tests.failed, tests.left_out) == (0, 0), tests.report
    assert tests.passed == declared(HERE / "relay.test.mjs")


def test_generated_types_compile_strictly_and_their_program_runs(workshop: Workshop, served: Served) -> None:
    """graphql-codegen makes types of the schema and all example queries; tsc --strict takes what is right only."""
    made = workshop.run("graphql-codegen", "--config", "codegen.json", within="typed")
    assert made.code == 0, made.said
    compiled = workshop.run("tsc", "--project", "tsconfig.json", within="typed")
    assert compiled.code == 0, compiled.said

    tests = workshop.test("typed.test.mjs", served.environment)

    assert (tests.failed, tests.left_out) == (0, 0), tests.report
    assert tests.passed == declared(HERE / "typed.test.mjs")


def test_pythons_gql_gets_its_answers(served: Served, pytestconfig: pytest.Config) -> None:
    """gql fetches the schema, asks, walks a journey from its end, and sees errors as errors."""
    seen = _run_gql(served, pytestconfig.rootpath)

    assert seen["customer"]["displayName"] == "Mara Lindqvist"
    assert seen["customer"]["sources"] == ["crm", "helpdesk", "marketing"]
    assert [len(page) for page in seen["pages"]] == [6, 6, 4]
    moments = [moment for page in reversed(seen["pages"]) for moment in page]
    assert moments == sorted(moments, reverse=True)
    assert seen["merged"] == {"decisions": [], "userErrors": [{"code": "INVALID"}]}
    assert seen["refused_there"] == "BAD_USER_INPUT"
    assert "nothing" in seen["refused_here"]


def test_subscriptions_of_apollo_and_urql_go_on_after_a_broken_socket(workshop: Workshop, served: Served) -> None:
    """`resuming` of examples/web, compiled as it is, makes both go on after the last event: none lost, none twice."""
    shutil.copy(HERE.parents[1] / "examples" / "web" / "src" / "resuming.ts", workshop.folder)
    options = ["--ignoreConfig", "--strict", "--target", "es2022", "--module", "nodenext", "--lib", "es2023,dom"]
    compiled = workshop.run("tsc", "resuming.ts", *options)
    assert compiled.code == 0, compiled.said

    tests = workshop.test("live.test.mjs", served.environment)

    assert (tests.failed, tests.left_out) == (0, 0), tests.report
    assert tests.passed == declared(HERE / "live.test.mjs")


def test_graphiql_works_in_a_browser(workshop: Workshop, served: Served, browser: dict[str, str]) -> None:
    """A key, examples, a query, a subscription, light and dark; Chromium reports no script that it refused."""
    tests = workshop.test("graphiql.test.mjs", {**served.environment, **browser})

    assert (tests.failed, tests.left_out) == (0, 0), tests.report
    assert tests.passed == declared(HERE / "graphiql.test.mjs")


def _run_gql(served: Served, root: Path) -> Any:
    """What `gql_program.py` prints; uv makes its environment from its lock."""
    uv = shutil.which("uv") or str(root / ".cache" / "uv" / "bin" / "uv")
    ran = subprocess.run(
        [uv, "run", "--quiet", "--locked", "--script", str(HERE / "gql_program.py")],
        env={**os.environ, **served.environment, "C360_CLIENTS_EMAIL": MARA_EMAIL},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def declared(file: Path) -> int:
    """How many tests a file declares: each begins a line."""
    return sum(line.startswith("test(") for line in file.read_text(encoding="utf-8").splitlines())
