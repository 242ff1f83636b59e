"""Who may ask for the schema itself, and who is told its names."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import get_introspection_query

from api.plan.service import RequestRefused, Service
from api.schema.schema import graphql_schema
from api.server_error import ServerError
from api.settings import ApiSettings
from api.viewer import Viewer
from graph.keys import Role

pytestmark = pytest.mark.anyio
WHOLE = get_introspection_query()
TYPE = '{ a: __type(name: "Customer") { name } }'
IN_A_FRAGMENT = "{ ...F } fragment F on Query { __schema { queryType { name } } }"
MISSPELT = "{ customer { id } customrs { nodes { id } } }"
ENUM = "query ($o: [CustomerOrder!]) { customers(orderBy: $o) { totalCount } }"
TYPENAMES = "{ __typename }"


class NoStore:
    """Nothing may be read: none of these questions is one to the graph."""

    async def read(self, query: str, /, **parameters: Any) -> list[list[Any]]:
        raise AssertionError(query)


async def refusal(service: Service, query: str, role: Role, **variables: Any) -> list[str]:
    try:
        await service.answer(query, variables, viewer=Viewer("x", role))
    except RequestRefused as refused:
        return [error.message for error in refused.errors]
    return []


@pytest.mark.parametrize("query", [WHOLE, TYPE, IN_A_FRAGMENT])
@pytest.mark.parametrize("least", list(Role))
async def test_the_schema_is_told_from_a_role_on(query: str, least: Role) -> None:
    """Whoever is below is refused, whichever way they ask; `__typename` is told to everybody."""
    service = Service(graphql_schema(), NoStore(), introspection=least)

    refused = {role for role in Role if await refusal(service, query, role)}
    assert refused == {role for role in Role if role < least}
    assert [await refusal(service, TYPENAMES, role) for role in Role] == [[]] * 4


async def test_names_are_suggested_to_those_who_may_see_the_schema() -> None:
    """A misspelt name is an error for both; what it should be is told to one of them."""
    service = Service(graphql_schema(), NoStore())
    order = [{"field": "LAST_ACTIVITY", "direction": "DESC"}]

    for query, variables in ((MISSPELT, {}), (ENUM, {"o": order})):
        reader = await refusal(service, query, Role.READER, **variables)
        steward = await refusal(service, query, Role.STEWARD, **variables)
        assert reader
        assert not any("Did you mean" in message for message in reader), reader
        assert any("Did you mean" in message for message in steward), steward


def test_the_role_is_a_setting() -> None:
    """Stewards and admins unless said."""
    assert ApiSettings.from_environment({}).introspection is Role.STEWARD
    assert ApiSettings.from_environment({"C360_INTROSPECTION": "reader"}).introspection is Role.READER
    with pytest.raises(ServerError, match="C360_INTROSPECTION must be one of reader"):
        ApiSettings.from_environment({"C360_INTROSPECTION": "everybody"})
