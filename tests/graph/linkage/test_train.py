"""What a model learns of strangers is of strangers, not of the matches and misspelt names among them."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import numpy as np
import pyarrow as pa

from graph.linkage.candidates import blocked
from graph.linkage.coded import coded
from graph.linkage.columns import normalised
from graph.linkage.compare import compare
from graph.linkage.decide import probability
from graph.linkage.explain import explain
from graph.linkage.link import link, prepared, train
from graph.linkage.model import LinkageModel
from graph.linkage.rules import MatchingRules
from graph.linkage.train import usable_fields
from tests.graph.linkage.people import silos, table


def test_doubles_do_not_make_a_rare_value_common_among_strangers():
    """Three records say each person's birth date: that is no sign that strangers share theirs."""
    rng = random.Random(5)
    people = silos(400, seed=2)[0].to_pylist()
    dates = [f"{1930 + n // 28 // 12}-{n // 28 % 12 + 1:02}-{n % 28 + 1:02}" for n in range(400)]
    rows = []
    for number, date in enumerate(dates):
        person = people[number]
        for copy in range(3):
            rows.append({**person, "record_id": f"{number}:{copy}", "birth_date": date, "email": None})
    rng.shuffle(rows)
    found = train(table(rows))

    drawn = sum(one["birth_date"] == two["birth_date"] for one, two in _random_pairs(rows)) / 200_000
    assert _chance_of_same(found, "birth_date") < drawn / 2


def test_where_doubles_are_most_of_what_is_seen_they_are_no_strangers():
    """Few people with many records each: strangers do not share addresses because all who share one are one person."""
    rng = random.Random(4)
    rows = []
    for number in range(60):
        for copy in range(6):
            born = f"{1940 + number}-0{1 + number % 9}-{10 + number % 18}"
            first, last = (_mistyped(f"{word}{number}", rng) if copy else f"{word}{number}" for word in ("ada", "hill"))
            row = {"record_id": f"{number}:{copy}", "first_name": first, "last_name": last, "birth_date": born}
            rows.append({**row, "email": f"person{number * 7919}@host{number}.org"})
    found = train(table(rows))

    drawn = sum(one["email"] == two["email"] for one, two in _random_pairs(rows)) / 200_000
    assert _chance_of_same(found, "email") < drawn / 100


def test_how_names_are_swapped_is_learned_and_told():
    """Names that stand the other way round, with an error of typing in one of them, are told apart from two others."""
    rows = [
        {"first_name": "Matilda", "last_name": "Barker"},
        {"first_name": "Barker", "last_name": "Matilde"},
        {"first_name": "Oscar", "last_name": "Moore"},
        {"first_name": "Marten", "last_name": "Martens"},
        {"first_name": "Martens", "last_name": "Martins"},
    ]
    records = coded(normalised(table(rows)))
    fields = usable_fields(records)
    names = {field.name: at for at, field in enumerate(fields)}
    left, right = np.array([0, 0, 3], np.int32), np.array([1, 2, 4], np.int32)
    levels = compare(records, fields, left, right)
    back = compare(records, fields, right, left)

    assert (levels == back).all()
    told = [fields[names["first_name"]].levels[level - 1] for level in levels[:, names["first_name"]]]
    assert told == ["nearly swapped with the family name", "different", "very close"]
    assert levels[:, names["last_name"]].tolist()[0] == 0


def test_one_persons_misspelt_names_do_not_make_their_address_suspect():
    """Addresses of one person each are trusted, though a third of their records show a name that is unlike."""
    rng = random.Random(7)
    rows = []
    for number, row in enumerate(silos(900, seed=4)[0].to_pylist()):
        person = {**row, "first_name": row["first_name"] or "Ada", "last_name": row["last_name"] or f"Ko{number}"}
        person |= {"full_name": None, "email": f"person{number}@gmail.com", "birth_date": "1970-02-03"}
        for copy in range(2):
            wrong = {"first_name": "Qwx"} if copy and rng.random() < 0.3 else {}
            rows.append({**person, **wrong, "record_id": f"{number}:{copy}"})

    assert train(table(rows)).shared["email"].rates[0] < 0.3 * 0.8


