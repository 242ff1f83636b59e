"""Who may ask for which field, and what of it is masked: the one place where that is declared.

Every field of the schema stands here, under the lowest role that may ask for it. A field that is missing is for admins
only, and `tests/api/test_access.py` fails until somebody has decided.
"""

from __future__ import annotations

from collections.abc import Mapping

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema

from api.plan.access import ACCESS, DOTTED, EMAIL, PHONE, POSTAL_CODE, TEXT, WITHHELD, Access, Mask
from graph.keys import Role

READER, ANALYST, STEWARD, ADMIN = Role.READER, Role.ANALYST, Role.STEWARD, Role.ADMIN

FIELDS: Mapping[str, Mapping[Role, str]] = {
    "Query": {
        READER: "node nodes alerts customer customerByIdentifier customers search account changeLog customerJourney",
        ANALYST: "painPoints voice vanityChecks attribution drivers inactivityRisk churnRisk "
        "timeBetween touchpoints journeyPaths whatFollowed journeyLoops conversionSequences "
        "sources syncProgress sourceComparison journeyFlow interactionKinds kpi kpis kpiDefinitions funnel "
        "journeyMap promises initiatives "
        "segments segment personas lifecycle lifecycleBaselines retentionCohorts lifecycleGrowth "
        "measurementPlan kpiDelta",
        STEWARD: "matchReviews matchDecisions matchExplanation",
    },
    "Mutation": {
        STEWARD: "acceptMatch acceptMatches rejectMatch assignMatchReview mergeCustomers splitCustomer "
        "recordLifecycleBaseline recordInitiative "
        "revertMatchDecision pinField unpinField recordInteraction recordSurveyResponse startSync assignAlert "
        "acknowledgeAlert snoozeAlert resolveAlert reopenAlert",
    },
    "Subscription": {
        READER: "customerMerged customerSplit customerUpdated interactionRecorded alertRaised",
        ANALYST: "syncProgressed",
    },
    "Kpi": {ANALYST: "key definition current previous target owner status series breakdown linkedTo annotations"},
    "KpiValue": {
        ANALYST: "value unavailableReason note sampleSize confidenceInterval currencyCode coverage period isComplete "
        "computedAt",
    },
    "KpiAssociation": {ANALYST: "definition caveat groups difference differenceInterval"},
    "CustomerMetrics": {
        READER: "lifetimeRevenue residualLifetimeValue currencyCode churnRisk lastInboundAt openTicketCount latestNps "
        "latestNpsAt latestNpsResponse basis estimatedAt",
    },
    "KpiDefinition": {
        ANALYST: "key name unit higherIsBetter summary numerator denominator source sourceUrl version",
    },
    "KpiBreakdownRow": {ANALYST: "key label value"},
    "Initiative": {
        ANALYST: "name title function owner start end hypothesis kpi expected segment comparison windowDays recordedBy "
        "effect",
    },
    "InitiativeEffect": {
        ANALYST: "kpi before after change comparisonBefore comparisonAfter differenceInDifferences placebo "
        "isAsExpected isComplete caveat",
    },
    "RecordInitiativePayload": {STEWARD: "initiative userErrors"},
    "KpiAnnotation": {ANALYST: "name title function owner start end isExpected"},
    "CountedKey": {ANALYST: "key label customerCount"},
    "JourneyMap": {
        ANALYST: "name title persona customerCount travellerCount coverage planned inOrder outcomesMet outcomesKnown "
        "steps unexpected",
    },
    "JourneyMapStep": {
        ANALYST: "name stage ownerFunction isMomentOfTruth inputs inputsNotAsked inputsBeyond desiredOutcome "
        "desiredEmotion madeCount reached skipped outcome emotion byOwner target isMet",
    },
    "BrandPromise": {
        ANALYST: "name statement owner touchpoints kpi promised perceived gap isKept isCertain",
    },
    "Lifecycle": {ANALYST: "stages weakestStage activity said baseline comparisons"},
    "LifecycleStage": {
        ANALYST: "stage saidAs customerCount enteredCount leftCount fellBackCount dwellDays conversion lostCount "
        "lostShare lostShareBefore value touches cost stake",
    },
    "ActivityCount": {ANALYST: "status customerCount"},
    "StageSaid": {ANALYST: "said shown agrees customerCount", STEWARD: "examples exampleAccounts"},
    "LifecycleBaseline": {ANALYST: "name from to unit recordedBy asOf figures"},
    "BaselineFigure": {ANALYST: "part key value sampleSize lower upper unavailableReason"},
    "BaselineComparison": {ANALYST: "before now difference"},
    "RecordLifecycleBaselinePayload": {STEWARD: "baseline userErrors"},
    "SegmentMembership": {READER: "segment title reason since note"},
    "Segment": {
        ANALYST: "name title description conditions note customerCount customerShare value kpi current target gap "
        "stake rank personas profile overlap changes",
    },
    "SegmentProfile": {
        ANALYST: "customerCount medianAgeYears medianTenureDays channels touchpoints scores hopedWords",
    },
    "UsageShare": {ANALYST: "key label customerCount useCount share"},
    "ProfileScore": {ANALYST: "key value"},
    "SegmentOverlap": {ANALYST: "segment customerCount shareOfThis shareOfOther"},
    "SegmentChanges": {ANALYST: "joinedCount leftCount stayedCount"},
    "SegmentDetails": {ANALYST: "segment members nextAfter joined left"},
    "SegmentMember": {ANALYST: "customer reason since note"},
    "Persona": {
        ANALYST: "name title segment demographics motivations channelPreferences usage supportNeeds hopedWords "
        "hopedEmotions profile",
    },
    "KpiDelta": {
        ANALYST: "definition since current undone difference mergedCustomerCount splitCustomerCount note",
    },
    "MeasurementPlan": {ANALYST: "rows unplanned computedAt"},
    "PlannedKpi": {
        ANALYST: "key definition owner sources target cadence current coverage status isStale staleSources missing",
    },
    "RetentionCohort": {ANALYST: "period size periods"},
    "CohortPeriod": {ANALYST: "number returnedCount share isComplete"},
    "GrowthPeriod": {
        ANALYST: "period isComplete activeCount newCount retainedCount resurrectedCount dormantCount quickRatio",
    },
    "ConfidenceInterval": {ANALYST: "lower upper level method"},
    "VoiceOfCustomer": {
        ANALYST: "caveat metric program period answerCount otherAnswerCount lowShare responses stepsBeforeLow comments",
    },
    "StepBeforeLowScore": {ANALYST: "touchpoint lowAnswerCount otherAnswerCount difference lift"},
    "CommentLanguage": {ANALYST: "language commentCount themes"},
    "CommentTheme": {ANALYST: "text isOfLowScores zScore customerCount otherCommentCount examples"},
    "VanityChecks": {ANALYST: "caveat period previousPeriod checks"},
    "VanityCheckResult": {ANALYST: "verdict sentence localTarget customerFigure"},
    "KpiMove": {ANALYST: "key name unit current previous change isImproved"},
    "DriversOfScore": {
        ANALYST: "caveat metric program scaleMin scaleMax answerCount otherAnswerCount meanScore explainedShare "
        "drivers leftOut note whatIf",
    },
    "DriverOfScore": {ANALYST: "driver meaning mean coefficient share performance quadrant quadrantNote"},
    "WhatIf": {ANALYST: "caveat change expectedMean"},
    "InactivityRisk": {
        ANALYST: "caveat horizonDays learnedAsOf learnedFromCount stoppedCount factors reliability discrimination "
        "skill activeCount expectedStopCount customers note",
    },
    "RiskFactor": {ANALYST: "factor meaning oddsRatio mean standardDeviation"},
    "RiskReliability": {ANALYST: "customerCount told happened lower upper"},
    "CustomerAtRisk": {ANALYST: "risk factors customer account"},
    "FactorOfCustomer": {ANALYST: "factor logOdds"},
    "AttributionAnswer": {
        ANALYST: "caveat dimension goalKinds lookBackDays period isComplete computedAt convertedCount "
        "notConvertedCount unattributedCount revenue currencyCode revenueNote note models",
    },
    "AttributionByModel": {ANALYST: "model credits"},
    "AttributionCredit": {ANALYST: "key customerCount conversions conversionShare revenue"},
    "PainPoints": {ANALYST: "caveat period previousPeriod isComplete computedAt findings"},
    "PainPointFinding": {
        ANALYST: "kind definition customerCount occurrenceCount previousCustomerCount previousOccurrenceCount harm "
        "harmSurvey extraContacts impact ways exampleCustomers exampleAccounts",
    },
    "PainPointWay": {ANALYST: "label occurrenceCount customerCount"},
    "Period": {ANALYST: "from to timeZone"},
    "ChangeLog": {READER: "cursor"},
    "CustomerMerged": {READER: "cursor occurredAt customerId formerIds customer"},
    "CustomerSplit": {READER: "cursor occurredAt customerId partedFromIds customer partedFrom"},
    "CustomerUpdated": {READER: "cursor occurredAt customerId isNew customer"},
    "InteractionRecorded": {READER: "cursor occurredAt interactionId customerId interaction customer"},
    "AlertRaised": {READER: "cursor occurredAt alertId customerId alert customer"},
    "Alert": {
        READER: "id rule condition status owner since raisedAt dueAt snoozedUntil resolvedAt outcome note evidence "
        "customer cause followUp nextScore history",
    },
    "AlertEvent": {READER: "deed by occurredAt owner until outcome note"},
    "AlertNextScore": {READER: "isRecovered score"},
    "AlertPayload": {STEWARD: "alert userErrors"},
    "AlertError": {STEWARD: "code field message"},
    "Node": {READER: "id"},
    "SearchResultEdge": {READER: "cursor node score highlights"},
    # Its values are masked as the field is that they are of: `api/schema/search.py` sees to it.
    "SearchHighlight": {READER: "field value start length"},
    "PageInfo": {READER: "hasNextPage hasPreviousPage startCursor endCursor"},
    "Customer": {
        READER: "id formerIds alerts displayName givenName familyName primaryEmail emails primaryPhone phones jobTitle "
        "birthDate locale timeZone address accountName account owner team tags externalIds lifecycleStage "
        "stageSaidByCrm activityStatus segments sources recordCount interactionCount firstSeenAt lastActivityAt "
        "lastInboundAt createdAt updatedAt interactions sourceRecords matchTree fieldProvenance pins stageTransitions "
        "handoffs consents surveyResponses relatedCustomers repeatedQuestions tickets deals orders subscriptions "
        "metrics",
    },
    "EmailAddress": {READER: "address isPrimary isVerified isShared sourceRecords"},
    "PhoneNumber": {READER: "number isPrimary sourceRecords"},
    "PostalAddress": {READER: "street city region postalCode country"},
    "ExternalId": {READER: "system value"},
    "Consent": {READER: "channel purpose status statedAt evidence recordKey sourceRecord"},
    "FieldProvenance": {READER: "field value rule isPinned recordKey sourceRecord alternatives"},
    "FieldAlternative": {READER: "value recordKey observedAt rejectedBecause sourceRecord"},
    "PinnedField": {
        READER: "pinId field value recordKey pinnedBy pinnedAt reason revertedAt revertedBy revertedBecause",
    },
    "StageTransition": {READER: "fromStage toStage occurredAt leftAt isRegression cause"},
    "Handoff": {
        READER: "occurredAt matter fromTeam toTeam fromFunction toFunction waitSeconds businessWaitSeconds before "
        "after nextScore",
    },
    "RelatedCustomer": {READER: "kind probability customer"},
    "RepeatedQuestion": {READER: "field askedAgain askedFirst"},
    "Account": {
        READER: "id name domain industry size address owner sources createdAt updatedAt parent children customers "
        "interactions sourceRecords",
    },
    "Interaction": {
        READER: "id occurredAt endedAt kind function channel direction isAutomated touchpoint stage role team agent "
        "subject text reason topic requestedFields amount activityId participants matters ticket deal order "
        "subscription surveyResponse scores source sourceUrl extra sourceRecord customer account",
    },
    "Participant": {READER: "role customer account interaction"},
    "Ticket": {
        READER: "id key name subject topic status channel openedAt lastActivityAt solvedAt team agent source "
        "interactionCount interactions customers",
    },
    "Deal": {
        READER: "id key name subject status openedAt lastActivityAt closedAt amount reason team agent source "
        "interactionCount interactions customers",
    },
    "Order": {
        READER: "id key name subject status openedAt lastActivityAt closedAt amount reason source interactionCount "
        "interactions customers",
    },
    "SubscriptionContract": {
        READER: "id key name subject status openedAt lastActivityAt closedAt recurringAmount billingPeriod reason "
        "source interactionCount interactions customers",
    },
    "Matter": {READER: "key kind name source"},
    "Money": {READER: "amount currencyCode"},
    "Touchpoint": {READER: "id key name function channel isMomentOfTruth"},
    "SurveyResponse": {
        READER: "id metric program rawScore scale group question comment reason topic answeredAt source interaction "
        "about customer",
    },
    "ScoreScale": {READER: "min max polarity"},
    "SurveyAbout": {READER: "method interaction"},
    "SourceRecord": {
        READER: "id key source stream sourceId kind body sourceUrl createdAt updatedAt deletedAt mergedInto isPending "
        "matchEvidence customer account",
    },
    "MatchEvidence": {READER: "rule decidedBy weightBits otherRecord fields lines"},
    "MatchField": {READER: "field level weightBits"},
    "MatchTree": {READER: "modelVersion nodes"},
    "MatchTreeNode": {
        READER: "recordId recordKey sourceRecord depth joinedToId joinedToKey rule weightBits strongest fields line",
    },
    "InteractionKind": {ANALYST: "kind isKnown interactionCount sources"},
    "Funnel": {ANALYST: "steps customerCount immatureCount period breakdown"},
    "JourneyPaths": {ANALYST: "paths goalCount customerCount hiddenPathCount usualRate caveat period"},
    "JourneyPath": {ANALYST: "steps occurrenceCount customerCount rate lift"},
    "WhatFollowed": {
        ANALYST: "after customerCount immatureCount goalRate steps hiddenStepCount caveat period",
    },
    "FollowingStep": {ANALYST: "key customerCount share medianSeconds goalRate lift"},
    "JourneyLoops": {ANALYST: "loops period"},
    "JourneyLoop": {ANALYST: "key viaKey occurrenceCount customerCount share medianSeconds"},
    "ConversionSequences": {
        ANALYST: "sequences convertedCount notConvertedCount hiddenSequenceCount caveat period",
    },
    "ConversionSequence": {ANALYST: "touches convertedCount notConvertedCount rate"},
    "TouchpointReport": {ANALYST: "touchpoints caveat period"},
    "TouchpointFigures": {
        ANALYST: "key name ownerFunction channel isMomentOfTruth interactionCount customerCount reach frequency "
        "waitSeconds gapSeconds scores importance performance quadrant quadrantNote",
    },
    "TouchpointScore": {ANALYST: "key value"},
    "JourneyItemConnection": {READER: "edges nodes pageInfo totalCount items hasNextPage endCursor"},
    "JourneyItemEdge": {READER: "cursor node"},
    "JourneyItem": {
        READER: "type occurredAt endedAt kind function channel direction isAutomated touchpoint stage campaign "
        "matterKind matterKey interactionCount from to isRegression waitSeconds businessWaitSeconds metric score "
        "scaleMax cursor interaction",
    },
    "TimeBetween": {
        ANALYST: "begunCount arrivedCount waitingCount quarterDays medianDays curve reachedWithin period",
    },
    "TimeCurvePoint": {ANALYST: "days share lower upper waitingCount"},
    "FunnelStep": {
        ANALYST: "number label enteredCount conversionFromPrevious conversionFromStart medianSecondsFromPrevious",
    },
    "FunnelGroup": {ANALYST: "key label customerCount immatureCount steps"},
    "JourneyFlow": {ANALYST: "nodes links customerCount excludedInteractionCount"},
    "JourneyFlowLink": {ANALYST: "sourceKey targetKey traversalCount customerCount medianSeconds"},
    "JourneyFlowNode": {
        ANALYST: "key label step customerCount visitCount startCount exitCount cutCount hiddenInCount hiddenOutCount",
    },
    "Source": {
        ANALYST: "name connector status trust lastSyncAt lastSuccessAt error recordCount pendingRecordCount "
        "interactionCount rejections runs",
    },
    "Rejection": {ANALYST: "stream place reason rejectedAt"},
    "SyncRun": {ANALYST: "status startedAt finishedAt pages records changed interactions rejected error"},
    "SyncProgress": {ANALYST: "syncId status startedAt finishedAt error phases sources"},
    "SyncPhase": {ANALYST: "name source doneCount totalCount perSecond remainingSeconds"},
    "SyncSource": {ANALYST: "source status readCount rejectedCount error"},
    "SourceComparison": {ANALYST: "sources customerCount sharedCount overlaps sentence"},
    "SourceCount": {ANALYST: "source personCount customerCount onlyHereCount"},
    "SourceOverlap": {ANALYST: "sources customerCount"},
    "MatchReview": {
        STEWARD: "id status weightBits probability interactionCount assignee version first second impact "
        "explanation decision",
    },
    "MatchImpact": {STEWARD: "customersMerged interactionsMoved consentsNarrowed"},
    "MatchDecision": {
        STEWARD: "id kind recordKeys apartKeys decidedBy decidedAt reason isReverted revertedAt revertedBy "
        "revertedBecause",
    },
    "MatchExplanation": {
        STEWARD: "outcome isOneCustomer weightBits thresholdBits probability rule evidence keysShared keysDifferent "
        "decisions trail modelVersion customers",
    },
    "MatchFieldEvidence": {STEWARD: "field left right level weightBits levelBits carriers line"},
    "MatchJoin": {STEWARD: "leftId rightId weightBits rule"},
    "MatchDecisionPayload": {STEWARD: "decisions customers change leftReviews userErrors"},
    "AssignMatchReviewPayload": {STEWARD: "review userErrors"},
    "PinPayload": {STEWARD: "pins replaced customer userErrors"},
    "MatchChange": {
        STEWARD: "movedRecords interactionCount changedConsents retiredCustomerIds createdCustomerCount",
    },
    "MovedRecord": {STEWARD: "recordKey recordId fromCustomerId toCustomerId interactionCount"},
    "ChangedConsent": {STEWARD: "customerId channel purpose before after"},
    "LeftMatchReview": {STEWARD: "reviewId message decisionIds"},
    "RecordInteractionPayload": {STEWARD: "interaction customer isPending isReplay userErrors"},
    "RecordSurveyResponsePayload": {STEWARD: "surveyResponse customer isPending isReplay userErrors"},
    "StartSyncPayload": {STEWARD: "sync isAlreadyRunning isReplay userErrors"},
    "StartSyncError": {STEWARD: "code field message"},
    "RecordingError": {STEWARD: "code field message customerIds"},
    "UserError": {STEWARD: "code field message decisionIds"},
}
"""The fields of each type under the lowest role that may ask for them."""

