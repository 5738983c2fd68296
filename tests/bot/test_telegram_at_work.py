"""Telegram in the whole program: conversations over the webhook and by long polling, the webhook as the company allows it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from local_telegram import PUBLIC, Local, Product, allow, settings
from platforms.harness import Fault, Server
from platforms.telegram import TOKEN, Telegram
from sqlalchemy import func, select
from telling import house_of, needs_meaning

import app.telegram
from app.settings import HOME, Settings, load_settings
from app.telegram import Polling, Registration, allow_in_demo, registration
from audit.events import SYSTEM, account
from bot.assistant import Assistant
from bot.channels import Answer, Callback
from bot.channels.telegram import NAME, TelegramBot
from bot.taking import Taking
from delivery.inbox import work_off
from delivery.outbox import deliver_due
from storage.opening import Storage, open_storage
from storage.tables import inbox, outbox

pytest_plugins = ["databases", "local_telegram"]

SEND = "sendMessage"
RUN = "from app.cli import main; main()"


def wait_for(happens: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not happens():
        assert time.monotonic() < until, "it did not happen in thirty seconds"
        time.sleep(0.02)


class Office:
    """What works on the stored messages, when a test has it do so."""

    def __init__(self, storage: Storage, bot: TelegramBot) -> None:
        self._storage = storage
        self._bot = bot
        self._assistant = Assistant(house_of("embedded"), storage.conversations, self._now)

    def works(self) -> None:
        """Answers what came in and sends what waits."""
        work_off(self._storage.inbox, self._assistant.receive, self._storage.now)
        deliver_due(self._storage.outbox, {NAME: self._bot}, self._storage.now)

    def _now(self) -> Any:
        return (self._storage.now() + timedelta(hours=8)).replace(tzinfo=None)


@pytest.fixture
def office(storage: Storage, bot: TelegramBot, program: Product) -> Office:
    taking = Taking({NAME: bot}, storage.inbox.store_all, lambda event: None)

    def take(callback: Callback) -> Answer | None:
        return taking.take(NAME, callback)

    program.take = take
    return Office(storage, bot)


def rows(storage: Storage) -> list[str]:
    with storage.database.read() as connection:
        return [row.state for row in connection.execute(select(outbox.c.state).order_by(outbox.c.message))]


# A conversation


@needs_meaning
def test_a_conversation_over_the_webhook(office: Office, bot_api: Local, storage: Storage) -> None:
    ali = bot_api.user("阿丽")
    ali.start()
    office.works()
    assert "我是社保助手" in ali.phone.heard[-1].text
    ali.tap("每月扣多少")
    office.works()
    assert "你在哪儿上班" in ali.phone.heard[-1].text
    ali.write("北京")
    office.works()
    assert "一个月工资多少" in ali.phone.heard[-1].text
    ali.write("6000，扣之前")
    office.works()
    shown = ali.phone.heard[-1]
    assert "Telegram 的服务器在国外" in shown.text
    assert shown.more["links"]["打开看"].startswith("https://hr.example/reports/")
    said = "\n".join(each.text for each in ali.phone.heard)
    assert not [each for each in ("6000", "766.35", "5226.64", "北京") if each in said]
    ali.write("公积金能取出来吗")  # neutral again, and with where it stands
    office.works()
    assert "依据：" in ali.phone.heard[-1].text
    assert set(rows(storage)) == {"sent"}
    assert not bot_api.turning


@needs_meaning
def test_three_times_shuffled_is_once(office: Office, bot_api: Local, storage: Storage) -> None:
    ali, laozhou = bot_api.user("阿丽"), bot_api.user("老周")
    with bot_api.holding() as held:
        ali.start()
        laozhou.start()
        ali.write("谢谢")
    for update in (*held, held[1], held[0], *reversed(held)):
        bot_api.deliver(update)
        office.works()
    assert [len(each.phone.heard) for each in (ali, laozhou)] == [2, 1]


@needs_meaning
def test_a_blocked_bot_writes_no_more_until_they_are_back(
    office: Office, bot_api: Local, storage: Storage
) -> None:
    ali = bot_api.user("阿丽")
    ali.start()
    office.works()
    ali.write("谢谢")
    ali.block()
    office.works()
    calls = len(bot_api.called(bot_api.path(SEND)))
    office.works()
    assert len(bot_api.called(bot_api.path(SEND))) == calls
    assert len(ali.phone.heard) == 1
    ali.write("我又来了，谢谢")
    office.works()
    assert ali.phone.heard[-1].text


@needs_meaning
def test_what_cannot_be_read_is_kindly_said(office: Office, bot_api: Local) -> None:
    ali = bot_api.user("阿丽")
    ali.start()
    office.works()
    for does, said in (
        (ali.speak, "打几个字"),
        (ali.picture, "照片我看不了"),
        (ali.sticker, "这种消息我看不了"),
        (lambda: ali.edit(ali.phone.bubbles[0], "改了"), "看到你改了前面的一句"),
    ):
        does()
        office.works()
        assert said in ali.phone.heard[-1].text


# Long polling


@pytest.fixture
def polling(storage: Storage, bot: TelegramBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Polling]:
    """Fetches in a thread of the test."""
    monkeypatch.setattr(app.telegram, "PAUSE", 0.01)
    monkeypatch.setattr(app.telegram, "LONGEST_PAUSE", 0.05)
    polling = Polling(bot, storage.inbox.store, lambda event: None, every=0.05, wait=1)
    yield polling
    polling.stop()


def started(polling: Polling) -> Thread:
    thread = Thread(target=polling.run, daemon=True)
    thread.start()
    return thread


def stored(storage: Storage) -> int:
    with storage.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(inbox)).scalar_one())


def test_updates_are_stored_before_telegram_is_told(
    polling: Polling, storage: Storage, bot_api: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    ali = bot_api.user("阿丽")
    thread = started(polling)
    wait_for(lambda: not bot_api.webhook)
    seen: list[int] = []

    def refuse_once(message: Any) -> str | None:
        seen.append(bot_api.waiting)
        if len(seen) == 1:
            raise OSError("disk full")
        return storage.inbox.store(message)

    polling._store = refuse_once
    ali.write("在吗")
    wait_for(lambda: stored(storage) == 1)
    wait_for(lambda: bot_api.waiting == 0)
    polling.stop()
    thread.join(10)
    assert seen == [1, 1]
    assert not thread.is_alive()


def test_a_platform_in_trouble_loses_nothing(polling: Polling, storage: Storage, bot_api: Local) -> None:
    ali, group = bot_api.user("阿丽"), bot_api.group("三车间")
    path = bot_api.path("getUpdates")
    bot_api.fail(path, 502, Fault.BROKEN, 429, 409, Fault.LOST, 500)
    thread = started(polling)
    wait_for(lambda: not bot_api.webhook)
    for at in range(5):
        ali.write(f"第 {at} 句")
    group.add_bot(ali)
    wait_for(lambda: stored(storage) == 5 and bot_api.waiting == 0)
    polling.stop()
    thread.join(10)
    assert len(group.phone.heard) == 1
    offsets = [int(call.request.query["offset"]) for call in bot_api.called(path)]
    assert offsets == sorted(offsets)


def test_an_update_that_nobody_can_read_holds_up_no_other(
    polling: Polling, storage: Storage, bot_api: Local
) -> None:
    ali = bot_api.user("阿丽")
    thread = started(polling)
    wait_for(lambda: not bot_api.webhook)
    bot_api.happened({"message": {"chat": "of another kind"}})
    ali.write("在吗")
    wait_for(lambda: stored(storage) == 1 and bot_api.waiting == 0)
    polling.stop()
    thread.join(10)


def test_without_a_basis_nothing_is_fetched(polling: Polling, storage: Storage, bot_api: Local) -> None:
    storage.abroad.withdraw(NAME, account("admin"))
    thread = started(polling)
    time.sleep(0.2)
    assert not bot_api.called(bot_api.path("getUpdates"))
    allow(storage)
    wait_for(lambda: bool(bot_api.called(bot_api.path("getUpdates"))))
    polling.stop()
    thread.join(10)


# The webhook


def test_the_webhook_is_there_while_the_company_allows_it(
    bot: TelegramBot, storage: Storage, bot_api: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.telegram, "PAUSE", 0.01)
    storage.abroad.withdraw(NAME, account("admin"))
    bot_api.fail(bot_api.path("deleteWebhook"), 500)
    kept = Registration(bot, PUBLIC)
    kept.start()
    wait_for(lambda: not bot_api.webhook)
    allow(storage)
    bot_api.fail(bot_api.path("setWebhook"), Fault.BROKEN, 429)
    kept.look()
    wait_for(lambda: bot_api.webhook.get("url") == PUBLIC)
    storage.abroad.withdraw(NAME, account("admin"))
    kept.look()
    wait_for(lambda: not bot_api.webhook)
    kept.stop()


def test_what_telegram_cannot_reach_is_not_registered(bot: TelegramBot) -> None:
    assert registration(Settings(), {NAME: bot}) is None
    public = load_settings(environ={"SHEBAO__SERVER__PUBLIC_URL": "https://hr.example"})
    assert registration(public, {NAME: bot}) is not None
    assert registration(public, {}) is None


def test_the_demo_records_a_basis_for_this_computer_alone(storage: Storage) -> None:
    allow_in_demo(load_settings(environ=settings("https://api.telegram.org")), storage)
    allow_in_demo(load_settings(environ={}), storage)
    assert not storage.abroad.history(NAME)
    local = load_settings(environ=settings("http://127.0.0.1:8001/telegram"))
    allow_in_demo(local, storage)
    (basis,) = storage.abroad.history(NAME)
    assert basis.recorded_by == SYSTEM
    assert "演示" in basis.text
    storage.abroad.withdraw(NAME, account("admin"))
    allow_in_demo(local, storage)
    assert storage.abroad.since(NAME) is None  # somebody has withdrawn it, and it stays so


# The command


@needs_meaning
def test_the_command_answers_and_ends_cleanly(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shebao.db'}"
    with_tables = open_storage(url, tmp_path / "keys", tmp_path / "erased.jsonl", make=True)
    allow(with_tables)
    with_tables.database.close()
    bot_api = Telegram()
    with Server({"/telegram": bot_api}) as server:
        environ = {
            **os.environ,
            **settings(f"{server.address}/telegram"),
            "SHEBAO__DATABASE__URL": url,
            "SHEBAO__KEYS__FOLDER": str(tmp_path / "keys"),
            "SHEBAO__POLICY__OVERLAY": str(tmp_path / "policy"),
            "SHEBAO__POLICY__COMPANY": str(tmp_path / "company"),
        }
        command = [sys.executable, "-c", RUN, "telegram"]
        process = subprocess.Popen(command, cwd=HOME, env=environ, stderr=subprocess.PIPE, text=True)
        ali = bot_api.user("阿丽")
        ali.start()
        with process:
            try:
                ali.phone.wait(lambda heard: bool(heard), 60)
                wait_for(lambda: bot_api.waiting == 0)
                process.send_signal(signal.SIGTERM)
                _, errors = process.communicate(timeout=30)
            finally:
                process.kill()
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert TOKEN.partition(":")[2] not in errors
    assert "updates are fetched" in errors


def test_the_command_needs_a_token(tmp_path: Path) -> None:
    environ = {
        **os.environ,
        "SHEBAO__DATABASE__URL": f"sqlite:///{tmp_path / 'shebao.db'}",
        "SHEBAO__KEYS__FOLDER": str(tmp_path / "keys"),
    }
    open_storage(
        environ["SHEBAO__DATABASE__URL"], tmp_path / "keys", tmp_path / "erased.jsonl", make=True
    ).database.close()
    command = [sys.executable, "-c", RUN, "telegram"]
    done = subprocess.run(command, cwd=HOME, env=environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "channels.telegram.token" in done.stderr
