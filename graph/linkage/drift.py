"""How far today's records are from those a model learned from: fields that are said less, weights that moved."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from graph.linkage.coded import Coded
from graph.linkage.fields import FIELDS, LABELS

if TYPE_CHECKING:
    from graph.linkage.model import LinkageModel

_FALL = 0.10
_MOVED_BITS = 1.0
_CERTAIN = 40.0


class FieldDrift(msgspec.Struct, frozen=True):
    """The share of records that say a field: when the model learned (None: the model does not tell) and now."""

    field: str
    before: float | None
    now: float

    @property
    def has_fallen(self) -> bool:
        """By more than ten points: a source may have stopped sending it."""
        return self.before is not None and self.before - self.now > _FALL

    def line(self) -> str:
        """ "phone: said by 38 % of the records, 71 % when the model learned"."""
        before = "" if self.before is None else f", {self.before * 100:.0f} % when the model learned"
        return f"{LABELS.get(self.field, self.field)}: said by {self.now * 100:.0f} % of the records{before}"


class WeightDrift(msgspec.Struct, frozen=True):
    """The bits that one level of a field is worth in the model in force and in one that learns today.

    None: that model does not compare the field.
    """

    field: str
    level: str
    before: float | None
    now: float | None

    @property
    def has_moved(self) -> bool:
        """By more than a bit: odds that are twice as high or half."""
        if self.before is None or self.now is None:
            return True
        return abs(self.before - self.now) > _MOVED_BITS


class Drift(msgspec.Struct, frozen=True):
    """What changed between two models, field by field and level by level."""

    model_before: str
    model_now: str
    records_before: int
    records_now: int
    completeness: tuple[FieldDrift, ...]
    weights: tuple[WeightDrift, ...]

    def fallen(self) -> tuple[FieldDrift, ...]:
        return tuple(each for each in self.completeness if each.has_fallen)

    def moved(self) -> tuple[WeightDrift, ...]:
        return tuple(each for each in self.weights if each.has_moved)


def drift(before: LinkageModel, now: LinkageModel) -> Drift:
    """From the model in force to one that learned from today's records."""
    return Drift(
        model_before=before.version,
        model_now=now.version,
        records_before=before.records,
        records_now=now.records,
        completeness=completeness_drift(before, now.completeness),
        weights=_weight_drift(level_bits(before), level_bits(now)),
    )


def completeness_drift(before: LinkageModel, now: Mapping[str, float]) -> tuple[FieldDrift, ...]:
    """Each field that is or was said by anybody, in the order of the fields."""
    fields = [field.name for field in FIELDS if now.get(field.name) or before.completeness.get(field.name)]
    return tuple(FieldDrift(name, before.completeness.get(name), now.get(name, 0.0)) for name in fields)


def completeness(records: Coded) -> dict[str, float]:
    """By field, the share of records that say it; of fields that linkage can compare."""
    rows = max(records.rows, 1)
    return {field.name: round(float(np.count_nonzero(records[field.name].codes >= 0)) / rows, 4) for field in FIELDS}


def level_bits(model: LinkageModel) -> dict[tuple[str, str], float]:
    """(field, level) → bits: how much oftener one person's records stand on it than strangers' do."""
    return {
        (field.name, level): round(max(-_CERTAIN, min(_CERTAIN, math.log2(max(m, 1e-12) / max(u, 1e-12)))), 3)
        for field, match, random in zip(model.fields, model.match, model.random, strict=True)
        for level, m, u in zip(field.levels, match, random, strict=True)
    }


def _weight_drift(
    before: Mapping[tuple[str, str], float], now: Mapping[tuple[str, str], float]
) -> tuple[WeightDrift, ...]:
    places = dict.fromkeys((*before, *now))
    return tuple(
        WeightDrift(field, level, before.get((field, level)), now.get((field, level))) for field, level in places
    )
