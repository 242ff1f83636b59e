"""The page of each vendor's connector says what the connector is: section, settings and streams."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from connectors.configured import make_connectors
from connectors.plugins import GROUP, load_plugins
from connectors.settings import read_settings

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parent.parent.parent
PAGES = ROOT / "docs" / "connectors"
OTHERS = {"fields.md", "files.md", "hooks.md", "singer.md", "webhook.md", "your_own.md"}
"""Pages of no vendor, or whose connectors take what the section says: other tests run them."""
VENDORS = sorted(path.name for path in PAGES.glob("*.md") if path.name not in OTHERS)


def _ours() -> list[EntryPoint]:
    """The connectors of pyproject.toml, whatever was installed before one was added."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [EntryPoint(name, value, GROUP) for name, value in project["entry-points"][GROUP].items()]


SECTIONS = {"What it gives", "How it stays right", "Limits", "Known gaps"}
"""Of every page, after what it needs: the section, credentials and scopes, settings. `Pushes` where there are some."""


@pytest.mark.parametrize("page", VENDORS)
async def test_the_page_of_a_connector_says_what_it_is(page: str, tmp_path: Path) -> None:
    """Its section can be used as it stands, every setting is in a table, every stream is named, no part is missing."""
    text = (PAGES / page).read_text(encoding="utf-8")
    section = re.findall(r"^```toml\n(.*?)^```", text, re.M | re.S)[0]
    (tmp_path / "plugins.toml").write_text(section, encoding="utf-8")
    variables = dict.fromkeys(re.findall(r'env = "(\w+)"', section), "s3cret-of-nobody-us1")

    plugins = load_plugins(found=_ours(), off="")
    settings = read_settings(tmp_path / "plugins.toml", variables)
    for connector, source in zip(make_connectors(settings, plugins, variables), settings.sources, strict=True):
        told = {name for row in re.findall(r"^\|(.+?)\|", text, re.M) for name in re.findall(r"`([\w-]+)`", row)}
        wanted = set(plugins.registry.get(source.connector).Config.model_fields)
        assert wanted <= told, f"{page} has no row for {sorted(wanted - told)}"
        streams = {stream.name for stream in await connector.discover()}
        unsaid = streams - set(re.findall(r"`([\w-]+)`", text))
        assert not unsaid, f"{page} does not name the streams {sorted(unsaid)}"
        pushes = {"Pushes"} if hasattr(connector, "webhook") else set()
        assert set(re.findall(r"^## (.+)$", text, re.M)) == SECTIONS | pushes
        await connector.close()
