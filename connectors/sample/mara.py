"""Mara Lindqvist, the person every sample begins with: always the same records and the same journey."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from connectors.sample.company import Employer, Home
from connectors.sample.exports import (
    Exports,
    minute,
    money,
    second,
    write_company,
    write_contact,
    write_member,
    write_user,
)
from connectors.sample.lives import Numbers
from connectors.sample.places import BY_CODE
from connectors.sample.service import TOPICS, Change, Said, TicketDesk, TicketStory
from connectors.sample.silos import Known, Silo

PERSON = "person-0000000"
EMAIL = "mara.lindqvist@nordlicht.example"
PRIVATE_EMAIL = "mara.lindqvist@mejl.test"
HOME = Home("Storgatan 12", "Göteborg", "411 38")
EMPLOYER = Employer(
    number=0,
    name="Nordlicht AB",
    domain="nordlicht.example",
    industry="Renewables & Environment",
    size=64,
    country=BY_CODE["SE"],
    phone="31001200",
    seat=Home("Hamngatan 3", "Göteborg", "411 14"),
)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def write_mara(out: Exports, desk: TicketDesk, numbers: Numbers) -> None:
    """Her contact, membership and helpdesk user, and sixteen interactions with marketing, sales and service."""
    _write_sales(out, numbers)
    _write_marketing(out)
    _write_service(out, desk, numbers)


def _known(silo: Silo, **known: Any) -> Known:
    blank: dict[str, Any] = {
        "given": None, "family": None, "full": None, "email": None, "more_emails": (), "phone": None, "home": None,
        "country": "SE", "company": None, "job_title": None, "birth": None, "verified": True,
    }  # fmt: skip
    return Known(silo=silo, **{**blank, **known})


def _write_sales(out: Exports, numbers: Numbers) -> None:
    write_company(out, 5_000_000, EMPLOYER, "Cleo Varga", _at("2025-09-03T10:12"))
    number = next(numbers.contact)
    known = _known(
        Silo.CRM,
        given="Mara",
        family="Lindqvist",
        email=EMAIL,
        phone="+46 70-174 06 05",
        home=HOME,
        company="Nordlicht AB",
        job_title="Head of Operations",
        birth=date(1984, 5, 17),
    )
    key = write_contact(
        out,
        number,
        known,
        company_id=5_000_000,
        owner="Cleo Varga",
        stage="customer",
        became=(_at("2025-09-03T10:14"), _at("2025-09-04T08:00"), _at("2025-09-05T09:30")),
        created=_at("2025-09-03T10:14"),
        modified=_at("2025-09-24T15:05"),
        opted_out=False,
    )
    out.truth(key, PERSON)
    out.row(
        "hubspot-form-demo-request.csv",
        minute(_at("2025-09-03T10:12")), "Request a demo", "https://acme.example/demo", number, "Mara", "Lindqvist",
        EMAIL, "+46 70-174 06 05", "Nordlicht AB",
    )  # fmt: skip
    out.row(
        "hubspot-deals.csv",
        next(numbers.deal), "Nordlicht AB 2025", "Closed won", "Sales Pipeline", money(4800.0), "SEK", "Cleo Varga",
        "New Business", minute(_at("2025-09-08T13:00")), minute(_at("2025-09-24T15:05")), None, number, 5_000_000,
        minute(_at("2025-09-08T13:00")), None,
    )  # fmt: skip
    out.row(
        "orders.csv",
        f"O-{next(numbers.order)}", second(_at("2025-09-25T08:40")), key, "Licences", money(4800.0), "SEK", 6, None,
        None, None, None,
    )  # fmt: skip
    out.row(
        "surveys.csv",
        f"N-{next(numbers.survey)}", None, second(_at("2026-04-20T07:55")), key, None, "nps", 4,
        "How likely are you to recommend Acme to a colleague?", "relationship",
        "The product is fine. Getting help is not: I explained the same thing three times.",
    )  # fmt: skip


def _write_marketing(out: Exports) -> None:
    known = _known(
        Silo.MARKETING,
        given="Mara",
        family="Lindqvist",
        email=PRIVATE_EMAIL,
        phone="070-174 06 05",
        home=HOME,
        company="Nordlicht",
    )
    key = write_member(out, known, _at("2025-08-20T18:30"), None, "business")
    out.truth(key, PERSON)
    title = "Customer stories 2025-09"
    moments = (("sent", "2025-09-01T09:00:00"), ("open", "2025-09-01T11:26:00"), ("click", "2025-09-01T11:27:10"))
    out.object(
        "mailchimp-activity.jsonl",
        {
            "email_id": key.rpartition("/")[2],
            "list_id": "a1b2c3",
            "activity": [
                {
                    "action": action,
                    "timestamp": f"{moment}+00:00",
                    "type": "regular",
                    "campaign_id": "nl202509",
                    "title": title,
                    **({"url": "https://acme.example/stories"} if action == "click" else {}),
                }
                for action, moment in moments
            ],
        },
    )


def _write_service(out: Exports, desk: TicketDesk, numbers: Numbers) -> None:
    known = _known(Silo.HELPDESK, full="M. Lindquist", email=EMAIL, phone="+46701740605")
    user = next(numbers.user)
    out.truth(write_user(out, user, known, _at("2026-03-02T09:10")), PERSON)
    opened = _at("2026-03-02T09:10")
    answered = _at("2026-03-04T16:20")
    moved, back = _at("2026-03-05T10:05"), _at("2026-03-06T14:30")
    solved = _at("2026-03-09T11:45")
    story = TicketStory(
        topic=TOPICS[0],
        subject="Sync stops half way",
        via="web",
        created=opened,
        group=301,
        said=[
            Said(opened, "The synchronisation stops at about half of our data every night. You have my number."),
            Said(answered, "Thanks for writing. This looks like a question of your contract, I pass it on.", 9002),
        ],
        changes=[
            Change(opened, None, {"status": (None, "new"), "group_id": (None, 301)}),
            Change(answered, 9002, {"status": ("new", "open"), "assignee_id": (None, 9002)}),
            Change(moved, 9002, {"group_id": (301, 302), "assignee_id": (9002, 9006)}),
            Change(back, 9006, {"group_id": (302, 301), "assignee_id": (9006, 9003)}),
            Change(solved, 9003, {"status": ("open", "solved")}),
        ],
        status="solved",
        rating=(
            _at("2026-03-10T08:15"),
            "bad",
            "Two days until the first answer, then sent from Support to Billing and back, and I had to give my "
            "telephone number and company again.",
        ),
    )
    desk.write(story, user)
