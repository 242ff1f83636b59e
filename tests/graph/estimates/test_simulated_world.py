"""A world whose effects are known, because we made it: what credit and shares of drivers must not be taken for.

Customers differ in how ready they are to buy. Channels that reach those who would buy anyway have little effect or
none; those with an effect reach everybody, or those who are not ready. Every model of attribution gives the credit to
the former.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

from graph.estimates.credit import first_touch, last_touch, linear, time_decay, u_shaped, w_shaped
from graph.estimates.drivers import drivers
from graph.estimates.estimate import difference
from graph.estimates.paths import Credit, Paths, credited, paths_of
from graph.estimates.proportion import proportion
from graph.estimates.removal import removal
from graph.estimates.shapley import shapley, shapley_of_rates

CHANNELS = ("video", "social", "display", "newsletter", "comparison", "retargeting", "brand search")
EFFECTS = np.array([0.10, 0.08, 0.06, 0.04, 0.02, 0.01, 0.00])
"""What being reached adds to the probability to buy."""
REACH_UNREADY = np.array([0.20, 0.20, 0.20, 0.15, 0.10, 0.06, 0.04])
REACH_READY = np.array([0.04, 0.06, 0.10, 0.20, 0.40, 0.60, 0.70])
CUSTOMERS = 60_000


@dataclass(frozen=True)
class World:
    """Paths of customers, days before the end of each touch, and the milestones of each path."""

    paths: Paths
    before: np.ndarray
    leads: np.ndarray
    opportunities: np.ndarray


def reached(rng: np.random.Generator, ready: np.ndarray) -> np.ndarray:
    return rng.random((ready.size, len(CHANNELS))) < np.where(ready[:, None], REACH_READY, REACH_UNREADY)


def buys(rng: np.random.Generator, ready: np.ndarray, touched: np.ndarray) -> np.ndarray:
    """The truth: readiness, and what each channel adds."""
    return rng.random(ready.size) < np.where(ready, 0.35, 0.02) + touched @ EFFECTS


@pytest.fixture(scope="module")
def world() -> World:
    rng = np.random.default_rng(11)
    ready = rng.random(CUSTOMERS) < 0.3
    touched = reached(rng, ready)
    # In any order, so that no rule is wrong by the place of a channel alone.
    days = np.where(touched, rng.uniform(0, 30, touched.shape), -1.0)
    order = np.argsort(-days, axis=1)
    kept = np.take_along_axis(touched, order, axis=1)
    lengths = kept.sum(axis=1)
    paths = paths_of(
        np.concatenate(([0], np.cumsum(lengths))), order[kept], buys(rng, ready, touched), many=len(CHANNELS)
    )
    return World(
        paths,
        np.take_along_axis(days, order, axis=1)[kept],
        np.where(lengths > 1, 1, -1),
        np.where(lengths > 2, 2, -1),
    )


MODELS: dict[str, Callable[[World], Credit]] = {
    "first": lambda world: credited(world.paths, first_touch(world.paths)),
    "last": lambda world: credited(world.paths, last_touch(world.paths)),
    "linear": lambda world: credited(world.paths, linear(world.paths)),
    "U": lambda world: credited(world.paths, u_shaped(world.paths)),
    "W": lambda world: credited(world.paths, w_shaped(world.paths, world.leads, world.opportunities)),
    "time decay": lambda world: credited(world.paths, time_decay(world.paths, world.before)),
    "removal": lambda world: removal(world.paths).credit,
    "Shapley": lambda world: shapley(world.paths),
    "Shapley of rates": lambda world: shapley_of_rates(world.paths),
}


@pytest.mark.parametrize("model", MODELS)
def test_attribution_ranks_channels_against_their_effects(world: World, model: str) -> None:
    """Credit, not effect: those with the least effect have the most credit."""
    credit = MODELS[model](world).by_channel

    assert stats.spearmanr(credit, EFFECTS).statistic < -0.3
    assert CHANNELS[int(credit.argmax())] in ("retargeting", "brand search")


def test_credit_is_not_the_conversions_a_channel_made(world: World) -> None:
    """Not even when a channel's effect is multiplied by how many it reached."""
    made = EFFECTS * np.bincount(world.paths.channels, minlength=len(CHANNELS))

    for model in MODELS.values():
        assert stats.spearmanr(model(world).by_channel, made).statistic < 0


def test_a_hold_out_tells_the_effects_that_credit_does_not() -> None:
    """The same world, channels shown to a half that is drawn by lot: each effect is within its interval."""
    rng = np.random.default_rng(12)
    ready = rng.random(CUSTOMERS) < 0.3
    for number, effect in enumerate(EFFECTS):
        touched = reached(rng, ready)
        touched[:, number] = rng.random(CUSTOMERS) < 0.5
        bought = buys(rng, ready, touched)
        shown, held_out = (bought[touched[:, number] == there] for there in (True, False))
        first, second = (
            proportion(int(shown.sum()), shown.size, 0.999),
            proportion(int(held_out.sum()), held_out.size, 0.999),
        )
        assert first is not None
        assert second is not None
        lift = difference(first, second)
        assert (lift.low or 0) < effect < (lift.high or 0)


def test_harmless_drivers_that_go_along_have_several_per_cent_each() -> None:
    """Association, not effect: only waiting and errors change the score, two others merely go along with them."""
    rng = np.random.default_rng(13)
    n = 5_000
    waiting, errors = rng.normal(size=(2, n))
    harmless = {
        "handovers": 0.6 * waiting + 0.8 * rng.normal(size=n),
        "length": 0.6 * errors + 0.8 * rng.normal(size=n),
    }
    score = -waiting - errors + rng.normal(size=n)

    found = drivers(score, {"waiting": waiting, "errors": errors, **harmless}, rng, draws=100)

    for driver in found.drivers[2:]:
        assert (driver.coefficient.low or 0) < 0 < (driver.coefficient.high or 0)
        assert driver.share.value > 0.05
        assert (driver.share.low or 0) > 0.04
