"""What one request, and one viewer, may cost, checked before the work is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    TokenKind,
)

from api.plan.errors import coded


class LimitsError(ValueError):
    """A text names limits that are none; the message says which there are."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one request, and of what one viewer may ask."""

    body_bytes: int = 1_000_000
    """Size of a request's body."""
    characters: int = 200_000
    """Characters of a document: a comment, or the text of a value, is one token however long it is."""
    tokens: int = 4_000
    """Lexical tokens of a document: validation takes quadratic time in some of them."""
    depth: int = 16
    """Fields within fields; GraphiQL's introspection needs 14."""
    fields: int = 1_500
    """Fields of a document, fragments counted wherever they are used."""
    aliases: int = 60
    """Aliases of a document, and fields that stand a second time in one selection: each may repeat an expensive one."""
    rows: int = 50_000
    """Rows that the pages of one root field may hold together, lists within lists multiplied."""
    seconds: float = 30.0
    """How long one request may take."""
    cost: int | None = None
    """Points that one operation may cost."""
    rate: int | None = None
    """Operations a minute."""
    points: int | None = None
    """Points that a viewer has when they have not asked for a while."""
    restore: int | None = None
    """Points that come back each second; a twentieth of `points` unless said."""

    @property
    def restored_a_second(self) -> int:
        """Points that come back each second; at least one."""
        return self.restore or max(1, (self.points or 0) // 20)

    def changed(self, text: str) -> Limits:
        """These limits with those that a text names, such as `rate=600 depth=8`; raises LimitsError."""
        given: dict[str, int | float] = {}
        for part in text.replace(",", " ").split():
            name, _, value = part.partition("=")
            if name not in NAMES or not value.isdecimal() or not 0 < int(value) < 10**9:
                raise LimitsError(
                    f"{part[:40]!r} is no limit. Write `name=number` with one of {', '.join(NAMES)}; "
                    "e.g. rate=600 points=1000."
                )
            given[name] = float(value) if name == "seconds" else int(value)
        return replace(self, **given)  # type: ignore[arg-type]


NAMES = tuple(each.name for each in fields(Limits) if each.name != "body_bytes")
"""The limits that may be set."""


@dataclass(frozen=True, slots=True)
class Measure:
    """How large a document is: its tokens; and of its largest operation the depth, fields, aliases and repetitions."""

    tokens: int
    depth: int
    fields: int
    aliases: int


def check_limits(measure: Measure, limits: Limits) -> None:
    """Raise a GraphQL error when a document is larger than allowed."""
    _refuse("large", "tokens", measure.tokens, limits.tokens)
    _refuse("deep", "nested fields", measure.depth, limits.depth)
    _refuse("large", "fields", measure.fields, limits.fields)
    _refuse("large", "aliases", measure.aliases, limits.aliases)


def check_length(document: str, limits: Limits) -> None:
    """Raise a GraphQL error when a document has more characters than are worth reading."""
    if len(document) > limits.characters:
        raise coded(
            "GRAPHQL_PARSE_FAILED",
            f"This document is too long: {len(document):,} characters, at most {limits.characters:,} are allowed. "
            "Send long values as variables.",
        )


def measured(document: DocumentNode) -> Measure:
    """The size of a document; fragments that contain themselves do not matter."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    known: dict[str, _Size] = {}
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    sizes = [_measure(node.selection_set, fragments, known, frozenset()) for node in operations]
    return Measure(
        tokens=_tokens(document),
        depth=max((size.depth for size in sizes), default=0),
        fields=max((size.fields for size in sizes), default=0),
        aliases=max((size.aliases for size in sizes), default=0),
    )


def _tokens(document: DocumentNode) -> int:
    assert document.loc is not None
    count, token = 0, document.loc.start_token.next
    while token is not None and token.kind is not TokenKind.EOF:
        count += token.kind is not TokenKind.COMMENT
        token = token.next
    return count


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
    names: set[str] = set()
    for selection in selection_set.selections:
        if isinstance(selection, FieldNode):
            inner = _measure(selection.selection_set, fragments, measured, within)
            repeats = selection.alias is not None or selection.name.value in names
            names.add(selection.name.value)
            total = total.beside(_Size(inner.depth + 1, inner.fields + 1, inner.aliases + repeats))
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
