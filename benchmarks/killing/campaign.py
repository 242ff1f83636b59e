"""Kill what c360 does at random moments, finish it in peace, and compare: the graph must be as if nobody was killed."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import httpx

from benchmarks.killing.company import make_company
from benchmarks.killing.deeds import Deed, deeds_of, ids_of, unfinished
from benchmarks.killing.mutations import Mutation, mutations_of
from benchmarks.killing.victim import Ended, Moment, Victim
from graph.store.digest import Digest, digest
from graph.store.driver import Store
from graph.store.settings import StoreSettings

MUTATIONS = "mutations"
_MUTATION_KILLS = 8
_TRIES = 30
_BUSY_SECONDS = 1.0
_MORE = 1.1
"""A phase may last longer than in the run in peace: kills come within so many times its length."""


@dataclass(slots=True)
class Tally:
    """What was killed, in which phase, and what was found afterwards."""

    kills: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By deed and phase."""
    missed: Counter[str] = field(default_factory=Counter)
    """Processes that had ended before they could be killed, by deed."""
    compared: Counter[str] = field(default_factory=Counter)
    """How often the graph was compared, by deed."""
    wrong: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.kills.total()


class Campaign:
    """Cycles of deeds over one store, which stays open meanwhile."""

    def __init__(
        self,
        store: Store,
        settings: StoreSettings,
        folder: Path,
        *,
        customers: int,
        seed: int,
        say: Callable[[str], None],
    ) -> None:
        self.tally = Tally()
        self._store = store
        self._environment = {
            "C360_STORE": settings.uri,
            "C360_STORE_USER": settings.user,
            "C360_STORE_PASSWORD": settings.password.get_secret_value(),
            "C360_CACHE": str(folder / "cache"),
        }
        monday, self._tuesday = make_company(folder / "company", customers, seed)
        self._backup = folder / "monday.c360"
        self._before, self._after = deeds_of(monday, self._tuesday, self._backup)
        self._dice = random.Random(seed)
        self._say = say
        self._expected: dict[str, Digest] = {}
        self._moments: dict[str, list[tuple[str, float]]] = {}
        self._seconds: dict[str, float] = {}
        """How long a mutation takes in peace, by its name."""

    async def in_peace(self) -> dict[str, Digest]:
        """Do everything once and kill nobody: what the graph then says after each deed, and how long phases take."""
        for deed in self._before:
            await self._once(deed)
        self._expected[MUTATIONS] = await self._mutated_in_peace(await mutations_of(self._store), measure=True)
        for deed in self._after:
            await self._once(deed)
        return self._expected

    async def cycle(self, share: float = 1.0, ends: float = math.inf) -> None:
        """Every deed once, each killed again and again, with that share of the kills of a whole cycle.

        None is begun after the moment `ends` of the monotonic clock.
        """
        deeds: list[Deed | None] = [*self._before, None, *self._after]
        for deed in deeds:
            if time.monotonic() > ends:
                return
            kills = _MUTATION_KILLS if deed is None else deed.kills
            kills = max(1, round(kills * share))
            await (self._mutated(kills) if deed is None else self._killed(deed, kills))

    async def _once(self, deed: Deed) -> None:
        if deed.prepare is not None:
            await deed.prepare(self._store)
        ended = await self._finished(deed.arguments)
        starts = ended.timeline
        self._moments[deed.name] = [(phase, until - since) for (phase, since), (_, until) in pairwise(starts)]
        if deed.arguments != deed.finish[-1]:
            await self._finish(deed)
        self._expected[deed.name] = await digest(self._store)
        self._say(f"in peace: {deed.name}, {starts[-1][1]:.1f} s, {[phase for phase, _ in starts[:-1]]}")

    async def _killed(self, deed: Deed, kills: int) -> None:
        before = await ids_of(self._store) if deed.keeps_ids else None
        if deed.prepare is not None:
            await deed.prepare(self._store)
        for _ in range(kills):
            phase, seconds = self._dice.choice(self._grouped(deed.name))
            moment = Moment(phase, self._dice.uniform(0, _MORE * seconds))
            ended = await asyncio.to_thread(Victim(deed.arguments, self._environment).killed_at, moment)
            self._count(deed.name, ended)
            if ended.code == 0 and deed.prepare is not None:  # nothing is left to do: from the start again
                await self.compare(deed.name)
                await deed.prepare(self._store)
        await self._finish(deed)
        await self.compare(deed.name)
        if before is not None and await ids_of(self._store) != before:
            self.tally.wrong.append(f"{deed.name}: customers have other ids")

    def _grouped(self, name: str) -> list[tuple[str, float]]:
        """One phase of each group: of the many streams that are read, for instance, one by lot."""
        groups: dict[str, list[tuple[str, float]]] = {}
        for phase, seconds in self._moments[name]:
            groups.setdefault(group_of(phase), []).append((phase, seconds))
        return [self._dice.choice(phases) for phases in groups.values()]

    def _count(self, name: str, ended: Ended) -> None:
        if ended.code is None:
            self.tally.kills[name, group_of(ended.phase)] += 1
        elif ended.code == 0:
            self.tally.missed[name] += 1
        else:
            self.tally.missed[name] += 1
            self._say(f"{name} ended with {ended.code} before it was killed: {ended.said[-600:]}")

    async def _finish(self, deed: Deed) -> None:
        if deed.is_done is not None and await deed.is_done(self._store):
            return
        for arguments in deed.finish:
            await self._finished(arguments)

    async def _finished(self, arguments: tuple[str, ...]) -> Ended:
        ended = await asyncio.to_thread(Victim(arguments, self._environment).finished)
        if ended.code != 0:
            raise RuntimeError(f"c360 {' '.join(arguments)} ended with {ended.code}:\n{ended.said}")
        return ended

    async def compare(self, name: str) -> None:
        """Note what of the graph is not as after this deed in peace."""
        found = await digest(self._store)
        self.tally.compared[name] += 1
        wrong = [*found.differences(self._expected[name]), *await unfinished(self._store)]
        if self._backup.with_name(f".{self._backup.name}.part").exists():
            wrong.append("half a backup is left")
        self._say(f"{name}: {self.tally.total} kills so far, {', '.join(wrong) or 'digest equal'}")
        if wrong:
            self.tally.wrong.append(f"{name}: {', '.join(wrong)}")

    async def _mutated(self, kills: int) -> None:
        mutations = await mutations_of(self._store)
        for _ in range(kills):
            async with _Api(self._tuesday, self._environment) as (victim, client):
                at = self._dice.randrange(len(mutations))
                for mutation in mutations[:at]:
                    await self._sent(mutation, client)
                sending = asyncio.create_task(mutations[at].sent(client))
                await asyncio.sleep(self._dice.uniform(0, _MORE * self._seconds[mutations[at].name]))
                await asyncio.to_thread(victim.kill)
                await asyncio.gather(sending, return_exceptions=True)
                self.tally.kills[MUTATIONS, mutations[at].name] += 1
        await self._mutated_in_peace(mutations)
        await self.compare(MUTATIONS)

    async def _mutated_in_peace(self, mutations: list[Mutation], *, measure: bool = False) -> Digest:
        async with _Api(self._tuesday, self._environment) as (victim, client):
            for mutation in mutations:
                began = time.monotonic()
                await self._sent(mutation, client)
                if measure:
                    self._seconds[mutation.name] = time.monotonic() - began
            await asyncio.to_thread(victim.terminate)
        await self._finished(("--config", str(self._tuesday), "sync"))
        return await digest(self._store)

    async def _sent(self, mutation: Mutation, client: httpx.AsyncClient) -> None:
        """Send it as a patient user would: somebody else may be at work for a while."""
        why: str | None = ""
        for _ in range(_TRIES):
            why = await mutation.sent(client)
            if why is None:
                return
            await asyncio.sleep(_BUSY_SECONDS)
        raise RuntimeError(f"{mutation.name} was not done: {why}")


class _Api:
    """`c360 serve`, and a client of it; ended if nobody has."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._victim = Victim(("--config", str(folder), "serve", "--port", "0"), environment)

    async def __aenter__(self) -> tuple[Victim, httpx.AsyncClient]:
        found = await asyncio.to_thread(self._victim.heard, r"GraphQL (http://[\d.:]+)/graphql")
        self._client = httpx.AsyncClient(base_url=found[1], timeout=120)
        return self._victim, self._client

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()
        if self._victim.is_alive:
            self._victim.kill()


def group_of(phase: str) -> str:
    """The streams that are read are one group; other phases are their own."""
    return "read a source" if phase.startswith("read ") and "/" in phase else phase
