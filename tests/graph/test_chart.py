"""Charts of answers: what is drawn is what the table says."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from graph.ask import QuestionError, columns_of
from graph.chart import Chart, ChartError, chart_of, charted
from graph.cypher import cypher

CHARTS = Path(__file__).parents[2] / "graph" / "charts"
INTERVALS = {"share": 0.25, "low": 0.125, "high": 0.5, "n": 1234}
ROWS: dict[str, dict[str, Any]] = {
    "journey_flow": {"from": "form.submitted", "to": "deal.won", "traversals": 1234},
    "ordered_funnel": {
        "step": 1, "kind": "deal.won", "customers": 1234, "share_of_started": 0.5, "immature": 7,
    },
    "stage_curve": {"day": 3, "share": 0.25, "low": 0.125, "high": 0.5},
    "silent_customers": {"usual_days": 2.0, "quiet_days": 40, "stage": "lead"},
    "moments_of_truth": {
        "touchpoint": "call made by phone", "low_end": 1.0, "high_end": 5.0, "n": 1234, "marked": True,
        "value": 60.0, "low": 40.0, "high": 80.0,
    },
    "paths_before_churn": {"path": "a > b > c", **INTERVALS},
    "what_followed": {"next_step": "call.made", "channel": "phone", "direction": "outbound", **INTERVALS},
}  # fmt: skip
TOLD = {
    "journey_flow": ["form.submitted", "deal.won", "1,234"],
    "ordered_funnel": ["1. deal.won", "1,234 · 50.0% (7 more began too lately to tell)"],
    "stage_curve": ["Kaplan-Meier", "share that has arrived"],
    "silent_customers": ["three times their own usual gap", "lead"],
    "moments_of_truth": ["call made by phone (1–5, n = 1,234) ★"],
    "paths_before_churn": ["a &gt; b &gt; c (n = 1,234)", "an association, not a cause"],
    "what_followed": ["call.made by phone, outbound (n = 1,234)", "an association, not an effect"],
}


def _chart(question: str) -> Chart:
    return chart_of(question, pa.Table.from_pylist([ROWS[question]]))


def test_these_questions_have_charts() -> None:
    """Each file of graph/charts draws a shipped question, and has a row here to be tried with."""
    assert set(charted()) == set(ROWS) == set(TOLD)


@pytest.mark.parametrize("question", ROWS)
def test_a_chart_is_drawn_of_the_columns_of_its_question(question: str) -> None:
    """Every field of the specification is a column of the answer or worked out from them."""
    text = (CHARTS / f"{question}.vl.json").read_text()
    made = set(re.findall(r'"as": "(\w+)"', text))
    used = set(re.findall(r'"field": "(\w+)"', text)) | set(re.findall(r"datum\.(\w+)", text))

    assert used - made <= set(columns_of(cypher(f"questions/{question}")))
    assert made <= used


@pytest.mark.parametrize("question", ROWS)
def test_a_chart_tells_what_its_table_says(question: str) -> None:
    """The SVG has the row's words and figures, n and interval among them, and says what it is not."""
    svg = _chart(question).svg().replace("\u00a0", " ")

    assert svg.startswith("<svg")
    assert [told for told in TOLD[question] if told not in svg] == []


def test_an_interval_is_drawn_from_its_low_to_its_high_end() -> None:
    """The rule of a touchpoint whose score is 60 (40 to 80) has the point in its middle."""
    svg = _chart("moments_of_truth").svg()
    rule = re.search(
        r'aria-roledescription="rule mark"[^>]*transform="translate\(([\d.]+),[\d.]+\)" x2="(-?[\d.]+)"', svg
    )
    point = re.search(r'aria-roledescription="point"[^>]*transform="translate\(([\d.]+),', svg)

    assert rule is not None
    assert point is not None
    start, length, middle = float(rule[1]), float(rule[2]), float(point[1])
    assert middle == pytest.approx(start + length / 2, abs=0.01)


def test_jupyter_is_given_the_specification_with_the_rows() -> None:
    """What Jupyter draws is Vega-Lite with the table's rows as the data called `answer`."""
    shown = _chart("stage_curve")._repr_mimebundle_()["application/vnd.vegalite.v5+json"]

    assert shown["data"] == {"name": "answer", "values": [ROWS["stage_curve"]]}
    assert json.loads(json.dumps(shown)) == shown


def test_what_cannot_be_drawn_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question without a chart, an answer without rows, a renderer that is not there: each with what to do."""
    with pytest.raises(QuestionError, match=r"'handoffs' has no chart. Those that have one: journey_flow, "):
        chart_of("handoffs", pa.table({}))
    with pytest.raises(ChartError, match="no rows: there is nothing to draw"):
        chart_of("journey_flow", pa.table({"from": []}))
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(ChartError, match=r"pip install 'c360\[charts\]'"):
        _chart("journey_flow").svg()
