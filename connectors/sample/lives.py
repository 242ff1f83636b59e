"""What the sample's people go through: newsletters, forms, deals, orders, subscriptions, tickets, surveys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from connectors.sample.company import Customer, Employer
from connectors.sample.dice import Dice
from connectors.sample.exports import (
    Exports,
    campaign_names,
    minute,
    money,
    second,
    write_company,
    write_contact,
    write_member,
    write_user,
)
from connectors.sample.service import TODAY, TicketDesk, TicketStory, a_ticket
from connectors.sample.silos import Known, Noise, Silo, what_silos_know

FIRST_DAY = datetime(2024, 7, 1)  # noqa: DTZ001
LAST_START = datetime(2026, 5, 20)  # noqa: DTZ001
OWNERS = ("Alma Reuter", "Boris Tamm", "Cleo Varga", "Dario Pinto", "Edda Klein", "Finn Osei", "Gloria Marsh")
LOST_REASONS = ("Price", "No budget", "Chose a competitor", "No answer")
PLANS = (("Starter", 29.0), ("Team", 89.0), ("Business", 240.0))
CANCEL_REASONS_BAD = ("Unhappy with support", "Support too slow")
CANCEL_REASONS = ("No longer needed", "Too expensive", "Switching to another product")
PROMOTER_WORDS = ("Does what it should, every day.", "Great product and kind people.", "Saves us hours.", None, None)
PASSIVE_WORDS = ("Good, but the reports could be better.", "Works fine.", None, None)
DETRACTOR_WORDS = (
    "Support let us down when we needed it.",
    "Too many questions, too few answers.",
    "We were sent from one team to another for days.",
    None,
)


@dataclass(slots=True)
class Numbers:
    """Running numbers of the sample's records."""

    contact: Any = field(default_factory=lambda: count(101))
    user: Any = field(default_factory=lambda: count(360_000_000_101))
    deal: Any = field(default_factory=lambda: count(9_000_001))
    order: Any = field(default_factory=lambda: count(50_001))
    subscription: Any = field(default_factory=lambda: count(70_001))
    survey: Any = field(default_factory=lambda: count(1))
    companies: set[int] = field(default_factory=set)
    """Employers written in the present chunk; no later chunk knows them."""


@dataclass(slots=True)
class Sale:
    """How far somebody got with sales, and when; what lies after the sample's last day has not happened."""

    lead: datetime
    mql: datetime | None = None
    sql: datetime | None = None
    opened: datetime | None = None
    sent: datetime | None = None
    closed: datetime | None = None
    won: bool = False
    amount: float = 0.0
    demo: datetime | None = None
    guide: datetime | None = None

    @property
    def stage(self) -> str:
        if self.closed is not None and self.won:
            return "customer"
        if self.opened is not None and self.closed is None:
            return "opportunity"
        if self.sql is not None:
            return "salesqualifiedlead"
        return "marketingqualifiedlead" if self.mql is not None else "lead"


CAMPAIGNS = tuple(
    (key, title, datetime(int(key[2:6]), int(key[6:]), 4, 9, 0))  # noqa: DTZ001
    for key, title in campaign_names()
)


def live(out: Exports, desk: TicketDesk, numbers: Numbers, dice: Dice, person: Customer, noise: Noise) -> None:
    """Write everything that the silos know of one person."""
    records = list(what_silos_know(dice, person, noise))
    start = dice.moment(FIRST_DAY, LAST_START)
    crm = [known for known in records if known.silo is Silo.CRM]
    members = [known for known in records if known.silo is Silo.MARKETING]
    users = [known for known in records if known.silo is Silo.HELPDESK]
    sale = _sale(dice, start, person.employer is not None) if crm else None
    contact = None
    if sale is not None:
        contact = _write_crm(out, numbers, dice, person, crm, sale)
    buyer = contact is not None and sale is not None and sale.won and sale.closed is not None
    since = sale.closed if buyer and sale is not None and sale.closed is not None else start
    stories = _tickets(dice, since, buyer, sale is not None and sale.demo is not None) if users else []
    unhappy = [story for story in stories if story.bad]
    if users:
        _write_helpdesk(out, desk, numbers, dice, person, users, stories, start)
    if buyer and contact is not None and sale is not None:
        _write_business(out, numbers, dice, person, contact, sale, unhappy)
    if contact is not None or users:
        _write_survey(out, numbers, dice, contact, records, since, buyer, unhappy)
    for known in members:
        _write_marketing(out, dice, person, known, start)


