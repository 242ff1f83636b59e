"""`c360 report send` from the shell."""

from __future__ import annotations

import json

from tests.api.cli.calls import Shell

RULES = """
[[report]]
title = "Board"
owner = "Ines Marl"
kpis = ["csat", "churn"]
to = ["ines.marl@acme.test"]
"""


def test_reports_are_shown_from_the_shell(graph_shell: Shell) -> None:
    """Of the last full week; without a report, a title or a way out it is said what to do."""
    without = graph_shell("report", "send")
    graph_shell.write("rules.toml", RULES)

    shown = graph_shell("report", "send", "--dry-run", "--as-of", "2026-03-11")
    data = graph_shell("report", "send", "--dry-run", "--as-of", "2026-03-11", "--json")
    nowhere = graph_shell("report", "send")
    other = graph_shell("report", "send", "--title", "Bord")

    assert (without.code, "[[report]]" in without.err) == (0, True)
    assert "Subject: Board: 2026-03-02 to 2026-03-08" in shown.out
    assert "Customer satisfaction: no value" in shown.out
    assert json.loads(data.out)[0]["kpis"][0]["unavailableReason"] == "NO_DATA_IN_PERIOD"
    assert (nowhere.code, "C360_SMTP_URL" in nowhere.err) == (2, True)
    assert (other.code, "Reports: Board" in other.err) == (2, True)
