"""The console: one blueprint under `/hr`, made of sections. Who asks, whether they may, and where a form comes from is
settled here before any page runs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol, cast

from flask import Blueprint, Flask, Response, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf

from audit import events
from audit.events import Log
from delivery import browsers
from hr_console.access import allowed
from locales import N_, Languages, Locale, Say, speak
from people.accounts import Account
from people.signing_in import Session, Sessions

NAME: Final = "hr"
STATIC: Final = Path(__file__).with_name("static")
#: A form is no file; imports say for themselves how much more they take.
LARGEST_BODY: Final = 1024 * 1024
#: What takes more, by endpoint: a sheet, the picture of a seal with its form, scans with theirs.
LARGER_BODIES: Final[Mapping[str, int]] = {
    "import_upload": 11 * 2**20,
    "company_seal": 2 * 2**20,
    "notice_upload": 6 * 2**20,
    "employee_confirm": 6 * 2**20,
}
#: Where the cookie of the session keeps the token.
TOKEN: Final = "token"
#: Pages that are meant to be reached from another site.
FROM_ELSEWHERE: Final = ("static", "provider_back")
HEADERS: Final = {
    **browsers.HEADERS,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
NOT_ALLOWED: Final = N_("这一页不在你的权限里。要用的话，请管理员给你加上相应的角色。")
NOT_FOUND: Final = N_("没有这一页，或者它已经不在了。")
TOO_LARGE: Final = N_("这个文件太大了，没有收。退回去看看上限是多少，换个小的再传。")
STALE_FORM: Final = N_("这一页开得太久了，没有提交成功。内容还在，再点一次就行。")


@dataclass(frozen=True, kw_only=True)
class Console:
    """What every section stands on. `secret` signs the cookie; `secure` sends it over HTTPS alone. `framed_by` is the
    origin that may show it inside a page of its own, in the demo; otherwise none may."""

    sessions: Sessions
    log: Log
    now: Callable[[], datetime]
    languages: Languages
    secret: str = field(repr=False)
    secure: bool = False
    demo: bool = False
    framed_by: str = ""
    #: Told from which address somebody has signed in.
    signed_in_from: Callable[[str], None] = lambda address: None


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the navigation: the page it opens, its name, and how many things wait there for whoever is signed in."""

    endpoint: str
    title: str
    count: Callable[[], int] = lambda: 0


class Section(Protocol):
    """A part of the console: its line in the navigation, and its pages."""

    @property
    def entries(self) -> Sequence[Entry]:
        """What the navigation shows of it, to those who may open it."""

    def add_to(self, blueprint: Blueprint) -> None:
        """Adds its pages; each endpoint stands in `hr_console.access.NEEDS`."""


def create_blueprint(console: Console, *sections: Section) -> Blueprint:
    """The console as pages under `/hr`."""
    blueprint = Blueprint(
        NAME, __name__, template_folder="templates", static_folder="static",
        static_url_path="/assets", url_prefix="/hr",
    )  # fmt: skip
    door = _Door(console, tuple(entry for section in sections for entry in section.entries))
    blueprint.record_once(lambda state: door.set_up(cast("Flask", state.app)))
    blueprint.before_request(door.ask)
    blueprint.after_request(door.protect)
    blueprint.app_context_processor(door.context)
    blueprint.register_error_handler(CSRFError, door.stale_form)
    blueprint.register_error_handler(403, door.refused)
    blueprint.register_error_handler(404, door.missing)
    blueprint.register_error_handler(413, door.too_large)
    blueprint.add_url_rule("/", "home", door.home)
    for section in sections:
        section.add_to(blueprint)
    return blueprint


