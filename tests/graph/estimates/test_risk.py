"""Churn risk, held against statsmodels, a plain optimiser and pairs counted one by one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, special

from graph.estimates.estimate import EstimateError
from graph.estimates.risk import fit_risk, reliability


def customers(n: int = 600, seed: int = 1) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Who waited and who went silent leaves more often; the height of the moon has nothing to do with it."""
    rng = np.random.default_rng(seed)
    wait, silence, moon = rng.exponential(5, n), rng.poisson(3, n).astype(float), rng.normal(size=n)
    left = rng.random(n) < special.expit(-3 + 0.2 * wait + 0.3 * silence)
    return left, {"wait": wait, "silence": silence, "moon": moon}


def test_without_a_ridge_it_is_the_logit_of_statsmodels() -> None:
    """Coefficients in the columns' own units."""
    from statsmodels.discrete.discrete_model import Logit

    left, columns = customers()
    model = fit_risk(left, columns, ridge=0)

    design = np.column_stack([np.ones(left.size), *columns.values()])
    theirs = Logit(left.astype(float), design).fit(disp=False)
    np.testing.assert_allclose(model.coefficients / model.spreads, theirs.params[1:], rtol=1e-6)
    np.testing.assert_allclose(model.risks(columns), theirs.predict(design), rtol=1e-6)


def test_with_a_ridge_it_is_the_least_of_the_penalised_loss() -> None:
    """As a plain optimiser finds it without gradients of ours."""
    left, columns = customers()
    model = fit_risk(left, columns, ridge=30)

    x = np.column_stack(list(columns.values()))
    scaled = (x - x.mean(axis=0)) / x.std(axis=0)

    def loss(at: np.ndarray) -> float:
        odds = at[0] + scaled @ at[1:]
        return float(np.logaddexp(0, odds).sum() - odds[left].sum() + 15 * at[1:] @ at[1:])

    with np.errstate(all="ignore"):
        best = optimize.minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-4}).x
    np.testing.assert_allclose([model.base, *model.coefficients], best, atol=1e-4)


def test_risks_sum_to_those_who_left_and_factors_to_the_risk() -> None:
    """Every customer's log-odds are those of somebody average and what each factor adds."""
    left, columns = customers()
    model = fit_risk(left, columns)

    risks, contributions = model.risks(columns), model.contributions(columns)

    assert risks.sum() == pytest.approx(left.sum(), rel=1e-4)
    np.testing.assert_allclose(special.logit(risks), model.base + contributions.sum(axis=1))
    np.testing.assert_allclose(contributions.mean(axis=0), 0, atol=1e-12)
    assert np.abs(contributions).mean(axis=0).argmin() == 2


def test_told_risks_hold_of_customers_not_seen() -> None:
    """Of 4,000 customers who leave as the model has it: most bins hold, and the order is better than chance."""
    left, columns = customers(4_000)

    found = reliability(left, columns, np.random.default_rng(1))

    assert found.customers.tolist() == [400] * 10
    assert ((found.low <= found.told) & (found.told <= found.high)).sum() >= 8
    assert (np.diff(found.told) > 0).all()
    assert 0.65 < found.auc < 0.85
    assert 0.05 < found.skill < 0.4


def test_figures_of_reliability_are_those_counted_one_by_one() -> None:
    """AUC over all pairs, Brier over all customers, from risks that folds told, put together again by hand."""
    left, columns = customers(120)

    found = reliability(left, columns, np.random.default_rng(7), folds=3, bins=4)

    rng = np.random.default_rng(7)
    fold = np.empty(120, dtype=int)
    for group in (np.flatnonzero(left), np.flatnonzero(~left)):
        for place, customer in enumerate(rng.permutation(group)):
            fold[customer] = place % 3
    risks = np.empty(120)
    for number in range(3):
        out = fold == number
        model = fit_risk(left[~out], {name: column[~out] for name, column in columns.items()})
        risks[out] = model.risks({name: column[out] for name, column in columns.items()})
    pairs = [(gone > stays) + (gone == stays) / 2 for gone in risks[left] for stays in risks[~left]]
    assert found.auc == pytest.approx(np.mean(pairs))
    assert found.brier == pytest.approx(np.mean((risks - left) ** 2))
    assert found.skill == pytest.approx(1 - found.brier / (left.mean() * (1 - left.mean())))
    order = np.argsort(risks).reshape(4, 30)
    np.testing.assert_allclose(found.told, risks[order].mean(axis=1))
    np.testing.assert_allclose(found.happened, left[order].mean(axis=1))


def test_a_factor_that_tells_everything_has_a_finite_risk_with_a_ridge_only() -> None:
    """Without one the likelihood has no peak, and that is said."""
    left = np.repeat([True, False], 30)
    columns = {"sign": np.where(left, 1.0, -1.0)}

    risks = fit_risk(left, columns).risks(columns)

    assert 0.9 < risks[0] < 1
    with pytest.raises(EstimateError, match="set ridge above 0"):
        fit_risk(left, columns, ridge=0)


def test_customers_who_tell_no_risk_are_refused() -> None:
    """Too few who left, a column that never differs, none at all, one that is missing."""
    left, columns = customers()
    with pytest.raises(EstimateError, match="4 customers left and 6 stayed"):
        fit_risk([True] * 4 + [False] * 6, {"one": range(10)})
    with pytest.raises(EstimateError, match="flat: the same for every customer"):
        fit_risk(left, {**columns, "flat": np.ones(left.size)})
    with pytest.raises(EstimateError, match="no factors"):
        fit_risk(left, {})
    with pytest.raises(EstimateError, match="moon: not among the columns"):
        fit_risk(left, columns).risks({"wait": [1], "silence": [2]})
    with pytest.raises(EstimateError, match="1 folds"):
        reliability(left, columns, np.random.default_rng(1), folds=1)
