"""The house stands: floors, rooms and names are as CONTRIBUTING.md says; the wheel works beside a stranger's `api/`."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph.cypher import cypher, description_of, parameters_of

ROOT = Path(__file__).parent.parent
FLOORS = {"connectors": 0, "graph": 1, "api": 2}
FACE = "c360"
FRAME = "graph/linkage/frame.py"
CLAUSES = re.compile(r"\b(MATCH|MERGE|UNWIND|OPTIONAL MATCH|DETACH DELETE)\b\s*[({$\w]|\bRETURN\b.+\bAS\b|\bCREATE \(")


def _modules(*floors: str) -> Iterator[tuple[str, ast.Module]]:
    for floor in floors:
        for path in sorted((ROOT / floor).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _texts(tree: ast.Module) -> Iterator[str]:
    """Every string of a module that is not a docstring."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def _cypher_files() -> list[str]:
    return sorted(
        path.relative_to(ROOT / "graph").with_suffix("").as_posix() for path in (ROOT / "graph").rglob("*.cypher")
    )


def test_imports_only_go_down() -> None:
    """connectors knows nothing of graph, graph nothing of api, and nobody below needs the face."""
    wrong = [
        f"{path} imports {name}"
        for path, tree in _modules(*FLOORS)
        for name in _imported(tree)
        if FLOORS.get(name.split(".")[0], -1) > FLOORS[path.split("/")[0]] or name.split(".")[0] == FACE
    ]
    assert wrong == []


def test_the_face_only_shows_the_ground_floor_and_the_way_to_the_graph() -> None:
    """What plugin authors import needs no graph and no API; analysts' `connect` is all that is shown of the graph."""
    above = {
        f"{path} imports {name}"
        for path, tree in _modules(FACE)
        for name in _imported(tree)
        if name.split(".")[0] in ("graph", "api")
    }
    assert above == {"c360/__init__.py imports graph.analyst"}


