"""What a role may ask and see: decided once, when an operation is planned, for both ways of answering.

Each field of the schema carries its `Access` (`api/schema/access.py` declares them all). A field that carries none is
for admins only: what was not decided is not shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import FieldNode, GraphQLError, GraphQLField

from graph.keys import Role

ACCESS = "c360.access"
"""The key under which a field's extensions hold its access."""
DOTS = "•••"


class Forbidden(GraphQLError):
    """The operation asks for something that the viewer's role may not have; nothing of it is executed."""

    def __init__(self, field: str, least: Role, role: Role, nodes: Sequence[FieldNode] = ()) -> None:
        super().__init__(
            f"{field} is for the role {least.word} and above; this viewer is {role.word}.",
            nodes,
            extensions={"code": "FORBIDDEN", "role": role.word, "neededRole": least.word},
        )


@dataclass(frozen=True, slots=True)
class Mask:
    """How a value is shown to whoever may not see it as it is."""

    name: str
    show: Callable[[str], str] | None
    """What is shown of a text; None where nothing is: the field is null then, and its value is not even read."""
    meaning: str


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask for a field, and who sees it as it is."""

    least: Role
    mask: Mask | None = None
    clear: Role = Role.STEWARD
    """From this role on the mask falls."""

    def mask_for(self, role: Role) -> Mask | None:
        """The mask through which this role sees the field."""
        return None if role >= self.clear else self.mask


UNDECIDED = Access(Role.ADMIN)


def access_of(definition: GraphQLField) -> Access:
    """The access of a field of the schema."""
    access = definition.extensions.get(ACCESS, UNDECIDED)
    assert isinstance(access, Access)
    return access


def masked(show: Callable[[str], str]) -> Callable[[Any], Any]:
    """The mask for a value, for each of a list, and for none."""

    def shown(value: Any) -> Any:
        if value is None:
            return None
        return [shown(each) for each in value] if isinstance(value, list | tuple) else show(str(value))

    return shown


def masked_address(address: str) -> str:
    """The first character and the domain of an e-mail address: `a•••@x.test`."""
    name, at, domain = address.rpartition("@")
    return f"{name[:1]}{DOTS}@{domain}" if at else DOTS


def masked_number(number: str) -> str:
    """The first three and the last two characters of a telephone number: `+49•••56`."""
    return f"{number[:3]}{DOTS}{number[-2:]}" if len(number) > 7 else DOTS


def masked_postal_code(code: str) -> str:
    """The first two characters of a postal code, which name a region: `SW•••`."""
    return f"{code[:2]}{DOTS}" if len(code) > 2 else DOTS


def masked_text(text: str) -> str:
    """A text without the e-mail addresses and telephone numbers in it; the rest stays as it is."""
    without = _ADDRESS.sub(lambda found: masked_address(found[0]), text)
    return _NUMBER.sub(lambda found: masked_number(found[0]) if _is_number(found[0]) else found[0], without)


_ADDRESS = re.compile(r"[\w.!#$%&'*+=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")
# International or with a trunk zero; or in three groups, as North America writes them.
_NUMBER = re.compile(
    r"(?<![\w.:/-])(?:(?:\+|\(?0)\(?\d(?:[ ()/.-]{0,3}\d){5,16}|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4})(?!\w)"
)


def _is_number(text: str) -> bool:
    return 7 <= sum(character.isdigit() for character in text) <= 17


EMAIL = Mask("email", masked_address, "the first character and the domain: `a•••@x.test`")
PHONE = Mask("phone", masked_number, "the first three and the last two characters: `+49•••56`")
POSTAL_CODE = Mask("postal code", masked_postal_code, "the first two characters: `SW•••`")
DOTTED = Mask("dots", lambda _: DOTS, "`•••`")
TEXT = Mask("text", masked_text, "e-mail addresses and telephone numbers in it are masked")
WITHHELD = Mask("withheld", None, "null")
