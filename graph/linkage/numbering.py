"""Telephone numbers of plain digits in E.164: what `phonenumbers` answers, in a small part of the time.

`phonenumbers.parse` takes a number apart letter by letter, for every script and way of writing there is. Most numbers
are digits and separators once they are cleaned; for these the steps of libphonenumber are followed here on its own
metadata. A test holds both to the same answers for every country.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, region_code_for_country_code

_PLAIN = re.compile(r"[ ()./-]*\+?[0-9 ()./-]{,40}")
_LEAST, _MOST = 2, 17
_LONGEST_CODE = 3


def is_plain(number: str) -> bool:
    """Whether a number is a plus at most, digits of ASCII and separators that mean nothing."""
    return _PLAIN.fullmatch(number) is not None


def plain_e164(digits: str, international: bool, country: str | None) -> str | None:
    """E.164 of a plain number, or None when it cannot be one.

    `digits` are all of its digits, three at least, not all the same; `international`: it begins with a plus. `country`
    is ISO 3166 alpha-2; without one only international numbers are understood. Raises ValueError for an international
    number of a code that no country has: only the library knows what to make of it.
    """
    home = _plan_of_region(country) if country else None
    if international:
        if len(digits) <= _LEAST:
            return None
        code = _code_of(digits)
        if code is None:
            raise ValueError(digits)
        return _within(code, digits[len(code) :], home)
    if home is None:
        return None
    abroad = home.abroad.match(digits) if home.abroad else None
    # No code of a country begins with a zero.
    if abroad and digits[abroad.end() : abroad.end() + 1] != "0":
        digits = digits[abroad.end() :]
        code = _code_of(digits) if len(digits) > _LEAST else None
        return None if code is None else _within(code, digits[len(code) :], home)
    if digits.startswith(home.code):
        rest = home.without_prefix(digits[len(home.code) :])
        if (not home.is_national(digits) and home.is_national(rest)) or home.is_too_long(digits):
            return _within(home.code, rest, home)
    return _checked(home.code, digits, home)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The numbering plan of one country, of its metadata what numbers of digits need."""

    region: str
    code: str
    abroad: re.Pattern[str] | None
    prefix: re.Pattern[str] | None
    instead: str | None
    """What stands in place of the prefix, where it is not simply dropped."""
    national: re.Pattern[str] | None
    lengths: tuple[int, ...]
    local_lengths: tuple[int, ...]

    def is_national(self, digits: str) -> bool:
        return self.national is not None and self.national.fullmatch(digits) is not None

    def is_possible(self, digits: str) -> bool:
        return len(digits) in self.lengths and len(digits) not in self.local_lengths

    def is_local(self, digits: str) -> bool:
        return len(digits) in self.local_lengths

    def is_too_long(self, digits: str) -> bool:
        return len(digits) > self.lengths[-1] and len(digits) not in self.local_lengths

    def without_prefix(self, digits: str) -> str:
        """The digits without the prefix of calls inside the country, unless only with it they are a number."""
        found = self.prefix.match(digits) if self.prefix and digits else None
        if found is None or self.prefix is None:
            return digits
        if not self.instead or found.groups()[-1] is None:
            rest = digits[found.end() :]
        else:
            rest = self.prefix.sub(self.instead, digits, count=1)
        return digits if self.is_national(digits) and not self.is_national(rest) else rest


def _within(code: str, national: str, home: _Plan | None) -> str | None:
    """The number of a country with this code; `home` is where it was written down."""
    main = _plan_of_code(code)
    return _checked(code, national, home if home is not None and home.region == main.region else main)


def _checked(code: str, national: str, plan: _Plan) -> str | None:
    if len(national) < _LEAST:
        return None
    rest = plan.without_prefix(national)
    if plan.is_possible(rest) or plan.is_too_long(rest):
        national = rest
    if not _LEAST <= len(national) <= _MOST:
        return None
    main = _plan_of_code(code)
    return f"+{code}{national}" if main.is_possible(national) or main.is_local(national) else None


def _code_of(digits: str) -> str | None:
    for length in range(1, _LONGEST_CODE + 1):
        if digits[:length] in _codes():
            return digits[:length]
    return None


@cache
def _codes() -> frozenset[str]:
    return frozenset(map(str, COUNTRY_CODE_TO_REGION_CODE))


@cache
def _plan_of_region(region: str) -> _Plan | None:
    metadata = PhoneMetadata.metadata_for_region(region.upper(), None)
    return None if metadata is None else _plan(region, metadata)


@cache
def _plan_of_code(code: str) -> _Plan:
    region = region_code_for_country_code(int(code))
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)
    if metadata is None:
        raise LookupError(code)
    return _plan(region, metadata)


def _plan(region: str, metadata: PhoneMetadata) -> _Plan:
    usual = metadata.general_desc
    if usual is None:
        raise LookupError(region)
    return _Plan(
        region,
        str(metadata.country_code),
        _compiled(metadata.international_prefix),
        _compiled(metadata.national_prefix_for_parsing),
        metadata.national_prefix_transform_rule,
        _compiled(usual.national_number_pattern),
        tuple(usual.possible_length),
        tuple(usual.possible_length_local_only),
    )


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    return re.compile(pattern) if pattern else None
