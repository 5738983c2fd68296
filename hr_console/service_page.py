"""Service times: when HR works, how quick it wants to answer, which days are different, and who is told by mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Protocol

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from audit import events
from audit.events import Event
from hr_console.console import Console, Entry, account, actor, done, say
from hr_console.service_form import (
    DAY_NAMES,
    Wrong,
    hours_fields,
    read_day,
    read_hours,
    read_mail,
    read_targets,
    slots_of,
    target_fields,
)
from hr_inbox.notices import Mail, Mailer, MailFailure, NoticeBook, Trouble
from hr_inbox.service_clock import CHINA, Due
from hr_inbox.service_rules import EVERY, NO_MAIL, PRIORITY_NAMES, RuleBook, ServiceRules
from hr_inbox.working_days import Day, OwnDay, is_worked
from locales import N_
from people.accounts import Account

#: How many days the calendar shows.
COMING: Final = 60
SAVED: Final = N_("保存好了。")
TEST_SUBJECT: Final = N_("社保助手：测试邮件")
TEST_TEXT: Final = N_("收到这封信，就说明邮件提醒能发出来了。\n{link}\n")
#: Why a mail did not go out, in words; the server's number stands behind them.
FAILURES: Final[Mapping[str, str]] = {
    "login": N_("登录被拒，用户名或密码不对"),
    "recipient": N_("收件地址被拒"),
    "sender": N_("发件地址被拒"),
    "refused": N_("邮件服务器没有收"),
    "not_supported": N_("服务器不支持要求的加密或登录方式"),
    "certificate": N_("服务器的证书不可信"),
    "encryption": N_("加密连接没建起来，多半是端口和加密方式不配"),
    "timeout": N_("服务器没有回应"),
    "disconnected": N_("服务器断开了连接"),
    "unreachable": N_("连不上邮件服务器"),
    "bad_header": N_("邮件地址不对"),
}


class Colleagues(Protocol):
    """The people of HR."""

    def all(self) -> Sequence[Account]:
        """Every account."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """What the page stands on. `mailer` is None where no mails are sent; `link` is where the console is."""

    book: RuleBook
    notices: NoticeBook
    colleagues: Colleagues
    mailer: Mailer | None
    link: str


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a form that was refused shows again, and what is wrong with it."""

    form: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    wrong: Mapping[str, str] = field(default_factory=dict)