def _sale(dice: Dice, start: datetime, at_work: bool) -> Sale:
    sale = Sale(lead=start + timedelta(hours=dice.lognormal(20, 1.0)))
    if dice.chance(0.34):
        sale.demo = sale.lead - timedelta(minutes=dice.between(1, 5))
    elif dice.chance(0.25):
        sale.guide = sale.lead - timedelta(minutes=dice.between(1, 5))
    now = sale.lead
    chances = (0.62, 0.7, 0.85) if sale.demo else (0.45, 0.55, 0.8)
    for name, chance, days in zip(("mql", "sql", "opened"), chances, (4, 3, 6), strict=True):
        now += timedelta(days=dice.lognormal(days, 0.8))
        if now >= TODAY or not dice.chance(chance):
            return sale
        setattr(sale, name, now)
    sale.amount = round(dice.lognormal(3200 if at_work else 420, 0.8), 2)
    sent = now + timedelta(days=dice.lognormal(8, 0.7))
    closed = sent + timedelta(days=dice.lognormal(12, 0.8))
    if sent < TODAY and dice.chance(0.8):
        sale.sent = sent
    if closed < TODAY:
        sale.closed = closed
        sale.won = dice.chance(0.58)
    return sale


def _write_crm(
    out: Exports, numbers: Numbers, dice: Dice, person: Customer, crm: Sequence[Known], sale: Sale
) -> str | None:
    """Contacts, their company, the form they filled in, the deal; gives the key of the first contact."""
    owner = dice.pick(OWNERS)
    company = _company_number(out, numbers, person.employer, owner, sale.lead) if person.employer else None
    first_key: str | None = None
    first_number = 0
    evangelist = sale.stage == "customer" and dice.chance(0.12)
    for known in crm:
        number = next(numbers.contact)
        main = first_key is None
        created = sale.lead if main else sale.lead + timedelta(days=dice.between(20, 200))
        key = write_contact(
            out,
            number,
            known,
            company_id=company if known.company else None,
            owner=owner if main else dice.pick(OWNERS),
            stage=("evangelist" if evangelist else sale.stage) if main else "lead",
            became=(sale.lead, sale.mql, sale.sql) if main else (None, None, None),
            created=min(created, TODAY),
            modified=min(max(created, sale.closed or created), TODAY),
            opted_out=False,
        )
        out.truth(key, person.person_id)
        if main:
            first_key, first_number = key, number
    _write_form(out, crm[0], first_number, sale)
    if sale.opened is not None:
        _write_deal(out, numbers, dice, person, first_number, company, owner, sale)
    return first_key


def _company_number(out: Exports, numbers: Numbers, employer: Employer, owner: str, created: datetime) -> int:
    identifier = 5_000_000 + employer.number
    if employer.number not in numbers.companies:
        numbers.companies.add(employer.number)
        write_company(out, identifier, employer, owner, created)
    return identifier


def _write_form(out: Exports, known: Known, number: int, sale: Sale) -> None:
    if sale.demo is not None:
        out.row(
            "hubspot-form-demo-request.csv",
            minute(sale.demo), "Request a demo", "https://acme.example/demo", number, known.given, known.family,
            known.email, known.phone, known.company,
        )  # fmt: skip
    if sale.guide is not None:
        out.row(
            "hubspot-form-guide-download.csv",
            minute(sale.guide), "Download the guide", "https://acme.example/guide", number, known.given, known.email,
            known.company,
        )  # fmt: skip


