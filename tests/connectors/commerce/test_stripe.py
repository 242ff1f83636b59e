"""The Stripe connector: what each object becomes, and what figures then say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from connectors.commerce.stripe import CUSTOMERS, PLANS, StripeConfig, StripeConnector
from connectors.commerce.stripe_api import money
from connectors.hookspecs import State
from connectors.http import Patience
from connectors.records import Identifiers, Interaction, Person, Record, Tombstone
from graph.figures.recurring_revenue import gross_revenue_retention, net_revenue_retention
from graph.figures.scope import Scope
from graph.journeys.period import Period
from graph.journeys.read import read_journeys
from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.land import LandingSource
from graph.sync.sync import sync
from tests.connectors.commerce.fake_stripe import DAY, KEY, NOW, FakeStripe, items, lines
from tests.journeys import ms

pytestmark = pytest.mark.anyio

PATIENCE = Patience(attempts=2, first_wait=0.001, jitter=0.001, longest_wait=0.01)
AT = datetime.fromtimestamp(NOW, UTC)


@pytest.fixture
def stripe() -> FakeStripe:
    """An account with one customer, Mara."""
    fake = FakeStripe()
    fake.customer(1, created=NOW - 400 * DAY, name="Mara Lindqvist", email="mara@lindqvist.example")
    return fake


def connector(stripe: FakeStripe, **config: Any) -> StripeConnector:
    """The connector on the fake's wire."""
    settings = StripeConfig(**{"api_key": SecretStr(KEY), **config})
    return StripeConnector("billing", settings, transport=stripe.transport, patience=PATIENCE)


async def read(stripe: FakeStripe, name: str, state: State | None = None, **config: Any) -> tuple[list[Record], State]:
    """The records of a stream, the last word counting, and the state after them."""
    reader, records = connector(stripe, **config), dict[tuple[str, str], Record]()
    async for page in reader.read(PLANS[name][0], state):
        assert not page.problems
        for raw in page.raws:
            records |= {(type(one).__name__, one.id): one for one in reader.map(PLANS[name][0], raw)}
        state = page.state
    assert state is not None
    return list(records.values()), state


async def told(stripe: FakeStripe, name: str) -> list[tuple[str, int, float | None]]:
    """(kind, days ago, what it is worth) of a stream's interactions, in time."""
    records, _ = await read(stripe, name)
    found = [one for one in records if isinstance(one, Interaction)]
    worth = [one.amount if one.recurring_amount is None else one.recurring_amount for one in found]
    days = [(datetime.fromtimestamp(stripe.clock, UTC) - one.occurred_at).days for one in found]
    return sorted(zip((one.kind for one in found), days, worth, strict=True), key=lambda row: -row[1])


async def test_a_customer_is_a_person(stripe: FakeStripe) -> None:
    """With address, language, metadata, and the ids that the metadata hold."""
    stripe.customer(
        2,
        phone="+46 70 174 06 05",
        address={"line1": "Storgatan 1", "line2": "", "city": "Malmö", "postal_code": "21142", "country": "SE"},
        preferred_locales=["sv-SE"],
        metadata={"shop_id": "77", "tier": "gold"},
        delinquent=True,
    )

    records, _ = await read(stripe, "customers", external_ids={"shop": "shop_id"})

    (person,) = [one for one in records if isinstance(one, Person) and one.id == "cus_00002"]
    assert person.address is not None
    assert (person.address.street, person.address.city, person.address.country) == ("Storgatan 1", "Malmö", "SE")
    assert [(one.value, one.country) for one in person.phones] == [("+46 70 174 06 05", "SE")]
    assert person.external_ids == {"shop": "77"}
    assert person.extra == {"shop_id": "77", "tier": "gold", "delinquent": True}
    assert (person.locale, person.created_at) == ("sv-SE", AT)


async def test_a_deleted_customer_is_a_tombstone(stripe: FakeStripe) -> None:
    """The event of the deletion tells, also when the customer changed shortly before."""
    _, state = await read(stripe, "customers")
    stripe.clock += 3600
    row = stripe.rows["customers"].pop("cus_00001")
    stripe.event("customer.updated", {**row, "name": "M."})
    stripe.event("customer.deleted", row)

    records, _ = await read(stripe, "customers", state)

    gone = Tombstone(source="billing", stream="customers", id="cus_00001", deleted_at=AT + timedelta(hours=1))
    assert records == [gone]


