"""The web chat: its page, its messages, and the papers of a result. A browser is a signed random number and no more."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from bot.channels import web
from bot.channels.web import (
    Guest,
    Refused,
    Visitors,
    bubbles_json,
    new_sender,
    read_message,
)
from bot.dialogue.conversation import Conversation
from bot.receiving import Kept, Received, replies_json
from calculator.fields import InputError
from delivery.browsers import HEADERS, Pace, hashes, is_foreign, short_hash
from delivery.messages import IncomingMessage
from delivery.transcript import Entry
from locales import N_, Languages, Locale, Say, speak

log = logging.getLogger("shebao.chat")

COOKIE: Final = "chat"
#: Where what is kept about somebody is shown, by the cookie of the chat. The calculator never gets to see it.
ME: Final = "/me"
STATIC: Final = Path(__file__).with_name("static")
TEMPLATES: Final = Path(__file__).with_name("templates")
#: Bubbles in one answer; a page that lacks more asks again.
MOST_BUBBLES: Final = 200
#: What one sender may do in a minute: nobody types faster, and a paper takes a second to set.
MESSAGES_A_MINUTE: Final = 30
PAPERS_A_MINUTE: Final = 20

PROBLEMS: Final[Mapping[str, str]] = {
    "bad_json": N_("这一条没收好，刷新一下页面再发。"),
    "not_allowed": N_("这一条没收好，刷新一下页面再发。"),
    "foreign": N_("这一条不是从本页发来的，没有收。"),
    "no_text": N_("还没写字。"),
    "no_session": N_("离开太久了。怕别人看到，前面聊的收起来了。"),
    "text_too_long": N_("一次最多 {most} 个字，分两次发就行。"),
    "too_large": N_("太大了，收不下。打几个字就行。"),
    "too_many": N_("发得有点快，{seconds} 秒后自动再发。"),
    "failed": N_("我这边出了点毛病，这一条没收好，等一下再发。"),
}
NO_RESULT: Final = N_("这里还没有结果。先回去聊，算完了就有。")
TOO_FAST: Final = N_("点得有点快，{seconds} 秒后再打开。")
STATUS: Final[Mapping[str, int]] = {
    "no_session": 401,
    "foreign": 403,
    "too_large": 413,
    "too_many": 429,
    "failed": 500,
}
MEDIA: Final = {"pdf": "application/pdf", "png": "image/png", "svg": "image/svg+xml"}


class Transcript(Protocol):
    """What was said before."""

    def find(self, channel: str, sender: str) -> Kept | None:
        """A sender's conversation; None where there is none."""

    def history(self, conversation: str, after_seq: int = 0, limit: int = 100) -> Sequence[Entry]:
        """What was said after a bubble, in order."""


class Papers(Protocol):
    """The last result on paper. A case is the JSON of the calculator; each may raise `InputError`."""

    def chart_svg(self, case: dict[str, Any], locale: Locale) -> bytes:
        """The household's money over the wage."""

    def chart_told(self, case: dict[str, Any], locale: Locale) -> str:
        """The chart in sentences, for those who do not see it."""

    def report_pdf(self, case: dict[str, Any], locale: Locale) -> bytes:
        """The impact report."""

    def report_png(self, case: dict[str, Any], locale: Locale) -> bytes:
        """The impact report as one picture."""

    def note_pdf(self, case: dict[str, Any], locale: Locale) -> bytes:
        """The note to show at the township."""

    def note_png(self, case: dict[str, Any], locale: Locale) -> bytes:
        """The note as a picture."""


@dataclass(frozen=True, kw_only=True)
class Chat:
    """What the web chat stands on.

    `acknowledge` is told up to which bubble a conversation was fetched; `place` names a region's code; `secret` signs
    the cookie, whose `life` begins anew with every message.
    """

    receive: Callable[[IncomingMessage], Received]
    transcript: Transcript
    acknowledge: Callable[[str, int], None]
    papers: Papers
    languages: Languages
    place: Callable[[str], str]
    today: Callable[[], date]
    secret: str = field(repr=False)
    life: timedelta = web.LIFE
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a chat: the addresses of its page and of what is kept, the language that it is in, and what its tab
    remembers it by. `shown` tells which chat it is, where it is not the web chat; `leave` is where that is left."""

    chat: str
    me: str
    language: str = ""
    tab: str = "chat"
    shown: str = ""
    leave: str = ""


class Door(Protocol):
    """Whom a browser may speak for."""

    def guest(self) -> Guest | None:
        """Whom the browser of this request speaks for; None where that is nobody."""

    def remember(self, response: Response, guest: Guest) -> Response:
        """Has the browser speak for somebody from now on."""

    def around(self) -> Around:
        """What stands around the chat of this request."""


class OwnChat(Door):
    """The web chat's own door: whoever has the browser, by its cookie."""

    def __init__(self, chat: Chat) -> None:
        self._visitors = Visitors(chat.secret, chat.life)

    def guest(self) -> Guest | None:
        """Whom the cookie names."""
        sender = self._visitors.sender(request.cookies.get(COOKIE, ""))
        return None if sender is None else Guest(web.NAME, sender)

    def remember(self, response: Response, guest: Guest) -> Response:
        """Gives the cookie, whose life begins anew."""
        for path in (url_for("chat.page"), ME):
            response.set_cookie(
                COOKIE,
                self._visitors.cookie(guest.sender),
                path=path,
                secure=request.is_secure,
                httponly=True,
                samesite="Lax",
            )
        return response

    def around(self) -> Around:
        """The web chat's own addresses."""
        return Around(url_for("chat.page"), ME)


