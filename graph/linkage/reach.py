"""The matches that no blocking key reaches: how many they are and how they stand is told by those that are reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from graph.linkage.alone import Shown, alone_of_matches, rows_alone, standings, told_alone
from graph.linkage.candidates import NAMES_IN_ANY_ORDER, Blocks, Candidates, Key, part_hashes
from graph.linkage.coded import MISSING, Coded, Hashes
from graph.linkage.compare import NEARLY_SWAPPED, SAME, SWAPPED, Levels
from graph.linkage.decide import Scorer
from graph.linkage.em import family_names_agreement, most_matches
from graph.linkage.fields import Field
from graph.linkage.model import LinkageModel, Weights
from graph.linkage.rules import MatchingRules
from graph.linkage.train import repeated

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Signs = npt.NDArray[np.uint8]

_PARTS: Mapping[str, tuple[str, ...]] = {
    "first_name": ("first_name", "first_1", "first_2"),
    "last_name": ("last_name", "last_3", "last_sound"),
    "email": ("email", "email_user", "email_user_5"),
    "birth_date": ("birth_date", "birth_year"),
}
"""What keys ask of a field; each part is a bit of its sign. Of a field that is not here, keys ask the value."""
_WHOLE, _TURNED = 1, 8
"""Signs of a name: the same, and the same as the other record's other name."""
_SIGNS = 16

_LEARNED_FROM = 200_000
_ROUNDS = 3
_USUAL_PAIRS = 50.0
_DRAWN = 20_000
_LEAST_REACHED = 0.3
_LEAST = 1e-5


def with_unreached(
    model: LinkageModel,
    records: Coded,
    blocks: Blocks,
    pairs: Candidates,
    levels: Levels,
    rules: MatchingRules,
    sampled: float,
) -> LinkageModel:
    """The model, with the share and the levels of all matches instead of those that blocking reaches, and their reach.

    `levels` are those of the candidates `pairs`, which are the share `sampled` of the pairs of `blocks`. A key reaches
    pairs that agree on what it asks; counted over all candidates, matches would agree too often and be too few. So how
    matches stand on a field is counted over the pairs that a key reaches which does not ask the field (as Splink's
    sessions of training do, Linacre and others 2022). From that follows how many of them no key reaches. Each round
    weighs the pairs as the last one's model does, with the frequencies of their values, which EM does not look at.
    """
    if not len(levels) or not model.fields or not model.keys:
        return model
    if len(levels) > _LEARNED_FROM:
        some = np.sort(np.random.default_rng(rules.seed).choice(len(levels), _LEARNED_FROM, replace=False))
        sampled *= _LEARNED_FROM / len(levels)
        pairs, levels = Candidates(pairs.left[some], pairs.right[some], pairs.skipped), levels[some]
    all_pairs = sampled * records.rows * (records.rows - 1) / 2
    reach = _reach(model, records, blocks, pairs, levels, rules)
    free = [reach.free[:, at] & (levels[:, at] > 0) for at in range(len(model.fields))]
    shown = [_shown(records, field, pairs, levels[:, at], free[at]) for at, field in enumerate(model.fields)]
    for _ in range(_ROUNDS):
        likely = 1 / (1 + np.exp2(-Scorer(records, model).score(pairs.left, pairs.right, levels).astype(np.float64)))
        reached = reach.reached([_standing(reach, at, levels, likely) for at in range(len(free))])
        match = tuple(_levels(field, levels[:, at], free[at], likely) for at, field in enumerate(model.fields))
        model = msgspec.structs.replace(
            model,
            match_share=most_matches(float(likely.sum()) / reached / all_pairs),
            reached=reached,
            match=match,
            given_names_of_matches=_given_names(model, match, levels, free, likely),
            alone_of_matches=alone_of_matches(shown, likely, model.alone_of_strangers),
            repeated=tuple(
                repeated(records[field.name], pairs, free[at], likely[free[at]])
                for at, field in enumerate(model.fields)
            ),
        )
    return model


