"""Numbers of plain digits are read as the library of telephone numbers reads them, in every country."""

from __future__ import annotations

import random
from collections.abc import Iterator

import phonenumbers
import pytest

from graph.linkage.numbering import is_plain
from graph.linkage.phone import phone

_REGIONS = [*sorted(phonenumbers.SUPPORTED_REGIONS), "XX", None]
_CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


def _by_library(number: str, country: str | None) -> str | None:
    try:
        parsed = phonenumbers.parse("+" + number[2:] if number.startswith("00") else number, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _numbers(region: str | None, dice: random.Random, many: int) -> Iterator[str]:
    """Numbers of that country and of any, right and wrong ones, with all prefixes, as they may be written."""
    plan = phonenumbers.PhoneMetadata.metadata_for_region(region, None) if region else None
    examples = [
        each.example_number
        for each in ((plan.fixed_line, plan.mobile, plan.toll_free, plan.uan) if plan else ())
        if each is not None and each.example_number
    ]
    trunk, code = (plan.national_prefix or "0", str(plan.country_code)) if plan else ("0", "49")
    for _ in range(many):
        number = "".join(dice.choices("0123456789", k=dice.randint(1, 18)))
        if examples and dice.random() < 0.6:
            number = dice.choice(examples)
        if dice.random() < 0.3:
            number = number[: dice.randint(2, 18)] + "".join(dice.choices("0123456789", k=dice.randint(0, 4)))
        other = str(dice.choice(_CODES))
        number = dice.choice(
            ["", "", trunk, code, trunk + code, code + trunk, "+" + code, f"+{code}{trunk}", "00" + code, "011" + code,
             "+" + other, "00" + other, "011" + other, "+", "0", "1", "15", "9", "8~10"]
        ) + number  # fmt: skip
        if dice.random() < 0.4:
            number = "".join(digit + (dice.choice(" -/.)") if dice.random() < 0.3 else "") for digit in number)
        yield number


@pytest.mark.parametrize("region", _REGIONS)
def test_plain_numbers_are_read_as_the_library_reads_them(region):
    """Whatever the prefix, the length and the country: the answer is that of `phonenumbers`."""
    dice = random.Random(str(region))
    read = 0
    for number in _numbers(region, dice, 120):
        digits = "".join(letter for letter in number if letter.isdigit())
        if len(set(digits)) > 2 and digits[-10:] not in ("0123456789", "1234567890", "9876543210"):
            assert phone(number, region) == _by_library(number, region), number
            read += is_plain(number)
    assert read > 60


@pytest.mark.parametrize(
    ("number", "plain"),
    [
        ("+44 (20) 7946-0123", True),
        (" (030) 12.34/56", True),
        ("+49+30", False),
        ("030 1234 ext 5", False),
        ("030 1234x5", False),
        ("٠٣٠١٢٣٤", False),
        ("030 1234\xa056", False),
    ],
)
def test_only_digits_and_separators_are_plain(number, plain):
    """Extensions, letters, digits of other scripts and a plus inside are left to the library."""
    assert is_plain(number) is plain
