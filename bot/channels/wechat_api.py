"""The official account's API through wechatpy: time-outs on every call, one guarded retry, errors by what to do about them.

wechatpy would fetch tokens and call itself again without end where a token is refused, and fetches them without a time-out and
from one address only; so it neither fetches nor retries here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import requests
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException

from bot.channels.tokens import Fetched, Tokens, TokenStore
from delivery.sending import Closed, Permanent, Temporary, Undelivered, Unsure

#: Seconds to connect, and seconds for the answer.
TIMEOUT: Final = (3.0, 6.0)
#: What the platform says of a token that it does not take.
REFUSED_TOKEN: Final = (40001, 40014, 42001)
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
        token = self.tokens.get()
        code = self._post("message/custom/send", message, token)
        if code in REFUSED_TOKEN:
            other = self.tokens.instead_of(token)
            if other is not None:
                code = self._post("message/custom/send", message, other)
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
        try:
            # No mapping: to one wechatpy would add a token.
            told = self._client.post("stable_token", data=wanted, params=(), allow_redirects=False)
            return Fetched(str(told["access_token"]), timedelta(seconds=int(told["expires_in"])))
        except WeChatClientException as error:
            raise Temporary(f"token:{error.errcode or 'http'}", timedelta(minutes=1)) from None
        except (requests.RequestException, LookupError, TypeError, ValueError) as error:
            raise Temporary(f"token:{type(error).__name__}") from None

    def _post(self, method: str, data: Mapping[str, Any], token: str) -> int:
        """The platform's code; 0 where it took the message. Raises `Temporary` and `Unsure`."""
        try:
            told = self._client.post(
                method, data=dict(data), params={"access_token": token}, allow_redirects=False
            )
        except WeChatClientException as error:
            if error.errcode is None:
                raise _by_status(error.response.status_code) from None
            return int(error.errcode)
        except requests.RequestException as error:
            raise _by_connection(error) from None
        except ValueError:  # an error code that is no number
            raise Unsure("no_code") from None
        if not isinstance(told, dict):  # no JSON
            raise Unsure("no_code")
        return 0


class Rejected(Permanent):
    """The platform did not take the message as it is; `number` is its code."""

    def __init__(self, number: int, *, gone: bool = False) -> None:
        super().__init__(str(number), gone=gone)
        self.number = number


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


def _by_status(status: int) -> Undelivered:
    """An answer that is none of the platform's own: of a proxy, of a server on its way out."""
    if status in (429, 503):
        return Temporary(f"http:{status}", timedelta(minutes=1))
    return Unsure(f"http:{status}") if status >= 500 else Permanent(f"http:{status}")


def _by_connection(error: requests.RequestException) -> Undelivered:
    """Whether the message was out when the connection failed. Each has a connection of its own, so none was stale."""
    if isinstance(
        error, requests.ConnectTimeout | requests.exceptions.SSLError | requests.exceptions.ProxyError
    ):
        return Temporary(type(error).__name__)
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    if type(reason).__name__ in ("NewConnectionError", "NameResolutionError"):
        return Temporary("no_connection")
    return Unsure(type(error).__name__)


class _Client(WeChatClient):  # type: ignore[misc]
    """wechatpy's client at another address, which is given its token with each call and fetches none."""

    def __init__(self, app_id: str, base: str) -> None:
        super().__init__(app_id, "", timeout=TIMEOUT, auto_retry=False)
        self.API_BASE_URL = f"{base}/cgi-bin/"
        # A connection of its own for each call, in place of wechatpy's session: on one that the platform is just closing a
        # message would be neither sent nor surely not sent.
        self._http = requests

    def fetch_access_token(self) -> None:
        """Never: what a call needs is given with it."""
        raise NotImplementedError
