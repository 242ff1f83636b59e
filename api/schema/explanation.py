"""Why two source records are one customer, or why they are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import strawberry

from api.plan.errors import bad_input
from api.plan.fields import described, entry, lookup
from api.plan.ids import encode_id, key_of
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.customer import Customer
from api.schema.match_decision import MatchDecision
from api.schema.match_enums import MatchOutcome
from graph.customer import reading
from graph.linkage.explain import Evidence, evidence_line
from graph.linkage.rules import LinkageError
from graph.linkage.ties import Join
from graph.reading import Column
from graph.sync.pair import ExplainedPair, Pair, explain_pair, explain_pairs


@described
class MatchFieldEvidence:
    """What one field says about the two records."""

    field: str = entry("The field; `prior` before any field speaks, `relation` for one household or company.")
    left: str | None = entry("What the first record says.")
    right: str | None = entry("What the second record says.")
    level: str = entry("How well the two agree, e.g. `same`, `similar`, `different`.")
    weight_bits: float = entry("What that says for (or against) one person, in bits.", "bits")
    level_bits: float | None = entry("What the level says whatever the value; the rest comes from how rare it is.")
    carriers: int | None = entry("Where both say the same: how many of the records the model learned from say it.")
    line: str = entry("The same in words.")


@described
class MatchJoin:
    """A tie between two records of one customer."""

    left_id: strawberry.ID = entry("Id of the one source record.")
    right_id: strawberry.ID = entry("Id of the other.")
    weight_bits: float = entry("How strong it is, in bits.", "bits")
    rule: str = entry("What ties them: `weights`, `external_id` or `decision`.")


@described
class MatchExplanation:
    """The whole case of two source records under the linkage model in force."""

    outcome: MatchOutcome = entry("What the two records alone, with people's decisions, amount to.")
    is_one_customer: bool = entry("Whether they describe one customer today; others may tie them together.")
    weight_bits: float = entry("The weight of all evidence together, in bits.", "bits")
    threshold_bits: float = entry("From this mean weight on records are one customer.")
    probability: float = entry("How likely it is that they are one person.")
    rule: str = entry("What decides: `weights`, `external_id` (verified ids) or `decision` (a person's).")
    evidence: list[MatchFieldEvidence] = entry("Field by field, the strongest first; the bits add up to the weight.")
    keys_shared: list[str] = entry("Blocking keys that brought the two together.")
    keys_different: list[str] = entry("Blocking keys on which they differ, or that too many records share.")
    decisions: list[MatchDecision] = lookup(
        reading.DECISIONS_BY_ID,
        "decision_keys",
        "What people decided about the two, the oldest first: what says that they are two blocks them for good.",
        key=Column("id"),
        many=True,
    )
    trail: list[MatchJoin] = entry("The ties that lead from the one to the other, where they are one customer.")
    model_version: str = entry("The model that says so.")
    customers: list[Customer] = lookup(
        reading.CUSTOMERS_BY_ID, "customer_keys", "The customers they describe today.", key=Column("id"), many=True
    )


async def work_explanation(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of a `matchExplanation` field."""
    keys = [key_of(text, "SourceRecord") for text in arguments["sourceRecordIds"]]
    if len(set(keys)) != 2 or len(keys) != 2:
        raise bad_input("`sourceRecordIds` must name two different source records.")
    try:
        pair = await explain_pair(bench.store, bench.rules, *keys)
    except LinkageError as error:
        raise bad_input(str(error)) from None
    return _answer(pair)


async def work_explanations(bench: Bench, pairs: Sequence[Pair]) -> dict[Pair, Mapping[str, Any] | Exception]:
    """The explanations of pairs of records by their keys; an error where one is no record any more.

    Where there is no model each has the same error.
    """
    try:
        found = await explain_pairs(bench.store, bench.rules, pairs)
    except LinkageError as error:
        return dict.fromkeys(pairs, bad_input(str(error)))
    return {
        key: bad_input(str(pair)) if isinstance(pair, LinkageError) else _answer(pair) for key, pair in found.items()
    }


def _answer(pair: ExplainedPair) -> dict[str, Any]:
    found = pair.explanation
    return {
        "outcome": found.outcome,
        "is_one_customer": pair.together,
        "bits": found.bits,
        "threshold_bits": pair.match_bits,
        "probability": found.probability,
        "rule": found.rule,
        "evidence": [_evidence(item) for item in sorted(found.evidence, key=lambda item: -abs(item.bits))],
        "keys_shared": list(found.keys_shared),
        "keys_different": list(found.keys_different),
        "decision_keys": list(pair.decisions),
        "trail": [_join(join) for join in pair.trail],
        "model_version": found.model,
        "customer_keys": list(dict.fromkeys(id for id in pair.customers if id is not None)),
    }


def _evidence(item: Evidence) -> dict[str, Any]:
    names = ("field", "left", "right", "level", "bits", "level_bits", "carriers")
    return {name: getattr(item, name) for name in names} | {"line": evidence_line(item)}


def _join(join: Join) -> dict[str, Any]:
    return {
        "left_id": encode_id("SourceRecord", join.record_id),
        "right_id": encode_id("SourceRecord", join.other_id),
        "bits": round(join.bits, 2),
        "rule": join.rule,
    }
