"""`/events/civil-affairs`: what civil affairs delivers to us, signed. Stored before it is answered; what comes again is
answered alike and does nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from connectors.civil_affairs import read_event
from connectors.outside.connection import Connection
from people.outside import Forged, Nonsense, Tokens
from storage.connections import StoredConnections
from storage.errors import StorageError

log = logging.getLogger("shebao.connections")

#: Some hundred changes; whoever has more to say delivers several times, or is asked.
LARGEST_BODY: Final = 256 * 1024
#: Seconds after which a delivery that could not be stored may come again.
AGAIN: Final = 30


def create_blueprint(
    connection: Connection, tokens: Tokens, book: StoredConnections, now: Callable[[], datetime]
) -> Blueprint:
    """The address of deliveries. Each proves by its signature whose it is."""
    blueprint = Blueprint("events", __name__)

    @blueprint.before_request
    def limit() -> None:
        request.max_content_length = LARGEST_BODY

    @blueprint.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> ResponseReturnValue:
        return _error(error.code or 400, "too_large" if error.code == 413 else "bad_request", "body")

    @blueprint.post("/events/civil-affairs")
    def civil_affairs() -> ResponseReturnValue:
        try:
            event = read_event(dict(request.headers), request.get_data(), connection, now())
        except Forged as error:
            log.warning("civil_affairs: a delivery was refused (%s)", error)
            return _error(401, "not_signed", "signature")
        except Nonsense as error:
            log.warning("civil_affairs: a delivery was not understood (%s)", error.code)
            if error.value:
                book.note_nonsense("civil_affairs", error)
            return _error(400, "not_understood", error.code)
        try:
            book.take_delivery("civil_affairs", event.nonce, event.until, event.changes, tokens)
        except (SQLAlchemyError, StorageError) as error:
            # The text of an error may quote what was delivered.
            log.error("civil_affairs: a delivery was not stored (%s)", type(error).__name__)
            answer = _error(503, "not_stored", "body")
            answer.headers["Retry-After"] = str(AGAIN)
            return answer
        return Response(status=204)

    return blueprint


def _error(status: int, code: str, field: str) -> Response:
    """The object that every error is answered with."""
    answer = jsonify(error={"code": code, "field": field, "message": _MESSAGES[code]})
    answer.status_code = status
    return answer


_MESSAGES: Final = {
    "not_signed": "the delivery needs a timestamp, a nonce and a signature that are right, and now",
    "not_understood": "a field is missing, of another kind, or a code that nobody has mapped; nothing was stored",
    "too_large": f"at most {LARGEST_BODY} bytes",
    "bad_request": "not a request that can be read",
    "not_stored": "nothing was stored; send it again",
}
