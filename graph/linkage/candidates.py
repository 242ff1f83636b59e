"""Which pairs of records are worth comparing: the union of blocking keys, chosen from the records without labels."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from graph.linkage.blocks import ranges
from graph.linkage.coded import MISSING, Coded, Hashes, Ints, Rows, avalanche, in_order, mixed
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


@dataclass(frozen=True)
class Blocks:
    """Records under their blocking keys, ready to give their pairs a part at a time.

    A pair belongs to its smaller row, so that parts of different rows share no pair.
    """

    rows: int
    skipped: Mapping[Key, int]
    """How many blocks were too large to be opened, by key."""
    _opened: tuple[_Opened, ...]

    def closed_to(self, number: int) -> Ints:
        """The rows in blocks of the key of that number that are too large to be opened."""
        return self._opened[number].closed

    @cached_property
    def told(self) -> Rows:
        """By row, how often keys tell a pair that belongs to it; a pair that several keys tell counts for each."""
        told = np.zeros(self.rows, np.int64)
        for opened in self._opened:
            # A row with several values stands in several blocks of one key.
            told += np.bincount(opened.left, opened.end - opened.begin, self.rows).astype(np.int64)
        return told

    def parts(self, most: int) -> Iterator[tuple[Candidates, float]]:
        """All pairs in order, part by part, with the share that is done after each.

        A part is told at most `most` pairs, more only when one row alone has more.
        """
        told = np.cumsum(self.told)
        total = int(told[-1]) if self.rows else 0
        begin = 0
        while total and begin < self.rows:
            before = int(told[begin - 1]) if begin else 0
            end = max(begin + 1, int(np.searchsorted(told, before + most, "right")))
            pairs = self._pairs([opened.between(begin, end) for opened in self._opened])
            yield pairs, float(told[end - 1] / total)
            begin = end

    def of_rows(self, rows: Rows) -> Candidates:
        """The pairs that belong to these rows."""
        chosen = np.zeros(self.rows, bool)
        chosen[rows] = True
        return self._pairs([np.flatnonzero(chosen[opened.left]) for opened in self._opened])

    def _pairs(self, entries_by_key: Sequence[Rows]) -> Candidates:
        found = [np.zeros(0, np.int64)]
        for opened, entries in zip(self._opened, entries_by_key, strict=True):
            which, place = ranges(opened.begin[entries], opened.end[entries])
            found.append(opened.left[entries][which].astype(np.int64) * self.rows + opened.members[place])
        pairs = _distinct(found)
        count = max(self.rows, 1)
        return Candidates((pairs // count).astype(np.int32), (pairs % count).astype(np.int32), self.skipped)


@dataclass(frozen=True)
class _Opened:
    """The open blocks of one key: members block by block, and for each row the members that come after it."""

    members: Ints
    left: Ints
    """Rows, in order."""
    begin: Ints
    end: Ints
    closed: Ints
    """The rows in blocks that are too large."""

    def between(self, first: int, last: int) -> Rows:
        """The entries of the rows from `first` up to `last`, that one left out."""
        begin, end = np.searchsorted(self.left, (first, last))
        return np.arange(begin, end)


def choose_keys(records: Coded, rules: MatchingRules) -> tuple[Key, ...]:
    """Every shortest combination of up to three parts whose candidate pairs fit the budget, counted on a sample."""
    rng = np.random.default_rng(rules.seed)
    size = min(records.rows, _SAMPLE)
    sample = np.sort(rng.choice(records.rows, size, replace=False)) if size else np.zeros(0, np.int64)
    scale = (records.rows / max(size, 1)) ** 2
    parts = {part: part_hashes(records, part, sample) for part in _PARTS}
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
    """All pairs of `blocked`, at once."""
    blocks = blocked(records, keys, rules, stopped)
    return blocks.of_rows(np.arange(blocks.rows))


def blocked(
    records: Coded,
    keys: Sequence[Key],
    rules: MatchingRules,
    stopped: Mapping[Key, Hashes] | None = None,
    absent: Ints | None = None,
) -> Blocks:
    """Blocks of the records that share a key, at most `rules.max_block` records in each; larger ones stay closed.

    `stopped` are blocks that were too large when the model was learned; they stay closed. Rows in `absent` stand in no
    block.
    """
    parts = {part: part_hashes(records, part) for part in {part for key in keys for part in key}}
    opened: list[_Opened] = []
    skipped: dict[Key, int] = {}
    for key in keys:
        hashes, rows = _entries(records, key, parts, twice=True)
        if absent is not None:
            present = np.ones(records.rows, bool)
            present[absent] = False
            hashes, rows = hashes[present[rows]], rows[present[rows]]
        if stopped and key in stopped:
            open_ = ~np.isin(hashes, stopped[key])
            hashes, rows = hashes[open_], rows[open_]
        blocks, closed = _opened(hashes, rows, records.rows, rules.max_block)
        if closed:
            skipped[key] = closed
        opened.append(blocks)
    return Blocks(records.rows, skipped, tuple(opened))


def oversized_blocks(records: Coded, keys: Sequence[Key], rules: MatchingRules) -> dict[Key, Hashes]:
    """Hashes of the blocks that hold more than `rules.max_block` records, by key, sorted."""
    parts = {part: part_hashes(records, part) for part in {part for key in keys for part in key}}
    found = {}
    for key in keys:
        hashes, _ = _entries(records, key, parts)
        starts = np.flatnonzero(np.concatenate((np.ones(min(len(hashes), 1), bool), hashes[1:] != hashes[:-1])))
        if len(large := hashes[starts[np.diff(np.append(starts, len(hashes))) > rules.max_block]]):
            found[key] = large
    return found


def key_entries(records: Coded, key: Key) -> tuple[Hashes, Ints]:
    """(hash, row) of every record under a key, in the order of the hashes; records that lack a part are not there.

    A key of one part sees every value of a record with several; longer keys see the first.
    """
    return _entries(records, key, {part: part_hashes(records, part) for part in key})


def entries_by_key(records: Coded, keys: Iterable[Key]) -> Mapping[Key, tuple[Hashes, Ints]]:
    """`key_entries` under each of the keys; what they have in common is worked out once."""
    keys = tuple(keys)
    if not records.rows:
        return dict.fromkeys(keys, (np.zeros(0, np.uint64), np.zeros(0, np.int32)))
    parts = {part: part_hashes(records, part) for part in {part for key in keys for part in key}}
    return {key: _entries(records, key, parts) for key in keys}


def part_hashes(records: Coded, part: str, rows: Rows | None = None) -> Hashes:
    """One 64-bit hash a row (of some rows, if given) for a part of a key; 0 where it is not said."""
    if part != NAMES_IN_ANY_ORDER:
        return records[part].hashes_by_row(rows)
    first, last = (records[name].hashes_by_row(rows) for name in ("first_name", "last_name"))
    both = avalanche(mixed(np.minimum(first, last), np.maximum(first, last)))
    return np.where((first != 0) & (last != 0) & (first != last), np.maximum(both, np.uint64(1)), MISSING)


def _entries(records: Coded, key: Key, parts: Mapping[str, Hashes], twice: bool = False) -> tuple[Hashes, Ints]:
    """The entries of a key from the hashes of its parts; with `twice`, hashes that occur once may be left out."""
    hashes = _folded([parts[part] for part in key])
    rows = np.flatnonzero(hashes).astype(np.int32)
    hashes = hashes[rows]
    several = len(key) == 1 and key[0] in records.columns and len(records[key[0]].more_rows) > 0
    if several:
        column = records[key[0]]
        more = _folded([np.append(column.hashes, MISSING)[column.more_codes]])
        said = more != MISSING
        hashes, rows = np.append(hashes, more[said]), np.append(rows, column.more_rows[said])
    if twice and len(hashes):
        kept = _may_repeat(hashes)
        hashes, rows = hashes[kept], rows[kept]
    order = np.lexsort((rows, hashes)) if several else in_order(hashes)
    hashes, rows = hashes[order], rows[order]
    if several:
        fresh = np.ones(len(rows), bool)
        fresh[1:] = (hashes[1:] != hashes[:-1]) | (rows[1:] != rows[:-1])
        hashes, rows = hashes[fresh], rows[fresh]
    return hashes, rows


def _may_repeat(hashes: Hashes) -> Rows:
    """Positions of the hashes that occur more than once, and of some that do not: what need not be sorted is gone."""
    bits = len(hashes).bit_length() + 1
    slot = (hashes >> np.uint64(64 - bits)).astype(np.int64)
    return np.flatnonzero(np.bincount(slot, minlength=1 << bits)[slot] > 1)


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


def _opened(hashes: Hashes, rows: Ints, count: int, max_block: int) -> tuple[_Opened, int]:
    """Runs of equal hashes as open blocks, and how many are too long. Rows are in order within each run."""
    starts = np.flatnonzero(np.concatenate((np.ones(min(len(hashes), 1), bool), hashes[1:] != hashes[:-1])))
    lengths = np.diff(np.append(starts, len(hashes)))
    open_ = (lengths > 1) & (lengths <= max_block)
    members = rows[np.repeat(open_, lengths)]
    begin = np.arange(1, len(members) + 1, dtype=np.int32)
    end = np.repeat(np.cumsum(lengths[open_]), lengths[open_]).astype(np.int32)
    first = np.flatnonzero(begin < end)
    first = first[np.argsort(members[first], kind="stable")]
    closed = rows[np.repeat(lengths > max_block, lengths)]
    return _Opened(members, members[first], begin[first], end[first], closed), int((lengths > max_block).sum())


def _distinct(pairs: Sequence[npt.NDArray[np.int64]]) -> Rows:
    ordered = np.sort(np.concatenate(pairs))
    return np.asarray(ordered[np.concatenate((ordered[:1] >= 0, ordered[1:] != ordered[:-1]))])
