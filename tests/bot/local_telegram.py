"""A bot of ours and a server that speaks Telegram's Bot API, each calling the other.

PYTEST_DONT_REWRITE: the search for doctests imports this module before the tests name it as their plugin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from databases import Clock
from platforms.harness import Request, Response, Server
from platforms.telegram import TOKEN, Telegram

from app.settings import load_settings
from app.telegram import make_telegram
from audit.events import account
from bot.channels import Answer, Callback, Refused
from bot.channels.drawing import Link
from bot.channels.telegram import NAME, TelegramBot
from delivery.messages import IncomingMessage
from storage.opening import Storage

CONFIG = Path(__file__).parents[2] / "config.toml"
BASIS = "个人信息保护法第三十八条，标准合同已备案"
PUBLIC = "https://hr.example/channels/telegram"


class Product:
    """The product's address: hears each callback and answers as the bot says; `take` does more."""

    def __init__(self) -> None:
        self.bot: TelegramBot
        self.messages: list[IncomingMessage] = []
        self.take: Callable[[Callback], Answer | None] = self._hear

    def answer(self, request: Request) -> Response:
        method = "POST" if request.method == "POST" else "GET"
        answer = self.take(Callback(method, request.query, request.headers, request.body))
        assert answer is not None
        return Response(answer.body, answer.status, answer.media_type)

    def _hear(self, callback: Callback) -> Answer:
        try:
            heard = self.bot.hear(callback)
        except Refused as error:
            return Answer(status=error.status)
        self.messages += heard.messages
        return heard.answer


class Local(Telegram):
    """The platform with its own address, `base`."""

    base: str


@pytest.fixture
def program() -> Product:
    return Product()


@pytest.fixture
def bot_api(clock: Clock, program: Product) -> Iterator[Local]:
    bot_api = Local(clock=lambda: clock().timestamp())
    with Server({"/telegram": bot_api, "/product": program}) as server:
        bot_api.base = f"{server.address}/telegram"
        bot_api.redirect = f"{server.address}/product"
        yield bot_api


@pytest.fixture
def bot(storage: Storage, bot_api: Local, program: Product) -> Iterator[TelegramBot]:
    """The bot of a company that has recorded its basis, called by the platform."""
    allow(storage)
    bot = make(storage, bot_api.base)
    assert bot is not None
    program.bot = bot
    bot.register(PUBLIC)
    yield bot
    bot.close()


def allow(storage: Storage) -> None:
    storage.abroad.record(NAME, BASIS, "赵总", storage.now().date(), account("admin"))


def settings(base: str, **more: str) -> dict[str, str]:
    named = {"TOKEN": TOKEN, "API_BASE": base, **more}
    return {f"SHEBAO__CHANNELS__TELEGRAM__{name}": value for name, value in named.items()}


def on_a_page(conversation: str, seq: int) -> str:
    return f"https://hr.example/reports/{conversation}-{seq}"


def make(storage: Storage, base: str, link: Link = on_a_page, **more: str) -> TelegramBot | None:
    return make_telegram(load_settings(CONFIG, settings(base, **more)), storage, link)
