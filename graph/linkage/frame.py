"""The same linkage inside the frame of `recordlinkage`: its Index, Compare and classifier interfaces, in pandas.

The engine works on arrays; here its steps stand where recordlinkage's own stand, so that any of its index algorithms,
features and classifiers can be put beside them. This is the only module that knows pandas and recordlinkage.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import recordlinkage
from recordlinkage.base import BaseClassifier, BaseCompareFeature, BaseIndexAlgorithm

from graph.linkage.candidates import Key, candidates
from graph.linkage.coded import Coded, Column
from graph.linkage.compare import Levels, crossed_names, tell_swapped, value_levels
from graph.linkage.decide import Scorer, probability
from graph.linkage.fields import Field
from graph.linkage.model import LinkageModel
from graph.linkage.rules import LinkageError, MatchingRules


def framed(records: Coded) -> pd.DataFrame:
    """The records' first values as categorical columns, indexed by record id."""
    columns = {
        name: pd.Series(pd.Categorical.from_codes(column.codes, categories=pd.Index(column.values, dtype=object)))
        for name, column in records.columns.items()
    }
    frame = pd.DataFrame(columns)
    frame.index = pd.Index(records.ids.to_pylist(), name="record_id", dtype=object)
    return frame


class BlockingUnion(BaseIndexAlgorithm):  # type: ignore[misc]
    """Candidate pairs by the union of blocking keys, as one recordlinkage index algorithm.

    It works on the coded records from which the given frame was made; pairs are (later row, earlier row), as
    recordlinkage has them.
    """

    def __init__(self, records: Coded, keys: Sequence[Key], rules: MatchingRules, stopped: Any = None) -> None:
        super().__init__(verify_integrity=False)
        self._records, self._keys, self._rules, self._stopped = records, keys, rules, stopped

    def _dedup_index(self, df_a: pd.DataFrame) -> pd.MultiIndex:
        if len(df_a) != self._records.rows:
            raise LinkageError(
                f"The frame has {len(df_a)} rows and the coded records {self._records.rows}: use `framed`."
            )
        pairs = candidates(self._records, self._keys, self._rules, self._stopped)
        codes: Any = [pairs.right, pairs.left]
        levels: Any = [df_a.index, df_a.index]
        return pd.MultiIndex(levels=levels, codes=codes, names=[None, None], verify_integrity=False)


class Level(BaseCompareFeature):  # type: ignore[misc]
    """One field's level (uint8; 0: not said) as a recordlinkage feature on categorical columns of one frame."""

    def __init__(self, field: Field) -> None:
        super().__init__(field.name, field.name, label=field.name)
        self.field = field

    def _compute_vectorized(self, *args: pd.Series[Any]) -> npt.NDArray[np.uint8]:
        left, right = args
        column = _column(left)
        return value_levels(self.field, column, _codes(left), _codes(right))


class SwappedNames(BaseCompareFeature):  # type: ignore[misc]
    """The level of names that stand the other way round, or nearly so; else 0 (see `crossed_names`)."""

    def __init__(self) -> None:
        names = ["first_name", "last_name"]
        super().__init__(names, names, label="swapped")

    def _compute_vectorized(self, *args: pd.Series[Any]) -> npt.NDArray[np.uint8]:
        first, last, other_first, other_last = args
        ours, theirs = (_codes(first), _codes(last)), (_codes(other_first), _codes(other_last))
        return crossed_names(_column(first), _column(last), ours, theirs)


def comparison(model: LinkageModel) -> recordlinkage.Compare:
    """A recordlinkage Compare of the model's fields; any further feature may be added to it."""
    compare = recordlinkage.Compare()
    for field in model.fields:
        compare.add(Level(field))
    if {"first_name", "last_name"} <= set(model.names):
        compare.add(SwappedNames())
    return compare


def levels_of(features: pd.DataFrame, model: LinkageModel) -> Levels:
    """The engine's levels out of what `comparison` computed: a swapped name speaks once, through the given name."""
    levels = features[list(model.names)].to_numpy(np.uint8, copy=True)
    if "swapped" in features:
        crossed = features["swapped"].to_numpy(np.uint8)
        tell_swapped(levels, crossed, model.names.index("first_name"), model.names.index("last_name"))
    return levels


class WeightClassifier(BaseClassifier):  # type: ignore[misc]
    """The model's match weights behind recordlinkage's classifier interface; frozen, so there is nothing to fit."""

    def __init__(self, records: Coded, model: LinkageModel, match_bits: float | None = None) -> None:
        self._records, self._scorer = records, Scorer(records, model)
        self._cut = model.match_bits if match_bits is None else match_bits

    def bits(self, features: pd.DataFrame) -> pd.Series[float]:
        """Match weight of each pair in bits."""
        place = pd.Index(self._records.ids.to_pylist(), dtype=object)
        left = place.get_indexer(features.index.get_level_values(1)).astype(np.int32)
        right = place.get_indexer(features.index.get_level_values(0)).astype(np.int32)
        return pd.Series(self._scorer.score(left, right, levels_of(features, self._scorer.model)), index=features.index)

    def fit(self, *args: object, **kwargs: object) -> None:
        """Refused: train a model with `graph.linkage.link.train` instead."""
        raise LinkageError("A linkage model is frozen; train a new one with graph.linkage.link.train(records).")

    def predict(self, comparison_vectors: pd.DataFrame) -> pd.Index[Any]:
        """The pairs at the match threshold and above."""
        return comparison_vectors.index[(self.bits(comparison_vectors) >= self._cut).to_numpy()]

    def prob(self, comparison_vectors: pd.DataFrame) -> pd.Series[float]:
        """Probability of a match of each pair."""
        bits = self.bits(comparison_vectors)
        return pd.Series(probability(bits.to_numpy()), index=bits.index)

    def _fit(self, *args: object, **kwargs: object) -> None:
        self.fit()

    def _predict(self, comparison_vectors: object) -> npt.NDArray[np.int64]:
        raise LinkageError("Weights depend on the records, not on levels alone: give predict the frame of features.")

    def _prob_match(self, comparison_vectors: object) -> npt.NDArray[np.float64]:
        raise LinkageError("Weights depend on the records, not on levels alone: give prob the frame of features.")


def _codes(series: pd.Series[Any]) -> npt.NDArray[np.int32]:
    return np.asarray(series.cat.codes, np.int32)


def _column(series: pd.Series[Any]) -> Column:
    values: Any = pa.array(series.cat.categories.to_numpy(object), pa.string())
    nothing = np.zeros(0, np.int32)
    return Column(_codes(series), values, nothing, nothing)
