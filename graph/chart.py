"""Charts of answers: a Vega-Lite specification in a file of its own, filled with the rows of the answer.

`graph/charts/QUESTION.vl.json` draws the columns of that question; its data are called `answer`, so that it can be
pasted into any Vega-Lite editor beside a file of the answer. Jupyter draws a chart by itself; SVG needs `c360[charts]`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import pyarrow as pa

from connectors.errors import C360Error
from graph.ask import QuestionError, known

_JUPYTER = "application/vnd.vegalite.v5+json"
_VEGA_LITE = "5.20"
_ENDING = ".vl.json"


class ChartError(C360Error):
    """The answer cannot be drawn; the text says why."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A specification of Vega-Lite, and the table that it draws."""

    spec: dict[str, Any]
    table: pa.Table

    def svg(self) -> str:
        """The chart as SVG; raises ChartError when what draws it is not installed."""
        try:
            import vl_convert
        except ImportError:
            raise ChartError(
                "Charts are drawn by vl-convert-python, which is not installed. Install it with c360[charts], "
                "e.g. pip install 'c360[charts]' (84 MB), or draw the specification with any Vega-Lite of yours."
            ) from None
        return str(vl_convert.vegalite_to_svg(self.spec, vl_version=_VEGA_LITE))

    def _repr_mimebundle_(self, **_wanted: object) -> dict[str, Any]:
        """What Jupyter draws."""
        return {_JUPYTER: self.spec, "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"<Chart of {self.table.num_rows:,} rows: {', '.join(self.table.column_names)}>"


def charted() -> tuple[str, ...]:
    """The questions that have a chart, by name."""
    found = (file.name for file in files("graph").joinpath("charts").iterdir())
    return tuple(sorted(name.removesuffix(_ENDING) for name in found if name.endswith(_ENDING)))


def can_be_drawn(question: str) -> str:
    """The name, when the question has a chart; raises QuestionError with those that have one."""
    name = known(question)
    if name not in charted():
        raise QuestionError(f"The question '{name}' has no chart. Those that have one: {', '.join(charted())}.")
    return name


def chart_of(question: str, answer: pa.Table) -> Chart:
    """The chart of a question's answer; raises QuestionError when it has none, ChartError without rows."""
    file = files("graph").joinpath("charts", f"{can_be_drawn(question)}{_ENDING}")
    if not answer.num_rows:
        raise ChartError(f"The answer to '{question}' has no rows: there is nothing to draw.")
    spec: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    rows = json.loads(json.dumps(answer.to_pylist(), default=lambda moment: moment.isoformat()))
    return Chart({**spec, "data": {"name": "answer", "values": rows}}, answer)
