"""Drawings of linkage as SVG: an explanation as a waterfall of bits, a customer as its tree of joins, a model as its
weights. Plain text, no library.

They read without colours and aloud (title, description, real text), on light and on dark ground.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from graph.linkage.drift import level_bits
from graph.linkage.explain import Evidence, Explanation
from graph.linkage.fields import LABELS
from graph.linkage.model import LinkageModel
from graph.linkage.tree import TreeNode

_WIDTH = 920
_ROW = 30
_LONGEST = 60
_LEFT, _RIGHT = 400, 850
"""Where bars may stand."""

_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1b1f24; }
.ground { fill: #ffffff; } .title { font-size: 17px; font-weight: 600; } .quiet { fill: #57606a; }
.strong { font-weight: 600; } .small { font-size: 11px; } .end { text-anchor: end; } .middle { text-anchor: middle; }
.for { fill: #1a7f37; } .against { fill: #bc4c00; } .sum { fill: #0550ae; } .other { fill: #8250df; }
.line { stroke: #8c959f; stroke-width: 1; } .limit { stroke: #1b1f24; stroke-width: 1.5; stroke-dasharray: 5 4; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .ground { fill: #0d1117; } .quiet { fill: #9da7b3; }
  .for { fill: #3fb950; } .against { fill: #f0883e; } .sum { fill: #58a6ff; } .other { fill: #bc8cff; }
  .line { stroke: #6e7681; } .limit { stroke: #e6edf3; }
}
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of a waterfall: it leads from one sum of bits to the next."""

    evidence: Evidence
    begin: float
    end: float


def steps(explanation: Explanation) -> tuple[Step, ...]:
    """The evidence from what is known before any field speaks, then strongest first; the last one ends at the sum."""
    ordered = sorted(
        explanation.evidence, key=lambda item: (item.field != "prior", item.field == "relation", -abs(item.bits))
    )
    found: list[Step] = []
    at = 0.0
    for item in ordered:
        found.append(Step(item, at, at + item.bits))
        at += item.bits
    return tuple(found)


def waterfall(explanation: Explanation, match_bits: float, verdict: str) -> str:
    """How the bits of two records add up, one bar a field, with both values and the threshold; an SVG document.

    `verdict` is the sentence under the title.
    """
    bars = steps(explanation)
    scale = _Scale.over([0.0, match_bits, explanation.bits, *(bar.end for bar in bars)], _LEFT, _RIGHT)
    top, height = 84, 84 + _ROW * (len(bars) + 1) + 56
    limit = scale(match_bits)
    floor = top + _ROW * (len(bars) + 1)
    parts = [
        _text(20, 30, f"{_short(explanation.left_id, 44)} and {_short(explanation.right_id, 44)}", "title"),
        _text(20, 52, _short(verdict, 130)),
        _line(scale(0), top - 14, scale(0), floor, "line"),
        _line(limit, top - 14, limit, floor, "limit"),
        _text(limit, floor + 18, f"one customer from {match_bits:+.1f} bits on", _anchored(limit)),
    ]
    for place, bar in enumerate(bars):
        parts += _waterfall_row(bar, scale, top + _ROW * place)
    y = top + _ROW * len(bars)
    parts += [
        _text(20, y + 15, "sum", "strong"),
        _bar(scale, 0.0, explanation.bits, y, "sum"),
        _text(
            _beyond(scale, 0.0, explanation.bits),
            y + 15,
            f"{explanation.bits:+.1f}",
            "strong" + _side(explanation.bits),
        ),
        _text(
            20,
            floor + 40,
            f"probability {percent_of(explanation.probability)}, rule {rule_in_words(explanation.rule)}, "
            f"model {explanation.model}",
            "quiet",
        ),
    ]
    told = ". ".join((verdict.rstrip("."), *explanation.lines()))
    return _document(height, f"Why {explanation.left_id} and {explanation.right_id}", told, parts)


def weights(model: LinkageModel) -> str:
    """A model's levels: how often one person's records and strangers' stand on each, and its bits; an SVG document."""
    bits = level_bits(model)
    scale = _Scale.over([0.0, *bits.values()], 640, _RIGHT)
    parts = [
        _text(20, 30, f"Linkage model {model.version}", "title"),
        _text(20, 52, model_sentence(model)),
        _text(250, 82, "one person", "for"),
        _text(400, 82, "strangers", "against"),
        _text(scale(0), 82, "bits", "quiet middle"),
    ]
    y = 96
    for field, match, random in zip(model.fields, model.match, model.random, strict=True):
        parts.append(_text(20, y + 18, LABELS.get(field.name, field.name), "strong"))
        y += _ROW
        for level, m, u in zip(field.levels, match, random, strict=True):
            parts += _weights_row(level, m, u, bits[field.name, level], scale, y)
            y += _ROW - 4
        y += 6
    parts.append(_line(scale(0), 90, scale(0), y, "line"))
    parts.append(_text(20, y + 22, _shares(model), "quiet"))
    told = "; ".join(f"{LABELS.get(name, name)} {level} {value:+.1f} bits" for (name, level), value in bits.items())
    return _document(y + 44, f"Linkage model {model.version}", f"{model_sentence(model)} {told}.", parts)


