"""Linking only what changed gives what linking everybody gives."""

from __future__ import annotations

import base64
import shutil
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from connectors.records import Identifiers, Record, Tombstone
from graph.linkage.link import LinkageModel, train
from graph.rules import Rules
from graph.store.digest import digest
from graph.store.driver import Store, open_store
from graph.store.migrate import migrate
from graph.store.settings import StoreSettings
from graph.sync.asking import Ask
from graph.sync.decisions import merge_customers, revert_decision
from graph.sync.rebuild import rebuild
from graph.sync.sync import sync
from tests.graph.linkage.people import silos
from tests.sources import event, fixed_source, person

pytestmark = pytest.mark.anyio
Step = tuple[list[Record], tuple[str, str, str] | None]
"""What a source says, and what a person decides before."""
START = datetime(2026, 1, 1, tzinfo=UTC)
RULES = Rules()
MODEL = """
CREATE (:LinkageModel {version: $version, body: $body, records: 5000, in_force: true})
"""
DECIDE = "CREATE (:Decision {id: $id, kind: $kind, records: $records, by: 'a person'})"
TOGETHER = """
MATCH (:SourceRecord {key: $one})-[:DESCRIBES]->(a:Customer), (:SourceRecord {key: $two})-[:DESCRIBES]->(b:Customer)
RETURN a = b
"""
CUSTOMERS = "UNWIND $keys AS key MATCH (:SourceRecord {key: key})-[:DESCRIBES]->(c:Customer) RETURN c.id"
REVERT = "MATCH (d:Decision {id: $id}) SET d.reverted_at = datetime({epochMillis: 0})"


class Frozen:
    """A model as the graph keeps it; without a long repr, should a test fail."""

    def __init__(self, model: LinkageModel) -> None:
        self.version = model.version
        self.body = base64.b64encode(zlib.compress(model.to_bytes())).decode()


@pytest.fixture(scope="module")
def model() -> Frozen:
    return Frozen(train(silos(800, seed=1)[0]))


@pytest.fixture
async def other(tmp_path: Path) -> AsyncIterator[Store]:
    """A second graph, in which everybody is linked each time."""
    async with open_store(StoreSettings(f"embedded:{tmp_path / 'other'}")) as opened:
        await migrate(opened)
        yield opened


@pytest.fixture(autouse=True)
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("C360_CACHE", str(tmp_path / "caches"))
    return tmp_path / "caches"


people = st.builds(
    lambda source, number, name, email, phone: person(f"{source}/people/{number}", name, email=email, phone=phone),
    st.sampled_from(("crm", "helpdesk")),
    st.integers(0, 7),
    st.sampled_from(("Ada Byron", "Ada Birron", "Robert Stone", "Bob Stone", "Cleo Marsh")),
    st.sampled_from((None, "ada@byron.test", "bob@stone.test", "cleo@marsh.test", "info@marsh.test")),
    st.sampled_from((None, "+442071234567", "+493090182000")),
)
events = st.builds(
    lambda number, hours, who: event(f"crm/events/{number}", "form.submitted", START + timedelta(hours=hours), who),
    st.integers(0, 9),
    st.integers(0, 2_000),
    st.one_of(
        st.integers(0, 7).map(lambda number: f"crm/people/{number}"),
        st.builds(
            lambda email, phone: Identifiers(email=email, phone=phone),
            st.sampled_from(("ada@byron.test", "bob@stone.test", "eve@nowhere.test")),
            st.sampled_from((None, "+442071234567", "+493090182000")),
        ),
    ),
)
gone = st.builds(
    lambda number: Tombstone(source="crm", stream="people", id=str(number), deleted_at=START), st.integers(0, 7)
)
keys = st.builds(
    lambda source, number: f"{source}/people/{number}", st.sampled_from(("crm", "helpdesk")), st.integers(0, 3)
)
decisions = st.tuples(st.sampled_from(("merge", "keep_apart")), keys, keys).filter(lambda told: told[1] != told[2])
steps = st.lists(
    st.tuples(st.lists(st.one_of(people, people, events, gone), min_size=1, max_size=5), st.none() | decisions),
    min_size=2,
    max_size=4,
)
EVERYBODY = [person(f"{source}/people/{n}", "Zed Void") for source in ("crm", "helpdesk") for n in range(8)]


