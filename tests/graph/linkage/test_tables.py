"""Any CSV or Parquet goes in, clusters come out, and what cannot be read is said in words."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

from graph.linkage.link import LinkageError
from graph.linkage.tables import evaluate_files, link_file, read_table, recognise
from tests.graph.linkage.people import silos


def test_usual_column_names_are_recognised():
    """Names in several languages and styles; two phones become one field, the truth is not used."""
    known = recognise(
        ["Kontakt-ID", "Contact ID", "Vorname", "SURNAME", "E-Mail", "Mobile", "tel", "PLZ", "D.O.B.", "cluster"]
    )

    assert known.columns["record_id"] == ("Contact ID",)
    assert known.columns["first_name"] == ("Vorname",)
    assert known.columns["last_name"] == ("SURNAME",)
    assert set(known.columns["phone"]) == {"Mobile", "tel"}
    assert known.columns["birth_date"] == ("D.O.B.",)
    assert known.ignored == ("Kontakt-ID", "cluster")


def test_a_mapping_comes_first_and_is_checked():
    """What the user maps is taken; a wrong name or column is refused with what there is."""
    assert recognise(["id", "foo"], {"last_name": "foo"}).columns["last_name"] == ("foo",)
    with pytest.raises(LinkageError, match="Known names"):
        recognise(["foo"], {"surname": "foo"})
    with pytest.raises(LinkageError, match="Columns there: foo"):
        recognise(["foo"], {"last_name": "bar"})
    with pytest.raises(LinkageError, match="says anything about a person"):
        recognise(["id", "colour"])


def test_birth_dates_in_three_columns():
    """Year, month and day of R's data sets become one birth date."""
    table = pa.table({"fname_c1": ["Ada"], "by": [1980], "bm": [3.0], "bd": ["4"]})

    assert recognise(table.column_names).records(table).column("birth_date").to_pylist() == ["1980-03-04"]


@pytest.mark.parametrize(("suffix", "out"), [(".csv", ".parquet"), (".parquet", ".csv")])
def test_a_file_is_linked_and_evaluated(tmp_path, suffix, out):
    """A file in, record_id, customer_id and weight out, and the truth beside it says how good."""
    records, truth = silos(300, seed=2)
    labelled = records.append_column("cluster", pa.array(truth))
    source, target = tmp_path / f"people{suffix}", tmp_path / f"clusters{out}"
    pcsv.write_csv(labelled, source) if suffix == ".csv" else pq.write_table(labelled, source)
    link_file(source, target)

    assert read_table(target).column_names == ["record_id", "customer_id", "weight"]
    assert evaluate_files(target, source).f1 >= 0.98


def test_broken_lines_are_told_and_left_out(tmp_path):
    """A line with too few columns costs that line only."""
    file = tmp_path / "people.csv"
    file.write_text("id;name;email\n1;Ada Lovelace;ada@x.test\n2;Bob\n3;Cy Stone;cy@x.test\n")
    said: list[str] = []

    assert read_table(file, warn=said.append).column("id").to_pylist() == ["1", "3"]
    assert "1 lines do not have 3 columns" in said[0]


def test_ids_that_repeat_across_sources_are_told_apart(tmp_path):
    """Contact 7 of the CRM and contact 7 of the shop are two records; inside one source it is an error."""
    table = pa.table({"source": ["crm", "shop"], "id": ["7", "7"], "name": ["Ada Hill", "Bob Stone"]})

    assert recognise(table.column_names).records(table).column("record_id").to_pylist() == ["crm:7", "shop:7"]
    with pytest.raises(LinkageError, match="'7' occurs more than once"):
        recognise(["id", "name"]).records(table.drop_columns(["source"]))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", b"", "is empty"),
        ("latin.csv", "id,name\n1,Zo\xeb Hill\n".encode("latin-1"), "encoding"),
        ("people.xlsx", b"PK", "only .csv"),
        ("people.parquet", b"PAR?", "cannot be read"),
    ],
)
def test_unreadable_files_are_refused_in_words(tmp_path, name, content, message):
    """The file and the remedy are named."""
    (tmp_path / name).write_bytes(content)

    with pytest.raises(LinkageError, match=message):
        read_table(tmp_path / name)


def test_missing_files_and_wrong_outputs_are_refused(tmp_path):
    """A file that is not there, an output of an unknown kind."""
    with pytest.raises(LinkageError, match="no such file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(LinkageError, match=r"\.csv or \.parquet"):
        link_file(tmp_path / "none.csv", tmp_path / "out.xlsx")


def test_another_encoding_may_be_named(tmp_path):
    """Latin-1 is read when it is named."""
    (tmp_path / "latin.csv").write_bytes("id,name\n1,Zo\xeb Hill\n".encode("latin-1"))

    assert read_table(tmp_path / "latin.csv", encoding="latin-1").column("name").to_pylist() == ["Zoë Hill"]
