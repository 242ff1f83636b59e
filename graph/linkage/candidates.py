"""Which pairs of records are worth comparing: the union of blocking keys, chosen from the records without labels."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.linkage.coded import MISSING, Coded, Hashes, Ints, Rows, avalanche, mixed
from graph.linkage.rules import MatchingRules

Key = tuple[str, ...]

NAMES_IN_ANY_ORDER = "names"
_IDENTIFIERS: tuple[Key, ...] = (("external_ids",), ("email",), ("phone",), ("national_id",))

_PARTS = (
    "email", "national_id", "phone", "birth_date", "email_user", "postcode", "street", "company", "company_domain",
    NAMES_IN_ANY_ORDER, "first_name", "last_name", "first_2", "last_3", "last_sound", "first_1",
    "birth_year", "house_number", "city",
    "birth_place", "job_title", "middle_name", "country", "email_user_5",
)  # fmt: skip
_FINER = {
    "first_1": {"first_2", "first_name"}, "first_2": {"first_name"}, "last_3": {"last_name"},
    "last_sound": {"last_name"},
    "birth_year": {"birth_date"}, "email_user_5": {"email_user", "email"}, "email_user": {"email"},
}  # fmt: skip
"""Parts that say the same and more: one key never holds both."""
_ABOUT_THE_PERSON = frozenset(
    {"first_1", "first_2", "last_3", "last_sound", "first_name", "last_name", "birth_year", "birth_date"}
)
_SHARE_BY_LENGTH = (1.0, 0.5, 0.15)
_SAMPLE = 30_000


@dataclass(frozen=True)
class Candidates:
    """Pairs `left < right` as rows, each once, in order; and what was left out by which key."""

    left: Ints
    right: Ints
    skipped: Mapping[Key, int]


def choose_keys(records: Coded, rules: MatchingRules) -> tuple[Key, ...]:
    """Every shortest combination of up to three parts whose candidate pairs fit the budget, counted on a sample."""
    rng = np.random.default_rng(rules.seed)
    size = min(records.rows, _SAMPLE)
    sample = np.sort(rng.choice(records.rows, size, replace=False)) if size else np.zeros(0, np.int64)
    scale = (records.rows / max(size, 1)) ** 2
    parts = {part: part_hashes(records, part)[sample] for part in _PARTS}
    useful = [part for part in _PARTS if _pairs_within(parts[part]) > 0]
    chosen: list[Key] = []
    for length, share in enumerate(_SHARE_BY_LENGTH, 1):
        budget = rules.pairs_per_record * share * records.rows
        for key in itertools.combinations(useful, length):
            if _is_redundant(key, chosen):
                continue
            hashes = _folded([parts[part] for part in key])
            if np.count_nonzero(hashes) >= 2 and _pairs_within(hashes) * scale <= budget:
                chosen.append(key)
    # An identifier blocks even where large groups break its budget; longer keys then reach into its closed blocks.
    identifiers = [key for key in _IDENTIFIERS if key not in chosen]
    return (*identifiers, *chosen)


def candidates(
    records: Coded, keys: Sequence[Key], rules: MatchingRules, stopped: Mapping[Key, Hashes] | None = None
) -> Candidates:
    """The pairs that share at least one key whose block holds at most `rules.max_block` records.

    `stopped` are blocks that were too large when the model was learned; they stay closed.
    """
    union = np.zeros(0, np.int64)
    waiting: list[Rows] = []
    skipped: dict[Key, int] = {}
    for key in keys:
        hashes, rows = key_entries(records, key)
        if stopped and key in stopped:
            open_ = ~np.isin(hashes, stopped[key])
            hashes, rows = hashes[open_], rows[open_]
        pairs, closed = _block_pairs(hashes, rows, records.rows, rules.max_block)
        if len(closed):
            skipped[key] = len(closed)
        waiting.append(pairs)
        if sum(map(len, waiting)) > 10 * rules.chunk_pairs:
            union, waiting = _distinct([union, *waiting]), []
    union = _distinct([union, *waiting])
    count = max(records.rows, 1)
    return Candidates((union // count).astype(np.int32), (union % count).astype(np.int32), skipped)


def oversized_blocks(records: Coded, keys: Sequence[Key], rules: MatchingRules) -> dict[Key, Hashes]:
    """Hashes of the blocks that hold more than `rules.max_block` records, by key, sorted."""
    found = {}
    for key in keys:
        hashes, _ = key_entries(records, key)
        values, counts = np.unique(hashes, return_counts=True)
        if len(large := values[counts > rules.max_block]):
            found[key] = large
    return found


def key_entries(records: Coded, key: Key) -> tuple[Hashes, Ints]:
    """(hash, row) of every record under a key, in the order of the hashes; records that lack a part are not there.

    A key of one part sees every value of a record with several; longer keys see the first.
    """
    hashes = _folded([part_hashes(records, part) for part in key])
    rows = np.flatnonzero(hashes).astype(np.int32)
    hashes = hashes[rows]
    if len(key) == 1 and key[0] in records.columns and len((column := records[key[0]]).more_rows):
        more = _folded([np.append(column.hashes, MISSING)[column.more_codes]])
        said = more != MISSING
        hashes, rows = np.append(hashes, more[said]), np.append(rows, column.more_rows[said])
        order = np.lexsort((rows, hashes))
        hashes, rows = hashes[order], rows[order]
        fresh = np.ones(len(rows), bool)
        fresh[1:] = (hashes[1:] != hashes[:-1]) | (rows[1:] != rows[:-1])
        return hashes[fresh], rows[fresh]
    order = np.argsort(hashes, kind="stable")
    return hashes[order], rows[order]


def part_hashes(records: Coded, part: str) -> Hashes:
    """One 64-bit hash a row for a part of a key; 0 where it is not said."""
    if part != NAMES_IN_ANY_ORDER:
        return records[part].row_hashes
    first, last = records["first_name"].row_hashes, records["last_name"].row_hashes
    both = avalanche(mixed(np.minimum(first, last), np.maximum(first, last)))
    return np.where((first != 0) & (last != 0) & (first != last), np.maximum(both, np.uint64(1)), MISSING)


def _folded(parts: Sequence[Hashes]) -> Hashes:
    folded = np.full(len(parts[0]), 0x2545F491, np.uint64)
    said = np.ones(len(parts[0]), bool)
    for part in parts:
        said &= part != MISSING
        folded = mixed(folded, part)
    return np.where(said, np.maximum(avalanche(folded), np.uint64(1)), MISSING)


def _pairs_within(hashes: Hashes) -> float:
    ordered = np.sort(hashes[hashes != MISSING])
    if not len(ordered):
        return 0.0
    lengths = np.diff(np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1], [True])))).astype(float)
    return float((lengths * (lengths - 1) / 2).sum())


def _is_redundant(key: Key, chosen: Iterable[Key]) -> bool:
    parts = set(key)
    if any(_FINER.get(part, set()) & parts for part in key) or any(parts >= set(shorter) for shorter in chosen):
        return True
    return len(key) == 3 and len(parts & _ABOUT_THE_PERSON) < 2


def _block_pairs(hashes: Hashes, rows: Ints, count: int, max_block: int) -> tuple[Rows, Hashes]:
    """Pairs `left * count + right` within each run of equal hashes, and the hashes of runs that are too long."""
    if not len(hashes):
        return np.zeros(0, np.int64), hashes
    starts = np.flatnonzero(np.concatenate(([True], hashes[1:] != hashes[:-1])))
    lengths = np.diff(np.append(starts, len(hashes)))
    found = [np.zeros(0, np.int64)]
    for length in np.unique(lengths[(lengths > 1) & (lengths <= max_block)]):
        members = rows[starts[lengths == length][:, None] + np.arange(length)].astype(np.int64)
        one, two = np.triu_indices(length, 1)
        left, right = members[:, one].ravel(), members[:, two].ravel()
        found.append(np.minimum(left, right) * count + np.maximum(left, right))
    return np.concatenate(found), hashes[starts[lengths > max_block]]


def _distinct(pairs: Sequence[npt.NDArray[np.int64]]) -> Rows:
    ordered = np.sort(np.concatenate(pairs))
    return np.asarray(ordered[np.concatenate((ordered[:1] >= 0, ordered[1:] != ordered[:-1]))])
