"""The page of a survey, served as customers reach it, in a browser."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import pytest

from graph.store.driver import Store, open_store
from graph.store.migrate import migrate
from graph.store.settings import StoreSettings
from graph.surveys.due import Due
from graph.surveys.invitations import invite
from tests.api.surveys.test_surveys import RULES, company_of, moment_now
from tests.clients.test_programs import declared
from tests.clients.workshop import HERE, Workshop
from tests.served import serving

pytestmark = pytest.mark.clients
ANSWERED = "MATCH (c:Customer)-[:EXPERIENCED]->(a {kind: 'survey.answered'}) RETURN c.id, a.score, a.text"


def test_a_survey_is_answered_by_keyboard_and_without_javascript(
    workshop: Workshop, browser: dict[str, str], tmp_path: Path
) -> None:
    """In Chromium, light and dark, on a small screen; the answer is a fact of the customer's journey."""
    settings = StoreSettings(f"embedded:{tmp_path / 'graph'}")
    tokens = anyio.run(_invited, settings)
    (tmp_path / "plugins.toml").write_text("")
    (tmp_path / "rules.toml").write_text("")
    with serving(tmp_path, tmp_path / "served.log", {"C360_STORE": settings.uri}) as served:
        links = {name: f"http://{served.host}:{served.port}/s/{token}" for name, token in tokens.items()}
        tests = workshop.test("survey.test.mjs", {**browser, "C360_CLIENTS_SURVEYS": json.dumps(links)})

    assert (tests.failed, tests.left_out) == (0, 0), tests.report
    assert tests.passed == declared(HERE / "survey.test.mjs")
    assert anyio.run(_answers, settings) == [["c-ada", 6.0, "Schnell & gut"]]


async def _invited(settings: StoreSettings) -> dict[str, str]:
    async with open_store(settings) as store:
        await migrate(store)
        await company_of(store)
        return {
            "first": await _token(store, "crm/c/1", "c-ada", "de"),
            "second": await _token(store, "crm/c/2", "c-bob", "en"),
        }


async def _token(store: Store, record: str, customer: str, locale: str) -> str:
    invitation = await invite(store, Due(RULES.survey[0], customer, f"{record}solved"), locale, moment_now())
    assert invitation is not None
    return invitation.token


async def _answers(settings: StoreSettings) -> list[list[object]]:
    async with open_store(settings) as store:
        return await store.read(ANSWERED)
