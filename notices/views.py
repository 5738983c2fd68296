"""The employee's page of a notice: the link, the code, the notice, the answer, the copy.

To look at a link opens nothing: chat apps and scanners fetch every address that is sent. A button sends a code through the
employee's own channel; the code begins a visit, whose ticket lies in a cookie, so that the address of the notice itself
holds no token. What may be done the desk decides (`notices.answering.AnswerDesk`); here it is asked, and what it says is
put into words.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from flask import (
    Blueprint,
    Response,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue
from werkzeug import Response as AnyResponse
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from delivery.browsers import HEADERS, Pace, hashes, is_foreign
from locales import Languages, Locale, Say, speak
from notices import page_words
from notices.answering import (
    HR_DEVICE,
    LINK_LIFE,
    LONGEST_STATEMENT,
    Answer,
    AnswerDesk,
    Answered,
    Denied,
    Door,
    NotDone,
    Visit,
    Visitor,
)
from notices.consent import CURRENT
from notices.line_names import line_name
from notices.notice import OUTCOMES, Content, Outcome
from notices.own_result import DECIDES, own_result
from notices.page_words import NOT_DONE, Told
from notices.questions import questions, shown
from notices.reading_aid import aid
from notices.strokes import FLAWS, LARGEST, BadStrokes, flaw, strokes_of

log = logging.getLogger("shebao.notices")

CHINA: Final = ZoneInfo("Asia/Shanghai")
STATIC: Final = Path(__file__).with_name("static")
#: The cookies: the random word of a browser, and the ticket of a visit.
BROWSER: Final = "notice_browser"
TICKET: Final = "notice"
PATH: Final = "/notices"
#: What one address may do in a minute: behind it may stand a whole plant that was just sent its notices.
LOOKS_A_MINUTE: Final = 900
ACTS_A_MINUTE: Final = 600
#: The largest bodies: a form, and an answer with its signature and the longest statement.
LARGEST_FORM: Final = 16 * 1024
LARGEST_ANSWER: Final = LARGEST + 32 * 1024
LONGEST_SECONDS: Final = 24 * 60 * 60
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,200}")
_WORD: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_AGENT: Final = 300


@dataclass(frozen=True, kw_only=True)
class NoticePages:
    """What the pages stand on. `secret` makes the tokens of the forms; `chat` is the address of the web chat."""

    desk: AnswerDesk
    languages: Languages
    now: Callable[[], datetime]
    secret: str = field(repr=False)
    chat: str = "/chat"
    clock: Callable[[], float] = time.monotonic


class _Stopped(Exception):
    """What was asked is not done, for a reason of the page's own."""

    def __init__(self, told: Told, left: int | None = None) -> None:
        super().__init__()
        self.told = told
        self.left = left


def create_blueprint(pages: NoticePages) -> Blueprint:
    """The pages under `/notices`."""
    blueprint = Blueprint(
        "notices",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/assets/notices",
    )
    views = _Views(pages)
    blueprint.after_request(_protect)
    add = blueprint.add_url_rule
    add("/notices/<token>", "look", partial(views.run, views.look))
    add("/notices/<token>/code", "send_code", partial(views.run, views.send_code), methods=["POST"])
    add("/notices/<token>/enter", "enter", partial(views.run, views.enter), methods=["POST"])
    add("/notices/visit", "visit", partial(views.run, views.visit))
    add("/notices/visit/state", "state", partial(views.run, views.state))
    add("/notices/visit/copy.pdf", "copy", partial(views.run, views.copy))
    add("/notices/visit/read", "read", partial(views.run, views.read), methods=["POST"])
    add("/notices/visit/checks", "check", partial(views.run, views.check), methods=["POST"])
    add("/notices/visit/answer", "answer", partial(views.run, views.answer), methods=["POST"])
    add("/notices/visit/leave", "leave", partial(views.run, views.leave), methods=["POST"])
    return blueprint


