"""Promises of the files connector: pages, state, deletions, and every kind of bad input."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from connectors.errors import PluginConfigError, RecordError, SourceError
from connectors.records import Person, Tombstone
from tests.connectors.folders import connector, pages, problems, records, stream, write, write_objects

pytestmark = pytest.mark.anyio
CONTACTS = {"path": "contacts*.csv", "format": "hubspot-contacts"}
HEAD = "Record ID,First Name,Last Name,Email,Create Date\n"


def many(count: int) -> str:
    return HEAD + "".join(f"{number},A{number},B,a{number}@x.test,2026-01-02 10:00\n" for number in range(count))


async def test_pages_have_at_most_five_thousand_rows(tmp_path: Path) -> None:
    """12,001 rows are three pages, and every row is there once."""
    write(tmp_path, "contacts.csv", many(12_001))
    source = connector(tmp_path, CONTACTS)

    read = await pages(source, "contacts")

    assert [len(page.raws) for page in read] == [5_000, 5_000, 2_001]
    assert len({person.id for person in await records(source, "contacts")}) == 12_001


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
async def test_a_kill_goes_on_at_the_next_page(tmp_path: Path, suffix: str) -> None:
    """From the state of the second page on, exactly the rows after it are read."""
    rows = [
        {"Record ID": str(number), "First Name": "A", "Create Date": "2026-01-02 10:00"} for number in range(11_000)
    ]
    if suffix == "csv":
        write(tmp_path, "c.csv", many(11_000))
    elif suffix == "jsonl":
        write_objects(tmp_path, "c.jsonl", *rows)
    else:
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / "c.parquet")
    entry = {"path": f"c.{suffix}", "format": "hubspot-contacts"}
    _, second, _ = await pages(connector(tmp_path, entry), "contacts")

    rest = await records(connector(tmp_path, entry), "contacts", second.state)

    assert [person.id for person in rest] == [str(number) for number in range(10_000, 11_000)]


async def test_an_unchanged_file_is_skipped_and_a_changed_one_read_again(tmp_path: Path) -> None:
    """The state of the last page ends the stream until the file changes."""
    path = write(tmp_path, "contacts.csv", many(3))
    source = connector(tmp_path, CONTACTS)
    (page,) = await pages(source, "contacts")

    assert await pages(source, "contacts", page.state) == []
    path.write_text(many(4))
    assert len(await records(source, "contacts", page.state)) == 4


async def test_a_replaced_file_of_the_same_size_and_time_is_read_again(tmp_path: Path) -> None:
    """Some tools keep the time of the file they replace; the content tells."""
    path = write(tmp_path, "contacts.csv", HEAD + "1,Ada,B,,\n")
    source = connector(tmp_path, CONTACTS)
    (page,) = await pages(source, "contacts")
    about = path.stat()
    path.write_text(HEAD + "1,Eva,B,,\n")
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))

    assert [person.given_name for person in await records(source, "contacts", page.state)] == ["Eva"]  # type: ignore[union-attr]


async def test_the_number_of_rows_is_known_beforehand(tmp_path: Path) -> None:
    """Progress can show how much is left: all files of the stream that are yet to be read."""
    write(tmp_path, "contacts-1.csv", many(6_000))
    write(tmp_path, "contacts-2.csv", many(10))
    source = connector(tmp_path, CONTACTS)

    assert [page.total for page in await pages(source, "contacts")] == [6_010] * 3


async def test_only_the_new_file_of_a_glob_is_read(tmp_path: Path) -> None:
    """Yesterday's export is known, today's is not."""
    write(tmp_path, "contacts-1.csv", many(3))
    source = connector(tmp_path, CONTACTS)
    (page,) = await pages(source, "contacts")
    write(tmp_path, "contacts-2.csv", HEAD + "77,Ada,B,,\n")

    assert [person.id for person in await records(source, "contacts", page.state)] == ["77"]


async def test_a_full_scan_tells_of_deletions(tmp_path: Path) -> None:
    """What is not in the files any more becomes a tombstone, once."""
    path = write(tmp_path, "contacts.csv", many(3))
    source = connector(tmp_path, {**CONTACTS, "deletions": "full_scan"})
    *_, last = await pages(source, "contacts")
    path.write_text(HEAD + "0,A0,B,,\n2,A2,B,,\n")

    again = await records(source, "contacts", last.state)
    *_, after = await pages(source, "contacts", last.state)

    assert [record.id for record in again if isinstance(record, Tombstone)] == ["1"]
    assert [record.id for record in again if isinstance(record, Person)] == ["0", "2"]
    assert await pages(source, "contacts", after.state) == []


async def test_a_mailchimp_deletion_names_the_members_own_id(tmp_path: Path) -> None:
    """The tombstone has the id of the record, not the address."""
    entry = {"path": "m.csv", "format": "mailchimp-members", "deletions": "full_scan"}
    path = write(tmp_path, "m.csv", "Email Address,LEID\nAda@X.test,1\nbob@x.test,2\n")
    source = connector(tmp_path, entry)
    people = {person.emails[0].value: person.id for person in await records(source, "members")}  # type: ignore[union-attr]
    *_, last = await pages(source, "members")
    path.write_text("Email Address,LEID\nbob@x.test,2\n")

    gone = [record for record in await records(source, "members", last.state) if isinstance(record, Tombstone)]

    assert [record.id for record in gone] == [people["Ada@X.test"]]


def test_a_full_scan_of_interactions_is_refused(tmp_path: Path) -> None:
    """An order gives several interactions, so its absence deletes no record."""
    with pytest.raises(PluginConfigError, match="is for persons and accounts"):
        connector(tmp_path, {"path": "o.csv", "format": "orders", "deletions": "full_scan"})


async def test_a_broken_row_is_told_with_its_line(tmp_path: Path) -> None:
    """A row with too few fields is left out, named, and the rest goes on."""
    write(tmp_path, "contacts.csv", HEAD + "1,Ada,B,,\n2,Bob\n3,Cyd,B,,\n")
    source = connector(tmp_path, CONTACTS)

    (problem,) = await problems(source, "contacts")

    assert problem.where == "contacts.csv:3"
    assert problem.reason == "has 2 fields where the header has 5."
    assert problem.body == "2,Bob"
    assert [person.id for person in await records(source, "contacts")] == ["1", "3"]


@pytest.mark.parametrize("value", ["2026-02-30 10:00", "0001-01-01", "9999-12-31 23:59", "yesterday", "31/12/2025"])
async def test_an_impossible_date_is_told_with_field_and_value(tmp_path: Path, value: str) -> None:
    """The row is left out and named; its neighbours are read."""
    write(tmp_path, "contacts.csv", HEAD + f"1,Ada,B,,2026-01-01\n2,Bob,B,,{value}\n")
    source = connector(tmp_path, CONTACTS)

    (problem,) = await problems(source, "contacts")

    assert problem.where == "contacts.csv:3"
    assert problem.reason == f"Create Date: {value!r} is not a date and time that can be."
    assert "Bob" in problem.body
    assert [person.id for person in await records(source, "contacts")] == ["1"]


async def test_a_record_without_id_is_refused(tmp_path: Path) -> None:
    """Its line and the empty column are named."""
    write(tmp_path, "contacts.csv", HEAD + ",Ada,B,,\n")
    source = connector(tmp_path, CONTACTS)
    (page,) = await pages(source, "contacts")

    with pytest.raises(RecordError, match=r"contacts\.csv:2: no value in 'Record ID'"):
        list(source.map(await stream(source, "contacts"), page.raws[0]))


async def test_of_two_rows_with_one_id_the_later_wins(tmp_path: Path) -> None:
    """It is the only one on the page, and the doubling is reported; on a later page it is read once more."""
    write(tmp_path, "contacts.csv", HEAD + "1,Ada,B,,\n2,Bob,B,,\n1,Eve,B,,\n" + many(5_100).partition("\n")[2])
    source = connector(tmp_path, CONTACTS)

    told = await problems(source, "contacts")
    first = (await pages(source, "contacts"))[0]

    assert told[0].where == "contacts.csv:4"
    assert told[0].reason == "id '1' was already in line 2; this later line is kept."
    ids = [raw.body.id for raw in first.raws]
    assert len(ids) == len(set(ids))


async def test_an_empty_file_gives_nothing(tmp_path: Path) -> None:
    """No bytes, or a header alone: no record, no problem; check names the empty one."""
    write(tmp_path, "contacts-1.csv", "")
    write(tmp_path, "contacts-2.csv", HEAD)
    source = connector(tmp_path, CONTACTS)

    assert await records(source, "contacts") == []
    assert await problems(source, "contacts") == []
    assert (await source.check()).details["contacts-1.csv"] == "is empty"


async def test_a_wrong_encoding_is_told_with_its_remedy(tmp_path: Path) -> None:
    """Line, byte, and the encoding to set; with that the file is read."""
    write(tmp_path, "contacts.csv", (HEAD + "1,Ada,B,,\n2,Jörg,B,,\n").encode("cp1252"))

    with pytest.raises(SourceError, match=r'line 3, byte 0xf6.*encoding = "cp1252"'):
        await records(connector(tmp_path, CONTACTS), "contacts")
    people = await records(connector(tmp_path, {**CONTACTS, "encoding": "cp1252"}), "contacts")
    assert people[1].given_name == "Jörg"  # type: ignore[union-attr]


async def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path: Path) -> None:
    """UTF-8 with a mark, as spreadsheets write it, is read like UTF-8."""
    write(tmp_path, "contacts.csv", ("\ufeff" + HEAD + "1,Jörg,B,,\n").encode())

    (person,) = await records(connector(tmp_path, CONTACTS), "contacts")

    assert person.id == "1"


async def test_utf_16_is_recognised(tmp_path: Path) -> None:
    """The remedy names the encoding that fits."""
    write(tmp_path, "contacts.csv", (HEAD + "1,Ada,B,,\n").encode("utf-16"))

    with pytest.raises(SourceError, match='encoding = "utf-16"'):
        await records(connector(tmp_path, CONTACTS), "contacts")


async def test_an_unknown_encoding_is_told(tmp_path: Path) -> None:
    """A typing mistake in plugins.toml is no crash."""
    write(tmp_path, "contacts.csv", HEAD)

    with pytest.raises(SourceError, match="'utf-9' is not an encoding"):
        await records(connector(tmp_path, {**CONTACTS, "encoding": "utf-9"}), "contacts")


async def test_a_ten_megabyte_field_is_read(tmp_path: Path) -> None:
    """Neither parser nor memory minds."""
    write(tmp_path, "contacts.csv", HEAD + f"1,Ada,{'x' * 10_000_000},,\n2,Bob,B,,\n")

    people = await records(connector(tmp_path, CONTACTS), "contacts")

    assert [len(person.family_name or "") for person in people] == [10_000_000, 1]  # type: ignore[union-attr]


@pytest.mark.parametrize("row", ['1,"Ada,B,,', '1,Ada,B,,"', '1,Ada,"B,,'])
async def test_an_open_quote_is_told(tmp_path: Path, row: str) -> None:
    """A quote that never closes would swallow the rest of the file: its line is named and nothing is lost."""
    write(tmp_path, "contacts.csv", HEAD + f"0,Eve,B,,\n{row}\n" + "2,Bob,B,,\n" * 3_000)

    with pytest.raises(SourceError, match=r"contacts\.csv:3: a quote .* is left open"):
        await records(connector(tmp_path, CONTACTS), "contacts")


async def test_quoted_line_breaks_are_part_of_a_value(tmp_path: Path) -> None:
    """A value may have several lines."""
    write(tmp_path, "contacts.csv", HEAD + '1,"Ada\nMaria",B,,\n')

    (person,) = await records(connector(tmp_path, CONTACTS), "contacts")

    assert person.given_name == "Ada\nMaria"  # type: ignore[union-attr]


async def test_a_file_of_another_kind_is_told_with_its_columns(tmp_path: Path) -> None:
    """The missing column is named, and those that are there."""
    write(tmp_path, "contacts.csv", "Name,Mail\nAda,a@x.test\n")
    source = connector(tmp_path, CONTACTS)

    report = await source.check()

    assert not report.ok
    assert "has no column 'Record ID'" in report.message
    assert "Its columns: Name, Mail" in report.message


async def test_a_glob_without_files_tells_what_is_there(tmp_path: Path) -> None:
    """The neighbours show the typing mistake."""
    write(tmp_path, "kontacts.csv", HEAD)

    with pytest.raises(SourceError, match=r"'contacts\*\.csv' matches no file.*kontacts\.csv"):
        await connector(tmp_path, CONTACTS).discover()


async def test_an_unreadable_file_is_told() -> None:
    """Permission denied is a sentence, not a traceback."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        write(Path(folder), "contacts.csv", HEAD).chmod(0)
        source = connector(Path(folder), CONTACTS)
        of = await stream(source, "contacts")

        with as_somebody_else(), pytest.raises(SourceError, match=r"contacts\.csv cannot be read: Permission denied"):
            _ = [page async for page in source.read(of, None)]


