"""The sections [[alert]] of rules.toml: what makes no sense is refused with place, value and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph.rules import RulesError, read_rules

GOOD = '[[alert]]\nname = "A detractor"\nwhen = "detractor"\n'


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('when = "detracter"', ("[[alert]] A", "'detracter'", "Did you mean 'detractor'?")),
        ('when = "sla"\nhours = 0', ("[[alert]] A: hours is 0", "more than 0")),
        ('when = "sla"\nowner = " "', ("owner is empty", "Name a person")),
        ('when = "repeat_contact"\ncontacts = 1', ("contacts is 1", "at least 2")),
        ('when = "churn_risk"\nat_least = 70', ("at_least is 70", "between 0 and 1")),
        ('when = "detractor"\nmetric = "npx"', ("metric 'npx'", "Did you mean 'nps'?")),
        ('when = "sla"\nhuors = 4', ("'huors'", "Did you mean 'hours'?")),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(tmp_path: Path, more: str, words: tuple[str, ...]) -> None:
    """The refusal names the file, the section, the value and what to do."""
    file = tmp_path / "rules.toml"
    file.write_text(f'[[alert]]\nname = "A"\n{more}\n')

    with pytest.raises(RulesError) as refused:
        read_rules(file)

    assert [word for word in (str(file), *words) if word not in str(refused.value)] == []


def test_two_rules_of_one_name_are_refused(tmp_path: Path) -> None:
    """An alert's identity rests on its rule's name."""
    file = tmp_path / "rules.toml"
    file.write_text(GOOD + GOOD)

    with pytest.raises(RulesError, match="same name"):
        read_rules(file)
