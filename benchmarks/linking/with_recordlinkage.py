"""recordlinkage alone: Index of blocks, Compare, its unsupervised ECM classifier, connected components.

Configurations: three likenesses from which values agree, all columns or few, names as said or completed, and four
probabilities from which pairs are joined.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import recordlinkage
from recordlinkage.index import Block

from benchmarks.linking.cleaned import CORRELATED, blocks, cleaned, compared
from benchmarks.linking.judged import Answer, Clock
from graph.linkage.cluster import connected

WAY = "recordlinkage"
AGREES_FROM = (0.8, 0.9, 0.95)
THRESHOLDS = (0.5, 0.9, 0.99, 0.999)
_METHODS = {"birth_date": "damerau_levenshtein", "phone": "damerau_levenshtein", "postcode": "damerau_levenshtein",
            "house_number": "damerau_levenshtein", "national_id": "damerau_levenshtein"}  # fmt: skip
_EXACT = frozenset({"region", "country", "gender", "job_title", "external_ids"})


def answers(records: pa.Table, *, completed_names: bool) -> list[Answer]:
    """One answer a configuration, all out of one comparison of the same candidate pairs."""
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
            names_said = "completed" if completed_names else "as said"
            for threshold in THRESHOLDS:
                clock = Clock()
                labels = connected(len(frame), left[told >= threshold], right[told >= threshold])
                cost = spent[0] + clock.cpu, spent[1] + clock.wall
                configuration = f"agrees from {agrees:g}, {columns}, names {names_said}, {threshold:g}"
                found.append(Answer(WAY, configuration, labels, left, right, told, len(pairs), *cost))
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
