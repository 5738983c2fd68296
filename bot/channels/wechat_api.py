"""The official account's API: its stable token, its customer-service messages, and what its codes mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from wechatpy import WeChatClient

from bot.channels.calling import REFUSED_TOKEN, TIMEOUT, Rejected, alone, call, fetched
from bot.channels.tokens import Fetched, Tokens, TokenStore
from delivery.sending import Closed, Temporary, Undelivered

#: Longer than the platform's limit.
TOO_LONG: Final = 45002
#: No menus in messages of this account.
NO_MENU: Final = 40200

#: Nothing reaches this employee: no follower, blocked, messages turned off.
_GONE: Final = (40003, 43004, 43019, 48002)
#: Nothing reaches this employee until they write: the window is over, the quota used.
_CLOSED: Final = (45015, 45047)
#: It may work later, and how much later: busy; the account's quota of a day, of a minute; our address is not on the list;
#: the account's API is closed for a while.
_LATER: Final[Mapping[int, timedelta]] = {
    -1: timedelta(0),
    45009: timedelta(hours=1),
    45011: timedelta(minutes=1),
    40164: timedelta(minutes=10),
    48004: timedelta(hours=1),
}


class Api:
    """One official account's API. Threads share it. `base` is the address without `/cgi-bin`."""

    def __init__(
        self, app_id: str, secret: str, base: str, store: TokenStore, now: Callable[[], datetime]
    ) -> None:
        self._app_id = app_id
        self._secret = secret
        self._client = _Client(app_id, base)
        self.tokens = Tokens(store, f"wechat:{app_id}", self.fetch, now)

    def send(self, message: Mapping[str, Any]) -> None:
        """Sends a customer-service message. Raises `Undelivered`, `Rejected` among them."""
        code, _ = call(self._client, self.tokens, "message/custom/send", message)
        if code:
            raise classified(code)

    def fetch(self, force: bool) -> Fetched:
        """Asks for a token: the one that is in force, or with `force` another one. Raises `Temporary`."""
        wanted = {
            "grant_type": "client_credential",
            "appid": self._app_id,
            "secret": self._secret,
            "force_refresh": force,
        }
        # No mapping: to one wechatpy would add a token.
        return fetched(
            lambda: self._client.post("stable_token", data=wanted, params=(), allow_redirects=False)
        )


def classified(code: int) -> Undelivered:
    """What to do about a code of the platform.

    >>> [type(classified(code)).__name__ for code in (45015, 45011, 43004, 40001, 45002)]
    ['Closed', 'Temporary', 'Rejected', 'Temporary', 'Rejected']
    """
    if code in _CLOSED:
        return Closed(str(code))
    if code in REFUSED_TOKEN:
        return Temporary(str(code), timedelta(minutes=1))
    if code in _LATER:
        return Temporary(str(code), _LATER[code])
    return Rejected(code, gone=code in _GONE)


class _Client(WeChatClient):  # type: ignore[misc]
    """wechatpy's client at another address, which is given its token with each call and fetches none."""

    def __init__(self, app_id: str, base: str) -> None:
        super().__init__(app_id, "", timeout=TIMEOUT, auto_retry=False)
        alone(self, base)

    def fetch_access_token(self) -> None:
        """Never: what a call needs is given with it."""
        raise NotImplementedError
