"""The Tryton CRM connector against Tryton's wire: mapping, pages, cursors and what it says of refusals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from c360.testing import check_contract
from connectors.crm import tryton_changes
from connectors.crm.tryton import OPPORTUNITIES, PARTIES, TrytonConnector
from connectors.crm.tryton_rpc import TrytonConfig
from connectors.errors import (
    PluginConfigError,
    SourceError,
    SourceNotFound,
    SourceRefused,
    SourceUnavailable,
)
from connectors.hookspecs import State
from connectors.http import Patience
from connectors.records import Account, Interaction, Person, Record, Tombstone
from tests.connectors.crm.fake_tryton import FakeTryton, later

pytestmark = pytest.mark.anyio

CONFIG = TrytonConfig(
    url="https://erp.acme.example",
    database="c360",
    user="admin",
    password=SecretStr("admin-secret-1"),
    page_size=10,
    overlap_seconds=60,
)
IMPATIENT = Patience(attempts=2, first_wait=0.001, jitter=0.001, longest_wait=0.01)


@pytest.fixture
def tryton() -> FakeTryton:
    """A Tryton with its own house and one colleague, and no customers yet."""
    fake = FakeTryton()
    fake.add("party.party", name="Our House")
    fake.add("party.party", name="Sam Seller")
    fake.add("company.company", party=1)
    fake.add("company.employee", party=2)
    for model in ("party.contact_mechanism", "party.address", "party.relation.all", "sale.opportunity"):
        fake.rows[model] = []
    return fake


@pytest.fixture
async def crm(tryton: FakeTryton) -> AsyncIterator[TrytonConnector]:
    """The connector on the fake's wire."""
    connector = TrytonConnector("crm", CONFIG, transport=tryton.transport, patience=IMPATIENT)
    yield connector
    await connector.close()


async def read(crm: TrytonConnector, stream: Any, state: State | None = None) -> tuple[list[Record], State]:
    """All records of a stream, and the state after them."""
    records: list[Record] = []
    async for page in crm.read(stream, state):
        records += [record for raw in page.raws for record in crm.map(stream, raw)]
        state = page.state
    assert state is not None
    return records, state


def person(tryton: FakeTryton, name: str, **values: Any) -> int:
    """A party that is a person; its id."""
    row = tryton.add("party.party", name=name, **values)
    return int(row["id"])


async def test_a_party_becomes_a_person(tryton: FakeTryton, crm: TrytonConnector) -> None:
    """Active addresses and numbers, the employer, the language; what was deactivated is left out."""
    firm = tryton.add("party.party", name="Nordlicht Kaffee")
    number = person(
        tryton,
        "Mara Lindqvist",
        code="77",
        lang={"id": 1, "code": "sv"},
        contact_mechanisms=[
            {"id": 1, "type": "email", "value": "old@post.example", "active": False},
            {"id": 2, "type": "email", "value": "mara.lindqvist@nordlicht.example", "active": True},
            {"id": 3, "type": "mobile", "value": "+46 70 174 06 05", "active": True},
            {"id": 4, "type": "fax", "value": "+46 40 1", "active": True},
        ],
        addresses=[
            {"id": 1, "street": "Gone 1", "city": "Lund", "active": False},
            {"id": 2, "street": "Storgatan 5", "postal_code": "21119", "city": "Malmö", "country": {"code": "SE"}},
        ],
        relations=[{"id": 1, "type": {"name": "works for"}, "to": {"id": firm["id"], "rec_name": "Nordlicht Kaffee"}}],
    )
    tryton.rows["party.party"][-1]["addresses"][1]["active"] = True

    records, _ = await read(crm, PARTIES)

    mara = records[-1]
    assert isinstance(mara, Person)
    assert str(mara.key) == f"crm/parties/{number}"
    assert [(one.value, one.primary) for one in mara.emails] == [("mara.lindqvist@nordlicht.example", True)]
    assert [one.value for one in mara.phones] == ["+46 70 174 06 05"]
    assert mara.address is not None
    assert (mara.address.street, mara.address.city, mara.address.country) == ("Storgatan 5", "Malmö", "SE")
    assert (mara.account_id, mara.account_name) == (f"crm/parties/{firm['id']}", "Nordlicht Kaffee")
    assert (mara.locale, mara.extra) == ("sv", {"code": "77"})
    assert mara.contact_ids == {"tryton:erp.acme.example/c360": str(number)}
    assert mara.external_ids == {}, "whoever was entered twice is one person all the same"


