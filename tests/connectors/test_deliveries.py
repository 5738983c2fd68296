"""What civil affairs delivers to `/events/civil-affairs`: in the profile before it is answered, and once, whatever comes."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import date, timedelta
from threading import Thread
from typing import Any

import pytest
from at_work import Town
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from platforms.city import HOOK_SECRET, Trouble
from sqlalchemy import func, select, text
from test_connections_at_work import status_on, statuses
from werkzeug.serving import make_server

from app.connections import make_events
from app.events import LARGEST_BODY
from app.settings import Settings
from app.web import create_app
from connectors.civil_affairs import signature
from policy_kb.library import Library
from storage.tables import connection_nonces

pytest_plugins = ["at_work"]

PATH = "/events/civil-affairs"
AGREED = ("0001", "0002", "0003", "0004", "0005")


@pytest.fixture
def door(moved_in: Town, library: Library) -> FlaskClient:
    """The program's own address, everybody of the first five having agreed."""
    moved_in.agree(*AGREED)
    events = make_events(moved_in.connections("civil_affairs"), moved_in.storage)
    assert events is not None
    return create_app(Settings(), library, events=events).test_client()


def deliver(door: FlaskClient, town: Town, *changes: dict[str, Any], skew: int = 0) -> int:
    body, headers = town.city.civil_affairs.delivery(list(changes), skew)
    return door.post(PATH, data=body, headers=headers).status_code


def change(town: Town, number: str, status: str, since: str, back: int = 0) -> dict[str, Any]:
    town.city.status(number, status, since, "income", told_at=town.city.clock() - back)
    return town.city.civil_affairs.changes[-1]


def test_a_change_is_kept_before_the_delivery_is_answered(door: FlaskClient, moved_in: Town) -> None:
    assert deliver(door, moved_in, change(moved_in, "0001", "suspended", "2026-10-15", back=7)) == 204
    assert statuses(moved_in, "0001") == [("suspended", "2026-10-15")]
    assert moved_in.standing("civil_affairs").delay == timedelta(seconds=7)


def test_the_same_delivery_again_does_nothing(door: FlaskClient, moved_in: Town) -> None:
    body, headers = moved_in.city.civil_affairs.delivery(
        [change(moved_in, "0001", "suspended", "2026-10-15")]
    )
    assert [door.post(PATH, data=body, headers=headers).status_code for _ in range(3)] == [204] * 3
    assert len(statuses(moved_in, "0001")) == 1


def test_the_same_change_in_another_delivery_or_a_poll_is_no_news(door: FlaskClient, moved_in: Town) -> None:
    one = change(moved_in, "0001", "suspended", "2026-10-15")
    assert [deliver(door, moved_in, one, one) for _ in range(2)] == [204, 204]
    moved_in.connections("civil_affairs").work()
    assert statuses(moved_in, "0001") == [("suspended", "2026-10-15")]
    assert len(moved_in.storage.records.dibao(moved_in.ids["0001"], "system")) == 1


@pytest.mark.parametrize("seed", range(4))
def test_shuffled_and_repeated_deliveries_come_to_what_civil_affairs_told_last(
    door: FlaskClient, moved_in: Town, seed: int
) -> None:
    told = [
        change(moved_in, "0001", "receiving", "2026-01-01", back=900),
        change(moved_in, "0001", "suspended", "2026-09-01", back=800),
        change(moved_in, "0001", "receiving", "2026-10-01", back=700),
        change(moved_in, "0001", "suspended", "2026-08-01", back=600),  # told last: since August after all
        change(moved_in, "0001", "ended", "2026-08-01", back=500),  # and ended, not suspended
    ]
    shuffled = [each for each in told for _ in range(2)]
    random.Random(seed).shuffle(shuffled)
    for each in shuffled:
        assert deliver(door, moved_in, each) == 204
    changes = moved_in.changes("0001")
    assert [status_on(changes, date(2026, month, 20)) for month in (1, 7, 8, 9, 10)] == [
        "receiving",
        "receiving",
        "ended",
        "ended",
        "ended",
    ]


def test_who_has_not_agreed_is_not_kept_and_read_once_they_do(door: FlaskClient, moved_in: Town) -> None:
    assert deliver(door, moved_in, change(moved_in, "0007", "suspended", "2026-10-15")) == 204
    assert moved_in.changes("0007") == ()
    moved_in.agree("0007")
    moved_in.connections("civil_affairs").work()
    assert statuses(moved_in, "0007") == [("suspended", "2026-10-15")]


def test_who_has_taken_it_back_is_not_kept(door: FlaskClient, moved_in: Town) -> None:
    moved_in.withdraw("0001")
    assert deliver(door, moved_in, change(moved_in, "0001", "suspended", "2026-10-15")) == 204
    assert statuses(moved_in, "0001") == []


