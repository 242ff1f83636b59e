"""Promises of the sample company: the same bytes, the truth, Mara, and causes that can be found."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import phonenumbers
import pyarrow.parquet as pq
import pytest

from c360.testing import check_contract, read_records
from connectors.configured import make_connectors
from connectors.plugins import load_plugins
from connectors.records import BusinessFunction, Interaction, Person
from connectors.sample import MARA_EMAIL, generate
from connectors.sample.names import FAMILY, GIVEN
from connectors.settings import read_settings

CUSTOMERS = 1_500


@dataclass
class Sample:
    """A sample, read through its connectors."""

    folder: Path
    people: list[Person]
    interactions: list[Interaction]
    truth: dict[str, str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("sample")
    generate(place, CUSTOMERS, 7)
    return place


@pytest.fixture(scope="module")
async def sample(folder: Path) -> Sample:
    records = []
    for connector in make_connectors(read_settings(folder / "plugins.toml"), load_plugins(off="")):
        records += await read_records(connector)
    table = pq.read_table(folder / "truth.parquet").to_pydict()
    return Sample(
        folder,
        [record for record in records if isinstance(record, Person)],
        [record for record in records if isinstance(record, Interaction)],
        dict(zip(table["record_key"], table["person_id"], strict=True)),
    )


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


def digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            whole.update(path.name.encode())
            whole.update(path.read_bytes())
    return whole.hexdigest()


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    """Made again it is the same to the byte; another seed gives another company."""
    generate(tmp_path / "again", CUSTOMERS, 7)
    generate(tmp_path / "other", CUSTOMERS, 8)

    assert digest(tmp_path / "again") == digest(folder)
    assert digest(tmp_path / "other") != digest(folder)


def test_progress_is_told(tmp_path: Path) -> None:
    """After every chunk, up to the last customer."""
    told: list[tuple[int, int]] = []
    summary = generate(tmp_path, 7_000, 1, progress=lambda done, all_: told.append((done, all_)))

    assert told[-1] == (7_000, 7_000)
    assert len(told) == 2
    assert summary.records["crm"] > 4_000


def test_a_sample_of_nobody_is_refused(tmp_path: Path) -> None:
    """Zero customers make no company."""
    with pytest.raises(ValueError, match="at least one customer"):
        generate(tmp_path, 0, 1)


def test_names_are_many_enough() -> None:
    """Linkage is not realistic when everybody has one of a hundred names."""
    assert len({name for names in GIVEN.values() for name in names}) >= 400
    assert len({name for names in FAMILY.values() for name in names}) >= 1_500


@pytest.mark.anyio
async def test_the_connectors_keep_the_contract(folder: Path) -> None:
    """All five sources of the sample, by the kit that plugin authors use."""
    for connector in make_connectors(read_settings(folder / "plugins.toml"), load_plugins(off="")):
        report = await check_contract(connector)
        assert report.records > 50
        assert report.refused == []


@pytest.mark.anyio
async def test_the_truth_knows_every_person_record(sample: Sample) -> None:
    """Each record of the three silos is there once, and every customer is somewhere."""
    assert {str(person.key) for person in sample.people} == set(sample.truth)
    assert len({owner for owner in sample.truth.values() if owner.startswith("person-")}) == CUSTOMERS


@pytest.mark.anyio
async def test_each_silo_knows_a_part(sample: Sample) -> None:
    """The overlap is that of a real company, and some people are in one silo twice."""
    silos: dict[str, Counter[str]] = {"crm": Counter(), "marketing": Counter(), "helpdesk": Counter()}
    for key, owner in sample.truth.items():
        silos[key.split("/")[0]][owner] += 1

    shares = {silo: len(owners) / CUSTOMERS for silo, owners in silos.items()}
    assert shares["crm"] == pytest.approx(0.65, abs=0.05)
    assert shares["marketing"] == pytest.approx(0.82, abs=0.05)
    assert shares["helpdesk"] == pytest.approx(0.4, abs=0.05)
    assert all(max(owners.values()) == 2 for owners in silos.values())


@pytest.mark.anyio
async def test_everybody_can_be_reached(sample: Sample) -> None:
    """A record has an address or a number, and numbers with a country code are possible ones."""
    reachable = [person for person in sample.people if person.emails or person.phones]
    numbers = [phone.value for person in sample.people for phone in person.phones if phone.value.startswith("+")]

    assert len(reachable) == len(sample.people)
    assert all(phonenumbers.is_possible_number(phonenumbers.parse(number)) for number in numbers)
    domains = {email.value.rpartition(".")[2] for person in sample.people for email in person.emails}
    assert domains == {"example", "test"}


@pytest.mark.anyio
async def test_everything_refers_to_what_is_there(sample: Sample) -> None:
    """No interaction is of an unknown person, none lies after the sample's last day, no id is twice."""
    keys = {str(person.key) for person in sample.people}
    named = [event for event in sample.interactions if isinstance(event.person, str)]

    assert {event.person for event in named} <= keys
    assert max(event.occurred_at.isoformat() for event in sample.interactions) < "2026-06-30"
    assert len({event.key for event in sample.interactions}) == len(sample.interactions)
    assert 8 <= len(sample.interactions) / CUSTOMERS <= 12


