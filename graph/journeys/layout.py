"""The journeys' tables: which columns each has, and of which type.

The columns stand in the order in which `graph/writes/journey_*.cypher` return them. Texts of which there are few
different ones are dictionaries; moments are epoch milliseconds (UTC); a bool that nobody said is false.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

FEW = pa.dictionary(pa.int32(), pa.string())
TEXT = pa.large_string()
MOMENT = pa.int64()
NUMBER = pa.float64()


def _schema(columns: list[tuple[str, Any]]) -> pa.Schema:
    return pa.schema(columns)


CUSTOMERS = _schema(
    [
        ("id", TEXT),
        ("account", TEXT),
        ("country", FEW),
        ("city", FEW),
        ("region", FEW),
        ("postal_code", FEW),
        ("locale", FEW),
        ("job_title", FEW),
        ("birth_date", TEXT),
        ("lifecycle_stage", FEW),
        ("stage_said", FEW),
        ("owner", FEW),
        ("team", FEW),
        ("tags", pa.list_(pa.string())),
        ("sources", pa.list_(pa.string())),
        ("created_at", MOMENT),
        ("first_at", MOMENT),
        ("last_at", MOMENT),
        ("last_inbound_at", MOMENT),
        ("reactivated_at", MOMENT),
    ]
)

ACCOUNTS = _schema(
    [("id", TEXT), ("name", TEXT), ("industry", FEW), ("size", NUMBER), ("country", FEW), ("owner", FEW)]
)

EVENTS = _schema(
    [
        ("who", TEXT),
        ("id", TEXT),
        ("at", MOMENT),
        ("sequence", pa.int64()),
        ("kind", FEW),
        ("function", FEW),
        ("channel", FEW),
        ("direction", FEW),
        ("automated", pa.bool_()),
        ("stage", FEW),
        ("team", FEW),
        ("agent", FEW),
        ("source", FEW),
        ("activity_id", TEXT),
        ("campaign", FEW),
        ("ticket", TEXT),
        ("deal", TEXT),
        ("order", TEXT),
        ("subscription", TEXT),
        ("metric", FEW),
        ("score", NUMBER),
        ("scale_min", NUMBER),
        ("scale_max", NUMBER),
        ("polarity", FEW),
        ("program", FEW),
        ("question", FEW),
        ("comment", TEXT),
        ("reason", FEW),
        ("topic", FEW),
        ("survey_token", TEXT),
        ("about", TEXT),
        ("about_method", FEW),
        ("amount", NUMBER),
        ("currency", FEW),
        ("recurring_amount", NUMBER),
        ("billing_period", FEW),
        ("quantity", NUMBER),
        ("cost", NUMBER),
        ("requested_fields", pa.list_(pa.string())),
        ("ended_at", MOMENT),
    ]
)
"""`who` is the customer's id, or in the table of what only an account experienced, the account's."""

HANDOFFS = _schema(
    [
        ("who", TEXT),
        ("source", TEXT),
        ("target", TEXT),
        ("at", MOMENT),
        ("matter", TEXT),
        ("from_team", FEW),
        ("to_team", FEW),
        ("from_function", FEW),
        ("to_function", FEW),
        ("wait_seconds", NUMBER),
        ("business_wait_seconds", NUMBER),
    ]
)

STAGES = _schema(
    [
        ("who", TEXT),
        ("stage", FEW),
        ("ordinal", pa.int64()),
        ("at", MOMENT),
        ("left_at", MOMENT),
        ("cause", TEXT),
        ("from_stage", FEW),
        ("regression", pa.bool_()),
    ]
)

ALERTS = _schema(
    [
        ("who", TEXT),
        ("id", TEXT),
        ("rule", FEW),
        ("condition", FEW),
        ("cause", TEXT),
        ("since", MOMENT),
        ("raised_at", MOMENT),
        ("due_at", MOMENT),
        ("status", FEW),
        ("owner", FEW),
        ("resolved_at", MOMENT),
        ("outcome", FEW),
        ("metric", FEW),
        ("threshold", NUMBER),
    ]
)
RECORDS = _schema(
    [("who", TEXT), ("source", FEW), ("created_at", MOMENT), ("owner", FEW), ("held", pa.list_(pa.string()))]
)
"""Person records; `held` are the fields that a customer may be asked for and that the record knows."""

TABLES = {
    "customers": CUSTOMERS,
    "events": EVENTS,
    "handoffs": HANDOFFS,
    "stages": STAGES,
    "alerts": ALERTS,
    "records": RECORDS,
    "accounts": ACCOUNTS,
    "account_events": EVENTS,
}
"""By name; the first column of each says whose row it is."""

OF_ACCOUNTS = ("accounts", "account_events")
"""Whose rows are those of accounts; all others are of customers."""

_IN_ORDER = {"events": ("at", "sequence", "id"), "account_events": ("at", "sequence", "id"), "stages": ("ordinal",)}


def as_table(name: str, rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Rows of a table as columns: all of one customer (or account) together, in the order of the journey."""
    schema = TABLES[name]
    if not rows:
        return schema.empty_table()
    columns = [_column(values, field.type) for values, field in zip(zip(*rows, strict=True), schema, strict=True)]
    table = pa.Table.from_arrays(columns, schema=schema)
    whose = schema.names[0]
    return table.sort_by([(column, "ascending") for column in (whose, *_IN_ORDER.get(name, ()))])


def _column(values: Sequence[Any], type_: Any) -> pa.Array[Any]:
    if pa.types.is_dictionary(type_):
        encoded: pa.Array[Any] = pa.array(values, type_.value_type).dictionary_encode().cast(type_)
        return encoded
    plain: pa.Array[Any] = pa.array(values, type_)
    return plain
