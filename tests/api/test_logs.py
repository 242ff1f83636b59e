"""What is logged: lines for people or objects for programs, with their request or sync, and nobody's data."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import socket
from io import StringIO
from pathlib import Path

import pytest
import stamina
import structlog
from rich.console import Console

from api.cli.errors import explain
from api.cli.invocation import Invocation
from api.logs import LogFormat, log_format, set_up_logging
from api.outgoing.webhook import NotDelivered
from api.server_error import ServerError
from api.settings import ApiSettings
from connectors.errors import SourceError
from graph.store.driver import Store
from graph.store.errors import StoreError
from graph.store.settings import StoreSettings
from graph.sync.known_sources import source_states
from graph.sync.syncs import newest_sync
from tests.api.cli.calls import PEOPLE, Shell, persons_toml
from tests.api.test_http import JSON, client_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def lines() -> list[str]:
    return []


def test_a_line_for_people_is_its_level_and_its_text(lines: list[str]) -> None:
    """What it is of stands in brackets, where it is of something."""
    set_up_logging(lines.append)
    logging.getLogger("c360.sync").warning("%s stopped", "crm")
    logging.getLogger("c360.sync").info("not told")
    with structlog.contextvars.bound_contextvars(sync="0199"):
        logging.getLogger("c360.sync").error("it failed")
    assert lines == ["warning: crm stopped", "error: it failed (sync=0199)"]


def test_an_object_for_programs_has_all_of_it(lines: list[str]) -> None:
    """Level, event, logger, time, what it is of, and what an error is and where it is from."""
    set_up_logging(lines.append, verbose=True, form="json")
    with structlog.contextvars.bound_contextvars(request="abc"):
        _fail_on("Ada Quist", logging.getLogger("c360.api"))
    (said,) = map(json.loads, lines)
    assert (said["level"], said["event"], said["logger"], said["request"]) == (
        "error", "a round failed", "c360.api", "abc",
    )  # fmt: skip
    assert said["timestamp"].endswith("Z")
    outer, cause = said["exception"]
    assert (outer["type"], outer["message"]) == ("SourceError", "the connector 'odd' failed: ValueError: …")
    assert (cause["type"], "message" in cause) == ("ValueError", False)
    assert [(frame["file"], frame["function"]) for frame in cause["frames"]] == [
        ("tests/api/test_logs.py", "_fail"), ("tests/api/test_logs.py", "_look_up"),
    ]  # fmt: skip
    assert cause["frames"][-1]["line"] > 0


@pytest.mark.parametrize("form", ["human", "json"])
@pytest.mark.parametrize("logger", ["c360.sync", "asyncio", "uvicorn.error"])
def test_what_an_exception_quotes_is_not_logged_and_where_it_is_from_is(
    form: LogFormat, logger: str, lines: list[str]
) -> None:
    """Neither by ours nor by the server's own loggers, neither as a traceback nor as a part of the line."""
    set_up_logging(lines.append, verbose=True, form=form)
    _fail_on("Ada Quist", logging.getLogger(logger))
    try:
        _look_up("Ada Quist")
    except ValueError as error:
        logging.getLogger(logger).warning("left: %s", error)
    try:
        raise StoreError("the store refuses: try again")
    except StoreError as error:
        logging.getLogger(logger).warning("wait: %s", error)

    assert len(lines) == 3
    assert "Ada" not in "".join(lines)
    assert "ValueError" in lines[0]
    assert "test_logs.py" in lines[0]
    assert "_look_up" in lines[0]
    assert re.search(r"left: ValueError at tests/api/test_logs.py:\d+ in _look_up", lines[1])
    assert "wait: the store refuses: try again" in lines[2]


