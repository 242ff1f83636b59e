"""Linking only the accounts that a change touches gives what linking all accounts gives."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from neo4j import GraphDatabase

from connectors.records import Account, Address, Record, Tombstone, decode
from graph.cypher import cypher
from graph.rules import Rules
from graph.store.digest import digest
from graph.store.driver import Store, open_store
from graph.store.migrate import migrate
from graph.store.settings import StoreSettings
from graph.sync.accounts import signs_of
from graph.sync.rebuild import rebuild
from graph.sync.removal import remove_source
from graph.sync.sync import SyncReport, sync
from tests.graph.sync.doubtful_company import die_in
from tests.sources import account, fixed_source, person

pytestmark = pytest.mark.anyio
RULES = Rules()
START = datetime(2026, 1, 1, tzinfo=UTC)
HOME = Address(street="12 High Street", city="Ashford", postal_code="AB1 2XY", country="GB")
SHOP = Address(street="3 Mill Lane", city="Ashford", postal_code="AB1 2XZ", country="GB")
ABROAD = Address(country="DE")

DESCRIBED = "MATCH (r:SourceRecord {kind: 'account'})-[:DESCRIBES]->(a:Account) RETURN r.key, a.id"
FORMER = "MATCH (f:FormerId)-[:NOW]->(a:Account) RETURN f.id, a.id"
HISTORY = "MATCH (i:Identity {of: 'account'}) RETURN i.id, i.records, i.ended IS NULL ORDER BY i.since, i.id"
SHOWN = "MATCH (r:SourceRecord {kind: 'account'}) RETURN r.key, r.linked_name, r.linked_domain, r.pending"
EMPLOYED = "MATCH (c:Customer)-[:WORKS_FOR]->(a:Account) RETURN c.given_name, a.name ORDER BY c.given_name"
DISTRUST = "MATCH (m:Meta {name: 'c360'}) SET m.account_signs = $version"

accounts = st.builds(
    lambda source, number, name, domain, address, into: account(
        f"{source}/companies/{number}", name, domain=domain, address=address, merged_into=into
    ),
    st.sampled_from(("crm", "helpdesk")),
    st.integers(0, 5),
    st.sampled_from(("Acme GmbH", "ACME", "Byron Ltd", "n/a")),
    st.sampled_from((None, None, "acme.com", "www.acme.de", "byron.test", "gmail.com")),
    st.sampled_from((None, None, HOME, SHOP, ABROAD)),
    st.sampled_from((None, None, None, "0", "1", "9")),
)
gone = st.builds(
    lambda number: Tombstone(source="crm", stream="companies", id=str(number), deleted_at=START), st.integers(0, 5)
)
pages = st.lists(st.one_of(accounts, accounts, accounts, gone), min_size=1, max_size=4)
steps = st.lists(pages, min_size=2, max_size=6)
PEOPLE = [
    person(f"{source}/people/{n}", f"P{n} {source}", email=f"{source}@x{n}.test", account_id=f"{source}/companies/{n}")
    for source in ("crm", "helpdesk")
    for n in range(6)
]


@pytest.fixture
async def other(tmp_path: Path) -> AsyncIterator[Store]:
    """A second graph, in which all accounts are linked each time."""
    async with open_store(StoreSettings(f"embedded:{tmp_path / 'other'}")) as opened:
        await migrate(opened)
        yield opened


class Names:
    """Ids are drawn by lot: each is named by the step in which it came, and the smallest record it then had."""

    def __init__(self) -> None:
        self._names: dict[str, tuple[int, str]] = {}

    async def look(self, store: Store, step: int) -> tuple[object, ...]:
        """Who is together under which name, who answers for whom, and the history of all ids."""
        described = await store.read(DESCRIBED)
        for key, id in sorted(described):
            if id not in self._names:
                self._names[id] = step, key
        names = self._names
        return (
            sorted((key, names[id]) for key, id in described),
            sorted((names[former], names[now]) for former, now in await store.read(FORMER)),
            sorted((names[id], records, is_current) for id, records, is_current in await store.read(HISTORY)),
        )


async def _assert_same_both_ways(store: Store, other: Store, story: Sequence[Sequence[Record]]) -> None:
    for each in (store, other):
        await _empty(each)
        await _sync(each, *PEOPLE, account("shop/companies/0", "Somebody Else"))
    names = Names(), Names()
    for number, records in enumerate(story):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("graph.sync.link.link_all_accounts", _refuse)
            await _sync(store, *records)
        await other.write(DISTRUST, version=None)
        await _sync(other, *records)

        assert await names[0].look(store, number) == await names[1].look(other, number)
        assert (await digest(store)).differences(await digest(other)) == ()
        await _assert_shown(store)
    made = await digest(store)
    await rebuild(store, RULES)
    assert (await digest(store)).differences(made) == ()


async def _refuse(*_: object) -> None:
    raise AssertionError("all accounts were read")


async def _assert_shown(store: Store) -> None:
    """Every account record shows what it would show if it were linked today."""
    bodies = {key: body for key, body, *_ in await store.read(cypher("writes/read_accounts"))}
    for key, name, domain, is_pending in await store.read(SHOWN):
        assert not is_pending
        assert (name, domain) == signs_of(_account(bodies[key]))


def _account(body: str) -> Account:
    record = decode(body)
    assert isinstance(record, Account)
    return record


@pytest.mark.long
@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(story=steps)
async def test_any_sequence_of_changes_equals_linking_all_accounts(
    story: list[list[Record]], embedded_store: Store, other: Store
) -> None:
    """Accounts come, change name, domain and address, are merged and go: same accounts, ids, history and employees."""
    await _assert_same_both_ways(embedded_store, other, story)


@pytest.mark.long
@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(story=steps)
async def test_so_it_is_on_neo4j(story: list[list[Record]], neo4j_settings: StoreSettings, other: Store) -> None:
    """A few of such sequences on the other store."""
    async with open_store(neo4j_settings) as store:
        await _assert_same_both_ways(store, other, story)


async def test_a_story_of_changes_equals_linking_all_accounts(store: Store, other: Store) -> None:
    """Those who stay are told apart, or joined, by one who leaves or comes; merges of a source are taken back."""
    await _assert_same_both_ways(
        store,
        other,
        [
            [account("crm/companies/0", "Acme", domain="acme.com"), account("crm/companies/1", "Acme")],
            [account("helpdesk/companies/2", "ACME", domain="engines.test")],
            [account("helpdesk/companies/2", "Engines", domain="engines.test")],
            [account("helpdesk/companies/3", "Byron", domain="byron.test", merged_into="4")],
            [account("helpdesk/companies/4", "Engines")],
            [account("helpdesk/companies/3", "Byron", domain="byron.test")],
            [account("crm/companies/0", "Acme", domain="byron.test"), account("crm/companies/5", "n/a", address=HOME)],
            [Tombstone(source="crm", stream="companies", id="1", deleted_at=START)],
            [account("helpdesk/companies/3", "Zed", merged_into="4")],
        ],
    )


async def test_only_the_accounts_that_a_change_touches_are_read(store: Store) -> None:
    """One of 300 accounts changes: it, and who shares a sign with it before or after, and nobody else."""
    many = [account(f"crm/companies/{n}", f"Company {n}", domain=f"x{n}.test") for n in range(300)]
    first = await _sync(store, *many)

    alone = await _sync(store, account("crm/companies/7", "Company 7", domain="x7.test", industry="steel"))
    moved = await _sync(store, account("crm/companies/7", "Company 8 Ltd", domain="x9.test"))
    back = await _sync(store, account("crm/companies/7", "Company 7", domain="x7.test"))

    read = [report.linked.account_records for report in (first, alone, moved, back)]
    assert read == [300, 1, 3, 3]


async def test_a_sign_that_very_many_show_costs_one_run_over_all(
    embedded_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than may be written in one transaction: all are linked, with the same result."""
    monkeypatch.setattr("graph.sync.link_accounts._AT_MOST", 4)
    crowd = [account(f"crm/companies/{n}", "Everyone", address=ABROAD) for n in range(6)]
    await _sync(embedded_store, account("crm/companies/8", "Acme"), account("crm/companies/9", "Byron"), *crowd)

    few = await _sync(embedded_store, account("crm/companies/8", "Byron"))
    many = await _sync(embedded_store, account("crm/companies/8", "Everyone", address=ABROAD))

    assert (few.linked.account_records, many.linked.account_records) == (2, 8)
    assert await _together(embedded_store) == [[*range(6), 8], [9]]


