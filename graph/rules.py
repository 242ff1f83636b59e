"""rules.toml: how this company wants its customers linked, described and counted; one frozen type a section.

Every section may be left out; what ships are the defaults below. `include = ["more.toml"]` at the top reads other
files first (paths relative to the file), a later value of a section wins over an earlier one.
"""

from __future__ import annotations

import difflib
import tomllib
from datetime import date
from pathlib import Path
from typing import Any, get_args, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from connectors.errors import C360Error
from connectors.records import KINDS
from graph.alerts import rules as alerts
from graph.alerts.rules import AlertRule
from graph.figures.pain.rules import PainPointRules
from graph.figures.plan_rules import KpiPlan, PlanError, ReportRule, check_plan
from graph.figures.rules import (
    Currency,
    FigureRuleError,
    Onboarding,
    Retention,
    Service,
    Value,
    check_figure_rules,
)
from graph.initiatives.rules import InitiativeError, InitiativeRule, check_initiatives
from graph.linkage.rules import LinkageError, MatchingRules
from graph.maps.rules import JourneyMapRule, MapError, PromiseRule, check_maps
from graph.segments.rules import DEFAULT_SEGMENTS, PersonaRule, SegmentError, SegmentRule, check_segments
from graph.surveys import rules as surveys
from graph.surveys.rules import SurveyRule
from graph.sync.brake import SyncRules


class RulesError(C360Error):
    """rules.toml cannot be used; the text says where and what to do."""


def read_rules(path: Path | None) -> Rules:
    """The rules of the file, or the shipped ones when there is no file; raises RulesError."""
    if path is None:
        return Rules()
    merged = _read_with_includes(path, seen=())
    _refuse_unknown_keys(merged, Rules, path, where="")
    try:
        rules = msgspec.convert(merged, Rules)
    except msgspec.ValidationError as error:
        raise RulesError(f"{path}: {_plainly(error)}") from None
    except LinkageError as error:
        raise RulesError(f"{path}: {error}") from None
    _check_meaning(rules, path)
    return rules


class Calendar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the company works and how its periods are cut."""

    reporting_timezone: str = "UTC"
    week_starts_on: str = "monday"
    fiscal_year_start: int = 1
    """Month, 1–12."""
    business_days: tuple[str, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday")
    opens_at: str = "09:00"
    closes_at: str = "17:00"
    holidays: tuple[date, ...] = ()


class Survivorship(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which record's value becomes the golden record's, field by field.

    Rules are tried in order until one value is left: `verified`, `most_trusted` (the source's `trust` in
    plugins.toml), `most_recent` (the record's `updated_at`), `most_frequent`, `most_complete` (the longest).
    """

    default: tuple[str, ...] = ("verified", "most_trusted", "most_recent", "most_frequent", "most_complete")
    fields: dict[str, tuple[str, ...]] = msgspec.field(
        default_factory=lambda: {
            "given_name": ("most_trusted", "most_complete", "most_recent", "most_frequent"),
            "family_name": ("most_trusted", "most_complete", "most_recent", "most_frequent"),
            "address": ("most_recent", "most_trusted", "most_complete"),
            "phone": ("most_recent", "most_trusted", "most_frequent"),
        }
    )


class StageRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One stage of the lifecycle, in the order of the file.

    `said` are the words a CRM uses for it (lower case); `kinds` are interactions that show it; `falls_back_on` are
    interactions that bring someone back to it from a later stage that is not yet customer. `nps_from` reads a
    survey answer of at least that score, by someone who is at `after` or later.
    """

    name: str
    said: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    falls_back_on: tuple[str, ...] = ()
    nps_from: float | None = None
    after: str | None = None


class TouchpointRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A named moment × channel; the first rule that fits an interaction names its touchpoint."""

    name: str
    kinds: tuple[str, ...]
    channels: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    moment_of_truth: bool = False


class HandoffLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A declared handoff between functions: the first `to` after the last `from` within so many days."""

    name: str
    from_kinds: tuple[str, ...]
    to_kinds: tuple[str, ...]
    within_days: int = 90


class Activity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When somebody counts as new, dormant or back."""

    new_for_days: int = 30
    dormant_after_days: int = 90


