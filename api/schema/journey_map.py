"""Journey maps held against reality, and promises beside what customers perceive."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from api.plan.errors import bad_input
from api.plan.fields import Argument, described, entry
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.kpi import KpiValue, value_data
from api.schema.scope import SCOPE_ARGUMENTS, scope_of
from graph.figures.board import UnknownKpi
from graph.figures.figure import Figure
from graph.figures.scope import Scope
from graph.maps.held import Counted, MapHeld, StepHeld, held
from graph.maps.promises import PromiseKept, promises
from graph.maps.rules import JourneyMapRule
from graph.rules import Rules
from graph.segments.segments import UnknownSegment, persona_of, segment_of, units_in


@described
class CountedKey:
    """Something, with the number of customers it concerns; what concerns fewer than five is not told."""

    key: str = entry("What.")
    label: str = entry("What people call it.")
    customer_count: int = entry("How many customers.")


@described
class JourneyMapStep:
    """One planned step against what happened; shares are in percent."""

    name: str = entry("Its name.")
    stage: str | None = entry("The stage of the lifecycle in which it is planned.")
    owner_function: str | None = entry("The function that owns it.")
    is_moment_of_truth: bool = entry("Whether the map marks it as a moment of truth.")
    inputs: list[str] = entry("What the customer has to give in it.")
    inputs_not_asked: list[str] = entry("Planned inputs that nobody was asked for.")
    inputs_beyond: list[CountedKey] = entry("What customers were asked for although it is not planned.")
    desired_outcome: str | None = entry("What shall come of it.")
    desired_emotion: str | None = entry("What the customer shall feel.")
    made_count: int = entry("How many travellers made it.")
    reached: KpiValue = entry("The share of travellers who made it.")
    skipped: KpiValue = entry("Of those who made a later step, the share that did not make this one.")
    outcome: KpiValue = entry("Of those whose time for it is over, the share of whom the outcome came.")
    emotion: KpiValue = entry("The share of answers about its touchpoints that reach the score.")
    by_owner: KpiValue = entry("The share of its interactions that its owner function did.")
    target: float | None = entry("The share that is wanted of outcomes, or where there are none of emotions.")
    is_met: bool | None = entry("Whether it is reached; null without a target, or where the share is not known.")


@described
class JourneyMap:
    """A persona's planned journey against what its customers experienced in the period.

    Travellers are those of them who made at least one planned step.
    """

    name: str = entry("Its name in rules.toml.")
    title: str = entry("What people call it.")
    persona: str = entry("Whose journey it is.")
    customer_count: int = entry("How many customers (or accounts, by `unit`) the persona has.")
    traveller_count: int = entry("How many of them are on the journey.")
    coverage: KpiValue = entry("The mean share of the planned steps that a traveller made, in percent.")
    planned: KpiValue = entry("The share of the travellers' interactions that the map plans, in percent.")
    in_order: KpiValue = entry("The share of travellers whose steps came in the planned order, in percent.")
    outcomes_met: int = entry("How many targets are reached.")
    outcomes_known: int = entry("Of how many that can be told.")
    steps: list[JourneyMapStep] = entry("The planned steps, in their order.")
    unexpected: list[CountedKey] = entry("Touchpoints that no step plans, those with most travellers first.")


@described
class BrandPromise:
    """A promise, what customers perceive of it, and the gap between."""

    name: str = entry("Its name in rules.toml.")
    statement: str = entry("What is promised.")
    owner: str | None = entry("The person who answers for it.")
    touchpoints: list[str] = entry("Where it shall be felt; everywhere when empty.")
    kpi: str = entry("The KPI that shows it.")
    promised: float = entry("What the KPI has to be.")
    perceived: KpiValue = entry("What it is.")
    gap: float | None = entry("How much is missing, in the KPI's unit; below 0 where more than promised is perceived.")
    is_kept: bool | None = entry("Whether nothing is missing; null where it is not known.")
    is_certain: bool = entry("Whether the whole interval lies on one side of what is promised.")


async def work_journey_map(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of `journeyMap`."""
    plan = _plan(arguments["persona"], arguments.get("name"), bench.rules)
    scope = await scope_of(bench, arguments)

    def work() -> dict[str, Any]:
        segment = segment_of(persona_of(plan.persona, bench.rules).segment, bench.rules)
        own = scope.of(units_in([segment], scope.view, scope.now_ms))
        return _map_data(held(plan, own), own)

    return await asyncio.to_thread(work)


