"""Which account records are one company: domain, name without its legal form, address."""

from __future__ import annotations

import itertools

import pytest

from connectors.records import Account, Address
from graph.sync.accounts import account_clusters
from tests.sources import account

HOME = Address(street="12 High Street", city="Ashford", postal_code="AB1 2XY", country="GB")
ABROAD = Address(country="DE")


def _clusters(*accounts: Account) -> list[list[str]]:
    """By their numbers; the same in whatever order the records come."""
    found = [
        sorted(sorted(key.rpartition("/")[2] for key in keys) for keys in account_clusters(order))
        for order in itertools.permutations(accounts)
    ]
    assert all(each == found[0] for each in found)
    return found[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (account("crm/a/1", "Acme GmbH"), account("help/a/2", "ACME")),
        (account("crm/a/1", "Acme GmbH", domain="acme.test"), account("help/a/2", "ACME")),
        (account("crm/a/1", "Acme", domain="acme.test"), account("help/a/2", "The Other", domain="www.acme.test")),
        (account("crm/a/1", "Acme", domain="acme.com"), account("help/a/2", "Acme", domain="acme.de")),
        (
            account("crm/a/1", "Acme", domain="acme.com", address=HOME),
            account("help/a/2", "Acme", domain="engines.test", address=HOME),
        ),
    ],
    ids=["name", "a domain that the other lacks", "domain", "domain under another ending", "address"],
)
def test_records_of_one_company_are_one(one: Account, other: Account) -> None:
    """A name without its legal form, a domain of its own, an address: each is enough where nothing contradicts."""
    assert _clusters(one, other) == [["1", "2"]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (account("crm/a/1", "Müller", domain="mueller-bau.test"), account("help/a/2", "Müller", domain="milch.test")),
        (account("crm/a/1", "Acme", address=HOME), account("help/a/2", "Acme", address=ABROAD)),
        (account("crm/a/1", "Acme", domain="gmail.com"), account("help/a/2", "Other", domain="gmail.com")),
        (account("crm/a/1", "Acme", address=HOME), account("help/a/2", "Other", address=HOME)),
    ],
    ids=["domains", "countries", "a domain of many", "an address alone"],
)
def test_two_companies_stay_two(one: Account, other: Account) -> None:
    """One name in two countries or with two domains, or one house, is not one company."""
    assert _clusters(one, other) == [["1"], ["2"]]


def test_who_cannot_be_told_joins_neither() -> None:
    """Of two companies of one name nobody knows whose a third record is; with the address of one it is known."""
    first = account("crm/a/1", "Müller", domain="bau.test", address=HOME)
    second = account("crm/a/2", "Müller", domain="milch.test", address=Address(country="GB"))
    unknown = account("help/a/3", "Müller Ltd", address=Address(country="GB"))

    assert _clusters(first, second, unknown) == [["1"], ["2"], ["3"]]
    assert _clusters(first, second, account("help/a/3", "Müller Ltd", address=HOME)) == [["1", "3"], ["2"]]


def test_what_a_source_has_merged_is_one() -> None:
    """Whatever their names and domains say; a survivor that is not there changes nothing."""
    gone = account("crm/a/1", "Acme", domain="acme.test", merged_into="2")

    assert _clusters(gone, account("crm/a/2", "Byron", domain="byron.test")) == [["1", "2"]]
    assert _clusters(gone) == [["1"]]
