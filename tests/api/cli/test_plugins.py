"""`c360 plugins new` and `test`: a project whose tests pass at once, and a source that is held against the contract."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from graph.store.settings import StoreSettings
from tests.api.cli.calls import PEOPLE, Shell, persons_toml

ROOT = Path(__file__).parents[3]


def test_the_project_of_a_new_connector_passes_its_tests_and_ours(tmp_path: Path) -> None:
    """Its own tests (the long ones: test_new_plugin.py) and our linter; a second one of its name is refused."""
    shell = Shell(tmp_path)
    made = shell("plugins", "new", "club_desk", "--into", str(tmp_path))
    assert made.code == 0, made.err
    folder = tmp_path / "c360-club-desk"

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not fault and not schema"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    ruff, rules = Path(sys.executable).with_name("ruff"), str(ROOT / "pyproject.toml")
    linted = subprocess.run(
        [ruff, "check", "--config", rules, "--ignore", "I", "."],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ran.returncode == 0, ran.stdout
    assert linted.returncode == 0, linted.stdout
    assert "5 passed" in ran.stdout
    assert not [name for name in os.listdir(folder) if "$" in (folder / name).name]
    again = shell("plugins", "new", "club_desk", "--into", str(tmp_path))
    assert again.code == 2
    assert "is there already" in again.err


@pytest.mark.parametrize("name", ["members", "person", "none"])
def test_the_project_of_any_name_passes_its_tests(tmp_path: Path, name: str) -> None:
    """A name that its module or Python has already is one, too."""
    shell = Shell(tmp_path)
    assert shell("plugins", "new", name, "--into", str(tmp_path)).code == 0

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not fault and not schema"],
        cwd=tmp_path / f"c360-{name}", capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert "5 passed" in ran.stdout, ran.stdout


def test_the_name_of_a_connector_that_is_there_is_refused(tmp_path: Path) -> None:
    """Two cannot answer to one name."""
    call = Shell(tmp_path)("plugins", "new", "hubspot", "--into", str(tmp_path))

    assert call.code == 2
    assert "'hubspot' comes with c360 already" in call.err
    assert list(tmp_path.iterdir()) == []


def test_plugins_are_listed_before_their_secrets_are_there(tmp_path: Path) -> None:
    """Whoever begins with a connector wants to see whether it is found; the token comes later."""
    shell = Shell(tmp_path)
    shell.write("mine.py", "1 / 0\n")
    shell.write("plugins.toml", '[desk]\npath = "mine.py"\ntoken = { env = "NOT_SET_ANYWHERE" }\n')

    call = shell("plugins", "list", "--json")

    assert call.code == 0, call.err
    assert {each["name"]: each["state"] for each in call.json}["mine"] == "failed"


@pytest.mark.parametrize("words", [("plugins", "list"), ("plugins", "check"), ("doctor",)])
def test_a_plugin_that_is_switched_off_in_vain_is_told(tmp_path: Path, words: tuple[str, ...]) -> None:
    """C360_PLUGINS_OFF with a name that no plugin has: by whoever looks at plugins."""
    shell = Shell(tmp_path, StoreSettings(f"embedded:{tmp_path / 'graph'}"))
    shell.write("plugins.toml", persons_toml())
    shell.write("people.csv", PEOPLE)

    call = shell(*words, env={"C360_PLUGINS_OFF": "zendesc"})

    assert "'zendesc', which is no plugin" in " ".join((call.out + call.err).split())


@pytest.mark.parametrize("name", ["Club", "7up", "club-desk", "", "a/b"])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    """It becomes a module and a section."""
    call = Shell(tmp_path)("plugins", "new", name, "--into", str(tmp_path))
    assert call.code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_source_is_held_against_the_contract(tmp_path: Path) -> None:
    """What was read is counted; nothing is written."""
    shell = Shell(tmp_path)
    shell.write("plugins.toml", persons_toml())
    shell.write("people.csv", PEOPLE + "3,Cleo Sand,cleo@x.test,never\n")

    call = shell("plugins", "test", "crm")

    assert call.code == 0, call.err
    assert "crm keeps the contract: 2 records on 1 pages of persons" in call.out
    assert shell("plugins", "test", "crm", "--json").json["records"] == 2


def test_a_connector_that_breaks_the_contract_is_told_line_by_line(tmp_path: Path) -> None:
    """Exit code 1, and what is wrong."""
    shell = Shell(tmp_path)
    shell.write(
        "bad.py",
        """
