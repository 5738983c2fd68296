"""One way of writing for everything that is read: width, script, case and spaces no longer differ.

The reader of intents runs this inside Rasa too, on Python 3.10 with little installed: nothing else may be imported here.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Final

from zhconv import zhconv

#: What is longer than this was pasted, not said; the rest is not read.
LONGEST: Final = 500

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Co", "Cs"})
#: They ask for the coloured or the plain form of the sign before them, which is the same sign.
_VARIATIONS: Final = re.compile("[\ufe00-\ufe0f]")
_COMMAND: Final = re.compile(r"^[/\s]+")

# By its own name the dictionary would be read on first use, from a file that is left open.
zhconv.loaddict(str(Path(zhconv.__file__).with_name("zhcdict.json")))

#: What voice input makes of the two words that everything here is about.
_MISHEARD: Final = (
    (re.compile(r"[地抵底]保|[低地抵底][宝堡]"), "低保"),
    (re.compile(r"[射设涉]保|[社射设涉][宝堡]"), "社保"),
    (re.compile(r"滞[那拿]金"), "滞纳金"),
)


def normalise(text: str) -> str:
    """The text in half width, simplified characters, lower case and single spaces, at most 500 characters.

    Digits and emoji stay. A leading slash, which chat programs put before a command, goes.

    >>> normalise(" /我工资３２００塊，屋企　四個人 ")
    '我工资3200块,屋企 四个人'
    >>> normalise("OK\\u200b 👌")
    'ok 👌'
    """
    wide = unicodedata.normalize("NFKC", capped(text))
    seen = _VARIATIONS.sub("", "".join(_visible(each) for each in wide))
    simplified = str(zhconv.convert(seen, "zh-cn")).lower()
    for misheard, meant in _MISHEARD:
        simplified = misheard.sub(meant, simplified)
    return capped(_COMMAND.sub("", " ".join(simplified.split())))


def capped(text: str) -> str:
    """The part of a text that is read."""
    return text[:LONGEST]


def _visible(character: str) -> str:
    if character.isspace():
        return " "
    return "" if unicodedata.category(character) in _INVISIBLE else character
