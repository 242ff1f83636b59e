"""Closed sets of figures and journeys."""

from __future__ import annotations

from enum import Enum

import strawberry

from api.schema.enums import value


@strawberry.enum(description="What the nodes of a journey flow are.")
class JourneyDimension(Enum):
    KIND = value("kind", "The kind of the interaction, e.g. `ticket.created`.")
    TOUCHPOINT = value("touchpoint", "The named touchpoint.")
    CHANNEL = value("channel", "The channel.")
    FUNCTION = value("function", "The function of the company that acts.")
    LIFECYCLE_STAGE = value("stage", "The customer's stage when it happened.")


@strawberry.enum(description="A score about a touchpoint, by the key of the KPI that defines it.")
class TouchpointScoreKey(Enum):
    NPS_TRANSACTIONAL = value("nps_transactional", "Net Promoter Score about it.")
    CSAT = value("csat", "Satisfaction, of five points.")
    CSAT_BINARY = value("csat_binary", "Satisfaction, good or bad.")
    CES = value("ces", "Effort: whether it was easy.")
    RATING = value("rating", "Stars.")


@strawberry.enum(description="Importance × performance: where a touchpoint or driver stands (Martilla and James 1977).")
class TouchpointQuadrant(Enum):
    CONCENTRATE_HERE = value("CONCENTRATE_HERE", "Important, and worse than the others.")
    KEEP_UP = value("KEEP_UP", "Important, and better than the others.")
    LOW_PRIORITY = value("LOW_PRIORITY", "Less important, and worse than the others.")
    POSSIBLE_OVERKILL = value("POSSIBLE_OVERKILL", "Less important, and better than the others.")


@strawberry.enum(description="What an item of a journey is.")
class JourneyItemType(Enum):
    MATTER = value("MATTER", "A ticket, deal, order or subscription begins.")
    INTERACTION = value("INTERACTION", "Something happened.")
    SCORE = value("SCORE", "The customer gave a score.")
    HANDOFF = value("HANDOFF", "Another team took over the same matter.")
    STAGE_CHANGE = value("STAGE_CHANGE", "A stage of the lifecycle was reached.")


@strawberry.enum(description="What sort of matter an item of a journey belongs to.")
class JourneyMatterKind(Enum):
    TICKET = value("ticket", "A ticket.")
    DEAL = value("deal", "A deal.")
    ORDER = value("order", "An order.")
    SUBSCRIPTION = value("subscription", "A subscription.")


@strawberry.enum(description="On which side of a goal steps are.")
class JourneySide(Enum):
    BEFORE = value("BEFORE", "The last steps before it.")
    AFTER = value("AFTER", "The first steps after it.")


@strawberry.enum(description="How the steps of a funnel have to follow each other.")
class FunnelOrder(Enum):
    ORDERED = value("ORDERED", "One after the other, whatever else happens between.")
    STRICT = value(
        "STRICT",
        "One after the other, and nothing else between, as `strict_order` of ClickHouse's windowFunnel; the step just "
        "reached may happen again.",
    )
    ANY = value("ANY", "In any order: level 2 is that any two of the steps have happened, counted from any of them.")


@strawberry.enum(description="Who is counted in an analytic figure.")
class UnitOfAnalysis(Enum):
    CUSTOMER = value("CUSTOMER", "Each person.")
    ACCOUNT = value("ACCOUNT", "Each company or household, with all that its people experienced.")


@strawberry.enum(description="How a period is cut into a series.")
class Granularity(Enum):
    DAY = value("DAY", "Days of the period's time zone.")
    WEEK = value("WEEK", "Weeks, from the weekday on which the company's weeks start.")
    MONTH = value("MONTH", "Calendar months.")
    QUARTER = value("QUARTER", "Quarters of the company's fiscal year.")
    YEAR = value("YEAR", "The company's fiscal years.")


@strawberry.enum(description="By what a KPI is broken down.")
class KpiDimension(Enum):
    FUNCTION = value("FUNCTION", "The function of the interaction.")
    CHANNEL = value("CHANNEL", "The channel of the interaction.")
    TOUCHPOINT = value("TOUCHPOINT", "The touchpoint of the interaction.")
    SOURCE = value("SOURCE", "The source that reports the interaction.")
    CAMPAIGN = value("CAMPAIGN", "The campaign of the interaction.")
    TEAM = value("TEAM", "The team of the interaction.")
    SEGMENT = value("SEGMENT", "The segments of rules.toml that the customer is in; they may overlap.")
    PERSONA = value("PERSONA", "The personas of rules.toml that the customer is taken for; they may overlap.")
    SCORE_GROUP = value(
        "SCORE_GROUP", "Promoters, passives and detractors, by their latest relationship answer of the period."
    )
    LIFECYCLE_STAGE = value("LIFECYCLE_STAGE", "The customer's stage today.")
    COUNTRY = value("COUNTRY", "The customer's country.")
    OWNER = value("OWNER", "Who is responsible for the customer.")


@strawberry.enum(description="How a figure stands to its target.")
class KpiStatus(Enum):
    ON_TARGET = value("ON_TARGET", "It reaches the target.")
    OFF_TARGET = value("OFF_TARGET", "It does not reach the target.")
    NO_TARGET = value("NO_TARGET", "The measurement plan names no target.")
    INSUFFICIENT_DATA = value("INSUFFICIENT_DATA", "There is a target, but no value.")
    SOURCE_STALE = value("SOURCE_STALE", "A source that the plan names has not been read for too long.")


@strawberry.enum(description="Why a figure has no value.")
class KpiUnavailableReason(Enum):
    SAMPLE_TOO_SMALL = value("SAMPLE_TOO_SMALL", "Too few to say anything.")
    NO_DATA_IN_PERIOD = value("NO_DATA_IN_PERIOD", "Nothing happened in the period that it is about.")
    SOURCE_STALE = value(
        "SOURCE_STALE",
        "A source that the plan names was last read too long before the end of the period, or before now.",
    )
    MIXED_CURRENCIES = value("MIXED_CURRENCIES", "Amounts are in several currencies, and no rates are given.")
    IMMATURE = value("IMMATURE", "The window that it needs is not over yet.")
    NOT_CONFIGURED = value("NOT_CONFIGURED", "rules.toml lacks what it needs, or it cannot be asked in this way.")
    NOT_ESTIMABLE = value("NOT_ESTIMABLE", "The model that it needs cannot be fitted to these data.")
    MIXED_SCALES = value("MIXED_SCALES", "The answers are on another scale than the figure is defined for.")


@strawberry.enum(description="What a KPI's value counts.")
class KpiUnit(Enum):
    PERCENT = value("PERCENT", "A share, 0 to 100.")
    POINTS = value("POINTS", "Points, -100 to 100.")
    SECONDS = value("SECONDS", "Seconds.")
    DAYS = value("DAYS", "Days.")
    MONEY = value("MONEY", "An amount, see `currencyCode`.")
    COUNT = value("COUNT", "A number of things.")
    RATIO = value("RATIO", "One divided by another.")
    SCORE = value("SCORE", "A mean score, on its own scale.")
