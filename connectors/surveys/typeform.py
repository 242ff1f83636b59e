"""Typeform as a source of surveys: answers of NPS, CSAT and CES with their words, and forms that were filled in."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal

import httpx
import msgspec
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.errors import RecordError
from connectors.hookspecs import (
    CheckReport,
    Deletions,
    Page,
    RawProblem,
    State,
    Stream,
    StreamKind,
    WebhookRequest,
    hookimpl,
)
from connectors.http import Patience
from connectors.raws import page_of
from connectors.records import Record
from connectors.signatures import check_base64
from connectors.surveys.typeform_answers import Filled, FormEntry, HiddenFields, filled_of, map_filled
from connectors.surveys.typeform_api import Form, Place, Response, Typeform
from connectors.vendor import VendorConnector, asked_for_a_push

C360_API = ">=1,<2"
FORM_SECONDS = 600.0
"""So long a form is taken as it was, while pushes come."""

ANSWERS = Stream(
    name="answers",
    kind=StreamKind.INTERACTIONS,
    key="token",
    cursor_field="submitted_at",
    deletions=Deletions.UNKNOWN,
    fields=("answers", "hidden", "submitted_at", "landed_at"),
)


class TypeformConfig(BaseModel):
    """The token that reads an account, and what the questions of its forms measure."""

    model_config = ConfigDict(extra="forbid")

    token: SecretStr = Field(description="personal access token with the scopes forms:read and responses:read")
    forms: dict[str, FormEntry] = Field(min_length=1, description="forms by their id, with their questions by ref")
    hidden: HiddenFields = Field(default=HiddenFields(), description="names of hidden fields")
    anonymous: Literal["reject", "keep"] = Field(default="reject", description="what to do with answers of nobody")
    webhook_secret: SecretStr | None = Field(default=None, description="secret of the webhook, where Typeform pushes")
    base_url: str = Field(default="https://api.typeform.com", description="address of the API; EU: api.eu.typeform.com")
    page_size: int = Field(default=1000, ge=1, le=1000, description="responses a page")
    overlap_seconds: int = Field(default=300, ge=0, description="how far before the newest a sync begins again")
    timeout_seconds: float = Field(default=60.0, gt=0, description="how long one call may take")


class Push(msgspec.Struct, frozen=True):
    """What Typeform pushes."""

    event_type: str
    form_response: msgspec.Raw = msgspec.Raw(b"null")


class PushedForm(msgspec.Struct, frozen=True):
    form_id: str


class TypeformConnector(VendorConnector):
    """Reads the forms of one Typeform account."""

    Config: ClassVar[type[BaseModel]] = TypeformConfig

    def __init__(
        self,
        name: str,
        config: TypeformConfig,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._config = config
        self._typeform = Typeform(
            name,
            config.base_url,
            config.token.get_secret_value(),
            timeout=config.timeout_seconds,
            transport=transport,
            patience=patience,
        )
        super().__init__(name, [ANSWERS], self._typeform)
        self._known: dict[str, tuple[float, Form]] = {}

    async def _look(self, details: dict[str, str]) -> CheckReport:
        """Whether the token may read each form and its responses, and the form has the questions that are named."""
        for identifier, entry in self._config.forms.items():
            form = await self._typeform.form(identifier)
            await self._typeform.may_read_responses(identifier)
            details[identifier] = form.title or identifier
            refs = {one.ref for one in form.questions()}
            missing = [ref for ref in entry.questions if ref not in refs]
            if missing:
                known = ", ".join(f"{one.ref} ({one.title})" for one in form.questions() if one.ref)
                return CheckReport(
                    False,
                    f"[{self.name}] form {identifier} has no question with ref {', '.join(missing)}. It has: {known}.",
                    details,
                )
        return CheckReport(True, f"Typeform: {', '.join(details.values())}.", details)

    def state_at(self, stream: Stream, moment: datetime) -> State:
        """As if all before that moment had been read, of every form."""
        return {"forms": {form: {"since": moment.astimezone(UTC).isoformat()} for form in self._config.forms}}

    async def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Filled]]:
        """Pages of `Filled`, form by form."""
        places = msgspec.convert((state or {}).get("forms", {}), dict[str, Place])
        overlap = timedelta(seconds=self._config.overlap_seconds)
        for identifier, entry in self._config.forms.items():
            form = await self._form(identifier)
            place = places.get(identifier, Place())
            async for found, now in self._typeform.responses(
                identifier, place, size=self._config.page_size, overlap=overlap
            ):
                places[identifier] = now
                yield page_of(_filled(form, entry, found), {"forms": msgspec.to_builtins(places), "at": identifier})

    def map(self, stream: Stream, raw: Filled) -> Iterable[Record]:
        """The interaction of a scored question, or of a form without one."""
        entry = self._config.forms[raw.form.id]
        return map_filled(self.name, stream.name, raw, entry, self._config.hidden, self._config.anonymous)

    async def webhook(self, request: WebhookRequest) -> Sequence[Record | RawProblem]:
        """The records of one push: the same ids as when they are read."""
        secret = self._secret(self._config.webhook_secret)
        check_base64(request, "typeform-signature", [secret], before="sha256=")
        try:
            push = msgspec.json.decode(request.body, type=Push)
            if push.event_type != "form_response":
                return []
            identifier = msgspec.json.decode(push.form_response, type=PushedForm).form_id
            response = msgspec.json.decode(push.form_response, type=Response)
        except msgspec.MsgspecError as error:
            raise RecordError(f"[{self.name}] this is no push of Typeform: {error}.") from None
        entry = self._config.forms.get(identifier)
        if entry is None:
            return []
        with asked_for_a_push():
            form = await self._form(identifier)
        records: list[Record | RawProblem] = []
        for filled in filled_of(form, entry, response):
            try:
                records += self.map(ANSWERS, filled)
            except RecordError as error:
                records.append(
                    RawProblem(f"{self.name}/{ANSWERS.name}", str(error), bytes(push.form_response).decode())
                )
        return records

    async def _form(self, identifier: str) -> Form:
        """The form as it was at most ten minutes ago."""
        asked_at, form = self._known.get(identifier, (0.0, None))
        if form is None or time.monotonic() - asked_at > FORM_SECONDS:
            form = msgspec.structs.replace(await self._typeform.form(identifier), id=identifier)
            self._known[identifier] = (time.monotonic(), form)
        return form


def _filled(form: Form, entry: FormEntry, found: Sequence[Response | RawProblem]) -> list[Filled | RawProblem]:
    filled: list[Filled | RawProblem] = []
    for one in found:
        filled += [one] if isinstance(one, RawProblem) else filled_of(form, entry, one)
    return filled


@hookimpl
def c360_register_connectors(registry: Any) -> None:
    """Offer the connector `typeform`."""
    registry.add("typeform", TypeformConnector)