@pytest.mark.long
@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=steps)
async def test_any_sequence_of_changes_equals_linking_everybody(
    steps: list[Step], embedded_store: Store, other: Store, model: Frozen
) -> None:
    """People come, change, lose identifiers and go, decisions are made and taken back: the graphs stay the same."""
    await _assert_same_both_ways(embedded_store, other, model, steps)


async def test_a_story_of_changes_equals_linking_everybody(store: Store, other: Store, model: Frozen) -> None:
    """A mention that several could have said, a person who changes hands, decisions; the same on both stores."""
    ada = {"email": "ada@byron.test", "phone": "+442071234567"}
    who = Identifiers(email="ada@byron.test")
    story: list[Step] = [
        (
            [person("crm/people/1", "Ada Byron", **ada), event("crm/events/1", "form.submitted", "2026-01-01", who)],
            None,
        ),
        ([person("helpdesk/people/2", "Cleo Marsh", email="ada@byron.test")], None),
        ([person("helpdesk/people/2", "Ada Byron", **ada)], ("keep_apart", "crm/people/1", "helpdesk/people/2")),
        ([person("crm/people/1", "Bob Stone", email="bob@stone.test")], ("merge", "crm/people/1", "helpdesk/people/3")),
    ]
    await _assert_same_both_ways(store, other, model, story)


async def test_only_what_changed_is_read(store: Store, model: Frozen) -> None:
    """One changed record among many: its component is linked, the others are not looked at."""
    await _begin(store, model)
    names = ("Nora Quill", "Omar Vance", "Petra Lund", "Rosa Idle", "Sven Ashby")
    lone = [person(f"crm/leads/{n}", name, email=f"{name[:4].lower()}@x{n}.test") for n, name in enumerate(names)]
    await sync([fixed_source("test", *lone)], store, RULES, full=True)

    report = await sync(
        [fixed_source("test", person("crm/leads/3", "Rosa Idle", email="new@x3.test"))], store, RULES, full=True
    )

    assert report.linked.incremental
    assert report.linked.records == 1


async def test_a_cache_that_missed_something_is_not_trusted(store: Store, model: Frozen, caches: Path) -> None:
    """Another machine linked meanwhile: the old cache is noticed, everybody is read, and the graph is right."""
    await _begin(store, model)
    before = _cache_of(store, caches)
    shutil.copytree(before, caches / "old")
    await sync([fixed_source("test", person("crm/leads/1", "Eve Far", email="eve@far.test"))], store, RULES, full=True)
    shutil.rmtree(before)
    shutil.copytree(caches / "old", before)

    report = await sync(
        [fixed_source("test", person("helpdesk/leads/2", "Eve Far", email="eve@far.test"))], store, RULES, full=True
    )

    assert not report.linked.incremental
    assert await store.read(TOGETHER, one="crm/leads/1", two="helpdesk/leads/2") == [[True]]


async def test_a_broken_cache_is_made_again(store: Store, model: Frozen, caches: Path) -> None:
    """Files cut short by a full disk or a crash cost one full run, and no mistake."""
    await _begin(store, model)
    for file in _cache_of(store, caches).rglob("*.arrow"):
        file.write_bytes(file.read_bytes()[:50])
    news = [person(f"crm/leads/{n}", f"Eve Far{n}", email=f"eve{n}@far.test") for n in range(2)]

    broken = await sync([fixed_source("test", news[0])], store, RULES, full=True)
    whole = await sync([fixed_source("test", news[1])], store, RULES, full=True)

    assert (broken.linked.incremental, whole.linked.incremental) == (False, True)


