"""The connections to outside systems: how each stands, how long changes are on their way, what fails and what to do then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from hr_console.console import Console, Entry, actor, done, say
from hr_inbox.service_clock import CHINA
from locales import N_, Say
from people.connections import (
    GOAL,
    LIMIT,
    NAMES,
    Connections,
    Name,
    Standing,
    UnknownCode,
    Words,
    trouble,
    words_of,
)
from people.small_groups import LEAST

ASKED: Final = N_("这就去问，过一会儿刷新看结果。")
#: How it stands: all right, not yet asked, failing in a way that may pass, wrong.
State = Literal["well", "new", "failing", "wrong"]
STATES: Final = {
    "well": N_("正常"),
    "new": N_("还没有问过"),
    "failing": N_("刚才没问成，会自己再问"),
    "wrong": N_("有故障"),
}
#: How a state looks.
TONES: Final[Mapping[State, str]] = {"well": "", "new": "open", "failing": "open", "wrong": "bad"}


@dataclass(frozen=True, slots=True)
class System:
    """One system that is connected: how often it is asked, how late it may be read, whether through a folder, and whether it
    delivers changes by itself."""

    name: Name
    every: timedelta
    late: timedelta
    folder: bool = False
    delivers: bool = False


@dataclass(frozen=True, kw_only=True)
class Systems:
    """What the page stands on. `ask` has what is due asked soon; `recipients` is how many addresses and numbers are told of a
    failure."""

    connected: Sequence[System]
    book: Connections
    ask: Callable[[], None]
    recipients: int


@dataclass(frozen=True, slots=True)
class Card:
    """One system as the page shows it."""

    name: Name
    title: str
    system: System | None
    state: State = "new"
    told: str = ""
    standing: Standing | None = None
    wrong: Words | None = None
    delay: str = ""
    slow: bool = False
    about: str = ""
    codes: tuple[UnknownCode, ...] = ()


class ConnectionsPage:
    """The page of all systems."""

    def __init__(self, console: Console, systems: Systems) -> None:
        self._console = console
        self._systems = systems

    @property
    def entries(self) -> Sequence[Entry]:
        """One line, with how many fail."""
        return (Entry("connections", N_("系统对接"), self._failing),)

    def add_to(self, blueprint: Blueprint) -> None:
        """The page and its button."""
        add = blueprint.add_url_rule
        add("/connections", "connections", self.page)
        add("/connections/<name>/ask", "connection_ask", self.ask, methods=["POST"])

    def page(self) -> ResponseReturnValue:
        """How each stands now."""
        standings = {each.name: each for each in self._systems.book.standings()}
        connected = {each.name: each for each in self._systems.connected}
        return render_template(
            "hr_console/connections.html",
            cards=[self._card(name, connected.get(name), standings.get(name)) for name in NAMES],
            tones=TONES,
            recipients=self._systems.recipients,
            goal=_span(GOAL, say(self._console)),
            limit=_span(LIMIT, say(self._console)),
            minute=_minute,
            span=lambda spent: _span(spent, say(self._console)),
        )

    def ask(self, name: str) -> ResponseReturnValue:
        """Has one asked now."""
        system = next((each for each in self._systems.connected if each.name == name), None)
        if system is None:
            abort(404)
        self._systems.book.ask_now(system.name, actor())
        self._systems.ask()
        return done("connections", say(self._console)(ASKED))

    def _failing(self) -> int:
        late = {each.name: each.late for each in self._systems.connected}
        now = self._console.now()
        return sum(
            each.name in late and trouble(each, late[each.name], now) is not None
            for each in self._systems.book.standings()
        )

    def _card(self, name: Name, system: System | None, standing: Standing | None) -> Card:
        words = say(self._console)
        title = words(NAMES[name])
        if system is None or standing is None or standing.asked_at is None:
            return Card(name, title, system, told="" if system is None else words(STATES["new"]))
        state, wrong = _state(standing, system.late, self._console.now())
        return Card(
            name=name,
            title=title,
            system=system,
            state=state,
            told=words(STATES[state]),
            standing=standing,
            wrong=wrong,
            delay="" if standing.delay is None else _span(standing.delay, words),
            slow=standing.delay is not None and standing.delay > LIMIT,
            about=_about(standing.asked_about, words) if name == "civil_affairs" else "",
            codes=self._systems.book.codes(name),
        )


def states(systems: Systems, now: datetime) -> dict[Name, State]:
    """How each system stands that is connected."""
    standings = {each.name: each for each in systems.book.standings()}
    return {each.name: _state(standings.get(each.name), each.late, now)[0] for each in systems.connected}


def _state(standing: Standing | None, late: timedelta, now: datetime) -> tuple[State, Words | None]:
    """How it stands, and what is wrong, in words."""
    if standing is None or standing.asked_at is None:
        return "new", None
    found = trouble(standing, late, now)
    if found is not None:
        return "wrong", words_of(found, standing.code)
    if standing.failure is not None:
        return "failing", words_of(standing.failure, standing.code)
    return "well", None


def _about(count: int, words: Say) -> str:
    """About how many people it was asked; few of them could be guessed."""
    return words(N_("{count} 人"), count=str(count)) if count >= LEAST else words(N_("少于 5 人"))


def _span(spent: timedelta, words: Say) -> str:
    seconds = int(spent.total_seconds())
    if seconds < 60:
        return words(N_("{count} 秒"), count=str(seconds))
    if seconds < 2 * 3600:
        return words(N_("{count} 分钟"), count=str(seconds // 60))
    return words(N_("{count} 小时"), count=str(seconds // 3600))


def _minute(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M}"
