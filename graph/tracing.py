"""Spans of OpenTelemetry, for those who trace: what was done, of what, how long it took and whether it failed.

Nothing is imported and nothing is made where there is no tracer. A span never holds a value: neither a parameter nor
an answer, nor the words of an exception, which may quote one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

Attribute = str | int | float | bool


class NamedQuery(str):
    """The text of a query that has a name: of its file, or of the field that it was planned for."""

    __slots__ = ("name",)

    name: str

    def __new__(cls, text: str, name: str) -> NamedQuery:
        made = super().__new__(cls, text)
        made.name = name
        return made


def name_of_query(query: str) -> str:
    """Its name, or a hash of its text where it has none; texts hold no values, these are parameters."""
    if isinstance(query, NamedQuery):
        return query.name
    return blake2b(query.encode(), digest_size=8).hexdigest()


@contextmanager
def spanned(tracer: Tracer | None, name: str, **attributes: Attribute) -> Iterator[Span | None]:
    """A span while the block runs, within the one that is under way; without a tracer nothing. See `tell`."""
    if tracer is None:
        yield None
        return
    with tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as span:
        tell(span, **attributes)
        try:
            yield span
        except BaseException as error:
            mark_failed(span, error)
            raise


@contextmanager
def query_span(tracer: Tracer, query: str, store: str) -> Iterator[None]:
    """The span of a query. Nothing is within it, so that a generator may pause inside."""
    from opentelemetry.trace import SpanKind

    name = name_of_query(query)
    span = tracer.start_span(
        f"cypher {name}", kind=SpanKind.CLIENT, attributes={"db.system.name": store, "db.query.summary": name}
    )
    try:
        yield
    except BaseException as error:
        mark_failed(span, error)
        raise
    finally:
        span.end()


def tell(span: Span | None, **attributes: Attribute) -> None:
    """Add to what a span tells, where there is one: `pages` is told as `c360.pages`."""
    if span is not None:
        span.set_attributes({f"c360.{name}": value for name, value in attributes.items()})


def mark_failed(span: Span, error: BaseException) -> None:
    """The span ended by this error: its type is told, its words are not."""
    from opentelemetry.trace import StatusCode

    span.set_attribute("error.type", type(error).__name__)
    span.set_status(StatusCode.ERROR)
