"""Signing in: login and password, then the code from the phone; by invitation; through the company's own sign-in."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import segno
from flask import (
    Blueprint,
    Response,
    after_this_request,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue

from audit import events
from audit.events import Event
from hr_console.console import TOKEN, Console, Entry, actor, half_way, landing, say, signed_in
from locales import N_
from notices.answering import HR_DEVICE
from people.accounts import Account
from people.passwords import SHORTEST, Weakness, weakness
from people.providers import UNDER_WAY, Provider, ProviderFailed, Ties, new_journey
from people.second_factor import address_of
from people.signing_in import Credentials, Invitations, NotAdmitted, Proof, Session

log = logging.getLogger("shebao.console")

#: The cookie of a sign-in that is under way elsewhere. It is sent when the browser comes back from there; the strict
#: one is not.
JOURNEY: Final = "hr_journey"
#: So long is a browser known as one of HR's: as long as browsers keep a cookie.
DEVICE_LIFE: Final = timedelta(days=400)
WRONG: Final = N_("登录名或密码不对。")
WRONG_CODE: Final = N_("动态码不对，或者已经用过。等手机上换了下一个再填。")
WAIT: Final = N_("试错太多了，{minutes} 分钟后再试；着急的话请管理员解锁。")
LINK_OVER: Final = N_("这个邀请已经用过，或者过期了。请管理员再发一次。")
NOT_THE_SAME: Final = N_("两次填的不一样。")
#: What is said on the way back from elsewhere, by its name in the address.
TOLD: Final[Mapping[str, str]] = {
    "failed": N_("没有登录成功，请再试一次。"),
    "unknown": N_("你在公司那边登录成功了，但这里没有给你开通。请管理员在你的账号里准许。"),
    "out": N_("已经退出。"),
}
WEAK: Final[Mapping[Weakness, str]] = {
    "too_short": N_("太短了，至少 {shortest} 个字。几个不相干的词连起来，又长又好记。"),
    "too_long": N_("太长了，256 个字以内。"),
    "too_common": N_("这个太常见，或者太有规律，容易被猜到。换几个不相干的词连起来。"),
    "names_you": N_("里面主要是你的名字或登录名，容易被猜到。换几个不相干的词连起来。"),
}
_PAGE: Final = re.compile(r"/hr/[^\\\x00-\x20\x7f]*")


@dataclass(frozen=True, kw_only=True)
class Door:
    """What the door stands on. `provider` is the company's own sign-in, None where there is none."""

    credentials: Credentials
    invitations: Invitations
    ties: Ties
    provider: Provider | None = None


