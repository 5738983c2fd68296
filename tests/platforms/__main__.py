"""`python -m platforms`: every platform and 沙盒市 on one port of loopback, and the page with the phones and the story.

With `--demo` the program that started it writes two lines of JSON to standard input: the accounts' settings, and then the codes
that tie employees to their phones, with the people of the city. It reads one line: where everything is, and the settings
of what sends text messages and mails. The platforms end when standard input does, however the other end ended.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from platforms.city import City
from platforms.harness import Answering, NoAnswer, Server, call
from platforms.letterbox import Letterbox
from platforms.people import OfHr, OnTelegram, OnWeChat, OnWeCom, Person, in_background
from platforms.phone_page import Kept, PhonePage, keep, recall
from platforms.sms import ALARM_TEMPLATE_ID, APP_ID, SECRET_ID, SECRET_KEY, SIGN_NAME, TEMPLATE_ID, TencentSms
from platforms.story import Story
from platforms.telegram import TOKEN, Telegram
from platforms.wechat import WeChat
from platforms.wecom import WeCom

#: Of the demo's people, for good: who is tied to a chat stays it over a restart.
ALI: Final = "oDemoAli000000000000000000A1"
LAO_ZHOU: Final = "ZhouJianGuo"
XIAO_MEI: Final = 1_000_001_036
#: Of HR, who is told what fails: the name, the number and the address that the product is told of, too.
HR: Final = ("赵静", "13800138000", "zhaojing@hengfang.example")
EVERY: Final = 2.0
#: The accounts as the platforms' modules name them.
DEFAULTS: Final = {"wechat": {}, "wecom": {}, "telegram": {"token": TOKEN, "secret": "local-secret"}}


def main() -> None:
    options = _options()
    product = options.product.rstrip("/")
    given: dict[str, Any] = json.loads(sys.stdin.readline()) if options.demo else DEFAULTS
    city = City()
    city.civil_affairs.hook = f"{product}/events/civil-affairs"
    story = Story(city, time.time)
    mounts: dict[str, Answering] = {**city.mounts, "/story": story}
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
    texts, letterbox = TencentSms(), Letterbox()
    people.append(OfHr(HR[0], HR[1], texts, letterbox.mails))
    mounts[""] = PhonePage(product, people, texts, story)
    try:
        server = Server(mounts, options.port)
    except OSError:
        server = Server(mounts)
    with letterbox, server, suppress(KeyboardInterrupt):
        if options.demo:
            print(json.dumps(_found(server, letterbox)), flush=True)
            _demo(options.keep, people, story, product)
        else:
            print(server.address, flush=True)
            threading.Event().wait()


def _found(server: Server, letterbox: Letterbox) -> dict[str, Any]:
    """Where everything is, and what the product's sections `sms` and `mail` are to be, and whom alarms go to."""
    texts = {
        "provider": "tencent",
        "secret_id": SECRET_ID,
        "secret_key": SECRET_KEY,
        "app_id": APP_ID,
        "sign_name": SIGN_NAME,
        "template_id": TEMPLATE_ID,
        "alarm_template_id": ALARM_TEMPLATE_ID,
        "api_base": server.address,
    }
    mails = {
        "host": "127.0.0.1",
        "port": letterbox.port,
        "security": "none",
        "sender": "shebao@hengfang.example",
    }
    return {
        "address": server.address,
        "sms": texts,
        "mail": mails,
        "mobiles": HR[1],
        "mails": HR[2],
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m platforms", description=__doc__)
    parser.add_argument("--port", type=int, default=8001, help="another one is taken where this one is")
    parser.add_argument("--product", default="http://127.0.0.1:8000", help="where 社保助手 is")
    parser.add_argument(
        "--keep",
        type=Path,
        default=Path("phones.json"),
        help="with --demo: keeps what the phones show and the city has on record over a restart",
    )
    parser.add_argument("--demo", action="store_true", help="settings and codes come on standard input")
    return parser.parse_args()


def _demo(file: Path, people: list[Person], story: Story, product: str) -> None:
    """Until standard input ends."""
    said: dict[str, Any] = json.loads(sys.stdin.readline() or "null") or {
        "new": True,
        "codes": {},
        "city": [],
    }
    everything: list[Kept] = [*people, story]
    if not said["new"]:
        recall(file, everything)
    if not story.has_begun:
        story.begin(said["city"])
    stopping = threading.Event()
    keeping = threading.Thread(target=_keep, args=(file, everything, stopping))
    keeping.start()
    _bind(said["codes"], people, product)
    sys.stdin.read()
    stopping.set()
    keeping.join()


def _keep(file: Path, everything: Sequence[Kept], stopping: threading.Event) -> None:
    """What the phones show and the city has on record is written down whenever it changed, and at the end."""
    before: list[int] = []
    stopped = False
    while not stopped:
        stopped = stopping.wait(EVERY)
        now = [each.version for each in everything]
        if now != before:
            keep(file, everything)
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