def create_blueprint(chat: Chat) -> Blueprint:
    """The web chat as pages."""
    blueprint = Blueprint(
        "chat", __name__, template_folder="templates", static_folder="static", static_url_path="/assets/chat"
    )
    return add_pages(blueprint, chat, OwnChat(chat))


def add_pages(blueprint: Blueprint, chat: Chat, door: Door) -> Blueprint:
    """The pages of a chat, for those whom the door lets in."""
    pages, papers = _Pages(chat, door), chat.papers
    blueprint.before_request(_limit_body)
    blueprint.after_request(protect)
    blueprint.add_url_rule("/chat", "page", pages.page)
    blueprint.add_url_rule("/chat/messages", "later", pages.later)
    blueprint.add_url_rule("/chat/messages", "message", pages.message, methods=["POST"])
    blueprint.add_url_rule("/chat/sample-paper.svg", "sample_paper", pages.sample_paper)
    for name, make in (
        ("chart.svg", papers.chart_svg),
        ("report.pdf", papers.report_pdf),
        ("report.png", papers.report_png),
        ("note.pdf", papers.note_pdf),
        ("note.png", papers.note_png),
    ):
        endpoint = name.replace(".", "_")
        blueprint.add_url_rule(f"/chat/{name}", endpoint, partial(pages.paper, make, name))
    return blueprint


def last_case(kept: Kept, on: date) -> dict[str, Any] | None:
    """The household of a conversation's last result as the calculator reads it; None where there is no result yet."""
    if kept.state is None:
        return None
    calculated = Conversation.from_json(kept.state).calculated
    return None if calculated is None else calculated.case(on)


