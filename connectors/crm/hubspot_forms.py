"""HubSpot's forms: each submission with what its form asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import msgspec

from connectors.crm.hubspot_api import HubSpot, Paging, Value, next_of, text
from connectors.errors import RecordError, SourceError
from connectors.exports.formats import Context, asked_for
from connectors.exports.hubspot_sales import submission_id
from connectors.hookspecs import Deletions, Page, State, Stream, StreamKind
from connectors.records import BusinessFunction, Channel, Direction, Identifiers, Interaction, Precision

A_PAGE = 50

FORM_SUBMISSIONS = Stream(
    "form-submissions",
    StreamKind.INTERACTIONS,
    cursor_field="submittedAt",
    deletions=Deletions.UNKNOWN,
    fields=("submittedAt", "pageUrl", "values"),
)


class Field(msgspec.Struct, frozen=True):
    name: str
    label: str | None = None


class Group(msgspec.Struct, frozen=True):
    fields: list[Field] = []


class Form(msgspec.Struct, frozen=True, rename="camel"):
    """A form; its fields stand in groups."""

    id: str | int
    name: str | None = None
    field_groups: list[Group] = []

    @property
    def requested_fields(self) -> tuple[str, ...]:
        """What it asks for, by common names."""
        fields = (field for group in self.field_groups for field in group.fields)
        return tuple(dict.fromkeys(asked_for(field.label or field.name) for field in fields))


class Answer(msgspec.Struct, frozen=True):
    name: str
    value: Value = None


class Submission(msgspec.Struct, frozen=True, rename="camel"):
    """What somebody sent; `submitted_at` in milliseconds of Unix time."""

    submitted_at: int
    values: list[Answer]
    page_url: str | None = None
    conversion_id: str | None = None


class Submitted(msgspec.Struct, frozen=True):
    """A submission and its form."""

    form: Form
    submission: Submission


class _Submissions(msgspec.Struct, frozen=True):
    results: list[Submission]
    paging: Paging | None = None


async def read_submissions(hubspot: HubSpot, state: State | None, overlap_ms: int) -> AsyncIterator[Page[Submitted]]:
    """Newest first, as HubSpot gives them, form by form, down to the newest of the last reading less an overlap.

    State: `until` says of each form how far it was read, `since` of the others; `form`, `after` and `newest` where a
    reading was broken off.
    """
    until: dict[str, int] = dict((state or {}).get("until", {}))
    since: int = (state or {}).get("since", 0)
    began = state.get("form") if state else None
    forms = sorted(await hubspot.all("marketing/v3/forms", Form, {"limit": A_PAGE}), key=lambda form: str(form.id))
    for form in forms:
        key = str(form.id)
        if began is not None and key < began:
            continue
        resumed = state is not None and key == began
        after: str | None = state["after"] if state is not None and resumed else None
        newest: int = state["newest"] if state is not None and resumed else until.get(key, since)
        oldest = until.get(key, since) - overlap_ms
        path = f"form-integrations/v1/submissions/forms/{key}"
        while True:
            page = await hubspot.client.json("GET", path, _Submissions, params={"limit": A_PAGE, "after": after})
            recent = [one for one in page.results if one.submitted_at >= oldest]
            newest = max((newest, *(one.submitted_at for one in recent)))
            before, after = after, next_of(page.paging)
            if after is not None and after == before:
                raise SourceError(f"[{hubspot.source}] GET {path}: the cursor {after} does not move.")
            found = [Submitted(form, one) for one in recent]
            if after is None or len(recent) < len(page.results):
                until[key] = newest
                # The next form may begin: until its first page is stored, this one is what is done.
                done = {"since": since, "until": dict(until)}
                yield Page(found, {**done, "form": f"{key}\0", "after": None, "newest": 0})
                break
            yield Page(found, {"since": since, "until": dict(until), "form": key, "after": after, "newest": newest})
    yield Page([], {"until": until, "since": since})


def map_submission(context: Context, raw: Submitted) -> Iterator[Interaction]:
    """An interaction of whoever the submission names; RecordError when it names nobody."""
    at = datetime.fromtimestamp(raw.submission.submitted_at / 1000, tz=UTC)
    said = {answer.name: value for answer in raw.submission.values if (value := text(answer.value)) is not None}
    email, phone = said.pop("email", None), said.pop("phone", None) or said.pop("mobilephone", None)
    name = " ".join(part for part in (said.pop("firstname", None), said.pop("lastname", None)) if part)
    if email is None and phone is None:
        raise RecordError(f"[{context.source}] a submission of form {raw.form.id} names nobody: no email, no phone.")
    yield Interaction(
        source=context.source,
        stream=context.stream,
        id=raw.submission.conversion_id or submission_id(raw.form.name, at, email or phone or ""),
        kind="form.submitted",
        occurred_at=at,
        precision=Precision.MILLISECOND,
        person=Identifiers(email=email, phone=phone, full_name=name or None),
        function=BusinessFunction.MARKETING,
        channel=Channel.WEB,
        direction=Direction.INBOUND,
        subject=raw.form.name,
        source_url=raw.submission.page_url,
        requested_fields=raw.form.requested_fields,
        extra=said,
    )
