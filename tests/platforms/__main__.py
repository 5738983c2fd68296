"""`python -m platforms`: every platform on one port of loopback, and the page with the phones.

With `--demo` the program that started it says on standard input, a JSON object a line, first the accounts' settings and then
the codes that tie employees to their phones; the platforms end when standard input does, however the other end ended.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

from platforms.harness import Answering, NoAnswer, Server, call
from platforms.people import OnWeChat, OnWeCom, Person, in_background
from platforms.phone_page import PhonePage, keep, recall
from platforms.sms import TencentSms
from platforms.wechat import WeChat
from platforms.wecom import WeCom

#: Of the demo's people, for good: who is tied to a chat stays it over a restart.
ALI: Final = "oDemoAli000000000000000000A1"
LAO_ZHOU: Final = "ZhouJianGuo"
EVERY: Final = 2.0


def main() -> None:
    options = _options()
    given: dict[str, Any] = json.loads(sys.stdin.readline()) if options.demo else {}
    product = options.product.rstrip("/")
    wechat = WeChat(address=f"{product}/channels/wechat", **given.get("wechat", {}))
    wecom = WeCom(address=f"{product}/channels/wecom", **given.get("wecom", {}))
    people: list[Person] = [
        OnWeChat(wechat, wechat.follower("李阿丽", ALI)),
        OnWeCom(wecom, wecom.member(LAO_ZHOU, "周建国")),
    ]
    page = PhonePage(product, people, TencentSms())
    mounts: dict[str, Answering] = {"/wechat": wechat, "/wecom": wecom, "": page}
    try:
        server = Server(mounts, options.port)
    except OSError:
        server = Server(mounts)
    with server:
        print(server.address, flush=True)
        if options.keep is not None and not given.get("fresh"):
            recall(options.keep, people)
        _stay(options, people, product)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m platforms", description=__doc__)
    parser.add_argument("--port", type=int, default=8001, help="another one is taken where this one is")
    parser.add_argument("--product", default="http://127.0.0.1:8000", help="where 社保助手 is")
    parser.add_argument("--keep", type=Path, help="file that keeps what the phones show over a restart")
    parser.add_argument("--demo", action="store_true", help="settings and codes come on standard input")
    return parser.parse_args()


def _stay(options: argparse.Namespace, people: list[Person], product: str) -> None:
    """Until standard input ends, or the keyboard says so."""
    stopping = threading.Event()
    if options.keep is not None:
        threading.Thread(target=_keep, args=(options.keep, people, stopping), daemon=True).start()
    try:
        if options.demo:
            for line in sys.stdin:
                _bind(json.loads(line), people, product)
        else:
            threading.Event().wait()
    except KeyboardInterrupt:
        pass
    finally:
        stopping.set()
        if options.keep is not None:
            keep(options.keep, people)


def _keep(file: Path, people: list[Person], stopping: threading.Event) -> None:
    before: list[int] = []
    while not stopping.wait(EVERY):
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
