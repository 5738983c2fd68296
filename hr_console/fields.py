"""The fields of an employee and of a month of pay: their names, how a text is read into one, how one is shown.

What is typed into a form and what stands in a cell of a sheet is read alike. A blank text is no value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final

from calculator.fields import LARGEST_INPUT, InputError, Problem
from calculator.money import format_yuan, parse_yuan
from documents.glyphs import named, unprintable
from locales import N_, Say
from people.employees import AREAS, EMPLOYMENTS, STATES, Employee, is_id_number
from people.importing import Read
from policy_kb.headings import AREA_WORDS, BLANK, EMPLOYMENT_WORDS, TOTAL_ROW, YES_NO_WORDS, names_dibao
from policy_kb.sheets import amount_text, date_text

LABELS: Final[Mapping[str, str]] = {
    "number": N_("工号"),
    "name": N_("姓名"),
    "department": N_("部门"),
    "region": N_("参保地"),
    "home_region": N_("户籍地"),
    "area": N_("户口性质"),
    "phone": N_("手机"),
    "mail": N_("邮箱"),
    "wecom_id": N_("企业微信账号"),
    "id_number": N_("身份证号"),
    "employment": N_("用工形式"),
    "account": N_("社保单位编号"),
    "wage": N_("应发工资"),
    "base": N_("缴费基数"),
    "joined_on": N_("入职日期"),
    "insured_since": N_("参保日期"),
    "uninsured_why": N_("未参保原因"),
    "on_paper": N_("纸质送达"),
    "left_on": N_("离职日期"),
    "state": N_("状态"),
    "month": N_("月份"),
    "paid": N_("是否缴费"),
    "own_share": N_("个人缴费"),
}
ROSTER: Final = tuple(
    name for name in LABELS if name not in ("left_on", "state", "month", "paid", "own_share")
)
HISTORY: Final = ("number", "month", "wage", "base", "paid", "own_share")
#: Fields that hold a day, an amount.
DAYS: Final = ("joined_on", "insured_since", "left_on")
AMOUNTS: Final = ("wage", "base", "own_share")
EARLIEST: Final = date(1950, 1, 1)
LATEST: Final = date(2099, 12, 31)
_LONGEST: Final[Mapping[str, int]] = {
    "number": 32,
    "name": 60,
    "department": 60,
    "account": 40,
    "uninsured_why": 200,
}
#: Values that have a word.
_NAMES: Final[Mapping[tuple[str, str], str]] = {
    **{("area", value): word for value, word in AREAS.items()},
    **{("employment", value): word for value, word in EMPLOYMENTS.items()},
    **{("state", value): word for value, word in STATES.items()},
}
FindRegion = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class FieldReader:
    """Reads texts into fields. `find_region` turns a name or a code into a code, raising `InputError`."""

    find_region: FindRegion

    def read(self, texts: Mapping[str, str]) -> Read:
        """The values of every field that is not blank, as plain data: days in ISO form, amounts in fen."""
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        for name, text in texts.items():
            plain = unicodedata.normalize("NFKC", text).strip()
            if plain.casefold() in BLANK:
                continue
            try:
                values[name] = self._value(name, plain, text.strip())
            except InputError as error:
                problems += (Problem(**{**_as_dict(each), "field": name}) for each in error.problems)
        return Read(values, tuple(problems))

    def _value(self, name: str, plain: str, text: str) -> Any:
        if name in ("region", "home_region"):
            return self.find_region(plain)
        if name in AMOUNTS:
            return _amount(plain)
        reader = _READERS.get(name)
        return _words(name, text) if reader is None else reader(plain)


def in_python(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as an `Employee` has them: days as days."""
    return {
        name: date.fromisoformat(value) if name in DAYS and value else value for name, value in values.items()
    }


def blank(name: str) -> Any:
    """What a field of an employee is where nothing was filled in."""
    return next(each.default for each in fields(Employee) if each.name == name)


def shown(name: str, value: Any, place: Callable[[str], str], say: Say) -> str:
    """A field as people read it; empty where there is nothing."""
    if value is None or value == "":
        return ""
    if name in AMOUNTS:
        return format_yuan(value)
    if isinstance(value, bool):
        return say(N_("是")) if value else say(N_("否"))
    if name in ("region", "home_region"):
        return place(value)
    if name == "month":
        return str(value)[:7]
    word = _NAMES.get((name, value))
    return str(value) if word is None else say(word)


