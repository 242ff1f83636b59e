"""Promises of plugins.toml: exact errors, and no secret anywhere."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.configured import make_connectors
from connectors.errors import PluginConfigError
from connectors.hookspecs import Connector
from connectors.plugins import load_plugins
from connectors.records import BusinessFunction
from connectors.settings import read_settings

pytestmark = pytest.mark.anyio
SECRET = "hunter2-very-secret"
RT = 'connector = "request_tracker"\nurl = "https://rt.test"\n'


def connectors(folder: Path, text: str, environment: Mapping[str, str] | None = None) -> list[Connector[Any]]:
    """The connectors that a plugins.toml of this text makes."""
    (folder / "plugins.toml").write_text(text, encoding="utf-8")
    settings = read_settings(folder / "plugins.toml", environment or {})
    return make_connectors(settings, load_plugins(settings.plugin_paths, off=""), environment or {})


def refusal(folder: Path, text: str, environment: Mapping[str, str] | None = None) -> str:
    """What is said about a plugins.toml that is wrong."""
    with pytest.raises(PluginConfigError) as error:
        connectors(folder, text, environment)
    return str(error.value)


def test_a_section_is_a_source(tmp_path: Path) -> None:
    """The common keys are read, and paths start at the folder of plugins.toml."""
    (tmp_path / "plugins.toml").write_text(
        '[crm]\nconnector = "files"\ntrust = 0.9\nfunction = "sales"\nowner = "Cleo Varga"\n'
        '[[crm.files]]\npath = "a.csv"\nformat = "hubspot-contacts"\n'
    )
    settings = read_settings(tmp_path / "plugins.toml", {})
    (source,) = settings.sources
    (connector,) = make_connectors(settings, load_plugins(off=""), {})

    assert (source.name, source.trust, source.owner) == ("crm", 0.9, "Cleo Varga")
    assert source.function is BusinessFunction.SALES
    assert connector.name == "crm"
    assert connector.config.folder == tmp_path  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[crm]\nconnector = "fils"\n', "there is no connector 'fils'. Did you mean 'files'? Known: files"),
        ('[crm]\nconector = "files"\n', "[crm] has no 'connector'. Add it, e.g. connector = \"files\""),
        ('[crm]\nconnector = "files"\nfiels = 1\nfiles = []\n', "has 'fiels', which is unknown. Did you mean 'files'?"),
        ('[crm]\nconnector = "files"\n', "[crm] has no 'files'. Looked for: the key files of [crm], the variable"),
        ('[crm]\nconnector = "files"\nfiles = []\n', "files is empty"),
        ('[crm]\nconnector = "files"\ntrust = 2\n', "trust is a number from 0 to 1"),
        ('[crm]\nconnector = "files"\nfunction = "sale"\n', "function 'sale' is not one of marketing, sales"),
        ('[crm]\nconnector = "files"\nstreams = "contacts"\n', "streams is a list of names"),
        ("[crm]\nconnector = files\n", "line 2"),
        ("trust = 1\n", "'trust' stands outside of a section"),
        ('["a/b"]\nconnector = "files"\n', "a source's name has letters"),
        ('[crm]\npath = "./mine.py"\n', "the plugin 'mine' could not be loaded: there is no file"),
        ("[crm]\n[crm]\n", "Cannot declare"),
        (
            '[crm]\nconnector = "files"\n[[crm.files]]\npath = "a"\nformat = "hubspot-contact"\n',
            "files[0]: format 'hubspot-contact' is unknown; did you mean 'hubspot-contacts'?",
        ),
        (
            '[crm]\nconnector = "files"\n[[crm.files]]\npath = "a"\nformat = "orders"\nencodign = "x"\n',
            "files[0].encodign is unknown. Did you mean 'encoding'?",
        ),
        (
            '[crm]\nconnector = "files"\n[[crm.files]]\npath = "a"\nformat = "orders"\ntimezone = "Mars/Base"\n',
            "'Mars/Base' is no time zone",
        ),
    ],
)
def test_a_mistake_is_named_with_its_remedy(tmp_path: Path, text: str, said: str) -> None:
    """Section, key, what is wrong, and what would be right."""
    assert said in refusal(tmp_path, text)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Whoever mends one section need not run again to hear of the next."""
    said = refusal(tmp_path, '[crm]\nconnector = "fils"\n[shop]\nconnector = "fiels"\n')

    assert "[crm]" in said
    assert "[shop]" in said


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    """No plugins.toml: c360 init makes one."""
    with pytest.raises(PluginConfigError, match="c360 init"):
        read_settings(tmp_path / "plugins.toml", {})


def test_a_file_in_another_encoding_is_told_of(tmp_path: Path) -> None:
    """TOML is UTF-8."""
    (tmp_path / "plugins.toml").write_bytes('[crm]\nowner = "Jörg"\n'.encode("latin-1"))
    with pytest.raises(PluginConfigError, match="save it as UTF-8"):
        read_settings(tmp_path / "plugins.toml", {})


