"""What people may set about matching, what they have decided, and how linkage refuses."""

from __future__ import annotations

import msgspec

MATCH_BITS = 1.0
"""Records are one customer from this mean weight on, unless rules say another: a probability of two thirds."""


class LinkageError(ValueError):
    """The records, the model or the file cannot be linked as they are; the message says what to change."""


class MatchingRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The section [matching] of rules.toml. Weights are in bits: 1 bit is odds of 2 to 1 for one person."""

    match_bits: float | None = None
    """Records are one customer from this mean weight on. Unset: 1.0, which is a probability of two thirds."""
    review_bits: float = -1.0
    """Pairs kept apart whose weight reaches this are offered to a person."""
    max_block: int = 300
    """More records than this under one blocking key are not compared on that key alone."""
    crowd: int = 100
    """More records of one source than this that say the same, word for word, are compared as one of them."""
    max_cluster: int = 150
    """A component of linked records above this size is cut at stronger and stronger weights until it fits."""
    pairs_per_record: float = 5.0
    """A blocking key may give this many candidate pairs for each record; longer keys get a share of it."""
    random_pairs: int = 500_000
    """Pairs drawn at random to learn how often strangers agree."""
    chunk_pairs: int = 2_000_000
    """Pairs compared at a time: what bounds memory."""
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("max_block", "crowd", "max_cluster", "random_pairs", "chunk_pairs"):
            if getattr(self, name) < 2:
                raise LinkageError(f"[matching] {name} = {getattr(self, name)}: it must be at least 2.")
        if not 0 < self.pairs_per_record <= 100:
            raise LinkageError(f"[matching] pairs_per_record = {self.pairs_per_record}: it must lie between 0 and 100.")
        if self.match_bits is not None and self.review_bits > self.match_bits:
            raise LinkageError(
                f"[matching] review_bits = {self.review_bits} is above match_bits = {self.match_bits}: "
                "the review queue lies below the match threshold."
            )


class Decisions(msgspec.Struct, frozen=True):
    """What people decided about pairs of record ids; it binds every later run. "Keep apart" wins over "merge"."""

    merge: tuple[tuple[str, str], ...] = ()
    keep_apart: tuple[tuple[str, str], ...] = ()
