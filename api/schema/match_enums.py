"""Closed sets of who is who: reviews, decisions, explanations."""

from __future__ import annotations

from enum import Enum

import strawberry

from api.schema.enums import value


@strawberry.enum(description="Whether somebody has decided about a pair.")
class MatchReviewStatus(Enum):
    OPEN = value("OPEN", "It waits for somebody.")
    ACCEPTED = value("ACCEPTED", "Somebody decided that it is one person.")
    REJECTED = value("REJECTED", "Somebody decided that these are two people.")


@strawberry.enum(description="What match reviews can be sorted by.")
class MatchReviewOrderField(Enum):
    DISTANCE = value(
        "threshold",
        "How far the weight is from the threshold, then most interactions; ascending, what waits comes first.",
    )
    INTERACTION_COUNT = value("interactions", "How many interactions the two customers have.")
    PROBABILITY = value("probability", "How likely it is that they are one person.")


@strawberry.enum(description="What a person decided about records.")
class MatchDecisionKind(Enum):
    MERGE = value("merge", "They are one person.")
    KEEP_APART = value("keep_apart", "They are different people.")


@strawberry.enum(description="Why two records are one customer, or are not.")
class MatchOutcome(Enum):
    MATCH = value("match", "Their weight reaches the threshold.")
    REVIEW = value("review", "Their weight is near the threshold: somebody should look.")
    DIFFERENT = value("different", "Their weight is below what is offered for review.")
    NEVER_COMPARED = value("never compared", "They share no blocking key; see `keysDifferent`.")
    MERGED_BY_DECISION = value("merged by decision", "A person, or their source, said that they are one.")
    KEPT_APART_BY_DECISION = value("kept apart by decision", "A person said that they are two.")
    SAME_VERIFIED_ID = value("same verified id", "A system knows both under one id.")
    DIFFERENT_VERIFIED_IDS = value("different verified ids", "A system knows them under different ids.")


@strawberry.enum(description="Why a change was not made.")
class UserErrorCode(Enum):
    NOT_FOUND = value("NOT_FOUND", "What it is about does not exist.")
    INVALID = value("INVALID", "The input makes no sense; see `field`.")
    CONTRADICTS_DECISION = value("CONTRADICTS_DECISION", "Decisions in force say otherwise; see `decisions`.")
    STALE_REVIEW = value("STALE_REVIEW", "A record or a decision has changed since the pair was offered.")
    IDEMPOTENCY_KEY_REUSED = value("IDEMPOTENCY_KEY_REUSED", "The key came with another request before.")
    BUSY = value("BUSY", "A sync is at work; try again in a moment.")
