"""Drawings are sound SVG that says in text what it shows."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from graph.linkage.drawings import percent_of, steps, value_of, waterfall, weights
from graph.linkage.explain import Evidence, explain
from graph.linkage.link import LinkageModel, train
from tests.graph.linkage.people import silos, table

SVG = "{http://www.w3.org/2000/svg}"
ADA = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@x.test", "birth_date": "1980-03-04"}


@pytest.fixture(scope="module")
def model() -> LinkageModel:
    return train(silos(300, seed=1)[0])


def _texts(drawn: str) -> list[str]:
    return ["".join(text.itertext()) for text in ElementTree.fromstring(drawn).iter(f"{SVG}text")]


def test_the_steps_lead_from_nothing_to_the_sum(model):
    """Each bar begins where the one before ended; the last ends at the pair's weight."""
    told = explain(table([dict(ADA), dict(ADA, first_name="Eda")]), model, "0", "1")
    bars = steps(told)

    assert bars[0].evidence.field == "prior"
    assert [bar.begin for bar in bars] == pytest.approx([0.0, *(bar.end for bar in bars[:-1])])
    assert bars[-1].end == pytest.approx(told.bits, abs=0.06)


def test_a_waterfall_shows_values_bits_and_threshold(model):
    """Every field stands with its values and bits, beside title, description and the line of the threshold."""
    told = explain(
        table([dict(ADA, first_name="Robert"), dict(ADA, first_name="Bob")]),
        model,
        "0",
        "1",
    )

    drawn = waterfall(told, 1.0, "They match.")

    texts = _texts(drawn)
    assert any("ada@x.test" in text for text in texts)
    assert "first name: nickname" in texts
    assert "one customer from +1.0 bits on" in texts
    assert f"{told.bits:+.1f}" in texts
    assert any(text.endswith(f"rule weights, model {told.model}") for text in texts)
    root = ElementTree.fromstring(drawn)
    assert root.attrib["role"] == "img"
    assert (root.findtext(f"{SVG}title"), "They match" in (root.findtext(f"{SVG}desc") or "")) == ("Why 0 and 1", True)


def test_two_values_are_cut_only_where_they_do_not_fit():
    """What tells two addresses apart stays readable as long as both fit on the line."""
    fits = Evidence("email", "mara.lindqvist@nordlicht.example", "mara.lindqvist@mejl.test", "close", 1.0)
    long = Evidence("last_name", "x" * 500, "Lindqvist", "different", -4.0)

    assert value_of(fits) == "mara.lindqvist@nordlicht.example / mara.lindqvist@mejl.test"
    assert value_of(long).endswith("… / Lindqvist")
    assert len(value_of(long)) <= 60
    assert len(value_of(Evidence("last_name", "x" * 500, "y" * 500, "different", -4.0))) <= 60


def test_bars_stay_on_the_paper(model):
    """However strong the evidence for or against, no bar leaves the drawing."""
    for other in ({}, {"first_name": "Bo", "last_name": "Lund", "email": "b@y.test", "birth_date": "1950-01-01"}):
        told = explain(table([dict(ADA), dict(ADA, **other)]), model, "0", "1")
        root = ElementTree.fromstring(waterfall(told, 1.0, "…"))
        width = float(root.attrib["width"])
        for bar in root.iter(f"{SVG}rect"):
            x = float(bar.attrib.get("x", 0))
            assert 0 <= x <= x + float(bar.attrib["width"]) <= width


@pytest.mark.parametrize(
    "name",
    ["<script>&\"'", "a\x00b\x0bc", "שלום", "🙂" * 9, "x" * 10_000],
    ids=["markup", "control", "rtl", "emoji", "long"],
)
def test_any_value_is_drawn_as_text(model, name):
    """Markup, control characters, other scripts and very long values neither break the drawing nor become markup."""
    told = explain(table([dict(ADA, last_name=name), dict(ADA)]), model, "0", "1")

    drawn = waterfall(told, 1.0, "They differ.")

    ElementTree.fromstring(drawn)
    assert "<script" not in drawn
    assert max(len(text) for text in _texts(drawn)) < 140


def test_a_model_is_drawn_level_by_level(model):
    """Each compared field has its levels, with what one person's records and strangers' do."""
    texts = _texts(weights(model))

    assert {"first name", "last name", "e-mail", "same", "nickname", "different"} <= set(texts)
    assert sum(bool(re.fullmatch(r"[+-]\d+\.\d", text)) for text in texts) == sum(len(f.levels) for f in model.fields)
    assert any(model.version in text for text in texts)


def test_what_is_nearly_certain_is_not_called_certain():
    """A probability never reads as 100 % or 0 %."""
    assert [percent_of(p) for p in (1.0, 0.9, 0.0)] == ["over 99.99 %", "90 %", "under 0.01 %"]
