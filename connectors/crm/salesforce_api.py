"""Salesforce's REST and Bulk 2.0 APIs as typed calls: SOQL, deleted records included, and every value as a text.

REST gives JSON with objects inside (`Owner.Name`), Bulk gives CSV with dotted headers; here both are an `SObject`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import msgspec

from connectors.crm.salesforce_login import Login, token_request
from connectors.errors import RecordError, SourceError, SourceNotFound, SourceRefused, SourceUnavailable
from connectors.hookspecs import RawProblem
from connectors.http import Patience, SourceClient
from connectors.records import said

LONGEST_QUERY = 12_000
"""Characters of a SOQL query in an address; Salesforce refuses addresses beyond 16,384 bytes."""
ROWS_OF_BULK = 10_000
POLL_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)


class SObject(msgspec.Struct, frozen=True):
    """A record as texts by field, relationships dotted; a field without a value is not there.

    `children` are records that belong to it, by object; `held` is False for what has not happened yet.
    """

    id: str
    fields: dict[str, str]
    children: dict[str, tuple[dict[str, str], ...]] = {}
    held: bool = True

    def said(self, name: str) -> str | None:
        return said(self.fields.get(name))

    def flag(self, name: str) -> bool:
        return self.fields.get(name) == "true"

    def moment(self, name: str) -> datetime | None:
        """A datetime or a date, in UTC; RecordError when it is none."""
        return moment_of(self.fields, name)

    def number(self, name: str) -> float | None:
        """RecordError when it is none."""
        return number_of(self.fields, name)


def moment_of(fields: dict[str, str], name: str) -> datetime | None:
    """`2026-05-01T09:00:00.000+0000` or `2026-05-01`, in UTC; RecordError for anything else."""
    value = said(fields.get(name))
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", value))
    except ValueError:
        raise RecordError(f"{fields.get('Id')}: {name} is no moment: {value!r:.60}.") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def day_of(fields: dict[str, str], name: str) -> date | None:
    """A date; RecordError for anything else."""
    moment = moment_of(fields, name)
    return None if moment is None else moment.date()


def number_of(fields: dict[str, str], name: str) -> float | None:
    """A number; RecordError for anything else."""
    value = said(fields.get(name))
    try:
        return None if value is None else float(value)
    except ValueError:
        raise RecordError(f"{fields.get('Id')}: {name} is no number: {value!r:.60}.") from None


class Batch(msgspec.Struct, frozen=True):
    """A page of a query; `next_url` leads to the next one."""

    records: list[msgspec.Raw]
    done: bool
    next_url: str | None = msgspec.field(name="nextRecordsUrl", default=None)
    total: int | None = msgspec.field(name="totalSize", default=None)


class Field(msgspec.Struct, frozen=True):
    """A field of an object, as `describe` tells of it."""

    name: str
    type: str = ""
    custom: bool = False
    relationship: str | None = msgspec.field(name="relationshipName", default=None)


class Described(msgspec.Struct, frozen=True):
    """An object with its fields, those that the reader may see."""

    fields: tuple[Field, ...]


class Job(msgspec.Struct, frozen=True):
    """A query of the Bulk API: UploadComplete, InProgress, JobComplete, Failed or Aborted."""

    id: str
    state: str
    error: str | None = msgspec.field(name="errorMessage", default=None)


class Results(msgspec.Struct, frozen=True):
    """A page of a job's results, and where the next one begins."""

    rows: list[SObject]
    locator: str | None


