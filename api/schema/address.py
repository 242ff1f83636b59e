"""Postal addresses."""

from __future__ import annotations

from api.plan.fields import column, described


@described
class PostalAddress:
    """A postal address; it comes whole from one source record."""

    street: str | None = column("Street and number.")
    city: str | None = column("City.")
    region: str | None = column("State, county or province.")
    postal_code: str | None = column("Postal code.")
    country: str | None = column("Country, ISO 3166 alpha-2 where the source knows it.")
