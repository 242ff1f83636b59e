"""Exports hold what the graph holds, with types."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

from graph.arrow import INSTANT
from graph.export import What, export, schema_of
from graph.store.driver import Store
from tests.graph.questions.tiny import START, add_customer, event

pytestmark = pytest.mark.anyio

_GOLDEN = """
MATCH (c:Customer {id: 'ada'})
SET c.tags = ['vip', 'beta'], c.created_at = datetime({epochMillis: 1767225600123}),
    c.emails = '[{"address":"ada@x.test","primary":true},{"address":"a@y.test","primary":false}]',
    c.phones = '[{"number":"+4917","primary":true}]'
CREATE (c)-[:WORKS_FOR]->(:Account {id: 'acme', name: 'Acme'})
"""


async def _exported(store: Store, what: What, path: Path, **options: Any) -> list[dict[str, Any]]:
    await export(store, what, path, "parquet", **options)
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


async def test_customers_have_lists_moments_and_their_account(store: Store, tmp_path: Path) -> None:
    """Addresses, numbers and tags are lists, moments have milliseconds and UTC; who has none has null."""
    await add_customer(store, "ada", event(0, "form.submitted"), sources=("crm", "helpdesk"))
    await add_customer(store, "bob")
    await store.write(_GOLDEN)

    rows = {row["id"]: row for row in await _exported(store, "customers", tmp_path / "c.parquet")}

    assert {name: rows["ada"][name] for name in ("emails", "phones", "tags", "sources", "account_id")} == {
        "emails": ["ada@x.test", "a@y.test"],
        "phones": ["+4917"],
        "tags": ["vip", "beta"],
        "sources": ["crm", "helpdesk"],
        "account_id": "acme",
    }
    assert rows["ada"]["created_at"] == datetime(2026, 1, 1, 0, 0, 0, 123_000, tzinfo=UTC)
    assert (rows["ada"]["record_count"], rows["ada"]["interaction_count"]) == (2, 1)
    assert (rows["bob"]["emails"], rows["bob"]["account_id"], rows["bob"]["created_at"]) == (None, None, None)


async def test_interactions_say_whose_they_are_where_and_about_what(store: Store, tmp_path: Path) -> None:
    """Each with its customer, touchpoint and what a score is about; what was taken back is not there."""
    await add_customer(
        store, "ada",
        event(0, "ticket.created", ticket="h/1", requested_fields=["phone"]),
        event(1, "ticket.replied", direction="outbound", ticket="h/1"),
        event(1.5, "survey.answered", metric="csat", score=4.0, ticket="h/1", program="transactional"),
        event(2, "email.sent", direction="outbound"),
    )  # fmt: skip
    await store.write("MATCH (i:Interaction {id: 'ada-4'}) SET i.deleted_at = datetime({epochMillis: 1})")
    await store.write(
        "CREATE (:Account {id: 'acme'})-[:EXPERIENCED]->(:Interaction {id: 'visit', kind: 'meeting.held', "
        "at: datetime({epochMillis: 1767225600000})})"
    )

    rows = {row["id"]: row for row in await _exported(store, "interactions", tmp_path / "i.parquet")}

    told = {
        id: (row["customer_id"], row["account_id"], row["kind"], row["touchpoint"], row["about_id"], row["score"])
        for id, row in rows.items()
    }
    assert told == {
        "ada-1": ("ada", None, "ticket.created", "ticket created by email", None, None),
        "ada-2": ("ada", None, "ticket.replied", "ticket replied by email", None, None),
        "ada-3": ("ada", None, "survey.answered", told["ada-3"][3], "ada-2", 4.0),
        "visit": (None, "acme", "meeting.held", None, None, None),
    }
    assert rows["ada-1"]["requested_fields"] == ["phone"]
    assert rows["ada-3"]["at"] == START + timedelta(days=1.5)


async def test_records_and_links_say_which_record_is_whom_and_why(store: Store, tmp_path: Path) -> None:
    """Two records are Ada; the second one's tie has its weight and evidence."""
    await add_customer(store, "ada", sources=("marketing", "crm"))

    records = await _exported(store, "records", tmp_path / "r.parquet")
    links = await _exported(store, "links", tmp_path / "l.parquet")

    assert sorted((row["key"], row["customer_id"], row["body"]) for row in records) == [
        ("crm/people/ada", "ada", "{}"),
        ("marketing/people/ada", "ada", "{}"),
    ]
    assert sorted((row["record"], row["of"], row["id"], row["weight"], row["evidence"]) for row in links) == [
        ("crm/people/ada", "customer", "ada", 1.0, '{"other_id": "marketing/people/ada"}'),
        ("marketing/people/ada", "customer", "ada", None, None),
    ]


async def test_an_export_is_written_a_part_at_a_time(embedded_store: Store, tmp_path: Path) -> None:
    """Five interactions in parts of two are three row groups, told as they are done."""
    await add_customer(embedded_store, "ada", *(event(day, "page.viewed") for day in range(5)))
    path = tmp_path / "i.parquet"

    done = await export(embedded_store, "interactions", path, "parquet", row_group=2)

    assert pq.ParquetFile(path).num_row_groups == 3
    assert (done.rows, done.bytes) == (5, path.stat().st_size)


async def test_an_empty_graph_is_a_file_with_columns(embedded_store: Store, tmp_path: Path) -> None:
    """Nothing to export is no failure: CSV has its head, and each kind its own columns."""
    for what in ("customers", "interactions", "records", "links"):
        path = tmp_path / f"{what}.csv"
        await export(embedded_store, what, path, "csv")
        assert pcsv.read_csv(path).column_names == schema_of(what).names

    assert schema_of("customers").field("last_inbound_at").type == INSTANT
