"""The linkage model in force: read, put in force, trained on today's records, and how far it is from them."""

from __future__ import annotations

import base64
import time
import zlib

import msgspec

from graph.cypher import cypher
from graph.linkage.drift import Drift, drift
from graph.linkage.link import train
from graph.linkage.model import READABLE, LinkageModel
from graph.linkage.rules import LinkageError
from graph.rules import Rules
from graph.store.driver import Store, Transaction
from graph.store.lease import Lease
from graph.sync.people import read_people
from graph.sync.progress import Progress

TOO_FEW_TO_FREEZE = 2_000
_RETRAIN_AT = 10
"""A model is frozen, unless it learned from few records or from less than a tenth of those there are now."""


class InForce(msgspec.Struct, frozen=True):
    """The model that the last link run used or left behind."""

    model: LinkageModel
    records: int
    """How many records it learned from."""

    @property
    def is_frozen(self) -> bool:
        """Whether the next run uses it; one that learned from few records is trained again each time."""
        return self.records >= TOO_FEW_TO_FREEZE


async def frozen_model(store: Store, records: int) -> LinkageModel | None:
    """The model to link so many records by; None when one must be trained."""
    in_force = await readable_model(store)
    return in_force.model if in_force is not None and is_enough(in_force.records, records) else None


async def frozen_version(store: Store, records: int) -> str | None:
    """The version of the model to link so many records by; None when one must be trained."""
    row = await store.read_one(cypher("writes/read_model_version"))
    return row[0] if row is not None and is_enough(row[1], records) else None


def is_enough(learned_from: int, records: int) -> bool:
    """Whether a model that learned from so many records is kept for a graph that has `records`."""
    return learned_from >= max(TOO_FEW_TO_FREEZE, records / _RETRAIN_AT)


async def model_in_force(store: Store) -> InForce:
    """The model that made today's customers; raises LinkageError when there is none that this version can read."""
    found = await readable_model(store)
    if found is None:
        raise LinkageError(
            "The store has no linkage model that this version reads: the first `c360 sync` trains one; "
            "in place of an older version's, `c360 link train --use` does."
        )
    return found


async def readable_model(store: Store) -> InForce | None:
    """The model in force; None before the first sync, and when an older version of c360 saved it: it is trained again.

    Raises LinkageError when it was altered.
    """
    row = await store.read_one(cypher("writes/read_model"))
    if row is None:
        return None
    saved = zlib.decompress(base64.b64decode(row[0]))
    if msgspec.msgpack.decode(saved, type=_Saved).format not in READABLE:
        return None
    return InForce(LinkageModel.from_bytes(saved), row[1])


async def save_model(store: Store, lease: Lease, model: LinkageModel, records: int) -> None:
    """Put a model in force, in one transaction; earlier ones are kept and retire."""
    body = base64.b64encode(zlib.compress(model.to_bytes())).decode()

    async def work(tx: Transaction) -> None:
        await lease.hold(tx)
        await tx.run(cypher("writes/retire_models"))
        await tx.run(
            cypher("writes/save_model"),
            version=model.version,
            body=body,
            records=records,
            now=time.time_ns() // 1_000_000,
        )

    await store.transaction(work)


async def train_model(store: Store, rules: Rules, progress: Progress) -> LinkageModel:
    """A model that learns from today's person records; nothing is written. Raises LinkageError when there are none."""
    people = await read_people(store, progress)
    if not people.table.num_rows:
        raise LinkageError("The store holds no person records to learn from. Run `c360 sync` first.")
    progress.phase("train")
    return train(people.table, rules.matching)


async def model_drift(store: Store, rules: Rules, progress: Progress) -> Drift:
    """What changed between the model in force and today's records; raises LinkageError when there are none."""
    before = await model_in_force(store)
    return drift(before.model, await train_model(store, rules, progress))


class _Saved(msgspec.Struct):
    format: int
