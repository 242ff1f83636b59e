"""What goes together with a score: least squares, and how much of the explained variance each driver has (LMG).

Association, not effect: a driver that merely goes along with a real one has its share of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.estimates.columns import FloatArray, finite
from graph.estimates.estimate import LEVEL, Estimate, EstimateError, student_width
from graph.estimates.shapley import shapley_values

CAVEAT = "association, not effect"
MOST_DRIVERS = 12
ROWS_A_DRIVER = 10
FEWEST_ROWS = 30
_COLLINEAR = 1e-8
_AT_ONCE = 1 << 22  # numbers held while the models of all subsets are weighed


@dataclass(frozen=True, slots=True)
class Driver:
    """One column: how the score changes with one unit more of it, and its share of what all together explain."""

    name: str
    coefficient: Estimate
    share: Estimate


@dataclass(frozen=True, slots=True)
class Drivers:
    """The model: drivers in the order of the columns, their shares summing to 1; r2 is the share that all explain."""

    drivers: tuple[Driver, ...]
    intercept: float
    r2: float
    mean: float
    n: int
    covariance: FloatArray
    """float64[drivers, drivers], HC3, of the coefficients."""

    def what_if(self, changes: Mapping[str, float], level: float = LEVEL) -> Estimate:
        """How much the expected mean score moves if the named drivers move by so much, each in its own unit.

        Σ d β, with √(d′ V d) and Student's t: of the mean, not of one customer, and of the association.

        EstimateError: a driver that is not in the model.
        """
        names = [driver.name for driver in self.drivers]
        unknown = sorted(set(changes) - set(names))
        if unknown:
            raise EstimateError(f"{', '.join(unknown)}: no such driver in the model. It has {', '.join(names)}.")
        d = np.array([changes.get(name, 0.0) for name in names])
        value = float(d @ [driver.coefficient.value for driver in self.drivers])
        half = student_width(level, self.n - len(names) - 1) * float(np.sqrt(max(float(d @ self.covariance @ d), 0.0)))
        return Estimate(value, value - half, value + half, self.n, "least squares, HC3", level)


def drivers(
    score: npt.ArrayLike,
    columns: Mapping[str, npt.ArrayLike],
    random: np.random.Generator,
    draws: int = 500,
    level: float = LEVEL,
) -> Drivers:
    """The model of score float[n] by columns of float[n] each; `random` draws the bootstrap.

    Coefficients with HC3 errors (MacKinnon and White 1985) and Student's t. Shares by LMG (Lindeman, Merenda and Gold
    1980; Grömping 2007): the R² a driver adds, averaged over all orders of drivers, made to sum to 1; their intervals
    are percentiles of a bootstrap over rows.

    EstimateError: no or too many drivers, too few rows, a column that does not vary, columns that tell the same, a row
    that alone decides a coefficient, or nothing explained.
    """
    names, y, x = _table(score, columns)
    n, p = x.shape
    middle, spread = x.mean(axis=0), x.std(axis=0)
    scaled = (x - middle) / spread
    _refuse_collinear(names, scaled)
    coefficients, covariance, residuals = _least_squares(names, scaled, y)
    coefficients, covariance = coefficients / spread, covariance / np.outer(spread, spread)
    width = student_width(level, n - p - 1) * np.sqrt(np.diag(covariance))
    r2 = 1 - float(residuals @ residuals) / float(((y - y.mean()) ** 2).sum())
    if r2 < 1e-12:
        raise EstimateError(
            f"{', '.join(names)} explain nothing of the score, so there is nothing to share. Try others."
        )
    data = np.column_stack([scaled, (y - y.mean()) / y.std()])
    shares = _shares(np.corrcoef(data, rowvar=False)[None])[0]
    low, high = _bootstrap(data, random, draws, level)
    low, high = np.minimum(low, shares), np.maximum(high, shares)
    return Drivers(
        tuple(
            Driver(
                name,
                Estimate(float(b), float(b - w), float(b + w), n, "least squares, HC3", level),
                Estimate(float(s), float(lo), float(hi), n, f"LMG, bootstrap of {draws}", level),
            )
            for name, b, w, s, lo, hi in zip(names, coefficients, width, shares, low, high, strict=True)
        ),
        intercept=float(y.mean() - middle @ coefficients),
        r2=r2,
        mean=float(y.mean()),
        n=n,
        covariance=covariance,
    )


def _table(score: npt.ArrayLike, columns: Mapping[str, npt.ArrayLike]) -> tuple[list[str], FloatArray, FloatArray]:
    names = list(columns)
    if not names:
        raise EstimateError("There are no drivers. Name at least one column.")
    if len(names) > MOST_DRIVERS:
        raise EstimateError(
            f"{len(names)} drivers are more than {MOST_DRIVERS}: their shares take 2^drivers models. Leave some out."
        )
    y = finite("score", score)
    each = [finite(name, columns[name]) for name in names]
    other = [name for name, column in zip(names, each, strict=True) if column.size != y.size]
    if other:
        raise EstimateError(f"{', '.join(other)}: not as long as the score ({y.size} rows). Give each row a value.")
    needed = max(FEWEST_ROWS, ROWS_A_DRIVER * len(names))
    if y.size < needed:
        raise EstimateError(
            f"{y.size} rows are too few for {len(names)} drivers. Take {needed} or more, or fewer drivers."
        )
    same = [name for name, column in zip(["score", *names], [y, *each], strict=True) if _is_constant(column)]
    if same:
        raise EstimateError(f"{', '.join(same)}: the same in every row, so nothing goes with it. Leave it out.")
    return names, y, np.column_stack(each)


def _is_constant(column: FloatArray) -> bool:
    return bool(np.ptp(column) <= 1e-12 * max(1.0, float(np.abs(column).max())))


def _refuse_collinear(names: Sequence[str], scaled: FloatArray) -> None:
    values, vectors = np.linalg.eigh(scaled.T @ scaled / scaled.shape[0])
    if values[0] > _COLLINEAR:
        return
    together = [name for name, part in zip(names, np.abs(vectors[:, 0]), strict=True) if part > 0.05]
    raise EstimateError(
        f"{', '.join(together)}: each follows from the others, so none has a share of its own. Leave one out."
    )


def _least_squares(
    names: Sequence[str], scaled: FloatArray, y: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Coefficients [p], their HC3 covariance [p, p], residuals [n]; of centred columns, so without the intercept."""
    n = scaled.shape[0]
    q, r = np.linalg.qr(scaled)
    coefficients = np.linalg.solve(r, q.T @ (y - y.mean()))
    residuals = y - y.mean() - scaled @ coefficients
    leverage = 1 / n + (q * q).sum(axis=1)
    if leverage.max() > 1 - 1e-9:
        row = scaled[int(leverage.argmax())]
        alone = names[int(np.abs(row).argmax())]
        raise EstimateError(f"{alone}: one row alone decides its coefficient. Leave the column out, or take more rows.")
    weighted = np.linalg.solve(r, q.T) * (residuals / (1 - leverage))
    return coefficients, np.asarray(weighted @ weighted.T, dtype=np.float64), residuals


