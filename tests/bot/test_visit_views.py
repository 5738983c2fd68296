"""Behind a link: to look at it opens nothing, a tap opens it once, and nobody sees what was another's."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from databases import Clock
from flask.testing import FlaskClient
from sqlalchemy import select
from staffing import HR, hire
from talking import answer, message
from visit_samples import Plant
from werkzeug.test import TestResponse

from app.channels import make_link
from app.settings import Server, Settings
from bot.channels.web import Guest, incoming
from bot.receiving import receive
from bot.visit_views import LOOKS_A_MINUTE, OVER, SHOWN
from delivery.browsers import HEADERS
from delivery.links import IDLE, LIFE
from delivery.outbox import deliver_due
from people.bindings import Bind
from storage.opening import Storage
from storage.tables import grants, outbox

pytest_plugins = ["databases", "visit_samples"]

HERE = {"Origin": "http://localhost"}
PAPERS = ("chart.svg", "report.pdf", "report.png", "note.pdf", "note.png")


def words(response: TestResponse) -> str:
    """What somebody reads on the page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.text))


def button(page: TestResponse) -> dict[str, str]:
    """What the button of a link's page sends."""
    return dict(re.findall(r'name="(browser)" value="([^"]+)"', page.text))


def tap(client: FlaskClient, link: str) -> TestResponse:
    """Opens the page of a link and taps its button."""
    return client.post(link, data=button(client.get(link)), headers=HERE)


def visit(client: FlaskClient, link: str) -> str:
    """Opens a link; where the visit is."""
    opened = tap(client, link)
    assert opened.status_code == 303
    return opened.headers["Location"].partition("/chat#")[0]


def send(client: FlaskClient, where: str, text: str, **fields: Any) -> TestResponse:
    data = {"key": str(uuid4()), "text": text} | fields
    return client.post(f"{where}/chat/messages", json=data, headers=HERE)


def texts(response: TestResponse) -> list[str]:
    return [each["text"] for each in response.get_json()["messages"]]


@pytest.fixture
def link(plant: Plant) -> str:
    """What 阿丽 was sent on Telegram, with her result behind it."""
    plant.says("阿丽", "算")
    return plant.link("阿丽")


@pytest.fixture
def client(plant: Plant) -> FlaskClient:
    return plant.app.test_client()


# -- The page of a link


def test_to_look_at_a_link_opens_nothing_and_tells_nothing(
    plant: Plant, client: FlaskClient, link: str
) -> None:
    for _ in range(3):  # a chat app's preview, a scanner, the employee
        page = client.get(link)
        assert page.status_code == 200 and "打开" in words(page)
    assert client.head(link).status_code == 200
    assert "阿丽" not in page.text and "2975" not in page.text and "Telegram" not in page.text
    assert plant.storage.links.look_up(link.rpartition("/")[2], "").state == "good"


def test_the_page_is_kept_by_nobody_and_names_itself_nowhere(client: FlaskClient, link: str) -> None:
    for response in (client.get(link), tap(client, link), client.get(link + "x")):
        assert {name: response.headers[name] for name in HEADERS} == HEADERS
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert not re.search(r"<script|<style| style=| on[a-z]+=\"|https?://", response.text)


def test_a_tap_leads_to_the_bubble_in_the_chat(client: FlaskClient, link: str) -> None:
    opened = tap(client, link)
    assert re.fullmatch(r"/visits/[0-9a-f-]{36}/chat#at=2", opened.headers["Location"])
    cookies = opened.headers.getlist("Set-Cookie")
    assert sorted(re.findall(r"Path=(/\w+)", "".join(cookies))) == ["/reports", "/visits"]
    for cookie in cookies:
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Max-Age" not in cookie
    page = client.get(opened.headers["Location"])
    assert SHOWN["telegram"] in words(page) and "看完可以关，" in words(page)
    assert 'data-tab="visit.' in page.text and "/visits/" in page.text and 'href="/chat' not in page.text


