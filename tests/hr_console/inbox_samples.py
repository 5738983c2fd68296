"""An inbox to look at: cases in memory that keep the protocol, a roster, and the people of the stories.

PYTEST_DONT_REWRITE: the search for doctests imports this module before the tests name it as their plugin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from databases import Clock
from desk import Colleague
from flask import Flask

from app.console import make_console
from app.settings import Settings
from app.web import create_app
from hr_console.case_words import box_of
from hr_inbox.cases import (
    BOXES,
    Box,
    BulkAct,
    Case,
    CaseLine,
    Cases,
    Collision,
    Note,
    Page,
    Said,
    Search,
    Viewer,
)
from hr_inbox.task import NORMAL, PRIORITIES, HrTask
from people.accounts import Role
from people.employees import Directory, Employee
from policy_kb.articles import load_articles
from policy_kb.finding import Finder
from policy_kb.library import Library
from storage.opening import Storage

SUZHOU, FUYANG = "320500", "341200"
ALI = Employee("e-ali", "0042", "王阿丽", SUZHOU)
LI_QIANG = Employee("e-li-1", "0101", "李强", SUZHOU)
THE_OTHER = Employee("e-li-2", "0102", "李强", "110000")


class Roster(Directory):
    """Three employees, two of one name."""

    def __init__(self) -> None:
        self.people = {each.id: each for each in (ALI, LI_QIANG, THE_OTHER)}

    def get(self, employee: str) -> Employee | None:
        return self.people.get(employee)

    def by_number(self, number: str) -> Employee | None:
        return next((each for each in self.people.values() if each.number == number), None)

    def by_name(self, name: str) -> tuple[Employee, ...]:
        return tuple(each for each in self.people.values() if each.name == name)

    def of_conversation(self, conversation: str) -> Employee | None:
        return None

    def conversations_of(self, employee: str) -> Mapping[str, str]:
        return {}


@dataclass
class Kept:
    """A case as the double keeps it."""

    line: CaseLine
    task: HrTask
    conversation: str | None = "c"
    said: list[Said] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    reachable: bool = True
    held_by: str | None = None


class CasesInMemory(Cases):
    """The protocol in a few lines, without a database: every act as HR sees it."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.kept: dict[str, Kept] = {}
        self.opened: list[str] = []
        self.done: dict[str, dict[str, CaseLine]] = {}
        self._numbers, self._changes, self._seqs = count(1), count(1), count(1)
        self._change = 0

    # -- what happens outside HR's pages

    def arrives(self, *lines: str, kind: Any = "question", employee: str | None = None, **values: Any) -> str:
        """A task comes in; its number."""
        number = f"T-{next(self._numbers):06}"
        task_fields = {name: values.pop(name) for name in ("whole", "dibao", "language") if name in values}
        task = HrTask(kind, lines, values.pop("region", SUZHOU), **task_fields)
        line = CaseLine(
            number=number,
            state="waiting",
            kind=None if task.restricted else kind,
            topic="",
            region=task.region,
            language=task.language,
            priority=PRIORITIES.get(kind, NORMAL),
            opened_at=self.now(),
            due_at=values.pop("due_at", self.now() + timedelta(hours=4)),
            snoozed_until=None,
            assignee=None,
            employee=employee,
            wrote_at=None,
            change=self._next(),
        )
        self.kept[number] = Kept(line, task, **values)
        return number

    def writes(self, number: str, text: str) -> None:
        """The employee writes to HR."""
        kept = self.kept[number]
        kept.said.append(Said(next(self._seqs), "employee", text, self.now()))
        self._put(number, wrote_at=self.now())

    def settles(self, number: str, delivery: Any, reason: str = "") -> None:
        """What became of the last answer."""
        kept = self.kept[number]
        kept.said[-1] = replace(kept.said[-1], delivery=delivery, reason=reason)

    # -- the protocol

    def find(self, search: Search, viewer: Viewer, after: str = "", limit: int = 50) -> Page:
        found = [each.line for each in self._seen(viewer) if self._matches(each.line, search, viewer)]
        found.sort(key=lambda line: (line.priority, str(line.due_at), line.number))
        start = int(after or 0)
        return Page(
            tuple(found[start : start + limit]), str(start + limit) if len(found) > start + limit else ""
        )

    def counts(self, viewer: Viewer) -> dict[Box, int]:
        boxes = [box_of(each.line, viewer.account) for each in self._seen(viewer)]
        return {box: boxes.count(box) for box in BOXES}

    def changed(self, viewer: Viewer, after: int, limit: int = 200) -> tuple[Sequence[CaseLine], int]:
        lines = sorted((each.line for each in self._seen(viewer)), key=lambda line: line.change)
        found = [line for line in lines if line.change > after][:limit]
        return found, found[-1].change if len(found) == limit else self._change

    def open(self, number: str, viewer: Viewer) -> Case | None:
        kept = next((each for each in self._seen(viewer) if each.line.number == number), None)
        if kept is None:
            return None
        self.opened.append(number)
        held = kept.line.assignee if kept.line.state == "taken" else kept.held_by
        return Case(kept.line, kept.task, kept.conversation, tuple(kept.notes), held, kept.reachable)

    def transcript(self, number: str, viewer: Viewer, after: int = 0) -> tuple[Said, ...]:
        return tuple(each for each in self.kept[number].said if each.seq > after)

    def take(self, number: str, viewer: Viewer) -> None:
        self._mine_or_free(number, viewer)
        self._put(number, state="taken", assignee=viewer.account, snoozed_until=None)

    def take_over(self, number: str, viewer: Viewer, why: str) -> None:
        self._put(number, state="taken", assignee=viewer.account)

    def assign(self, number: str, viewer: Viewer, colleague: Viewer) -> None:
        self._mine_or_free(number, viewer)
        self._put(number, state="taken", assignee=colleague.account, snoozed_until=None)

    def release(self, number: str, viewer: Viewer) -> None:
        self._mine_or_free(number, viewer)
        self._put(number, state="waiting", assignee=None)

    def snooze(self, number: str, viewer: Viewer, until: datetime) -> None:
        self._mine_or_free(number, viewer)
        self._put(number, state="snoozed", assignee=None, snoozed_until=until)

    def finish(self, number: str, viewer: Viewer) -> None:
        self._mine_or_free(number, viewer)
        self._put(number, state="done", assignee=None)

    def reopen(self, number: str, viewer: Viewer) -> None:
        self._put(number, state="waiting", assignee=None)

    def say(
        self,
        number: str,
        viewer: Viewer,
        text: str,
        key: str,
        seen: int,
        sources: tuple[dict[str, Any], ...] = (),
    ) -> str:
        kept = self.kept[number]
        if key in kept.keys:
            return kept.keys[key]
        if kept.line.assignee != viewer.account:
            raise Collision(kept.line.assignee)
        seq = next(self._seqs)
        kept.said.append(Said(seq, "hr", text, self.now(), "queued", by=viewer.account, sources=sources))
        kept.keys[key] = str(seq)
        self._put(number)
        return str(seq)

    def retry(self, number: str, viewer: Viewer, seq: int) -> bool:
        said = self.kept[number].said
        failed = [at for at, each in enumerate(said) if each.seq == seq and each.delivery == "failed"]
        for at in failed:
            said[at] = replace(said[at], delivery="queued", reason="")
        return bool(failed)

    def mentioned(self, viewer: Viewer) -> tuple[CaseLine, ...]:
        return tuple(
            each.line
            for each in self._seen(viewer)
            if any(viewer.account in note.mentions for note in each.notes)
        )

    def note(self, number: str, viewer: Viewer, text: str, mentions: Sequence[str] = ()) -> None:
        notes = self.kept[number].notes
        notes.append(Note(str(len(notes)), viewer.account, text, tuple(mentions), self.now()))

    def many(
        self, act: BulkAct, numbers: Sequence[str], viewer: Viewer, until: datetime | None = None
    ) -> str:
        before = {}
        for number in numbers:
            line = self.kept[number].line
            try:
                if act == "snooze":
                    assert until is not None
                    self.snooze(number, viewer, until)
                else:
                    acts = {
                        "take": self.take,
                        "release": self.release,
                        "done": self.finish,
                        "reopen": self.reopen,
                    }
                    acts[act](number, viewer)
            except Collision:
                continue
            before[number] = line
        id = f"undo-{len(self.done)}"
        self.done[id] = before
        return id

    def undo(self, id: str, viewer: Viewer) -> int:
        before = self.done.pop(id, {})
        for number, line in before.items():
            self._put(number, state=line.state, assignee=line.assignee, snoozed_until=line.snoozed_until)
        return len(before)

    # -- within

    def _next(self) -> int:
        self._change = next(self._changes)
        return self._change

    def _put(self, number: str, **values: Any) -> None:
        kept = self.kept[number]
        kept.line = replace(kept.line, **values, change=self._next())

    def _seen(self, viewer: Viewer) -> list[Kept]:
        return [each for each in self.kept.values() if viewer.may_see(each.task.audience)]

    def _mine_or_free(self, number: str, viewer: Viewer) -> None:
        line = self.kept[number].line
        if line.state == "taken" and line.assignee != viewer.account:
            raise Collision(line.assignee)

    def _matches(self, line: CaseLine, search: Search, viewer: Viewer) -> bool:
        day = line.opened_at.date()
        return (
            search.box in (None, box_of(line, viewer.account))
            and search.kind in (None, line.kind)
            and search.region in ("", line.region)
            and search.topic in ("", line.topic)
            and (search.employees is None or line.employee in search.employees)
            and (search.opened_from is None or day >= search.opened_from)
            and (search.opened_until is None or day <= search.opened_until)
        )


@pytest.fixture
def cases(clock: Clock) -> CasesInMemory:
    """No case yet."""
    return CasesInMemory(clock)


@pytest.fixture(scope="session")
def finder() -> Finder:
    """Every article, found by its words alone."""
    return Finder(load_articles())


@pytest.fixture
def inbox(desk_storage: Storage, library: Library, cases: CasesInMemory, finder: Finder) -> Iterator[Flask]:
    """The application with the inbox over these cases."""
    console = make_console(Settings(), desk_storage, library, finder=finder, cases=cases, directory=Roster())
    yield create_app(Settings(), library, console=console)


@pytest.fixture
def hr(inbox: Flask, desk_storage: Storage) -> Callable[..., Colleague]:
    """Signs somebody in to the inbox: `hr("赵静", "agent", "dibao_officer")`; an agent where no role is given."""

    def sign_in(name: str, *roles: Role) -> Colleague:
        granted: frozenset[Role] = frozenset(roles or ("agent",))
        account = desk_storage.accounts.add(f"{name}@example.test", name, granted, state="active")
        return Colleague(inbox, desk_storage, account)

    return sign_in
