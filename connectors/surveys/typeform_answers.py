"""What a response of Typeform says: a survey's answer for each question that plugins.toml names, else a form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from connectors.errors import RecordError
from connectors.exports.formats import asked_for
from connectors.records import (
    BusinessFunction,
    Channel,
    Direction,
    Identifiers,
    Interaction,
    SurveyMetric,
    SurveyProgram,
    said,
    utc,
)
from connectors.surveys.answers import SCALES, survey_answered, within_scale
from connectors.surveys.typeform_api import Answer, Form, Question, Response


class QuestionEntry(BaseModel):
    """What a question measures, by its ref."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: SurveyMetric
    scale: tuple[float, float] | None = None
    """Worst and best; that of the form's question unless said."""
    comment: str | None = None
    """Ref of the question that holds the words to it."""
    reason: str | None = None
    """Ref of the question that holds the reason."""
    topic: str | None = None
    question_version: str | None = None
    choices: dict[str, float] = Field(default_factory=dict)
    """Scores by label, for a question with choices."""


class FormEntry(BaseModel):
    """One `[section.forms.<id>]` table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    questions: dict[str, QuestionEntry] = Field(default_factory=dict)
    program: SurveyProgram = SurveyProgram.RELATIONSHIP
    function: BusinessFunction = BusinessFunction.MARKETING
    channel: Channel = Channel.EMAIL


class HiddenFields(BaseModel):
    """Names of hidden fields that say who answers, and about what."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: str = "token"  # noqa: S105
    customer: str = "customer"
    email: str = "email"
    ticket: str = "ticket"
    order: str = "order"


class Filled(msgspec.Struct, frozen=True):
    """A response and its form; `ref` is the question that was scored, None where none was."""

    form: Form
    response: Response
    ref: str | None = None


def filled_of(form: Form, entry: FormEntry, response: Response) -> list[Filled]:
    """One for each scored question that was answered, so that a bad score spoils no other; else one of the form."""
    response = msgspec.structs.replace(response, answers=tuple(_named(form, response.answers or ())))
    refs = [one.field.ref for one in response.answers or () if one.field.ref in entry.questions]
    return [Filled(form, response, ref) for ref in refs] or [Filled(form, response)]


def _named(form: Form, answers: Iterable[Answer]) -> Iterator[Answer]:
    """Each answer with the ref of its question, which its id tells too."""
    refs = {one.id: one.ref for one in form.questions()}
    for one in answers:
        ref = one.field.ref or refs.get(one.field.id)
        yield (
            one
            if ref == one.field.ref
            else msgspec.structs.replace(one, field=msgspec.structs.replace(one.field, ref=ref))
        )


def map_filled(
    source: str, stream: str, filled: Filled, entry: FormEntry, hidden: HiddenFields, nobody: Literal["reject", "keep"]
) -> Iterator[Interaction]:
    """`survey.answered` of the question, or `form.submitted`; what no question of plugins.toml takes is `extra`."""
    response = filled.response
    where = f"[{source}] response {response.token} of form {filled.form.id}"
    given = {one.field.ref: one for one in response.answers or () if one.field.ref is not None}
    told = {name: text for name, value in (response.hidden or {}).items() if (text := said(str(value))) is not None}
    person = _person(where, response, told, hidden, nobody)
    at = utc(response.submitted_at)
    common: dict[str, Any] = {
        "function": entry.function,
        "channel": entry.channel,
        "survey_token": told.get(hidden.token),
        "ticket": told.get(hidden.ticket),
        "order": told.get(hidden.order),
        "extra": _extra(filled, entry, hidden, told),
    }
    if filled.ref is None:
        asked = tuple(dict.fromkeys(asked_for(one.title) for one in filled.form.questions() if one.title))
        yield Interaction(
            source=source,
            stream=stream,
            id=response.token,
            kind="form.submitted",
            occurred_at=at,
            person=person,
            direction=Direction.INBOUND,
            subject=said(filled.form.title),
            requested_fields=asked,
            **{**common, "channel": Channel.WEB},
        )
        return
    question = entry.questions[filled.ref]
    known = filled.form.question(filled.ref)
    scale = question.scale or _scale_of(known) or SCALES[question.metric]
    score = within_scale(where, question.metric, _score(where, given[filled.ref], question), scale)
    yield survey_answered(
        source,
        stream,
        f"{response.token}:{filled.ref}",
        at,
        person,
        question.metric,
        score,
        scale,
        program=entry.program,
        question=said(known.title) if known else None,
        question_version=question.question_version,
        topic=question.topic,
        text=_words(given, question.comment),
        reason=_words(given, question.reason),
        **common,
    )


