"""Match weights in bits: log odds that two records are one person, against strangers, households and colleagues."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.linkage.alone import alone_bits, rows_alone, standings, told_alone
from graph.linkage.coded import Coded, Column, Hashes, Ints, Rows, avalanche, mixed
from graph.linkage.compare import SAME, SWAPPED, Levels, compare, matched_values
from graph.linkage.em import NAMES_STATES, family_names_agreement, names_agreement, names_together
from graph.linkage.model import Counts, LinkageModel, RelationClass
from graph.linkage.train import country_hashes, full_name_hashes

Bits = npt.NDArray[np.float32]

_RAREST, _COMMONEST = 8.0, -12.0
_SWAP_LIMIT = 14.0
_PERSONS_SHARE = 6
_FEW_RECORDS = 50
_LAPSE = 0.002
_MOST_COUNTRIES = 20


@dataclass(frozen=True)
class _Term:
    """What one field says about pairs: log2 probabilities by class; `random` is corrected for the value's frequency."""

    match: Bits
    random: Bits
    relations: tuple[Bits, ...]
    identifier: Bits


class Scorer:
    """Weights of pairs of these records under a model: a function of the two records and the model alone."""

    def __init__(self, records: Coded, model: LinkageModel) -> None:
        self.records, self.model = records, model
        self._names = list(model.names)
        self._match = [_logs(level) for level in model.match]
        self._given_of_match = self._given_names_of_matches()
        self._random = [_logs(level) for level in model.random]
        self._relations = [[_logs(level) for level in relation.levels] for relation in model.relations]
        self._email = self._email_by_names()
        self._together = [_logs(ratio) for ratio in model.names_together]
        self._carried = {
            field.name: model.frequencies[field.name].of(records[field.name].hashes)
            for field in model.fields
            if field.weigh_frequency
        }
        self._frequency = {
            field.name: self._frequency_bits(field.name, at)
            for at, field in enumerate(model.fields)
            if field.weigh_frequency
        }
        self._share = {name: self._shares(name) for name in ("first_name", "last_name") if name in self._names}
        self._national = {name: self._national_shares(name) for name in model.names_by_country}
        self._common = self._common_name_shares()
        self._step = {name: self._carriers_step(name) for name in model.shared}
        self._who_shares = {name: self._sharers_by_class(name) for name in model.shared}
        self._identifier = {name: self._identifier_bits(name) for name in model.shared}
        self._alone = self._alone_by_field()

    def levels(self, left: Ints, right: Ints) -> Levels:
        return compare(self.records, self.model.fields, left, right)

    def score(self, left: Ints, right: Ints, levels: Levels) -> Bits:
        """Posterior log odds of each pair, in bits, prior included."""
        match, *others = self._classes(left, right, levels)
        return match - _log_sum(others)

    def relation_shares(self, left: Ints, right: Ints, levels: Levels) -> Bits:
        """(relations, pairs): the posterior probability that a pair is of that relation, and not one person."""
        classes = self._classes(left, right, levels, shared_rates=False)
        total = _log_sum(classes)
        return np.stack([np.exp2(bits - total) for bits in classes[2:]])

    def by_field(self, left: Ints, right: Ints, levels: Levels) -> Bits:
        """(pairs, fields) bits that each field adds; what their sum lacks of the score is prior and relations."""
        columns = [term.match - term.random + term.identifier for term in self._terms(left, right, levels)]
        return np.stack(columns, 1) if columns else np.zeros((len(left), 0), np.float32)

    def inside(self, bits: Bits) -> Bits:
        """Weights for clustering: a pair that is not linkable by itself counts only as far as it contradicts.

        Two records of one cluster that share no field say nothing against each other.
        """
        evidence = np.minimum(bits - np.float32(self.model.prior_bits), 0)
        return np.asarray(np.where(bits < 0, np.maximum(bits, evidence), bits), np.float32)

    def _classes(self, left: Ints, right: Ints, levels: Levels, shared_rates: bool = True) -> list[Bits]:
        """Joint log2 probabilities of each pair with match, random and each relation."""
        model = self.model
        shares = (model.match_share, model.random_share, *(relation.share for relation in model.relations))
        classes = [np.full(len(left), np.log2(share), np.float32) for share in shares]
        for term in self._terms(left, right, levels, shared_rates):
            for at, more in enumerate((term.match + term.identifier, term.random, *term.relations)):
                classes[at] += more
        return classes

    def _terms(self, left: Ints, right: Ints, levels: Levels, shared_rates: bool = True) -> Iterator[_Term]:
        state = names_agreement(levels, self._names) if self._email is not None else None
        for at, name in enumerate(self._names):
            level = levels[:, at]
            identifier = np.zeros(len(left), np.float32)
            sharing = np.zeros(0, np.int64)
            same = np.flatnonzero(level == SAME)
            codes = self._same_codes(name, left, right, same)
            if shared_rates and name in self._identifier and len(same):
                # The identifier speaks through its shared rate; its level is taken out so that it does not count twice.
                identifier[same] = self._identifier[name][codes]
                level = level.copy()
                level[same] = 0
                sharing, shared, same, codes = same, codes, same[:0], codes[:0]
            rare = self._rarity(name, left, right, levels, same, codes)
            random = self._random[at][level]
            strangers = random if name != "email" or self._email is None or state is None else self._email[state, level]
            relations = tuple(
                table[at][level].copy()
                if name in relation.shared_fields
                else (strangers if name == "email" else table[at][level]) - rare
                for relation, table in zip(self.model.relations, self._relations, strict=True)
            )
            if name == "first_name":
                given = np.flatnonzero(level == SAME)
                for relation, bits in zip(self.model.relations, relations, strict=True):
                    if "last_name" in relation.shared_fields:
                        bits[given] = np.logaddexp2(
                            random[given] - rare[given], np.log2(self._named_alike(relation, at))
                        )
            strangers = strangers - rare
            if len(sharing):
                more = self._who_shares[name][:, self._step[name][shared]]
                for bits, by_class in zip((*relations, strangers), more, strict=True):
                    bits[sharing] += by_class
            match = self._match[at][level]
            if name == "first_name" and self._given_of_match is not None:
                family = self._names.index("last_name")
                match = self._given_of_match[
                    family_names_agreement(levels[:, family], self.model.fields[family]), level
                ]
            if name in self._alone:
                alone, more = self._alone[name]
                bits = more[standings(alone, left, right, level)]
                match = match + bits
                for relation, by_class in zip(self.model.relations, relations, strict=True):
                    if name in relation.shared_fields:
                        by_class[:] += bits
            yield _Term(match, strangers, relations, identifier)

    def _alone_by_field(self) -> dict[str, tuple[npt.NDArray[np.uint8], Bits]]:
        """By field: which rows' values stand alone, and bits by `standings` for who shares the field, above others."""
        model = self.model
        if not model.alone_of_matches:
            return {}
        told = zip(model.fields, model.alone_of_matches, model.alone_of_strangers, strict=True)
        return {
            field.name: (
                rows_alone(self.records[field.name], self._carried[field.name]),
                alone_bits(matches, strangers),
            )
            for field, matches, strangers in told
            if told_alone(field)
        }

    def _named_alike(self, relation: RelationClass, at: int) -> np.float32:
        """How often two of this relation have one given name, beyond the chance of strangers."""
        chance = self.model.random[at][SAME - 1]
        return np.float32(max((relation.levels[at][SAME - 1] - chance) / (1 - chance), 1e-9))

    def _email_by_names(self) -> Bits | None:
        """How strangers' e-mails stand, by `names_agreement`; a model that knows fewer states tells by its last."""
        told = self.model.email_given_names
        if not told:
            return None
        return np.stack([_logs(level) for level in (*told, *[told[-1]] * (NAMES_STATES - len(told)))])

    def _given_names_of_matches(self) -> Bits | None:
        """How matches stand on the given name, by how their family names agree (`family_names_agreement`)."""
        if not self.model.given_names_of_matches:
            return None
        usual = self.model.match[self._names.index("first_name")]
        return np.stack([_logs(level) for level in (usual, *self.model.given_names_of_matches)])

    def _same_codes(self, name: str, left: Ints, right: Ints, same: npt.NDArray[np.int64]) -> Ints:
        column = self.records[name]
        return matched_values(column, left[same], right[same]) if len(column.more_rows) else column.codes[left[same]]

    def _rarity(
        self, name: str, left: Ints, right: Ints, levels: Levels, same: npt.NDArray[np.int64], codes: Ints
    ) -> Bits:
        """Bits by which agreement on this value says more (rare) or less (common) than agreement as such."""
        bits = np.zeros(len(left), np.float32)
        if name in self._frequency and len(same):
            bits[same] = self._frequency[name][codes]
            if name in self._national:
                bits[same] = np.where(
                    self._compatriots(left[same], right[same]), self._national[name][1][left[same]], bits[same]
                )
        both = "first_name" in self._share and "last_name" in self._share
        if both and self._together and name in ("first_name", "last_name"):
            at = 0 if name == "first_name" else 1
            bits -= self._together[at][names_together(levels, self._names)[at]]
        if name == "first_name" and both:
            swapped = np.flatnonzero(levels[:, self._names.index(name)] == SWAPPED)
            if len(swapped):
                bits[swapped] = self._swapped_bits(left[swapped], right[swapped])
        if name == "last_name" and both:
            first = levels[:, self._names.index("first_name")]
            full = same[first[same] == SAME]
            if len(full):
                bits[full] -= self._common_name_bits(left[full], right[full])
        return bits

    def _frequency_bits(self, name: str, at: int) -> Bits:
        counts = self.model.frequencies[name]
        return self._rarity_bits(at, self._carried[name], np.int64(counts.records))

    def _rarity_bits(self, at: int, carried: Rows, total: Rows | np.int64) -> Bits:
        total = np.maximum(total, 2)
        said = self.model.frequencies[self._names[at]].records
        repeated = self.model.repeated[at]
        own = self.model.match_share * said * self.model.match[at][0] / repeated
        least = np.minimum(1.0, self.model.random[at][0] * total)
        # Where strangers hardly ever share a value, all who carry it may be one person, of few or of many records.
        own = own + 2 * np.sqrt(own) * (1 - least)
        expected = np.maximum(carried - 1 - own, least) / (total - 1)
        bits = np.clip(np.log2(self.model.random[at][0] / expected), _COMMONEST, _RAREST)
        # Few records cannot tell a rare value from a common one.
        return np.asarray(bits * (total / (total + _FEW_RECORDS)) - np.log2(repeated), np.float32)

    def _national_shares(self, name: str) -> tuple[npt.NDArray[np.float64], Bits]:
        """Row by row: of the records of its country, the share that carries its value, and the bits of sharing both."""
        both, country = country_hashes(self.records, name)
        carried, total = self.model.names_by_country[name].of(both), self.model.countries[name].of(country)
        bits = self._rarity_bits(self._names.index(name), carried, total)
        return carried / total, np.where(country != 0, bits, np.float32(0))

    def _compatriots(self, left: Ints, right: Ints) -> npt.NDArray[np.bool_]:
        country = self.records["country"].codes
        return np.asarray((country[left] == country[right]) & (country[left] >= 0))

    def _shares(self, name: str) -> npt.NDArray[np.float64]:
        """Of all records, the share that carries the row's value."""
        counts = self.model.frequencies[name]
        column: Column = self.records[name]
        return np.append(self._carried[name], 0)[column.codes] / max(counts.records, 1)

    def _common_name_shares(self) -> npt.NDArray[np.float64]:
        if len(self._share) < 2:
            return np.zeros(0)
        common = self.model.common_names
        return np.asarray(
            np.maximum(common.of(full_name_hashes(self.records)) - _PERSONS_SHARE, 0) / max(common.records, 1)
        )

    def _swapped_bits(self, left: Ints, right: Ints) -> Bits:
        first, last = self._share["first_name"], self._share["last_name"]
        one, two = first[left] * last[left], first[right] * last[right]
        if len(self._national) == 2:
            at_home = self._national["first_name"][0] * self._national["last_name"][0]
            near = self._compatriots(left, right)
            one, two = np.where(near, at_home[left], one), np.where(near, at_home[right], two)
        given = self._names.index("first_name")
        match, random = self.model.match[given], self.model.random[given]
        # Namesakes of either reading, one of whom stands the wrong way round, or two people of whom none does.
        namesakes = np.maximum(np.maximum(one, two), np.maximum(self._common[left], self._common[right]))
        chance = min(1.0, match[SWAPPED - 1] / match[SAME - 1]) * namesakes + np.minimum(one, two)
        bits = np.log2(random[SWAPPED - 1] / np.maximum(chance, 1e-15))
        return np.asarray(np.clip(bits, -_SWAP_LIMIT, _SWAP_LIMIT), np.float32)

    def _common_name_bits(self, rows: Ints, others: Ints) -> Bits:
        """Full names are commoner than their parts suggest (names go together by country); that much is taken back."""
        expected = self._share["first_name"][rows] * self._share["last_name"][rows]
        common = self._common[rows]
        unknown, residual = self.model.namesakes
        least = np.full(len(rows), unknown)
        if len(self._national) == 2:
            at_home = self._national["first_name"][0][rows] * self._national["last_name"][0][rows]
            near = self._compatriots(rows, others)
            expected = np.where(near, at_home, expected)
            common = common.copy()
            common[~near] = np.maximum(common[~near], residual * self._full_name_shares(rows[~near]))
            # Countries tell which names go together; as far as none are said it is known on the whole alone.
            least = np.where(near, residual, unknown ** (1 - self._at_home_share()))
        return np.asarray(np.log2(np.maximum(least, common / np.maximum(expected, 1e-12))), np.float32)

    def _at_home_share(self) -> float:
        """Of the records that say a family name, the share that says its country."""
        said = self.model.frequencies["last_name"].records
        return min(1.0, self.model.countries["last_name"].records / max(said, 1))

    def _full_name_shares(self, rows: Ints) -> npt.NDArray[np.float64]:
        """How often somebody of no known country is expected to have the row's full name: country by country."""
        places = _largest(self.model.countries["last_name"], _MOST_COUNTRIES)
        people = self.model.countries["last_name"].of(places)
        given, first = self._shares_by_country("first_name", rows, places)
        family, last = self._shares_by_country("last_name", rows, places)
        found = np.zeros(len(rows))
        for place, share in enumerate(people / max(people.sum(), 1)):
            found += share * given[first, place] * family[last, place]
        return found

    def _shares_by_country(self, name: str, rows: Ints, places: Hashes) -> tuple[npt.NDArray[np.float64], Rows]:
        """(names, countries): of those who live there, how many have the name, 0 where hardly anybody has; and by row
        which name it has."""
        values, at = np.unique(self.records[name].row_hashes[rows], return_inverse=True)
        both = avalanche(mixed(np.repeat(values, len(places)), np.tile(places, len(values))))
        carried = self.model.names_by_country[name].of(both).reshape(len(values), len(places))
        return np.where(carried > 1, carried, 0) / self.model.countries[name].of(places), at

    def _carriers_step(self, name: str) -> npt.NDArray[np.uint8]:
        """By value, on which step of its carriers it stands."""
        return np.digitize(self._carried[name], self.model.shared[name].from_records).astype(np.uint8)

    def _sharers_by_class(self, name: str) -> Bits:
        """(relations and strangers, steps): of people who share it and are not one person, how many are of each class.

        In bits above their share among all pairs: who shares a telephone is rather a family than any two people, and
        rather colleagues where many share it.
        """
        at, model = self._names.index(name), self.model
        shares = np.array([*(relation.share for relation in model.relations), model.random_share])
        steps = len(model.shared[name].rates)
        found = np.array(model.shared[name].classes)
        if not len(found):
            same = np.array([*(relation.levels[at][0] for relation in model.relations), model.random[at][0]])
            found = np.tile(shares * same / (shares * same).sum(), (steps, 1))
        return np.asarray(np.log2(found.T) - np.log2(shares / shares.sum())[:, None], np.float32)

    def _identifier_bits(self, name: str) -> Bits:
        """Bits of sharing each value, from how often identifiers carried by so many records join strangers."""
        carried = self._carried[name]
        shared = self.model.shared[name]
        step = self._step[name]
        rate = np.array(shared.rates)[step]
        # The last step holds thirty and fifty thousand carriers alike; one person's are few among them, however many.
        own = self.model.match_share * self.model.frequencies[name].records
        strangers = 1 - (own + 2 * np.sqrt(own)) / np.maximum(carried - 1, 1)
        rate = np.where(step == len(shared.from_records), np.maximum(rate, strangers), rate)
        return np.asarray(np.log2((1 - rate) / rate) - self.model.prior_bits, np.float32)


def _largest(counts: Counts, most: int) -> Hashes:
    """The values that most records carry."""
    hashes, carried = np.frombuffer(counts.hashes, "<u8"), np.frombuffer(counts.counts, "<u4")
    return hashes[np.argsort(-carried.astype(np.int64), kind="stable")[:most]]


def probability(bits: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Probability of a match from its log odds in bits; never above 0.998.

    However strong the evidence, a few pairs are of two people: namesakes of one home, a record that mixes two people.
    They are a share of all pairs, as in the lapse rate of psychometric functions.
    """
    odds: npt.NDArray[np.float64] = (1 - _LAPSE) / (1 + np.exp2(-np.asarray(bits, np.float64)))
    return odds


def _logs(level: tuple[float, ...]) -> Bits:
    """log2 of the levels' probabilities, with 0 for "not said" in front."""
    return np.concatenate(([0.0], np.log2(np.maximum(level, 1e-12)))).astype(np.float32)


def _log_sum(parts: list[Bits]) -> Bits:
    most = parts[0]
    for part in parts[1:]:
        most = np.maximum(most, part)
    total = np.zeros(len(most), np.float32)
    for part in parts:
        total += np.exp2(part - most)
    return np.asarray(most + np.log2(total), np.float32)
