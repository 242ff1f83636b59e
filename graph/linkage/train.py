"""Learn a model from records without labels: u from random pairs, m and the relations by EM on the candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations_with_replacement

import numpy as np
import numpy.typing as npt

from graph.linkage.alone import alone_of_strangers
from graph.linkage.candidates import Candidates, Key, oversized_blocks
from graph.linkage.coded import Coded, Column, Hashes, Ints, avalanche, mixed
from graph.linkage.compare import (
    CLOSE_FAMILY,
    CLOSE_GIVEN,
    INITIAL,
    NEARLY_SWAPPED,
    NICKNAME,
    SAME,
    SWAPPED,
    Levels,
    compare,
    value_levels,
)
from graph.linkage.drift import completeness
from graph.linkage.em import NAMES_STATES, TELLING, Learned, names_agreement, sharers_by_class, unsupervised
from graph.linkage.fields import CARRIERS, FIELDS, SHARED_IDENTIFIERS, Field
from graph.linkage.model import LEAST_CARRIED, Counts, LinkageModel, RelationClass, SharedRate
from graph.linkage.rules import MATCH_BITS, MatchingRules

_ONE_PERSONS_SHARE = 6
_TOO_COMMON = 0.98
_USUAL_PAIRS = 1000.0
_USUAL_SHARERS = 10.0
_FEW_ALIKE = 20.0
_USUAL_MATCHES = 50.0
_LEAST_ABROAD = 0.01
_SAMPLE_OF_NAMESAKES = 100_000
_SAMPLE_OF_SHARERS = 300_000
_ENOUGH_SHARERS = 10_000


def usable_fields(records: Coded) -> tuple[Field, ...]:
    """The fields that can tell records apart: said, and not the same nearly everywhere."""
    return tuple(field for field in FIELDS if records[field.name].said and _tells(records[field.name], field))


def _tells(column: Column, field: Field) -> bool:
    return chance_of_same(column, field) < _TOO_COMMON


def learn(
    records: Coded,
    fields: Sequence[Field],
    keys: Sequence[Key],
    pairs: Candidates,
    levels: Levels,
    rules: MatchingRules,
    sampled: float = 1.0,
) -> LinkageModel:
    """A model of these records. `levels` are those of their candidates `pairs` under `keys`; all may be empty.

    `sampled` is the share of the candidates that `levels` are of, when they were too many.
    """
    rng = np.random.default_rng(rules.seed)
    drawn = _at_random(records, fields, rules, rng)
    random = _chance_levels(records, fields, drawn)
    email, namesakes = _email_given_names(records, fields, random, rules, rng)
    together = _names_together(records, fields, rules, rng)
    all_pairs = sampled * records.rows * (records.rows - 1) / 2
    said = [sampled * _pairs_that_say(records[field.name]) for field in fields]
    at_home = _at_home(records, fields)
    named = _pairs_named(records, fields)
    named = (sampled * named[0], sampled * named[1])
    learned = unsupervised(fields, levels, random, email, together, all_pairs, said, namesakes, at_home, named)
    stopped = oversized_blocks(records, keys, rules)
    names = {field.name for field in fields}
    by_country = {
        name: country_hashes(records, name) for name in ("first_name", "last_name") if {name, "country"} <= names
    }
    return LinkageModel(
        fields=tuple(fields),
        keys=tuple(keys),
        stopped=tuple(stopped[key].astype("<u8").tobytes() if key in stopped else b"" for key in keys),
        match_bits=MATCH_BITS if rules.match_bits is None else rules.match_bits,
        match_share=float(learned.match_share),
        match=_plain(learned.match),
        random=_plain(learned.random),
        relations=_relations(learned),
        repeated=tuple(
            repeated(records[field.name], pairs, levels[:, at] > 0, learned.believed[levels[:, at] > 0])
            for at, field in enumerate(fields)
        ),
        email_given_names=_plain(learned.email_given_names),
        names_together=_plain(together),
        namesakes=learned.namesakes,
        alone_of_strangers=_plain(
            alone_of_strangers(records, fields, drawn.left, drawn.right, drawn.levels, drawn.worth)
        ),
        frequencies={field.name: _frequencies(records[field.name]) for field in fields},
        common_names=_common_names(records),
        names_by_country={name: _frequencies_of(hashes) for name, (hashes, _) in by_country.items()},
        countries={name: _frequencies_of(country, 1) for name, (_, country) in by_country.items()},
        shared=_shared_rates(records, fields, learned, together, rng),
        caps_bound=learned.caps_bound,
        records=records.rows,
        trained_at=datetime.now(UTC).isoformat(timespec="seconds"),
        completeness=completeness(records),
    )


def full_name_hashes(records: Coded) -> Hashes:
    """One hash a row for its given and family name together; 0 where one is not said."""
    first, last = records["first_name"].row_hashes, records["last_name"].row_hashes
    return np.where((first != 0) & (last != 0), avalanche(mixed(first, last)), np.uint64(0))


def country_hashes(records: Coded, name: str) -> tuple[Hashes, Hashes]:
    """One hash a row for its value with its country, and one for the country; 0 where one of the two is not said."""
    value, country = records[name].row_hashes, records["country"].row_hashes
    said = (value != 0) & (country != 0)
    return np.where(said, avalanche(mixed(value, country)), np.uint64(0)), np.where(said, country, np.uint64(0))


def _at_home(records: Coded, fields: Sequence[Field]) -> dict[str, tuple[float, float]]:
    """By name, how much oftener than any two records two of one country share it, and two of different countries.

    Names belong to languages: most that share one live in one country.
    """
    names = {field.name for field in fields}
    found = {}
    for name in ("first_name", "last_name"):
        if not {name, "country"} <= names:
            continue
        both, country = country_hashes(records, name)
        value = np.where(both != 0, records[name].row_hashes, np.uint64(0))
        said = float((both != 0).sum())
        everybody, at_home = said * (said - 1) / 2, _pairs_alike(country)
        alike, alike_at_home = _pairs_alike(value), _pairs_alike(both)
        usual = (alike + 1) / (everybody + 1)
        near = (alike_at_home + _USUAL_PAIRS * usual) / (at_home + _USUAL_PAIRS)
        far = (alike - alike_at_home + _USUAL_PAIRS * usual) / (everybody - at_home + _USUAL_PAIRS)
        found[name] = (near / usual, max(far / usual, _LEAST_ABROAD))
    return found


def _pairs_named(records: Coded, fields: Sequence[Field]) -> tuple[float, float]:
    """How many pairs say both names and what tells namesakes apart, without both countries and with them.

    Counted jointly: the records of a source mostly say the same fields.
    """
    names = {field.name for field in fields}
    if not {"first_name", "last_name"} <= names:
        return 0.0, 0.0
    told = [name for name in (*TELLING, "country") if name in names]
    signs = np.zeros(records.rows, np.int64)
    for bit, name in enumerate(told):
        signs |= (records[name].codes >= 0).astype(np.int64) << bit
    both = (records["first_name"].codes >= 0) & (records["last_name"].codes >= 0)
    counts = np.bincount(signs[both], minlength=1 << len(told)).astype(float)
    found = [0.0, 0.0]
    home = told.index("country") if "country" in told else len(told)
    for one, two in combinations_with_replacement(range(len(counts)), 2):
        shared = one & two
        if shared & ((1 << home) - 1):
            pairs = counts[one] * (counts[two] - 1) / 2 if one == two else counts[one] * counts[two]
            found[shared >> home & 1] += pairs
    return found[0], found[1]


def _pairs_alike(hashes: Hashes) -> float:
    """How many pairs of rows have the same hash, other than 0."""
    counts = np.unique(hashes[hashes != 0], return_counts=True)[1].astype(float)
    return float((counts * (counts - 1)).sum() / 2)


def _plain(levels: Sequence[npt.NDArray[np.float64]]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(x) for x in level) for level in levels)


def _relations(learned: Learned) -> tuple[RelationClass, ...]:
    return tuple(
        RelationClass(
            name, float(learned.relation_shares[name]), tuple(sorted(shared)), _plain(learned.relation_levels[name])
        )
        for name, shared in learned.relations.items()
    )


def repeated(
    column: Column, pairs: Candidates, counted: npt.NDArray[np.bool_], likely: npt.NDArray[np.float64]
) -> float:
    """Of the records of matches that both say a field, the share whose value another record has, too.

    `counted` of the pairs are looked at; `likely` says of each of these how probably it is a match. A value with an
    error of typing stands alone and agrees with none. Two records that agree on a value show that it does not stand
    alone, and of such values matches agree as much oftener.
    """
    shared = np.append(column.counts > 1, False)[column.codes]
    places = np.flatnonzero(counted)
    several = shared[pairs.left[places]].astype(float) + shared[pairs.right[places]]
    return min(1.0, float((_USUAL_MATCHES + likely @ several / 2) / (_USUAL_MATCHES + likely.sum())))


@dataclass(frozen=True)
class _Drawn:
    """Pairs drawn at random and their levels. Drawn again and again out of few records they tell nothing new: of what
    they show counts the share `worth`."""

    left: Ints
    right: Ints
    levels: Levels
    worth: float


def _at_random(records: Coded, fields: Sequence[Field], rules: MatchingRules, rng: np.random.Generator) -> _Drawn:
    all_pairs = records.rows * (records.rows - 1) / 2
    drawn = int(min(rules.random_pairs, 20 * all_pairs))
    left = rng.integers(0, max(records.rows, 1), drawn).astype(np.int32)
    right = rng.integers(0, max(records.rows, 1), drawn).astype(np.int32)
    different = left != right
    left, right = left[different], right[different]
    return _Drawn(left, right, compare(records, fields, left, right), min(1.0, all_pairs / max(drawn, 1)))


def _chance_levels(records: Coded, fields: Sequence[Field], drawn: _Drawn) -> list[npt.NDArray[np.float64]]:
    """u: how often strangers stand on each level; the level "same" in closed form from the values' frequencies."""
    levels, worth = drawn.levels, drawn.worth
    chance = []
    for at, field in enumerate(fields):
        usual = np.array(field.chance) / sum(field.chance)
        seen = np.bincount(levels[:, at], minlength=len(field.levels) + 1)[1:] * worth + _USUAL_PAIRS * usual
        share = seen / seen.sum()
        same = max(chance_of_same(records[field.name], field), 1e-7)
        share[1:] *= (1 - same) / share[1:].sum()
        share[0] = same
        chance.append(np.maximum(share, 1e-7))
    kinds = {field.kind: at for at, field in enumerate(fields)}
    if "given name" in kinds and "family name" in kinds:
        given, family = chance[kinds["given name"]], chance[kinds["family name"]]
        given[SWAPPED - 1] = max(given[0] * family[0], 1e-12)
        alike = (given[0] + given[NEARLY_SWAPPED:CLOSE_GIVEN].sum()) * family[:CLOSE_FAMILY].sum()
        given[NEARLY_SWAPPED - 1] = max(alike - given[SWAPPED - 1], 1e-12)
    return chance


