"""One raw value in, one comparable value out; None when it says nothing. The original is always kept elsewhere.

Every function takes one string. `columns.py` runs each of them once per distinct value.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from anyascii import anyascii

from graph.linkage.phone import phone

__all__ = [
    "birth_date", "company", "country", "domain", "email", "is_shared_address", "name", "phone", "postcode",
    "split_full_name", "street", "text",
]  # fmt: skip

_LONGEST = 200
_PLAIN = {code: chr(code).lower() if chr(code).isalnum() or chr(code) == " " else None for code in range(128)}
"""Of each character of ASCII, the letter or digit that it is compared as; None: it is left out."""
_SAYS_NOTHING = frozenset(
    "none null nan unknown unbekannt inconnu test tbd xxx undefined nil notavailable notprovided".split()
)

_MARKS = frozenset(("n/a", "N/A", "n.a.", "N.A.", "NA"))

ROLES = frozenset(
    "abuse account accounting accounts admin administrator billing booking bookings buchhaltung compta contact "
    "contacto customerservice desk enquiries feedback finance frontdesk hello hallo help helpdesk hi hr info infos "
    "inquiries invoice invoices it jobs kontakt mail mailbox marketing marketing-team media newsletter no-reply "
    "noreply donotreply office orders post postmaster press privacy purchasing reception recruiting reservations "
    "sales secretariat service shop staff support team vertrieb verkauf webmaster zentrale".split()
)
FREE_DOMAINS = frozenset(
    "aol.com bigpond.com bluewin.ch btinternet.com comcast.net duck.com email.com fastmail.com free.fr freenet.de "
    "gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com hotmail.co.uk hotmail.com hotmail.de hotmail.fr "
    "hotmail.it icloud.com laposte.net libero.it live.co.uk live.com live.fr mac.com mail.com mail.ru me.com "
    "msn.com naver.com orange.fr outlook.com outlook.de outlook.fr posteo.de proton.me protonmail.com qq.com "
    "rocketmail.com sbcglobal.net sfr.fr sky.com t-online.de verizon.net virginmedia.com wanadoo.fr web.de "
    "yahoo.co.uk yahoo.com yahoo.de yahoo.fr yandex.ru ymail.com zoho.com 163.com 126.com".split()
)
_DUMMY_USERS = frozenset(
    "noemail nomail none na n-a test example user unknown asdf abc fake nobody notavailable".split()
)
_DUMMY_DOMAINS = frozenset(
    "example.com example.org example.net noemail.com none.com na.com test.com nomail.com".split()
)


def text(value: str | None) -> str | None:
    """Lower-case ASCII letters, digits and single spaces; None for what says nothing ("n/a", "unknown", "-")."""
    if not value or value in _MARKS:
        return None
    value = value[:_LONGEST]
    plain = " ".join((value if value.isascii() else anyascii(value)).translate(_PLAIN).split())
    return None if not plain or plain.replace(" ", "") in _SAYS_NOTHING else plain


_TITLES = frozenset(
    "mr mrs ms miss mx dr prof professor sir madam dame lord lady rev herr frau hr fr mme mlle monsieur madame dipl "
    "ing mag med sr sra srta don dona".split()
)
_SUFFIXES = frozenset("jr sr junior senior ii iii iv phd md esq dds mba bsc msc dphil".split())
_PARTICLES = frozenset(
    "van von der den de del della di da do dos das du la le les lo zu zum zur ter ten af av bin ibn al el st san "
    "santa mac mc o abu ben".split()
)


def name(value: str | None) -> str | None:
    """A given or a family name without titles and generation suffixes; initials are kept."""
    plain = text(value)
    if plain is None or " " not in plain:
        return plain
    words = plain.split(" ")
    while len(words) > 1 and words[0] in _TITLES:
        words.pop(0)
    while len(words) > 1 and words[-1] in _SUFFIXES:
        words.pop()
    return " ".join(words)


class FullName(NamedTuple):
    first: str | None
    middle: str | None
    last: str | None


def split_full_name(value: str | None) -> FullName:
    """The parts of "Ada Lovelace", "LOVELACE, Ada", "Dr. Ludwig van der Berg" or "MORAN Anne"."""
    nothing = FullName(None, None, None)
    if not value:
        return nothing
    value = value[:_LONGEST]
    family, comma, given = value.partition(",")
    if comma and text(given) and text(given) not in _SUFFIXES:
        words = (name(given) or "").split(" ")
        return FullName(words[0] or None, " ".join(words[1:]) or None, name(family))
    said = [(word, plain) for word in value.replace(",", " ").split() if (plain := text(word))]
    raw, words = [word for word, _ in said], [plain for _, plain in said]
    while len(words) > 1 and words[0] in _TITLES:
        words, raw = words[1:], raw[1:]
    while len(words) > 1 and words[-1] in _SUFFIXES:
        words, raw = words[:-1], raw[:-1]
    if not words:
        return nothing
    if len(words) == 1:
        return FullName(None, None, words[0])
    if len(raw[0]) > 2 and raw[0].isupper() and not raw[-1].isupper():
        return FullName(words[1], " ".join(words[2:]) or None, words[0])
    start = len(words) - 1
    while start > 1 and words[start - 1] in _PARTICLES:
        start -= 1
    return FullName(words[0], " ".join(words[1:start]) or None, " ".join(words[start:]))


def email(value: str | None) -> str | None:
    """A lower-case address; plus-tags are dropped, dots only where the provider ignores them; dummies are None."""
    if not value:
        return None
    address = value.strip().strip("<>").lower().removeprefix("mailto:")
    user, at, host = address.rpartition("@")
    host = host.strip(". ")
    if not at or not user or "." not in host or len(address) > _LONGEST or address.split() != [address]:
        return None
    user = user.split("+")[0] or user
    if host in ("gmail.com", "googlemail.com"):
        user, host = user.replace(".", ""), "gmail.com"
    if not user or host in _DUMMY_DOMAINS or (user in _DUMMY_USERS and host.split(".")[0] in (*_DUMMY_USERS, user)):
        return None
    return f"{user}@{host}"


def is_shared_address(address: str) -> bool:
    """Whether a normalised address names a desk rather than a person (info@, sales@, support.de@ …)."""
    user = address.partition("@")[0]
    return user in ROLES or user.rstrip("0123456789") in ROLES or re.split(r"[._-]", user)[0] in _SURE_ROLES


_SURE_ROLES = frozenset("info sales support billing noreply office contact helpdesk kontakt newsletter".split())


def domain(value: str | None) -> str | None:
    """The host of an address, a web address or a bare domain, without "www."."""
    if not value:
        return None
    host = value.strip().lower().rpartition("@")[2]
    host = re.sub(r"^[a-z]+://", "", host).split("/")[0].split(":")[0].removeprefix("www.").strip(".")
    return host if "." in host and " " not in host else None


_LEGAL_FORMS = frozenset(
    "inc incorporated llc llp lp ltd limited gmbh mbh corp corporation sas sarl sa ag kg ohg ug se bv nv plc co "
    "company spa srl ab as oy aps pty kk cokg holding group gruppe groupe".split()
)


def company(value: str | None) -> str | None:
    """A company's name without its legal form ("Acme Foods GmbH & Co. KG" → "acme foods")."""
    plain = text(value)
    if plain is None:
        return None
    words = plain.split(" ")
    while len(words) > 1 and words[-1] in _LEGAL_FORMS:
        words.pop()
    return " ".join(words)


