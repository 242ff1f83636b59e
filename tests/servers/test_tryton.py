"""The traps of a real Tryton, each shown to the connectors."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from connectors.crm import tryton_changes
from connectors.crm.tryton import TrytonConnector
from connectors.crm.tryton_rpc import Tryton, TrytonConfig
from connectors.errors import SourceNotFound
from connectors.marketing.tryton_marketing import TrytonMarketingConnector
from connectors.records import Interaction, Person, Tombstone
from tests.servers.conftest import Filled
from tests.servers.fill_tryton import TrytonWriter, read_mails, send_mails
from tests.servers.ledger import Ledger, interactions, kinds
from tests.servers.tryton_server import TrytonServer, start_tryton, stop_tryton

pytestmark = [pytest.mark.servers, pytest.mark.anyio]


def new_party(writer: TrytonWriter, name: str, email: str | None = None) -> int:
    """A party of a test's own."""
    mechanisms = [["create", [{"type": "email", "value": email}]]] if email else []
    return writer.create("party.party", [{"name": name, "contact_mechanisms": mechanisms}])[0]


def new_opportunity(writer: TrytonWriter, party: int | None) -> int:
    """An opportunity of a test's own, in state lead."""
    values = {"party": party, "description": "Trap", "company": 1, "currency": 1, "employee": 1}
    return writer.create("sale.opportunity", [values])[0]


async def test_what_was_never_written_is_found(crm: TrytonConnector, tryton_writer: TrytonWriter) -> None:
    """A new opportunity has no write_date until its first change, and comes with the next read all the same."""
    ledger = Ledger(crm)
    await ledger.sync()
    party = new_party(tryton_writer, "Trap Unwritten")
    number = new_opportunity(tryton_writer, party)
    row = tryton_writer.call("sale.opportunity.read", [number], ["write_date"])[0]
    assert row["write_date"] is None

    changed = await ledger.sync()

    assert [(one.kind, one.person) for one in interactions(changed)] == [("lead.created", f"crm/parties/{party}")]


async def test_a_deactivated_party_does_not_vanish(crm: TrytonConnector, tryton_writer: TrytonWriter) -> None:
    """Archiving a party is a change of its record, not a deletion."""
    party = new_party(tryton_writer, "Trap Archived", "archived@trap.example")
    ledger = Ledger(crm)
    await ledger.sync()

    tryton_writer.call("party.party.write", [party], {"active": False})
    changed = await ledger.sync()

    assert changed[f"crm/parties/{party}"] == ledger.person(f"crm/parties/{party}")
    assert ledger.person(f"crm/parties/{party}").extra["active"] is False


async def test_a_merge_moves_what_it_does_not_date(crm: TrytonConnector, tryton_writer: TrytonWriter) -> None:
    """After merges in a chain every deal and address is with the last party, though none of them has a new date."""
    names = ("ena", "dvo", "tre")
    first, second, third = (new_party(tryton_writer, f"Trap {name}", f"{name}@trap.example") for name in names)
    deal = new_opportunity(tryton_writer, first)
    ledger = Ledger(crm)
    await ledger.sync()
    before = tryton_writer.call("sale.opportunity.read", [deal], ["write_date"])

    tryton_writer.merge(first, second)
    await ledger.sync()
    tryton_writer.merge(second, third)
    changed = await ledger.sync()

    assert tryton_writer.call("sale.opportunity.read", [deal], ["write_date"]) == before
    assert ledger.person(f"crm/parties/{first}").merged_into == str(second)
    assert ledger.person(f"crm/parties/{second}").merged_into == str(third)
    assert [one.person for one in interactions(changed)] == [f"crm/parties/{third}"]
    addresses = {one.value for one in ledger.person(f"crm/parties/{third}").emails}
    assert addresses == {f"{name}@trap.example" for name in names}


async def test_a_merge_between_two_reads_is_followed_at_once(crm: TrytonConnector, tryton_writer: TrytonWriter) -> None:
    """Two merges in a row, unseen in between, end with the same records as two reads would give."""
    first, second, third = (
        new_party(tryton_writer, f"Trap {n}", f"{n}@trap.example") for n in ("eins", "zwei", "drei")
    )
    deal = new_opportunity(tryton_writer, first)
    ledger = Ledger(crm)
    await ledger.sync()

    tryton_writer.merge(first, second)
    tryton_writer.merge(second, third)
    changed = await ledger.sync()

    assert {one.person for one in interactions(changed) if one.deal == f"crm/{deal}"} == {f"crm/parties/{third}"}
    assert len(ledger.person(f"crm/parties/{third}").emails) == 3


