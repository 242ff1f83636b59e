"""Any table as persons, accounts, interactions or consents: a `mapping` in plugins.toml says which column is which.

A value of the mapping is a column (`"mail"`), a text with columns in braces (`"crm/contacts/{contact}"`), a constant
(`{ value = "sales" }`), or a column whose values are translated (`{ column = "status", values = { Y = "GRANTED" } }`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from math import isfinite
from typing import Any

import msgspec

from connectors.errors import PluginConfigError, RecordError
from connectors.exports.formats import Column, ColumnKind, Context, Format, Located, Mapper, split_list
from connectors.hookspecs import StreamKind
from connectors.moments import parse_day, parse_instant
from connectors.records import (
    Account,
    Address,
    BusinessFunction,
    Channel,
    Consent,
    ConsentStatement,
    ConsentStatus,
    Direction,
    Email,
    Identifiers,
    Interaction,
    Person,
    Phone,
    Record,
    SurveyMetric,
    SurveyProgram,
)

_ADDRESS = ("street", "city", "region", "postal_code", "country")
_COMMON = ("id", "source_url", "created_at", "updated_at", "deleted_at", "merged_into")
TARGETS: Mapping[StreamKind, tuple[str, ...]] = {
    StreamKind.PERSONS: (
        *_COMMON, "email", "emails", "phone", "phones", "given_name", "family_name", "full_name", "account_id",
        "account_name", "job_title", *_ADDRESS, "birth_date", "locale", "timezone", "lifecycle_stage", "owner", "team",
        "tags", "anonymous_ids", "device_ids", "consent_email",
    ),
    StreamKind.ACCOUNTS: (*_COMMON, "name", "domain", "industry", "size", *_ADDRESS, "parent_id", "owner"),
    StreamKind.INTERACTIONS: (
        "id", "source_url", "kind", "occurred_at", "person", "account", "email", "phone", "full_name", "anonymous_id",
        "function", "channel", "direction", "activity_id", "role", "team", "agent", "automated", "sequence", "ended_at",
        "observed_at", "subject", "text", "reason", "campaign", "ticket", "deal", "order", "subscription", "amount",
        "currency", "recurring_amount", "billing_period", "quantity", "cost", "metric", "score", "scale_min",
        "scale_max", "polarity", "question", "question_version", "program", "requested_fields", "topic", "survey_token",
    ),
    StreamKind.CONSENTS: ("id", "person", "email", "phone", "channel", "purpose", "status", "at", "evidence"),
}  # fmt: skip
"""What a mapping of each kind may fill; in persons and interactions also `external_id.SYSTEM`."""

_NEEDED: Mapping[StreamKind, tuple[str, ...]] = {
    StreamKind.PERSONS: ("id",),
    StreamKind.ACCOUNTS: ("id",),
    StreamKind.INTERACTIONS: ("id", "kind", "occurred_at", "function", "channel", "direction"),
    StreamKind.CONSENTS: ("channel", "purpose", "status"),
}
_INSTANTS = frozenset({"created_at", "updated_at", "deleted_at", "occurred_at", "ended_at", "observed_at", "at"})
_DAYS = frozenset({"birth_date"})
_NUMBERS = frozenset(
    {"amount", "recurring_amount", "quantity", "cost", "score", "scale_min", "scale_max", "size", "sequence"}
)


@dataclass(frozen=True, slots=True)
class Rule:
    """How one target is filled: a column, a template of columns, or a constant; `values` translates what comes out."""

    column: str | None = None
    template: str | None = None
    value: str | None = None
    values: Mapping[str, str] | None = None


def mapped_format(name: str, kind: StreamKind, stream: str, mapping: Mapping[str, Any], where: str) -> Format:
    """A table format made from a mapping; PluginConfigError says what is wrong with it, `where` naming its place."""
    rules = {target: _rule(target, rule, where) for target, rule in _flat(mapping).items()}
    _check_targets(kind, rules, where)
    columns: dict[str, Column] = {}
    for target, rule in rules.items():
        if rule.column is not None and rule.values is None:
            columns[target] = Column(target, (rule.column,), _kind_of(target))
        elif rule.column is not None:
            columns[target] = Column(target, (rule.column,))
        for inner in _BRACES.findall(rule.template or ""):
            columns[f"{{{inner}}}"] = Column(f"{{{inner}}}", (inner,))
    body = msgspec.defstruct(
        "MappedColumns",
        [
            *((_attribute(index), Any, None) for index in range(len(columns))),
            ("extra", dict[str, str], msgspec.field(default_factory=dict)),
        ],
        frozen=True,
        kw_only=True,
    )
    order = {target: _attribute(index) for index, target in enumerate(columns)}
    identity_rule = rules.get("id")
    return Format(
        name=name,
        stream=stream,
        kind=kind,
        body=body,
        mapper=lambda context: _mapper(context, kind, rules, order),
        columns=tuple(Column(order[target], column.headers, column.kind) for target, column in columns.items()),
        needs=tuple(order.values()),
        identity=order["id"] if identity_rule is not None and identity_rule.column is not None else None,
    )


def _flat(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """`external_id.erp = "No"` is a table in TOML; here it is one target."""
    flat = {target: rule for target, rule in mapping.items() if target != "external_id"}
    systems = mapping.get("external_id")
    if isinstance(systems, Mapping):
        flat.update({f"external_id.{system}": rule for system, rule in systems.items()})
    elif systems is not None:
        flat["external_id"] = systems
    return flat


_BRACES = re.compile(r"\{([^{}]+)\}")


def _attribute(index: int) -> str:
    return f"c{index}"


def _rule(target: str, rule: Any, where: str) -> Rule:
    if isinstance(rule, str):
        return Rule(template=rule) if _BRACES.search(rule) else Rule(column=rule)
    if isinstance(rule, dict) and set(rule) == {"value"}:
        return Rule(value=str(rule["value"]))
    if isinstance(rule, dict) and set(rule) == {"column", "values"} and isinstance(rule["values"], dict):
        return Rule(column=str(rule["column"]), values={str(k): str(v) for k, v in rule["values"].items()})
    raise PluginConfigError(
        f'{where}: mapping.{target} is neither a column ("mail"), a text with columns ("crm/contacts/{{no}}"), '
        f"{{ value = … }} nor {{ column = …, values = {{ … }} }}."
    )


def _check_targets(kind: StreamKind, rules: Mapping[str, Rule], where: str) -> None:
    known = TARGETS[kind]
    for target in rules:
        if target in known or (target.startswith("external_id.") and kind is not StreamKind.ACCOUNTS):
            continue
        close = get_close_matches(target, known, 1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise PluginConfigError(
            f"{where}: mapping has {target!r}, which {kind.value} do not have.{hint} Known: {', '.join(known)}."
        )
    for needed in _NEEDED[kind]:
        if needed not in rules:
            raise PluginConfigError(
                f"{where}: mapping has no {needed!r}; {kind.value} need {', '.join(_NEEDED[kind])}."
            )
    whom = ("person", "account", "email", "phone", "anonymous_id")
    if kind in (StreamKind.INTERACTIONS, StreamKind.CONSENTS) and not any(
        target in whom or target.startswith("external_id.") for target in rules
    ):
        raise PluginConfigError(f"{where}: mapping names nobody; give one of {', '.join(whom)} or external_id.SYSTEM.")


def _kind_of(target: str) -> ColumnKind:
    if target in _INSTANTS:
        return ColumnKind.INSTANT
    if target in _DAYS:
        return ColumnKind.DAY
    return ColumnKind.NUMBER if target in _NUMBERS else ColumnKind.TEXT


def _mapper(context: Context, kind: StreamKind, rules: Mapping[str, Rule], order: Mapping[str, str]) -> Mapper:
    make: Callable[[Context, Located, dict[str, Any], dict[str, str]], Record] = _MAKERS[kind]

    def map_row(raw: Located) -> Iterator[Record]:
        filled: dict[str, Any] = {}
        for target, rule in rules.items():
            value = _fill(raw, target, rule, order, context)
            if value is not None:
                filled[target] = value
        for needed in _NEEDED[kind]:
            if needed not in filled:
                raise RecordError(f"{raw.where}: nothing gives {needed!r} (mapping.{needed}).")
        yield make(context, raw, filled, raw.body.extra)

    return map_row


def _fill(raw: Located, target: str, rule: Rule, order: Mapping[str, str], context: Context) -> Any:
    value: Any
    if rule.value is not None:
        value = rule.value
    elif rule.template is not None:
        parts = {inner: getattr(raw.body, order[f"{{{inner}}}"]) for inner in _BRACES.findall(rule.template)}
        if any(part is None for part in parts.values()):
            return None
        value = _BRACES.sub(lambda match: str(parts[match[1]]), rule.template)
    else:
        value = getattr(raw.body, order[target])
        if value is None:
            return None
        if rule.values is not None:
            if value not in rule.values:
                raise RecordError(
                    f"{raw.where}: {rule.column}: {value!r} is not among the values of mapping.{target}: "
                    f"{', '.join(rule.values)}."
                )
            value = rule.values[value]
    return _typed(raw, target, value, context) if isinstance(value, str) else value


def _typed(raw: Located, target: str, value: str, context: Context) -> Any:
    """A text that did not come typed from a column: of a constant, a template or a translation."""
    kind = _kind_of(target)
    result: datetime | date | float | str | None = value
    if kind is ColumnKind.INSTANT:
        result = parse_instant(value, context.timezone)
    elif kind is ColumnKind.DAY:
        result = parse_day(value)
    elif kind is ColumnKind.NUMBER:
        try:
            result = float(value) if isfinite(float(value)) else None
        except ValueError:
            result = None
    if result is None:
        raise RecordError(f"{raw.where}: {target}: {value!r} is not {kind.value}.")
    return result


def _person(context: Context, raw: Located, filled: dict[str, Any], extra: dict[str, str]) -> Record:
    first = filled.pop("email", None)
    emails = [*([first] if first else []), *(e for e in split_list(filled.pop("emails", None)) if e != first)]
    address = _address(filled)
    phones = dict.fromkeys([*split_list(filled.pop("phone", None)), *split_list(filled.pop("phones", None))])
    consent = filled.pop("consent_email", None)
    statements: tuple[ConsentStatement, ...] = ()
    if consent is not None:
        status = _choice(raw, ConsentStatus, "consent_email", consent.upper())
        statements = (ConsentStatement(channel=Channel.EMAIL, purpose="marketing", status=status),)
    return Person(
        source=context.source,
        stream=context.stream,
        emails=tuple(Email(value=email, primary=email == first) for email in emails),
        phones=tuple(Phone(value=phone, country=address.country if address else None) for phone in phones),
        address=address,
        tags=tuple(split_list(filled.pop("tags", None))),
        anonymous_ids=tuple(split_list(filled.pop("anonymous_ids", None))),
        device_ids=tuple(split_list(filled.pop("device_ids", None))),
        external_ids=_external_ids(filled),
        consents=statements,
        extra=dict(extra),
        **filled,
    )


def _account(context: Context, _raw: Located, filled: dict[str, Any], extra: dict[str, str]) -> Record:
    size = filled.pop("size", None)
    return Account(
        source=context.source,
        stream=context.stream,
        address=_address(filled),
        size=None if size is None else int(size),
        extra=dict(extra),
        **filled,
    )


def _interaction(context: Context, raw: Located, filled: dict[str, Any], extra: dict[str, str]) -> Record:
    low, high = filled.pop("scale_min", None), filled.pop("scale_max", None)
    metric, program = filled.pop("metric", None), filled.pop("program", None)
    automated = filled.pop("automated", None)
    who = _whom(filled)
    if who is None and "account" not in filled:
        raise RecordError(f"{raw.where}: nobody is named: no person, account, e-mail, phone or id.")
    for name in ("ticket", "deal", "order", "subscription", "campaign"):
        if name in filled and "/" not in filled[name]:
            filled[name] = context.matter(filled[name])
    return Interaction(
        source=context.source,
        stream=context.stream,
        person=who,
        function=_choice(raw, BusinessFunction, "function", filled.pop("function").casefold()),
        channel=_choice(raw, Channel, "channel", filled.pop("channel").casefold()),
        direction=_choice(raw, Direction, "direction", filled.pop("direction").casefold()),
        automated=automated is not None and automated.casefold() in ("true", "yes", "1", "y"),
        sequence=int(filled.pop("sequence", 0)),
        metric=None if metric is None else _choice(raw, SurveyMetric, "metric", metric.casefold()),
        program=None if program is None else _choice(raw, SurveyProgram, "program", program.casefold()),
        scale=None if low is None or high is None else (low, high),
        requested_fields=tuple(split_list(filled.pop("requested_fields", None))),
        extra=dict(extra),
        **filled,
    )


def _consent(context: Context, raw: Located, filled: dict[str, Any], _extra: dict[str, str]) -> Record:
    who = _whom(filled)
    if who is None:
        raise RecordError(f"{raw.where}: nobody is named: no person, e-mail or phone.")
    channel = _choice(raw, Channel, "channel", filled["channel"].casefold())
    purpose = filled["purpose"]
    of = who if isinstance(who, str) else who.email or who.phone or ""
    return Consent(
        source=context.source,
        stream=context.stream,
        id=filled.get("id") or f"{of}:{channel.value}:{purpose}",
        person=who,
        statement=ConsentStatement(
            channel=channel,
            purpose=purpose,
            status=_choice(raw, ConsentStatus, "status", filled["status"].upper()),
            at=filled.get("at"),
            evidence=filled.get("evidence"),
        ),
    )


def _whom(filled: dict[str, Any]) -> str | Identifiers | None:
    external = next(iter(_external_ids(filled).items()), None)
    bare = {name: filled.pop(name, None) for name in ("email", "phone", "anonymous_id")}
    full_name = filled.pop("full_name", None)
    person: str | None = filled.pop("person", None)
    if person is not None:
        return person
    if external is None and not any(bare.values()):
        return None
    return Identifiers(external_id=external, full_name=full_name, **bare)


def _external_ids(filled: dict[str, Any]) -> dict[str, str]:
    names = [name for name in filled if name.startswith("external_id.")]
    return {name.removeprefix("external_id."): str(filled.pop(name)) for name in names}


def _address(filled: dict[str, Any]) -> Address | None:
    parts = {name: filled.pop(name) for name in _ADDRESS if name in filled}
    return Address(**parts) if parts else None


def _choice(raw: Located, choices: Any, name: str, value: str) -> Any:
    try:
        return choices(value)
    except ValueError:
        known = ", ".join(choice.value for choice in choices)
        raise RecordError(f"{raw.where}: {name} {value!r} is not one of {known}.") from None


_MAKERS: Mapping[StreamKind, Callable[[Context, Located, dict[str, Any], dict[str, str]], Record]] = {
    StreamKind.PERSONS: _person,
    StreamKind.ACCOUNTS: _account,
    StreamKind.INTERACTIONS: _interaction,
    StreamKind.CONSENTS: _consent,
}
