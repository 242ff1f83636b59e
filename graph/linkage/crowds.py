"""Crowds of a linkage index: who of many records of the same words stands for the others, as records come and go."""

from __future__ import annotations

import numpy as np

from graph.linkage.cluster import Edges
from graph.linkage.coded import Coded, Hashes, Rows
from graph.linkage.decide import Bits, Scorer
from graph.linkage.guards import named
from graph.linkage.index import LinkageIndex, words_of
from graph.linkage.link import said_again


def represented_anew(
    index: LinkageIndex, arriving: Coded, fresh: Rows, leaving: Coded, gone: Rows, decided: Rows
) -> Rows:
    """Enter and leave the crowds; say who stands for whom. Gives the members of crowds in which that changed."""
    came, rows = words_of(arriving)
    went, _ = words_of(leaving)
    affected = np.unique(np.append(came, went))
    if len(decided):
        affected = np.union1d(affected, index.records(decided)[0].words)
    large = index.crowds.counts(affected) > index.rules.crowd
    index.crowds.add(came, fresh[rows].astype(np.int32))
    index.crowds.drop(went)
    affected = affected[large | (index.crowds.counts(affected) > index.rules.crowd)]
    if not len(affected):
        return np.zeros(0, np.int64)
    which, rows = index.crowds.members(affected)
    here = index.alive[rows] & ~np.isin(rows, gone)
    which, members = which[here], rows[here].astype(np.int64)
    before = index.absent[members]
    index.absent[members] = False
    index.absent[_copies(index, members)[0]] = True
    turned = (index.absent[members] != before) & ~np.isin(members, fresh)
    return members[np.isin(which, which[turned])]


def ties_of_copies(index: LinkageIndex, pending: Rows, words: Hashes) -> Edges:
    """What ties copies to the row that stands for them, where one of the two is pending.

    `words` are those of the pending records (`Coded.words`).
    """
    words = np.unique(words)
    words = words[index.crowds.counts(words) > index.rules.crowd]
    if not len(words):
        return index.later.where(np.zeros(len(index.later.left), bool))
    members = index.crowds.members(words)[1].astype(np.int64)
    rows, of, bits = _copies(index, members[index.alive[members]])
    ties = Edges(of.astype(np.int32), rows.astype(np.int32), bits)
    return ties.where(np.isin(rows, pending) | np.isin(of, pending))


def _copies(index: LinkageIndex, members: Rows) -> tuple[Rows, Rows, Bits]:
    """Of whole crowds: the rows that others stand for, those others, and the weights of the pairs."""
    ready, rows = index.records(members)
    again = said_again(Scorer(ready, index.model), named(ready, index.decisions), index.rules)
    return rows[again.rows], rows[again.of], again.bits
