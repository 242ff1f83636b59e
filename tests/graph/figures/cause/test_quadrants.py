"""Quadrants of drivers, of scores that are made of them."""

from __future__ import annotations

import numpy as np
import pytest

from graph.estimates.columns import FloatArray
from graph.estimates.drivers import drivers
from graph.figures.cause.quadrants import Placed, placed
from graph.figures.touchpoints import Quadrant

ROWS = 400


def _places(effects: dict[str, float], columns: dict[str, FloatArray]) -> dict[str, Placed]:
    dice = np.random.default_rng(2)
    score = sum((effect * columns[name] for name, effect in effects.items()), dice.normal(0, 0.5, ROWS))
    return placed(drivers(score, columns, dice, draws=20), columns)


def _often(share: float, dice: np.random.Generator) -> FloatArray:
    """1 in that share of the rows, 0 in the others."""
    column = np.zeros(ROWS)
    column[dice.permutation(ROWS)[: int(share * ROWS)]] = 1.0
    return column


def test_drivers_stand_where_their_size_and_the_answers_put_them() -> None:
    """Waits hurt much and most waited; help helps much and most got it; transfers hurt little and most had one; gifts
    please little and most got one; of noise nobody knows which end is the better one."""
    dice = np.random.default_rng(1)
    shares = {"waits": 0.8, "help": 0.8, "transfers": 0.8, "gifts": 0.8, "noise": 0.5}
    columns = {name: _often(share, dice) for name, share in shares.items()}
    found = _places({"waits": -2.0, "help": 2.0, "transfers": -0.5, "gifts": 0.5}, columns)

    assert {name: place.quadrant for name, place in found.items()} == {
        "waits": Quadrant.CONCENTRATE_HERE,
        "help": Quadrant.KEEP_UP,
        "transfers": Quadrant.LOW_PRIORITY,
        "gifts": Quadrant.POSSIBLE_OVERKILL,
        "noise": None,
    }
    assert found["waits"].performance == pytest.approx(20)
    assert found["help"].performance == pytest.approx(80)
    assert found["noise"].performance is None
    assert "interval of its coefficient holds 0" in (found["noise"].note or "")


def test_performance_is_between_the_ends_at_which_answers_stand() -> None:
    """Hours from 0 to 10 alike are half way; of what three in a hundred had, the others had the better end."""
    dice = np.random.default_rng(4)
    hours = dice.integers(0, 11, ROWS).astype(float)
    columns = {"hours": hours, "rare": _often(0.03, dice), "third": _often(0.5, dice)}
    found = _places({"hours": -0.3, "rare": -3.0, "third": 1.0}, columns)

    assert found["hours"].performance == pytest.approx(50, abs=4)
    assert found["rare"].performance == pytest.approx(97)


def test_two_drivers_are_too_few_for_quadrants() -> None:
    """The lines between them are means: of two drivers one would always be important."""
    dice = np.random.default_rng(3)
    found = _places({"a": 1.0, "b": -1.0}, {"a": _often(0.5, dice), "b": _often(0.5, dice)})

    assert {place.quadrant for place in found.values()} == {None}
    assert "at least 3" in (found["a"].note or "")
