"""A small company that was really synced, served by `c360 serve` as a process of its own."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from graph.rules import Rules
from graph.store.driver import Store
from graph.store.settings import StoreSettings
from graph.sync.sync import sync
from tests.served import Served, serving
from tests.sources import account, event, fixed_source, person

PEOPLE = 40


async def write_company(store: Store) -> None:
    """Forty people in two sources, every other one in both, with journeys, orders, tickets and a company."""
    crm = [account("crm/companies/1", "Analytical Ltd", domain="analytical.test")]
    desk = []
    for n in range(PEOPLE):
        email = "ada@byron.test" if n == 0 else f"person{n}@x{n}.test"
        name = "Ada Byron" if n == 0 else f"Given{n} Family{n}"
        crm.append(person(f"crm/contacts/{n}", name, email=email, phone=f"+4930{n:07}"))  # type: ignore[arg-type]
        if n % 2 == 0:
            desk.append(person(f"help/users/{n}", name, email=email))
        month = f"2026-01-{n % 27 + 1:02}"
        crm.append(event(f"crm/orders/{n}", "order.placed", month, f"crm/contacts/{n}"))  # type: ignore[arg-type]
        crm.append(event(f"crm/forms/{n}", "form.submitted", "2026-01-01", f"crm/contacts/{n}"))  # type: ignore[arg-type]
        if n % 2 == 0:
            desk.append(event(f"help/tickets/{n}", "ticket.created", "2026-02-01", f"help/users/{n}"))  # type: ignore[arg-type]
    await sync([fixed_source("crm", *crm), fixed_source("help", *desk)], store, Rules())


def served_store(settings: StoreSettings, folder: Path) -> AbstractContextManager[Served]:
    """`c360 serve` over a store; it is ended afterwards."""
    environment = {
        "C360_STORE": settings.uri,
        "C360_STORE_USER": settings.user,
        "C360_STORE_PASSWORD": settings.password.get_secret_value(),
    }
    return serving(folder, folder / "served.log", environment)
