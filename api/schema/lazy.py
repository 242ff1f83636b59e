"""Types that speak of each other, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

if TYPE_CHECKING:
    from api.schema.account import Account
    from api.schema.customer import Customer
    from api.schema.interaction import Interaction
    from api.schema.matter import Deal, Order, SubscriptionContract, Ticket
    from api.schema.source import SourceRecord
    from api.schema.survey import SurveyResponse

LazyAccount = Annotated["Account", strawberry.lazy("api.schema.account")]
LazyCustomer = Annotated["Customer", strawberry.lazy("api.schema.customer")]
LazyDeal = Annotated["Deal", strawberry.lazy("api.schema.matter")]
LazyInteraction = Annotated["Interaction", strawberry.lazy("api.schema.interaction")]
LazyOrder = Annotated["Order", strawberry.lazy("api.schema.matter")]
LazySourceRecord = Annotated["SourceRecord", strawberry.lazy("api.schema.source")]
LazySubscriptionContract = Annotated["SubscriptionContract", strawberry.lazy("api.schema.matter")]
LazySurveyResponse = Annotated["SurveyResponse", strawberry.lazy("api.schema.survey")]
LazyTicket = Annotated["Ticket", strawberry.lazy("api.schema.matter")]
