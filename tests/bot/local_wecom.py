"""An app of ours in a company's WeCom and a server that speaks WeCom's protocol, each calling the other. Beside `local_wechat`.

PYTEST_DONT_REWRITE: the search for doctests imports this module before the tests name it as their plugin.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from databases import Clock
from local_wechat import CONFIG, Product
from platforms import wecom as local
from platforms.harness import Server
from platforms.wecom import Member, WeCom

from app.settings import load_settings
from app.wecom import make_wecom
from bot.channels.wecom import WeComApp
from delivery.messages import Reply
from delivery.sending import Outgoing
from storage.opening import Storage

SEND = "cgi-bin/message/send"
TOKEN = "cgi-bin/gettoken"
LINK = "https://hr.example/reports/"


@pytest.fixture
def company(clock: Clock, product: Product) -> Iterator[WeCom]:
    """The platform's side: a company with one app."""
    company = WeCom(clock=lambda: clock().timestamp())
    with Server({"/wecom": company, "/product": product}) as server:
        company.address = f"{server.address}/product"
        yield company


@pytest.fixture
def wecom(storage: Storage, company: WeCom, product: Product) -> WeComApp:
    """Our side, hearing what is called."""
    wecom = make(storage, base(company))
    assert wecom is not None
    product.account = wecom
    return wecom


def base(company: WeCom) -> str:
    """Where the platform's API is."""
    return f"{company.address.removesuffix('/product')}/wecom"


def settings(base: str, **more: str) -> dict[str, str]:
    named = {
        "CORP_ID": local.CORP_ID,
        "AGENT_ID": local.AGENT_ID,
        "SECRET": local.SECRET,
        "TOKEN": local.TOKEN,
        "AES_KEY": local.AES_KEY,
        "API_BASE": base,
        **more,
    }
    return {f"SHEBAO__CHANNELS__WECOM__{name}": value for name, value in named.items()}


def make(storage: Storage, base: str, **more: str) -> WeComApp | None:
    """An app whose one-time links are other ones each time."""
    numbers = iter(range(1_000_000))
    return make_wecom(
        load_settings(CONFIG, settings(base, **more)),
        storage,
        lambda conversation, seq: f"{LINK}{conversation}-{seq}-{next(numbers)}",
    )


def bubble(reply: Reply, seq: int = 7) -> Outgoing:
    return Outgoing("c1", seq, "assistant", reply)


def say(wecom: WeComApp, member: Member, *replies: Reply, seq: int = 7) -> None:
    """Draws bubbles and sends what was drawn, as the outbox does."""
    for part in wecom.draw([bubble(reply, at) for at, reply in enumerate(replies, start=seq)]):
        wecom.send(member.userid.lower(), part)


def seen(text: str) -> str:
    """What can be seen of a text that was sent."""
    return text.rstrip("\u200b\u200c\u200d")


def read(member: Member) -> list[str]:
    """What a member reads, bubble by bubble."""
    return [seen(each.words) for each in member.phone.heard]
