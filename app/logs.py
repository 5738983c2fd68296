"""What `serve`, `worker` and `telegram` write to stderr: one JSON object a line, or lines for a person at a terminal.

The house logs by the standard library, and so do the libraries below it. All of that goes through one handler, whose last
step before the line is written is the redaction. What belongs to a request or a job is bound to its context and stands in
each of its lines.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, TextIO
from uuid import uuid4

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars, merge_contextvars
from structlog.stdlib import ProcessorFormatter
from structlog.typing import Processor

from app.redaction import redact
from app.settings import HOME, Log
from policy_kb.files import PolicyError
from storage.errors import StorageError

log = logging.getLogger("shebao.program")

#: Libraries that write addresses with tokens in them, or a line for everything that goes well.
_QUIET: Final = ("alembic", "asyncio", "httpcore", "httpx", "huey", "telegram", "urllib3")
#: Waitress warns of each request that has to wait for a thread, and writing that makes the others wait longer.
_SILENT: Final = ("waitress.queue",)
#: Errors whose text is a sentence of ours. The text of any other may quote what somebody wrote.
_OURS: Final = (PolicyError, StorageError)
#: Links of a chain of errors, and places of each, that are written down.
_MOST_ERRORS: Final = 5
_MOST_PLACES: Final = 30


def set_up(settings: Log, stream: TextIO | None = None) -> None:
    """Sends everything that is logged in this process to a stream (stderr), and errors that nobody caught with it."""
    stream = sys.stderr if stream is None else stream
    text = settings.format == "text" or (settings.format == "auto" and stream.isatty())
    handler = _Handler(stream)
    handler.setFormatter(_formatter(text=text))
    root = logging.getLogger()
    for before in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(before)
    root.addHandler(handler)
    root.setLevel(settings.level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[*_gathering(), ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    sys.excepthook = lambda kind, error, trace: _uncaught(error)
    threading.excepthook = lambda told: _uncaught(told.exc_value)


def begin(**what: str) -> str:
    """A request or a job begins: what is logged from here on has its id and what else is given; the id."""
    clear_contextvars()
    id = uuid4().hex[:12]
    bind_contextvars(id=id, **what)
    return id


def end() -> None:
    """It is over: the thread goes on to the next."""
    clear_contextvars()


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines; of what cannot be written, only that. The standard library would print its arguments."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        told = {
            "event": "a line could not be written",
            "logger": record.name,
            "level": record.levelname.lower(),
        }
        self.stream.write(json.dumps(told) + self.terminator)


def _formatter(*, text: bool) -> ProcessorFormatter:
    render: Processor = (
        structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
        if text
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    return ProcessorFormatter(
        foreign_pre_chain=_gathering(),
        processors=[ProcessorFormatter.remove_processors_meta, tell_error, redact, render],
    )


def _gathering() -> list[Processor]:
    """What every line has, whoever wrote it."""
    return [
        merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def tell_error(logger: object, method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """A step of structlog: an error as its kinds and places, the newest first. Its text stays out unless it is ours."""
    info, stack = event.pop("exc_info", None), event.pop("stack_info", None)
    error = info[1] if isinstance(info, tuple) else sys.exception() if info is True else info
    if isinstance(error, BaseException):
        event["error"] = [_told(each) for each in _chain(error)]
    if stack:
        event["stack"] = "not written"
    return event


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and len(found) < _MOST_ERRORS and error not in found:
        found.append(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return found


def _told(error: BaseException) -> str:
    kind = type(error).__name__
    if isinstance(error, OSError) and error.strerror and error.errno:
        kind = f"{kind} {error.errno}"
    elif isinstance(error, _OURS):
        kind = f"{kind} {error}"
    places = traceback.extract_tb(error.__traceback__)[-_MOST_PLACES:]
    return " < ".join(
        (kind, *(f"{_short(each.filename)}:{each.lineno} {each.name}" for each in reversed(places)))
    )


def _short(file: str) -> str:
    """A file as it is called in the checkout, or in the packages.

    >>> _short("/opt/shebao/.venv/lib/python3.11/site-packages/huey/api.py")
    'huey/api.py'
    """
    return file.rpartition("/site-packages/")[2].removeprefix(f"{HOME}/")


def _uncaught(error: BaseException | None) -> None:
    if isinstance(error, KeyboardInterrupt):
        return
    log.critical("an error was not caught", exc_info=error)
