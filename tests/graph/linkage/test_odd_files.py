"""Files as people have them: each is linked rightly, or refused with what is wrong, where, and what to do."""

from __future__ import annotations

import datetime
import gzip
import os
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graph.linkage.link import LinkageError
from graph.linkage.phone import phone, phone_or_digits
from graph.linkage.tables import link_file, read_table

HEAD = "id,first name,last name,e-mail,dob\n"
ROWS = "1,Jürgen,Müller,jm@x.test,1980-02-01\n2,Jürgen,Müller,jm@x.test,1980-02-01\n3,Ada,Stone,as@y.test,1970-05-05\n"
PEOPLE = HEAD + ROWS
TWO_OF_THREE = [0, 0, 1]
"""The first two records are one customer, the third is another."""

TEXTS: dict[str, tuple[str, bytes]] = {
    "semicolons": ("a.csv", PEOPLE.replace(",", ";").encode()),
    "tabs": ("a.tsv", PEOPLE.replace(",", "\t").encode()),
    "bars": ("a.txt", PEOPLE.replace(",", "|").encode()),
    "UTF-8 with a mark": ("a.csv", PEOPLE.encode("utf-8-sig")),
    "UTF-16 with a mark": ("a.csv", PEOPLE.encode("utf-16")),
    "UTF-16, big end first": ("a.csv", b"\xfe\xff" + PEOPLE.encode("utf-16-be")),
    "UTF-16 without a mark": ("a.csv", PEOPLE.encode("utf-16-le")),
    "UTF-16 without a mark, big end first": ("a.csv", PEOPLE.encode("utf-16-be")),
    "lines as Windows ends them": ("a.csv", PEOPLE.replace("\n", "\r\n").encode()),
    "lines as old Macs end them": ("a.csv", PEOPLE.replace("\n", "\r").encode()),
    "compressed": ("a.csv.gz", gzip.compress(PEOPLE.encode())),
    "compressed UTF-16": ("a.tsv.gz", gzip.compress(PEOPLE.replace(",", "\t").encode("utf-16"))),
    "a path in other letters": ("Kundß файл 名.csv", PEOPLE.encode()),
    "a line break in a field": (
        "a.csv",
        b'id,name,street\n1,Ada Stone,"1 High\nStreet"\n2,Ada Stone,"1 High\nStreet"\n3,Bob Hill,2 Low Road\n',
    ),
    "a line break in a header": ("a.csv", PEOPLE.replace("first name", '"first\nname"').encode()),
    "the delimiter in a header": ("a.csv", PEOPLE.replace("last name", '"last, name"').encode()),
    "columns that share a name": (
        "a.csv",
        b"email,email,name\nada@x.test,a@y.test,Ada Stone\nada@x.test,,Ada Stone\nbob@x.test,,Bob Hill\n",
    ),
    "a column without a name": (
        "a.csv",
        b",name,e-mail\n0,Ada Stone,a@x.test\n1,Ada Stone,a@x.test\n2,Bob Hill,b@x.test\n",
    ),
    "two columns": ("a.csv", b"name,zip\nAda Stone,12345\nAda Stone,12345\nBob Hill,999\n"),
    "a column of JSON": (
        "a.csv",
        b'name,e-mail,notes\nAda Stone,a@x.test,"{""a"": [1, 2]}"\nAda Stone,a@x.test,"{}"\nBob Hill,b@x.test,\n',
    ),
    "a field of three megabytes": (
        "a.csv",
        PEOPLE.replace("as@y.test", "as@y.test" + "y" * 3_000_000).encode(),
    ),
    "dates in several forms": (
        "a.csv",
        b"name,dob,zip\nAda Stone,1980-02-01,1\nAda Stone,01.02.1980,1\nBob Hill,19700505,2\n",
    ),
    "ids as a spreadsheet writes numbers": (
        "a.csv",
        PEOPLE.replace("\n1,", "\n1.0,").replace("\n2,", "\n2.0,").encode(),
    ),
}


@pytest.mark.parametrize("what", TEXTS)
def test_text_files_are_read_as_they_come(tmp_path, what):
    """Delimiters, encodings, line ends, quotes, headers: the same people come out."""
    name, content = TEXTS[what]
    (tmp_path / name).write_bytes(content)
    said: list[str] = []

    assert link_file(tmp_path / name, tmp_path / "out.csv", warn=said.append).linkage.labels.tolist() == TWO_OF_THREE
    assert not said
    assert read_table(tmp_path / "out.csv").num_rows == 3


ZIP_DECIMAL = [Decimal(1), Decimal(1), Decimal(2)]
MOMENTS = [datetime.datetime(year, 2, 1, tzinfo=datetime.UTC) for year in (1980, 1980, 1970)]
ADA = ["Ada Stone", "Ada Stone", "Bob Hill"]
TYPED: dict[str, pa.Table] = {
    "dictionaries": pa.table({"id": pa.array(["a", "b", "c"]).dictionary_encode(), "name": ADA, "zip": [1, 1, 2]}),
    "decimals": pa.table({"id": [Decimal("1.0"), Decimal("2.0"), Decimal("3.0")], "name": ADA, "zip": ZIP_DECIMAL}),
    "moments": pa.table({"name": ADA, "dob": MOMENTS}),
    "days": pa.table({"name": ADA, "dob": [datetime.date(1980, 2, 1)] * 2 + [datetime.date(1970, 5, 5)]}),
    "floats": pa.table({"id": [1.0, 2.0, 3.0], "name": ADA, "phone": [442071234567.0] * 2 + [None]}),
    "lists": pa.table({"name": ADA, "email": [["a@x.test"], ["b@x.test", "a@x.test"], []]}),
    "long text": pa.table({"name": pa.array(ADA, pa.large_string()), "zip": pa.array([1, 1, 2], pa.uint64())}),
    "a column of nothing": pa.table({"name": ADA, "zip": [1, 1, 2], "email": pa.nulls(3)}),
    "nested ones that nobody asks for": pa.table({"name": ADA, "zip": [1, 1, 2], "notes": [{"a": 1}] * 3}),
    "columns that share a name": pa.table([ADA, pa.array([1, 1, 2]), ADA], names=["name", "zip", "name"]),
}  # fmt: skip