async def test_deletions_become_tombstones(crm: TrytonConnector, tryton_writer: TrytonWriter) -> None:
    """A deleted party, and each interaction of a deleted opportunity, is gone after the next read."""
    party = new_party(tryton_writer, "Trap Deleted")
    other = new_party(tryton_writer, "Trap Stays")
    deal = new_opportunity(tryton_writer, other)
    tryton_writer.call("sale.opportunity.opportunity", [deal])
    ledger = Ledger(crm)
    await ledger.sync()
    had = kinds(ledger.of(f"crm/parties/{other}"))

    tryton_writer.call("sale.opportunity.cancel", [deal])
    tryton_writer.call("sale.opportunity.delete", [deal])
    tryton_writer.call("party.party.delete", [party])
    changed = await ledger.sync()

    assert had == ["lead.created", "lead.accepted", "deal.created"]
    assert {type(one) for one in changed.values()} == {Tombstone}
    assert len(changed) == 4
    assert ledger.of(f"crm/parties/{other}") == []


async def test_a_new_employer_is_noticed_without_a_date(
    filled: Filled, crm: TrytonConnector, tryton_writer: TrytonWriter
) -> None:
    """Relations carry no dates, and a person's new employer is there after the next read."""
    party = new_party(tryton_writer, "Trap Employed")
    firm, number = next(iter(filled.tryton.firm.items()))
    ledger = Ledger(crm)
    await ledger.sync()

    works_for = tryton_writer.one("party.relation.type", [["name", "=", "works for"]])
    tryton_writer.create("party.relation.all", [{"from_": party, "to": number, "type": works_for}])
    changed = await ledger.sync()

    person = ledger.person(f"crm/parties/{party}")
    assert (person.account_id, person.account_name) == (f"crm/parties/{number}", firm)
    assert set(changed) == {f"crm/parties/{party}"}


async def test_a_changed_number_alone_is_noticed(crm: TrytonConnector, tryton_writer: TrytonWriter) -> None:
    """A contact mechanism that is written by itself leaves its party's date alone, and the person changes."""
    party = new_party(tryton_writer, "Trap Number", "number@trap.example")
    ledger = Ledger(crm)
    await ledger.sync()
    mechanism = tryton_writer.one("party.contact_mechanism", [["party", "=", party]])

    tryton_writer.call("party.contact_mechanism.write", [mechanism], {"value": "other@trap.example"})
    await ledger.sync()

    assert [one.value for one in ledger.person(f"crm/parties/{party}").emails] == ["other@trap.example"]


async def test_a_lead_of_nobody_is_no_interaction_until_somebody_is_known(
    crm: TrytonConnector, tryton_writer: TrytonWriter
) -> None:
    """An opportunity without a party waits; with a party its whole history comes."""
    deal = new_opportunity(tryton_writer, None)
    ledger = Ledger(crm)
    await ledger.sync()
    assert not [one for one in ledger.records.values() if isinstance(one, Interaction) and one.deal == f"crm/{deal}"]

    party = new_party(tryton_writer, "Trap Found")
    tryton_writer.call("sale.opportunity.write", [deal], {"party": party})
    changed = await ledger.sync()

    assert [(one.kind, one.person) for one in interactions(changed)] == [("lead.created", f"crm/parties/{party}")]


