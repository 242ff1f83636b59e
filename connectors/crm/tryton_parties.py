"""Tryton's parties: people and companies with their contact mechanisms, addresses and relations, as records.

A party has no type: whoever employs somebody, or carries a legal form in its name, is an account; the rest are
persons. The company's own house and its employees are parties too, and no customers.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from connectors.crm.tryton_changes import Plan, Row, Watched
from connectors.crm.tryton_rpc import Moment, Named, Tryton
from connectors.errors import SourceRefused
from connectors.records import Account, Address, ConsentStatement, Email, Person, Phone, Tombstone, said

EMPLOYS = "employs"
"""The relation type that makes the party it starts from an account."""

LEGAL_FORMS = frozenset(
    """
    gmbh ag kg ohg ug se ev e.v. mbh inc inc. incorporated llc llp corp corp. corporation co co. ltd ltd. limited plc
    sarl s.à.r.l. sas sa s.a. srl s.r.l. spa s.p.a. bv b.v. nv n.v. ab aps a/s as oy oyj sl s.l. lda pty kft sro s.r.o.
    """.split()
)

RELATIONS_A_PAGE = 1000
BUCKETS = 1024

PARTY_FIELDS = (
    "name code active replaced_by lang.code create_date write_date "
    "contact_mechanisms.type contact_mechanisms.value contact_mechanisms.active "
    "addresses.street addresses.postal_code addresses.city addresses.active addresses.country.code "
    "addresses.subdivision.name relations.type.name relations.to.rec_name"
).split()


class Mechanism(msgspec.Struct, frozen=True):
    """One way to reach a party; `active` is 1 or 0 on SQLite."""

    id: int
    type: str
    value: str | None = None
    active: bool | int = True


class PartyAddress(msgspec.Struct, frozen=True):
    """A party's address."""

    id: int
    street: str | None = None
    postal_code: str | None = None
    city: str | None = None
    active: bool | int = True
    country: Named | None = msgspec.field(name="country.", default=None)
    subdivision: Named | None = msgspec.field(name="subdivision.", default=None)


class Relation(msgspec.Struct, frozen=True):
    """How a party stands to another, in words of the relation type."""

    id: int
    type: Named = msgspec.field(name="type.")
    to: Named | None = msgspec.field(name="to.", default=None)


class Party(msgspec.Struct, frozen=True):
    """A party with everything c360 takes of it; `absorbed` says that another party was merged into it,
    `has_account` that its employer is in the same stream."""

    id: int
    name: str | None = None
    code: str | None = None
    active: bool | int = True
    replaced_by: int | None = None
    create_date: Moment | None = None
    write_date: Moment | None = None
    lang: Named | None = msgspec.field(name="lang.", default=None)
    contact_mechanisms: tuple[Mechanism, ...] = msgspec.field(name="contact_mechanisms.", default=())
    addresses: tuple[PartyAddress, ...] = msgspec.field(name="addresses.", default=())
    relations: tuple[Relation, ...] = msgspec.field(name="relations.", default=())
    absorbed: bool = False
    has_account: bool = True
    consents: tuple[ConsentStatement, ...] = ()


class GoneParty(msgspec.Struct, frozen=True):
    """A party that was there at an earlier read and no longer is."""

    id: int
    noticed_at: datetime


class _AnyRelation(msgspec.Struct, frozen=True):
    id: int
    from_: int
    to: int
    type: int


class _StaffRow(msgspec.Struct, frozen=True):
    id: int
    party: int


class _Replaced(msgspec.Struct, frozen=True):
    id: int
    replaced_by: int


def parties_plan(tryton: Tryton) -> Plan[Party | GoneParty]:
    """Read parties again when they, their contact mechanisms, addresses or relations change, or absorb another."""

    async def of_party(rows: Sequence[Row]) -> list[int]:
        return [row.party for row in rows if row.party is not None]

    async def itself(rows: Sequence[Row]) -> list[int]:
        replaced = {row.id for row in rows if row.replaced_by is not None}
        return [row.id for row in rows] + await absorbing(tryton, replaced)

    staff = Staff(tryton)

    async def fetch(ids: Sequence[int]) -> list[Party | GoneParty]:
        colleagues = await staff.parties()
        return [party for party in await read_parties(tryton, ids) if party.id not in colleagues]

    async def undated() -> dict[str, str]:
        return await _relation_digests(tryton)

    return Plan(
        model="party.party",
        watched=(
            Watched("party.party", itself, ("replaced_by",)),
            Watched("party.contact_mechanism", of_party, ("party",)),
            Watched("party.address", of_party, ("party",)),
        ),
        fetch=fetch,
        gone=gone_parties,
        undated=undated,
        in_bucket=lambda bucket, ids: [number for number in ids if number % BUCKETS == int(bucket)],
    )


async def read_parties(tryton: Tryton, ids: Sequence[int]) -> list[Party]:
    """The parties with these ids that are still there, each with what was merged into it."""
    domain = [["id", "in", list(ids)]]
    parties = await tryton.search_read("party.party", domain, PARTY_FIELDS, Party, order=[["id", "ASC"]])
    merged = await tryton.search_read("party.party", [["replaced_by", "in", list(ids)]], ["replaced_by"], _Replaced)
    absorbing_ids = {row.replaced_by for row in merged}
    return [msgspec.structs.replace(party, absorbed=party.id in absorbing_ids) for party in parties]


async def gone_parties(ids: Sequence[int]) -> list[Party | GoneParty]:
    """What to say of parties that are no longer there."""
    now = datetime.now(UTC)
    return [GoneParty(number, now) for number in ids]


