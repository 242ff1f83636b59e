"""The connectors of real systems are offered under the names that plugins.toml uses."""

from __future__ import annotations

from types import ModuleType

import pytest

from connectors.crm import tryton
from connectors.helpdesk import request_tracker, zendesk
from connectors.marketing import klaviyo, mailchimp, tryton_marketing
from connectors.plugins import Registry


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (tryton, "tryton"),
        (tryton_marketing, "tryton_marketing"),
        (request_tracker, "request_tracker"),
        (zendesk, "zendesk"),
        (mailchimp, "mailchimp"),
        (klaviyo, "klaviyo"),
    ],
)
def test_a_module_offers_its_connector(module: ModuleType, name: str) -> None:
    """Loading the module and calling its hook is all there is to it."""
    registry = Registry()
    module.c360_register_connectors(registry)
    assert registry.names() == [name]
