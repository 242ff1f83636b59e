"""The three vendors' exports, and the plain tables beside them, written line by line as they come."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from hashlib import md5
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.sample.company import Employer
from connectors.sample.places import BY_CODE
from connectors.sample.silos import Known

TABLES: Mapping[str, tuple[str, ...]] = {
    "hubspot-contacts.csv": (
        "Record ID", "First Name", "Last Name", "Email", "Additional email addresses", "Phone Number", "Contact owner",
        "HubSpot Team", "Lifecycle Stage", "Lead Status", "Job Title", "Company Name", "Associated Company IDs",
        "Street Address", "City", "Postal Code", "Country/Region", "Date of Birth", "Preferred language",
        "Unsubscribed from all email", "Became a Lead Date", "Became a Marketing Qualified Lead Date",
        "Became a Sales Qualified Lead Date", "Create Date", "Last Modified Date",
    ),
    "hubspot-companies.csv": (
        "Record ID", "Company name", "Company Domain Name", "Industry", "Number of Employees", "Street Address", "City",
        "Postal Code", "Country/Region", "Company owner", "Create Date", "Last Modified Date",
    ),
    "hubspot-deals.csv": (
        "Record ID", "Deal Name", "Deal Stage", "Pipeline", "Amount", "Currency", "Deal owner", "HubSpot Team",
        "Create Date", "Close Date", "Closed Lost Reason", "Associated Contact IDs", "Associated Company IDs",
        "Date entered 'Appointment scheduled (Sales Pipeline)'", "Date entered 'Contract sent (Sales Pipeline)'",
    ),
    "hubspot-form-demo-request.csv": (
        "Conversion Date", "Conversion Title", "Conversion Page", "Contact ID", "First Name", "Last Name", "Email",
        "Phone Number", "Company Name",
    ),
    "hubspot-form-guide-download.csv": (
        "Conversion Date", "Conversion Title", "Conversion Page", "Contact ID", "First Name", "Email", "Company Name",
    ),
    "subscribed_members_export.csv": (
        "Email Address", "First Name", "Last Name", "Address", "Phone Number", "Company", "MEMBER_RATING", "OPTIN_TIME",
        "OPTIN_IP", "CONFIRM_TIME", "CONFIRM_IP", "TIMEZONE", "CC", "LAST_CHANGED", "LEID", "EUID", "NOTES", "TAGS",
    ),
    "unsubscribed_members_export.csv": (
        "Email Address", "First Name", "Last Name", "Address", "Phone Number", "Company", "MEMBER_RATING", "OPTIN_TIME",
        "OPTIN_IP", "CONFIRM_TIME", "CONFIRM_IP", "TIMEZONE", "CC", "LAST_CHANGED", "LEID", "EUID", "NOTES", "TAGS",
        "UNSUB_TIME", "UNSUB_CAMPAIGN_TITLE", "UNSUB_CAMPAIGN_ID", "UNSUB_REASON",
    ),
    "orders.csv": (
        "order_id", "placed_at", "customer", "subject", "amount", "currency", "quantity", "deal", "refunded_at",
        "refund_amount", "refund_reason",
    ),
    "subscriptions.csv": (
        "subscription_id", "event", "at", "customer", "plan", "recurring_amount", "currency", "billing_period",
        "reason",
    ),
    "surveys.csv": (
        "survey_id", "sent_at", "answered_at", "customer", "email", "metric", "score", "question", "program", "comment",
    ),
}  # fmt: skip
"""Every CSV file of the sample with its header."""

OBJECTS = (
    "mailchimp-activity.jsonl",
    "zendesk-users.jsonl",
    "zendesk-tickets.jsonl",
    "zendesk-satisfaction-ratings.jsonl",
    "zendesk-groups.jsonl",
    "zendesk-agents.jsonl",
    "zendesk-ticket-forms.jsonl",
    "zendesk-ticket-fields.jsonl",
)
"""Every JSON Lines file of the sample."""

_TRUTH = pa.schema([("record_key", pa.string()), ("person_id", pa.string())])


class Exports:
    """Open files of one sample; `rows` counts what was written to each."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.rows: Counter[str] = Counter()
        self._open = ExitStack()
        self._tables: dict[str, Any] = {}
        self._files: dict[str, IO[bytes]] = {}
        self._truth: list[tuple[str, str]] = []
        self._encode = msgspec.json.Encoder().encode

    def __enter__(self) -> Self:
        folder = self.directory / "exports"
        folder.mkdir(parents=True, exist_ok=True)
        for name, header in TABLES.items():
            file = self._open.enter_context((folder / name).open("w", encoding="utf-8", newline=""))
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            self._tables[name] = writer
        for name in OBJECTS:
            self._files[name] = self._open.enter_context((folder / name).open("wb"))
        self._truth_file = self._open.enter_context(pq.ParquetWriter(self.directory / "truth.parquet", _TRUTH))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flush()
        self._open.close()

    def row(self, name: str, *cells: object) -> None:
        """A line of a table; None is an empty cell."""
        self._tables[name].writerow(cells)
        self.rows[name] += 1

    def object(self, name: str, value: Mapping[str, Any]) -> None:
        """A line of a JSON Lines file."""
        file = self._files[name]
        file.write(self._encode(value))
        file.write(b"\n")
        self.rows[name] += 1

    def truth(self, key: str, person_id: str) -> None:
        """Who a record is."""
        self._truth.append((key, person_id))
        self.rows["truth.parquet"] += 1

    def flush(self) -> None:
        """Write the truth that has gathered; once a chunk keeps memory flat."""
        if self._truth:
            columns = [pa.array(column, pa.string()) for column in zip(*self._truth, strict=True)]
            self._truth_file.write_table(pa.table(columns, schema=_TRUTH))
            self._truth.clear()


