"""Shopify's customers as persons, with what they said to marketing by e-mail and SMS."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.commerce.shopify_api import Customer, MarketingConsent, Place
from connectors.records import (
    Address,
    Channel,
    ConsentStatement,
    ConsentStatus,
    Email,
    Person,
    Phone,
    said,
    utc,
)

STATES = {"subscribed": ConsentStatus.GRANTED, "unsubscribed": ConsentStatus.REVOKED}
"""Whoever was never asked (not_subscribed), or has not confirmed (pending), said nothing."""


def map_customer(source: str, stream: str, host: str, customer: Customer) -> Iterator[Person]:
    """The person; `host` is the shop's, for the link to its admin."""
    place = customer.default_address
    address = None if place is None else _address(place)
    email, phone = said(customer.email), said(customer.phone) or (said(place.phone) if place else None)
    multipass = said(customer.multipass_identifier)
    extra = {
        "state": said(customer.state),
        "note": said(customer.note),
        "orders_count": customer.orders_count,
        "total_spent": said(customer.total_spent),
        "currency": said(customer.currency),
        "tax_exempt": customer.tax_exempt,
    }
    yield Person(
        source=source,
        stream=stream,
        id=str(customer.id),
        given_name=said(customer.first_name),
        family_name=said(customer.last_name),
        emails=(Email(value=email, verified=customer.verified_email is True, primary=True),) if email else (),
        phones=(Phone(value=phone, country=address.country if address else None),) if phone else (),
        account_name=said(place.company) if place else None,
        address=address,
        tags=tuple(tag for part in (customer.tags or "").split(",") if (tag := part.strip())),
        external_ids={"multipass": multipass} if multipass else {},
        consents=(
            *_consent(Channel.EMAIL, customer.email_marketing_consent),
            *_consent(Channel.SMS, customer.sms_marketing_consent),
        ),
        created_at=None if customer.created_at is None else utc(customer.created_at),
        updated_at=None if customer.updated_at is None else utc(customer.updated_at),
        source_url=f"https://{host}/admin/customers/{customer.id}",
        extra={key: value for key, value in extra.items() if value is not None},
    )


def _consent(channel: Channel, consent: MarketingConsent | None) -> Iterator[ConsentStatement]:
    if consent is not None and consent.state is not None and consent.state.casefold() in STATES:
        yield ConsentStatement(
            channel=channel,
            purpose="marketing",
            status=STATES[consent.state.casefold()],
            at=None if consent.consent_updated_at is None else utc(consent.consent_updated_at),
            evidence=said(consent.opt_in_level),
        )


def _address(place: Place) -> Address | None:
    street = ", ".join(line for line in (said(place.address1), said(place.address2)) if line)
    found = Address(
        street=street or None,
        city=said(place.city),
        region=said(place.province),
        postal_code=said(place.zip),
        country=said(place.country_code),
    )
    return None if found == Address() else found
