"""The customers of CDNOW that the papers of Fader, Hardie and Lee are about: 2,357, in weeks and dollars."""

from __future__ import annotations

import csv
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.float64]


def customers() -> tuple[Column, Column, Column, Column]:
    """Repeats, recency, age and mean spend a repeat, as the package `lifetimes` brings them along."""
    spec = find_spec("lifetimes")
    assert spec is not None
    assert spec.origin is not None
    # Its own module of data sets asks for setuptools, which it does not depend on.
    path = Path(spec.origin).parent / "datasets" / "cdnow_customers_summary_with_transactions.csv"
    with path.open(encoding="utf-8") as lines:
        rows = [[float(row[key]) for key in ("x", "t_x", "T", "zbar")] for row in csv.DictReader(lines)]
    x, t, age, spend = np.array(rows).T
    return x, t, age, spend
