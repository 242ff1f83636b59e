"""`c360 alerts` and `c360 surveys` from the shell."""

from __future__ import annotations

import asyncio

from graph.store.driver import open_store
from graph.store.settings import StoreSettings
from tests.api.cli.calls import Shell
from tests.conftest import Homes
from tests.graph.alerts.company import load

RULES = """
[[alert]]
name = "A detractor"
when = "detractor"
or_owner = "Ines Marl"

[[survey]]
name = "Easy"
metric = "ces"
question = {en = "Easy?"}
after_kinds = ["ticket.solved"]
"""


async def _load(settings: StoreSettings) -> None:
    async with open_store(settings) as store:
        await load(store)


def test_alerts_are_raised_and_told_of_from_the_shell(graph_shell: Shell, homes: Homes) -> None:
    """Raised once, as of a day; the digest lists them by owner; what is not set up is said: 2."""
    asyncio.run(_load(homes.of("embedded").settings))
    without = graph_shell("alerts", "evaluate")
    graph_shell.write("rules.toml", RULES)

    first = graph_shell("alerts", "evaluate", "--as-of", "2026-03-31", "--json")
    again = graph_shell("alerts", "evaluate", "--as-of", "2026-03-31")
    digest = graph_shell("alerts", "digest", "--dry-run")
    told = graph_shell("alerts", "tell", "--json")
    nowhere = graph_shell("alerts", "digest")
    wrong_day = graph_shell("alerts", "evaluate", "--as-of", "March")
    wrong_hook = graph_shell("alerts", "tell", env={"C360_WEBHOOK_URL": "https://x.test"})

    assert (without.code, "no [[alert]]" in without.err) == (0, True)
    assert (first.code, first.json) == (0, {"raised": 2, "woken": 0})
    assert "read journeys: 3 of 3 (" in first.err
    assert "0 alerts raised." in again.err
    assert digest.out.startswith("2 alerts open, ")
    assert digest.out.index("Ines Marl") < digest.out.index("Tom Ek")
    assert told.json == {"told": 0, "failure": None}
    assert (nowhere.code, "C360_SMTP_URL" in nowhere.err) == (2, True)
    assert (wrong_day.code, "2026-06-30" in wrong_day.err) == (2, True)
    assert (wrong_hook.code, "C360_WEBHOOK_SECRET" in wrong_hook.err) == (2, True)


def test_surveys_are_tried_before_they_are_sent(graph_shell: Shell) -> None:
    """Nobody is due in an empty graph; to send there must be a way out: 2."""
    graph_shell.write("rules.toml", RULES)

    tried = graph_shell("surveys", "send", "--dry-run", "--json")
    sent = graph_shell("surveys", "send")

    assert (tried.code, tried.json["sent"], tried.json["kept"]) == (0, 0, {})
    assert (sent.code, "C360_PUBLIC_URL" in sent.err) == (2, True)
