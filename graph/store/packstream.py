"""How values cross Bolt, by the codec of the installed driver: it is written in Rust, and no promise of the driver's.

Where the driver has no such codec any more, `CODEC` is None and the driver reads for itself (`driver.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Hooks = Mapping[type, Callable[[Any], Any]]


@dataclass(frozen=True, slots=True)
class Codec:
    """Values as bytes, and bytes as values; instants, dates and durations are the driver's."""

    pack: Callable[[Any], bytes]
    unpack: Callable[[bytearray, int], Any]
    """The value that begins at this place."""


def _codec() -> Codec | None:
    try:
        from neo4j._codec.hydration.bolt.v2 import HydrationHandler
        from neo4j._codec.packstream import Structure
        from neo4j._rust.codec.packstream.v1 import pack, unpack
    except ImportError:
        return None
    handler = HydrationHandler()
    made: Mapping[bytes, Callable[..., Any]] = handler.struct_hydration_functions
    written = handler.dehydration_hooks.extend(exact_types={tuple: list})

    def read(structure: Any) -> Any:
        if structure.tag not in made:
            raise TypeError("a question returns a node, a relationship or a path: let it return their properties")
        return made[structure.tag](*structure.fields)

    hooks: Hooks = {Structure: read}  # none for lists and maps: these are most of an answer

    def packed(value: Any) -> bytes:
        return bytes(pack(value, written))

    def unpacked(message: bytearray, at: int) -> Any:
        return unpack(message, at, hooks)[0]

    known = ["é", 1, None, 0.5, {"a": [True]}]
    try:
        return Codec(packed, unpacked) if unpacked(bytearray(packed(known)), 0) == known else None
    except (TypeError, ValueError):
        return None


CODEC = _codec()
