"""Telegram: whether anything is sent abroad, on what basis, and who decided that; off until it is recorded here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Protocol

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from audit import events
from delivery.abroad import AlreadyAllowed, Bases, Basis
from hr_console.console import Console, Entry, actor, done, say
from hr_inbox.service_clock import CHINA
from locales import N_
from people.accounts import Account

#: The one channel whose servers stand abroad.
CHANNEL: Final = "telegram"
#: Characters of the basis, and of a name.
SHORTEST: Final = 10
LONGEST: Final = 600
LONGEST_NAME: Final = 60
EARLIEST: Final = date(2021, 11, 1)

RECORDED: Final = N_("登记好了，Telegram 从现在起能用。")
WITHDRAWN: Final = N_("撤回了。从现在起什么也不发到 Telegram，那边来的也不看、不存。")
NEEDS_TEXT: Final = N_("写 10 到 600 个字：依据哪一条、办了什么手续")
NEEDS_NAME: Final = N_("写上是谁决定的，最多 60 个字")
NEEDS_DAY: Final = N_("选决定的那一天，不能晚于今天")


class People(Protocol):
    """The people of HR."""

    def get(self, id: str) -> Account | None:
        """An account; None where there is none."""


@dataclass(frozen=True, kw_only=True)
class Abroad:
    """What the page stands on. `set_up`: the settings name a bot. `changed` is called once sending is allowed or forbidden."""

    bases: Bases
    colleagues: People
    set_up: bool
    changed: Callable[[], None]


class AbroadPage:
    """The page of the one channel abroad."""

    def __init__(self, console: Console, abroad: Abroad) -> None:
        self._console = console
        self._abroad = abroad

    @property
    def entries(self) -> Sequence[Entry]:
        """One line."""
        return (Entry("abroad", N_("Telegram")),)

    def add_to(self, blueprint: Blueprint) -> None:
        """The page and its two forms."""
        add = blueprint.add_url_rule
        add("/abroad", "abroad", self.page)
        add("/abroad/record", "abroad_record", self.record, methods=["POST"])
        add("/abroad/withdraw", "abroad_withdraw", self.withdraw, methods=["POST"])

    def page(self) -> ResponseReturnValue:
        """How it stands, and a form. It begins with what was recorded last, so that a basis can come back."""
        last = next(iter(self._abroad.bases.history(CHANNEL)), None)
        texts = {"decided_on": self._today().isoformat()}
        if last is not None:
            texts |= {"basis": last.text, "decided_by": last.decided_by}
        return self._page(texts, {})

    def record(self) -> ResponseReturnValue:
        """Puts a basis into force."""
        texts = {name: request.form.get(name, "").strip() for name in ("basis", "decided_by", "decided_on")}
        decided_on = _day(texts["decided_on"])
        wrong = {}
        if not SHORTEST <= len(texts["basis"]) <= LONGEST:
            wrong["basis"] = NEEDS_TEXT
        if not 0 < len(texts["decided_by"]) <= LONGEST_NAME:
            wrong["decided_by"] = NEEDS_NAME
        if decided_on is None or not EARLIEST <= decided_on <= self._today():
            wrong["decided_on"] = NEEDS_DAY
        if wrong or decided_on is None:
            return self._page(texts, wrong), 400
        try:
            self._abroad.bases.record(CHANNEL, texts["basis"], texts["decided_by"], decided_on, actor())
        except AlreadyAllowed:
            return done("abroad")  # somebody else was quicker: the page shows theirs
        self._abroad.changed()
        return done("abroad", say(self._console)(RECORDED))

    def withdraw(self) -> ResponseReturnValue:
        """Ends the basis in force."""
        if not self._abroad.bases.withdraw(CHANNEL, actor()):
            return done("abroad")
        self._abroad.changed()
        return done("abroad", say(self._console)(WITHDRAWN))

    def _page(self, texts: Mapping[str, str], wrong: Mapping[str, str]) -> str:
        words = say(self._console)
        history = self._abroad.bases.history(CHANNEL)
        return render_template(
            "hr_console/abroad.html",
            set_up=self._abroad.set_up,
            live=next((each for each in history if each.withdrawn_at is None), None),
            before=[each for each in history if each.withdrawn_at is not None],
            texts=texts,
            problems={name: words(text) for name, text in wrong.items()},
            today=self._today(),
            recorder=self._recorder,
            withdrawer=self._withdrawer,
            minute=_minute,
        )

    def _recorder(self, basis: Basis) -> str:
        return self._name(basis.recorded_by)

    def _withdrawer(self, basis: Basis) -> str:
        return self._name(basis.withdrawn_by)

    def _name(self, reference: str) -> str:
        """Who recorded or withdrew it, by name."""
        if reference == events.SYSTEM:
            return say(self._console)(N_("程序自己"))
        found = self._abroad.colleagues.get(reference.removeprefix(events.account("")))
        return "" if found is None else found.name

    def _today(self) -> date:
        return self._console.now().astimezone(CHINA).date()


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _minute(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M}"