class _Views:
    """The views, over one desk."""

    def __init__(self, pages: NoticePages) -> None:
        self._pages = pages
        self._desk = pages.desk
        self._looks = Pace(LOOKS_A_MINUTE, pages.clock)
        self._acts = Pace(ACTS_A_MINUTE, pages.clock)
        self._assets = hashes(STATIC)

    def run(self, view: Callable[..., ResponseReturnValue], **values: str) -> ResponseReturnValue:
        """A view, with whatever it is not done for put into words."""
        request.max_content_length = LARGEST_ANSWER if request.endpoint == "notices.answer" else LARGEST_FORM
        try:
            self._keep_pace()
            return view(**values)
        except NotDone as refused:
            why = refused.why
            if why == "unknown_link" and "token" not in values:
                why = "over"  # a ticket of nothing that goes on
            return self._tell(NOT_DONE[why], refused.left, why)
        except _Stopped as stopped:
            return self._tell(stopped.told, stopped.left)
        except RequestEntityTooLarge:
            return self._tell(page_words.TOO_LARGE)
        except Exception as error:
            # The text of an error may quote what was sent.
            log.error("a page of a notice failed (%s)", type(error).__name__)
            return self._tell(page_words.FAILED)

    def _keep_pace(self) -> None:
        pace = self._acts if request.method == "POST" else self._looks
        if seconds := pace.wait(request.remote_addr or ""):
            raise _Stopped(page_words.TOO_FAST, seconds)

    # -- The link and the code -------------------------------------------------------------------------------------

    def look(self, token: str) -> ResponseReturnValue:
        """The page of a link: nothing about the notice or whose it is. Whoever has entered here before goes on."""
        if self._goes_on(token):
            return redirect(self._address("visit"), 303)
        browser = request.cookies.get(BROWSER, "")
        if not _WORD.fullmatch(browser):
            browser = secrets.token_urlsafe(24)
        door = self._desk.look(_checked(token), _visitor(browser))
        response = make_response(self._door(token, door, browser))
        _set_cookie(response, BROWSER, browser, int(LINK_LIFE.total_seconds()))
        return response

    def send_code(self, token: str) -> ResponseReturnValue:
        """Sends a code; the page is then fetched anew, so that it can be left for the chat and come back to."""
        browser = self._known_browser()
        try:
            self._desk.send_code(_checked(token), _visitor(browser))
        except NotDone as refused:
            return self._door_again(token, browser, refused)
        return redirect(self._address("look", token=token, _anchor="code"), 303)

    def enter(self, token: str) -> ResponseReturnValue:
        """Checks the code and begins the visit; one that this browser had before ends."""
        browser = self._known_browser()
        code = re.sub(r"\s", "", request.form.get("code", ""))[:20]
        id_tail = re.sub(r"\s", "", request.form.get("id_tail", ""))[:20].upper()
        try:
            ticket = self._desk.enter(_checked(token), _visitor(browser), code, id_tail)
        except NotDone as refused:
            return self._door_again(token, browser, refused)
        before = _kept_ticket()
        if before and before != ticket:
            self._desk.leave(before)
        response = redirect(self._address("visit"), 303)
        _set_cookie(response, TICKET, f"{ticket}.{_hash_of(token)}")
        return response

    def _goes_on(self, token: str) -> bool:
        """Whether this browser's visit is that of the link, and goes on."""
        ticket, _, of = request.cookies.get(TICKET, "").partition(".")
        if not ticket or not hmac.compare_digest(of.encode(), _hash_of(token).encode()):
            return False
        try:
            self._desk.visit(ticket, _visitor())
        except NotDone:
            return False
        return True

    def _known_browser(self) -> str:
        """The browser's word, where the form is ours and was made for it."""
        browser = request.cookies.get(BROWSER, "")
        if not _WORD.fullmatch(browser):
            raise _Stopped(page_words.NO_COOKIE)
        self._check_form(browser, request.form.get("form", ""))
        return browser

    def _check_form(self, of: str, given: object) -> None:
        """Raises `_Stopped` where a form was not made by a page of this visit."""
        mine = isinstance(given, str) and hmac.compare_digest(given.encode(), self._form(of).encode())
        if not mine or is_foreign(dict(request.headers), request.host):
            raise _Stopped(page_words.FOREIGN)

    def _form(self, of: str) -> str:
        return hmac.new(self._pages.secret.encode(), f"notice form {of}".encode(), hashlib.sha256).hexdigest()

    def _door_again(self, token: str, browser: str, refused: NotDone) -> ResponseReturnValue:
        """The same page with what was wrong, as long as the link still opens."""
        told = NOT_DONE[refused.why]
        if refused.why not in ("too_soon", "not_reachable", "no_code", "wrong_code", "wrong_id"):
            return self._tell(told, refused.left, refused.why)
        door = self._desk.look(_checked(token), _visitor(browser))
        return self._door(token, door, browser, told, refused), told.status, _retry(told, refused.left)

    def _door(
        self, token: str, door: Door, browser: str, told: Told | None = None, refused: NotDone | None = None
    ) -> str:
        now = self._pages.now()
        pause = 0 if door.next_code_at is None else int((door.next_code_at - now).total_seconds()) + 1
        sends = page_words.SENDS_CODE.get(door.code_channel, page_words.SENDS_CODE_ELSE)
        sent = page_words.CODE_SENT.get(door.code_channel, page_words.CODE_SENT_ELSE)
        say = self._say(door.locale)
        return self._template(
            "door.html", door.locale, door=door, token=token, form=self._form(browser), sends=sends, sent=sent,
            pause=max(0, pause), problem="" if told is None else say(told.title), wrong=refused and refused.why,
            why="" if told is None or refused is None else _worded(told, refused.left, say),
            way="" if told is None else say(told.way),
        )  # fmt: skip

    # -- The notice ------------------------------------------------------------------------------------------------

    def visit(self) -> ResponseReturnValue:
        """The notice, or what became of it once it was answered."""
        ticket = _ticket()
        visit = self._desk.visit(ticket, _visitor())
        say, data = self._say(visit.locale), visit.content.data
        aid = aided(visit.content, self._locale(visit.locale), say)
        name = "visit.html" if visit.answer is None else "done.html"
        return self._template(
            name, visit.locale, visit=visit, form=self._form(ticket), doc=aid or data, aided=aid is not None, original=data,
            own=None if visit.own is None else own_result(visit.own, say), decides=DECIDES, open=self._is_open(visit),
            consent=CURRENT, words=page_words, longest=LONGEST_STATEMENT, asked=_asked(visit, say), chat=self._pages.chat,
            answered=_answered_json(visit.answer),
        )  # fmt: skip

    def _is_open(self, visit: Visit) -> bool:
        """Whether it can be answered today."""
        today = self._pages.now().astimezone(CHINA).date()
        return visit.notice.state == "issued" and today <= visit.notice.due_on

    def read(self) -> ResponseReturnValue:
        """The notice was seen to its end, or heard."""
        ticket, data = self._posted()
        seconds = data.get("seconds")
        if type(seconds) is not int or not 0 <= seconds <= LONGEST_SECONDS:
            raise _Stopped(page_words.UNREADABLE)
        self._desk.read(ticket, _visitor(), seconds)
        return jsonify(read=True)

    def check(self) -> ResponseReturnValue:
        """The questions were answered; a wrong answer is explained."""
        ticket, data = self._posted()
        answers = data.get("answers")
        if not isinstance(answers, dict) or len(answers) > 20 or not all(map(_is_short, answers.values())):
            raise _Stopped(page_words.UNREADABLE)
        checked = self._desk.check(ticket, _visitor(), answers)
        visit = self._desk.visit(ticket, _visitor())
        say, asked = self._say(visit.locale), {each.question.key: each for each in questions(visit.content)}
        explained = {
            key: asked[key].explanation(say) for key, right in checked.items() if not right and key in asked
        }
        return jsonify(checked=dict(checked), explained=explained)

    def answer(self) -> ResponseReturnValue:
        """The answer. One that was sent before, and whose receipt was lost on the way, is told as what it became."""
        ticket, data = self._posted()
        answer = _answer(data)
        try:
            answered = self._desk.answer(ticket, _visitor(), answer)
        except NotDone as refused:
            if refused.why != "bad_signature":
                raise
            found = flaw(answer.strokes)
            return self._tell(
                NOT_DONE["bad_signature"], None, "bad_signature", "" if found is None else FLAWS[found]
            )
        return jsonify(answered=_answered_json(answered), go=self._address("visit"))

    def state(self) -> ResponseReturnValue:
        """How it stands, for the page that waits for the copy."""
        visit = self._desk.visit(_ticket(), _visitor())
        return jsonify(answered=_answered_json(visit.answer))

    def copy(self) -> ResponseReturnValue:
        """The employee's sealed copy."""
        ticket = _ticket()
        visit = self._desk.visit(ticket, _visitor())
        if visit.answer is None or not visit.answer.code:
            raise _Stopped(page_words.NOT_SEALED)
        file = self._desk.file(ticket, _visitor())
        return send_file(BytesIO(file.pdf), "application/pdf", as_attachment=True, download_name=file.name)

    def leave(self) -> ResponseReturnValue:
        """Ends the visit."""
        ticket = _ticket()
        self._check_form(ticket, request.form.get("form", ""))
        self._desk.leave(ticket)
        response = make_response(self._tell(page_words.LEFT))
        response.delete_cookie(TICKET, path=PATH, secure=request.is_secure, httponly=True, samesite="Lax")
        return response

    def _posted(self) -> tuple[str, Mapping[str, Any]]:
        """The ticket and the JSON that the page's script has sent."""
        ticket = _ticket()
        if not request.is_json:
            raise _Stopped(page_words.UNREADABLE)
        try:
            data = request.get_json()
        except RequestEntityTooLarge:
            raise
        except (BadRequest, RecursionError, ValueError):
            raise _Stopped(page_words.UNREADABLE) from None
        if not isinstance(data, dict):
            raise _Stopped(page_words.UNREADABLE)
        self._check_form(ticket, data.get("form"))
        return ticket, data

    # -- Words -----------------------------------------------------------------------------------------------------

    def _tell(
        self, told: Told, left: int | None = None, why: Denied | None = None, instead: str = ""
    ) -> ResponseReturnValue:
        """What is not done, as a page or, for the page's script, as JSON. `instead` says more closely why."""
        say = self._say("")
        text = say(instead) if instead else _worded(told, left, say)
        if not _wants_json():
            page = self._template("told.html", "", title=say(told.title), text=text, way=say(told.way))
            return page, told.status, _retry(told, left)
        error = {
            "code": why or "failed",
            "title": say(told.title),
            "message": text,
            "way": say(told.way),
            "left": left,
        }
        return {"error": error}, told.status, _retry(told, left)

    def _template(self, name: str, language: str, **context: Any) -> str:
        locale = self._locale(language)
        token = (request.view_args or {}).get("token")
        here = url_for(".visit") if token is None else url_for(".look", token=token)
        return render_template(
            f"notices/{name}",
            here=here, _=self._say(language), locale=locale, languages=self._pages.languages.LANGUAGES,
            lang_query=_lang_query(), assets=self._assets, **context,
        )  # fmt: skip

    def _address(self, endpoint: str, **values: Any) -> str:
        """An address of these pages, in the language that was asked for."""
        lang = request.args.get("lang")
        return url_for(
            f".{endpoint}", lang=lang if lang in self._pages.languages.LANGUAGES else None, **values
        )

    def _locale(self, language: str) -> Locale:
        accepted = (tag for tag, _ in request.accept_languages)
        return self._pages.languages.choose(request.args.get("lang", "") or language, accepted)

    def _say(self, language: str) -> Say:
        return speak(self._pages.languages.catalogue(self._locale(language)))


