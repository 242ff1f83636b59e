"""Typeform's wire: forms with questions, responses newest first, paged back by token."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.surveys.typeform import TypeformConfig, TypeformConnector
from connectors.surveys.typeform_answers import FormEntry
from tests.connectors.contract.descriptions import described_by
from tests.connectors.contract.vendors import Vendor

Row = dict[str, Any]

TOKEN = "tfp_0123456789abcdefghijklmnop_qrstuv"
FORM = "u6nXL7"
START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
FIELDS: list[Row] = [
    {"id": "f1", "ref": "recommend", "title": "How likely are you to recommend us?", "type": "nps"},
    {"id": "f2", "ref": "why", "title": "Why?", "type": "long_text"},
    {
        "id": "f3",
        "ref": "group",
        "title": "About the delivery",
        "type": "group",
        "properties": {
            "fields": [
                {"id": "f4", "ref": "delivery", "title": "How was it?", "type": "opinion_scale",
                 "properties": {"steps": 5, "start_at_one": True}},
                {"id": "f5", "ref": "mood", "title": "How do you feel?", "type": "multiple_choice"},
                {"id": "f6", "ref": "stars", "title": "Stars", "type": "rating", "properties": {"steps": 10}},
            ]
        },
    },
    {"id": "f7", "ref": "mail", "title": "E-mail address", "type": "email"},
    {"id": "f8", "ref": "colour", "title": "Favourite colour", "type": "dropdown"},
]  # fmt: skip


class FakeTypeform:
    """An account with one form. `scopes` are what the token may read."""

    def __init__(self) -> None:
        self.forms: dict[str, Row] = {FORM: {"id": FORM, "title": "Satisfaction", "fields": FIELDS}}
        self.responses: list[Row] = []
        self.forgotten: set[str] = set()
        """Tokens that are refused as a place to begin, once."""
        self.most = 1000
        self.asked: list[httpx.URL] = []

    @property
    def transport(self) -> httpx.MockTransport:
        """For `httpx.AsyncClient(transport=…)`."""
        return httpx.MockTransport(self.answer)

    def response(self, token: str, answers: dict[str, Any], /, *, at: datetime = START, **hidden: str) -> str:
        """A response; each answer by the question's ref, as number, text, or what it is: `{"email": …}`."""
        told = []
        ids = {field["ref"]: field["id"] for field in (*FIELDS, *FIELDS[2]["properties"]["fields"])}
        for ref, value in answers.items():
            kind = "number" if isinstance(value, int) else "text"
            given = value if isinstance(value, dict) else {kind: value}
            told.append(
                {"field": {"id": ids.get(ref, ref), "ref": ref, "type": kind}, "type": next(iter(given)), **given}
            )
        self.responses.append(
            {"response_id": token, "token": token, "landed_at": _iso(at), "submitted_at": _iso(at),
             "metadata": {"user_agent": "x", "network_id": "n"}, "hidden": hidden, "answers": told}
        )  # fmt: skip
        return token

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Typeform's answer."""
        self.asked.append(request.url)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return refusal(403, "AUTHENTICATION_FAILED", "Authentication failed")
        _, name, *rest = request.url.path.strip("/").split("/")
        if name not in self.forms:
            return refusal(404, "FORM_NOT_FOUND", "Non existing form with this id")
        return self._responses(dict(request.url.params)) if rest else httpx.Response(200, json=self.forms[name])

    def _responses(self, ask: Row) -> httpx.Response:
        if ask.get("before") in self.forgotten:
            self.forgotten.remove(ask["before"])
            return refusal(400, "VALIDATION_ERROR", "unknown token")
        since = ask.get("since", "").replace("Z", "+00:00")
        found = [row for row in self.responses if row["submitted_at"] >= since]
        found.sort(key=lambda row: (row["submitted_at"], row["token"]), reverse=True)
        if "before" in ask:
            tokens = [row["token"] for row in self.responses]
            at = self.responses[tokens.index(ask["before"])]["submitted_at"] if ask["before"] in tokens else ""
            found = [row for row in found if (row["submitted_at"], row["token"]) < (at, ask["before"])]
        size = int(ask.get("page_size", 25))
        body = {"total_items": len(found), "page_count": 1, "items": found[: min(size, self.most)]}
        return httpx.Response(200, json=body)


def refusal(status: int, code: str, description: str) -> httpx.Response:
    """How Typeform says that something is wrong."""
    return httpx.Response(status, json={"code": code, "description": description})


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


class TypeformStandIn(FakeTypeform):
    """20 responses a minute apart; nobody can change one, so a change is one that comes."""

    def __init__(self) -> None:
        super().__init__()
        self._now = START
        self.most = 6
        for number in range(20):
            self._one(f"t{number:03}")

    def change(self) -> str:
        return self._one("t999")

    def delete(self) -> str:
        newest = max(self.responses, key=lambda row: row["submitted_at"])
        self.responses.remove(newest)
        return f"{newest['token']}:recommend:answered"

    def many(self, count: int) -> set[str]:
        self._now += timedelta(minutes=1)
        self.most = 1000
        return {self._one(f"m{number:05}", tick=0) for number in range(count)}

    def _one(self, token: str, tick: int = 1) -> str:
        self._now += timedelta(minutes=tick)
        self.response(token, {"recommend": 9, "why": "Fine."}, at=self._now, email=f"{token}@x.test", token=f"s{token}")
        return f"{token}:recommend:answered"


VENDOR = Vendor(
    name="typeform",
    stand_in=TypeformStandIn,
    connector=lambda transport, patience: TypeformConnector(
        "typeform",
        TypeformConfig(
            token=SecretStr(TOKEN),
            forms={FORM: FormEntry.model_validate({"questions": {"recommend": {"metric": "nps", "comment": "why"}}})},
        ),
        transport=transport,
        patience=patience,
    ),
    secrets=(TOKEN,),
    stream="answers",
    requests=rf"GET /forms/{FORM}/responses",
    changing=("items", "items.0.token", "items.0.submitted_at", "items.0.hidden.email", "items.0.answers.0.field.ref"),
    ids=frozenset({"id", "response_id"}),
    description=lambda: described_by("typeform"),
    not_described={"GET /forms/{form_id}#.fields[].properties.fields": "the questions of a group"},
    tells_deletions=False,
    changes=False,
)
