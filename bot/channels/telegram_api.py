"""The Bot API through python-telegram-bot, and what its errors mean. Nothing of PTB is used but its transport.

One event loop in a thread of its own sends for every thread of the process: a loop for each call would close the connections of
the others.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import TimeoutError as LateError
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock, Thread
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

# PTB then gives how long it is to be left alone as a length of time, and does not warn that it will.
os.environ.setdefault("PTB_TIMEDELTA", "true")

from telegram import (
    Bot,
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    MenuButtonCommands,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.request import HTTPXRequest

from delivery.sending import Part, Permanent, Temporary, Undelivered, Unsure

Result = TypeVar("Result")

#: What is heard of. Everything else is not sent here.
UPDATES: Final = ("message", "edited_message", "callback_query", "my_chat_member")
#: Seconds: to connect, and for an answer.
CONNECT: Final = 5.0
ANSWER: Final = 10.0
#: Seconds after which a call is given up that not even its own limits have ended.
_PATIENCE: Final = 60.0
#: Calls at once.
_POOL: Final = 16
#: Callbacks at once: no more than threads of a small server.
_CONNECTIONS: Final = 8
#: Nothing left for the platform: it was not reached.
_NOT_REACHED: Final = ("ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol")
#: Request lines hold the token, and PTB logs what it cannot read.
_TALKATIVE: Final[Mapping[str, int]] = {
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "telegram": logging.CRITICAL + 1,
}


@dataclass(frozen=True, slots=True)
class About:
    """What the bot says of itself in one language; `language` is Telegram's two letters, empty for every other."""

    language: str
    commands: tuple[tuple[str, str], ...]
    description: str
    short: str


