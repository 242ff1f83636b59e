"""Klaviyo's profiles as persons, with what they said on each channel."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from connectors.exports.hubspot import COUNTRIES
from connectors.marketing.klaviyo_api import Id
from connectors.records import Address, Channel, ConsentStatement, ConsentStatus, Email, Person, Phone, said, utc


class Place(msgspec.Struct, frozen=True):
    """Where a profile is."""

    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    region: str | None = None
    zip: str | int | None = None
    country: str | None = None
    timezone: str | None = None


class Suppression(msgspec.Struct, frozen=True):
    """Why Klaviyo does not write to a profile: UNSUBSCRIBE, SPAM_COMPLAINT, USER_SUPPRESSED, HARD_BOUNCE …"""

    reason: str | None = None
    timestamp: datetime | None = None


class Agreement(msgspec.Struct, frozen=True):
    """What was said of one channel and purpose: SUBSCRIBED, UNSUBSCRIBED or NEVER_SUBSCRIBED."""

    consent: str | None = None
    consent_timestamp: datetime | None = None
    last_updated: datetime | None = None
    method: str | None = None
    suppression: tuple[Suppression, ...] | None = None


class Agreements(msgspec.Struct, frozen=True):
    marketing: Agreement | None = None
    transactional: Agreement | None = None


class Subscriptions(msgspec.Struct, frozen=True):
    email: Agreements | None = None
    sms: Agreements | None = None
    mobile_push: Agreements | None = None


class ProfileAttributes(msgspec.Struct, frozen=True):
    email: str | None = None
    phone_number: str | None = None
    external_id: Id | None = None
    anonymous_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    organization: str | None = None
    title: str | None = None
    locale: str | None = None
    created: datetime | None = None
    updated: datetime | None = None
    location: Place | None = None
    properties: dict[str, Any] | None = None
    subscriptions: Subscriptions | None = None


class Profile(msgspec.Struct, frozen=True):
    """Somebody Klaviyo knows, by e-mail, phone, id or cookie alone."""

    id: Id
    attributes: ProfileAttributes


def updated_at(profile: Profile) -> datetime | None:
    """When the profile last changed."""
    return profile.attributes.updated


def map_profile(source: str, stream: str, profile: Profile, system: str) -> Iterator[Person]:
    """The person of a profile; `external_id` is their id in the company's own `system`."""
    of = profile.attributes
    postal = _address(of.location)
    email, phone, given = said(of.email), said(of.phone_number), of.external_id
    anonymous = said(of.anonymous_id)
    yield Person(
        source=source,
        stream=stream,
        id=str(profile.id),
        emails=() if email is None else (Email(value=email, primary=True),),
        phones=() if phone is None else (Phone(value=phone, country=postal.country if postal else None),),
        given_name=said(of.first_name),
        family_name=said(of.last_name),
        account_name=said(of.organization),
        job_title=said(of.title),
        address=postal,
        locale=said(of.locale),
        timezone=said(of.location.timezone) if of.location else None,
        external_ids={} if given is None or not str(given).strip() else {system: str(given)},
        anonymous_ids=() if anonymous is None else (anonymous,),
        consents=tuple(_consents(of.subscriptions or Subscriptions())),
        created_at=None if of.created is None else utc(of.created),
        updated_at=None if of.updated is None else utc(of.updated),
        extra={name: value for name, value in (of.properties or {}).items() if value not in (None, "", [], {})},
    )


def _consents(told: Subscriptions) -> Iterator[ConsentStatement]:
    channels = ((Channel.EMAIL, told.email), (Channel.SMS, told.sms), (Channel.APP, told.mobile_push))
    for channel, agreements in channels:
        if agreements is None:
            continue
        for purpose, agreement in (("marketing", agreements.marketing), ("transactional", agreements.transactional)):
            if agreement is not None:
                yield from _statements(channel, purpose, agreement)


_SAID_NO = frozenset({"UNSUBSCRIBE", "UNSUBSCRIBED", "SPAM_COMPLAINT", "USER_SUPPRESSED"})


def _statements(channel: Channel, purpose: str, told: Agreement) -> Iterator[ConsentStatement]:
    """Agreed, or taken back; a suppression that holds is the last word, unless the address is merely dead."""
    statuses = {"SUBSCRIBED": ConsentStatus.GRANTED, "UNSUBSCRIBED": ConsentStatus.REVOKED}
    status = statuses.get((told.consent or "").upper())
    if status is not None:
        at = told.consent_timestamp if status is ConsentStatus.GRANTED else told.last_updated or told.consent_timestamp
        yield _statement(channel, purpose, status, at, told.method)
    for suppression in told.suppression or ():
        if (suppression.reason or "").upper() in _SAID_NO:
            at = max(filter(None, (suppression.timestamp, told.consent_timestamp)), default=told.last_updated)
            yield _statement(channel, purpose, ConsentStatus.REVOKED, at, suppression.reason)


def _statement(
    channel: Channel, purpose: str, status: ConsentStatus, at: datetime | None, evidence: str | None
) -> ConsentStatement:
    moment = None if at is None else utc(at)
    return ConsentStatement(channel=channel, purpose=purpose, status=status, at=moment, evidence=said(evidence))


def _address(place: Place | None) -> Address | None:
    if place is None:
        return None
    street = " ".join(part for part in (said(place.address1), said(place.address2)) if part) or None
    city, region, country = said(place.city), said(place.region), said(place.country)
    postal_code = None if place.zip is None else said(str(place.zip))
    if not (street or city or region or postal_code or country):
        return None
    if country is not None:
        country = COUNTRIES.get(country.casefold(), country.upper() if len(country) == 2 else country)
    return Address(street=street, city=city, region=region, postal_code=postal_code, country=country)
