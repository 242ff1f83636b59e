"""The tutorial from start to end: the built wheel in an environment of its own, a new plugin, its tests, a sync."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[3]
UV = shutil.which("uv") or str(ROOT / ".cache" / "uv" / "bin" / "uv")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and what it needs, as `pip install c360` makes it; nothing of this folder."""
    out = tmp_path_factory.mktemp("tutorial")
    subprocess.run([UV, "build", "--wheel", "--quiet", "--out-dir", str(out)], cwd=ROOT, check=True)
    (wheel,) = out.glob("*.whl")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    subprocess.run([UV, "venv", "--quiet", "--python", version, str(out / "home")], check=True)
    _installed(out / "home", str(wheel), "pytest>=8.3", "anyio>=4.6", "hatchling>=1.27")
    return out / "home"


def _installed(home: Path, *packages: str) -> None:
    python = str(home / "bin" / "python")
    subprocess.run([UV, "pip", "install", "--quiet", "--python", python, *packages], check=True)


def _called(home: Path, folder: Path, *words: str) -> str:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "C360", "VIRTUAL"))
    }
    ran = subprocess.run(
        [home / "bin" / words[0], *words[1:]],
        cwd=folder, env={**environment, "COLUMNS": "200", "C360_STORE": f"embedded:{folder}/graph"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, f"{' '.join(words)}: {ran.stdout}{ran.stderr}"
    return ran.stdout


def _tested(project: Path, wheels: Path) -> str:
    """`uv run pytest` in the project, as its README says; c360 itself comes from our wheel."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL"))}
    ran = subprocess.run(
        [UV, "run", "--quiet", "--python", f"{sys.version_info.major}.{sys.version_info.minor}", "pytest", "-q"],
        cwd=project, env={**environment, "UV_FIND_LINKS": str(wheels)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_the_connector_of_one_file_is_written_checked_and_synced(home: Path, tmp_path: Path) -> None:
    """docs/connectors/your_own.md: its module, its section and each of its commands."""
    page = (ROOT / "docs" / "connectors" / "your_own.md").read_text(encoding="utf-8")
    blocks = {
        language: re.findall(rf"^```{language}\n(.*?)^```", page, re.M | re.S) for language in ("python", "toml", "sh")
    }
    (tmp_path / "members.py").write_text(blocks["python"][0])
    (tmp_path / "plugins.toml").write_text(blocks["toml"][0])
    (tmp_path / "members.json").write_text(json.dumps([{"no": 7, "name": "Ada Quist", "mail": "ada@x.test"}]))

    said = {line: _called(home, tmp_path, *line.split()) for block in blocks["sh"] for line in block.splitlines()}

    assert "1 members can be read" in said["c360 plugins check club"]
    assert "Ada Quist" in said["c360 sync club --preview"]
    assert "1 customers derived" in said["c360 sync club"]
    assert "club keeps the contract: 1 records" in said["c360 plugins test club"]
    assert (tmp_path / "c360-club-desk").is_dir()


def test_the_project_of_a_new_connector_is_installed_and_found(home: Path, tmp_path: Path) -> None:
    """All of its own tests pass, and c360 lists it as loaded from its distribution."""
    _called(home, tmp_path, "c360", "plugins", "new", "club_desk")
    project = tmp_path / "c360-club-desk"

    tested = _tested(project, wheels=home.parent)
    _installed(home, "-e", str(project))
    listed = json.loads(_called(home, project, "c360", "plugins", "list", "--json"))

    assert "7 passed" in tested
    (found,) = [each for each in listed if each["name"] == "club_desk"]
    assert (found["state"], found["distribution"], found["connectors"]) == ("loaded", "c360-club-desk", ["club_desk"])
