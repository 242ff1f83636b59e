"""Promises of a mapping: any table becomes records, and a mistake in it is named."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.errors import PluginConfigError, RecordError
from connectors.records import (
    Account,
    BusinessFunction,
    Channel,
    Consent,
    ConsentStatus,
    Direction,
    Identifiers,
    Interaction,
    Person,
    SurveyMetric,
)
from tests.connectors.folders import connector, pages, records, stream, write, write_objects

pytestmark = pytest.mark.anyio


def entry(kind: str, mapping: dict[str, Any], path: str = "t.csv", **more: Any) -> dict[str, Any]:
    return {"path": path, "kind": kind, "mapping": mapping, **more}


async def test_any_table_becomes_persons(tmp_path: Path) -> None:
    """Columns, templates, constants and translated values fill a person; the other columns stay in extra."""
    write(tmp_path, "t.csv", "No,Vorname,Mail,Geb,Land,News,Punkte\n17,Ada,a@x.test,1990-12-10,D,ja,5\n")
    mapping = {
        "id": "No",
        "given_name": "Vorname",
        "email": "Mail",
        "birth_date": "Geb",
        "country": {"column": "Land", "values": {"D": "DE"}},
        "consent_email": {"column": "News", "values": {"ja": "GRANTED", "nein": "DENIED"}},
        "lifecycle_stage": {"value": "customer"},
        "account_id": "erp/companies/{No}",
        "external_id": {"erp": "No"},
    }
    (person,) = await records(connector(tmp_path, entry("persons", mapping)), "persons")

    assert isinstance(person, Person)
    assert (person.id, person.given_name, person.lifecycle_stage) == ("17", "Ada", "customer")
    assert person.emails[0].primary
    assert person.birth_date == date(1990, 12, 10)
    assert person.address is not None
    assert person.address.country == "DE"
    assert person.consents[0].status is ConsentStatus.GRANTED
    assert person.account_id == "erp/companies/17"
    assert person.external_ids == {"erp": "17"}
    assert person.extra == {"Punkte": "5"}


async def test_nested_json_lines_can_be_mapped(tmp_path: Path) -> None:
    """A key within an object is `outer.inner`."""
    write_objects(tmp_path, "t.jsonl", {"id": 5, "company": {"name": "Acme", "staff": 12}})
    mapping = {"id": "id", "name": "company.name", "size": "company.staff"}
    (account,) = await records(connector(tmp_path, entry("accounts", mapping, "t.jsonl")), "accounts")

    assert isinstance(account, Account)
    assert (account.id, account.name, account.size) == ("5", "Acme", 12)


CALLS = {
    "id": "call",
    "kind": {"value": "call.made"},
    "occurred_at": "when",
    "phone": "number",
    "function": {"value": "sales"},
    "channel": {"value": "phone"},
    "direction": "way",
}


async def test_any_table_becomes_interactions(tmp_path: Path) -> None:
    """Bare identifiers name the person, ids of matters get their source, and a score its scale."""
    write(tmp_path, "t.csv", "call,when,number,way,case,points\n1,2026-01-02 10:00,+49 30 1,Inbound,77,4\n")
    mapping = {
        **CALLS,
        "ticket": "case",
        "metric": {"value": "csat"},
        "score": "points",
        "scale_min": {"value": "1"},
        "scale_max": {"value": "5"},
    }
    (call,) = await records(connector(tmp_path, entry("interactions", mapping), name="phone"), "interactions")

    assert isinstance(call, Interaction)
    assert call.person == Identifiers(phone="+49 30 1")
    assert (call.kind, call.function, call.channel, call.direction) == (
        "call.made", BusinessFunction.SALES, Channel.PHONE, Direction.INBOUND,
    )  # fmt: skip
    assert call.occurred_at == datetime(2026, 1, 2, 10, 0, tzinfo=UTC)
    assert call.ticket == "phone/77"
    assert (call.metric, call.score, call.scale) == (SurveyMetric.CSAT, 4.0, (1.0, 5.0))


async def test_any_table_becomes_consents(tmp_path: Path) -> None:
    """Without an id of its own a consent is one per person, channel and purpose."""
    write(tmp_path, "t.csv", "mail,ok,day\na@x.test,GRANTED,2026-01-01\n")
    mapping = {
        "email": "mail",
        "channel": {"value": "email"},
        "purpose": {"value": "marketing"},
        "status": "ok",
        "at": "day",
    }
    (consent,) = await records(connector(tmp_path, entry("consents", mapping)), "consents")

    assert isinstance(consent, Consent)
    assert consent.id == "a@x.test:email:marketing"
    assert consent.statement.status is ConsentStatus.GRANTED


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1,2026-01-02,+49,sideways", "direction 'sideways' is not one of inbound, outbound, internal"),
        ("1,2026-01-02,,inbound", "nobody is named"),
        (",2026-01-02,+49,inbound", "nothing gives 'id'"),
        ("1,,+49,inbound", "nothing gives 'occurred_at'"),
    ],
)
async def test_a_row_that_does_not_fit_is_refused(tmp_path: Path, row: str, said: str) -> None:
    """File, line, field and value are named."""
    write(tmp_path, "t.csv", f"call,when,number,way\n{row}\n")
    source = connector(tmp_path, entry("interactions", CALLS))
    (page,) = await pages(source, "interactions")

    with pytest.raises(RecordError, match=said) as error:
        list(source.map(await stream(source, "interactions"), page.raws[0]))
    assert "t.csv:2" in str(error.value)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("points", ["NaN", "Infinity", "-inf", "1e999"])
async def test_a_number_that_is_none_is_refused(tmp_path: Path, suffix: str, points: str) -> None:
    """By row and column, whatever the file: one would be in the figures of all."""
    row = {"call": "1", "when": "2026-01-02", "number": "+49 30 1", "way": "inbound", "points": points}
    if suffix == "parquet":
        pq.write_table(pa.Table.from_pylist([{**row, "points": float(points)}]), tmp_path / "t.parquet")
    else:
        rows = json.dumps(row) if suffix == "jsonl" else ",".join(row) + "\n" + ",".join(row.values())
        write(tmp_path, f"t.{suffix}", f"{rows}\n")
    mapping = {**CALLS, "metric": {"value": "csat"}, "score": "points", "scale_min": {"value": "1"}}
    source = connector(tmp_path, entry("interactions", mapping, f"t.{suffix}"))
    (page,) = await pages(source, "interactions")
    (problem,) = page.problems

    assert page.raws == []
    assert problem.where.startswith(f"t.{suffix}:")
    assert re.fullmatch(r"points: '.+' is not a number\.", problem.reason)


async def test_a_value_without_translation_is_refused(tmp_path: Path) -> None:
    """The known values are listed."""
    write(tmp_path, "t.csv", "No,News\n1,maybe\n")
    mapping = {"id": "No", "consent_email": {"column": "News", "values": {"ja": "GRANTED"}}}
    source = connector(tmp_path, entry("persons", mapping))
    (page,) = await pages(source, "persons")

    with pytest.raises(RecordError, match=r"News: 'maybe' is not among the values of mapping\.consent_email: ja"):
        list(source.map(await stream(source, "persons"), page.raws[0]))


@pytest.mark.parametrize(
    ("kind", "mapping", "said"),
    [
        ("persons", {"id": "No", "emial": "Mail"}, "Did you mean 'email'"),
        ("persons", {"email": "Mail"}, "mapping has no 'id'"),
        ("persons", {"id": 5}, "is neither a column"),
        ("interactions", {**CALLS, "phone": "number", "knid": "x"}, "Did you mean 'kind'"),
        ("interactions", {name: rule for name, rule in CALLS.items() if name != "phone"}, "names nobody"),
    ],
)
def test_a_mistake_in_a_mapping_is_named(tmp_path: Path, kind: str, mapping: dict[str, Any], said: str) -> None:
    """Before anything is read."""
    with pytest.raises(PluginConfigError, match=said):
        connector(tmp_path, entry(kind, mapping))


async def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    """check says which column a mapping names in vain."""
    write(tmp_path, "t.csv", "No,Mail\n1,a@x.test\n")
    source = connector(tmp_path, entry("persons", {"id": "No", "email": "E-Mail"}))

    assert "has no column 'E-Mail'" in (await source.check()).message
