"""What is measured of a linkage: how right it is, how well its probabilities are told, and what it costs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from graph.linkage.cluster import connected
from graph.linkage.evaluate import Evaluation, evaluate

LEAST_TOLD = 0.35
STEPS = 20
_DRAWS = 100

Rows = npt.NDArray[np.integer]


@dataclass(frozen=True)
class Answer:
    """What one configuration says: a label a row, and the pairs of rows with the probability it tells of each."""

    way: str
    configuration: str
    labels: npt.NDArray[np.generic]
    left: Rows
    right: Rows
    told: npt.NDArray[np.floating]
    candidates: int
    cpu: float
    """CPU seconds of all threads, from raw records to labels."""
    wall: float


class Step(msgspec.Struct, frozen=True):
    """Of the pairs that were told about this probability: its mean, the share that is true, and how many they are."""

    told: float
    true: float
    pairs: int


class Noise(msgspec.Struct, frozen=True):
    """The calibration error that perfectly told probabilities of these pairs would show: mean of 100 draws."""

    alone: float
    """Every pair drawn by itself: the least that can be expected."""
    together: float
    """Pairs that hang together by records drawn by one chance, so that all of a component come out alike."""


class Measured(msgspec.Struct, frozen=True):
    """One way of linking on one set; `added_mb` and `peak_mb` are of the whole process, after reading and at most."""

    set: str
    way: str
    configuration: str
    tried: int
    """Configurations of which this one has the best F1."""
    found: Evaluation
    candidates: int
    calibration: float
    noise: Noise
    reliability: tuple[Step, ...]
    cpu: float
    wall: float
    added_mb: float
    peak_mb: float


class Speed(msgspec.Struct, frozen=True):
    """Pairs that are compared in a CPU second on all fields, three ways."""

    set: str
    pairs: int
    fields: int
    engine: float
    """The arrays that `link` works on."""
    frame: float
    """The same features inside recordlinkage's Compare."""
    theirs: float
    """recordlinkage's own features: Jaro-Winkler, Damerau-Levenshtein or equality, as each field has it."""

    @property
    def ratio(self) -> float:
        """How many times as fast our features are as theirs, both inside recordlinkage's Compare."""
        return self.frame / self.theirs


class Clock:
    """CPU and wall seconds since it was made."""

    def __init__(self) -> None:
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    @property
    def cpu(self) -> float:
        return time.process_time() - self._cpu

    @property
    def wall(self) -> float:
        return time.perf_counter() - self._wall


def peak_mb() -> float:
    """The most memory that this process has held, MB; unlike getrusage without what its parent held."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def judged(name: str, answers: Sequence[Answer], truth: Sequence[str], before_mb: float) -> list[Measured]:
    """Of each way the answer with the best pairwise F1; choosing it needs the truth, which favours the peers."""
    scored = [(evaluate(answer.labels, truth), answer) for answer in answers]
    peak, measured = peak_mb(), []
    for way in dict.fromkeys(answer.way for answer in answers):
        found, best = max((pair for pair in scored if pair[1].way == way), key=lambda pair: pair[0].f1)
        steps = reliability(best.told, _true(best, truth))
        measured.append(
            Measured(
                set=name,
                way=way,
                configuration=best.configuration,
                tried=sum(answer.way == way for answer in answers),
                found=found,
                candidates=best.candidates,
                calibration=calibration_error(steps),
                noise=noise(best),
                reliability=steps,
                cpu=best.cpu,
                wall=best.wall,
                added_mb=peak - before_mb,
                peak_mb=peak,
            )
        )
    return measured


def best_of_each_way(measured: Sequence[Measured]) -> list[Measured]:
    """Of processes that tried different configurations of the same ways, the best by F1."""
    best = []
    for way in dict.fromkeys(one.way for one in measured):
        tried = [one for one in measured if one.way == way]
        winner = max(tried, key=lambda one: one.found.f1)
        best.append(msgspec.structs.replace(winner, tried=sum(one.tried for one in tried)))
    return best


def reliability(told: npt.NDArray[np.floating], true: npt.NDArray[np.bool_]) -> tuple[Step, ...]:
    """Told probability beside true share, by steps of .05 from `LEAST_TOLD` on; steps without pairs are left out."""
    kept = told >= LEAST_TOLD
    told, true = told[kept], true[kept]
    # The hair keeps a probability that stands on an edge, such as .35, in the step that it opens.
    steps = np.minimum((told * STEPS + 1e-9).astype(int), STEPS - 1)
    return tuple(
        Step(float(told[steps == step].mean()), float(true[steps == step].mean()), int((steps == step).sum()))
        for step in np.unique(steps)
    )


def calibration_error(steps: Sequence[Step]) -> float:
    """Expected calibration error (Naeini and others 2015): the mean distance of told and true over all pairs."""
    pairs = sum(step.pairs for step in steps)
    return sum(abs(step.told - step.true) * step.pairs for step in steps) / max(pairs, 1)


def noise(answer: Answer, draws: int = _DRAWS) -> Noise:
    """What chance alone makes of the answer's probabilities; seeded, so the same answer gives the same."""
    kept = answer.told >= LEAST_TOLD
    told, left, right = answer.told[kept], answer.left[kept], answer.right[kept]
    if not len(told):
        return Noise(0.0, 0.0)
    component = connected(int(max(left.max(), right.max())) + 1, left.astype(np.int32), right.astype(np.int32))[left]
    rng = np.random.default_rng(1)
    shown = [
        [calibration_error(reliability(told, drawn < told)) for drawn in (rng.random(len(told)), by_component)]
        for by_component in (rng.random(int(component.max()) + 1)[component] for _ in range(draws))
    ]
    alone, together = np.mean(shown, 0).tolist()
    return Noise(alone, together)


def _true(answer: Answer, truth: Sequence[str]) -> npt.NDArray[np.bool_]:
    who = np.unique(np.array(truth), return_inverse=True)[1]
    return np.asarray(who[answer.left] == who[answer.right])
