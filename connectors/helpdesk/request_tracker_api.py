"""Request Tracker's REST2 as typed calls: lists of a hundred, whose texts and people come in the same answer.

Lists give a person's numeric id only when it is asked for (`fields[Requestor]=id`); a Name can change, the id cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

import httpx
import msgspec

from connectors.errors import SourceError, SourceNotFound, SourceRefused
from connectors.http import Patience, SourceClient

T = TypeVar("T")

A_PAGE = 100
"""RT gives at most a hundred items a page, whatever is asked for."""

CALLS_AT_ONCE = 4
OF_RT = frozenset({1, 6})
"""RT_System and Nobody have these numbers in every RT."""

USERS = "ObjectType = 'RT::User'"
"""Of all transactions those of users."""

UNSET = datetime(1970, 1, 1, tzinfo=UTC)
"""What RT says for a date that is not set."""

TICKET_FIELDS = {
    "fields": "Subject,Status,Queue,Owner,Requestor,Created,Creator,CustomFields,EffectiveId",
    "fields[Queue]": "Name",
    "fields[Owner]": "id,Name",
    "fields[Requestor]": "id,Name",
    "fields[Creator]": "id,Name",
}
CHANGE_FIELDS = {
    "fields": "ObjectId,Type,Field,OldValue,NewValue,Created,Creator",
    "fields[Creator]": "id,Name",
}
USER_FIELDS = {
    "fields": "id,Name,EmailAddress,RealName,Organization,MobilePhone,WorkPhone,HomePhone,Address1,City,State,Zip,"
    "Country,Lang,Created,LastUpdated",
}


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A page of a list; a page past the end is empty."""

    items: list[T]
    total: int | None = None


class Who(msgspec.Struct, frozen=True, rename={"name": "Name"}):
    """A user as a list names them."""

    id: int | str
    name: str | None = None


class NamedThing(msgspec.Struct, frozen=True, rename={"name": "Name", "lookup_type": "LookupType"}):
    """A queue, group or custom field."""

    id: str | int
    name: str | None = None
    lookup_type: str | None = None


class CustomField(msgspec.Struct, frozen=True):
    """A custom field of a ticket with its values."""

    id: str | int
    name: str
    values: tuple[str, ...] = ()


class Ticket(msgspec.Struct, frozen=True, rename="pascal"):
    """A ticket as it is now; asked for by number, a merged one answers with the ticket it was merged into."""

    id: str | int = msgspec.field(name="id")
    created: datetime
    subject: str | None = None
    status: str | None = None
    queue: NamedThing | None = None
    owner: Who | None = None
    creator: Who | None = None
    requestor: tuple[Who, ...] = ()
    custom_fields: tuple[CustomField, ...] = ()
    effective_id: str | int | None = None

    @property
    def number(self) -> int:
        return int(self.id)


class Change(msgspec.Struct, frozen=True, rename="pascal"):
    """A transaction of RT: one change, with the old and new value where it sets a field."""

    id: str | int = msgspec.field(name="id")
    object_id: str | int
    type: str
    created: datetime
    creator: Who
    field: str | None = None
    old_value: str | None = None
    new_value: str | None = None

    @property
    def number(self) -> int:
        return int(self.id)

    @property
    def of(self) -> int:
        """Number of the ticket or user that it changed."""
        return int(self.object_id)


class Attachment(msgspec.Struct, frozen=True, rename="pascal"):
    """A text or file of a transaction; in lists a text's content is plain."""

    id: str | int = msgspec.field(name="id")
    transaction_id: str | int
    content_type: str | None = None
    filename: str | None = None
    content: str | None = None
    headers: str | None = None


class User(msgspec.Struct, frozen=True, rename="pascal"):
    """A user: a customer, or a colleague (`Privileged`). `Privileged` and `Disabled` are blank in lists."""

    id: int = msgspec.field(name="id")
    name: str
    email_address: str | None = None
    real_name: str | None = None
    organization: str | None = None
    mobile_phone: str | None = None
    work_phone: str | None = None
    home_phone: str | None = None
    address1: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: str | None = None
    lang: str | None = None
    created: str | None = None
    last_updated: str | None = None
    disabled: bool | int | str | None = None
    privileged: bool | int | str | None = None


def is_yes(flag: bool | int | str | None) -> bool:
    """RT says yes in several ways."""
    return str(flag) in ("1", "True", "true")


