"""Tryton's JSON-RPC as typed calls: one session, every page by key, nothing hidden by `active`.

Tryton answers most mistakes with status 200 and an `error` beside the result, marks its values with `__class__`, and
wants the context as the last parameter of every `model.*` call. All of that stays in this file.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
import msgspec
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.errors import SourceError, SourceNotFound, SourceRefused
from connectors.hookspecs import CheckReport
from connectors.http import Patience, SourceClient

T = TypeVar("T")

CONTEXT = {"active_test": False, "language": "en"}
"""Without `active_test: False` whatever was deactivated vanishes, even mails and log rows that only refer to it."""


class TrytonConfig(BaseModel):
    """What every Tryton source needs: where it is, which database, and who reads."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(description="address of the server, e.g. https://erp.acme.example")
    database: str = Field(description="name of the database, the first part of the path after the address")
    user: str = Field(description="login of a user that may read parties, opportunities and marketing")
    password: SecretStr = Field(description="that user's password")
    streams: tuple[str, ...] | None = Field(default=None, description="only these streams; all by default")
    page_size: int = Field(default=200, ge=1, le=1000, description="records a page")
    overlap_seconds: float = Field(
        default=300.0, ge=0, description="how far before the last change an incremental read starts again"
    )
    timeout_seconds: float = Field(default=60.0, gt=0, description="how long one call may take")


class Moment(msgspec.Struct, frozen=True):
    """A date, or a datetime in UTC, as Tryton writes it: `{"__class__": "datetime", "year": …}`."""

    year: int
    month: int
    day: int
    hour: int = 0
    minute: int = 0
    second: int = 0
    microsecond: int = 0

    @property
    def utc(self) -> datetime:
        return datetime(
            self.year, self.month, self.day, self.hour, self.minute, self.second, self.microsecond, tzinfo=UTC
        )


class Decimal(msgspec.Struct, frozen=True):
    """An amount as Tryton writes it: `{"__class__": "Decimal", "decimal": "10700"}`."""

    decimal: str


class Named(msgspec.Struct, frozen=True):
    """A record reached through a relation, e.g. `employee.rec_name`."""

    id: int
    name: str | None = None
    rec_name: str | None = None
    code: str | None = None


def wire(moment: datetime) -> dict[str, Any]:
    """A UTC moment as Tryton wants it in a domain or context."""
    return {
        "__class__": "datetime",
        "year": moment.year,
        "month": moment.month,
        "day": moment.day,
        "hour": moment.hour,
        "minute": moment.minute,
        "second": moment.second,
        "microsecond": moment.microsecond,
    }


class _Answer(msgspec.Struct):
    """The envelope; `result` is decoded when it is known that there is no error."""

    result: msgspec.Raw = msgspec.Raw(b"null")
    error: Any = None


