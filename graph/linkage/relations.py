"""People who are related but not the same: pairs of one household or one company, out of the mixture's own classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

import msgspec
import numpy as np
import numpy.typing as npt

from graph.linkage.coded import Ints
from graph.linkage.compare import Levels
from graph.linkage.decide import Scorer
from graph.linkage.fields import TOLD_BY, Field

Kind = Literal["household", "colleague"]

LIKELY = 0.5
"""From this probability on a relation is told: it is likelier than all else together."""


class Relation(msgspec.Struct, frozen=True):
    """Two records of different customers who live in one household or work in one company."""

    left_id: str
    right_id: str
    kind: Kind
    probability: float


def related(scorer: Scorer, left: Ints, right: Ints, chunk_pairs: int) -> list[Relation]:
    """The pairs that are likely related, likeliest first; compared in chunks so that memory stays bounded.

    The probability is the posterior of the relation among all classes of the model: match, relations and strangers.
    """
    kinds = [cast(Kind, relation.name) for relation in scorer.model.relations]
    ids = scorer.records.ids
    found: list[Relation] = []
    for begin in range(0, len(left) if kinds else 0, chunk_pairs):
        one, two = left[begin : begin + chunk_pairs], right[begin : begin + chunk_pairs]
        levels = scorer.levels(one, two)
        shares = scorer.relation_shares(one, two, levels)
        kind, likely = shares.argmax(0), shares.max(0)
        seen = np.stack([_seen(scorer.model.fields, levels, name) for name in kinds])
        for at in np.flatnonzero((likely >= LIKELY) & seen[kind, np.arange(len(one))]).tolist():
            pair = sorted((ids[int(one[at])].as_py(), ids[int(two[at])].as_py()))
            found.append(Relation(pair[0], pair[1], kinds[kind[at]], round(float(likely[at]), 4)))
    return likeliest_first(found)


def _seen(fields: Sequence[Field], levels: Levels, kind: str) -> npt.NDArray[np.bool_]:
    """The pairs that say what makes such a relation; none for a class that is not told."""
    at = {field.name: position for position, field in enumerate(fields)}
    seen = np.zeros(len(levels), bool)
    for line in TOLD_BY.get(kind, ()):
        if line.keys() <= at.keys():
            reached = [(levels[:, at[name]] > 0) & (levels[:, at[name]] <= worst) for name, worst in line.items()]
            seen |= np.logical_and.reduce(reached)
    return seen


def likeliest_first(relations: list[Relation]) -> list[Relation]:
    """Sorted by probability, then by their records."""
    return sorted(relations, key=lambda relation: (-relation.probability, relation.left_id, relation.right_id))
