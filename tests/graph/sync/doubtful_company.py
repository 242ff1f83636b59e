"""A company whose silos leave some pairs in doubt, with a frozen model; and processes that die at a chosen place."""

from __future__ import annotations

import asyncio
import base64
import importlib
import os
import signal
import zlib
from collections.abc import Awaitable, Callable
from datetime import date
from functools import cache
from typing import Any

import msgspec

from connectors.records import Address, Email, Person, Phone
from graph.linkage.link import train
from graph.linkage.rules import MatchingRules
from graph.rules import Rules
from graph.store.driver import Store, open_store
from graph.store.settings import StoreSettings
from graph.sync.asking import Ask
from graph.sync.decisions import merge_customers
from graph.sync.land import LandingSource
from graph.sync.sync import sync
from tests.graph.linkage.people import silos
from tests.sources import fixed_source

RULES = Rules(matching=MatchingRules(match_bits=15.0))  # so much that some pairs are left in doubt
Step = Callable[[Store], Awaitable[object]]
_MODEL = "CREATE (:LinkageModel {version: $version, body: $body, records: 5000, in_force: true})"
_TWO = "MATCH (c:Customer) RETURN c.id ORDER BY c.first_record LIMIT 2"


def company(changed: int = 0) -> list[LandingSource]:
    """A CRM, a marketing tool and a helpdesk; some of the records with another telephone."""
    records = [_person(row) for row in silos(60, seed=5)[0].to_pylist()]
    for number in range(changed):
        said = f"+4930{9_182_000 + number}"
        records[number] = _with_phone(records[number], said)
    return [fixed_source("test", *records, page_size=500)]


async def begin(store: Store) -> None:
    """A model in force that stays."""
    model = _model()
    body = base64.b64encode(zlib.compress(model.to_bytes())).decode()
    await store.write(_MODEL, version=model.version, body=body)


async def load(store: Store) -> None:
    """Sync the company as it is."""
    await sync(company(), store, RULES, full=True)


async def load_changes(store: Store) -> None:
    """Sync it again after three records have changed."""
    await sync(company(changed=3), store, RULES, full=True)


async def merge_two(store: Store) -> None:
    """A person decides that the first two customers are one."""
    ids = [id for (id,) in await store.read(_TWO)]
    await merge_customers(store, RULES, ids, Ask(by="cleo", reason="they said so"))


def die_in(settings: StoreSettings, place: str, step: Step) -> None:
    """Do one step in this process, and kill −9 it where it comes to `place` (`module:name` or `module:Class.name`)."""
    module_name, _, path = place.partition(":")
    holder: Any = importlib.import_module(module_name)
    *classes, name = path.split(".")
    for each in classes:
        holder = getattr(holder, each)

    def die(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    getattr(holder, name)  # it is there
    setattr(holder, name, die)

    async def work() -> None:
        async with open_store(settings) as store:
            await step(store)

    asyncio.run(work())


@cache
def _model() -> Any:
    return train(silos(800, seed=1)[0])


def _person(row: dict[str, str | None]) -> Person:
    born, email, phone = row["birth_date"], row["email"], row["phone"]
    return Person(
        source=str(row["source"]),
        stream="people",
        id=str(row["record_id"]).partition(":")[2],
        given_name=row["first_name"],
        family_name=row["last_name"],
        full_name=row["full_name"],
        emails=(Email(value=email),) if email else (),
        phones=(Phone(value=phone),) if phone else (),
        account_name=row["company"],
        address=Address(street=row["street"], city=row["city"], postal_code=row["postcode"], country=row["country"]),
        birth_date=date.fromisoformat(born) if born else None,
    )


def _with_phone(person: Person, number: str) -> Person:
    return msgspec.structs.replace(person, phones=(Phone(value=number),))
