"""`[[segment]]` and `[[persona]]` of rules.toml: which customers belong together, and what is told of them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

FIELDS = (
    "account country city region locale job_title lifecycle_stage stage_said owner team tags sources industry"
).split()
"""Fields of customers that a condition can ask for; `industry` is that of their account."""
SUMS = ("revenue", "interactions", "activities", "tickets", "orders")
SCORES = ("nps", "csat", "csat_binary", "ces", "rating")
"""The latest answer on the scale of the metric: 0–10, 1–5, 0–1 (good or bad), 1–7, 1–5."""
SPANS = ("tenure_days", "age_years")
METRICS = (*SUMS, *SCORES, *SPANS)


class SegmentError(ValueError):
    """A segment or a persona that makes no sense; the message says which, what and what to do."""


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One condition, of one of four sorts.

    Conditions over others: `all` of them hold, `any` of them, `none` of them. A field: `field` has one of `values`,
    or, without values, is known. Interactions: `at_least` (1 unless said) and `at_most` so many of these `kinds`,
    `touchpoints`, `channels`, `functions`, `sources`, `campaigns`, `within_days` before the moment that is asked for
    (ever, unless said). A metric: `metric` is `at_least`, `at_most`, or among the highest `top_share` (0 to 1) of all
    who have one.
    """

    all: tuple[Condition, ...] = ()
    any: tuple[Condition, ...] = ()
    none: tuple[Condition, ...] = ()
    field: str | None = None
    values: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    touchpoints: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    campaigns: tuple[str, ...] = ()
    metric: str | None = None
    within_days: int | None = None
    at_least: float | None = None
    at_most: float | None = None
    top_share: float | None = None

    @property
    def inner(self) -> tuple[Condition, ...]:
        """The conditions that it is over."""
        return self.all + self.any + self.none

    @property
    def narrowed_by(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The columns of interactions that it narrows, each with the values that fit."""
        parts = {
            "kind": self.kinds,
            "touchpoint": self.touchpoints,
            "channel": self.channels,
            "function": self.functions,
            "source": self.sources,
            "campaign": self.campaigns,
        }
        return tuple((column, values) for column, values in parts.items() if values)

    @property
    def is_ranked(self) -> bool:
        """Whether it depends on how others stand, so that nobody can say since when it holds."""
        return self.top_share is not None or any_of(self.inner)

    @property
    def leaves(self) -> Iterator[Condition]:
        """The conditions in it that are over no others, itself if it is one."""
        if not self.inner:
            yield self
        for condition in self.inner:
            yield from condition.leaves


def any_of(conditions: tuple[Condition, ...]) -> bool:
    """Whether one of them is ranked."""
    return any(condition.is_ranked for condition in conditions)


class SegmentRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Customers that belong together: those of whom `all`, `any` and `none` of these conditions hold.

    `kpi` is the figure that matters for them, `target` what it shall be (unless said that of `[[kpi]]`): the segments
    are ranked by customers × their value × how far the figure is from it.
    """

    name: str
    title: str
    description: str | None = None
    all: tuple[Condition, ...] = ()
    any: tuple[Condition, ...] = ()
    none: tuple[Condition, ...] = ()
    kpi: str | None = None
    target: float | None = None

    @property
    def condition(self) -> Condition:
        """Its conditions as one."""
        return Condition(all=self.all, any=self.any, none=self.none)


class PersonaRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who the customers of a segment are taken to be, in words; what is measured of them stands beside it."""

    name: str
    title: str
    segment: str
    """The segment whose customers it describes."""
    demographics: str | None = None
    motivations: tuple[str, ...] = ()
    channel_preferences: tuple[str, ...] = ()
    """Channels that they are taken to prefer, e.g. `["chat", "phone"]`."""
    usage: str | None = None
    support_needs: tuple[str, ...] = ()
    hoped_words: tuple[str, ...] = ()
    """Words that we hope to read in their comments."""
    hoped_emotions: tuple[str, ...] = ()


DEFAULT_SEGMENTS = (
    SegmentRule(
        "best_customers",
        "Best customers",
        "The tenth of all who have bought that has spent most.",
        all=(Condition(metric="revenue", top_share=0.1),),
    ),
)


def check_segments(segments: tuple[SegmentRule, ...], personas: tuple[PersonaRule, ...]) -> None:
    """Refuse segments and personas that cannot be meant; raises SegmentError."""
    names = [segment.name for segment in segments]
    _own_names("[[segment]]", names)
    _own_names("[[persona]]", [persona.name for persona in personas])
    for segment in segments:
        if not segment.condition.inner:
            raise SegmentError(
                f"[[segment]] {segment.name}: it has no condition, so everybody would be in it. "
                'Add one, e.g. all = [{field = "country", values = ["DE"]}].'
            )
        for condition in segment.condition.inner:
            _check(condition, f"[[segment]] {segment.name}")
        if segment.target is not None and segment.kpi is None:
            raise SegmentError(f'[[segment]] {segment.name}: target without kpi. Say of which, e.g. kpi = "csat".')
    for persona in personas:
        if persona.segment not in names:
            raise SegmentError(
                f"[[persona]] {persona.name}: there is no segment '{persona.segment}'. "
                f"Name one of these, or write it as a [[segment]]: {', '.join(names) or 'none yet'}."
            )


def _own_names(where: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise SegmentError(f"{where}: two have the name '{name}'. Give each its own.")


def _check(condition: Condition, where: str) -> None:
    sorts = [
        bool(condition.inner),
        condition.field is not None,
        bool(condition.narrowed_by),
        condition.metric is not None,
    ]
    if sum(sorts) != 1:
        raise SegmentError(
            f"{where}: a condition is either over others (all, any, none), or of a field, of interactions "
            f"(kinds, touchpoints, channels …) or of a metric; this is {'several' if sum(sorts) else 'none'} of them: "
            f"{told(condition)}. Write one condition for each."
        )
    if condition.field is not None:
        _expect(condition.field, FIELDS, f"{where}: field")
        _refuse(condition, ("within_days", "at_least", "at_most", "top_share"), f"{where}: a field")
    elif condition.values:
        raise SegmentError(f'{where}: values are those of a field. Add which, e.g. field = "country".')
    if condition.narrowed_by:
        _refuse(condition, ("top_share",), f"{where}: interactions")
    if condition.metric is not None:
        _check_metric(condition, condition.metric, where)
    if condition.inner:
        _refuse(condition, ("within_days", "at_least", "at_most", "top_share"), f"{where}: all, any or none")
    if condition.within_days is not None and condition.within_days < 1:
        raise SegmentError(f"{where}: within_days = {condition.within_days}: it must be at least 1.")
    low, high = condition.at_least, condition.at_most
    if low is not None and high is not None and low > high:
        raise SegmentError(f"{where}: at_least = {low:g} is above at_most = {high:g}. Exchange them.")
    for inner in condition.inner:
        _check(inner, where)


def _check_metric(condition: Condition, metric: str, where: str) -> None:
    _expect(metric, METRICS, f"{where}: metric")
    bounds = [condition.at_least, condition.at_most, condition.top_share]
    if all(bound is None for bound in bounds):
        raise SegmentError(f"{where}: metric '{metric}' without at_least, at_most or top_share. Add one of them.")
    if condition.top_share is not None:
        _refuse(condition, ("at_least", "at_most"), f"{where}: top_share")
        if not 0 < condition.top_share < 1:
            raise SegmentError(f"{where}: top_share = {condition.top_share:g}: write 0.1 for the highest tenth.")
    if metric not in SUMS:
        _refuse(condition, ("within_days",), f"{where}: metric '{metric}'")


def _refuse(condition: Condition, names: tuple[str, ...], where: str) -> None:
    for name in names:
        if getattr(condition, name) is not None:
            raise SegmentError(f"{where} takes no {name}. Leave it out, or write another condition for it.")


def _expect(value: str, known: tuple[str, ...] | list[str], where: str) -> None:
    if value not in known:
        raise SegmentError(f"{where}: '{value}' is not known. Known: {', '.join(known)}.")


def told(condition: Condition) -> str:
    """The condition in words, e.g. `ticket.created at least 3 times within 90 days`."""
    if condition.inner:
        parts = (("all of", condition.all), ("any of", condition.any), ("none of", condition.none))
        sides = [_joined(word, inner) for word, inner in parts if inner]
        return " and ".join(sides)
    within = "" if condition.within_days is None else f" within {condition.within_days} days"
    if condition.field is not None:
        name = condition.field.replace("_", " ")
        return f"{name} is {' or '.join(condition.values)}" if condition.values else f"{name} is known"
    if condition.metric is not None:
        name = condition.metric.replace("_", " ")
        if condition.top_share is not None:
            return f"{name}{within} among the highest {condition.top_share:.3g} of all who have it"
        return f"{name}{within} {_bounds(condition.at_least, condition.at_most, '')}"
    what = ", ".join(" or ".join(values) for _, values in condition.narrowed_by) or "nothing"
    low = 1.0 if condition.at_least is None and condition.at_most is None else condition.at_least
    return f"{what} {_bounds(low, condition.at_most, ' times')}{within}"


def _joined(word: str, inner: tuple[Condition, ...]) -> str:
    texts = [told(condition) for condition in inner]
    if len(texts) == 1:
        return f"not ({texts[0]})" if word == "none of" else texts[0]
    return " and ".join(texts) if word == "all of" else f"{word} ({'; '.join(texts)})"


def _bounds(low: float | None, high: float | None, times: str) -> str:
    said = [f"at least {low:g}" if low is not None else "", f"at most {high:g}" if high is not None else ""]
    return " and ".join(part for part in said if part) + times