async def test_the_last_of_several_changes_counts(stripe: FakeStripe) -> None:
    """Events come newest first; read upwards, over pages, an old name never follows a new one."""
    stripe.a_page = 2
    _, state = await read(stripe, "customers")
    for number in range(9):
        stripe.clock += 1
        stripe.put("customers", stripe.rows["customers"]["cus_00001"] | {"name": f"Mara {number}"}, "customer.updated")

    records, _ = await read(stripe, "customers", state)

    assert [one.full_name for one in records if isinstance(one, Person)] == ["Mara 8"]


async def test_events_that_are_no_longer_kept_are_made_up_for_by_a_full_reading(stripe: FakeStripe) -> None:
    """A source that was not read for forty days is loaded again; one that is quiet is not."""
    for number in range(2, 6):
        stripe.customer(number)
    _, state = await read(stripe, "customers")
    stripe.clock += 20 * DAY
    quiet, state = await read(stripe, "customers", state)
    stripe.clock += 20 * DAY
    still, state = await read(stripe, "customers", state)
    stripe.clock += 40 * DAY
    late, _ = await read(stripe, "customers", state)

    assert (quiet, still, len(late)) == ([], [], 5)


async def test_a_reading_may_begin_at_a_moment(stripe: FakeStripe) -> None:
    """What happened since then; of a moment whose events are no longer kept everything is read."""
    stripe.customer(2, event=True)
    stripe.clock += 10 * DAY
    stripe.customer(3, event=True)
    reader = connector(stripe)

    late, _ = await read(stripe, "customers", reader.state_at(CUSTOMERS, AT + timedelta(days=9)))
    early, _ = await read(stripe, "customers", reader.state_at(CUSTOMERS, AT - timedelta(days=90)))

    assert ([one.id for one in late], len(early)) == (["cus_00003"], 3)


async def test_the_page_after_a_deleted_customer_is_found(stripe: FakeStripe) -> None:
    """Stripe knows no page after an object that is gone; its moment leads to the same place."""
    stripe.a_page = 2
    for number in range(2, 9):
        stripe.customer(number)
    reader, ids = connector(stripe), set[str]()
    async for page in reader.read(CUSTOMERS, None):
        ids |= {raw.id for raw in page.raws}
        if len(ids) == 4:
            stripe.rows["customers"].pop("cus_00005", None)

    assert ids == {f"cus_{number:05}" for number in range(1, 9)}


TEN = (
    "Ada Byron", "Tomás Okafor", "Ingrid Weber", "Li Na", "Bruno Castellani", "Yusuf Demir", "Maeve Gallagher",
    "Piotr Zielinski", "Hana Kobayashi", "Rosa Delgado",
)  # fmt: skip


def address_of(name: str) -> str:
    """An e-mail address that only one of TEN has."""
    given, _, family = name.partition(" ")
    return f"{family.lower()}@{given.encode('ascii', 'ignore').decode().lower()}.example"


def month(amount: int) -> dict[str, Any]:
    """What changed when the items did."""
    return {"items": items(amount)}


async def test_a_subscription_tells_its_story(stripe: FakeStripe) -> None:
    """Begun, upgraded, paused, resumed, downgraded, cancelled with the customer's words: each with what it is worth."""
    stripe.clock = NOW - 20 * DAY
    row = stripe.subscription(1, "cus_00001", event=True)
    for before, now in (
        (month(5000), month(8000)),
        ({"pause_collection": None}, {"pause_collection": {"behavior": "void"}}),
        ({"pause_collection": {"behavior": "void"}}, {"pause_collection": None}),
        (month(8000), month(3000)),
        ({"latest_invoice": "in_1"}, {"latest_invoice": "in_2"}),
    ):
        stripe.clock += DAY
        row = stripe.put("subscriptions", {**row, **now}, "customer.subscription.updated", before)
    stripe.clock += DAY
    why = {"reason": "cancellation_requested", "feedback": "too_expensive", "comment": "Not this year."}
    ended = {"status": "canceled", "ended_at": stripe.clock, "canceled_at": stripe.clock, "cancellation_details": why}
    stripe.put("subscriptions", {**row, **ended}, "customer.subscription.deleted")

    records, _ = await read(stripe, "subscriptions")

    found = sorted((one for one in records if isinstance(one, Interaction)), key=lambda one: one.occurred_at)
    assert [(one.kind, one.recurring_amount, one.reason) for one in found] == [
        ("subscription.started", 50.0, None),
        ("subscription.changed", 80.0, "upgrade"),
        ("subscription.paused", 80.0, None),
        ("subscription.changed", 80.0, "resumed"),
        ("subscription.changed", 30.0, "downgrade"),
        ("subscription.cancelled", None, "too_expensive"),
    ]
    assert {(one.person, one.subscription) for one in found} == {("billing/customers/cus_00001", "billing/sub_00001")}
    assert (found[0].currency, found[0].billing_period, found[0].subject) == ("EUR", "month", "Team")
    assert found[-1].text == "Not this year."


