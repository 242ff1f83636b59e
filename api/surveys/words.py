"""What the survey's page and mail say around the question, by language; English for all others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of one language."""

    subject: str
    ask: str
    until: str
    lowest: dict[str, str]
    highest: dict[str, str]
    comment: str
    send: str
    choose: str
    thanks: str
    already: str
    unknown: str
    expired: str
    busy: str


ENGLISH = Words(
    subject="One question",
    ask="Your answer takes one click:",
    until="The link works for one answer.",
    lowest={"nps": "not at all likely", "csat": "very dissatisfied", "ces": "strongly disagree", "rating": "poor"},
    highest={"nps": "extremely likely", "csat": "very satisfied", "ces": "strongly agree", "rating": "excellent"},
    comment="What is the main reason? (optional)",
    send="Send",
    choose="Please choose one of the numbers.",
    thanks="Thank you. Your answer has arrived.",
    already="This question has been answered. Thank you.",
    unknown="There is no such question. Please open the link as it stands in the mail.",
    expired="This question is closed. Thank you all the same.",
    busy="Too many requests. Please try again in a minute.",
)
GERMAN = Words(
    subject="Eine Frage",
    ask="Ihre Antwort ist ein Klick:",
    until="Der Link gilt für eine Antwort.",
    lowest={
        "nps": "überhaupt nicht wahrscheinlich",
        "csat": "sehr unzufrieden",
        "ces": "stimme gar nicht zu",
        "rating": "schlecht",
    },
    highest={
        "nps": "äußerst wahrscheinlich",
        "csat": "sehr zufrieden",
        "ces": "stimme völlig zu",
        "rating": "hervorragend",
    },
    comment="Was ist der wichtigste Grund? (freiwillig)",
    send="Senden",
    choose="Bitte wählen Sie eine der Zahlen.",
    thanks="Danke. Ihre Antwort ist angekommen.",
    already="Diese Frage ist beantwortet. Danke.",
    unknown="Diese Frage gibt es nicht. Bitte öffnen Sie den Link so, wie er in der Mail steht.",
    expired="Diese Frage ist geschlossen. Trotzdem danke.",
    busy="Zu viele Anfragen. Bitte versuchen Sie es in einer Minute noch einmal.",
)
_BY_LANGUAGE = {"en": ENGLISH, "de": GERMAN}


def words_of(language: str | None) -> tuple[str, Words]:
    """The language of the texts, and the texts."""
    known = language if language in _BY_LANGUAGE else "en"
    return known, _BY_LANGUAGE[known]