def _shown(records: Coded, field: Field, pairs: Candidates, levels: Signs, free: Flags) -> Shown | None:
    if not told_alone(field):
        return None
    places = np.flatnonzero(free)
    alone = rows_alone(records[field.name], records[field.name].counts)
    return Shown(places, standings(alone, pairs.left[places], pairs.right[places], levels[places]))


def _levels(field: Field, levels: Signs, free: Flags, likely: Floats) -> tuple[float, ...]:
    """How matches stand on a field; where few pairs are free of it, as all candidates do, and then as is usual."""
    said, width = levels > 0, len(field.levels) + 1
    usual = np.bincount(levels[said], likely[said], width)[1:] + _USUAL_PAIRS * np.array(field.prior) / sum(field.prior)
    found = np.bincount(levels[free], likely[free], width)[1:] + _USUAL_PAIRS * usual / usual.sum()
    level = np.maximum(found / found.sum(), _LEAST)
    if level[-1] > field.most_different:
        level[:-1] *= (1 - field.most_different) / level[:-1].sum()
        level[-1] = field.most_different
    return tuple(float(share) for share in level)


def _given_names(model: LinkageModel, match: Weights, levels: Levels, free: Sequence[Flags], likely: Floats) -> Weights:
    """How matches stand on the given name by how their family names agree: errors come together in one record.

    Swapped names are a level of the given name at which the family name says nothing; they keep their share.
    """
    if not {"first_name", "last_name"} <= set(model.names):
        return ()
    given, family = model.names.index("first_name"), model.names.index("last_name")
    usual, agree = np.array(match[given]), family_names_agreement(levels[:, family], model.fields[family])
    swapped = np.zeros(len(usual), bool)
    swapped[SWAPPED - 1 : NEARLY_SWAPPED] = True
    found = []
    for standing in (1, 2, 3):
        here = free[given] & (agree == standing)
        seen = np.bincount(levels[here, given], likely[here], len(usual) + 1)[1:] + _USUAL_PAIRS * usual
        level = np.where(swapped, 0, seen)
        level = np.where(swapped, usual, level / level.sum() * (1 - usual[swapped].sum()))
        found.append(tuple(float(share) for share in np.maximum(level, _LEAST)))
    return tuple(found)


def _standing(reach: _Reach, at: int, levels: Levels, likely: Floats) -> Floats:
    """How often matches that say a field show each sign of it."""
    said = levels[:, at] > 0
    free = said & reach.free[:, at]
    usual = np.bincount(reach.signs[said, at], likely[said], _SIGNS)
    found = np.bincount(reach.signs[free, at], likely[free], _SIGNS)
    return np.asarray(found + _USUAL_PAIRS * usual / max(float(usual.sum()), 1e-9))


@dataclass(frozen=True)
class _Asked:
    """A key as signs: of each field that it asks, the bits that both records must show."""

    signs: tuple[tuple[int, int], ...]
    open: Flags
    """Of records drawn at random, those that no block too large to be opened holds under this key."""


@dataclass(frozen=True)
class _Reach:
    """What keys ask of pairs and of records drawn at random."""

    free: Flags
    """(pairs, fields): a key that does not ask the field tells the pair, so its telling says nothing of the field."""
    signs: Signs
    """(pairs, fields): bit by bit, the parts of the field on which the two agree."""
    keys: tuple[_Asked, ...]
    said: Flags
    """(drawn pairs, fields): two records drawn at random both say the field."""
    chance: Floats
    """(drawn pairs, fields): uniform between 0 and 1, drawn once so that each round asks the same of them."""
    names: tuple[int, int] | None

    def reached(self, standing: Sequence[Floats]) -> float:
        """Of matches, the share that some key reaches; `standing[field][sign]` is how often they show each sign."""
        signs = np.zeros(self.said.shape, np.uint8)
        for at, found in enumerate(standing):
            edges = np.cumsum(found)
            drawn = np.searchsorted(edges, self.chance[:, at] * edges[-1], "right") if edges[-1] > 0 else 0
            signs[:, at] = np.where(self.said[:, at], np.minimum(drawn, _SIGNS - 1), 0)
        if self.names is not None:
            first, last = self.names
            signs[signs[:, first] & _TURNED > 0, last] = 0
        told = np.zeros(len(signs), bool)
        for key in self.keys:
            by_key = key.open.copy()
            for at, bits in key.signs:
                by_key &= signs[:, at] & bits == bits
            told |= by_key
        return max(float(told.mean()), _LEAST_REACHED)


