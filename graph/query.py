"""One Cypher query from a tree of traversals.

`compile_query` makes one query out of what is wanted (`graph/reading.py`). Rows come back as nested positional lists: a
list costs less to receive than a map, and its order is ours. Instants come as epoch milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from graph.reading import (
    AllOf,
    Among,
    AnyOf,
    Column,
    Compare,
    Exists,
    Not,
    Page,
    Part,
    Predicate,
    Reading,
    SortKey,
    Traversal,
)

WALK_STEPS = (20, 100)
"""Longest walks along NEXT that are compiled; few, so that the store's own plan cache holds them all."""


def compile_query(parts: Sequence[Part]) -> str:
    """One query whose only row holds one value a part: a row or null, a list of rows, or a count."""
    return _compiled(parts, _Compiler())


def compile_query_of_few(parts: Sequence[Part]) -> str | None:
    """The same query where each `Among` has a list of few texts, which are sought one by one; None where none could be.

    A map is looked up in one step for every row of the page's order, a list by the column's index: which is faster
    depends on how many there are.
    """
    compiler = _Compiler(of_few=True)
    query = _compiled(parts, compiler)
    return query if compiler.sought and not compiler.looked_up else None


UNTIL = "until"
_LOOKED_THROUGH = 5_000
"""So many rows of an index are looked through for those that a filter wants: beyond it, all are sorted."""


@dataclass(frozen=True, slots=True)
class Until:
    """How a page along an index is read without sorting all rows: by two queries, the first for where it ends.

    The end is the last first key of as many rows as the page wants, and how many these are: the page's rows are no
    further. `in_order` takes the first rows of the index's order; `in_any` takes any, for a store that walks an index
    only where nothing is to be sorted: these are no nearer. `query` is the whole query with the end as `$until`.
    Where fewer than the parameter `limit` are found, or its answer has fewer at `place` because some went meanwhile,
    nothing is known, and the page is read by sorting.
    """

    in_order: str | None
    in_any: str | None
    query: str
    place: int
    limit: str
    is_instant: bool
    """Whether the end is an instant, in epoch milliseconds; `$until` is a `datetime` then."""


def compile_until(parts: Sequence[Part]) -> Until | None:
    """The queries of a page along an index; None where none goes along one."""
    for place, part in enumerate(parts):
        page = part.page
        if page is None or page.keys[0].column not in part.traversal.indexed:
            continue
        key = page.keys[0]
        # Rows without a value come last: from the end they come first, and no index has them.
        in_order = None if key.column.nullable and page.backward else _Compiler().end(part, page, in_order=True)
        is_ascending = key.descending == page.backward
        is_plain = part.where is None and not key.column.nullable
        in_any = _Compiler().end(part, page, in_order=False) if is_ascending and is_plain else None
        if in_order is None and in_any is None:
            continue
        bounded = replace(part, page=replace(page, until=UNTIL))
        query = compile_query([*parts[:place], bounded, *parts[place + 1 :]])
        # What always has a value is walked in order by one query.
        return Until(in_order if key.column.nullable else None, in_any, query, place, page.limit, key.column.instant)
    return None


def _compiled(parts: Sequence[Part], compiler: _Compiler) -> str:
    if len(parts) == 1:
        return "\n".join(compiler.part(parts[0], {}, "answer"))
    lines: list[str] = []
    names = [f"answer{number}" for number in range(len(parts))]
    for name, part in zip(names, parts, strict=True):
        lines += ["CALL () {", *compiler.part(part, {}, name), "}"]
    return "\n".join([*lines, f"RETURN {', '.join(names)}"])


Scope = dict[str, str]
"""Names as written in a declaration → variables of the query."""


