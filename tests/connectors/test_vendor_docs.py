"""Promise of the documentation: a vendor's page has an example that works, every setting and every stream."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.plugins import load_plugins
from connectors.settings import make_connectors, read_settings

pytestmark = pytest.mark.anyio

FOLDER = Path(__file__).parents[2] / "docs" / "connectors"
PAGES = sorted(path.stem for path in FOLDER.glob("*.md") if path.stem not in ("files", "your_own"))
SECRET = "0123456789abcdef0123456789abcdef-us19"
COMMON = {"streams"}


@pytest.mark.parametrize("page", PAGES)
async def test_the_page_has_an_example_that_works_and_names_all_settings_and_streams(page: str, tmp_path: Path) -> None:
    """The TOML makes the connectors it speaks of; their settings and streams are named on the page."""
    text = (FOLDER / f"{page}.md").read_text(encoding="utf-8")
    example = "\n".join(re.findall(r"^```toml\n(.*?)^```", text, re.M | re.S))
    (tmp_path / "plugins.toml").write_text(example, encoding="utf-8")
    variables = dict.fromkeys(re.findall(r'env = "(\w+)"', example), SECRET)

    settings = read_settings(tmp_path / "plugins.toml", variables)
    connectors = make_connectors(settings, load_plugins(off=""), variables)

    assert connectors
    for connector in connectors:
        named = {*COMMON, *connector.Config.model_fields, *(stream.name for stream in await connector.discover())}
        assert [name for name in sorted(named) if f"`{name}`" not in text] == []
        await connector.close()
