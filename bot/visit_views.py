"""Behind a one-time link: a conversation of another channel on the pages of the web chat.

To look at a link opens nothing: chat apps and scanners fetch every address that is sent. A button opens it, once, and begins
a visit. A browser has one visit at a time, with addresses and a cookie of its own: it knows nothing of the web chat in the
same browser, and whoever opened a link there before is no longer seen.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug import Response as AnyResponse

from bot import me_views, views
from bot.channels.web import Guest
from bot.me_views import Me
from bot.views import TOO_FAST, Around, Door, asset_versions, protect
from delivery.browsers import Pace
from delivery.links import Found, LinkState, Visit, Visits
from locales import N_, Locale, speak

#: The cookie of a visit, and the random word that a browser gets with the page of a link.
TICKET: Final = "visit"
BROWSER: Final = "link"
#: Where the ticket is shown: in the visit, and where the next link is opened.
_OPENS: Final = "/reports"
_GOES_ON: Final = "/visits"
#: What one address may do with links in a minute: behind it may stand a whole plant that was just sent some.
LOOKS_A_MINUTE: Final = 600
#: Addresses of a visit that its page calls by itself: nobody did anything.
_BY_ITSELF: Final = "visit.later"

SHOWN: Final[Mapping[str, str]] = {
    "telegram": N_("这里是你在 Telegram 的对话，在网页上打开。"),
    "wechat": N_("这里是你在微信公众号的对话，在网页上打开。"),
    "wecom": N_("这里是你在企业微信的对话，在网页上打开。"),
}
SHOWN_ELSE: Final = N_("这里是你和助手的对话，用链接打开的。")


#: How there is another link.
AGAIN: Final = N_("想再看一次：回到聊天里发“再说一遍”，或者再问一次，就有新的链接。")


@dataclass(frozen=True, slots=True)
class Told:
    """What a page says that shows nothing else: what is so, why, and what to do now."""

    title: str
    text: str
    way: str = AGAIN
    status: int = 410


OVER: Final[Mapping[LinkState, Told]] = {
    "used": Told(N_("这个链接用过了"), N_("每个链接只能打开一次，免得别人翻到。")),
    "expired": Told(N_("这个链接过期了"), N_("链接只管 24 小时，手机落在别处也不怕。")),
    "void": Told(
        N_("这个链接不能用了"),
        N_("发链接的聊天账号已经和员工解绑。"),
        N_("还想看：在你现在用的聊天里问一次。不是你自己换的，请到人事说一声。"),
    ),
    "erased": Told(
        N_("这段对话删掉了"), N_("链接后面什么都没有了。"), N_("还想问：回到聊天里重新问，就有新的链接。")
    ),
    "unknown": Told(N_("没有这个链接"), N_("可能是没复制全，也可能过期太久了。"), status=404),
}
ENDED: Final = Told(
    N_("这一页关上了"),
    N_("半小时没动、过了一天、点过“退出”，或者这个浏览器又打开了别的链接，都会关上，怕别人看到。"),
)
LEFT: Final = Told(N_("退出了"), N_("这个浏览器里看不到你的对话了，聊天里的还在，没有删。"), status=200)
NO_COOKIE: Final = Told(
    N_("没有打开"),
    N_("这个浏览器没让本页记住你（cookie 关着），或者这一页放得太久。链接没有用掉。"),
    N_("回到聊天里再点一次链接；还不行，就换个浏览器。"),
    400,
)
SLOWLY: Final = N_("点得太快")


def create_blueprints(visits: Visits, me: Me) -> tuple[Blueprint, ...]:
    """The page of a link, and the pages of a visit: the chat and what is kept about whose it is."""
    links = Blueprint("links", __name__, template_folder="templates")
    opening = _Opening(visits, me)
    links.after_request(_protect)
    links.add_url_rule("/reports/<token>", "look", opening.look)
    links.add_url_rule("/reports/<token>", "open", opening.open, methods=["POST"])
    chat, kept = (
        Blueprint(name, __name__, template_folder="templates", url_prefix=f"{_GOES_ON}/<visit>")
        for name in ("visit", "visit_me")
    )
    for blueprint in (chat, kept):
        blueprint.url_value_preprocessor(_take_visit)
        blueprint.url_defaults(_give_visit)
        blueprint.before_request(opening.enter)
        blueprint.after_request(_protect)
    chat.add_url_rule("/leave", "leave", opening.leave, methods=["POST"])
    door = _VisitDoor()
    return links, views.add_pages(chat, me.chat, door), me_views.add_pages(kept, me, door)


class _VisitDoor(Door):
    """Lets in whoever has the ticket of the visit in the address."""

    def guest(self) -> Guest | None:
        visit = _visit()
        return None if visit is None else Guest(visit.channel, visit.sender)

    def remember(self, response: Response, guest: Guest) -> Response:
        return response  # the visit itself knows until when it goes on

    def around(self) -> Around:
        visit = _visit()
        return Around(
            chat=url_for("visit.page"),
            me=url_for("visit_me.page"),
            language="" if visit is None else visit.locale,
            tab=f"visit.{g.named}",
            shown=SHOWN_ELSE if visit is None else SHOWN.get(visit.channel, SHOWN_ELSE),
            leave=url_for("visit.leave"),
        )


class _Opening:
    """How a visit begins, goes on and ends."""

    def __init__(self, visits: Visits, me: Me) -> None:
        self._visits = visits
        self._chat = me.chat
        self._pace = Pace(LOOKS_A_MINUTE, me.chat.clock)
        self._assets = asset_versions()

    def look(self, token: str) -> ResponseReturnValue:
        """The page of a link, with its button; whoever opened it here goes on."""
        if (told := self._too_fast()) is not None:
            return told
        browser = request.cookies.get(BROWSER, "")
        found = self._visits.look_up(token, browser)
        if found.visit is not None:
            return self._begin(found, found.visit)
        if found.state != "good":
            return self._tell(OVER[found.state])
        # The same word for every link of a browser: two that lie open side by side both work.
        browser = browser or secrets.token_urlsafe(16)
        response = make_response(self._template("link.html", browser=browser))
        _set_cookie(response, BROWSER, browser, _OPENS)
        return response

    def open(self, token: str) -> ResponseReturnValue:
        """Uses a link up and begins the visit. Another site's form knows nothing of the browser's word."""
        if (told := self._too_fast()) is not None:
            return told
        browser = request.cookies.get(BROWSER, "")
        if not browser or not secrets.compare_digest(
            browser.encode(), request.form.get("browser", "").encode()
        ):
            return self._tell(NO_COOKIE)
        found = self._visits.use(token, browser)
        if found.visit is None:
            return self._tell(OVER[found.state])
        before = request.cookies.get(TICKET, "")
        if before and before != found.ticket:
            self._visits.leave(before)
        return self._begin(found, found.visit)

    def enter(self) -> ResponseReturnValue | None:
        """Finds the visit that a request belongs to; without one only its page's script is answered by its own pages."""
        ticket = request.cookies.get(TICKET, "")
        acts = request.endpoint != _BY_ITSELF
        visit = self._visits.find(ticket, acts=acts) if ticket else None
        g.visit = visit if visit is not None and visit.id == g.named else None
        if g.visit is None and request.endpoint not in (_BY_ITSELF, "visit.message", "visit.leave"):
            return self._tell(ENDED)
        return None

    def leave(self) -> ResponseReturnValue:
        """Ends the visit. That another site could end it, too, harms nobody."""
        if _visit() is not None:
            self._visits.leave(request.cookies.get(TICKET, ""))
        response = make_response(self._tell(LEFT))
        for path in (_OPENS, _GOES_ON):
            response.delete_cookie(TICKET, path=path)
        return response

    def _begin(self, found: Found, visit: Visit) -> AnyResponse:
        address = url_for("visit.page", visit=visit.id, _anchor=f"at={visit.seq}")
        response = redirect(address, 303)
        for path in (_OPENS, _GOES_ON):
            _set_cookie(response, TICKET, found.ticket, path)
        return response

    def _too_fast(self) -> ResponseReturnValue | None:
        seconds = str(self._pace.wait(request.remote_addr or ""))
        if seconds == "0":
            return None
        text, status = self._tell(Told(SLOWLY, TOO_FAST, "", 429), seconds=seconds)
        return text, status, {"Retry-After": seconds}

    def _tell(self, told: Told, **figures: str) -> tuple[str, int]:
        return self._template("told.html", told=told, figures=figures), told.status

    def _template(self, name: str, **context: Any) -> str:
        locale = self._locale()
        say = speak(self._chat.languages.catalogue(locale))
        return render_template(f"bot/{name}", _=say, locale=locale, assets=self._assets, **context)

    def _locale(self) -> Locale:
        accepted = (tag for tag, _ in request.accept_languages)
        return self._chat.languages.choose(request.args.get("lang", ""), accepted)


def _take_visit(endpoint: str | None, values: dict[str, Any] | None) -> None:
    g.named = values.pop("visit") if values else ""


def _give_visit(endpoint: str, values: dict[str, Any]) -> None:
    if "named" in g:
        values.setdefault("visit", g.named)


def _visit() -> Visit | None:
    found: Visit | None = g.visit
    return found


def _set_cookie(response: AnyResponse, name: str, value: str, path: str) -> None:
    response.set_cookie(name, value, path=path, secure=request.is_secure, httponly=True, samesite="Lax")


def _protect(response: Response) -> Response:
    """The headers of the chat's pages, and that no search engine keeps them."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return protect(response)