@pytest.mark.parametrize("what", TYPED)
def test_parquet_columns_are_read_as_they_come(tmp_path, what):
    """Types of Parquet that are words or numbers at heart are read as such."""
    pq.write_table(TYPED[what], tmp_path / "a.parquet")

    assert link_file(tmp_path / "a.parquet", tmp_path / "out.parquet").linkage.labels.tolist() == TWO_OF_THREE


REFUSED: dict[str, tuple[str, bytes | pa.Table, str]] = {
    "another encoding": ("a.csv", PEOPLE.encode("latin-1"), r"a\.csv is not utf-8.*Name its encoding, e\.g\. latin-1"),
    "no content": ("a.csv", b"", r"a\.csv is empty: the first line must name the columns"),
    "blank lines": ("a.csv", b"\n\n", r"a\.csv is empty"),
    "nothing compressed": ("a.csv.gz", gzip.compress(b""), r"a\.csv\.gz is empty"),
    "gzip under another name": ("a.csv", gzip.compress(PEOPLE.encode()), r"compressed by gzip\. Call it a\.csv\.gz"),
    "gzip that is cut": (
        "a.csv.gz",
        gzip.compress(PEOPLE.encode())[:40],
        r"a\.csv\.gz cannot be read.*damaged: get it anew",
    ),
    "no gzip": ("a.csv.gz", PEOPLE.encode(), r"a\.csv\.gz cannot be read"),
    "a spreadsheet": ("a.xlsx", b"PK", r"a\.xlsx: only \.csv"),
    "a quote that is not closed": (
        "a.csv",
        b'id,name,zip\n1,"Ada Stone,1\n' + b"".join(b"%d,Bob Hill,2\n" % n for n in range(2, 100_000)),
        r"a quote that is opened is closed only .* lines later\. Close it",
    ),
    "no Parquet": ("a.parquet", b"PAR?", r"a\.parquet cannot be read"),
    "nested": (
        "a.parquet",
        pa.table({"id": [1], "name": ["Ada Stone"], "address": [{"street": "1 High Street"}]}),
        r"Column street has type struct.*Convert it first",
    ),
    "bytes": ("a.parquet", pa.table({"name": ["Ada"], "email": [b"\xff"]}), r"Column email has type binary"),
    "lists as ids": ("a.parquet", pa.table({"id": [[1]], "name": ["Ada"]}), r"Column id has type list.*Name another"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_linked_is_refused_in_words(tmp_path, what):
    """What, where, and what to do."""
    name, content, message = REFUSED[what]
    if isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    else:
        pq.write_table(content, tmp_path / name)

    with pytest.raises(LinkageError, match=message):
        link_file(tmp_path / name, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_the_file_that_is_read_is_not_written_over(tmp_path):
    """Neither by its own name nor by another one."""
    (tmp_path / "people.csv").write_text(PEOPLE)
    (tmp_path / "link.csv").symlink_to(tmp_path / "people.csv")

    for out in ("people.csv", "link.csv"):
        with pytest.raises(LinkageError, match="is the file that is read"):
            link_file(tmp_path / "people.csv", tmp_path / out)
    assert (tmp_path / "people.csv").read_text() == PEOPLE


def test_places_that_are_not_there_are_told_before_the_work(tmp_path):
    """A folder instead of a file, and an output folder that does not exist."""
    (tmp_path / "people.csv").write_text(PEOPLE)
    (tmp_path / "folder.csv").mkdir()

    with pytest.raises(LinkageError, match=r"is a folder. Name one file in it"):
        link_file(tmp_path / "folder.csv", None)
    with pytest.raises(LinkageError, match=r"it is a folder. Name a file"):
        link_file(tmp_path / "people.csv", tmp_path / "folder.csv")
    steps: list[str] = []
    with pytest.raises(LinkageError, match=r"there is no folder .*none. Make it first"):
        link_file(tmp_path / "people.csv", tmp_path / "none" / "out.csv", progress=lambda step, _: steps.append(step))
    assert not steps


def test_what_may_not_be_read_is_refused_in_words(tmp_path):
    """No traceback where permission is missing, of the file or of its folder."""
    (tmp_path / "people.csv").write_text(PEOPLE)
    (tmp_path / "people.csv").chmod(0)
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)  # nobody: root may read everything
    try:
        with pytest.raises(LinkageError, match=r"cannot be read: .*ermission denied"):
            link_file(tmp_path / "people.csv", None)
    finally:
        os.seteuid(before)


def test_a_number_that_a_spreadsheet_has_rounded_is_not_said():
    """4.42071E+11 is what many numbers look like when a column is narrow."""
    for rounded in ("4.42071E+11", "4,42071e+11", " +4.4207123456E+11"):
        assert phone(rounded, "GB") is None
        assert phone_or_digits(rounded, "GB") is None
    assert phone("442071234567", "GB") == "+442071234567"
