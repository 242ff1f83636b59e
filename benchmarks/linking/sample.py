"""The sample company's person records, as a sync maps them, with the truth about who is who."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.linking.sets import LARGE_SAMPLES, SAMPLES, TRUTH
from benchmarks.sync import sources
from connectors.hookspecs import StreamKind
from connectors.records import Person
from connectors.sample.generate import generate
from graph.sync.land import LandingSource
from graph.sync.people import PersonColumns


def write_sample(name: str, folder: Path) -> Path:
    """Make the sample company of that name (seed 1) and write its person records, as a sync maps them, into a file."""
    customers, hard = {**SAMPLES, **LARGE_SAMPLES}[name]
    table, truth = sample_people(folder / name, customers, hard)
    file = folder / f"{name}.parquet"
    who = pa.array([truth[str(key)] for key in table["record_id"].to_pylist()], pa.string())
    pq.write_table(table.append_column(TRUTH, who), file)
    return file


def sample_people(home: Path, customers: int, hard: bool = False) -> tuple[pa.Table, dict[str, str]]:
    """The person records of a sample company (seed 1) in linkage's columns, and by record id who it is."""
    generate(home, customers, 1, hard)
    columns = PersonColumns()
    for source in sources(home):
        asyncio.run(_collect(source, columns))
    truth = dict(zip(*(pq.read_table(home / "truth.parquet").column(name).to_pylist() for name in _KEYS), strict=True))
    return columns.table(), truth


_KEYS = ("record_key", "person_id")


async def _collect(source: LandingSource, columns: PersonColumns) -> None:
    connector = source.connector
    for stream in await connector.discover():
        if stream.kind is not StreamKind.PERSONS:
            continue
        async for page in connector.read(stream, None):
            for raw in page.raws:
                for record in connector.map(stream, raw):
                    if isinstance(record, Person):
                        columns.add(f"{record.source}/{record.stream}/{record.id}", record)
    await connector.close()
