"""Expectation-maximisation of one mixture: match, household, colleague, random (after Fellegi and Sunter 1969)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.linkage.compare import CLOSE_FAMILY, CLOSE_GIVEN, NEARLY_SWAPPED, SAME, SWAPPED, Levels
from graph.linkage.fields import DEFINING, RELATIONS, Field

Floats = npt.NDArray[np.float64]

_PRIOR_PAIRS = 50.0
_MOST_ROUNDS = 200
_STILL = 1e-4
_SHARED_AT_FIRST = 0.8
_LEAST = 1e-5
# Without this the household class becomes "neighbours in one town", and families fall to the matches.
_LEAST_SHARED = 0.8
# Where hardly any are seen, families and colleagues are still believed to be possible.
_RARELY_RELATED, _RELATED_PAIRS = 0.02, 5.0
# A handful of records is a sample of many people: however alike they are, strangers are the rule, not relatives.
_MOST_MATCHES = 0.01
_USUAL_PAIRS = 1000.0
_SHARERS_ROUNDS, _USUAL_SHARERS = 20, 10.0
_FEW_NAMESAKES, _USUAL_NAMESAKES = 5.0, 20.0
_MOST_NAMESAKES = 64.0

NAMES_STATES = 5
"""How many states `names_agreement` tells."""

_NAMED_ALIKE, _USUAL_RELATIVES = 0.01, 100.0
TELLING = ("birth_date", "national_id", "phone")
"""What tells one person's records from those of namesakes."""
_LASTING = ("birth_date", "national_id")
"""What a person keeps for life, and no relative shares."""


@dataclass
class Learned:
    """What EM found. Shares are of all pairs of records, levels are probabilities field by field."""

    match_share: float
    match: list[Floats]
    relations: Mapping[str, frozenset[str]]
    relation_shares: dict[str, float]
    relation_levels: dict[str, list[Floats]]
    random: list[Floats]
    email_given_names: list[Floats]
    at_home: Mapping[str, tuple[float, float]]
    """By name, how much oftener than any two strangers two of one country share it, and two of different ones."""
    named_alike: float
    """How often two relatives carry one given name, beyond chance: children are named after their parents."""
    namesakes: tuple[float, float]
    """How much oftener two strangers of no known country, and two of one, have both names in common than each of these
    names lets expect."""
    believed: Floats
    """How likely each pair of the levels is a match."""
    caps_bound: tuple[str, ...] = ()
    rounds: int = 0


def unsupervised(
    fields: Sequence[Field],
    levels: Levels,
    random: Sequence[Floats],
    email: Sequence[Floats],
    together: Sequence[Floats],
    all_pairs: float,
    said: Sequence[float],
    namesakes: Levels,
    at_home: Mapping[str, tuple[float, float]],
    named: tuple[float, float],
) -> Learned:
    """Learn how matches and relations stand on each level; Dirichlet priors hold the matches.

    `random` is how pairs drawn at random stand on each level, `email` and `together` what strangers' names change,
    `said` how many of all pairs say each field, `namesakes` levels of pairs drawn that agree in one of their names,
    `at_home` how much oftener two strangers share a name within a country, and across countries, than any two do,
    `named` how many of all pairs say both names and what tells namesakes apart, without both countries and with them.
    """
    names = [field.name for field in fields]
    learned = _start(fields, random, email, at_home, len(levels), all_pairs)
    if not len(levels) or not fields:
        return learned
    patterns, counts, which = distinct_patterns(levels, fields)
    design = _Design(patterns, names, fields)
    elsewhere = _elsewhere(design, counts, random, said)
    alike, alike_counts, _ = distinct_patterns(namesakes, fields)
    other = _Design(alike, names, fields) if learned.email_given_names and len(alike) else None
    for round_ in range(1, _MOST_ROUNDS + 1):
        shares = _responsibilities(design, learned, together)
        moved = _maximise(design, fields, learned, shares * counts, random, elsewhere, named, all_pairs)
        if other is not None:
            kinds = _responsibilities(other, learned, together)
            moved = max(moved, _learn_email(other, learned, kinds * alike_counts))
        learned.rounds = round_
        if moved < _STILL:
            break
    learned.believed = _responsibilities(design, learned, together)[0][which]
    learned.caps_bound = tuple(
        field.name
        for field, share in zip(fields, learned.match, strict=True)
        if field.most_different < 1 and share[-1] >= field.most_different - 1e-9
    )
    return learned


def most_matches(share: float) -> float:
    """A share of matches, or of a relation, among all pairs, held to what is possible in a sample of many people."""
    return min(max(share, 1e-12), _MOST_MATCHES)


