"""Raw values become comparable ones, and what says nothing becomes None."""

from __future__ import annotations

import pytest

from graph.linkage import normalise as n
from graph.linkage.phone import national


@pytest.mark.parametrize(
    ("raw", "first", "middle", "last"),
    [
        ("Ada Lovelace", "ada", None, "lovelace"),
        ("LOVELACE, Ada", "ada", None, "lovelace"),
        ("MORAN Anne", "anne", None, "moran"),
        ("Dr. Ludwig van der Berg", "ludwig", None, "van der berg"),
        ("Prof. Dr. Anna Maria Groß", "anna", "maria", "gross"),
        ("Martin Luther King, Jr.", "martin", "luther", "king"),
        ("Cher", None, None, "cher"),
        ("  ", None, None, None),
        (None, None, None, None),
    ],
)
def test_full_names_split_into_their_parts(raw, first, middle, last):
    """Titles go, particles stay with the family name, either order is understood."""
    assert n.split_full_name(raw) == (first, middle, last)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Ada.Lovelace+news@GoogleMail.com", "adalovelace@gmail.com"),
        (" <ada.l+x@Acme.ORG> ", "ada.l@acme.org"),
        ("mailto:ada@acme.org", "ada@acme.org"),
        ("noemail@noemail.com", None),
        ("test@test.com", None),
        ("ada@acme", None),
        ("ada", None),
        ("", None),
        (None, None),
    ],
)
def test_addresses_are_comparable_and_dummies_are_none(raw, expected):
    """Dots count where the provider counts them; a dummy address is no address."""
    assert n.email(raw) == expected


def test_desks_are_not_persons():
    """info@ and support.de@ are shared; a person's address is not, even one that begins with a role's letters."""
    assert n.is_shared_address("info@acme.org")
    assert n.is_shared_address("support.de@acme.org")
    assert not n.is_shared_address("ada@acme.org")
    assert not n.is_shared_address("information.ada@acme.org")


@pytest.mark.parametrize(
    ("raw", "country", "expected"),
    [
        ("(415) 555-2671", "US", "+14155552671"),
        ("+44 (0)20 7946 0123", None, "+442079460123"),
        ("0044 20 7946 0123", "DE", "+442079460123"),
        ("020 7946 0123 ext 5", "GB", "+442079460123"),
        ("020 7946 0123", None, None),
        ("0000000000", "US", None),
        ("1234567890", "US", None),
        ("12", "GB", None),
        ("call me", "GB", None),
    ],
)
def test_phones_are_e164_or_none(raw, country, expected):
    """A national number needs its country; dummies and fragments are None."""
    assert n.phone(raw, country) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+46701740605", "701740605"),
        ("+390669812345", "0669812345"),
        ("+12015550123", "2015550123"),
        ("+35893090182", "93090182"),
        ("+99912345678", None),
        ("+", None),
    ],
)
def test_a_number_without_the_code_of_its_country(number: str, expected: str | None) -> None:
    """What follows the code, with the zero that some countries keep; nothing where there is no such code."""
    assert national(number) == expected


@pytest.mark.parametrize(
    ("raw", "country", "expected"),
    [
        ("1980-03-04", None, "1980-03-04"),
        ("19800304", None, "1980-03-04"),
        ("1980-03-04 00:00:00", None, "1980-03-04"),
        ("04.03.1980", None, "1980-03-04"),
        ("03/04/1980", "US", "1980-03-04"),
        ("03/04/1980", "GB", "1980-04-03"),
        ("03/25/1980", "GB", "1980-03-25"),
        ("4 March 1980", None, "1980-03-04"),
        ("March 4, 1980", None, "1980-03-04"),
        ("1630-08-01", None, "1630-08-01"),
        ("0980-03-04", None, None),
        ("1753-01-01", None, None),
        ("1900-01-01", None, None),
        ("yesterday", None, None),
    ],
)
def test_birth_dates_of_any_form(raw, country, expected):
    """Order follows the country where it is ambiguous; placeholders are None, people of long ago are not."""
    assert n.birth_date(raw, country) == expected


def test_companies_streets_postcodes_and_countries():
    """Legal forms, street words, spaces and country names do not keep equal things apart."""
    assert n.company("Acme Foods GmbH & Co. KG") == n.company("ACME FOODS") == "acme foods"
    assert n.street("35 Harmon Drive") == n.street("35 Harmon Dr.") == "35 harmon dr"
    assert n.postcode("sw1a 1aa") == n.postcode("SW1A1AA")
    assert n.postcode("12345-6789") == "12345"
    assert n.country("Deutschland") == n.country("de") == "DE"
    assert n.country("Narnia") is None
    assert n.domain("https://www.Acme.org/about") == n.domain("ada@acme.org") == "acme.org"


@pytest.mark.parametrize("nothing", ["", " ", "n/a", "N/A", "unknown", "-", None])
def test_what_says_nothing_is_none(nothing):
    """A placeholder is never compared."""
    assert n.text(nothing) is None


def test_names_lose_accents_and_titles():
    """Zoë and Zoe are one name; a generation suffix is none."""
    assert n.name("Zoë") == n.name("zoe") == "zoe"
    assert n.name("Koch II") == "koch"
    assert n.name("J.") == "j"
