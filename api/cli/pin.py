"""`c360 pin`: fix a value of a customer's golden record, or let the sources decide again."""

from __future__ import annotations

import getpass
from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
import typer

from api.cli.called import called
from api.cli.examples import examples
from api.cli.invocation import Invocation, JsonOption, UsageProblem, of, opened, run
from api.cli.output import print_json
from graph.customer.called import customer_called
from graph.store.driver import Store
from graph.sync.asking import Ask, Refused
from graph.sync.pinning import Pinned
from graph.sync.pinning import pin as pin_value
from graph.sync.pinning import unpin as unpin_value

CustomerArgument = Annotated[str, typer.Argument(metavar="ID|EMAIL", help="The customer.")]
FieldArgument = Annotated[str, typer.Argument(metavar="FIELD", help="E.g. job_title, email, family_name.")]
ByOption = Annotated[str | None, typer.Option("--by", help="On whose word; your user name unless given.")]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="Why; it is kept with the pin.")]
KeyOption = Annotated[str | None, typer.Option("--key", help="The same call with the same key changes nothing anew.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only tell what would change.")]


def hang_on(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Fix values of golden records, whatever the sources say.")
    group.command("set", epilog=examples('c360 pin set mara.lindqvist@nordlicht.example job_title "Head of Sales"'))(
        pin
    )
    group.command("unset", epilog=examples("c360 pin unset mara.lindqvist@nordlicht.example job_title"))(unpin)
    app.add_typer(group, name="pin")


def pin(
    context: typer.Context,
    customer: CustomerArgument,
    field: FieldArgument,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="A day of birth as YYYY-MM-DD.")],
    by: ByOption = None,
    reason: ReasonOption = None,
    key: KeyOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Fix a value of a customer's golden record; an earlier pin of that field gives way."""
    invocation, ask = of(context), _ask(by, reason, key, dry_run)
    done = _done(invocation, customer, lambda store, id: pin_value(store, invocation.rules(), id, field, value, ask))
    _tell(invocation, done, ask, as_json, f"{field} {'would be' if dry_run else 'is'} pinned to {value}.")


def unpin(
    context: typer.Context,
    customer: CustomerArgument,
    field: FieldArgument,
    by: ByOption = None,
    reason: ReasonOption = None,
    key: KeyOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take a pinned value back: the sources decide again."""
    invocation, ask = of(context), _ask(by, reason, key, dry_run)
    done = _done(invocation, customer, lambda store, id: unpin_value(store, invocation.rules(), id, field, ask))
    _tell(invocation, done, ask, as_json, f"{field} {'would be' if dry_run else 'is'} decided by the sources again.")


def _ask(by: str | None, reason: str | None, key: str | None, dry_run: bool) -> Ask:
    return Ask(by=by or getpass.getuser(), reason=reason, idempotency_key=key, dry_run=dry_run)


def _done(invocation: Invocation, customer: str, change: Callable[[Store, str], Awaitable[Pinned]]) -> Pinned:
    async def story() -> Pinned:
        async with opened(invocation.store()) as store:
            id, _ = await customer_called(store, called(customer))
            return await change(store, id)

    try:
        return run(story())
    except Refused as refused:
        raise UsageProblem(str(refused)) from None


def _tell(invocation: Invocation, done: Pinned, ask: Ask, as_json: bool, sentence: str) -> None:
    if as_json:
        print_json(invocation.out, msgspec.to_builtins(done))
        return
    gives_way = [id for id in done.replaced if id not in done.pins]
    more = f" {len(gives_way)} earlier gave way." if gives_way and not ask.dry_run else ""
    invocation.out.print(f"{done.customer}: {sentence}{more}", markup=False)
