"""Civil affairs: whatever its system does, no wrong status, none lost, each once; what it delivers is believed if signed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from platforms.city import PERSON_SECRET, STATUS, City, Trouble
from platforms.harness import Request, Response, Server
from sandbox import ALONE_AND_IN_PAIRS, CITY_TOML, eventually, names, table, told

from connectors.civil_affairs import HttpCivilAffairs, read_event, signature
from connectors.outside.calling import Outside
from connectors.outside.connection import read_connection
from people.outside import (
    CivilAffairs,
    Forged,
    Nonsense,
    OutsideFailed,
    StatusChange,
    Tokens,
)

pytest_plugins = ["sandbox"]

Connect = Callable[..., Outside]
TOKENS = Tokens("id_number_hmac", PERSON_SECRET)
PATIENT = {"read_seconds": 5.0, "whole_seconds": 5.0}
#: Who agreed: five of seven.
AGREED = ("0001", "0002", "0003", "0004", "0005")


class Keeping:
    """A consumer: keeps a page with its cursor, or nothing of it; a record that it has is no news."""

    def __init__(self, civil_affairs: CivilAffairs, people: Sequence[str]) -> None:
        self.civil_affairs = civil_affairs
        self.people = people
        self.cursor = ""
        self.kept: dict[tuple[str, str], StatusChange] = {}

    def poll(self) -> None:
        more = True
        while more:
            page = self.civil_affairs.changes(self.cursor, self.people)
            for each in page.changes:
                assert self.kept.setdefault((each.source, each.reference), each) == each
            self.cursor, more = page.cursor, page.more

    def status(self, person: str) -> str:
        of_them = [each for each in self.kept.values() if each.person == person]
        return max(of_them, key=lambda each: (each.told_at, each.reference)).status


def tokens(city: City, numbers: Sequence[str] = AGREED) -> list[str]:
    return [TOKENS.of(city.people[each].id_number, each) for each in numbers]


def truth(city: City, people: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """What the city's book says of these people, by reference."""
    words = {code: word for word, code in STATUS.items()}
    return {
        each["changeNo"]: (each["person"]["token"], words[each["state"]], each["effectiveDate"])
        for each in city.civil_affairs.changes
        if each["person"]["token"] in people
    }


def kept(keeping: Keeping) -> dict[str, tuple[Any, ...]]:
    return {
        each.reference: (each.person, each.status, each.since.isoformat()) for each in keeping.kept.values()
    }


@pytest.fixture
def book(city: City) -> City:
    """Eleven changes about all seven, of which one was told late: 0001's suspension, after it was restored."""
    now = city.clock()
    for back, number in enumerate(city.people, 1):
        city.status(number, "receiving", "2026-01-01", told_at=now - 1000 + back)
    city.status("0001", "receiving", "2026-09-01", "review", told_at=now - 100)
    city.status("0001", "suspended", "2026-08-01", "income", told_at=now - 200)
    city.status("0002", "suspended", "2026-10-01", "income", told_at=now - 90)
    city.status("0007", "ended", "2026-10-01", "moved", told_at=now - 80)
    return city


def test_what_changed_comes_page_by_page_about_those_who_agreed(book: City, connect: Connect) -> None:
    keeping = Keeping(HttpCivilAffairs(connect("civil_affairs")), tokens(book))
    keeping.poll()
    assert kept(keeping) == truth(book, keeping.people)
    assert [keeping.status(each) for each in keeping.people[:3]] == ["receiving", "suspended", "receiving"]
    one = next(
        each for each in keeping.kept.values() if each.status == "suspended" and each.since.month == 10
    )
    assert (one.source, one.since, one.reason) == ("civil_affairs", date(2026, 10, 1), "income")
    asked = [each.request for each in book.civil_affairs.called("changes")]
    assert len(asked) == 3
    assert all(set(each.json()["persons"]) == set(keeping.people) for each in asked)
    assert not any(each.query for each in asked)


def test_nothing_is_asked_about_nobody(book: City, connect: Connect) -> None:
    page = HttpCivilAffairs(connect("civil_affairs")).changes("c3", [])
    assert (page.changes, page.cursor, book.civil_affairs.calls) == ((), "c3", [])


def test_the_second_poll_brings_what_is_new_and_nothing_else(book: City, connect: Connect) -> None:
    keeping = Keeping(HttpCivilAffairs(connect("civil_affairs")), tokens(book))
    keeping.poll()
    before = keeping.cursor
    page = keeping.civil_affairs.changes(before, keeping.people)
    assert (page.changes, page.cursor, page.more) == ((), before, False)
    book.status("0003", "ended", "2026-11-01", "moved")
    (change,) = keeping.civil_affairs.changes(before, keeping.people).changes
    assert (change.status, change.reason) == ("ended", "moved")


def test_who_agrees_later_is_read_from_the_beginning(book: City, connect: Connect) -> None:
    keeping = Keeping(HttpCivilAffairs(connect("civil_affairs")), tokens(book))
    keeping.poll()
    later = Keeping(keeping.civil_affairs, tokens(book, ["0007"]))
    later.poll()
    assert kept(later) == truth(book, later.people)