def _reach(
    model: LinkageModel, records: Coded, blocks: Blocks, pairs: Candidates, levels: Levels, rules: MatchingRules
) -> _Reach:
    names = model.names
    of = {part: at for at, name in enumerate(names) for part in _PARTS.get(name, (name,))}
    parts = {part for key in model.keys for part in key}
    alike = {part: _alike(records, part, part_hashes(records, part), names, pairs, levels) for part in sorted(parts)}
    both = (names.index("first_name"), names.index("last_name")) if {"first_name", "last_name"} <= set(names) else None
    rng = np.random.default_rng(rules.seed)
    drawn = rng.integers(0, records.rows, (2, _DRAWN))
    free, known, keys = np.zeros(levels.shape, bool), np.zeros(len(levels), bool), []
    for number, key in enumerate(model.keys):
        closed = np.zeros(records.rows, bool)
        closed[blocks.closed_to(number)] = True
        told = ~closed[pairs.left]
        for part in key:
            told &= alike[part]
        known |= told
        asked = {at for part in key for at in (both or () if part == NAMES_IN_ANY_ORDER else (of.get(part, -1),))}
        others = [at for at in range(len(names)) if at not in asked]
        free[:, others] |= told[:, None]
        keys += [_Asked(signs, ~closed[drawn[0]]) for signs in _asked(key, of, names, both)]
    # A verified id or one of several addresses tells the rest; none of the fields made them candidates.
    free[~known] = True
    signs = np.zeros(levels.shape, np.uint8)
    for part, same in alike.items():
        if part in of:
            signs[:, of[part]] |= same.astype(np.uint8) << np.uint8(_bit(part, of, names))
    if both is not None:
        signs[:, both[0]] |= np.where(levels[:, both[0]] == SWAPPED, _TURNED, 0).astype(np.uint8)
    said = np.stack([(records[name].codes[drawn] >= 0).all(0) for name in names], 1)
    return _Reach(free, signs, tuple(keys), said, rng.random(said.shape), both)


def _alike(records: Coded, part: str, hashes: Hashes, names: Sequence[str], pairs: Candidates, levels: Levels) -> Flags:
    left, right = hashes[pairs.left], hashes[pairs.right]
    same = (left == right) & (left != MISSING)
    if part in names and len(records[part].more_rows):
        same |= levels[:, names.index(part)] == SAME
    return np.asarray(same)


def _asked(
    key: Key, of: Mapping[str, int], names: Sequence[str], both: tuple[int, int] | None
) -> list[tuple[tuple[int, int], ...]]:
    """The key as signs. Names in any order are the same names or turned ones; a key that asks for no field: none."""
    signs = tuple((of[part], 1 << _bit(part, of, names)) for part in key if part in of)
    others = [part for part in key if part not in of]
    if not others:
        return [signs]
    if others != [NAMES_IN_ANY_ORDER] or both is None:
        return []
    return [(*signs, (both[0], _WHOLE), (both[1], _WHOLE)), (*signs, (both[0], _TURNED))]


def _bit(part: str, of: Mapping[str, int], names: Sequence[str]) -> int:
    name = names[of[part]]
    return _PARTS.get(name, (name,)).index(part)