class _Compiler:
    """Hands out variable names; one a query. With `of_few` what all rows must be among is sought by lists."""

    def __init__(self, *, of_few: bool = False) -> None:
        self._count = 0
        self._of_few = of_few
        self.sought = 0
        self.looked_up = 0

    def part(self, part: Part, outer: Scope, answer: str) -> list[str]:
        """The clauses of a part, ending in `RETURN … AS answer`."""
        scope = self._enter(part.traversal, outer)
        row = scope[part.traversal.variables[0]]
        if part.mode == "count":
            lines = self._matched(part, scope, outer, [])
            return [*lines, f"RETURN count({row}) AS {answer}"]
        carried = _carried(part.traversal, scope, outer)
        lines = self._rows(part, scope, outer)
        inner = {**scope, "this": row, "parent": outer.get("this", row)}
        texts: dict[Column | Part, str] = {}
        for cell in part.reading.cells:
            if isinstance(cell, Part):
                name = texts[cell] = self._fresh("m")
                lines += [f"CALL ({', '.join(carried)}) {{", *self.part(cell, inner, name), "}"]
        lines += self._read_together(part.reading, inner, lines, texts)
        cells = [texts[cell] for cell in part.reading.cells]
        collected = f"collect([{', '.join(cells)}])"
        return [*lines, f"RETURN {collected}{'[0]' if part.mode == 'one' else ''} AS {answer}"]

    def _read_together(
        self, reading: Reading, scope: Scope, lines: Sequence[str], texts: dict[Column | Part, str]
    ) -> list[str]:
        """The clause that reads several properties of a row at once, if there is one; tells `texts` of all columns.

        Neo4j walks all properties of a node for each that is named by itself, but only once for a map of some, where
        the query has read none of these before (`lines`).
        """
        columns = [cell for cell in reading.cells if isinstance(cell, Column)]
        maps: list[str] = []
        for variable, names in _unread(columns, scope, "\n".join(lines)).items():
            held = self._fresh("held") if len(names) > 1 else variable
            if held != variable:
                maps.append(f"{variable} {{{', '.join(f'.{name}' for name in names)}}} AS {held}")
            for column in columns:
                if scope[column.variable] == variable and column.name in names:
                    texts[column] = column_text(column, {column.variable: held})
        for column in columns:
            texts.setdefault(column, column_text(column, scope))
        return [f"WITH *, {', '.join(maps)}"] if maps else []

    def _rows(self, part: Part, scope: Scope, outer: Scope) -> list[str]:
        carried = ", ".join(_carried(part.traversal, scope, outer))
        if part.mode != "page":
            lines = self._matched(part, scope, outer, [])
            order = _order_by(part.traversal.keys(()), scope, backward=False)
            limit = " LIMIT 1" if part.mode == "one" else ""
            return [*lines, f"WITH {carried} ORDER BY {order}{limit}"]
        assert part.page is not None
        page = part.page
        order = _order_by(page.keys, scope, backward=page.backward)
        if self._walks(part) and not page.after:
            way = self._fresh("way")
            lines, order = [self._walked_from_an_end(part, {**scope, "way": way})], f"size({way})"
        elif self._walks(part):
            lines = self._walked_on(part, scope, outer)
        else:
            sought = self._of_few and _leads(part.where)
            conditions = [] if sought else _along_index(part.traversal, page, scope)
            conditions += [_beyond_all(page, scope)] if page.after else []
            lines = self._matched(part, scope, outer, conditions)
        return [*lines, f"WITH {carried} ORDER BY {order} LIMIT ${page.limit}"]

    def end(self, part: Part, page: Page, *, in_order: bool) -> str:
        """The query for the end of a page, see `Until`."""
        scope = self._enter(part.traversal, {})
        key = page.keys[0]
        text, descending = _property(key.column, scope), key.descending != page.backward
        bounds = [f"{text} IS NOT NULL"] if key.column.nullable and page.after is None else []
        if page.after:
            bounds.append(f"{text} {'<=' if descending else '>='} ${page.after[0]}")
        elif not key.column.nullable:
            bounds.append(f"{text} >= ''")
        wanted = (
            [self._predicate(part.where, {**scope, "this": scope[part.traversal.variables[0]]}, leading=True)]
            if part.where
            else []
        )
        wanted += [_beyond_all(page, scope)] if page.after else []
        row = scope[part.traversal.variables[0]]
        every = replace(part, where=None)
        if in_order:
            lines = self._matched(every, scope, {}, bounds)
            narrowed = f" WHERE {' AND '.join(wanted)}" if wanted else ""
            order = f"{text}{' DESC' if descending else ''}"
            lines.append(f"WITH {row} ORDER BY {order} LIMIT {_LOOKED_THROUGH}{narrowed}")
        else:
            lines = self._matched(every, scope, {}, [*bounds, *wanted])
        lines.append(f"WITH {text} AS key LIMIT ${page.limit}")
        end = f"{'min' if descending else 'max'}(key){'.epochMillis' if key.column.instant else ''}"
        return "\n".join([*lines, f"RETURN {end}, count(key)"])

    def _matched(self, part: Part, scope: Scope, outer: Scope, more: Sequence[str]) -> list[str]:
        traversal = part.traversal
        text = _renamed(traversal.match, scope, part.arguments)
        conditions = [_renamed(traversal.where, scope, part.arguments)] if traversal.where else []
        row = scope[traversal.variables[0]]
        if part.where is not None:
            inner = {**scope, "this": row, "parent": outer.get("this", row)}
            conditions.append(self._predicate(part.where, inner, leading=True))
        conditions += more
        return [text + (f" WHERE {' AND '.join(conditions)}" if conditions else "")]

    def _walks(self, part: Part) -> bool:
        walk, page = part.traversal.walk, part.page
        return walk is not None and page is not None and part.where is None and page.order == walk.order

    def _walked_from_an_end(self, part: Part, scope: Scope) -> str:
        """Walk the chain from where the page begins; the number of steps is the order, and no row is read for it."""
        walk, page = part.traversal.walk, part.page
        assert walk is not None
        assert page is not None
        pattern = walk.newest if page.descending != page.backward else walk.oldest
        return _renamed(pattern.replace("{steps}", f"{{0,{_longest(page) - 1}}}"), scope, {})

    def _walked_on(self, part: Part, scope: Scope, outer: Scope) -> list[str]:
        """Walk on from the cursor's row; where that is gone, the ordinary page by sort values instead."""
        walk, page = part.traversal.walk, part.page
        assert walk is not None
        assert page is not None
        assert page.after is not None
        row, this = scope[part.traversal.variables[0]], outer["this"]
        at, known = self._fresh("at"), self._fresh("known")
        walking = {**scope, "at": at}
        pattern = walk.backwards_from if page.descending != page.backward else walk.forwards_from
        stepped = _renamed(pattern.replace("{steps}", f"{{1,{_longest(page)}}}"), walking, {})
        ordinary = self._matched(part, scope, outer, [_beyond_all(page, scope)])
        return [
            # By itself, so that it is sought by its id and not among all that the chain's owner has.
            f"CALL () {{ OPTIONAL {_renamed(walk.sought, walking, {'at': page.after[-1]})} RETURN {at} }}",
            f"WITH {this}, {at}, {at} IS NOT NULL AND EXISTS {{ {_renamed(walk.belongs, walking, {})} }} AS {known}",
            f"CALL ({this}, {at}, {known}) {{",
            f"WITH {this}, {at}, {known} WHERE {known} {stepped} RETURN {row}",
            "UNION",
            f"WITH {this}, {known} WHERE NOT {known} {ordinary[0]} RETURN {row}",
            "}",
        ]

    def _predicate(self, predicate: Predicate, scope: Scope, *, leading: bool = False) -> str:
        """`leading` says that every row must fulfil it, whatever else is asked."""
        match predicate:
            case Compare():
                return _compare(predicate, scope)
            case Among(column, parameter):
                if leading and self._of_few:
                    self.sought += 1
                    return f"{_property(column, scope)} IN ${parameter}"
                self.looked_up += 1
                return f"${parameter}[{_property(column, scope)}] IS NOT NULL"
            case AllOf(predicates):
                inner = [self._predicate(p, scope, leading=leading) for p in predicates]
                return "(" + (" AND ".join(inner) or "true") + ")"
            case AnyOf(predicates):
                return "(" + (" OR ".join(self._predicate(p, scope) for p in predicates) or "false") + ")"
            case Not(negated):
                return f"NOT coalesce({self._predicate(negated, scope)}, false)"
            case Exists(traversal, related):
                entered = self._enter(traversal, scope)
                row = {**entered, "this": entered[traversal.variables[0]], "parent": scope["this"]}
                conditions = [_renamed(traversal.where, entered, {})] if traversal.where else []
                conditions.append(self._predicate(related, row))
                return f"EXISTS {{ {_renamed(traversal.match, entered, {})} WHERE {' AND '.join(conditions)} }}"

    def _enter(self, traversal: Traversal, outer: Scope) -> Scope:
        """The names that hold within the traversal: the row it starts from and fresh ones of its own."""
        number = self._count
        self._count += 1
        scope = {**outer, **{name: f"{name}_{number}" for name in traversal.variables}}
        return scope | {name: f"({_renamed(text, scope, {})})" for name, text in traversal.shown.items()}

    def _fresh(self, stem: str) -> str:
        self._count += 1
        return f"{stem}_{self._count}"


