"""`c360 keys`: who may ask the API, and how far they may go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import msgspec
import typer

from api.cli.examples import examples
from api.cli.invocation import Invocation, JsonOption, UsageProblem, of, with_store
from api.cli.output import print_json, print_table
from api.limits import Limits, LimitsError
from graph.keys import ApiKey, ApiKeyError, Role, create_key, limit_key, list_keys, revoke_key


class RoleName(StrEnum):
    """The roles, as the command line writes them."""

    READER = "reader"
    ANALYST = "analyst"
    STEWARD = "steward"
    ADMIN = "admin"


def hang_on(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Keys of the API: who may ask, and how far they may go.")
    group.command(
        "create",
        epilog=examples(
            "c360 keys create dashboard --role reader --days 90",
            'c360 keys create partner --role reader --limits "rate=60 depth=8"',
        ),
    )(create)
    group.command("list", epilog=examples("c360 keys list", "c360 keys list --json"))(list_)
    group.command("revoke", epilog=examples("c360 keys revoke 5f2c9a1b7d3e4f60"))(revoke)
    group.command("limit", epilog=examples('c360 keys limit 5f2c9a1b7d3e4f60 "rate=600 points=1000"'))(limit)
    app.add_typer(group, name="keys")


def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who it is for; decisions made with it bear this name.")],
    role: Annotated[
        RoleName, typer.Option("--role", help="How far it goes; each role may do what those before it may.")
    ] = RoleName.READER,
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=36_500, help="It ends after so many days; never unless given.")
    ] = None,
    limits: Annotated[
        str | None,
        typer.Option("--limits", help="Its own limits instead of those of everybody, such as `rate=600 points=1000`."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and show it, this once. From the first key on nobody asks the API without one, or a token."""
    invocation = of(context)
    ends = None if days is None else datetime.now(UTC) + timedelta(days=days)
    asked = Role[role.name]
    own = None if limits is None else _checked(limits)
    try:
        key, text = with_store(
            invocation.store(), lambda store: create_key(store, name, asked, expires_at=ends, limits=own)
        )
    except ApiKeyError as error:
        raise UsageProblem(str(error)) from None
    if as_json:
        print_json(invocation.out, {**msgspec.to_builtins(key), "key": text})
        return
    invocation.out.print(text, markup=False)
    until = "until it is revoked" if key.expires_at is None else f"until {key.expires_at:%Y-%m-%d %H:%M} UTC"
    invocation.say(f"{key.name} may ask as {key.role}, {until}. This is shown once only: keep it now. Its id: {key.id}")


def list_(context: typer.Context, as_json: JsonOption = False) -> None:
    """Show all keys with their state; never the keys themselves."""
    invocation = of(context)
    keys = with_store(invocation.store(), list_keys)
    now = datetime.now(UTC)
    if as_json:
        print_json(invocation.out, [{**msgspec.to_builtins(key), "state": _state(key, now)} for key in keys])
        return
    rows = [
        (key.id, key.name, key.role, _state(key, now), key.created_at, key.expires_at, key.last_used_at, key.limits)
        for key in keys
    ]
    print_table(invocation.out, ("id", "name", "role", "state", "created", "expires", "last used", "limits"), rows)


def revoke(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `c360 keys list` shows it.")],
    as_json: JsonOption = False,
) -> None:
    """Take a key back: within ten seconds it lets nobody in any more."""
    invocation = of(context)
    try:
        key = with_store(invocation.store(), lambda store: revoke_key(store, id))
    except ApiKeyError as error:
        raise UsageProblem(str(error)) from None
    _tell_revoked(invocation, key, as_json)


def limit(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `c360 keys list` shows it.")],
    limits: Annotated[
        str, typer.Argument(metavar="LIMITS", help='Such as "rate=600 points=1000"; "" for those of everybody.')
    ],
    as_json: JsonOption = False,
) -> None:
    """Give a key other limits; they hold within ten seconds."""
    invocation = of(context)
    own = _checked(limits)
    try:
        key = with_store(invocation.store(), lambda store: limit_key(store, id, own))
    except ApiKeyError as error:
        raise UsageProblem(str(error)) from None
    if as_json:
        print_json(invocation.out, msgspec.to_builtins(key))
        return
    invocation.out.print(f"{key.name} ({key.id}) has {key.limits or 'the limits of everybody'}.", markup=False)


def _checked(limits: str) -> str | None:
    """Limits as they are kept; None for those of everybody. Raises UsageProblem."""
    try:
        Limits().changed(limits)
    except LimitsError as error:
        raise UsageProblem(str(error)) from None
    return " ".join(limits.replace(",", " ").split()) or None


def _tell_revoked(invocation: Invocation, key: ApiKey, as_json: bool) -> None:
    if as_json:
        print_json(invocation.out, msgspec.to_builtins(key))
        return
    invocation.out.print(f"{key.name} ({key.id}, {key.role}) may ask no more.", markup=False)


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "in force" if key.holds(now) else "expired"
