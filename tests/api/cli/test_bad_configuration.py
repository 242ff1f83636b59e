"""Bad configuration and usage: exit code 2, and a sentence that names place, value and remedy."""

from __future__ import annotations

import socket

import pytest

from tests.api.cli.calls import PEOPLE, Shell, persons_toml

FILES = '[crm]\nconnector = "files"\n'

CASES = {
    "no plugins.toml": ({}, ["sync"], ["plugins.toml", "c360 init FOLDER", "--config"]),
    "no source in it": ({"plugins.toml": "# nothing yet\n"}, ["sync"], ["plugins.toml names no source", "c360 init"]),
    "broken TOML": ({"plugins.toml": "[crm]\nconnector = files\n"}, ["sync"], ["plugins.toml", "line 2"]),
    "unknown connector": (
        {"plugins.toml": '[crm]\nconnector = "file"\n'},
        ["sync"],
        ["[crm]", "'file'", "Did you mean 'files'?", "Known: files"],
    ),
    "unknown key": (
        {"plugins.toml": FILES + 'fils = []\n[[crm.files]]\npath = "a"\nformat = "orders"\n'},
        ["plugins", "check"],
        ["'fils'", "'files'"],
    ),
    "unknown format": (
        {"plugins.toml": FILES + '[[crm.files]]\npath = "a.csv"\nformat = "hubspot-contact"\n'},
        ["sync"],
        ["hubspot-contact", "did you mean 'hubspot-contacts'?"],
    ),
    "missing secret": (
        {
            "plugins.toml": '[rt]\nconnector = "request_tracker"\nurl = "https://rt.example.org"\n'
            'token = { env = "MY_RT_TOKEN" }\n'
        },
        ["plugins", "check"],
        ["[rt]", "MY_RT_TOKEN"],
    ),
    "unknown source": (
        {"plugins.toml": persons_toml()},
        ["sync", "cmr"],
        ["no source 'cmr'", "Did you mean 'crm'?", "Known: crm"],
    ),
    "broken rules.toml": (
        {"plugins.toml": persons_toml(), "rules.toml": "[calendar\n"},
        ["sync"],
        ["rules.toml", "line 1"],
    ),
    "unknown rule": (
        {"plugins.toml": persons_toml(), "rules.toml": '[calendar]\nreporting_timezon = "UTC"\n'},
        ["sync"],
        ["rules.toml", "[calendar]", "'reporting_timezon'", "Did you mean 'reporting_timezone'?"],
    ),
    "wrong rule": (
        {"rules.toml": '[calendar]\nreporting_timezone = "Mars/Base"\n'},
        ["rebuild"],
        ["rules.toml", "Mars/Base", "Europe/Berlin"],
    ),
    "unknown question": ({}, ["ask", "handofs"], ["'handofs'", "Did you mean 'handoffs'?", "Known: "]),
    "missing parameter": ({}, ["ask", "customer_journey"], ["needs id", "--param id="]),
    "unreadable parameter": (
        {},
        ["ask", "handoffs", "--param", "since=soon"],
        ["'since'", "'soon'", "--param since=2000-01-01"],
    ),
    "no pair": ({}, ["ask", "handoffs", "--param", "since"], ["--param since", "NAME=VALUE"]),
    "no folder of exports": ({}, ["init", "exports"], ["exports", "no such folder"]),
    "init twice": ({"plugins.toml": "", "x/a.csv": PEOPLE}, ["init", "CONFIG/x"], ["is there already", "--force"]),
    "json without once": ({}, ["demo", "--json"], ["--once"]),
    "copy onto itself": ({}, ["store", "copy", "embedded:a", "embedded:a"], ["same store"]),
    "no address": ({}, ["store", "copy", "http://x", "embedded:a"], ["http:…", "embedded:PATH", "bolt://"]),
    "a demo for the world": ({}, ["demo", "--host", "0.0.0.0"], ["0.0.0.0", "C360_API_TOKEN"]),
    "unknown option": ({}, ["sync", "--fulll"], ["--fulll"]),
    "unknown command": ({}, ["snyc"], ["snyc"]),
    "no customers": ({}, ["sample", "CONFIG/s", "--customers", "0"], ["--customers", "0"]),
    "a map without a column": (
        {"a.csv": PEOPLE},
        ["link", "CONFIG/a.csv", "-o", "CONFIG/b.csv", "--map", "last_name"],
        ["--map last_name", "FIELD=COLUMN"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_must_be_changed_is_named_with_its_place_and_remedy(shell: Shell, case: str) -> None:
    """Each wrong call or file ends with 2 and words that lead out of it; no store is touched."""
    files, arguments, words = CASES[case]
    for name, content in files.items():
        shell.write(name, content)

    call = shell(*(argument.replace("CONFIG", str(shell.folder)) for argument in arguments))

    said = call.err.replace("\n", " ")
    assert call.code == 2, call.err
    assert [word for word in words if word not in said] == [], said


def test_a_store_address_that_is_none_is_refused_without_repeating_it(shell: Shell) -> None:
    """A password in C360_STORE is refused, and not printed."""
    call = shell("store", "info", env={"C360_STORE": "bolt://neo4j:s3cret@localhost:7687"})

    assert call.code == 2
    assert "C360_STORE_PASSWORD" in call.err
    assert "s3cret" not in call.err + call.out


def test_a_port_in_use_is_said_before_anything_starts(shell: Shell) -> None:
    """`serve` and `demo` on a busy port end at once and name another one."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        serve = shell("serve", "--port", str(port))
        demo = shell("demo", "--port", str(port), "--data", str(shell.folder / "d"))

    for call in (serve, demo):
        assert call.code == 2
        assert f"Port {port}" in call.err
        assert "--port" in call.err
    assert not (shell.folder / "d").exists()


def test_a_demo_does_not_touch_a_folder_that_is_not_its_own(shell: Shell) -> None:
    """A folder with somebody's plugins.toml is refused, and so is a sample of another size."""
    own = shell.write("mine/plugins.toml", persons_toml())
    shell.write("big/sample.json", '{"customers": 500, "seed": 3}')

    mine = shell("demo", "--once", "--data", str(own.parent))
    other = shell("demo", "--once", "--data", str(shell.folder / "big"), "--customers", "60")

    assert (mine.code, other.code) == (2, 2)
    assert "not the demo's" in mine.err
    assert "500 customers with seed 3" in other.err
    assert own.read_text() == persons_toml()
