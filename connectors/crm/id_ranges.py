"""A set of ids as ranges: a million ids are a few characters where few were deleted."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import Self


class IdRanges:
    """A set of whole numbers, kept as sorted, separate ranges; `str` gives `"1-500,502"`, which `parse` reads."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []

    @classmethod
    def parse(cls, text: str) -> Self:
        """The set that `str` wrote."""
        ids = cls()
        for part in text.split(",") if text else ():
            first, _, last = part.partition("-")
            ids._firsts.append(int(first))
            ids._lasts.append(int(last or first))
        return ids

    @classmethod
    def of(cls, numbers: Iterable[int]) -> Self:
        """The set of `numbers`."""
        ids = cls()
        ids.update(numbers)
        return ids

    def update(self, numbers: Iterable[int]) -> None:
        """Add all `numbers`; ascending ones beyond the last cost nothing."""
        for number in numbers:
            self.add(number)

    def add(self, number: int) -> None:
        """Add one number."""
        place = bisect_right(self._firsts, number)
        if place and number <= self._lasts[place - 1]:
            return
        joins_before = place > 0 and self._lasts[place - 1] == number - 1
        joins_after = place < len(self._firsts) and self._firsts[place] == number + 1
        if joins_before and joins_after:
            self._lasts[place - 1] = self._lasts.pop(place)
            self._firsts.pop(place)
        elif joins_before:
            self._lasts[place - 1] = number
        elif joins_after:
            self._firsts[place] = number
        else:
            self._firsts.insert(place, number)
            self._lasts.insert(place, number)

    def without(self, other: IdRanges) -> list[int]:
        """The numbers that `other` does not have, ascending."""
        missing: list[int] = []
        for first, last in zip(self._firsts, self._lasts, strict=True):
            number = first
            while number <= last:
                place = bisect_left(other._lasts, number)
                if place == len(other._lasts):
                    missing.extend(range(number, last + 1))
                    break
                missing.extend(range(number, min(last + 1, other._firsts[place])))
                number = max(number, other._lasts[place] + 1)
        return missing

    def __contains__(self, number: int) -> bool:
        place = bisect_right(self._firsts, number)
        return place > 0 and number <= self._lasts[place - 1]

    def __iter__(self) -> Iterator[int]:
        for first, last in zip(self._firsts, self._lasts, strict=True):
            yield from range(first, last + 1)

    def __str__(self) -> str:
        return ",".join(
            str(first) if first == last else f"{first}-{last}"
            for first, last in zip(self._firsts, self._lasts, strict=True)
        )