class Api:
    """The methods of one bot. Every call may raise `Temporary`, `Permanent` or `Unsure`. `methods` and `files` are what their
    addresses begin with, the token to follow."""

    def __init__(self, token: str, methods: str, files: str) -> None:
        for name, level in _TALKATIVE.items():
            logging.getLogger(name).setLevel(level)
        self._address = f"{methods}{token}"
        self._token, self._methods, self._files = token, methods, files
        self._lock = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bot: Bot
        self._request: HTTPXRequest

    def send(self, chat: str, part: Part) -> None:
        """Sends one message: `text`, and `buttons` or a `link` under it."""
        rows = [
            [InlineKeyboardButton(title, callback_data=place) for place, title in row]
            for row in part.get("buttons", ())
        ]
        if link := part.get("link"):
            rows.append([InlineKeyboardButton(link["title"], url=link["url"])])
        # What leads to somebody's own page is not looked up by Telegram, nor passed on.
        self._call(
            lambda bot: bot.send_message(
                chat,
                part["text"],
                reply_markup=InlineKeyboardMarkup(rows) if rows else None,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
                protect_content=bool(part.get("guarded")),
            )
        )

    def register(self, address: str, secret: str) -> None:
        """Has updates sent to an address; what waits is kept."""
        self._call(
            lambda bot: bot.set_webhook(
                address, max_connections=_CONNECTIONS, allowed_updates=UPDATES, secret_token=secret
            )
        )

    def unregister(self) -> None:
        """Has updates sent nowhere; what waits is kept."""
        self._call(lambda bot: bot.delete_webhook())

    def introduce(self, about: About) -> None:
        """Sets what the bot says of itself in one language."""
        commands = [BotCommand(name, text) for name, text in about.commands]
        language = about.language or None
        self._call(lambda bot: bot.set_my_commands(commands, language_code=language))
        self._call(lambda bot: bot.set_my_description(about.description, language))
        self._call(lambda bot: bot.set_my_short_description(about.short, language))

    def show_menu(self) -> None:
        """The button beside the line that is typed in opens the commands."""
        self._call(lambda bot: bot.set_chat_menu_button(menu_button=MenuButtonCommands()))

    def updates(self, offset: int, seconds: int) -> list[Any]:
        """The updates from `offset` on, as they come: one that PTB cannot read must not hold up the others. Waits up to so many
        seconds for one."""
        asked = {"offset": offset, "timeout": seconds, "allowed_updates": json.dumps(UPDATES)}
        found = self._post("getUpdates", asked, seconds + ANSWER)
        return found if isinstance(found, list) else []

    def do(self, method: str, fields: Mapping[str, str]) -> None:
        """Calls a method with its fields as they are."""
        self._post(method, fields, ANSWER)

    def close(self) -> None:
        """Ends the connections and the loop; another call begins anew."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            asyncio.run_coroutine_threadsafe(self._request.shutdown(), loop).result(_PATIENCE)
            loop.call_soon_threadsafe(loop.stop)

    def _post(self, method: str, fields: Mapping[str, Any], patience: float) -> Any:
        address = f"{self._address}/{method}?{urlencode(fields)}"
        return self._call(lambda bot: self._request.post(address, read_timeout=patience), patience)

    def _call(self, make: Callable[[Bot], Coroutine[Any, Any, Result]], patience: float = 0.0) -> Result:
        """Makes the call in the loop and waits for it."""
        loop = self._running()
        called = asyncio.run_coroutine_threadsafe(make(self._bot), loop)
        try:
            return called.result(_PATIENCE + patience)
        except LateError:
            called.cancel()
            raise Unsure("late") from None
        except (KeyboardInterrupt, SystemExit):
            called.cancel()
            raise
        except TelegramError as error:
            # Neither the text nor the chain of causes goes on: both may hold the token.
            raise meaning(error) from None
        except (KeyError, TypeError):
            raise Unsure("bad_answer") from None

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                loop = asyncio.new_event_loop()
                Thread(target=_run, args=(loop,), name="telegram", daemon=True).start()
                asyncio.run_coroutine_threadsafe(self._open(), loop).result(_PATIENCE)
                self._loop = loop
            return self._loop

    async def _open(self) -> None:
        self._request = HTTPXRequest(
            connection_pool_size=_POOL,
            connect_timeout=CONNECT,
            read_timeout=ANSWER,
            write_timeout=ANSWER,
            pool_timeout=ANSWER,
            # A connection of its own for each call: on one that the platform is just closing a message would be neither sent
            # nor surely not sent.
            httpx_kwargs={"headers": {"Connection": "close"}},
        )
        self._bot = Bot(self._token, self._methods, self._files, request=self._request)


def meaning(error: TelegramError) -> Undelivered:
    """What an error of a call comes to.

    >>> meaning(Forbidden("Forbidden: bot was blocked by the user")).code
    'blocked'
    >>> meaning(BadRequest("Bad Request: message text is empty")).code
    'refused'
    """
    if isinstance(error, RetryAfter):
        after = error.retry_after
        return Temporary("flood", after if isinstance(after, timedelta) else timedelta(seconds=after))
    if isinstance(error, Forbidden):
        return Permanent("blocked", gone=True)
    if isinstance(error, ChatMigrated):
        return Permanent("moved", gone=True)
    if isinstance(error, BadRequest):
        lost = "not found" in str(error).lower() or "peer_id_invalid" in str(error).lower()
        return Permanent("no_such_chat", gone=True) if lost else Permanent("refused")
    if isinstance(error, InvalidToken):
        return Temporary("token_refused")
    if isinstance(error, NetworkError):
        return _broken(error)
    return Unsure("bad_answer") if type(error) is TelegramError else Temporary(type(error).__name__)


def _broken(error: NetworkError) -> Undelivered:
    """Whether the platform may have done what it was asked before the connection broke."""
    cause = error.__cause__
    if cause is None:
        return Temporary("server_error")  # its own word that it failed
    name = type(cause).__name__
    return Temporary("no_connection") if name in _NOT_REACHED else Unsure(name)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()
