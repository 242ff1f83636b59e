"""Why two records are one customer, or why they are not, in words and bits."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.linkage.candidates import key_entries, part_hashes
from graph.linkage.cluster import MUST, MUST_NOT
from graph.linkage.coded import Coded, Column, coded
from graph.linkage.columns import RAW_COLUMNS, normalised
from graph.linkage.compare import SAME
from graph.linkage.decide import Scorer, probability
from graph.linkage.drift import level_bits
from graph.linkage.fields import LABELS, Field
from graph.linkage.guards import guards
from graph.linkage.model import LinkageModel
from graph.linkage.rules import Decisions, LinkageError, MatchingRules

Outcome = Literal[
    "match",
    "review",
    "different",
    "never compared",
    "merged by decision",
    "kept apart by decision",
    "same verified id",
    "different verified ids",
]


class Evidence(msgspec.Struct, frozen=True):
    """What one field says about a pair; the bits of all evidence add up to the pair's.

    `field` is also "prior" (before any field speaks) or "relation" (what one household or company explains instead).
    """

    field: str
    left: str | None
    right: str | None
    level: str
    bits: float
    level_bits: float | None = None
    """What the level says whatever the value; the rest of `bits` is what this value says by being rare or common."""
    carriers: int | None = None
    """Where both say the same: how many of the records that the model learned from say it. 1: it was not counted, which
    it is from three on."""


class Explanation(msgspec.Struct, frozen=True):
    """The whole case of two records under one model."""

    left_id: str
    right_id: str
    outcome: Outcome
    bits: float
    probability: float
    evidence: tuple[Evidence, ...]
    keys_shared: tuple[str, ...]
    keys_different: tuple[str, ...]
    """Blocking keys on which both records have a value and it differs, or whose block is closed for its size."""
    model: str

    @property
    def rule(self) -> str:
        """What decides about the pair: `decision` (a person's), `external_id` (verified ids) or `weights`."""
        if "decision" in self.outcome:
            return "decision"
        return "external_id" if "verified" in self.outcome else "weights"

    def lines(self) -> tuple[str, ...]:
        """One line a piece of evidence, strongest first: "same e-mail ada@x.test (+11.2 bits)"."""
        ordered = sorted(self.evidence, key=lambda item: -abs(item.bits))
        return tuple(evidence_line(item) for item in ordered)


def explain(
    records: pa.Table,
    model: LinkageModel,
    a_id: str,
    b_id: str,
    *,
    rules: MatchingRules = MatchingRules(),  # noqa: B008  frozen
    decisions: Decisions = Decisions(),  # noqa: B008  frozen
) -> Explanation:
    """Explain two of the raw records under a frozen model; the two rows alone are enough.

    Raises LinkageError when one of the ids is not among the records.
    """
    both = _two(records, a_id, b_id)
    pair = coded(normalised(both))
    scorer = Scorer(pair, model)
    left, right = np.zeros(1, np.int32), np.ones(1, np.int32)
    levels = scorer.levels(left, right)
    by_field, total = scorer.by_field(left, right, levels), scorer.score(left, right, levels)
    bits = float(total[0])
    items = tuple(
        _evidence(field, pair[field.name], both, int(level), float(field_bits), model)
        for field, level, field_bits in zip(model.fields, levels[0], by_field[0], strict=True)
        if level
    )
    rest = bits - model.prior_bits - float(by_field[0].sum())
    items = (*items, Evidence("prior", None, None, "two records drawn at random", model.prior_bits))
    if rest < -0.05:
        items = (*items, Evidence("relation", None, None, "may be two people of one household or company", rest))
    shared, different = _keys(pair, model)
    decided = float(guards(pair, decisions, rules.max_block).apply(left, right, total)[0])
    person = {frozenset(p) for p in (*decisions.merge, *decisions.keep_apart)}
    outcome = _outcome(decided, frozenset((a_id, b_id)) in person, bool(shared), model, rules)
    return Explanation(
        a_id, b_id, outcome, round(bits, 3), float(probability(bits)), items, shared, different, model.version
    )


def evidence_line(item: Evidence) -> str:
    """One piece of evidence as people say it."""
    if item.field == "prior":
        return f"before any field speaks: {item.level} ({item.bits:+.1f} bits)"
    if item.field == "relation":
        return f"{item.level} ({item.bits:+.1f} bits)"
    values = item.left if item.level == "same" and item.left == item.right else f"{item.left} / {item.right}"
    return f"{item.level} {LABELS.get(item.field, item.field)} {values} ({item.bits:+.1f} bits)"


def _two(records: pa.Table, a_id: str, b_id: str) -> pa.Table:
    if "record_id" not in records.column_names:
        raise LinkageError("The records have no column record_id.")
    if a_id == b_id:
        raise LinkageError(f"Record {a_id} was given twice: an explanation is about two records.")
    ids = records.column("record_id").cast(pa.string())
    places = [pc.index(ids, pa.scalar(wanted, pa.string())).as_py() for wanted in (a_id, b_id)]
    for wanted, place in zip((a_id, b_id), places, strict=True):
        if place < 0:
            raise LinkageError(f"There is no record {wanted} among the {records.num_rows} given.")
    kept = [name for name in RAW_COLUMNS if name in records.column_names]
    return records.select(kept).take(pa.array(places))


def _evidence(field: Field, column: Column, raw: pa.Table, level: int, bits: float, model: LinkageModel) -> Evidence:
    values = [_said(column, raw, field.name, row) for row in (0, 1)]
    carriers = None
    if level == SAME:
        codes = set(_codes(column, 0)) & set(_codes(column, 1))
        if codes:
            code = min(codes, key=lambda code: str(column.values[code]))
            values = [str(column.values[code])] * 2
            counts = model.frequencies.get(field.name)
            carriers = None if counts is None else int(counts.of(column.hashes[[code]])[0])
    name = field.levels[level - 1]
    usual = level_bits(model)[field.name, name]
    return Evidence(field.name, values[0], values[1], name, round(bits, 3), usual, carriers)


def _said(column: Column, raw: pa.Table, name: str, row: int) -> str | None:
    """The value as the source wrote it; the comparable form where the source has none of its own (split names)."""
    value = raw.column(name)[row].as_py() if name in raw.column_names else None
    if isinstance(value, list):
        value = ", ".join(str(item) for item in value if item) or None
    if value is None and column.codes[row] >= 0:
        value = column.values[column.codes[row]]
    return None if value is None else str(value)


def _codes(column: Column, row: int) -> list[int]:
    codes = [column.codes[row], *column.more_codes[column.more_rows == row]]
    return [int(code) for code in codes if code >= 0]


def _keys(pair: Coded, model: LinkageModel) -> tuple[tuple[str, ...], tuple[str, ...]]:
    shared, different = [], []
    for key in model.keys:
        hashes, rows = key_entries(pair, key)
        common = np.intersect1d(hashes[rows == 0], hashes[rows == 1])
        closed = model.stopped_blocks.get(key)
        open_ = common if closed is None else common[~np.isin(common, closed)]
        name = " + ".join(LABELS.get(part, part.replace("_", " ")) for part in key)
        if len(open_):
            shared.append(name)
        elif len(common):
            different.append(f"{name} (shared by too many records)")
        elif all(part_hashes(pair, part).all() for part in key):
            different.append(name)
    return tuple(shared), tuple(different)


def _outcome(decided: float, by_person: bool, compared: bool, model: LinkageModel, rules: MatchingRules) -> Outcome:
    if decided <= MUST_NOT:
        return "kept apart by decision" if by_person else "different verified ids"
    if decided >= MUST:
        return "merged by decision" if by_person else "same verified id"
    if not compared:
        return "never compared"
    match_bits = model.match_bits if rules.match_bits is None else rules.match_bits
    if decided >= match_bits:
        return "match"
    return "review" if decided >= rules.review_bits else "different"