@pytest.mark.parametrize("channel", ["wechat", "wecom", "web"])
def test_the_page_says_which_chat_it_shows(plant: Plant, client: FlaskClient, channel: str) -> None:
    plant.says("阿丽", "算", channel)
    page = client.get(f"{visit(client, plant.link('阿丽', channel))}/chat")
    assert SHOWN.get(channel, "这里是你和助手的对话") in words(page)


def test_the_conversations_language_is_the_pages(plant: Plant, client: FlaskClient) -> None:
    plant.says("阿丽", "算", locale="zh_Hant")
    where = visit(client, plant.link("阿丽"))
    assert '<html lang="zh-Hant">' in client.get(f"{where}/chat").text
    assert '<html lang="en">' in client.get(f"{where}/chat?lang=en").text
    send(client, where, "好")
    kept = plant.storage.conversations.find("telegram", "阿丽")
    assert kept is not None and kept.locale == "zh_Hant"


def test_without_a_cookie_nothing_is_used_up(plant: Plant, client: FlaskClient, link: str) -> None:
    bare = plant.app.test_client(use_cookies=False)
    assert tap(bare, link).status_code == 400
    # Another site's form has no word of this browser, and would have it speak in a stranger's chat.
    client.get(link)
    for browser in ("", "another", "阿丽"):
        refused = client.post(link, data={"browser": browser}, headers={"Origin": "https://evil.example"})
        assert refused.status_code == 400 and "链接没有用掉" in words(refused)
    assert tap(client, link).status_code == 303


def test_a_used_link_says_so_in_another_browser_and_goes_on_in_its_own(
    plant: Plant, client: FlaskClient, link: str
) -> None:
    where = visit(client, link)
    other = plant.app.test_client()
    form = button(other.get(plant.link("阿丽")))  # a browser that has a word of its own
    for response in (other.get(link), other.post(link, data=form, headers=HERE)):
        assert response.status_code == 410 and OVER["used"].text in words(response)
    again = client.get(link)  # the same message tapped once more on the same phone
    assert again.status_code == 303 and again.headers["Location"].startswith(where)


