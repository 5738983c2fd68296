"""`python -m platforms`: every platform on one port of loopback, and the page with the phones.

With `--demo` the program that started it writes two lines of JSON to standard input: the accounts' settings, and the codes that
tie employees to their phones. The platforms end when standard input does, however the other end ended.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from platforms.city import City
from platforms.harness import Answering, NoAnswer, Server, call
from platforms.people import OnTelegram, OnWeChat, OnWeCom, Person, in_background
from platforms.phone_page import PhonePage, keep, recall
from platforms.sms import TencentSms
from platforms.telegram import TOKEN, Telegram
from platforms.wechat import WeChat
from platforms.wecom import WeCom

#: Of the demo's people, for good: who is tied to a chat stays it over a restart.
ALI: Final = "oDemoAli000000000000000000A1"
LAO_ZHOU: Final = "ZhouJianGuo"
XIAO_MEI: Final = 1_000_001_036
EVERY: Final = 2.0
#: The accounts as the platforms' modules name them.
DEFAULTS: Final = {"wechat": {}, "wecom": {}, "telegram": {"token": TOKEN, "secret": "local-secret"}}


def main() -> None:
    options = _options()
    product = options.product.rstrip("/")
    given: dict[str, Any] = json.loads(sys.stdin.readline()) if options.demo else DEFAULTS
    mounts: dict[str, Answering] = {**City().mounts}
    people: list[Person] = []
    if "wechat" in given:
        wechat = WeChat(address=f"{product}/channels/wechat", **given["wechat"])
        mounts["/wechat"] = wechat
        people.append(OnWeChat(wechat, wechat.follower("李阿丽", ALI)))
    if "wecom" in given:
        wecom = WeCom(address=f"{product}/channels/wecom", **given["wecom"])
        mounts["/wecom"] = wecom
        people.append(OnWeCom(wecom, wecom.member(LAO_ZHOU, "周建国")))
    if "telegram" in given:
        telegram = Telegram(token=given["telegram"]["token"])
        # The webhook needs an address on the internet; here it is the product's own.
        telegram.webhook = {
            "url": "https://shebao.example/channels/telegram",
            "secret_token": given["telegram"]["secret"],
        }
        telegram.redirect = f"{product}/channels/telegram"
        mounts["/telegram"] = telegram
        people.append(OnTelegram(telegram, telegram.user("陈小梅", id=XIAO_MEI)))
    mounts[""] = PhonePage(product, people, TencentSms())
    try:
        server = Server(mounts, options.port)
    except OSError:
        server = Server(mounts)
    with server, suppress(KeyboardInterrupt):
        print(server.address, flush=True)
        if options.demo:
            _demo(options.keep, people, product)
        else:
            threading.Event().wait()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m platforms", description=__doc__)
    parser.add_argument("--port", type=int, default=8001, help="another one is taken where this one is")
    parser.add_argument("--product", default="http://127.0.0.1:8000", help="where 社保助手 is")
    parser.add_argument(
        "--keep",
        type=Path,
        default=Path("phones.json"),
        help="with --demo: keeps what the phones show over a restart",
    )
    parser.add_argument("--demo", action="store_true", help="settings and codes come on standard input")
    return parser.parse_args()


def _demo(file: Path, people: list[Person], product: str) -> None:
    """Until standard input ends."""
    said: dict[str, Any] = json.loads(sys.stdin.readline() or "null") or {"new": True, "codes": {}}
    if not said["new"]:
        recall(file, people)
    stopping = threading.Event()
    keeping = threading.Thread(target=_keep, args=(file, people, stopping))
    keeping.start()
    _bind(said["codes"], people, product)
    sys.stdin.read()
    stopping.set()
    keeping.join()


def _keep(file: Path, people: list[Person], stopping: threading.Event) -> None:
    """What the phones show is written down whenever it changed, and at the end."""
    before: list[int] = []
    stopped = False
    while not stopped:
        stopped = stopping.wait(EVERY)
        now = [each.version for each in people]
        if now != before:
            keep(file, people)
            before = now


def _bind(codes: dict[str, str], people: list[Person], product: str) -> None:
    """Each employee writes their code, once the product answers."""

    def one(person: Person, code: str) -> None:
        while not _is_up(product):
            time.sleep(0.2)
        person.bind(code)

    for person in people:
        if person.id in codes:
            in_background(lambda person=person: one(person, codes[person.id]))  # type: ignore[misc]


def _is_up(product: str) -> bool:
    try:
        return call(f"{product}/healthz").status == 200
    except NoAnswer:
        return False


if __name__ == "__main__":
    main()
