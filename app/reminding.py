"""Once a month HR gets a task with what is due in the library, for the places that concern the company's people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date

from app.clock import day_in_china
from app.settings import Settings
from hr_console.policy_desk import DUE
from hr_inbox.task import HrTask
from people.employees import RosterSearch
from policy_kb import compiled
from policy_kb.due import KINDS, Due, due
from policy_kb.filling import lines_to_fill
from policy_kb.library import Library
from storage.opening import Storage


class PolicyReminder:
    """Looks every day; a month in which nothing was due on its first days may still become one with a task."""

    def __init__(self, storage: Storage, library: Callable[[], Library], today: Callable[[], date]) -> None:
        self._storage = storage
        self._library = library
        self._today = today

    def run(self) -> bool:
        """Reminds, unless it was done this month or there is nothing to say; whether it did."""
        today = self._today()
        month = today.replace(day=1)
        if self._storage.reminders.is_reminded(month):
            return False
        lines = self._lines(today)
        return bool(lines) and self._storage.reminders.remind(
            month, HrTask("policy_due", lines, topic="policy")
        )

    def _lines(self, today: date) -> tuple[str, ...]:
        """What is due, counted by kind: nobody's name, and no place that only one person comes from."""
        library = self._library()
        people = [line.employee for line in self._storage.roster.everyone(RosterSearch())]
        homes = [(each.home_region, each.area) for each in people if each.home_region]
        places = {each.region for each in people} | {region for region, _ in homes}
        concerned = {level for place in places for level in library.divisions.levels(place)}
        found = [each for each in due(library, today) if each.region in concerned]
        lacking = {each.region for each in lines_to_fill(library, homes, today)}
        said = [*_counted(found)]
        if lacking:
            said.append(
                f"老家所在的县里有 {len(lacking)} 个没有能用的低保线，可以下载 lines_to_fill.xlsx 去问。"
            )
        return ("政策库该看一眼了，要改的数见“政策 > 该看一眼的”。", *said) if said else ()


def _counted(found: list[Due]) -> list[str]:
    counts = Counter(each.kind for each in found)
    return [f"{DUE[kind]}：{counts[kind]} 项" for kind in KINDS if counts[kind]]


def make_reminder(settings: Settings, storage: Storage) -> PolicyReminder:
    """What the jobs run; the library is what the folders hold on the day."""
    return PolicyReminder(
        storage,
        lambda: compiled.load(settings.policy.overlays),
        lambda: day_in_china(storage.now()),
    )
