"""The Typeform connector against Typeform's wire: scores with their words, who answered, and pushes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from connectors.errors import RecordError, SourceRefused, SourceUnavailable
from connectors.exports.surveys import SURVEYS
from connectors.hookspecs import RawProblem, State, WebhookRequest
from connectors.http import Patience
from connectors.records import BusinessFunction, Channel, Identifiers, Interaction, SurveyMetric, SurveyProgram
from connectors.surveys.typeform import ANSWERS, TypeformConfig, TypeformConnector
from tests.connectors.surveys.stand_in_typeform import FORM, START, TOKEN, FakeTypeform

pytestmark = pytest.mark.anyio

SECRET = "a-secret-of-the-webhook"
IMPATIENT = Patience(attempts=2, first_wait=0.001, jitter=0.001, longest_wait=0.01)
ENTRY: dict[str, Any] = {
    "program": "transactional",
    "function": "service",
    "questions": {
        "recommend": {"metric": "nps", "comment": "why"},
        "delivery": {"metric": "csat", "topic": "delivery"},
        "mood": {"metric": "ces", "scale": [1, 3], "choices": {"Easy": 3, "Hard": 1}},
        "stars": {"metric": "rating"},
    },
}


def config(**more: Any) -> TypeformConfig:
    """As plugins.toml would say it."""
    told = {"token": TOKEN, "forms": {FORM: ENTRY}, "page_size": 5, "webhook_secret": SECRET, **more}
    return TypeformConfig.model_validate(told)


@pytest.fixture
def typeform() -> FakeTypeform:
    """An account with one form and no responses."""
    return FakeTypeform()


@pytest.fixture
async def surveys(typeform: FakeTypeform) -> AsyncIterator[TypeformConnector]:
    """The connector on the fake's wire."""
    connector = TypeformConnector("surveys", config(), transport=typeform.transport, patience=IMPATIENT)
    yield connector
    await connector.close()


async def read(
    connector: TypeformConnector, state: State | None = None, pages: int = 1000
) -> tuple[list[Interaction], State]:
    """The interactions of the first pages, and the state after them."""
    found: list[Any] = []
    async for page in connector.read(ANSWERS, state):
        found += [record for raw in page.raws for record in connector.map(ANSWERS, raw)]
        state = page.state
        pages -= 1
        if not pages:
            break
    assert state is not None
    return found, state


async def test_each_scored_question_is_an_answer_with_its_words(
    typeform: FakeTypeform, surveys: TypeformConnector
) -> None:
    """Score, the scale the form has, comment, program, function and token; other answers are `extra`."""
    typeform.response(
        "t1",
        {
            "recommend": 9, "why": "Quick.", "delivery": 4, "mood": {"choice": {"label": "Easy"}}, "stars": 7,
            "colour": "green", "mail": {"email": "ada@x.test"},
        },
        token="s1",
        ticket="support/35",
        utm="spring",
    )  # fmt: skip
    found, _ = await read(surveys)

    assert [(one.id, one.metric, one.score, one.scale, one.text) for one in found] == [
        ("t1:recommend:answered", SurveyMetric.NPS, 9, (0, 10), "Quick."),
        ("t1:delivery:answered", SurveyMetric.CSAT, 4, (1, 5), None),
        ("t1:mood:answered", SurveyMetric.CES, 3, (1, 3), None),
        ("t1:stars:answered", SurveyMetric.RATING, 7, (1, 10), None),
    ]
    for one in found:
        assert (one.kind, one.person) == ("survey.answered", Identifiers(email="ada@x.test"))
        assert (one.program, one.function) == (SurveyProgram.TRANSACTIONAL, BusinessFunction.SERVICE)
        assert (one.survey_token, one.ticket, one.occurred_at) == ("s1", "support/35", START)
        assert one.extra == {"form": "Satisfaction", "colour": "green", "utm": "spring"}
    assert (found[1].question, found[1].topic) == ("How was it?", "delivery")


async def test_its_words_are_those_of_the_exports(typeform: FakeTypeform, surveys: TypeformConnector) -> None:
    """Stream, kind, channel and direction do not depend on how an answer came."""
    typeform.response("t1", {"recommend": 9}, email="ada@x.test")
    (one,), _ = await read(surveys)

    assert ANSWERS.name == SURVEYS.stream
    assert (one.stream, one.channel, one.direction, one.sequence) == ("answers", Channel.EMAIL, "inbound", 1)