class _Pages:
    """The views, each over the same conversations and clock."""

    def __init__(self, chat: Chat, door: Door) -> None:
        self._chat = chat
        self._door = door
        self._messages = Pace(MESSAGES_A_MINUTE, chat.clock)
        self._papers = Pace(PAPERS_A_MINUTE, chat.clock)
        self._assets = asset_versions()
        self._version = _fingerprint()

    def page(self) -> ResponseReturnValue:
        """The page; what was said is fetched by its script."""
        guest = self._door.guest() or Guest(web.NAME, new_sender())
        return self._door.remember(make_response(self._template("page.html")), guest)

    def message(self) -> ResponseReturnValue:
        """One message in, the replies out; the same key again gets the same replies."""
        try:
            guest = self._visitor()
            if not request.is_json:
                raise Refused("bad_json")
            if seconds := self._messages.wait(guest.sender):
                return self._failure("too_many", seconds=seconds)
            sent = read_message(request.get_data(), guest, self._chat.languages.catalogue(self._locale()))
        except Refused as error:
            return self._failure(error.code, error.field)
        except RequestEntityTooLarge:
            return self._failure("too_large")
        try:
            received = self._chat.receive(sent.message)
        except Exception as error:
            # The page sends it again under the same key. The text of an error may quote the message.
            log.error("a message was not taken (%s)", type(error).__name__)
            return self._failure("failed")
        said = {
            "replies": replies_json(received.replies),
            "asked": received.asked,
            "topic": received.topic,
        }
        return self._door.remember(_json(said | self._since(guest, sent.after)), guest)

    def later(self) -> ResponseReturnValue:
        """What was said after the bubble that the page has."""
        after = request.args.get("after", "0")
        try:
            guest = self._visitor()
            if not (after.isascii() and after.isdigit() and len(after) < 10):
                raise Refused("not_allowed", "after")
        except Refused as error:
            return self._failure(error.code, error.field)
        return _json(self._since(guest, int(after)))

    def paper(self, make: Callable[[dict[str, Any], Locale], bytes], name: str) -> ResponseReturnValue:
        """The last result of the conversation on paper, to be looked at and kept."""
        guest = self._door.guest()
        kept = None if guest is None else self._find(guest)
        case = None if kept is None else last_case(kept, self._chat.today())
        if guest is None or case is None:
            return self._notice(NO_RESULT), 404
        if seconds := self._papers.wait(guest.sender):
            told = self._notice(TOO_FAST, seconds=str(seconds))
            return told, 429, {"Retry-After": str(seconds)}
        try:
            content = make(case, self._locale())
        except InputError:
            return self._notice(NO_RESULT), 404
        stem, _, kind = name.partition(".")
        filename = f"shebao-{stem}-{self._chat.today().isoformat()}.{kind}"
        headers = {"Content-Disposition": f'inline; filename="{filename}"'}
        return Response(content, mimetype=MEDIA[kind], headers=headers)

    def sample_paper(self) -> ResponseReturnValue:
        """Made-up papers with the places circled where the figures stand."""
        return Response(self._template("sample_paper.svg"), mimetype=MEDIA["svg"])

    def _find(self, guest: Guest) -> Kept | None:
        return self._chat.transcript.find(guest.channel, guest.sender)

    def _visitor(self) -> Guest:
        """Who the page speaks for. Raises `Refused` where it is not our page, or the cookie is gone."""
        if is_foreign(dict(request.headers), request.host):
            raise Refused("foreign")
        guest = self._door.guest()
        if guest is None:
            raise Refused("no_session")
        return guest

    def _since(self, guest: Guest, after: int) -> dict[str, Any]:
        """What the page lacks; what is handed out counts as delivered.

        `thread` changes when everything was erased; `seq` is what to ask after next; `version` is that of the page.
        """
        kept = self._find(guest)
        entries = () if kept is None else self._chat.transcript.history(kept.id, after, MOST_BUBBLES)
        if kept is not None and entries:
            self._chat.acknowledge(kept.id, entries[-1].seq)
        return {
            **bubbles_json(entries, self._chat.place),
            "seq": entries[-1].seq if entries else after,
            "more": len(entries) == MOST_BUBBLES,
            "thread": "" if kept is None else short_hash(kept.id.encode()),
            "holder": "assistant" if kept is None else kept.holder,
            "chart": self._chart_told(kept, entries),
            "version": self._version,
        }

    def _chart_told(self, kept: Kept | None, entries: Sequence[Entry]) -> str:
        """The last result's chart in words, where a bubble shows it."""
        if kept is None or not any("chart" in entry.bubble.papers for entry in entries):
            return ""
        case = last_case(kept, self._chat.today())
        try:
            return "" if case is None else self._chat.papers.chart_told(case, self._locale())
        except InputError:
            return ""

    def _notice(self, text: str, **figures: str) -> str:
        return self._template("notice.html", text=self._say()(text, **figures))

    def _template(self, name: str, **context: str) -> str:
        locale = self._locale()
        return render_template(
            f"bot/{name}",
            _=self._say(),
            locale=locale,
            languages=self._chat.languages.LANGUAGES,
            lang_query=f"?lang={locale}",
            assets=self._assets,
            version=self._version,
            around=self._door.around(),
            longest=web.LONGEST_TEXT,
            **context,
        )

    def _failure(self, code: str, name: str = "body", seconds: int = 0) -> Response:
        message = self._say()(PROBLEMS[code], most=str(web.LONGEST_TEXT), seconds=str(seconds))
        error = {"code": code, "field": name, "message": message}
        response = _json({"error": error, "errors": [error]}, STATUS.get(code, 400))
        if seconds:
            response.headers["Retry-After"] = str(seconds)
        return response

    def _locale(self) -> Locale:
        accepted = (tag for tag, _ in request.accept_languages)
        return self._chat.languages.choose(request.args.get("lang") or self._door.around().language, accepted)

    def _say(self) -> Say:
        return speak(self._chat.languages.catalogue(self._locale()))


def _json(body: Mapping[str, Any], status: int = 200) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Response(text, status, mimetype="application/json")


def _limit_body() -> None:
    request.max_content_length = web.LARGEST_BODY


def protect(response: Response) -> Response:
    """The headers of every page of the chat."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint == "chat.static":
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        response.headers["Cache-Control"] = "no-store"
        response.headers["Vary"] = "Accept-Language, Cookie"
    return response


def asset_versions() -> dict[str, str]:
    """Each asset's content hash, so that browsers may keep it for good."""
    return hashes(STATIC)


def _fingerprint() -> str:
    """The content hash of everything that a page is made of."""
    parts = sorted((*STATIC.iterdir(), *TEMPLATES.rglob("*.*")))
    return short_hash(b"".join(path.read_bytes() for path in parts))