def _write_deal(
    out: Exports,
    numbers: Numbers,
    dice: Dice,
    person: Customer,
    contact: int,
    company: int | None,
    owner: str,
    sale: Sale,
) -> None:
    stage = "Appointment scheduled"
    if sale.closed is not None:
        stage = "Closed won" if sale.won else "Closed lost"
    elif sale.sent is not None:
        stage = "Contract sent"
    out.row(
        "hubspot-deals.csv",
        next(numbers.deal), f"{person.employer.name if person.employer else person.family} {sale.lead.year}", stage,
        "Sales Pipeline", money(sale.amount), person.country.currency, owner, "New Business", minute(sale.opened),
        minute(sale.closed), dice.pick(LOST_REASONS) if sale.closed and not sale.won else None, contact, company,
        minute(sale.opened), minute(sale.sent),
    )  # fmt: skip


def _tickets(dice: Dice, since: datetime, buyer: bool, form_filled: bool) -> list[TicketStory]:
    number = (1 if not buyer else 0) + dice.count(0.45 if not buyer else 1.3, 8)
    moments = sorted(dice.at_work(dice.moment(since, TODAY - timedelta(days=1))) for _ in range(number))
    stories: list[TicketStory] = []
    for moment in moments:
        if moment > since:
            stories.append(a_ticket(dice, moment, form_filled))
            if stories[-1].bad and dice.chance(0.5):
                break  # who was let down rather leaves than asks again
    return stories


def _write_helpdesk(
    out: Exports,
    desk: TicketDesk,
    numbers: Numbers,
    dice: Dice,
    person: Customer,
    users: Sequence[Known],
    stories: Sequence[TicketStory],
    start: datetime,
) -> None:
    created = stories[0].created if stories else start
    identifiers: list[int] = []
    for known in users:
        identifier = next(numbers.user)
        identifiers.append(identifier)
        out.truth(write_user(out, identifier, known, created), person.person_id)
    for story in stories:
        desk.write(story, dice.pick(identifiers))


def _write_business(
    out: Exports,
    numbers: Numbers,
    dice: Dice,
    person: Customer,
    contact: str,
    sale: Sale,
    unhappy: Sequence[TicketStory],
) -> None:
    """Orders and the subscription of a buyer; who was let down cancels four times as often."""
    closed = sale.closed or TODAY
    at = closed + timedelta(hours=dice.lognormal(15, 0.8))
    for repeat in range(1 + dice.count(0.5, 5)):
        if at >= TODAY:
            break
        amount = sale.amount if repeat == 0 else round(sale.amount * (0.1 + 0.5 * dice.share()), 2)
        refund = at + timedelta(days=dice.lognormal(9, 0.6)) if dice.chance(0.04) else None
        refunded = refund is not None and refund < TODAY
        out.row(
            "orders.csv",
            f"O-{next(numbers.order)}", second(at), contact, "Licences" if person.employer else "Device", money(amount),
            person.country.currency, dice.between(1, 12 if person.employer else 2), None,
            second(refund) if refunded else None, money(amount * dice.pick((0.2, 0.5, 1.0))) if refunded else None,
            dice.pick(("Damaged", "Too many seats", "Changed my mind")) if refunded else None,
        )  # fmt: skip
        at += timedelta(days=dice.lognormal(90, 0.7))
    if dice.chance(0.65):
        _write_subscription(out, numbers, dice, person, contact, closed, unhappy)


