"""The texts of notices as data: a file a version and language, filled with figures, the law cited as the library has it.

A file that a notice was made of is never changed: its SHA-256 stands in the notice and in a test, and a new wording is a
file with the next number. The reading aids in other languages are files beside it, filled with the same frozen figures.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from calculator.money import format_yuan, parse_yuan
from locales import LOCALES, SOURCE, Say, speak
from notices.line_names import line_name
from notices.notice import Content, NoticeKind
from policy_kb.script import traditional

FOLDER: Final = Path(__file__).parent / "templates" / "texts"
#: The version of each kind's text that new notices are made of.
CURRENT: Final[Mapping[NoticeKind, str]] = {
    "notice": "contribution_notice/1",
    "statement": "monthly_statement/1",
}
_PLACEHOLDER: Final = re.compile(r"\{([^{}]+)\}")
#: Keys of articles and rules, as the library names them: `SIL-58`, `N-01`, `SPC2-19`, `LCL-38-1-3`.
_RECORD: Final = r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+"
_CITED: Final = re.compile(rf"{_RECORD}(?:,{_RECORD})*")
_LOOKED_UP: Final = re.compile(rf"(?:{_RECORD}\.|phone\.).+")
#: A number by which a text is cited together with its name: 法释〔2025〕12号.
_SHORT_NUMBER: Final = re.compile(r"\w+〔\d{4}〕\d+号")
_ARTICLE: Final = re.compile(r"第(\d{1,2})条")
_DIGITS: Final = "〇一二三四五六七八九"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph. `when` names the figure without which it is left out; `rests_on` records it does not cite in words."""

    text: str
    when: str = ""
    rests_on: tuple[str, ...] = ()

    @property
    def placeholders(self) -> tuple[str, ...]:
        """What is filled in, in order."""
        return tuple(_PLACEHOLDER.findall(self.text))

    @property
    def cited(self) -> tuple[str, ...]:
        """The records that it rests on, in order."""
        groups = (each.split(",") for each in self.placeholders if _CITED.fullmatch(each))
        looked_up = (each.partition(".")[0] for each in self.placeholders if _LOOKED_UP.fullmatch(each))
        found = (*(key for group in groups for key in group), *looked_up, *self.rests_on)
        return tuple(dict.fromkeys(key for key in found if key != "phone"))

    @property
    def looked_up(self) -> tuple[str, ...]:
        """The figures of records that it gives, as `policy_kb.references` reads them."""
        return tuple(each for each in self.placeholders if _LOOKED_UP.fullmatch(each))