@pytest.mark.parametrize("version", [None, "another"], ids=["of before", "of another version"])
async def test_signs_that_are_not_of_this_version_are_made_anew(embedded_store: Store, version: str | None) -> None:
    """A graph that an older c360 wrote, or one that normalised otherwise, is read as a whole once."""
    await _sync(embedded_store, *[account(f"crm/companies/{n}", f"Company {n}") for n in range(5)])
    await embedded_store.write("MATCH (r:SourceRecord) SET r.linked_name = $name", name=version)
    await embedded_store.write(DISTRUST, version=version)

    whole = await _sync(embedded_store, account("crm/companies/7", "Company 3 Ltd"))
    await _assert_shown(embedded_store)
    few = await _sync(embedded_store, account("crm/companies/7", "Company 4 Ltd"))

    assert (whole.linked.account_records, few.linked.account_records) == (6, 3)
    assert await _together(embedded_store) == [[0], [1], [2], [3], [4, 7]]


async def test_after_a_rebuild_former_ids_answer_and_changes_are_linked_alone(embedded_store: Store) -> None:
    """A rebuild wipes what is derived and links all accounts; the next change is linked as before."""
    await _sync(embedded_store, account("crm/companies/1", "Acme"), account("crm/companies/2", "Byron"))
    await _sync(embedded_store, account("crm/companies/2", "Acme"))
    former = await embedded_store.read(FORMER)

    rebuilt, _ = await rebuild(embedded_store, RULES)
    after = await embedded_store.read(FORMER)
    await _sync(embedded_store, account("crm/companies/3", "Zed"))
    changed = await _sync(embedded_store, account("crm/companies/2", "Byron"))

    assert (rebuilt.account_records, changed.linked.account_records) == (2, 2)
    assert after == former != []
    assert await embedded_store.read(FORMER) == []  # what was merged is parted, and has its id again
    assert await _together(embedded_store) == [[1], [2], [3]]


