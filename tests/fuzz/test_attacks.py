"""Random attacks on the served API: whatever is sent, it answers as it should, lives on, and keeps its memory."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from api.plan.ids import encode_id
from api.plan.service import Service
from api.schema.schema import graphql_schema
from graph.store.driver import Store, open_store
from graph.store.settings import StoreSettings
from tests.conftest import Homes
from tests.fuzz.mutator import Attack, Mutator
from tests.fuzz.seeds import EXAMPLES, Known, Seed, seeds, values, words
from tests.fuzz.served import served_store, write_company
from tests.fuzz.wire import Answer, Wire
from tests.served import Served

pytestmark = pytest.mark.anyio
FEW = 2_000
MANY = 10_000
PARTS = 10
WIRES = 4
ALLOWED = {200, 400, 401, 403, 405, 406, 413, 415}
WARM = 500
"""After so many requests code and caches are there; from then on memory may only grow by what is kept of requests."""
GROWTH_MB = 120.0
RIGHT_HEAD = b"POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
ERRORS_PAGE = Path(__file__).parents[2] / "docs" / "errors.md"
DOCUMENTED = set(re.findall(r"^\| `([A-Z_]+)` \|", ERRORS_PAGE.read_text(encoding="utf-8"), re.M))
READS = re.compile(r"^(query|\{)", re.M)


async def test_whatever_is_sent_is_answered_as_it_should(embedded_settings: StoreSettings, tmp_path: Path) -> None:
    """Two thousand requests, wrong in all ways: no failure of ours, and afterwards the answers are right."""
    await assert_attacks_are_answered(embedded_settings, tmp_path, seed=1, count=FEW)


@pytest.fixture(params=range(PARTS))
def part(request: pytest.FixtureRequest, homes: Homes) -> tuple[int, StoreSettings]:
    """Its number and its empty graph, on both stores in turns."""
    number: int = request.param
    return number, homes.of("embedded" if number % 2 == 0 else "neo4j").settings


@pytest.mark.fuzz
async def test_a_hundred_thousand_requests(part: tuple[int, StoreSettings], tmp_path: Path) -> None:
    """Ten times ten thousand."""
    number, settings = part
    await assert_attacks_are_answered(settings, tmp_path, seed=1_000 + number, count=MANY)


async def assert_attacks_are_answered(settings: StoreSettings, folder: Path, *, seed: int, count: int) -> None:
    """Serve a small company, send so many wrong requests over a few connections, and look at what is left."""
    async with open_store(settings) as store:
        await write_company(store)
        known = await _known(store)
        right = seeds(known)
        mutator = Mutator(seed, right, words(), values(known))
        with served_store(settings, folder) as served:
            wrong, statuses = await _send(served, mutator.attacks(count))
            assert served.is_alive, served.log.read_text()[-2_000:]
            wrong += await _wrong_answers(served, store, right)
    told = served.log.read_text()

    print(f"seed {seed}: {count:,} requests, {dict(sorted(statuses.items()))}")
    assert wrong == [], f"seed {seed}: {len(wrong)} of {count:,}:\n" + "\n\n".join(wrong[:8])
    assert "Traceback" not in told, told[-3_000:]
    assert "a mistake of ours" not in told, told[-3_000:]
    assert len(statuses) > 5  # the dice reach all kinds of refusals
    assert statuses["200"] > count / 20


async def _known(store: Store) -> Known:
    async def ids(typename: str, query: str) -> list[str]:
        return [encode_id(typename, id) for (id,) in await store.read(query)]

    (account,) = await ids("Account", "MATCH (a:Account) RETURN a.id")
    return Known(
        await ids("Customer", "MATCH (c:Customer) RETURN c.id ORDER BY c.id"),
        await ids("SourceRecord", "MATCH (r:SourceRecord {kind: 'person'}) RETURN r.key ORDER BY r.key"),
        await ids("Interaction", "MATCH (i:Interaction) RETURN i.id ORDER BY i.id LIMIT 5"),
        account,
    )


async def _send(served: Served, attacks: Iterator[Attack]) -> tuple[list[str], Counter[str]]:
    """Send the requests over a few connections; what was wrong with the answers, and how often each status came."""
    wrong: list[str] = []
    statuses: Counter[str] = Counter()
    memory: list[float] = []

    async def send() -> None:
        wire = Wire(served.host, served.port)
        for attack in attacks:
            if attack.number == WARM:
                memory.append(served.memory)
            try:
                answer = await wire.exchange(
                    attack.content,
                    is_broken=attack.is_broken,
                    is_head=attack.is_head,
                    may_last=attack.may_last,
                )
            except TimeoutError:
                wrong.append(_told("no answer in time", attack, Answer(None)))
                continue
            statuses[str(answer.status)] += 1
            if b'"data":' in answer.body and b'"errors":' not in answer.body:
                statuses["answered"] += 1
            statuses.update(code.decode() for code in set(re.findall(rb'"code":"([A-Z_]+)"', answer.body)))
            if why := _why_wrong(attack, answer):
                wrong.append(_told(why, attack, answer))
        wire.close()

    await asyncio.gather(*(send() for _ in range(WIRES)))
    grown = served.memory - memory[0] if served.is_alive else 0.0
    print(f"memory: {memory[0]:.0f} MB after {WARM}, {grown:+.0f} MB at the end")
    if grown > GROWTH_MB:
        wrong.append(f"the process has grown by {grown:.0f} MB")
    return wrong, statuses


def _told(why: str, attack: Attack, answer: Answer) -> str:
    sent = attack.content if len(attack.content) < 3_000 else attack.content[:2_500] + b" ... " + attack.content[-400:]
    return f"request {attack.number}: {why}\n{sent!r}\n-> {answer.status} {answer.body[:600]!r}"


def _why_wrong(attack: Attack, answer: Answer) -> str | None:
    """What is wrong with an answer, None when it is right."""
    if answer.status is None:
        return None if attack.is_broken or attack.may_last else "the connection was closed without an answer"
    if attack.is_broken:
        return None if answer.status < 500 else "a failure of ours"
    if answer.status not in ALLOWED:
        return "not a status of ours"
    if attack.is_head:
        return None
    if answer.media_type == "text/event-stream":
        frames = re.findall(rb"event: next\ndata: (.*)\n\n", answer.body)
        return None if attack.may_last else _why_wrong_body(200, frames[0] if len(frames) == 1 else b"")
    if answer.media_type == "text/plain" and answer.status == 405:
        return None  # no method that the endpoint knows
    if answer.media_type not in ("application/json", "application/graphql-response+json"):
        return "neither media type"
    legacy = answer.media_type == "application/json"
    return _why_wrong_body(answer.status, answer.body, may_be_refused=legacy)


def _why_wrong_body(status: int, body: bytes, *, may_be_refused: bool = True) -> str | None:
    try:
        said = json.loads(body)
    except ValueError:
        return "no JSON"
    errors = said.get("errors", [])
    codes = [error.get("extensions", {}).get("code") for error in errors]
    if None in codes or not all(isinstance(error.get("message"), str) and error["message"] for error in errors):
        return "an error without code or message"
    if set(codes) - DOCUMENTED:
        return "a code that is not documented"
    if "INTERNAL_SERVER_ERROR" in codes or "SERVICE_UNAVAILABLE" in codes:
        return "a failure of ours"
    if status != 200 and ("data" in said or not errors):
        return "refused with data, or without errors"
    if status == 200 and "data" not in said and not (may_be_refused and errors):
        return "neither data nor errors"
    return None


async def _wrong_answers(served: Served, store: Store, right: list[Seed]) -> list[str]:
    """Ask every example that only reads; the answers must be those of a walk over the same graph."""
    service = Service(graphql_schema(), store, walked=True, writes_to=store)
    wire = Wire(served.host, served.port)
    wrong = []
    for seed in right[: len(EXAMPLES)]:
        if not READS.search(re.sub(r"#.*\n", "", seed.query)):
            continue
        body = json.dumps({"query": seed.query, "variables": seed.variables}).encode()
        answer = await wire.exchange(RIGHT_HEAD + f"content-length: {len(body)}\r\n\r\n".encode() + body)
        result = await service.answer(seed.query, seed.variables)
        expected = orjson.loads(orjson.dumps({"data": result.data}, option=orjson.OPT_UTC_Z))
        if result.errors or json.loads(answer.body) != expected:
            wrong.append(
                f"answered otherwise afterwards: {seed.query[:80]} {answer.body[:300]!r}, errors {result.errors}"
            )
    wire.close()
    return wrong