async def test_small_pages_give_what_large_ones_give(
    filled: Filled, tryton_config: TrytonConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many rows share one date; pages of 9, also of changes only, lose and repeat none of them."""
    monkeypatch.setattr(tryton_changes, "ROWS_A_PAGE", 9)
    large, small = (
        Ledger(TrytonConnector("crm", tryton_config.model_copy(update={"page_size": size, "overlap_seconds": 1e6})))
        for size in (1000, 9)
    )
    try:
        await large.sync()
        await small.sync()
        assert small.records == large.records
        assert small.pages["parties"] > 7

        changed = small.records.copy()
        small.records.clear()
        await small.sync()  # from long before: everything by its date
        assert small.records == changed
    finally:
        await large.connector.close()
        await small.connector.close()


async def test_a_stopped_first_read_goes_on_where_it_was(filled: Filled, tryton_config: TrytonConfig) -> None:
    """Killed after two pages, a read that starts from the stored state gives the rest, and no page twice."""
    connector = TrytonConnector("crm", tryton_config.model_copy(update={"page_size": 10}))
    parties = (await connector.discover())[0]
    whole = [raw.id async for page in connector.read(parties, None) for raw in page.raws]
    ids: list[int] = []
    state = None
    async for page in connector.read(parties, None):
        ids += [raw.id for raw in page.raws]
        state = page.state
        if len(ids) >= 20:
            break
    async for page in connector.read(parties, state):
        ids += [raw.id for raw in page.raws]
    await connector.close()

    assert ids == whole


async def test_a_click_does_not_need_an_open(marketing: TrytonMarketingConnector, tryton_writer: TrytonWriter) -> None:
    """Opens and clicks are as Tryton has them; a mail whose picture was never fetched was clicked without an open."""
    party = new_party(tryton_writer, "Trap Clicker", "clicker@trap.example")
    tryton_writer.create("party.address", [{"party": party, "city": "Linz"}])
    send_mails(tryton_writer)
    ledger = Ledger(marketing)
    await ledger.sync()
    assert kinds(ledger.of(f"marketing/recipients/{party}")) == ["email.sent"]

    read_mails(Path(tryton_writer.server.mail), {"clicker@trap.example": "opened"})
    changed = await ledger.sync()

    assert kinds(interactions(changed)) == ["email.opened"]
    assert ledger.of(f"marketing/recipients/{party}")[0].extra["to"] == "clicker@trap.example"


async def test_who_leaves_a_scenario_revokes(filled: Filled, marketing: TrytonMarketingConnector) -> None:
    """An unsubscribed recipient has an interaction and a revoked consent."""
    left = next(person for person in filled.house.people if person.crm_emails and person.reads_mail == "unsubscribed")
    ledger = Ledger(marketing)
    await ledger.sync()

    key = f"marketing/recipients/{filled.tryton.party[left.key]}"
    assert "email.unsubscribed" in kinds(ledger.of(key))
    assert [one.status for one in ledger.person(key).consents] == ["REVOKED"]


async def test_refusals_say_what_to_do(tryton_config: TrytonConfig) -> None:
    """A wrong password, a wrong database and a wrong address are refused with the section and a remedy, no secret."""
    wrong: dict[str, dict[str, object]] = {
        "password": {"password": SecretStr("wrong-secret-9")},
        "database": {"database": "nosuch"},
        "runs": {"url": "http://127.0.0.1:9", "timeout_seconds": 1.0},
    }
    for remedy, update in wrong.items():
        connector = TrytonConnector("crm", tryton_config.model_copy(update=update))
        connector._tryton._client.patience = type(connector._tryton._client.patience)(attempts=1)
        report = await connector.check()
        await connector.close()
        assert not report.ok
        assert "[crm]" in report.message
        assert remedy in report.message
        assert "wrong-secret-9" not in report.message


async def test_a_seller_may_not_read_marketing(filled: Filled, tryton_config: TrytonConfig) -> None:
    """A user without access is told so, though Tryton answers 200."""
    seller = tryton_config.model_copy(update={"user": "seller1", "password": SecretStr("seller1-secret-1")})
    connector = TrytonMarketingConnector("marketing", seller)
    report = await connector.check()
    await connector.close()

    assert not report.ok
    assert "not allowed" in report.message
    assert "seller1" in report.message


async def test_an_unknown_model_is_named(tryton_config: TrytonConfig) -> None:
    """A module that is not activated is a clear error, though Tryton answers 200 with a quoted name only."""
    tryton = Tryton("crm", tryton_config)
    with pytest.raises(SourceNotFound, match=r"no model or field 'no\.such'"):
        await tryton.call("model.no.such.search", [[], 0, None, None], list[int])
    await tryton.close()


async def test_an_expired_session_is_renewed(servers_cache: Path, tmp_path: Path) -> None:
    """When the server has forgotten the session, the connector logs in again and goes on."""
    server: TrytonServer = start_tryton(tmp_path, servers_cache, extra_config="[session]\nmax_age = 1\n")
    try:
        config = TrytonConfig(
            url=server.url, database=server.database, user=server.user, password=SecretStr(server.password)
        )
        ledger = Ledger(TrytonConnector("crm", config))
        await ledger.sync()
        await asyncio.sleep(2)
        writer = TrytonWriter(server)
        new_party(writer, "Trap Later")
        changed = await ledger.sync()
        await ledger.connector.close()
        assert [one.full_name for one in changed.values() if isinstance(one, Person)] == ["Trap Later"]
    finally:
        stop_tryton(tmp_path)
