"""What a command that needs the journeys shows while all of them are read: a bar with rate and remaining time.

They are read once a graph; afterwards they come from their file, and nothing is shown.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager

from api.cli.invocation import Invocation
from api.cli.progress import shown_progress
from graph.journeys.keeper import JourneyKeeper, Progress
from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.progress import Progress as Bars

PHASE = "read journeys"


@asynccontextmanager
async def kept_journeys(invocation: Invocation, store: Store, rules: Rules) -> AsyncIterator[JourneyKeeper]:
    """The journeys' keeper of a command, whose first reading is shown; closed afterwards."""
    with reading_shown(invocation) as tell:
        keeper = JourneyKeeper(store, rules, tell)
        try:
            yield keeper
        finally:
            await keeper.close()


@contextmanager
def reading_shown(invocation: Invocation) -> Iterator[Progress]:
    """Told of how many of how many customers have been read, shows it until the last is."""
    with ExitStack() as shown:
        yield _Reading(invocation, shown).tell


class _Reading:
    def __init__(self, invocation: Invocation, shown: ExitStack) -> None:
        self._invocation = invocation
        self._shown = shown
        self._bars: Bars | None = None
        self._read = 0

    def tell(self, read: int, total: int) -> None:
        if self._bars is None:
            self._bars = self._shown.enter_context(shown_progress(self._invocation.err))
            self._bars.phase(PHASE, total)
        self._bars.advance(PHASE, read - self._read)
        self._read = read
        if read >= total:
            self._shown.close()
            self._bars, self._read = None, 0
