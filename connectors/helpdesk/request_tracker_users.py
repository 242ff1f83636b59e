"""Request Tracker's users as persons: one for each e-mail address, colleagues left out.

RT ignores conditions on a user's dates and id and gives everybody, so what changed comes from the transactions of
users; only a single user's page tells whether it is disabled or a colleague.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from connectors.helpdesk.request_tracker_api import A_PAGE, UNSET, USERS, RequestTracker, User, is_yes
from connectors.helpdesk.request_tracker_colleagues import asked
from connectors.hookspecs import Page, State
from connectors.records import Address, Email, Person, Phone, said, utc


class UserState(msgspec.Struct, omit_defaults=True):
    """`transaction` is the newest transaction of a user that was seen; `page` the next page of a first load."""

    transaction: int = 0
    page: int | None = None
    next: int | None = None


async def read_users(
    rt: RequestTracker, colleagues: frozenset[int], state: State | None, *, overlap: int
) -> AsyncIterator[Page[User]]:
    """The pages of the stream: all users at first, then the disabled ones; afterwards the changed ones."""
    seen = msgspec.convert(state or {}, UserState)
    if state is None:
        newest = await rt.changes(USERS, newest_first=True, limit=1)
        seen.transaction = newest.items[0].number if newest.items else 0
        seen.page = 1
    if seen.page is not None:
        async for page in _all_users(rt, colleagues, seen):
            yield page
    else:
        async for page in _changed_users(rt, colleagues, seen, overlap):
            yield page
    yield Page([], _state(seen))


async def _all_users(rt: RequestTracker, colleagues: frozenset[int], seen: UserState) -> AsyncIterator[Page[User]]:
    # Users are never removed, so counting pages by id skips nobody.
    while seen.page is not None:
        found = await rt.users_page(seen.page)
        if not found.items:
            break
        seen.page += 1
        customers = [user for user in found.items if user.id not in colleagues]
        yield Page(customers, _state(seen), total=found.total)
    disabled = await rt.all_changes(f"{USERS} AND Type = 'Disabled'")
    seen.page = None
    yield Page(await _customers(rt, {change.of for change in disabled} - colleagues), _state(seen))


async def _changed_users(
    rt: RequestTracker, colleagues: frozenset[int], seen: UserState, overlap: int
) -> AsyncIterator[Page[User]]:
    after = seen.next if seen.next is not None else max(0, seen.transaction - overlap)
    while changes := (await rt.changes(f"{USERS} AND id > {after}", limit=A_PAGE)).items:
        after = changes[-1].number
        seen.next = after
        seen.transaction = max(seen.transaction, after)
        yield Page(await _customers(rt, {change.of for change in changes} - colleagues), _state(seen))
    seen.next = None


async def _customers(rt: RequestTracker, numbers: Iterable[int]) -> list[User]:
    """Users by number, without colleagues."""
    return [user for user in await asked(rt, numbers) if not is_yes(user.privileged)]


def map_user(source: str, stream: str, user: User) -> Iterator[Person]:
    """The person of a user; one that was disabled (RT's way to delete) has `deleted_at`."""
    phones = (user.mobile_phone, user.work_phone, user.home_phone)
    country = said(user.country)
    yield Person(
        source=source,
        stream=stream,
        id=str(user.id),
        emails=tuple(Email(value=value, primary=True) for value in (said(user.email_address),) if value),
        phones=tuple(Phone(value=value) for value in dict.fromkeys(map(said, phones)) if value),
        full_name=_full_name(user),
        account_name=said(user.organization),
        address=_address(user, country),
        locale=said(user.lang),
        created_at=_moment(user.created),
        updated_at=_moment(user.last_updated),
        deleted_at=_moment(user.last_updated) if is_yes(user.disabled) else None,
    )


def _full_name(user: User) -> str | None:
    """The real name; RT puts the address there when a mail has no name, which is no name."""
    name = said(user.real_name)
    return None if name is None or "@" in name else name


def _address(user: User, country: str | None) -> Address | None:
    parts = (said(user.address1), said(user.city), said(user.state), said(user.zip), country)
    if not any(parts):
        return None
    street, city, region, postal_code, _ = parts
    return Address(street=street, city=city, region=region, postal_code=postal_code, country=country)


def _moment(text: str | None) -> datetime | None:
    """A moment of RT; blank and 1970 are "not set"."""
    if not text:
        return None
    moment = utc(datetime.fromisoformat(text))
    return None if moment == UNSET else moment


def _state(seen: UserState) -> State:
    built: dict[str, Any] = msgspec.to_builtins(seen)
    return built
