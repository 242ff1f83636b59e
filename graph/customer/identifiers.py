"""What a customer can be looked up by: identifiers in one normal form, at landing and at asking alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from connectors.records import Identifiers, Person
from graph.linkage.normalise import email as normal_email
from graph.linkage.phone import national
from graph.linkage.phone import phone as e164


@dataclass(frozen=True, slots=True)
class IdentifierKey:
    """`key` is `kind:value` and unique in the graph."""

    kind: str
    value: str

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.value}"

    @property
    def national(self) -> str | None:
        """Of a number what follows the code of its country: people leave that out when they look for somebody."""
        return national(self.value) if self.kind == "phone" else None


def email_key(value: str) -> IdentifierKey | None:
    """None when it is not an address."""
    address = normal_email(value)
    return None if address is None else IdentifierKey("email", address)


def phone_key(value: str, country: str | None) -> IdentifierKey | None:
    """None when it cannot be a number; `country` reads national numbers."""
    number = e164(value, country)
    return None if number is None else IdentifierKey("phone", number)


def external_key(system: str, value: str) -> IdentifierKey:
    """The id another system knows the person by."""
    return IdentifierKey("external", f"{system}:{value}")


def phone_numbers(person: Person) -> list[tuple[str, bool]]:
    """Each number of a person record in E.164 with True, or as it is written with False when it cannot be read.

    Read once, at landing: parsing is the costliest step of a record.
    """
    country = person.address.country if person.address else None
    read = [(e164(phone.value, phone.country or country), phone.value.strip()) for phone in person.phones]
    return [(number or written, number is not None) for number, written in read if number or written]


def identifiers_of(person: Person, numbers: Iterable[tuple[str, bool]]) -> Iterator[IdentifierKey]:
    """All identifiers of a person record, each once; `numbers` are its `phone_numbers`."""
    found = [
        *(email_key(email.value) for email in person.emails),
        *(IdentifierKey("phone", number) for number, is_read in numbers if is_read),
        *(external_key(system, value) for system, value in person.external_ids.items()),
        *(external_key(system, value) for system, value in person.contact_ids.items()),
        *(IdentifierKey("anonymous", value) for value in person.anonymous_ids),
    ]
    yield from dict.fromkeys(identifier for identifier in found if identifier is not None)


def identifiers_of_mention(said: Identifiers) -> list[IdentifierKey]:
    """What an event says of its person, the surest first; empty when nothing of it can be used."""
    found = [
        external_key(*said.external_id) if said.external_id else None,
        email_key(said.email) if said.email else None,
        phone_key(said.phone, None) if said.phone else None,
        IdentifierKey("anonymous", said.anonymous_id) if said.anonymous_id else None,
    ]
    return [identifier for identifier in found if identifier is not None]
