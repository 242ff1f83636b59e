"""Typeform's API as typed calls: forms with their questions, and responses from the newest to the oldest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec

from connectors.errors import SourceError
from connectors.hookspecs import RawProblem
from connectors.http import Patience, SourceClient
from connectors.pace import Budget
from connectors.raws import decode_each


class QuestionProperties(msgspec.Struct, frozen=True):
    """Of a scale how many steps it has and where it begins; of a group its questions."""

    steps: int | None = None
    start_at_one: bool | None = None
    fields: tuple[Question, ...] | None = None


class Question(msgspec.Struct, frozen=True):
    """A question; `ref` is the name that the form's author may give it."""

    id: str | None = None
    ref: str | None = None
    title: str | None = None
    type: str | None = None
    properties: QuestionProperties | None = None


class Form(msgspec.Struct, frozen=True):
    """A form as it is now."""

    id: str
    title: str | None = None
    fields: tuple[Question, ...] = ()

    def questions(self) -> Iterator[Question]:
        """All questions, those of groups too."""
        waiting = list(reversed(self.fields))
        while waiting:
            one = waiting.pop()
            yield one
            waiting += reversed((one.properties.fields if one.properties else None) or ())

    def question(self, ref: str) -> Question | None:
        """The question of this ref."""
        return next((one for one in self.questions() if one.ref == ref), None)


class FieldName(msgspec.Struct, frozen=True):
    """Which question an answer is to."""

    ref: str | None = None
    id: str | None = None
    type: str | None = None


class Choice(msgspec.Struct, frozen=True):
    label: str | None = None
    other: str | None = None


class Choices(msgspec.Struct, frozen=True):
    labels: tuple[str, ...] | None = None
    other: str | None = None


class Answer(msgspec.Struct, frozen=True):
    """An answer; which of its values is given depends on its `type`."""

    field: FieldName
    type: str | None = None
    text: str | None = None
    number: float | None = None
    boolean: bool | None = None
    choice: Choice | None = None
    choices: Choices | None = None
    email: str | None = None
    phone_number: str | None = None
    date: str | None = None
    url: str | None = None
    file_url: str | None = None

    @property
    def value(self) -> str | float | bool | list[str] | None:
        """What was answered, whatever its type."""
        if self.choice is not None:
            return self.choice.label or self.choice.other
        if self.choices is not None:
            return [*(self.choices.labels or ()), *([self.choices.other] if self.choices.other else [])]
        words = self.text or self.email or self.phone_number or self.date or self.url or self.file_url
        return words if words is not None else self.boolean if self.number is None else self.number


class Response(msgspec.Struct, frozen=True):
    """A form that somebody filled in; `token` is its id."""

    token: str
    submitted_at: datetime
    landed_at: datetime | None = None
    hidden: dict[str, Any] | None = None
    answers: tuple[Answer, ...] | None = None


class _Responses(msgspec.Struct, frozen=True):
    items: list[msgspec.Raw]


class _Token(msgspec.Struct, frozen=True):
    token: str | None = None


class Place(msgspec.Struct, omit_defaults=True):
    """How far a form is read: responses since a moment, back to before a token, the newest moment so far."""

    since: datetime | None = None
    before: str | None = None
    newest: datetime | None = None


class Typeform:
    """A reader of one account. Raises the errors of `SourceClient`."""

    def __init__(
        self,
        source: str,
        url: str,
        token: str,
        *,
        timeout: float = 60.0,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.source = source
        self._client = SourceClient(
            source,
            url.rstrip("/") + "/",
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            secrets=[token],
            timeout=timeout,
            budgets=[Budget(2, 1.0)],
            transport=transport,
            patience=patience,
        )

    async def form(self, form: str) -> Form:
        """A form with its questions."""
        return await self._client.json("GET", f"forms/{form}", Form)

    async def may_read_responses(self, form: str) -> None:
        """Nothing, when the token may read them."""
        await self._client.json("GET", f"forms/{form}/responses", _Responses, params={"page_size": 1})

    async def responses(
        self, form: str, place: Place, *, size: int, overlap: timedelta
    ) -> AsyncIterator[tuple[list[Response | RawProblem], Place]]:
        """Responses since `place`, newest first, with the place after them; what comes meanwhile is for next time."""
        resumed = place.before is not None
        if not resumed:
            since = None if place.since is None else place.since - overlap
            place = Place(since, None, place.since)
        while True:
            since_text = None if place.since is None else f"{place.since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
            ask = {"page_size": size, "since": since_text, "before": place.before}
            try:
                answer = await self._client.json("GET", f"forms/{form}/responses", _Responses, params=ask)
            except SourceError as error:
                if not resumed or error.status != 400:
                    raise
                # The response that an earlier sync stopped at was deleted: the form is read from its newest again.
                place, resumed = Place(place.since, None, place.newest), False
                continue
            resumed = False
            if not answer.items:
                yield [], Place(place.newest)
                return
            found, problems = decode_each(answer.items, Response, f"{self.source}/answers")
            newest = max(filter(None, (place.newest, *(one.submitted_at for one in found))), default=None)
            last = _last_token(answer.items)
            if last is None or last == place.before:
                raise SourceError(
                    f"[{self.source}] GET forms/{form}/responses: the cursor does not move: the page ends with "
                    f"{'no token' if last is None else 'the response that it should begin after'}."
                )
            place = Place(place.since, last, newest)
            yield [*found, *problems], place

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _last_token(items: list[msgspec.Raw]) -> str | None:
    try:
        return msgspec.json.decode(items[-1], type=_Token).token
    except msgspec.MsgspecError:
        return None
