"""The page that shows the employees' phones beside HR's console, and what it asks for by itself."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from platforms.harness import Answering, Request, Response, as_json
from platforms.people import Person, in_background
from platforms.story import Story

FOLDER: Final = Path(__file__).with_name("page")
FILES: Final = {
    "": ("index.html", "text/html; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
}
#: Seconds that the page waits for news before it asks again.
PATIENCE: Final = 20.0
STEP: Final = 0.1
LONGEST: Final = 4000


class Kept(Protocol):
    """Something that is there again after a restart."""

    id: str

    @property
    def version(self) -> int:
        """Changes with whatever `kept` gives."""

    def kept(self) -> dict[str, Any]:
        """What is to be there again."""

    def recall(self, kept: Mapping[str, Any]) -> None:
        """What `kept` gave."""


class PhonePage:
    """The page at `/`, with the story where there is one. What it does not know goes to `otherwise`: a platform that has no
    path of its own."""

    def __init__(
        self, product: str, people: Sequence[Person], otherwise: Answering, story: Story | None = None
    ) -> None:
        self._product = product
        self._story = story
        self._people = {each.id: each for each in people}
        self._otherwise = otherwise

    def answer(self, request: Request) -> Response:
        if request.headers.get("x-tc-action"):
            return self._otherwise.answer(request)
        host = request.headers.get("host", "")
        if not host.startswith("127.0.0.1:"):
            # The console's cookie is for one host, and a page of another name shall not read the phones.
            port = host.rpartition(":")[2]
            return Response(b"", 303, headers={"Location": f"http://127.0.0.1:{port}/"})
        if request.method == "POST" and request.path == "api/do":
            return self._do(request)
        if request.path == "api/state":
            return self._state(request)
        if request.path in FILES:
            return self._file(*FILES[request.path])
        return Response(b"", 404)

    def _file(self, name: str, media_type: str) -> Response:
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
            f"frame-src {self._product}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
        return Response((FOLDER / name).read_bytes(), 200, media_type, headers)

    def _state(self, request: Request) -> Response:
        """Everything, once it is not what the page has any more."""
        after = request.query.get("after", "")
        until = time.monotonic() + PATIENCE
        while self._version() == after and time.monotonic() < until:
            time.sleep(STEP)
        version = self._version()
        if version == after:
            return Response(b"", 204)
        people = [each.state() for each in self._people.values()]
        story = None if self._story is None else self._story.state()
        known = {"version": version, "now": time.time(), "product": self._product}
        return as_json({**known, "people": people, "story": story})

    def _version(self) -> str:
        story = () if self._story is None else (self._story,)
        return "-".join(str(each.version) for each in (*self._people.values(), *story))

    def _do(self, request: Request) -> Response:
        # Only a page of ours can send JSON here without being asked first.
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return Response(b"", 415)
        try:
            given: dict[str, Any] = request.json()
            person = self._people[given["phone"]]
            act, value = str(given["act"]), str(given.get("value", ""))[:LONGEST]
            number = int(given.get("number", -1))
        except (ValueError, KeyError, TypeError):
            return as_json({"error": "bad"}, 400)
        in_background(lambda: person.do(act, value, number))
        return as_json({"done": True})


def keep(file: Path, things: Sequence[Kept]) -> None:
    """What the phones show, and the city has on record, is written down."""
    new = file.with_suffix(".new")
    new.write_text(
        json.dumps({each.id: each.kept() for each in things}, ensure_ascii=False), encoding="utf-8"
    )
    new.replace(file)


def recall(file: Path, things: Sequence[Kept]) -> None:
    """What `keep` wrote, where there is such a file."""
    if not file.exists():
        return
    kept = json.loads(file.read_text(encoding="utf-8"))
    for each in things:
        if each.id in kept:
            each.recall(kept[each.id])
