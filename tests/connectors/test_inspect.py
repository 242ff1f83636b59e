"""Promises of looking into a folder: formats are recognised, and what is written can be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from c360.testing import read_records
from connectors.configured import make_connectors
from connectors.errors import C360Error
from connectors.inspect import inspect_folder
from connectors.plugins import load_plugins
from connectors.records import Person
from connectors.sample import generate
from connectors.settings import read_settings
from tests.connectors.folders import write, write_objects

pytestmark = pytest.mark.anyio


async def test_the_samples_exports_are_recognised_and_can_be_read(tmp_path: Path) -> None:
    """Every file has its format, and the plugins.toml that is written reads as many records as the sample's own."""
    generate(tmp_path, 200, 3)
    plugins = load_plugins(off="")
    own = make_connectors(read_settings(tmp_path / "plugins.toml"), plugins)
    inspection = inspect_folder(tmp_path)
    (tmp_path / "found.toml").write_text(inspection.to_toml())
    found = make_connectors(read_settings(tmp_path / "found.toml"), plugins)

    assert inspection.unknown == ()
    assert {file.section for file in inspection.recognised} == {"crm", "marketing", "helpdesk", "shop", "surveys"}
    assert all(file.confidence == 1 and file.problem is None for file in inspection.recognised)
    counts = {source.name: len(await read_records(source)) for source in own}
    assert {source.name: len(await read_records(source)) for source in found} == counts


def test_the_first_rows_are_shown_mapped(tmp_path: Path) -> None:
    """A preview is records, so that a wrong guess is seen before anything is stored."""
    write(
        tmp_path, "people.csv", "Record ID,First Name,Lifecycle Stage,Contact owner,Lead Status\n7,Ada,lead,Cleo,NEW\n"
    )
    (file,) = inspect_folder(tmp_path).recognised

    (person,) = file.preview
    assert isinstance(person, Person)
    assert (person.id, person.given_name) == ("7", "Ada")
    assert "'Record ID'" in file.why


def test_a_renamed_export_in_another_writing_is_recognised(tmp_path: Path) -> None:
    """Semicolons and cp1252 are seen, and said in plugins.toml."""
    text = "Email Address;First Name;MEMBER_RATING;OPTIN_TIME;CONFIRM_TIME;LEID;EUID\na@x.test;Jörg;2;;;1;2\n"
    write(tmp_path, "x.txt", text.encode("cp1252"))
    inspection = inspect_folder(tmp_path)

    (file,) = inspection.recognised
    assert (file.format, file.encoding, file.delimiter) == ("mailchimp-members", "cp1252", ";")
    assert 'encoding = "cp1252"' in inspection.to_toml()


def test_agents_are_told_from_users(tmp_path: Path) -> None:
    """Both are user objects; the role decides."""
    user = {"id": 1, "name": "A", "email": "a@x.test", "role": "end-user", "verified": True, "iana_time_zone": "UTC"}
    write_objects(tmp_path, "one.jsonl", {**user, "default_group_id": None})
    write_objects(tmp_path, "two.jsonl", {**user, "role": "agent", "default_group_id": 5})

    formats = {file.path.name: file.format for file in inspect_folder(tmp_path).recognised}
    assert formats == {"one.jsonl": "zendesk-users", "two.jsonl": "zendesk-agents"}


def test_an_unknown_table_gets_the_nearest_guess_and_a_mapping(tmp_path: Path) -> None:
    """What it lacks is said, and the columns that speak for themselves are mapped, as a comment."""
    write(tmp_path, "people.csv", "customer_id,E-Mail,last_name,Shoe Size\n1,a@x.test,X,40\n")
    write(tmp_path, "orders.csv", "order_id,amount,placed_on\n1,2,2026\n")
    inspection = inspect_folder(tmp_path)
    orders, people = inspection.unknown

    assert people.mapping == {"id": "customer_id", "email": "E-Mail", "family_name": "last_name"}
    assert people.nearest is None
    assert "its columns are of no known format" in orders.why
    assert '# email = "E-Mail"' in inspection.to_toml()
    read_text = inspection.to_toml()
    assert all(line.startswith("#") or not line for line in read_text.splitlines())


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("a.csv", b"", "is empty"), ("a.json", b"[1]", "is not JSON Lines"), ("a.parquet", b"no", "no Parquet file")],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    """It stands among the unknown with its reason, and ends nothing."""
    write(tmp_path, name, content)

    (file,) = inspect_folder(tmp_path).unknown
    assert said in file.why


def test_a_folder_without_exports_is_told(tmp_path: Path) -> None:
    """Nothing there, or no folder at all."""
    with pytest.raises(C360Error, match="holds no exports"):
        inspect_folder(tmp_path)
    with pytest.raises(C360Error, match="There is no folder"):
        inspect_folder(tmp_path / "nowhere")
