"""rules.toml: what it may say, and what it answers when it says something else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from graph.figures.board import KPIS
from graph.rules import Rules, RulesError, read_rules

DOCS = Path(__file__).parents[2] / "docs"


def written(folder: Path, text: str, name: str = "rules.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_shipped_rules_hold() -> None:
    """No file is no error."""
    assert read_rules(None) == Rules()


def test_a_section_replaces_the_shipped_one(tmp_path: Path) -> None:
    """Only what the file says is different."""
    rules = read_rules(written(tmp_path, "[activity]\ndormant_after_days = 30\n"))

    assert rules.activity.dormant_after_days == 30
    assert rules.stage == Rules().stage


def test_included_files_are_read_first(tmp_path: Path) -> None:
    """The including file wins."""
    written(tmp_path, "[activity]\ndormant_after_days = 10\n[calendar]\nopens_at = '08:00'\n", "base.toml")
    rules = read_rules(written(tmp_path, "include = ['base.toml']\n[activity]\ndormant_after_days = 20\n"))

    assert rules.activity.dormant_after_days == 20
    assert rules.calendar.opens_at == "08:00"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[activty]\n", "Did you mean 'activity'?"),
        ("[activity]\ndormant_days = 3\n", "Did you mean 'dormant_after_days'?"),
        ("[activity]\ndormant_after_days = 'long'\n", "[activity.dormant_after_days] Expected `int`, got `str`"),
        ("[calendar]\nreporting_timezone = 'Berlin'\n", 'Write a name such as "Europe/Berlin"'),
        ("[survivorship]\ndefault = ['newest']\n", "Known: verified, most_trusted, most_recent"),
        ("[[stage]]\nname = 'lead'\nkinds = ['form.submited']\n", "Did you mean 'form.submitted'?"),
        ("[[stage]]\nname = 'lead'\n[[stage]]\nname = 'lead'\n", "two [[stage]] have the same name"),
        ("[matching]\nmax_block = 1\n", "it must be at least 2"),
        ("[pain_points]\nlead_response_hours = 0\n", "must be above 0. Write e.g. 24 and 7."),
        ("[pain_points]\nrepeat_days = 0\n", "must be above 0. Write e.g. 24 and 7."),
        ("[activity\n", "not valid TOML"),
        ("include = ['missing.toml']\n", "there is no such file"),
        ("include = ['rules.toml']\n", "includes itself"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_remedy(tmp_path: Path, text: str, says: str) -> None:
    """Every refusal names the file and says what to do."""
    path = written(tmp_path, text)

    with pytest.raises(RulesError) as refused:
        read_rules(path)

    assert says in str(refused.value)
    assert str(tmp_path) in str(refused.value)


def test_the_rules_of_the_pages_can_be_read_as_they_stand(tmp_path: Path) -> None:
    """Segments, a persona, its journey map, a promise and an initiative, as docs/ shows them, are one rules.toml."""
    pages = [(DOCS / name).read_text(encoding="utf-8") for name in ("segments.md", "lifecycle.md")]
    blocks = [block for page in pages for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL)]
    path = tmp_path / "rules.toml"
    path.write_text("\n".join(blocks))
    rules = read_rules(path)

    assert [segment.name for segment in rules.segment] == ["quiet_customers", "service_heavy"]
    assert (rules.journey_map[0].persona, rules.initiative[0].kpi) == ("greta", "csat")
    assert rules.promise[0].kpi in KPIS
