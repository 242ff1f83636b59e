"""Search by telephone numbers: whole, begun and ended, with the code of their country and without it."""

from __future__ import annotations

import re
from typing import Any

import phonenumbers
import pytest

from graph.cypher import cypher
from graph.rules import Rules
from graph.search.find import Hit, Search, Viewing, find, read_search
from graph.store.driver import Store
from graph.sync.sync import sync
from tests.sources import fixed_source, person

pytestmark = pytest.mark.anyio
NUMBERS = {
    "Mara Lindqvist": "+46701740605",
    "Jörg Müller": "+493090182000",
    "Otto Krug": "+4930901829",
    "Li Wu": "+442071234567",
    "Chiara Rossi": "+390669812345",
    "Jon Smith": "+12015550123",
    "Wayne Ferrer": "+12421201555",
    "Olga Orlova": "+74930901820",
    "Aino Virtanen": "+35893090182",
    "Ana Souza": "+551123456789",
    "Priya Nair": "+917410410123",
}
"""Some begin alike in different countries, one's code is the beginning of another's number, one keeps its zero."""
TYPED = (
    *NUMBERS.values(),
    *("070-174 06 05", "0701740605", "070174", "70174", "+4670174", "0046 70 174", "4670174", "0605", "000605"),
    *("030 9018", "030901829", "309018", "+4930", "4930", "4930 9018", "0049 30 9018", "82000", "2000", "000000"),
    *("020 7123", "44207", "06 6981", "066981", "0669812345", "669812345", "+39 06", "+396", "3906", "2012", "0201555"),
    *("1201", "12015550123", "+1201555", "1242120", "242120", "9309", "09 3090", "1123", "11 2345", "+55", "00605"),
    *("741041", "0741041"),
)
CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


def _fits(typed: str, number: str) -> bool:
    """Whether a number is what was typed or begins or ends so, told by trying the code of every country."""
    digits = re.sub(r"\D", "", typed)
    short = digits.lstrip("0")
    codes = [""] if typed.startswith(("+", "00")) else ["", *CODES]
    forms = (digits, short) if codes != [""] else (short,)  # Italy's numbers keep the zero
    begins = len(short) >= 4 and any(number.startswith(f"+{code}{form}") for code in codes for form in forms)
    return begins or any(len(end) >= 4 and number.endswith(end) for end in (digits, short))


def _search(text: str) -> Search:
    search = read_search(text)
    assert search is not None
    return search


class Noting:
    """A store that notes what it is asked."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def read(self, query: str, /, **parameters: Any) -> list[list[Any]]:
        self.asked.append((query, parameters))
        return await self._store.read(query, **parameters)


async def test_a_number_is_found_by_its_beginning_and_ending_in_whatever_country(store: Store) -> None:
    """Those and no others, whichever of the two hundred codes stands between the plus and what was typed."""
    people = [person(f"crm/contacts/{at}", name, phone=NUMBERS[name]) for at, name in enumerate(NUMBERS)]
    await sync([fixed_source("crm", *people)], store, Rules(), full=True)
    rows = await store.read(
        "MATCH (i:Identifier {kind: 'phone'})<-[:HAS_IDENTIFIER]-(:SourceRecord)-[:DESCRIBES]->(c:Customer) "
        "RETURN c.id, i.value"
    )
    numbers = dict(rows)
    assert sorted(numbers.values()) == sorted(NUMBERS.values())

    for typed in TYPED:
        hits: list[Hit] = await find(store, _search(typed), Viewing())
        expected = {number for number in NUMBERS.values() if _fits(typed, number)}
        assert {numbers[hit.id] for hit in hits} == expected, typed


async def test_a_number_is_asked_for_by_single_values(embedded_store: Store) -> None:
    """The embedded store walks its index for a parameter alone: what is asked does not grow with countries."""
    for typed in ("070174", "0701740605", "+4670174", "0605", "0000", "mara@nordlicht.test"):
        noting = Noting(embedded_store)
        await find(noting, _search(typed), Viewing())

        ((query, parameters),) = [one for one in noting.asked if one[0] == cypher("search/who_is_reached")]
        assert re.findall(r"UNWIND \$(\w+)", query) == ["keys"]
        assert [name for name, value in parameters.items() if isinstance(value, list)] == ["keys"]
        assert len(parameters["keys"]) <= 1
        assert None not in parameters.values()
        assert "CALL" not in query