def chance_of_same(column: Column, field: Field) -> float:
    """How often two records that say a field say the same, held to what is usual where few say it."""
    counts = column.counts.astype(float)
    total = counts.sum()
    same = (counts * (counts - 1)).sum() / 2 + _USUAL_PAIRS * field.chance[0] / sum(field.chance)
    return float(same / (total * (total - 1) / 2 + _USUAL_PAIRS))


def _pairs_that_say(column: Column) -> float:
    """How many pairs of records both say it."""
    said = float((column.codes >= 0).sum())
    return said * (said - 1) / 2


def _email_given_names(
    records: Coded,
    fields: Sequence[Field],
    chance: Sequence[npt.NDArray[np.float64]],
    rules: MatchingRules,
    rng: np.random.Generator,
) -> tuple[list[npt.NDArray[np.float64]], Levels]:
    """How alike strangers' addresses are, by which of their names agree, and the pairs that tell: names make addresses.

    A start, which EM improves: pairs drawn that agree in one name hold one person's, too.
    """
    names = [field.name for field in fields]
    if not {"email", "first_name", "last_name"} <= set(names):
        return [], np.zeros((0, len(fields)), np.uint8)
    at = names.index("email")
    kept: list[Levels] = []
    plain = chance[at]
    given = [plain.copy() for _ in range(NAMES_STATES)]
    for state, name in ((1, "last_name"), (2, "first_name")):
        left, right = _namesakes(records[name], min(_SAMPLE_OF_NAMESAKES, rules.random_pairs), rng)
        levels = compare(records, fields, left, right)
        levels = levels[names_agreement(levels, names) == state]
        kept.append(levels[levels[:, at] > 0])
        seen = np.bincount(levels[:, at], minlength=len(plain) + 1)[1:] + 5 * plain
        seen[0] = 0
        given[state] = seen / seen.sum() * (1 - plain[0])
        given[state][0] = plain[0]
    given[3], given[4] = given[1].copy(), given[1].copy()
    return given, np.concatenate(kept)


