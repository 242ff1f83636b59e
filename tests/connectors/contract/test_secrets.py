"""No secret of a connector's section is in anything that may be kept of its failures: tracebacks with every local
variable, as crash reporters take them, pickles, and what its objects say of themselves."""

from __future__ import annotations

import base64
import pickle
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from pydantic import SecretBytes, SecretStr
from rich.pretty import pretty_repr

from connectors.commerce import stripe_webhooks
from connectors.crm import hubspot_webhooks
from connectors.errors import SourceError, SourceRefused
from connectors.helpdesk import zendesk_webhooks
from connectors.helpdesk.request_tracker import RequestTrackerConfig, RequestTrackerConnector
from connectors.hookspecs import Connector, WebhookRequest
from connectors.marketing import klaviyo_pushes
from connectors.signatures import check_base64, check_bearer, check_hex, check_in_url, check_standard
from tests.connectors.contract import faults as bad
from tests.connectors.contract.faults import Fault, faults
from tests.connectors.contract.test_faults import HURRIED
from tests.connectors.contract.vendors import vendors
from tests.connectors.contract.wires import FaultyWire
from tests.connectors.helpdesk.fake_rt import FakeRt

pytestmark = pytest.mark.anyio
TESTS = Path(__file__).parents[2]
LOOKED_AT = ("401", "500 for ever", "no connection", "half a body", "sent to another host")
LASTING = [one for one in faults() if one.name in LOOKED_AT]
"""One of each class of error; what the others say is looked at beside them."""


async def test_what_is_hidden_is_seen() -> None:
    """The scan finds variables, and errors behind an error, with what these hold."""
    with pytest.raises(SourceError) as raised:
        await careless()

    found = list(kept_of(raised.value))
    assert "pickle" in {where for where, text in found if shows(text, "a-secret-in-a-header")}
    assert "the variable content of post" in {where for where, text in found if shows(text, "a-secret-in-a-body")}


async def careless() -> None:
    headers = {"x-key": "a-secret-in-a-header"}
    async with httpx.AsyncClient(transport=httpx.MockTransport(fails), headers=headers) as client:
        try:
            await client.post("https://x.test", content=b"a-secret-in-a-body")
        except httpx.ConnectError:
            raise SourceError("no") from None