@pytest.mark.anyio
async def test_mara_is_always_there(sample: Sample, tmp_path: Path) -> None:
    """Three records in three spellings and sixteen interactions with three functions; the same in every sample."""
    keys = [key for key, owner in sample.truth.items() if owner == "person-0000000"]
    hers = [event for event in sample.interactions if event.person in keys]
    people = {person.source: person for person in sample.people if str(person.key) in keys}
    generate(tmp_path, 20, 99, hard=True)

    assert sorted(people) == ["crm", "helpdesk", "marketing"]
    assert [email.value for person in sample.people for email in person.emails].count(MARA_EMAIL) == 2
    assert people["helpdesk"].full_name == "M. Lindquist"
    assert len(hers) == 16
    assert {BusinessFunction.MARKETING, BusinessFunction.SALES, BusinessFunction.SERVICE} <= {e.function for e in hers}
    form, ticket = (next(e for e in hers if e.kind == kind) for kind in ("form.submitted", "ticket.created"))
    assert {"phone", "company"} <= set(form.requested_fields) & set(ticket.requested_fields)
    low = next(event for event in hers if event.metric == "csat")
    assert (low.score, "telephone number" in (low.text or "")) == (0.0, True)
    assert sum(event.kind == "ticket.reassigned" for event in hers) == 2
    small = pq.read_table(tmp_path / "truth.parquet").to_pydict()
    assert [k for k, owner in zip(*small.values(), strict=True) if owner == "person-0000000"] == keys


@pytest.mark.anyio
async def test_the_planted_causes_can_be_found(sample: Sample) -> None:
    """After a slow first answer or much to and fro ratings are worse, and after a bad rating more people cancel."""
    by_ticket: dict[str, list[Interaction]] = {}
    for event in sample.interactions:
        if event.ticket:
            by_ticket.setdefault(event.ticket, []).append(event)
    slow: list[float] = []
    quick: list[float] = []
    moved: list[float] = []
    for events in by_ticket.values():
        score = next((e.score for e in events if e.kind == "survey.answered"), None)
        created = next(e for e in events if e.kind == "ticket.created")
        first = next((e for e in events if e.kind == "ticket.replied" and e.agent), None)
        if score is None or first is None:
            continue
        hours = (first.occurred_at - created.occurred_at).total_seconds() / 3600
        (slow if hours > 24 else quick).append(score)
        if sum(e.kind == "ticket.reassigned" for e in events) > 1:
            moved.append(score)

    assert mean(slow) < mean(quick) - 0.15
    assert mean(moved) < mean(quick) - 0.1


@pytest.mark.anyio
async def test_a_question_is_asked_twice(sample: Sample) -> None:
    """Some people gave phone and company in a form and were asked again in a ticket."""
    asked: dict[str, set[str]] = {}
    for event in sorted(sample.interactions, key=lambda e: e.occurred_at):
        if isinstance(event.person, str) and event.person in sample.truth and event.requested_fields:
            asked.setdefault(sample.truth[event.person], set()).add(event.kind)

    assert sum(kinds == {"form.submitted", "ticket.created"} for kinds in asked.values()) >= 10
