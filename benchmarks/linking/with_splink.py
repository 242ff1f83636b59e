"""Splink 5 on DuckDB as its guide has it for people: u by sampling, m by EM sessions, clusters at a threshold.

Five configurations, each clustered at five probabilities from .5 to .999 (.95 is the guide's).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from benchmarks.linking.cleaned import CORRELATED, blocks, cleaned, compared
from benchmarks.linking.judged import Answer, Clock

WAY = "Splink 5"
THRESHOLDS = (0.5, 0.8, 0.95, 0.99, 0.999)
Comparison: TypeAlias = Any
"""One of Splink's comparison creators; they share no public type."""

_U_PAIRS = 5e6
_RECALL_OF_SURE_RULES = 0.6


@dataclass(frozen=True)
class Configuration:
    """`joint`: given and family name are one comparison, else two; `wide`: more blocking rules."""

    name: str
    joint: bool
    wide: bool = True
    completed_names: bool = False
    without: frozenset[str] = frozenset()


CONFIGURATIONS = {
    configuration.name: configuration
    for configuration in (
        Configuration("joint names, guide's blocking", joint=True, wide=False),
        Configuration("joint names", joint=True),
        Configuration("separate names", joint=False),
        Configuration("joint names, few columns", joint=True, without=CORRELATED),
        Configuration("separate completed names", joint=False, completed_names=True),
    )
}


def answers(records: pa.Table, configuration: str) -> list[Answer]:
    """One answer a threshold, all of one trained model."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    asked = CONFIGURATIONS[configuration]
    clock = Clock()
    table = cleaned(records, completed_names=asked.completed_names)
    linker = Linker(
        DuckDBAPI().register(table),
        SettingsCreator(
            link_type="dedupe_only",
            comparisons=_comparisons(table, asked),
            blocking_rules_to_generate_predictions=[block_on(*block) for block in blocks(table, wide=asked.wide)],
            retain_matching_columns=False,
        ),
        log_level=logging.ERROR,
    )
    _train(linker, table)
    pairs = linker.inference.predict(threshold_match_probability=0.2)
    cpu, wall = clock.cpu, clock.wall
    candidates = int(
        linker.inference.compute_blocked_pairs_for_predict().as_duckdbpyrelation().count("*").fetchall()[0][0]
    )
    likely = pairs.as_pyarrow_table()
    left, right, told = (likely[name].to_numpy() for name in ("unique_id_l", "unique_id_r", "match_probability"))
    found = []
    for threshold in THRESHOLDS:
        clock = Clock()
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
            pairs, threshold_match_probability=threshold
        ).as_pyarrow_table()
        labels = np.empty(table.num_rows, np.int64)
        labels[clusters["unique_id"].to_numpy()] = clusters["cluster_id"].to_numpy()
        found.append(
            Answer(WAY,
                f"{asked.name}, {threshold:g}", labels, left, right, told, candidates,
                   cpu + clock.cpu, wall + clock.wall)
        )  # fmt: skip
    return found


def _comparisons(table: pa.Table, asked: Configuration) -> list[Comparison]:
    names = compared(table, asked.without)
    joint = asked.joint and {"first_name", "last_name"} <= set(names)
    found: list[Comparison] = []
    if joint:
        found.append(
            cl.ForenameSurnameComparison("first_name", "last_name", forename_surname_concat_col_name="first_and_last")
        )
    for name in names:
        match name:
            case "first_name" | "last_name":
                if not joint:
                    found.append(cl.NameComparison(name))
            case "email":
                found.append(cl.EmailComparison(name))
            case "birth_date":
                found.append(cl.DateOfBirthComparison(name, input_is_string=True, invalid_dates_as_null=False))
            case "phone" | "postcode":
                found.append(_by_frequency(cl.LevenshteinAtThresholds(name, 1)))
            case "national_id":
                found.append(cl.DamerauLevenshteinAtThresholds(name, [1, 2]))
            case "street" | "company" | "city" | "birth_place":
                found.append(_by_frequency(cl.JaroWinklerAtThresholds(name, [0.9])))
            case "external_ids" | "job_title" | "house_number" | "middle_name":
                found.append(_by_frequency(cl.ExactMatch(name)))
            case _:
                found.append(cl.ExactMatch(name))
    return found


def _by_frequency(comparison: Comparison) -> Comparison:
    return comparison.configure(term_frequency_adjustments=True)


_SURE = (
    ("national_id",), ("external_ids",), ("email", "last_name"), ("phone", "last_name", "first_name"),
    ("first_name", "last_name", "birth_date"),
)  # fmt: skip
_SESSIONS = (("first_name", "last_name"), ("birth_date",), ("email",), ("phone",), ("postcode",))
_MOST_SESSIONS = 3


def _train(linker: Linker, table: pa.Table) -> None:
    known = set(table.column_names)
    sure = [block_on(*block) for block in _SURE if set(block) <= known]
    linker.training.estimate_probability_two_random_records_match(sure, recall=_RECALL_OF_SURE_RULES)
    linker.training.estimate_u_using_random_sampling(max_pairs=_U_PAIRS, seed=1)
    for block in [block for block in _SESSIONS if set(block) <= known][:_MOST_SESSIONS]:
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*block))
