"""The same people in a real CRM, a real marketing automation and a real helpdesk, read by the three connectors."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from connectors.crm.tryton import TrytonConnector
from connectors.helpdesk.request_tracker import RequestTrackerConnector
from connectors.marketing.tryton_marketing import TrytonMarketingConnector
from connectors.records import BusinessFunction, Interaction, Person, SurveyMetric
from tests.servers.conftest import Filled
from tests.servers.fill_rt import RtWriter
from tests.servers.fill_tryton import TrytonWriter, read_mails, send_mails
from tests.servers.ledger import Ledger, interactions, kinds

pytestmark = [pytest.mark.servers, pytest.mark.anyio]

MARA = "p000"


async def test_each_silo_gives_whom_it_was_filled_with(
    filled: Filled, crm: TrytonConnector, marketing: TrytonMarketingConnector, support: RequestTrackerConnector
) -> None:
    """Every person comes out of every silo that has them, and nobody else does (no colleagues, no firms)."""
    ledgers = [Ledger(crm), Ledger(marketing), Ledger(support)]
    for ledger in ledgers:
        await ledger.sync()

    found = {key for ledger in ledgers for key, one in ledger.records.items() if isinstance(one, Person)}
    wanted = set().union(*(filled.records(person.key) for person in filled.house.people))
    assert wanted - found == set()
    assert {key for key in found - wanted if not _made_by_other_tests(ledgers, key)} == set()


async def test_maras_journey_goes_through_three_functions(
    filled: Filled, crm: TrytonConnector, marketing: TrytonMarketingConnector, support: RequestTrackerConnector
) -> None:
    """Mara's deal, mails and ticket come with their kinds, teams, agents, and her low score with its words."""
    sales, mails, helpdesk = Ledger(crm), Ledger(marketing), Ledger(support)
    for ledger in (sales, mails, helpdesk):
        await ledger.sync()

    party, user = filled.tryton.party[MARA], filled.rt.user[MARA]
    assert kinds(sales.of(f"crm/parties/{party}")) == [
        "lead.created",
        "lead.accepted",
        "deal.created",
        "deal.stage_changed",
    ]
    # A mail's sending is kept in whole seconds, so a quick second mail may seem to come before the click it follows.
    assert sorted(kinds(mails.of(f"marketing/recipients/{party}"))) == [
        "email.clicked",
        "email.opened",
        "email.sent",
        "email.sent",
    ]
    ticket = helpdesk.of(f"support/users/{user}")
    assert kinds(ticket) == [
        "ticket.created",
        "ticket.replied",
        "ticket.replied",
        "ticket.replied",
        "ticket.reassigned",
        "ticket.reassigned",
        "ticket.solved",
        "survey.answered",
    ]
    assert [one.direction for one in ticket[:4]] == ["inbound", "outbound", "inbound", "outbound"]
    assert [(one.team, one.agent) for one in ticket[3:6]] == [
        ("Support", "Alma Agent"),
        ("Shipping", "Alma Agent"),
        ("Shipping", "Bert Agent"),
    ]
    survey = ticket[-1]
    assert (survey.metric, survey.score, survey.scale) == (SurveyMetric.CSAT, 2.0, (1.0, 5.0))
    assert survey.text == "took far too long"
    everything = [*sales.of(f"crm/parties/{party}"), *mails.of(f"marketing/recipients/{party}"), *ticket]
    assert {one.function for one in everything} == {
        BusinessFunction.SALES,
        BusinessFunction.MARKETING,
        BusinessFunction.SERVICE,
    }


async def test_counts_are_those_of_the_fill(
    filled: Filled, crm: TrytonConnector, marketing: TrytonMarketingConnector, support: RequestTrackerConnector
) -> None:
    """Leads, opened and clicked mails, unsubscribes, tickets and scores are as many as were made."""
    sales, mails, helpdesk = Ledger(crm), Ledger(marketing), Ledger(support)
    for ledger in (sales, mails, helpdesk):
        await ledger.sync()
    ids = {number for some in filled.tryton.opportunities.values() for number in some}
    tickets = {number for some in filled.rt.tickets.values() for number in some}
    known = {number for key, number in filled.tryton.party.items()}
    deals = [one for one in sales.records.values() if isinstance(one, Interaction) and _deal(one) in ids]
    service = [one for one in helpdesk.records.values() if isinstance(one, Interaction) and _ticket(one) in tickets]
    mail = Counter(
        one.kind
        for one in mails.records.values()
        if isinstance(one, Interaction) and int(str(one.person).rpartition("/")[2]) in known
    )

    assert Counter(kinds(deals))["lead.created"] == len(ids)
    people = [person for person in filled.house.people if person.crm_emails]
    lost = sum(deal.path[-1] == "lost" for person in people for deal in person.deals)
    assert Counter(kinds(deals))["deal.lost"] + Counter(kinds(deals))["lead.rejected"] == lost
    did = filled.tryton.mail
    assert mail["email.clicked"] == did["clicked"]
    assert mail["email.opened"] == did["opened"] + did["clicked"] + did["unsubscribed"]
    assert mail["email.unsubscribed"] == did["unsubscribed"]
    asked = [request for person in filled.house.people if person.helpdesk_email for request in person.requests]
    assert Counter(kinds(service))["ticket.created"] == len(asked)
    assert sorted(one.score or 0 for one in service if one.kind == "survey.answered") == sorted(
        float(request.score) for request in asked if request.score
    )
    assert Counter(kinds(service))["ticket.reopened"] == sum(request.reopened for request in asked)


