"""A merge never widens consent."""

from __future__ import annotations

from datetime import UTC, datetime

from connectors.records import Channel, ConsentStatement, ConsentStatus, Person
from graph.customer.consent import effective_consents, lapsed, statements_of


def said(status: ConsentStatus, day: int, channel: Channel = Channel.EMAIL) -> ConsentStatement:
    return ConsentStatement(channel=channel, purpose="marketing", status=status, at=datetime(2026, 1, day, tzinfo=UTC))


def test_the_newest_statement_of_one_record_counts() -> None:
    """Who revoked and later granted again to the same source has granted."""
    (consent,) = effective_consents(
        [("crm/1/1", said(ConsentStatus.REVOKED, 1)), ("crm/1/1", said(ConsentStatus.GRANTED, 2))]
    )

    assert consent.status == "GRANTED"


def test_of_two_records_the_refusing_one_counts() -> None:
    """A newer yes in one silo does not undo a no in another."""
    (consent,) = effective_consents(
        [("mail/1/1", said(ConsentStatus.REVOKED, 1)), ("crm/1/1", said(ConsentStatus.GRANTED, 9))]
    )

    assert (consent.status, consent.record) == ("REVOKED", "mail/1/1")


def test_channels_are_apart() -> None:
    """A no by telephone says nothing about e-mail."""
    consents = effective_consents(
        [("a", said(ConsentStatus.DENIED, 1, Channel.PHONE)), ("a", said(ConsentStatus.GRANTED, 1))]
    )

    assert [(c.channel, c.status) for c in consents] == [("email", "GRANTED"), ("phone", "DENIED")]


def test_of_two_statements_of_one_moment_the_refusing_one_counts() -> None:
    """Whatever their order."""
    both = [("a", said(ConsentStatus.GRANTED, 1)), ("a", said(ConsentStatus.REVOKED, 1))]

    assert effective_consents(both) == effective_consents(both[::-1])
    assert effective_consents(both)[0].status == "REVOKED"


def test_a_deleted_person_still_refuses_and_grants_nothing() -> None:
    """Of each channel the newest statement counts: a refusal that was taken back before the deletion is none."""
    ada = Person(
        source="crm",
        stream="people",
        id="1",
        consents=(
            said(ConsentStatus.REVOKED, 1),
            said(ConsentStatus.GRANTED, 2),
            said(ConsentStatus.GRANTED, 1, Channel.SMS),
            said(ConsentStatus.REVOKED, 2, Channel.SMS),
            said(ConsentStatus.DENIED, 1, Channel.PHONE),
        ),
    )

    left = effective_consents(("crm/people/1", one) for one in statements_of(ada, deleted=True))

    assert [(one.channel, one.status) for one in left] == [("phone", "DENIED"), ("sms", "REVOKED")]
    assert statements_of(ada, deleted=False) == ada.consents


def test_what_was_granted_and_is_not_said_any_more_has_lapsed() -> None:
    """What is refused has not: somebody says so. What nobody granted cannot."""

    def kept(*stated: tuple[Channel, ConsentStatus]) -> list[dict[str, object]]:
        return [
            {"channel": channel.value, "purpose": "marketing", "status": status.value} for channel, status in stated
        ]

    before = kept(
        (Channel.EMAIL, ConsentStatus.GRANTED),
        (Channel.SMS, ConsentStatus.GRANTED),
        (Channel.APP, ConsentStatus.GRANTED),
        (Channel.PHONE, ConsentStatus.DENIED),
    )
    after = kept((Channel.SMS, ConsentStatus.REVOKED), (Channel.APP, ConsentStatus.GRANTED))

    assert lapsed(before, after) == [("email", "marketing")]
    assert lapsed(after, before) == []