class ServicePage:
    """Service times."""

    def __init__(self, console: Console, service: Service) -> None:
        self._console = console
        self._service = service

    @property
    def entries(self) -> Sequence[Entry]:
        """One line."""
        return (Entry("service", N_("服务时间")),)

    def add_to(self, blueprint: Blueprint) -> None:
        """The page and its forms."""
        blueprint.add_url_rule("/service", "service", self.page)
        for name, view in (
            ("hours", self.set_hours),
            ("targets", self.set_targets),
            ("day", self.set_day),
            ("day_remove", self.remove_day),
            ("mail", self.set_mail),
            ("mail_test", self.send_test_mail),
        ):
            rule = f"/service/{name.replace('_', '/')}"
            blueprint.add_url_rule(rule, f"service_{name}", view, methods=["POST"])

    def page(self) -> ResponseReturnValue:
        """Everything on one page, each part with its own button."""
        return self._page()

    def set_hours(self) -> ResponseReturnValue:
        """Business hours."""
        try:
            hours = read_hours(request.form)
        except Wrong as error:
            return self._again("hours", error)
        self._service.book.set_hours(hours, account().id)
        return self._saved("hours")

    def set_targets(self) -> ResponseReturnValue:
        """Within how much working time a case is answered."""
        try:
            targets = read_targets(request.form)
        except Wrong as error:
            return self._again("targets", error)
        self._service.book.set_targets(targets, account().id)
        return self._saved("targets")

    def set_day(self) -> ResponseReturnValue:
        """A day that is worked, or not, whatever the calendar says."""
        try:
            day = read_day(request.form, self._today())
        except Wrong as error:
            return self._again("days", error)
        self._service.book.set_day(day, account().id)
        return self._saved("days")

    def remove_day(self) -> ResponseReturnValue:
        """Takes back what was said of a day; the page that follows offers to say it again."""
        try:
            on = date.fromisoformat(request.form.get("on", ""))
        except ValueError:
            return done("service")
        return self._page(removed=self._service.book.remove_day(on, account().id))

    def set_mail(self) -> ResponseReturnValue:
        """Who is told by mail, and how often."""
        try:
            rules = read_mail(request.form, [each.id for each in self._readers()])
        except Wrong as error:
            return self._again("mail", error)
        self._service.book.set_mail(rules, account().id)
        return self._saved("mail")

    def send_test_mail(self) -> ResponseReturnValue:
        """A mail to whoever asks; one that arrives has those tried again at once that did not."""
        mailer, to, words = self._service.mailer, account().mail, say(self._console)
        if mailer is None or not to:
            return done("service", _anchor="mail")
        try:
            mailer.send(Mail(to, words(TEST_SUBJECT), words(TEST_TEXT, link=self._service.link)))
        except MailFailure as error:
            return self._again("mail_test", Wrong({"test": self._failure(str(error))}))
        self._service.notices.try_again()
        self._console.log.record(Event("send_test_mail", actor(), (events.account(account().id),)))
        return done("service", words(N_("测试邮件发出去了，看看收到没有。")), _anchor="mail")

    def _saved(self, part: str) -> ResponseReturnValue:
        return done("service", say(self._console)(SAVED), _anchor=part)

    def _again(self, form: str, error: Wrong) -> ResponseReturnValue:
        """The page with what was typed, and beside each wrong field what is accepted."""
        return self._page(_Shown(form, request.form.to_dict(), error.fields)), 400

    def _page(self, shown: _Shown | None = None, removed: OwnDay | None = None) -> str:
        rules, again = self._service.book.rules(), shown or _Shown()
        fields = {**self._fields(rules), **again.fields}
        return render_template(
            "hr_console/service.html",
            rules=rules,
            fields=fields,
            wrong=again.wrong,
            refused=again.form,
            removed=removed,
            weekdays=DAY_NAMES,
            slots=slots_of(fields),
            priorities=PRIORITY_NAMES,
            due=self._due(rules),
            calendar=self._calendar(rules),
            own_days=[day for on, day in sorted(rules.days.own.items()) if on >= self._today()],
            today=self._today(),
            readers=self._readers(),
            every=EVERY,
            no_mail=NO_MAIL,
            mail_works=self._service.mailer is not None,
            troubles=self._troubles(),
            minute=_minute,
        )

    def _fields(self, rules: ServiceRules) -> dict[str, str]:
        """What the forms hold before anything is typed."""
        own = {f"own_{id}": str(minutes) for id, minutes in rules.mail.own.items()}
        return (
            hours_fields(rules.hours) | target_fields(rules.targets) | {"every": str(rules.mail.every)} | own
        )

    def _due(self, rules: ServiceRules) -> list[tuple[str, Due]]:
        now = self._console.now()
        return [(name, rules.due(priority, now)) for priority, name in PRIORITY_NAMES.items()]

    def _calendar(self, rules: ServiceRules) -> list[tuple[Day, bool]]:
        """The coming days, and whether each is worked."""
        return [(day, is_worked(day, rules.hours)) for day in rules.days.coming(self._today(), COMING)]

    def _readers(self) -> list[Account]:
        """Whoever may see some case, and so could be told by mail."""
        everybody = self._service.colleagues.all()
        return [each for each in everybody if each.may("cases")]

    def _troubles(self) -> list[tuple[str, str, Trouble]]:
        """Whose last mail did not go out, and why."""
        names = {each.id: each.name for each in self._readers()}
        return [
            (names[each.account], self._failure(each.error), each)
            for each in self._service.notices.troubles()
            if each.account in names
        ]

    def _failure(self, error: str) -> str:
        code, _, status = error.partition(":")
        words = say(self._console)(FAILURES.get(code, FAILURES["refused"]))
        return say(self._console)(N_("{why}（{status}）"), why=words, status=status) if status else words

    def _today(self) -> date:
        return self._console.now().astimezone(CHINA).date()


def _minute(at: datetime) -> dict[str, Any]:
    """A moment in China in the parts that a sentence needs."""
    local = at.astimezone(CHINA)
    return {"day": f"{local:%m-%d}", "time": f"{local:%H:%M}", "weekday": DAY_NAMES[local.weekday()]}
