"""Telegram: updates by webhook or long polling, and messages that say nothing about anybody.

Telegram's servers stand abroad. What is about the employee is not sent there, but where it can be read; and as long as the
company has not recorded its basis for sending anything abroad, nothing is sent and nothing of what comes in is kept.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from telegram import Update

from bot.channels import Answer, Callback, HeardCallback, Refused
from bot.channels.drawing import Link, basis, clean, split
from bot.channels.telegram_about import languages
from bot.channels.telegram_api import Api
from bot.channels.telegram_updates import CHANNEL, Doing, HeardUpdate, read
from delivery.sending import Outgoing, Part, Permanent
from delivery.taps import place
from locales import N_, speak

log = logging.getLogger("shebao.channels")

NAME: Final = CHANNEL
PUSHED: Final = True
#: UTF-16 units of one message, as Telegram counts.
LONGEST: Final = 4096
#: Characters of a button's title, and of the titles in one row of them.
LONGEST_TITLE: Final = 60
ROW: Final = 14
#: Since when the company may send abroad; None where it may not.
Since = Callable[[], datetime | None]

_TOKEN_HEADER: Final = "x-telegram-bot-api-secret-token"
_DONE: Final = Answer()
_GAP: Final = "\n\n"
#: Over buttons without a text: Telegram shows none without one.
_NO_WORDS: Final = "…"
_ELSEWHERE: Final = N_(
    "接下来的话和你自己有关。Telegram 的服务器在国外，所以不发到这里，放在网页上了。"
    "点下面打开看，也可以在那里接着说。只能打开一次，别转给别人。"
)
_NOWHERE: Final = N_(
    "接下来的话和你自己有关。Telegram 的服务器在国外，所以不发到这里。请到公司的网页上问，或者找人事。"
)
_OPEN: Final = N_("打开看")
_PAPERS: Final = N_("看图和样子")


class TelegramBot:
    """One bot. `secret` is what Telegram proves itself with; `since` tells whether, and since when, the company may send
    abroad."""

    REPEATS = False

    def __init__(self, api: Api, number: str, secret: str, link: Link, since: Since) -> None:
        self._api = api
        self._number = number
        self._secret = secret
        self._link = link
        self._since = since

    @property
    def allowed(self) -> bool:
        """Whether the company has recorded its basis for sending abroad."""
        return self._since() is not None

    def hear(self, callback: Callback) -> HeardCallback:
        """Checks and reads an update. Raises `Refused`; whatever else a body holds is no error."""
        given = callback.headers.get(_TOKEN_HEADER, "")
        if not hmac.compare_digest(given.encode(), self._secret.encode()):
            raise Refused("wrong_secret")
        if callback.method != "POST":
            raise Refused("wrong_method", 405)
        if callback.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise Refused("wrong_type", 415)
        try:
            data = json.loads(callback.body)
        except (ValueError, RecursionError):
            return HeardCallback(_DONE)
        try:
            heard = self.understand(data)
        except Exception as error:
            # The database does not answer: Telegram brings the update again.
            raise Refused(type(error).__name__, 503) from None
        answer = _DONE if heard.doing is None else _as_answer(heard.doing)
        return HeardCallback(answer, () if heard.message is None else (heard.message,))

    def understand(self, data: Any) -> HeardUpdate:
        """What an update says, whatever it is; nothing while the company may not send abroad, nor of what came before."""
        since = self._since()
        if since is None or not isinstance(data, dict):
            return HeardUpdate()
        try:
            update = Update.de_json(data, None)
            heard = read(update, self._number)
        except Exception as error:
            # PTB reads what Telegram sends, and trips over all else in as many ways. The text may quote the message.
            log.warning("telegram: an update could not be read (%s)", type(error).__name__)
            return HeardUpdate()
        at = None if heard.message is None else heard.message.received_at
        # Telegram counts whole seconds.
        return HeardUpdate() if at is not None and at < since.replace(microsecond=0) else heard

    def register(self, address: str) -> None:
        """Has Telegram call an address, and tells what the bot can do. Raises `Temporary`, `Permanent` or `Unsure`."""
        self._api.register(address, self._secret)
        self._introduce()

    def unregister(self) -> None:
        """Telegram calls nobody any more; what it holds back is not lost. Raises as `register` does."""
        self._api.unregister()

    def begin_polling(self) -> None:
        """Updates are fetched from now on. Raises as `register` does."""
        self._api.unregister()
        self._introduce()

    def updates(self, offset: int, seconds: int) -> list[Any]:
        """The updates from `offset` on, for which Telegram is asked to wait so many seconds. Raises as `register` does."""
        return self._api.updates(offset, seconds)

    def do(self, doing: Doing) -> None:
        """Does what answers an update. Raises as `register` does."""
        self._api.do(doing.method, doing.fields)

    def close(self) -> None:
        """Ends its connections."""
        self._api.close()

    def draw(self, bubbles: Sequence[Outgoing]) -> tuple[Part, ...]:
        """Bubbles of one conversation as messages of the platform, in order and as few as their size allows.

        Those that are not neutral, and HR's, are one sentence with the address where the first of them can be read.
        """
        parts: list[Part] = []
        open_text, elsewhere = "", False
        for bubble in bubbles:
            if bubble.author == "hr" or not bubble.reply.neutral:
                parts += _texts(open_text)
                open_text = ""
                if not elsewhere:
                    parts.append(self._elsewhere(bubble))
                elsewhere = True
                continue
            elsewhere = False
            said = _words(bubble)
            open_text = f"{open_text}{_GAP}{said}" if open_text and said else open_text or said
            if bubble.reply.buttons or bubble.reply.papers:
                parts += self._with_buttons(open_text, bubble)
                open_text = ""
        return (*parts, *_texts(open_text))

    def send(self, recipient: str, part: Part) -> None:
        """Hands one message to the platform. Raises `Temporary`, `Permanent` or `Unsure`."""
        if not self.allowed:
            raise Permanent("no_basis_for_abroad")
        self._api.send(recipient, part)

    def _introduce(self) -> None:
        for about in languages():
            self._api.introduce(about)
        self._api.show_menu()

    def _elsewhere(self, bubble: Outgoing) -> Part:
        """The sentence in place of what is about the employee, and where that can be read."""
        say = speak(bubble.locale)
        address = self._link(bubble.conversation, bubble.seq)
        if not address:
            return {"text": say(_NOWHERE)}
        return {**_linked(say(_ELSEWHERE), say(_OPEN), address), "guarded": True}

    def _with_buttons(self, text: str, bubble: Outgoing) -> Iterator[Part]:
        """A text as messages, the last of them with the bubble's buttons and with where its papers are."""
        say = speak(bubble.locale)
        *before, last = split(text, LONGEST, units) or (_NO_WORDS,)
        for piece in before:
            yield {"text": piece}
        address = self._link(bubble.conversation, bubble.seq) if bubble.reply.papers else ""
        shown: dict[str, Any] = _linked(last, say(_PAPERS), address) if address else {"text": last}
        if bubble.reply.buttons:
            shown["buttons"] = _rows(bubble)
        yield shown


