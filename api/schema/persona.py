"""Personas: who the customers of a segment are taken to be, beside what is measured of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api.plan.errors import bad_input
from api.plan.fields import Argument, described, entry, reckoned
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.profile import SegmentProfile, profile_data
from api.schema.scope import scope_of
from api.schema.segment import SEGMENTS_ARGUMENTS, Segment, segment_data, standings_of
from graph.segments.rules import PersonaRule
from graph.segments.segments import UnknownSegment, persona_of


@described
class Persona:
    """Who the customers of a segment are taken to be, in words, beside what is measured of them."""

    name: str = entry("Its name in rules.toml.")
    title: str = entry("What people call it.")
    segment: Segment = entry("The segment whose customers it describes.")
    demographics: str | None = entry("Who they are.")
    motivations: list[str] = entry("What moves them.")
    channel_preferences: list[str] = entry("Channels that they are taken to prefer; `profile` says which they use.")
    usage: str | None = entry("How they use what they buy.")
    support_needs: list[str] = entry("What they need of service.")
    hoped_words: list[str] = entry("Words that we hope to read in their comments.")
    hoped_emotions: list[str] = entry("What we hope that they feel.")
    profile: SegmentProfile = reckoned(
        "What is measured of them.",
        lambda item, _: profile_data(item["segment"]["standing"].scope, item["rule"]),
    )


async def work_personas(bench: Bench, arguments: Arguments) -> Any:
    """The answer of `personas`."""
    scope = (await scope_of(bench, arguments)).of_members()
    found = {standing.segment.name: standing for standing in await standings_of(scope)}
    names = arguments.get("names")
    wanted = bench.rules.persona if names is None else [_known_persona(name, bench) for name in names]
    return [
        {
            **{name: getattr(persona, name) for name in _NARRATIVE},
            "segment": segment_data(found[persona.segment], scope),
            "rule": persona,
        }
        for persona in wanted
    ]


def _known_persona(name: str, bench: Bench) -> PersonaRule:
    try:
        return persona_of(name, bench.rules)
    except UnknownSegment as unknown:
        raise bad_input(str(unknown)) from None


_NARRATIVE: Sequence[str] = tuple(name for name in PersonaRule.__struct_fields__ if name != "segment")
PERSONAS_ARGUMENTS = [Argument("names", list[str] | None, "Only these; all unless said."), *SEGMENTS_ARGUMENTS]
