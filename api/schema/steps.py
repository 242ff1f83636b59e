"""What inputs about steps have in common: what a step is, and how few customers are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.plan.errors import bad_input
from api.plan.filters import plain
from graph.figures.steps import StepRules


def step_rules(given: Mapping[str, Any]) -> StepRules:
    """What the paths of an input with `dimension`, `excludeKinds`, `includeAutomated`, `collapseRepeats` are."""
    return StepRules(
        by=plain(given["dimension"]),
        exclude_kinds=tuple(given.get("excludeKinds") or ()),
        include_automated=given.get("includeAutomated", False),
        collapse_repeats=given.get("collapseRepeats", True),
    )


def asked_least(given: Mapping[str, Any]) -> int:
    """The `minCustomers` of an input; raises a GraphQL error below 1."""
    least: int = given["minCustomers"]
    if least < 1:
        raise bad_input("`minCustomers` must be at least 1.")
    return least