_STREET_WORDS = {
    "street": "st", "avenue": "ave", "av": "ave", "road": "rd", "lane": "ln", "drive": "dr", "boulevard": "blvd",
    "court": "ct", "place": "pl", "square": "sq", "highway": "hwy", "parkway": "pkwy", "terrace": "ter",
    "circuit": "cct", "crescent": "cres", "close": "cl", "strasse": "str", "rue": "r", "chemin": "ch", "north": "n",
    "south": "s", "east": "e", "west": "w", "apartment": "apt", "suite": "ste",
}  # fmt: skip


def street(value: str | None) -> str | None:
    """A street line with its common words shortened ("35 Harmon Drive" → "35 harmon dr")."""
    plain = text(value)
    if plain is None:
        return None
    words = (
        w.removesuffix("asse") if w.endswith("strasse") and len(w) > 7 else _STREET_WORDS.get(w, w)
        for w in plain.split(" ")
    )
    return " ".join(words)


def postcode(value: str | None) -> str | None:
    """Letters and digits only; a US ZIP+4 is cut to its ZIP."""
    plain = text(value)
    if plain is None:
        return None
    if value and re.fullmatch(r"\s*\d{5}-\d{4}\s*", value):
        return plain[:5]
    return plain.replace(" ", "")[:12]