@pytest.mark.parametrize("form", ["human", "json"])
def test_what_a_plugin_quotes_is_not_logged_by_whoever_passes_it_on(form: LogFormat, lines: list[str]) -> None:
    """An error of ours that repeats another one of ours, which ends with the plugin's own words."""
    set_up_logging(lines.append, verbose=True, form=form)
    try:
        try:
            _fail("Ada Quist")
        except SourceError as error:
            raise NotDelivered(f"desk: {error}") from None
    except NotDelivered as failure:
        logging.getLogger("c360.deliveries").warning("%s It is tried again.", failure, exc_info=failure)

    assert len(lines) == 1
    assert "Ada" not in lines[0]
    assert lines[0].count("desk: the connector 'odd' failed: ValueError: …") == 2


def test_a_command_that_fails_where_it_should_not_says_where_and_quotes_nobody(tmp_path: Path) -> None:
    """Its standard error may be kept in a log; the words stand there when they are asked for."""
    said = [StringIO(), StringIO()]
    with pytest.raises(ValueError, match="Ada") as raised:
        _look_up("Ada Quist")
    for verbose, text in zip((False, True), said, strict=True):
        assert explain(raised.value, Invocation(tmp_path, verbose, err=Console(file=text, soft_wrap=True))) == 1

    quiet, loud = (one.getvalue() for one in said)
    assert re.search(r"should not: ValueError at tests/api/test_logs.py:\d+ in _look_up\. Run it again", quiet)
    assert "Ada" not in quiet
    assert "ValueError: Ada Quist is nobody" in loud


def test_what_the_system_says_of_a_file_stays(lines: list[str]) -> None:
    """A full disk is told as such; the path stands in the line where its author wanted it."""
    set_up_logging(lines.append)
    try:
        Path("/nowhere/ada").read_text()
    except OSError as error:
        logging.getLogger("c360.journeys").warning("not kept (%s)", error)
    assert lines == ["warning: not kept (No such file or directory)"]


def _fail_on(name: str, logger: logging.Logger) -> None:
    try:
        _fail(name)
    except SourceError:
        logger.exception("a round failed")


def _fail(name: str) -> None:
    try:
        _look_up(name)
    except ValueError as error:
        raise SourceError(f"the connector 'odd' failed: ValueError: {error}") from error


def _look_up(name: str) -> None:
    raise ValueError(f"{name} is nobody")


def test_another_form_is_refused() -> None:
    """With the words that are known."""
    assert log_format({}) == "human"
    assert log_format({"C360_LOG": "json"}) == "json"
    with pytest.raises(ServerError, match="human or json"):
        log_format({"C360_LOG": "xml"})


async def test_every_request_has_an_id_which_its_lines_tell(embedded_store: Store, lines: list[str]) -> None:
    """The client's own where it can be one, else a new one: in the answer, and in what is logged of it."""
    set_up_logging(lines.append, form="json")
    query = {"query": "query Mine { __typename }"}
    async with client_of(embedded_store, ApiSettings(slow_seconds=0)) as client:
        own = await client.post("/graphql", json=query, headers={**JSON, "x-request-id": "order-4711"})
        new = await client.post("/graphql", json=query, headers=JSON)
        bad = await client.post("/graphql", json=query, headers={**JSON, "x-request-id": 'a"b\tinjected'})

    ids = [answer.headers["x-request-id"] for answer in (own, new, bad)]
    assert ids[0] == "order-4711"
    assert len({*ids}) == 3
    assert "injected" not in ids[2]
    assert [json.loads(line)["request"] for line in lines] == ids


