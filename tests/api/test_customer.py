"""The customer and what belongs to them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from api.plan.ids import encode_id
from api.plan.service import Service
from api.schema.schema import graphql_schema
from connectors.records import Address, Email, Person
from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.sync import sync
from tests.api.conftest import JOURNEY, Ask, asker
from tests.sources import fixed_source, person

pytestmark = pytest.mark.anyio
ADA = encode_id("Customer", "c-ada")


async def test_a_customer_is_found_by_id_with_their_journey_newest_first(ask: Ask) -> None:
    """`customer(id)` answers the golden record and a page of the journey, in one query."""
    query = """query ($id: ID!) { customer(id: $id) { id displayName interactions(first: 3) {
        nodes { kind occurredAt function } pageInfo { hasNextPage hasPreviousPage } totalCount } } }"""
    answer = await ask(query, id=ADA)

    assert answer == {
        "data": {
            "customer": {
                "id": ADA,
                "displayName": "Ada Lovelace",
                "interactions": {
                    "nodes": [
                        {"kind": "survey.answered", "occurredAt": "2026-01-08T03:40:00Z", "function": "SERVICE"},
                        {"kind": "ticket.replied", "occurredAt": "2026-01-07T12:00:00Z", "function": "SERVICE"},
                        {"kind": "ticket.created", "occurredAt": "2026-01-07T11:00:00Z", "function": "SERVICE"},
                    ],
                    "pageInfo": {"hasNextPage": True, "hasPreviousPage": False},
                    "totalCount": len(JOURNEY),
                },
            }
        }
    }


async def ada(ask: Ask, selection: str) -> Any:
    answer = await ask(f"query ($id: ID!) {{ customer(id: $id) {{ {selection} }} }}", id=ADA)
    assert "errors" not in answer, answer["errors"]
    return answer["data"]["customer"]


async def test_the_golden_record_is_told_in_full(ask: Ask) -> None:
    """Every plain field of the golden record has the value that the graph holds."""
    found = await ada(
        ask,
        """formerIds givenName familyName jobTitle birthDate tags lifecycleStage stageSaidByCrm activityStatus sources
        recordCount interactionCount address { street city postalCode country } externalIds { system value }
        primaryEmail { address isVerified } emails { address isPrimary isShared sourceRecords { key } }
        primaryPhone { number } phones { number sourceRecords { source } } account { name domain }
        consents { channel purpose status statedAt recordKey sourceRecord { key } }""",
    )

    assert found == {
        "formerIds": [],
        "givenName": "Ada",
        "familyName": "Lovelace",
        "jobTitle": "Analyst",
        "birthDate": "1990-12-10",
        "tags": ["vip"],
        "lifecycleStage": "customer",
        "stageSaidByCrm": "Opportunity",
        "activityStatus": "ACTIVE",
        "sources": ["crm", "help", "mkt"],
        "recordCount": 3,
        "interactionCount": 8,
        "address": {"street": "St James's Square 12", "city": "London", "postalCode": None, "country": "GB"},
        "externalIds": [{"system": "loyalty", "value": "L1"}],
        "primaryEmail": {"address": "ada@x.test", "isVerified": True},
        "emails": [
            {
                "address": "ada@x.test",
                "isPrimary": True,
                "isShared": False,
                "sourceRecords": [{"key": "crm/contacts/1"}, {"key": "mkt/members/1"}],
            },
            {
                "address": "old@x.test",
                "isPrimary": False,
                "isShared": False,
                "sourceRecords": [{"key": "help/users/1"}],
            },
        ],
        "primaryPhone": {"number": "+4930123456"},
        "phones": [{"number": "+4930123456", "sourceRecords": [{"source": "crm"}]}],
        "account": {"name": "Analytical Ltd", "domain": "x.test"},
        "consents": [
            {
                "channel": "EMAIL",
                "purpose": "news",
                "status": "GRANTED",
                "statedAt": "2026-01-01T00:00:00Z",
                "recordKey": "mkt/members/1",
                "sourceRecord": {"key": "mkt/members/1"},
            }
        ],
    }


async def test_each_field_says_where_it_comes_from_and_what_lost(ask: Ask) -> None:
    """`fieldProvenance` names the record, the rule, and the values that did not survive."""
    found = await ada(
        ask,
        """fieldProvenance(fields: [JOB_TITLE]) { field value rule isPinned sourceRecord { key }
        alternatives { value recordKey observedAt rejectedBecause sourceRecord { source } } }""",
    )

    assert found["fieldProvenance"] == [
        {
            "field": "JOB_TITLE",
            "value": "Analyst",
            "rule": "most_recent",
            "isPinned": False,
            "sourceRecord": {"key": "crm/contacts/1"},
            "alternatives": [
                {
                    "value": "Clerk",
                    "recordKey": "help/users/1",
                    "observedAt": "2025-01-02T03:04:05Z",
                    "rejectedBecause": "not the most recent",
                    "sourceRecord": {"source": "help"},
                }
            ],
        }
    ]
    assert (await ada(ask, "fieldProvenance(fields: [OWNER]) { field }"))["fieldProvenance"] == []


async def test_each_golden_value_stands_beside_where_it_comes_from(store: Store) -> None:
    """What `fieldProvenance` says a field is, is what the customer is told with; the planned way and walked."""
    told = {"job_title": "Countess", "birth_date": date(1815, 12, 10), "locale": "en-GB", "timezone": "Europe/London",
            "account_name": "Analytical Ltd", "owner": "Uma", "team": "North", "lifecycle_stage": "customer",
            "address": Address(street="12 Square", city="London", postal_code="SW1", country="GB")}  # fmt: skip
    ada = person("crm/contacts/1", "Ada Byron", email="Ada@byron.test", phone="+442079460000", **told)
    king = Person(
        source="crm", stream="contacts", id="2", full_name="Augusta King", emails=(Email(value="king@x.test"),)
    )
    await sync([fixed_source("crm", ada, king)], store, Rules())
    query = """{ customers(first: 2) { nodes {
        fieldProvenance { field value } displayName givenName familyName primaryEmail { address }
        primaryPhone { number } jobTitle birthDate locale timeZone accountName owner team stageSaidByCrm } } }"""
    walked = asker(Service(graphql_schema(), store, walked=True))

    found = await asker(Service(graphql_schema(), store))(query)

    assert "errors" not in found
    assert found == await walked(query)
    other, one = found["data"]["customers"]["nodes"]
    values = {each["field"]: each["value"] for each in one["fieldProvenance"]}
    names = {"GIVEN_NAME": "givenName", "FAMILY_NAME": "familyName", "JOB_TITLE": "jobTitle", "LOCALE": "locale",
             "BIRTH_DATE": "birthDate", "TIME_ZONE": "timeZone", "ACCOUNT_NAME": "accountName", "OWNER": "owner",
             "TEAM": "team", "STAGE_SAID": "stageSaidByCrm"}  # fmt: skip
    assert values == {field: one[name] for field, name in names.items()} | {
        "EMAIL": one["primaryEmail"]["address"],
        "PHONE": one["primaryPhone"]["number"],
        "ADDRESS": "12 Square, SW1, London, GB",
    }
    assert None not in values.values()
    assert {"field": "FULL_NAME", "value": "Augusta King"} in other["fieldProvenance"]


async def test_a_source_record_says_why_it_describes_the_customer(ask: Ask) -> None:
    """`sourceRecords` give the canonical body and the evidence: rule, bits, and lines one can read."""
    found = await ada(
        ask,
        """sourceRecords(first: 1) { totalCount nodes { key kind sourceId body updatedAt customer { id }
        matchEvidence { rule decidedBy weightBits otherRecord lines fields { field level weightBits } } } }""",
    )

    assert found["sourceRecords"] == {
        "totalCount": 3,
        "nodes": [
            {
                "key": "crm/contacts/1",
                "kind": "PERSON",
                "sourceId": "1",
                "body": {"given_name": "Ada", "email": "ada@x.test"},
                "updatedAt": "2026-01-05T09:00:00Z",
                "customer": {"id": ADA},
                "matchEvidence": {
                    "rule": "weights",
                    "decidedBy": "linkage",
                    "weightBits": 12.4,
                    "otherRecord": "mkt/members/1",
                    "lines": ["same e-mail (+11.2 bits)", "similar first name (+1.2 bits)"],
                    "fields": [
                        {"field": "email", "level": "same", "weightBits": 11.2},
                        {"field": "first_name", "level": "similar", "weightBits": 1.2},
                    ],
                },
            }
        ],
    }


async def test_stages_and_handoffs_are_told_in_order(ask: Ask) -> None:
    """A transition names its cause; a handoff its teams, its wait and the score that came after it."""
    found = await ada(
        ask,
        """stageTransitions { nodes { fromStage toStage occurredAt isRegression cause { kind } } }
        handoffs { totalCount nodes { fromTeam toTeam waitSeconds matter before { kind } after { kind }
          nextScore { rawScore comment } } }""",
    )

    assert found["stageTransitions"]["nodes"] == [
        {
            "fromStage": None,
            "toStage": "lead",
            "occurredAt": "2026-01-05T09:30:00Z",
            "isRegression": False,
            "cause": {"kind": "form.submitted"},
        },
        {
            "fromStage": "lead",
            "toStage": "customer",
            "occurredAt": "2026-01-05T11:00:00Z",
            "isRegression": False,
            "cause": {"kind": "deal.won"},
        },
    ]
    assert found["handoffs"] == {
        "totalCount": 1,
        "nodes": [
            {
                "fromTeam": "first",
                "toTeam": "second",
                "waitSeconds": 3600,
                "matter": "help/t1",
                "before": {"kind": "ticket.created"},
                "after": {"kind": "ticket.replied"},
                "nextScore": {"rawScore": 2.0, "comment": "I had to say it twice."},
            }
        ],
    }


async def test_a_score_stands_beside_what_it_is_about(ask: Ask) -> None:
    """`surveyResponses` have the raw score, its scale, the comment and the interaction they are about."""
    found = await ada(
        ask,
        """surveyResponses { nodes { metric rawScore scale { min max } comment answeredAt customer { displayName }
        about { method interaction { kind scores { rawScore } } } interaction { kind surveyResponse { id } } } }""",
    )

    (response,) = found["surveyResponses"]["nodes"]
    assert response["metric"] == "CSAT"
    assert response["scale"] == {"min": 1.0, "max": 5.0}
    assert response["comment"] == "I had to say it twice."
    assert response["customer"] == {"displayName": "Ada Lovelace"}
    assert response["about"] == {
        "method": "SOURCE",
        "interaction": {"kind": "ticket.replied", "scores": [{"rawScore": 2.0}]},
    }
    assert response["interaction"] == {
        "kind": "survey.answered",
        "surveyResponse": {"id": encode_id("SurveyResponse", "h3")},
    }


async def test_what_a_customer_was_asked_twice_is_shown_with_both_occasions(ask: Ask) -> None:
    """The helpdesk asked for a telephone number that the web form had asked for before."""
    found = await ada(ask, "repeatedQuestions { field askedFirst { kind } askedAgain { kind } }")

    assert found["repeatedQuestions"] == [
        {"field": "phone", "askedFirst": {"kind": "form.submitted"}, "askedAgain": {"kind": "ticket.created"}}
    ]


async def test_interactions_are_filtered_by_what_they_are(ask: Ask) -> None:
    """Kind, function, channel, direction, time and automation filter the journey; `not` and `or` combine."""
    selection = "nodes { kind } totalCount"

    async def kinds(filter: str) -> list[str]:
        found = await ada(
            ask, f"interactions(filter: {filter}, orderBy: {{field: OCCURRED_AT, direction: ASC}}) {{ {selection} }}"
        )
        page = found["interactions"]
        assert page["totalCount"] == len(page["nodes"])
        return [node["kind"] for node in page["nodes"]]

    assert await kinds('{kind: {in: ["ticket.created", "deal.won"]}}') == ["deal.won", "ticket.created"]
    assert await kinds("{isAutomated: true}") == ["email.opened"]
    assert await kinds("{function: {eq: SALES}, direction: {eq: INTERNAL}}") == ["lead.created", "deal.won"]
    assert await kinds('{occurredAt: {lt: "2026-01-05T09:01:00Z"}}') == ["email.sent"]
    assert await kinds('{or: [{kind: {eq: "deal.won"}}, {channel: {eq: WEB}}]}') == ["form.submitted", "deal.won"]
    assert await kinds("{not: {channel: {in: [EMAIL, WEB, OTHER]}}}") == ["deal.won"]


async def test_an_interaction_knows_its_surroundings(ask: Ask) -> None:
    """Touchpoint, matter, source record and customer are reachable from an interaction."""
    found = await ada(
        ask,
        """interactions(filter: {kind: {eq: "ticket.created"}}) { nodes { touchpoint { name channel }
        matters { kind key name } sourceRecord { key } customer { displayName } account { name } team
        requestedFields amount { amount } } }""",
    )

    assert found["interactions"]["nodes"] == [
        {
            "touchpoint": {"name": "service by email", "channel": "EMAIL"},
            "matters": [{"kind": "TICKET", "key": "help/t1", "name": "Lost parcel"}],
            "sourceRecord": {"key": "crm/contacts/1"},
            "customer": {"displayName": "Ada Lovelace"},
            "account": None,
            "team": "first",
            "requestedFields": ["phone", "order_number"],
            "amount": None,
        }
    ]
