"""Telegram as the settings describe it, its webhook kept as the company allows it, and `shebao telegram`, which fetches updates
where no webhook can reach."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, Final
from urllib.parse import urlsplit

from app.settings import Settings, SettingsError, is_loopback, read_secret
from audit.events import SYSTEM
from bot.channels import Platform
from bot.channels.drawing import Link
from bot.channels.telegram import NAME, TelegramBot
from bot.channels.telegram_api import Api
from delivery.messages import IncomingMessage
from delivery.sending import Undelivered
from storage.opening import Storage

log = logging.getLogger("shebao.telegram")

_SECTION: Final = "channels.telegram"
#: The secret is made from the installation's own keys under this name, where the settings hold none.
SECRET: Final = "telegram webhook"
_TOKEN: Final = re.compile(r"(\d{1,20}):[A-Za-z0-9_-]{20,80}")
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")
#: Seconds between two looks at whether the company may send abroad, which another process may have recorded.
EVERY: Final = 30.0
#: Seconds after a failure: the first time, and at most.
PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 300.0
#: Seconds that Telegram is asked to wait for an update.
WAIT: Final = 50
#: What the demo records for itself.
_DEMO: Final = "演示：连的是本机上的模拟平台，没有数据出境"


def make_telegram(settings: Settings, storage: Storage, link: Link) -> TelegramBot | None:
    """The bot; None where the settings name none. Raises `SettingsError`."""
    telegram = settings.channels.telegram
    token = read_secret(f"{_SECTION}.token", telegram.token, telegram.token_file)
    if not token:
        return None
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise SettingsError(f"{_SECTION}.token: the token from @BotFather: digits, a colon, 35 letters")
    secret = read_secret(f"{_SECTION}.secret", telegram.secret, telegram.secret_file)
    secret = secret or storage.keys.index(SECRET).hex()
    if not _SECRET.fullmatch(secret):
        raise SettingsError(f"{_SECTION}.secret: 1 to 256 letters, digits, _ and -")
    api = Api(token, telegram.methods, telegram.files)
    return TelegramBot(api, found[1], secret, link, lambda: storage.abroad.since(NAME))


def allow_in_demo(settings: Settings, storage: Storage) -> None:
    """Records a basis for the demo, which speaks to this computer alone and says so."""
    telegram = settings.channels.telegram
    local = is_loopback(urlsplit(telegram.api_base).hostname or "")
    if local and (telegram.token or telegram.token_file) and not storage.abroad.history(NAME):
        storage.abroad.record(NAME, _DEMO, "演示程序", storage.now().date(), SYSTEM)


class Registration:
    """Has Telegram call this program as long as the company may send abroad, and nobody otherwise. Works in a thread of its
    own; every failure is tried again."""

    def __init__(self, bot: TelegramBot, address: str, every: float = EVERY) -> None:
        self._bot = bot
        self._address = address
        self._every = every
        self._news = Event()
        self._stopped = False
        self._thread = Thread(target=self._keep, name="telegram registration", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def look(self) -> None:
        """The company has allowed or forbidden it: looked at now."""
        self._news.set()

    def stop(self) -> None:
        """Ends; what is registered stays so."""
        self._stopped = True
        self._news.set()
        self._thread.join()

    def _keep(self) -> None:
        done: bool | None = None
        failures = 0
        while not self._stopped:
            self._news.clear()
            wanted = self._bot.allowed
            try:
                if wanted != done:
                    self._settle(wanted)
                    done, failures = wanted, 0
            except Undelivered as error:
                failures += 1
                log.warning("telegram: not set up (%s), tried again", error.code)
            except Exception as error:
                failures += 1
                log.error("telegram: not set up (%s), tried again", type(error).__name__)
            self._news.wait(pause(failures) if failures else self._every)

    def _settle(self, wanted: bool) -> None:
        if wanted:
            self._bot.register(self._address)
            log.info("telegram: updates come to %s", self._address)
        else:
            self._bot.unregister()
            log.info("telegram: off, no basis for sending abroad is recorded in the console")


def registration(settings: Settings, platforms: Mapping[str, Platform]) -> Registration | None:
    """What keeps the webhook; None where there is no bot, or Telegram cannot reach this program."""
    bot = platforms.get(NAME)
    if not isinstance(bot, TelegramBot):
        return None
    if not settings.server.public_url.startswith("https://"):
        log.info("telegram: no https public_url, so updates come only through `shebao telegram`")
        return None
    return Registration(bot, f"{settings.server.address}/channels/{NAME}")


class Polling:
    """Fetches updates and has them stored before Telegram is told that they came. `store` keeps a message once and gives its id
    where it is new; `wake` has it answered."""

    def __init__(
        self,
        bot: TelegramBot,
        store: Callable[[IncomingMessage], str | None],
        wake: Callable[[str], None],
        every: float = EVERY,
        wait: int = WAIT,
    ) -> None:
        self._bot = bot
        self._store = store
        self._wake = wake
        self._every = every
        self._wait = wait
        self._offset = 0
        self._begun = False
        self._stopping = Event()
        self._waiting = False

    def run(self) -> None:
        """Until `stop`. Whatever fails is tried again after a pause that grows."""
        failures = 0
        try:
            while not self._stopping.is_set():
                try:
                    self._fetch()
                    failures = 0
                except Undelivered as error:
                    failures += 1
                    log.warning("telegram: no updates (%s), tried again", error.code)
                except Exception as error:
                    # The text of an error may quote the message.
                    failures += 1
                    log.error("telegram: an update was not stored (%s), tried again", type(error).__name__)
                if failures:
                    self._pause(pause(failures))
        except KeyboardInterrupt:
            self._stopping.set()
        self._confirm()

    def stop(self) -> None:
        """Ends the polling once Telegram has answered."""
        self._stopping.set()

    def stop_now(self, *signal: object) -> None:
        """For a signal: what waits for Telegram waits no longer, what is being stored is stored."""
        self._stopping.set()
        if self._waiting:
            self._waiting = False
            raise KeyboardInterrupt

    def _fetch(self) -> None:
        if not self._bot.allowed:
            self._begun = False
            self._pause(self._every)
            return
        if not self._begun:
            self._bot.begin_polling()
            self._begun = True
            log.info("telegram: updates are fetched")
        with self._interruptible():
            found = self._bot.updates(self._offset, self._wait)
        for update in found:
            self._take(update)

    def _take(self, update: Any) -> None:
        """One update: stored, then done with."""
        heard = self._bot.understand(update)
        if heard.message is not None:
            event = self._store(heard.message)
            if event is not None:
                self._wake(event)
        if isinstance(update, dict) and isinstance(number := update.get("update_id"), int):
            self._offset = number + 1
        if heard.doing is not None:
            try:
                self._bot.do(heard.doing)
            except Undelivered as error:
                log.warning("telegram: %s was not done (%s)", heard.doing.method, error.code)

    def _confirm(self) -> None:
        """Telegram is told what was stored, so that it is not sent again."""
        if self._offset:
            try:
                self._bot.updates(self._offset, 0)
            except Undelivered as error:
                log.warning("telegram: the last updates were not confirmed (%s)", error.code)

    def _pause(self, seconds: float) -> None:
        with self._interruptible():
            self._stopping.wait(seconds)

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Waiting, in which a signal may end the polling at once."""
        self._waiting = True
        try:
            yield
        finally:
            self._waiting = False


def pause(failures: int) -> float:
    """Seconds after so many failures in a row.

    >>> [pause(each) for each in (1, 2, 5, 40)]
    [1.0, 2.0, 16.0, 300.0]
    """
    return min(PAUSE * 2.0 ** min(failures - 1, 30), LONGEST_PAUSE)
