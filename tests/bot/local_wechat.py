"""An official account of ours and a server that speaks WeChat's protocol, each calling the other.

PYTEST_DONT_REWRITE: the search for doctests imports this module before the tests name it as their plugin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from databases import Clock
from platforms import wechat as local
from platforms.harness import Request, Response, Server
from platforms.wechat import WeChat

from app.settings import load_settings
from app.wechat import make_wechat
from bot.channels import Answer, Callback, HeardCallback, Platform, Refused
from bot.channels.wechat import WeChatAccount
from delivery.messages import IncomingMessage
from storage.opening import Storage

SEND = "cgi-bin/message/custom/send"
TOKEN = "cgi-bin/stable_token"
CONFIG = Path(__file__).parents[2] / "config.toml"


class Product:
    """The product's address. With a platform's `account` it hears each callback and answers as that says; `take` does more."""

    def __init__(self) -> None:
        self.account: Platform
        self.heard: list[HeardCallback] = []
        self.take: Callable[[Callback], Answer | None] = self._hear

    @property
    def messages(self) -> list[IncomingMessage]:
        return [message for heard in self.heard for message in heard.messages]

    def answer(self, request: Request) -> Response:
        method = "POST" if request.method == "POST" else "GET"
        answer = self.take(Callback(method, request.query, request.headers, request.body))
        assert answer is not None
        return Response(answer.body, answer.status, answer.media_type)

    def _hear(self, callback: Callback) -> Answer:
        try:
            heard = self.account.hear(callback)
        except Refused as error:
            return Answer(status=error.status)
        self.heard.append(heard)
        return heard.answer


@pytest.fixture
def product() -> Product:
    return Product()


@pytest.fixture
def platform(clock: Clock, product: Product) -> Iterator[WeChat]:
    platform = WeChat(clock=lambda: clock().timestamp())
    with Server({"/wechat": platform, "/product": product}) as server:
        platform.address = f"{server.address}/product"
        yield platform


def base(platform: WeChat) -> str:
    """Where the platform's API is."""
    return f"{platform.address.removesuffix('/product')}/wechat"


def settings(base: str, **more: str) -> dict[str, str]:
    named = {
        "APP_ID": local.APP_ID,
        "SECRET": local.SECRET,
        "TOKEN": local.TOKEN,
        "AES_KEY": local.AES_KEY,
        "API_BASE": base,
        **more,
    }
    return {f"SHEBAO__CHANNELS__WECHAT__{name}": value for name, value in named.items()}


def make(storage: Storage, base: str, **more: str) -> WeChatAccount | None:
    return make_wechat(
        load_settings(CONFIG, settings(base, **more)),
        storage,
        lambda conversation, seq: f"https://hr.example/reports/{conversation}-{seq}",
    )
