"""How soon a platform's callback is acknowledged while the turns are worked off: a served program, called as WeChat does."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlencode
from xml.etree import ElementTree

import click

from bench.storages import database
from bot.channels.sealed import Envelope

HOME: Final = Path(__file__).parent.parent
COMMAND: Final = (sys.executable, "-c", "from app.cli import main; main()")
APP_ID: Final = "wx0123456789abcdef"
#: Callbacks a second, and milliseconds within which 99 of 100 are to be acknowledged, on two cores.
RATES: Final = {"sqlite": 40, "postgresql": 200}
LIMIT: Final = 300.0
SECONDS: Final = 15
THREADS: Final = 64
TEXTS: Final = ("低保线怎么定的", "交社保是不是必须的", "我工资3000，一家四口", "没有", "谢谢", "找人事")


def run(*, quick: bool) -> None:
    """Prints the milliseconds of both databases beside the limit; PostgreSQL where its package is installed."""
    for kind in RATES:
        with TemporaryDirectory(prefix="shebao-bench-") as folder, ExitStack() as stack:
            url = database(kind, Path(folder), stack)
            if url is not None:
                took = _measured(url, kind, Path(folder), stack, 4 if quick else SECONDS)
                p99 = quantiles(took, n=100)[98]
                click.echo(
                    f"callbacks, {kind}, {RATES[kind]} a second: p50 {quantiles(took, n=100)[49]:.0f} ms, "
                    f"p99 {p99:.0f} ms, longest {max(took):.0f} ms; p99 / limit {p99 / LIMIT:.2f}"
                )


def _measured(url: str, kind: str, folder: Path, stack: ExitStack, seconds: int) -> list[float]:
    """Milliseconds from when each callback should have gone out to its acknowledgement."""
    token, aes_key = secrets.token_hex(8), secrets.token_hex(22)[:43]
    envelope = Envelope(token, aes_key, APP_ID, lambda: datetime.now(UTC))
    port = stack.enter_context(_served(url, kind, folder, token, aes_key))
    bodies = [_callback(envelope, number) for number in range(RATES[kind] * seconds)]
    took: list[float] = []
    started = time.monotonic()  # of the first callback, which waits until the worker is there

    def call(number: int) -> None:
        due = started + number / RATES[kind]
        time.sleep(max(0.0, due - time.monotonic()))
        query, body = bodies[number]
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("POST", f"/channels/wechat?{urlencode(query)}", body)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        if answer.status != 200:
            raise click.ClickException(f"a callback was answered {answer.status}")
        took.append((time.monotonic() - due) * 1000)

    _Platform.sent.clear()
    call(0)
    if not _Platform.sent.wait(60):
        raise click.ClickException("the worker did not start")
    started, took[:] = time.monotonic(), []
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(call, range(1, len(bodies))))
    return took


def _callback(envelope: Envelope, number: int) -> tuple[dict[str, str], bytes]:
    """Query and body of a message of one of two hundred followers."""
    xml = (
        f"<xml><ToUserName>gh_bench</ToUserName><FromUserName>o{number % 200:027d}</FromUserName>"
        f"<CreateTime>{int(time.time())}</CreateTime><MsgType>text</MsgType>"
        f"<Content>{TEXTS[number % len(TEXTS)]}</Content><MsgId>{number + 1}</MsgId></xml>"
    )
    sealed = {each.tag: each.text or "" for each in ElementTree.fromstring(envelope.seal(xml))}
    query = {
        "timestamp": sealed["TimeStamp"],
        "nonce": sealed["Nonce"],
        "msg_signature": sealed["MsgSignature"],
        "encrypt_type": "aes",
    }
    return (
        query,
        f"<xml><ToUserName>gh_bench</ToUserName><Encrypt>{sealed['Encrypt']}</Encrypt></xml>".encode(),
    )


@contextmanager
def _served(url: str, kind: str, folder: Path, token: str, aes_key: str) -> Iterator[int]:
    """The port of a served program whose official account is ours; over PostgreSQL another process works."""
    platform = ThreadingHTTPServer(("127.0.0.1", 0), _Platform)
    threading.Thread(target=platform.serve_forever, daemon=True).start()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Platform) as free:
        port = int(free.server_address[1])
    named = {
        "DATABASE__URL": url,
        "KEYS__FOLDER": str(folder / "keys"),
        "POLICY__OVERLAY": str(folder / "policy"),
        "POLICY__COMPANY": str(folder / "company"),
        "JOBS__ENGINE": "embedded" if kind == "sqlite" else "postgresql",
        "SERVER__PORT": str(port),
        "LOG__LEVEL": "error",
        "CHANNELS__WECHAT__APP_ID": APP_ID,
        "CHANNELS__WECHAT__SECRET": "of the bench",
        "CHANNELS__WECHAT__TOKEN": token,
        "CHANNELS__WECHAT__AES_KEY": aes_key,
        "CHANNELS__WECHAT__API_BASE": f"http://127.0.0.1:{platform.server_address[1]}",
    }
    environ = os.environ | {f"SHEBAO__{name}": value for name, value in named.items()}
    for arguments in (("db", "upgrade"), ("keys", "new")):
        subprocess.run((*COMMAND, *arguments), cwd=HOME, env=environ, check=True, stdout=subprocess.DEVNULL)
    commands = (("serve",),) if kind == "sqlite" else (("serve",), ("worker",))
    processes = [
        subprocess.Popen((*COMMAND, *each), cwd=HOME, env=environ, stdout=subprocess.DEVNULL)
        for each in commands
    ]
    try:
        _wait_for(port)
        yield port
    finally:
        for process in processes:
            process.kill()
            process.wait()
        platform.shutdown()
        platform.server_close()


def _wait_for(port: int) -> None:
    until = time.monotonic() + 90
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        if time.monotonic() > until:
            raise click.ClickException("the program did not start")
        time.sleep(0.2)


class _Platform(BaseHTTPRequestHandler):
    """Gives a token and takes every message."""

    sent = threading.Event()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps(
            {"errcode": 0, "errmsg": "ok", "access_token": "t" * 32, "expires_in": 7200}
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if "message" in self.path:
            self.sent.set()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""
