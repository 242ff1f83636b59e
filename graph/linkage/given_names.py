"""Given names and the nicknames that go with them (PyPI package nicknames)."""

from __future__ import annotations

from functools import cache

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
