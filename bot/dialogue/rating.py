"""「这件事解决了吗?」: asked once, after HR has closed a case; nobody needs to answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.dialogue.steps import Part, Tap, Tell
from bot.wording import word
from delivery.messages import Button, Reply
from hr_inbox.ratings import ANSWERS, AskedCase
from locales import speak

#: The slots of the buttons: an answer, and what is to become of a case that is not solved.
RATING: Final = "rating"
REOPEN: Final = "reopen"
#: Nothing is to become of it.
LEFT: Final = "none"


def question(number: str, locale: str) -> Reply:
    """The question about a case, in the employee's language."""
    taps = tuple(Tap(Part(f"rating.{answer}"), f"{RATING}={number}/{answer}") for answer in ANSWERS)
    return word(Tell("rating:asked", (Part("rating.ask"),), taps), speak(locale))


def unsolved(number: str) -> Tell:
    """What is said to 「没解决」: HR again with the same case, HR with another one, or neither."""
    taps = (
        Tap(Part("rating.tap_again"), f"{REOPEN}={number}"),
        Tap(Part("rating.tap_other"), "topic=hr"),
        Tap(Part("rating.tap_leave"), f"{REOPEN}={LEFT}"),
    )
    return Tell("rating:unsolved", (Part("rating.unsolved"),), taps)


def open_buttons(asked: Sequence[AskedCase], locale: str) -> tuple[Button, ...]:
    """The buttons of the question where it was the last thing said, so that their titles can be typed too."""
    last = next((each for each in asked if each.last and each.answer is None), None)
    return () if last is None else question(last.number, locale).buttons
