"""What somebody else's fuzzer finds: schemathesis makes operations of the schema and looks for failures of a server."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from graph.store.driver import open_store
from graph.store.settings import StoreSettings
from tests.fuzz.served import served_store, write_company

pytestmark = [pytest.mark.anyio, pytest.mark.fuzz]
ROOT = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).with_name("st")
EXAMPLES = 60
"""Operations a root field."""


async def test_schemathesis_finds_no_failure_of_ours(embedded_settings: StoreSettings, tmp_path: Path) -> None:
    """Operations of every root field, with odd arguments of the right types: none is a failure of the server."""
    assert PROGRAM.exists(), "schemathesis is not here: uv sync --group fuzz, or scripts/test --fuzz"
    async with open_store(embedded_settings) as store:
        await write_company(store)
        with served_store(embedded_settings, tmp_path) as served:
            url = f"http://{served.host}:{served.port}/graphql"
            process = await asyncio.create_subprocess_exec(
                PROGRAM, "run", ROOT / "schema.graphql", "--url", url, "--checks", "not_a_server_error",
                "--phases", "fuzzing", "--max-examples", str(EXAMPLES), "--seed", "1", "--continue-on-failure",
                "--header", "Accept: application/graphql-response+json", "--request-timeout", "30", "--no-color",
                cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
            said = (await process.communicate())[0].decode()
            assert served.is_alive, served.log.read_text()[-2_000:]
    told = served.log.read_text()

    print(said[-1_500:])
    assert process.returncode == 0, said[-6_000:]
    assert "Traceback" not in told, told[-3_000:]
    assert "a mistake of ours" not in told, told[-3_000:]
