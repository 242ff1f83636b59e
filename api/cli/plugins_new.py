"""`c360 plugins new`: a project of a connector, with a stand-in of its system and tests that pass at once."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from api.cli.invocation import UsageProblem, of
from connectors.plugins import load_plugins

TEMPLATES = Path(__file__).with_name("new_plugin")
FILES = {
    "pyproject.toml.txt": "pyproject.toml",
    "README.md.txt": "README.md",
    "gitignore.txt": ".gitignore",
    "plugins.toml.txt": "plugins.toml",
    "connector.py.txt": "c360_${name}.py",
    "tests/stand_in.py.txt": "tests/stand_in.py",
    "tests/members.json.txt": "tests/members.json",
    "tests/test_connector.py.txt": "tests/test_connector.py",
}
"""Template → file of the project."""


def new(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What plugins.toml will call the connector.")],
    into: Annotated[Path, typer.Option("--into", metavar="DIR", help="Where the project's folder is made.")] = Path(),
) -> None:
    """Make the project of a connector: pyproject.toml, connector, stand-in of its system, tests, README."""
    if re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name) is None:
        raise UsageProblem(f"{name!r} is no name of a connector: small letters, digits and '_', e.g. club_desk.")
    if load_plugins(off="*").registry.get(name) is not None:
        raise UsageProblem(f"{name!r} comes with c360 already. Choose another name, e.g. own_{name}.")
    dashed = name.replace("_", "-")
    folder = into / f"c360-{dashed}"
    if folder.exists():
        raise UsageProblem(f"{folder} is there already. Choose another name, or --into another folder.")
    words = {
        "name": name,
        "dashed": dashed,
        "upper": name.upper(),
        # No name that the module imports, or Python has, ends so.
        "cls": "".join(part.capitalize() for part in name.split("_")) + "Connector",
        "title": name.replace("_", " ").title(),
        "version": version("c360"),
    }
    for template, target in FILES.items():
        path = folder / Template(target).substitute(words)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            Template((TEMPLATES / template).read_text(encoding="utf-8")).substitute(words), encoding="utf-8"
        )
    out = of(context).out
    out.print(f"Wrote {folder}. Its tests pass: cd {folder} && uv run pytest", markup=False)
    out.print(
        f"Then change c360_{name}.py and tests/stand_in.py until they are what {words['title']} says.", markup=False
    )
