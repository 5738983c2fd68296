"""Lists page by page: whole and once each whatever the pages do, or an error; the cursor never skips anything."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.outside.connection import Paging
from connectors.outside.paging import Page, gather
from people.outside import Nonsense

BY_NUMBER = Paging("number", page_size=3)
BY_CURSOR = Paging("cursor", page_size=3)


def records(*ids: int) -> tuple[dict[str, Any], ...]:
    return tuple({"reference": str(each), "amount": each} for each in ids)


class Office:
    """A list in pages, told in one of the ways in which systems do; `between` happens before a page is given out."""

    def __init__(
        self, paging: Paging, ids: list[int], *, totals: bool, mores: bool, etags: bool, repeat: int = 0
    ) -> None:
        self.paging = paging
        self.ids = list(ids)
        self.totals, self.mores, self.etags, self.repeat = totals, mores, etags, repeat
        self.changes: dict[int, int] = {}
        self.asked = 0

    def fetch(self, position: int | str) -> Page:
        self.asked += 1
        if self.asked in self.changes:
            self.ids.insert(0, self.changes.pop(self.asked))
        size = self.paging.page_size
        by_number = self.paging.kind == "number"
        start = (int(position) - self.paging.first) * size if by_number else int(position or 0)
        # Some systems give the last of a page again with the next.
        found = self.ids[max(0, start - self.repeat) : start + size]
        if start >= len(self.ids):
            found = []
        more = start + size < len(self.ids)
        return Page(
            records(*found),
            len(self.ids) if self.totals else None,
            str(start + size) if more and not by_number else None,
            more if self.mores else None,
            str(hash(tuple(self.ids))) if self.etags else "",
        )


offices = st.builds(
    Office,
    st.sampled_from([BY_NUMBER, BY_CURSOR, Paging("number", first=0, page_size=2)]),
    st.lists(st.integers(0, 999), unique=True, max_size=25),
    totals=st.booleans(),
    mores=st.booleans(),
    etags=st.booleans(),
    repeat=st.integers(0, 1),
)


@given(offices)
def test_every_record_comes_once_in_order(office: Office) -> None:
    found = gather(office.fetch, office.paging, "reference")
    assert [each["amount"] for each in found.records] == office.ids


@given(offices, st.dictionaries(st.integers(1, 12), st.integers(1000, 2000), max_size=6))
def test_a_list_that_changes_while_it_is_read_is_read_anew_or_is_an_error(
    office: Office, changes: dict[int, int]
) -> None:
    office.etags = True
    office.changes = {at: 1000 + at for at in changes}
    try:
        found = gather(office.fetch, office.paging, "reference")
    except Nonsense as error:
        assert error.code == "list:keeps_changing"
    else:
        # What is handed on is the list as it stood at one moment: that of the last page.
        assert sorted(each["amount"] for each in found.records) == sorted(office.ids)


@given(
    st.lists(
        st.builds(
            Page,
            st.lists(st.integers(0, 6), max_size=4).map(lambda ids: records(*ids)),
            st.none() | st.integers(0, 9),
            st.none() | st.sampled_from(["a", "b", "c"]),
            st.none() | st.booleans(),
            st.sampled_from(["", "v1", "v2"]),
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([BY_NUMBER, BY_CURSOR]),
)
def test_whatever_pages_say_it_ends_and_what_is_handed_on_is_what_they_said(
    pages: list[Page], paging: Paging
) -> None:
    asked = 0

    def fetch(position: int | str) -> Page:
        nonlocal asked
        asked += 1
        return pages[(asked - 1) % len(pages)]

    try:
        found = gather(fetch, paging, "reference")
    except Nonsense as error:
        assert error.code.startswith("list:")
        return
    finally:
        assert asked <= 60
    references = [each["reference"] for each in found.records]
    assert len(references) == len(set(references))
    assert set(references) <= {each["reference"] for page in pages for each in page.records}
    totals = {page.total for page in pages[:asked]}
    assert None in totals or len(references) in totals


@pytest.mark.parametrize(
    ("pages", "code"),
    [
        ([Page(records(1), 2)], "list:repeats"),
        ([Page(records(1), 2, more=False)], "list:total"),
        ([Page(records(1), more=True), Page((), more=True)], "list:empty_page"),
        ([Page((*records(1), {"reference": "1", "amount": 2}))], "list:contradiction"),
        ([Page(records(1, 2, 3), 9), Page(records(4, 5, 6), 8)], "list:keeps_changing"),
    ],
)
def test_a_list_that_is_none_is_named(pages: list[Page], code: str) -> None:
    def fetch(position: int | str) -> Page:
        return pages[min(int(position), len(pages)) - 1]

    with pytest.raises(Nonsense) as error:
        gather(fetch, BY_NUMBER, "reference")
    assert error.value.code == code


@pytest.mark.parametrize("cursor", ["x", None])
def test_a_cursor_that_leads_back_or_nowhere_is_an_error(cursor: str | None) -> None:
    with pytest.raises(Nonsense, match="list:cursor"):
        gather(
            lambda position: Page(records(len(str(position))), cursor=cursor, more=True),
            BY_CURSOR,
            "reference",
        )