class RequestTracker:
    """A reader of one Request Tracker. Raises the errors of `SourceClient`."""

    def __init__(
        self,
        source: str,
        url: str,
        authorization: str,
        *,
        timeout: float = 60.0,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.source = source
        self._client = SourceClient(
            source,
            url.rstrip("/") + "/",
            headers={"Authorization": authorization, "Accept": "application/json"},
            secrets=[authorization.rpartition(" ")[2]],
            timeout=timeout,
            transport=transport,
            patience=patience,
        )

    async def version(self) -> str:
        """RT's version."""
        answer = await self._client.json("GET", "rt", dict[str, Any])
        return str(answer.get("Version", "unknown"))

    async def users_page(self, page: int) -> Page[User]:
        """All users by id, disabled ones too. Nothing about users can be searched by date or id: RT ignores that."""
        params = {**USER_FIELDS, "query": '[{"field":"Name","operator":"!=","value":""}]', "find_disabled_rows": 1}
        params |= {"orderby": "id", "order": "ASC", "per_page": A_PAGE, "page": page}
        return await self._get("users", Page[User], params)

    async def user(self, number: int) -> User | None:
        """One user by number; the only place that tells Privileged and Disabled."""
        try:
            return await self._get(f"user/{number}", User, {})
        except SourceNotFound:
            return None

    async def shows(self, number: int) -> bool:
        """Whether a user's page tells more than a summary: to those with the right AdminUsers, and to that user."""
        return "Created" in await self._get(f"user/{number}", dict[str, Any], {})

    async def colleagues_told(self) -> set[int] | None:
        """Numbers of the privileged users (agents, administrators) and of RT's own two; None where RT does not tell.

        Raises SourceRefused for a reader without the right AdminUsers.
        """
        try:
            return await self._members_of_privileged()
        except SourceRefused as error:
            if error.status == 401:
                raise
            raise SourceRefused(
                f"[{self.source}] RT does not show this reader who is a colleague and who a customer. "
                f"Use a token of a user with the right AdminUsers.",
                status=error.status,
            ) from None

    async def _members_of_privileged(self) -> set[int] | None:
        groups = await self._get(
            "groups",
            Page[NamedThing],
            {"query": '[{"field":"Domain","operator":"=","value":"SystemInternal"}]', "fields": "Name"},
        )
        number = next((group.id for group in groups.items if group.name == "Privileged"), None)
        if number is None:
            return None
        found = set(OF_RT)
        page = 1
        while members := (
            await self._get(f"group/{number}/members", Page[Who], {"per_page": A_PAGE, "page": page})
        ).items:
            found.update(int(member.id) for member in members)
            page += 1
        return found

    async def queues(self) -> dict[str, str]:
        """Names of all queues by id, disabled ones too."""
        answer = await self._get(
            "queues/all", Page[NamedThing], {"fields": "Name", "per_page": A_PAGE, "find_disabled_rows": 1}
        )
        return {str(queue.id): queue.name or str(queue.id) for queue in answer.items}

    async def custom_field(self, name: str) -> str | None:
        """Id of the tickets' custom field with this name."""
        query = msgspec.json.encode([{"field": "Name", "operator": "=", "value": name}]).decode()
        answer = await self._get("customfields", Page[NamedThing], {"query": query, "fields": "Name,LookupType"})
        return next((str(field.id) for field in answer.items if "RT::Ticket" in (field.lookup_type or "")), None)

    async def tickets(self, query: str, *, per_page: int = A_PAGE) -> Page[Ticket]:
        """Tickets by id that match the TicketSQL; never merged or deleted ones."""
        params = {**TICKET_FIELDS, "orderby": "id", "order": "ASC", "per_page": per_page}
        return await self._post("tickets", Page[Ticket], params, {"query": query})

    async def ticket(self, number: int) -> Ticket | None:
        """One ticket by number, deleted ones too; a merged one answers with the other's number."""
        try:
            found = await self._get(f"ticket/{number}", dict[str, Any], {})
        except SourceNotFound:
            return None
        wanted = int(found["id"])
        if found.get("Status") == "deleted":
            return Ticket(id=wanted, created=UNSET, status="deleted")
        page = await self.tickets(f"id = {wanted}")
        return page.items[0] if page.items else None

    async def changes(self, query: str, *, newest_first: bool = False, limit: int = A_PAGE) -> Page[Change]:
        """Transactions by id that match."""
        order = "DESC" if newest_first else "ASC"
        params = {**CHANGE_FIELDS, "orderby": "id", "order": order, "per_page": limit}
        return await self._post("transactions", Page[Change], params, {"query": query})

    async def all_changes(self, query: str) -> list[Change]:
        """All transactions that match, by id."""
        found: list[Change] = []
        while True:
            after = f" AND id > {found[-1].number}" if found else ""
            page = await self.changes(query + after)
            found.extend(page.items)
            if len(page.items) < A_PAGE:
                return found

    async def attachments(self, transactions: Sequence[int]) -> list[Attachment]:
        """Texts and files of these transactions, by id."""
        found: list[Attachment] = []
        for start in range(0, len(transactions), A_PAGE):
            some = transactions[start : start + A_PAGE]
            # Conditions on one field are joined by OR.
            query = [{"field": "TransactionId", "operator": "=", "value": number} for number in some]
            page_number = 1
            while True:
                params = {
                    "fields": "TransactionId,ContentType,Filename,Content,Headers",
                    "orderby": "id",
                    "order": "ASC",
                    "per_page": A_PAGE,
                    "page": page_number,
                }
                page = await self._client.json("POST", "attachments", Page[Attachment], params=params, json=query)
                found.extend(page.items)
                page_number += 1
                if len(page.items) < A_PAGE:
                    break
        return found

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _get(self, path: str, answer: type[T], params: dict[str, Any]) -> T:
        return await self._client.json("GET", path, answer, params=params)

    async def _post(self, path: str, answer: type[T], params: dict[str, Any], form: dict[str, str]) -> T:
        """A search by POST: the conditions of a hundred tickets are too long for an address."""
        try:
            return await self._client.json(
                "POST",
                path,
                answer,
                params=params,
                content=urlencode(form).encode(),
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            )
        except SourceError as error:
            if error.status == 400:
                raise SourceError(
                    f"{error} RT did not understand the search; is it 5.0 or newer?", status=400
                ) from None
            raise
