"""How far the parameters of the models of lifetime value may be from the truth, and what values would be then.

Worked out when an interval is asked for, and kept with the values: pages of customers need none of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from graph.estimates.lifetime_value import slopes_of_contracts, slopes_of_value
from graph.estimates.parameter_error import ParameterError, pulls
from graph.figures.figure import Figure
from graph.figures.scope import Scope
from graph.figures.worth import BuyersModel, ContractsModel, Worth

FEWEST = 50
"""Customers or contracts that a model is fitted to, from which on its error is told: the theory is one of many."""


@dataclass(frozen=True, slots=True)
class WorthError:
    """The errors of all models by unit of the whole view, or why they are not known."""

    models: tuple[ParameterError, ...]
    unknown: str | None = None

    def told(self, figure: Figure) -> Figure:
        """The figure as it is; without its interval where that would leave out an error."""
        return replace(figure, low=None, high=None, method=None) if self.unknown else figure

    def noting(self, note: str | None) -> str | None:
        """The note, and why there is no interval."""
        return " ".join(each for each in (note, self.unknown) if each) or None


def value_error(scope: Scope, found: Worth) -> WorthError:
    """Of `Worth.values`."""
    return scope.view.whole.once(("error of worth", *found.key), lambda: _value_error(scope, found))


def inactivity_error(scope: Scope, found: Worth) -> WorthError:
    """Of 1 − `Worth.alive` of buyers."""
    return scope.view.whole.once(("error of inactivity", *found.key), lambda: _inactivity_error(found))


def _value_error(scope: Scope, found: Worth) -> WorthError:
    unknown = _unknown(found.of_buyers, found.of_contracts)
    if unknown:
        return WorthError((), unknown)
    size = len(found.values)
    models = [_of_contracts(model, scope, size) for model in found.of_contracts]
    if found.of_buyers is not None:
        models += _of_buyers(found.of_buyers, size)
    return WorthError(tuple(models))


def _inactivity_error(found: Worth) -> WorthError:
    model, size = found.of_buyers, len(found.values)
    if model is None:
        return WorthError(())
    covariance = model.buying.covariance
    if covariance is None or len(model.everybody.unit) < FEWEST:
        return WorthError((), _sentence("purchases (BG/NBD)", len(model.everybody.unit)))
    slopes = -model.buying.alive_slopes(*model.bought.columns)
    return WorthError((_of_buying(model, slopes, covariance, size),))


def _unknown(buyers: BuyersModel | None, contracts: tuple[ContractsModel, ...]) -> str | None:
    if buyers is not None:
        n = len(buyers.everybody.unit)
        if buyers.buying.covariance is None or n < FEWEST:
            return _sentence("purchases (BG/NBD)", n)
        if buyers.spending.covariance is None or buyers.spending.n < FEWEST:
            return _sentence("spend (Gamma-Gamma)", buyers.spending.n)
    for model in contracts:
        if model.contract is None:
            return "No interval: the error of values by a survival curve is not known."
        if model.contract.covariance is None or len(model.seen) < FEWEST:
            return _sentence("renewals (sBG)", len(model.seen))
    return None


def _sentence(what: str, n: int) -> str:
    if n < FEWEST:
        return f"No interval: the model of {what} rests on {n}, and its error can be told from {FEWEST} on."
    return f"No interval: these data do not tell the parameters of the model of {what} apart."


def _of_buyers(model: BuyersModel, size: int) -> list[ParameterError]:
    buying, spending = model.buying.covariance, model.spending.covariance
    assert buying is not None  # see `_unknown`
    assert spending is not None
    bought, everybody = model.bought, model.everybody
    by_buying, by_spending = slopes_of_value(
        model.buying,
        model.spending,
        bought.columns,
        (bought.repeats + 1, bought.average),
        model.value,
        model.margin,
    )
    scores = model.spending.scores(everybody.repeats + 1, everybody.average)
    return [
        _of_buying(model, by_buying, buying, size),
        ParameterError(
            _by_unit(bought.unit, by_spending, size),
            spending,
            _by_unit(everybody.unit, pulls(spending, scores), size),
        ),
    ]


def _of_buying(
    model: BuyersModel, slopes: NDArray[np.float64], covariance: NDArray[np.float64], size: int
) -> ParameterError:
    pulled = pulls(covariance, model.buying.scores(*model.everybody.columns))
    return ParameterError(
        _by_unit(model.bought.unit, slopes, size), covariance, _by_unit(model.everybody.unit, pulled, size)
    )


def _of_contracts(model: ContractsModel, scope: Scope, size: int) -> ParameterError:
    contract, rules = model.contract, scope.rules.value
    assert contract is not None  # see `_unknown`
    assert contract.covariance is not None
    slopes = slopes_of_contracts(
        contract, model.period, model.wait, model.paid, rules.horizon_months, rules.discount_rate, model.months
    )
    pulled = pulls(contract.covariance, contract.scores(model.periods, model.ended))
    return ParameterError(_by_unit(model.unit, slopes, size), contract.covariance, _by_unit(model.seen, pulled, size))


def _by_unit(unit: NDArray[np.int64], rows: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Rows of several contracts of a unit add up."""
    summed = np.zeros((size, rows.shape[1]))
    np.add.at(summed, unit, rows)
    return summed
