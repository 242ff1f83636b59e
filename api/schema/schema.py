"""The schema: Strawberry's types, walked by graphql-core over planned rows."""

from __future__ import annotations

from functools import cache
from typing import Any

import strawberry
from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
    print_schema,
)
from strawberry.schema.config import StrawberryConfig

from api.plan.rows import TYPENAME
from api.schema.access import declare_access
from api.schema.event import Subscription
from api.schema.mutation import Mutation
from api.schema.query import Query
from api.schema.scalars import SCALARS
from api.schema.survey import SurveyResponse
from api.schema.touchpoint import Touchpoint


@cache
def graphql_schema() -> GraphQLSchema:
    """The API's schema."""
    return walkable(
        strawberry.Schema(
            query=Query,
            mutation=Mutation,
            subscription=Subscription,
            types=[SurveyResponse, Touchpoint],
            config=StrawberryConfig(scalar_map=SCALARS),
        )
    )


def walkable(made: strawberry.Schema) -> GraphQLSchema:
    """The executable schema of planned types; every resolver only takes its value from the planned row."""
    schema: GraphQLSchema = made._schema
    for name, type_ in schema.type_map.items():
        if name.startswith("__"):
            continue
        if isinstance(type_, GraphQLObjectType):
            type_.is_type_of = None
            for field in type_.fields.values():
                field.resolve = _from_row
        elif isinstance(type_, GraphQLInterfaceType | GraphQLUnionType):
            type_.resolve_type = _type_of_row
    return declare_access(schema)


def export_schema() -> str:
    """The schema as the text of `schema.graphql`."""
    return print_schema(graphql_schema()).rstrip() + "\n"


def _from_row(row: dict[str, Any], info: GraphQLResolveInfo[Any], **_: Any) -> Any:
    value = row[info.path.key]  # type: ignore[index]
    if isinstance(value, Exception):
        raise value
    return value


def _type_of_row(row: dict[str, Any], _info: GraphQLResolveInfo[Any], _type: Any) -> str:
    name: str = row[TYPENAME]
    return name
