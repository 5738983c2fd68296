"""People and roles: who works here, what each may see, and how somebody gets in or no longer does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hr_console.case_words import moment
from hr_console.console import Console, Entry, account, actor, done, say, signed_in
from locales import N_
from people.accounts import (
    MEANINGS,
    PRESET_OF_TWO,
    ROLES,
    AccountState,
    Refusal,
    Refused,
    Role,
    Staff,
    Standing,
    is_login,
    normal_login,
)

#: How long a name, a mail address and a reason may be.
LONGEST_NAME: Final = 60
LONGEST_MAIL: Final = 120
LONGEST_REASON: Final = 300
STATES: Final[Mapping[AccountState, str]] = {
    "invited": N_("等着接受邀请"),
    "active": N_("在用"),
    "closed": N_("停用"),
}
REFUSED: Final[Mapping[Refusal, str]] = {
    "login_taken": N_("这个登录名已经有人用了。换一个，或者在原来的账号上重新邀请。"),
    "last_admin": N_("这是最后一个管理员，少了就没人能管账号了。先让另一个人当管理员，再来改。"),
    "own_roles": N_("给自己加角色，要请另一位管理员来做。"),
    "no_account": N_("这个账号现在不能这样做，可能刚被别人改过。刷新看看。"),
}
NEEDS_LOGIN: Final = N_("登录名要 2 到 64 个字，可以用字母、汉字、数字和 . @ + - _，中间不能有空格。")
NEEDS_NAME: Final = N_("写上姓名，60 个字以内。")
NEEDS_MAIL: Final = N_("不像邮箱。可以不填，填的话像 zhaojing@example.com 这样。")
NEEDS_ROLE: Final = N_("至少选一个角色，不然登录了也什么都看不到。")
NEEDS_REASON: Final = N_("写一句为什么，300 个字以内。会记进操作记录。")
CHANGED: Final = N_("改好了。")
ROLES_CHANGED: Final = N_("角色改好了。对方要重新登录。")
#: What can be done with an account by one button, with the sentence that tells it was done.
DONE: Final[Mapping[str, str]] = {
    "close": N_("停用了。已经登录的都退出了。"),
    "unlock": N_("解锁了，现在就可以再试。"),
    "second-factor": N_("动态码取消了。下次登录时要重新设。"),
    "allow-tie": N_("准许了。对方第一次用公司的登录进来，就对上了。"),
    "untie": N_("取消了，对方不能再用公司的登录进来。"),
}
#: Those that take something away, so that a reason is asked for.
WITH_REASON: Final = frozenset(("close", "invite", "second-factor", "untie"))
_MAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class People:
    """The accounts, for admins."""

    def __init__(self, console: Console, staff: Staff, address: str, provider: str = "") -> None:
        """`address` is what links begin with; `provider` the name of the company's own sign-in, empty where there is none."""
        self._console = console
        self._staff = staff
        self._address = address
        self._provider = provider
        self._acts: Mapping[str, Callable[[str, str], object]] = {
            "close": lambda id, reason: staff.close(id, actor(), reason),
            "unlock": lambda id, reason: staff.unlock(id, actor()),
            "second-factor": lambda id, reason: staff.reset_second_factor(id, actor(), reason),
            "allow-tie": lambda id, reason: staff.allow_tie(id, actor()),
            "untie": lambda id, reason: staff.untie(id, actor(), reason),
            "invite": lambda id, reason: staff.invite(id, actor(), reason),
            "reopen": lambda id, reason: staff.reopen(id, actor()),
        }

    @property
    def entries(self) -> Sequence[Entry]:
        """One line."""
        return (Entry("accounts", N_("账号")),)

    def add_to(self, blueprint: Blueprint) -> None:
        add = blueprint.add_url_rule
        add("/accounts", "accounts", self.list)
        add("/accounts/new", "account_new", self.new)
        add("/accounts", "account_add", self.add, methods=["POST"])
        add("/accounts/<uuid:id>", "account", self.one)
        add("/accounts/<uuid:id>/person", "account_person", self.change_person, methods=["POST"])
        add("/accounts/<uuid:id>/roles", "account_roles", self.change_roles, methods=["POST"])
        add("/accounts/<uuid:id>/<act>", "account_act", self.act, methods=["POST"])

    def list(self) -> ResponseReturnValue:
        """Everybody, and what each role means."""
        return render_template(
            "hr_console/accounts.html",
            standings=self._staff.standings(),
            states=STATES,
            moment=self._moment,
            **_WORDS,
        )

    def new(self) -> ResponseReturnValue:
        """A form for one more; `set` fills in the roles of a company where two people do everything."""
        return self._form({}, roles=_preset() or frozenset())

    def add(self) -> ResponseReturnValue:
        """Adds somebody; the link that invites them is shown this once."""
        form = request.form
        login, name, mail = normal_login(form.get("login", "")), *_person()
        roles, problems = _roles(), self._person_problems(name, mail)
        if not is_login(login):
            problems["login"] = say(self._console)(NEEDS_LOGIN)
        if not roles:
            problems["roles"] = say(self._console)(NEEDS_ROLE)
        if not problems:
            try:
                may_tie = bool(self._provider) and "may_tie" in form
                added, token = self._staff.invite_new(login, name, mail, roles, actor(), may_tie=may_tie)
                return self._link(added.id, added.name, token)
            except Refused as refused:
                problems["login"] = say(self._console)(REFUSED[refused.code])
        return self._form(problems, roles), 400

    def one(self, id: Any) -> ResponseReturnValue:
        """One account."""
        return self._one(self._standing(id))

    def change_person(self, id: Any) -> ResponseReturnValue:
        """Another name or mail address."""
        standing, (name, mail) = self._standing(id), _person()
        problems = self._person_problems(name, mail)
        if problems:
            return self._one(standing, problems), 400
        self._staff.change_person(str(id), name, mail, actor())
        return done("account", say(self._console)(CHANGED), id=id)

    def change_roles(self, id: Any) -> ResponseReturnValue:
        """Other roles; taking one away needs a reason."""
        standing, roles, reason = self._standing(id), _roles(), _reason()
        _, problems = say(self._console), {}
        if not roles:
            problems["roles"] = _(NEEDS_ROLE)
        if standing.account.roles - roles and not reason:
            problems["reason-roles"] = _(NEEDS_REASON)
        if not problems:
            mine = str(id) == account().id
            try:
                self._staff.change_roles(
                    str(id), roles, actor(), reason, keep=signed_in().token_hash if mine else b""
                )
                return done("account", _(CHANGED if mine else ROLES_CHANGED), id=id)
            except Refused as refused:
                problems["roles"] = _(REFUSED[refused.code])
        return self._one(standing, problems, roles), 400

    def act(self, id: Any, act: str) -> ResponseReturnValue:
        """Closes, reopens, unlocks, invites anew, takes the second factor away, allows or ends the company's own sign-in."""
        standing, reason = self._standing(id), _reason()
        if act not in self._acts:
            abort(404)
        if act in WITH_REASON and not reason:
            return self._one(standing, {f"reason-{act}": say(self._console)(NEEDS_REASON)}), 400
        try:
            token = self._acts[act](str(id), reason)
        except Refused as refused:
            return self._one(standing, {f"reason-{act}": say(self._console)(REFUSED[refused.code])}), 400
        if isinstance(token, str):
            return self._link(str(id), standing.account.name, token)
        return done("account", say(self._console)(DONE[act]), id=id)

    def _standing(self, id: Any) -> Standing:
        return self._staff.standing(str(id)) or abort(404)

    def _person_problems(self, name: str, mail: str) -> dict[str, str]:
        _, problems = say(self._console), {}
        if not 0 < len(name) <= LONGEST_NAME:
            problems["name"] = _(NEEDS_NAME)
        if mail and (len(mail) > LONGEST_MAIL or not _MAIL.fullmatch(mail)):
            problems["mail"] = _(NEEDS_MAIL)
        return problems

    def _form(self, problems: Mapping[str, str], roles: frozenset[Role]) -> str:
        return render_template(
            "hr_console/account_new.html",
            problems=problems,
            chosen=roles,
            provider=self._provider,
            form=request.form,
            **_WORDS,
        )

    def _one(
        self,
        standing: Standing,
        problems: Mapping[str, str] | None = None,
        roles: frozenset[Role] | None = None,
    ) -> str:
        chosen = standing.account.roles if roles is None else roles
        return render_template(
            "hr_console/account.html",
            standing=standing,
            one=standing.account,
            states=STATES,
            problems=problems or {},
            chosen=_preset() or chosen,
            provider=self._provider,
            form=request.form,
            moment=self._moment,
            **_WORDS,
        )

    def _moment(self, at: datetime) -> str:
        return moment(at, self._console.now(), say(self._console))

    def _link(self, id: str, name: str, token: str) -> str:
        link = self._address + url_for(".invitation", token=token)
        return render_template("hr_console/account_link.html", link=link, id=id, name=name)


_WORDS: Final[Mapping[str, Any]] = {"roles": ROLES, "meanings": MEANINGS}


def _preset() -> frozenset[Role] | None:
    """The roles of the first or the second of two people, where the address asks for them."""
    return dict(zip(("first", "second"), PRESET_OF_TWO, strict=True)).get(request.args.get("set", ""))


def _roles() -> frozenset[Role]:
    return frozenset(role for role in ROLES if role in request.form.getlist("roles"))


def _person() -> tuple[str, str]:
    return request.form.get("name", "").strip(), request.form.get("mail", "").strip()


def _reason() -> str:
    reason = request.form.get("reason", "").strip()
    return reason if len(reason) <= LONGEST_REASON else ""
