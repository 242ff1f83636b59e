"""Given names and the nicknames that go with them (PyPI package nicknames)."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from nicknames import NickNamer


@cache
def nickname_pairs() -> frozenset[tuple[str, str]]:
    """Pairs of a name and a nickname, both ways round."""
    pairs = {(name, nick) for name, nicks in NickNamer().nickname_lookup.items() for nick in nicks}
    return frozenset(pairs | {(nick, name) for name, nick in pairs})


@cache
def known_given_names() -> frozenset[str]:
    """Every name and nickname of these pairs."""
    return frozenset(name for pair in nickname_pairs() for name in pair)


@cache
def nickname_table() -> tuple[list[str], npt.NDArray[np.bool_]]:
    """All known names, and for each two of them whether they are such a pair; the last row and column are of none."""
    names = sorted(known_given_names())
    place = {name: at for at, name in enumerate(names)}
    table = np.zeros((len(names) + 1, len(names) + 1), bool)
    for one, two in nickname_pairs():
        table[place[one], place[two]] = True
    return names, table
