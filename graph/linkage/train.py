"""Learn a model from records without labels: u from random pairs, m and the relations by EM on the candidates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from graph.linkage.candidates import Key, oversized_blocks
from graph.linkage.coded import Coded, Column, Hashes, Ints, avalanche, mixed
from graph.linkage.compare import SWAPPED, Levels, compare
from graph.linkage.em import Learned, names_agreement, unsupervised
from graph.linkage.fields import FIELDS, SHARED_IDENTIFIERS, Field
from graph.linkage.model import Counts, LinkageModel, Relation, SharedRate
from graph.linkage.rules import MatchingRules, default_match_bits

_ONE_PERSONS_SHARE = 6
_CARRIERS = (3, 5, 9, 17, 33)
_LEAST_KEPT = 3
_SAMPLE_OF_NAMESAKES = 100_000
_SAMPLE_OF_SHARERS = 300_000


def usable_fields(records: Coded) -> tuple[Field, ...]:
    """The fields that can tell records apart: said, and not the same everywhere."""
    return tuple(field for field in FIELDS if len(records[field.name].values) > 1)


def learn(
    records: Coded, fields: Sequence[Field], keys: Sequence[Key], levels: Levels, rules: MatchingRules
) -> LinkageModel:
    """A model of these records. `levels` are those of their candidates under `keys`; both may be empty."""
    rng = np.random.default_rng(rules.seed)
    random = _chance_levels(records, fields, rules, rng)
    email = _email_given_names(records, fields, random, rules, rng)
    learned = unsupervised(fields, levels, random, email, records.rows * (records.rows - 1) / 2)
    stopped = oversized_blocks(records, keys, rules)
    return LinkageModel(
        fields=tuple(fields),
        keys=tuple(keys),
        stopped=tuple(stopped[key].astype("<u8").tobytes() if key in stopped else b"" for key in keys),
        match_bits=default_match_bits(records.rows) if rules.match_bits is None else rules.match_bits,
        match_share=float(learned.match_share),
        match=_plain(learned.match),
        random=_plain(random),
        relations=_relations(learned),
        email_given_names=_plain(learned.email_given_names),
        frequencies={field.name: _frequencies(records[field.name]) for field in fields},
        common_names=_common_names(records),
        shared=_shared_rates(records, fields, rng),
        caps_bound=learned.caps_bound,
        records=records.rows,
        trained_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def full_name_hashes(records: Coded) -> Hashes:
    """One hash a row for its given and family name together; 0 where one is not said."""
    first, last = records["first_name"].row_hashes, records["last_name"].row_hashes
    return np.where((first != 0) & (last != 0), avalanche(mixed(first, last)), np.uint64(0))


def _plain(levels: Sequence[npt.NDArray[np.float64]]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(x) for x in level) for level in levels)


def _relations(learned: Learned) -> tuple[Relation, ...]:
    return tuple(
        Relation(
            name, float(learned.relation_shares[name]), tuple(sorted(shared)), _plain(learned.relation_levels[name])
        )
        for name, shared in learned.relations.items()
    )


def _chance_levels(
    records: Coded, fields: Sequence[Field], rules: MatchingRules, rng: np.random.Generator
) -> list[npt.NDArray[np.float64]]:
    """u: how often strangers stand on each level; the level "same" in closed form from the values' frequencies."""
    drawn = min(rules.random_pairs, 20 * records.rows * records.rows) if records.rows > 1 else 0
    left = rng.integers(0, max(records.rows, 1), drawn).astype(np.int32)
    right = rng.integers(0, max(records.rows, 1), drawn).astype(np.int32)
    different = left != right
    levels = compare(records, fields, left[different], right[different])
    chance = []
    for at, field in enumerate(fields):
        seen = np.bincount(levels[:, at], minlength=len(field.levels) + 1)[1:] + 0.5
        counts = records[field.name].counts.astype(float)
        total = counts.sum()
        same = max((counts * (counts - 1)).sum() / max(1.0, total * (total - 1)), 1e-7)
        share = seen / seen.sum()
        share[1:] *= (1 - same) / share[1:].sum()
        share[0] = same
        chance.append(np.maximum(share, 1e-7))
    kinds = {field.kind: at for at, field in enumerate(fields)}
    if "given name" in kinds and "family name" in kinds:
        given, family = chance[kinds["given name"]], chance[kinds["family name"]]
        given[SWAPPED - 1] = max(0.03 * given[0] * family[0], 1e-12)
    return chance


