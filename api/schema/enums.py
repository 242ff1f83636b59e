"""Closed sets. The Python value of each member is what the graph holds."""

from __future__ import annotations

from enum import Enum
from typing import Any

import strawberry


def value(stored: str, description: str) -> Any:
    """A member: what the graph holds for it, and what it means."""
    return strawberry.enum_value(stored, description=description)


@strawberry.enum(description="The part of the company that acts.")
class BusinessFunction(Enum):
    MARKETING = value("marketing", "Campaigns, events, advertising.")
    SALES = value("sales", "Leads, deals, quotes.")
    SERVICE = value("service", "Tickets, conversations, onboarding.")
    PRODUCT = value("product", "What happens within the product.")
    FINANCE = value("finance", "Orders, payments, refunds.")


@strawberry.enum(description="Where an interaction happens.")
class Channel(Enum):
    EMAIL = value("email", "By e-mail.")
    PHONE = value("phone", "By telephone.")
    WEB = value("web", "On a web site.")
    CHAT = value("chat", "In a chat.")
    SOCIAL = value("social", "In a social network.")
    SMS = value("sms", "By text message.")
    ADS = value("ads", "By an advertisement.")
    IN_PERSON = value("in_person", "Face to face.")
    APP = value("app", "In an app.")
    MAIL = value("mail", "By post.")
    OTHER = value("other", "Anywhere else.")


@strawberry.enum(description="Who acts in an interaction.")
class Direction(Enum):
    INBOUND = value("inbound", "The customer acts.")
    OUTBOUND = value("outbound", "The company acts.")
    INTERNAL = value("internal", "The company acts on its own records, e.g. an owner changes.")


@strawberry.enum(description="Whether a customer does anything; something else than the stage of the lifecycle.")
class ActivityStatus(Enum):
    NEW = value("NEW", "Known for a short time only.")
    ACTIVE = value("ACTIVE", "Has been active lately.")
    DORMANT = value("DORMANT", "Has not been active for long.")
    REACTIVATED = value("REACTIVATED", "Active again after having been dormant.")
    CHURNED = value("CHURNED", "Ended their last contract, and has bought nothing since; known of contracts alone.")


@strawberry.enum(description="What a customer's value and risk are worked out from.")
class ValueBasis(Enum):
    PURCHASES = value("PURCHASES", "How often and how lately they bought: BG/NBD, and Gamma-Gamma for what they spend.")
    CONTRACT = value("CONTRACT", "The contract they are under: how many like it were renewed.")


@strawberry.enum(description="What a survey measures.")
class SurveyMetric(Enum):
    NPS = value("nps", "Likelihood to recommend, 0 to 10.")
    CSAT = value("csat", "Satisfaction.")
    CES = value("ces", "Effort.")
    RATING = value("rating", "Stars; not satisfaction.")


@strawberry.enum(description="What a survey is about; the two are never pooled.")
class SurveyProgram(Enum):
    RELATIONSHIP = value("relationship", "The relationship as a whole.")
    TRANSACTIONAL = value("transactional", "One touchpoint.")


@strawberry.enum(description="What a score says, by the limits that figures go by.")
class ResponseGroup(Enum):
    POSITIVE = value("POSITIVE", "A promoter (9 and 10), satisfied (4 and 5 of 5), it was easy (5 to 7 of 7), good.")
    NEUTRAL = value("NEUTRAL", "A passive (7 and 8): of the Net Promoter Score alone.")
    NEGATIVE = value("NEGATIVE", "A detractor (0 to 6), not satisfied, it was not easy, bad.")


@strawberry.enum(description="How it is known which interaction a survey is about.")
class AboutMethod(Enum):
    TOKEN = value("token", "By the token that was sent with the survey.")
    SOURCE = value("source", "The source says so.")
    INFERRED = value("inferred", "By the order of events.")


@strawberry.enum(description="What a source record describes.")
class SourceRecordKind(Enum):
    PERSON = value("person", "A person, in a system that keeps persons.")
    ACCOUNT = value("account", "A company or household.")
    MENTION = value("mention", "A person known only from what an event says of them.")
    CONSENT = value("consent", "A consent kept apart from the person.")


@strawberry.enum(description="Whether somebody may be addressed on a channel for a purpose.")
class ConsentStatus(Enum):
    GRANTED = value("GRANTED", "They agreed.")
    DENIED = value("DENIED", "They did not agree.")
    REVOKED = value("REVOKED", "They had agreed and took it back.")


@strawberry.enum(description="The kind of a matter that interactions belong to.")
class MatterKind(Enum):
    TICKET = value("Ticket", "A request to the helpdesk.")
    DEAL = value("Deal", "A sales opportunity.")
    ORDER = value("Order", "An order.")
    SUBSCRIPTION = value("Subscription", "A subscription.")
    CAMPAIGN = value("Campaign", "A campaign of marketing.")


@strawberry.enum(description="The state of a ticket, as its events tell it.")
class TicketStatus(Enum):
    OPEN = value("OPEN", "It waits for an answer, or for the customer.")
    SOLVED = value("SOLVED", "It was solved and not reopened since.")


@strawberry.enum(description="The state of a deal, as its events tell it.")
class DealStatus(Enum):
    OPEN = value("OPEN", "Nothing is decided.")
    WON = value("WON", "The customer buys.")
    LOST = value("LOST", "The customer does not buy.")


@strawberry.enum(description="The state of an order, as its events tell it.")
class OrderStatus(Enum):
    PLACED = value("PLACED", "It was placed, and is neither refunded nor cancelled.")
    REFUNDED = value("REFUNDED", "Money of it was given back.")
    CANCELLED = value("CANCELLED", "It was cancelled.")


