"""A merge never widens consent."""

from __future__ import annotations

from datetime import UTC, datetime

from connectors.records import Channel, ConsentStatement, ConsentStatus
from graph.customer.consent import effective_consents


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
