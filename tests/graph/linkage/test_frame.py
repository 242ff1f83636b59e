"""The frame of recordlinkage gives the engine's pairs, levels and weights, and takes its own features beside ours."""

from __future__ import annotations

import numpy as np
import pytest
import recordlinkage
from recordlinkage.compare import Exact

from graph.linkage.candidates import candidates
from graph.linkage.compare import compare
from graph.linkage.decide import Scorer
from graph.linkage.frame import BlockingUnion, WeightClassifier, comparison, framed, levels_of
from graph.linkage.link import LinkageError, MatchingRules, prepared, train
from tests.graph.linkage.people import silos


@pytest.fixture(scope="module")
def setting():
    records, _ = silos(400, seed=7)
    model, (ready, _) = train(records), prepared(records)
    index = recordlinkage.Index()
    index.add(BlockingUnion(ready, model.keys, MatchingRules(), model.stopped_blocks))
    frame = framed(ready)
    pairs = candidates(ready, model.keys, MatchingRules(), model.stopped_blocks)
    return model, ready, frame, index.index(frame), pairs


def test_the_index_gives_the_engines_pairs(setting):
    """recordlinkage.Index with our algorithm holds the same pairs, in its own order of the two."""
    _, ready, _, index, pairs = setting
    ids = ready.ids.to_pylist()

    assert len(index) == len(pairs.left) > 400
    assert set(index) == {(ids[two], ids[one]) for one, two in zip(pairs.left, pairs.right, strict=True)}


def test_compare_gives_the_engines_levels(setting):
    """recordlinkage.Compare with our features gives the same levels, swapped names included."""
    model, ready, frame, index, pairs = setting
    features = comparison(model).compute(index, frame)

    assert (levels_of(features, model) == compare(ready, model.fields, pairs.left, pairs.right)).all()


def test_the_classifier_gives_the_engines_weights(setting):
    """The classifier predicts the pairs at the match threshold, with the engine's weights."""
    model, ready, frame, index, pairs = setting
    features = comparison(model).compute(index, frame)
    classifier = WeightClassifier(ready, model)
    scorer = Scorer(ready, model)
    bits = scorer.score(pairs.left, pairs.right, scorer.levels(pairs.left, pairs.right))

    assert np.allclose(classifier.bits(features), bits)
    assert len(classifier.predict(features)) == int((bits >= model.match_bits).sum())
    assert ((classifier.prob(features) > 0.5) == (bits > 0)).all()


def test_their_features_stand_beside_ours(setting):
    """Any feature of recordlinkage may be added to the comparison."""
    model, _, frame, index, _ = setting
    both = comparison(model)
    both.add(Exact("city", "city", label="theirs"))
    features = both.compute(index, frame)

    assert ((features["theirs"] == 1) == (features["city"] == 1)).all()


def test_a_frozen_classifier_is_not_fitted(setting):
    """Fitting is refused and points to training."""
    model, ready, _, _, _ = setting
    with pytest.raises(LinkageError, match="train"):
        WeightClassifier(ready, model).fit()
