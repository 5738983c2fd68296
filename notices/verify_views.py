"""`/verify`: whoever holds a sealed file checks it. The file need not leave their phone: its hash is made in the browser.

Nothing about anybody is shown: who holds a file sees how the checks stand, days and hashes, and what each does not prove.
"""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from audit.case_chain import read_body
from delivery.browsers import HEADERS, Pace, hashes
from locales import N_, Languages, Locale, Say, speak
from notices.isolated import Busy, inspect_apart
from notices.verifying import Inspect, Known, Line, Register, State, in_china, verify, verify_hash

log = logging.getLogger("shebao.notices")

STATIC: Final = Path(__file__).with_name("static")
#: The largest file that is taken, and what a form with it takes.
LARGEST: Final = 5 * 2**20
_FORM: Final = 64 * 1024
_LONGEST_CODE: Final = 40
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
#: What one address may do in a minute: behind it may stand a whole plant, and to read a file takes a moment.
LOOKUPS_A_MINUTE: Final = 300
UPLOADS_A_MINUTE: Final = 20

TOO_FAST: Final = N_("查得有点快，{seconds} 秒后再试。")
TOO_LARGE: Final = N_("文件超过 5 MB。这里出的文件没有这么大。")
NO_FILE: Final = N_("还没有选文件。")
NO_HASH: Final = N_("不是一个 SHA-256 指纹。")
BUSY: Final = N_("正在查的文件太多，等几秒再试。")
FAILED: Final = N_("没有查成，过一会儿再试。文件没有留下。")
SUMMARY: Final = N_("{ok} 项对得上，{failed} 项对不上，{unchecked} 项没有查。")


@dataclass(frozen=True, kw_only=True)
class VerifyPages:
    """What the page stands on. `inspecting` reads a file that the register does not know."""

    register: Register
    languages: Languages
    clock: Callable[[], float] = time.monotonic
    inspecting: Inspect = inspect_apart


class _Stopped(Exception):
    """What was asked is not done."""

    def __init__(self, text: str, status: int, seconds: int = 0) -> None:
        super().__init__()
        self.text = text
        self.status = status
        self.seconds = seconds


def create_blueprint(pages: VerifyPages) -> Blueprint:
    """The page, the lookup by hash, and the check of a file that is sent."""
    blueprint = Blueprint(
        "verify",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/assets/verify",
    )
    views = _Views(pages)
    blueprint.before_request(_limit_body)
    blueprint.after_request(_protect)
    blueprint.add_url_rule("/verify", "page", views.page)
    blueprint.add_url_rule("/verify", "upload", views.upload, methods=["POST"])
    blueprint.add_url_rule("/verify/<sha256>", "look_up", views.look_up, methods=["GET", "POST"])
    return blueprint


