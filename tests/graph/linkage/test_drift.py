"""Drift: what changed between the records a model learned from and those there are now."""

from __future__ import annotations

import msgspec
import pyarrow as pa
import pytest

from graph.linkage.drift import completeness_drift, drift
from graph.linkage.link import LinkageModel, link, train
from tests.graph.linkage.people import silos


@pytest.fixture(scope="module")
def records() -> pa.Table:
    return silos(300, seed=3)[0]


@pytest.fixture(scope="module")
def model(records) -> LinkageModel:
    return train(records)


def _without(records: pa.Table, name: str) -> pa.Table:
    return records.set_column(records.column_names.index(name), name, pa.nulls(records.num_rows, pa.string()))


def test_the_same_records_have_not_drifted(records, model):
    """A model that learns from the same records again differs in nothing."""
    found = drift(model, train(records))

    assert (found.fallen(), found.moved()) == ((), ())
    assert {each.field for each in found.completeness} >= {"email", "phone", "last_name"}
    assert all(each.before == each.now for each in found.completeness)


def test_a_field_that_a_source_stopped_sending_is_named(records, model):
    """Without phones, phone has fallen, in words and figures; its weights are those of no model now."""
    fewer = _without(records, "phone")

    found = drift(model, train(fewer))

    (fallen,) = found.fallen()
    assert (fallen.field, fallen.now) == ("phone", 0.0)
    assert fallen.before == pytest.approx(records["phone"].null_count / -records.num_rows + 1, abs=0.05)
    assert fallen.line() == f"phone: said by 0 % of the records, {fallen.before * 100:.0f} % when the model learned"
    assert {each.field for each in found.moved() if each.now is None} == {"phone"}


def test_a_run_tells_how_complete_its_records_are(records, model):
    """A linkage by a frozen model knows today's completeness, to be held against the model's."""
    linkage = link(_without(records, "email"), model=model)

    fallen = [each.field for each in completeness_drift(model, linkage.completeness) if each.has_fallen]
    assert fallen == ["email"]


def test_completeness_is_told_and_is_no_part_of_the_version(model):
    """It survives saving; a model from before it was kept has the same version and no drift of fields."""
    assert LinkageModel.from_bytes(model.to_bytes()).completeness == model.completeness != {}
    older = msgspec.structs.replace(model, completeness={})
    assert older.version == model.version
    assert LinkageModel.from_bytes(older.to_bytes()).completeness == {}
    assert not any(each.has_fallen for each in completeness_drift(older, {"phone": 0.0}))
