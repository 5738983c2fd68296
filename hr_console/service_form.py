"""The forms of the service times: what was typed becomes hours, targets, a day, or rules for mails, or says what is
accepted instead."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Final

from hr_inbox.service_clock import DAY, Hours, Interval, Intervals, Targets, check_intervals
from hr_inbox.service_rules import EVERY, NO_MAIL, PRIORITY_NAMES, TARGET_LIMITS, MailRules
from hr_inbox.working_days import OwnDay
from locales import N_

DAY_NAMES: Final = (N_("周一"), N_("周二"), N_("周三"), N_("周四"), N_("周五"), N_("周六"), N_("周日"))
#: Intervals that a day has room for at least; one more than it has, and each save makes room for another.
SLOTS: Final = 2
UNITS: Final[Mapping[str, int]] = {"minutes": 1, "hours": 60}
#: As many days ahead as anybody plans, and as many characters as a note has room for.
FARTHEST: Final = timedelta(days=800)
LONGEST_NOTE: Final = 60
_SLOT: Final = re.compile(r"(?:start|end)([0-6])_(\d)", re.ASCII)
_TIME: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::00)?")


class Wrong(Exception):
    """A form that cannot be taken: for each wrong field what is accepted."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields


def read_hours(form: Mapping[str, str]) -> Hours:
    """Business hours from `start<weekday>_<slot>` and `end<weekday>_<slot>`, weekdays from 0. Raises `Wrong`."""
    week: list[Intervals] = []
    wrong: dict[str, str] = {}
    for weekday in range(7):
        try:
            week.append(_day(form, weekday))
        except ValueError as error:
            wrong[f"day{weekday}"] = str(error)
    if not wrong and not any(week):
        wrong["day0"] = N_("一周里至少要有一天上班。")
    if wrong:
        raise Wrong(wrong)
    return Hours(tuple(week))


def _day(form: Mapping[str, str], weekday: int) -> Intervals:
    slots = sorted(name.partition("_")[2] for name in form if name.startswith(f"start{weekday}_"))
    typed = ((form[f"start{weekday}_{slot}"], form.get(f"end{weekday}_{slot}", "")) for slot in slots)
    found = tuple(sorted(_interval(start, end) for start, end in typed if start or end))
    try:
        check_intervals(found)
    except ValueError:
        raise ValueError(N_("时段不能重叠。")) from None
    return found


def _interval(start: str, end: str) -> Interval:
    """「22:00」 to 「06:00」 ends on the next day; 「00:00」 to 「00:00」 is the whole day."""
    first, last = _TIME.fullmatch(start.strip()), _TIME.fullmatch(end.strip())
    if first is None or last is None:
        raise ValueError(N_("每段都要写开始和结束，像 8:30 到 12:00；不上班就都空着。"))
    begins, ends = (60 * int(each[1]) + int(each[2]) for each in (first, last))
    if begins == ends != 0:
        raise ValueError(N_("开始和结束不能一样；整天上班写 00:00 到 00:00。"))
    return Interval(begins, ends if ends > begins else ends + DAY)


def hours_fields(hours: Hours) -> dict[str, str]:
    """The fields that `read_hours` reads."""
    return {
        f"{name}{weekday}_{slot}": f"{minutes % DAY // 60:02}:{minutes % 60:02}"
        for weekday, day in enumerate(hours.week)
        for slot, interval in enumerate(day)
        for name, minutes in (("start", interval.start), ("end", interval.end))
    }


def slots_of(fields: Mapping[str, str]) -> tuple[int, ...]:
    """How many intervals each weekday of the form has room for."""
    return tuple(max(SLOTS, _last_used(fields, weekday) + 1) for weekday in range(7))


def _last_used(fields: Mapping[str, str], weekday: int) -> int:
    found = (_SLOT.fullmatch(name) for name, typed in fields.items() if typed)
    return max(
        (int(each[2]) + 1 for each in found if each is not None and int(each[1]) == weekday), default=0
    )


def read_targets(form: Mapping[str, str]) -> Targets:
    """Minutes by priority, from `target<priority>` and `unit<priority>`. Raises `Wrong`."""
    targets: dict[int, int] = {}
    wrong: dict[str, str] = {}
    for priority in PRIORITY_NAMES:
        typed = form.get(f"target{priority}", "").strip()
        unit = UNITS.get(form.get(f"unit{priority}", ""), 1)
        minutes = int(typed) * unit if typed.isascii() and typed.isdigit() and len(typed) < 9 else -1
        if not TARGET_LIMITS[0] <= minutes <= TARGET_LIMITS[1]:
            wrong[f"target{priority}"] = N_("写一个整数，从 5 分钟到 166 小时。")
        targets[priority] = minutes
    if wrong:
        raise Wrong(wrong)
    return targets


def target_fields(targets: Targets) -> dict[str, str]:
    """The fields that `read_targets` reads: whole hours as hours."""
    fields: dict[str, str] = {}
    for priority, minutes in targets.items():
        unit = "minutes" if minutes % UNITS["hours"] else "hours"
        fields |= {f"target{priority}": str(minutes // UNITS[unit]), f"unit{priority}": unit}
    return fields


def read_day(form: Mapping[str, str], today: date) -> OwnDay:
    """A day from `on`, `works` and `note`. Raises `Wrong`."""
    wrong: dict[str, str] = {}
    on = _date(form.get("on", ""))
    if on is None or not today <= on <= today + FARTHEST:
        wrong["on"] = N_("选今天或以后的一天，最远两年。")
    works = {"yes": True, "no": False}.get(form.get("works", ""))
    if works is None:
        wrong["works"] = N_("选这天上班还是不上班。")
    note = " ".join(form.get("note", "").split())
    if len(note) > LONGEST_NOTE:
        wrong["note"] = N_("最多 60 个字。")
    if wrong or on is None or works is None:
        raise Wrong(wrong)
    return OwnDay(on, works, note)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def read_mail(form: Mapping[str, str], accounts: Collection[str]) -> MailRules:
    """Rules from `every` and, for each account that has its own, `own_<account>`. Raises `Wrong`."""
    choices = {str(minutes): minutes for minutes in EVERY}
    wrong: dict[str, str] = {}
    if form.get("every", "") not in choices:
        wrong["every"] = N_("从列出的时间里选一个。")
    own_choices = choices | {str(NO_MAIL): NO_MAIL}
    own = {}
    for account in accounts:
        chosen = form.get(f"own_{account}", "")
        if chosen in own_choices:
            own[account] = own_choices[chosen]
        elif chosen:
            wrong[f"own_{account}"] = N_("从列出的时间里选一个。")
    if wrong:
        raise Wrong(wrong)
    return MailRules(choices[form["every"]], own)
