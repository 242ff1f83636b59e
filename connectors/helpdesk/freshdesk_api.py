"""Freshdesk's API v2 as typed calls: lists by page, a ticket's conversations, and what numbers mean.

Lists give at most a hundred items a page, the list of tickets three hundred pages.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx
import msgspec

from connectors.errors import SourceError, SourceNotFound
from connectors.hookspecs import RawProblem
from connectors.http import Patience, SourceClient
from connectors.pace import left_of_headers
from connectors.raws import decode_each

T = TypeVar("T")
Id = int | str

A_PAGE = 100
SOME_PAGES = 1000
"""Of conversations, agents and the like nobody has a hundred thousand: a list that goes on is a loop."""


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """A customer; agents are not among the contacts."""

    id: Id
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    other_emails: list[str] | None = None
    phone: str | None = None
    mobile: str | None = None
    other_phone_numbers: list[str] | None = None
    address: str | None = None
    company_id: Id | None = None
    job_title: str | None = None
    language: str | None = None
    time_zone: str | None = None
    unique_external_id: Id | None = None
    twitter_id: str | None = None
    tags: list[str] | None = None
    active: bool | None = None
    deleted: bool | None = None
    blocked: bool = False
    custom_fields: dict[str, Any] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """A company; contacts belong to it."""

    id: Id
    name: str | None = None
    domains: list[str] | None = None
    industry: str | None = None
    health_score: str | None = None
    account_tier: str | None = None
    renewal_date: str | None = None
    custom_fields: dict[str, Any] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """When it last came to what; Freshdesk keeps no more of a ticket's history."""

    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    reopened_at: datetime | None = None


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """A reply or a note; `incoming` says that it came from outside, `private` that customers do not see it."""

    id: Id
    created_at: datetime
    user_id: Id | None = None
    incoming: bool | None = None
    private: bool | None = None
    source: int | None = None
    body_text: str | None = None


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket as it is now, with its conversations; `gone` says that it is in the trash or in spam."""

    id: Id
    created_at: datetime
    updated_at: datetime
    requester_id: Id | None = None
    responder_id: Id | None = None
    group_id: Id | None = None
    subject: str | None = None
    description_text: str | None = None
    status: int | None = None
    priority: int | None = None
    source: int | None = None
    type: str | None = None
    tags: list[str] | None = None
    custom_fields: dict[str, Any] | None = None
    fr_escalated: bool | None = None
    fr_due_by: datetime | None = None
    nr_escalated: bool | None = None
    nr_due_by: datetime | None = None
    stats: Stats | None = None
    conversations: list[Conversation] = []
    gone: bool = False


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket as it is shown by number: one in the trash too."""

    id: Id
    deleted: bool | None = None
    spam: bool | None = None


