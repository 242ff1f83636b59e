"""Mistakes that people make when they write down a name, a date or a number."""

from __future__ import annotations

from datetime import date, timedelta

from connectors.sample.dice import Dice

_NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "wa", "r": "et", "s": "ad", "t": "ry",
    "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip
"""Letters beside each letter on a keyboard."""


def mistyped(dice: Dice, text: str) -> str:
    """The text with one letter left out, doubled, exchanged with the next or replaced by its neighbour on a keyboard.

    Mostly not the first one, which people look at; digits are replaced by digits.
    """
    places = [at for at, character in enumerate(text) if character.isalnum()]
    at = dice.pick(places[1:] if len(places) > 1 and dice.chance(0.9) else places)
    letter, drawn = text[at], dice.share()
    if letter.isdigit():
        return f"{text[:at]}{(int(letter) + dice.between(1, 9)) % 10}{text[at + 1 :]}"
    if drawn < 0.25 and len(places) > 2:
        return text[:at] + text[at + 1 :]
    if drawn < 0.45:
        return text[:at] + letter + text[at:]
    if drawn < 0.65 and 0 < at < len(text) - 1:
        return text[:at] + text[at + 1] + letter + text[at + 2 :]
    return text[:at] + dice.pick(_NEIGHBOURS.get(letter.lower(), "e")) + text[at + 1 :]


def misread_date(dice: Dice, day: date) -> str:
    """YYYY-MM-DD with day and month exchanged, a digit wrong, or another year or day nearby."""
    drawn = dice.share()
    if drawn < 0.2 and day.day <= 12:
        return f"{day.year}-{day.day:02}-{day.month:02}"
    if drawn < 0.6:
        return mistyped_digit(dice, day.isoformat(), first=3)
    if drawn < 0.8:
        return f"{day.year + dice.pick((-1, 1, -2, 2, -10, 10))}{day.isoformat()[4:]}"
    return (day + timedelta(days=dice.pick((-1, 1, -2, 2)))).isoformat()


def mistyped_digit(dice: Dice, text: str, first: int = 0) -> str:
    """The text with one digit from place `first` on replaced by another."""
    at = dice.pick([place for place, character in enumerate(text) if character.isdigit() and place >= first])
    return f"{text[:at]}{(int(text[at]) + dice.between(1, 9)) % 10}{text[at + 1 :]}"


def born(dice: Dice, first: int, last: int) -> date:
    """A day of the years from `first` to `last`."""
    begin = date(first, 1, 1)
    return begin + timedelta(days=dice.between(0, (date(last, 12, 31) - begin).days))
