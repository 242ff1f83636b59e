"""What can go wrong between us and the graph's home, in words that say what to do."""

from __future__ import annotations

from neo4j.exceptions import (
    AuthError,
    ConfigurationError,
    ConstraintError,
    DriverError,
    Neo4jError,
    ServiceUnavailable,
    SessionExpired,
)

from connectors.errors import C360Error


class StoreError(C360Error):
    """The store refused or could not be used; the message says what, where and what next."""


class StoreUnavailable(StoreError):
    """Nothing answers at the store's address, or it stopped answering."""


class AccessDenied(StoreError):
    """The store answers, but not to this user and password."""


class ConstraintViolated(StoreError):
    """A write would have given two nodes the same key."""


class LeaseBusy(StoreError):
    """Somebody else holds the lease, and the time we were ready to wait is over."""


class LeaseLost(StoreError):
    """The lease ran out and somebody else took it: nothing more may be written under it."""


class SchemaTooNew(StoreError):
    """The graph was written by a newer c360 than this one."""


class RestoreUnfinished(StoreError):
    """A restore was stopped before its end: the graph is not whole."""


class CopyUnfinished(StoreError):
    """A copy into this graph was stopped before its end: the graph is not whole."""


_BROKEN = {
    "Neo.DatabaseError.Transaction.TransactionCommitFailed",
    "Neo.DatabaseError.Transaction.TransactionLogError",
    "Neo.DatabaseError.Transaction.TransactionStartFailed",
}
"""What Neo4j says when it could not write its log, and to everybody from then on until it is started again."""


def is_passing(error: BaseException) -> bool:
    """Whether the same transaction may succeed when it is tried again (deadlock, conflict, lost connection)."""
    return isinstance(error, Neo4jError | DriverError) and error.is_retryable()


def is_gone(error: BaseException) -> bool:
    """Whether something that was being read has been deleted meanwhile; the question itself is right."""
    return isinstance(error, Neo4jError) and error.code == "Neo.ClientError.Statement.EntityNotFound"


def translate(error: Neo4jError | DriverError | OSError, where: str) -> StoreError:
    """The driver's error as one of ours; `where` is the store's address without secrets."""
    if isinstance(error, AuthError):
        return AccessDenied(
            f"The store at {where} refuses this user and password. "
            "Set C360_STORE_USER and C360_STORE_PASSWORD (or C360_STORE_PASSWORD_FILE); "
            "after several failed attempts Neo4j waits some seconds before it listens again."
        )
    if isinstance(error, ConfigurationError | ValueError):
        return StoreError(
            f"The store's address {where} cannot be used: {error}. "
            "Known forms: embedded:PATH, bolt://HOST:7687, neo4j://HOST:7687, neo4j+s://HOST."
        )
    if isinstance(error, ServiceUnavailable | SessionExpired | OSError):
        return StoreUnavailable(
            f"The store at {where} does not answer. Is it running, and is C360_STORE its Bolt address "
            f"(usually port 7687)? The driver says: {_first_line(str(error))}"
        )
    if isinstance(error, ConstraintError):
        # The server's message quotes the value, which may be somebody's e-mail: it is left out on purpose.
        return ConstraintViolated(f"The store at {where} holds that key already ({error.code}).")
    if isinstance(error, Neo4jError) and error.code in _BROKEN:
        return StoreUnavailable(
            f"The store at {where} can write nothing more ({error.code}). Is its disk full? Make room, then restart "
            "Neo4j, whose log tells the reason. What was committed is safe; run the command again."
        )
    if isinstance(error, Neo4jError):
        return StoreError(f"The store at {where} refuses: {error.code}: {_first_line(error.message or '')}")
    return StoreError(f"The store at {where} failed: {type(error).__name__}: {_first_line(str(error))}")


def _first_line(text: str, limit: int = 400) -> str:
    line = text.strip().splitlines()[0] if text.strip() else "no further word"
    return line if len(line) <= limit else f"{line[:limit]}…"
