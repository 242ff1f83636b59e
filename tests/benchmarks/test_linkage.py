"""The linkage benchmark runs, and its figures are what they say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmarks.linking import ours, with_recordlinkage
from benchmarks.linking.alike.write import look_alike
from benchmarks.linking.comparing import speed
from benchmarks.linking.judged import Answer, Measured, best_of_each_way, calibration_error, judged, noise, reliability
from benchmarks.linking.sets import LOOK_ALIKES, labelled_set

ROOT = Path(__file__).parent.parent.parent


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.linkage", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def _answer(configuration: str, labels: list[int], told: list[float]) -> Answer:
    left, right = np.array([0, 2, 0]), np.array([1, 3, 2])
    return Answer("ours", configuration, np.array(labels), left, right, np.array(told), 3, 1.0, 1.0)


def test_ours_is_measured_on_a_set_that_comes_along() -> None:
    """One line of JSON a set: febrl1's 500 pairs are found, with what it cost."""
    run = _run("--json", "febrl1")
    assert run.returncode == 0, run.stderr
    (line,) = run.stdout.splitlines()
    measured = msgspec.json.decode(line, type=Measured)

    assert (measured.set, measured.way, measured.found.records) == ("febrl1", "c360", 1000)
    assert measured.found.f1 > 0.99
    assert measured.reliability[-1].pairs >= 490
    assert measured.cpu > 0
    assert measured.peak_mb > measured.added_mb > 0


def test_an_unknown_set_is_refused_with_those_that_there_are() -> None:
    """A name that is no set ends with the list of names."""
    run = _run("febrl9")

    assert run.returncode == 2
    assert "febrl1" in run.stderr
    assert "sample_20k" in run.stderr


def test_the_best_of_several_configurations_is_shown_with_how_many_were_tried() -> None:
    """Two right pairs beat one; processes that tried others are counted together."""
    truth = ["a", "a", "b", "b"]
    right, half = _answer("right", [0, 0, 1, 1], [0.9, 0.9, 0.1]), _answer("half", [0, 0, 1, 2], [0.9, 0.1, 0.1])
    (first,) = judged("four", [half, right], truth, 0.0)
    (other,) = judged("four", [half], truth, 0.0)
    (best,) = best_of_each_way([other, first])

    assert (best.configuration, best.tried, best.found.f1) == ("right", 3, 1.0)


def test_told_probabilities_are_held_against_the_share_that_is_true() -> None:
    """Worked out by hand: ten pairs told .8 of which six are true, ten told .36 of which four are; below .35 none."""
    told = np.array([0.8] * 10 + [0.36] * 10 + [0.34] * 10)
    true = np.array([True] * 6 + [False] * 4 + [True] * 4 + [False] * 16)
    low, high = reliability(told, true)

    assert (low.pairs, low.true, high.pairs, high.true) == (10, 0.4, 10, 0.6)
    assert calibration_error((low, high)) == pytest.approx((0.04 * 10 + 0.2 * 10) / 20)


def test_chance_shows_less_where_pairs_are_drawn_alone_than_where_they_hang_together() -> None:
    """Of 400 pairs told .5 half are true but for a few; in one chain of records all are, or none."""
    told, rows = np.full(400, 0.5), np.arange(400)
    apart = noise(Answer("ours", "apart", rows, 2 * rows, 2 * rows + 1, told, 400, 1.0, 1.0))
    chain = noise(Answer("ours", "chain", rows, rows, rows + 1, told, 400, 1.0, 1.0))

    assert apart.alone == pytest.approx(0.02, abs=0.005)
    assert apart.together == pytest.approx(0.02, abs=0.005)
    assert chain.alone == pytest.approx(0.02, abs=0.005)
    assert chain.together == pytest.approx(0.5)


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_a_look_alike_is_made_by_its_seed_and_can_be_linked(name: str, tmp_path: Path) -> None:
    """The same seed makes the same records, another one others; most of who is who is found without the truth."""
    made = look_alike(name, 1, 1500)
    pq.write_table(made, tmp_path / "made.parquet")
    labelled = labelled_set(name, tmp_path / "made.parquet")
    (found,) = judged(name, ours.answers(labelled.records), labelled.truth, 0.0)

    assert made.num_rows == 1500
    assert made.equals(look_alike(name, 1, 1500))
    assert not made.equals(look_alike(name, 2, 1500))
    assert "cluster" not in labelled.records.column_names
    assert found.found.f1 > 0.85


def test_look_alikes_are_run_by_name_once_a_seed() -> None:
    """`--seeds 2` makes two sets of one name; each is told with the noise to hold its calibration against."""
    run = _run("--json", "--seeds", "2", "short_names")
    assert run.returncode == 0, run.stderr
    first, second = (msgspec.json.decode(line, type=Measured) for line in run.stdout.splitlines())

    assert (first.set, second.set) == ("short_names", "short_names_2")
    assert first.found.records == LOOK_ALIKES["short_names"]
    assert first.found.f1 != second.found.f1
    assert 0 < first.noise.alone <= first.noise.together < 0.1


def test_recordlinkage_is_given_a_fair_chance() -> None:
    """Alone it solves the easy set nearly as we do, from the same raw columns."""
    labelled = labelled_set("febrl1", None)
    answers = with_recordlinkage.answers(labelled.records, completed_names=False)
    (found,) = judged("febrl1", answers, labelled.truth, 0.0)

    assert found.tried == len(answers) == 24
    assert found.found.f1 > 0.98


def test_splink_is_given_a_fair_chance() -> None:
    """Splink solves the easy set nearly as we do; it is there after `uv sync --group bench`."""
    pytest.importorskip("splink", reason="the group bench is not installed")
    from benchmarks.linking import with_splink

    labelled = labelled_set("febrl1", None)
    (found,) = judged("febrl1", with_splink.answers(labelled.records, "joint names"), labelled.truth, 0.0)

    assert found.tried == len(with_splink.THRESHOLDS)
    assert found.found.f1 > 0.98


def test_speeds_are_of_the_same_pairs() -> None:
    """The candidates are ours, and both compare all of them."""
    labelled = labelled_set("febrl1", None)
    (answer,) = ours.answers(labelled.records)
    measured = speed("febrl1", labelled.records)

    assert measured.pairs == answer.candidates
    assert measured.ratio == pytest.approx(measured.frame / measured.theirs)
    assert measured.engine > measured.theirs > 0
