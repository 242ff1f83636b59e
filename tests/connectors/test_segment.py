"""Segment's calls: who they are about, what happened, and when, whatever the device's clock says."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import RecordError, SourceRefused
from connectors.hookspecs import Partial, RawProblem
from connectors.records import Account, Channel, ConsentStatus, Identifiers, Interaction, Person
from connectors.segment import Tracking
from tests.connectors.pushes import by_segment, request
from tests.connectors.test_webhook import shop

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def records(*calls: dict[str, Any], kinds: dict[str, str] | None = None, **batch: Any) -> list[Any]:
    """What a batch of these calls says, received at noon."""
    body = json.dumps({"batch": calls, **batch}).encode()
    found = Tracking("app", kinds or {}).records(body, NOW)
    return [one.record if isinstance(one, Partial) else one for one in found]


def test_identify_is_a_person_with_their_traits() -> None:
    """Segment's reserved traits are the record's fields, all others are kept; a number and its text are one id."""
    traits = {
        "email": "ada@byron.test", "phone": "+49 30 123", "firstName": "Ada", "lastName": "Byron", "title": "Countess",
        "company": {"id": 9, "name": "Analytical"}, "address": {"city": "London", "country": "GB"},
        "createdAt": "2025-01-02T03:04:05Z", "birthday": "1815-12-10", "plan": "gold", "logins": 4, "avatar": "x",
    }  # fmt: skip
    (ada,) = records(
        {"type": "identify", "userId": 7, "anonymousId": "v1", "traits": traits, "timestamp": NOW.isoformat()}
    )

    assert isinstance(ada, Person)
    assert str(ada.key) == "app/users/7"
    assert ada.anonymous_ids == ("v1",)
    assert ada.emails[0].value == "ada@byron.test"
    assert (ada.given_name, ada.family_name, ada.job_title) == ("Ada", "Byron", "Countess")
    assert (ada.account_id, ada.account_name) == ("app/groups/9", "Analytical")
    assert ada.address is not None
    assert ada.address.city == "London"
    assert ada.created_at == datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert ada.updated_at == NOW
    assert ada.extra == {"plan": "gold", "logins": "4"}


def test_a_visitor_is_an_anonymous_id_until_they_are_known() -> None:
    """A page of a visitor names them by the id alone; of a user, by their record, which gets the visitor's id."""
    visit, user, seen = records(
        {"type": "page", "messageId": "m1", "anonymousId": "v1", "name": "Prices", "properties": {"url": "https://x"}},
        {"type": "page", "messageId": "m2", "anonymousId": "v1", "userId": "7"},
    )
    assert isinstance(visit, Interaction)
    assert visit.person == Identifiers(anonymous_id="v1")
    assert (visit.kind, visit.subject, visit.source_url, visit.channel) == (
        "page.viewed",
        "Prices",
        "https://x",
        Channel.WEB,
    )
    assert user == Person(source="app", stream="users", id="7", anonymous_ids=("v1",))
    assert seen.person == "app/users/7"


def test_an_address_that_a_visitor_leaves_is_theirs() -> None:
    """identify without a user id is a record of the visitor."""
    (found,) = records({"type": "identify", "anonymousId": "v1", "traits": {"email": "ada@byron.test"}})
    assert str(found.key) == "app/visitors/v1"
    assert found.anonymous_ids == ("v1",)


@pytest.mark.parametrize(
    ("event", "kind", "function", "direction"),
    [
        ("Order Completed", "order.placed", "sales", "inbound"),
        ("order refunded", "order.refunded", "finance", "outbound"),
        ("Trial Started", "trial.started", "sales", "inbound"),
        ("Email Opened", "email.opened", "marketing", "inbound"),
        ("Report Exported", "feature.used", "product", "inbound"),
        ("Ticket Opened", "ticket.created", "service", "inbound"),
    ],
)
def test_events_have_the_kinds_of_the_field(event: str, kind: str, function: str, direction: str) -> None:
    """Segment's semantic events, those that plugins.toml names, and all others as the use of a feature."""
    _, found = records(
        {"type": "track", "messageId": "m", "userId": 7, "event": event}, kinds={"Ticket Opened": "ticket.created"}
    )
    assert (found.kind, found.function.value, found.direction.value) == (kind, function, direction)
    assert found.subject == event


def test_an_order_has_its_number_and_worth() -> None:
    """`order_id` is the matter, `total` before `revenue` the amount; the rest is kept."""
    properties = {"order_id": 50, "total": "27.50", "revenue": 25, "currency": "EUR", "coupon": "X"}
    _, placed = records(
        {"type": "track", "messageId": "m", "userId": 7, "event": "Order Completed", "properties": properties,
         "context": {"campaign": {"name": "spring"}}}
    )  # fmt: skip
    assert (placed.order, placed.amount, placed.currency, placed.campaign) == ("app/50", 27.5, "EUR", "app/spring")
    assert placed.extra == {"total": "27.50", "revenue": "25", "coupon": "X"}


