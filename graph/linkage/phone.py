"""Telephone numbers as people write them, in E.164."""

from __future__ import annotations

import re

import phonenumbers

from graph.linkage.numbering import is_plain, plain_e164

_TRUNK_IN_BRACKETS = re.compile(r"\(\s*0\s*\)")
_EXTENSION = re.compile(r"(?:\bext|\bx|#|;ext=).*$", re.IGNORECASE)
_ROUNDED = re.compile(r"\s*\+?\d[.,]\d*E\+?\d+\s*", re.IGNORECASE)
_NOT_DIGIT = re.compile(r"\D")
_LADDERS = ("0123456789", "1234567890", "9876543210")
_CODES = frozenset(str(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
_LONGEST_CODE = max(map(len, _CODES))


def phone(value: str | None, country: str | None) -> str | None:
    """E.164 of one number as a person wrote it, or None when it cannot be one.

    `country` is ISO 3166 alpha-2 (None: only international forms are understood). Dummies (two different digits or
    fewer, ladders) are None, and so is what a spreadsheet has rounded (4.42071E+11). Extensions are dropped.
    """
    if not value or _ROUNDED.fullmatch(value):
        return None
    text = _without_extension(_TRUNK_IN_BRACKETS.sub("", value)).strip()
    digits = _NOT_DIGIT.sub("", text)
    if _is_dummy(digits):
        return None
    if text.startswith("00"):
        text, digits = "+" + text[2:], digits[2:]
    if is_plain(text):
        try:
            return plain_e164(digits, "+" in text, country)
        except ValueError:
            pass
    return _by_library(text, country)


def phone_or_digits(value: str | None, country: str | None) -> str | None:
    """`phone`, else the bare digits of seven and more: a mistyped number is still close to the right one."""
    number = phone(value, country)
    if number is not None or not value or _ROUNDED.fullmatch(value):
        return number
    digits = _NOT_DIGIT.sub("", _without_extension(_TRUNK_IN_BRACKETS.sub("", value))).lstrip("0")
    if not 7 <= len(digits) <= 15 or _is_dummy(digits):
        return None
    code = str(phonenumbers.country_code_for_region(country)) if country else "0"
    return f"+{digits}" if code == "0" or digits.startswith(code) else f"+{code}{digits}"


def _by_library(text: str, country: str | None) -> str | None:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _without_extension(text: str) -> str:
    return text if is_plain(text) else _EXTENSION.sub("", text)


def national(number: str) -> str | None:
    """The digits of a number in E.164 after the code of its country; None where no country has such a code."""
    # No code is the beginning of another one.
    digits = number.removeprefix("+")
    for length in range(1, _LONGEST_CODE + 1):
        if digits[:length] in _CODES:
            return digits[length:]
    return None


def _is_dummy(digits: str) -> bool:
    return len(set(digits)) <= 2 or digits[-10:] in _LADDERS
