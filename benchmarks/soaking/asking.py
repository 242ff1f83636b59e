"""What is sent during a soak: every example query, mutations, subscriptions that come and go, and pushes."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import httpx

from api.plan.ids import encode_id
from graph.store.driver import Store
from tests.api.socket_client import opened_socket
from tests.connectors.pushes import MAPPED, SECRET, order, structured
from tests.fuzz.seeds import Known, Seed, seeds
from tests.served import Served

SHOP = f'\n[pushed]\nconnector = "webhook"\nsecret = "{SECRET}"\n' + MAPPED.replace("shop.", "pushed.")
"""The section of the source that takes pushes."""
KINDS = {"read": 14, "record": 2, "pin": 1, "subscription": 1, "push": 2}
"""Of twenty requests so many are of a kind."""
_LISTEN_SECONDS = 2.0
_MOST_AT_ONCE = 16
_RECORD = """
mutation Record($customer: ID!, $key: String!) {
  recordInteraction(input: {who: {customerId: $customer}, kind: "call.made", function: SERVICE, channel: PHONE,
    direction: INBOUND, text: "Asked where the parcel is.", idempotencyKey: $key}) {
    interaction { id } isPending userErrors { code message } } }
"""
_PIN = """
mutation Pin($customer: ID!, $value: String!) {
  pinField(input: {customerId: $customer, field: JOB_TITLE, value: $value}) {
    customer { id } userErrors { code message } } }
"""
_LISTEN = "subscription { interactionRecorded { cursor interaction { id kind } customer { id displayName } } }"


class Soak:
    """Sends requests by lot at a rate, and counts what came of them."""

    def __init__(
        self, client: httpx.AsyncClient, served: Served, known: Known, dice: random.Random, kinds: Sequence[str]
    ) -> None:
        self.sent: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self._client = client
        self._base = f"http://{served.host}:{served.port}"
        self._known = known
        self._dice = dice
        self._reads = [seed for seed in seeds(known) if _reads(seed)]
        asks = {
            "read": self._read,
            "record": self._record,
            "pin": self._pin,
            "subscription": self._listen,
            "push": self._push,
        }
        self._kinds = [(name, asks[name]) for name in kinds for _ in range(KINDS[name])]

    async def run(self, rate: float, seconds: float) -> None:
        """Until the time is over; when too many wait for an answer, nothing more is sent meanwhile."""
        ends, waiting = time.monotonic() + seconds, asyncio.Semaphore(_MOST_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            while time.monotonic() < ends:
                await waiting.acquire()
                name, ask = self._dice.choice(self._kinds)
                group.create_task(self._one(name, ask, waiting))
                await asyncio.sleep(self._dice.expovariate(rate))

    async def _one(self, name: str, ask: Callable[[], Awaitable[str | None]], waiting: asyncio.Semaphore) -> None:
        try:
            wrong = await ask()
        except (httpx.TransportError, TimeoutError, OSError) as error:
            wrong = type(error).__name__
        finally:
            waiting.release()
        self.sent[name] += 1
        if wrong is not None:
            self.failed[f"{name}: {wrong}"] += 1

    async def _read(self) -> str | None:
        seed = self._dice.choice(self._reads)
        return await self._asked(seed.query, seed.variables)

    async def _record(self) -> str | None:
        # One in four comes again under a key of before.
        key = f"call-{self._dice.randrange(1 + max(10, 3 * self.sent['record'] // 4))}"
        customer = self._known.customers[sum(key.encode()) % len(self._known.customers)]
        return await self._asked(_RECORD, {"customer": customer, "key": key})

    async def _pin(self) -> str | None:
        variables = {"customer": self._dice.choice(self._known.customers), "value": f"Clerk {self.sent['pin'] % 50}"}
        return await self._asked(_PIN, variables)

    async def _listen(self) -> str | None:
        async with opened_socket(self._base) as client:
            await client.subscribe(_LISTEN)
            try:
                async with asyncio.timeout(self._dice.uniform(0, _LISTEN_SECONDS)):
                    while True:
                        await client.event()
            except TimeoutError:
                return None

    async def _push(self) -> str | None:
        number = self.sent["push"]
        headers, body = structured(order(f"e{number}", no=f"A-{number}"), at=datetime.now(UTC))
        answer = await self._client.post("/ingest/pushed", content=body, headers=headers)
        return None if answer.status_code == 202 else str(answer.status_code)

    async def _asked(self, query: str, variables: object) -> str | None:
        answer = await self._client.post("/graphql", json={"query": query, "variables": variables})
        if answer.status_code != 200:
            return str(answer.status_code)
        errors = answer.json().get("errors") or ()
        return None if not errors else str(errors[0].get("extensions", {}).get("code"))


async def known_of(store: Store) -> Known:
    """Global ids of what the company holds."""

    async def ids(typename: str, query: str) -> list[str]:
        return [encode_id(typename, id) for (id,) in await store.read(query)]

    accounts = await ids("Account", "MATCH (a:Account) RETURN a.id ORDER BY a.first_record LIMIT 1")
    return Known(
        await ids("Customer", "MATCH (c:Customer) RETURN c.id ORDER BY c.first_record LIMIT 200"),
        await ids("SourceRecord", "MATCH (r:SourceRecord {kind: 'person'}) RETURN r.key ORDER BY r.key LIMIT 20"),
        await ids("Interaction", "MATCH (i:Interaction) RETURN i.id ORDER BY i.id LIMIT 5"),
        accounts[0],
    )


def _reads(seed: Seed) -> bool:
    """Whether it changes nothing and has one answer."""
    lines = [line for line in seed.query.splitlines() if not line.startswith("#")]
    return not any(line.startswith(("mutation", "subscription")) for line in lines)