class Tryton:
    """A reader of one Tryton database.

    Raises `SourceRefused` (wrong password, expired and not renewable session, no access), `SourceNotFound` (no such
    database), `SourceUnavailable` (down, too many failed logins) and `SourceError` (no such model or field).
    """

    def __init__(
        self,
        source: str,
        config: TrytonConfig,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.source = source
        self.database = config.database
        self._user = config.user
        self._password = config.password.get_secret_value()
        self._session: str | None = None
        self._login_once = asyncio.Lock()
        self._client = SourceClient(
            source,
            config.url.rstrip("/") + "/",
            secrets=[self._password],
            timeout=config.timeout_seconds,
            transport=transport,
            patience=patience,
        )

    async def version(self) -> str:
        """The server's version, e.g. `8.0`; needs no login."""
        version: str = await self._ask("rpc/", "common.server.version", [], str, None)
        return version

    async def check(self, *models: str) -> CheckReport:
        """Whether the user can log in and count each of `models`; a refusal says what to do."""
        details: dict[str, str] = {}
        try:
            details["version"] = await self.version()
            for model in models:
                details[model] = str(await self.call(f"model.{model}.search_count", [[]], int))
        except SourceError as error:
            return CheckReport(False, str(error), details)
        return CheckReport(True, f"Tryton {details['version']}, database {self.database}.", details)

    async def search_read(
        self,
        model: str,
        domain: Sequence[object],
        fields: Sequence[str],
        answer: type[T],
        *,
        order: Sequence[Sequence[str]] | None = None,
        limit: int | None = None,
    ) -> list[T]:
        """Records of `model` in `domain` as structs; a field may go through a relation (`addresses.city`)."""
        rows: list[T] = await self.call(
            f"model.{model}.search_read",
            [domain, 0, limit, order, fields],
            list[answer],  # type: ignore[valid-type]
        )
        return rows

    async def call(self, method: str, params: Sequence[object], answer: Any, **context: object) -> Any:
        """Call a method of a model with `params` and the context; the result as the msgspec type `answer`."""
        body = [*params, {**CONTEXT, **context}]
        session = await self._logged_in(None)
        try:
            return await self._ask(f"{self.database}/rpc/", method, body, answer, session)
        except SourceRefused as error:
            if error.status != 401:
                raise
        # A session ends after a while without calls; the password opens the next one.
        session = await self._logged_in(session)
        return await self._ask(f"{self.database}/rpc/", method, body, answer, session)

    async def close(self) -> None:
        """Log out and close the connections."""
        session, self._session = self._session, None
        if session is not None:
            # Not being heard does no harm: the session ends by itself, and the reading is done.
            with contextlib.suppress(SourceError):
                await self._ask(f"{self.database}/rpc/", "common.db.logout", [], Any, session, retry=False)
        await self._client.close()

    async def _logged_in(self, expired: str | None) -> str:
        async with self._login_once:
            if self._session is None or self._session == expired:
                self._session = await self._login()
            return self._session

    async def _login(self) -> str:
        try:
            uid, key, *_ = await self._ask(
                f"{self.database}/rpc/", "common.db.login", [self._user, {"password": self._password}], list[Any], None
            )
        except SourceNotFound as error:
            raise SourceNotFound(
                f"[{self.source}] the server has no database {self.database!r}. Set 'database' in [{self.source}].",
                status=error.status,
            ) from None
        except SourceRefused as error:
            raise SourceRefused(
                f"[{self.source}] Tryton refused the login of {self._user!r}: check 'user' and 'password' in "
                f"[{self.source}] of plugins.toml.",
                status=error.status,
            ) from None
        self._client.strike_out(str(key))
        session = base64.b64encode(f"{self._user}:{uid}:{key}".encode()).decode()
        self._client.strike_out(session)
        return session

    async def _ask(
        self, path: str, method: str, params: Sequence[object], answer: Any, session: str | None, *, retry: bool = True
    ) -> Any:
        headers = {} if session is None else {"Authorization": f"Session {session}"}
        envelope = await self._client.json(
            "POST", path, _Answer, json={"id": 1, "method": method, "params": params}, headers=headers, retry=retry
        )
        if envelope.error is not None:
            raise self._refusal(method, envelope.error)
        try:
            return msgspec.json.decode(envelope.result, type=answer)
        except msgspec.DecodeError as error:
            raise SourceError(
                f"[{self.source}] {method} gave another shape than Tryton 8.0 does ({error}). "
                f"Check the server's version in [{self.source}]."
            ) from None

    def _refusal(self, method: str, error: object) -> SourceError:
        """The error that came with status 200: `[class, [message, description, …]]`, or `["'name'", ""]`."""
        kind, said = (error[0], error[1]) if isinstance(error, list) and len(error) > 1 else (str(error), "")
        text = " ".join(str(part) for part in said if part) if isinstance(said, list) else str(said)
        where = f"[{self.source}] {method}"
        if kind == "LoginException":
            return SourceRefused(f"{where}: Tryton wants more than a password ({text}); use a user without it.")
        if "not allowed to" in text:
            return SourceRefused(f"{where}: {text} Give the user {self._user!r} read access in Tryton.", status=403)
        if not text and str(kind).startswith("'"):
            return SourceNotFound(
                f"{where}: Tryton knows no model or field {kind}. Is its module activated in {self.database!r}? "
                f"Otherwise leave the stream out: streams = [...] in [{self.source}]."
            )
        return SourceError(f"{where}: {kind}: {text}.")