def test_names_of_one_language_are_alike_by_chance():
    """Who is called Gianluca is called Rossini or Rossetti: given names tell how alike family names are by chance."""
    rng = random.Random(3)
    languages = [
        (["Gianluca", "Chiara", "Paolo"], [f"Ross{end}" for end in ("ini", "etti", "ari", "ano", "elli", "ola")]),
        (["Wolfgang", "Heike", "Dieter"], [f"Stein{end}" for end in ("bach", "berg", "feld", "mann", "haus", "au")]),
        (["Siobhan", "Declan", "Aoife"], [f"Mac{end}" for end in ("hugh", "dowd", "briar", "kevin", "lorcan", "fay")]),
    ]
    rows = []
    for number in range(900):
        first, last = languages[number % 3]
        rows.append({"first_name": rng.choice(first), "last_name": rng.choice(last), "phone": f"+44207{number:07}"})
    family = train(table(rows)).names_together[1]

    assert max(family[1:4]) > 1.5


def test_a_model_does_not_depend_on_the_order_of_its_records():
    """The same records in another order give the model of the same version."""
    records = silos(300, seed=6)[0]
    turned = pa.concat_tables([records.slice(200), records.slice(0, 200)])

    assert train(records).version == train(turned).version


def test_told_probabilities_hold():
    """Of the pairs told more and less sure, about the told share is one person; none is told for certain."""
    records, truth = silos(1500, seed=9)
    edges = link(records).edges()
    told = probability(edges.bits)
    same = np.array(truth)[edges.left] == np.array(truth)[edges.right]

    assert told.max() < 1
    for sure, most in ((told >= 0.95, 0.01), ((told >= 0.5) & (told < 0.95), 0.15)):
        assert sure.sum() > 50
        assert abs(told[sure].mean() - same[sure].mean()) < most


def _mistyped(word: str, rng: random.Random) -> str:
    at = rng.randrange(len(word))
    return word[:at] + rng.choice("qwx") + word[at + 1 :]


def _chance_of_same(model: LinkageModel, name: str) -> float:
    return model.random[model.names.index(name)][0]


def _random_pairs(rows: list[dict[str, str | None]]) -> list[tuple[dict[str, str | None], dict[str, str | None]]]:
    rng = random.Random(1)
    pairs = (rng.sample(range(len(rows)), 2) for _ in range(200_000))
    return [(rows[one], rows[two]) for one, two in pairs]


def test_a_mistyped_value_stands_alone_and_agrees_with_none():
    """Where half of the records mistype their town, agreement on a town says twice of a match what it says overall."""
    people = silos(300, seed=6)[0].to_pylist()
    for mistyped, least, most in ((0.5, 0.45, 0.6), (0.0, 0.95, 1.0)):
        rng = random.Random(11)
        rows = []
        for number, person in enumerate(people):
            for copy in range(2):
                town = f"town{number % 40}"
                city = f"{town}{rng.randrange(10**9)}" if rng.random() < mistyped else town
                rows.append({**person, "record_id": f"{number}:{copy}", "city": city, "postcode": None})
        rng.shuffle(rows)
        found = train(table(rows))

        assert least < found.repeated[found.names.index("city")] <= most


def test_there_are_no_colleagues_where_no_record_says_a_company():
    """Who shares an address in a town is not explained by a company that nobody named."""
    people = silos(200, seed=8)[0].to_pylist()
    unnamed = [{**row, "company": None} for row in people]

    assert "colleague" in {relation.name for relation in train(table(people)).relations}
    assert "colleague" not in {relation.name for relation in train(table(unnamed)).relations}


