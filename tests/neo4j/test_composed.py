"""The services of docker-compose.yml, started without Docker: a Neo4j and a c360 with the settings that stand there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from neo4j import GraphDatabase

from tests.api.cli.calls import PEOPLE, Shell, persons_toml
from tests.neo4j.server import running_neo4j, why_missing

COMPOSED = Path(__file__).parents[2] / "docker-compose.yml"
OF_THE_IMAGE = {"NEO4J_AUTH_FILE"}
"""Read by the image itself, not by Neo4j."""


def _environment(service: str) -> dict[str, str]:
    """A service's variables, with the values that are used where nothing is said."""
    services: dict[str, Any] = yaml.safe_load(COMPOSED.read_text(encoding="utf-8"))["services"]
    return {
        name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for name, value in services[service]["environment"].items()
    }


def _neo4j_settings() -> dict[str, str]:
    """As the image's entry point writes neo4j.conf: `_` is a dot, `__` is `_`."""
    return {
        name.removeprefix("NEO4J_").replace("__", "\0").replace("_", ".").replace("\0", "_"): value
        for name, value in _environment("neo4j").items()
        if name not in OF_THE_IMAGE
    }


@pytest.mark.long
def test_c360_works_with_a_neo4j_of_the_settings_that_are_shipped(tmp_path: Path) -> None:
    """Neo4j knows each setting and takes its value, Java its collector; c360 gets in by its own variables."""
    if why := why_missing():
        pytest.skip(f"no Neo4j: {why}")
    settings = _neo4j_settings()
    flags = settings.pop("server.jvm.additional").split()
    heap = settings["server.memory.heap.max_size"]
    checked = {**settings, "server.config.strict_validation.enabled": "true"}
    flags.append(f"-Xms{settings['server.memory.heap.initial_size']}")
    with running_neo4j(heap=heap, flags=flags, settings=checked) as neo4j:
        with GraphDatabase.driver(neo4j.uri, auth=(neo4j.user, neo4j.password)) as driver:
            told = driver.execute_query("SHOW SETTINGS YIELD name, value WHERE name IN $names", names=list(settings))
            collectors = driver.execute_query("CALL dbms.queryJmx('java.lang:type=GarbageCollector,*') YIELD name")
        shell = Shell(tmp_path)
        places = {
            "C360_STORE": neo4j.uri,
            "C360_STORE_PASSWORD_FILE": str(shell.write("store_password", f"{neo4j.password}\n")),
            "C360_API_TOKEN_FILE": str(shell.write("api_token", "0123456789abcdef0123456789abcdef\n")),
            "C360_CACHE": str(tmp_path / "cache"),
        }
        for name in ("store_password", "api_token"):
            (tmp_path / name).chmod(0o600)
        shell.write("plugins.toml", persons_toml())
        shell.write("people.csv", PEOPLE)
        synced = shell("sync", env=places)
        examined = shell("doctor", "--json", env=places)

    assert set(places) == set(_environment("c360"))
    values = {row["name"]: row["value"] for row in told.records}
    assert set(values) == set(settings)
    assert values["dbms.usage_report.enabled"] == settings["dbms.usage_report.enabled"] == "false"
    for name in settings:
        if name.startswith("server.memory."):
            assert _bytes(values[name]) == _bytes(settings[name]), name
    assert sorted(row["name"].partition("name=")[2].split(",")[0] for row in collectors.records) == [
        "PS MarkSweep",
        "PS Scavenge",
    ]
    assert synced.code == 0, synced.err
    assert examined.code == 0, examined.out
    states = {(finding["about"], finding["state"]) for finding in examined.json}
    assert {state for _, state in states} == {"ok"}, examined.out
    assert {"secrets", "store", "schema", "sync"} <= {about for about, _ in states}


def _bytes(text: str) -> float:
    """`512m`, `1g`, or as Neo4j tells it: `512.00MiB`."""
    found = re.fullmatch(r"([\d.]+)\s*([kmg])(?:i?b)?", text.lower())
    assert found is not None, text
    return float(found[1]) * 1024 ** ("kmg".index(found[2]) + 1)
