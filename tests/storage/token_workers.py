"""A process that calls a platform, for tests with several: it prints nothing and is counted by the platform's server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path

import requests

from bot.channels.tokens import Fetched, Tokens
from storage.database import Database
from storage.keys import Keys
from storage.platform_tokens import StoredTokens

ACCOUNT = "wechat:wx1"


def call(url: str, keys: Path, platform: str, ahead: float, times: int, start: Barrier) -> None:
    """Sends so many messages, each as the channel does it: once more with another token where the first is refused."""

    def fetch(force: bool) -> Fetched:
        told = requests.post(f"{platform}/token", json={"force": force}, timeout=10).json()
        return Fetched(told["token"], timedelta(seconds=told["expires_in"]))

    def send(token: str) -> bool:
        told = requests.post(f"{platform}/send", json={"token": token}, timeout=10).json()
        return bool(told["errcode"] == 0)

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=ahead)

    database = Database(url)
    tokens = Tokens(StoredTokens(database, Keys(keys), now), ACCOUNT, fetch, now)
    start.wait(60)
    for _ in range(times):
        token = tokens.get()
        if not send(token):
            other = tokens.instead_of(token)
            if other is not None:
                send(other)
    database.close()
