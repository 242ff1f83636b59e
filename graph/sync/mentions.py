"""Mentions: records that are known by an identifier alone, and whose they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

MentionRow = tuple[str, str, Sequence[str]]
"""(mention, one of its identifiers, the person records that have it too)."""


def with_mentions(clusters: list[list[str]], mentions: Iterable[str], rows: Iterable[MentionRow]) -> list[list[str]]:
    """Mentions join the one customer who has their identifier; where several have it or none, they stand alone.

    Those that stand alone are one customer when their first identifier is the same.
    """
    cluster_of = {record: index for index, cluster in enumerate(clusters) for record in cluster}
    owners: dict[str, set[int]] = defaultdict(set)
    same: dict[str, str] = {}
    for mention, identifier, persons in sorted(rows, key=lambda row: row[:2]):
        owners[mention] |= {cluster_of[person] for person in persons if person in cluster_of}
        same.setdefault(mention, identifier)
    alone: dict[str, list[str]] = defaultdict(list)
    for mention in sorted(mentions):
        known = owners.get(mention, set())
        if len(known) == 1:
            clusters[next(iter(known))].append(mention)
        else:
            alone[same.get(mention, mention)].append(mention)
    return [*clusters, *alone.values()]
