"""docker-compose.yml as Debian's docker-compose reads it; there is no engine here, so nothing is started."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.servers.rt_server import install_packages

ROOT = Path(__file__).parents[2]
SECRETS = ("neo4j_auth", "store_password", "api_token")


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The whole configuration, as a folder with secrets and without any variable gives it."""
    if shutil.which("docker-compose") is None:
        install_packages(["docker-compose"], "docker-compose")
    folder = tmp_path_factory.mktemp("compose")
    shutil.copy(ROOT / "docker-compose.yml", folder)
    (folder / "secrets").mkdir()
    for name in SECRETS:
        (folder / "secrets" / name).write_text("neo4j/0123456789abcdef0123456789abcdef")
    program = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)"
    said = subprocess.run(
        ["docker-compose", "--project-directory", ".", "config"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    # Debian's docker-compose brings its own Python with yaml; ours need not have it.
    found = subprocess.run(
        ["/usr/bin/python3", "-c", program], input=said.stdout, capture_output=True, text=True, check=True
    )
    whole: dict[str, Any] = json.loads(found.stdout)
    return whole


def test_no_secret_stands_in_the_configuration(composed: dict[str, Any]) -> None:
    """Passwords and tokens come as files; no variable holds one."""
    assert set(composed["secrets"]) == set(SECRETS)
    assert "0123456789abcdef" not in json.dumps(composed)
    for service in composed["services"].values():
        for name in service["environment"]:
            assert not name.endswith(("PASSWORD", "TOKEN", "AUTH")), name


def test_both_services_are_watched_bounded_and_come_back(composed: dict[str, Any]) -> None:
    """Healthcheck, memory limit, restart, no new privileges; ports on this machine only; data in named volumes."""
    for name, service in composed["services"].items():
        assert service["healthcheck"]["test"], name
        assert service["mem_limit"], name
        assert service["restart"] == "unless-stopped", name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert all(str(port).startswith("127.0.0.1:") for port in service["ports"]), name
    assert set(composed["volumes"]) == {"graph", "cache"}
    assert composed["services"]["c360"]["depends_on"]["neo4j"]["condition"] == "service_healthy"


def test_c360_writes_nothing_but_its_cache(composed: dict[str, Any]) -> None:
    """Its file system is read-only, its configuration too; it has no capabilities."""
    service = composed["services"]["c360"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert [str(volume).endswith(":ro") for volume in service["volumes"] if "config" in str(volume)] == [True]