async def test_what_an_old_subscription_was_worth_is_in_its_invoices(stripe: FakeStripe) -> None:
    """Its first one corrects what it began with, renewals tell what it was worth then; prorations, and
    invoices with more lines than are shown, tell nothing."""
    begun = NOW - 300 * DAY
    stripe.subscription(1, "cus_00001", start_date=begun, items=items(9000))
    for number, (days, reason, amount, proration) in enumerate(
        [
            (300, "subscription_create", 5000, False),
            (270, "subscription_cycle", 5000, False),
            (250, "subscription_update", 2000, True),
            (240, "subscription_cycle", 9000, False),
            (210, "subscription_cycle", 100, False),
        ]
    ):
        at = NOW - days * DAY
        stripe.invoice(
            number,
            "cus_00001",
            created=at,
            subscription="sub_00001",
            billing_reason=reason,
            lines=lines(amount, proration=proration) | {"has_more": amount == 100},
            status_transitions={"paid_at": at, "finalized_at": at},
        )

    assert await told(stripe, "subscriptions") == [
        ("subscription.started", 300, 50.0),
        ("subscription.renewed", 270, 50.0),
        ("subscription.renewed", 240, 90.0),
        ("subscription.renewed", 210, None),
    ]


def trial(days_ago: int, **more: Any) -> dict[str, Any]:
    """A subscription that began with two weeks of trial."""
    begun = NOW - days_ago * DAY
    return {"start_date": begun, "trial_start": begun, "trial_end": begun + 14 * DAY, **more}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (trial(5, status="trialing"), [("trial.started", 5, None)]),
        (trial(30), [("trial.started", 30, None), ("subscription.started", 16, 50.0)]),
        (trial(30, status="canceled", ended_at=NOW - 20 * DAY), [("trial.started", 30, None)]),
        ({"status": "incomplete_expired"}, []),
        ({"status": "incomplete"}, []),
        ({"status": "past_due"}, [("subscription.started", 0, 50.0)]),
        ({"items": items(500, quantity=20)}, [("subscription.started", 0, 100.0)]),
        ({"items": items(None)}, [("subscription.started", 0, None)]),
        ({"items": items(None, unit_amount_decimal="0.5", recurring={"interval": "day"}), "status": "active"},
         [("subscription.started", 0, 0.005)]),
        ({"items": items(100, recurring={"interval": "month", "usage_type": "metered"})},
         [("subscription.started", 0, None)]),
        ({"currency": "jpy", "items": items(5000, currency="jpy")}, [("subscription.started", 0, 5000.0)]),
    ],
)  # fmt: skip
async def test_what_a_subscription_is_now(
    stripe: FakeStripe, fields: dict[str, Any], expected: list[tuple[str, int, float | None]]
) -> None:
    """Trials are none yet, unpaid ones never began; what is used by the piece has no recurring amount."""
    stripe.subscription(1, "cus_00001", **fields)

    assert await told(stripe, "subscriptions") == expected


@pytest.mark.parametrize(
    ("interval", "count", "period", "amount"),
    [
        ("month", 3, "quarter", 50.0),
        ("month", 6, "half_year", 50.0),
        ("year", 1, "year", 50.0),
        ("month", 4, "month", 12.5),
    ],
)
async def test_periods(stripe: FakeStripe, interval: str, count: int, period: str, amount: float) -> None:
    """Those that have a name keep it; others are told for a month."""
    stripe.subscription(1, "cus_00001", items=items(5000, interval=interval, count=count))

    records, _ = await read(stripe, "subscriptions")

    assert [(one.billing_period, one.recurring_amount) for one in records if isinstance(one, Interaction)] == [
        (period, amount)
    ]