async def test_an_incremental_read_gives_exactly_what_changed(
    filled: Filled,
    crm: TrytonConnector,
    marketing: TrytonMarketingConnector,
    support: RequestTrackerConnector,
    tryton_writer: TrytonWriter,
    rt_writer: RtWriter,
) -> None:
    """A new deal, a merge, a reply, an opened mail: the next read gives these and nothing else."""
    sales, mails, helpdesk = Ledger(crm), Ledger(marketing), Ledger(support)
    for ledger in (sales, mails, helpdesk):
        await ledger.sync()
    assert [await ledger.sync() for ledger in (sales, mails, helpdesk)] == [{}, {}, {}]

    ignored = _somebody(filled, mail="ignored", not_in={key for pair in filled.house.same for key in pair})
    party = filled.tryton.party[ignored]
    deal = tryton_writer.create(
        "sale.opportunity",
        [{"party": party, "description": "A second thought", "company": 1, "currency": 1, "employee": 1}],
    )[0]
    tryton_writer.call("sale.opportunity.opportunity", [deal])
    twin = tryton_writer.create("party.party", [{"name": "Twin of somebody"}])[0]
    tryton_writer.merge(twin, party)
    tryton_writer.create(
        "party.party",
        [
            {
                "name": "New Reader",
                "contact_mechanisms": [["create", [{"type": "email", "value": "new.reader@post.example"}]]],
                "addresses": [["create", [{"city": "Linz"}]]],
            }
        ],
    )
    send_mails(tryton_writer)
    read_mails(Path(tryton_writer.server.mail), {"new.reader@post.example": "opened"})
    ticket = filled.rt.tickets[MARA][0]
    rt_writer.mail("M. Lindquist", "mara@lindqvist.example", "Shipping", "Machine leaks", "It leaks again.", ticket)

    changed = await sales.sync()
    deals = interactions(changed)
    assert kinds(deals) == ["lead.created", "lead.accepted", "deal.created"]
    assert {one.person for one in deals} == {f"crm/parties/{party}"}
    merged = changed[f"crm/parties/{twin}"]
    assert isinstance(merged, Person)
    assert merged.merged_into == str(party)
    new = [one for one in changed.values() if isinstance(one, Person) and one.full_name == "New Reader"]
    assert len(changed) == 3 + 1 + len(new)
    assert len(new) == 1

    changed = await mails.sync()
    assert kinds(interactions(changed)) == ["email.sent", "email.opened"]
    assert [one.full_name for one in changed.values() if isinstance(one, Person)] == ["New Reader"]
    assert len(changed) == 3

    changed = await helpdesk.sync()
    assert kinds(interactions(changed)) == ["ticket.replied", "ticket.reopened"]
    reply = interactions(changed)[0]
    assert (reply.text, reply.direction, reply.ticket) == ("It leaks again.", "inbound", f"support/{ticket}")
    assert len(changed) == 2


def _somebody(filled: Filled, *, mail: str, not_in: set[str]) -> str:
    return next(
        person.key
        for person in filled.house.people
        if person.crm_emails and person.reads_mail == mail and person.key not in not_in
    )


def _deal(one: Interaction) -> int:
    return int((one.deal or "/0").rpartition("/")[2])


def _ticket(one: Interaction) -> int:
    return int((one.ticket or "/0").rpartition("/")[2])


def _made_by_other_tests(ledgers: list[Ledger], key: str) -> bool:
    record = next(ledger.records[key] for ledger in ledgers if key in ledger.records)
    made = isinstance(record, Person) and (record.full_name or "").split(" ")[0]
    return made in ("New", "Twin", "Trap")
