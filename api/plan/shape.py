"""From rows to the answer by one function, written and compiled for a plan.

A selection becomes one Python expression: dicts within lists within dicts, in the order of the selection. It is
written in two ways. *Finished* it gives the response itself: leaves are coerced, types are named, and where a value
is not what the schema promises it raises. Then the other way tells exactly what is wrong: *walked* it gives what
graphql-core walks, dicts of raw values by response key, each with the name of its type.

An `Expression` is written last, when it is known which cells every row has. Nothing of a request is ever part of the
text: it is made of our own names and of response keys, which are names by GraphQL's grammar.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLOutputType,
    Undefined,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
)

from api.plan.filters import Convert
from api.plan.rows import TYPENAME, Parameters, Row
from graph.reading import Column, Part, Reading

Shape = Callable[[Row, Parameters, Any], Any]
"""Takes the answer of a root field's query, the parameters it was asked with, and what was worked out."""


class Unfinished(Exception):
    """A value is not what the schema promises."""


@dataclass(slots=True)
class Writer:
    """Writes one function in one of the two ways; names what its text speaks of."""

    finished: bool
    constants: dict[str, Any] = field(default_factory=dict)
    variables: int = 0

    def name(self, value: Any) -> str:
        """The name of a constant of the function."""
        if value is None:
            return "None"
        name = f"c{id(value)}"
        self.constants[name] = value
        return name

    def variable(self) -> str:
        """A new variable, for a value that is looked at more than once."""
        self.variables += 1
        return f"v{self.variables}"


Expression = Callable[[Writer], str]


@dataclass(frozen=True, slots=True)
class Cells:
    """What is read of a row, which the text knows by `name`, and each of its cells by `cell` of its position."""

    name: str
    reading: Reading
    cell: Callable[[int], str]

    def add(self, cell: Column | Part) -> str:
        """Read this, too; gives the text that stands for it."""
        return self.cell(self.reading.add(cell))

    def loop(self) -> str:
        """The variables of a loop over such rows; known only when all cells are."""
        return "".join(f"{self.cell(position)}, " for position in range(len(self.reading.cells))) or "()"


def cells_of(row: str, reading: Reading) -> Cells:
    """The cells of one row."""
    return Cells(row, reading, lambda position: f"{row}[{position}]")


def cells_of_each(row: str, reading: Reading) -> Cells:
    """The cells of rows in a loop, each a variable."""
    return Cells(row, reading, lambda position: f"{row}_{position}")


def compiled(expression: Expression, *, finished: bool) -> Shape:
    """The function that an expression over `answer`, `given` and `data` stands for."""
    writer = Writer(finished)
    text = f"lambda answer, given, data: {expression(writer)}"
    made: Shape = eval(compile(text, "<plan>", "eval"), writer.constants)  # noqa: S307  see above: no text from outside
    return made


def record(typename: str, entries: Sequence[tuple[str, Expression]]) -> Expression:
    """An object of this type: its values by response key."""

    def write(writer: Writer) -> str:
        written = [f"{key!r}: {expression(writer)}" for key, expression in entries]
        if not writer.finished:
            written.append(f"{TYPENAME!r}: {typename!r}")
        return f"{{{', '.join(written)}}}"

    return write


def named(typename: str) -> Expression:
    """The name of a type, where `__typename` asks for it."""
    return lambda _: repr(typename)


def called(function: Callable[..., Any], *arguments: str | Expression) -> Expression:
    """A function of ours, called with these expressions."""

    def write(writer: Writer) -> str:
        given = [argument if isinstance(argument, str) else argument(writer) for argument in arguments]
        return f"{writer.name(function)}({', '.join(given)})"

    return write


def function(variable: str, made: Expression) -> Expression:
    """A function of one variable."""
    return lambda writer: f"lambda {variable}: {made(writer)}"


def each(cells: Cells, rows: str, made: Expression) -> Expression:
    """A list of what is made of each row."""
    return lambda writer: f"[{made(writer)} for {cells.loop()} in {rows}]"


def present(type_: GraphQLOutputType, test: str, made: Expression) -> Expression:
    """An object where the test holds, else null, which may not be where the type is non-null."""

    def write(writer: Writer) -> str:
        absent = f"{writer.name(_refuse)}()" if writer.finished and is_non_null_type(type_) else "None"
        return f"({made(writer)} if {test} else {absent})"

    return write


