"""Records that are nobody: what testers and impatient people leave in every system."""

from __future__ import annotations

from datetime import timedelta

from connectors.sample.dice import Dice
from connectors.sample.exports import Exports, write_contact, write_member
from connectors.sample.lives import FIRST_DAY, LAST_START, Numbers
from connectors.sample.silos import Known, Noise, Silo

NAMES = (("Test", "Test"), ("Asdf", "Asdf"), ("John", "Doe"), ("Max", "Mustermann"), ("Foo", "Bar"), ("X", "Y"))
PHONES = ("0000000000", "123456789", "1111111111", None, None)


def write_dummies(out: Exports, numbers: Numbers, dice: Dice, people: int, noise: Noise) -> None:
    """Dummies beside `people` real customers; in the truth each is somebody of their own."""
    for place in range(round(people * noise.dummy)):
        given, family = dice.pick(NAMES)
        number = next(numbers.contact)
        known = Known(
            silo=dice.pick((Silo.CRM, Silo.MARKETING)),
            given=given,
            family=family,
            full=None,
            email=f"test{number}x{place}@test.test",
            more_emails=(),
            phone=dice.pick(PHONES),
            home=None,
            country="DE",
            company=None,
            job_title=None,
            birth=None,
            verified=False,
        )
        start = dice.moment(FIRST_DAY, LAST_START)
        if known.silo is Silo.CRM:
            key = write_contact(
                out,
                number,
                known,
                company_id=None,
                owner="Finn Osei",
                stage="subscriber",
                became=(None, None, None),
                created=start,
                modified=start + timedelta(days=1),
                opted_out=False,
            )
        else:
            key = write_member(out, known, start, None, "home")
        out.truth(key, f"nobody-{number:07d}")