def test_a_secret_comes_from_a_variable_or_a_file(tmp_path: Path) -> None:
    """{ env = … }, { file = … } and C360_<SECTION>_<KEY> all reach the connector's settings."""
    (tmp_path / "token").write_text(f"{SECRET}\n")
    by_env = f'[support]\n{RT}token = {{ env = "RT_TOKEN" }}\n'
    by_file = f'[support]\n{RT}token = {{ file = "token" }}\n'

    for text, environment in (
        (by_env, {"RT_TOKEN": SECRET}),
        (by_env, {"C360_SUPPORT_TOKEN": SECRET}),
        (by_file, {}),
        (f"[support]\n{RT}", {"C360_SUPPORT_TOKEN": SECRET}),
    ):
        (connector,) = connectors(tmp_path, text, environment)
        assert connector.name == "support"


def test_a_missing_secret_tells_where_it_was_looked_for(tmp_path: Path) -> None:
    """Each place, and whether it is unset or empty."""
    said = refusal(tmp_path, f'[support]\n{RT}token = {{ env = "RT_TOKEN" }}\n', {"RT_TOKEN": ""})

    assert "the variable RT_TOKEN (is empty)" in said
    assert "the variable C360_SUPPORT_TOKEN (is not set)" in said


def test_a_literal_secret_is_taken_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It works, and the log says what would be better, without the secret."""
    connectors(tmp_path, f'[support]\n{RT}token = "{SECRET}"\n')

    assert "C360_SUPPORT_TOKEN" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "text",
    [
        f'[support]\n{RT}tokn = "{SECRET}"\n',
        f'[support]\n{RT}token = "{SECRET}"\npage_size = "{SECRET}"\n',
        f'[support]\n{RT}token = ["{SECRET}"]\n',
        f"[support]\n{RT}token = {SECRET}\n",
        f'[support]\n{RT}user = "{SECRET}"\n',
        f'[a]\nconnector = "files"\n[[a.files]]\npath = "a"\nformat = "orders"\ntimezone = {{x = "{SECRET}"}}\n',
    ],
)
def test_no_secret_is_in_an_error(tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is wrong with a section, its values are not repeated: not in the text, the cause or the log."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(PluginConfigError) as error:
        connectors(tmp_path, text)

    shown = "".join(traceback.format_exception(error.value)) + repr(error.value) + caplog.text
    assert SECRET not in shown


def test_settings_do_not_show_secrets(tmp_path: Path) -> None:
    """Neither the settings nor the connector print one."""
    (tmp_path / "plugins.toml").write_text(f'[support]\n{RT}token = "{SECRET}"\n')
    settings = read_settings(tmp_path / "plugins.toml", {})
    (connector,) = make_connectors(settings, load_plugins(off=""), {})

    assert SECRET not in repr(settings)
    assert SECRET not in repr(connector)
    assert SECRET not in repr(vars(connector))


async def test_streams_choose_what_is_read(tmp_path: Path) -> None:
    """Only the named streams are there; a wrong name is told of with the right ones."""
    (tmp_path / "a.csv").write_text("order_id,placed_at,amount\n")
    (tmp_path / "b.csv").write_text("subscription_id,event,at\n")
    entries = (
        '[[shop.files]]\npath = "a.csv"\nformat = "orders"\n[[shop.files]]\npath = "b.csv"\nformat = "subscriptions"\n'
    )
    (one,) = connectors(tmp_path, f'[shop]\nconnector = "files"\nstreams = ["orders"]\n{entries}')
    (wrong,) = connectors(tmp_path, f'[shop]\nconnector = "files"\nstreams = ["order"]\n{entries}')

    assert [stream.name for stream in await one.discover()] == ["orders"]
    with pytest.raises(PluginConfigError, match=r"no stream 'order'. Did you mean 'orders'\?"):
        await wrong.discover()


RAISING = """
from pydantic import BaseModel, SecretStr
from c360 import hookimpl

C360_API = ">=1,<2"

class Config(BaseModel):
    token: SecretStr

class Mine:
    Config = Config
    def __init__(self, name, config):
        raise OSError("no luck with " + config.token.get_secret_value())
    def check(self): ...
    def discover(self): ...
    def read(self, stream, state): ...
    def map(self, stream, raw): ...
    def close(self): ...

@hookimpl
def c360_register_connectors(registry):
    registry.add("mine", Mine)
"""


def test_a_connector_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """What a plugin of one's own raises is named, without the secret that it repeats."""
    (tmp_path / "my_connector.py").write_text(RAISING)

    said = refusal(tmp_path, f'[crm]\npath = "./my_connector.py"\ntoken = "{SECRET}"\n')

    assert "the connector 'mine' cannot be made: OSError: no luck with ***" in said
    assert SECRET not in said


def test_the_source_of_what_people_record_is_no_section(tmp_path: Path) -> None:
    """A section called `recorded` would mix its records with those: it is refused."""
    path = tmp_path / "plugins.toml"
    path.write_text('[recorded]\nconnector = "files"\n')

    with pytest.raises(PluginConfigError, match=r"\[recorded\].*Choose another name"):
        read_settings(path)
