"""Sessions with the store: counted while they are in use; those that only read are used again."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from neo4j import READ_ACCESS, AsyncDriver, AsyncSession
from neo4j.api import AsyncBookmarkManager

FETCH_SIZE = 5_000  # rows a message when streaming: large enough for the network, small enough for memory


class Sessions:
    """The sessions of one driver with one database; None is the user's own, which the server then looks up."""

    def __init__(self, driver: AsyncDriver, database: str | None) -> None:
        self.driver = driver
        self.database = database
        self.in_use = 0
        """Each has one connection of the driver's."""
        self.is_closed = False
        self.readers: list[AsyncSession] = []
        """Those that wait for the next question, without a connection."""

    def open(self, access: str) -> Session:
        """A session for as long as it is entered."""
        return Session(self, self._new(access))

    def reader(self) -> Session:
        """A session for one question, which the next question takes when nothing went wrong.

        To open a session costs a tenth of what a small question does.
        """
        waiting = self.readers.pop() if self.readers else self._new(READ_ACCESS, bookmark_manager=_Unmarked())
        return Reader(self, waiting)

    async def close(self) -> None:
        """Close the driver with all sessions that wait."""
        self.is_closed = True
        while self.readers:
            await self.readers.pop().close()
        await self.driver.close()

    def _new(self, access: str, **more: Any) -> AsyncSession:
        return self.driver.session(database=self.database, default_access_mode=access, fetch_size=FETCH_SIZE, **more)


class Session:
    """A session that is counted while it is in use."""

    __slots__ = ("_session", "_sessions")

    def __init__(self, sessions: Sessions, session: AsyncSession) -> None:
        self._sessions = sessions
        self._session = session

    async def __aenter__(self) -> AsyncSession:
        self._sessions.in_use += 1
        return self._session

    async def __aexit__(self, *raised: Any) -> None:
        try:
            await self._session.__aexit__(*raised)  # type: ignore[no-untyped-call]
        finally:
            self._sessions.in_use -= 1


class Reader(Session):
    """A session that waits for the next question afterwards."""

    __slots__ = ()

    async def __aexit__(self, *raised: Any) -> None:
        if raised[0] is not None or self._sessions.is_closed:
            await super().__aexit__(*raised)
            return
        self._sessions.readers.append(self._session)
        self._sessions.in_use -= 1


class _Unmarked(AsyncBookmarkManager):
    """Lets a question wait for none that its session asked before: what is restored never gets so far again."""

    async def get_bookmarks(self) -> Collection[str]:
        return ()

    async def update_bookmarks(self, previous_bookmarks: Collection[str], new_bookmarks: Collection[str]) -> None:
        pass
