"""What one request may cost, checked before the work is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from api.plan.errors import coded


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one request."""

    body_bytes: int = 1_000_000
    """Size of a request's body."""
    tokens: int = 4_000
    """Lexical tokens of a document: validation takes quadratic time in some of them."""
    depth: int = 16
    """Fields within fields; GraphiQL's introspection needs 14."""
    fields: int = 1_500
    """Fields of a document, fragments counted wherever they are used."""
    aliases: int = 60
    """Aliases of a document: each may repeat an expensive field."""
    rows: int = 50_000
    """Rows that the pages of one root field may hold together, lists within lists multiplied."""
    seconds: float = 30.0
    """How long one request may take."""


def check_limits(document: DocumentNode, limits: Limits) -> None:
    """Raise a GraphQL error when a document is larger than allowed; fragments that contain themselves do not matter."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    measured: dict[str, _Size] = {}
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            size = _measure(node.selection_set, fragments, measured, frozenset())
            _refuse("deep", "nested fields", size.depth, limits.depth)
            _refuse("large", "fields", size.fields, limits.fields)
            _refuse("large", "aliases", size.aliases, limits.aliases)


@dataclass(frozen=True, slots=True)
class _Size:
    depth: int = 0
    fields: int = 0
    aliases: int = 0

    def beside(self, other: _Size) -> _Size:
        return _Size(max(self.depth, other.depth), self.fields + other.fields, self.aliases + other.aliases)


def _measure(
    selection_set: SelectionSetNode | None,
    fragments: Mapping[str, FragmentDefinitionNode],
    measured: dict[str, _Size],
    within: frozenset[str],
) -> _Size:
    total = _Size()
    if selection_set is None:
        return total
    for selection in selection_set.selections:
        if isinstance(selection, FieldNode):
            inner = _measure(selection.selection_set, fragments, measured, within)
            own = _Size(inner.depth + 1, inner.fields + 1, inner.aliases + (selection.alias is not None))
            total = total.beside(own)
        elif isinstance(selection, InlineFragmentNode):
            total = total.beside(_measure(selection.selection_set, fragments, measured, within))
        elif isinstance(selection, FragmentSpreadNode):
            total = total.beside(_fragment(selection.name.value, fragments, measured, within))
    return total


def _fragment(
    name: str, fragments: Mapping[str, FragmentDefinitionNode], measured: dict[str, _Size], within: frozenset[str]
) -> _Size:
    if name in within or name not in fragments:  # validation says what is wrong with these
        return _Size()
    if name not in measured:
        measured[name] = _measure(fragments[name].selection_set, fragments, measured, within | {name})
    return measured[name]


def _refuse(adjective: str, what: str, found: int, most: int) -> None:
    if found > most:
        raise coded(
            "QUERY_TOO_LARGE",
            f"This document is too {adjective}: {found:,} {what}, at most {most:,} are allowed.",
        )
