"""One's own account: password, second factor, where one is signed in, language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from flask import Blueprint, render_template, request, session
from flask.typing import ResponseReturnValue

from hr_console.case_words import moment
from hr_console.console import Console, Entry, account, done, say, signed_in
from hr_console.sign_in import (
    WAIT,
    WRONG_CODE,
    new_password_problems,
    open_session,
    renew_session,
    second_factor,
)
from locales import N_
from people.accounts import MEANINGS, ROLES, Staff
from people.passwords import SHORTEST
from people.signing_in import Credentials, NotAdmitted

PASSWORD_CHANGED: Final = N_("密码改好了。别处的登录都退出了。")
FACTOR_SET: Final = N_("动态码设好了，从现在起用新的。别处的登录都退出了。")
LANGUAGE_KEPT: Final = N_("语言记住了。")
OTHERS_ENDED: Final = N_("别处的登录都退出了。")
NO_OTHERS: Final = N_("没有在别处登录。")
OLD_WRONG: Final = N_("现在的密码不对。")
DEVICES: Final[Mapping[str, str]] = {"phone": N_("手机"), "computer": N_("电脑")}


class OwnAccount:
    """What everybody may change of themselves."""

    def __init__(self, console: Console, staff: Staff, credentials: Credentials) -> None:
        self._console = console
        self._staff = staff
        self._credentials = credentials

    @property
    def entries(self) -> Sequence[Entry]:
        """Nothing in the navigation: it stands under one's name."""
        return ()

    def add_to(self, blueprint: Blueprint) -> None:
        add = blueprint.add_url_rule
        add("/me", "own", self.page)
        add("/me/language", "own_language", self.choose_language, methods=["POST"])
        add("/me/password", "own_password", self.change_password, methods=["POST"])
        add("/me/second-factor", "own_factor", self.factor_page)
        add("/me/second-factor", "own_factor_send", self.set_factor, methods=["POST"])
        add("/me/sessions", "own_sessions_end", self.end_others, methods=["POST"])

    def page(self) -> ResponseReturnValue:
        """All of it."""
        return self._page()

    def choose_language(self) -> ResponseReturnValue:
        """The language, here and at the next sign-in."""
        wanted = request.form.get("language", "")
        language = wanted if wanted in self._console.languages.LANGUAGES else ""
        self._credentials.choose_language(account().id, language)
        session["lang"] = language
        return done("own", say(self._console)(LANGUAGE_KEPT))

    def change_password(self) -> ResponseReturnValue:
        """Another password, by whoever knows the present one."""
        problems = new_password_problems(self._console, account())
        if not problems:
            try:
                self._credentials.change_password(
                    account().id, request.form.get("old", ""), request.form["new"]
                )
            except NotAdmitted as refused:
                problems = {"old": self._why(refused, OLD_WRONG)}
        if problems:
            return self._page(problems), 400
        renew_session(self._console, say(self._console)(PASSWORD_CHANGED))
        return done("own")

    def factor_page(self) -> ResponseReturnValue:
        """A secret for another phone."""
        return self._factor_page()

    def set_factor(self) -> ResponseReturnValue:
        """Takes the new secret in the place of the present one, of which a code is asked for too."""
        _, problems = say(self._console), {}
        code = request.form.get("code", "")
        if not self._credentials.fits_plan(signed_in(), code):
            problems = {"code": _(WRONG_CODE)}
        elif self._credentials.has_second_factor(account().id):
            try:
                self._credentials.check_code(account().id, request.form.get("present", ""))
            except NotAdmitted as refused:
                problems = {"present": self._why(refused, WRONG_CODE)}
        if problems or not self._credentials.set_second_factor(signed_in(), code):
            return self._factor_page(problems), 400
        open_session(self._console, account(), "code")
        return done("own", _(FACTOR_SET))

    def end_others(self) -> ResponseReturnValue:
        """Signs out everywhere else."""
        count = self._console.sessions.end_others(signed_in())
        return done("own", say(self._console)(OTHERS_ENDED if count else NO_OTHERS))

    def _page(self, problems: Mapping[str, str] | None = None) -> str:
        return render_template(
            "hr_console/own_account.html",
            standing=self._staff.standing(account().id),
            sessions=self._console.sessions.of(account().id),
            here=signed_in().token_hash,
            moment=self._moment,
            devices=DEVICES,
            roles=ROLES,
            meanings=MEANINGS,
            shortest=SHORTEST,
            problems=problems or {},
        )

    def _factor_page(self, problems: Mapping[str, str] | None = None) -> str:
        return render_template(
            "hr_console/own_second_factor.html",
            has_factor=self._credentials.has_second_factor(account().id),
            problems=problems or {},
            **second_factor(signed_in(), self._credentials.planned_secret(signed_in())),
        )

    def _moment(self, at: datetime) -> str:
        return moment(at, self._console.now(), say(self._console))

    def _why(self, refused: NotAdmitted, wrong: str) -> str:
        _ = say(self._console)
        return _(wrong) if refused.wait is None else _(WAIT, minutes=str(-(-refused.wait // 60)))
