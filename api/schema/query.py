"""The root of all queries: each field is one Cypher query."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import strawberry

from api.plan.errors import bad_input
from api.plan.fields import Argument, described, page_arguments, root
from api.plan.ids import key_of
from api.plan.lookups import RootIdentified, RootNode, RootNodes
from api.plan.roots import Filled, Question, RootAll, RootComputed, RootOne, RootPage, RootWorked
from api.plan.rows import Row
from api.schema.account import Account
from api.schema.alert import Alert, AlertFilter, AlertOrder
from api.schema.attribution import ATTRIBUTION_ARGUMENTS, AttributionAnswer, work_attribution
from api.schema.customer import Customer
from api.schema.drivers import DRIVERS_ARGUMENTS, DriversOfScore, work_drivers
from api.schema.enums import SearchType
from api.schema.event import ChangeLog, ask_change_log
from api.schema.explanation import MatchExplanation, work_explanation
from api.schema.filters import CustomerFilter, CustomerIdentifierInput, CustomerOrder
from api.schema.flow import JourneyFlow, JourneyFlowInput, work_flow
from api.schema.followed import (
    JourneyLoops,
    JourneyLoopsInput,
    WhatFollowed,
    WhatFollowedInput,
    work_followed,
    work_loops,
)
from api.schema.funnel import Funnel, FunnelInput, work_funnel
from api.schema.initiative import INITIATIVES_ARGUMENTS, Initiative, work_initiatives
from api.schema.interaction import InteractionKind
from api.schema.journey_map import (
    JOURNEY_MAP_ARGUMENTS,
    PROMISES_ARGUMENTS,
    BrandPromise,
    JourneyMap,
    work_journey_map,
    work_promises,
)
from api.schema.kpi import (
    KPI_ARGUMENTS,
    KPIS_ARGUMENTS,
    Kpi,
    KpiDefinition,
    work_definitions,
    work_kpi,
    work_kpis,
)
from api.schema.kpi_delta import DELTA_ARGUMENTS, KpiDelta, work_delta
from api.schema.lifecycle import (
    LIFECYCLE_ARGUMENTS,
    Lifecycle,
    LifecycleBaseline,
    work_baselines,
    work_lifecycle,
)
from api.schema.match_decision import MatchDecision
from api.schema.paging import Connection, Node
from api.schema.pain import PAIN_POINT_ARGUMENTS, PainPoints, work_pain_points
from api.schema.paths import (
    ConversionSequences,
    ConversionSequencesInput,
    JourneyPaths,
    JourneyPathsInput,
    work_paths,
    work_sequences,
)
from api.schema.persona import PERSONAS_ARGUMENTS, Persona, work_personas
from api.schema.plan import PLAN_ARGUMENTS, MeasurementPlan, work_plan
from api.schema.retention import (
    COHORT_ARGUMENTS,
    GROWTH_ARGUMENTS,
    GrowthPeriod,
    RetentionCohort,
    work_cohorts,
    work_growth,
)
from api.schema.review import MatchReview, MatchReviewFilter, MatchReviewOrder
from api.schema.risk import INACTIVITY_RISK_ARGUMENTS, InactivityRisk, work_inactivity_risk
from api.schema.scope import SCOPE_ARGUMENTS
from api.schema.search import RANKED_SEARCH, SearchResultConnection
from api.schema.segment import (
    SEGMENT_ARGUMENTS,
    SEGMENTS_ARGUMENTS,
    Segment,
    SegmentDetails,
    work_segment,
    work_segments,
)
from api.schema.source import Source, SourceComparison
from api.schema.sync import SyncProgress, ask_newest_sync
from api.schema.time_between import TimeBetween, TimeBetweenInput, work_time_between
from api.schema.timeline import TIMELINE_ARGUMENTS, JourneyItemConnection, work_timeline
from api.schema.touchpoint_figures import TOUCHPOINT_ARGUMENTS, TouchpointReport, work_touchpoints
from api.schema.vanity import VanityChecks, work_vanity
from api.schema.voice import VOICE_ARGUMENTS, VoiceOfCustomer, work_voice
from connectors.records import KINDS
from graph.alerts import reading as alert_reading
from graph.customer import identifiers, matters, reading
from graph.cypher import cypher
from graph.figures.sources import compare_sources
from graph.reading import Traversal

NODES: Mapping[str, Traversal] = {
    "Account": reading.ACCOUNTS_BY_ID,
    "Alert": alert_reading.ALERTS_BY_ID,
    "Customer": reading.CUSTOMERS_BY_ID,
    "Deal": matters.DEALS_BY_ID,
    "Interaction": reading.INTERACTIONS_BY_ID,
    "MatchDecision": reading.DECISIONS_BY_ID,
    "MatchReview": reading.REVIEWS_BY_ID,
    "Order": matters.ORDERS_BY_ID,
    "SourceRecord": reading.RECORDS_BY_KEY,
    "SubscriptionContract": matters.SUBSCRIPTIONS_BY_ID,
    "SurveyResponse": reading.SURVEYS_BY_ID,
    "Ticket": matters.TICKETS_BY_ID,
    "Touchpoint": reading.TOUCHPOINTS_BY_KEY,
}


def _id_of(typename: str) -> Filled:
    return Filled("id", lambda arguments: key_of(arguments["id"], typename))


def _email(value: Any) -> str:
    found = identifiers.email_key(value)
    if found is None:
        raise bad_input(f"`emailAddress` {value[:80]!r} is not an e-mail address.")
    return found.key


def _phone(value: Any) -> str:
    found = identifiers.phone_key(value, None)
    if found is None:
        raise bad_input(f"`phoneNumber` {value[:40]!r} is not a number; write it with its country, as +49 30 1234567.")
    return found.key


_WAYS: Mapping[str, tuple[Traversal, Callable[[Any], str]]] = {
    "emailAddress": (reading.CUSTOMERS_BY_IDENTIFIER, _email),
    "phoneNumber": (reading.CUSTOMERS_BY_IDENTIFIER, _phone),
    "sourceRecord": (
        reading.CUSTOMERS_BY_RECORD,
        lambda record: f"{record['source']}/{record['stream']}/{record['sourceId']}",
    ),
    "externalId": (
        reading.CUSTOMERS_BY_IDENTIFIER,
        lambda found: identifiers.external_key(found["system"], found["value"]).key,
    ),
}


def _compare(_: Mapping[str, Any]) -> Question:
    def fold(rows: list[Row]) -> dict[str, Any]:
        comparison = compare_sources(rows)
        return {
            "sources": [
                {name: getattr(one, name) for name in ("source", "person_count", "customer_count", "only_here_count")}
                for one in comparison.sources
            ],
            "customer_count": comparison.customer_count,
            "shared_count": comparison.shared_count,
            "overlaps": [{"sources": list(sources), "customer_count": count} for sources, count in comparison.overlaps],
            "sentence": comparison.sentence,
        }

    return Question(cypher("questions/compare_sources"), {}, fold)


def _kinds(_: Mapping[str, Any]) -> Question:
    def fold(rows: list[Row]) -> list[dict[str, Any]]:
        return [
            {"kind": kind, "is_known": kind in KINDS, "interaction_count": count, "sources": sorted(sources)}
            for kind, count, sources in rows
        ]

    return Question(cypher("questions/interaction_kinds"), {}, fold)


_ID = Argument("id", strawberry.ID, "Its global id.")


@described
class Query:
    """Everything that can be asked."""

    node: Node | None = root(
        "Anything by its global id; null when there is nothing of that id.", RootNode(NODES), [_ID]
    )
    nodes: list[Node | None] = root(
        "Several things by their global ids, in that order; null where there is nothing of that id.",
        RootNodes(NODES),
        [Argument("ids", list[strawberry.ID], "Their global ids, at most 100.")],
    )
    customer: Customer | None = root(
        "A customer by id; the id of a customer that became another answers with that other.",
        RootOne(reading.CUSTOMER_BY_ID, (_id_of("Customer"),)),
        [_ID],
    )
    customer_by_identifier: Customer | None = root(
        "The customer with this identifier. Where several customers share it: null, and the error "
        "`AMBIGUOUS_IDENTIFIER` with their ids.",
        RootIdentified(_WAYS, "identifier", "Customer"),
        [Argument("identifier", CustomerIdentifierInput, "What they are looked up by.")],
    )
    customers: Connection[Customer] = root(
        "Customers, by name unless ordered otherwise.",
        RootPage(reading.CUSTOMERS),
        page_arguments(CustomerFilter, CustomerOrder),
    )
    search: SearchResultConnection = root(
        "Customers and accounts by anything one remembers: words of names, e-mail addresses and companies in any "
        "order, also mistyped, their beginnings and parts, and telephone numbers, national ones too, or their endings. "
        "The best 500 are found, the best first.",
        RANKED_SEARCH,
        [
            Argument("query", str, "What one remembers."),
            Argument("types", list[SearchType] | None, "Only these types; all unless said."),
            *page_arguments(),
        ],
    )
    account: Account | None = root("An account by id.", RootOne(reading.ACCOUNT_BY_ID, (_id_of("Account"),)), [_ID])
    pain_points: PainPoints = root(
        "Where it goes wrong for customers: kinds of pain points, ranked by customers × harm.",
        RootWorked(work_pain_points),
        PAIN_POINT_ARGUMENTS,
    )
    alerts: Connection[Alert] = root(
        "What rules have noticed, the newest first unless ordered otherwise.",
        RootPage(alert_reading.ALERTS),
        page_arguments(AlertFilter, AlertOrder),
    )
    voice: VoiceOfCustomer = root(
        "What customers say: answers, what came before low ones, and the themes of their comments.",
        RootWorked(work_voice),
        VOICE_ARGUMENTS,
    )
    vanity_checks: VanityChecks = root(
        "Whether a local target improves while the customer's figure worsens.",
        RootWorked(work_vanity),
        SCOPE_ARGUMENTS,
    )
    drivers: DriversOfScore = root(
        "What goes together with a score, and what if it moved: association, not effect.",
        RootWorked(work_drivers),
        DRIVERS_ARGUMENTS,
    )
    inactivity_risk: InactivityRisk = root(
        "Who of the active may stop, with factors, and how well told risks have held.",
        RootWorked(work_inactivity_risk),
        INACTIVITY_RISK_ARGUMENTS,
    )
    churn_risk: InactivityRisk = root(
        "The former name of `inactivityRisk`.",
        RootWorked(work_inactivity_risk),
        INACTIVITY_RISK_ARGUMENTS,
        deprecated="Ask for `inactivityRisk`: churn risk is 1 - P(alive), as in `Customer.metrics`. "
        "It is gone from 2027-06-01 on.",
    )
    attribution: AttributionAnswer = root(
        "Who was there when customers converted, by several models: credit, not effect.",
        RootWorked(work_attribution),
        ATTRIBUTION_ARGUMENTS,
    )
    sources: list[Source] = root("The systems that c360 reads, with their state.", RootAll(reading.SOURCES))
    sync_progress: SyncProgress | None = root(
        "How far the sync at work is, or how the last one ended; null before the first.",
        RootComputed(ask_newest_sync),
    )
    source_comparison: SourceComparison = root(
        "What each source says by itself, beside what is true of all together.", RootComputed(_compare)
    )
    journey_flow: JourneyFlow = root(
        "How customers go from step to step: the data of a Sankey diagram.",
        RootWorked(work_flow),
        [Argument("input", JourneyFlowInput, "Which journeys.")],
    )
    funnel: Funnel = root(
        "How far customers get along given steps within a window after a start.",
        RootWorked(work_funnel),
        [Argument("input", FunnelInput, "The steps, and whose journeys.")],
    )
    journey_paths: JourneyPaths = root(
        "Which steps came right before a goal or right after it, and how much more often than usual.",
        RootWorked(work_paths),
        [Argument("input", JourneyPathsInput, "The goal, and whose journeys.")],
    )
    what_followed: WhatFollowed = root(
        "What customers did next after one or more steps, and how many of them then reached a goal.",
        RootWorked(work_followed),
        [Argument("input", WhatFollowedInput, "After what, and whose journeys.")],
    )
    journey_loops: JourneyLoops = root(
        "Where customers come back to a step, at once or by way of one other, the most frequent first.",
        RootWorked(work_loops),
        [Argument("input", JourneyLoopsInput, "Whose journeys.")],
    )
    conversion_sequences: ConversionSequences = root(
        "The touches before customers' first conversions, beside those who had the same and did not convert.",
        RootWorked(work_sequences),
        [Argument("input", ConversionSequencesInput, "The conversion, and whose journeys.")],
    )
    customer_journey: JourneyItemConnection = root(
        "One customer's journey as one ordered list: interactions, scores, handoffs, stage changes, matters.",
        RootWorked(work_timeline),
        TIMELINE_ARGUMENTS,
    )
    touchpoints: TouchpointReport = root(
        "Where customers meet the company: reach, waits, scores, importance and performance.",
        RootWorked(work_touchpoints),
        TOUCHPOINT_ARGUMENTS,
    )
    time_between: TimeBetween = root(
        "How long it takes from one stage or interaction to another, those who still wait counted.",
        RootWorked(work_time_between),
        [Argument("input", TimeBetweenInput, "From where to where, and whose journeys.")],
    )
    kpi: Kpi = root("One figure, with its definition.", RootWorked(work_kpi), KPI_ARGUMENTS)
    kpis: list[Kpi] = root("Several figures: the board.", RootWorked(work_kpis), KPIS_ARGUMENTS)
    kpi_delta: KpiDelta = root(
        "What moved in a figure because customers were merged or split since a moment.",
        RootWorked(work_delta),
        DELTA_ARGUMENTS,
    )
    measurement_plan: MeasurementPlan = root(
        "The measurement plan of rules.toml held against what there is: values, owners, stale sources, gaps.",
        RootWorked(work_plan),
        PLAN_ARGUMENTS,
    )
    retention_cohorts: list[RetentionCohort] = root(
        "Who came back, by the period of their first activity: the triangle.",
        RootWorked(work_cohorts),
        COHORT_ARGUMENTS,
    )
    lifecycle_growth: list[GrowthPeriod] = root(
        "New, retained, resurrected and dormant customers of each day, week … of the period.",
        RootWorked(work_growth),
        GROWTH_ARGUMENTS,
    )
    kpi_definitions: list[KpiDefinition] = root("What each figure means.", RootWorked(work_definitions))
    initiatives: list[Initiative] = root(
        "What the functions do, those that began last first, with what their KPIs did before and after.",
        RootWorked(work_initiatives),
        INITIATIVES_ARGUMENTS,
    )
    journey_map: JourneyMap = root(
        "A persona's planned journey held against what its customers experienced.",
        RootWorked(work_journey_map),
        JOURNEY_MAP_ARGUMENTS,
    )
    promises: list[BrandPromise] = root(
        "What the brand promises beside what customers perceive, the widest gap first.",
        RootWorked(work_promises),
        PROMISES_ARGUMENTS,
    )
    lifecycle: Lifecycle = root(
        "Who is at which stage, who came, went on, fell back and was lost, and where most is lost.",
        RootWorked(work_lifecycle),
        LIFECYCLE_ARGUMENTS,
    )
    lifecycle_baselines: list[LifecycleBaseline] = root(
        "The baselines that were recorded, the newest first.", RootWorked(work_baselines)
    )
    segments: list[Segment] = root(
        "The segments of rules.toml, ranked by customers × their value × how far their KPI is from its target.",
        RootWorked(work_segments),
        SEGMENTS_ARGUMENTS,
    )
    segment: SegmentDetails = root(
        "One segment, with its customers and who came and went.", RootWorked(work_segment), SEGMENT_ARGUMENTS
    )
    personas: list[Persona] = root(
        "Who customers are taken to be, beside what is measured of them.", RootWorked(work_personas), PERSONAS_ARGUMENTS
    )
    match_reviews: Connection[MatchReview] = root(
        "Pairs of records that may be one person: those that wait first, then the decided ones; among them those first "
        "about which the linkage is least sure, then those with most interactions.",
        RootPage(reading.MATCH_REVIEWS),
        page_arguments(MatchReviewFilter, MatchReviewOrder),
    )
    match_decisions: Connection[MatchDecision] = root(
        "What people decided about records, the newest first; also what was taken back.",
        RootPage(reading.MATCH_DECISIONS),
        page_arguments(),
    )
    match_explanation: MatchExplanation | None = root(
        "Why two source records are one customer, or why they are not.",
        RootWorked(work_explanation),
        [Argument("source_record_ids", list[strawberry.ID], "Ids of two source records.")],
    )
    change_log: ChangeLog = root("Where the log of changes stands.", RootComputed(ask_change_log))
    interaction_kinds: list[InteractionKind] = root(
        "The kinds of interactions that occur, the most frequent first.", RootComputed(_kinds)
    )
