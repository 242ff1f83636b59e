"""The example queries about one customer and the sources, against what the small company is known to hold."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.plan.ids import encode_id
from api.plan.service import Service
from api.schema.schema import graphql_schema
from graph.store.driver import Store
from tests.api.conftest import BEGIN, JOURNEY, asker, write_company

pytestmark = pytest.mark.anyio
EXAMPLES = Path(__file__).parents[2] / "examples" / "queries"
ADA = encode_id("Customer", "c-ada")
Example = Callable[..., Awaitable[Any]]


@pytest.fixture
async def example(embedded_store: Store) -> Example:
    """Asks an example of the small company; gives the value of its one root field."""
    await write_company(embedded_store)
    ask = asker(Service(graphql_schema(), embedded_store, now=lambda: BEGIN + timedelta(days=60)))

    async def asked(name: str, **variables: Any) -> Any:
        text = (EXAMPLES / f"{name}.graphql").read_text(encoding="utf-8")
        answer = await ask(text, **variables)
        assert "errors" not in answer, answer["errors"]
        (found,) = answer["data"].values()
        return found

    return asked


async def test_the_examples_tell_what_is_known_of_ada(example: Example) -> None:
    """Who she is, by id, former id and address; her consents; her journey; why her records are one; and search."""
    customer = await example("customer", id=ADA)
    former = await example("customer", id=encode_id("Customer", "c-old"))
    by_email = await example("customer_by_email", emailAddress="ada@x.test")
    by_phone = await example("customer_by_phone", phoneNumber="0049 (0)30 12 34 56")
    by_record = await example("customer_by_source_record", source="mkt", stream="members", sourceId="1")
    journey = await example("journey", id=ADA)
    why = await example("why_one_customer", id=ADA)
    tree = (await example("match_tree", id=ADA))["matchTree"]["nodes"]
    found = await example("search", query="lovelace")

    assert (customer["id"], customer["displayName"], customer["jobTitle"]) == (ADA, "Ada Lovelace", "Analyst")
    assert customer["primaryEmail"] == {"address": "ada@x.test", "isVerified": True}
    assert customer["phones"] == [{"number": "+4930123456", "isPrimary": True}]
    assert customer["account"]["name"] == "Analytical Ltd"
    assert [one["status"] for one in customer["consents"]] == ["GRANTED"]
    assert customer["consents"][0]["sourceRecord"] == {"source": "mkt"}
    kinds = [kind for _, _, kind, *_ in JOURNEY]
    assert [one["kind"] for one in customer["interactions"]["nodes"]] == list(reversed(kinds))
    assert (former["displayName"], former["formerIds"]) == ("Bob", [encode_id("Customer", "c-old")])
    assert (by_email["id"], by_email["sources"]) == (ADA, ["crm", "help", "mkt"])
    assert (by_phone["id"], by_phone["phones"]) == (ADA, [{"number": "+4930123456", "isPrimary": True}])
    assert by_record["id"] == ADA
    assert "mkt/members/1" in [one["key"] for one in by_record["sourceRecords"]["nodes"]]

    by_people = [(minutes, kind) for id, minutes, kind, *_ in JOURNEY if id != "m2"]
    assert journey["interactions"]["totalCount"] == len(by_people)
    told = [
        (round((_moment(one["occurredAt"]) - BEGIN).total_seconds() / 60), one["kind"])
        for one in journey["interactions"]["nodes"]
    ]
    assert told == by_people
    assert [one["toStage"] for one in journey["stageTransitions"]["nodes"]] == ["lead", "customer"]
    (handoff,) = journey["handoffs"]["nodes"]
    assert (handoff["fromTeam"], handoff["toTeam"], handoff["waitSeconds"]) == ("first", "second", 3600)
    assert handoff["nextScore"] == {"metric": "CSAT", "rawScore": 2.0, "comment": "I had to say it twice."}

    records = ["crm/contacts/1", "help/users/1", "mkt/members/1"]
    assert sorted(one["key"] for one in why["sourceRecords"]["nodes"]) == records
    assert why["sourceRecords"]["nodes"][0]["matchEvidence"]["weightBits"] == 12.4
    (job,) = why["fieldProvenance"]
    assert (job["field"], job["sourceRecord"], job["alternatives"][0]["value"]) == (
        "JOB_TITLE",
        {"key": "crm/contacts/1"},
        "Clerk",
    )
    assert sorted(one["recordKey"] for one in tree) == records
    joined = {one["recordKey"]: one["joinedToKey"] for one in tree}
    assert joined["mkt/members/1"] == "crm/contacts/1"

    assert [edge["node"]["displayName"] for edge in found["edges"]] == ["Ada Lovelace"]
    names = [part for part in found["edges"][0]["highlights"] if part["field"] == "NAME"]
    assert [part["value"][part["start"] :][: part["length"]] for part in names] == ["Lovelace"]


async def test_the_example_of_sources_tells_state_and_rejections(example: Example) -> None:
    """The one connector, when it was read last, and the line it could not read."""
    (crm,) = await example("sources")

    assert (crm["name"], crm["connector"], crm["status"]) == ("crm", "files", "DONE")
    assert _moment(crm["lastSyncAt"]) == BEGIN
    assert crm["rejections"]["totalCount"] == 1
    assert [(one["place"], one["reason"]) for one in crm["rejections"]["nodes"]] == [("contacts.csv:7", "no id")]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
