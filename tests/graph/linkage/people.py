"""Made-up people as three silos would hold them, with the truth beside them; seeded, nothing from outside."""

from __future__ import annotations

import random

import pyarrow as pa

COLUMNS = (
    "record_id", "source", "first_name", "last_name", "full_name", "email", "phone", "company", "street", "city",
    "postcode", "country", "birth_date",
)  # fmt: skip

_FIRST = (
    "Robert Elizabeth William Margaret Catherine Michael Jennifer Thomas Deborah Anthony Susan Daniel Patricia Joseph "
    "Barbara Richard Pamela Charles Nicole Steven Sandra Edward Rebecca Benjamin Victoria Samuel Abigail Gregory "
    "Cynthia Nathaniel Zacharias Ottilie Ingeborg Anselm Philippa Rosalind Leopold Seraphina Balthazar "
    "Evangeline"
).split()
_NICK = {
    "Robert": "Bob",
    "Elizabeth": "Liz",
    "William": "Bill",
    "Margaret": "Peggy",
    "Michael": "Mike",
    "Thomas": "Tom",
}
_SYLLABLES = (
    "ba ker mon tar vil son ley dor wick ham ster por lin gar feld mann bach rod ski nov eau lac tor ben".split()
)
_CITIES = "Lakefield Norwood Riverport Bradham Greenfield Montneuve Harburg Stonebridge Ashford Wexley".split()


def silos(people: int, seed: int) -> tuple[pa.Table, list[int]]:
    """Records of `people` in a CRM, a marketing tool and a helpdesk, shuffled, and the person of each."""
    rng = random.Random(seed)
    rows, truth = [], []
    for person in range(people):
        who = _person(rng)
        for source, seen in (("crm", _in_crm), ("marketing", _in_marketing), ("helpdesk", _in_helpdesk)):
            if source == "crm" or rng.random() < 0.6:
                rows.append({"source": source, **seen(dict(who), rng)})
                truth.append(person)
    order = list(range(len(rows)))
    rng.shuffle(order)
    shuffled = [rows[at] for at in order]
    for number, row in enumerate(shuffled):
        row["record_id"] = f"{row['source']}:{number}"
    return table(shuffled), [truth[at] for at in order]


def table(rows: list[dict[str, str | None]]) -> pa.Table:
    """Rows as a table of raw records; missing record ids are numbered."""
    for number, row in enumerate(rows):
        row.setdefault("record_id", str(number))
    return pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in COLUMNS})


def _person(rng: random.Random) -> dict[str, str | None]:
    first = rng.choice(_FIRST)
    last = "".join(rng.choice(_SYLLABLES) for _ in range(rng.choice((2, 2, 3)))).title()
    company = (
        f"{rng.choice(_SYLLABLES)}{rng.choice(_SYLLABLES)} {rng.choice(('Foods', 'Media', 'Energy', 'Design'))}".title()
    )
    user = rng.choice((f"{first}.{last}", f"{first[0]}{last}", f"{first}{last[0]}{rng.randrange(100)}")).lower()
    host = rng.choice(("gmail.com", "outlook.com", f"{company.split()[0].lower()}.org"))
    return {
        "first_name": first, "last_name": last, "email": f"{user}@{host}",
        "phone": f"+44 20 7{rng.randrange(100, 1000)} {rng.randrange(1000, 10000)}", "company": company,
        "street": f"{rng.randrange(1, 200)} {rng.choice(_SYLLABLES).title()}{rng.choice(_SYLLABLES)} Street",
        "city": rng.choice(_CITIES), "postcode": f"AB{rng.randrange(1, 30)} {rng.randrange(1, 10)}XY", "country": "GB",
        "birth_date": f"{rng.randrange(1940, 2004)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}",
    }  # fmt: skip


def _in_crm(row: dict[str, str | None], rng: random.Random) -> dict[str, str | None]:
    if rng.random() < 0.3:
        row["birth_date"] = None
    row["phone"] = str(row["phone"]).replace("+44 ", "0").replace(" ", rng.choice(("", " ", "-")))
    return row


def _in_marketing(row: dict[str, str | None], rng: random.Random) -> dict[str, str | None]:
    for name in ("phone", "street", "birth_date", "postcode"):
        row[name] = None
    row["first_name"] = _NICK.get(str(row["first_name"]), str(row["first_name"]))
    if rng.random() < 0.2:
        row["last_name"] = _typo(str(row["last_name"]), rng)
    row["email"] = str(row["email"]).upper()
    return row


def _in_helpdesk(row: dict[str, str | None], rng: random.Random) -> dict[str, str | None]:
    first, last = str(row["first_name"]), str(row["last_name"])
    row["full_name"] = rng.choice((f"{first} {last}", f"{last.upper()}, {first}", f"Dr. {first} {last}"))
    for name in ("first_name", "last_name", "company", "street", "city", "postcode", "birth_date"):
        row[name] = None
    if rng.random() < 0.3:
        row["email"] = None
    return row


def _typo(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
