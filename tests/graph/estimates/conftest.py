"""Numbers that cannot be are mistakes here: a division by zero, an overflow or NaN raises while a test runs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _numbers_that_cannot_be_raise() -> Iterator[None]:
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        yield