def test_matches_that_no_key_reaches_are_counted():
    """Names that come with errors and dates that are mostly missing: a fifth of the matches is never compared. How many
    these are, how many there are, and how often a family name is mistyped, is told nevertheless."""
    rng = random.Random(7)
    rows, truth = [], []
    for person in range(2_500):
        first, last = rng.choice(_GIVEN), "".join(rng.choice(_SYLLABLES) for _ in range(3)).title()
        born = f"{rng.randrange(1750, 1900)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
        for _ in range(rng.choice((1, 2, 2, 3))):
            row = {"record_id": str(len(rows)), "first_name": first, "last_name": last, "city": rng.choice(_TOWNS)}
            row["birth_date"] = born if rng.random() < 0.35 else None
            for name, often in (("first_name", 0.15), ("last_name", 0.15)):
                if rng.random() < often:
                    row[name] = _mistyped(str(row[name]), rng)
            rows.append(row)
            truth.append(person)
    records = table(rows)
    linked = link(records)
    model = train(records)

    pairs = [(one, one + far) for one in range(len(rows)) for far in (1, 2) if one + far < len(rows)]
    matches = [(rows[one], rows[two]) for one, two in pairs if truth[one] == truth[two]]
    told = model.match_share * len(rows) * (len(rows) - 1) / 2
    same = sum(one["last_name"] == two["last_name"] for one, two in matches) / len(matches)
    edges = linked.edges()
    found = sum(truth[one] == truth[two] for one, two in zip(edges.left, edges.right, strict=True))
    assert found < 0.9 * len(matches)
    reached = _reached(records, model, truth) / len(matches)
    assert reached < 0.9
    assert model.reached is not None
    assert abs(model.reached - reached) < 0.03
    assert abs(told / len(matches) - 1) < 0.1
    assert abs(model.match[model.names.index("last_name")][0] - same) < 0.04


def test_errors_that_come_together_are_learned_together():
    """A tenth of the records hold neither of the person's names: where family names differ, given names mostly do, and
    where they agree hardly any do. So two of one name at one address stay two people."""
    rng = random.Random(12)
    rows = []
    for person in range(1_500):
        first, last = rng.choice(_GIVEN), "".join(rng.choice(_SYLLABLES) for _ in range(3)).title()
        row = {"email": f"box{person * 7919}@gmail.com", "birth_date": f"{1930 + person % 70}-0{1 + person % 9}-11"}
        for _ in range(2):
            other = {"first_name": "Account", "last_name": f"Holder {rng.choice(_SYLLABLES)}"}
            rows.append({**row, **({"first_name": first, "last_name": last} if rng.random() < 0.9 else other)})
    model = train(table(rows))

    same, _, different = model.given_names_of_matches
    assert same[-1] < 0.02
    assert different[-1] > 0.5


def test_how_often_relatives_have_one_name_is_told_by_those_who_say_their_birth_date():
    """A fifth of all sons have their father's name. Where few records say a date, these still tell of the others."""
    rng = random.Random(13)
    rows: list[dict[str, str | None]] = []
    for family in range(700):
        last = "".join(rng.choice(_SYLLABLES) for _ in range(3)).title()
        home = {"last_name": last, "street": f"{family} {rng.choice(_SYLLABLES).title()} Street", "city": "Wick"}
        father = rng.choice(_GIVEN)
        for name in (father, father if rng.random() < 0.2 else rng.choice(_GIVEN)):
            date = _date(rng)
            mail = f"{rng.choice(_SYLLABLES)}{rng.randrange(10**6)}@gmail.com"
            for _ in range(2):
                said = {"birth_date": date if rng.random() < 0.6 else None, "email": mail}
                rows.append({**home, **said, "first_name": name})
    records = table(rows)
    model = train(records)
    untold = train(records.drop_columns(["birth_date"]))

    assert 0.12 < _named_alike(model) < 0.28
    assert _named_alike(untold) < 0.02


def _named_alike(model: LinkageModel) -> float:
    (household,) = (relation for relation in model.relations if relation.name == "household")
    given = model.names.index("first_name")
    return household.levels[given][0] - model.random[given][0]