def _write_subscription(
    out: Exports,
    numbers: Numbers,
    dice: Dice,
    person: Customer,
    contact: str,
    closed: datetime,
    unhappy: Sequence[TicketStory],
) -> None:
    identifier = f"S-{next(numbers.subscription)}"
    plan, price = dice.pick(PLANS if person.employer else PLANS[:2])
    started = closed + timedelta(hours=dice.lognormal(20, 0.5))
    end: datetime | None = None
    reason: str | None = None
    if unhappy and unhappy[0].rating is not None and dice.chance(0.4):
        end = max(unhappy[0].rating[0], started) + timedelta(days=dice.lognormal(25, 0.6))
        reason = dice.pick(CANCEL_REASONS_BAD)
    elif dice.chance(0.1):
        end = started + timedelta(days=dice.lognormal(170, 0.6))
        reason = dice.pick(CANCEL_REASONS)
    events: list[tuple[str, datetime, str | None]] = [("started", started, None)]
    renewal = started + timedelta(days=365)
    while renewal < (end or TODAY):
        events.append(("renewed", renewal, None))
        renewal += timedelta(days=365)
    if end is not None:
        events.append(("cancelled", end, reason))
    for event, at, why in events:
        if at < TODAY:
            out.row(
                "subscriptions.csv",
                identifier, event, second(at), contact, plan, money(price), person.country.currency, "month", why,
            )  # fmt: skip


def _write_survey(
    out: Exports,
    numbers: Numbers,
    dice: Dice,
    contact: str | None,
    records: Sequence[Known],
    since: datetime,
    buyer: bool,
    unhappy: Sequence[TicketStory],
) -> None:
    """The yearly NPS survey; it names a contact where the mailing came from the CRM, else an address."""
    if not dice.chance(0.5 if buyer else 0.04):
        return
    email = next((known.email for known in records if known.email), None)
    if contact is None and email is None:
        return
    sent = dice.at_work(dice.moment(max(since, unhappy[-1].created if unhappy else since), TODAY - timedelta(days=9)))
    if sent <= since:
        return
    answered = sent + timedelta(hours=dice.lognormal(12, 0.9)) if dice.chance(0.55) else None
    score = dice.between(0, 7) if unhappy else min(10, max(0, round(8.7 + 3.2 * (dice.share() + dice.share() - 1))))
    words = PROMOTER_WORDS if score >= 9 else PASSIVE_WORDS if score >= 7 else DETRACTOR_WORDS
    answer = (second(answered), score, dice.pick(words)) if answered and answered < TODAY else (None, None, None)
    out.row(
        "surveys.csv",
        f"N-{next(numbers.survey)}", second(sent), answer[0], contact, None if contact else email, "nps", answer[1],
        "How likely are you to recommend Acme to a colleague?", "relationship", answer[2],
    )  # fmt: skip


def _write_marketing(out: Exports, dice: Dice, person: Customer, known: Known, start: datetime) -> None:
    """A member and what they did with up to six newsletters."""
    sendings = [campaign for campaign in CAMPAIGNS if campaign[2] > start]
    wanted = 2 + dice.count(1.5, 4)
    step = max(1, len(sendings) // wanted)
    activity: list[dict[str, Any]] = []
    unsubscribed: tuple[datetime, str, str] | None = None
    for key, title, sent in sendings[::step][:wanted]:
        activity.append(_act("sent", sent, key, title))
        if not dice.chance(0.38):
            continue
        opened = sent + timedelta(minutes=dice.lognormal(240, 1.3))
        activity.append(_act("open", opened, key, title))
        if dice.chance(0.24):
            activity.append(_act("click", opened + timedelta(seconds=dice.between(8, 400)), key, title))
        if dice.chance(0.025):
            at = opened + timedelta(minutes=3)
            activity.append(_act("unsub", at, key, title))
            unsubscribed = (at, key, dice.pick(("No longer interested", "Too many mails", "Never signed up")))
            break
    tag = "business" if person.employer else "home"
    key = write_member(out, known, start, unsubscribed, tag)
    out.truth(key, person.person_id)
    if activity:
        member = key.rpartition("/")[2]
        out.object("mailchimp-activity.jsonl", {"email_id": member, "list_id": "a1b2c3", "activity": activity})


def _act(action: str, at: datetime, campaign: str, title: str) -> dict[str, Any]:
    moment = at.strftime("%Y-%m-%dT%H:%M:%S+00:00")
    act = {"action": action, "timestamp": moment, "type": "regular", "campaign_id": campaign, "title": title}
    return {**act, "url": "https://acme.example/news"} if action == "click" else act