class SignIn:
    """The door's own pages."""

    def __init__(self, console: Console, door: Door) -> None:
        self._console = console
        self._door = door

    @property
    def entries(self) -> Sequence[Entry]:
        """Nothing in the navigation."""
        return ()

    def add_to(self, blueprint: Blueprint) -> None:
        add = blueprint.add_url_rule
        add("/sign-in", "sign_in", self.page)
        add("/sign-in", "sign_in_send", self.send, methods=["POST"])
        add("/sign-in/code", "sign_in_code", self.code_page)
        add("/sign-in/code", "sign_in_code_send", self.send_code, methods=["POST"])
        add("/sign-in/second-factor", "sign_in_set_up", self.set_up_page)
        add("/sign-in/second-factor", "sign_in_set_up_send", self.set_up, methods=["POST"])
        add("/sign-in/provider", "provider_start", self.set_out)
        add("/sign-in/provider/back", "provider_back", self.come_back)
        add("/sign-out", "sign_out", self.sign_out, methods=["POST"])
        add("/invitation/<token>", "invitation", self.invitation)
        add("/invitation/<token>", "invitation_accept", self.accept, methods=["POST"])

    # -- login and password ----------------------------------------------------------------------------------------

    def page(self) -> ResponseReturnValue:
        """Login and password."""
        back, told = safe_page(request.args.get("next", "")), TOLD.get(request.args.get("told", ""), "")
        if g.signed_in is not None:
            return redirect(back or url_for(".home"), 303)
        return self._page(back=back, told=told)

    def send(self) -> ResponseReturnValue:
        """Checks both; whoever has a second factor is asked for it, whoever has none sets one up."""
        login, back = request.form.get("login", ""), safe_page(request.form.get("next", ""))
        try:
            account = self._door.credentials.check_password(
                login, request.form.get("password", ""), request.remote_addr or ""
            )
        except NotAdmitted as refused:
            return self._page(login=login, back=back, problem=self._why(refused, WRONG)), _status(refused)
        return redirect(self._next_step(account, back), 303)

    def _page(self, **values: str) -> str:
        provider = self._door.provider
        return render_template(
            "hr_console/sign_in.html", provider=None if provider is None else provider.name, **values
        )

    def _next_step(self, account: Account, back: str) -> str:
        """The page to go to once the password was right."""
        if self._door.credentials.has_second_factor(account.id):
            step = ".sign_in_code"
        elif not self._console.demo:
            step = ".sign_in_set_up"
        else:
            return self._let_in(account, "demo", back)
        open_session(self._console, account, "password")
        session["back"] = back
        return url_for(step)

    def _let_in(self, account: Account, proof: Proof, back: str) -> str:
        """Signs in; the page to go to."""
        who = events.account(account.id)
        self._console.log.record(Event("sign_in", who, (who,), {"proof": proof}))
        open_session(self._console, account, proof)
        # In the demo one browser plays both sides.
        if not self._console.demo:
            mark_device(secure=self._console.secure)
        return back or url_for(".home")

    # -- the second factor -----------------------------------------------------------------------------------------

    def code_page(self) -> ResponseReturnValue:
        """The code from the phone."""
        return render_template("hr_console/sign_in_code.html")

    def send_code(self) -> ResponseReturnValue:
        """Checks it."""
        account, back = half_way().account, session.get("back", "")
        try:
            self._door.credentials.check_code(account.id, request.form.get("code", ""))
        except NotAdmitted as refused:
            problem = self._why(refused, WRONG_CODE)
            return render_template("hr_console/sign_in_code.html", problem=problem), _status(refused)
        return redirect(self._let_in(account, "code", back), 303)

    def set_up_page(self) -> ResponseReturnValue:
        """The secret, as a picture and as text."""
        if self._door.credentials.has_second_factor(half_way().account.id):
            return redirect(url_for(".sign_in_code"), 303)
        return self._set_up_page()

    def set_up(self) -> ResponseReturnValue:
        """Keeps it, once a code shows that the phone has it."""
        account, back = half_way().account, session.get("back", "")
        if self._door.credentials.has_second_factor(account.id):  # set up in another window meanwhile
            return redirect(url_for(".sign_in_code"), 303)
        if not self._door.credentials.set_second_factor(half_way(), request.form.get("code", "")):
            return self._set_up_page(say(self._console)(WRONG_CODE)), 400
        return redirect(self._let_in(account, "code", back), 303)

    def _set_up_page(self, problem: str = "") -> str:
        secret = self._door.credentials.planned_secret(half_way())
        return render_template(
            "hr_console/sign_in_set_up.html", **second_factor(half_way(), secret), problem=problem
        )

    # -- invitations -----------------------------------------------------------------------------------------------

    def invitation(self, token: str) -> ResponseReturnValue:
        """Whom a link invites, who now chooses a password."""
        invited = self._door.invitations.invited(token)
        if invited is None:
            return self._link_over()
        return render_template("hr_console/invitation.html", invited=invited, shortest=SHORTEST)

    def accept(self, token: str) -> ResponseReturnValue:
        """Keeps the password; the link is used up."""
        invited = self._door.invitations.invited(token)
        if invited is None:
            return self._link_over()
        problems = new_password_problems(self._console, invited)
        if problems:
            return render_template(
                "hr_console/invitation.html", invited=invited, shortest=SHORTEST, problems=problems
            ), 400
        account = self._door.invitations.accept(token, request.form["new"])
        if account is None:
            return self._link_over()
        return redirect(self._next_step(account, ""), 303)

    def _link_over(self) -> ResponseReturnValue:
        return render_template("hr_console/notice.html", text=say(self._console)(LINK_OVER)), 410

    # -- the company's own sign-in ---------------------------------------------------------------------------------

    def set_out(self) -> ResponseReturnValue:
        """To the provider's page."""
        provider = self._door.provider
        if provider is None:
            return redirect(url_for(".sign_in", told="failed"), 303)
        journey = new_journey(safe_page(request.args.get("next", "")))
        try:
            response = make_response(redirect(provider.address(journey), 303))
        except ProviderFailed as failed:
            log.warning("sign-in elsewhere: %s", failed)
            return redirect(url_for(".sign_in", told="failed"), 303)
        response.set_cookie(
            JOURNEY,
            self._door.ties.set_out(journey),
            max_age=UNDER_WAY,
            path=url_for(".provider_start"),
            secure=self._console.secure,
            httponly=True,
            samesite="Lax",
        )
        return response

    def come_back(self) -> ResponseReturnValue:
        """From the provider's page, with a code. The browser brings the journey's cookie alone, so nothing is shown before
        a page of ours has taken it on."""
        response = make_response(landing(self._arrive()))
        response.delete_cookie(
            JOURNEY,
            path=url_for(".provider_start"),
            secure=self._console.secure,
            httponly=True,
            samesite="Lax",
        )
        return response

    def _arrive(self) -> str:
        """The page to go to."""
        journey, provider = self._door.ties.come_back(request.cookies.get(JOURNEY, "")), self._door.provider
        if journey is None or provider is None:
            return url_for(".sign_in", told="failed")
        try:
            identity = provider.identity(journey, request.args.to_dict())
        except ProviderFailed as failed:
            log.warning("sign-in elsewhere: %s", failed)
            return url_for(".sign_in", told="failed")
        account = self._door.ties.account_of(identity)
        if account is None:
            return url_for(".sign_in", told="unknown")
        if provider.second_factor:
            return self._let_in(account, "provider", journey.back)
        return self._next_step(account, journey.back)

    # -- and out again ---------------------------------------------------------------------------------------------

    def sign_out(self) -> ResponseReturnValue:
        """Ends the session."""
        self._console.log.record(Event("sign_out", actor(), (actor(),)))
        self._console.sessions.end(session[TOKEN])
        language = session.get("lang", "")
        session.clear()
        session["lang"] = language
        return redirect(url_for(".sign_in", told="out"), 303)

    def _why(self, refused: NotAdmitted, wrong: str) -> str:
        _ = say(self._console)
        return _(wrong) if refused.wait is None else _(WAIT, minutes=str(-(-refused.wait // 60)))


def open_session(console: Console, account: Account, proof: Proof) -> None:
    """Begins a session in place of the one that there was: whatever cookie the browser came with, it gets another."""
    language = account.language or session.get("lang", "")
    if TOKEN in session:
        console.sessions.end(session[TOKEN])
    session.clear()
    session["lang"] = language
    device = "phone" if "Mobi" in request.headers.get("User-Agent", "") else "computer"
    session[TOKEN] = console.sessions.begin(account.id, proof, device)
    console.signed_in_from(request.remote_addr or "")


def mark_device(*, secure: bool) -> None:
    """Has the browser known as one of HR's on the employees' pages of notices: nobody signs there on HR's device. The console
    itself never gets to see the cookie."""

    @after_this_request
    def mark(response: Response) -> Response:
        response.set_cookie(
            HR_DEVICE,
            secrets.token_urlsafe(24),
            max_age=DEVICE_LIFE,
            path="/notices",
            secure=secure,
            httponly=True,
            samesite="Lax",
        )
        return response


def renew_session(console: Console, message: str) -> None:
    """After what ends every session of an account: its owner goes on in a new one, and is told."""
    here = signed_in()
    open_session(console, here.account, here.proof)
    flash(message)


def new_password_problems(console: Console, account: Account) -> dict[str, str]:
    """What is wrong with the new password of a form, by field."""
    _, new = say(console), request.form.get("new", "")
    weak = weakness(new, (account.login, account.name, account.mail))
    if weak is not None:
        return {"new": _(WEAK[weak], shortest=str(SHORTEST))}
    return {} if request.form.get("again") == new else {"again": _(NOT_THE_SAME)}


def second_factor(session: Session, secret: str) -> dict[str, str]:
    """The secret as a page shows it: a QR code, and letters in fours."""
    picture = segno.make(address_of(secret, session.account.login), error="m")
    return {
        "picture": picture.svg_data_uri(scale=4, border=3, light="#fff", dark="#000"),
        "secret": " ".join(re.findall(".{1,4}", secret)),
    }


def safe_page(text: str) -> str:
    """A page of the console to go on to; empty for everything else, so that no link leads elsewhere through the door.

    >>> safe_page("/hr/inbox?box=mine"), safe_page("https://evil.example/"), safe_page("//evil.example"), safe_page("/hr/\\\\x")
    ('/hr/inbox?box=mine', '', '', '')
    """
    return text if _PAGE.fullmatch(text) and len(text) <= 400 else ""


def _status(refused: NotAdmitted) -> int:
    return 400 if refused.wait is None else 429