def test_whoever_writes_a_connector_loads_no_graph() -> None:
    """`import c360` and the test kit bring neither the graph nor its drivers; `connect` is there when asked for."""
    code = (
        "import sys, c360, c360.testing\n"
        "before = {name.partition('.')[0] for name in sys.modules}\n"
        "c360.connect\n"
        "print(*before & {'graph', 'api', 'neo4j', 'pyarrow', 'pandas'}, 'graph.analyst' in sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    assert ran.stdout.split() == ["True"]


def test_nothing_in_the_product_needs_its_tests_or_benchmarks() -> None:
    """tests, benchmarks and examples are not part of the wheel."""
    wrong = [
        f"{path} imports {name}"
        for path, tree in _modules(FACE, *FLOORS)
        for name in _imported(tree)
        if name.split(".")[0] in ("tests", "benchmarks", "examples", "scripts", "pytest")
    ]
    assert wrong == []


def test_the_linkage_frame_is_the_only_room_with_pandas_and_recordlinkage() -> None:
    """The engine works on arrays; the frame is one file."""
    users = {
        path
        for path, tree in _modules(FACE, *FLOORS)
        if {"pandas", "recordlinkage"} & {name.split(".")[0] for name in _imported(tree)}
    }
    assert users == {FRAME}


def test_every_cypher_file_is_documented() -> None:
    """Each says what it does, and names every parameter it uses, and no other."""
    for name in _cypher_files():
        if name.startswith("store/migrations/"):
            continue
        used = set(re.findall(r"\$(\w+)", cypher(name)))
        named = {parameter.name for parameter in parameters_of(name)}

        assert len(description_of(name).split()) >= 2, f"graph/{name}.cypher does not say what it is for"
        assert used == named, f"graph/{name}.cypher uses {sorted(used)} and documents {sorted(named)}"


def test_every_cypher_file_is_used() -> None:
    """Writes are named by the code; questions are asked by name, so each is shipped and tested or used by the API."""
    sources = [path for floor in (*FLOORS, "tests") for path in (ROOT / floor).rglob("*.py")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    # `cypher(f"writes/wipe_{name}")` stands for every file that fits it.
    patterns = [re.sub(r"\\\{[^}]*\\\}", r"\\w+", re.escape(text)) for text in re.findall(r'f"(writes/[^"]+)"', code)]
    unused = [
        name
        for name in _cypher_files()
        if not name.startswith("store/migrations/")
        and f'"{name}"' not in code
        and not any(re.fullmatch(pattern, name) for pattern in patterns)
        and not (name.startswith("questions/") and f'"{name.removeprefix("questions/")}"' in code)
    ]
    assert unused == []


def test_the_api_holds_no_cypher() -> None:
    """Reads are compiled from traversals declared in graph/; api/ knows properties' names only."""
    found = [
        f"{path}: {text.strip()[:60]}"
        for path, tree in _modules("api")
        for text in _texts(tree)
        if CLAUSES.search(text)
    ]
    assert found == []


def test_permissions_are_decided_by_the_plan_and_never_by_a_field() -> None:
    """No Strawberry permission classes: they would run once a row."""
    found = [path for path, _ in _modules("api") if "permission_classes" in (ROOT / path).read_text(encoding="utf-8")]
    assert found == []


def test_files_are_named_after_what_they_are_about() -> None:
    """No utils, helpers, managers or commons, and no marks of work that was left for later."""
    vague = re.compile(r"(^|_)(utils?|helpers?|managers?|commons?|misc|stuff)(_|$)")
    named = [
        path
        for path, _ in _modules(FACE, *FLOORS)
        if any(vague.search(part) for part in Path(path).with_suffix("").parts)
    ]
    later = re.compile(r"#\s*(TODO|FIXME|XXX|HACK)\b|#\s*[-=─═]{4,}")
    left = [path for path, _ in _modules(FACE, *FLOORS) if later.search((ROOT / path).read_text(encoding="utf-8"))]

    assert named == []
    assert left == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the project's own build backend from what is in the working tree."""
    out = tmp_path_factory.mktemp("wheel")
    uv = shutil.which("uv") or str(ROOT / ".cache" / "uv" / "bin" / "uv")
    subprocess.run([uv, "build", "--wheel", "--quiet", "--out-dir", str(out)], cwd=ROOT, check=True)
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_all_that_is_read_at_run_time_and_nothing_else(wheel: Path) -> None:
    """Cypher, migrations, charts and the pages' files are in it; tests are not."""
    names = set(zipfile.ZipFile(wheel).namelist())
    charts = {path.relative_to(ROOT).as_posix() for path in (ROOT / "graph" / "charts").iterdir()}

    assert {f"graph/{name}.cypher" for name in _cypher_files()} <= names
    assert charts <= names
    assert any(name.startswith("api/web/graphiql/") for name in names)
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"api", "connectors", "graph", "c360"}


def test_the_wheel_starts_beside_a_foreign_api_folder(wheel: Path, tmp_path: Path) -> None:
    """Called where somebody else's `api` package lies, the console script still finds its own."""
    home = tmp_path / "installed"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    packages = next(home.glob("lib/python*/site-packages"))
    zipfile.ZipFile(wheel).extractall(packages)
    # The dependencies are those of this environment; its editable c360 is left out by being named after the wheel's.
    ours = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    stranger = tmp_path / "work" / "api"
    stranger.mkdir(parents=True)
    (stranger / "__init__.py").write_text("raise RuntimeError('this is not our api')\n")
    script = home / "bin" / "c360"
    start = "import sys\nfrom api.cli.main import run\nif __name__ == '__main__':\n    sys.exit(run())\n"
    script.write_text(f"#!{home / 'bin' / 'python'}\n{start}")
    script.chmod(0o755)
    (packages / "zz_dependencies.pth").write_text(f"{ours}\n")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    called = subprocess.run(
        [str(script), "schema"], cwd=stranger.parent, env=environment, capture_output=True, text=True, check=False
    )
    where = subprocess.run(
        [str(home / "bin" / "python"), "-I", "-c", "import api.cli.main as m; print(m.__file__)"],
        cwd=stranger.parent, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert called.returncode == 0, called.stderr
    assert "type Query {" in called.stdout
    assert where.stdout.startswith(str(packages))
