"""How likely each customer is to leave, and why: a plain logistic regression, and how well its risks hold.

The factors say what goes together with leaving, not what makes people leave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from graph.estimates.columns import BoolArray, FloatArray, IntArray, finite, flags
from graph.estimates.estimate import LEVEL, EstimateError
from graph.estimates.proportion import wilson

FEWEST = 10
"""Customers who left, and customers who stayed, that a model needs."""
_STEPS = 50


@dataclass(frozen=True, slots=True)
class Risk:
    """A model: risk = 1 / (1 + exp(−(base + Σ contributions))), over columns in the order of `names`.

    `base` is the log-odds of somebody average; a column's contribution is coefficient · (value − mean) / spread.
    """

    names: tuple[str, ...]
    base: float
    coefficients: FloatArray
    means: FloatArray
    spreads: FloatArray
    n: int
    left: int

    def contributions(self, columns: Mapping[str, npt.ArrayLike]) -> FloatArray:
        """float64[n, factors]: what each factor adds to a customer's log-odds, against somebody average.

        EstimateError: a column is missing, has no number somewhere or another length.
        """
        x = _matrix(self.names, columns)
        return np.asarray((x - self.means) / self.spreads * self.coefficients, dtype=np.float64)

    def risks(self, columns: Mapping[str, npt.ArrayLike]) -> FloatArray:
        """float64[n]: the probability of each to leave, 0 to 1. EstimateError: as of `contributions`."""
        return np.asarray(scipy.special.expit(self.base + self.contributions(columns).sum(axis=1)), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Reliability:
    """How told risks held, of customers whom the model had not seen; in bins of as many each, risks rising.

    told and happened float64[bins] are shares of 1, low and high Wilson's interval of what happened. `brier` is the
    mean squared distance of risk and outcome (0 is best), `skill` how much smaller that is than by telling everybody
    the same (1 is best, 0 none), `auc` the probability that of two customers the one who left had the higher risk.
    """

    told: FloatArray
    happened: FloatArray
    low: FloatArray
    high: FloatArray
    customers: IntArray
    brier: float
    skill: float
    auc: float


def fit_risk(left: npt.ArrayLike, columns: Mapping[str, npt.ArrayLike], ridge: float = 1.0) -> Risk:
    """The model of left bool[n] by columns of float[n] each.

    Maximises ln L − ridge/2 · Σ coefficient², columns made to mean 0 and spread 1, the base free, by Newton's method;
    so risks sum to how many left. With ridge 0 it is plain maximum likelihood.

    EstimateError: no column, one that does not vary, fewer than 10 who left or stayed, ridge below 0, or (with ridge 0)
    columns that tell the outcome or one another exactly.
    """
    outcome, names, x = _table(left, columns, ridge)
    means, spreads = x.mean(axis=0), x.std(axis=0)
    base, coefficients = _newton(outcome, (x - means) / spreads, ridge)
    return Risk(tuple(names), base, coefficients, means, spreads, outcome.size, int(outcome.sum()))


def reliability(
    left: npt.ArrayLike,
    columns: Mapping[str, npt.ArrayLike],
    random: np.random.Generator,
    ridge: float = 1.0,
    folds: int = 5,
    bins: int = 10,
) -> Reliability:
    """How risks hold of customers not seen: each fold's are told by a model of the others; `random` deals the folds.

    EstimateError: as of `fit_risk`, or fewer than 10 who left or stayed outside a fold, or fewer than two folds or
    bins.
    """
    outcome, names, x = _table(left, columns, ridge)
    if folds < 2 or bins < 2:
        raise EstimateError(f"{folds} folds and {bins} bins show nothing. Take two or more of each.")
    fold = _dealt(outcome, folds, random)
    risks = np.empty(outcome.size)
    for number in range(folds):
        out = fold == number
        model = fit_risk(outcome[~out], _columns(names, x[~out]), ridge)
        risks[out] = model.risks(_columns(names, x[out]))
    return _held(outcome, risks, bins)


def _held(outcome: BoolArray, risks: FloatArray, bins: int) -> Reliability:
    n, many = outcome.size, int(outcome.sum())
    place = np.empty(n, dtype=np.int64)
    place[np.argsort(risks, kind="stable")] = np.arange(n) * min(bins, n) // n
    customers = np.bincount(place)
    told = np.bincount(place, risks) / customers
    happened, low, high = wilson(np.bincount(place, outcome), customers, LEVEL)
    brier = float(np.mean((risks - outcome) ** 2))
    share = many / n
    ranks = _ranks(risks)
    auc = (float(ranks[outcome].sum()) - many * (many + 1) / 2) / (many * (n - many))
    return Reliability(told, happened, low, high, customers, brier, 1 - brier / (share * (1 - share)), auc)


def _ranks(values: FloatArray) -> FloatArray:
    """By value its rank from 1 on; equal ones share the mean of theirs."""
    _, where, many = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(many) - (many - 1) / 2)[where], dtype=np.float64)


def _newton(outcome: BoolArray, scaled: FloatArray, ridge: float) -> tuple[float, FloatArray]:
    """Base and coefficients; steps are halved until they improve."""
    x = np.column_stack([np.ones(outcome.size), scaled])
    penalty = np.full(x.shape[1], ridge)
    penalty[0] = 0.0
    weights = np.zeros(x.shape[1])
    share = float(outcome.mean())
    weights[0] = np.log(share / (1 - share))

    def loss(at: FloatArray) -> float:
        odds = x @ at
        return float(np.logaddexp(0.0, odds).sum() - odds[outcome].sum() + penalty @ (at * at) / 2)

    now = loss(weights)
    for _ in range(_STEPS):
        risks = scipy.special.expit(x @ weights)
        gradient = x.T @ (risks - outcome) + penalty * weights
        hessian = (x * (risks * (1 - risks))[:, None]).T @ x + np.diag(penalty)
        if np.linalg.eigvalsh(hessian)[0] <= 1e-9 * outcome.size:
            raise EstimateError(
                "Risk cannot be told: columns tell the outcome or one another exactly. "
                "Leave one out, or set ridge above 0."
            )
        step = np.linalg.solve(hessian, gradient)
        decrement = float(gradient @ step)
        if decrement < 1e-12 * outcome.size:
            return float(weights[0]), weights[1:]
        size = 1.0
        while loss(weights - size * step) > now and size > 1e-6:
            size /= 2
        weights = weights - size * step
        now = loss(weights)
    raise EstimateError("Risk does not converge. Set ridge higher, or leave columns with extreme values out.")


def _dealt(outcome: BoolArray, folds: int, random: np.random.Generator) -> IntArray:
    """int64[n]: the fold of each; who left and who stayed are dealt evenly."""
    fold = np.empty(outcome.size, dtype=np.int64)
    for group in (outcome, ~outcome):
        fold[random.permutation(np.flatnonzero(group))] = np.arange(int(group.sum())) % folds
    return fold


def _table(
    left: npt.ArrayLike, columns: Mapping[str, npt.ArrayLike], ridge: float
) -> tuple[BoolArray, list[str], FloatArray]:
    if not ridge >= 0:
        raise EstimateError(f"A ridge of {ridge:g} cannot be. Give 0 or more, such as 1.")
    names = list(columns)
    if not names:
        raise EstimateError("There are no factors. Name at least one column.")
    outcome, x = flags("left", left), _matrix(names, columns)
    if x.shape[0] != outcome.size:
        raise EstimateError(f"The columns have {x.shape[0]} rows, the outcome {outcome.size}. Give each row a value.")
    gone = int(outcome.sum())
    if min(gone, outcome.size - gone) < FEWEST:
        raise EstimateError(
            f"{gone} customers left and {outcome.size - gone} stayed; risk needs {FEWEST} of each. "
            "Take a longer period."
        )
    same = [name for name, spread in zip(names, np.ptp(x, axis=0), strict=True) if spread == 0]
    if same:
        raise EstimateError(f"{', '.join(same)}: the same for every customer, so it tells nothing. Leave it out.")
    return outcome, names, x


def _matrix(names: Sequence[str], columns: Mapping[str, npt.ArrayLike]) -> FloatArray:
    missing = [name for name in names if name not in columns]
    if missing:
        raise EstimateError(f"{', '.join(missing)}: not among the columns. Risk is told from {', '.join(names)}.")
    each = [finite(name, columns[name]) for name in names]
    if len({column.size for column in each}) > 1:
        raise EstimateError(f"{', '.join(names)} have different lengths. Give each customer a value in each.")
    return np.column_stack(each)


def _columns(names: Sequence[str], x: FloatArray) -> dict[str, FloatArray]:
    return {name: x[:, place] for place, name in enumerate(names)}
