"""`[[journey_map]]` and `[[promise]]` of rules.toml: how a persona's journey is planned, and what a brand promises."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

FUNCTIONS = ("marketing", "sales", "service", "product", "finance")
METRICS = ("nps", "csat", "ces", "rating")


class MapError(ValueError):
    """A journey map or a promise that makes no sense; the message says which, what and what to do."""


class MapStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One planned step: where it happens, whose it is, and what shall come of it."""

    name: str
    stage: str | None = None
    """The stage of the lifecycle in which it is planned; any, unless said."""
    touchpoints: tuple[str, ...] = ()
    """Names or keys of touchpoints; at any of them the step is made."""
    kinds: tuple[str, ...] = ()
    """Instead, or further narrowed: kinds of interactions."""
    function: str | None = None
    """The function that owns it."""
    inputs: tuple[str, ...] = ()
    """What the customer has to give in it; held against what is asked of them."""
    moment_of_truth: bool = False
    optional: bool = False
    """Whether who leaves it out skips nothing."""
    outcome: str | None = None
    """What shall come of it, in words."""
    outcome_kinds: tuple[str, ...] = ()
    """Interactions of the customer's journey that show that it came."""
    within_days: int = 30
    """By when after the step."""
    emotion: str | None = None
    """What the customer shall feel, in words."""
    emotion_metric: str | None = None
    """The survey item that shows it: nps, csat, ces or rating, of answers about this step."""
    emotion_at_least: float | None = None
    """The score from which on it is felt."""
    target: float | None = None
    """The share of outcomes (or where there are no `outcome_kinds` of felt emotions) that is wanted, in percent."""


class JourneyMapRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the journey of a persona is planned: its steps in their order, `[[journey_map.steps]]`."""

    name: str
    title: str
    persona: str
    steps: tuple[MapStep, ...]


class PromiseRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the brand promises, where it shall be felt, and the KPI that shows whether it is."""

    name: str
    statement: str
    kpi: str
    threshold: float
    """What the KPI has to be, in its own unit: at least, or where less is better at most."""
    touchpoints: tuple[str, ...] = ()
    """Names or keys of touchpoints; all, unless said."""
    owner: str | None = None
    """The person who answers for it."""


def check_maps(
    maps: tuple[JourneyMapRule, ...],
    promises: tuple[PromiseRule, ...],
    personas: Collection[str],
    stages: Collection[str],
) -> None:
    """Refuse maps and promises that cannot be meant; raises MapError."""
    _own_names("[[journey_map]]", [each.name for each in maps])
    _own_names("[[promise]]", [each.name for each in promises])
    for each in maps:
        where = f"[[journey_map]] {each.name}"
        _expect(each.persona, personas, f"{where}: persona")
        if not each.steps:
            raise MapError(f"{where}: it has no step. Add one as [[journey_map.steps]].")
        _own_names(f"{where}: steps", [step.name for step in each.steps])
        for step in each.steps:
            _check_step(step, f"{where}, step {step.name}", stages)


def _check_step(step: MapStep, where: str, stages: Collection[str]) -> None:
    if not step.touchpoints and not step.kinds:
        raise MapError(f'{where}: where does it happen? Say touchpoints = ["…"] or kinds = ["ticket.created"].')
    if step.stage is not None:
        _expect(step.stage, stages, f"{where}: stage")
    if step.function is not None:
        _expect(step.function, FUNCTIONS, f"{where}: function")
    if (step.emotion_metric is None) != (step.emotion_at_least is None):
        raise MapError(f"{where}: emotion_metric and emotion_at_least belong together. Say both, or none.")
    if step.emotion_metric is not None:
        _expect(step.emotion_metric, METRICS, f"{where}: emotion_metric")
    if step.within_days < 1:
        raise MapError(f"{where}: within_days = {step.within_days}: it must be at least 1.")
    if step.target is not None and not 0 <= step.target <= 100:
        raise MapError(f"{where}: target = {step.target:g} is no share in percent. Write one from 0 to 100.")
    if step.target is not None and not step.outcome_kinds and step.emotion_metric is None:
        raise MapError(f"{where}: target of what? Say outcome_kinds, or emotion_metric and emotion_at_least.")


def _own_names(where: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise MapError(f"{where}: two have the name '{name}'. Give each its own.")


def _expect(value: str, known: Collection[str], where: str) -> None:
    if value not in known:
        raise MapError(f"{where}: '{value}' is not known. Known: {', '.join(known) or 'none yet'}.")