@dataclass(frozen=True, slots=True)
class Section:
    """A part with its heading."""

    key: str
    title: str
    paragraphs: tuple[Paragraph, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A text in one language. `words` are how lists, dates and citations are put; `laws` their names in that language."""

    name: str
    locale: str
    title: str
    sections: tuple[Section, ...]
    words: Mapping[str, str]
    laws: Mapping[str, str]
    preface: str
    body: str
    sha256: str


@cache
def text_of(name: str, locale: str = SOURCE) -> Text:
    """A text by its name (`contribution_notice/1`) and language. Raises `ValueError` where there is none."""
    if not re.fullmatch(r"[a-z_]+/[1-9]\d*", name) or locale not in LOCALES:
        raise ValueError(f"no such text: {name!r} in {locale!r}")
    suffix = "" if locale == SOURCE else f".{locale}"
    path = FOLDER / f"{name.replace('/', '-')}{suffix}.toml"
    if not path.is_file():
        raise ValueError(f"no such text: {path.name}")
    data = path.read_bytes()
    read = tomllib.loads(data.decode())
    sections = tuple(
        Section(
            each["key"],
            each["title"],
            tuple(
                Paragraph(one["text"], one.get("when", ""), tuple(one.get("rests_on", ())))
                for one in each["paragraph"]
            ),
        )
        for each in read["section"]
    )
    return Text(
        name,
        locale,
        read["title"],
        sections,
        read["words"],
        read.get("laws", {}),
        read.get("preface", ""),
        data.decode(),
        hashlib.sha256(data).hexdigest(),
    )


@cache
def text_of_hash(sha256: str) -> tuple[str, str]:
    """Name and body of the text with a hash, whatever its version. Raises `KeyError`."""
    for path in sorted(FOLDER.glob("*.toml")):
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() == sha256:
            return path.stem, data.decode()
    raise KeyError(sha256)


def standing(text: Text, figures: Mapping[str, str]) -> Iterator[Paragraph]:
    """The paragraphs that stand, given the figures that there are."""
    for section in text.sections:
        yield from (each for each in section.paragraphs if not each.when or figures.get(each.when))


def filled(text: Text, data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The sections of a notice in the language of the text, `data` being the notice's content.

    Everything that is filled in comes out of the content, so that an aid says what the frozen text says. Raises
    `KeyError` for a placeholder that the content does not have.
    """
    figures = figures_of(text, data)
    citing = _Citing(text, {each["key"]: each for each in data["sources"]})
    language = int(text.locale == "en")

    def put(match: re.Match[str]) -> str:
        name = match[1]
        if _CITED.fullmatch(name):
            return citing.words(name.split(","))
        if _LOOKED_UP.fullmatch(name):
            return str(data["said"][name][language])
        return figures[name]

    return [
        {
            "key": section.key,
            "title": section.title,
            "paragraphs": [
                _PLACEHOLDER.sub(put, each.text)
                for each in section.paragraphs
                if not each.when or figures.get(each.when)
            ],
        }
        for section in text.sections
    ]


def issued_as(content: Content, number: str, supersedes: str | None) -> Content:
    """A draft under the number that it is issued with, and that of the one whose place it takes; its words follow."""
    data = {**content.data, "number": number, "supersedes": supersedes}
    return Content({**data, "sections": filled(text_of(data["template"]), data)})


def figures_of(text: Text, data: Mapping[str, Any]) -> dict[str, str]:
    """What the placeholders of a text stand for, by name; empty where the notice has no such figure."""
    words, say = text.words, speak(text.locale)
    return {
        "company": data["company"]["name"],
        "contact": data["company"]["contact"],
        "place": traditional(data["place"]["name"]) if text.locale == "zh_Hant" else data["place"]["name"],
        "month": _month(words, data["month"]),
        "due_on": _day(words, data["due_on"]),
        "wage": data["wage"],
        "base_wage": data["base_wage"] or "",
        "employee_total": data["totals"]["employee"],
        "employer_total": data["totals"]["employer"],
        "income_tax": data["income_tax"] or "",
        "take_home": data["take_home"] or "",
        "why": data["why"],
        **_bases(words, data, say),
        **_lists(words, data, say),
        **_record(data),
        **_compared(words, data, say),
    }


def _bases(words: Mapping[str, str], data: Mapping[str, Any], say: Say) -> dict[str, str]:
    """Which lines are reckoned from a bound instead of the wage, each amount once."""
    declared: str | None = data["base_wage"]
    basis = parse_yuan(data["wage"] if declared is None else declared)
    found: dict[str, dict[str, list[str]]] = {"raised": {}, "capped": {}}
    for line in data["lines"]:
        if line["base"] is None or (base := parse_yuan(line["base"])) == basis:
            continue
        side = "raised" if base > basis else "capped"
        found[side].setdefault(line["base"], []).append(line_name(line, say))
    return {
        side: words["then"].join(
            _put(words["based"], names=words["and"].join(names), amount=amount)
            for amount, names in groups.items()
        )
        for side, groups in found.items()
    }


def _lists(words: Mapping[str, str], data: Mapping[str, Any], say: Say) -> dict[str, str]:
    has_fund = any(line["key"] == "housing_fund" for line in data["lines"])
    entered = [line_name(line, say) for line in data["lines"] if line["entered"]]
    return {
        "entered": words["and"].join(entered),
        "yearly": words["then"].join(
            _put(words["yearly"], **{name: str(each[name]) for name in ("name", "month", *_SIDES)})
            for each in data["yearly"]
        ),
        "without": words["without" if has_fund else "without_fund"],
    }


_SIDES: Final = ("employee", "employer")


def _record(data: Mapping[str, Any]) -> dict[str, str]:
    """What the record of the month says: whether it was paid, and what was withheld where that differs."""
    record: Mapping[str, Any] = data["record"] or {}
    paid, withheld = record.get("paid"), record.get("withheld") or ""
    difference = parse_yuan(withheld) - parse_yuan(data["totals"]["employee"]) if withheld else 0
    return {
        "paid_yes": "yes" if paid is True else "",
        "paid_no": "no" if paid is False else "",
        "withheld": withheld if difference else "",
        "withheld_difference": format_yuan(abs(difference)) if difference else "",
    }


def _compared(words: Mapping[str, str], data: Mapping[str, Any], say: Say) -> dict[str, str]:
    """What is otherwise than the month before."""
    if data["before_month"] is None:
        return {"before_month": "", "changes": "", "same_as_before": ""}
    found = []
    for line in data["lines"]:
        sides = {side: line[side] for side in _SIDES}
        if line["before"] is None:
            found.append(_put(words["new"], name=line_name(line, say), **sides))
        elif line["changed"]:
            changed = words["and"].join(
                _put(words[f"changed_{side}"], before=line["before"][side], after=line[side])
                for side in _SIDES
                if line["before"][side] != line[side]
            )
            found.append(_put(words["changed"], name=line_name(line, say), sides=changed))
    found += [_put(words["gone"], name=line_name(line, say)) for line in data["gone"]]
    return {
        "before_month": _month(words, data["before_month"]),
        "changes": words["then"].join(found),
        "same_as_before": "" if found else "yes",
    }


def _month(words: Mapping[str, str], month: str) -> str:
    year, number = month.split("-")
    return _put(words["month"], year=year, month=str(int(number)), padded=number)


def _day(words: Mapping[str, str], day: str) -> str:
    on = date.fromisoformat(day)
    return _put(words["day"], year=str(on.year), month=str(on.month), day=str(on.day), iso=day)


class _Citing:
    """How the law is cited in a text: articles of one law in a row share its name."""

    def __init__(self, text: Text, sources: Mapping[str, Mapping[str, Any]]) -> None:
        self._words, self._laws, self._locale = text.words, text.laws, text.locale
        self._sources = sources

    def words(self, keys: Sequence[str]) -> str:
        """Some records of the same law."""
        sources = [self._sources[key] for key in keys]
        title, number = sources[0]["title"], sources[0]["number"]
        if any(each["title"] != title for each in sources):
            raise ValueError(f"not of one law: {', '.join(keys)}")
        articles = _distinct(each["article"] for each in sources)
        if self._locale == "en":
            named = ", ".join(map(article_in_english, articles))
            return _put(self._words["cite"], law=self._laws[title], articles=named)
        cited = _put(
            self._words["cite"],
            title=title,
            number=_put(self._words["number"], number=number) if _SHORT_NUMBER.fullmatch(number) else "",
            articles=self._words["and"].join(map(article_words, articles)),
        )
        return traditional(cited) if self._locale == "zh_Hant" else cited


def article_words(article: str) -> str:
    """An article as a formal text writes it.

    >>> article_words("第58条"), article_words("第四十六条第一项"), article_words("第10条")
    ('第五十八条', '第四十六条第一项', '第十条')
    """
    return _ARTICLE.sub(lambda match: f"第{_in_words(int(match[1]))}条", article)


def article_in_english(article: str) -> str:
    """An article as an English text cites it.

    >>> article_in_english("第五十八条"), article_in_english("第三十八条第一款第三项")
    ('art. 58', 'art. 38 para. 1 item 3')
    >>> article_in_english("第二十八条第二款、第二十九条"), article_in_english("第十三条第一款（四）")
    ('art. 28 para. 2, art. 29', 'art. 13 para. 1 (4)')
    """
    text = _PART.sub(lambda match: f" {_PARTS[match[2]]} {_number(match[1])}", article_words(article))
    text = re.sub(r"（([一二三四五六七八九十]+)）", lambda match: f" ({_number(match[1])})", text)
    return re.sub(r"、\s*", ", ", text).strip()


_PARTS: Final[Mapping[str, str]] = {"条": "art.", "款": "para.", "项": "item"}
_PART: Final = re.compile(r"第([一二三四五六七八九十]+)([条款项])")


def _number(words: str) -> int:
    """A number below a hundred from its Chinese form."""
    tens, ten, ones = words.rpartition("十")
    number = _DIGITS.index(ones) if ones else 0
    return number + (10 * (_DIGITS.index(tens) if tens else 1) if ten else 0)


def _in_words(number: int) -> str:
    tens, ones = divmod(number, 10)
    ten = "" if not tens else "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return ten + (_DIGITS[ones] if ones or not tens else "")


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))


def _put(pattern: str, **values: str) -> str:
    """A pattern with values in it; what stands in a value is never read as a placeholder."""
    return _PLACEHOLDER.sub(lambda match: values[match[1]], pattern)