def _email_given_names(
    records: Coded,
    fields: Sequence[Field],
    chance: Sequence[npt.NDArray[np.float64]],
    rules: MatchingRules,
    rng: np.random.Generator,
) -> list[npt.NDArray[np.float64]]:
    """How alike strangers' addresses are, by which of their names agree: addresses are made of names.

    Learned from pairs of namesakes; for those agreeing in both names it is only a start, which EM improves.
    """
    names = [field.name for field in fields]
    if not {"email", "first_name", "last_name"} <= set(names):
        return []
    at = names.index("email")
    plain = chance[at]
    given = [plain.copy() for _ in range(4)]
    for state, name in ((1, "last_name"), (2, "first_name")):
        left, right = _namesakes(records[name], min(_SAMPLE_OF_NAMESAKES, rules.random_pairs), rng)
        levels = compare(records, fields, left, right)
        levels = levels[names_agreement(levels, names) == state]
        seen = np.bincount(levels[:, at], minlength=len(plain) + 1)[1:] + 5 * plain
        seen[0] = 0
        given[state] = seen / seen.sum() * (1 - plain[0])
        given[state][0] = plain[0]
    given[3] = given[1].copy()
    return given


def _namesakes(column: Column, drawn: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    order = np.argsort(column.codes, kind="stable").astype(np.int32)
    order = order[column.codes[order] >= 0]
    if not len(order):
        return order, order
    codes = column.codes[order]
    begin, end = np.searchsorted(codes, codes, "left"), np.searchsorted(codes, codes, "right")
    one = rng.integers(0, len(order), drawn)
    two = begin[one] + (rng.random(drawn) * (end[one] - begin[one])).astype(np.int64)
    different = one != two
    return order[one[different]], order[two[different]]


def _frequencies(column: Column) -> Counts:
    counts = column.counts
    return Counts.made(int(counts.sum()), column.hashes, counts, _LEAST_KEPT)


def _common_names(records: Coded) -> Counts:
    hashes = full_name_hashes(records)
    values, counts = np.unique(hashes[hashes != 0], return_counts=True)
    return Counts.made(int(counts.sum()), values, counts, _ONE_PERSONS_SHARE + 1)


def _shared_rates(records: Coded, fields: Sequence[Field], rng: np.random.Generator) -> dict[str, SharedRate]:
    """By how many records carry an e-mail or phone: how often it joins people whose names conflict."""
    by_name = {field.name: field for field in fields}
    if not {"first_name", "last_name"} <= set(by_name):
        return {}
    rates = {}
    for name in SHARED_IDENTIFIERS:
        if name not in by_name:
            continue
        column = records[name]
        left, right = _sharers(column, rng)
        if len(left) < 100:
            continue
        first = compare(records, [by_name["first_name"], by_name["last_name"]], left, right)
        limits = [len(by_name[x].levels) - 1 for x in ("first_name", "last_name")]
        known = first[:, 0] > 0
        known &= (first[:, 1] > 0) | (first[:, 0] == SWAPPED)
        conflict = known & ((first[:, 0] >= limits[0]) | (first[:, 1] >= limits[1]))
        carriers = np.digitize(column.counts[column.codes[left]], _CARRIERS)
        bins = len(_CARRIERS) + 1
        seen = np.bincount(carriers[known], minlength=bins)
        bad = np.bincount(carriers[conflict], minlength=bins)
        rising = np.clip(np.maximum.accumulate((bad + 0.5) / (seen + 10)), 0.003, 0.999)
        rates[name] = SharedRate(_CARRIERS, tuple(float(rate) for rate in rising))
    return rates


def _sharers(column: Column, rng: np.random.Generator, most: int = 100) -> tuple[Ints, Ints]:
    """Pairs of records with the same value, of values carried by at most `most` records."""
    order = np.argsort(column.codes, kind="stable").astype(np.int32)
    order = order[column.codes[order] >= 0]
    codes = column.codes[order]
    found: list[npt.NDArray[np.int32]] = [np.zeros((0, 2), np.int32)]
    begin = np.searchsorted(codes, np.arange(len(column.values)))
    counts = column.counts
    for length in np.unique(counts[(counts > 1) & (counts <= most)]):
        members = order[begin[counts == length][:, None] + np.arange(length)]
        one, two = np.triu_indices(length, 1)
        found.append(np.stack([members[:, one].ravel(), members[:, two].ravel()], 1))
    pairs = np.concatenate(found)
    if len(pairs) > _SAMPLE_OF_SHARERS:
        pairs = pairs[np.sort(rng.choice(len(pairs), _SAMPLE_OF_SHARERS, replace=False))]
    return pairs[:, 0], pairs[:, 1]