class _Views:
    """The views, over one register."""

    def __init__(self, pages: VerifyPages) -> None:
        self._pages = pages
        self._lookups = Pace(LOOKUPS_A_MINUTE, pages.clock)
        self._uploads = Pace(UPLOADS_A_MINUTE, pages.clock)
        self._assets = hashes(STATIC)

    def page(self) -> ResponseReturnValue:
        """The page, before anything is checked."""
        return self._template()

    def look_up(self, sha256: str) -> ResponseReturnValue:
        """The lines for a hash, as JSON; a form may bring the short code."""
        say = self._say()
        try:
            self._keep_pace(self._lookups)
            if not _SHA256.fullmatch(sha256):
                raise _Stopped(NO_HASH, 400)
            register = self._pages.register
            known = register.known(sha256)
            lines = verify_hash(sha256, known, register.trust, _code())
        except _Stopped as stopped:
            return self._refused_json(stopped)
        except Exception as error:
            log.error("a file was not looked up (%s)", type(error).__name__)
            return self._refused_json(_Stopped(FAILED, 500))
        return _told(sha256, known, lines, say)

    def upload(self) -> ResponseReturnValue:
        """The lines for a file that is sent, on the page. It is read once and not kept."""
        try:
            self._keep_pace(self._uploads)
            pdf, code = self._sent(), _code()
            sha256 = hashlib.sha256(pdf).hexdigest()
            known = self._pages.register.known(sha256)
            lines = self._verified(pdf, known, code)
        except _Stopped as stopped:
            return self._refused(stopped)
        except RequestEntityTooLarge:
            return self._refused(_Stopped(TOO_LARGE, 413))
        except Exception as error:
            log.error("a file was not checked (%s)", type(error).__name__)
            return self._refused(_Stopped(FAILED, 500))
        return self._template(found=_told(sha256, known, lines, self._say()))

    def _sent(self) -> bytes:
        pdf = b""
        for name, file in request.files.items(multi=True):
            with file.stream:
                pdf = file.read(LARGEST + 1) if name == "file" else pdf
        if not pdf:
            raise _Stopped(NO_FILE, 400)
        if len(pdf) > LARGEST:
            raise _Stopped(TOO_LARGE, 413)
        return pdf

    def _verified(self, pdf: bytes, known: Known | None, code: str) -> tuple[Line, ...]:
        """What the register knows was made here and is read here; anything else is read apart."""
        if known is not None:
            return verify(pdf, known, code)
        try:
            return verify(pdf, Known(self._pages.register.trust), code, inspecting=self._pages.inspecting)
        except Busy:
            raise _Stopped(BUSY, 503, seconds=5) from None

    def _keep_pace(self, pace: Pace) -> None:
        if seconds := pace.wait(request.remote_addr or ""):
            raise _Stopped(TOO_FAST, 429, seconds)

    def _refused_json(self, stopped: _Stopped) -> ResponseReturnValue:
        text = self._say()(stopped.text, seconds=str(stopped.seconds))
        return {"error": text}, stopped.status, _retry(stopped)

    def _refused(self, stopped: _Stopped) -> ResponseReturnValue:
        text = self._say()(stopped.text, seconds=str(stopped.seconds))
        return self._template(problem=text), stopped.status, _retry(stopped)

    def _template(self, problem: str = "", found: dict[str, Any] | None = None) -> str:
        locale = self._locale()
        return render_template(
            "notices/verify.html",
            _=self._say(),
            locale=locale,
            languages=self._pages.languages.LANGUAGES,
            lang_query=f"?lang={locale}",
            assets=self._assets,
            problem=problem,
            found=found,
            largest=LARGEST,
        )

    def _locale(self) -> Locale:
        accepted = (tag for tag, _ in request.accept_languages)
        return self._pages.languages.choose(request.args.get("lang", ""), accepted)

    def _say(self) -> Say:
        return speak(self._pages.languages.catalogue(self._locale()))


def _told(sha256: str, known: Known | None, lines: Sequence[Line], say: Say) -> dict[str, Any]:
    """What is shown: the lines, and of the chain the day of the seal and the hash of what the notice says."""
    event = None if known is None else known.sealed(sha256)
    moment = None if event is None else event.moment
    counts = Counter(line.state for line in lines)
    states: tuple[State, ...] = ("ok", "failed", "unchecked")
    return {
        "sha256": sha256,
        "known": event is not None,
        "sealed_at": "" if moment is None else in_china(moment),
        "content_sha256": "" if known is None else _content(known),
        "good": not counts["failed"],
        "summary": say(SUMMARY, **{state: str(counts[state]) for state in states}),
        "lines": [line.as_json(say) for line in lines],
    }


def _content(known: Known) -> str:
    """The hash of what the notice says, which its paper shows as a QR code."""
    data = read_body(known.links[0].body) if known.links else None
    return "" if data is None else str(data["data"].get("content_sha256", ""))


def _code() -> str:
    return request.form.get("code", "").strip()[:_LONGEST_CODE]


def _retry(stopped: _Stopped) -> dict[str, str]:
    return {"Retry-After": str(stopped.seconds)} if stopped.seconds else {}


def _limit_body() -> None:
    sends_file = request.endpoint == "verify.upload"
    request.max_content_length = LARGEST + _FORM if sends_file else _FORM


def _protect(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint == "verify.static":
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        response.headers["Cache-Control"] = "no-store"
        response.headers["Vary"] = "Accept-Language"
    return response
