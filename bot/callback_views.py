"""The addresses that platforms call: bytes, query and headers in, an answer out."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from bot.channels import Callback
from bot.taking import Taking

#: No message is longer; a picture comes as an address.
LARGEST_BODY: Final = 256 * 1024


def create_blueprint(taking: Taking) -> Blueprint:
    """`/channels/<name>` for every platform. Each callback proves by its signature whose it is."""
    blueprint = Blueprint("channels", __name__)

    @blueprint.before_request
    def limit() -> None:
        request.max_content_length = LARGEST_BODY

    @blueprint.route("/channels/<name>", methods=["GET", "POST"])
    def callback(name: str) -> ResponseReturnValue:
        answer = taking.take(
            name,
            Callback(
                "POST" if request.method == "POST" else "GET",
                request.args.to_dict(),
                {name.lower(): value for name, value in request.headers.items()},
                request.get_data(),
            ),
        )
        if answer is None:
            abort(404)
        return Response(answer.body, answer.status, content_type=answer.media_type)

    return blueprint