class Staff:
    """The parties of the company itself and of its employees, asked for once a read."""

    def __init__(self, tryton: Tryton) -> None:
        self._tryton = tryton
        self._parties: set[int] | None = None

    async def parties(self) -> set[int]:
        """Their ids; empty where the user may not read them."""
        if self._parties is None:
            self._parties = set()
            for model in ("company.company", "company.employee"):
                with contextlib.suppress(SourceRefused):
                    rows = await self._tryton.search_read(model, [], ["party"], _StaffRow)
                    self._parties.update(row.party for row in rows)
        return self._parties


async def absorbing(tryton: Tryton, replaced: Iterable[int]) -> list[int]:
    """The parties that replaced these, in chains: A into B into C gives B and C.

    A merge moves contact mechanisms, addresses and opportunities without a new date on any of them.
    """
    found: list[int] = []
    todo = set(replaced)
    while todo:
        rows = await tryton.search_read(
            "party.party", [["id", "in", sorted(todo)], ["replaced_by", "!=", None]], ["replaced_by"], _Replaced
        )
        todo = {row.replaced_by for row in rows} - set(found)
        found.extend(sorted(todo))
    return found


async def _relation_digests(tryton: Tryton) -> dict[str, str]:
    """A digest of all relations for each bucket of parties: they carry no dates that mean anything."""
    digests: dict[int, Any] = defaultdict(hashlib.sha256)
    after = 0
    while True:
        rows = await tryton.search_read(
            "party.relation.all",
            [["id", ">", after]],
            ["from_", "to", "type"],
            _AnyRelation,
            order=[["id", "ASC"]],
            limit=RELATIONS_A_PAGE,
        )
        if not rows:
            return {str(bucket): digest.hexdigest()[:12] for bucket, digest in sorted(digests.items())}
        for row in rows:
            digests[row.from_ % BUCKETS].update(f"{row.id}:{row.from_}:{row.type}:{row.to};".encode())
        after = rows[-1].id


def is_account(party: Party) -> bool:
    """Whether the party is an organisation: it employs somebody, or its name ends in a legal form."""
    if any(relation.type.name == EMPLOYS for relation in party.relations):
        return True
    words = (party.name or "").casefold().split()
    return len(words) > 1 and words[-1] in LEGAL_FORMS


def map_party(source: str, stream: str, system: str, raw: Party | GoneParty) -> Iterator[Person | Account | Tombstone]:
    """The canonical record of a party; `system` names the Tryton database, for its id in other records."""
    if isinstance(raw, GoneParty):
        yield Tombstone(source=source, stream=stream, id=str(raw.id), deleted_at=raw.noticed_at)
    elif is_account(raw):
        yield _account(source, stream, raw)
    else:
        yield _person(source, stream, system, raw)


def _person(source: str, stream: str, system: str, party: Party) -> Person:
    mechanisms = _usable(party)
    emails = [one.value for one in mechanisms if one.type == "email" and one.value]
    phones = [one.value for one in mechanisms if one.type in ("phone", "mobile") and one.value]
    employer = next((one.to for one in party.relations if one.to is not None), None)
    address = _address(party)
    return Person(
        source=source,
        stream=stream,
        id=str(party.id),
        full_name=said(party.name),
        emails=tuple(Email(value=value, primary=n == 0) for n, value in enumerate(emails)),
        phones=tuple(Phone(value=value, country=address.country if address else None) for value in phones),
        account_id=f"{source}/{stream}/{employer.id}" if employer and party.has_account else None,
        account_name=said(employer.rec_name) if employer else None,
        address=address,
        locale=party.lang.code if party.lang else None,
        # Somebody may have entered a person twice: another number is not another person.
        contact_ids={system: str(party.id)},
        consents=party.consents,
        created_at=party.create_date.utc if party.create_date else None,
        updated_at=_updated(party),
        merged_into=str(party.replaced_by) if party.replaced_by else None,
        extra=_extra(party),
    )


def _account(source: str, stream: str, party: Party) -> Account:
    website = next((one.value for one in _usable(party) if one.type == "website" and one.value), None)
    email = next((one.value for one in _usable(party) if one.type == "email" and one.value), None)
    return Account(
        source=source,
        stream=stream,
        id=str(party.id),
        name=said(party.name),
        domain=_domain(website, email),
        address=_address(party),
        created_at=party.create_date.utc if party.create_date else None,
        updated_at=_updated(party),
        merged_into=str(party.replaced_by) if party.replaced_by else None,
        extra=_extra(party),
    )


def _usable(party: Party) -> list[Mechanism]:
    """The active mechanisms; of a party that absorbed another also those the merge deactivated, at the end."""
    active = [one for one in party.contact_mechanisms if one.active]
    return active + [one for one in party.contact_mechanisms if party.absorbed and not one.active]


def _address(party: Party) -> Address | None:
    for one in sorted(party.addresses, key=lambda address: not address.active):
        if (one.active or party.absorbed) and (one.street or one.city or one.postal_code):
            return Address(
                street=said(one.street),
                city=said(one.city),
                region=said(one.subdivision.name) if one.subdivision else None,
                postal_code=said(one.postal_code),
                country=one.country.code if one.country else None,
            )
    return None


def _domain(website: str | None, email: str | None) -> str | None:
    if website:
        host = website.partition("://")[2] or website
        return said(host.partition("/")[0].removeprefix("www.").lower())
    return said(email.rpartition("@")[2].lower()) if email else None


def _updated(party: Party) -> datetime | None:
    moment = party.write_date or party.create_date
    return moment.utc if moment else None


def _extra(party: Party) -> dict[str, Any]:
    extra: dict[str, Any] = {} if party.active else {"active": False}
    if party.code:
        extra["code"] = party.code
    return extra
