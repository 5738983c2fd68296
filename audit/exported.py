"""The chain as a file of JSON lines, which anybody can check who has the file and the public key.

The first line says what the file is, with the public key and the signed heads; every further line is an event: the text
that was hashed, its hash, and the items of its list. An item without a reference was erased or left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from audit.chain import Check, Item, Link, check
from audit.heads import Head, moment_text

FORM: Final = "shebao audit 1"


class NotAnExport(ValueError):
    """A file is no export of the log, or a line of it cannot be read; the message names the line."""


@dataclass(frozen=True, slots=True)
class Opening:
    """The first line of an export: the public key, how many events follow, and the heads."""

    public: bytes
    made_at: datetime
    last: int
    heads: tuple[Head, ...]

    def as_json(self) -> dict[str, Any]:
        """The line as plain data."""
        return {
            "form": FORM,
            "made_at": moment_text(self.made_at),
            "key": self.public.hex(),
            "last": self.last,
            "heads": [head.as_json() for head in self.heads],
        }


def write(opening: Opening, links: Iterable[Link]) -> Iterator[str]:
    """The lines of a file, each with its end."""
    yield _line(opening.as_json())
    for link in links:
        items = [_item_json(item) for item in link.items]
        yield _line({"body": link.body, "hash": link.hash.hex(), "items": items})


def verify(lines: Iterable[str], public: bytes | None = None) -> tuple[Opening, Check]:
    """Checks a file, with the key in it unless another is given. Raises `NotAnExport`."""
    numbered = enumerate(lines, 1)
    opening = _read_opening(numbered)
    return opening, check(_read_links(numbered), opening.heads, public or opening.public, opening.last)


def _line(data: Any) -> str:
    return json.dumps(data, ensure_ascii=True, separators=(",", ":")) + "\n"


def _item_json(item: Item) -> dict[str, str]:
    data = {"hash": item.hash.hex()}
    if item.subject is not None and item.salt is not None:
        data |= {"subject": item.subject, "salt": item.salt.hex()}
    return data


def _read_opening(lines: Iterator[tuple[int, str]]) -> Opening:
    number, line = next(lines, (1, ""))
    try:
        data = json.loads(line)
        if data["form"] != FORM:
            raise ValueError
        return Opening(
            read_key(data["key"]),
            datetime.fromisoformat(data["made_at"]),
            int(data["last"]),
            tuple(map(Head.from_json, data["heads"])),
        )
    except (ValueError, KeyError, TypeError):
        raise NotAnExport(f"line {number}: not the beginning of an exported log") from None


def _read_links(lines: Iterator[tuple[int, str]]) -> Iterator[Link]:
    for seq, (number, line) in enumerate(lines, 1):
        try:
            data = json.loads(line)
            body, digest, items = data["body"], bytes.fromhex(data["hash"]), map(_read_item, data["items"])
            if not isinstance(body, str):
                raise ValueError
            yield Link(seq, body, digest, tuple(items))
        except (ValueError, KeyError, TypeError):
            raise NotAnExport(f"line {number}: not an event of an exported log") from None


def _read_item(data: dict[str, Any]) -> Item:
    if set(data) == {"hash"}:
        return Item(bytes.fromhex(data["hash"]), None, None)
    if not isinstance(data["subject"], str):
        raise ValueError
    return Item(bytes.fromhex(data["hash"]), data["subject"], bytes.fromhex(data["salt"]))


def read_key(text: str) -> bytes:
    """A public key as it is printed. Raises `ValueError`."""
    key = bytes.fromhex(text)
    if len(key) != 32:
        raise ValueError("a public key has 32 bytes")
    return key
