"""What users can read is true: commands and queries of README and docs are run, pages made from code are fresh."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.cli.reference import PAGES
from graph.store.driver import open_store
from tests.api.cli.calls import PEOPLE, Shell
from tests.conftest import Homes
from tests.demo_company import DemoCompany, demo_company

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parent.parent
TEXTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "examples/web/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
OWN_CONNECTOR = "docs/connectors/your_own.md"
NOT_RUN_HERE = {
    "serve": "runs until it is stopped: tests/api/cli/test_demo.py",
    "demo": "tests/api/cli/test_demo.py",
    "keys revoke": "needs the id of a key: tests/api/cli/test_keys.py",
    "keys limit": "needs the id of a key: tests/api/cli/test_keys.py",
    "sync --since": "needs a source that can begin at a moment: tests/api/cli/test_since.py",
    "rejections show": "needs the id of a rejection: tests/api/cli/test_rejections.py",
    "sources remove": "needs a source of that name: tests/api/cli/test_known_sources.py",
    "deliveries drop": "needs something that waits: tests/api/cli/test_deliveries.py",
    "restore": "needs an empty store: tests/api/cli/test_backup.py",
    "store copy": "needs a second store: tests/graph/store/test_copy.py",
}


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page."""

    page: str
    language: str
    text: str


