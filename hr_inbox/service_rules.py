"""What a company has settled about answering: its hours, its own days, how quick it wants to be, who is told by mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, Protocol

from hr_inbox.service_clock import Due, Hours, Interval, ServiceClock, Targets, due_at
from hr_inbox.working_days import OwnDay, WorkingDays
from locales import N_

#: What a priority is called.
PRIORITY_NAMES: Final[Mapping[int, str]] = {0: N_("加急"), 1: N_("优先"), 2: N_("普通")}
#: Monday to Friday, with a lunch break.
OFFICE_HOURS: Final = Hours((((Interval(510, 720), Interval(810, 1050)),) * 5) + ((), ()))
TARGETS: Final[Targets] = {0: 30, 1: 240, 2: 450}
#: A target in minutes lies in these limits: nobody answers in no time, and none is later than about a working month.
TARGET_LIMITS: Final = (5, 10_000)
#: Minutes between two mails to one person that can be chosen; `NO_MAIL` is none at all.
EVERY: Final = (15, 30, 60, 120, 240)
NO_MAIL: Final = 0


@dataclass(frozen=True, slots=True)
class MailRules:
    """How often new work is told by mail: every so many minutes at most, unless an account has its own choice."""

    every: int = 30
    own: Mapping[str, int] = field(default_factory=dict)

    def of(self, account: str) -> int:
        """Minutes between two mails to an account; `NO_MAIL` for none.

        >>> MailRules(30, {"a": NO_MAIL}).of("a"), MailRules(30, {"a": NO_MAIL}).of("b")
        (0, 30)
        """
        return self.own.get(account, self.every)


@dataclass(frozen=True, slots=True)
class ServiceRules:
    """All of it, as it stands now."""

    hours: Hours = OFFICE_HOURS
    targets: Targets = field(default_factory=lambda: TARGETS)
    days: WorkingDays = field(default_factory=WorkingDays)
    mail: MailRules = field(default_factory=MailRules)

    @property
    def clock(self) -> ServiceClock:
        """The clock of these hours and days."""
        return ServiceClock(self.hours, self.days.kind)

    def due(
        self,
        priority: int,
        opened_at: datetime,
        window: timedelta | None = None,
        wrote_at: datetime | None = None,
    ) -> Due:
        """By when a case must be answered; `window` and `wrote_at` as in `due_at`."""
        return due_at(self.clock, self.targets, priority, opened_at, window, wrote_at)


class RuleBook(Protocol):
    """Where the rules are kept. Every change is written into the log with the account that made it, `by`."""

    def rules(self) -> ServiceRules:
        """The rules as they stand now."""

    def set_hours(self, hours: Hours, by: str) -> None:
        """Other business hours."""

    def set_targets(self, targets: Targets, by: str) -> None:
        """Other targets."""

    def set_day(self, day: OwnDay, by: str) -> None:
        """What the company says of a day, in place of what it said before."""

    def remove_day(self, on: date, by: str) -> OwnDay | None:
        """The day is again as the calendar says; what was said of it, None where nothing was."""

    def set_mail(self, rules: MailRules, by: str) -> None:
        """Other rules for mails."""
