"""Themes of comments: which words stand in those of low scores more often than in the others.

A plain method that can be explained: weighted log-odds with an informative Dirichlet prior (Monroe, Colaresi and Quinn
2008, "Fightin' Words", formulas 16 and 22). Words that are frequent everywhere are held back by the prior, so no list
of stop words is needed, in any language. No sentiment is guessed: what is low, the score says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.figures.figure import LEAST_SAMPLE
from graph.journeys.view import Mask

PRIOR = 500.0
"""How many words the prior weighs as much as, at most: never more than half of those that were said."""
BEYOND_CHANCE = 1.96
SHORTEST = 3


@dataclass(frozen=True, slots=True)
class Theme:
    """A word, or two in a row: `z` above 0 where it is of low scores. `customers` said it in comments of that side,
    which are `rows` of the column that was given; `other` comments of the other side have it."""

    text: str
    z: float
    customers: int
    other: int
    rows: NDArray[np.int64]


def themes(comments: Any, low: Mask, unit: NDArray[np.int64], most: int = 20) -> list[Theme]:
    """The words that part comments of low scores from the others, the strongest first, of both sides together.

    Each comment counts a word once. Only words beyond chance (|z| at least 1.96) that at least 5 customers used.
    """
    comment, term, names = _terms(comments)
    many = len(names)
    in_low = np.bincount(term[low[comment]], minlength=many).astype(np.float64)
    in_other = np.bincount(term[~low[comment]], minlength=many).astype(np.float64)
    if not in_low.sum() or not in_other.sum():
        return []
    z = _scores(in_low, in_other)
    found: list[Theme] = []
    for code in np.argsort(-np.abs(z), kind="stable"):
        if abs(z[code]) < BEYOND_CHANCE or len(found) == most:
            break
        rows = comment[term == code]
        rows = rows[low[rows] == (z[code] > 0)]
        customers = len(np.unique(unit[rows]))
        if customers >= LEAST_SAMPLE:
            other = in_other[code] if z[code] > 0 else in_low[code]
            found.append(Theme(names[code], float(z[code]), customers, int(other), rows))
    return found


def _scores(low: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """z of each word: the difference of its log-odds over its standard error."""
    said = float((low + other).sum())
    weight = min(PRIOR, said / 2)
    prior = weight * (low + other) / said
    odds = [np.log((each + prior) / np.maximum(each.sum() + weight - each - prior, 1e-9)) for each in (low, other)]
    scores: NDArray[np.float64] = (odds[0] - odds[1]) / np.sqrt(1 / (low + prior) + 1 / (other + prior))
    return scores


def _terms(comments: Any) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
    """Each (comment, term) once: words of three letters or more, and two of them in a row."""
    words = pc.split_pattern_regex(pc.utf8_lower(comments), r"[^\p{L}\p{N}]+")
    parents = pc.list_parent_indices(words).to_numpy(zero_copy_only=False).astype(np.int64)
    flat: Any = pc.list_flatten(words)
    long = pc.utf8_length(flat).to_numpy(zero_copy_only=False) >= SHORTEST
    encoded = flat.filter(pa.array(long)).dictionary_encode()
    comment, word = parents[long], encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    known = [str(text) for text in encoded.dictionary.to_pylist()]
    follows = np.flatnonzero(comment[1:] == comment[:-1])
    pairs, pair = np.unique(word[follows] * max(len(known), 1) + word[follows + 1], return_inverse=True)
    names = known + [f"{known[each // len(known)]} {known[each % len(known)]}" for each in pairs]
    both = np.concatenate([comment, comment[follows]]), np.concatenate([word, pair + len(known)])
    once = np.unique(both[0] * max(len(names), 1) + both[1])
    return once // max(len(names), 1), once % max(len(names), 1), names