from pydantic import BaseModel
from c360 import CheckReport, Page, Person, Stream, StreamKind, hookimpl
C360_API = ">=1,<2"
class Bad:
    class Config(BaseModel):
        pass
    def __init__(self, name, config):
        self.name = name
    async def check(self):
        return CheckReport(True, "fine")
    async def discover(self):
        return [Stream("people", StreamKind.PERSONS)]
    async def read(self, stream, state):
        yield Page(["x"], {})
    def map(self, stream, raw):
        return [Person(source="other", stream="people", id=raw, full_name="")]
    async def close(self):
        pass
@hookimpl
def c360_register_connectors(registry):
    registry.add("bad", Bad)
""",
    )
    shell.write("plugins.toml", '[desk]\nconnector = "bad"\npath = "bad.py"\n')

    call = shell("plugins", "test", "desk")

    assert call.code == 1
    assert "desk: people: Person 'x': its source is 'other', not 'desk'." in call.err
    assert "full_name is an empty text" in call.err


WAYWARD = """
import sys
from pydantic import BaseModel
from c360 import hookimpl
C360_API = ">=1,<2"

class Wayward:
    class Config(BaseModel):
        pass
    def __init__(self, name, config):
        self.name = name
    async def check(self):
        raise SystemExit(3)
    async def discover(self):
        raise SystemExit(4)
    def read(self, stream, state):
        raise NotImplementedError
    def map(self, stream, raw):
        return ()
    async def close(self):
        raise RuntimeError("it does not close")

@hookimpl
def c360_register_connectors(registry):
    registry.add("wayward", Wayward)
"""


@pytest.mark.parametrize("words", [("plugins", "check"), ("sync", "--preview")])
def test_a_connector_that_does_wrong_hides_no_other_source(tmp_path: Path, words: tuple[str, ...]) -> None:
    """It is told with its reason, exit code 1; that it cannot even be closed is a warning."""
    shell = Shell(tmp_path)
    shell.write("wayward.py", WAYWARD)
    shell.write("plugins.toml", '[odd]\npath = "wayward.py"\n' + persons_toml())
    shell.write("people.csv", PEOPLE)

    call = shell(*words)

    said = " ".join((call.out + call.err).split())
    assert call.code == 1
    assert "the connector 'wayward' failed" in said
    assert "SystemExit: " in said
    assert "2 persons" in said or "Ada Quist" in said or "crm ok" in said, said
    assert "odd: the connector 'wayward' failed in close: " in said


def test_the_test_of_a_connector_that_ends_the_process_says_which_it_was(tmp_path: Path) -> None:
    """It is its own failure, with exit code 1 and a sentence."""
    shell = Shell(tmp_path)
    shell.write("wayward.py", WAYWARD)
    shell.write("plugins.toml", '[odd]\npath = "wayward.py"\n')

    call = shell("plugins", "test", "odd")

    assert call.code == 1
    assert "error: the connector 'wayward' failed in its test: SystemExit: 3" in call.err


@pytest.mark.parametrize(
    ("made", "why"), [("sys.exit(5)", "SystemExit: 5"), ("pass", "AttributeError"), ("self.name = 'x'", "not that of")]
)
def test_a_connector_that_cannot_be_made_hides_no_other_source(tmp_path: Path, made: str, why: str) -> None:
    """Neither from a check nor from the doctor; every command says why."""
    shell = Shell(tmp_path, StoreSettings(f"embedded:{tmp_path / 'graph'}"))
    shell.write("wayward.py", WAYWARD.replace("self.name = name", made))
    shell.write("plugins.toml", '[odd]\npath = "wayward.py"\n' + persons_toml())
    shell.write("people.csv", PEOPLE)

    checked, examined = shell("plugins", "check"), shell("doctor")

    for call in (checked, examined):
        said = " ".join((call.out + call.err).split())
        assert "[odd]: the connector 'wayward' cannot be made: " in said
        assert why in said
        assert "crm" in said