def objects(type_: GraphQLOutputType, data: str | Expression, variable: str, made: Expression) -> Expression:
    """What is made of the items of a document: of a list each, of one the one, of nothing nothing."""

    def write(writer: Writer) -> str:
        shaped = _completed(type_, _made if writer.finished else _made_or_error, finished=writer.finished)
        return called(shaped, data, function(variable, made))(writer)

    return write


def _made(item: Any, make: Callable[[Any], Any]) -> Any:
    if isinstance(item, Exception):
        raise Unfinished from item
    return make(item)


def _made_or_error(item: Any, make: Callable[[Any], Any]) -> Any:
    """An error in an item's place is told by graphql-core, at its place."""
    return item if isinstance(item, Exception) else make(item)


def leaf(
    type_: GraphQLOutputType, text: str | Expression, convert: Convert | None = None, default: Any = None
) -> Expression:
    """A value without sub-fields, converted from what the store holds; `default` stands where it holds nothing."""

    def write(writer: Writer) -> str:
        given = text if isinstance(text, str) else text(writer)
        value = given if convert is None else f"{writer.name(convert)}({given})"
        if convert is not None or default is not None:
            value = f"({writer.name(default)} if {given} is None else {value})"
        return _coerced(writer, type_, value) if writer.finished else value

    return write


def as_it_is(value: Any) -> Any:
    """How scalars are coerced that the encoder of the response writes."""
    return value


_IN_ORDER = {
    "String": "{}.__class__ is str",
    "ID": "{}.__class__ is str",
    "Boolean": "{}.__class__ is bool",
    "Int": "{}.__class__ is int and -2147483649 < {} < 2147483648",
    "Float": "{}.__class__ is float and -1e999 < {} < 1e999",
}
"""When a value of a scalar can stay as it is; any other is left to the scalar."""

_PLAIN = re.compile(r"[\w\[\]]+")


def _coerced(writer: Writer, type_: GraphQLOutputType, text: str) -> str:
    """A leaf, or a list of them, as the response has it."""
    required, inner = is_non_null_type(type_), get_nullable_type(type_)
    name = getattr(inner, "name", "")
    if isinstance(inner, GraphQLEnumType):
        names = writer.name(_names(inner))
        return f"{names}[{text}]" if required else _choice(writer, text, f"{names}[{{}}]", "{} is not None", "None")
    if getattr(inner, "coerce_output_value", None) is as_it_is:
        return _choice(writer, text, "{}", "{} is not None", f"{writer.name(_refuse)}()") if required else text
    coerce = f"{writer.name(_completed(type_, _coercion(get_named_type(type_))))}({{}})"
    if name not in _IN_ORDER:
        return coerce.format(text)
    return _choice(writer, text, "{}", f"{'' if required else '{} is None or '}{_IN_ORDER[name]}", coerce)


def _choice(writer: Writer, text: str, then: str, test: str, otherwise: str) -> str:
    """`then if test else otherwise`, where `{}` stands for a value that is only worked out once."""
    if _PLAIN.fullmatch(text):
        variable = text
    else:
        variable = writer.variable()
        test = test.replace("{}", f"({variable} := {text})", 1)  # the test comes first
    return f"({then} if {test} else {otherwise})".replace("{}", variable)


def _names(type_: GraphQLEnumType) -> dict[Any, str]:
    """The names of an enum by what the graph holds, and by the members of the Python enum."""
    stored = {member.value: type_.coerce_output_value(member.value) for member in type_.values.values()}
    return stored | {member: stored[member.value] for member in getattr(type_, "wrapped_cls", ())}


def _coercion(type_: Any) -> Callable[[Any], Any]:
    def coerce(value: Any) -> Any:
        coerced = type_.coerce_output_value(value)
        if coerced is None or coerced is Undefined:
            raise Unfinished
        return coerced

    return coerce


def _completed(type_: GraphQLOutputType, one: Callable[..., Any], *, finished: bool = True) -> Callable[..., Any]:
    """What makes a value of this type of a raw one; `one` makes the single value that is there."""
    if is_non_null_type(type_):
        inner = _completed(type_.of_type, one, finished=finished)
        return (lambda value, *more: _refuse() if value is None else inner(value, *more)) if finished else inner
    if is_list_type(type_):
        item = _completed(type_.of_type, one, finished=finished)

        def listed(values: Any, *more: Any) -> Any:
            if values is None:
                return None
            if not isinstance(values, list | tuple):
                raise Unfinished
            return [item(value, *more) for value in values]

        return listed
    return lambda value, *more: None if value is None else one(value, *more)


def _refuse() -> Any:
    raise Unfinished