def minute(moment: datetime | None) -> str | None:
    """As HubSpot writes it."""
    return None if moment is None else moment.strftime("%Y-%m-%d %H:%M")


def second(moment: datetime | None) -> str | None:
    """As Mailchimp and the plain tables write it."""
    return None if moment is None else moment.strftime("%Y-%m-%d %H:%M:%S")


def zulu(moment: datetime) -> str:
    """As Zendesk writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def money(amount: float | None) -> str | None:
    return None if amount is None else f"{amount:.2f}"


def write_contact(
    out: Exports,
    identifier: int,
    known: Known,
    *,
    company_id: int | None,
    owner: str,
    stage: str,
    became: Sequence[datetime | None],
    created: datetime,
    modified: datetime,
    opted_out: bool,
) -> str:
    """A HubSpot contact; gives the record's key. `became` is when it became lead, MQL and SQL."""
    country = BY_CODE[known.country]
    home = known.home
    out.row(
        "hubspot-contacts.csv",
        identifier, known.given, known.family, known.email, ";".join(known.more_emails) or None, known.phone, owner,
        SALES_TEAMS[identifier % 2], stage, LEAD_STATUS.get(stage), known.job_title, known.company, company_id,
        home.street if home else None, home.city if home else None, home.postal_code if home else None, country.name,
        known.birth, country.locale, "true" if opted_out else None, *(minute(moment) for moment in became),
        minute(created), minute(modified),
    )  # fmt: skip
    return f"crm/contacts/{identifier}"


SALES_TEAMS = ("New Business", "Key Accounts")
LEAD_STATUS = {
    "subscriber": None,
    "lead": "NEW",
    "marketingqualifiedlead": "OPEN",
    "salesqualifiedlead": "IN_PROGRESS",
    "opportunity": "OPEN_DEAL",
    "customer": "CONNECTED",
    "evangelist": "CONNECTED",
}


def write_company(out: Exports, identifier: int, employer: Employer, owner: str, created: datetime) -> None:
    """A HubSpot company."""
    seat = employer.seat
    out.row(
        "hubspot-companies.csv",
        identifier, employer.name, employer.domain, employer.industry, employer.size, seat.street, seat.city,
        seat.postal_code, employer.country.name, owner, minute(created), minute(created),
    )  # fmt: skip


def write_member(
    out: Exports, known: Known, opted_in: datetime, unsubscribed: tuple[datetime, str, str] | None, tag: str
) -> str:
    """A Mailchimp member; `unsubscribed` is when, from which campaign, why. Gives the record's key."""
    email = known.email or ""
    member = md5(email.lower().encode(), usedforsecurity=False).hexdigest()
    home = known.home
    address = f"{home.street}  {home.city}  {home.postal_code}  {known.country}" if home else None
    changed = unsubscribed[0] if unsubscribed else opted_in
    cells: list[object] = [
        email, known.given, known.family, address, known.phone, known.company, 1 + int(member[0], 16) % 5,
        second(opted_in), None, second(opted_in + timedelta(minutes=4)) if known.verified else None, None,
        BY_CODE[known.country].timezone, known.country, second(changed), int(member[:7], 16), member[7:17], None,
        f'"{tag}"',
    ]  # fmt: skip
    if unsubscribed is None:
        out.row("subscribed_members_export.csv", *cells)
    else:
        at, campaign, reason = unsubscribed
        title = next((name for key, name in campaign_names() if key == campaign), campaign)
        out.row("unsubscribed_members_export.csv", *cells, second(at), title, campaign, reason)
    return f"marketing/members/{member}"


def campaign_names() -> Iterable[tuple[str, str]]:
    """(id, title) of the newsletters, one a month for two years."""
    themes = (
        "Faster starts",
        "What is new",
        "Customer stories",
        "Tips for busy teams",
        "Summer offer",
        "Year in review",
    )
    for month in range(24):
        year, number = 2024 + (month + 6) // 12, (month + 6) % 12 + 1
        yield f"nl{year}{number:02d}", f"{themes[month % len(themes)]} {year}-{number:02d}"


def write_user(out: Exports, identifier: int, known: Known, created: datetime) -> str:
    """A Zendesk end user; gives the record's key."""
    country = BY_CODE[known.country]
    out.object(
        "zendesk-users.jsonl",
        {
            "id": identifier,
            "url": f"https://acme.zendesk.example/api/v2/users/{identifier}.json",
            "name": known.full,
            "email": known.email,
            "phone": known.phone,
            "role": "end-user",
            "verified": known.verified,
            "active": True,
            "locale": country.locale,
            "iana_time_zone": country.timezone,
            "organization_id": None,
            "external_id": None,
            "tags": [],
            "user_fields": {},
            "created_at": zulu(created),
            "updated_at": zulu(created),
        },
    )
    return f"helpdesk/users/{identifier}"