def test_group_is_an_account_with_its_member() -> None:
    """The account's traits, and the person who belongs to it."""
    traits = {"name": "Analytical", "website": "https://analytical.test/x", "employees": 12, "industry": "Engines"}
    account, member = records({"type": "group", "userId": 7, "groupId": 9, "traits": traits})
    assert account == Account(
        source="app", stream="groups", id="9", name="Analytical", domain="analytical.test", size=12,
        industry="Engines", updated_at=NOW,
    )  # fmt: skip
    assert member.account_id == "app/groups/9"


def test_alias_joins_the_previous_id_as_a_visitor_and_as_a_user() -> None:
    """Nobody says which of the two it was."""
    user, former = records({"type": "alias", "userId": 7, "previousId": "v1"})
    assert user.anonymous_ids == ("v1",)
    assert (former.id, former.merged_into) == ("v1", "7")


def test_consent_comes_with_its_moment_and_evidence() -> None:
    """The preferences of the context, by category."""
    consent = {"consent": {"categoryPreferences": {"Advertising": False, "Analytics": True}}}
    person, _ = records(
        {"type": "track", "event": "x", "messageId": "m1", "anonymousId": "v1", "context": consent}, sentAt=None
    )
    assert [(one.purpose, one.status) for one in person.consents] == [
        ("Advertising", ConsentStatus.DENIED),
        ("Analytics", ConsentStatus.GRANTED),
    ]
    assert person.consents[0].at == NOW
    assert "m1" in (person.consents[0].evidence or "")


@pytest.mark.parametrize(
    ("said", "sent", "original", "happened"),
    [
        ("2026-03-01T11:00:00Z", None, None, "2026-03-01T11:00:00+00:00"),
        ("2027-01-01T10:00:00Z", "2027-01-01T10:30:00Z", None, "2026-03-01T11:30:00+00:00"),
        ("2027-01-01T10:00:00+02:00", "2027-01-01T08:30:00Z", None, "2026-03-01T11:30:00+00:00"),
        ("2027-01-01T11:00:00Z", "2027-01-01T10:30:00Z", None, "2026-03-01T12:00:00+00:00"),
        ("2026-03-01T10:00:00Z", "2027-01-01T10:30:00Z", "2027-01-01T10:00:00Z", "2026-03-01T10:00:00+00:00"),
        (None, None, None, "2026-03-01T12:00:00+00:00"),
    ],
)
def test_a_clock_that_is_wrong_moves_nothing(
    said: str | None, sent: str | None, original: str | None, happened: str
) -> None:
    """A device's moment counts from when the device sent it; one that Segment has corrected stands."""
    call = {"type": "track", "event": "x", "messageId": "m", "anonymousId": "v", "timestamp": said}
    (found,) = records({**call, "originalTimestamp": original}, sentAt=sent)
    assert found.occurred_at.isoformat() == happened


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ({"type": "track", "event": "x", "messageId": "m"}, "neither userId nor anonymousId"),
        ({"type": "track", "event": "x", "userId": "7"}, "without a messageId"),
        ({"type": "track", "event": " ", "userId": "7", "messageId": "m"}, "names its event"),
        ({"type": "dance", "userId": "7"}, "no call that is known"),
        ({"type": "group", "userId": "7"}, "has a groupId"),
        ({"type": "alias", "userId": "7"}, "userId and previousId"),
        ({"type": "track", "userId": ["7"]}, "is no call of Segment"),
        ({"userId": "7"}, "is no call of Segment"),
        (
            {"type": "track", "event": "x", "userId": "7", "messageId": "m", "timestamp": "0001-01-01T00:00:00Z"},
            "no moment",
        ),
    ],
)
def test_of_a_batch_a_bad_call_is_kept_and_the_others_go_on(call: dict[str, Any], said: str) -> None:
    """Each with its reason and its body."""
    *_, problem, user, good = records(call, {"type": "screen", "messageId": "m", "userId": "8", "name": "Home"})

    assert isinstance(problem, RawProblem)
    assert said in problem.reason
    assert problem.body
    assert (user.id, good.channel) == ("8", Channel.APP)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"batch": 7}', b'{"batch": [}'])
def test_a_body_that_is_no_call_is_refused(body: bytes) -> None:
    """The sender learns what was expected."""
    with pytest.raises(RecordError):
        list(Tracking("app").records(body, NOW))


@pytest.mark.anyio
async def test_the_section_takes_what_segment_signs(tmp_path: Path) -> None:
    """X-Signature over the body, with the shared secret; anything else is refused."""
    secret = "0123456789abcdef0123"
    connector = shop(tmp_path, f'[app]\nconnector = "webhook"\nformat = "segment"\nsecret = "{secret}"\n')
    headers, body = by_segment({"type": "identify", "userId": 7, "traits": {"name": "Ada"}}, secret)

    (found,) = await connector.webhook(request(headers, body))

    assert isinstance(found, Partial)
    assert found.record.key.id == "7"
    assert [stream.name for stream in await connector.discover()] == ["groups", "users", "visitors", "events"]
    with pytest.raises(SourceRefused):
        await connector.webhook(request(headers, body + b" "))