async def test_every_line_of_a_sync_has_its_id(
    tmp_path: Path, embedded_settings: StoreSettings, embedded_store: Store
) -> None:
    """It begins, reads each source and ends; where one fails the end is a warning, and nothing else is one."""
    shell = Shell(tmp_path, embedded_settings)
    shell.write("plugins.toml", persons_toml() + persons_toml("gone.csv", "shop"))
    shell.write("people.csv", PEOPLE)

    async def logged(code: int, *arguments: str) -> list[dict[str, str]]:
        words = ["--verbose", "--config", str(tmp_path), "sync", *arguments]
        call = await asyncio.to_thread(shell.as_written, words, {"C360_LOG": "json"})
        assert call.code == code, call.err
        told = [json.loads(line) for line in call.err.splitlines() if line.startswith("{")]
        ended = await newest_sync(embedded_store)
        assert ended is not None
        assert {line.get("sync") for line in told if line["logger"] == "c360.sync"} == {ended.id}
        return [line for line in told if line["logger"] == "c360.sync"]

    well = await logged(0, "crm")
    ill = await logged(1)

    assert [line["level"] for line in well] == ["info"] * 3
    assert well[0]["event"] == "sync began: sources=crm full=False"
    assert well[1]["event"].startswith("source read: source=crm status=SUCCEEDED pages=1 records=2 changed=2 ")
    assert well[2]["event"] == "sync ended: status=SUCCEEDED"
    assert {"shop status=FAILED", "crm status=SUCCEEDED"} <= {
        " ".join(line["event"].removeprefix("source read: source=").split()[:2]) for line in ill
    }
    assert [line["event"] for line in ill if line["level"] == "warning"] == [
        "sync ended: status=FAILED failed=shop; why: c360 doctor"
    ]


RETRIED = r"tried again in 0 s, for the [12]\. time: ConnectError"


@pytest.mark.parametrize("form", ["human", "json"])
def test_what_is_tried_again_is_a_line_of_the_log_and_not_of_the_answer(form: LogFormat, tmp_path: Path) -> None:
    """A source that nobody answers for: `--json` is JSON, and the log says so in its own form."""
    shell = Shell(tmp_path)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        shell.write("plugins.toml", f'[desk]\nconnector = "request_tracker"\nurl = "{url}"\ntoken = "1-14-abc"\n')
        with stamina.set_testing(True, attempts=3):
            call = shell("plugins", "check", "--json", env={"C360_LOG": form})

    assert call.code == 1
    assert call.json["desk"]["ok"] is False
    told = [line for line in call.err.splitlines() if "tried again" in line]
    assert len(told) == 2
    if form == "human":
        assert all(re.fullmatch(f"warning: {RETRIED}", line) for line in told)
    else:
        lines = [json.loads(line) for line in told]
        assert all(re.fullmatch(RETRIED, line.pop("event")) for line in lines)
        assert {(line["level"], line["logger"]) for line in lines} == {("warning", "stamina")}
        assert {*lines[0]} == {"level", "logger", "timestamp"}


async def test_no_line_of_a_whole_demo_holds_anybodys_name_address_or_telephone(
    tmp_path: Path, embedded_store: Store, embedded_settings: StoreSettings
) -> None:
    """Made, synced and asked with --verbose: every value of every record is looked for in all that was logged."""
    shell = Shell(tmp_path, embedded_settings)
    made = await asyncio.to_thread(shell, "sample", str(tmp_path / "acme"), "--customers", "40")
    assert made.code == 0
    lines: list[str] = []
    verbosely = ("--verbose", "--config", str(tmp_path / "acme"), "sync")
    synced = await asyncio.to_thread(shell.as_written, verbosely, {"C360_LOG": "json"})
    assert synced.code == 0, synced.err
    set_up_logging(lines.append, verbose=True, form="json")
    values = {
        str(value).lower()
        for row in await embedded_store.read(
            "MATCH (c:Customer) RETURN c.display_name, c.email, c.phone, c.family_name"
        )
        for value in row
        if value and len(str(value)) > 4
    }
    assert len(values) > 60
    async with client_of(embedded_store, ApiSettings(slow_seconds=0)) as client:
        for value in sorted(values)[:20]:
            body = {"query": "query Find($q: String!) { search(query: $q) { nodes { __typename } } }"}
            await client.post("/graphql", json={**body, "variables": {"q": value}}, headers=JSON)
    assert lines
    logged = "\n".join([*lines, *(line for line in synced.err.splitlines() if line.startswith("{"))]).lower()
    assert [value for value in values if value in logged] == []
    assert await source_states(embedded_store)