def names_agreement(levels: Levels, names: Sequence[str]) -> npt.NDArray[np.uint8]:
    """0: neither name is known to be alike, 1: the family name, 2: the given name, 3: both (or swapped), 4: both equal.

    Alike is enough: addresses made of like names are like each other, and those of namesakes are most.
    """
    first, last = levels[:, names.index("first_name")], levels[:, names.index("last_name")]
    given = (first >= SAME) & (first <= CLOSE_GIVEN)
    family = ((last >= SAME) & (last <= CLOSE_FAMILY)) | (first == SWAPPED) | (first == NEARLY_SWAPPED)
    same = (first == SAME) & (last == SAME)
    return np.asarray(family + 2 * given + same, np.uint8)


def names_together(levels: Levels, names: Sequence[str]) -> tuple[Levels, Levels]:
    """Levels of the given name where it is like one of an equal family name, and of the family name where the given
    names are alike and it is not equal; else 0."""
    first, last = levels[:, names.index("first_name")], levels[:, names.index("last_name")]
    # Where the names are swapped the family name is silent, so that neither of the two is told.
    given = np.where((last == SAME) & (first > SAME), first, 0)
    family = np.where((first >= SAME) & (first <= CLOSE_GIVEN) & (last > SAME), last, 0)
    return np.asarray(given, np.uint8), np.asarray(family, np.uint8)


def family_names_agreement(levels: Levels, field: Field) -> npt.NDArray[np.uint8]:
    """By the levels of the family name, 0: not said (or swapped), 1: the same, 2: alike, 3: different."""
    levels = np.asarray(levels, np.uint8)
    return np.where(levels == len(field.levels), 3, np.minimum(levels, 2)).astype(np.uint8)


