"""沙盒市 itself: what its offices refuse, and how it is played, before anything of the product is tested with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from platforms.city import API_KEY, City, Trouble
from platforms.harness import NoAnswer, Server, call


@pytest.fixture
def city() -> City:
    return City()


@pytest.fixture
def server(city: City) -> Iterator[Server]:
    with Server(city.mounts) as running:
        yield running


def play(server: Server, what: str, **given: Any) -> tuple[int, Any]:
    answer = call(f"{server.address}/city/{what}", None, json.dumps(given).encode())
    return answer.status, json.loads(answer.body or b"null")


def wages(server: Server, key: str = API_KEY) -> Any:
    query = {"period": "2026-10", "limit": "10"}
    return call(f"{server.address}/payroll/wages", query, headers={"X-Api-Key": key}, patience=1.0)


def test_whoever_plays_the_city_changes_it(city: City, server: Server) -> None:
    assert play(server, "person", number="0001", name="王", id_number="1") == (200, {"ok": True})
    assert (
        play(server, "status", number="0001", status="suspended", since="2026-11-01", reason="income")[0]
        == 200
    )
    assert play(server, "wage", number="0001", month="2026-10", gross=350_000)[0] == 200
    assert play(server, "publish", month="2026-10")[0] == 200
    state = json.loads(call(f"{server.address}/city/state").body)
    assert (state["changes"], state["months"], state["published"]) == (1, {"2026-10": 1}, ["2026-10"])
    assert city.civil_affairs.changes[0]["state"] == "02"


@pytest.mark.parametrize(
    ("what", "given"),
    [
        ("status", {"number": "0009", "status": "ended", "since": "2026-11-01"}),
        ("status", {"nobody": 1}),
        ("trouble", {"system": "payroll", "trouble": "flood"}),
        ("trouble", {"system": "post", "trouble": "half"}),
    ],
)
def test_what_it_does_not_know_it_says(server: Server, what: str, given: dict[str, Any]) -> None:
    assert play(server, what, **given)[0] == 400


def test_an_office_lets_nobody_in_without_proof(server: Server) -> None:
    assert wages(server, "another key").status == 401
    assert call(f"{server.address}/social-insurance/amounts", {"jfny": "2026-10"}).body == (
        b'{"code": "401", "msg": "\xe7\xad\xbe\xe5\x90\x8d\xe9\x94\x99\xe8\xaf\xaf"}'
    )
    assert call(f"{server.address}/civil-affairs/changes", None, b"{}").status == 401


def test_trouble_comes_and_goes(city: City, server: Server) -> None:
    city.person("0001", "王", "1")
    for number in ("0001", "0002"):
        city.payroll.wage(number, "2026-10", 1)
    play(server, "trouble", system="payroll", trouble="error_500", calls=1)
    play(server, "trouble", system="payroll", trouble="reset", calls=1)
    assert wages(server).status == 500
    with pytest.raises(NoAnswer, match="ConnectionResetError"):
        wages(server)
    assert len(json.loads(wages(server).body)["items"]) == 2
    play(server, "trouble", system="payroll", trouble="duplicate")
    play(server, "trouble", system="payroll", trouble="out_of_order")
    numbers = [each["employeeNo"] for each in json.loads(wages(server).body)["items"]]
    assert numbers == ["0002", "0002", "0001", "0001"]
    play(server, "trouble", system="payroll", trouble="half")
    with pytest.raises(NoAnswer, match="IncompleteRead"):
        wages(server)
    play(server, "trouble", system="payroll", trouble="half", on=False)
    play(server, "trouble", system="payroll", trouble="time_out")
    with pytest.raises(NoAnswer):
        wages(server)
    play(server, "calm")
    assert wages(server).status == 200
    assert not city.payroll.troubles


def test_every_trouble_is_known_by_a_word() -> None:
    assert {each.value for each in Trouble} == {
        "time_out", "error_500", "wrong_schema", "duplicate", "out_of_order", "clock_skew", "half", "fewer",
        "slow_drip", "reset", "revoked",
    }  # fmt: skip