DEFAULT_STAGES = (
    StageRule("target", said=("target",)),
    StageRule("prospect", said=("subscriber", "prospect"), kinds=("email.clicked", "page.viewed", "ad.clicked")),
    StageRule(
        "lead",
        said=("lead", "open - not contacted", "closed - not converted"),
        kinds=("form.submitted", "lead.created", "trial.started", "event.attended"),
        falls_back_on=("deal.lost", "lead.rejected"),
    ),
    StageRule("mql", said=("marketingqualifiedlead", "marketing qualified lead", "mql")),
    StageRule(
        "sal",
        said=("salesqualifiedlead", "sales qualified lead", "sal", "sql", "working - contacted"),
        kinds=("lead.accepted",),
    ),
    StageRule("opportunity", said=("opportunity", "closed - converted"), kinds=("deal.created", "quote.sent")),
    StageRule("customer", said=("customer",), kinds=("deal.won", "order.placed", "subscription.started")),
    StageRule("advocate", said=("evangelist", "advocate"), kinds=("referral.made",), nps_from=9, after="customer"),
)

DEFAULT_HANDOFFS = (
    HandoffLink("lead to sales", ("form.submitted", "lead.created"), ("lead.accepted",)),
    HandoffLink("sale to onboarding", ("deal.won",), ("onboarding.milestone",)),
)


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of rules.toml."""

    include: tuple[str, ...] = ()
    calendar: Calendar = Calendar()
    matching: MatchingRules = MatchingRules()
    sync: SyncRules = SyncRules()
    survivorship: Survivorship = msgspec.field(default_factory=Survivorship)
    activity: Activity = Activity()
    retention: Retention = Retention()
    revenue_source: str = "orders"
    """Which interactions are revenue: `orders`, `invoices` or `deals`; one of them, never two."""
    currency: Currency = Currency()
    value: Value = Value()
    cost_per: dict[str, float] = {}
    """What one interaction of a kind costs the company, in the reporting currency: `"ticket.replied" = 4.5`."""
    onboarding: Onboarding = Onboarding()
    service: Service = Service()
    pain_points: PainPointRules = PainPointRules()
    stage: tuple[StageRule, ...] = DEFAULT_STAGES
    touchpoint: tuple[TouchpointRule, ...] = ()
    handoff: tuple[HandoffLink, ...] = DEFAULT_HANDOFFS
    segment: tuple[SegmentRule, ...] = DEFAULT_SEGMENTS
    persona: tuple[PersonaRule, ...] = ()
    journey_map: tuple[JourneyMapRule, ...] = ()
    promise: tuple[PromiseRule, ...] = ()
    initiative: tuple[InitiativeRule, ...] = ()
    alert: tuple[AlertRule, ...] = ()
    survey: tuple[SurveyRule, ...] = ()
    kpi: tuple[KpiPlan, ...] = ()
    report: tuple[ReportRule, ...] = ()


SURVIVORSHIP_RULES = ("verified", "most_trusted", "most_recent", "most_frequent", "most_complete")


def _read_with_includes(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    if path.resolve() in seen:
        chain = " → ".join(str(step) for step in (*seen, path))
        raise RulesError(f"{path}: includes itself ({chain}). Remove one of these includes.")
    try:
        own = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RulesError(f"{path}: there is no such file. Create it, or leave out the option that names it.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(f"{path}: cannot be read ({error}).") from None
    except tomllib.TOMLDecodeError as error:
        raise RulesError(f"{path}: not valid TOML: {error}. Mend that line.") from None
    merged: dict[str, Any] = {}
    includes = own.get("include", [])
    if not isinstance(includes, list) or not all(isinstance(name, str) for name in includes):
        raise RulesError(f'{path}: include is a list of file names, e.g. include = ["stages.toml"].')
    for name in includes:
        merged.update(_read_with_includes(path.parent / name, (*seen, path.resolve())))
    merged.update(own)
    return merged


def _refuse_unknown_keys(values: dict[str, Any], kind: type[msgspec.Struct], path: Path, where: str) -> None:
    """msgspec refuses unknown keys too, but cannot say which key was probably meant."""
    known = {field.name: field for field in msgspec.structs.fields(kind)}
    hints = get_type_hints(kind)
    for key, value in values.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            meant = f" Did you mean '{near[0]}'?" if near else ""
            raise RulesError(f"{path}: {where or 'top level'} has no '{key}'.{meant} Known keys: {', '.join(known)}.")
        for inner in (hints[key], *get_args(hints[key])):
            if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
                tables = value if isinstance(value, list) else [value]
                for table in tables:
                    if isinstance(table, dict):
                        _refuse_unknown_keys(table, inner, path, where=f"[{key}]")


def _check_meaning(rules: Rules, path: Path) -> None:
    try:
        ZoneInfo(rules.calendar.reporting_timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise RulesError(
            f"{path}: [calendar] reporting_timezone '{rules.calendar.reporting_timezone}' is not a time zone. "
            f'Write a name such as "Europe/Berlin".'
        ) from None
    try:
        check_figure_rules(rules.currency, rules.value, rules.cost_per, rules.revenue_source)
        check_plan(rules.kpi, rules.report)
    except (FigureRuleError, PlanError) as error:
        raise RulesError(f"{path}: {error}") from None
    for kind in (*rules.cost_per, *rules.onboarding.starts, *rules.onboarding.milestones):
        _expect_kind(kind, path, "[cost_per] or [onboarding]")
    if not 0 <= rules.sync.most_merges <= 1:
        raise RulesError(f"{path}: [sync] most_merges {rules.sync.most_merges:g} is no share. Write 0 to 1, e.g. 0.05.")
    if not rules.pain_points.lead_response_hours > 0 or rules.pain_points.repeat_days < 1:
        raise RulesError(
            f"{path}: [pain_points] lead_response_hours {rules.pain_points.lead_response_hours:g} and repeat_days "
            f"{rules.pain_points.repeat_days} must be above 0. Write e.g. 24 and 7."
        )
    for field, chain in {"default": rules.survivorship.default, **rules.survivorship.fields}.items():
        for rule in chain:
            _expect(rule, SURVIVORSHIP_RULES, path, f"[survivorship] {field}")
    for problem in (*alerts.problems_of(rules.alert), *surveys.problems_of(rules.survey)):
        raise RulesError(f"{path}: {problem}")
    names = [stage.name for stage in rules.stage]
    if len(set(names)) < len(names):
        raise RulesError(f"{path}: two [[stage]] have the same name ({', '.join(names)}). Give each its own.")
    try:
        check_segments(rules.segment, rules.persona)
        check_maps(rules.journey_map, rules.promise, [persona.name for persona in rules.persona], names)
        check_initiatives(rules.initiative, [segment.name for segment in rules.segment])
    except (SegmentError, MapError, InitiativeError) as error:
        raise RulesError(f"{path}: {error}") from None
    for stage in rules.stage:
        if stage.after is not None:
            _expect(stage.after, names, path, f"[[stage]] {stage.name}: after")
        for kind in (*stage.kinds, *stage.falls_back_on):
            _expect_kind(kind, path, f"[[stage]] {stage.name}")


def _expect(value: str, known: list[str] | tuple[str, ...], path: Path, where: str) -> None:
    if value not in known:
        near = difflib.get_close_matches(value, known, n=1)
        meant = f" Did you mean '{near[0]}'?" if near else ""
        raise RulesError(f"{path}: {where}: '{value}' is not known.{meant} Known: {', '.join(known)}.")


def _expect_kind(kind: str, path: Path, where: str) -> None:
    """Kinds are an open set; only a near miss of a known one is refused, because it is a slip of the pen."""
    near = difflib.get_close_matches(kind, KINDS, n=1, cutoff=0.85)
    if kind not in KINDS and near:
        raise RulesError(f"{path}: {where}: kind '{kind}' is not known. Did you mean '{near[0]}'?")


def _plainly(error: msgspec.ValidationError) -> str:
    """msgspec's `Expected `int`, got `str` - at `$.matching.max_block`` with the place first."""
    text = str(error)
    what, _, place = text.partition(" - at `$.")
    return f"[{place.rstrip('`')}] {what}. Correct the value." if place else f"{text}. Correct the value."
