"""How the golden record is chosen, and what it says of the values that lost."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import msgspec
import pytest

from connectors.records import Address, Email, Person, Phone
from graph.customer.identifiers import phone_numbers
from graph.customer.survivorship import TrustedRecord, golden_record
from graph.rules import Survivorship

RULES = Survivorship()


def record(key: str, *, trust: float = 0.5, day: int = 1, **fields: object) -> TrustedRecord:
    source, stream, identifier = key.split("/", 2)
    person = Person(
        source=source,
        stream=stream,
        id=identifier,
        updated_at=datetime(2026, 1, day, tzinfo=UTC),
        **fields,  # type: ignore[arg-type]
    )
    numbers = tuple(number for number, _ in phone_numbers(person))
    return TrustedRecord(key, person, trust, numbers)


def test_the_most_trusted_source_wins_and_says_so() -> None:
    """The CRM is trusted more than the shop; provenance names record, rule and the value that lost."""
    golden = golden_record(
        [
            record("shop/buyers/1", trust=0.3, day=9, job_title="Owner"),
            record("crm/contacts/1", trust=0.9, job_title="CEO"),
        ],
        RULES,
    )

    assert golden.values["job_title"] == "CEO"
    provenance = golden.provenance["job_title"]
    assert (provenance.record, provenance.rule) == ("crm/contacts/1", "most_trusted")
    (loser,) = provenance.alternatives
    assert (loser.value, loser.record, loser.why) == ("Owner", "shop/buyers/1", "not from the most trusted source")


@pytest.mark.parametrize(
    ("rule", "survives", "of"),
    [
        ("most_recent", "Owner", "shop/buyers/1"),
        ("most_frequent", "CEO", "crm/contacts/1"),
        ("most_complete", "Chief Executive", "help/users/1"),
        ("most_trusted", "Boss", "erp/people/1"),
    ],
)
def test_a_field_survives_by_its_own_rule(rule: str, survives: str, of: str) -> None:
    """What rules.toml says of one field holds for it alone; the record and the rule are told, whatever their order."""
    records = [
        record("shop/buyers/1", trust=0.1, day=9, job_title="Owner", account_name="Byron"),
        record("crm/contacts/1", trust=0.2, job_title="CEO", account_name="Byron Engines"),
        record("crm/contacts/2", trust=0.2, job_title="ceo"),
        record("help/users/1", trust=0.3, job_title="Chief Executive"),
        record("erp/people/1", trust=0.9, job_title="Boss"),
    ]
    rules = msgspec.structs.replace(RULES, fields={"job_title": (rule,)})

    for order in (records, records[::-1]):
        golden = golden_record(order, rules)
        provenance = golden.provenance["job_title"]
        assert (golden.values["job_title"], provenance.record, provenance.rule) == (survives, of, rule)
        assert len(provenance.alternatives) == 3 + (rule != "most_frequent")
        assert golden.provenance["account_name"].rule == "most_trusted"


def test_a_verified_address_beats_a_trusted_one() -> None:
    """E-mail: verified first."""
    golden = golden_record(
        [
            record("crm/contacts/1", trust=0.9, emails=(Email(value="old@x.test"),)),
            record("shop/buyers/1", trust=0.1, emails=(Email(value="New@x.test", verified=True),)),
        ],
        RULES,
    )

    assert [email.address for email in golden.emails] == ["new@x.test", "old@x.test"]
    assert golden.provenance["email"].rule == "verified"


def test_a_shared_inbox_is_not_the_primary_address() -> None:
    """info@ stays in the list, marked, behind the person's own address."""
    golden = golden_record(
        [record("crm/contacts/1", emails=(Email(value="info@acme.test"), Email(value="ada@acme.test")))], RULES
    )

    assert [(e.address, e.primary, e.shared) for e in golden.emails] == [
        ("ada@acme.test", True, False),
        ("info@acme.test", False, True),
    ]


def test_an_address_survives_whole() -> None:
    """Street of one and city of another house never mix: the newest address wins as it is."""
    golden = golden_record(
        [
            record("crm/contacts/1", trust=0.9, address=Address(street="Old Lane 1", city="Ghent", postal_code="9000")),
            record("shop/buyers/1", trust=0.1, day=5, address=Address(city="Bruges")),
        ],
        RULES,
    )

    assert golden.values["address"] == Address(city="Bruges")


def test_a_deleted_record_speaks_only_when_no_other_does() -> None:
    """What the CRM deleted no longer names the customer."""
    gone = record("crm/contacts/1", trust=0.9, family_name="Old", deleted_at=datetime(2026, 2, 1, tzinfo=UTC))
    alive = record("shop/buyers/1", trust=0.1, family_name="New")

    assert golden_record([gone, alive], RULES).values["family_name"] == "New"
    assert golden_record([gone], RULES).values["family_name"] == "Old"


def test_lists_keep_all_with_their_records() -> None:
    """One number in two spellings is one number given by two records."""
    golden = golden_record(
        [
            record("crm/contacts/1", phones=(Phone(value="030 901820", country="DE"),)),
            record("shop/buyers/1", phones=(Phone(value="+49 30 901820"),)),
        ],
        RULES,
    )

    (phone,) = golden.phones
    assert (phone.number, phone.records) == ("+4930901820", ("crm/contacts/1", "shop/buyers/1"))


def test_the_order_of_records_does_not_matter() -> None:
    """Complete ties go to the smallest record key, whatever comes first."""
    records = [
        record(f"crm/contacts/{n}", job_title=title) for n, title in enumerate(("Chef", "Cook", "Chief", "Boss"))
    ]
    expected = golden_record(records, RULES)
    for seed in range(10):
        random.Random(seed).shuffle(records)
        assert golden_record(records, RULES) == expected