@pytest.mark.parametrize("name", ["X-Timestamp", "X-Nonce", "X-Signature"])
def test_what_is_not_signed_is_refused(door: FlaskClient, moved_in: Town, name: str) -> None:
    body, headers = moved_in.city.civil_affairs.delivery(
        [change(moved_in, "0001", "suspended", "2026-10-15")]
    )
    for other in ("", "0", "签名", headers[name] + "0"):
        answer = door.post(PATH, data=body, headers={**headers, name: other.encode().decode("latin-1")})
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (401, "not_signed")
    assert statuses(moved_in, "0001") == []


@pytest.mark.parametrize("skew", [-301, 301, 3600])
def test_what_is_too_old_or_from_the_future_is_refused(door: FlaskClient, moved_in: Town, skew: int) -> None:
    assert deliver(door, moved_in, change(moved_in, "0001", "suspended", "2026-10-15"), skew=skew) == 401
    assert statuses(moved_in, "0001") == []


def test_nonces_are_forgotten_once_a_repetition_is_too_old(door: FlaskClient, moved_in: Town) -> None:
    for _ in range(3):
        deliver(door, moved_in, change(moved_in, "0001", "suspended", "2026-10-15"))
    moved_in.clock.move(minutes=11)
    deliver(door, moved_in)
    with moved_in.storage.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(connection_nonces)).scalar_one() == 1


def test_a_code_that_nobody_has_mapped_is_named_and_kept_for_whoever_maps_it(
    door: FlaskClient, moved_in: Town
) -> None:
    one = change(moved_in, "0001", "suspended", "2026-10-15") | {"state": "09"}
    body, headers = moved_in.city.civil_affairs.delivery([one])
    answer = door.post(PATH, data=body, headers=headers)
    assert (answer.status_code, answer.get_json()["error"]["field"]) == (400, "change.status:unmapped:09")
    (code,) = moved_in.storage.connections.codes("civil_affairs")
    assert (code.place, code.value) == ("change.status", "09")


def test_what_is_too_long_is_refused_with_an_error(door: FlaskClient) -> None:
    answer = door.post(PATH, data=b"x" * (LARGEST_BODY + 1))
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (413, "too_large")


def test_a_database_that_is_away_has_it_sent_again(door: FlaskClient, moved_in: Town) -> None:
    one = change(moved_in, "0001", "suspended", "2026-10-15")
    body, headers = moved_in.city.civil_affairs.delivery([one])
    with moved_in.storage.database.work() as connection:
        connection.execute(text("ALTER TABLE connection_nonces RENAME TO away"))
    answer = door.post(PATH, data=body, headers=headers)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (503, "not_stored")
    with moved_in.storage.database.work() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO connection_nonces"))
    assert door.post(PATH, data=body, headers=headers).status_code == 204
    assert statuses(moved_in, "0001") == [("suspended", "2026-10-15")]


any_json = st.recursive(
    st.none() | st.booleans() | st.text(max_size=9) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["data", "items", "state"]), inner)
    ),
)


@given(st.binary(max_size=200) | any_json.map(lambda data: json.dumps(data).encode()), st.booleans())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_that_comes_is_a_fault_of_ours(
    door: FlaskClient, moved_in: Town, body: bytes, signed: bool
) -> None:
    stamp = str(int(moved_in.city.clock()))
    nonce = f"nonce-{random.getrandbits(60):x}"
    headers = {"X-Timestamp": stamp, "X-Nonce": nonce, "X-Signature": "0"}
    if signed:
        headers["X-Signature"] = signature(HOOK_SECRET, stamp, nonce, body)
    answer = door.post(PATH, data=body, headers=headers)
    assert answer.status_code in ((204, 400) if signed else (401,))
    assert answer.status_code == 204 or set(answer.get_json()["error"]) == {"code", "field", "message"}


@pytest.fixture
def served(door: FlaskClient, moved_in: Town) -> Iterator[str]:
    """The same over a real server, to which the city itself delivers."""
    server = make_server("127.0.0.1", 0, door.application, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}{PATH}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_city_delivers_twice_and_not_in_order(served: str, moved_in: Town) -> None:
    office = moved_in.city.civil_affairs
    office.hook = served
    for number in ("0001", "0002", "0007"):
        change(moved_in, number, "receiving", "2026-01-01", back=100)
        change(moved_in, number, "suspended", "2026-10-01", back=50)
    moved_in.switch("civil_affairs", Trouble.DUPLICATE, Trouble.OUT_OF_ORDER)
    assert office.deliver() == [204] * 12
    assert [status_on(moved_in.changes(each), date(2026, 10, 15)) for each in ("0001", "0002", "0007")] == [
        "suspended",
        "suspended",
        None,
    ]
