"""The console in a browser: the desk on loopback, pages as somebody of HR, and the screens on which they are looked at.

PYTEST_DONT_REWRITE: the search for doctests imports this module before the tests name it as their plugin.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from desk import Colleague
from flask import Flask
from werkzeug.serving import make_server

PHONE: Final = {"width": 390, "height": 844}
DESKTOP: Final = {"width": 1280, "height": 900}
#: Each size and each scheme once; the soak has every size in every scheme.
SCREENS: Final = [
    pytest.param(PHONE, "light", id="phone-light"),
    pytest.param(DESKTOP, "dark", id="desktop-dark"),
    pytest.param(PHONE, "dark", id="phone-dark", marks=pytest.mark.soak),
    pytest.param(DESKTOP, "light", id="desktop-light", marks=pytest.mark.soak),
]
#: Opens a path as somebody, on a screen; more options are those of the browser's context.
Open = Callable[..., Any]


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """An application on loopback; its address."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def opening(browser: Any, address: str, expected: str) -> Iterator[Open]:
    """Opens pages as somebody of HR. What the browser complains of is a failure, but for what is `expected`."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def opened(path: str, who: Colleague, size: dict[str, int] = DESKTOP, **options: Any) -> Any:
        context = browser.new_context(viewport=size, **{"locale": "zh-CN", **options})
        contexts.append(context)
        cookie = who.client.get_cookie("hr", path="/hr")
        assert cookie is not None
        context.add_cookies([{"name": "hr", "value": cookie.value, "domain": "127.0.0.1", "path": "/hr"}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(address + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not [each for each in complaints if not re.search(expected, each)]


@pytest.fixture
def site(desk: Flask) -> Iterator[str]:
    """Where the desk is served."""
    with serving(desk) as address:
        yield address


@pytest.fixture
def opens(browser: Any, site: str) -> Iterator[Open]:
    """Opens the desk's pages; an answer that refuses what was sent is none to complain of."""
    with opening(browser, site, r"status of (?:400|403|409)") as opened:
        yield opened
