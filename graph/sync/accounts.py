"""Which account records are the same company: the same domain of its own, or the same name without its legal form."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from connectors.records import Account
from graph.linkage import normalise


def account_clusters(accounts: Sequence[Account]) -> list[list[str]]:
    """Clusters of record keys; deterministic whatever the order.

    A name alone joins only where countries do not contradict. Records that the source has merged are together.
    """
    by_key = {str(account.key): account for account in accounts}
    leader = {key: key for key in by_key}

    def find(key: str) -> str:
        while leader[key] != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    seen: dict[tuple[str, str], str] = {}
    for key in sorted(by_key):
        account = by_key[key]
        for sign in _signs(account):
            other = seen.setdefault(sign, key)
            leader[max(find(key), find(other))] = min(find(key), find(other))
        if account.merged_into is not None:
            survivor = f"{account.source}/{account.stream}/{account.merged_into}"
            if survivor in leader:
                leader[find(key)] = find(survivor)
    clusters: dict[str, list[str]] = defaultdict(list)
    for key in sorted(by_key):
        clusters[find(key)].append(key)
    return list(clusters.values())


def _signs(account: Account) -> list[tuple[str, str]]:
    signs = []
    domain = normalise.domain(account.domain)
    if domain is not None and domain not in normalise.FREE_DOMAINS:
        signs.append(("domain", domain))
    name = normalise.company(account.name)
    if name is not None:
        country = (account.address.country if account.address else None) or ""
        signs.append(("name", f"{name}|{normalise.country(country) or ''}"))
    return signs
