"""What the pages of notices stand on, and what they share: whom a notice is for, days in words, papers, scans."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Literal, Protocol
from uuid import UUID

from flask import Response, request

from hr_console.personnel import LONGEST_REASON, NO_REASON, TOO_LONG, Personnel
from hr_inbox.service_rules import ServiceRules
from hr_inbox.working_days import Day, is_worked
from locales import N_, Say
from notices.book import NoticeBook
from notices.notice import Content
from people.employees import Employee
from people.entities import read_png
from policy_kb.headings import names_dibao
from profiles.book import ProfileBook

#: Days of work that an employee has to answer, where HR says nothing else.
DAYS_TO_ANSWER: Final = 5
#: The farthest last day to answer, in days.
FARTHEST: Final = 90
WEEKDAYS: Final = (N_("周一"), N_("周二"), N_("周三"), N_("周四"), N_("周五"), N_("周六"), N_("周日"))
NO_DIBAO: Final = N_("这里不要写低保的事：看得到这一句的人比能看低保的人多。")
#: Bytes of a scan, and a little more for the form around it.
LARGEST_SCAN: Final = 5 * 2**20
NO_SCAN: Final = N_("请选一个 PNG、JPEG 或 PDF 文件，不超过 {size} MB。手机拍的照片也行，要看得清签名。")
ScanKind = Literal["png", "jpg", "pdf"]


class Papers(Protocol):
    """Notices and forms on paper, as PDFs. All raise `documents.rendering.MissingGlyph`."""

    def draft(self, content: Content) -> bytes:
        """A notice that is not issued, marked as a draft."""

    def notice(self, content: Content) -> bytes:
        """A notice to hand over or to post, with a place to sign on."""

    def witness_form(self, content: Content) -> bytes:
        """What two witnesses sign when somebody does not take a notice."""

    def confirmations(self, people: Sequence[Employee]) -> bytes:
        """The 电子送达与电子签名确认书 of each, to be signed by hand."""


@dataclass(frozen=True, kw_only=True)
class NoticeDesk:
    """The notices, and the roster that they are about. `rules` are the days that are worked; `run` has a batch worked on
    soon, beside the requests."""

    staff: Personnel
    book: NoticeBook
    rules: Callable[[], ServiceRules]
    papers: Papers
    profiles: ProfileBook
    run: Callable[[str], None] = field(default=lambda id: None, repr=False)

    @property
    def say(self) -> Say:
        """What words a sentence in the reader's language."""
        return self.staff.say

    def due_on(self) -> date:
        """The last day to answer of what is issued today: so many days of work from now."""
        rules, day, left = self.rules(), self.staff.today(), DAYS_TO_ANSWER
        while left:
            day += timedelta(days=1)
            left -= is_worked(rules.days.day(day), rules.hours)
        return day

    def next_worked(self, on: date) -> date:
        """The day itself where it is worked, else the next one that is."""
        rules = self.rules()
        while not is_worked(rules.days.day(on), rules.hours):
            on += timedelta(days=1)
        return on

    def is_worked(self, on: date) -> bool:
        """Whether anybody works on a day."""
        rules = self.rules()
        return is_worked(rules.days.day(on), rules.hours)

    def day_words(self, on: date) -> str:
        """A day with its weekday, and the holiday that it is."""
        day, say = self.rules().days.day(on), self.say
        told = f"{on.isoformat()} {say(WEEKDAYS[on.weekday()])}"
        return f"{told}，{_kind_of(day, self.is_worked(on), say)}"


def _kind_of(day: Day, worked: bool, say: Say) -> str:
    if day.name:
        return say(N_("{name}调休，上班"), name=day.name) if worked else say(N_("{name}放假"), name=day.name)
    if day.source == "assumed":
        return say(N_("那年的放假安排还没公布"))
    return say(N_("上班")) if worked else say(N_("不上班"))


def reason(desk: NoticeDesk, name: str, problems: dict[str, str], *, needed: bool = True) -> str:
    """Why something is done, in words that do not tell of dibao; what is wrong with it goes to `problems`."""
    text = request.form.get(name, "").strip()
    if needed and not text:
        problems[name] = desk.say(NO_REASON)
    elif len(text) > LONGEST_REASON:
        problems[name] = desk.say(TOO_LONG, most=str(LONGEST_REASON))
    elif names_dibao(text):
        problems[name] = desk.say(NO_DIBAO)
    return text


def day_of(text: str) -> date | None:
    """A day as a form sends it; None where it is none.

    >>> day_of("2026-10-22"), day_of("10-22")
    (datetime.date(2026, 10, 22), None)
    """
    try:
        return date.fromisoformat(text) if len(text) == len("2026-10-22") else None
    except ValueError:
        return None


def month_of(text: str) -> date | None:
    """The first day of a month as a form sends it.

    >>> month_of("2026-10"), month_of("2026-13")
    (datetime.date(2026, 10, 1), None)
    """
    return day_of(f"{text}-01")


def page_number() -> int:
    """The page that is asked for, counted from 1."""
    text = request.args.get("page", "1")
    return max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) < 6 else 1


def employee_id(text: str) -> str:
    """An id of the roster as it stands in addresses; empty where it is none.

    >>> employee_id("5A1E0000-0000-4000-8000-000000000001"), employee_id("A0034")
    ('5a1e0000-0000-4000-8000-000000000001', '')
    """
    try:
        return str(UUID(text))
    except ValueError:
        return ""


def scan_kind(data: bytes) -> ScanKind | None:
    """What a scan is by its content, whatever its name says; None for anything else, and for one that is cut short.

    >>> scan_kind(b"%PDF-1.7 ... %%EOF"), scan_kind(b"MZ..."), scan_kind(b"%PDF-1.7 ...")
    ('pdf', None, None)
    """
    if data.startswith(b"\xff\xd8\xff") and data.rstrip(b"\0").endswith(b"\xff\xd9"):
        return "jpg"
    if data.startswith(b"%PDF-") and b"%%EOF" in data[-1024:]:
        return "pdf"
    try:
        read_png(data)
    except ValueError:
        return None
    return "png"


def read_scan(name: str = "scan") -> tuple[bytes, ScanKind] | None:
    """The scan of a form; None where there is none, it is too large or no scan."""
    file = request.files.get(name)
    if file is None:
        return None
    with file.stream as stream:
        data = stream.read(LARGEST_SCAN + 1)
    kind = scan_kind(data) if len(data) <= LARGEST_SCAN else None
    return None if kind is None else (data, kind)


_TYPES: Final = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "zip": "application/zip",
}


def as_file(data: bytes, name: str, *, inline: bool = False) -> Response:
    """A file to be kept, or a PDF to be looked at. Its name has nothing personal in it."""
    kind = _TYPES.get(name.rpartition(".")[2], "application/octet-stream")
    how = "inline" if inline else "attachment"
    return Response(data, mimetype=kind, headers={"Content-Disposition": f'{how}; filename="{name}"'})


def chosen_people(desk: NoticeDesk, ids: Sequence[str]) -> Iterator[Employee]:
    """The employees of some ids who are there, each once."""
    for id in dict.fromkeys(filter(None, map(employee_id, ids))):
        found = desk.staff.roster.get(id)
        if found is not None:
            yield found