async def test_money_comes_and_goes(stripe: FakeStripe) -> None:
    """Invoices are invoices, payments without one are orders, and each refund is of what it gives back."""
    stripe.invoice(1, "cus_00001", subscription="sub_00001", billing_reason="subscription_cycle")
    stripe.invoice(2, "cus_00001", status="open", amount_paid=0)
    stripe.charge(1, "cus_00001", invoice="in_00001", amount=5000)
    stripe.charge(2, "cus_00001")
    stripe.charge(3, None, billing_details={"email": "guest@post.example", "name": "Guest", "phone": None})
    stripe.charge(4, "cus_00001", status="failed", paid=False, failure_code="card_declined", invoice="in_00001")
    stripe.charge(5, "cus_00001", captured=False)
    stripe.charge(6, None)
    stripe.refund(1, "ch_00001")
    stripe.refund(2, "ch_00002")
    stripe.refund(3, "ch_00002", status="failed")

    invoices, charges, refunds = [(await read(stripe, name))[0] for name in ("invoices", "charges", "refunds")]

    assert [(one.kind, one.id, one.amount, one.subscription) for one in invoices if isinstance(one, Interaction)] == [
        ("invoice.paid", "in_00001:paid", 50.0, "billing/sub_00001")
    ]
    assert sorted((one.kind, one.id, one.reason or "") for one in charges if isinstance(one, Interaction)) == [
        ("order.placed", "ch_00002:placed", ""),
        ("order.placed", "ch_00003:placed", ""),
        ("payment.failed", "ch_00004:failed", "card_declined"),
    ]
    guest = Identifiers(email="guest@post.example", full_name="Guest")
    assert [one.person for one in charges if isinstance(one, Interaction) and one.id == "ch_00003:placed"] == [guest]
    assert sorted((one.kind, one.id, one.amount) for one in refunds if isinstance(one, Interaction)) == [
        ("invoice.refunded", "re_00001:refunded", 5.0),
        ("order.refunded", "ch_00002:refunded:re_00002", 5.0),
    ]
    assert [one.id for one in refunds if isinstance(one, Tombstone)] == ["ch_00002:refunded:re_00003"]


@pytest.mark.parametrize(
    ("change", "stream", "expected"),
    [
        (lambda fake: fake.charge(9, "cus_00001", event=True), "charges", ["ch_00009:placed"]),
        (lambda fake: fake.refund(9, "ch_00001", event=True), "refunds", ["ch_00001:refunded:re_00009"]),
        (lambda fake: (fake.refund(9, "ch_00001"), fake.event("charge.refunded", fake.rows["charges"]["ch_00001"])),
         "refunds", ["ch_00001:refunded:re_00009"]),
        (lambda fake: fake.invoice(9, "cus_00001", event=True), "invoices", ["in_00009:paid"]),
        (lambda fake: (fake.charge(9, "cus_00001", event=True), fake.rows["charges"].pop("ch_00009")), "charges", []),
    ],
)  # fmt: skip
async def test_what_happens_later_is_told_by_events(
    stripe: FakeStripe, change: Callable[[FakeStripe], Any], stream: str, expected: list[str]
) -> None:
    """A payment, a refund by either of its events, an invoice; what is gone since is left out."""
    stripe.charge(1, "cus_00001")
    _, state = await read(stripe, stream)
    stripe.clock += 3600
    change(stripe)

    records, _ = await read(stripe, stream, state)

    assert [one.id for one in records] == expected


async def test_a_subscription_of_many_items_is_worth_all_of_them(stripe: FakeStripe) -> None:
    """A list and an event show the first ones: the rest is asked for."""
    first = items(5000) | {"has_more": True}
    every = [*first["data"], *items(700)["data"]]
    row = stripe.subscription(1, "cus_00001", start_date=NOW - DAY, items=first, every_item=every)
    stripe.put("subscriptions", row, "customer.subscription.updated", month(1000))

    assert await told(stripe, "subscriptions") == [
        ("subscription.started", 1, 57.0),
        ("subscription.changed", 0, 57.0),
    ]


