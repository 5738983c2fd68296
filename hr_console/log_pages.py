"""The auditor's pages: who did what and saw whom, how the chain stands, and the whole of it to take away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Protocol

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from audit.events import ACTS, EMPLOYEE, SYSTEM, Event
from audit.events import account as account_reference
from audit.events import employee as employee_reference
from audit.events import task as task_reference
from audit.reading import Chain, History, Recorded, Wanted
from hr_console.console import Console, Entry, account, actor, done, say
from hr_console.log_sheet import TYPE, make_sheet
from hr_console.log_words import CHINA, GONE, KEPT_BACK, Names, state_told
from locales import N_
from people.accounts import Account
from people.employees import Directory

PAGE: Final = 50
#: A workbook holds no more; the file of JSON lines holds everything.
MOST_ROWS: Final = 100_000
_TASK: Final = re.compile(r"[Tt]-?0*(\d{1,9})")
_REFERENCE: Final = re.compile(r"(?:account|employee|task):[\w-]{1,50}")
NOT_FOUND: Final = N_("没有找到。填工号、事项编号（比如 T-000123），或者人事账号的姓名。")
NOT_A_DAY: Final = N_("填日期，比如 2026-10-15。")
TURNED: Final = N_("结束的日期比开始的早。")
NO_KEY: Final = N_("还没有给日志签名的钥匙。请管服务器的人运行一次 shebao audit key。")
CHECKED: Final = N_("核对完了。")


class Everyone(Protocol):
    """HR's accounts, by which actors are named."""

    def all(self) -> tuple[Account, ...]:
        """Every account, closed ones too."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for, as it was typed or chosen. `about` is a reference, `typed` what is to become one."""

    act: str = ""
    who: str = ""
    about: str = ""
    since: str = ""
    until: str = ""
    typed: str = field(default="", repr=False)

    @property
    def query(self) -> dict[str, str]:
        """The search as an address has it: references, never a name or a number of the company's."""
        values = {name: getattr(self, name) for name in ("act", "who", "about", "since", "until")}
        return {name: value for name, value in values.items() if value}


