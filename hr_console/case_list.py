"""The lists of the inbox: what one was narrowed to, its lines, and the search that leads there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final, Self, cast

from flask import abort, request, url_for

from audit import events
from audit.events import Event
from calculator.fields import InputError
from hr_console.case_words import BOX_NAMES, KINDS, TOPICS, Names, Row, row
from hr_console.console import account, actor
from hr_console.who import Who
from hr_inbox.cases import BOXES, Box, BulkAct, CaseLine, Cases, Search
from hr_inbox.task import DIBAO_ONLY, TaskKind
from locales import N_
from people.accounts import Account
from people.employees import Employee

#: What narrows a list, as its address holds it.
FIELDS: Final = ("box", "kind", "region", "topic", "employee", "from", "until")
#: What each list offers to do with many of its cases.
BULK: Final[Mapping[Box | None, tuple[BulkAct, ...]]] = {
    "waiting": ("take", "snooze", "done"),
    "mine": ("release", "snooze", "done"),
    "taken": (),
    "snoozed": ("take", "done"),
    "done": ("reopen",),
    None: ("take", "release", "snooze", "done", "reopen"),
}
#: A line with nothing in it: what the script fills in.
BLANK: Final = Row("", "", "waiting", 0, (), "", "", "", "", False, "", "", "", "", "")
#: After this no change comes: asked for what came since, the cases tell the last one.
NEWEST: Final = (1 << 31) - 1
NO_PERSON: Final = N_("花名册里没有这个工号，也没有叫这个名字的人。工号和姓名都要写全。")
NO_REGION: Final = N_("没找到这个地区。写城市名，比如“苏州”；重名的带上省，比如“江苏苏州”。")
NO_DAY: Final = N_("日期写成 2026-11-27 这样。")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list was narrowed to, as its address holds it."""

    box: Box | None = None
    kind: TaskKind | None = None
    region: str = ""
    topic: str = ""
    employee: str = ""
    opened_from: date | None = None
    opened_until: date | None = None

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Self:
        """From an address; what means nothing is left out. Nothing at all asks for what waits."""
        box, kind = values.get("box", ""), values.get("kind", "")
        asked = cls(
            box if box in BOXES else None,
            cast(TaskKind, kind) if kind in KINDS else None,
            values.get("region", ""),
            values.get("topic", ""),
            values.get("employee", ""),
            _day(values.get("from", "")),
            _day(values.get("until", "")),
        )
        return replace(asked, box="waiting") if asked == cls() else asked

    @property
    def narrowed(self) -> bool:
        """Whether it asks for more than one of the lists."""
        return self != type(self)(box=self.box)

    @property
    def query(self) -> dict[str, str]:
        """As the address holds it."""
        values = (
            self.box,
            self.kind,
            self.region,
            self.topic,
            self.employee,
            self.opened_from,
            self.opened_until,
        )
        return {name: str(value) for name, value in zip(FIELDS, values, strict=True) if value}

    @property
    def search(self) -> Search:
        """As the cases are asked."""
        employees = (self.employee,) if self.employee else None
        return Search(
            self.box, self.kind, self.region, self.topic, employees, self.opened_from, self.opened_until
        )


@dataclass(frozen=True)
class Found:
    """What a search form came to: where it leads, several people of one name to choose from, or errors by field."""

    asked: Asked
    people: tuple[Employee, ...] = field(default=(), repr=False)
    errors: Mapping[str, str] = field(default_factory=dict)