async def test_employees_go_along_with_the_record_they_belong_to(store: Store) -> None:
    """An account that comes later, is merged, or is parted again has the people whose record it is."""
    ada = person("crm/people/1", "Ada Byron", email="ada@a.test", account_id="crm/companies/1")
    bob = person("crm/people/2", "Bob Stone", email="bob@b.test", account_id="crm/companies/2")
    await _sync(store, ada, bob, account("crm/companies/1", "Acme", domain="acme.test"))
    seen = [await store.read(EMPLOYED)]
    for name, domain in (("Acme Ltd", None), ("Stones", "stones.test"), ("Acme", "acme.test")):
        await _sync(store, account("crm/companies/2", name, domain=domain))
        seen.append(await store.read(EMPLOYED))

    assert [[company for _, company in rows] for rows in seen] == [
        ["Acme"],
        ["Acme", "Acme"],
        ["Acme", "Stones"],
        ["Acme", "Acme"],
    ]
    assert await store.read("MATCH (c:Customer) WHERE c.awaited_account IS NOT NULL RETURN c.id") == []


async def test_only_customers_whom_a_new_account_concerns_are_derived(embedded_store: Store) -> None:
    """Others who wait for an account that is not there wait on."""
    waiting = [
        person(f"crm/people/{n}", f"P{n} Void", email=f"p{n}@x.test", account_id=f"crm/companies/{n}", account_name="X")
        for n in range(20)
    ]
    await _sync(embedded_store, *waiting)

    report = await _sync(embedded_store, account("crm/companies/7", "Acme"))

    assert report.derived.customers == 1
    assert await embedded_store.read(EMPLOYED) == [["P7", "Acme"]]


async def test_employees_of_a_source_that_goes_wait_for_it(embedded_store: Store) -> None:
    """It comes back, and they work for its accounts again."""
    ada = person("crm/people/1", "Ada Byron", email="ada@a.test", account_id="erp/companies/1")
    acme = account("erp/companies/1", "Acme")
    await _sync(embedded_store, ada)
    await sync([fixed_source("erp", acme)], embedded_store, RULES)

    await remove_source(embedded_store, RULES, "erp")
    gone = await embedded_store.read(EMPLOYED)
    await sync([fixed_source("erp", acme)], embedded_store, RULES)

    assert (gone, await embedded_store.read(EMPLOYED)) == ([], [["Ada", "Acme"]])


