"""The sample company, served by a process of its own as an installation would, for other people's programs to ask."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from tests.clients.workshop import HERE, ToolMissing, Workshop, chromium, make_workshop
from tests.demo_company import demo_company
from tests.served import serving

TOKEN = "a-token-for-other-programs"
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Served:
    """The endpoint, and the token it wants."""

    url: str
    token: str

    @property
    def environment(self) -> dict[str, str]:
        """How the programs of this folder are told."""
        return {"C360_CLIENTS_URL": self.url, "C360_CLIENTS_TOKEN": self.token}


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`c360 serve` over a copy of the sample company: programs change it."""
    folder = tmp_path_factory.mktemp("served")
    data = shutil.copytree(demo_company(tmp_path_factory).data, folder / "company")
    environment = {"C360_STORE": f"embedded:{data / 'graph'}", "C360_API_TOKEN": TOKEN}
    with serving(data, folder / "served.log", environment) as process:
        yield Served(f"http://{process.host}:{process.port}/graphql", TOKEN)


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Workshop:
    """The folder's JavaScript with its packages, and the schema and example queries beside what reads them."""
    root = pytestconfig.rootpath
    made = _make(root, HERE, tmp_path_factory.mktemp("workshop"))
    for part in ("relay", "typed", "conventions"):
        shutil.copy(root / "schema.graphql", made.folder / part)
    shutil.copytree(root / "examples" / "queries", made.folder / "typed" / "examples")
    return made


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Workshop:
    """examples/web with its packages, as far below the schema as it is in the tree."""
    root = pytestconfig.rootpath
    tree = tmp_path_factory.mktemp("web")
    shutil.copy(root / "schema.graphql", tree)
    return _make(root, root / "examples" / "web", tree / "examples" / "web")


@pytest.fixture(scope="session")
def browser() -> dict[str, str]:
    """Tells the programs of this folder where Chromium is."""
    return {"C360_CLIENTS_CHROMIUM": _demanded(chromium)}


def _make(root: Path, source: Path, folder: Path) -> Workshop:
    return _demanded(lambda: make_workshop(source, folder, root / ".cache" / "clients", os.environ))


def _demanded(tool: Callable[[], Made]) -> Made:
    """The tier was asked for, so a machine without its tools fails rather than skips."""
    try:
        return tool()
    except ToolMissing as missing:
        why = str(missing)
    pytest.fail(f"--clients: {why}", pytrace=False)
