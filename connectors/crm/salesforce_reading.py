"""Which records of Salesforce to read: all of them once, in pages or as a Bulk query, afterwards what was modified.

Pages go by (SystemModstamp, Id), so that many records of one moment are no trouble, and a reading that was killed goes
on in the middle. `queryAll` shows deleted records as long as the recycle bin has them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from connectors.crm.salesforce_api import Batch, Salesforce, SObject, moment_of, sobjects
from connectors.crm.salesforce_objects import MODIFIED, OTHERS, Children, Kind, condition, selected, soql
from connectors.errors import RecordError, SourceError
from connectors.hookspecs import Page, RawProblem, State

IDS_AT_ONCE = 200
"""Records whose children are asked for at once: their ids stand in the query."""


class Mark(msgspec.Struct, omit_defaults=True):
    """The last record that was read; without `id` the reading has ended there."""

    at: datetime
    id: str | None = None


class Place(msgspec.Struct, omit_defaults=True):
    """The state of a stream, as JSON in the store: how far its records and what it watches were read, and the Bulk
    query of a first load with the place in its results."""

    mark: Mark | None = None
    watched: Mark | None = None
    job: str | None = None
    locator: str | None = None
    began: datetime | None = None


class Reading:
    """One reading of one stream."""

    def __init__(
        self, salesforce: Salesforce, kind: Kind, *, overlap: timedelta, bulk_from: int, bulk_wait: float
    ) -> None:
        self._salesforce = salesforce
        self._kind = kind
        self._overlap = overlap
        self._bulk_from = bulk_from
        self._bulk_wait = bulk_wait
        self._fields: tuple[str, ...] = ()
        self._only: str | None = None
        self._now = salesforce.now

    async def pages(self, state: State | None) -> AsyncIterator[Page[SObject]]:
        """The pages of the stream; nothing where the org has no such object for this reader."""
        place = msgspec.convert(state or {}, Place)
        described = await self._salesforce.describe(self._kind.name)
        if described is None:
            return
        self._fields, _ = selected(self._kind, described, await self._salesforce.describe_all(OTHERS))
        self._only = condition(self._kind, self._fields)
        total = await self._count() if place.mark is None else None
        self._now = self._salesforce.now
        if place.job is not None or (total is not None and total >= self._bulk_from):
            async for page in self._bulk(place, total):
                yield page
        else:
            async for page in self._modified(place):
                yield page
        if self._kind.watched is not None:
            async for page in self._watched(place):
                yield page
        yield Page([], state_of(place))

    async def _count(self) -> int:
        """How many records there are."""
        batch = await self._salesforce.query(soql(self._kind.name, ["COUNT()"], [self._only]), deleted=False)
        return batch.total or 0

    async def _modified(self, place: Place) -> AsyncIterator[Page[SObject]]:
        conditions = [self._only, self._after(place.mark, MODIFIED, "Id")]
        query = soql(self._kind.name, self._fields, conditions, f" ORDER BY {MODIFIED}, Id")
        if place.watched is None and self._kind.watched is not None:
            # What is watched moves from here on: the load itself reads all that is there.
            place.watched = Mark(self._now)
        async for batch in self._batches(query):
            place.mark = self._last(batch, MODIFIED, "Id")
            yield await self._page(batch.records, place, batch.total)
        if place.mark is not None:
            place.mark = Mark(place.mark.at)

    async def _watched(self, place: Place) -> AsyncIterator[Page[SObject]]:
        watched = self._kind.watched
        assert watched is not None
        fields = tuple(dict.fromkeys(("Id", watched.owner, watched.moment)))
        until = f"{watched.moment} <= {_literal(self._now)}" if watched.until_now else None
        conditions = [self._after(place.watched, watched.moment, "Id"), until]
        query = soql(watched.name, fields, conditions, f" ORDER BY {watched.moment}, Id")
        async for batch in self._batches(query):
            rows, problems = sobjects(batch.records, f"{self._salesforce.source}: {watched.name}")
            place.watched = self._last(batch, watched.moment, "Id")
            ids = list(dict.fromkeys(owner for row in rows if (owner := row.said(watched.owner)) is not None))
            raws: list[msgspec.Raw] = []
            for some in _some(ids):
                conditions = [self._only, f"Id IN ({_quoted(some)})"]
                async for found in self._batches(soql(self._kind.name, self._fields, conditions)):
                    raws += found.records
            yield await self._page(raws, place, None, problems)
        if place.watched is not None:
            place.watched = Mark(max(place.watched.at, self._now) if watched.until_now else place.watched.at)

    async def _bulk(self, place: Place, total: int | None) -> AsyncIterator[Page[SObject]]:
        if place.job is not None and not await self._salesforce.has_job(place.job):
            # Results are kept for seven days: an older load begins again.
            place.job = place.locator = None
        if place.job is None:
            place.began = self._now
            place.job = await self._salesforce.start_job(soql(self._kind.name, self._fields, [self._only]))
            yield Page([], state_of(place), total=total)
        await self._salesforce.finish_job(place.job, self._bulk_wait)
        while True:
            results = await self._salesforce.results(place.job, place.locator)
            if results.locator is not None and results.locator == place.locator:
                raise SourceError(
                    f"[{self._salesforce.source}] {self._kind.name}: the cursor {place.locator} does not move."
                )
            place.locator = results.locator
            if place.locator is None:
                break
            yield Page(await self._whole(results.rows), state_of(place), total=total)
        began = place.began or self._now
        place.job, place.mark, place.began = None, Mark(began), None
        if self._kind.watched is not None:
            place.watched = Mark(began)
        yield Page(await self._whole(results.rows), state_of(place), total=total)

    async def _batches(self, query: str) -> AsyncIterator[Batch]:
        batch = await self._salesforce.query(query)
        asked: str | None = None
        while True:
            if batch.records:
                yield batch
            if batch.done:
                return
            if batch.next_url is None or batch.next_url == asked:
                raise SourceError(f"[{self._salesforce.source}] {self._kind.name}: the cursor {asked} does not move.")
            asked = batch.next_url
            batch = await self._salesforce.more(asked)

    async def _page(
        self, raws: Sequence[msgspec.Raw], place: Place, total: int | None, problems: Iterable[RawProblem] = ()
    ) -> Page[SObject]:
        rows, refused = sobjects(raws, f"{self._salesforce.source}: {self._kind.name}")
        return Page(await self._whole(rows), state_of(place), total=total, problems=[*problems, *refused])

    async def _whole(self, rows: list[SObject]) -> list[SObject]:
        """The rows with what belongs to each, and whether it has happened."""
        children: dict[str, dict[str, list[dict[str, str]]]] = {}
        for one in self._kind.children if rows else ():
            for child in await self._children(one, [row.id for row in rows]):
                children.setdefault(child.get(one.owner, ""), {}).setdefault(one.name, []).append(child)
        return [
            SObject(
                row.id,
                row.fields,
                {name: tuple(some) for name, some in children.get(row.id, {}).items()},
                self._kind.happens is None or self._has_happened(row),
            )
            for row in rows
        ]

    async def _children(self, one: Children, ids: Sequence[str]) -> list[dict[str, str]]:
        described = await self._salesforce.describe(one.name)
        if described is None:
            return []
        there = {field.name for field in described.fields}
        asked = (one.owner, *(field for field in one.fields if field in there))
        found: list[dict[str, str]] = []
        for some in _some(ids):
            conditions = [f"{one.owner} IN ({_quoted(some)})", one.only]
            found += await self._salesforce.rows(soql(one.name, asked, conditions), deleted=one.deleted)
        return found

    def _has_happened(self, row: SObject) -> bool:
        assert self._kind.happens is not None
        try:
            at = row.moment(self._kind.happens) or row.moment("ActivityDate")
        except RecordError:
            return True  # the mapping will tell of it
        return at is None or at <= self._now

    def _after(self, mark: Mark | None, moment: str, identifier: str) -> str | None:
        """What comes after a mark; after one that ends a reading, from the overlap before it."""
        if mark is None:
            return None
        if mark.id is None:
            return f"{moment} >= {_literal(mark.at - self._overlap)}"
        at = _literal(mark.at)
        return f"({moment} > {at} OR ({moment} = {at} AND {identifier} > {_quoted([mark.id])}))"

    def _last(self, batch: Batch, moment: str, identifier: str) -> Mark:
        rows, _ = sobjects(batch.records[-1:], "")
        at = None
        if rows:
            try:
                at = moment_of(rows[0].fields, moment)
            except RecordError as error:
                raise SourceError(f"[{self._salesforce.source}] {self._kind.name}: {error}") from None
        if at is None:
            raise SourceError(
                f"[{self._salesforce.source}] {self._kind.name} lists a record without {identifier} or {moment}."
            )
        return Mark(at, rows[0].id)


def _some(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + IDS_AT_ONCE] for start in range(0, len(ids), IDS_AT_ONCE))


def _quoted(ids: Iterable[str]) -> str:
    # Ids are letters and digits; anything else would be somebody's SOQL.
    return ", ".join(f"'{one}'" for one in ids if one.isalnum() and one.isascii())


def _literal(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def state_of(place: Place) -> State:
    """As JSON."""
    state: State = msgspec.to_builtins(place)
    return state
