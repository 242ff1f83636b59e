"""docs/errors.md has every code that a client can be told, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import strawberry.subscriptions.protocols.graphql_transport_ws.handlers as strawberry_sockets
from graphql import GraphQLEnumType, GraphQLObjectType, get_named_type

from api.schema.schema import graphql_schema

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
CODE = re.compile(r"[A-Z]+(_[A-Z]+)+")
RAISERS = {"coded": 0, "Refusal": 1, "TooMuch": 0}
"""Whoever makes an error of a code, and which argument that is."""
RESTART = 1012
"""uvicorn's, when the server ends."""


def _section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((ROOT / "api").rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def _texts(node: ast.AST) -> list[str]:
    return [each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)]


def _codes_in(module: ast.Module) -> Iterator[tuple[int, list[str]]]:
    """Where a code is said, and which: by those who make errors, as `"code": …`, and in an assignment to `code`."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RAISERS:
            place = RAISERS[node.func.id]
            if len(node.args) > place and not isinstance(node.args[place], ast.Name | ast.Starred):
                yield node.lineno, _texts(node.args[place])
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "code" and isinstance(value, ast.Constant):
                    yield node.lineno, _texts(value)
        elif isinstance(node, ast.Assign) and any("code" in _names(target) for target in node.targets):
            yield node.lineno, [text for text in _texts(node.value) if CODE.fullmatch(text)]


def _names(target: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def test_every_code_of_an_error_is_documented() -> None:
    """What the code can say in `extensions.code` stands on the page, with what to do; nothing else does."""
    found: dict[str, str] = {}
    for path, module in _modules():
        for line, codes in _codes_in(module):
            found |= dict.fromkeys(codes, f"{path}:{line}")
    rows = re.findall(r"^\| `([A-Z_]+)` \| [^|]+ \| [^|]+ \| [^|]+ \|$", _section("`extensions.code`"), re.M)

    assert len(found) > 20
    assert {code: place for code, place in found.items() if code not in rows} == {}
    assert set(rows) - set(found) == set()
    assert len(rows) == len(set(rows))


def test_every_code_of_a_refused_change_is_documented() -> None:
    """The values of each enum that is the `code` of an error a payload can have, and no other."""
    declared = set()
    for type_ in graphql_schema().type_map.values():
        if not isinstance(type_, GraphQLObjectType) or "userErrors" not in type_.fields:
            continue
        error = get_named_type(type_.fields["userErrors"].type)
        assert isinstance(error, GraphQLObjectType)
        enum = get_named_type(error.fields["code"].type)
        assert isinstance(enum, GraphQLEnumType)
        declared |= {(enum.name, code) for code in enum.values}
    rows = re.findall(r"^\| `(\w+)` \| `([A-Z_]+)` \| [^|]+ \| [^|]+ \|$", _section("`userErrors`"), re.M)

    assert len(declared) > 5
    assert set(rows) == declared
    assert len(rows) == len(declared)


def test_every_code_of_a_closed_socket_is_documented() -> None:
    """Ours, and those of the handler that speaks the protocol for us."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "api").glob("*.py")]
    texts.append(Path(strawberry_sockets.__file__).read_text(encoding="utf-8"))
    told = r"(?:close\(|code=|^[A-Z_]+ = )\s*([14]\d{3})\b(?!\w)"
    found = {int(code) for text in texts for code in re.findall(told, text, re.M)} - {1000, 4000}
    rows = {int(code) for code in re.findall(r"^\| (\d{4}) \|", _section("Closed sockets"), re.M)}

    assert {4401, 4408, 4503} <= found
    assert rows == found | {RESTART}