def units(text: str) -> int:
    """How long a text is as Telegram counts.

    >>> units("低保"), units("👍")
    (2, 2)
    """
    return len(text.encode("utf-16-le")) // 2


def _as_answer(doing: Doing) -> Answer:
    """What is to be done, as the answer to the webhook: Telegram does it without being called."""
    body = json.dumps({"method": doing.method, **doing.fields}).encode()
    return Answer(body, "application/json")


def _words(bubble: Outgoing) -> str:
    lines = (bubble.reply.text, basis(bubble.reply.sources, speak(bubble.locale)))
    return clean("\n".join(filter(None, lines))).strip()


def _texts(text: str) -> Iterator[Part]:
    for piece in split(text, LONGEST, units):
        yield {"text": piece}


def _linked(text: str, title: str, address: str) -> dict[str, Any]:
    """A text with an address: under a button, which Telegram makes of addresses on the internet alone."""
    if address.startswith("https://"):
        return {"text": text, "link": {"title": title, "url": address}}
    return {"text": f"{text}\n{address}"}


def _rows(bubble: Outgoing) -> list[list[list[str]]]:
    """The buttons by their places, short ones beside each other."""
    rows: list[list[list[str]]] = []
    for index, button in enumerate(bubble.reply.buttons):
        named = [place(bubble.seq, index), clean(button.title)[:LONGEST_TITLE]]
        if rows and sum(len(title) for _, title in rows[-1]) + len(named[1]) <= ROW:
            rows[-1].append(named)
        else:
            rows.append([named])
    return rows