def fails(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


@pytest.mark.parametrize("fault", LASTING, ids=str)
@pytest.mark.parametrize("vendor", vendors(), ids=lambda vendor: vendor.name)
async def test_a_failure_keeps_no_secret(vendor: Any, fault: Fault) -> None:
    """Wherever in check, discover or a stream it happens."""
    bad.SHOWN[:] = vendor.secrets
    try:
        wire = FaultyWire(vendor.stand_in().answer, ".*", fault.bad)
        await nothing_is_shown(vendor.connector(wire, HURRIED), vendor.secrets)
    finally:
        bad.SHOWN.clear()


@pytest.mark.parametrize("fault", LASTING, ids=str)
async def test_a_failure_of_request_tracker_keeps_no_secret(fault: Fault) -> None:
    """By token, and by password."""
    for login in ({"token": SecretStr("1-14-token")}, {"user": "reader", "password": SecretStr("pass-of-a-reader")}):
        config = RequestTrackerConfig.model_validate({"url": "https://rt.acme.example", **login})
        secret = next(value.get_secret_value() for value in login.values() if isinstance(value, SecretStr))
        wire = FaultyWire(FakeRt().transport.handler, ".*", fault.bad)  # type: ignore[arg-type]
        connector = RequestTrackerConnector("request_tracker", config, transport=wire, patience=HURRIED)
        await nothing_is_shown(connector, (secret, *(f"{user}:{secret}" for user in ("reader",))))


PUSHED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
KEY = SecretStr("the-key-that-signs-pushes-of-a-vendor")
STANDARD = SecretBytes(KEY.get_secret_value().encode())


def wrongly_signed(**headers: str) -> WebhookRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return WebhookRequest(named, b"{}", PUSHED_AT, url="https://c360.example/ingest/x?key=guessed")


SECONDS = str(int(PUSHED_AT.timestamp()))
REFUSALS: dict[str, Callable[[], object]] = {
    "standard": lambda: check_standard(
        wrongly_signed(webhook_id="1", webhook_timestamp=SECONDS, webhook_signature="v1,no"), [STANDARD]
    ),
    "hex": lambda: check_hex(wrongly_signed(), "x-signature", [KEY], "sha1"),
    "base64": lambda: check_base64(wrongly_signed(), "x-signature", [KEY]),
    "address": lambda: check_in_url(wrongly_signed(), "key", [KEY]),
    "bearer": lambda: check_bearer(wrongly_signed(), [KEY]),
    "hubspot": lambda: hubspot_webhooks.check_signature(
        wrongly_signed(x_hubspot_signature_v3="no", x_hubspot_request_timestamp=f"{SECONDS}000"), KEY, None
    ),
    "klaviyo": lambda: klaviyo_pushes.check_signature(wrongly_signed(klaviyo_signature="no"), KEY),
    "zendesk": lambda: zendesk_webhooks.check_signature(
        wrongly_signed(x_zendesk_webhook_signature="no", x_zendesk_webhook_signature_timestamp="2026-03-02T09:00:00Z"),
        KEY,
    ),
    "stripe": lambda: stripe_webhooks.event_of("x", wrongly_signed(stripe_signature=f"t={SECONDS},v1=no"), KEY),
}


@pytest.mark.parametrize("way", REFUSALS)
def test_a_push_that_is_refused_shows_nothing_of_what_would_sign_it(way: str) -> None:
    """However it is checked."""
    with pytest.raises(SourceRefused, match=r"none of our|not by|must end with|Send Authorization") as raised:
        REFUSALS[way]()

    assert [where for where, text in kept_of(raised.value) if shows(text, KEY.get_secret_value())] == []


async def nothing_is_shown(connector: Connector[Any], secrets: tuple[str, ...]) -> None:
    """Check and read all streams; whatever is raised or can be looked at shows none of the secrets."""
    found = [("repr of the connector", repr(connector)), ("its variables", repr(vars(connector)))]
    found.append(("its check", repr(await connector.check())))
    failures = 0
    for stream in (await connector.discover())[:2]:
        try:
            async for _ in connector.read(stream, None):
                pass
        except Exception as error:
            failures += 1
            found += kept_of(error)
    await connector.close()

    assert failures
    leaks = {where for where, text in found for secret in secrets if shows(text, secret)}
    assert not leaks, f"a secret is in: {', '.join(sorted(leaks))}"


def kept_of(error: BaseException) -> Iterator[tuple[str, str]]:
    """All that may be kept of an error and of those behind it, hidden ones too."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        waiting += [one.__cause__, one.__context__]
        for frame, _ in traceback.walk_tb(one.__traceback__):
            if not Path(frame.f_code.co_filename).is_relative_to(TESTS):
                for name, value in frame.f_locals.items():
                    yield f"the variable {name} of {frame.f_code.co_name}", as_reporters_say(value)
        yield "repr", f"{one!r} {one} {one.args} {vars(one)} {getattr(one, '__notes__', '')}"
        try:
            yield "pickle", pickle.dumps(one).decode("latin-1")
        except (pickle.PicklingError, TypeError, AttributeError):
            yield "pickle", ""


def as_reporters_say(value: object) -> str:
    """A variable by its repr, as `traceback` keeps it, and as rich shows it."""
    return f"{value!r}\n{pretty_repr(value, max_length=50, max_string=2_000)}"


def shows(text: str, secret: str) -> bool:
    """Whether a text has the secret as it is, in base64 as headers have it, or as an address has it."""
    raw = secret.encode()
    forms = {secret, quote(secret, safe=""), base64.b64encode(raw).decode(), base64.b64encode(raw + b":X").decode()}
    return any(form in text for form in forms)
