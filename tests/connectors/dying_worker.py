"""What a worker does beside the requests, or a server that takes deliveries, in a process of its own that is killed -9 before
one of its statements or commits.

    python dying_worker.py work 17 2026-10-15T04:00:00+00:00
    python dying_worker.py serve 17 2026-10-15T04:00:00+00:00

The settings are the program's, from the environment; 0 lets it live. Its clock goes on from the moment that is given. `work`
asks who is due, follows, carries out, and ends; `serve` counts from its first delivery on, and prints its port.

PYTEST_DONT_REWRITE: the search for doctests imports this module.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, event
from werkzeug.serving import make_server

from app.clock import day_in_china
from app.connections import make_connections, make_events
from app.mailing import make_mailer
from app.profile_work import make_profile_work
from app.settings import Settings, load_settings
from app.web import create_app
from policy_kb import compiled
from storage.opening import Storage, open_storage, utc_now


class Death:
    """Comes before the statement or commit of that number."""

    def __init__(self, at: int) -> None:
        self._left = at
        event.listen(Engine, "before_cursor_execute", lambda *_: self.nearer())
        event.listen(Engine, "commit", lambda *_: self.nearer())

    def nearer(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def work(settings: Settings, storage: Storage, at: int) -> None:
    library = compiled.load()
    connections = make_connections(settings, storage, make_mailer(settings.mail))
    profiles = make_profile_work(settings, storage, lambda: library, connections.offices)
    Death(at)
    connections.work()
    profiles.following.run()
    profiles.acting.run()
    connections.close()


def serve(settings: Settings, storage: Storage, at: int) -> None:
    library = compiled.load()
    events = make_events(make_connections(settings, storage, make_mailer(settings.mail)), storage)
    app = create_app(settings, library, lambda: day_in_china(storage.now()), events=events)
    armed: list[Death] = []

    @app.before_request
    def arm() -> None:
        if not armed:
            armed.append(Death(at))

    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(server.server_port, flush=True)
    server.serve_forever()


def main(what: str, at: str, now: str) -> None:
    settings, ahead = load_settings(), datetime.fromisoformat(now) - utc_now()
    storage = open_storage(
        settings.database.address, settings.keys.path, settings.keys.journal, lambda: utc_now() + ahead
    )
    kinds: dict[str, Any] = {"work": work, "serve": serve}
    kinds[what](settings, storage, int(at))
    storage.database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
