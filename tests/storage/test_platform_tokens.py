"""A platform's token: one fetch for all processes in a validity period, one more where the platform refuses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import pytest
import token_workers
from databases import Clock, Open
from sqlalchemy import select

from bot.channels.tokens import EARLY, LEASE, Fetched, Held, Tokens
from delivery.sending import Temporary
from storage.opening import Storage
from storage.tables import platform_tokens

pytest_plugins = ["databases"]

PROCESSES = 4
LIFE = timedelta(hours=2)


class Platform:
    """What gives out tokens. `dead` are those that it refuses; with `deaf` it refuses all."""

    def __init__(self) -> None:
        self.fetches: list[bool] = []
        self.sends = 0
        self.dead: set[str] = set()
        self.deaf = False
        self.broken = False
        self._lock = Lock()

    def fetch(self, force: bool) -> Fetched:
        with self._lock:
            self.fetches.append(force)
            if self.broken:
                raise Temporary("40164")
            return Fetched(f"token-{len(self.fetches)}", LIFE)

    def take(self, token: str) -> bool:
        with self._lock:
            self.sends += 1
            return not self.deaf and token not in self.dead


@contextmanager
def serving(platform: Platform) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer: dict[str, Any]
            if self.path == "/token":
                value, life = platform.fetch(told["force"])
                answer = {"token": value, "expires_in": int(life.total_seconds())}
            else:
                answer = {"errcode": 0 if platform.take(told["token"]) else 40001}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def tokens(storage: Storage, platform: Platform, clock: Clock) -> Tokens:
    return Tokens(storage.platform_tokens, "wechat:wx1", platform.fetch, clock, wait=lambda seconds: None)


def call(url: str, keys: Path, address: str, ahead: timedelta) -> None:
    """Four processes at once, each with five messages."""
    context = get_context("spawn")
    start = context.Barrier(PROCESSES)
    workers = [
        context.Process(target=token_workers.call, args=(url, keys, address, ahead.total_seconds(), 5, start))
        for _ in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0] * PROCESSES


def test_w3_four_processes_fetch_once_a_validity_period(url: str, open_one: Open, tmp_path: Path) -> None:
    open_one(url)
    platform = Platform()
    with serving(platform) as address:
        call(url, tmp_path / "keys", address, timedelta(0))
        assert (platform.fetches, platform.sends) == ([False], 20)
        call(url, tmp_path / "keys", address, LIFE - EARLY)
    assert (platform.fetches, platform.sends) == ([False, False], 40)


@pytest.mark.parametrize("deaf", [False, True])
def test_w1_a_storm_of_40001_costs_one_fetch_more(
    url: str, open_one: Open, tmp_path: Path, deaf: bool
) -> None:
    """Whether the new token helps or the platform goes on refusing."""
    open_one(url)
    platform = Platform()
    platform.dead.add("token-1")
    platform.deaf = deaf
    with serving(platform) as address:
        call(url, tmp_path / "keys", address, timedelta(0))
    assert platform.fetches == [False, True]
    assert platform.sends <= 40


def test_a_token_is_kept_until_shortly_before_its_end(storage: Storage, clock: Clock) -> None:
    platform = Platform()
    ours, theirs = tokens(storage, platform, clock), tokens(storage, platform, clock)
    assert ours.get() == theirs.get() == "token-1"
    clock.time += LIFE - EARLY - timedelta(seconds=1)
    assert theirs.get() == "token-1"
    clock.move(seconds=1)
    assert (theirs.get(), ours.get(), platform.fetches) == ("token-2", "token-2", [False, False])


def test_while_one_renews_the_others_use_what_they_have(storage: Storage, clock: Clock) -> None:
    platform = Platform()
    ours = tokens(storage, platform, clock)
    ours.get()
    clock.time += LIFE - EARLY
    held = storage.platform_tokens.read("wechat:wx1")
    assert storage.platform_tokens.lease("wechat:wx1", held.version, clock(), clock() + LEASE)
    assert ours.get() == "token-1"
    clock.time += EARLY
    assert ours.get() == "token-2"  # whoever had the lease died


def test_who_waits_for_a_fetch_in_vain_tries_later(storage: Storage, clock: Clock) -> None:
    platform = Platform()
    held = storage.platform_tokens.read("wechat:wx1")
    assert storage.platform_tokens.lease("wechat:wx1", held.version, clock(), clock() + LEASE)
    with pytest.raises(Temporary, match="token_busy"):
        tokens(storage, platform, clock).get()
    assert not platform.fetches


def test_a_fetch_that_fails_is_not_repeated_while_the_old_token_is_good(
    storage: Storage, clock: Clock
) -> None:
    platform = Platform()
    ours = tokens(storage, platform, clock)
    ours.get()
    clock.time += LIFE - EARLY
    platform.broken = True
    assert [ours.get(), ours.get()] == ["token-1"] * 2
    assert len(platform.fetches) == 2
    clock.time += EARLY
    with pytest.raises(Temporary, match="40164"):
        ours.get()
    platform.broken = False
    assert ours.get() == "token-4"


def test_w1_a_refused_token_is_replaced_once(storage: Storage, clock: Clock) -> None:
    platform = Platform()
    ours, theirs = tokens(storage, platform, clock), tokens(storage, platform, clock)
    first = ours.get()
    second = ours.instead_of(first)
    assert theirs.instead_of(first) == second == theirs.get() == "token-2"
    assert platform.fetches == [False, True]


def test_w1_forced_fetches_stay_below_twenty_a_day(storage: Storage, clock: Clock) -> None:
    platform = Platform()
    ours = tokens(storage, platform, clock)
    token = ours.get()
    for _ in range(24 * 60 * 2):
        token = ours.instead_of(token) or token
        clock.move(seconds=30)
    assert 0 < platform.fetches.count(True) <= 20


def test_what_comes_too_late_is_not_kept(storage: Storage, clock: Clock) -> None:
    store = storage.platform_tokens
    held = store.read("wechat:wx1")
    slow = store.lease("wechat:wx1", held.version, clock(), clock() + LEASE)
    assert slow is not None
    clock.time += LEASE
    assert tokens(storage, Platform(), clock).get() == "token-1"
    store.settle("wechat:wx1", slow, Held("late", 1, clock(), clock()))
    assert store.read("wechat:wx1").value == "token-1"


def test_w11_nothing_in_the_row_can_be_read(storage: Storage, clock: Clock) -> None:
    tokens(storage, Platform(), clock).get()
    with storage.database.read() as connection:
        row = connection.execute(select(platform_tokens)).one()
    assert b"token-1" not in row.body
    assert "token-1" not in repr(storage.platform_tokens.read("wechat:wx1"))
