"""`c360 deliveries` and `[[deliver]]` of plugins.toml."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from connectors.errors import PluginConfigError
from connectors.settings import read_settings
from graph.store.driver import open_store
from tests.api.cli.calls import Shell
from tests.conftest import Homes
from tests.graph.alerts.company import evaluate, load

SECRET = "whsec_a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="
# Port 9 of this machine: nobody answers there.
NOBODY = f'[[deliver]]\nname = "warehouse"\nurl = "http://127.0.0.1:9/in"\nsecret = "{SECRET}"\nabout = ["alert"]\n'


def test_what_nobody_takes_is_listed_and_can_be_dropped(graph_shell: Shell, homes: Homes) -> None:
    """Nobody answers, so it waits until it is dropped; that there is no destination is said."""

    settings = homes.of("embedded").settings

    async def prepare(deed: str) -> None:
        async with open_store(settings) as store:
            await (load(store) if deed == "load" else evaluate(store))

    asyncio.run(prepare("load"))
    graph_shell.write("plugins.toml", "")
    nobody = graph_shell("deliveries", "send", "--json")
    graph_shell.write("plugins.toml", NOBODY)
    first = graph_shell("deliveries", "send", "--json")
    asyncio.run(prepare("evaluate"))
    sent = graph_shell("deliveries", "send", "--json")
    listed = graph_shell("deliveries", "list", "--json")
    shown = graph_shell("deliveries", "list")
    replayed = graph_shell("deliveries", "replay", "--json")
    unclear = graph_shell("deliveries", "drop")
    dropped = graph_shell("deliveries", "drop", "--destination", "warehouse", "--json")
    empty = graph_shell("deliveries", "list")

    assert (nobody.code, "no [[deliver]]" in nobody.err) == (0, True)
    assert (first.code, first.json) == (0, {"delivered": 0, "failed": 0, "dead": 0, "withheld": 0})
    assert sent.code != 0
    assert "does not take messages" in sent.err
    assert "/in" not in sent.err  # a path may be a secret
    assert [(one["destination"], one["type"], one["attempts"]) for one in listed.json] == [
        ("warehouse", "alert.raised", 1),
        ("warehouse", "alert.raised", 0),
        ("warehouse", "alert.raised", 0),
    ]
    assert "WAITING" in shown.out
    assert replayed.json == {"deliveries": 0}
    assert (unclear.code, "--destination" in unclear.err) == (2, True)
    assert dropped.json == {"deliveries": 3}
    assert "Everything was delivered." in empty.out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('url = "https://x.test/in"', "has no name"),
        ('name = "a"\nurl = "http://x.test/in"', "must be an https:// address"),
        ('name = "a"\nurl = "https://x.test/in"', "secret must be whsec_"),
        ('name = "a"\nurl = "https://x.test/in"\nsecret = "whsec_c2hvcnQ="', "secret must be whsec_"),
        ('name = "a"', "says a url"),
        ('to = "desk"\nrequires_consent = ""', "is a text in quotes"),
        ('to = "desk"\nconsent_channel = "sms"', "no requires_consent"),
        ('to = "desk"\nrequires_consent = "marketing"\nconsent_channel = "fax"', "consent_channel 'fax' is unknown"),
        ('to = "desk"\nurl = "https://x.test/in"', "one of the two"),
        ('to = "dask"', "no such source. Did you mean 'desk'? Known: desk"),
        ('to = "desk"\nabout = ["alerts"]', "about is a list of customer, interactions, alert, segment"),
        ('to = "desk"\nevents = ["alert"]', "'events', which is unknown"),
        ('to = "desk"\n[[deliver]]\nto = "desk"', "there is a 'desk' already"),
        ('name = "a"\nurl = "https://x.test/in"\nsecret = { env = "NO_SUCH" }', "the variable NO_SUCH"),
    ],
)
def test_a_destination_that_cannot_work_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """The refusal says which, what and what to do; never a secret."""
    path = tmp_path / "plugins.toml"
    path.write_text(f'[[deliver]]\n{text}\n[desk]\nconnector = "zendesk"\n', encoding="utf-8")

    with pytest.raises(PluginConfigError) as refused:
        read_settings(path, {})

    assert words in str(refused.value)
    assert "[[deliver]]" in str(refused.value) or "[deliver_1]" in str(refused.value)
    assert "c2hvcnQ" not in str(refused.value)