def test_few_who_share_a_telephone_are_a_family_and_many_are_colleagues():
    """Two people of a home have one telephone, twelve of a company another: by how many share it, they are told."""
    rng = random.Random(14)
    rows: list[dict[str, str | None]] = []
    for home in range(400):
        last = "".join(rng.choice(_SYLLABLES) for _ in range(3)).title()
        family = {"last_name": last, "street": f"{home} Mill Lane", "phone": f"+44207{home:07}"}
        rows += [{**family, "first_name": name} for name in rng.sample(_GIVEN, 2)]
    for company in range(40):
        name = "".join(rng.choice(_SYLLABLES) for _ in range(4)).title()
        for _ in range(12):
            last = "".join(rng.choice(_SYLLABLES) for _ in range(3)).title()
            work = {"company": name, "phone": f"+44161{company:07}"}
            rows.append({**work, "first_name": rng.choice(_GIVEN), "last_name": last})
    model = train(table(rows))
    few, many = (dict(zip(_classes(model), model.shared["phone"].classes[at], strict=True)) for at in (0, 3))

    assert few["household"] > 0.8
    assert many["colleague"] > 0.8


def _classes(model: LinkageModel) -> list[str]:
    return [*(relation.name for relation in model.relations), "strangers"]


def test_a_model_that_does_not_say_who_sharers_are_is_read_under_its_version():
    """Saved in format 7: it links as it did, and its bytes are those of its format again."""
    saved = gzip.decompress((Path(__file__).parent / "model_7.msgpack.gz").read_bytes())
    model = LinkageModel.from_bytes(saved)
    records, truth = silos(40, seed=1)

    assert model.format == 7
    assert model.version == "3a7d8d283dfa465f"
    assert model.to_bytes() == saved
    assert link(records, model=model).labels.max() < len(set(truth)) + 10


def test_addresses_of_namesakes_are_the_most_alike():
    """Addresses are made of names: people of equal names have like ones, oftener than people of like names."""
    rng = random.Random(16)
    rows: list[dict[str, str | None]] = []
    for _ in range(3_000):
        first, last = rng.choice(_GIVEN), rng.choice(_SYLLABLES).title() + rng.choice(_SYLLABLES)
        mail = f"{first}.{last}{rng.randrange(100)}@{rng.choice(('gmail.com', 'gmx.net'))}".lower()
        row = {"first_name": first, "last_name": last, "birth_date": _date(rng), "email": mail}
        rows += [dict(row), dict(row)]
    strangers, _, _, like, equal = (sum(level[1:3]) for level in train(table(rows)).email_given_names)

    assert strangers < 0.02
    assert equal > like + 0.1


def test_namesakes_of_one_country_are_expected_where_it_is_not_said():
    """Given and family names go together by country, also of people who do not say theirs: told is near what is true
    of pairs that share both names and show nothing else."""
    rng = random.Random(17)
    families = [one + two for one in _SYLLABLES[:10] for two in _SYLLABLES[:10]]
    rows: list[dict[str, str | None]] = []
    for _ in range(3_000):
        place, end = rng.choice(
            (("IT", "io"), ("DE", "bert"), ("SE", "sson"), ("PL", "ski"), ("ES", "ez"), ("FR", "eau"))
        )
        person = {"first_name": rng.choice(_GIVEN[:12]) + end, "last_name": rng.choice(families) + end}
        date = _date(rng)
        for _ in range(2):
            country, said = place if rng.random() < 0.4 else None, date if rng.random() < 0.6 else None
            rows.append({**person, "country": country, "birth_date": said})
    edges = link(table(rows)).edges()
    told, same = probability(edges.bits), edges.left // 2 == edges.right // 2
    says = np.array([[row[name] is not None for name in ("country", "birth_date")] for row in rows])
    names_alone = ~(says[edges.left] & says[edges.right]).any(1)

    assert names_alone.sum() > 1_000
    assert abs(told[names_alone].mean() - same[names_alone].mean()) < 0.12


