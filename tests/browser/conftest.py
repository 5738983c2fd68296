"""A real server on a free port with a pinned day, and a real Chromium."""

import logging
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from flask import Flask, request
from werkzeug.serving import make_server

from policy_kb.compiled import load
from web_calc import create_blueprint

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


class Site:
    """The address of the server, and everything that it was asked for."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[str] = []


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = Flask("web_calc_browser", static_folder=None)
    app.register_blueprint(create_blueprint(load(compiled=None), lambda: date(2026, 10, 15)))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    found = Site(f"http://127.0.0.1:{server.port}")

    @app.before_request
    def note() -> None:
        found.asked.append(f"{request.method} {request.full_path} {request.headers.get('Referer', '')}")

    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator["sync_api.Browser"]:
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield started
        started.close()
