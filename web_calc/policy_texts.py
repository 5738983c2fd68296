"""The library's own sentences for the catalogues: `make translate` reads them from its YAML with this."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, BinaryIO

import yaml

Message = tuple[int, str, str, list[str]]


def extract(
    file: BinaryIO, keywords: Collection[str], comment_tags: Collection[str], options: dict[str, Any]
) -> Iterator[Message]:
    """What Babel asks of an extractor: each Chinese sentence of one region's file, with line, function and comments.

    Rules and articles have a text, notices and lines a note; English stands beside them in the file itself.
    """
    data = yaml.load(file, Loader=yaml.CSafeLoader)
    values = [value for notice in data.get("notices") or () for value in notice["values"].values()]
    records = [
        *values,
        *(record for part in ("lines", "rules", "statutes") for record in data.get(part) or ()),
    ]
    for record in records:
        for field in ("text", "note"):
            if record.get(field):
                yield 1, "_", record[field].strip(), []
