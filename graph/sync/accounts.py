"""Which account records are the same company: one domain of its own, or one name where nothing says that it is two."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import NamedTuple

from connectors.records import Account, RecordKey
from graph.linkage import normalise

Union = Callable[[str, str], None]
_LONGEST = 200
"""So much of a sign is compared, and kept in an index, which takes no more than some thousand bytes."""


class Signs(NamedTuple):
    """What an account record shows by which it may be the same company as another; None: nothing."""

    name: str | None
    """Without its legal form, within a country: `GB:acme`."""
    domain: str | None
    """One of its own."""


def signs_of(account: Account) -> Signs:
    """The signs of a record, each 200 characters at most."""
    name, domain = _name_in_country(account), _own_domain(account)
    return Signs(name and name[:_LONGEST], domain and domain[:_LONGEST])


@cache
def signs_version() -> str:
    """Named by the text of what makes signs: another way to normalise makes other signs of the same records."""
    digest = hashlib.blake2b(version("anyascii").encode(), digest_size=8)
    for place in ("sync/accounts.py", "linkage/normalise.py"):
        digest.update(files("graph").joinpath(place).read_bytes())
    return digest.hexdigest()


def survivor_of(account: Account) -> str | None:
    """The key of the record that its source has merged it into."""
    if account.merged_into is None:
        return None
    return str(RecordKey(account.source, account.stream, account.merged_into))


def account_clusters(accounts: Sequence[Account], signs: Mapping[str, Signs] | None = None) -> list[list[str]]:
    """Clusters of record keys; deterministic whatever the order. Records that the source has merged are together.

    Names are compared without their legal form, within one country. Companies of one name that have different domains
    are two, unless they stand at one address; a record that says neither domain nor address of one of them is a third.

    So two records are together only along a chain in which each shares name, domain or merge with the next; and who is
    together depends on no record outside: all records that hang together so can be clustered without any other.
    `signs` are those of the records, by key, where they are known already.
    """
    by_key = {str(account.key): account for account in sorted(accounts, key=lambda account: str(account.key))}
    leader = {key: key for key in by_key}

    def find(key: str) -> str:
        while leader[key] != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    def join(one: str, other: str) -> None:
        one, other = find(one), find(other)
        leader[max(one, other)] = min(one, other)

    if signs is None:
        signs = {key: signs_of(account) for key, account in by_key.items()}
    domains = {key: signs[key].domain for key in by_key}
    _join_alike(by_key, domains.get, join)
    for alike in _grouped(by_key, lambda key: signs[key].name):
        if len({domain.partition(".")[0] for key in alike if (domain := domains[key])}) <= 1:
            _join_alike(alike, lambda key: True, join)
        else:
            _join_alike(alike, lambda key: _place(by_key[key]), join)
            _join_alike(alike, lambda key: (domains[key] is None and _place(by_key[key]) is None) or None, join)
    for key, account in by_key.items():
        survivor = survivor_of(account)
        if survivor is not None and survivor in leader:
            join(key, survivor)
    clusters: dict[str, list[str]] = defaultdict(list)
    for key in by_key:
        clusters[find(key)].append(key)
    return list(clusters.values())


def _join_alike(keys: Iterable[str], sign: Callable[[str], Hashable | None], join: Union) -> None:
    for alike in _grouped(keys, sign):
        for key in alike[1:]:
            join(alike[0], key)


def _grouped(keys: Iterable[str], sign: Callable[[str], Hashable | None]) -> list[list[str]]:
    """The keys by what they show; those that show nothing are left out."""
    groups: dict[Hashable, list[str]] = defaultdict(list)
    for key in keys:
        if (shown := sign(key)) is not None:
            groups[shown].append(key)
    return list(groups.values())


def _own_domain(account: Account) -> str | None:
    domain = normalise.domain(account.domain)
    return None if domain in normalise.FREE_DOMAINS else domain


def _name_in_country(account: Account) -> str | None:
    name = normalise.company(account.name)
    country = normalise.country(account.address.country) if account.address else None
    return None if name is None else f"{country or ''}:{name}"


def _place(account: Account) -> tuple[str, str] | None:
    """Street with house number, and postcode or town; None unless both are said."""
    if account.address is None:
        return None
    street = normalise.street(account.address.street)
    town = normalise.postcode(account.address.postal_code) or normalise.text(account.address.city)
    return None if street is None or town is None else (street, town)
