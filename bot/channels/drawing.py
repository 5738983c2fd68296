"""What a bubble is in the words of a platform: cleaned, with what it rests on, and cut where it is longer than one message."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from bot.dialogue.hearing import COUNTED
from delivery.messages import Button
from delivery.sending import Outgoing
from locales import N_, Say, speak

#: The address under which somebody reads a bubble of their conversation on a page, once: of conversation and bubble.
Link = Callable[[str, int], str]

#: What is no character of XML 1.0, and half a character. Line ends are one sign.
_ILLEGAL: Final = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: Where a text may be cut, the best places first: after a line, a sentence, a part of one, a word.
_BORDERS: Final = (
    re.compile(r"\n+"),
    re.compile(r"[。！？；!?;…]+[”’」』）)】]*\s*|\.\s+"),
    re.compile(r"[，、：]\s*|[,:]\s+"),
    re.compile(r"\s+"),
)
_JOINER: Final = "\u200d"
_TONES: Final = ("\U0001f3fb", "\U0001f3ff")
_TAGS: Final = ("\U000e0020", "\U000e007f")
_FLAGS: Final = ("\U0001f1e6", "\U0001f1ff")

#: What is left of a bubble that held no character that can be sent.
NOTHING: Final = "…"
_BASIS: Final = N_("依据：{sources}")
_BETWEEN: Final = N_("；")
_PAPERS: Final = N_("图和明细在这里看（链接只能打开一次，别转发）：{link}")
_NUMBERS: Final = N_("（回复数字就行）")
_TITLES: Final = N_("（也可以回复：{titles}）")
_OR: Final = N_(" / ")
_HR: Final = N_("人事：{text}")


def clean(text: str) -> str:
    r"""A text without what no message may hold: controls, half characters, what is no character. Lines end in \n.

    >>> clean("好\x1d的\ud800\r\n👩‍👧\x00")
    '好的\n👩\u200d👧'
    """
    return _ILLEGAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def cdata(text: str) -> str:
    """A text for an XML element, whatever it holds.

    >>> cdata("a]]>b<c>")
    '<![CDATA[a]]]]><![CDATA[>b<c>]]>'
    """
    return f"<![CDATA[{clean(text).replace(']]>', ']]]]><![CDATA[>')}]]>"


def words(bubble: Outgoing, link: Link) -> str:
    """A bubble as text: who speaks where that is HR, the words, what they rest on, and where its papers are;
    never nothing, which no platform sends."""
    lines = (said(bubble), papers(bubble, link))
    return "\n".join(filter(None, lines)) or NOTHING


def said(bubble: Outgoing) -> str:
    """A bubble as text without where its papers are, which is another address each time it is drawn. Possibly empty."""
    say = speak(bubble.locale)
    text = say(_HR, text=bubble.reply.text) if bubble.author == "hr" else bubble.reply.text
    return clean("\n".join(filter(None, (text, basis(bubble.reply.sources, say))))).strip()


def papers(bubble: Outgoing, link: Link) -> str:
    """Where the papers of a bubble are; empty where it has none."""
    address = link(bubble.conversation, bubble.seq) if bubble.reply.papers else ""
    return speak(bubble.locale)(_PAPERS, link=address) if address else ""


def basis(sources: Iterable[Mapping[str, Any]], say: Say) -> str:
    """The records that a bubble rests on, in one line; empty where there are none.

    >>> basis([{"title": "社会保险法", "number": None, "article": "第六十三条"}], speak("zh_Hans"))
    '依据：社会保险法 第六十三条'
    """
    named = dict.fromkeys(
        " ".join(filter(None, (each["title"], each["number"], each["article"]))) for each in sources
    )
    return say(_BASIS, sources=say(_BETWEEN).join(named)) if named else ""


def choices(text: str, buttons: Sequence[Button], say: Say) -> str:
    """A text with its buttons as words, where a platform has none: each is answered by its number, or by its title where the
    question wants a number itself.

    >>> print(choices("低保本上有没有你？", (Button("在", "on_book=yes"), Button("不在", "on_book=no")), speak("zh_Hans")))
    低保本上有没有你？
    1. 在
    2. 不在
    （回复数字就行）
    >>> print(choices("本上别的人一个月挣多少？", (Button("没有", "other_income=none"),), speak("zh_Hans")))
    本上别的人一个月挣多少？
    （也可以回复：没有）
    """
    if not buttons:
        return text
    titles = [clean(each.title) for each in buttons]
    if any(each.payload.partition("=")[0] in COUNTED for each in buttons):
        return f"{text}\n{say(_TITLES, titles=say(_OR).join(titles))}"
    return "\n".join((text, *(f"{at}. {title}" for at, title in enumerate(titles, start=1)), say(_NUMBERS)))


def size(text: str) -> int:
    """How many bytes a text has on its way."""
    return len(text.encode())


def split(text: str, most: int, measure: Callable[[str], int] = size) -> tuple[str, ...]:
    """A clean text in pieces of at most so many bytes (or whatever `measure` counts), cut at the best place: after a line, a
    sentence, a part of one, a word.

    What the reader sees as one character is not cut. White space around a cut goes.

    >>> split("先交社保。再看低保。", 20)
    ('先交社保。', '再看低保。')
    >>> [len(piece.encode()) for piece in split("𠮷" * 5, 9)]
    [8, 8, 4]
    """
    pieces, rest = [], text.strip()
    while measure(rest) > most:
        head = _head(rest, most, measure)
        pieces.append(head.rstrip())
        rest = rest[len(head) :].lstrip()
    return tuple(filter(None, (*pieces, rest)))


def _head(text: str, most: int, measure: Callable[[str], int]) -> str:
    """What of the text goes into the first piece."""
    fits, left = 0, most
    for cluster in _clusters(text):
        left -= measure(cluster)
        if left < 0:
            break
        fits += len(cluster)
    if not fits:  # one character with more marks than a message holds
        while fits < len(text) and measure(text[: fits + 1]) <= most:
            fits += 1
        return text[: fits or 1]
    for border in _BORDERS:
        # In the first half of a piece a border would leave it short for nothing.
        cuts = [found.end() for found in border.finditer(text, 0, fits) if found.end() > fits // 2]
        if cuts:
            return text[: cuts[-1]]
    return text[:fits]


def _clusters(text: str) -> Iterator[str]:
    """The characters as a reader counts them: with their marks and variants, joined emoji, and flags whole."""
    start, flags = 0, 0
    for at in range(1, len(text)):
        flags = flags + 1 if _within(text[at - 1], _FLAGS) else 0
        if not _belongs(text[at - 1], text[at], flags):
            yield text[start:at]
            start = at
    if text:
        yield text[start:]


def _belongs(before: str, char: str, flags: int) -> bool:
    if char == _JOINER or before == _JOINER or _within(char, _TONES) or _within(char, _TAGS):
        return True
    if _within(char, _FLAGS):
        return flags % 2 == 1
    return unicodedata.category(char) in ("Mn", "Me", "Mc")


def _within(char: str, ends: tuple[str, str]) -> bool:
    return ends[0] <= char <= ends[1]