def _names_together(
    records: Coded, fields: Sequence[Field], rules: MatchingRules, rng: np.random.Generator
) -> list[npt.NDArray[np.float64]]:
    """How much oftener strangers' names are alike when their other names agree, level by level, as ratios.

    Names go together by language: who is called Gianluca is called Faberri or Faberari. Learned from names that several
    records carry, because an error of typing is seldom made twice.
    """
    pair = [field for name in ("first_name", "last_name") for field in fields if field.name == name]
    if len(pair) < 2:
        return []
    carried = [np.append(records[field.name].counts, 0)[records[field.name].codes] for field in pair]
    usual = np.flatnonzero((carried[0] >= LEAST_CARRIED) & (carried[1] >= LEAST_CARRIED)).astype(np.int32)
    drawn = min(rules.random_pairs, 20 * len(usual))
    ratios = []
    for at, other in ((0, 1), (1, 0)):
        some = usual[rng.integers(0, max(len(usual), 1), (2, drawn))] if drawn else np.zeros((2, 0), np.int32)
        alike = _namesakes(records[pair[other].name], drawn, rng, usual)
        field = pair[at]
        counts = []
        for left, right in (some, alike):
            column = records[field.name]
            seen = value_levels(field, column, column.codes[left], column.codes[right])
            counts.append(np.bincount(seen[seen > SAME], minlength=len(field.levels) + 1)[1:].astype(float))
        chance, given = (count / max(count.sum(), 1) for count in counts)
        known = np.minimum(counts[0], counts[1])
        weight = known / (known + _FEW_ALIKE)
        ratio = np.exp(weight * np.log(np.maximum(given, 1e-12) / np.maximum(chance, 1e-12)))
        ratio[[0, -1]] = 1
        if field.kind == "given name":
            # Nicknames and initials are made again and again: one person's records would be counted as strangers'.
            ratio[NICKNAME - 1 : INITIAL] = 1
        ratios.append(np.clip(ratio, 1, 64))
    return ratios