@contextmanager
def as_somebody_else() -> Iterator[None]:
    """Root may read everything, so act as nobody meanwhile."""
    me = os.geteuid()
    if me == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(me)


async def test_a_parquet_file_that_is_none_is_told(tmp_path: Path) -> None:
    """A text with the wrong suffix."""
    write(tmp_path, "c.parquet", "hello")

    with pytest.raises(SourceError, match="no Parquet file"):
        await records(connector(tmp_path, {"path": "c.parquet", "format": "orders"}), "orders")


async def test_bad_lines_of_json_are_told_with_field_and_value(tmp_path: Path) -> None:
    """No JSON, a wrong type, a wrong moment: each with its line; the good line is read."""
    good = {"id": 1, "name": "Ada", "created_at": "2026-01-01T10:00:00Z"}
    write_objects(tmp_path, "u.jsonl", good, {"id": 2, "created_at": "2026-13-01T00:00:00Z"}, {"name": "Bob"})
    with (tmp_path / "u.jsonl").open("a") as file:
        file.write('{"id": 4,\n')
    source = connector(tmp_path, {"path": "u.jsonl", "format": "zendesk-users"})

    told = await problems(source, "users")

    assert [problem.where for problem in told] == ["u.jsonl:2", "u.jsonl:3", "u.jsonl:4"]
    assert "created_at" in told[0].reason
    assert "'2026-13-01T00:00:00Z'" in told[0].reason
    assert "`id`" in told[1].reason
    assert [person.id for person in await records(source, "users")] == ["1"]