class Lists:
    """The lists as a template needs them."""

    def __init__(self, cases: Cases, who: Who) -> None:
        self._cases = cases
        self._who = who

    def shown(self, asked: Asked, opened: str = "") -> dict[str, Any]:
        """A list with everything around it; `opened` is the case that stands beside it.

        The last change is read before the list, so that nothing falls between the two.
        """
        viewer, tell = self._who.viewer(), self._who.tell
        _, change = self._cases.changed(viewer, NEWEST, 1)
        if asked.employee:
            self._log_search(asked.employee)
        page = self._cases.find(asked.search, viewer, request.args.get("after", ""))
        return {
            "rows": self.rows(page.lines, asked),
            "blank": BLANK,
            "more": page.after,
            "counts": self._cases.counts(viewer),
            "mentioned": self.rows(self._cases.mentioned(viewer), Asked(box="waiting")),
            "boxes": [(box, tell(name)) for box, name in BOX_NAMES.items()],
            "bulk": BULK[asked.box],
            "asked": asked,
            "query": asked.query,
            "filters": self._filters(asked),
            "kinds": [(kind, tell(KINDS[kind])) for kind in _kinds(account())],
            "topics": [(topic, tell(name)) for topic, name in TOPICS.items()],
            "change": change,
            "live": not asked.narrowed and "after" not in request.args,
            "opened": opened,
            "undo": request.args.get("undo", ""),
            # Who was looked for is not in the address, and is typed again.
            "typed": asked.query | {"place": self._who.place(asked.region)},
            "errors": {},
            "sees_roster": account().may("roster"),
        }

    def rows(self, lines: Sequence[CaseLine], asked: Asked) -> list[Row]:
        """Cases as lines that lead back to the same list."""
        names = Names(
            accounts=self._who.names(),
            employee=self._who.employee_name,
            place=self._who.place,
            languages=self._who.foreign_languages(),
            url=lambda number: address(number, asked.query),
        )
        now, me = self._who.console.now(), account().id
        return [row(line, me, now, names, self._who.tell) for line in lines]

    def found(self, typed: Mapping[str, str]) -> Found:
        """What a search form asks for, as an address that holds nothing personal."""
        errors: dict[str, str] = {}
        people = self._people(typed.get("who", "").strip(), errors)
        region = self._region(typed.get("place", "").strip(), errors)
        for name in ("from", "until"):
            if typed.get(name, "").strip() and _day(typed[name]) is None:
                errors[name] = self._who.tell(NO_DAY)
        asked = Asked.read({**typed, "region": region, "employee": ""})
        if len(people) == 1:
            asked = replace(asked, employee=people[0].id, box=asked.box if typed.get("box") else None)
        return Found(asked, people if len(people) > 1 else (), errors)

    def choices(self, found: Found) -> list[tuple[str, dict[str, str]]]:
        """People of one name, each with the address of their cases."""
        return [
            (
                f"{each.name} {each.number} · {self._who.place(each.region)}",
                replace(found.asked, employee=each.id, box=None).query,
            )
            for each in found.people
        ]

    def _people(self, who: str, errors: dict[str, str]) -> tuple[Employee, ...]:
        """Whom a number or an exact name means."""
        if not who:
            return ()
        if not account().may("roster"):
            abort(403)
        by_number = self._who.directory.by_number(who)
        found = self._who.directory.by_name(who) if by_number is None else (by_number,)
        if not found:
            errors["who"] = self._who.tell(NO_PERSON)
        return found

    def _region(self, typed: str, errors: dict[str, str]) -> str:
        if not typed:
            return ""
        try:
            return self._who.divisions.find(typed)
        except InputError:
            errors["place"] = self._who.tell(NO_REGION)
            return ""

    def _log_search(self, employee: str) -> None:
        if not account().may("roster"):
            abort(403)
        self._who.console.log.record(Event("cases_of_employee", actor(), (events.employee(employee),)))

    def _filters(self, asked: Asked) -> list[str]:
        """What the list was narrowed to, in words."""
        tell = self._who.tell
        words = (
            self._who.employee_name(asked.employee),
            tell(KINDS[asked.kind]) if asked.kind else "",
            self._who.place(asked.region),
            tell(TOPICS[asked.topic]) if asked.topic in TOPICS else "",
            tell(N_("{day} 起"), day=str(asked.opened_from)) if asked.opened_from else "",
            tell(N_("到 {day}"), day=str(asked.opened_until)) if asked.opened_until else "",
        )
        return [each for each in words if each]


def address(number: str, query: Mapping[str, str]) -> str:
    """The address of a case that was opened from a list."""
    values: dict[str, Any] = {"number": number, **query}
    return url_for(".case", **values)


def list_query() -> dict[str, str]:
    """What the request's address says of the list that it came from."""
    return {name: request.args[name] for name in FIELDS if request.args.get(name)}


def _kinds(viewer: Account) -> list[TaskKind]:
    """The kinds that somebody can look for."""
    kept_out = frozenset() if viewer.may("dibao") else DIBAO_ONLY
    return [
        kind for kind in KINDS if kind not in kept_out and (kind != "complaint" or viewer.may("complaints"))
    ]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