def test_records_about_others_are_not_handed_on(book: City, connect: Connect) -> None:
    found = HttpCivilAffairs(connect("civil_affairs", paging={"page_size": 50}))
    everybody = book.civil_affairs._asked
    all_tokens = [each.token for each in book.people.values()]
    book.civil_affairs._asked = lambda given: everybody({**given, "persons": all_tokens})  # type: ignore[method-assign]
    page = found.changes("", tokens(book))
    assert {each.person for each in page.changes} <= set(tokens(book))
    assert page.strangers == 3


def test_a_cursor_that_is_no_longer_known_begins_anew(book: City, connect: Connect) -> None:
    keeping = Keeping(HttpCivilAffairs(connect("civil_affairs")), tokens(book))
    keeping.cursor = keeping.civil_affairs.changes("", keeping.people).cursor
    book.civil_affairs.forgotten = 50
    page = keeping.civil_affairs.changes(keeping.cursor, keeping.people)
    assert min(each.reference for each in page.changes) == "MZ000001"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"state": "09"}, "change.status:unmapped:09"),
        ({"state": "110105194912310021"}, "change.status:unmapped"),
        ({"reasonCode": "R9"}, "change.reason:unmapped:R9"),
        ({"effectiveDate": "soon"}, "change.since:not_a_day"),
        ({"effectiveDate": "2026-02-30"}, "change.since:not_a_day"),
        ({"issuedAt": "2999-01-01 00:00:00"}, "change.told_at:not_a_moment"),
        ({"issuedAt": "2090-01-01 00:00:00"}, "change.told_at:in_the_future"),
        ({"issuedAt": True}, "change.told_at:not_a_moment"),
        ({"changeNo": ""}, "change.reference:missing"),
        ({"changeNo": "MZ000001"}, "list:contradiction"),
    ],
)
def test_a_record_of_another_schema_is_named_and_the_page_is_not_kept(
    book: City, connect: Connect, change: dict[str, Any], code: str
) -> None:
    book.civil_affairs.changes[1].update(change)
    with pytest.raises(Nonsense) as error:
        HttpCivilAffairs(connect("civil_affairs")).changes("", tokens(book))
    assert (error.value.code, error.value.later) == (code, False)
    assert error.value.value == change.get("state", change.get("reasonCode", ""))
    assert "110105" not in repr(error.value)


@pytest.mark.parametrize("troubles", ALONE_AND_IN_PAIRS, ids=names)
def test_trouble_loses_nothing_and_makes_nothing_up(
    book: City, connect: Connect, troubles: tuple[Trouble, ...]
) -> None:
    keeping = Keeping(HttpCivilAffairs(connect("civil_affairs")), tokens(book))
    for each in troubles:
        book.civil_affairs.switch(each)
    failed = 0
    for status in ("suspended", "ended"):
        try:
            keeping.poll()
        except OutsideFailed as error:
            assert isinstance(error, told(troubles)), error
            failed += 1
        assert kept(keeping).items() <= truth(book, keeping.people).items()
        book.status("0004", status, "2026-11-01", "income")
    assert failed == 2 or not (len(troubles) == 1 and told(troubles)[:-1])
    book.calm()
    eventually(keeping.poll)
    assert kept(keeping) == truth(book, keeping.people)
    assert keeping.status(keeping.people[3]) == "ended"


@pytest.mark.parametrize("troubles", ALONE_AND_IN_PAIRS, ids=names)
def test_trouble_that_passes_needs_no_help(
    book: City, connect: Connect, troubles: tuple[Trouble, ...]
) -> None:
    keeping = Keeping(HttpCivilAffairs(connect("civil_affairs", retries={"attempts": 3})), tokens(book))
    for each in troubles:
        book.civil_affairs.switch(each, calls=2)
    eventually(keeping.poll)
    assert kept(keeping) == truth(book, keeping.people)
    assert not book.civil_affairs.troubles


events = st.lists(
    st.tuples(
        st.sampled_from(["0001", "0002", "0003", "0006"]),
        st.sampled_from(sorted(STATUS)),
        st.integers(0, 500),
    ),
    max_size=20,
)


@given(first=events, second=events, size=st.integers(1, 7), stops=st.integers(0, 3))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_cursor_skips_nothing_however_pages_fall(
    city: City, connect: Connect, first: Any, second: Any, size: int, stops: int
) -> None:
    city.civil_affairs.changes.clear()
    keeping = Keeping(
        HttpCivilAffairs(connect("civil_affairs", paging={"page_size": size}, limits=PATIENT)),
        tokens(city, ["0001", "0002", "0003"]),
    )
    now = city.clock()
    for number, status, back in first:
        city.status(number, status, "2026-10-01", told_at=now - back)
    for _ in range(stops):  # stopped between two pages
        page = keeping.civil_affairs.changes(keeping.cursor, keeping.people)
        keeping.kept |= {(each.source, each.reference): each for each in page.changes}
        keeping.cursor = page.cursor
    for number, status, back in second:
        city.status(number, status, "2026-10-01", told_at=now - back)
    keeping.poll()
    assert kept(keeping) == truth(city, keeping.people)


