"""Attribution by rule, by removal and by Shapley values, worked out by hand and by brute force."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.estimates.credit import first_touch, last_touch, linear, time_decay, u_shaped, w_shaped
from graph.estimates.estimate import EstimateError
from graph.estimates.paths import Paths, credited, paths_of
from graph.estimates.removal import removal
from graph.estimates.shapley import shapley, shapley_of_rates

ADS, MAIL, FAIR = 0, 1, 2

MANY_PATHS = st.lists(st.tuples(st.lists(st.integers(0, 4), max_size=6), st.booleans()), min_size=1, max_size=30)


def of(*journeys: tuple[list[int], float], many: int = 3) -> Paths:
    """Paths from touches and the value of the conversion, 0 for none."""
    offsets = np.cumsum([0, *(len(touches) for touches, _ in journeys)])
    touches = [touch for path, _ in journeys for touch in path]
    values = [value for _, value in journeys]
    return paths_of(offsets, touches, [value > 0 for value in values], values, many)


# Ads alone made two conversions, mail one, ads and then mail one; one who saw ads did not convert.
FIVE = of(([ADS], 1), ([ADS], 1), ([MAIL], 1), ([ADS, MAIL], 1), ([ADS], 0), many=2)


@pytest.mark.parametrize(
    ("rule", "ads", "mail"), [(first_touch, 3, 1), (last_touch, 2, 2), (linear, 2.5, 1.5), (u_shaped, 2.5, 1.5)]
)
def test_rules_give_each_channel_its_conversions(rule: object, ads: float, mail: float) -> None:
    """By hand, of four conversions."""
    credit = credited(FIVE, rule(FIVE))  # type: ignore[operator]

    assert credit.by_channel.tolist() == pytest.approx([ads, mail])
    assert credit.unattributed == 0


def test_u_shaped_is_forty_twenty_forty() -> None:
    """Of four touches, of two, of one."""
    shares = u_shaped(of(([0, 1, 2, 1], 1), ([0, 1], 1), ([2], 1)))

    assert shares.tolist() == pytest.approx([0.4, 0.1, 0.1, 0.4, 0.5, 0.5, 1.0])


def test_w_shaped_is_thirty_for_each_milestone_and_ten_for_the_rest() -> None:
    """Lead at the third touch and opportunity at the fourth; both at the first; neither; no touch besides."""
    paths = of(([0, 1, 2, 1, 0], 1), ([0, 1], 1), ([0, 1], 1), ([0, 1, 2], 1))

    shares = w_shaped(paths, [2, 0, -1, 1], [3, 0, -1, 2])

    assert shares[:5].tolist() == pytest.approx([0.3, 0.05, 0.3, 0.3, 0.05])
    assert shares[5:7].tolist() == pytest.approx([0.9, 0.1])
    assert shares[7:9].tolist() == pytest.approx([0.75, 0.25])
    assert shares[9:].tolist() == pytest.approx([1 / 3] * 3)


def test_a_touch_a_week_earlier_has_half_the_credit() -> None:
    """14, 7 and 0 days before: 1 : 2 : 4; and of years ago it is the same."""
    paths = of(([0, 1, 2], 1), ([0, 1, 2], 1))

    shares = time_decay(paths, [14, 7, 0, 90_014, 90_007, 90_000])

    assert shares.tolist() == pytest.approx([1 / 7, 2 / 7, 4 / 7] * 2)


def test_removal_effects_are_those_worked_out_by_hand() -> None:
    """P = .8·(.5 + .25·1) + .2 = .8; without ads .2, so .75 is lost; without mail .4, so .5 is: of 4, 2.4 and 1.6."""
    found = removal(FIVE)

    assert found.conversion == pytest.approx(0.8)
    assert found.effects.tolist() == pytest.approx([0.75, 0.5])
    assert found.credit.by_channel.tolist() == pytest.approx([2.4, 1.6])


def test_shapley_values_are_those_worked_out_by_hand() -> None:
    """v(ads) = 2, v(mail) = 1, v(both) = 4: ads add 2 or 3, mail 1 or 2."""
    assert shapley(FIVE).by_channel.tolist() == pytest.approx([2.5, 1.5])


def test_shapley_values_of_rates_are_those_worked_out_by_hand() -> None:
    """v(ads) = 2/3, v(mail) = 1, v(both) = 4/5: ads add 2/3 or −1/5, mail 1 or 2/15; times five paths."""
    credit = shapley_of_rates(FIVE)

    assert credit.by_channel.tolist() == pytest.approx([5 * (2 / 3 - 1 / 5) / 2, 5 * (1 + 2 / 15) / 2])


@settings(deadline=None, max_examples=60)
@given(MANY_PATHS)
def test_every_credit_sums_to_the_conversions(journeys: list[tuple[list[int], bool]]) -> None:
    """By every model, conversions without a touch apart."""
    paths = of(*((touches, float(converted)) for touches, converted in journeys), many=5)
    some = [places for places, _ in journeys]
    middle = [len(touches) // 2 if touches else -1 for touches in some]
    shares = [rule(paths) for rule in (first_touch, last_touch, linear, u_shaped)]
    shares += [w_shaped(paths, middle, [-1] * len(some)), time_decay(paths, np.arange(paths.channels.size) * 1.5)]
    credits_ = [credited(paths, share) for share in shares]
    credits_.append(shapley(paths))
    if any(touches and converted for touches, converted in journeys):
        credits_ += [removal(paths).credit, shapley_of_rates(paths)]

    for credit in credits_:
        assert credit.by_channel.sum() + credit.unattributed == pytest.approx(paths.values.sum())
        assert credit.unattributed == sum(converted for touches, converted in journeys if not touches)
    for share in shares:
        assert (share >= 0).all()


@settings(deadline=None, max_examples=50)
@given(MANY_PATHS)
def test_removal_is_what_the_chain_loses_without_the_channel(journeys: list[tuple[list[int], bool]]) -> None:
    """Brute force: the chain itself, walked 500 steps, once for each channel that leads to null."""
    if not any(touches and converted for touches, converted in journeys):
        return
    found = removal(of(*((touches, float(converted)) for touches, converted in journeys), many=5))

    start, conversion, null = 5, 6, 7
    moves = np.zeros((8, 8))
    for touches, converted in journeys:
        if touches:
            for here, there in zip([start, *touches], [*touches, conversion if converted else null], strict=True):
                moves[here, there] += 1
    chain = moves / np.maximum(moves.sum(axis=1, keepdims=True), 1)
    chain[conversion, conversion] = chain[null, null] = 1

    def converts(chain: np.ndarray) -> float:
        return float(np.linalg.matrix_power(chain, 2_000)[start, conversion])

    whole = converts(chain)
    for channel in range(5):
        without = chain.copy()
        without[channel] = 0
        without[channel, null] = 1
        assert found.effects[channel] == pytest.approx(1 - converts(without) / whole, abs=1e-6)


@settings(deadline=None, max_examples=30)
@given(MANY_PATHS)
def test_shapley_values_are_the_mean_over_all_orders(journeys: list[tuple[list[int], bool]]) -> None:
    """Brute force over 120 orders of five channels, for both kinds of worth."""
    if not any(touches and converted for touches, converted in journeys):
        return
    paths = of(*((touches, float(converted)) for touches, converted in journeys), many=5)

    def conversions(coalition: frozenset[int]) -> float:
        return sum(converted for touches, converted in journeys if touches and set(touches) <= coalition)

    def rate(coalition: frozenset[int]) -> float:
        inside = sum(bool(touches) and set(touches) <= coalition for touches, _ in journeys)
        return conversions(coalition) / inside if inside else 0.0

    everybody = frozenset(range(5))
    for worth, credit in ((conversions, shapley(paths)), (rate, shapley_of_rates(paths))):
        added = np.zeros(5)
        for order in permutations(range(5)):
            for place, channel in enumerate(order):
                before = frozenset(order[:place])
                added[channel] += worth(before | {channel}) - worth(before)
        expected = added / 120 / worth(everybody) * conversions(everybody)
        np.testing.assert_allclose(credit.by_channel, expected, atol=1e-9)


def test_credit_in_revenue_follows_what_conversions_were_worth() -> None:
    """300 € after ads and a fair, 100 € after nothing."""
    paths = of(([ADS, FAIR], 300), ([], 100), ([MAIL], 0))

    credit = credited(paths, linear(paths))

    assert credit.by_channel.tolist() == [150, 0, 150]
    assert credit.unattributed == 100
    assert removal(paths).credit.by_channel.tolist() == pytest.approx([150, 0, 150])


def test_what_no_model_can_credit_is_refused() -> None:
    """No conversion, and more channels than can be weighed."""
    with pytest.raises(EstimateError, match="Take a longer period"):
        removal(of(([ADS], 0)))
    with pytest.raises(EstimateError, match="Take a longer period"):
        shapley_of_rates(of(([], 1), ([ADS], 0)))
    with pytest.raises(EstimateError, match=r"16 channels have 2\^16 coalitions.*until 15 are left"):
        shapley_of_rates(of(([ADS], 1), many=16))


def test_paths_that_do_not_fit_their_touches_are_refused() -> None:
    """Offsets, codes, places and times."""
    with pytest.raises(EstimateError, match="rise from 0 to 2"):
        paths_of([0, 1], [0, 1], [True])
    with pytest.raises(EstimateError, match="coded from 0 to 7, not from 0 to 2"):
        paths_of([0, 2], [0, 7], [True], many=3)
    with pytest.raises(EstimateError, match="leads must give each of the 1 paths"):
        w_shaped(of(([0, 1], 1)), [2], [-1])
    with pytest.raises(EstimateError, match="below 0"):
        time_decay(of(([0, 1], 1)), [-1, 0])
