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
