"""recordlinkage alone: Index of blocks, Compare, its unsupervised ECM classifier, connected components.

Twelve configurations: three likenesses from which values agree, all columns or few, names as said or
completed. The second way puts c360's average linkage in the place of the components.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import recordlinkage
from recordlinkage.index import Block

from benchmarks.linking.cleaned import CORRELATED, blocks, cleaned, compared
from benchmarks.linking.judged import Answer, Clock
from graph.linkage.cluster import Edges, cluster, connected
from graph.linkage.rules import MatchingRules

PLAIN, AVERAGED = "recordlinkage", "recordlinkage, av. linkage"
AGREES_FROM = (0.8, 0.9, 0.95)
_METHODS = {"birth_date": "damerau_levenshtein", "phone": "damerau_levenshtein", "postcode": "damerau_levenshtein",
            "house_number": "damerau_levenshtein", "national_id": "damerau_levenshtein"}  # fmt: skip
_EXACT = frozenset({"region", "country", "gender", "job_title", "external_ids"})

Numbers = npt.NDArray[np.int64]


def answers(records: pa.Table, *, completed_names: bool) -> list[Answer]:
    """Two answers a configuration, all out of one comparison of the same candidate pairs."""
    clock = Clock()
    table = cleaned(records, completed_names=completed_names)
    frame = framed(table)
    index = recordlinkage.Index()
    for block in blocks(table, wide=True):
        index.add(Block(list(block)))
    pairs = index.index(frame)
    left, right = (pairs.get_level_values(side).to_numpy().astype(np.int64) for side in (1, 0))
    features = comparison(compared(table)).compute(pairs, frame)
    base = clock.cpu, clock.wall
    found = []
    for columns, without in (("all columns", frozenset[str]()), ("few columns", CORRELATED)):
        names = list(compared(table, without))
        for agrees in AGREES_FROM:
            clock = Clock()
            classifier = recordlinkage.ECMClassifier(binarize=agrees)
            classifier.fit(features[names])
            told = classifier.prob(features[names]).to_numpy()
            spent = base[0] + clock.cpu, base[1] + clock.wall
            configuration = f"agrees from {agrees:g}, {columns}, names {'completed' if completed_names else 'as said'}"
            for way in (PLAIN, AVERAGED):
                clock = Clock()
                labels = (
                    connected(len(frame), left[told >= 0.5], right[told >= 0.5])
                    if way == PLAIN
                    else _averaged(frame, names, classifier, left, right, told)
                )
                cost = spent[0] + clock.cpu, spent[1] + clock.wall
                found.append(Answer(way, configuration, labels, left, right, told, len(pairs), *cost))
    return found


def framed(table: pa.Table) -> pd.DataFrame:
    """The columns as recordlinkage takes them, indexed by row."""
    frame = table.drop_columns(["unique_id"]).to_pandas()
    return frame.set_index(pd.RangeIndex(len(frame)))


def comparison(names: Sequence[str]) -> recordlinkage.Compare:
    """recordlinkage's own features: Jaro-Winkler for words, Damerau-Levenshtein for numbers, equality for the rest."""
    compare = recordlinkage.Compare()
    for name in names:
        if name in _EXACT:
            compare.exact(name, name, label=name)
        else:
            compare.string(name, name, method=_METHODS.get(name, "jarowinkler"), label=name)
    return compare


def _averaged(
    frame: pd.DataFrame,
    names: list[str],
    classifier: recordlinkage.ECMClassifier,
    left: Numbers,
    right: Numbers,
    told: npt.NDArray[np.float64],
) -> npt.NDArray[np.int32]:
    """Average linkage at odds of 1; pairs that were no candidates are compared for it."""
    size, bits = len(frame), _bits(told)
    keys = np.minimum(left, right) * size + np.maximum(left, right)
    order = np.argsort(keys)
    known, weights = keys[order], bits[order]

    def weigh(ours: npt.NDArray[np.int32], theirs: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        asked = np.minimum(ours, theirs).astype(np.int64) * size + np.maximum(ours, theirs)
        at = np.minimum(np.searchsorted(known, asked), len(known) - 1)
        found = weights[at]
        new = np.flatnonzero(known[at] != asked)
        if len(new):
            pairs: Any = pd.MultiIndex.from_arrays([theirs[new], ours[new]])
            found[new] = _bits(classifier.prob(comparison(names).compute(pairs, frame)).to_numpy())
        return found

    rules = MatchingRules()
    one, two = np.minimum(left, right).astype(np.int32), np.maximum(left, right).astype(np.int32)
    return cluster(size, Edges(one, two, bits), 0.0, rules.max_cluster, weigh).labels


def _bits(told: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    sure = np.clip(told, 1e-9, 1 - 1e-9)
    return np.log2(sure / (1 - sure)).astype(np.float32)