MASKS: Mapping[str, Mask] = {
    "Alert.note": TEXT,
    "AlertEvent.note": TEXT,
    "EmailAddress.address": EMAIL,
    "PhoneNumber.number": PHONE,
    "PostalAddress.street": DOTTED,
    "PostalAddress.postalCode": POSTAL_CODE,
    "ExternalId.value": DOTTED,
    "Customer.birthDate": WITHHELD,
    # Whoever has no name is called by their address, number or record.
    "Customer.displayName": TEXT,
    "Account.name": TEXT,
    "SourceRecord.body": WITHHELD,
    "SourceRecord.key": TEXT,
    "SourceRecord.sourceId": TEXT,
    "SourceRecord.sourceUrl": TEXT,
    "SourceRecord.mergedInto": TEXT,
    "FieldAlternative.value": WITHHELD,
    "FieldProvenance.value": WITHHELD,
    "FieldAlternative.recordKey": TEXT,
    "FieldProvenance.recordKey": TEXT,
    "PinnedField.value": DOTTED,
    "PinnedField.reason": TEXT,
    "PinnedField.recordKey": TEXT,
    "PinnedField.revertedBecause": TEXT,
    "Consent.evidence": TEXT,
    "Consent.recordKey": TEXT,
    "Interaction.subject": TEXT,
    "Interaction.text": TEXT,
    "Interaction.reason": TEXT,
    "Interaction.sourceUrl": TEXT,
    "Interaction.extra": WITHHELD,
    "Ticket.subject": TEXT,
    "Deal.subject": TEXT,
    "Deal.reason": TEXT,
    "Order.subject": TEXT,
    "Order.reason": TEXT,
    "SubscriptionContract.subject": TEXT,
    "SubscriptionContract.reason": TEXT,
    "SurveyResponse.comment": TEXT,
    "SurveyResponse.reason": TEXT,
    "MatchEvidence.otherRecord": TEXT,
    "MatchTreeNode.recordKey": TEXT,
    "MatchTreeNode.joinedToKey": TEXT,
    "MatchTreeNode.line": TEXT,
    "Rejection.place": TEXT,
    "Rejection.reason": TEXT,
    "Source.error": TEXT,
    "SyncRun.error": TEXT,
    "SyncProgress.error": TEXT,
    "SyncSource.error": TEXT,
}
"""What readers and analysts do not see as it is; a steward does."""


def mask_of(field: str, role: Role) -> Mask | None:
    """The mask through which this role sees a field, e.g. `EmailAddress.address`."""
    return Access(READER, MASKS.get(field)).mask_for(role)


_PAGES = ("Connection", "Edge")
_PAGE_FIELDS = frozenset({"edges", "nodes", "pageInfo", "totalCount", "cursor", "node"})


def declare_access(schema: GraphQLSchema) -> GraphQLSchema:
    """Write into each field of the schema who may ask for it, and how it is masked."""
    for name, type_ in schema.type_map.items():
        if not isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) or name.startswith("__"):
            continue
        least = _roles(name)
        for field, definition in type_.fields.items():
            if field in least:
                definition.extensions[ACCESS] = Access(least[field], MASKS.get(f"{name}.{field}"))
    return schema


def _roles(typename: str) -> Mapping[str, Role]:
    if typename.endswith(_PAGES) and typename not in FIELDS:
        return dict.fromkeys(_PAGE_FIELDS, READER)
    return {field: role for role, fields in FIELDS.get(typename, {}).items() for field in fields.split()}