def as_typed(employee: Employee, place: Callable[[str], str]) -> dict[str, str]:
    """An employee's fields as texts that a form starts with and that are read back as they are."""
    given = {name: getattr(employee, name) for name in ROSTER}
    return {name: _typed(name, value, place) for name, value in given.items()}


def _typed(name: str, value: Any, place: Callable[[str], str]) -> str:
    if isinstance(value, bool):
        return "是" if value else ""
    if name in ("area", "employment"):
        return str(value)
    return shown(name, value, place, lambda text, /, **figures: text)


def _as_dict(problem: Problem) -> dict[str, Any]:
    return {name: getattr(problem, name) for name in ("code", "expects", "low", "high", "choices")}


def _words(name: str, text: str) -> str:
    """A text as it was typed: rare characters and middle dots stay."""
    longest = _LONGEST[name]
    if len(text) > longest:
        raise InputError(Problem("out_of_range", name, "length", high=str(longest)))
    if name in ("number", "name") and text.casefold() in TOTAL_ROW:
        raise InputError(Problem("not_allowed", name, "total_row"))
    if name in ("number", "name") and (strange := unprintable(text)):
        # Found here, and not when a notice is due.
        raise InputError(Problem("not_allowed", name, "glyph", choices=tuple(map(named, strange))))
    if name == "uninsured_why" and names_dibao(text):
        raise InputError(Problem("not_allowed", name, "no_dibao"))
    return text


def _amount(text: str) -> int:
    try:
        fen = parse_yuan(amount_text(text))
    except ValueError:
        raise InputError(Problem("not_a_number", "", "amount")) from None
    if not 0 <= fen <= LARGEST_INPUT:
        raise InputError(
            Problem("out_of_range", "", "amount", low="0", high=str(LARGEST_INPUT // 100))
        )  # fmt: skip
    return fen


def _day(text: str) -> str:
    day = date_text(text)
    try:
        found = date.fromisoformat(day)
    except ValueError:
        raise InputError(Problem("bad_date", "", "date")) from None
    if not EARLIEST <= found <= LATEST:
        raise InputError(Problem("out_of_range", "", "date", low=str(EARLIEST), high=str(LATEST)))
    return day


def _month(text: str) -> str:
    match = re.fullmatch(r"(\d{4})-?(0[1-9]|1[0-2])", text)
    try:
        return f"{match[1]}-{match[2]}-01" if match else _day(text)[:8] + "01"
    except InputError:
        raise InputError(Problem("bad_date", "", "month")) from None


def _choice(words: Mapping[str, Any]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        if text.casefold() not in words:
            choices = tuple(word for word in words if not word.isascii())[:8]
            raise InputError(Problem("not_allowed", "", "choice", choices=choices))
        return words[text.casefold()]

    return read


def _id_number(text: str) -> str:
    number = re.sub(r"\s", "", text).upper()
    if not is_id_number(number):
        raise InputError(Problem("not_allowed", "", "id_number"))
    return number


def _phone(text: str) -> str:
    number = re.sub(r"[\s\-]", "", text)
    if not re.fullmatch(r"\+?\d{5,20}", number):
        raise InputError(Problem("not_allowed", "", "phone"))
    return number


def _mail(text: str) -> str:
    if not re.fullmatch(r"[^\s@<>\"\\,;:()\[\]]{1,64}@[A-Za-z0-9.-]{1,255}", text, re.ASCII):
        raise InputError(Problem("not_allowed", "", "mail"))
    return text


def _wecom_id(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}", text):
        raise InputError(Problem("not_allowed", "", "wecom_id"))
    return text


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "area": _choice(AREA_WORDS),
    "employment": _choice(EMPLOYMENT_WORDS),
    "on_paper": _choice(YES_NO_WORDS),
    "paid": _choice(YES_NO_WORDS),
    "joined_on": _day,
    "insured_since": _day,
    "left_on": _day,
    "month": _month,
    "id_number": _id_number,
    "phone": _phone,
    "mail": _mail,
    "wecom_id": _wecom_id,
}