@pytest.mark.parametrize(
    ("answers", "hidden", "person"),
    [
        ({}, {"customer": "crm/contacts/17", "email": "ada@x.test"}, "crm/contacts/17"),
        ({}, {"email": "ada@x.test"}, Identifiers(email="ada@x.test")),
        ({}, {"customer": "17", "email": "ada@x.test"}, Identifiers(email="ada@x.test")),
        ({"mail": {"email": "ada@x.test"}, "tel": {"phone_number": "+4943112345"}}, {},
         Identifiers(email="ada@x.test", phone="+4943112345")),
    ],
)  # fmt: skip
async def test_a_hidden_field_or_an_answer_says_who_it_was(
    typeform: FakeTypeform, surveys: TypeformConnector, answers: Any, hidden: dict[str, Any], person: Any
) -> None:
    """A key first, then an address, hidden before answered."""
    typeform.response("t1", {"recommend": 9, **answers}, **hidden)
    assert [one.person for one in (await read(surveys))[0]] == [person]


async def test_an_answer_of_nobody_is_refused_or_kept_as_plugins_toml_says(typeform: FakeTypeform) -> None:
    """The refusal says what to do."""
    typeform.response("t1", {"recommend": 9}, customer="17")
    for anonymous in ("reject", "keep"):
        surveys = TypeformConnector("surveys", config(anonymous=anonymous), transport=typeform.transport)
        if anonymous == "keep":
            assert [one.person for one in (await read(surveys))[0]] == [Identifiers(anonymous_id="t1")]
            continue
        with pytest.raises(RecordError, match=r"'customer' is no key such as crm/contacts/17.+anonymous = \"keep\""):
            await read(surveys)


@pytest.mark.parametrize(
    ("ref", "answer", "reason"),
    [
        ("recommend", 11, "score 11 is not within 0 to 10"),
        ("delivery", 0, "score 0 is not within 1 to 5"),
        ("mood", {"choice": {"label": "So-so"}}, r"none of its choices in plugins.toml \(Easy, Hard\)"),
        ("stars", {"boolean": True}, "is no score but boolean"),
    ],
)
async def test_a_score_that_cannot_be_is_refused_and_spoils_no_other(
    typeform: FakeTypeform, surveys: TypeformConnector, ref: str, answer: Any, reason: str
) -> None:
    """It becomes a Rejection with its reason; the response's other scores are there."""
    good = "stars" if ref == "recommend" else "recommend"
    typeform.response("t1", {ref: answer, good: 5}, email="ada@x.test")
    (page, *_) = [page async for page in surveys.read(ANSWERS, None)]
    mapped: list[Any] = []
    refused: list[str] = []
    for raw in page.raws:
        try:
            mapped += surveys.map(ANSWERS, raw)
        except RecordError as error:
            refused.append(str(error))

    assert [one.id for one in mapped] == [f"t1:{good}:answered"]
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(*refused)


async def test_a_form_without_a_score_was_filled_in(typeform: FakeTypeform) -> None:
    """It is `form.submitted` with what the form asks for, as of any other form."""
    surveys = TypeformConnector("surveys", config(forms={FORM: {}}), transport=typeform.transport)
    typeform.response("t1", {"recommend": 9, "colour": "green"}, email="ada@x.test")
    (one,), _ = await read(surveys)

    assert (one.kind, one.id, one.channel, one.subject) == ("form.submitted", "t1", Channel.WEB, "Satisfaction")
    assert one.requested_fields[-2:] == ("email", "favourite_colour")
    assert one.extra == {"recommend": 9, "colour": "green"}


@pytest.mark.parametrize("pages", [1, 2, 3])
async def test_a_reading_that_stops_goes_on_and_what_came_meanwhile_is_not_lost(
    typeform: FakeTypeform, surveys: TypeformConnector, pages: int
) -> None:
    """Also when the response that it stopped at was deleted."""
    for number in range(18):
        typeform.response(f"t{number:02}", {"recommend": 9}, at=START + number * timedelta(hours=1), email="a@x.test")
    first, state = await read(surveys, pages=pages)
    typeform.response("t99", {"recommend": 3}, at=START + timedelta(days=3), email="a@x.test")
    typeform.forgotten.add(state["forms"][FORM]["before"])

    rest, state = await read(surveys, state)
    last, _ = await read(surveys, state)

    assert len({one.id for one in (*first, *rest, *last)}) == 19
    assert len(last) <= 2