def test_nothing_is_scanned_on_neo4j(neo4j_settings: StoreSettings) -> None:
    """What linking a changed account asks is found by indexes, also where there are few of everything."""
    auth = neo4j_settings.user, neo4j_settings.password.get_secret_value()
    asked = {
        "count_pending": {},
        "read_pending_accounts": {},
        "read_accounts_around": {"names": ["GB:a"], "domains": ["a.test"], "named": ["a"], "keys": ["b"], "most": 10},
        "identities_by_id": {"ids": ["1"]},
        "read_former_identities": {"ids": ["1"]},
        "read_ended_identities": {"ids": ["1"]},
        "find_accounts": {"keys": ["a"]},
        "mark_employees_stale": {"rows": [{"record": "a", "id": "1"}]},
        "mark_awaiting_stale": {"keys": ["a"]},
        "inherit_accounts": {"rows": [{"former": "1", "now": "2"}]},
        "describe_accounts": {"rows": [{"record": "a", "id": "1"}]},
    }
    with GraphDatabase.driver(neo4j_settings.uri, auth=auth) as driver, driver.session() as session:
        for name, parameters in asked.items():
            plan = session.run("EXPLAIN " + cypher(f"writes/{name}"), parameters).consume().plan  # type: ignore[arg-type]
            assert not [step for step in _steps(plan) if "Scan" in step], name


def _steps(plan: object) -> list[str]:
    assert isinstance(plan, dict)
    return [plan["operatorType"], *(step for child in plan.get("children", ()) for step in _steps(child))]


@pytest.mark.long
@pytest.mark.parametrize("place", ["link_accounts:settle_batch", "sync:derive_stale"])
async def test_changed_accounts_that_were_killed_are_finished(
    place: str, store_settings: StoreSettings, store: Store, other: Store
) -> None:
    """Killed −9 before they are written, or before they are derived: the next sync ends as in peace."""
    for each in (store, other):
        await begin(each)
    await change(other)

    await _killed(store_settings, f"graph.sync.{place}")
    await change(store)

    await _assert_as_in_peace(store, other)


@pytest.mark.long
@pytest.mark.parametrize(
    "place", ["settle:settle_batch", "link_accounts:restore_former_ids", "link_accounts:_show", "sync:derive_stale"]
)
async def test_linking_all_accounts_that_was_killed_is_finished(
    place: str, store_settings: StoreSettings, store: Store, other: Store
) -> None:
    """Killed −9 between its transactions: the next sync links all once more, and ends as in peace."""
    for each in (store, other):
        await begin(each)
        await each.write(DISTRUST, version=None)
    await change(other)

    await _killed(store_settings, f"graph.sync.{place}")
    await change(store)

    await _assert_as_in_peace(store, other)


async def begin(store: Store) -> None:
    """Accounts of which two will be joined, and two parted, with their people."""
    records = [account(f"crm/companies/{n}", f"Company {n}", domain=f"x{n}.test") for n in range(4)]
    await _sync(store, *PEOPLE, *records, account("crm/companies/4", "Company 3"))


async def change(store: Store) -> None:
    """Two are joined, two are parted, and one is new."""
    await _sync(
        store,
        account("crm/companies/0", "Company 1", domain="x1.test"),
        account("crm/companies/4", "Byron"),
        account("helpdesk/companies/5", "Company 2"),
    )


async def _killed(settings: StoreSettings, place: str) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.graph.sync.test_account_changes"])
    process = context.Process(target=die_in, args=(settings, place, change))
    process.start()
    await asyncio.to_thread(process.join)
    assert process.exitcode == -signal.SIGKILL, "it never came to that place"


async def _assert_as_in_peace(store: Store, other: Store) -> None:
    assert (await digest(store)).differences(await digest(other)) == ()
    await _assert_shown(store)
    assert await store.read("MATCH (m:Meta {name: 'c360'}) RETURN m.linking") == [[None]]


async def _sync(store: Store, *records: Record) -> SyncReport:
    return await sync([fixed_source("test", *records)], store, RULES, full=True)


async def _together(store: Store) -> list[list[int]]:
    """Numbers of the records of each account."""
    accounts: dict[str, list[int]] = {}
    for key, id in sorted(await store.read(DESCRIBED)):
        accounts.setdefault(id, []).append(int(key.rpartition("/")[2]))
    return sorted(accounts.values())


async def _empty(store: Store) -> None:
    while (await store.write("MATCH (n) WHERE NOT n:Meta WITH n LIMIT 5000 DETACH DELETE n")).nodes_deleted:
        pass
    await store.write("MATCH (m:Meta) SET m.store_id = null, m.link_state = null, m.account_signs = null")
