"""下一件事: the story is played over HTTP, and changes the city alone."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from platforms.city import API_KEY, STATUS, City, Trouble
from platforms.harness import Request, Response, Server, call
from platforms.letterbox import Letterbox
from platforms.people import OfHr
from platforms.phone_page import PhonePage, keep, recall
from platforms.sms import Sms, TencentSms
from platforms.story import ALI, EVENTS, RESTORED, RISES, Story

#: 2026-10-15 in China.
NOW = 1_792_029_600.0
PAID = {"2026-08": [350_000, None, 0, 0], "2026-09": [350_000, 495_200, 52_496, 121_324]}
PEOPLE: list[dict[str, Any]] = [
    {"number": "A1101", "name": "陈桂兰", "id_number": "1", "dibao": "receiving", "months": PAID},
    {"number": ALI, "name": "李阿丽", "id_number": "2", "dibao": "receiving", "months": PAID},
    {"number": RESTORED, "name": "周建国", "id_number": "3", "dibao": "suspended", "months": {}},
    {"number": RISES, "name": "沈阿根", "id_number": "4", "dibao": "", "months": PAID},
]


class Product:
    """Stands where the product does, and keeps what is delivered to it."""

    def __init__(self) -> None:
        self.delivered: list[Request] = []

    def answer(self, request: Request) -> Response:
        self.delivered.append(request)
        return Response(status=204)


@pytest.fixture
def town() -> City:
    return City(lambda: NOW)


@pytest.fixture
def story(town: City) -> Story:
    made = Story(town, lambda: NOW)
    made.begin(PEOPLE)
    return made


@pytest.fixture
def server(town: City, story: Story) -> Iterator[Server]:
    page = PhonePage("http://127.0.0.1:1", [], TencentSms(), story)
    with Server({**town.mounts, "/story": story, "": page}) as running:
        yield running


def play(server: Server, event: str, path: str = "play") -> int:
    body = json.dumps({"event": event}).encode()
    return call(f"{server.address}/story/{path}", None, body, {"Content-Type": "application/json"}).status


def events(server: Server) -> dict[str, Any]:
    told = json.loads(call(f"{server.address}/api/state").body)["story"]["events"]
    return {each["key"]: each for each in told}


def told_of(town: City, number: str) -> list[tuple[str, str]]:
    names = {code: status for status, code in STATUS.items()}
    token = town.people[number].token
    found = [each for each in town.civil_affairs.changes if each["person"]["token"] == token]
    return [(names[each["state"]], each["effectiveDate"]) for each in found]


def test_every_event_says_what_it_does_and_where_it_is_seen(server: Server) -> None:
    assert [*events(server)] == [each.key for each in EVENTS]
    for each in events(server).values():
        assert each["title"] and each["does"].endswith("。") and each["look"].endswith("。")
        assert each["can"] is (each["after"] == "") and each["done"] is None


def test_it_is_played_in_order_and_each_event_changes_the_city_once(server: Server, town: City) -> None:
    assert play(server, "read") == 200
    assert told_of(town, "A1101") == [("receiving", "2026-04-01")] and told_of(town, ALI) == []
    assert play(server, "confirmed") == 200
    assert told_of(town, ALI) == [("receiving", "2026-04-01")]
    assert play(server, "suspended") == 200
    assert told_of(town, RESTORED) == [("suspended", "2026-10-01")]
    assert play(server, "raised") == 200
    query = {"period": "2026-10", "limit": "10"}
    wages = call(f"{server.address}/payroll/wages", query, headers={"X-Api-Key": API_KEY})
    assert [each["grossFen"] for each in json.loads(wages.body)["items"]] == [300_000]
    assert play(server, "restored") == 200
    assert told_of(town, RESTORED)[-1] == ("receiving", "2026-10-15")
    assert play(server, "statement") == 200
    assert "2026-09" in town.social_insurance.published
    assert play(server, "read") == play(server, "flood") == 409
    assert len(told_of(town, "A1101")) == 1
    assert {key for key, each in events(server).items() if each["done"]} == {
        "read", "confirmed", "suspended", "raised", "restored", "statement",
    }  # fmt: skip


def test_what_was_paid_comes_back_to_the_fen(server: Server, town: City) -> None:
    play(server, "statement")
    lines = [each for each in town.social_insurance.lines("2026-09") if each["grbh"] == RISES]
    own = sum(round(float(each["grje"]) * 100) for each in lines)
    company = sum(round(float(each["dwje"]) * 100) for each in lines)
    assert (own, company) == (52_496, 121_324)
    assert {each["grbh"] for each in town.social_insurance.lines("2026-09")} == {"A1101", ALI, RISES}


def test_civil_affairs_fails_and_is_well_again(server: Server, town: City) -> None:
    assert play(server, "up") == 409, "nothing is down"
    play(server, "down")
    assert town.civil_affairs.troubles == {Trouble.RESET: None}
    assert play(server, "up") == 200
    assert not town.civil_affairs.troubles


def test_the_bounds_are_a_sheet_once_they_are_published(server: Server) -> None:
    assert call(f"{server.address}/story/bounds.csv").status == 404
    play(server, "bounds")
    sheet = call(f"{server.address}/{events(server)['bounds']['file']}")
    lines = sheet.body.decode("utf-8-sig").splitlines()
    assert len(lines) == 5 and all("2026-01-01" in line and "演示" in line for line in lines[1:])


def test_begun_anew_it_can_be_played_again_and_dates_nothing_before_what_was_told(
    server: Server, town: City
) -> None:
    for event in ("suspended", "raised", "down", "restored"):
        play(server, event)
    assert play(server, "", "anew") == 200
    assert not town.civil_affairs.troubles and all(each["done"] is None for each in events(server).values())
    assert town.payroll.months["2026-10"][RISES]["grossFen"] == 250_000
    play(server, "suspended")
    assert told_of(town, RESTORED)[-1] == ("suspended", "2026-10-15")


def test_a_change_is_handed_to_whoever_takes_deliveries(server: Server, town: City) -> None:
    product = Product()
    with Server({"": product}) as other:
        town.civil_affairs.hook = f"{other.address}/events/civil-affairs"
        play(server, "confirmed")
        for _ in range(100):
            if product.delivered:
                break
            server.stopping.wait(0.05)
    (delivery,) = product.delivered
    assert delivery.json()["data"]["items"][0]["state"] == STATUS["receiving"]


def test_after_a_restart_the_city_knows_what_it_knew(server: Server, story: Story, tmp_path: Path) -> None:
    play(server, "suspended")
    play(server, "down")
    keep(tmp_path / "phones.json", [story])
    town = City(lambda: NOW)
    again = Story(town, lambda: NOW)
    recall(tmp_path / "phones.json", [again])
    assert again.has_begun and told_of(town, RESTORED) == [("suspended", "2026-10-01")]
    assert town.kept() == story.kept()["city"]
    done = {each["key"] for each in again.state()["events"] if each["done"]}
    assert done == {"suspended"}, "troubles end with the process"


def test_what_a_page_elsewhere_sends_is_not_heard(server: Server) -> None:
    assert call(f"{server.address}/story/play", None, b'{"event": "read"}').status == 415


def test_texts_and_mails_to_hr_are_shown() -> None:
    texts = TencentSms()
    with Letterbox() as letterbox:
        phone = OfHr("赵静", "13800138000", texts, letterbox.mails)
        texts.sent += [
            Sms("13800138000", "恒纺", "1", ("民政系统", "断了"), "民政系统断了"),
            Sms("13900139000", "恒纺", "1", ("x",), "x"),
        ]
        mail = EmailMessage()
        mail["Subject"], mail["From"], mail["To"] = "民政系统断了", "a@mill.example", "b@mill.example"
        mail.set_content("到“系统对接”看。\n.\n")
        with smtplib.SMTP("127.0.0.1", letterbox.port) as client:
            client.send_message(mail)
        shown = phone.state()["bubbles"]
    assert [(each["title"], each["text"]) for each in shown] == [
        ("短信", "【恒纺】民政系统断了"),
        ("邮件　民政系统断了", "到“系统对接”看。\n."),
    ]