def _unread(columns: Sequence[Column], scope: Scope, text: str) -> dict[str, list[str]]:
    """Names of the properties by variable that these columns want and this part of the query does not read."""
    names: dict[str, dict[str, None]] = {}
    for column in columns:
        variable = scope[column.variable]
        is_property = column.name and variable.isidentifier()
        if is_property and not re.search(rf"\b{variable}(\.|(:\w+)? {{){column.name}\b", text):
            names.setdefault(variable, {})[column.name] = None
    return {variable: list(found) for variable, found in names.items()}


def _leads(where: Predicate | None) -> bool:
    """Whether every row must be among some texts."""
    match where:
        case Among():
            return True
        case AllOf(predicates):
            return any(_leads(inner) for inner in predicates)
        case _:
            return False


def _carried(traversal: Traversal, scope: Scope, outer: Scope) -> list[str]:
    """The variables that the row's cells may speak of: its own and the row it started from."""
    carried = [scope[name] for name in traversal.variables]
    if "this" in outer and outer["this"] not in carried:
        carried.append(outer["this"])
    return carried


def column_text(column: Column, scope: Scope) -> str:
    """A column as Cypher."""
    text = _property(column, scope)
    return f"{text}.epochMillis" if column.instant else text


def _property(column: Column, scope: Scope) -> str:
    return f"{scope[column.variable]}.{column.name}" if column.name else scope[column.variable]