def _person(
    where: str, response: Response, told: Mapping[str, str], hidden: HiddenFields, nobody: Literal["reject", "keep"]
) -> str | Identifiers:
    """The key in a hidden field, else an address or number, hidden or answered."""
    customer = told.get(hidden.customer)
    if customer is not None and customer.count("/") >= 2:
        return customer
    email = told.get(hidden.email) or _first(response, "email")
    phone = _first(response, "phone_number")
    if email is not None or phone is not None:
        return Identifiers(email=email, phone=phone)
    if nobody == "keep":
        return Identifiers(anonymous_id=response.token)
    what = f"its hidden field {hidden.customer!r} is no key such as crm/contacts/17, and " if customer else ""
    raise RecordError(
        f"{where}: nobody is named: {what}there is no e-mail or phone. Give the form a hidden field "
        f'{hidden.customer!r} or {hidden.email!r}, or set anonymous = "keep".'
    )


def _first(response: Response, name: str) -> str | None:
    return next((text for one in response.answers or () if (text := said(getattr(one, name))) is not None), None)


def _scale_of(question: Question | None) -> tuple[float, float] | None:
    """The scale that the form's author chose."""
    if question is None:
        return None
    steps = question.properties.steps if question.properties else None
    if question.type == "nps":
        return 0.0, 10.0
    if question.type == "rating" and steps:
        return 1.0, float(steps)
    if question.type == "opinion_scale" and steps and question.properties:
        low = 1.0 if question.properties.start_at_one else 0.0
        return low, low + steps - 1
    return None


def _score(where: str, answer: Answer, question: QuestionEntry) -> float:
    value = answer.value
    if isinstance(value, bool) or value is None:
        raise RecordError(f"{where}: the answer to {answer.field.ref!r} is no score but {answer.type}.")
    if isinstance(value, float):
        return value
    if isinstance(value, str) and value in question.choices:
        return question.choices[value]
    known = ", ".join(question.choices) or "none"
    raise RecordError(
        f"{where}: the answer to {answer.field.ref!r} is {answer.type}, none of its choices in plugins.toml ({known})."
    )


def _words(given: Mapping[str, Answer], ref: str | None) -> str | None:
    value = given[ref].value if ref is not None and ref in given else None
    if isinstance(value, list):
        return said(", ".join(value))
    return None if value is None else said(str(value))


def _extra(filled: Filled, entry: FormEntry, hidden: HiddenFields, told: Mapping[str, str]) -> dict[str, Any]:
    """Answers and hidden fields that are nothing else here, and the form's title."""
    taken: set[str] = set()
    extra: dict[str, Any] = {}
    if filled.ref is not None:
        taken = {
            *entry.questions,
            *(ref for one in entry.questions.values() for ref in (one.comment, one.reason) if ref),
        }
        extra = {"form": filled.form.title} if filled.form.title else {}
    for answer in filled.response.answers or ():
        name = answer.field.ref or answer.field.id
        if name is None or name in taken or answer.email or answer.phone_number or answer.value in (None, "", []):
            continue
        extra[name] = answer.value
    names = set(hidden.model_dump().values())
    return extra | {name: value for name, value in told.items() if name not in names}