class LogPages:
    """The log."""

    def __init__(
        self, console: Console, history: History, chain: Chain, staff: Everyone, employees: Directory
    ) -> None:
        self._console = console
        self._history = history
        self._chain = chain
        self._staff = staff
        self._employees = employees

    @property
    def entries(self) -> Sequence[Entry]:
        """One line."""
        return (Entry("log", N_("日志")),)

    def add_to(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/log", "log", self.page)
        blueprint.add_url_rule("/log", "log_search", self.search, methods=["POST"])
        blueprint.add_url_rule("/log/<int:seq>", "log_event", self.event)
        blueprint.add_url_rule("/log/check", "log_check", self.check, methods=["POST"])
        blueprint.add_url_rule("/log/export", "log_export", self.export, methods=["POST"])

    def page(self) -> ResponseReturnValue:
        """The events, the newest first."""
        search = _searched(request.args)
        if search.about.startswith("employee:"):
            self._console.log.record(Event("log_search", actor(), (search.about,)))
        before = request.args.get("before", "")
        found = self._history.find(
            self._wanted(search), int(before) if re.fullmatch(r"\d{1,9}", before) else None, PAGE
        )
        return self._render(search, found)

    def search(self) -> ResponseReturnValue:
        """Turns what was typed into references and days; the addresses hold no more."""
        asked = _searched(request.form)
        search, errors = self._resolve(asked)
        if errors:
            return self._render(asked, (), errors), 400
        return done("log", **search.query)

    def event(self, seq: int) -> ResponseReturnValue:
        """One event with its proof."""
        found = self._history.get(seq)
        if found is None:
            abort(404)
        line = self._names().line(found, most=None)
        if found.reason and not line.hidden:
            self._console.log.record(Event("log_opened", actor(), details={"seq": seq}))
        return render_template(
            "hr_console/log_event.html",
            event=found, line=line, state=self._chain.state(), kept_back=KEPT_BACK, gone=GONE,
        )  # fmt: skip

    def check(self) -> ResponseReturnValue:
        """Checks the chain now."""
        self._console.log.record(Event("log_check", actor()))
        return done("log", say(self._console)(CHECKED if self._checked() else NO_KEY))

    def export(self) -> ResponseReturnValue:
        """The found events as a workbook, or the whole chain as lines that anybody can check."""
        form = "xlsx" if request.form.get("form") == "xlsx" else "jsonl"
        if form == "jsonl" and not self._checked():
            return done("log", say(self._console)(NO_KEY))
        search = _searched(request.form)
        about = (search.about,) if form == "xlsx" and search.about else ()
        self._console.log.record(Event("log_export", actor(), about, {"form": form}))
        if form == "xlsx":
            events = self._all(self._wanted(search))
            return self._file(make_sheet(events, self._names(), say(self._console)), form, TYPE)
        self._checked()  # signs the head that covers the export itself
        return self._file(self._chain.export(dibao=account().may("dibao")), form, "application/jsonl")

    def _checked(self) -> bool:
        """Checks the chain; whether there is a key to sign it with."""
        try:
            self._chain.check()
        except ValueError:
            return False
        return True

    def _render(self, search: Search, found: Sequence[Recorded], errors: dict[str, str] | None = None) -> str:
        names, state = self._names(), self._chain.state()
        told, bad = state_told(state, say(self._console))
        return render_template(
            "hr_console/log.html",
            lines=[names.line(each) for each in found],
            before=found[-1].seq if len(found) == PAGE else None,
            search=search, errors=errors or {}, acts=ACTS, staff=self._staff.all(),
            others=(SYSTEM, EMPLOYEE), name_of=names.of,
            state=state, told=told, bad=bad, kept_back=KEPT_BACK, gone=GONE,
        )  # fmt: skip

    def _names(self) -> Names:
        staff = {each.id: each for each in self._staff.all()}
        return Names(account(), staff, self._employees, say(self._console))

    def _wanted(self, search: Search) -> Wanted:
        since, until = _day(search.since), _day(search.until)
        return Wanted(
            act=search.act,
            actor=search.who if search.who in (SYSTEM, EMPLOYEE, "") else account_reference(search.who),
            subjects=(search.about,) if search.about else (),
            since=since,
            until=None if until is None else until + timedelta(days=1),
            # Whoever looks for one person must not learn by an act's name what they may not know about them.
            dibao=not search.about or account().may("dibao"),
        )

    def _resolve(self, asked: Search) -> tuple[Search, dict[str, str]]:
        about = self._reference(asked.typed) if asked.typed else asked.about
        since, until = _day(asked.since), _day(asked.until)
        errors = {
            name: NOT_A_DAY
            for name, text, day in (("since", asked.since, since), ("until", asked.until, until))
            if text and day is None
        }
        if about is None:
            errors["typed"] = NOT_FOUND
        if since and until and until < since:
            errors["until"] = TURNED
        return Search(asked.act, asked.who, about or "", asked.since, asked.until), errors

    def _reference(self, text: str) -> str | None:
        """The reference that somebody means who types a number or a name."""
        if found := _TASK.fullmatch(text):
            return task_reference(f"T-{int(found[1]):06}")
        for each in self._staff.all():
            if text in (each.name, each.login):
                return account_reference(each.id)
        found_employee = self._employees.by_number(text)
        return None if found_employee is None else employee_reference(found_employee.id)

    def _all(self, wanted: Wanted) -> Iterator[Recorded]:
        before, count = None, 0
        while count < MOST_ROWS and (found := self._history.find(wanted, before, 1000)):
            yield from found
            before, count = found[-1].seq, count + len(found)

    def _file(self, content: bytes | Iterator[str], form: str, kind: str) -> Response:
        day = f"{self._console.now().astimezone(CHINA):%Y-%m-%d}"
        headers = {"Content-Disposition": f'attachment; filename="shebao-log-{day}.{form}"'}
        return Response(content, mimetype=kind, headers=headers)


def _searched(values: Any) -> Search:
    """The search in an address or a form; what cannot be one is left out."""
    asked = {
        name: values.get(name, "").strip() for name in ("act", "who", "about", "since", "until", "typed")
    }
    if asked["act"] not in ACTS:
        asked["act"] = ""
    if not _REFERENCE.fullmatch(asked["about"]):
        asked["about"] = ""
    return Search(**asked)


def _day(text: str) -> datetime | None:
    """The beginning of a day in China; None where there is none."""
    try:
        return datetime.combine(date.fromisoformat(text), time(), CHINA)
    except ValueError:
        return None
