"""How fast pairs are compared: c360's features and recordlinkage's own, on the same candidate pairs in one run."""

from __future__ import annotations

import pyarrow as pa
import recordlinkage

from benchmarks.linking.judged import Clock, Speed
from graph.linkage.candidates import candidates, choose_keys
from graph.linkage.fields import Field
from graph.linkage.frame import BlockingUnion, Level, SwappedNames, framed
from graph.linkage.link import MatchingRules, compared, prepared
from graph.linkage.train import usable_fields

_JARO_WINKLER = frozenset({"given name", "family name", "text"})


def speed(name: str, records: pa.Table) -> Speed:
    """Compare the candidates of these records on the fields that linkage would compare."""
    rules, (ready, _) = MatchingRules(), prepared(records)
    fields, keys = usable_fields(ready), choose_keys(ready, rules)
    pairs = candidates(ready, keys, rules)
    frame = framed(ready)
    index = recordlinkage.Index()
    index.add(BlockingUnion(ready, keys, rules))
    both = index.index(frame)
    clock = Clock()
    compared(ready, fields, pairs, rules)
    engine = clock.cpu
    ours = recordlinkage.Compare([Level(field) for field in fields])
    if {"first_name", "last_name"} <= {field.name for field in fields}:
        ours.add(SwappedNames())
    clock = Clock()
    ours.compute(both, frame)
    inside = clock.cpu
    # Their comparison reads words, not categories.
    words = frame.astype(object)
    compare = _theirs(fields)
    clock = Clock()
    compare.compute(both, words)
    theirs = clock.cpu
    return Speed(name, len(both), len(fields), len(both) / engine, len(both) / inside, len(both) / theirs)


def _theirs(fields: tuple[Field, ...]) -> recordlinkage.Compare:
    compare = recordlinkage.Compare()
    for field in fields:
        if field.kind in _JARO_WINKLER:
            compare.string(field.name, field.name, method="jarowinkler", label=field.name)
        elif field.kind in ("edits", "date"):
            compare.string(field.name, field.name, method="damerau_levenshtein", label=field.name)
        else:
            compare.exact(field.name, field.name, label=field.name)
    return compare