@pytest.mark.parametrize(
    ("name", "relations", "account"),
    [
        ("Nordlicht Kaffee AB", [], True),
        ("Nordlicht", [{"id": 1, "type": {"name": "employs"}, "to": {"id": 9}}], True),
        ("Nordlicht", [{"id": 1, "type": {"name": "works for"}, "to": {"id": 9}}], False),
        ("Ag", [], False),
    ],
)
async def test_who_employs_or_has_a_legal_form_is_an_account(
    tryton: FakeTryton, crm: TrytonConnector, name: str, relations: list[Any], account: bool
) -> None:
    """Tryton knows no persons and companies; the relation and the name tell."""
    person(tryton, name, relations=relations)
    records, _ = await read(crm, PARTIES)
    assert [type(one) for one in records] == [Account if account else Person]


async def test_colleagues_are_no_customers(crm: TrytonConnector) -> None:
    """The company's own party and those of its employees are left out."""
    records, _ = await read(crm, PARTIES)
    assert records == []


async def test_ties_and_pages_lose_nobody(
    tryton: FakeTryton, crm: TrytonConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 35 parties with one write date, in pages of 7, each comes once in a first read and in the next one."""
    monkeypatch.setattr(tryton_changes, "ROWS_A_PAGE", 7)
    ids = {person(tryton, f"P {n}") for n in range(35)}
    records, state = await read(crm, PARTIES)
    assert sorted(int(one.id) for one in records) == sorted(ids)

    for row in tryton.rows["party.party"]:
        if row["id"] in ids:
            row["write_date"] = later(1000)
    records, state = await read(crm, PARTIES, state)

    assert sorted(int(one.id) for one in records) == sorted(ids)


async def test_null_write_dates_have_a_cursor_of_their_own(tryton: FakeTryton, crm: TrytonConnector) -> None:
    """A party that was created and never written comes once, although others were written long after."""
    person(tryton, "Written", write_date=later(5000))
    _, state = await read(crm, PARTIES)
    person(tryton, "Unwritten", create_date=later(400))

    records, _ = await read(crm, PARTIES, state)

    # Written again, because an incremental read begins an overlap before the newest date.
    assert [one.full_name for one in records if isinstance(one, Person)] == ["Written", "Unwritten"]


async def test_a_late_commit_is_within_the_overlap(tryton: FakeTryton, crm: TrytonConnector) -> None:
    """Rows carry the time their transaction began; one that appears after a later one was read is still found."""
    person(tryton, "Quick", write_date=later(1000))
    _, state = await read(crm, PARTIES)
    person(tryton, "Slow", write_date=later(970))

    records, _ = await read(crm, PARTIES, state)

    assert "Slow" in {one.full_name for one in records if isinstance(one, Person)}


async def test_a_deactivated_party_is_asked_for(tryton: FakeTryton, crm: TrytonConnector) -> None:
    """Every call says active_test false, so an archived party does not vanish."""
    person(tryton, "Archived", active=False)
    records, _ = await read(crm, PARTIES)
    assert [one.extra for one in records if isinstance(one, Person)] == [{"active": False}]


async def test_the_winner_of_a_merge_is_read_again(tryton: FakeTryton, crm: TrytonConnector) -> None:
    """A merge dates only the loser; the winner comes along with the deactivated addresses it took over."""
    winner, loser = person(tryton, "Winner", write_date=later(1)), person(tryton, "Loser", write_date=later(1))
    _, state = await read(crm, PARTIES)
    rows = {row["id"]: row for row in tryton.rows["party.party"]}
    rows[loser] |= {"replaced_by": winner, "active": False, "write_date": later(5000)}
    rows[winner]["contact_mechanisms"] = [{"id": 1, "type": "email", "value": "l@post.example", "active": False}]

    records, _ = await read(crm, PARTIES, state)

    people = {one.id: one for one in records if isinstance(one, Person)}
    assert people[str(loser)].merged_into == str(winner)
    assert [one.value for one in people[str(winner)].emails] == ["l@post.example"]


async def test_a_missing_id_is_a_tombstone(tryton: FakeTryton, crm: TrytonConnector) -> None:
    """Tryton keeps no list of what was deleted; ids that are no longer there are."""
    gone, stays = person(tryton, "Gone"), person(tryton, "Stays")
    _, state = await read(crm, PARTIES)
    tryton.rows["party.party"] = [row for row in tryton.rows["party.party"] if row["id"] != gone]

    records, state = await read(crm, PARTIES, state)
    again, _ = await read(crm, PARTIES, state)

    assert [one.id for one in records if isinstance(one, Tombstone)] == [str(gone)]
    assert not [one for one in again if isinstance(one, Tombstone)]
    assert str(stays) in {one.id for one in records}


async def test_a_relation_without_a_date_is_noticed(tryton: FakeTryton, crm: TrytonConnector) -> None:
    """A new relation changes no date anywhere, and both its parties are read again."""
    ids = [person(tryton, f"P {n}") for n in range(5)]
    for row in tryton.rows["party.party"]:
        row["write_date"] = later(-7200)
    person(tryton, "Newest", write_date=later(0))
    _, state = await read(crm, PARTIES)
    tryton.add("party.relation.all", from_=ids[0], to=ids[1], type=1)
    tryton.add("party.relation.all", from_=ids[1], to=ids[0], type=2)

    records, _ = await read(crm, PARTIES, state)

    assert {one.id for one in records} >= {str(ids[0]), str(ids[1])}
    assert str(ids[3]) not in {one.id for one in records}


async def test_a_killed_first_read_goes_on(tryton: FakeTryton, crm: TrytonConnector) -> None:
    """From the state of the second page on, the rest comes, and what came before is not asked for again."""
    ids = [person(tryton, f"P {n}") for n in range(30)]
    seen: list[str] = []
    state: State | None = None
    async for page in crm.read(PARTIES, None):
        seen += [str(raw.id) for raw in page.raws]
        state = page.state
        if len(seen) > 10:
            break
    rest, _ = await read(crm, PARTIES, state)

    assert seen + [one.id for one in rest] == [str(number) for number in ids]


async def test_a_killed_incremental_read_goes_on(tryton: FakeTryton, crm: TrytonConnector) -> None:
    """Stopped after a page of changes, it reads the others, and what has changed since; nobody twice."""
    ids = [person(tryton, f"P {n}", write_date=later(-7200)) for n in range(30)]
    _, state = await read(crm, PARTIES)
    for row in tryton.rows["party.party"][2:]:
        row["write_date"] = later(9000)
    tryton.add("party.address", party=ids[0], write_date=later(9001))
    tryton.add("party.address", party=ids[20], write_date=later(9001))
    seen: list[str] = []
    async for page in crm.read(PARTIES, state):
        seen += [str(raw.id) for raw in page.raws]
        state = page.state
        break
    rest, _ = await read(crm, PARTIES, state)

    # The first page had the two parties of the house, too.
    assert [int(one) for one in seen] == ids[:8]
    assert [int(one.id) for one in rest][:22] == ids[8:]


def opportunity(tryton: FakeTryton, party: int | None, states: list[str], **values: Any) -> int:
    """An opportunity that went through `states`, one each 100 s."""
    row = tryton.add(
        "sale.opportunity",
        party=party,
        description="Espresso bar",
        state=states[-1],
        amount=4800.0,
        currency={"id": 1, "code": "EUR"},
        employee={"id": 1, "rec_name": "Sam Seller"},
        write_date=later(100 * (len(states) - 1)) if len(states) > 1 else None,
        **values,
    )
    tryton.history[row["id"]] = [(later(100 * n), "Administrator", {"state": one}) for n, one in enumerate(states)]
    return int(row["id"])


@pytest.mark.parametrize(
    ("states", "kinds"),
    [
        (["lead"], ["lead.created"]),
        (["opportunity"], ["deal.created"]),
        (["lead", "opportunity"], ["lead.created", "lead.accepted", "deal.created"]),
        (["lead", "lost"], ["lead.created", "lead.rejected"]),
        (
            ["lead", "opportunity", "converted", "won"],
            ["lead.created", "lead.accepted", "deal.created", "deal.stage_changed", "deal.won"],
        ),
        (["opportunity", "lost"], ["deal.created", "deal.lost"]),
        (["opportunity", "lead", "opportunity"], ["deal.created", "deal.stage_changed", "deal.stage_changed"]),
        (["lead", "lead", "opportunity"], ["lead.created", "lead.accepted", "deal.created"]),
    ],
)
async def test_the_history_becomes_interactions(
    tryton: FakeTryton, crm: TrytonConnector, states: list[str], kinds: list[str]
) -> None:
    """Each change of state is an interaction; a revision that changes something else is none."""
    opportunity(tryton, person(tryton, "Mara"), states)
    records, _ = await read(crm, OPPORTUNITIES)
    assert [one.kind for one in records if isinstance(one, Interaction)] == kinds


async def test_an_interaction_says_stage_amount_and_agent(tryton: FakeTryton, crm: TrytonConnector) -> None:
    """A change of state carries what the deal was worth, whose it was and where it stands, under a stable id."""
    mara = person(tryton, "Mara")
    number = opportunity(tryton, mara, ["lead", "opportunity"])

    records, _ = await read(crm, OPPORTUNITIES)

    created = records[-1]
    assert isinstance(created, Interaction)
    assert created.id == f"{number}@20260301T090140.000000:deal.created"
    assert created.occurred_at == later(100)
    assert (created.person, created.deal) == (f"crm/parties/{mara}", f"crm/{number}")
    assert (created.amount, created.currency, created.agent) == (4800.0, "EUR", "Sam Seller")
    assert created.extra == {"stage": "opportunity", "from_stage": "lead"}


async def test_a_deal_of_a_firm_belongs_to_the_account(tryton: FakeTryton, crm: TrytonConnector) -> None:
    """Where the party employs somebody, the interaction has an account and no person."""
    firm = person(tryton, "Nordlicht")
    tryton.add("party.relation.all", from_=firm, to=1, type={"id": 2, "name": "employs"})
    opportunity(tryton, firm, ["lead"])
    records, _ = await read(crm, OPPORTUNITIES)
    assert [(one.person, one.account) for one in records if isinstance(one, Interaction)] == [
        (None, f"crm/parties/{firm}")
    ]


async def test_a_deleted_opportunity_takes_its_interactions_along(tryton: FakeTryton, crm: TrytonConnector) -> None:
    """Its history is still there, and names the interactions that are gone."""
    opportunity(tryton, person(tryton, "Mara"), ["lead", "opportunity"])
    before, state = await read(crm, OPPORTUNITIES)
    tryton.rows["sale.opportunity"] = []

    records, _ = await read(crm, OPPORTUNITIES, state)

    assert {one.id for one in records if isinstance(one, Tombstone)} == {one.id for one in before}


async def test_a_session_that_ended_is_renewed(tryton: FakeTryton, crm: TrytonConnector) -> None:
    """A 401 in the middle leads to one new login, not to an error."""
    person(tryton, "Mara")
    await read(crm, PARTIES)
    tryton.open_sessions.clear()
    records, _ = await read(crm, PARTIES)
    assert len(records) == 1
    assert tryton.sessions == 2


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (httpx.Response(401, html="<html>Unauthorized</html>"), SourceRefused, "check 'user' and 'password'"),
        (httpx.Response(429, html="<html>Too Many Requests</html>"), SourceUnavailable, "429"),
        (httpx.Response(500, html="<html>Oops</html>"), SourceUnavailable, "an HTML page"),
        (httpx.Response(403, html="<html>Forbidden</html>"), SourceRefused, r"\[crm\]"),
        (httpx.Response(404, html="<html>Not Found</html>"), SourceNotFound, "no database 'c360'"),
        (httpx.Response(200, html="<html>A proxy</html>"), SourceError, "something else than the expected JSON"),
        (httpx.Response(200, json={"id": 1, "error": ["LoginException", ["x"]]}), SourceRefused, "user"),
    ],
)
async def test_a_failed_login_says_what_to_do(
    tryton: FakeTryton, crm: TrytonConnector, answer: httpx.Response, error: type[SourceError], text: str
) -> None:
    """Whatever the server answers a login with, the error is of the right kind, names the section, tells no secret."""
    tryton.refuse = lambda method: answer if method == "common.db.login" else None
    with pytest.raises(error, match=text) as caught:
        await read(crm, PARTIES)
    assert "[crm]" in str(caught.value)
    assert "admin-secret-1" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "error", "text"),
    [
        (["'party.party'", ""], SourceNotFound, "Is its module activated"),
        (["UserError", ['You are not allowed to access "Party".', "Within", None]], SourceRefused, "read access"),
        (["UserError", ["Some rule.", "", None]], SourceError, "Some rule"),
    ],
)
async def test_an_error_with_status_200_is_an_error(
    tryton: FakeTryton, crm: TrytonConnector, said: list[Any], error: type[SourceError], text: str
) -> None:
    """Tryton answers mistakes with 200; they are looked at before the result."""
    refused = httpx.Response(200, json={"id": 1, "error": said})
    tryton.refuse = lambda method: refused if method.startswith("model.party.party") else None
    with pytest.raises(error, match=text):
        await read(crm, PARTIES)


async def test_another_shape_is_named(tryton: FakeTryton, crm: TrytonConnector) -> None:
    """An answer that no longer fits the structs says so, with the version to check."""
    odd = httpx.Response(200, json={"id": 1, "result": [{"id": "one"}]})
    tryton.refuse = lambda method: odd if method == "model.party.party.search_read" else None
    person(tryton, "Mara")
    with pytest.raises(SourceError, match="another shape"):
        await read(crm, PARTIES)


async def test_the_check_answers_a_refusal(tryton: FakeTryton, crm: TrytonConnector) -> None:
    """`check` never raises for a refusal: it says which, and what was fine before it."""
    tryton.unreadable.add("sale.opportunity")
    report = await crm.check()
    assert not report.ok
    assert "Give the user 'admin' read access" in report.message
    assert report.details["version"] == "8.0"


async def test_only_the_chosen_streams(tryton: FakeTryton) -> None:
    """`streams` picks; a name that is not there is refused with the nearest."""
    chosen = TrytonConnector("crm", CONFIG.model_copy(update={"streams": ("parties",)}), transport=tryton.transport)
    assert [stream.name for stream in await chosen.discover()] == ["parties"]
    await chosen.close()
    with pytest.raises(PluginConfigError, match=r"'partys'.*Did you mean 'parties'"):
        TrytonConnector("crm", CONFIG.model_copy(update={"streams": ("partys",)}))


async def test_the_contract_is_kept(tryton: FakeTryton) -> None:
    """What every connector must keep, this one keeps: keys, moments, states, no secrets."""
    for n in range(25):
        opportunity(tryton, person(tryton, f"P {n}"), ["lead", "opportunity"])
    connector = TrytonConnector("crm", CONFIG, transport=tryton.transport, patience=IMPATIENT)
    report = await check_contract(connector, secrets=["admin-secret-1", "key1"])
    assert report.records == 25 + 75
