"""Explanations add up, and two rows with a frozen model are enough for one."""

from __future__ import annotations

import pytest

from graph.linkage.explain import explain
from graph.linkage.link import Decisions, LinkageError, LinkageModel, link, train
from tests.graph.linkage.people import silos, table

ADA = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@x.test", "birth_date": "1980-03-04"}


@pytest.fixture(scope="module")
def model() -> LinkageModel:
    return train(silos(800, seed=1)[0])


def test_the_evidence_is_said_in_words(model):
    """A same e-mail is a line with its value and its bits."""
    told = explain(table([dict(ADA, email="x@x.test"), dict(ADA, first_name="A.", email="x@x.test")]), model, "0", "1")

    assert told.outcome == "match"
    assert any(line.startswith("same e-mail x@x.test (+") for line in told.lines())
    assert any(line.startswith("initial first name Ada / A. (") for line in told.lines())


def test_the_bits_add_up_to_the_weight(model):
    """The sum of all evidence is the pair's weight, which is that of a full run."""
    records, _ = silos(200, seed=4)
    linkage = link(records, model=model)
    for join in linkage.joins()[:40]:
        told = explain(records, model, join.record_id, join.other_id)
        assert sum(item.bits for item in told.evidence) == pytest.approx(told.bits, abs=0.06)
        assert told.bits == pytest.approx(join.bits, abs=0.01)


def test_two_rows_are_enough(model):
    """The explanation of two rows is that of the same rows inside a whole table."""
    records, _ = silos(200, seed=4)
    join = link(records, model=model).joins()[0]
    ids = records.column("record_id").to_pylist()
    both = records.take([ids.index(join.record_id), ids.index(join.other_id)])

    assert explain(both, model, join.record_id, join.other_id) == explain(records, model, join.record_id, join.other_id)


def test_what_was_never_compared_says_which_keys_differ(model):
    """Two strangers share no blocking key; the keys on which both speak are named."""
    told = explain(
        table([dict(ADA), {"first_name": "Bob", "last_name": "Hill", "email": "bob@y.test"}]), model, "0", "1"
    )

    assert told.outcome == "never compared"
    assert "e-mail" in told.keys_different
    assert told.keys_shared == ()


def test_a_decision_is_named(model):
    """A person's word is the outcome, whatever the weights."""
    rows = table([dict(ADA), dict(ADA)])

    assert (
        explain(rows, model, "0", "1", decisions=Decisions(keep_apart=(("1", "0"),))).outcome
        == "kept apart by decision"
    )
    assert explain(rows, model, "0", "1", decisions=Decisions(merge=(("0", "1"),))).outcome == "merged by decision"


def test_unknown_records_are_refused(model):
    """The id that is not there is named."""
    with pytest.raises(LinkageError, match="no record 9"):
        explain(table([dict(ADA)]), model, "0", "9")
    with pytest.raises(LinkageError, match="given twice"):
        explain(table([dict(ADA)]), model, "0", "0")


def test_a_shared_value_says_how_many_carry_it_and_what_that_is_worth(model):
    """Sharing a common first name is worth less than sharing a rare one, and the evidence tells by how much."""
    common, rare = (
        next(
            item
            for item in explain(
                table([dict(ADA, first_name=name), dict(ADA, first_name=name)]), model, "0", "1"
            ).evidence
            if item.field == "first_name"
        )
        for name in ("Robert", "Xanthippe")
    )

    assert common.level_bits == rare.level_bits
    assert common.carriers > 3 > rare.carriers
    assert common.bits < rare.bits
