"""What is wrong with settings, gathered, so that all of it is told at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from connectors.errors import C360Error

T = TypeVar("T")


class Problems:
    """The texts of what went wrong while settings were read, in the order in which they were."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def read(self, setting: Callable[[], T], otherwise: T) -> T:
        """The setting; what is wrong with it is kept, and `otherwise` stands in its place."""
        try:
            return setting()
        except C360Error as error:
            self.texts.append(str(error))
            return otherwise

    def tell(self, kind: type[C360Error]) -> None:
        """Raise one error of this kind when anything was wrong, a line each."""
        if self.texts:
            raise kind("\n".join(self.texts))