class Salesforce:
    """A reader of one org.

    Raises the errors of `SourceClient`; SourceUnavailable also when the org's calls of the day are used up to `share`.
    """

    def __init__(
        self,
        source: str,
        url: str,
        version: str,
        login: Login,
        *,
        share: float = 0.9,
        timeout: float = 120.0,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.source = source
        self.root = f"services/data/v{version}/"
        self._login = login
        self._share = share
        self._signed_in = False
        self._described: dict[str, Described | None] = {}
        self.now = datetime.now(UTC)
        """The moment of the last answer by Salesforce's clock; ours where it does not say."""
        self._client = SourceClient(
            source,
            url.rstrip("/") + "/",
            secrets=login.secrets,
            timeout=timeout,
            transport=transport,
            patience=patience,
        )

    async def describe(self, name: str) -> Described | None:
        """The fields of an object that the reader may see; None where there is no such object for it."""
        if name not in self._described:
            try:
                answer = await self._ask("GET", f"{self.root}sobjects/{name}/describe")
                self._described[name] = self._client.decoded(answer, Described)
            except SourceNotFound:
                self._described[name] = None
        return self._described[name]

    async def describe_all(self, names: Iterable[str]) -> dict[str, Described | None]:
        """Several objects by name."""
        return {name: await self.describe(name) for name in names}

    async def query(self, soql: str, *, deleted: bool = True) -> Batch:
        """The first page of a query, with deleted records unless not `deleted`."""
        answer = await self._ask("GET", f"{self.root}{'queryAll' if deleted else 'query'}", params={"q": soql})
        batch: Batch = self._client.decoded(answer, Batch)
        return batch

    async def more(self, url: str) -> Batch:
        """The page that `Batch.next_url` leads to."""
        batch: Batch = self._client.decoded(await self._ask("GET", url), Batch)
        return batch

    async def rows(self, soql: str, *, deleted: bool = False) -> list[dict[str, str]]:
        """All rows of a short query; SourceError when one cannot be read."""
        batch = await self.query(soql, deleted=deleted)
        raws = list(batch.records)
        while not batch.done and batch.next_url is not None:
            batch = await self.more(batch.next_url)
            raws += batch.records
        try:
            return [flat(raw) for raw in raws]
        except (msgspec.DecodeError, ValueError) as error:
            raise SourceError(f"[{self.source}] a row of {soql[:80]!r} cannot be read: {error}.") from None

    async def start_job(self, soql: str) -> str:
        """Begin a Bulk query, deleted records included; the job's id."""
        body = {"operation": "queryAll", "query": soql, "contentType": "CSV", "lineEnding": "LF"}
        answer = await self._ask("POST", f"{self.root}jobs/query", json=body)
        job: Job = self._client.decoded(answer, Job)
        return job.id

    async def has_job(self, job: str) -> bool:
        """Whether a job of an earlier reading is still kept."""
        try:
            await self._ask("GET", f"{self.root}jobs/query/{job}")
        except SourceNotFound:
            return False
        return True

    async def finish_job(self, job: str, wait_seconds: float) -> None:
        """Wait until a job's results are there; SourceError when it failed, SourceUnavailable when it takes longer."""
        waited, polls = 0.0, 0
        while True:
            now: Job = self._client.decoded(await self._ask("GET", f"{self.root}jobs/query/{job}"), Job)
            if now.state == "JobComplete":
                return
            if now.state in ("Failed", "Aborted"):
                raise SourceError(f"[{self.source}] the Bulk query {job} ended as {now.state}: {now.error}.")
            if waited >= wait_seconds:
                raise SourceUnavailable(
                    f"[{self.source}] the Bulk query {job} is {now.state} after {waited:.0f} s. The next sync goes on "
                    f"waiting for it."
                )
            pause = POLL_SECONDS[min(polls, len(POLL_SECONDS) - 1)]
            await self._client.patience.sleep(pause)
            waited, polls = waited + pause, polls + 1

    async def results(self, job: str, locator: str | None) -> Results:
        """A page of a job's rows, from `locator` on."""
        params = {"maxRecords": ROWS_OF_BULK, "locator": locator}
        answer = await self._ask("GET", f"{self.root}jobs/query/{job}/results", params=params)
        try:
            rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8")), strict=True))
            found = [SObject(row["Id"], {name: value for name, value in row.items() if value}) for row in rows]
        except (csv.Error, UnicodeDecodeError, KeyError, AttributeError) as error:
            raise SourceError(
                f"[{self.source}] the results of the Bulk query {job} are something else than the expected CSV: "
                f"{error}."
            ) from None
        told = answer.headers.get("sforce-locator", "null")
        return Results(found, None if told in ("", "null") else told)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        if not self._signed_in:
            await self._sign_in()
        try:
            answer = await self._client.request(method, path, **request)
        except SourceRefused as error:
            if "REQUEST_LIMIT_EXCEEDED" in str(error):
                raise SourceUnavailable(
                    f"[{self.source}] the org has used up its API calls of 24 hours. The next sync goes on from the "
                    f"last page.",
                    status=error.status,
                ) from None
            if "INVALID_SESSION_ID" not in str(error):
                raise
            # A session ends after a while; the same credentials open the next one.
            await self._sign_in()
            answer = await self._client.request(method, path, **request)
        self._leave_something(answer.headers)
        with suppress(KeyError, ValueError):
            self.now = parsedate_to_datetime(answer.headers["date"]).astimezone(UTC)
        return answer

    async def _sign_in(self) -> None:
        token = await self._client.token(
            "services/oauth2/token", Token, lambda: token_request(self._login, self.source)
        )
        self._client.strike_out(token.access_token)
        self._client.set_header("Authorization", f"Bearer {token.access_token}")
        self._signed_in = True

    def _leave_something(self, headers: httpx.Headers) -> None:
        """Stop before the org's other systems have no calls left (`Sforce-Limit-Info: api-usage=18/5000`)."""
        match = re.search(r"api-usage=(\d+)/(\d+)", headers.get("sforce-limit-info", ""))
        if match and int(match[1]) > self._share * int(match[2]):
            raise SourceUnavailable(
                f"[{self.source}] {match[1]} of the org's {match[2]} API calls of 24 hours are used: reading stops so "
                f"that others can call. The next sync goes on from the last page; see 'share' in [{self.source}]."
            )


class Token(msgspec.Struct, frozen=True):
    """A session."""

    access_token: str


def sobjects(raws: Sequence[msgspec.Raw], where: str) -> tuple[list[SObject], list[RawProblem]]:
    """The rows of a page, and a problem for each that cannot be read."""
    found: list[SObject] = []
    problems: list[RawProblem] = []
    for raw in raws:
        try:
            row = flat(raw)
            found.append(SObject(row["Id"], row))
        except (msgspec.DecodeError, ValueError, KeyError) as error:
            problems.append(RawProblem(where, f"not the expected record: {error!r}", bytes(raw).decode()[:10_000]))
    return found, problems


def flat(raw: msgspec.Raw) -> dict[str, str]:
    """A JSON record as texts: `{"Owner": {"Name": "Ada"}}` is `Owner.Name`; ValueError for a list or a broken id."""
    row: dict[str, Any] = msgspec.json.decode(raw, type=dict[str, Any])
    fields: dict[str, str] = {}
    _flatten(row, "", fields)
    if not isinstance(row.get("Id", ""), str):
        raise ValueError("its Id is no text")
    return fields


def _flatten(row: dict[str, Any], prefix: str, fields: dict[str, str]) -> None:
    for name, value in row.items():
        if name == "attributes" or value is None or value == "":
            continue
        if isinstance(value, dict):
            _flatten(value, f"{prefix}{name}.", fields)
        elif isinstance(value, bool):
            fields[prefix + name] = "true" if value else "false"
        elif isinstance(value, str | int | float):
            fields[prefix + name] = str(value)
        else:
            raise ValueError(f"{prefix}{name} is a list")