def test_a_name_that_was_mistyped_stands_alone_and_is_told_from_a_like_one():
    """Marina and Marine are names that others have, too; Marinna nobody has: it is one person's sooner."""
    rng = random.Random(20)
    starts = [one + two + "n" for one in _SYLLABLES[:8] for two in _SYLLABLES[8:16]]
    names = [(start + end).title() for start in starts for end in ("a", "e", "o", "es")]
    rows: list[dict[str, str | None]] = []
    for _ in range(2_000):
        person = {"first_name": rng.choice(names), "last_name": "".join(rng.choices(_SYLLABLES, k=3)).title()}
        date = _date(rng)
        for copy in range(2):
            first = _mistyped(person["first_name"], rng) if copy and rng.random() < 0.3 else person["first_name"]
            rows.append({**person, "first_name": first, "birth_date": date if rng.random() < 0.7 else None})
    linked = link(table(rows))
    model, given = linked.model, linked.model.names.index("first_name")
    very_close = model.fields[given].levels.index("very close")
    edges = linked.edges()
    first, last, dates = (
        np.array([row.get(name) for row in rows]) for name in ("first_name", "last_name", "birth_date")
    )
    known = np.isin(first, names)
    like = (last[edges.left] == last[edges.right]) & (first[edges.left] != first[edges.right])
    like &= np.array(
        [one is None or two is None for one, two in zip(dates[edges.left], dates[edges.right], strict=True)]
    )
    both = known[edges.left] & known[edges.right]
    told, true = probability(edges.bits), edges.left // 2 == edges.right // 2

    assert model.alone_of_matches[given][very_close] > 0.8
    assert model.alone_of_strangers[given][very_close] < 0.5
    assert told[like & ~both].mean() > 0.5
    assert abs(told[like & ~both].mean() - true[like & ~both].mean()) < 0.1
    assert not (like & both).any() or told[like & both].mean() < told[like & ~both].mean() - 0.1


def test_names_that_go_together_make_namesakes_where_no_country_is_said():
    """Of two languages each has its own names: strangers of one full name are twice as many as chance lets expect."""
    rng = random.Random(21)
    rows: list[dict[str, str | None]] = []
    for _ in range(4_000):
        end = rng.choice(("io", "sson"))
        name = {"first_name": rng.choice(_GIVEN[:20]) + end, "last_name": rng.choice(_SYLLABLES[:20]).title() + end}
        person = {**name, "birth_date": _date(rng)}
        rows += [{**person}, {**person}] if rng.random() < 0.2 else [person]
    model = train(table(rows))

    assert 1.7 < model.namesakes[0] < 2.3


def test_records_without_names_beside_named_ones_make_no_namesakes():
    """Records of a source say the same fields together: how many pairs say both names is counted, not multiplied."""
    rng = random.Random(23)
    rows: list[dict[str, str | None]] = []
    for number in range(4_000):
        person = {
            "first_name": rng.choice(_GIVEN),
            "last_name": rng.choice(_SYLLABLES).title() + rng.choice(_SYLLABLES),
        }
        person |= {"birth_date": _date(rng), "email": None}
        rows += [{**person}, {**person}] if rng.random() < 0.3 else [person]
        nobody = dict.fromkeys(("first_name", "last_name", "birth_date"))
        rows += [{**nobody, "email": f"{_word('mail', number, copy)}@x.test"} for copy in range(4)]
    model = train(table(rows))

    assert model.namesakes[0] < 1.2


