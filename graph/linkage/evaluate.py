"""How good clusters are against the truth."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from graph.linkage.rules import LinkageError


class Evaluation(msgspec.Struct, frozen=True):
    """Pairwise and B-cubed figures (Bagga and Baldwin 1998) and what went wrong."""

    records: int
    clusters: int
    true_clusters: int
    precision: float
    recall: float
    f1: float
    b3_precision: float
    b3_recall: float
    b3_f1: float
    wrongly_merged: float
    """Share of true clusters that stand in a cluster with another one."""
    wrongly_split: float
    """Share of true clusters that stand in more than one cluster."""
    largest_cluster: int
    largest_true_cluster: int

    def lines(self) -> tuple[str, ...]:
        return (
            f"pairs      precision {self.precision:.4f}  recall {self.recall:.4f}  F1 {self.f1:.4f}",
            f"B-cubed    precision {self.b3_precision:.4f}  recall {self.b3_recall:.4f}  F1 {self.b3_f1:.4f}",
            f"customers  {self.clusters:,} found, {self.true_clusters:,} true; "
            f"{self.wrongly_merged:.2%} merged with another, {self.wrongly_split:.2%} split",
            f"largest    {self.largest_cluster} records found, {self.largest_true_cluster} true",
        )


def evaluate(
    clusters: Sequence[object] | npt.NDArray[np.generic], truth: Sequence[object] | npt.NDArray[np.generic]
) -> Evaluation:
    """Compare two labellings of the same records in the same order."""
    if len(clusters) != len(truth):
        raise LinkageError(
            f"{len(clusters)} records have a cluster and {len(truth)} a truth: both must name the same records."
        )
    if not len(clusters):
        return Evaluation(0, 0, 0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0, 0)
    found, real = _numbered(clusters), _numbered(truth)
    found_sizes, real_sizes = np.bincount(found), np.bincount(real)
    both, shared = np.unique(found.astype(np.int64) * len(real_sizes) + real, return_counts=True)
    of_found, of_real = both // len(real_sizes), both % len(real_sizes)
    hits, predicted, actual = _pairs(shared), _pairs(found_sizes), _pairs(real_sizes)
    precision = hits / predicted if predicted else 1.0
    recall = hits / actual if actual else 1.0
    squares = shared.astype(float) ** 2
    b3_precision = float((squares / found_sizes[of_found]).sum() / len(found))
    b3_recall = float((squares / real_sizes[of_real]).sum() / len(found))
    merged = np.zeros(len(real_sizes), bool)
    merged[of_real[np.bincount(of_found)[of_found] > 1]] = True
    return Evaluation(
        records=len(found),
        clusters=len(found_sizes),
        true_clusters=len(real_sizes),
        precision=precision,
        recall=recall,
        f1=_harmonic(precision, recall),
        b3_precision=b3_precision,
        b3_recall=b3_recall,
        b3_f1=_harmonic(b3_precision, b3_recall),
        wrongly_merged=float(merged.mean()),
        wrongly_split=float((np.bincount(of_real) > 1).mean()),
        largest_cluster=int(found_sizes.max()),
        largest_true_cluster=int(real_sizes.max()),
    )


def _numbered(labels: Sequence[object] | npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
    return np.unique(np.asarray([str(label) for label in labels]), return_inverse=True)[1].astype(np.int64)


def _pairs(sizes: npt.NDArray[np.int64]) -> float:
    return float((sizes.astype(float) * (sizes - 1) / 2).sum())


def _harmonic(one: float, two: float) -> float:
    return 2 * one * two / (one + two) if one + two else 0.0
