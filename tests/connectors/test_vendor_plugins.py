"""The connectors of real systems are offered under the names that plugins.toml uses."""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from connectors.plugins import GROUP, Registry

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OFFERED = PROJECT["entry-points"][GROUP]


@pytest.mark.parametrize(("name", "module"), OFFERED.items(), ids=list(OFFERED))
def test_a_module_offers_its_connector(name: str, module: str) -> None:
    """Loading the module and calling its hook is all there is to it."""
    registry = Registry()
    import_module(module).c360_register_connectors(registry)
    assert registry.names() == [name]
