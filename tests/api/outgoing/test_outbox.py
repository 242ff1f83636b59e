"""Alerts leave by webhook and mail: signed, at least once, with an id that tells a repetition."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest

from api.outgoing.digest import digest_of, open_alerts
from api.outgoing.outbox import tell_alerts, waiting_alerts
from api.outgoing.settings import OutgoingError, OutgoingSettings, WebhookSettings
from api.plan.ids import decode_id
from connectors.signatures import signature
from graph.store.driver import Store
from tests.api.outgoing.receivers import hook_server, mail_server
from tests.graph.alerts.company import RULES, evaluate, load

pytestmark = pytest.mark.anyio
KEY = b"k" * 32
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def test_the_signature_is_the_one_of_the_specification() -> None:
    """The published example of Standard Webhooks."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    signed = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def _raised(store: Store) -> None:
    """Three alerts, raised just now: those of the company are of a March that is long past."""
    await load(store)
    await evaluate(store)
    await store.write("MATCH (a:Alert) SET a.raised_at = datetime()")


async def test_each_alert_is_told_once_by_webhook_and_mail(embedded_store: Store) -> None:
    """Signed so that the receiver can check it, naming customers by id only; told, it is not told again."""
    store = embedded_store
    await _raised(store)
    async with hook_server() as hook, mail_server("team@acme.test") as inbox:
        outgoing = OutgoingSettings(WebhookSettings(hook.url, KEY), inbox.settings)
        hook.answers = [503]  # it is asked again

        assert (await tell_alerts(store, outgoing)).told == 3
        assert (await tell_alerts(store, outgoing)).told == 0

    ids = [headers["webhook-id"] for headers, _ in hook.came]
    assert len(ids) == 4
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3
    for headers, body in hook.came:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
    told = [json.loads(body) for _, body in hook.came[1:]]
    assert {one["type"] for one in told} == {"alert.raised"}
    assert {one["data"]["rule"] for one in told} == {rule.name for rule in RULES.alert}
    assert {decode_id(one["data"]["customerId"]) for one in told} == {("Customer", "c-ada"), ("Customer", "c-bob")}
    assert not any(b"Byron" in body for _, body in hook.came)

    assert [to for to, _ in inbox.mails] == ["team@acme.test"] * 3
    assert {mail["Subject"] for _, mail in inbox.mails} == {"Alert: A detractor", "Alert: Nobody replied"}
    assert {mail["Message-ID"] for _, mail in inbox.mails} == {f"<{id}@acme.test>" for id in ids}


async def test_what_could_not_be_told_waits(embedded_store: Store) -> None:
    """A receiver that refuses the second alert: it and the third wait, and go out when it takes them."""
    store = embedded_store
    await _raised(store)
    async with hook_server() as hook:
        outgoing = OutgoingSettings(WebhookSettings(hook.url, KEY))
        hook.answers = [204, 400]
        first = await tell_alerts(store, outgoing)
        waiting = await waiting_alerts(store)
        second = await tell_alerts(store, outgoing)

    assert (first.told, len(waiting), second.told, second.failure) == (1, 2, 2, None)
    assert first.failure is not None
    assert "answers 400" in first.failure
    assert hook.url not in first.failure  # a path may be a secret


async def test_the_digest_says_what_waits_for_whom(embedded_store: Store) -> None:
    """By owner, overdue ones said so; no name of a customer."""
    await load(embedded_store)
    await evaluate(embedded_store)
    alerts = await open_alerts(embedded_store)
    text = digest_of(alerts, alerts[0].due_at + 1)

    assert [alert.owner for alert in alerts] == ["Ines Marl", "Tom Ek", None]
    assert text.startswith(
        "3 alerts open, 3 overdue.\n\nInes Marl\n  overdue since 2026-04-01 00:00 UTC  A detractor  c-bob"
    )
    assert "Byron" not in text


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"C360_WEBHOOK_URL": "https://x.test/h"}, "C360_WEBHOOK_SECRET"),
        ({"C360_WEBHOOK_URL": "http://x.test/h", "C360_WEBHOOK_SECRET": SECRET}, "https://"),
        ({"C360_WEBHOOK_URL": "https://x.test/h", "C360_WEBHOOK_SECRET": "whsec_c2hvcnQ="}, "24 bytes"),
        ({"C360_SMTP_URL": "mail.x.test", "C360_MAIL_FROM": "a@x.test"}, "smtp://"),
        ({"C360_SMTP_URL": "smtp://u:p@mail.x.test", "C360_MAIL_FROM": "a@x.test"}, "C360_SMTP_PASSWORD"),
        ({"C360_SMTP_URL": "smtp://mail.x.test"}, "C360_MAIL_FROM"),
        ({"C360_SMTP_URL": "smtp://mail.x.test", "C360_MAIL_FROM": "a@x.test", "C360_ALERTS_TO": "Ada"}, "'Ada'"),
        ({"C360_PUBLIC_URL": "ftp://x.test"}, "C360_PUBLIC_URL"),
    ],
)
def test_settings_that_cannot_work_are_refused(environment: dict[str, str], words: str) -> None:
    """The refusal names the variable, and never a secret."""
    with pytest.raises(OutgoingError, match=words) as refused:
        OutgoingSettings.from_environment(environment)

    assert "c2hvcnQ" not in str(refused.value)


def test_a_mail_server_elsewhere_is_spoken_to_in_secret() -> None:
    """STARTTLS unless it is this machine; TLS from the start with smtps."""
    sender = {"C360_MAIL_FROM": "a@x.test"}

    def tls(url: str) -> str | None:
        mail = OutgoingSettings.from_environment({"C360_SMTP_URL": url, **sender}).mail
        return None if mail is None else mail.tls

    assert tls("smtp://user@mail.x.test") == "start"
    assert tls("smtps://mail.x.test") == "from the start"
    assert tls("smtp://localhost:2525") == "none"
    assert OutgoingSettings.from_environment({}) == OutgoingSettings()