def _bootstrap(
    data: FloatArray, random: np.random.Generator, draws: int, level: float
) -> tuple[FloatArray, FloatArray]:
    """Percentiles of the shares, [p] each, over draws of as many rows with replacement."""
    n, many = data.shape
    design = np.vstack([data.T, np.ones(n)])
    weighted = np.empty_like(design)
    products = np.empty((draws, many + 1, many + 1))
    for draw in range(draws):
        counts = np.bincount(random.integers(0, n, n), minlength=n)
        # A matrix times its own transpose is half the work, and BLAS knows.
        np.multiply(design, np.sqrt(counts), out=weighted)
        products[draw] = weighted @ weighted.T
    correlations = _correlations(products / n)
    at_once = max(1, _AT_ONCE >> (many + 1))
    parts = [_shares(correlations[start : start + at_once]) for start in range(0, draws, at_once)]
    low, high = np.quantile(np.concatenate(parts), [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def _correlations(moments: FloatArray) -> FloatArray:
    """Correlations [draws, p, p] from mean products [draws, p + 1, p + 1] of which the last column is of ones.

    What does not vary in a draw goes along with nothing, not even with itself.
    """
    mean, raw = moments[:, :-1, -1], moments[:, :-1, :-1]
    covariances = raw - mean[:, :, None] * mean[:, None, :]
    variance, square = (np.diagonal(each, axis1=1, axis2=2) for each in (covariances, raw))
    size = np.sqrt(np.where(variance > _COLLINEAR * square, variance, np.inf))
    return np.asarray(covariances / (size[:, :, None] * size[:, None, :]))


def _shares(correlations: FloatArray) -> FloatArray:
    """float64[samples, p], summing to 1, from correlations [samples, p + 1, p + 1] whose last column is the score's."""
    explained = _explained(correlations)
    shares = shapley_values(explained, correlations.shape[1] - 1)
    total = explained[:, -1:]
    return np.asarray(shares / np.where(total > 0, total, 1.0), dtype=np.float64)


def _explained(correlations: FloatArray) -> FloatArray:
    """R² of the model of every subset of drivers, float64[samples, 2^p], bit i of its place being driver i.

    The last driver is swept out of the matrix, or left out; then the next to last of both; in the end one number a
    subset is left, the variance that its drivers do not explain.
    """
    matrices = correlations[:, None]
    while matrices.shape[-1] > 1:
        # The driver before the score's column, which is last.
        rest = np.delete(matrices, -2, axis=-1)
        along = rest[..., -2, :]
        without = np.delete(rest, -2, axis=-2)
        pivot = matrices[..., -2, -2]
        # In a sample in which it follows from those swept already it adds nothing.
        inverse = np.where(pivot > 1e-10, 1 / np.maximum(pivot, 1e-10), 0.0)
        swept = without - along[..., :, None] * along[..., None, :] * inverse[..., None, None]
        matrices = np.stack([without, swept], axis=2).reshape(matrices.shape[0], -1, *without.shape[2:])
    return np.asarray(1 - matrices[..., 0, 0], dtype=np.float64)
