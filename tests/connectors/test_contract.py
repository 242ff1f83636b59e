"""Promises of the test kit: a connector that breaks the contract is found out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel

from c360 import CheckReport, Person, Record, State, Stream, StreamKind
from c360 import Page as PageOf
from c360.testing import ContractBroken, check_contract

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Two:
    """A connector of two pages that keeps the contract."""

    Config: ClassVar[type[BaseModel]] = BaseModel

    def __init__(self, name: str = "crm", config: Any = None) -> None:
        self.name = name

    async def check(self) -> CheckReport:
        return CheckReport(True, "fine")

    async def discover(self) -> list[Stream]:
        return [Stream("contacts", StreamKind.PERSONS)]

    async def read(self, stream: Stream, state: State | None) -> AsyncIterator[PageOf[str]]:
        for number in range((state or {"after": 0})["after"], 2):
            yield PageOf([f"{number}"], {"after": number + 1})

    def map(self, stream: Stream, raw: str) -> Iterable[Record]:
        return [Person(source=self.name, stream=stream.name, id=raw, created_at=NOW)]

    async def close(self) -> None:
        pass


async def test_a_good_connector_passes() -> None:
    """Both pages and both records were looked at."""
    report = await check_contract(Two())

    assert (report.pages, report.records) == (2, 2)


class Looping(Two):
    async def read(self, stream: Stream, state: State | None) -> AsyncIterator[PageOf[str]]:
        while True:
            yield PageOf(["1"], {"after": 1})


class Secretive(Two):
    def __repr__(self) -> str:
        return "Secretive(token='s3cret')"


def maps_to(*records: Record) -> type[Two]:
    class Mapping(Two):
        def map(self, stream: Stream, raw: str) -> Iterable[Record]:
            return list(records)

    return Mapping


class Raising(Two):
    def map(self, stream: Stream, raw: str) -> Iterable[Record]:
        raise KeyError("email")


class Refusing(Two):
    async def check(self) -> CheckReport:
        return CheckReport(False, "no scope contacts.read")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (Looping, "is that of the page before"),
        (Secretive, r"repr\(connector\) shows secret number 1"),
        (Raising, r"map\(\) raised KeyError"),
        (Refusing, "no scope"),
        (maps_to(Person(source="shop", stream="contacts", id="1")), "its source is 'shop'"),
        (maps_to(Person(source="crm", stream="contacts", id="")), "needs a stream and an id"),
        (maps_to(Person(source="crm", stream="contacts", id="1", given_name="")), "given_name is an empty text"),
        (maps_to(Person(source="crm", stream="contacts", id="1", account_id="9")), "write source/stream/id"),
        (maps_to(*[Person(source="crm", stream="contacts", id="1")] * 2), "is twice on one page"),
        (
            maps_to(Person(source="crm", stream="contacts", id="1", created_at=datetime(2026, 1, 1))),  # noqa: DTZ001
            "created_at is not in UTC",
        ),
    ],
)
async def test_a_broken_connector_is_found_out(broken: type[Two], said: str) -> None:
    """The line says what is wrong and what would be right, and no secret."""
    with pytest.raises(ContractBroken, match=said) as error:
        await check_contract(broken(), secrets=["s3cret"])
    assert "s3cret" not in str(error.value)
