"""Pain points over GraphQL: ranked findings, with customers who can be looked at."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from graph.store.driver import Store
from tests.api.conftest import write_interactions
from tests.api.test_kpi import asking

pytestmark = pytest.mark.anyio
QUERY = """query ($unit: UnitOfAnalysis!, $first: Int) {
  painPoints(period: {from: "2026-03-01", to: "2026-04-01"}, unit: $unit, first: $first) {
    caveat isComplete period { from } previousPeriod { from }
    findings { kind definition customerCount occurrenceCount previousCustomerCount impact harmSurvey
      harm { value unavailableReason note } ways { label customerCount }
      exampleCustomers { displayName } exampleAccounts { name } } } }"""


async def asked_twice(store: Store, *, crm_knows: str) -> None:
    """Six customers of six accounts are asked for their telephone number; the CRM has a record of each."""
    for number in range(6):
        await store.write(
            "CREATE (c:Customer {id: $id, display_name: $id})-[:WORKS_FOR]->(:Account {id: $account, name: $account}) "
            "CREATE (:SourceRecord {key: 'crm/people/' + $id, source: 'crm', kind: 'person', body: $body, "
            "created_at: datetime({epochMillis: $at})})-[:DESCRIBES]->(c)",
            id=f"c{number}",
            account=f"a{number}",
            body=crm_knows,
            at=_ms(1, number),
        )
        row: dict[str, Any] = {
            "id": f"i{number}",
            "at": _ms(3, number),
            "sequence": 0,
            "kind": "ticket.created",
            "function": "service",
            "channel": "email",
            "direction": "inbound",
            "automated": False,
            "source": "helpdesk",
            "ticket": f"helpdesk/{number}",
            "requested_fields": ["phone"],
        }
        await write_interactions(store, f"c{number}", [row])


async def test_what_records_hold_is_not_asked_for_again(store: Store) -> None:
    """Six had given the CRM their number: the finding names them, or their accounts where these are counted."""
    await asked_twice(
        store, crm_knows='{"phones":[{"value":"+4930123456"}],"owner":"Ada \\\\"A\\\\" Byron","extra":{}}'
    )
    answer = await asking(store)(QUERY, unit="CUSTOMER")
    assert "errors" not in answer, answer["errors"]
    found = answer["data"]["painPoints"]["findings"][0]

    assert (found["kind"], found["customerCount"], found["occurrenceCount"]) == ("REPEATED_REQUEST", 6, 6)
    assert found["ways"] == [{"label": "phone, held by another system", "customerCount": 6}]
    assert sorted(each["displayName"] for each in found["exampleCustomers"]) == [f"c{number}" for number in range(6)]
    assert (found["impact"], found["harm"]["unavailableReason"]) == (None, "NO_DATA_IN_PERIOD")
    accounts = (await asking(store)(QUERY, unit="ACCOUNT", first=1))["data"]["painPoints"]["findings"]
    assert sorted(each["name"] for each in accounts[0]["exampleAccounts"]) == [f"a{number}" for number in range(6)]
    assert await asking(store, walked=True)(QUERY, unit="CUSTOMER") == answer


async def test_what_no_record_holds_may_be_asked_for(embedded_store: Store) -> None:
    """The word stands only in a remark; and how many findings are wanted must make sense."""
    await asked_twice(
        embedded_store, crm_knows='{"given_name":"phones","extra":{"note":"\\"phones\\":[ \\"owner\\":\\"x"}}'
    )
    answer = await asking(embedded_store)(QUERY, unit="CUSTOMER")
    refused = await asking(embedded_store)(QUERY, unit="CUSTOMER", first=0)

    assert {each["customerCount"] for each in answer["data"]["painPoints"]["findings"]} == {0}
    assert "`first` must be between 1 and 100" in refused["errors"][0]["message"]


def _ms(month: int, number: int) -> int:
    return int(datetime(2026, month, 2 + number, 12, tzinfo=UTC).timestamp() * 1000)
