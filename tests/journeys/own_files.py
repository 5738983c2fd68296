"""People whose chat is bound, with what is on record of them; what they agree to and report is kept as the storage would."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from bot.dialogue.acts import Agree, OwnAct, Report, Withdraw
from bot.dialogue.talk import House
from bot.mine import Explained, OwnFile, OwnFiles
from people.bindings import Bindings, Found, Owner
from people.records import PayMonth, Purpose
from policy_kb.library import Library
from profiles.changes import Change, Field, Income, Source, Value, allowed_to_keep
from profiles.ground import Ground
from profiles.profile import profile_on
from profiles.strategy import Explanation

SUZHOU, FUYANG = "320500", "341200"
#: When everything was written down, and the moment at which files are looked at.
WRITTEN, KNOWN_BY = datetime(2026, 10, 1, 8, tzinfo=UTC), datetime(2026, 10, 15, 2, tzinfo=UTC)


def change(what: Field, value: Value, since: date, source: Source = "payroll") -> Change:
    """Something confirmed."""
    return Change("ali", what, value, since, f"system:{source}", WRITTEN, source, "confirmed")


JULY, MARCH = date(2026, 7, 1), date(2026, 3, 1)
#: 阿丽 works in 苏州 on 3500 before deductions and is insured since March.
JOB = (
    change("gross_wage", 350_000, MARCH),
    change("region", SUZHOU, MARCH, "hr"),
    change("home_region", FUYANG, MARCH, "hr"),
    change("area", "rural", MARCH, "hr"),
    change("insured_since", MARCH, MARCH, "social_insurance"),
)
#: What she agreed to have kept: four on the book, nothing else earned, the line of home.
HOUSEHOLD = (
    change("on_book", True, MARCH, "hr"),
    change("household_size", 4, MARCH, "hr"),
    change("other_income", Income(0, 0), MARCH, "hr"),
    change("dibao_line", 80_000, MARCH, "hr"),
    change("dibao", "receiving", MARCH, "civil_affairs"),
)


class Cabinet(OwnFiles, Bindings):
    """One employee's file, and the chat that is theirs."""

    def __init__(
        self,
        library: Library,
        changes: Iterable[Change] = (),
        months: Iterable[PayMonth] = (),
        agreed: Iterable[Purpose] = (),
        explained: Iterable[Explained] = (),
        today: date = date(2026, 10, 15),
    ) -> None:
        self.changes = tuple(changes)
        self.agreed = set(agreed)
        self._ground = Ground(library, months=tuple(months))
        self._explained = tuple(explained)
        self._today = today

    def owner(self, conversation: str) -> Owner | None:
        return Owner("ali", "李*", "34")

    def look_up(self, code: str) -> Found:
        return Found("unknown")

    def of(self, employee: str) -> OwnFile | None:
        assert employee == "ali"
        consent = "dibao_status" in self.agreed
        kept = allowed_to_keep(self.changes, consent=consent)
        profile = profile_on(kept, self._today, KNOWN_BY, employee="ali", consent=consent)
        return OwnFile(profile, kept, self._ground, frozenset(self.agreed), self._explained)

    def act(self, acts: Iterable[OwnAct]) -> None:
        """Does what a turn decided."""
        for each in acts:
            if isinstance(each, Agree):
                self.agreed.add(each.purpose)
            elif isinstance(each, Withdraw):
                self.agreed.discard(each.purpose)
                self.changes = allowed_to_keep(self.changes, consent="dibao_status" in self.agreed)
            elif isinstance(each, Report):
                self.changes += allowed_to_keep(each.changes, consent="dibao_status" in self.agreed)


def paid(month: date, base: int, own_share: int | None) -> PayMonth:
    """A month that was paid."""
    return PayMonth(month, 350_000, base, True, own_share)


def house_with(house: House, name: str | None) -> tuple[House, Cabinet | None]:
    """The house, where the chat is that of somebody whom a journey names."""
    if name is None:
        return house, None
    own = cabinet(name, house.library)
    return replace(house, files=own, bindings=own), own


def cabinet(name: str, library: Library) -> Cabinet:
    """The file of somebody whom a journey names."""
    months = (paid(date(2026, 8, 1), 495_200, 52_496), paid(date(2026, 9, 1), 495_200, 52_496))
    july = change("base", 560_000, JULY, "hr")
    sent = Explained(
        KNOWN_BY - timedelta(days=9),
        Explanation(
            "changed", {"month": "2026-07", "base": "4952.00", "employee": "524.96", "employer": "1213.24"}
        ),
    )
    return {
        "阿丽": lambda: Cabinet(library, JOB, months),
        "阿丽 who agreed": lambda: Cabinet(library, (*JOB, *HOUSEHOLD), months, ("dibao_status",)),
        "阿丽 whose base rose": lambda: Cabinet(
            library, (*JOB, change("base", 495_200, MARCH, "hr"), july), (), (), (sent,)
        ),
        "阿丽 whose slip differs": lambda: Cabinet(
            library, JOB, (*months, replace(months[0], month=date(2026, 10, 1), own_share=60_000))
        ),
        "阿丽 whose base is too low": lambda: Cabinet(library, (*JOB, change("base", 300_000, MARCH, "hr"))),
        "阿丽 who is not insured": lambda: Cabinet(library, JOB[:4]),
        "阿丽 of whom nothing is known": lambda: Cabinet(library),
        "阿丽 whose dibao ended": lambda: Cabinet(
            library,
            (*JOB, *HOUSEHOLD, change("dibao", "ended", date(2026, 9, 1), "civil_affairs")),
            months,
            ("dibao_status",),
        ),
    }[name]()
