"""Segments: members with reason and since when, changes, groups of accounts; rules that cannot be meant."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from graph.figures.groups import Dimension, groups
from graph.figures.scope import Scope
from graph.journeys.period import Period
from graph.journeys.view import Unit
from graph.rules import Rules, RulesError, read_rules
from graph.segments.profile import profile_of
from graph.segments.rules import Condition, PersonaRule, SegmentRule
from graph.segments.segments import RANKED, UnknownSegment, changes, memberships, segment_of, units_in
from graph.segments.standing import Overlap, overlap, standings
from tests.journeys import event, journeys, ms

BUSY = SegmentRule("busy", "Busy", all=(Condition(kinds=("ticket.created",), at_least=2, within_days=30),))
GERMAN = SegmentRule("german", "German", all=(Condition(field="country", values=("DE",)),))
RULES = Rules(segment=(BUSY, GERMAN, *Rules().segment), persona=(PersonaRule("greta", "Greta", segment="german"),))
TABLE = journeys(
    event("ada", "2026-03-01", "ticket.created"),
    event("ada", "2026-03-02", "ticket.created"),
    event("ada", "2026-03-02", "order.placed", amount=20.0, currency="EUR"),
    event("bob", "2026-04-20", "ticket.created"),
    event("bob", "2026-04-21", "ticket.created"),
    customers={"ada": {"country": "DE", "account": "acme"}, "bob": {"account": "acme"}, "cleo": {"country": "DE"}},
    accounts={"acme": {}, "other": {}},
    rules=RULES,
)


def test_a_membership_says_why_and_since_when() -> None:
    """Events say the moment; a field and a rank say why there is none."""
    number = int(TABLE.customer_numbers(["ada"])[0])
    busy, german, best = memberships(TABLE, number, ms("2026-03-10"))

    assert (busy.since_ms, busy.note) == (ms("2026-03-02"), None)
    assert busy.reason == "ticket.created at least 2 times within 30 days (it is 2)"
    assert (german.reason, german.since_ms) == ("country is DE", None)
    assert german.note is not None
    assert (best.segment.name, best.note) == ("best_customers", RANKED)


def test_who_joined_and_who_left_between_two_moments() -> None:
    """Ada was busy in March, Bob is in April."""
    found = changes(BUSY, TABLE.view(), ms("2026-03-10"), ms("2026-05-01"))
    ids = {name: TABLE.customer_ids(getattr(found, name).nonzero()[0]) for name in ("joined", "left", "stayed")}

    assert ids == {"joined": ["bob"], "left": ["ada"], "stayed": []}


def test_an_account_is_in_a_segment_when_somebody_of_it_is() -> None:
    """Acme is busy by Ada; nobody of the other account is anything."""
    view = TABLE.view(Unit.ACCOUNT)

    assert units_in([BUSY], view, ms("2026-03-10")).tolist() == [True, False]


def test_accounts_join_leave_and_overlap_by_their_people() -> None:
    """Acme stays busy when Ada calms down and Bob does not; whoever of it is German makes it German too."""
    view = TABLE.view(Unit.ACCOUNT, as_of=ms("2026-05-01"))
    found = changes(BUSY, view, ms("2026-03-10"), ms("2026-05-01"))
    scope = Scope(view, Period(date(2026, 3, 1), date(2026, 5, 1)), ms("2026-05-01"))

    assert (found.joined.tolist(), found.left.tolist(), found.stayed.tolist()) == (
        [False, False],
        [False, False],
        [True, False],
    )
    assert overlap(BUSY, GERMAN, scope) == Overlap(1, 1.0, 1.0)
    standing = next(each for each in standings(scope) if each.segment == GERMAN)
    assert (standing.customers, standing.share) == (1, 0.5)


def test_the_profile_of_accounts_is_of_their_people() -> None:
    """Ten accounts of one person each: their days with us are those of the people, however accounts are numbered."""
    people = {f"p{n}": {"account": f"a{9 - n}"} for n in range(10)}
    days = [f"2026-03-{n + 1:02d}" for n in range(10)]
    told = [event(who, day, "order.placed") for who, day in zip(people, days, strict=True)]
    table = journeys(*told, customers=people, accounts={f"a{n}": {} for n in range(10)})
    now = ms("2026-03-20")
    scope = Scope(table.view(Unit.ACCOUNT, now), Period(date(2026, 3, 1), date(2026, 4, 1)), now)
    late = scope.of(np.arange(10) < 5)  # a0 … a4 are of those who came on the 6th to the 10th

    assert profile_of(late).median_tenure.value == 12


def test_figures_can_be_cut_by_segment_and_persona() -> None:
    """The groups are those who are in them at the moment that is asked for, the largest first."""
    now = ms("2026-03-10")
    scope = Scope(TABLE.view(as_of=now), Period(date(2026, 3, 1), date(2026, 4, 1)), now)

    assert [(group.key, group.scope.view.size) for group in groups(scope, Dimension.SEGMENT)] == [
        ("german", 2),
        ("busy", 1),
        ("best_customers", 1),
    ]
    assert [(group.key, group.label) for group in groups(scope, Dimension.PERSONA)] == [("greta", "Greta")]


def test_an_unknown_segment_names_the_nearest() -> None:
    """A slip of the pen is told with what was probably meant."""
    with pytest.raises(UnknownSegment, match="Did you mean 'german'"):
        segment_of("germen", RULES)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[segment]]\nname = "a"\ntitle = "A"', "everybody would be in it"),
        ('[[segment]]\nname = "a"\ntitle = "A"\nall = [{field = "shoe_size"}]', "'shoe_size' is not known"),
        ('[[segment]]\nname = "a"\ntitle = "A"\nall = [{metric = "revenue"}]', "without at_least"),
        ('[[segment]]\nname = "a"\ntitle = "A"\nall = [{metric = "revenue", top_share = 10}]', "highest tenth"),
        ('[[segment]]\nname = "a"\ntitle = "A"\nall = [{field = "city", kinds = ["x"]}]', "several of them"),
        ('[[segment]]\nname = "a"\ntitle = "A"\nall = [{within_days = 3}]', "none of them"),
        ('[[segment]]\nname = "a"\ntitle = "A"\nall = [{kinds = ["x"], within_days = 0}]', "at least 1"),
        ('[[segment]]\nname = "a"\ntitle = "A"\nall = [{feild = "city"}]', "Did you mean 'field'"),
        ('[[persona]]\nname = "p"\ntitle = "P"\nsegment = "nobody"', "there is no segment 'nobody'"),
    ],
)
def test_a_segment_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, says: str) -> None:
    """The refusal names the file, what is wrong and what to write."""
    path = tmp_path / "rules.toml"
    path.write_text(text)

    with pytest.raises(RulesError, match=says) as refused:
        read_rules(path)
    assert "rules.toml" in str(refused.value)


def test_segments_are_read_from_the_file(tmp_path: Path) -> None:
    """Conditions within conditions, as TOML writes them."""
    path = tmp_path / "rules.toml"
    path.write_text(
        '[[segment]]\nname = "calm"\ntitle = "Calm"\nall = [{field = "lifecycle_stage", values = ["customer"]}]\n'
        'none = [{any = [{kinds = ["ticket.created"], within_days = 90}, {channels = ["phone"]}]}]\n'
    )
    (segment,) = read_rules(path).segment

    assert segment.none[0].any[0].within_days == 90