@dataclass(frozen=True, slots=True)
class Branch:
    """One record of a tree of joins, as it is drawn."""

    node: TreeNode
    name: str
    """What the record calls the person; "" where it says no name."""
    line: str
    """The strongest evidence of its join, in words; "" for the root."""


def joined_tree(branches: Sequence[Branch], title: str, model: str | None) -> str:
    """The tree of joins of a customer, a row a record, each below the one it was joined to; an SVG document.

    `branches` stand depth first. The bar at the right is the weight of the join in bits.
    """
    told = f"{len(branches)} records" + (f", linkage model {model}" if model else "")
    scale = _Scale.over([0.0, *(branch.node.bits or 0.0 for branch in branches)], 640, _RIGHT)
    deepest = max((branch.node.depth for branch in branches), default=0)
    indent = min(26.0, 220 / max(deepest, 1))
    top = 84
    rows = {branch.node.key: top + 50 * place for place, branch in enumerate(branches)}
    parts = [
        _text(20, 30, _short(title, 80), "title"),
        _text(20, 52, told),
        _text(scale(0), 72, "bits", "quiet middle"),
        _line(scale(0), top - 6, scale(0), top + 50 * len(branches), "line"),
    ]
    for branch in branches:
        parts += _branch(branch, rows, indent, scale)
    lines = [f"{branch.node.key} {_under(branch)}".strip() for branch in branches]
    return _document(top + 50 * len(branches) + 16, title, f"{told}. {'; '.join(lines)}.", parts)


def _branch(branch: Branch, rows: Mapping[str, float], indent: float, scale: _Scale) -> list[str]:
    node, y = branch.node, rows[branch.node.key]
    x = 24 + indent * node.depth
    room = int((scale(0) - x) / 8)
    parts = [f"<g><title>{_clean(f'{node.key} {_under(branch)}'.strip())}</title>"]
    if node.parent is not None:
        bend = x - indent + 4
        parts += [
            _line(bend, rows[node.parent] + 22, bend, y + 8, "line"),
            _line(bend, y + 8, x - 4, y + 8, "line"),
        ]
    said = " · ".join(part for part in (node.key, branch.name) if part)
    parts.append(_text(x, y + 13, _short(said, room), "strong"))
    parts.append(_text(x, y + 29, _short(_how(branch), room + 8), "quiet small"))
    if node.bits is not None:
        parts.append(_bar(scale, 0.0, node.bits, int(y), "for" if node.bits >= 0 else "against"))
        parts.append(_text(_beyond(scale, 0.0, node.bits), y + 15, f"{node.bits:+.1f}", _side(node.bits).strip()))
    return [*parts, "</g>"]


def _how(branch: Branch) -> str:
    """How a record was joined: its rule, and what speaks most for it."""
    if branch.node.rule == "root":
        return "root"
    return ": ".join(part for part in (branch.node.rule.replace("_", " "), branch.line) if part)


def _under(branch: Branch) -> str:
    if branch.node.parent is None:
        return ""
    weight = "" if branch.node.bits is None else f" with {branch.node.bits:+.1f} bits"
    return f"joined to {branch.node.parent}{weight} by {_how(branch)}"


def model_sentence(model: LinkageModel) -> str:
    """Whence the model is: "Learned from 12,000 records on 2026-03-01; one customer from +1.0 bits on." """
    day = f" on {model.trained_at[:10]}" if model.trained_at else ""
    return f"Learned from {model.records:,} records{day}; one customer from {model.match_bits:+.1f} bits on."


def reach_sentence(model: LinkageModel) -> str | None:
    """How many matches are never compared; None where that is not known."""
    if model.reached is None:
        return None
    return f"Matches that no blocking key reaches: about {1 - model.reached:.0%} (estimated)."


def value_of(item: Evidence, longest: int = _LONGEST) -> str:
    """Both values of a piece of evidence on one line, cut where they are long."""
    if item.left is None and item.right is None:
        return ""
    if item.left == item.right:
        return _short(item.left or "", longest)
    left, right = item.left or "–", item.right or "–"
    if len(left) + len(right) + 3 <= longest:
        return f"{left} / {right}"
    half = longest // 2 - 2
    return f"{_short(left, max(half, longest - 3 - len(right)))} / {_short(right, max(half, longest - 3 - len(left)))}"