def _compare(compare: Compare, scope: Scope) -> str:
    column = _property(compare.column, scope)
    parameter = f"${compare.parameter}"
    match compare.operator:
        case "HAS ANY":
            return f"any(value IN {column} WHERE value IN {parameter})"
        case "NOT IN":
            return f"NOT {column} IN {parameter}"
        case "IS NULL":
            return f"({column} IS NULL) = {parameter}"
        case operator:
            return f"{column} {operator} {parameter}"


def _order_by(keys: Sequence[SortKey], scope: Scope, *, backward: bool) -> str:
    texts: list[str] = []
    for key in keys:
        text = _property(key.column, scope)
        if key.column.nullable:
            texts.append(f"{text} IS NULL{' DESC' if backward else ''}")
        texts.append(f"{text}{' DESC' if key.descending != backward else ''}")
    return ", ".join(texts)


def _along_index(traversal: Traversal, page: Page, scope: Scope) -> list[str]:
    """Says what is true of every row of the page, so that the store walks an index from the page's first row on."""
    first = page.keys[0]
    if first.column not in traversal.indexed or (first.column.nullable and not page.until):
        return []
    text, descending = _property(first.column, scope), first.descending != page.backward
    until = [f"{text} {'>=' if descending else '<='} ${page.until}"] if page.until else []
    if page.after is not None:
        return [f"{text} {'<=' if descending else '>='} ${page.after[0]}", *until]
    return until if first.column.nullable else [f"{text} >= ''", *until]


def _beyond_all(page: Page, scope: Scope) -> str:
    """The row comes after the cursor's: a lexicographic comparison, key by key, rows without a value last."""
    assert page.after is not None
    alternatives: list[str] = []
    same: list[str] = []
    for key, parameter in zip(page.keys, page.after, strict=True):
        text, value = _property(key.column, scope), f"${parameter}"
        alternatives.append(" AND ".join([*same, _beyond(text, value, key, page.backward)]))
        same.append(
            f"({text} = {value} OR ({text} IS NULL AND {value} IS NULL))"
            if key.column.nullable
            else f"{text} = {value}"
        )
    return "(" + " OR ".join(alternatives) + ")"


def _beyond(text: str, value: str, key: SortKey, backward: bool) -> str:
    further = f"{text} {'<' if key.descending != backward else '>'} {value}"
    if not key.column.nullable:
        return further
    if backward:
        return f"({further} OR ({text} IS NOT NULL AND {value} IS NULL))"
    return f"({further} OR ({text} IS NULL AND {value} IS NOT NULL))"


def _longest(page: Page) -> int:
    """How many rows of a chain a page reads at most; one of few bounds, so that plans are few."""
    return next((bound for bound in WALK_STEPS if page.most <= bound), page.most) + page.spare


def _renamed(text: str, scope: Scope, arguments: Mapping[str, str]) -> str:
    """Declared Cypher with the variables and parameters of this query."""
    for name, variable in scope.items():
        text = re.sub(rf"(?<![.:$\w]){name}(?![\w(])", variable.replace("\\", r"\\"), text)
    for name, parameter in arguments.items():
        text = re.sub(rf"\${name}\b", f"${parameter}", text)
    return text
