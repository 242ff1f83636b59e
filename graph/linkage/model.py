"""The linkage model: everything that was learned, as immutable data whose version is the hash of its content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property

import msgspec
import numpy as np
import numpy.typing as npt

from graph.linkage.coded import Hashes
from graph.linkage.fields import Field
from graph.linkage.rules import LinkageError

Weights = tuple[tuple[float, ...], ...]

FORMAT = 9
_WITHOUT_GIVEN_NAMES, _WITHOUT_SHARERS, _WITHOUT_ALONE = 6, 7, 8
_SINCE_ALONE = ("namesakes", "alone_of_matches", "alone_of_strangers")
READABLE = (_WITHOUT_GIVEN_NAMES, _WITHOUT_SHARERS, _WITHOUT_ALONE, FORMAT)
"""Formats that are read. A model without `given_names_of_matches` is one of format 6, one that does not say of which
class sharers are one of format 7, one without `alone_of_strangers` one of format 8; each keeps its version."""


LEAST_CARRIED = 3
"""A model holds counts of values that so many records carry; others stand alone."""


class RelationClass(msgspec.Struct, frozen=True):
    """People who are related but not the same: their share among all pairs, and how often they stand on each level."""

    name: str
    share: float
    shared_fields: tuple[str, ...]
    levels: Weights


class Counts(msgspec.Struct, frozen=True):
    """How many records carry each value: ordered little-endian uint64 hashes and uint32 counts, without rare ones."""

    records: int
    hashes: bytes
    counts: bytes

    def of(self, hashes: Hashes) -> npt.NDArray[np.int64]:
        """Counts of values given by hash; 1 for values that are rare or were not seen."""
        known, counts = np.frombuffer(self.hashes, "<u8"), np.frombuffer(self.counts, "<u4")
        if not len(known):
            return np.ones(len(hashes), np.int64)
        at = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
        return np.where(known[at] == hashes, counts[at].astype(np.int64), 1)

    @staticmethod
    def made(records: int, hashes: Hashes, counts: npt.NDArray[np.int64], least: int) -> Counts:
        kept = counts >= least
        order = np.argsort(hashes[kept], kind="stable")
        return Counts(
            int(records), hashes[kept][order].astype("<u8").tobytes(), counts[kept][order].astype("<u4").tobytes()
        )


class SharedRate(msgspec.Struct, frozen=True, omit_defaults=True):
    """How often an identifier carried by so many records joins people whose names conflict."""

    from_records: tuple[int, ...]
    rates: tuple[float, ...]
    classes: Weights = ()
    """By step: who those are that are not one person, as shares of the relations and, last, of strangers."""


class _Content(msgspec.Struct, frozen=True, kw_only=True):
    fields: tuple[Field, ...]
    keys: tuple[tuple[str, ...], ...]
    stopped: tuple[bytes, ...]
    """Blocks closed because they were too large at training, one entry a key: sorted little-endian uint64 hashes."""
    match_bits: float
    match_share: float
    """The share of matches among all pairs of records: the prior."""
    match: Weights
    given_names_of_matches: Weights = ()
    """How matches stand on the given name where their family names are the same, alike, differ; empty: not learned."""
    random: Weights
    relations: tuple[RelationClass, ...]
    repeated: tuple[float, ...]
    """By field: of matches' records, the share whose value another record has, too. Others cannot agree with any."""
    email_given_names: Weights = ()
    """How alike strangers' e-mails are if neither, the family, the given, or both names agree; empty: not learned."""
    names_together: Weights = ()
    """By given and family name: how much oftener strangers stand on each level when their other names agree."""
    namesakes: tuple[float, float] = (1.0, 1.0)
    """How much oftener two strangers, of no known country and of one, have both names in common than each name alone
    lets expect."""
    alone_of_matches: Weights = ()
    """By field and level, of matches that do not say the same: the share of pairs one of whose values hardly any record
    carries (fewer than `LEAST_CARRIED`), as errors of typing do; empty: not learned."""
    alone_of_strangers: Weights = ()
    frequencies: dict[str, Counts] = {}
    common_names: Counts
    """Full names that many records carry: records beyond one person's share."""
    names_by_country: dict[str, Counts] = {}
    """Names within countries (value and country hashed together): names go with countries, so who shares both says less
    than two independent agreements would."""
    countries: dict[str, Counts] = {}
    """By name field: how many records of each country say it."""
    shared: dict[str, SharedRate] = {}
    caps_bound: tuple[str, ...] = ()
    """Fields whose share of disagreement among matches was held at its limit: a sign that EM would have collapsed."""
    records: int


class LinkageModel(_Content, frozen=True, kw_only=True, dict=True):
    """A frozen model. The same records and the same model give the same customers, always."""

    trained_at: str = ""
    completeness: dict[str, float] = {}
    """The share of records that said each field at training. Told, never used: it is no part of the version."""
    reached: float | None = None
    """Of the matches at training, the share that some key made candidates, as estimated; None: not known. Told only."""

    @property
    def format(self) -> int:
        """The oldest format that holds the model."""
        if self.alone_of_strangers:
            return FORMAT
        if any(rate.classes for rate in self.shared.values()):
            return _WITHOUT_ALONE
        return _WITHOUT_SHARERS if self.given_names_of_matches else _WITHOUT_GIVEN_NAMES

    @cached_property
    def version(self) -> str:
        """Hash of the content (without `trained_at`, `completeness` and `reached`), 16 hex digits."""
        content = self._told(_Content.__struct_fields__)
        if not self.given_names_of_matches:
            del content["given_names_of_matches"]
        return hashlib.blake2b(
            msgspec.msgpack.encode([self.format, content], order="sorted"), digest_size=8
        ).hexdigest()

    def to_bytes(self) -> bytes:
        """MessagePack; `from_bytes` gives an equal model."""
        saved = {"format": self.format, "version": self.version, "model": self._told(self.__struct_fields__)}
        return msgspec.msgpack.encode(saved, order="sorted")

    def _told(self, names: Sequence[str]) -> dict[str, object]:
        """The fields of these names, but for those that the model's format does not have."""
        later = () if self.format == FORMAT else _SINCE_ALONE
        return {name: getattr(self, name) for name in names if name not in later}

    @staticmethod
    def from_bytes(data: bytes) -> LinkageModel:
        """Raises LinkageError when the bytes are no model, or not the one that their version names."""
        try:
            saved = msgspec.msgpack.decode(data, type=_Saved)
        except msgspec.MsgspecError as error:
            raise LinkageError(f"This is not a saved linkage model ({error}). Train one again.") from error
        if saved.format not in READABLE:
            known = ", ".join(map(str, READABLE))
            raise LinkageError(
                f"The saved model has format {saved.format}; this program reads {known}. Train one again."
            )
        if saved.model.version != saved.version:
            raise LinkageError(
                f"The saved model says version {saved.version}, its content is {saved.model.version}: it was altered."
            )
        return saved.model

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the compared fields."""
        return tuple(field.name for field in self.fields)

    @property
    def prior_bits(self) -> float:
        """Log odds that two records drawn at random are one person."""
        return float(np.log2(self.match_share / (1 - self.match_share)))

    @property
    def random_share(self) -> float:
        return max(1e-6, 1 - self.match_share - sum(relation.share for relation in self.relations))

    @cached_property
    def stopped_blocks(self) -> Mapping[tuple[str, ...], Hashes]:
        pairs = zip(self.keys, self.stopped, strict=True)
        return {key: np.frombuffer(data, "<u8") for key, data in pairs if data}


class _Saved(msgspec.Struct):
    format: int
    version: str
    model: LinkageModel