async def test_a_second_sync_asks_since_a_little_before_the_newest(
    typeform: FakeTypeform, surveys: TypeformConnector
) -> None:
    """In UTC to the second, as Typeform wants it."""
    typeform.response("t1", {"recommend": 9}, email="a@x.test")
    _, state = await read(surveys)
    typeform.asked.clear()
    await read(surveys, state)

    assert [url.params.get("since") for url in typeform.asked] == ["2026-03-01T08:55:00Z"] * 2


async def test_a_ref_that_the_form_does_not_have_is_told_by_the_check(typeform: FakeTypeform) -> None:
    """With those that it has."""
    wrong = {FORM: {"questions": {"recomend": {"metric": "nps"}}}}
    surveys = TypeformConnector("surveys", config(forms=wrong), transport=typeform.transport)
    answer = await surveys.check()

    assert not answer.ok
    assert "no question with ref recomend. It has: recommend (How likely" in answer.message


def test_a_section_without_forms_is_refused() -> None:
    """There would be nothing to read."""
    with pytest.raises(ValidationError, match="forms"):
        config(forms={})


def push(body: bytes, secret: str = SECRET) -> WebhookRequest:
    """As Typeform signs it."""
    digest = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    return WebhookRequest({"typeform-signature": f"sha256={digest}"}, body, START)


def pushed(response: dict[str, Any], form: str = FORM, event: str = "form_response") -> bytes:
    """The body of a push."""
    told = {"form_id": form, "definition": {"id": form, "fields": []}, **response}
    return json.dumps({"event_id": "E1", "event_type": event, "form_response": told}).encode()


async def test_a_push_gives_what_reading_gives(typeform: FakeTypeform, surveys: TypeformConnector) -> None:
    """The same records under the same ids, so that one that comes both ways is one."""
    typeform.response("t1", {"recommend": 9, "delivery": 4}, email="ada@x.test")
    given = await surveys.webhook(push(pushed(typeform.responses[0])))

    assert list(given) == (await read(surveys))[0]


async def test_a_pushed_score_that_cannot_be_is_a_problem_of_its_own(
    typeform: FakeTypeform, surveys: TypeformConnector
) -> None:
    """The other score is kept."""
    typeform.response("t1", {"recommend": 99, "delivery": 4}, email="ada@x.test")
    refused, kept = await surveys.webhook(push(pushed(typeform.responses[0])))

    assert isinstance(refused, RawProblem)
    assert "score 99" in refused.reason
    assert isinstance(kept, Interaction)


async def test_a_push_with_a_wrong_signature_is_refused_before_it_is_read(surveys: TypeformConnector) -> None:
    """Also one that is not signed, and any where no secret is set."""
    unsigned = WebhookRequest({}, b"{]", START)
    for request in (push(b"{]", "another-secret"), unsigned):
        with pytest.raises(SourceRefused, match="none of our secrets"):
            await surveys.webhook(request)
    with pytest.raises(SourceRefused, match="no webhook_secret"):
        await TypeformConnector("surveys", config(webhook_secret=None)).webhook(unsigned)


async def test_a_push_while_our_own_token_is_refused_is_to_come_again(typeform: FakeTypeform) -> None:
    """It is not the sender who is refused."""
    surveys = TypeformConnector("surveys", config(token="wrong"), transport=typeform.transport, patience=IMPATIENT)
    typeform.response("t1", {"recommend": 9}, email="ada@x.test")
    with pytest.raises(SourceUnavailable, match="Check the credentials"):
        await surveys.webhook(push(pushed(typeform.responses[0])))


@pytest.mark.parametrize("body", [b"{]", b"[]", pushed({"token": 7})])
async def test_a_push_that_is_none_is_told(surveys: TypeformConnector, body: bytes) -> None:
    """It is signed, but no push of Typeform."""
    with pytest.raises(RecordError, match="no push of Typeform"):
        await surveys.webhook(push(body))


async def test_pushes_of_other_events_and_forms_are_let_go(typeform: FakeTypeform, surveys: TypeformConnector) -> None:
    """A partial response, and a form that plugins.toml does not name."""
    typeform.response("t1", {"recommend": 9}, email="ada@x.test")
    other: Iterable[bytes] = (
        pushed(typeform.responses[0], event="form_response_partial"),
        pushed(typeform.responses[0], form="zzz"),
    )
    assert [await surveys.webhook(push(body)) for body in other] == [[], []]


def test_secrets_are_not_shown() -> None:
    """Neither the token nor the webhook's secret."""
    assert TOKEN not in repr(config())
    assert SECRET not in repr(config())
    assert isinstance(config().webhook_secret, SecretStr)
