"""Names that an address tells where a record does not."""

from __future__ import annotations

import numpy as np
import pytest

from graph.linkage.addresses import names_of_address
from graph.linkage.compare import compare
from graph.linkage.link import link, prepared, train
from tests.graph.linkage.people import silos, table


@pytest.mark.parametrize(
    ("address", "first", "last", "told"),
    [
        ("dianawinston94@gmail.com", None, "winston", ("diana", None)),
        ("birch.john935@gmail.com", None, "birch", ("john", None)),
        ("mmeunier790@yahoo.com", None, "meunier", ("m", None)),
        ("samuelm@silver.de", None, "marler", ("samuel", None)),
        ("diana.winston@mail.org", "d", "winston", ("diana", None)),
        ("diana.winston@mail.org", "p", "winston", (None, None)),
        ("ada.lovelace@mail.org", "ada", None, (None, "lovelace")),
        ("robert.hill@mail.org", None, None, ("robert", "hill")),
        ("orders2024@mail.org", None, "hill", (None, None)),
        ("1234@mail.org", None, "hill", (None, None)),
        ("ada@mail.org", "ada", "lovelace", (None, None)),
    ],
)
def test_an_address_tells_the_names_that_are_lacking(address, first, last, told):
    """What stands beside the known name is the other one; a record's own names are never replaced by others."""
    assert names_of_address(address, first, last) == told


def test_a_name_out_of_an_address_joins_what_its_other_records_say():
    """A record with a family name and an address joins the person whom the address names."""
    rows = [
        {"record_id": "a", "last_name": "Quillfeather", "email": "ottiliequillfeather7@gmail.com", "postcode": "4711"},
        {"record_id": "b", "first_name": "Ottilie", "last_name": "Quillfeather", "postcode": "4711"},
        {"record_id": "c", "first_name": "Balthazar", "last_name": "Quillfeather", "postcode": "4711"},
    ]
    labels = link(table(rows), model=train(silos(800, seed=1)[0])).labels

    assert labels[0] == labels[1] != labels[2]


def test_one_address_does_not_speak_twice():
    """Where two records share the address itself, a name that was read out of it is silent."""
    rows = [
        {"last_name": "Hill", "email": "robert.hill@mail.org"},
        {"first_name": "Robert", "last_name": "Hill", "email": "robert.hill@mail.org"},
    ]
    ready, _ = prepared(table(rows))
    fields = train(silos(200, seed=1)[0]).fields
    found = compare(ready, fields, np.zeros(1, np.int32), np.ones(1, np.int32))[0].tolist()
    levels = {field.name: level for field, level in zip(fields, found, strict=True)}

    assert (levels["email"], levels["last_name"], levels["first_name"]) == (1, 1, 0)