def rarity_of(item: Evidence) -> str:
    """What the value says by being rare or common: "said by 310 records, -2.1 bits"; "" when it says nothing."""
    if item.carriers is None or item.level_bits is None:
        return ""
    who = "rare" if item.carriers < 3 else f"said by {item.carriers:,} records"
    return f"{who}, {item.bits - item.level_bits:+.1f} bits"


def rule_in_words(rule: str) -> str:
    """A rule as people say it."""
    return "verified id" if rule == "external_id" else rule.replace("_", " ")


def percent_of(probability: float) -> str:
    """A probability as people read it; what is nearly certain is not called certain."""
    if probability > 0.9999:
        return "over 99.99 %"
    return "under 0.01 %" if probability < 0.0001 else f"{probability * 100:.4g} %"


@dataclass(frozen=True, slots=True)
class _Scale:
    """Bits to places on the paper."""

    least: float
    most: float
    left: float
    right: float

    @staticmethod
    def over(values: Sequence[float], left: float, right: float) -> _Scale:
        least, most = min(values), max(values)
        room = max(most - least, 1.0)
        return _Scale(least, least + room, left, right)

    def __call__(self, bits: float) -> float:
        share = (bits - self.least) / (self.most - self.least)
        return round(self.left + share * (self.right - self.left), 1)


def _waterfall_row(bar: Step, scale: _Scale, y: int) -> list[str]:
    item = bar.evidence
    label = {"prior": "before any field speaks", "relation": "household or company"}.get(
        item.field, f"{LABELS.get(item.field, item.field)}: {item.level}"
    )
    said = " · ".join(part for part in (value_of(item), rarity_of(item)) if part)
    return [
        f"<g><title>{_clean(_whole(item))}</title>",
        _text(20, y + 11, label, "strong" if item.left or item.right else ""),
        *([_text(20, y + 23, _short(said, 66), "quiet small")] if said else []),
        _bar(scale, bar.begin, bar.end, y, "for" if item.bits >= 0 else "against"),
        _text(_beyond(scale, bar.begin, bar.end), y + 15, f"{item.bits:+.1f}", _side(item.bits).strip()),
        "</g>",
    ]


def _whole(item: Evidence) -> str:
    values = "" if item.left is None and item.right is None else f" {item.left} / {item.right}"
    return f"{item.field}: {item.level}{values}, {item.bits:+.2f} bits {rarity_of(item)}".strip()


def _weights_row(level: str, m: float, u: float, bits: float, scale: _Scale, y: int) -> list[str]:
    return [
        _text(36, y + 14, level),
        _share_bar(250, m, y, "for"),
        _share_bar(400, u, y, "against"),
        _bar(scale, 0.0, bits, y, "for" if bits >= 0 else "against"),
        _text(_beyond(scale, 0.0, bits), y + 14, f"{bits:+.1f}", _side(bits).strip()),
    ]


def _share_bar(x: float, share: float, y: int, css: str) -> str:
    width = max(1.0, round(70 * share, 1))
    bar = f'<rect x="{x}" y="{y + 3}" width="{width}" height="14" rx="2" class="{css}"/>'
    return bar + _text(x + width + 5, y + 14, _percent(share), "quiet")


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %" if share >= 1e-5 else "< 0.001 %"


def _shares(model: LinkageModel) -> str:
    related = [f"{relation.name} {_percent(relation.share)}" for relation in model.relations]
    return "; ".join([f"Of all pairs: one person {_percent(model.match_share)}", *related, "the rest strangers."])


def _bar(scale: _Scale, begin: float, end: float, y: int, css: str) -> str:
    left, right = sorted((scale(begin), scale(end)))
    return f'<rect x="{left}" y="{y + 3}" width="{max(right - left, 1):.1f}" height="16" rx="2" class="{css}"/>'


def _beyond(scale: _Scale, begin: float, end: float) -> float:
    return scale(end) + (6 if end >= begin else -6)


def _side(bits: float) -> str:
    return "" if bits >= 0 else " end"


def _anchored(x: float) -> str:
    return "quiet end" if x > _WIDTH - 200 else "quiet middle" if x > 200 else "quiet"


def _line(x1: float, y1: float, x2: float, y2: float, css: str) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" class="{css}"/>'


def _text(x: float, y: float, text: str, css: str = "") -> str:
    named = f' class="{css}"' if css else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{named}>{_clean(text)}</text>'


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _clean(text: str) -> str:
    """Escaped, and without the control characters that no XML may hold; each value keeps its own direction."""
    return escape("".join(letter if letter.isprintable() else " " for letter in text))


def _document(height: float, title: str, told: str, parts: Iterable[str]) -> str:
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
        ' role="img" aria-labelledby="title told">',
        f'<title id="title">{_clean(title)}</title>',
        f'<desc id="told">{_clean(_short(told, 4000))}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect width="{_WIDTH}" height="{height}" class="ground"/>',
        *parts,
        "</svg>",
        "",
    ])  # fmt: skip