# -- what is delivered -------------------------------------------------------------------------------------------------


@pytest.fixture
def delivery(book: City) -> tuple[bytes, dict[str, str]]:
    return book.civil_affairs.delivery(book.civil_affairs.changes[:2])


CONNECTION = read_connection("civil_affairs", table("civil_affairs", "http://127.0.0.1:1"), CITY_TOML.parent)


def now() -> datetime:
    return datetime.now(UTC)


def test_a_delivery_says_what_a_poll_would(
    book: City, connect: Connect, delivery: tuple[bytes, dict[str, str]]
) -> None:
    body, headers = delivery
    event = read_event(headers, body, CONNECTION, now())
    polled = HttpCivilAffairs(connect("civil_affairs")).changes("", tokens(book))
    assert event.changes == polled.changes[:2]
    assert event.nonce == headers["X-Nonce"]
    assert event.until > now() + timedelta(seconds=CONNECTION.hook.window_seconds - 5)


def test_the_earlier_secret_is_good_while_it_is_changed(delivery: tuple[bytes, dict[str, str]]) -> None:
    body, headers = delivery
    hook = replace(CONNECTION.hook, secret="another secret", earlier=CONNECTION.hook.secret)
    assert read_event(headers, body, replace(CONNECTION, hook=hook), now()).changes


@pytest.mark.parametrize("name", ["X-Timestamp", "X-Nonce", "X-Signature"])
def test_a_delivery_that_is_not_signed_is_forged(delivery: tuple[bytes, dict[str, str]], name: str) -> None:
    body, headers = delivery
    for other in ("", "0", "x" * 12, "签名" * 6, headers[name] + "0", headers[name][:-1]):
        with pytest.raises(Forged):
            read_event({**headers, name: other}, body, CONNECTION, now())
    with pytest.raises(Forged):
        read_event({key: value for key, value in headers.items() if key != name}, body, CONNECTION, now())


def test_another_body_or_no_secret_is_forged(delivery: tuple[bytes, dict[str, str]]) -> None:
    body, headers = delivery
    with pytest.raises(Forged):
        read_event(headers, body + b" ", CONNECTION, now())
    with pytest.raises(Forged):
        read_event(headers, body, replace(CONNECTION, hook=replace(CONNECTION.hook, secret="")), now())


@pytest.mark.parametrize("seconds", [-301, 302])
def test_a_delivery_is_good_for_five_minutes(delivery: tuple[bytes, dict[str, str]], seconds: int) -> None:
    body, headers = delivery
    at = datetime.fromtimestamp(int(headers["X-Timestamp"]), UTC)
    read_event(headers, body, CONNECTION, at + timedelta(seconds=seconds - 3 * (1 if seconds > 0 else -1)))
    with pytest.raises(Forged, match="too old, or from the future"):
        read_event(headers, body, CONNECTION, at + timedelta(seconds=seconds))


any_json = st.recursive(
    st.none() | st.booleans() | st.text(max_size=9) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["data", "items", "state"]), inner)
    ),
)


@given(st.binary(max_size=200) | any_json.map(lambda data: json.dumps(data).encode()))
def test_whatever_is_signed_is_changes_or_nonsense(body: bytes) -> None:
    stamp = str(int(now().timestamp()))
    headers = {
        "x-timestamp": stamp,
        "x-nonce": "nonce-0001",
        "X-SIGNATURE": signature(CONNECTION.hook.secret, stamp, "nonce-0001", body),
    }
    try:
        event = read_event(headers, body, CONNECTION, now())
    except Nonsense:
        return
    assert event.changes == ()


def test_nothing_of_a_person_stands_in_a_repr(delivery: tuple[bytes, dict[str, str]]) -> None:
    body, headers = delivery
    event = read_event(headers, body, CONNECTION, now())
    assert not any(
        secret in repr(event) for secret in ("receiving", "2026-01-01", "MZ0000", event.changes[0].person)
    )
    assert not any(secret in repr(CONNECTION) for secret in ("local-client-secret", "local-secret"))


def test_the_city_delivers_what_changed_to_our_address(book: City, offices: Server) -> None:
    """Twice, and not in order: each is signed anew or the same bytes again, which a store of nonces refuses."""
    seen: set[str] = set()
    taken: dict[str, StatusChange] = {}

    class Product:
        def answer(self, request: Request) -> Response:
            event = read_event(request.headers, request.body, CONNECTION, now())
            if event.nonce in seen:
                return Response(status=409)
            seen.add(event.nonce)
            taken.update({each.reference: each for each in event.changes})
            return Response(status=204)

    offices.mounts["/events"] = Product()
    book.civil_affairs.hook = f"{offices.address}/events/civil-affairs"
    book.civil_affairs.switch(Trouble.DUPLICATE)
    book.civil_affairs.switch(Trouble.OUT_OF_ORDER)
    assert book.civil_affairs.deliver() == [204, 409] * 11
    assert len(taken) == 11