def _checked(token: str) -> str:
    """A token as links hold one; nothing else is asked for."""
    if not _TOKEN.fullmatch(token):
        raise NotDone("unknown_link")
    return token


def _visitor(browser: str | None = None) -> Visitor:
    return Visitor(
        browser=request.cookies.get(BROWSER, "") if browser is None else browser,
        address=request.remote_addr or "",
        agent=request.user_agent.string[:_AGENT],
        is_hr=bool(request.cookies.get(HR_DEVICE)),
    )


def _kept_ticket() -> str:
    return request.cookies.get(TICKET, "").partition(".")[0]


def _ticket() -> str:
    """The ticket of this browser's visit. Raises `NotDone` where it has none."""
    if not (ticket := _kept_ticket()):
        raise NotDone("over")
    return ticket


def _hash_of(token: str) -> str:
    return hashlib.sha256(f"notice link {token}".encode()).hexdigest()[:32]


def _set_cookie(response: AnyResponse, name: str, value: str, life: int | None = None) -> None:
    response.set_cookie(
        name, value, max_age=life, path=PATH, secure=request.is_secure, httponly=True, samesite="Lax"
    )


def _answer(data: Mapping[str, Any]) -> Answer:
    """The answer in a body. Raises `_Stopped`, and `NotDone` for strokes that are none."""
    outcome, shown, consent = (data.get(name) for name in ("outcome", "shown", "consent"))
    lines, statement = data.get("lines", []), data.get("statement", "")
    texts = all(map(_is_short, (outcome, shown, consent)))
    if not (texts and outcome in OUTCOMES and isinstance(statement, str) and isinstance(lines, list)):
        raise _Stopped(page_words.UNREADABLE)
    if len(lines) > 50 or not all(map(_is_short, lines)):
        raise _Stopped(page_words.UNREADABLE)
    upto = data.get("chat_upto", 0)
    if type(upto) is not int or not 0 <= upto < 2**31:
        raise _Stopped(page_words.UNREADABLE)
    try:
        strokes = strokes_of(data.get("strokes", []))
    except BadStrokes:
        raise NotDone("bad_signature") from None
    return Answer(
        cast("Outcome", outcome),
        str(shown),
        str(consent),
        tuple(dict.fromkeys(lines)),
        _clean(statement),
        strokes,
        upto,
    )


