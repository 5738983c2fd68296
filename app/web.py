"""The web application: every room's pages on one Flask app, with the same headers, errors and health checks."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from datetime import date
from threading import Lock
from typing import Final

from flask import Blueprint, Flask, Response, g, jsonify, request

from app import logs
from app.clock import today_in_china
from app.settings import Settings
from bot.me_views import Me
from bot.me_views import create_blueprint as create_me
from bot.views import Chat
from bot.views import create_blueprint as create_chat
from policy_kb import compiled
from policy_kb.company import Company, load_company
from policy_kb.library import Library
from web_calc import create_blueprint

log = logging.getLogger("shebao.web")

#: What is looked at every few seconds by those who watch, and is no news.
_WATCHED: Final = ("/healthz", "/readyz", "/metrics")


def create_app(
    settings: Settings,
    library: Library | None = None,
    today: Callable[[], date] = today_in_china,
    chat: Chat | None = None,
    console: Blueprint | None = None,
    company: Company | None = None,
    me: Me | None = None,
    callbacks: Blueprint | None = None,
) -> Flask:
    """The application; with the web chat, HR's console, what is kept about an employee and the platforms' callbacks where
    there is something for them to stand on.

    `library`, its `company` rules and `today` can be pinned; else they are those of the settings and the day.
    """
    rules = compiled.load(settings.policy.overlays) if library is None else library
    if company is None:
        company = load_company(settings.policy.company_folder, rules, today())
    app = Flask("web_calc", static_folder=None)
    app.register_blueprint(create_blueprint(rules, today, company))
    if chat is not None:
        app.register_blueprint(create_chat(chat))
    if me is not None:
        app.register_blueprint(create_me(me))
    if callbacks is not None:
        app.register_blueprint(callbacks)
    if console is not None:
        app.register_blueprint(console)
    _watch(app, rules)
    return app


def _watch(app: Flask, library: Library) -> None:
    """Health, readiness and counts of answers; a log line names route and status, never a query or a body."""
    counts: Counter[tuple[str, int]] = Counter()
    lock = Lock()

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()
        g.id = logs.begin()

    @app.after_request
    def count(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "unmatched"
        with lock:
            counts[route, response.status_code] += 1
        spent = (time.perf_counter() - g.started) * 1000
        response.headers["X-Request-Id"] = g.id
        log.log(
            logging.DEBUG if route in _WATCHED else logging.INFO,
            "request",
            extra={
                "method": request.method,
                "route": route,
                "status": response.status_code,
                "ms": round(spent, 1),
            },
        )
        return response

    @app.teardown_request
    def forget(error: BaseException | None) -> None:
        logs.end()

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok")

    @app.get("/readyz")
    def readyz() -> Response:
        return jsonify(status="ready", ruleset={"version": library.version, "sha256": library.sha256})

    @app.get("/metrics")
    def metrics() -> Response:
        with lock:
            lines = [
                f'shebao_responses_total{{route="{route}",status="{status}"}} {number}'
                for (route, status), number in sorted(counts.items())
            ]
        text = "\n".join(("# TYPE shebao_responses_total counter", *lines)) + "\n"
        return Response(text, mimetype="text/plain; version=0.0.4")
