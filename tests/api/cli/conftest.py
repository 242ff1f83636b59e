"""A shell in an empty folder, with and without a graph behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.cli.calls import Shell
from tests.conftest import Homes


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell that must not need any store: the one it names does not exist."""
    shell = Shell(tmp_path)
    shell._environment["C360_STORE"] = "bolt://127.0.0.1:1"
    return shell


@pytest.fixture
def graph_shell(tmp_path: Path, homes: Homes) -> Shell:
    """A shell with an empty embedded graph."""
    return Shell(tmp_path, homes.of("embedded").settings)
