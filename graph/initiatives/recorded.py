"""Initiatives: those of rules.toml and those that people recorded, which are facts."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from graph.cypher import cypher
from graph.figures.board import UnknownKpi, kpi_of
from graph.initiatives.rules import InitiativeError, InitiativeRule, check_initiative
from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.asking import Ask, Refused
from graph.sync.keep import keep, kept_id
from graph.sync.request import request_hash


@dataclass(frozen=True, slots=True)
class Initiative:
    """`recorded_by` is None where rules.toml says it."""

    rule: InitiativeRule
    recorded_by: str | None = None
    id: str | None = None


async def initiatives(store: Store, rules: Rules) -> list[Initiative]:
    """All of them, those that began last first."""
    rows = await store.read(cypher("writes/read_initiatives"))
    recorded = [Initiative(msgspec.json.decode(body, type=InitiativeRule), by, id) for id, body, by in rows]
    everything = [*(Initiative(rule) for rule in rules.initiative), *recorded]
    return sorted(everything, key=lambda each: (-each.rule.start.toordinal(), each.rule.name))


async def record_initiative(store: Store, rules: Rules, rule: InitiativeRule, ask: Ask) -> Initiative:
    """Keep an initiative; the same request with the same key is kept once. Raises Refused."""
    try:
        check_initiative(rule, [segment.name for segment in rules.segment])
        if rule.kpi is not None:
            kpi_of(rule.kpi)
    except (InitiativeError, UnknownKpi) as error:
        raise Refused("INVALID", str(error), "kpi" if isinstance(error, UnknownKpi) else None) from None
    id = kept_id(ask)
    known = await initiatives(store, rules)
    if any(each.rule.name == rule.name and each.id != id for each in known):
        raise Refused("INVALID", f"There is an initiative '{rule.name}' already. Take another name.", "name")
    if ask.dry_run:
        return Initiative(rule, ask.by, id)
    body = msgspec.json.encode(rule).decode()
    kept = await keep(
        store, cypher("writes/record_initiative"), id, rule.name, body, ask, request_hash("initiative", rule)
    )
    return Initiative(msgspec.json.decode(kept, type=InitiativeRule), ask.by, id)