async def test_a_json_document_is_no_json_lines(tmp_path: Path) -> None:
    """A whole array is told with a way to convert it."""
    write(tmp_path, "u.json", '[{"id": 1}]')

    (problem,) = await problems(connector(tmp_path, {"path": "u.json", "format": "zendesk-users"}), "users")

    assert "jq -c" in problem.reason


async def test_local_times_are_read_in_their_time_zone(tmp_path: Path) -> None:
    """A portal in Berlin writes 10:00; in winter that is 9:00 UTC, in summer 8:00."""
    write(tmp_path, "contacts.csv", HEAD + "1,A,B,,2026-01-02 10:00\n2,A,B,,2026-07-02 10:00\n")

    people = await records(connector(tmp_path, {**CONTACTS, "timezone": "Europe/Berlin"}), "contacts")

    assert [person.created_at for person in people] == [  # type: ignore[union-attr]
        datetime(2026, 1, 2, 9, 0, tzinfo=UTC),
        datetime(2026, 7, 2, 8, 0, tzinfo=UTC),
    ]


async def test_an_hour_that_comes_twice_or_never_is_still_a_moment(tmp_path: Path) -> None:
    """Where clocks go back the first of both is meant, where they go forward the hour before; an offset settles it."""
    local = ["2026-10-25 02:30", "2026-10-25 03:00", "2026-10-25T02:30:00+01:00", "2026-03-29 02:30"]
    rows = "".join(f"{number},A,B,,{moment}\n" for number, moment in enumerate(local, 1))
    write(tmp_path, "contacts.csv", HEAD + rows)

    people = await records(connector(tmp_path, {**CONTACTS, "timezone": "Europe/Berlin"}), "contacts")

    assert [person.created_at for person in people] == [  # type: ignore[union-attr]
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 2, 0, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
    ]


async def test_dates_may_be_written_otherwise(tmp_path: Path) -> None:
    """date_format, delimiter and decimal say how."""
    write(tmp_path, "o.csv", "order_id;placed_at;amount;email\n1;31.12.2025 08:00;1.234,50;a@x.test\n")
    entry = {
        "path": "o.csv",
        "format": "orders",
        "delimiter": ";",
        "decimal": ",",
        "date_format": "%d.%m.%Y %H:%M",
    }

    (order,) = await records(connector(tmp_path, entry), "orders")

    assert order.occurred_at == datetime(2025, 12, 31, 8, 0, tzinfo=UTC)  # type: ignore[union-attr]
    assert order.amount == 1234.5  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"path": "a"}, "needs format"),
        ({"path": "a", "format": "orders", "mapping": {}, "kind": "persons"}, "both format and mapping"),
        ({"path": "a", "format": "orders", "deletions": "sometimes"}, "full_scan"),
    ],
)
def test_an_entry_must_say_what_it_is(tmp_path: Path, entry: dict[str, object], said: str) -> None:
    """Neither, both, or a wrong choice is told."""
    with pytest.raises(ValidationError, match=said):
        connector(tmp_path, entry)