async def test_a_decision_leaves_the_cache_in_use(store: Store, other: Store, model: Frozen) -> None:
    """People decide and take back between two syncs: only what changed is read, and it equals linking everybody."""
    names = ("Ada Byron", "Cleo Marsh", "Bob Stone", "Dan Quill")
    first = [person(f"crm/people/{n}", name, email=f"{name[:3].lower()}@byron.test") for n, name in enumerate(names, 1)]
    then = [person("helpdesk/people/3", "Ada Byron", email="ada@byron.test")]
    reports = []
    for each in (store, other):
        await _begin(each, model)
        await sync([fixed_source("test", *first)], each, RULES, full=True)
        one, two = [id for (id,) in await each.read(CUSTOMERS, keys=["crm/people/1", "crm/people/2"])]
        three, four = [id for (id,) in await each.read(CUSTOMERS, keys=["crm/people/3", "crm/people/4"])]
        await merge_customers(each, RULES, [one, two], Ask(by="cleo"))
        taken = await merge_customers(each, RULES, [three, four], Ask(by="cleo"))
        await revert_decision(each, RULES, taken.decisions[0].id, Ask(by="cleo"))
        if each is other:
            shutil.rmtree(Path(other.uri.removeprefix("embedded:")) / "linkage-cache")
        reports.append(await sync([fixed_source("test", *then)], each, RULES, full=True))

    assert [report.linked.incremental for report in reports] == [True, False]
    assert await store.read(TOGETHER, one="crm/people/2", two="helpdesk/people/3") == [[True]]
    assert (await digest(store)).differences(await digest(other)) == ()


async def test_merges_of_sources_in_cycles_equal_linking_everybody(store: Store, other: Store, model: Frozen) -> None:
    """A into B and B into A, A into itself, A into B into C, and back to nobody: the graphs stay the same."""

    def merged(number: int, into: str | None) -> Record:
        return person(f"crm/people/{number}", f"Ada B{number}ron", email=f"ada@b{number}.test", merged_into=into)

    story: list[Step] = [
        ([merged(1, "2"), merged(2, "1")], None),
        ([merged(2, "2")], ("keep_apart", "crm/people/1", "crm/people/2")),
        ([merged(2, "3"), merged(3, None)], None),
        ([merged(1, None), merged(3, "9")], None),
    ]
    await _assert_same_both_ways(store, other, model, story)


async def test_a_rebuild_trusts_no_cache(store: Store, model: Frozen) -> None:
    """Everything is linked again from the facts."""
    await _begin(store, model)

    linked, _ = await rebuild(store, RULES)

    assert not linked.incremental
    assert linked.records == len(EVERYBODY)


def _cache_of(store: Store, caches: Path) -> Path:
    """The newest cache folder of this store."""
    home = Path(store.uri.removeprefix("embedded:")) if store.kind == "embedded" else caches
    return max((home / "linkage-cache").iterdir(), key=lambda folder: folder.stat().st_mtime)


async def _assert_same_both_ways(store: Store, other: Store, model: Frozen, steps: list[Step]) -> None:
    for each in (store, other):
        await _begin(each, model)
    for number, (records, decision) in enumerate(steps):
        for each in (store, other):
            await _decide(each, number, decision)
        shutil.rmtree(Path(other.uri.removeprefix("embedded:")) / "linkage-cache", ignore_errors=True)
        only_changes = await sync([fixed_source("test", *records)], store, RULES, full=True)
        everybody = await sync([fixed_source("test", *records)], other, RULES, full=True)

        assert not everybody.linked.incremental
        assert only_changes.linked.incremental == (everybody.linked.records > 0)
        assert (await digest(store)).differences(await digest(other)) == ()


async def _begin(store: Store, model: Frozen) -> None:
    while (await store.write("MATCH (n) WHERE NOT n:Meta WITH n LIMIT 5000 DETACH DELETE n")).nodes_deleted:
        pass
    await store.write("MATCH (m:Meta) SET m.store_id = null, m.link_state = null")
    await store.write(MODEL, version=model.version, body=model.body)
    await sync([fixed_source("test", *EVERYBODY)], store, RULES, full=True)


async def _decide(store: Store, number: int, decision: tuple[str, str, str] | None) -> None:
    await store.write(REVERT, id=str(number - 2))
    if decision is not None:
        kind, one, two = decision
        await store.write(DECIDE, id=str(number), kind=kind, records=[one, two])