def distinct_patterns(
    levels: Levels, fields: Sequence[Field]
) -> tuple[Levels, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The distinct rows of levels, how many pairs show each, and which of them each pair shows."""
    codes = np.zeros(len(levels), np.int64)
    for at, field in enumerate(fields):
        codes = codes * (len(field.levels) + 1) + levels[:, at]
    _, first, which, counts = np.unique(codes, return_index=True, return_inverse=True, return_counts=True)
    return levels[first], counts, which


class _Design:
    """Patterns as a matrix of 0 and 1: a column a level, then one a level of the e-mail by each state of the names.

    A pattern shows one level of a field at most, so of each row only the columns that hold a 1 are kept.
    """

    def __init__(self, patterns: Levels, names: Sequence[str], fields: Sequence[Field]) -> None:
        widths = [len(field.levels) for field in fields]
        self.starts = np.concatenate(([0], np.cumsum(widths)))
        self.email = names.index("email") if "email" in names and {"first_name", "last_name"} <= set(names) else None
        shown = [
            np.where(patterns[:, at] > 0, self.starts[at] + patterns[:, at].astype(np.int64) - 1, -1)
            for at in range(len(fields))
        ]
        width = int(self.starts[-1])
        if self.email is not None:
            levels, state = patterns[:, self.email].astype(np.int64), names_agreement(patterns, names).astype(np.int64)
            shown.append(np.where(levels > 0, width + state * widths[self.email] + levels - 1, -1))
            width += NAMES_STATES * widths[self.email]
        self.given = names.index("first_name") if "first_name" in names else 0
        lasting = [names.index(name) for name in _LASTING if name in names]
        self.known = (patterns[:, lasting] > 0).any(1) & (patterns[:, self.given] > 0) & ("first_name" in names)
        self.alike = self.known & (patterns[:, self.given] == SAME)
        self.together = {"first_name", "last_name"} <= set(names)
        self.names = [names.index(name) for name in ("first_name", "last_name") if self.together]
        if self.together:
            for name, alike in zip(("first_name", "last_name"), names_together(patterns, names), strict=True):
                shown.append(np.where(alike > 0, width + alike.astype(np.int64) - 1, -1))
                width += widths[names.index(name)]
            self.namesakes = (patterns[:, self.names] == SAME).all(1)
        telling = [names.index(name) for name in TELLING if name in names]
        self.telling = (patterns[:, telling] > 0).any(1)
        self.country = names.index("country") if "country" in names else 0
        self.homes = patterns[:, self.country].astype(np.int64) * ("country" in names)
        if self.together:
            # Of no known country, and of one; those of two have no such column.
            shown.append(np.where(self.namesakes & (self.homes <= SAME), width + self.homes, -1))
            width += 2
        self.named = [name for name in ("first_name", "last_name") if name in names] if "country" in names else []
        for name in self.named:
            same = patterns[:, names.index(name)] == SAME
            shown.append(np.where((self.homes > 0) & same, width + self.homes - 1, -1))
            width += 2
        self._shown = [np.where(columns < 0, width, columns) for columns in shown]
        self._all_shown = np.concatenate(self._shown)
        self._width = width

    def summed(self, columns: Floats) -> Floats:
        """The matrix times values by column: (columns, classes) → (patterns, classes)."""
        values = np.concatenate((columns, np.zeros((1, columns.shape[1]))))
        found = np.zeros((len(self._shown[0]), columns.shape[1]))
        for shown in self._shown:
            found += values[shown]
        return found

    def counted(self, pairs: Floats) -> Floats:
        """The transposed matrix times values by pattern: (patterns) → (columns)."""
        weights = np.tile(pairs, len(self._shown))
        return np.asarray(np.bincount(self._all_shown, weights, self._width + 1)[:-1], np.float64)

    def logs(
        self,
        levels: Sequence[Floats],
        email: Sequence[Floats],
        together: Sequence[Floats],
        strangers: Learned | None = None,
    ) -> Floats:
        """Log probabilities, one a column of the matrix.

        A class that does not share the e-mail gives `email`, one that does not share the family name `together` and
        how much oftener its pairs are namesakes.
        """
        plain = [np.log(np.maximum(level, 1e-12)) for level in levels]
        if self.email is not None:
            given = [np.log(np.maximum(level, 1e-9)) for level in email]
            if given:
                plain[self.email] = np.zeros(len(plain[self.email]))
            plain += given or [np.zeros(NAMES_STATES * len(plain[self.email]))]
        if self.together:
            names = sum(len(levels[at]) for at in self.names)
            plain += [np.log(ratio) for ratio in together] or [np.zeros(names)]
            plain.append(np.log(strangers.namesakes if strangers else (1.0, 1.0)))
        at_home = strangers.at_home if strangers else {}
        plain += [np.log(at_home.get(name, (1.0, 1.0))) for name in self.named]
        return np.concatenate(plain)


def _start(
    fields: Sequence[Field],
    random: Sequence[Floats],
    email: Sequence[Floats],
    at_home: Mapping[str, tuple[float, float]],
    pairs: int,
    all_pairs: float,
) -> Learned:
    names = {field.name for field in fields}
    relations = {name: shared & names for name, shared in RELATIONS.items()}
    relations = {
        name: shared
        for name, shared in relations.items()
        if len(shared) >= 2 and names - shared and DEFINING[name] & names
    }
    share = min(0.3 * max(pairs, 1) / max(all_pairs, 1), _MOST_MATCHES)
    prior = [np.array(field.prior) / sum(field.prior) for field in fields]
    levels = {
        name: [
            _mostly_shared(len(u)) if field.name in shared else u.copy()
            for field, u in zip(fields, random, strict=True)
        ]
        for name, shared in relations.items()
    }
    return Learned(
        share,
        prior,
        relations,
        dict.fromkeys(relations, share),
        levels,
        [u.copy() for u in random],
        [level.copy() for level in email],
        at_home,
        _NAMED_ALIKE,
        (1.0, 1.0),
        np.zeros(pairs),
    )


def _mostly_shared(width: int) -> Floats:
    return np.concatenate(([_SHARED_AT_FIRST], np.full(width - 1, (1 - _SHARED_AT_FIRST) / (width - 1))))


def _responsibilities(design: _Design, learned: Learned, together: Sequence[Floats]) -> Floats:
    """Shape (classes, patterns): match first, the relations, random last."""
    rest = max(1e-6, 1 - learned.match_share - sum(learned.relation_shares.values()))
    shares = [learned.match_share, *learned.relation_shares.values(), rest]
    return _believed(_logs_by_class(design, learned, together), np.array(shares))


def _logs_by_class(design: _Design, learned: Learned, together: Sequence[Floats]) -> Floats:
    """Log probability of each pattern in each class, shape (classes, patterns)."""
    email = learned.email_given_names
    logs = [design.logs(learned.match, (), ())]
    logs += [
        design.logs(
            learned.relation_levels[name],
            () if "email" in shared else email,
            () if "last_name" in shared else together,
            None if "last_name" in shared else learned,
        )
        for name, shared in learned.relations.items()
    ]
    logs.append(design.logs(learned.random, email, together, learned))
    return design.summed(np.stack(logs, 1)).T


def _believed(logs: Floats, shares: Floats) -> Floats:
    joint = logs + np.log(shares)[:, None]
    joint -= joint.max(0)
    likely = np.exp(joint)
    return np.asarray(likely / likely.sum(0))


def sharers_by_class(
    fields: Sequence[Field],
    at: int,
    levels: Levels,
    learned: Learned,
    together: Sequence[Floats],
    strangers: float,
) -> Floats:
    """Of pairs that share field `at`, `strangers` of which are not one person: who these are, relations first.

    Told by all other fields. Where few pairs show it, as all that share the field are.
    """
    rest = max(1e-6, 1 - learned.match_share - sum(learned.relation_shares.values()))
    shares = np.array([*learned.relation_shares.values(), rest])
    same = np.array([*(learned.relation_levels[name][at][0] for name in learned.relations), learned.random[at][0]])
    usual = np.asarray(shares * same / (shares @ same), np.float64)
    if not len(levels):
        return usual
    levels = levels.copy()
    levels[:, at] = 0
    patterns, counts, _ = distinct_patterns(levels, fields)
    logs = _logs_by_class(_Design(patterns, [field.name for field in fields], fields), learned, together)
    found = usual
    for _ in range(_SHARERS_ROUNDS):
        believed = _believed(logs, np.concatenate(([1 - strangers], strangers * found)))
        found = believed[1:] @ counts + _USUAL_SHARERS * usual
        found /= found.sum()
    return np.asarray(found)


def _maximise(
    design: _Design,
    fields: Sequence[Field],
    learned: Learned,
    pairs: Floats,
    random: Sequence[Floats],
    elsewhere: Sequence[Floats],
    named: tuple[float, float],
    all_pairs: float,
) -> float:
    """Update `learned` from the expected pairs by class; gives the largest change."""
    seen = np.stack([design.counted(expected) for expected in pairs], 1)
    starts = design.starts
    for which, (name, shared) in enumerate(learned.relations.items(), 1):
        share = max(pairs[which].sum() / all_pairs, _RARELY_RELATED * learned.match_share)
        learned.relation_shares[name] = most_matches(share)
        for at, field in enumerate(fields):
            if field.name in shared:
                found = seen[starts[at] : starts[at + 1], which] + 0.5 * random[at]
                found += _RELATED_PAIRS * _mostly_shared(len(found))
                level = np.maximum(found / found.sum(), _LEAST)
                if field.name in DEFINING[name] and level[0] < _LEAST_SHARED:
                    level[1:] *= (1 - _LEAST_SHARED) / level[1:].sum()
                    level[0] = _LEAST_SHARED
                learned.relation_levels[name][at] = level
    share = max(pairs[0].sum() / all_pairs, 1e-12)
    moved = abs(float(np.log(share / learned.match_share)))
    learned.match_share = most_matches(share)
    for at, field in enumerate(fields):
        found = seen[starts[at] : starts[at + 1], 0] + _PRIOR_PAIRS * np.array(field.prior)
        level = np.maximum(found / found.sum(), _LEAST)
        if level[-1] > field.most_different:
            level[:-1] *= (1 - field.most_different) / level[:-1].sum()
            level[-1] = field.most_different
        moved = max(moved, float(np.abs(level - learned.match[at]).max()))
        learned.match[at] = level
    _learn_namesakes_at_home(design, learned, pairs)
    _strangers_alone(design, fields, learned, random, seen[:, -1], elsewhere)
    if design.together:
        apart = [at for at, shared in enumerate(learned.relations.values(), 1) if "last_name" not in shared]
        _learn_namesakes(design, learned, pairs[[*apart, -1]].sum(0), named)
    if learned.email_given_names and design.email is not None:
        moved = max(moved, _learn_email_of_namesakes(design, learned, seen[:, -1]))
    return moved


def _learn_namesakes_at_home(design: _Design, learned: Learned, pairs: Floats) -> None:
    """How often relatives have one given name, told by those who say what lasts a life.

    One person's telephone and address change, and then nothing else tells relatives of one name from one person.
    """
    families = [at for at, shared in enumerate(learned.relations.values(), 1) if "last_name" in shared]
    if not families or not design.known.any():
        return
    related = pairs[families].sum(0)
    chance = (1 - learned.named_alike) * learned.random[design.given][SAME - 1]
    alike = float(related[design.alike].sum()) * learned.named_alike / (learned.named_alike + chance)
    known = float(related[design.known].sum())
    learned.named_alike = (alike + _USUAL_RELATIVES * _NAMED_ALIKE) / (known + _USUAL_RELATIVES)


def _learn_namesakes(design: _Design, learned: Learned, strangers: Floats, named: tuple[float, float]) -> None:
    """Names go together, by language and land: who shares the family name shares the given one the more often.

    Told by those who say what tells one person from namesakes: where nothing but the names is said, matches and
    strangers look alike. `named` such pairs say both names, of which one does not say its country, and of which both
    do. A match whose telephone is another one is counted, too: so it takes many pairs to be believed. Where no key asks
    for both names namesakes are not all seen, and none too many are believed.
    """
    given, family = (float(learned.random[at][SAME - 1]) for at in design.names)
    unknown, known = named
    at_home = float(learned.random[design.country][SAME - 1]) if known else 0.0
    for near, _ in learned.at_home.values():
        at_home *= near
    expected = (unknown * given * family, known * given * family * at_home)
    seen = (float(strangers[design.namesakes & design.telling & (design.homes == which)].sum()) for which in (0, SAME))
    ratios = [
        min(max((some + _USUAL_PAIRS) / (most + _USUAL_PAIRS), 1.0), _MOST_NAMESAKES)
        for some, most in zip(seen, expected, strict=True)
    ]
    learned.namesakes = (float(ratios[0]), float(ratios[1]))


def _elsewhere(
    design: _Design, counts: npt.NDArray[np.int64], random: Sequence[Floats], said: Sequence[float]
) -> list[Floats]:
    """How many pairs outside the candidates stand on each level: strangers nearly all of them."""
    seen = design.counted(counts.astype(float))
    parts = [seen[design.starts[at] : design.starts[at + 1]] for at in range(len(random))]
    return [np.maximum(pairs * u - part, 0) for pairs, u, part in zip(said, random, parts, strict=True)]


def _strangers_alone(
    design: _Design,
    fields: Sequence[Field],
    learned: Learned,
    observed: Sequence[Floats],
    seen: Floats,
    elsewhere: Sequence[Floats],
) -> None:
    """Strangers are the candidates that are believed to be and all pairs that are none.

    Pairs drawn at random hold matches and relatives, too: on rare levels they are most of what is seen, in a small
    set nearly all.
    """
    for at, field in enumerate(fields):
        level = seen[design.starts[at] : design.starts[at + 1]] + elsewhere[at] + _USUAL_PAIRS * np.array(field.chance)
        level = np.maximum(level / level.sum(), 1e-7)
        if field.kind == "given name":
            # Known in closed form, not from pairs: namesakes, one of whom stands the wrong way round.
            turned = slice(SWAPPED - 1, NEARLY_SWAPPED)
            level[turned] = observed[at][turned] * min(1, learned.match[at][SWAPPED - 1] / learned.match[at][SAME - 1])
        learned.random[at] = level / level.sum()
        for name, shared in learned.relations.items():
            if field.name not in shared:
                level = learned.random[at].copy()
                if field.name == "first_name" and "last_name" in shared:
                    level *= 1 - learned.named_alike
                    level[0] += learned.named_alike
                learned.relation_levels[name][at] = level


def _learn_email_of_namesakes(design: _Design, learned: Learned, seen: Floats) -> float:
    """Blocking makes pairs that agree in both names complete: strangers among them show their e-mails' likeness."""
    moved, width = 0.0, len(learned.email_given_names[0])
    for state, usual in ((3, 1), (4, 3)):
        begin = int(design.starts[-1]) + state * width
        found = seen[begin : begin + width] + _USUAL_NAMESAKES * learned.email_given_names[usual]
        moved = max(moved, _tell_email(learned, state, found))
    return moved


def _learn_email(design: _Design, learned: Learned, pairs: Floats) -> float:
    """Of pairs drawn that agree in one name, those of one person are left out: their addresses are alike, too."""
    assert design.email is not None
    others = [at for at, shared in enumerate(learned.relations.values(), 1) if "email" not in shared]
    seen = design.counted(pairs[-1] + pairs[others].sum(0))
    plain = learned.random[design.email]
    learned.email_given_names[0] = plain.copy()
    moved = 0.0
    for state in (1, 2):
        begin = int(design.starts[-1]) + state * len(plain)
        moved = max(moved, _tell_email(learned, state, seen[begin : begin + len(plain)] + _FEW_NAMESAKES * plain))
    return moved


def _tell_email(learned: Learned, state: int, found: Floats) -> float:
    """Set how alike strangers' addresses are in one state of their names; gives the largest change."""
    same = learned.email_given_names[0][0]
    level = found.copy()
    level[0] = 0
    level *= (1 - same) / level.sum()
    level[0] = same
    moved = float(np.abs(level - learned.email_given_names[state]).max())
    learned.email_given_names[state] = level
    return moved
