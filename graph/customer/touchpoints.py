"""Touchpoints: the named moment × channel where an interaction happens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from graph.rules import TouchpointRule


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """A place where customers meet the company; `key` is unique, `name` is for people."""

    key: str
    name: str
    function: str
    channel: str
    moment_of_truth: bool


class TouchpointNames:
    """Names the touchpoint of an interaction by the company's rules, else by its kind and channel."""

    def __init__(self, rules: tuple[TouchpointRule, ...]) -> None:
        self._rules = rules
        self.of = lru_cache(maxsize=4096)(self._name)

    def _name(self, kind: str, channel: str, function: str) -> Touchpoint:
        for rule in self._rules:
            if _fits(rule, kind, channel, function):
                key = f"{_slug(rule.name)}:{channel}:{function}"
                return Touchpoint(key, rule.name, function, channel, rule.moment_of_truth)
        name = f"{_in_words(kind)} by {_in_words(channel)}"
        return Touchpoint(f"{kind}:{channel}:{function}", name, function, channel, moment_of_truth=False)


def _fits(rule: TouchpointRule, kind: str, channel: str, function: str) -> bool:
    return (
        kind in rule.kinds
        and (not rule.channels or channel in rule.channels)
        and (not rule.functions or function in rule.functions)
    )


def _in_words(name: str) -> str:
    return name.replace(".", " ").replace("_", " ")


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