def test_a_country_that_one_record_says_changes_no_other_pair():
    """Namesakes are as likely among those who say no country, whether or not somebody else says one."""
    rng = random.Random(24)
    rows: list[dict[str, str | None]] = []
    for _ in range(6_000):
        end = rng.choice(("io", "sson"))
        name = {"first_name": rng.choice(_GIVEN[:20]) + end, "last_name": rng.choice(_SYLLABLES[:20]).title() + end}
        person = {**name, "birth_date": _date(rng), "country": None}
        rows += [{**person}, {**person}] if rng.random() < 0.2 else [person]
    alike = {"first_name": "Idaio", "last_name": "Lacio", "birth_date": None, "country": None}
    rows += [{**alike}, {**alike}]

    def weight(rows: list[dict[str, str | None]]) -> float:
        one, other = (str(len(rows) - back) for back in (2, 1))
        return explain(table(rows), train(table(rows)), one, other).bits

    before = weight(rows)
    rows[0] = {**rows[0], "country": "DE"}
    assert abs(weight(rows) - before) < 0.5


def test_matches_that_say_names_alone_make_no_namesakes():
    """Who says names alone looks like a namesake: those who say a birth date tell how many there are."""
    rng = random.Random(22)
    rows: list[dict[str, str | None]] = []
    for _ in range(6_000):
        person = {
            "first_name": rng.choice(_GIVEN),
            "last_name": rng.choice(_SYLLABLES).title() + rng.choice(_SYLLABLES),
            "country": rng.choice(("DE", "FR")),
        }
        rows += [{**person, "birth_date": _date(rng)}] + [{**person, "birth_date": None}] * (rng.random() < 0.5)
    model = train(table(rows))

    assert model.namesakes[1] < 1.2


def _date(rng: random.Random) -> str:
    return f"{rng.randrange(1930, 2000)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"


def _reached(records: pa.Table, model: LinkageModel, truth: list[int]) -> int:
    """How many pairs of one person are candidates."""
    ready, order = prepared(records)
    who = np.array(truth)[order]
    parts = blocked(ready, model.keys, MatchingRules()).parts(1_000_000)
    return sum(int((who[pairs.left] == who[pairs.right]).sum()) for pairs, _ in parts)


_GIVEN = (
    "Martha Ottilie Anselm Leopold Cornelia Jacob Agatha Bertram Clement Dorothea Edmund Felicity Gideon Harriet "
    "Isidor Josepha Konrad Lavinia Matthias Nathanael Ophelia Prudence Quentin Rosamund Silas Theodora Ulrich Violet"
).split()
_SYLLABLES = (
    "ba ker mon tar vil son ley dor wick ham ster por lin gar feld mann bach rod ski nov eau lac tor ben".split()
)
_TOWNS = "Lakefield Norwood Riverport Bradham Greenfield Montneuve Harburg Stonebridge Ashford Wexley".split()


def test_namesakes_of_a_town_are_not_taken_for_matches():
    """Given names belong to countries: of many people of one town many share one, and not a family name.

    Where that is told by chance among all countries, people of one town who share a given name are too many to be
    strangers, and matches seem to have any family name.
    """
    rng = np.random.default_rng(3)
    countries, given, family, towns = 8, 12, 800, 3
    rows = []
    for person in range(9_000):
        land = int(rng.integers(countries))
        town = int(rng.integers(towns))
        row = {
            "first_name": _word("given", land, int(rng.integers(given))),
            "last_name": _word("family", land, int(rng.integers(family))),
            "email": f"{_word('mail', person)}@{_word('host', person)}.test",
            "city": _word("town", land, town),
            "postcode": f"{land}{town}{int(rng.integers(40)):03}",
            "country": ("DE", "FR", "IT", "ES", "PL", "SE", "NL", "GR")[land],
        }
        rows.append({**row, "record_id": f"{person}:0", "source": "crm"})
        if person % 30 == 0:
            rows.append({**row, "record_id": f"{person}:1", "source": "help", "email": None})
    model = train(table(rows))

    matches = 300 / (len(rows) * (len(rows) - 1) / 2)
    assert 0.5 < model.match_share / matches < 2
    assert model.match[list(model.names).index("last_name")][-1] < 0.05


def _word(kind: str, *numbers: int) -> str:
    """A word that is like no other one."""
    dice = random.Random(f"{kind} {numbers}")
    return "".join(dice.choice("abcdefghijklmnoprstuvwz") for _ in range(8))