async def work_promises(bench: Bench, arguments: Arguments) -> Any:
    """The answer of `promises`."""
    scope = await scope_of(bench, arguments)
    try:
        found = await asyncio.to_thread(promises, scope)
    except UnknownKpi as unknown:
        raise bad_input(f"A promise of rules.toml asks for a KPI that is not there. {unknown}") from None
    return [_promise_data(each, scope) for each in found]


def _plan(persona: str, name: str | None, rules: Rules) -> JourneyMapRule:
    try:
        persona_of(persona, rules)
    except UnknownSegment as unknown:
        raise bad_input(str(unknown)) from None
    own = [plan for plan in rules.journey_map if plan.persona == persona]
    found = [plan for plan in own if name is None or plan.name == name]
    if not found:
        known = ", ".join(plan.name for plan in own) or "none; write one as [[journey_map]] in rules.toml"
        raise bad_input(
            f"Persona '{persona}' has no journey map {'' if name is None else repr(name[:80])}. Has: {known}."
        )
    return found[0]


def _map_data(found: MapHeld, scope: Scope) -> dict[str, Any]:
    return {
        "name": found.map.name,
        "title": found.map.title,
        "persona": found.map.persona,
        "customer_count": scope.view.size,
        "traveller_count": found.travellers,
        **_values({"coverage": found.coverage, "planned": found.planned, "in_order": found.in_order}, scope),
        "outcomes_met": found.outcomes_met,
        "outcomes_known": found.outcomes_known,
        "steps": [_step_data(step, scope) for step in found.steps],
        "unexpected": _counted(found.unexpected),
    }


def _step_data(found: StepHeld, scope: Scope) -> dict[str, Any]:
    step = found.step
    figures = {name: getattr(found, name) for name in ("reached", "skipped", "outcome", "emotion", "by_owner")}
    return {
        "name": step.name,
        "stage": step.stage,
        "owner_function": step.function,
        "is_moment_of_truth": step.moment_of_truth,
        "inputs": list(step.inputs),
        "inputs_not_asked": list(found.not_asked),
        "inputs_beyond": _counted(found.asked_beyond),
        "desired_outcome": step.outcome,
        "desired_emotion": step.emotion,
        "made_count": found.made,
        **_values(figures, scope),
        "target": step.target,
        "is_met": found.is_met,
    }


def _promise_data(each: PromiseKept, scope: Scope) -> dict[str, Any]:
    promise = each.promise
    return {
        "name": promise.name,
        "statement": promise.statement,
        "owner": promise.owner,
        "touchpoints": list(promise.touchpoints),
        "kpi": promise.kpi,
        "promised": promise.threshold,
        "perceived": value_data(each.perceived, scope, scope.period),
        "gap": each.gap,
        "is_kept": each.is_kept,
        "is_certain": each.is_certain,
    }


def _values(figures: Mapping[str, Figure], scope: Scope) -> dict[str, Any]:
    return {name: value_data(figure, scope, scope.period) for name, figure in figures.items()}


def _counted(found: Sequence[Counted]) -> list[dict[str, Any]]:
    return [{"key": each.key, "label": each.label, "customer_count": each.customers} for each in found]


JOURNEY_MAP_ARGUMENTS = [
    Argument("persona", str, "The persona's name in rules.toml."),
    Argument("name", str | None, "Which of its maps; the first unless said."),
    *SCOPE_ARGUMENTS,
]
PROMISES_ARGUMENTS = SCOPE_ARGUMENTS