async def test_an_event_of_a_newer_version_is_understood(stripe: FakeStripe) -> None:
    """Since 2025 an invoice names its subscription in `parent`, and its lines have no price."""
    _, state = await read(stripe, "subscriptions")
    stripe.clock += 3600
    details = {"type": "subscription_details", "subscription_details": {"subscription": "sub_00001"}}
    line = {"id": "il_1", "amount": 5000, "pricing": {"price_details": {"price": "price_1"}}}
    stripe.invoice(
        1, "cus_00001", event=True, subscription=None, parent=details, billing_reason="subscription_cycle",
        lines={"data": [line]},
    )  # fmt: skip

    records, _ = await read(stripe, "subscriptions", state)

    assert [(one.kind, one.subscription) for one in records if isinstance(one, Interaction)] == [
        ("subscription.renewed", "billing/sub_00001")
    ]


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [(1999, "eur", 19.99), (500, "jpy", 500.0), (1234, "kwd", 1.234), (500, "isk", 5.0), (500, "ugx", 5.0)],
)
def test_amounts_are_in_the_currency_itself(amount: int, currency: str, expected: float) -> None:
    """Stripe counts the smallest unit, which is the currency itself for some, and a thousandth for others."""
    assert money(amount, currency) == expected


def test_a_key_that_may_read_nothing_is_refused() -> None:
    """Before anything is asked, and without showing it."""
    with pytest.raises(ValidationError, match="give a restricted key"):
        StripeConfig(api_key=SecretStr("pk_live_public"))


async def test_a_check_names_what_the_key_may_not_read(stripe: FakeStripe) -> None:
    """And asks nothing of streams that are not chosen."""
    stripe.forbidden = {"refunds", "events"}

    whole = await connector(stripe).check()
    chosen = await connector(stripe, streams=["customers"]).check()
    stripe.forbidden = set()

    assert not whole.ok
    assert "does not let this key read Events, Charges and Refunds." in whole.message
    assert "read Events." in chosen.message
    assert (await connector(stripe).check()).ok


async def test_several_customers_of_one_person_are_one(stripe: FakeStripe, embedded_store: Store) -> None:
    """Stripe makes a customer at each checkout: names and addresses join them, and their ids do not part them."""
    for number, name in enumerate(TEN[:5], 2):
        stripe.customer(number, name=name, email=address_of(name))
    stripe.customer(20, name="Mara Lindqvist", email="mara@lindqvist.example")

    await sync([LandingSource(connector(stripe), kind="stripe", trust=0.5)], embedded_store, Rules())
    journeys = await read_journeys(embedded_store, Rules(), 0)

    assert len(journeys.view().members) == 6


async def test_retention_of_revenue_follows_from_stripe_alone(stripe: FakeStripe, embedded_store: Store) -> None:
    """Ten customers pay 50 a month; in May one leaves, one is upgraded to 80: GRR 90 %, NRR 96 %."""
    for number, name in enumerate(TEN, 11):
        stripe.customer(number, created=NOW - 200 * DAY, name=name, email=address_of(name))
        stripe.subscription(number, f"cus_{number:05}", start_date=NOW - 100 * DAY)
    leaving = stripe.rows["subscriptions"]["sub_00011"]
    stripe.clock = NOW - 20 * DAY
    stripe.put(
        "subscriptions", {**leaving, "status": "canceled", "ended_at": stripe.clock}, "customer.subscription.deleted"
    )
    growing = stripe.rows["subscriptions"]["sub_00012"]
    stripe.put("subscriptions", {**growing, **month(8000)}, "customer.subscription.updated", month(5000))
    stripe.invoice(
        1, "cus_00012", created=NOW - 100 * DAY, subscription="sub_00012", billing_reason="subscription_create",
        lines=lines(5000),
    )  # fmt: skip
    stripe.clock = NOW

    report = await sync([LandingSource(connector(stripe), kind="stripe", trust=0.5)], embedded_store, Rules())
    journeys = await read_journeys(embedded_store, Rules(), 0)
    scope = Scope(journeys.view(as_of=ms("2026-06-01")), Period(date(2026, 5, 1), date(2026, 6, 1)), ms("2026-06-01"))

    assert [(one.error, one.rejected) for one in report.landed] == [(None, 0)]
    assert gross_revenue_retention.figure(scope).value == pytest.approx(90.0)
    assert net_revenue_retention.figure(scope).value == pytest.approx(96.0)