class Rating(msgspec.Struct, frozen=True, kw_only=True):
    """Answers to a survey about a ticket, by question."""

    id: Id
    created_at: datetime
    survey_id: Id | None = None
    user_id: Id | None = None
    agent_id: Id | None = None
    group_id: Id | None = None
    ticket_id: Id | None = None
    feedback: str | None = None
    ratings: dict[str, int] | None = None


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question of a survey and the numbers that stand for its answers, from -103 to 103."""

    id: Id
    label: str | None = None
    accepted_ratings: list[int] | None = None


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """A survey."""

    id: Id
    title: str | None = None
    questions: list[Question] | None = None


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent has in common with contacts."""

    name: str | None = None


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """One of the company's own."""

    id: Id
    contact: Person | None = None


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A team."""

    id: Id
    name: str | None = None


class TicketField(msgspec.Struct, frozen=True, kw_only=True):
    """A field of tickets; `label_for_customers` is what the portal asks for."""

    id: Id
    name: str | None = None
    label: str | None = None
    label_for_customers: str | None = None
    default: bool | None = None
    displayed_to_customers: bool | None = None
    customers_can_edit: bool | None = None


class Freshdesk:
    """A reader of one Freshdesk. Raises the errors of `SourceClient`."""

    def __init__(
        self,
        source: str,
        url: str,
        auth: httpx.BasicAuth,
        *,
        secrets: Sequence[str] = (),
        timeout: float = 60.0,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.source = source
        self.clock: datetime | None = None
        """Freshdesk's own time, as its last answer said."""
        self._client = SourceClient(
            source,
            url.rstrip("/") + "/api/v2/",
            headers={"Accept": "application/json"},
            auth=auth,
            secrets=secrets,
            timeout=timeout,
            transport=transport,
            patience=patience,
            pause=self._read_headers,
        )

    async def page(
        self, path: str, kind: type[T], number: int, *, size: int = A_PAGE, **params: str | None
    ) -> list[T | RawProblem]:
        """One page of a list, its items in order, those that cannot be read at its end."""
        asked = {"per_page": size, "page": number, **params}
        raws = await self._client.json("GET", path, list[msgspec.Raw], params=asked)
        found, problems = decode_each(raws, kind, f"{self.source}/{path}")
        return [*found, *problems]

    async def window(
        self, path: str, kind: type[T], offset: int, *, size: int = A_PAGE, **params: str | None
    ) -> list[T | RawProblem]:
        """A hundred items from any place of a list on, of one page or of two that touch there.

        The later page is asked for first: what moves towards the front in between is then seen twice, never missed.
        """
        number, rest = divmod(offset, size)
        if rest == 0:
            return await self.page(path, kind, number + 1, size=size, **params)
        later = await self.page(path, kind, number + 2, size=size, **params)
        earlier = await self.page(path, kind, number + 1, size=size, **params)
        return [*earlier, *later][rest : rest + size]

    async def all(self, path: str, kind: type[T]) -> list[T]:
        """All items of a short list; SourceError where one cannot be read."""
        return [item async for item in self._all(path, kind)]

    async def conversations(self, ticket: object) -> list[Conversation | RawProblem]:
        """Replies and notes of a ticket, oldest first."""
        path = f"tickets/{ticket}/conversations"
        found: list[Conversation | RawProblem] = []
        for number in range(1, SOME_PAGES):
            page = await self.page(path, Conversation, number)
            found += page
            if len(page) < A_PAGE:
                break
        return found

    async def has_ticket(self, ticket: object) -> bool:
        """Whether the ticket is there, and neither in the trash nor in spam."""
        try:
            found = await self._client.json("GET", f"tickets/{ticket}", Shown)
        except SourceNotFound:
            return False
        return not (found.deleted or found.spam)

    async def ticket(self, number: str) -> tuple[Ticket | RawProblem, Shown] | None:
        """A ticket by number with its stats, and whether it is in the trash; None when there is none."""
        try:
            raw = await self._client.json("GET", f"tickets/{number}", msgspec.Raw, params={"include": "stats"})
        except SourceNotFound:
            return None
        where = f"{self.source}/tickets"
        shown, unshown = decode_each([raw], Shown, where)
        found, problems = decode_each([raw], Ticket, where)
        if unshown or problems:
            return (*unshown, *problems)[0], Shown(id=number)
        return found[0], shown[0]

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _read_headers(self, headers: httpx.Headers) -> float | None:
        with contextlib.suppress(ValueError):
            self.clock = parsedate_to_datetime(headers.get("date", "")).astimezone(UTC)
        return left_of_headers(headers)

    async def _all(self, path: str, kind: type[T]) -> AsyncIterator[T]:
        for number in range(1, SOME_PAGES):
            page = await self.page(path, kind, number)
            for item in page:
                if isinstance(item, RawProblem):
                    raise SourceError(f"[{self.source}] /api/v2/{path}: {item.reason}.")
                yield item
            if len(page) < A_PAGE:
                return
        raise SourceError(f"[{self.source}] /api/v2/{path}: the cursor does not move: page after page is full.")