def _blocks(*languages: str) -> Iterator[Block]:
    for path in TEXTS:
        for language, text in re.findall(r"^```(\w+)\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S):
            if language in languages:
                yield Block(path.relative_to(ROOT).as_posix(), language, text)


def _shell_lines() -> list[str]:
    return list(
        dict.fromkeys(line.strip() for block in _blocks("sh") for line in block.text.splitlines() if line.strip())
    )


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> DemoCompany:
    return demo_company(tmp_path_factory)


@pytest.fixture
def newcomer(company: DemoCompany, homes: Homes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A folder with exports, a table of people and the example queries, and an empty graph."""
    shutil.copytree(company.data / "exports", tmp_path / "exports")
    shutil.copytree(ROOT / "examples" / "queries", tmp_path / "examples" / "queries")
    (tmp_path / "acme").mkdir()
    people = "".join(f"{n},Ada{n} Quist{n},p{n % 40}@x.test,\n" for n in range(10, 90))
    (tmp_path / "people.csv").write_text(PEOPLE + people)
    clusters = "record_id,customer_id\n" + "".join(f"{n},{n % 7}\n" for n in range(20))
    (tmp_path / "who.csv").write_text(clusters)
    (tmp_path / "truth.csv").write_text("record_id,customer_id\n" + "".join(f"{n},{n}\n" for n in range(100)))
    (tmp_path / "a.csv").write_text("id,nachname,mail\n" + "".join(f"{n},Quist{n},p{n}@x.test\n" for n in range(40)))
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, homes.of("embedded").settings)


def test_every_command_of_the_pages_does_what_it_says(newcomer: Shell) -> None:
    """Each `c360 …` line runs as written, in a folder with exports; what is served or copied is run elsewhere."""
    _write_the_example_connector(newcomer)
    calls = [words for line in _shell_lines() if (words := _words_after_c360(line)) is not None]
    assert len(calls) > 25
    # `init` and `sync` come first, as they do for the newcomer: the rest needs what they write.
    for words in sorted(calls, key=lambda words: ("club" in words, "init" not in words, words != ["sync"])):
        if any(name in NOT_RUN_HERE for name in (words[0], " ".join(words[:2]))):
            continue
        if "club" in words:
            (section,) = (block.text for block in _blocks("toml") if block.page == OWN_CONNECTOR)
            newcomer.write("plugins.toml", section)
        call = newcomer.as_written(words)
        assert call.code == 0, f"c360 {' '.join(words)}: {call.err}"


def test_the_analysts_program_prints_what_its_page_says(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The blocks of Python of docs/analysts.md run one after the other, on the sample company."""
    monkeypatch.setenv("C360_STORE", company.store.uri)
    monkeypatch.chdir(company.folder)
    program = "\n".join(block.text for block in _blocks("python") if block.page == "docs/analysts.md")

    exec(compile(program, "docs/analysts.md", "exec"), {})

    assert "repeated_questions" in capsys.readouterr().out


def _write_the_example_connector(shell: Shell) -> None:
    """The file and the list that docs/connectors/your_own.md speaks of."""
    (module,) = (block.text for block in _blocks("python") if block.page == OWN_CONNECTOR)
    shell.write("members.py", module)
    shell.write("members.json", json.dumps([{"no": 7, "name": "Ada Quist", "mail": "ada@x.test"}]))


def test_the_example_connector_is_read_as_its_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's module and section give the member, and refuse the one whose address is none, by number."""
    monkeypatch.chdir(tmp_path)
    shell = Shell(tmp_path)
    _write_the_example_connector(shell)
    (section,) = (block.text for block in _blocks("toml") if block.page == OWN_CONNECTOR)
    shell.write("plugins.toml", section)
    good = {"no": 7, "name": "Ada Quist", "mail": "ada@x.test"}
    shell.write("members.json", json.dumps([good, {"no": 8, "name": "Bo", "mail": "none"}]))

    call = shell("sync", "club", "--preview", "--json")

    assert call.code == 0, call.err
    (found,) = call.json
    assert [record["full_name"] for record in found["streams"]["members"]] == ["Ada Quist"]
    assert "member 8: mail is no address" in found["problems"][0]


def _words_after_c360(line: str) -> list[str] | None:
    """The arguments of a call; None when the line calls something else."""
    words = shlex.split(line)
    while words and re.match(r"[A-Z0-9_]+=", words[0]):
        words.pop(0)
    return words[1:] if words[:1] == ["c360"] else None


def test_every_script_of_the_pages_is_there_and_explains_itself() -> None:
    """Each `scripts/…` that a page names can be run, and its first lines say what it does."""
    named = {found for path in TEXTS for found in re.findall(r"\bscripts/\w+\b", path.read_text(encoding="utf-8"))}

    assert {"scripts/demo", "scripts/test"} <= named
    for name in named:
        script = ROOT / name
        assert os.access(script, os.X_OK), name
        assert script.read_text(encoding="utf-8").splitlines()[1].startswith("# "), name


async def test_every_query_of_the_pages_is_answered(company: DemoCompany) -> None:
    """Each GraphQL query that needs no variables has an answer without errors; the README's has the printed one."""
    async with open_store(company.store) as store:
        transport = httpx.ASGITransport(app=create_app(store))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            answers: dict[str, Any] = {}
            for block in _blocks("graphql"):
                if not re.match(r"\s*(query\b[^(]*)?\{", block.text):
                    continue  # a fragment of the schema, or a query that needs variables
                response = await client.post("/graphql", json={"query": block.text})
                body = response.json()
                assert "errors" not in body, f"{block.page}: {body['errors']}\n{block.text}"
                answers[block.page] = answers.get(block.page, body["data"])

    (printed,) = (json.loads(block.text) for block in _blocks("json") if block.page == "README.md")
    assert answers["README.md"] == printed


def test_the_readme_prints_what_the_demo_prints(company: DemoCompany) -> None:
    """The person's records, evidence, journey and questions stand in the README as the demo tells them."""
    summary = json.loads(company.summary)
    person = summary["person"]
    (printed,) = (block.text for block in _blocks("text") if block.page == "README.md" and "One of them" in block.text)

    def without_figures(text: str) -> str:
        return re.sub(r"\d[\d,.]*", "#", text)

    assert without_figures(summary["comparison"]["sentence"]) == without_figures(printed.splitlines()[0])
    for record in person["records"]:
        assert f"{record['name']}, {record['email']}, {record['phone']}" in printed
    # Which evidence weighs most follows from the records one has learned from; its form does not.
    assert len(re.findall(r"^  \w+ – \w+: \w.+ \(\+\d+\.\d bits\)$", printed, re.M)) == len(person["evidence"])
    for moment in person["journey"]:
        assert re.search(rf"{moment['at']}  {moment['function']} +{re.escape(moment['what'])}", printed), moment
    for asked in person["asked_twice"]:
        assert f"{asked['field']}: in {asked['first']}, again in {asked['again']}" in printed


@pytest.mark.parametrize("name", PAGES)
def test_a_page_made_from_the_code_is_fresh(name: str) -> None:
    """The page says what the code says; `python -m api.cli.reference` writes it anew."""
    assert (ROOT / name).read_text(encoding="utf-8") == PAGES[name]()


def test_every_variable_is_documented() -> None:
    """What can be set from outside stands in docs/settings.md, and nothing else does."""
    folders = [ROOT / name for name in ("api", "connectors", "graph", "tests", "scripts", ".ci")]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix in ("", ".py")]
    files.append(ROOT / "docker-compose.yml")
    told = r"\bC360_(?:STORE|API_TOKEN|METRICS|LOG|SLOW|PLUGINS|TEST|REQUIRE|NEO4J)\w*(?<!_)\b"
    used = {name for path in files for name in re.findall(told, path.read_text(encoding="utf-8", errors="ignore"))}
    documented = set(re.findall(told, (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")))

    assert used == documented


def test_every_link_of_the_pages_leads_somewhere() -> None:
    """Relative links name files and folders that are there."""
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in TEXTS
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]
    assert broken == []
