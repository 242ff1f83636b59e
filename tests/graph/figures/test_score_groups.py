"""What one score says."""

from __future__ import annotations

import pytest

from graph.figures.score_groups import group_of


@pytest.mark.parametrize(
    ("metric", "scale", "groups"),
    [
        ("nps", (0, 10), {0: "NEGATIVE", 6: "NEGATIVE", 7: "NEUTRAL", 8: "NEUTRAL", 9: "POSITIVE", 10: "POSITIVE"}),
        ("csat", (1, 5), {3: "NEGATIVE", 4: "POSITIVE"}),
        ("csat", (0, 1), {0: "NEGATIVE", 1: "POSITIVE"}),
        ("ces", (1, 7), {4: "NEGATIVE", 5: "POSITIVE"}),
        ("rating", (1, 5), {3: "NEGATIVE", 4: "POSITIVE"}),
        ("nps", (1, 5), {5: None}),
        ("csat", (1, 10), {10: None}),
    ],
)
def test_a_score_is_of_the_group_that_figures_count_it_in(
    metric: str, scale: tuple[float, float], groups: dict[float, str | None]
) -> None:
    """By metric and scale; nothing is said of a scale that no figure knows."""
    assert {score: group_of(metric, score, *scale) for score in groups} == groups
