"""Zendesk's Support API as typed calls: incremental exports by cursor and by time, lists by cursor, a ticket's audits.

Exports may be asked ten times a minute, whatever the plan; the account's own limit is told in every answer's headers.
Ids in audits are text, elsewhere numbers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from functools import cache
from typing import Any, TypeVar

import httpx
import msgspec

from connectors.errors import SourceError, SourceNotFound, SourceRefused
from connectors.helpdesk.zendesk_login import ApiToken, App, Login, Token
from connectors.helpdesk.zendesk_objects import Named, TicketField, TicketForm, User
from connectors.http import Patience, SourceClient
from connectors.pace import Budget

T = TypeVar("T")
E = TypeVar("E", bound="Export")

EXPORTS_A_MINUTE = 10
A_PAGE = 100
"""Items of a list; also the most ids that one request may name."""
USERS_A_PAGE = 1000
A_LITTLE = 60
"""Seconds before its end at which a token is replaced."""
FOR_EVER = 10 * 365 * 86_400
PATIENT = Patience(seconds=600.0, longest_wait=120.0)
"""Zendesk asks to wait for up to a minute and a half when exports are used up."""


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """A page of an incremental export; by cursor it has `after_cursor`, by time `end_time`."""

    end_of_stream: bool
    after_cursor: str | None = None
    end_time: int | None = None

    @property
    def items(self) -> Sequence[msgspec.Raw]:
        """What it exports."""
        raise NotImplementedError


class UserExport(Export, frozen=True, kw_only=True):
    """Users that changed, with the identities of these users."""

    users: list[msgspec.Raw]
    identities: list[msgspec.Raw] = []

    @property
    def items(self) -> Sequence[msgspec.Raw]:
        return self.users


class TicketExport(Export, frozen=True, kw_only=True):
    """Tickets that changed; a deleted one has the status `deleted`."""

    tickets: list[msgspec.Raw]

    @property
    def items(self) -> Sequence[msgspec.Raw]:
        return self.tickets


class OrganizationExport(Export, frozen=True, kw_only=True):
    """Organizations that changed."""

    organizations: list[msgspec.Raw]

    @property
    def items(self) -> Sequence[msgspec.Raw]:
        return self.organizations


class MetricEventExport(Export, frozen=True, kw_only=True):
    """What happened to metrics of tickets."""

    ticket_metric_events: list[msgspec.Raw]

    @property
    def items(self) -> Sequence[msgspec.Raw]:
        return self.ticket_metric_events


class Meta(msgspec.Struct, frozen=True):
    """Where a list goes on."""

    has_more: bool = False
    after_cursor: str | None = None


class TicketList(msgspec.Struct, frozen=True):
    """Tickets that were asked for by id."""

    tickets: list[msgspec.Raw]


class UserList(msgspec.Struct, frozen=True):
    """Users that were asked for by id."""

    users: list[msgspec.Raw]
    identities: list[msgspec.Raw] = []


class OrganizationList(msgspec.Struct, frozen=True):
    """Organizations that were asked for by id."""

    organizations: list[msgspec.Raw]


class RatingList(msgspec.Struct, frozen=True):
    """A page of satisfaction ratings."""

    satisfaction_ratings: list[msgspec.Raw]
    meta: Meta = Meta()


class Zendesk:
    """A reader of one Zendesk Support. Raises the errors of `SourceClient`."""

    def __init__(
        self,
        source: str,
        url: str,
        auth: Login,
        *,
        timeout: float = 60.0,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.source = source
        self._exports = Budget(EXPORTS_A_MINUTE, 60.0)
        self._app = auth if isinstance(auth, App) else None
        self._tokens_url = f"{url.rstrip('/')}/oauth/tokens"
        self._valid_until = 0.0
        self._one_at_once = asyncio.Lock()
        self._client = SourceClient(
            source,
            url.rstrip("/") + "/api/v2/",
            headers={"Accept": "application/json"}
            | ({"Authorization": f"Bearer {auth}"} if isinstance(auth, str) else {}),
            auth=auth.basic if isinstance(auth, ApiToken) else None,
            secrets=auth.secrets if isinstance(auth, ApiToken) else [],
            timeout=timeout,
            transport=transport,
            patience=patience or PATIENT,
        )

    async def users(self, cursor: str | None, since: int) -> UserExport:
        """Users changed since then, or after the cursor, with their identities."""
        params = {**_place(cursor, since), "per_page": USERS_A_PAGE, "include": "identities"}
        return await self._export("incremental/users/cursor.json", UserExport, params)

    async def tickets(self, cursor: str | None, since: int, per_page: int) -> TicketExport:
        """Tickets changed since then, or after the cursor; deleted ones too."""
        params = {**_place(cursor, since), "per_page": per_page}
        return await self._export("incremental/tickets/cursor.json", TicketExport, params)

    async def organizations(self, since: int) -> OrganizationExport:
        """Organizations changed since then; the last one of a page is the first of the next."""
        return await self._export("incremental/organizations.json", OrganizationExport, {"start_time": since})

    async def all_organizations(self) -> AsyncIterator[OrganizationExport]:
        """All organizations that are there, a page after the other."""
        async for page in self._pages("organizations.json", "organizations"):
            yield OrganizationExport(organizations=page, end_of_stream=False)

    async def metric_events(self, since: int) -> MetricEventExport:
        """What happened to tickets' metrics since then."""
        return await self._export("incremental/ticket_metric_events.json", MetricEventExport, {"start_time": since})

    async def audits(self, ticket: object) -> list[msgspec.Raw]:
        """All updates of a ticket, oldest first."""
        found: list[msgspec.Raw] = []
        async for page in self._pages(f"tickets/{ticket}/audits.json", "audits"):
            found += page
        return found

    async def tickets_by_id(self, ids: Sequence[str]) -> list[msgspec.Raw]:
        """These tickets, at most a hundred; one that was deleted is not among them."""
        params = {"ids": ",".join(ids)}
        return (await self._get("tickets/show_many.json", TicketList, params=params)).tickets

    async def users_by_id(self, ids: Sequence[str]) -> UserExport:
        """These users with their identities, deleted ones too."""
        params = {"ids": ",".join(ids), "include": "identities"}
        found = await self._get("users/show_many.json", UserList, params=params)
        return UserExport(users=found.users, identities=found.identities, end_of_stream=True)

    async def organizations_by_id(self, ids: Sequence[str]) -> list[msgspec.Raw]:
        """These organizations."""
        params = {"ids": ",".join(ids)}
        answer = await self._get("organizations/show_many.json", OrganizationList, params=params)
        return answer.organizations

    async def ratings(self, since: int, after: str | None, per_page: int = A_PAGE) -> RatingList:
        """Satisfaction ratings that were made (offered) since then."""
        params = {"start_time": since, "page[size]": per_page, "page[after]": after}
        return await self._get("satisfaction_ratings.json", RatingList, params=params)

    async def groups(self) -> dict[str, str]:
        """Names of all groups by id, deleted ones too."""
        return {str(one.id): one.name or str(one.id) async for one in self._named("groups.json", "groups", Named)}

    async def agents(self) -> dict[str, str]:
        """Names of agents and administrators by id."""
        found: dict[str, str] = {}
        for role in ("agent", "admin"):
            async for one in self._named("users.json", "users", User, {"role": role}):
                found[str(one.id)] = one.name or str(one.id)
        return found

    async def fields(self) -> list[TicketField]:
        """The fields of tickets."""
        return [one async for one in self._named("ticket_fields.json", "ticket_fields", TicketField)]

    async def forms(self) -> list[TicketForm]:
        """The forms that tickets are made with; none where the plan has no forms."""
        try:
            return [one async for one in self._named("ticket_forms.json", "ticket_forms", TicketForm)]
        except (SourceRefused, SourceNotFound) as error:
            if error.status == 401:
                raise
            return []

    async def call(self, method: str, path: str, kind: Any, **request: Any) -> Any:
        """Any call, its answer as the msgspec type `kind`; made once: whoever writes comes again later."""
        await self._sign_in()
        return await self._client.json(method, path, kind, retry=False, **request)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _get(self, path: str, kind: type[T], **request: Any) -> T:
        await self._sign_in()
        return await self._client.json("GET", path, kind, **request)

    async def _sign_in(self) -> None:
        """A token for the app, before it is needed (client credentials grant, RFC 6749 §4.4)."""
        if self._app is None:
            return
        async with self._one_at_once:
            if time.monotonic() < self._valid_until:
                return
            token = await self._client.token(self._tokens_url, Token, self._app.form)
            self._client.set_header("Authorization", f"Bearer {token.access_token}")
            self._client.strike_out(token.access_token)
            self._valid_until = time.monotonic() + (token.expires_in or FOR_EVER) - A_LITTLE

    async def _export(self, path: str, kind: type[E], params: dict[str, Any]) -> E:
        return await self._get(path, kind, params=params, budgets=(self._exports,))

    async def _named(
        self, path: str, name: str, kind: type[T], params: dict[str, Any] | None = None
    ) -> AsyncIterator[T]:
        decoder = msgspec.json.Decoder(kind)
        async for raw in self._all(path, name, params):
            try:
                yield decoder.decode(raw)
            except msgspec.DecodeError as error:
                raise SourceError(
                    f"[{self.source}] /api/v2/{path} answered with something else than the expected JSON ({error})."
                ) from None

    async def _all(self, path: str, name: str, params: dict[str, Any] | None = None) -> AsyncIterator[msgspec.Raw]:
        async for page in self._pages(path, name, params):
            for raw in page:
                yield raw

    async def _pages(
        self, path: str, name: str, params: dict[str, Any] | None = None
    ) -> AsyncIterator[list[msgspec.Raw]]:
        form = _page_form(name)
        after: str | None = None
        while True:
            asked = {**(params or {}), "page[size]": A_PAGE, "page[after]": after}
            page = await self._get(path, form, params=asked)
            yield page.items
            if not page.meta.has_more:
                return
            if page.meta.after_cursor in (None, after):
                raise SourceError(f"[{self.source}] /api/v2/{path}: the cursor {after} does not move.")
            after = page.meta.after_cursor


@cache
def _page_form(name: str) -> Any:
    """The struct of a page of a list, whose items stand under `name`; made once: a ticket's audits are such a list."""
    return msgspec.defstruct(
        "Listed", [("items", list[msgspec.Raw]), ("meta", Meta, Meta())], rename={"items": name}, frozen=True
    )


def _place(cursor: str | None, since: int) -> dict[str, Any]:
    return {"start_time": since} if cursor is None else {"cursor": cursor}