_YEAR_FIRST = re.compile(r"(\d{4})[-/.]?(\d{1,2})[-/.]?(\d{1,2})(?:[T ].*)?")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/. ])(\d{1,2})[-/. ](\d{4})(?:[T ].*)?")
_MONTHS = {m: i for i, m in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_WORDED = re.compile(
    r"(?:(\d{1,2})\.?\s+([a-z]{3})[a-z]*\.?,?|([a-z]{3})[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?)\s+(\d{4})"
)
_PLACEHOLDERS = frozenset(
    ("1900-01-01", "1970-01-01", "1901-01-01", "1899-12-30", "1753-01-01", "1601-01-01", "1111-11-11", "9999-12-31")
)


def birth_date(value: str | None, country: str | None = None) -> str | None:
    """YYYY-MM-DD of any usual form. 03/04/1980 is March in the United States, April elsewhere.

    A day or month the calendar does not know is kept as written (a mistyped date is still close to the right one);
    placeholders such as 1900-01-01, and 1753-01-01 of databases, and years outside 1000-2100 are None.
    """
    if not value:
        return None
    value = value.strip().lower()
    if match := _YEAR_FIRST.fullmatch(value):
        year, month, day = match[1], match[2], match[3]
    elif match := _YEAR_LAST.fullmatch(value):
        first, second, year = match[1], match[3], match[4]
        month_first = match[2] != "." and (int(second) > 12 or (country in ("US", "PH") and int(first) <= 12))
        month, day = (first, second) if month_first else (second, first)
    elif match := _WORDED.fullmatch(value):
        number = _MONTHS.get(match[2] or match[3])
        if number is None:
            return None
        month, day, year = str(number), match[1] or match[4], match[5]
    else:
        return None
    date = f"{year}-{month:0>2}-{day:0>2}"
    return None if date in _PLACEHOLDERS or not 1000 <= int(year) <= 2100 else date


_COUNTRIES = {
    "united states": "US", "united states of america": "US", "usa": "US", "great britain": "GB",
    "united kingdom": "GB", "uk": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "germany": "DE",
    "deutschland": "DE", "france": "FR", "austria": "AT", "osterreich": "AT", "oesterreich": "AT",
    "switzerland": "CH", "schweiz": "CH", "suisse": "CH", "italy": "IT", "italia": "IT", "spain": "ES",
    "espana": "ES", "portugal": "PT", "netherlands": "NL", "the netherlands": "NL", "nederland": "NL",
    "belgium": "BE", "belgique": "BE", "belgie": "BE", "luxembourg": "LU", "ireland": "IE", "denmark": "DK",
    "danmark": "DK", "sweden": "SE", "sverige": "SE", "norway": "NO", "norge": "NO", "finland": "FI", "suomi": "FI",
    "poland": "PL", "polska": "PL", "czech republic": "CZ", "czechia": "CZ", "hungary": "HU", "greece": "GR",
    "romania": "RO", "turkey": "TR", "turkiye": "TR", "russia": "RU", "ukraine": "UA", "canada": "CA",
    "mexico": "MX", "brazil": "BR", "brasil": "BR", "argentina": "AR", "chile": "CL", "colombia": "CO",
    "australia": "AU", "new zealand": "NZ", "india": "IN", "china": "CN", "japan": "JP", "south korea": "KR",
    "singapore": "SG", "south africa": "ZA", "israel": "IL", "united arab emirates": "AE",
}  # fmt: skip


def country(value: str | None) -> str | None:
    """ISO 3166 alpha-2 of a code or a usual name; None when it is neither."""
    plain = text(value)
    if plain is None:
        return None
    if plain in _COUNTRIES:
        return _COUNTRIES[plain]
    return plain.upper() if len(plain) == 2 and plain.isalpha() else None
