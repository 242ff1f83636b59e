"""Search over a real graph: what finds whom, in which order, on both stores alike."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from connectors.records import Email, Person, Record
from graph.rules import Rules
from graph.search.find import MOST_FOUND, Hit, Search, Viewing, find, read_search
from graph.search.upkeep import WordKeeper, name_everybody, words_of_customer
from graph.search.words import folded
from graph.store.driver import Store
from graph.sync.asking import Ask
from graph.sync.decisions import merge_customers, revert_decision
from graph.sync.pinning import pin, unpin
from graph.sync.sync import sync
from tests.graph.search.mistyping import mistyped, tolerated
from tests.sources import account, fixed_source, person

pytestmark = pytest.mark.anyio
PEOPLE: list[Record] = [
    person("crm/contacts/1", "Mara Lindqvist", email="mara.lindqvist@nordlicht.example", phone="+46701740605"),
    person("crm/contacts/2", "Jörg Müller", email="jm@gmx.de", phone="+493090182000"),
    person("crm/contacts/3", "Jon Smith", email="ketchup77@gmail.com"),
    person("crm/contacts/4", "Anne-Marie O'Neil", email="desk@harbour.test", account_name="Harbour Foods Ltd"),
    person("crm/contacts/5", "Li Wu", phone="+442071234567"),
    person("crm/contacts/6", "Agatha Jonasson", email="agatha@ljung.test"),
    Person(source="crm", stream="contacts", id="7", emails=(Email(value="ghost.writer@nowhere.test"),)),
    account("crm/accounts/1", "Nordlicht AB", domain="nordlicht.example"),
]
MASKED = Viewing(emails_masked=True, phones_masked=True)
FINDS = {
    "mara lindqvist": ["Mara Lindqvist"],
    "LINDQVIST Mara": ["Mara Lindqvist"],
    "lindq": ["Mara Lindqvist"],
    "mara lindkvist": ["Mara Lindqvist"],
    "marra lindqist": ["Mara Lindqvist"],
    "qvist": ["Mara Lindqvist"],
    "mara.lindqvist@nordlicht.example": ["Mara Lindqvist"],
    "mara.lindqvst@nordlicht.example": ["Mara Lindqvist"],
    "mara@nordl": ["Mara Lindqvist"],
    "nordlicht.example": ["Nordlicht AB", "Mara Lindqvist"],
    "nordlciht": ["Nordlicht AB", "Mara Lindqvist"],
    "0701740605": ["Mara Lindqvist"],
    "070-174 06 05": ["Mara Lindqvist"],
    "+46 (0)70 174 06 05": ["Mara Lindqvist"],
    "0046701740605": ["Mara Lindqvist"],
    "0605": ["Mara Lindqvist"],
    "000000": [],
    "2000": ["Jörg Müller"],
    "+4670174": ["Mara Lindqvist"],
    "070174": ["Mara Lindqvist"],
    "Müller": ["Jörg Müller"],
    "Mueller": ["Jörg Müller"],
    "muller jorg": ["Jörg Müller"],
    "Jon Smth": ["Jon Smith"],
    "jon": ["Jon Smith", "Agatha Jonasson"],
    "ketchup": ["Jon Smith"],
    "annemarie": ["Anne-Marie O'Neil"],
    "marie oneil": ["Anne-Marie O'Neil"],
    "harbor foods": ["Anne-Marie O'Neil"],
    "wu": ["Li Wu"],
    "ghost writer": ["ghost.writer@nowhere.test"],
    "gmail": [],
    "zzzzzz": [],
}
"""What is typed, and who is found by it, the best first."""
NOT_FOUND_MASKED = ("ketchup", "0605", "+4670174", "ghost", "mara@nordl", "desk", "jm@gmx")
FOUND_MASKED = {
    "mara.lindqvist@nordlicht.example": "Mara Lindqvist",
    "ketchup77@gmail.com": "Jon Smith",
    "0701740605": "Mara Lindqvist",
    "+46701740605": "Mara Lindqvist",
    "jörg": "Jörg Müller",
}


def _search(text: str) -> Search:
    search = read_search(text)
    assert search is not None
    return search


async def _names(store: Store, hits: list[Hit]) -> list[str]:
    rows = await store.read(
        "UNWIND $ids AS id MATCH (n) WHERE (n:Customer OR n:Account) AND n.id = id "
        "RETURN id, coalesce(n.display_name, n.name)",
        ids=[hit.id for hit in hits],
    )
    names = {row[0]: row[1] for row in rows}
    return [names[hit.id] for hit in hits]


@pytest.mark.long
async def test_everybody_is_found_by_what_one_remembers_on_both_stores_alike(both_stores: tuple[Store, Store]) -> None:
    """Parts, typos, accents, word order, numbers and companies; scores are the same, and masks hide parts."""
    scores = []
    for store in both_stores:
        await sync([fixed_source("crm", *PEOPLE)], store, Rules(), full=True)
        hits = {text: await find(store, _search(text), Viewing()) for text in FINDS}

        assert {text: await _names(store, found) for text, found in hits.items()} == FINDS
        assert all(0 < hit.score <= 1 for found in hits.values() for hit in found)
        for text in NOT_FOUND_MASKED:
            assert await find(store, _search(text), Viewing()) != [], text
            assert await find(store, _search(text), MASKED) == [], text
        for text, name in FOUND_MASKED.items():
            assert await _names(store, await find(store, _search(text), MASKED)) == [name], text
        scores.append([(text, [hit.score for hit in found]) for text, found in hits.items()])
    assert scores[0] == scores[1]


async def test_the_same_comes_before_a_beginning_and_that_before_a_typo(embedded_store: Store) -> None:
    """Scores fall from what is the same to what is mistyped; a company counts less than a name."""
    names = ["Anna Berg", "Anna Bergmann", "Anna Borg", "Otto Krug"]
    await _write(embedded_store, names, company="Berg Anna")
    hits = await find(embedded_store, _search("anna berg"), Viewing())

    assert await _names(embedded_store, hits) == [*names[:1], *names[3:], *names[1:3]]
    assert [hit.score for hit in hits] == [1.0, 0.95, 0.9125, 0.7625]


async def test_no_more_than_the_most_are_found_and_the_best_are_among_them(embedded_store: Store) -> None:
    """Of six hundred who begin so, those who are called so come first."""
    await _write(embedded_store, [f"Marta No{number:03}" for number in range(MOST_FOUND + 100)] + ["Mart Zz"])
    hits = await find(embedded_store, _search("mart"), Viewing())

    assert len(hits) == MOST_FOUND
    assert (hits[0].name, hits[0].score) == ("zz mart", 1.0)


async def test_an_account_that_is_called_by_an_address_is_found_by_it(store: Store) -> None:
    """The name that a source gives an account may be an e-mail address; whom addresses are masked for finds nothing."""
    await sync([fixed_source("crm", account("crm/accounts/1", "office@nordlicht.example"))], store, Rules())

    found = await find(store, _search("office nordlicht"), Viewing())
    assert await _names(store, found) == ["office@nordlicht.example"]
    assert await find(store, _search("office nordlicht"), MASKED) == []


async def _write(store: Store, names: list[str], company: str | None = None) -> None:
    """Customers of these names; the last of them works for the account."""
    rows = [
        {
            "id": f"c{number:05}",
            "display_name": name,
            "sort_name": " ".join(name.lower().split()[::-1]),
            "account_name": company if name is names[-1] else None,
        }
        for number, name in enumerate(names)
    ]
    await store.write("UNWIND $rows AS row CREATE (c:Customer) SET c += row", rows=rows)
    await name_everybody(store)


SYLLABLES = "ba ber da dor el fin gra hal jo ka lan lin mar nel or per ros sel tho ul ver wi zim".split()
FAMILY = st.lists(st.sampled_from(SYLLABLES), min_size=2, max_size=4).map("".join)
GIVEN = st.lists(st.sampled_from(SYLLABLES), min_size=1, max_size=3).map("".join)


# Each example is a graph of its own, and shrinking one takes longer than reading it.
@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data(), people=st.lists(st.tuples(GIVEN, FAMILY), min_size=20, max_size=60, unique=True))
async def test_who_is_mistyped_is_found_among_the_first_ten(
    data: st.DataObject, people: list[tuple[str, str]], both_stores: tuple[Store, Store]
) -> None:
    """Both words mistyped within what is forgiven: found on both stores, with the same answer."""
    for store in both_stores:
        await store.write("MATCH (n) DETACH DELETE n")
        await _write(store, [f"{given.title()} {family.title()}" for given, family in people])
    for _ in range(5):
        number = data.draw(st.integers(0, len(people) - 1))
        typed = [data.draw(mistyped(word, tolerated(word))) for word in people[number]]
        text = " ".join(typed[::-1])
        if any(
            OSA.distance(folded(one), folded(word)) > tolerated(one)
            for one, word in zip(typed, people[number], strict=True)
        ):
            continue  # it became so short that less is forgiven, or swaps fell together
        answers = [await find(store, _search(text), Viewing()) for store in both_stores]
        place = [hit.id for hit in answers[0]].index(f"c{number:05}")
        # Where as many others fit what was typed better, it does not say who is meant.
        better = sum(hit.score > answers[0][place].score for hit in answers[0])

        assert answers[0] == answers[1]
        assert place - better < 10


async def test_words_follow_the_customer(store: Store) -> None:
    """Renamed, merged, parted and pinned, one is found by what one is called now, and nobody else is touched."""

    async def found(text: str) -> list[str]:
        return await _names(store, await find(store, _search(text), Viewing()))

    source = [person("crm/contacts/1", "Ada Byron"), person("crm/contacts/2", "Bob Stone")]
    await sync([fixed_source("crm", *source)], store, Rules(), full=True)
    await sync([fixed_source("crm", person("crm/contacts/1", "Ada Lovelace"), source[1])], store, Rules(), full=True)
    assert (await found("byron"), await found("lovelace")) == ([], ["Ada Lovelace"])
    assert await store.read("MATCH (w:Word {text: 'byron'}) RETURN w.text") == []

    rows = await store.read("MATCH (c:Customer) RETURN c.id ORDER BY c.display_name")
    ada, bob = (row[0] for row in rows)
    ask = Ask(by="eve", reason="the same")
    await pin(store, Rules(), ada, "family_name", "Kingsley", ask)
    assert await found("kingsley") == ["Ada Kingsley"]
    await unpin(store, Rules(), ada, "family_name", ask)
    assert await found("kingsley") == []
    merged = await merge_customers(store, Rules(), [ada, bob], ask)
    assert len(await found("lovelace")) + len(await found("stone")) == 1
    await revert_decision(store, Rules(), merged.decisions[0].id, ask)
    assert (await found("lovelace"), await found("stone")) == (["Ada Lovelace"], ["Bob Stone"])
    orphans = await store.read("MATCH (w:Word) WHERE NOT EXISTS { (w)<--() } RETURN w.text")
    assert orphans == []


async def test_words_that_are_right_are_left_alone(store: Store) -> None:
    """Giving somebody the words that they have writes nothing; one word more writes one."""
    await _write(store, ["Ada Byron", "Bob Stone"])
    keeper = WordKeeper(store)

    async def written(name: str) -> tuple[int, int]:
        found_by = {"c00000": words_of_customer({"display_name": name})}

        async def work(tx: object) -> tuple[int, int]:
            await keeper.keep(tx, "customer", found_by)  # type: ignore[arg-type]
            counters = tx.counters  # type: ignore[attr-defined]
            return counters.relationships_created, counters.relationships_deleted

        return await store.transaction(work)

    assert await written("Ada Byron") == (0, 0)
    assert await written("Ada Byron King") == (1, 0)
    assert await written("Ada King") == (0, 1)
