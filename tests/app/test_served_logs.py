"""The program as it is served, with everything that its libraries log: what employees write is in no line of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from platforms import wechat as local
from platforms.harness import NoAnswer, Server, call
from platforms.wechat import WeChat

HOUSE = Path(__file__).parents[2]
COMMAND = (sys.executable, "-c", "from app.cli import main; main()")
WRITTEN = "我叫阿丽，电话13800138000，身份证110101199003077758，卡号6222021234567894"


def wait_for(happens: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not happens():
        assert time.monotonic() < until, "it did not happen in a minute"
        time.sleep(0.1)


def serves(address: str) -> bool:
    try:
        return call(f"{address}/readyz").status == 200
    except NoAnswer:
        return False


def free_port() -> int:
    with Server({}) as server:
        return server.port


def test_a_message_goes_through_and_leaves_nothing_in_the_log(tmp_path: Path) -> None:
    platform, address = WeChat(), f"http://127.0.0.1:{free_port()}"
    platform.address = f"{address}/channels/wechat"
    with Server({"/wechat": platform}) as server:
        named = {
            "DATABASE__URL": f"sqlite:///{tmp_path / 'shebao.db'}", "KEYS__FOLDER": str(tmp_path / "keys"),
            "POLICY__OVERLAY": str(tmp_path / "policy"), "POLICY__COMPANY": str(tmp_path / "company"),
            "SERVER__PORT": address.rpartition(":")[2], "SERVER__PUBLIC_URL": address, "LOG__LEVEL": "debug",
            "CHANNELS__WECHAT__APP_ID": local.APP_ID, "CHANNELS__WECHAT__SECRET": local.SECRET,
            "CHANNELS__WECHAT__TOKEN": local.TOKEN, "CHANNELS__WECHAT__AES_KEY": local.AES_KEY,
            "CHANNELS__WECHAT__API_BASE": f"{server.address}/wechat",
        }  # fmt: skip
        environ = os.environ | {f"SHEBAO__{name}": value for name, value in named.items()}
        for arguments in (("db", "upgrade"), ("keys", "new")):
            subprocess.run((*COMMAND, *arguments), cwd=HOUSE, env=environ, check=True, capture_output=True)
        ali = platform.follower("阿丽")
        with (
            (tmp_path / "stderr").open("w") as stderr,
            subprocess.Popen(
                (*COMMAND, "serve"), cwd=HOUSE, env=environ, stdout=subprocess.DEVNULL, stderr=stderr
            ) as process,
        ):
            try:
                wait_for(lambda: serves(address))
                ali.follow()
                ali.write(WRITTEN)
                call(f"{address}/no/13800138000", {"access_token": "13800138000"})
                wait_for(lambda: "unmatched" in (tmp_path / "stderr").read_text())
            finally:
                process.terminate()
    assert process.returncode == 0  # what ran beside the requests came to its end
    text = (tmp_path / "stderr").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert {"/channels/<name>", "unmatched"} <= {line.get("route") for line in lines}
    assert all(line["event"] and line["level"] and line["logger"] for line in lines)
    for personal in ("阿丽", "13800138000", "110101199003077758", "6222021234567894", ali.openid):
        assert personal not in text
    for secret in (local.SECRET, local.TOKEN, local.AES_KEY):
        assert secret not in text
