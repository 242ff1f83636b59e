"""The page that says what the connectors fill is made from what they give."""

from __future__ import annotations

import pytest

from tests.connectors.contract.fields_page import PAGE, fields_page

pytestmark = pytest.mark.anyio


async def test_the_page_of_fields_is_fresh() -> None:
    """`python -m tests.connectors.contract.fields_page` writes it anew."""
    assert PAGE.read_text(encoding="utf-8") == await fields_page()
