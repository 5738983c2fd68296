"""「我这里留了什么」: what is kept about whoever has this browser's chat, and 「谁能看到什么」, which anybody may read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit import events
from audit.events import ACTS
from bot.channels.web import Guest, incoming
from bot.dialogue.conversation import Conversation
from bot.dialogue.naming import read_back
from bot.mine import Consents, Contributions, Mine, NoFiles, OwnFiles, OwnRecords, Term
from bot.own_words import lines
from bot.receiving import Kept
from bot.views import ME, PROBLEMS, TOO_FAST, Chat, Door, OwnChat, asset_versions, protect
from bot.wording import templates
from calculator.contributions import FUND
from calculator.money import format_yuan
from delivery.browsers import Pace, is_foreign
from hr_inbox.task import TaskState
from locales import N_, Locale, Say, speak
from people.accounts import ROLES
from people.records import PURPOSES, Adjustment, Consent, PayMonth, Purpose
from policy_kb.divisions import Divisions
from policy_kb.library import Library
from policy_kb.wording import INSURANCE
from profiles.declarations import OUTCOMES
from profiles.ground import month_of
from profiles.own_month import own_month

log = logging.getLogger("shebao.chat")

CHINA: Final = ZoneInfo("Asia/Shanghai")
#: What one browser may do here in a minute.
VISITS_A_MINUTE: Final = 30
STATES: Final[Mapping[TaskState, str]] = {
    "waiting": N_("等人事看"),
    "taken": N_("人事在办"),
    "snoozed": N_("人事先放一放，还会办"),
    "done": N_("办完了"),
}
CHANNEL_NAMES: Final[Mapping[str, str]] = {
    "web": N_("网页聊天"),
    "wechat": N_("微信"),
    "wecom": N_("企业微信"),
    "telegram": "Telegram",
}
ERASE: Final = N_("都删掉")
#: The tap of the dialogue that asks whether everything is to be erased.
ERASE_TAP: Final = "privacy=erase"
NOT_YOURS: Final = N_("这一步不是从本页点的，没有做。")


@dataclass(frozen=True, kw_only=True)
class Me:
    """What the page stands on: the chat whose cookie it knows, what is kept and for how long, consents, contributions, and the
    employee's own file.

    `divisions` names regions; `terms` are every kind of data that ends by itself.
    """

    chat: Chat
    records: OwnRecords
    divisions: Divisions
    terms: Sequence[Term]
    consents: Consents
    contributions: Contributions
    files: OwnFiles = field(default_factory=NoFiles)


def create_blueprint(me: Me) -> Blueprint:
    """The two pages."""
    return add_pages(Blueprint("me", __name__, template_folder="templates"), me, OwnChat(me.chat))


def add_pages(blueprint: Blueprint, me: Me, door: Door) -> Blueprint:
    """The two pages, for those whom the door lets in."""
    pages = _Pages(me, door)
    blueprint.after_request(protect)
    blueprint.add_url_rule(ME, "page", pages.page)
    blueprint.add_url_rule(f"{ME}/erase", "erase", pages.erase, methods=["POST"])
    blueprint.add_url_rule(f"{ME}/agree", "agree", pages.agree, methods=["POST"])
    blueprint.add_url_rule(f"{ME}/withdraw", "withdraw", pages.withdraw, methods=["POST"])
    blueprint.add_url_rule("/who-sees-what", "who_sees_what", pages.who_sees_what)
    return blueprint


class _Pages:
    def __init__(self, me: Me, door: Door) -> None:
        self._me = me
        self._chat = me.chat
        self._door = door
        self._pace = Pace(VISITS_A_MINUTE, me.chat.clock)
        self._assets = asset_versions()
        self._terms = {term.kind: term for term in me.terms}

    def page(self) -> ResponseReturnValue:
        """What is kept, for how long, who looked at it."""
        guest, kept = self._whose()
        if guest is None or kept is None or (mine := self._me.records.of(kept.id)) is None:
            return self._template("me.html", mine=None)
        if seconds := self._pace.wait(guest.sender):
            return self._notice(TOO_FAST, seconds=str(seconds)), 429, {"Retry-After": str(seconds)}
        return self._template(
            "me.html",
            mine=mine, kept=kept, facts=self._facts(kept), agreed=self._agreed(mine), purposes=PURPOSES,
            **self._own(mine), asks=self._asks,
            months=self._months(mine), changes=self._changes(mine), yuan=format_yuan, month=_month,
            until=self._until, days=lambda kind: str(self._terms[kind].days), terms=self._me.terms,
            states=STATES, outcomes=OUTCOMES, channels=CHANNEL_NAMES, acts=ACTS, roles=ROLES,
            day=_day, moment=_moment, erase=ERASE,
        )  # fmt: skip

    def erase(self) -> ResponseReturnValue:
        """Has the assistant ask whether everything is to go, where the answer is given: in the chat."""
        guest, kept = self._whose()
        if is_foreign(dict(request.headers), request.host):
            return self._notice(NOT_YOURS), 403
        # While a person answers, the assistant would not hear it.
        if guest is not None and kept is not None and kept.holder == "assistant":
            say, locale = self._say(), self._chat.languages.catalogue(self._locale())
            message = incoming(guest, str(uuid4()), say(ERASE), ERASE_TAP, locale)
            try:
                self._chat.receive(message)
            except Exception as error:
                # The text of an error may quote what is kept.
                log.error("an erasure was not begun (%s)", type(error).__name__)
                return self._notice(PROBLEMS["failed"]), 500
            return redirect(f"{self._door.around().chat}?lang={self._locale()}", 303)
        return self._back()

    def agree(self) -> ResponseReturnValue:
        """Agrees to one purpose."""
        return self._consent(
            lambda employee, purpose: self._me.consents.agree(
                employee, purpose, "page", events.employee(employee)
            )
        )

    def withdraw(self) -> ResponseReturnValue:
        """Takes a consent back."""
        return self._consent(
            lambda employee, purpose: self._me.consents.withdraw(
                employee, purpose, "page", events.employee(employee)
            )
        )

    def _consent(self, act: Callable[[str, Purpose], None]) -> ResponseReturnValue:
        if is_foreign(dict(request.headers), request.host):
            return self._notice(NOT_YOURS), 403
        _, kept = self._whose()
        mine = None if kept is None else self._me.records.of(kept.id)
        purpose = next((each for each in PURPOSES if each == request.form.get("purpose")), None)
        if mine is not None and mine.employee is not None and purpose is not None:
            act(mine.employee, purpose)
        return self._back()

    def who_sees_what(self) -> ResponseReturnValue:
        """Six lines for everybody."""
        title, *lines = self._say()(templates()["privacy.six"].text).splitlines()
        lines = [line.removeprefix("· ") for line in lines]
        return self._template("who_sees_what.html", title=title.rstrip("：:"), lines=lines)

    def _whose(self) -> tuple[Guest | None, Kept | None]:
        """Whom the browser speaks for, and the conversation that is theirs."""
        guest = self._door.guest()
        return guest, None if guest is None else self._chat.transcript.find(guest.channel, guest.sender)

    def _facts(self, kept: Kept) -> list[tuple[str, str]]:
        if kept.state is None:
            return []
        return list(read_back(Conversation.from_json(kept.state).known, self._me.divisions, self._say()))

    def _agreed(self, mine: Mine) -> dict[Purpose, Consent]:
        if mine.employee is None:
            return {}
        return {each.purpose: each for each in self._me.consents.consents(mine.employee) if each.holds}

    def _own(self, mine: Mine) -> dict[str, Any]:
        """This month, the profile and what was explained, of whoever has bound and has a file."""
        file = None if mine.employee is None else self._me.files.of(mine.employee)
        if file is None:
            return {"own": None, "file": (), "explained": ()}
        today = self._chat.today()
        own = own_month(file.profile, file.ground, month_of(today), today)
        return {
            "own": own,
            "rests_on": () if own is None else _titles(file.ground.library, own.sources),
            "insurance": INSURANCE,
            "fund": FUND,
            "file": list(lines(file.profile, self._me.divisions, self._say())),
            "explained": file.explained,
        }

    def _asks(self, purpose: Purpose) -> list[str]:
        """What agreeing to a purpose means, line by line, as the chat asks it."""
        return self._say()(templates()[f"ask.confirm_{purpose}"].text).splitlines()

    def _months(self, mine: Mine) -> tuple[PayMonth, ...]:
        """The months of pay on record, the newest first."""
        if mine.employee is None:
            return ()
        return self._me.contributions.pay_months(mine.employee)[::-1]

    def _changes(self, mine: Mine) -> tuple[Adjustment, ...]:
        """Changes of the base, the newest first."""
        if mine.employee is None:
            return ()
        return self._me.contributions.adjustments(mine.employee)[::-1]

    def _until(self, kind: str, since: datetime) -> str:
        return _day(since + timedelta(days=self._terms[kind].days))

    def _back(self) -> ResponseReturnValue:
        return redirect(url_for(".page", lang=self._locale()), 303)

    def _notice(self, text: str, **figures: str) -> str:
        return self._template("notice.html", text=self._say()(text, **figures))

    def _template(self, name: str, **context: Any) -> str:
        locale = self._locale()
        return render_template(
            f"bot/{name}",
            _=self._say(), locale=locale, languages=self._chat.languages.LANGUAGES,
            lang_query=f"?lang={locale}", assets=self._assets, around=self._door.around(), **context,
        )  # fmt: skip

    def _locale(self) -> Locale:
        accepted = (tag for tag, _ in request.accept_languages)
        return self._chat.languages.choose(request.args.get("lang") or self._door.around().language, accepted)

    def _say(self) -> Say:
        return speak(self._chat.languages.catalogue(self._locale()))


def _titles(library: Library, sources: Iterable[str]) -> tuple[str, ...]:
    """The texts that figures rest on, each once."""
    cited = (library.citation(key) for key in sources)
    return tuple(dict.fromkeys(" ".join(filter(None, (each.title, each.number))) for each in cited))


def _month(first: date) -> str:
    return f"{first:%Y-%m}"


def _day(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M}"