def _namesakes(column: Column, drawn: int, rng: np.random.Generator, among: Ints | None = None) -> tuple[Ints, Ints]:
    order = np.argsort(column.codes, kind="stable").astype(np.int32)
    if among is not None:
        order = among[np.argsort(column.codes[among], kind="stable")]
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
    return Counts.made(int(counts.sum()), column.hashes, counts, LEAST_CARRIED)


def _frequencies_of(hashes: Hashes, least: int = LEAST_CARRIED) -> Counts:
    values, counts = np.unique(hashes[hashes != 0], return_counts=True)
    return Counts.made(int(counts.sum()), values, counts, least)


def _common_names(records: Coded) -> Counts:
    return _frequencies_of(full_name_hashes(records), _ONE_PERSONS_SHARE + 1)


def _shared_rates(
    records: Coded,
    fields: Sequence[Field],
    learned: Learned,
    together: Sequence[npt.NDArray[np.float64]],
    rng: np.random.Generator,
) -> dict[str, SharedRate]:
    """By how many records carry an e-mail or phone: how often it joins people whose names conflict, and whom."""
    by_name = {field.name: field for field in fields}
    names = [by_name[name] for name in ("first_name", "last_name") if name in by_name]
    if len(names) == 2:
        own, strange = (_conflict(fields, names, levels) for levels in (learned.match, learned.random))
    rates = {}
    for name, usual in SHARED_IDENTIFIERS.items():
        if name not in by_name:
            continue
        column = records[name]
        seen, bad = np.zeros(len(usual)), np.zeros(len(usual))
        left, right = _sharers(column, rng)
        carriers = np.digitize(column.counts[column.codes[left]], CARRIERS)
        if len(names) == 2:
            levels = compare(records, names, left, right)
            turned = (levels[:, 0] == SWAPPED) | (levels[:, 0] == NEARLY_SWAPPED)
            known = (levels[:, 0] > 0) & ((levels[:, 1] > 0) | turned)
            conflict = known & ((levels[:, 0] >= len(names[0].levels) - 1) | (levels[:, 1] >= len(names[1].levels) - 1))
            seen += np.bincount(carriers[known], minlength=len(usual))
            bad += np.bincount(carriers[conflict], minlength=len(usual))
        if len(names) == 2:
            # One person's records show names that conflict, too: what they show is no sign of strangers.
            bad = np.clip((bad - own * seen) / max(strange - own, 0.1), 0, seen)
        rate = (bad + _USUAL_SHARERS * np.array(usual)) / (seen + _USUAL_SHARERS)
        rising = np.clip(np.maximum.accumulate(rate), 0.003, 0.999)
        classes = []
        for step, strangers in enumerate(rising):
            some = np.flatnonzero(carriers == step)
            some = some[:: len(some) // _ENOUGH_SHARERS + 1]
            levels = compare(records, fields, left[some], right[some])
            at = [field.name for field in fields].index(name)
            classes.append(sharers_by_class(fields, at, levels, learned, together, float(strangers)))
        rates[name] = SharedRate(CARRIERS, tuple(float(share) for share in rising), _plain(classes))
    return rates


def _conflict(fields: Sequence[Field], names: Sequence[Field], levels: Sequence[npt.NDArray[np.float64]]) -> float:
    """How often a class shows names that conflict."""
    agree = 1.0
    for name in names:
        agree *= 1 - float(levels[fields.index(name)][-2:].sum())
    return 1 - agree


def _sharers(column: Column, rng: np.random.Generator, most: int = 100) -> tuple[Ints, Ints]:
    """Pairs of records with the same value; of a value that more than `most` carry, pairs of the first `most`."""
    order = np.argsort(column.codes, kind="stable").astype(np.int32)
    order = order[column.codes[order] >= 0]
    found: list[npt.NDArray[np.int32]] = [np.zeros((0, 2), np.int32)]
    begin = np.searchsorted(column.codes[order], np.arange(len(column.values)))
    counts = np.minimum(column.counts, most)
    for length in np.unique(counts[counts > 1]):
        members = order[begin[counts == length][:, None] + np.arange(length)]
        one, two = np.triu_indices(length, 1)
        found.append(np.stack([members[:, one].ravel(), members[:, two].ravel()], 1))
    pairs = np.concatenate(found)
    if len(pairs) > _SAMPLE_OF_SHARERS:
        pairs = pairs[np.sort(rng.choice(len(pairs), _SAMPLE_OF_SHARERS, replace=False))]
    return pairs[:, 0], pairs[:, 1]
