"""Make the sample company: exports of three silos, plugins.toml, rules.toml, and the truth about who is who."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from connectors.sample import company
from connectors.sample.dice import Dice
from connectors.sample.exports import Exports
from connectors.sample.lives import Numbers, live
from connectors.sample.mara import EMAIL, write_mara
from connectors.sample.plan import RULES_TOML
from connectors.sample.service import TicketDesk
from connectors.sample.silos import EASY, HARD, Silo
from connectors.sample.strangers import write_dummies

MARA_EMAIL = EMAIL
"""The address of the person whom every sample begins with."""


@dataclass(frozen=True, slots=True)
class SampleSummary:
    """What was made: `people` who are in at least one silo, and `rows` a file."""

    directory: Path
    customers: int
    seed: int
    hard: bool
    rows: Mapping[str, int]

    @property
    def records(self) -> Mapping[str, int]:
        """Person records a silo."""
        members = self.rows["subscribed_members_export.csv"] + self.rows.get("unsubscribed_members_export.csv", 0)
        return {
            Silo.CRM.value: self.rows["hubspot-contacts.csv"],
            Silo.MARKETING.value: members,
            Silo.HELPDESK.value: self.rows["zendesk-users.jsonl"],
        }


def generate(
    directory: Path,
    customers: int,
    seed: int,
    hard: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> SampleSummary:
    """Write a sample of that many customers; the same numbers give the same bytes.

    `progress(done, customers)` is called after every 5,000 customers. Raises ValueError for fewer than one customer,
    OSError when the folder cannot be written.
    """
    if customers < 1:
        raise ValueError(f"a sample needs at least one customer, not {customers}")
    noise = HARD if hard else EASY
    with Exports(directory) as out:
        numbers, desk = Numbers(), TicketDesk(out)
        desk.write_setup()
        write_mara(out, desk, numbers)
        done = 1
        for chunk in company.customers(seed, customers - 1, first_number=1):
            numbers.companies.clear()
            for person in chunk:
                live(out, desk, numbers, Dice("life", seed, hard, person.number), person, noise)
            done += len(chunk)
            write_dummies(out, numbers, Dice("dummies", seed, hard, done), len(chunk), noise)
            out.flush()
            if progress is not None:
                progress(done, customers)
    (directory / "plugins.toml").write_text(PLUGINS_TOML, encoding="utf-8")
    (directory / "rules.toml").write_text(RULES_TOML, encoding="utf-8")
    return SampleSummary(directory, customers, seed, hard, dict(out.rows))


PLUGINS_TOML = """\
# The sources of the sample company: three systems that each know a part of every customer.

[crm]
connector = "files"
trust = 0.9
function = "sales"
owner = "Cleo Varga"
[[crm.files]]
path = "exports/hubspot-companies*.csv"
format = "hubspot-companies"
[[crm.files]]
path = "exports/hubspot-contacts*.csv"
format = "hubspot-contacts"
[[crm.files]]
path = "exports/hubspot-deals*.csv"
format = "hubspot-deals"
[[crm.files]]
path = "exports/hubspot-form-*.csv"
format = "hubspot-form-submissions"

[marketing]
connector = "files"
trust = 0.5
function = "marketing"
owner = "Edda Klein"
[[marketing.files]]
path = "exports/*subscribed_members_export*.csv"
format = "mailchimp-members"
[[marketing.files]]
path = "exports/mailchimp-activity*.jsonl"
format = "mailchimp-activity"

[helpdesk]
connector = "files"
trust = 0.7
function = "service"
owner = "Nadia Brenner"
[[helpdesk.files]]
path = "exports/zendesk-users*.jsonl"
format = "zendesk-users"
[[helpdesk.files]]
path = "exports/zendesk-tickets*.jsonl"
format = "zendesk-tickets"
[[helpdesk.files]]
path = "exports/zendesk-satisfaction-ratings*.jsonl"
format = "zendesk-satisfaction-ratings"
[[helpdesk.files]]
path = "exports/zendesk-groups*.jsonl"
format = "zendesk-groups"
[[helpdesk.files]]
path = "exports/zendesk-agents*.jsonl"
format = "zendesk-agents"
[[helpdesk.files]]
path = "exports/zendesk-ticket-forms*.jsonl"
format = "zendesk-ticket-forms"
[[helpdesk.files]]
path = "exports/zendesk-ticket-fields*.jsonl"
format = "zendesk-ticket-fields"

[shop]
connector = "files"
function = "finance"
owner = "Dario Pinto"
[[shop.files]]
path = "exports/orders*.csv"
format = "orders"
[[shop.files]]
path = "exports/subscriptions*.csv"
format = "subscriptions"

[surveys]
connector = "files"
function = "marketing"
owner = "Edda Klein"
[[surveys.files]]
path = "exports/surveys*.csv"
format = "surveys"
"""
"""What reads the sample: the same for every size and seed."""
