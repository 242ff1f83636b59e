"""`c360 link explain --customer`: which record of a customer was joined to which, and by what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.text import Text
from rich.tree import Tree

from api.cli.called import called
from api.cli.invocation import Invocation, opened, run
from api.cli.output import print_json
from graph.linkage.drawings import Branch, joined_tree
from graph.sync.tree import CustomerTree, Joined, customer_tree


def explain_customer(invocation: Invocation, customer: str, svg: Path | None, as_json: bool) -> None:
    """Print the tree of joins of a customer, and draw it into `svg`."""
    found = run(_read(invocation, customer))
    if svg is not None:
        svg.write_text(_drawn(found), encoding="utf-8")
    if as_json:
        print_json(invocation.out, _plain(found))
        return
    _show(invocation, found)
    if svg is not None:
        invocation.say(f"Drew {svg}.")


async def _read(invocation: Invocation, customer: str) -> CustomerTree:
    async with opened(invocation.store()) as store:
        return await customer_tree(store, called(customer))


def _show(invocation: Invocation, found: CustomerTree) -> None:
    branches: dict[str, Tree] = {}
    for joined in found.records:
        above = branches.get(joined.node.parent or "")
        label = _label(joined)
        branches[joined.node.key] = Tree(label) if above is None else above.add(label)
    count = len(found.records)
    title = f"{_title(found)}: {count} record{'' if count == 1 else 's'}, each below the one it was joined to."
    invocation.out.print(title, markup=False)
    if found.records:
        invocation.out.print(branches[found.records[0].node.key])
    invocation.out.print(f"Model {found.model}." if found.model else "There is no linkage model yet.", markup=False)


def _label(joined: Joined) -> Text:
    node = joined.node
    label = Text(node.key, "bold")
    if joined.name:
        label.append(f"  {joined.name}", "default not bold")
    if node.parent is not None:
        weight = "" if node.bits is None else f"{node.bits:+.1f} bits by "
        label.append(f"\n{weight}{node.rule.replace('_', ' ')}", "not bold green" if node.bits else "not bold")
        if joined.line:
            label.append(f": {joined.line}", "not bold")
    return label


def _title(found: CustomerTree) -> str:
    return f"{found.name or 'Unnamed customer'} ({found.customer})"


def _drawn(found: CustomerTree) -> str:
    branches = [Branch(joined.node, joined.name or "", joined.line) for joined in found.records]
    return joined_tree(branches, _title(found), found.model)


def _plain(found: CustomerTree) -> dict[str, Any]:
    return {
        "customer": found.customer,
        "name": found.name,
        "model": found.model,
        "records": [
            {
                "record": joined.node.key,
                "name": joined.name,
                "depth": joined.node.depth,
                "joined_to": joined.node.parent,
                "rule": joined.node.rule,
                "bits": joined.node.bits,
                "line": joined.line,
                "evidence": [
                    {"field": field, "level": level, "bits": bits} for field, level, bits in joined.node.evidence
                ],
            }
            for joined in found.records
        ],
    }
