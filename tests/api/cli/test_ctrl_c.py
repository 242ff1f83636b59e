"""Ctrl-C or SIGTERM in the middle of a sync: it stops at a page, says so, and the next sync goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from graph.store.settings import StoreSettings
from tests.api.cli.calls import Shell
from tests.conftest import Homes


@pytest.mark.long
def test_ctrl_c_stops_a_sync_and_the_next_one_ends_it(tmp_path: Path, homes: Homes) -> None:
    """Stopped while it derives: exit code 130 and no traceback; the next sync leaves nothing pending or stale."""
    store = homes.of("embedded").settings
    shell = Shell(tmp_path, store)
    assert shell("sample", str(tmp_path), "--customers", "400", "--seed", "5").code == 0
    log = tmp_path / "sync.log"
    c360 = str(Path(sys.executable).with_name("c360"))
    with log.open("w") as err:
        process = subprocess.Popen(
            [c360, "--config", str(tmp_path), "sync"],
            env={**os.environ, "C360_STORE": store.uri}, stdout=subprocess.DEVNULL, stderr=err, text=True,
            preexec_fn=_heed_ctrl_c,  # noqa: PLW1509
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while "read " not in log.read_text() and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        code = process.wait(60)

    said = log.read_text()
    assert code == 130, said
    assert "the next `c360 sync` goes on" in said
    assert "Traceback" not in said

    finished = shell("sync", "--json")
    again = shell("sync", "--json")

    assert finished.code == 0, finished.err
    assert finished.json["derived"]["customers"] > 350
    assert (again.json["linked"]["pending"], again.json["derived"]["customers"]) == (0, 0)


def test_sigterm_ends_a_sync_and_the_tap_that_it_reads(tmp_path: Path, embedded_settings: StoreSettings) -> None:
    """Exit code 143, no traceback; the tap is asked to end, and its folder with its settings is gone."""
    tap = Path(__file__).parents[2] / "connectors" / "tap_members.py"
    seen, log = tmp_path / "seen", tmp_path / "sync.log"
    (tmp_path / "plugins.toml").write_text(
        f'[club]\nconnector = "singer"\ncommand = ["{sys.executable}", "{tap}"]\n'
        f'config = {{ mode = "hang", witness = "{seen}" }}\n[[club.records]]\nstream = "members"\nkind = "persons"\n'
        'mapping = { full_name = "name" }\n'
    )
    c360 = str(Path(sys.executable).with_name("c360"))
    with log.open("w") as err:
        process = subprocess.Popen(
            [c360, "--config", str(tmp_path), "sync"],
            env={**os.environ, "C360_STORE": embedded_settings.uri}, stdout=subprocess.DEVNULL, stderr=err,
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while not seen.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)

    told = [json.loads(line) for line in seen.read_text().splitlines()]
    assert code == 143, log.read_text()
    assert "Traceback" not in log.read_text()
    assert told[-1] == {"stopped": True}
    assert not psutil.pid_exists(told[0]["pid"])
    assert not Path(told[0]["config"]).exists()


def _heed_ctrl_c() -> None:
    """What runs in the background of a shell inherits that Ctrl-C is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
