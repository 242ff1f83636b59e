"""What is in a store, and how to look into it with any other Bolt client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from graph.store.driver import Store
from graph.store.migrate import schema_of


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """One home of the graph, described without secrets."""

    kind: Literal["embedded", "neo4j"]
    uri: str
    server: str
    schema: int
    nodes: dict[str, int]
    relationships: dict[str, int]
    how_to_open: str


async def info(store: Store) -> StoreInfo:
    """Kind, address, server, counts by label and type, and how to open the graph with another Bolt client.

    A node with two labels counts under both.
    """
    nodes = await store.read("MATCH (n) UNWIND labels(n) AS label RETURN label, count(*) AS number ORDER BY label")
    relationships = await store.read("MATCH ()-[r]->() RETURN type(r) AS type, count(*) AS number ORDER BY type")
    return StoreInfo(
        kind=store.kind,
        uri=store.uri,
        server=await server_of(store),
        schema=await schema_of(store),
        nodes=dict(nodes),
        relationships=dict(relationships),
        how_to_open=store.how_to_open(),
    )


async def server_of(store: Store) -> str:
    """The server's name and version, such as `Neo4j 5.26.30` or `ArcadeDB 26.10.2`."""
    agent = await store.agent()
    if "ArcadeDB" in agent:
        return agent[agent.index("ArcadeDB") :].rstrip(")")
    return agent.replace("/", " ")