def _is_short(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 200


def _clean(text: str) -> str:
    """A text without what no keyboard writes: half a character, or a control that is no line end."""
    whole = text.encode("utf-8", "replace").decode()
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", " ", whole.replace("\r\n", "\n")).strip()


def aided(content: Content, locale: Locale, say: Say) -> dict[str, Any] | None:
    """The content in another language, as data of the same shape; None in the language in which it is written."""
    sections = aid(content, locale)
    if not sections:
        return None
    names = {line["key"]: line_name(line, say) for line in content.data["lines"]}
    lines = [line | {"name": names[line["key"]]} for line in content.data["lines"]]
    return {**content.data, "title": sections[0]["title"], "preface": sections[0]["paragraphs"], "lines": lines,
            "sections": sections[1:]}  # fmt: skip


def _asked(visit: Visit, say: Say) -> list[dict[str, Any]]:
    """The questions as they are put; the choices by what is sent back and by how they read."""
    words = {each.question.key: each.text(say) for each in questions(visit.content)}
    return [
        {
            "key": each.key,
            "text": words[each.key],
            "choices": [(choice, shown(choice, say)) for choice in each.choices],
            "right": visit.checked.get(each.key, False),
        }
        for each in visit.questions
    ]


def _answered_json(answered: Answered | None) -> dict[str, str] | None:
    if answered is None:
        return None
    return {"outcome": answered.outcome, "at": _moment(answered.at), "code": answered.code}


def _worded(told: Told, left: int | None, say: Say) -> str:
    if told.counted and left is not None:
        return say(told.counted, left=str(left))
    return say(told.text, most=str(LONGEST_STATEMENT)) if "{most}" in told.text else say(told.text)


def _retry(told: Told, left: int | None) -> dict[str, str]:
    return {"Retry-After": str(left)} if told.status == 429 and left is not None else {}


def _wants_json() -> bool:
    """Whether the page's script asks, and not somebody who reads."""
    return request.accept_mimetypes.best_match(("text/html", "application/json")) == "application/json"


def _lang_query() -> str:
    lang = request.args.get("lang", "")
    return f"?lang={lang}" if re.fullmatch(r"[A-Za-z-]{2,10}", lang) else ""


def _moment(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M}"


def _protect(response: Response) -> Response:
    """The headers of the pages: kept by nobody, framed by nobody, found by no search engine, and telling no other page
    where they are."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    if request.endpoint == "notices.static":
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        response.headers["Cache-Control"] = "no-store"
        response.headers["Vary"] = "Accept-Language, Cookie"
    return response
