# /// script
# requires-python = ">=3.11"
# dependencies = ["gql[httpx]==4.4.0"]
# ///
"""A program over Python's gql, in an environment of its own: asks the served API and prints what it saw as JSON."""

import asyncio
import json
import os
from typing import Any

from gql import Client, gql
from gql.client import AsyncClientSession
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from graphql import GraphQLError

BY_EMAIL = """
query ByEmail($email: String!) {
  customerByIdentifier(identifier: { emailAddress: $email }) { id displayName sources }
}
"""
JOURNEY = """
query Journey($id: ID!, $last: Int!, $before: String) {
  customer(id: $id) {
    interactions(last: $last, before: $before) {
      nodes { id occurredAt }
      pageInfo { hasPreviousPage startCursor }
    }
  }
}
"""
MERGE = """
mutation Merge($input: MergeCustomersInput!) { mergeCustomers(input: $input) { decisions { id } userErrors { code } } }
"""


async def main() -> None:
    """Ask for a customer, walk their journey from its end, try a change, and fail in two ways."""
    transport = HTTPXAsyncTransport(
        url=os.environ["C360_CLIENTS_URL"],
        headers={"Authorization": f"Bearer {os.environ['C360_CLIENTS_TOKEN']}"},
    )
    # With the schema fetched, every document is validated here before it is sent.
    async with Client(transport=transport, fetch_schema_from_transport=True) as session:
        query = gql(BY_EMAIL)
        query.variable_values = {"email": os.environ["C360_CLIENTS_EMAIL"]}
        customer = (await session.execute(query))["customerByIdentifier"]
        pages = await walk(session, customer["id"])
        trial = gql(MERGE)
        trial.variable_values = {"input": {"customerIds": [customer["id"]], "dryRun": True}}
        merged = (await session.execute(trial))["mergeCustomers"]
        seen = {
            "customer": customer,
            "pages": [[node["occurredAt"] for node in page] for page in pages],
            "merged": merged,
            "refused_there": await code_of(session, '{ customer(id: "no id") { id } }'),
            "refused_here": await refused_here(session, "{ nothing }"),
        }
    print(json.dumps(seen))


async def walk(session: AsyncClientSession, customer: str) -> list[list[dict[str, Any]]]:
    """The pages of a journey, the last one first."""
    pages: list[list[dict[str, Any]]] = []
    before = None
    while True:
        query = gql(JOURNEY)
        query.variable_values = {"id": customer, "last": 6, "before": before}
        interactions = (await session.execute(query))["customer"]["interactions"]
        pages.append(interactions["nodes"])
        if not interactions["pageInfo"]["hasPreviousPage"]:
            return pages
        before = interactions["pageInfo"]["startCursor"]


async def code_of(session: AsyncClientSession, document: str) -> str | None:
    """The code of the error that the API answers with."""
    try:
        await session.execute(gql(document))
    except TransportQueryError as error:
        code: str = (error.errors or [])[0]["extensions"]["code"]
        return code
    return None


async def refused_here(session: AsyncClientSession, document: str) -> str | None:
    """What gql itself says, by the schema, of a document that is not valid."""
    try:
        await session.execute(gql(document))
    except TransportQueryError:
        return "sent"
    except GraphQLError as error:
        return error.message
    return None


asyncio.run(main())
