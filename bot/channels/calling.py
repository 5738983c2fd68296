"""Calls of Tencent's platforms through wechatpy: time-outs on every call, one guarded retry, errors by what to do about them.

wechatpy would fetch tokens and call itself again without end where a token is refused, fetches them without a time-out and
from one address only, and puts the secret's first ten characters into the names of its session; so it neither fetches, nor
retries, nor keeps anything here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import requests
from wechatpy.exceptions import WeChatClientException

from bot.channels.tokens import Fetched, Tokens
from delivery.sending import Permanent, Temporary, Undelivered, Unsure

#: Seconds to connect, and seconds for the answer.
TIMEOUT: Final = (3.0, 6.0)
#: What a platform says of a token that it does not take.
REFUSED_TOKEN: Final = (40001, 40014, 42001)


class Rejected(Permanent):
    """The platform did not take the message as it is; `number` is its code."""

    def __init__(self, number: int, *, gone: bool = False) -> None:
        super().__init__(str(number), gone=gone)
        self.number = number


def call(client: Any, tokens: Tokens, method: str, data: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
    """What the platform answers to a call: its code, 0 where it did what was asked, and all that it says then.

    A token that it refuses is replaced, and the call made once more. Raises `Undelivered`.
    """
    token = tokens.get()
    code, told = _post(client, method, data, token)
    if code in REFUSED_TOKEN:
        other = tokens.instead_of(token)
        if other is not None:
            code, told = _post(client, method, data, other)
    return code, told


def fetched(ask: Callable[[], Any]) -> Fetched:
    """The token that a call asks for. Raises `Temporary`."""
    try:
        told = ask()
        return Fetched(str(told["access_token"]), timedelta(seconds=int(told["expires_in"])))
    except WeChatClientException as error:
        raise Temporary(f"token:{error.errcode or 'http'}", timedelta(minutes=1)) from None
    except (requests.RequestException, LookupError, TypeError, ValueError) as error:
        raise Temporary(f"token:{type(error).__name__}") from None


def alone(client: Any, base: str) -> None:
    """Points a client of wechatpy at an address and gives each of its calls a connection of its own.

    On one that the platform is just closing a message would be neither sent nor surely not sent.
    """
    client.API_BASE_URL = f"{base}/cgi-bin/"
    client._http = requests


def _post(client: Any, method: str, data: Mapping[str, Any], token: str) -> tuple[int, Mapping[str, Any]]:
    try:
        told = client.post(method, data=dict(data), params={"access_token": token}, allow_redirects=False)
    except WeChatClientException as error:
        if error.errcode is None:
            raise _by_status(error.response.status_code) from None
        return int(error.errcode), {}
    except requests.RequestException as error:
        raise _by_connection(error) from None
    except ValueError:  # an error code that is no number
        raise Unsure("no_code") from None
    if not isinstance(told, dict):  # no JSON
        raise Unsure("no_code")
    return 0, told


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
