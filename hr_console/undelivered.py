"""What did not reach the employee: why, since when, and whether it is sent again or given up. Never what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from hr_console.case_words import AUTHORS, moment, reason
from hr_console.console import Console, Entry, account, done, say
from hr_console.who import viewer_of
from hr_inbox.undelivered import Letter, LetterState, Resent, Undelivered
from locales import N_
from people.employees import Directory, tail

PAGE: Final = 50
#: A channel that is not here is called as it calls itself.
CHANNELS: Final[Mapping[str, str]] = {
    "web": N_("网页"),
    "wechat": N_("公众号"),
    "wecom": N_("企业微信"),
    "telegram": N_("Telegram"),
    "sms": N_("短信"),
    "mail": N_("邮件"),
}
STATES: Final[Mapping[LetterState, str]] = {
    "failed": N_("没送到"),
    "unsure": N_("不知道到没到"),
    "queued": N_("等了一天多"),
}
RESENT: Final[Mapping[Resent, str]] = {
    "queued": N_("又去发了。再发不出去，会回到这里。"),
    "waiting": N_("排上了。对方现在收不到，等他再写来就发。"),
    "overtaken": N_("没有重发：有人事接手过，助手的这条已经过时。要说的话，到事项里直接回。"),
    "missing": N_("这条已经不在这里了：发出去了，或者同事处理了。"),
}
GIVEN_UP: Final = N_("不发了。")
TAKEN_BACK: Final = N_("撤销了，这条又回来了。")
NOT_TAKEN_BACK: Final = N_("没有撤销：后面的已经发出去了，或者同事先处理了。")


@dataclass(frozen=True, slots=True)
class Line:
    """A message as the page shows it. `employee` is the end of a number, empty where nobody is bound."""

    id: str
    state: LetterState
    told: str
    channel: str
    author: str
    why: str
    at: str
    cases: tuple[str, ...]
    employee: str


class UndeliveredPage:
    """The page of what did not arrive."""

    def __init__(self, console: Console, letters: Undelivered, directory: Directory) -> None:
        self._console = console
        self._letters = letters
        self._directory = directory

    @property
    def entries(self) -> Sequence[Entry]:
        """One line, with how many there are."""
        return (Entry("undelivered", N_("没送到的"), lambda: self._letters.count(viewer_of(account()))),)

    def add_to(self, blueprint: Blueprint) -> None:
        """The page and its three forms."""
        add = blueprint.add_url_rule
        add("/undelivered", "undelivered", self.page)
        add("/undelivered/<uuid:id>/again", "undelivered_again", self.again, methods=["POST"])
        add("/undelivered/<uuid:id>/give-up", "undelivered_give_up", self.give_up, methods=["POST"])
        add("/undelivered/<uuid:id>/take-back", "undelivered_take_back", self.take_back, methods=["POST"])

    def page(self) -> ResponseReturnValue:
        """The list."""
        return self._page()

    def again(self, id: UUID) -> ResponseReturnValue:
        """Sends one again; one that may have arrived only where that was agreed to."""
        resent = self._letters.resend(
            str(id), viewer_of(account()), twice=request.form.get("twice", "") == "yes"
        )
        if resent == "twice":
            return self._page(asked=str(id)), 409
        return done("undelivered", say(self._console)(RESENT[resent]))

    def give_up(self, id: UUID) -> ResponseReturnValue:
        """Does not send one any more."""
        words = say(self._console)
        if not self._letters.give_up(str(id), viewer_of(account())):
            return done("undelivered", words(RESENT["missing"]))
        return done("undelivered", words(GIVEN_UP), undo=str(id))

    def take_back(self, id: UUID) -> ResponseReturnValue:
        """Undoes that."""
        back = self._letters.take_back(str(id), viewer_of(account()))
        return done("undelivered", say(self._console)(TAKEN_BACK if back else NOT_TAKEN_BACK))

    def _page(self, asked: str = "") -> str:
        letters, more = self._letters.find(viewer_of(account()), request.args.get("after", ""), PAGE)
        return render_template(
            "hr_console/undelivered.html",
            lines=[self._line(each) for each in letters],
            more=more,
            asked=asked,
            undo=_id(request.args.get("undo", "")),
        )

    def _line(self, letter: Letter) -> Line:
        words = say(self._console)
        return Line(
            id=letter.id,
            state=letter.state,
            told=words(STATES[letter.state]),
            channel=words(CHANNELS.get(letter.channel, letter.channel)),
            author=words(AUTHORS[letter.author]),
            why=reason(letter.why, words),
            at=moment(letter.at, self._console.now(), words),
            cases=letter.cases,
            employee=self._employee(letter.employee),
        )

    def _employee(self, id: str | None) -> str:
        """The end of the number, for those who may see the roster."""
        found = self._directory.get(id) if id and account().may("roster") else None
        return "" if found is None else tail(found.number)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