class _Door:
    """Everything that happens before and after a page."""

    def __init__(self, console: Console, entries: Sequence[Entry]) -> None:
        self._console = console
        self._entries = entries
        self._csrf = CSRFProtect()
        self._headers = headers(console.framed_by if console.demo else "")
        self._assets = {path.name: _hash(path) for path in STATIC.iterdir()}

    def set_up(self, app: Flask) -> None:
        app.config.update(
            SECRET_KEY=self._console.secret,
            SESSION_COOKIE_NAME="hr",
            SESSION_COOKIE_PATH="/hr",
            SESSION_COOKIE_HTTPONLY=True,
            SESSION_COOKIE_SAMESITE="Strict",
            SESSION_COOKIE_SECURE=self._console.secure,
            WTF_CSRF_TIME_LIMIT=None,  # as long as the session: the inbox stays open all day
            WTF_CSRF_CHECK_DEFAULT=False,  # the calculator and the chat have no session to be misused
            WTF_CSRF_SSL_STRICT=False,  # pages send no referrer
        )
        self._csrf.init_app(app)

    def ask(self) -> ResponseReturnValue | None:
        """Who is there, and whether they may; a form must come from a page of ours."""
        endpoint = (request.endpoint or "").removeprefix(f"{NAME}.")
        request.max_content_length = LARGER_BODIES.get(endpoint, LARGEST_BODY)
        g.signed_in, g.half_way = self._who()
        if _comes_from_elsewhere() and endpoint not in FROM_ELSEWHERE:
            return landing(request.full_path.rstrip("?"))
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            self._csrf.protect()
        who = None if g.signed_in is None else g.signed_in.account
        if allowed(endpoint, who, half_way=g.half_way is not None):
            return None
        if g.signed_in is not None:
            return self.refused(None)
        if wants_json():
            return {"error": {"code": "signed_out", "field": "session"}}, 401
        back = request.full_path if request.method == "GET" else ""
        return redirect(url_for(".sign_in", next=back.rstrip("?") or None), 303)

    def _who(self) -> tuple[Session | None, Session | None]:
        """Who is signed in, or else half-way there. What the demo's password opened is open in the demo alone."""
        if TOKEN not in session:
            return None, None
        found = self._console.sessions.find(session[TOKEN])
        if found is not None:
            return (found if found.proof != "demo" or self._console.demo else None), None
        return None, self._console.sessions.half_way(session[TOKEN])

    def home(self) -> ResponseReturnValue:
        """The first page that somebody may open."""
        for entry in self._entries:
            if allowed(entry.endpoint, account()):
                return redirect(url_for(f".{entry.endpoint}"), 303)
        return self.refused(None)

    def refused(self, error: object) -> ResponseReturnValue:
        if wants_json():
            return {"error": {"code": "not_allowed", "field": "role"}}, 403
        return self._notice(NOT_ALLOWED), 403

    def missing(self, error: object) -> ResponseReturnValue:
        if wants_json():
            return {"error": {"code": "not_found", "field": "path"}}, 404
        return self._notice(NOT_FOUND), 404

    def too_large(self, error: object) -> ResponseReturnValue:
        return self._notice(TOO_LARGE), 413

    def stale_form(self, error: object) -> ResponseReturnValue:
        if wants_json():
            return {"error": {"code": "stale_form", "field": "csrf_token"}}, 400
        return self._notice(STALE_FORM), 400

    def protect(self, response: Response) -> Response:
        for name, value in self._headers.items():
            response.headers.setdefault(name, value)
        if request.endpoint == f"{NAME}.static":
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    def context(self) -> dict[str, Any]:
        """What every template of the console finds."""
        if request.blueprint != NAME:
            return {}
        return {
            "_": say(self._console),
            "locale": locale(self._console),
            "languages": self._console.languages.LANGUAGES,
            "assets": self._assets,
            "demo": self._console.demo,
            "me": None if g.get("signed_in") is None else g.signed_in.account,
            "entries": [each for each in self._entries if allowed(each.endpoint, g.signed_in and account())],
            "now": self._console.now(),
            "csrf_token": generate_csrf,
        }

    def _notice(self, text: str) -> str:
        return render_template("hr_console/notice.html", text=say(self._console)(text))


def headers(framed_by: str) -> Mapping[str, str]:
    """What every page is sent with; the pages of an origin, where one is given, may frame them."""
    if not framed_by:
        return HEADERS
    policy = HEADERS["Content-Security-Policy"].replace(
        "frame-ancestors 'none'", f"frame-ancestors {framed_by}"
    )
    framed = {**HEADERS, "Content-Security-Policy": policy}
    del framed["X-Frame-Options"]  # it knows no origins
    return framed


def signed_in() -> Session:
    """The session of the request; only for pages that somebody must be signed in for."""
    found: Session = g.signed_in
    return found


def account() -> Account:
    """Who is signed in."""
    return signed_in().account


def actor() -> str:
    """Who is signed in, as the log names them."""
    return events.account(account().id)


def half_way() -> Session:
    """The session of somebody whose password was right; only for pages that need one."""
    found: Session = g.half_way
    return found


def landing(path: str) -> str:
    """A page of ours that goes on to another one by itself: from here the browser sends the cookie, or keeps the one that
    it gets with it."""
    return render_template("hr_console/landing.html", path=path)


def say(console: Console) -> Say:
    """The words in the reader's language."""
    return speak(console.languages.catalogue(locale(console)))


def locale(console: Console) -> Locale:
    """The reader's language: the one asked for, kept in the session, else the browser's."""
    asked = request.args.get("lang", "")
    if asked:
        session["lang"] = asked
    return console.languages.choose(session.get("lang", ""), (tag for tag, _ in request.accept_languages))


def wants_json() -> bool:
    """Whether the page's script asks, and not somebody who reads."""
    return request.accept_mimetypes.best_match(("text/html", "application/json")) == "application/json"


def done(endpoint: str, message: str = "", **values: Any) -> ResponseReturnValue:
    """After a form: to a page, with a sentence about what was done."""
    if message:
        flash(message)
    return redirect(url_for(f".{endpoint}", **values), 303)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _comes_from_elsewhere() -> bool:
    """Whether a link in a mail or on another site was followed. The browser has then held the strict cookie back."""
    return (
        request.method == "GET"
        and request.headers.get("Sec-Fetch-Site") == "cross-site"
        and TOKEN not in session
    )
