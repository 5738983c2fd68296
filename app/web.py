"""The web application: every room's pages on one Flask app, with the same headers, errors and health checks."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from datetime import date
from typing import Final

from flask import Blueprint, Flask, Response, abort, g, jsonify, request
from flask.typing import ResponseReturnValue
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from app import logs
from app.clock import today_in_china
from app.settings import Server, Settings
from app.watching import Checks, Responses, exposition, may_read_metrics
from bot.me_views import Me
from bot.me_views import create_blueprint as create_me
from bot.views import Chat
from bot.views import create_blueprint as create_chat
from bot.visit_views import create_blueprints as create_visits
from delivery.links import Visits
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
    visits: Visits | None = None,
    checks: Checks | None = None,
    standing: Collector | None = None,
    notices: Iterable[Blueprint] = (),
    events: Blueprint | None = None,
) -> Flask:
    """The application; with the web chat, HR's console, what is kept about an employee, the platforms' callbacks and what their
    links open, the pages of `notices`, and the `events` that outside systems deliver, where there is something for them to
    stand on. `checks` tell whether it is ready, `standing` how the database stands.

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
        for blueprint in create_visits(visits, me) if visits is not None else ():
            app.register_blueprint(blueprint)
    if callbacks is not None:
        app.register_blueprint(callbacks)
    if events is not None:
        app.register_blueprint(events)
    for blueprint in notices:
        app.register_blueprint(blueprint)
    if console is not None:
        app.register_blueprint(console)
    _watch(app, rules, settings.server, checks or Checks({}), standing)
    return app


def _watch(app: Flask, library: Library, server: Server, checks: Checks, standing: Collector | None) -> None:
    """Health, readiness and numbers; a log line names route and status, never a query or a body."""
    responses, token = Responses(), server.read_metrics_token()

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()
        g.id = logs.begin()

    @app.after_request
    def count(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "unmatched"
        responses.count(route, response.status_code)
        spent = (time.perf_counter() - g.started) * 1000
        response.headers["X-Request-Id"] = g.id
        told = {
            "method": request.method,
            "route": route,
            "status": response.status_code,
            "ms": round(spent, 1),
        }
        log.log(logging.DEBUG if route in _WATCHED else logging.INFO, "request", extra=told)
        return response

    @app.teardown_request
    def forget(error: BaseException | None) -> None:
        logs.end()

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok")

    @app.get("/readyz")
    def readyz() -> ResponseReturnValue:
        failed = checks.failed()
        if failed:
            return jsonify(status="not ready", failed=failed), 503
        return jsonify(status="ready", ruleset={"version": library.version, "sha256": library.sha256})

    @app.get("/metrics")
    def metrics() -> Response:
        if not may_read_metrics(token, request.headers.get("Authorization", ""), request.remote_addr):
            abort(403)
        return Response(
            exposition(responses, *(() if standing is None else (standing,))),
            content_type=CONTENT_TYPE_PLAIN_0_0_4,
        )
