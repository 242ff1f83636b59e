"""The test kit finds out a connector that loses records, hangs, tells secrets or cannot bear a changed schema."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterable
from typing import Any, ClassVar

import httpx
import pytest
from pydantic import BaseModel

from c360 import (
    CheckReport,
    Patience,
    Person,
    Record,
    RecordError,
    SourceClient,
    SourceError,
    State,
    Stream,
    StreamKind,
)
from c360 import Page as PageOf
from c360.testing import Answer, Asked, ContractBroken, Vendor, check_drift, check_faults, check_resume
from connectors.testing import faults

pytestmark = pytest.mark.anyio
PEOPLE = [{"id": number, "name": f"Ada {number}"} for number in range(1, 8)]
FEW = (
    next(fault for fault in faults.FAULTS if fault.name.startswith("502")),
    next(fault for fault in faults.FAULTS if fault.name == "401"),
    next(fault for fault in faults.FAULTS if fault.name == "an empty object"),
)


def answer(asked: Asked) -> Any:
    """People, three a page, after an id."""
    if asked.headers.get("authorization") != "Bearer s3cret":
        return Answer(401)
    rows = [row for row in PEOPLE if row["id"] > int(asked.query.get("after", 0))]  # type: ignore[operator]
    return {"people": rows[:3], "next": rows[2]["id"] if len(rows) > 3 else None}


class Good:
    """A connector that keeps its promises; each one below breaks one of them."""

    Config: ClassVar[type[BaseModel]] = BaseModel

    def __init__(self, url: str) -> None:
        self.name = "club"
        self.client = SourceClient(
            "club", url, headers={"Authorization": "Bearer s3cret"}, patience=Patience(first_wait=0.01, jitter=0)
        )

    async def check(self) -> CheckReport:
        return CheckReport(True, "fine")

    async def discover(self) -> list[Stream]:
        return [Stream("people", StreamKind.PERSONS)]

    async def read(self, stream: Stream, state: State | None) -> AsyncIterator[PageOf[Any]]:
        after = (state or {}).get("after", 0)
        while after is not None:
            page = await self.asked(after)
            if page["next"] is not None and page["next"] <= after:
                raise SourceError("the cursor does not move")
            newest = max([after, *(row.get("id", 0) for row in page["people"] if isinstance(row.get("id"), int))])
            yield PageOf(page["people"], {"after": newest})
            after = page["next"]

    async def asked(self, after: int) -> dict[str, Any]:
        page = await self.client.json("GET", "/people", dict[str, Any], params={"after": after})
        if not isinstance(page.get("people"), list) or "next" not in page:
            raise SourceError("this is no page of people")
        return page

    def map(self, stream: Stream, raw: Any) -> Iterable[Record]:
        if not isinstance(raw.get("id"), int):
            raise RecordError("a person without a number")
        name = raw.get("name")
        said = name if isinstance(name, str) else None
        return [Person(source="club", stream="people", id=str(raw["id"]), full_name=said)]

    async def close(self) -> None:
        await self.client.close()


async def test_a_good_connector_passes_everything() -> None:
    """Three pages, each of them a place to be killed at; every fault at three requests; every field changed."""
    async with Vendor(answer) as vendor:
        tried = await check_faults(lambda: Good(vendor.url), vendor, secrets=["s3cret"])
        assert "502, once, at request 2" in tried
        assert tried[-2:] == ["the same page for ever", "pages that overlap"]
        assert await check_resume(lambda: Good(vendor.url)) == 3
        assert "'name' is of another type" in await check_drift(lambda: Good(vendor.url), vendor)


class Ahead(Good):
    """Its state has seen what comes only with the next page."""

    async def read(self, stream: Stream, state: State | None) -> AsyncIterator[PageOf[Any]]:
        async for page in super().read(stream, state):
            yield PageOf(page.raws, {"after": page.state["after"] + 1})


class Impatient(Good):
    """It gives up at the first refusal, as something that is no SourceError, and logs what it sent."""

    async def asked(self, after: int) -> dict[str, Any]:
        async with httpx.AsyncClient(headers=self.client.headers) as client:
            response = await client.get(f"{self.client.base_url}people", params={"after": after})
            if response.status_code != 200:
                logging.getLogger("club").warning("refused: %s", dict(response.request.headers))
            response.raise_for_status()
            page: dict[str, Any] = response.json()
            return page


class Believing(Good):
    """What has no people is the end."""

    async def asked(self, after: int) -> dict[str, Any]:
        page = await self.client.json("GET", "/people", dict[str, Any], params={"after": after})
        return {"people": page.get("people", []), "next": page.get("next")}


class Round(Good):
    """It asks for the next page as long as there is one."""

    async def read(self, stream: Stream, state: State | None) -> AsyncIterator[PageOf[Any]]:
        after: Any = (state or {}).get("after", 0)
        while after is not None:
            page = await self.asked(after)
            yield PageOf(page["people"], {"after": after})
            after = page["next"]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (Impatient, "502, once, at request 1: it raised HTTPStatusError, not a SourceError"),
        (Impatient, "401, at request 1: it raised HTTPStatusError, not a SourceError"),
        (Impatient, "401, at request 1: the log shows secret number 1"),
        (Believing, "an empty object, at request 1: it read to its end as if nothing were wrong"),
        (Round, "the same page for ever: people has given 200 pages"),
    ],
)
async def test_a_connector_that_breaks_under_faults_is_found_out(
    monkeypatch: pytest.MonkeyPatch, made: type[Good], said: str
) -> None:
    """By fault and request, and with no secret."""
    monkeypatch.setattr(faults, "FAULTS", FEW)
    async with Vendor(answer) as vendor:
        with pytest.raises(ContractBroken) as broken:
            await check_faults(lambda: made(vendor.url), vendor, secrets=["s3cret"])
    assert said in str(broken.value)
    assert "s3cret" not in str(broken.value)


async def test_a_state_that_is_ahead_of_its_records_is_found_out() -> None:
    """What was read after the kill does not hold what it should."""
    async with Vendor(answer) as vendor:
        with pytest.raises(ContractBroken, match="after a kill behind page 1 1 records are lost") as broken:
            await check_resume(lambda: Ahead(vendor.url))
    assert "Person club/people/4" in str(broken.value)


class Trusting(Good):
    def map(self, stream: Stream, raw: Any) -> Iterable[Record]:
        return [Person(source="club", stream="people", id=str(raw["id"]), full_name=raw["name"].strip())]


async def test_a_connector_that_trusts_a_schema_is_found_out() -> None:
    """A missing and a null field, each by name."""
    async with Vendor(answer) as vendor:
        with pytest.raises(ContractBroken) as broken:
            await check_drift(lambda: Trusting(vendor.url), vendor)
    assert "'name' is missing: it raised KeyError" in str(broken.value)
    assert "'name' is null: it raised AttributeError" in str(broken.value)


async def test_a_mistake_of_the_stand_in_is_its_authors() -> None:
    """It is raised where the vendor ends, not hidden as a 500."""
    vendor = Vendor(lambda _: 1 / 0)
    async with httpx.AsyncClient() as client:
        await vendor.__aenter__()
        answered = await client.post(vendor.url, json={"a": 1})
    assert answered.status_code == 500
    assert vendor.asked[0].json() == {"a": 1}
    with pytest.raises(ZeroDivisionError):
        await vendor.__aexit__(None, None, None)