@strawberry.enum(description="The state of a subscription, as its events tell it.")
class SubscriptionContractStatus(Enum):
    TRIAL = value("TRIAL", "It is being tried.")
    ACTIVE = value("ACTIVE", "It runs.")
    PAUSED = value("PAUSED", "It rests.")
    CANCELLED = value("CANCELLED", "It was cancelled.")


@strawberry.enum(description="What tickets can be sorted by.")
class TicketOrderField(Enum):
    OPENED_AT = value("opened", "When they were opened.")
    LAST_ACTIVITY_AT = value("last", "The last interaction that belongs to them.")
    SOLVED_AT = value("closed", "When they were solved; those that are open come last.")


@strawberry.enum(description="What deals, orders and subscriptions can be sorted by.")
class SaleOrderField(Enum):
    OPENED_AT = value("opened", "When they began.")
    LAST_ACTIVITY_AT = value("last", "The last interaction that belongs to them.")
    CLOSED_AT = value("closed", "When they ended; those that go on come last.")
    AMOUNT = value("amount", "The amount, whatever its currency.")


@strawberry.enum(description="Which way a list is sorted.")
class SortDirection(Enum):
    ASC = value("ASC", "Smallest, earliest or A first.")
    DESC = value("DESC", "Largest, latest or Z first.")


@strawberry.enum(description="What customers can be sorted by.")
class CustomerOrderField(Enum):
    NAME = value("name", "Family name, then given name.")
    CREATED_AT = value("created", "When the earliest of their records was made.")
    UPDATED_AT = value("updated", "When the golden record changed last.")
    FIRST_SEEN_AT = value("first_seen", "Their first interaction.")
    LAST_ACTIVITY_AT = value("last_activity", "Their last interaction.")
    INTERACTION_COUNT = value("interactions", "How many interactions they have.")
    RECORD_COUNT = value("records", "How many source records describe them.")


@strawberry.enum(description="What interactions can be sorted by.")
class InteractionOrderField(Enum):
    OCCURRED_AT = value("at", "When they happened.")


@strawberry.enum(description="How two customers are related without being one.")
class RelationKind(Enum):
    HOUSEHOLD = value("household", "They live together.")
    COLLEAGUE = value("colleague", "They work for one company.")


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


@strawberry.enum(description="Why nothing was recorded.")
class RecordingErrorCode(Enum):
    NOT_FOUND = value("NOT_FOUND", "The customer it is about does not exist.")
    INVALID = value("INVALID", "The input makes no sense; see `field`.")
    AMBIGUOUS_IDENTIFIER = value("AMBIGUOUS_IDENTIFIER", "Several customers share the identifier; see `customerIds`.")
    IDEMPOTENCY_KEY_REUSED = value("IDEMPOTENCY_KEY_REUSED", "The key came with another request before.")


@strawberry.enum(description="The state of a sync.")
class SyncStatus(Enum):
    WAITING = value("WAITING", "It was asked for, and waits for its process or for another sync to end.")
    RUNNING = value("RUNNING", "It is at work.")
    SUCCEEDED = value("SUCCEEDED", "All sources were read to their end, and what follows is derived.")
    FAILED = value("FAILED", "A source could not be read, or the sync as a whole failed.")
    INTERRUPTED = value("INTERRUPTED", "Its process was stopped; the next sync goes on where it was.")


@strawberry.enum(description="How far a sync is with one source.")
class SyncSourceStatus(Enum):
    WAITING = value("WAITING", "Nothing of it was read yet.")
    RUNNING = value("RUNNING", "It is being read.")
    SUCCEEDED = value("SUCCEEDED", "It was read to its end.")
    FAILED = value("FAILED", "It could not be read; the next sync goes on where it was.")


@strawberry.enum(description="Why no sync was started.")
class StartSyncErrorCode(Enum):
    UNKNOWN_SOURCE = value("UNKNOWN_SOURCE", "plugins.toml has no such source.")
    NOT_AVAILABLE = value("NOT_AVAILABLE", "The API cannot start syncs: it has no sources it could read.")
    IDEMPOTENCY_KEY_REUSED = value("IDEMPOTENCY_KEY_REUSED", "The key came with another request before.")
    BUSY = value("BUSY", "Another request for a sync is at work; try again in a moment.")


@strawberry.enum(description="What a search looks for.")
class SearchType(Enum):
    CUSTOMER = value("Customer", "Persons.")
    ACCOUNT = value("Account", "Companies and households.")


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


@strawberry.enum(description="A field of a customer's golden record.")
class CustomerFieldName(Enum):
    GIVEN_NAME = value("given_name", "Given name.")
    FAMILY_NAME = value("family_name", "Family name.")
    FULL_NAME = value("full_name", "The whole name, where a source does not part it.")
    EMAIL = value("email", "The primary e-mail address.")
    PHONE = value("phone", "The primary telephone number.")
    JOB_TITLE = value("job_title", "Job title.")
    BIRTH_DATE = value("birth_date", "Day of birth.")
    LOCALE = value("locale", "Language and region.")
    TIME_ZONE = value("timezone", "Time zone.")
    ACCOUNT_NAME = value("account_name", "Name of their company, as they give it.")
    OWNER = value("owner", "Who is responsible for them.")
    TEAM = value("team", "The responsible team.")
    STAGE_SAID = value("stage_said", "The stage their CRM record names.")
    ADDRESS = value("address", "Postal address; survives whole.")


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
