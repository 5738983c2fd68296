"""The WeCom app's API: its token, its messages, what its codes mean, and whom a message reached that it took."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from wechatpy.enterprise import WeChatClient

from bot.channels.calling import REFUSED_TOKEN, TIMEOUT, Rejected, alone, call, fetched
from bot.channels.tokens import Fetched, Tokens, TokenStore
from delivery.sending import Permanent, Temporary, Undelivered

#: Nothing reaches this employee: not in the company, not among those who see the app. A lone receiver who is not reached is
#: 81013 as a rule.
_GONE: Final = (40003, 60011, 60111, 81013)
#: It may work later, and how much later: busy; too often in a minute, an hour or a day; too many calls at once; our address is
#: not on the app's list, the app has no right to send (both for an admin to mend).
_LATER: Final[Mapping[int, timedelta]] = {
    -1: timedelta(0),
    45009: timedelta(minutes=10),
    45033: timedelta(seconds=10),
    48002: timedelta(hours=1),
    60020: timedelta(minutes=10),
}
#: Where a message that the platform took names those whom it did not reach: not to be found, without a licence.
_UNREACHED: Final = ("invaliduser", "unlicenseduser")


class Api:
    """One app's API. Threads share it. `base` is the address without `/cgi-bin`."""

    def __init__(
        self,
        corp_id: str,
        agent_id: str,
        secret: str,
        base: str,
        store: TokenStore,
        now: Callable[[], datetime],
    ) -> None:
        self._corp_id = corp_id
        self._secret = secret
        self._client = _Client(corp_id, base)
        # The platform hands out the same token until its end, not a new one before: asking earlier would be asking in vain.
        self.tokens = Tokens(store, f"wecom:{corp_id}:{agent_id}", self.fetch, now, early=timedelta(0))

    def send(self, message: Mapping[str, Any]) -> None:
        """Sends a message to one member. Raises `Undelivered`, `Rejected` among them."""
        code, told = call(self._client, self.tokens, "message/send", message)
        if code:
            raise classified(code)
        for name in _UNREACHED:
            if told.get(name):
                raise Permanent(name, gone=True)

    def fetch(self, force: bool) -> Fetched:
        """Asks for a token: the one that is in force, which the platform gives until its end. Raises `Temporary`."""
        # No access_token: wechatpy would add one to the parameters.
        wanted = (("corpid", self._corp_id), ("corpsecret", self._secret))
        return fetched(partial(self._client.get, "gettoken", params=wanted, allow_redirects=False))


def classified(code: int) -> Undelivered:
    """What to do about a code of the platform.

    >>> [type(classified(code)).__name__ for code in (81013, 45009, 60020, 42001, 40058)]
    ['Rejected', 'Temporary', 'Temporary', 'Temporary', 'Rejected']
    >>> classified(60111).gone, classified(40058).gone
    (True, False)
    """
    if code in REFUSED_TOKEN:
        return Temporary(str(code), timedelta(minutes=1))
    if code in _LATER:
        return Temporary(str(code), _LATER[code])
    return Rejected(code, gone=code in _GONE)


class _Client(WeChatClient):  # type: ignore[misc]
    """wechatpy's client at another address, which is given its token with each call and fetches none."""

    def __init__(self, corp_id: str, base: str) -> None:
        super().__init__(corp_id, "", timeout=TIMEOUT, auto_retry=False)
        alone(self, base)

    def fetch_access_token(self) -> None:
        """Never: what a call needs is given with it."""
        raise NotImplementedError
