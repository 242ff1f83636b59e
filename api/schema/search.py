"""What a search finds: customers and accounts, each with how well it fits and where one sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Annotated, Any

import orjson
import strawberry

from api.plan.errors import bad_input
from api.plan.fields import described, entry
from api.plan.ranked import Member, Ranked, Ranking
from api.plan.roots import Reader, RootRanked
from api.plan.rows import Arguments
from api.schema.access import mask_of
from api.schema.account import Account
from api.schema.customer import Customer
from api.schema.enums import SearchType
from api.schema.paging import PageInfo
from graph.customer import reading
from graph.keys import Role
from graph.reading import Column
from graph.search.find import Search, Viewing, find, read_search
from graph.search.highlight import Range, is_whole_address, range_in_number, ranges

SearchResult = Annotated[Customer | Account, strawberry.union("SearchResult", description="What a search can find.")]


@strawberry.enum(description="Where one sees why something was found.")
class SearchField(Enum):
    NAME = strawberry.enum_value("name", description="The name of the customer or the account.")
    EMAIL = strawberry.enum_value("email", description="An e-mail address of the customer.")
    PHONE = strawberry.enum_value("phone", description="A telephone number of the customer.")
    COMPANY = strawberry.enum_value("company", description="The company of the customer.")
    DOMAIN = strawberry.enum_value("domain", description="The domain of the account.")


@described
class SearchHighlight:
    """A part of a value that fits what was typed."""

    field: SearchField = entry("Which value it is.")
    value: str = entry("The whole value, masked for whoever sees it masked.")
    start: int = entry("Where in the value the part begins, in characters (Unicode code points), the first being 0.")
    length: int = entry("How many characters it has.")


@described
class SearchResultEdge:
    """Something that was found, and why."""

    cursor: str = strawberry.field(description="Pass it as `after` or `before`, with the same query.")
    node: SearchResult = strawberry.field(description="What was found.")
    score: float = strawberry.field(
        description="How well it fits, the mean over the words of the query: 1 the same, .7 to .95 beginning so, less "
        "when a part or mistyped; a twentieth less where the word is not of the name."
    )
    highlights: list[SearchHighlight] = strawberry.field(description="Where one sees that it fits.")


@described
class SearchResultConnection:
    """A page of what was found, the best first."""

    edges: list[SearchResultEdge] = strawberry.field(description="What was found, with cursors and scores.")
    nodes: list[SearchResult] = strawberry.field(description="What was found.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    total_count: int | None = strawberry.field(description="How many were found; 500 may be more.")


async def _rank(reader: Reader, arguments: Arguments, role: Role) -> Ranking:
    search = read_search(arguments["query"])
    if search is None:
        raise bad_input("`query` has no word to look for.")
    wanted = arguments.get("types")
    viewing = Viewing(
        types=frozenset(_TYPES[SearchType(one)] for one in (SearchType if wanted is None else wanted)),
        emails_masked=mask_of("EmailAddress.address", role) is not None,
        phones_masked=mask_of("PhoneNumber.number", role) is not None,
    )
    hits = await find(reader, search, viewing)
    return Ranking(
        [Ranked(hit.typename, hit.id, hit.score, hit.place) for hit in hits],
        lambda typename, values: _highlights(search, role, typename, values),
    )


_TYPES: Mapping[SearchType, str] = {SearchType.CUSTOMER: "Customer", SearchType.ACCOUNT: "Account"}

RANKED_SEARCH = RootRanked(
    {
        "Customer": Member(
            reading.CUSTOMERS_BY_ID,
            (Column("display_name"), Column("emails"), Column("phones"), Column("account_name")),
        ),
        "Account": Member(reading.ACCOUNTS_BY_ID, (Column("name"), Column("domain"))),
    },
    _rank,
)


def _highlights(search: Search, role: Role, typename: str, values: Sequence[Any]) -> list[dict[str, Any]]:
    if typename == "Account":
        name, domain = values
        return _in_words(search, role, {"name": _given(name), "domain": _given(domain)}, "Account.name")
    name, emails, phones, company = values
    addresses = [one["address"] for one in orjson.loads(emails or "[]")]
    numbers = [one["number"] for one in orjson.loads(phones or "[]")]
    whole = [_marked(role, "email", one) for one in addresses if is_whole_address(search, one)]
    texts = {"name": _given(name), "company": _given(company)}
    # An address that is masked must not show which parts of it were guessed.
    if mask_of("EmailAddress.address", role) is None and not whole:
        texts["email"] = addresses
    found = _in_words(search, role, texts, "Customer.displayName")
    return [*found, *whole, *_in_numbers(search, role, numbers)]


def _in_words(search: Search, role: Role, texts: Mapping[str, list[str]], name: str) -> list[dict[str, Any]]:
    mask = mask_of(name, role)
    shown = {
        # A name that is an address or a number is shown masked, and then nothing in it is pointed at.
        field: [
            text for text in given if field != "name" or mask is None or mask.show is None or mask.show(text) == text
        ]
        for field, given in texts.items()
    }
    return [
        _highlight(field, text, range_)
        for field, found in ranges(search, shown).items()
        for text, marked in zip(shown[field], found, strict=True)
        for range_ in marked
    ]


def _in_numbers(search: Search, role: Role, numbers: Sequence[str]) -> list[dict[str, Any]]:
    found = [(number, range_) for number in numbers if (range_ := range_in_number(search, number)) is not None]
    if mask_of("PhoneNumber.number", role) is None:
        return [_highlight("phone", number, range_) for number, range_ in found]
    return [_marked(role, "phone", number) for number, _ in found if search.is_whole_number(number)]


def _marked(role: Role, field: str, value: str) -> dict[str, Any]:
    """A whole value, as the viewer sees it."""
    mask = mask_of("EmailAddress.address" if field == "email" else "PhoneNumber.number", role)
    shown = value if mask is None or mask.show is None else mask.show(value)
    return _highlight(field, shown, Range(0, len(shown)))


def _highlight(field: str, value: str, range_: Range) -> dict[str, Any]:
    return {"field": field, "value": value, "start": range_.start, "length": range_.length}


def _given(value: str | None) -> list[str]:
    return [] if value is None else [value]
