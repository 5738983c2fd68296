"""Lists that come page by page, gathered whole: what changes meanwhile is gathered anew, what is missing is an error.

`gather` knows no HTTP: it is handed what fetches one page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from connectors.outside.calling import Answer, Outside
from connectors.outside.connection import Envelope, Paging
from connectors.outside.records import Mapped, at
from people.outside import Nonsense

Record: TypeAlias = dict[str, Any]
#: How often a list is begun anew that changes while it is read.
BEGINNINGS: Final = 3
MOST_PAGES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its records, how many there are on all pages, where the next begins, and the version of the whole list. What
    the system does not tell is None, and "" for the version."""

    records: tuple[Record, ...] = field(repr=False)
    total: int | None = None
    cursor: str | None = field(default=None, repr=False)
    more: bool | None = None
    version: str = ""
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """A list, whole and without doubles; or that it is `unchanged` since the version that was asked with."""

    records: tuple[Record, ...] = field(repr=False)
    version: str = ""
    unchanged: bool = False


#: Fetches the page at a number or a cursor ("" is the first).
Fetch = Callable[[int | str], Page]


class _Moved(Exception):
    """The list changed while it was read."""


def listing(
    outside: Outside, path: str, record: Mapped, *, query: Mapping[str, str], key: str, version: str = ""
) -> Listing:
    """All records of an address; `key` is the field that tells two of them apart. Raises `OutsideFailed`."""
    paging = outside.connection.paging

    def fetch(position: int | str) -> Page:
        first = position in ("", paging.first)
        asked = {**query, paging.size: str(paging.page_size)}
        if paging.kind == "number":
            asked[paging.page] = str(position)
        elif position:
            asked[paging.cursor] = str(position)
        answer = outside.call("GET", path, query=asked, version=version if first else "")
        return page_of(answer, record, outside.connection.envelope, first=first)

    return gather(fetch, paging, key)


def page_of(answer: Answer, record: Mapped, envelope: Envelope, *, first: bool = True) -> Page:
    """An answer as a page, each record read, as many as it says there are. Raises `Nonsense`."""
    if answer.unchanged:
        if not first:
            raise Nonsense("unchanged")
        return Page((), version=answer.version, unchanged=True)
    records = at(answer.data, envelope.records)
    if not isinstance(records, list):
        raise Nonsense(f"{record.name}:not_a_list")
    if _number("count", answer.data, envelope.count) not in (None, len(records)):
        raise Nonsense(f"{record.name}:count")
    return Page(
        tuple(record.read(each) for each in records),
        _number("total", answer.data, envelope.total),
        _cursor(answer.data, envelope.cursor),
        _more(answer.data, envelope.more),
        answer.version,
    )


def _number(name: str, data: Any, path: str) -> int | None:
    """A number that the configuration says is there; None where it says nothing."""
    if not path:
        return None
    found = at(data, path)
    if isinstance(found, bool) or not isinstance(found, int) or found < 0:
        raise Nonsense(f"envelope.{name}")
    return found


def _more(data: Any, path: str) -> bool | None:
    if not path:
        return None
    found = at(data, path)
    if not isinstance(found, bool):
        raise Nonsense("envelope.more")
    return found


def _cursor(data: Any, path: str) -> str | None:
    """Where the next page begins; None where nothing is said, as on a last page."""
    found = at(data, path) if path else None
    if found is None or found == "":
        return None
    text = str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""
    if not re.fullmatch(r"[\x21-\x7e]{1,500}", text):
        raise Nonsense("envelope.cursor")
    return text


def gather(fetch: Fetch, paging: Paging, key: str) -> Listing:
    """Every record of a list once, in order. Raises `Nonsense` where pages do not come to an end, do not come to the total,
    or keep changing."""
    for _ in range(BEGINNINGS):
        try:
            return _gathered(fetch, paging, key)
        except _Moved:
            continue
    raise Nonsense("list:keeps_changing")


def _gathered(fetch: Fetch, paging: Paging, key: str) -> Listing:
    first = fetch(paging.first if paging.kind == "number" else "")
    if first.unchanged:
        return Listing((), first.version, unchanged=True)
    whole = distinct(first.records, key)
    page, pages, seen = first, 1, {""}
    while (position := _next(page, paging, pages, len(whole), seen)) is not None:
        page, pages = fetch(position), pages + 1
        if (page.version, page.total) != (first.version, first.total):
            raise _Moved
        _add(whole, distinct(page.records, key))
        if len(whole) > paging.most_records or pages > MOST_PAGES:
            raise Nonsense("list:too_long")
    if first.total is not None and len(whole) != first.total:
        raise _Moved if pages > 1 else Nonsense("list:total")
    return Listing(tuple(whole.values()), first.version)


def _next(page: Page, paging: Paging, pages: int, gathered: int, seen: set[str]) -> int | str | None:
    """Where the next page begins, after so many; None where this one was the last."""
    if page.more is False:
        return None
    if paging.kind == "cursor":
        if page.cursor is None and not page.more:
            return None
        if page.cursor is None or page.cursor in seen:
            raise Nonsense("list:cursor")
        seen.add(page.cursor)
        return page.cursor
    if page.more is None and (not page.records or gathered == page.total):
        return None
    if not page.records:
        raise Nonsense("list:empty_page")
    return paging.first + pages


def _add(whole: dict[Hashable, Record], more: dict[Hashable, Record]) -> None:
    """Adds a page. One that says otherwise what an earlier one said was read after a change; one that adds nothing at all is
    an earlier one again."""
    before = len(whole)
    for key, record in more.items():
        if whole.setdefault(key, record) != record:
            raise _Moved
    if more and len(whole) == before:
        raise Nonsense("list:repeats")


def distinct(records: Iterable[Record], key: str) -> dict[Hashable, Record]:
    """Records by their key, without doubles. Raises `Nonsense` where two of one key say different things.

    >>> list(distinct([{"id": "a", "n": 1}, {"id": "b", "n": 2}, {"id": "a", "n": 1}], "id").values())
    [{'id': 'a', 'n': 1}, {'id': 'b', 'n': 2}]
    """
    kept: dict[Hashable, Record] = {}
    for each in records:
        if kept.setdefault(each[key], each) != each:
            raise Nonsense("list:contradiction")
    return kept
