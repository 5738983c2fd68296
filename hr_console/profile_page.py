"""An employee's profile 档案: what is known of them on any day, as it was known then, who said it, and how it came about.

What tells of the household is there for the dibao officer alone, while the employee agrees; that it was read is on record.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from audit.events import Event
from audit.events import employee as subject
from hr_console.case_words import CHINA
from hr_console.console import Entry, account, actor
from hr_console.fields import EARLIEST
from hr_console.notice_desk import day_of
from hr_console.personnel import minute
from hr_console.profile_desk import ProfileDesk
from hr_console.profile_words import said
from hr_console.strategy_words import TONES, kind_words
from locales import N_
from profiles.book import STATES, KeptStrategy, StrategySearch
from profiles.changes import FIELDS, HOUSEHOLD, Change, Field
from profiles.profile import Conflict, Profile

BAD_DAY: Final = N_("写成 2026-03-01，不晚于今天。")


class ProfilePage:
    """The page of one profile."""

    def __init__(self, desk: ProfileDesk) -> None:
        self._desk = desk

    @property
    def entries(self) -> Sequence[Entry]:
        """Nothing in the navigation: the employees' pages lead here."""
        return ()

    def add_to(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/roster/<uuid:employee>/profile", "employee_profile", self.page)

    def page(self, employee: UUID) -> ResponseReturnValue:
        """The profile on a day, as it was known on another."""
        it = self._desk.staff.there(employee)
        problems: dict[str, str] = {}
        day, known = self._day("day", problems), self._day("known", problems)
        household = account().may("dibao") and self._agreed(it.id)
        self._desk.staff.console.log.record(
            Event("dibao_profile_opened" if household else "profile_opened", actor(), (subject(it.id),))
        )
        profile = self._desk.book.profile_of(it.id, day, self._end_of(known))
        changes = [each for each in self._desk.book.changes_of(it.id) if household or not _is_private(each)]
        staff = self._desk.staff
        page = render_template(
            "hr_console/profile.html",
            employee=it,
            day=day,
            known=known,
            today=self._desk.today(),
            problems=problems,
            texts=request.args if problems else {"day": day.isoformat(), "known": known.isoformat()},
            values=[said(each, staff) for each in _values(profile, household)],
            unknown=[self._desk.say(FIELDS[each]) for each in _unknown(profile, household)],
            conflicts=[
                (said(each.counts, staff), said(each.against, staff))
                for each in _conflicts(profile, household)
            ],
            timeline=[said(each, staff) for each in reversed(changes)],
            household=household,
            strategies=self._strategies(it.id),
            strategy_states=STATES,
            tones=TONES,
            kind_words=lambda strategy: kind_words(strategy, self._desk.say),
            minute=minute,
        )
        return page, 400 if problems else 200

    def _agreed(self, employee: str) -> bool:
        return any(each.holds for each in self._desk.staff.records.consents(employee))

    def _day(self, name: str, problems: dict[str, str]) -> date:
        """A day of the address, today where none is given; what is wrong with it goes to `problems`."""
        text, today = request.args.get(name, ""), self._desk.today()
        if not text:
            return today
        day = day_of(text)
        if day is None or not EARLIEST <= day <= today:
            problems[name] = self._desk.say(BAD_DAY)
            return today
        return day

    def _end_of(self, day: date) -> datetime:
        """The last moment of a day in China; now where it is today."""
        end = datetime.combine(day + timedelta(days=1), time(), CHINA) - timedelta(microseconds=1)
        return min(end, self._desk.staff.console.now())

    def _strategies(self, employee: str) -> Sequence[KeptStrategy] | None:
        """What followed from the employee's changes, for those who work on it; None for others."""
        if not account().may("inbox"):
            return None
        search = StrategySearch(employee, states=frozenset(STATES), dibao=account().may("dibao"))
        return self._desk.book.find(search)


def _is_private(change: Change) -> bool:
    return change.what in HOUSEHOLD


def _values(profile: Profile | None, household: bool) -> list[Change]:
    """The changes behind the values, in the order of the fields."""
    if profile is None:
        return []
    return [profile.behind[what] for what in _fields(household) if what in profile.behind]


def _unknown(profile: Profile | None, household: bool) -> list[Field]:
    """The fields of which nothing was said yet."""
    return [what for what in _fields(household) if profile is None or what not in profile.behind]


def _conflicts(profile: Profile | None, household: bool) -> list[Conflict]:
    found = () if profile is None else profile.conflicts
    return [each for each in found if household or not _is_private(each.counts)]


def _fields(household: bool) -> list[Field]:
    return [what for what in FIELDS if household or what not in HOUSEHOLD]