def test_a_second_tap_on_the_button_opens_the_same_visit(client: FlaskClient, link: str) -> None:
    form = button(client.get(link))
    first, second = (client.post(link, data=form, headers=HERE) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert client.get(f"{second.headers['Location'].partition('#')[0]}/messages").status_code == 200


@pytest.mark.parametrize("state", ["expired", "void", "erased", "unknown"])
def test_each_link_that_does_not_open_says_why_and_what_to_do(
    plant: Plant, client: FlaskClient, clock: Clock, state: str
) -> None:
    ali = hire(plant.storage)
    code = plant.storage.bindings.make([ali.id], HR)[ali.id]
    bind = answer("绑好了", binding=Bind(code, ali.id))
    receive(message("b1", code, "阿丽", "telegram"), plant.storage.conversations, bind)
    link = plant.link("阿丽")
    form = button(client.get(link))  # opened in time, and tapped too late
    if state == "expired":
        clock.time += LIFE
    elif state == "void":
        plant.storage.bindings.end(ali.id, "lost_phone", HR, "本人来说的")
    elif state == "erased":
        plant.says("阿丽", "都删掉")
    else:
        link = f"{link[:-1]}{'A' if link[-1] != 'A' else 'B'}"
    told = OVER[state]  # type: ignore[index]
    for response in (client.get(link), client.post(link, data=form, headers=HERE)):
        assert response.status_code == told.status
        assert told.title in words(response) and told.text in words(response)
    assert client.get_cookie("visit", path="/visits") is None


def test_who_tries_too_often_waits(plant: Plant, client: FlaskClient, link: str) -> None:
    for _ in range(LOOKS_A_MINUTE):
        assert client.get("/reports/none").status_code == 404
    slower = client.get(link)
    assert slower.status_code == 429 and 0 < int(slower.headers["Retry-After"]) <= 61
    assert "秒后再打开" in words(slower)
    plant.time += 61
    assert tap(client, link).status_code == 303


def test_no_token_and_no_ticket_is_logged(
    client: FlaskClient, link: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    where = visit(client, link)
    client.get(f"{where}/chat")
    send(client, where, "坏")
    ticket = client.get_cookie("visit", path="/visits")
    assert ticket is not None and "RuntimeError" in caplog.text
    for secret in (link.rpartition("/")[2], ticket.value, "阿丽", "三千五"):
        assert secret not in caplog.text


# -- A visit


def test_what_was_said_is_there_and_goes_on_as_on_the_phone(
    plant: Plant, client: FlaskClient, link: str
) -> None:
    where = visit(client, link)
    before = texts(client.get(f"{where}/chat/messages"))
    assert before[0] == "算" and "2975.04" in before[1]
    told = send(client, where, "好", after=2)
    assert texts(told) == ["好", "听到了：好"]
    kept = plant.storage.conversations.find("telegram", "阿丽")
    assert kept is not None
    assert [each.bubble.text for each in plant.storage.conversations.history(kept.id)][-1] == "听到了：好"


def test_what_the_page_has_fetched_is_not_pushed(
    plant: Plant, client: FlaskClient, link: str, clock: Clock
) -> None:
    where = visit(client, link)
    client.get(f"{where}/chat/messages")
    send(client, where, "好", after=2)
    with plant.storage.database.read() as connection:
        states = connection.execute(select(outbox.c.state).order_by(outbox.c.message)).scalars().all()
    assert states == ["delivered", "delivered"]
    clock.move(minutes=1)
    assert deliver_due(plant.storage.outbox, {"telegram": None}, clock) == 0  # type: ignore[dict-item]


def test_what_the_page_has_not_fetched_is_left_to_it_for_a_moment(
    plant: Plant, storage: Storage, clock: Clock
) -> None:
    plant.hear(incoming(Guest("telegram", "阿丽"), "k1", "好", "", "zh_Hans"))
    soon, later = clock() + timedelta(seconds=5), clock() + timedelta(seconds=7)
    until = clock() + timedelta(minutes=2)
    assert storage.outbox.lease(["telegram"], soon, until, None) is None
    assert storage.outbox.lease(["telegram"], later, until, None) is not None


def test_what_is_written_on_a_page_grants_nothing_on_the_platform(plant: Plant, storage: Storage) -> None:
    # WeChat takes answers for 48 hours after something was written to the account, which this was not.
    plant.hear(incoming(Guest("wechat", "阿丽"), "k1", "好", "", "zh_Hans"))
    with storage.database.read() as connection:
        assert connection.execute(select(grants)).all() == []


def test_papers_are_those_of_the_conversation(plant: Plant, client: FlaskClient, link: str) -> None:
    where = visit(client, link)
    for name in PAPERS:
        assert client.get(f"{where}/chat/{name}").status_code == 200
        assert plant.app.test_client().get(f"{where}/chat/{name}").status_code == 410
        assert client.get(f"/chat/{name}").status_code == 404  # the web chat of this browser has none


def test_what_is_kept_is_told_of_this_conversation(plant: Plant, client: FlaskClient, link: str) -> None:
    where = visit(client, link)
    page = client.get(f"{where}/me")
    assert "2 条，从 2026-10-15 起" in words(page)
    assert f'href="{where}/chat?lang=zh-Hans"' in page.text
    assert f'href="{where}/who-sees-what?lang=zh-Hans"' in page.text
    assert f'href="{where}/me?lang=zh-Hans"' in client.get(f"{where}/who-sees-what").text
    assert "什么都没有留" in words(client.get("/me"))


def test_who_erases_in_a_visit_is_asked_and_answered_there(
    plant: Plant, client: FlaskClient, link: str
) -> None:
    where = visit(client, link)
    asked = client.post(f"{where}/me/erase", headers=HERE)
    assert asked.status_code == 303 and asked.headers["Location"].startswith(f"{where}/chat")
    assert texts(client.get(f"{where}/chat/messages")) == ["删掉了。"]
    assert client.post(f"{where}/me/erase", headers={"Origin": "https://evil.example"}).status_code == 403


def test_who_does_nothing_for_half_an_hour_is_out(
    plant: Plant, client: FlaskClient, link: str, clock: Clock
) -> None:
    where = visit(client, link)
    for _ in range(4):  # the page looks for what is new by itself
        clock.move(minutes=7)
        assert client.get(f"{where}/chat/messages").status_code == 200
    clock.time += IDLE - timedelta(minutes=28)
    assert client.get(f"{where}/chat/messages").status_code == 401
    assert send(client, where, "在吗").status_code == 401
    for path in ("chat", "me", "chat/report.pdf", "who-sees-what"):
        over = client.get(f"{where}/{path}")
        assert over.status_code == 410 and "想再看一次" in words(over)
    assert client.get(link).status_code == 410


def test_who_leaves_is_out_at_once(plant: Plant, client: FlaskClient, link: str) -> None:
    where = visit(client, link)
    ticket = client.get_cookie("visit", path="/visits")
    left = client.post(f"{where}/leave")
    assert left.status_code == 200 and "退出了" in words(left)
    assert client.get_cookie("visit", path="/visits") is None
    assert ticket is not None
    client.set_cookie("visit", ticket.value, path="/visits")  # copied before
    assert client.get(f"{where}/chat").status_code == 410
    assert client.post(f"{where}/leave").status_code == 200


# -- Two people at one computer


def test_the_second_at_a_computer_never_sees_the_first(plant: Plant, client: FlaskClient, link: str) -> None:
    plant.says("老周", "我是老周的话")
    alis = visit(client, link)
    assert texts(client.get(f"{alis}/chat/messages"))[0] == "算"
    zhous = visit(client, plant.link("老周"))
    assert texts(client.get(f"{zhous}/chat/messages"))[0] == "我是老周的话"
    # 阿丽's tab is still open: it closes, and does not turn into 老周's.
    assert client.get(f"{alis}/chat/messages").status_code == 401
    assert send(client, alis, "我是谁").status_code == 401
    assert client.get(f"{alis}/chat").status_code == 410
    assert client.get(link).status_code == 410, "and her message does not open it again here"
    assert client.get(f"{zhous}/chat/messages").status_code == 200


def unsigned(client: FlaskClient) -> str:
    """Whose the browser's chat is, without the second in which that was signed."""
    cookie = client.get_cookie("chat", path="/chat")
    assert cookie is not None
    return cookie.value.partition(".")[0]


def test_the_web_chat_of_a_browser_and_a_visit_know_nothing_of_each_other(
    plant: Plant, client: FlaskClient, link: str
) -> None:
    client.get("/chat")
    own = unsigned(client)
    send(client, "", "网页上说的")
    where = visit(client, link)
    send(client, where, "链接里说的")
    assert texts(client.get("/chat/messages")) == ["网页上说的", "听到了：网页上说的"]
    assert "网页上说的" not in client.get(f"{where}/chat/messages").text
    client.post(f"{where}/leave")
    assert unsigned(client) == own
    assert texts(client.get("/chat/messages"))[0] == "网页上说的"


def test_a_visits_address_is_no_key(plant: Plant, client: FlaskClient, link: str) -> None:
    where = visit(client, link)
    stranger = plant.app.test_client()
    stranger.set_cookie("visit", "A" * 22, path="/visits")
    assert stranger.get(f"{where}/chat").status_code == 410
    assert stranger.get(f"{where}/chat/messages").status_code == 401
    assert stranger.post(f"{where}/leave").status_code == 200
    assert client.get(f"{where}/chat").status_code == 200


# -- What messages get


def test_a_message_gets_an_address_of_this_installation(plant: Plant, link: str) -> None:
    kept = plant.storage.conversations.find("telegram", "阿丽")
    assert kept is not None
    make = make_link(Settings(server=Server(public_url="https://shebao.example/")), plant.storage.links)
    assert re.fullmatch(r"https://shebao\.example/reports/[\w-]{22}", make(kept.id, 2))
    plant.says("阿丽", "都删掉")
    assert make(kept.id, 2) == ""
