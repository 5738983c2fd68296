"""The web chat's addresses over a scripted assistant: who may speak, what comes back, what is kept from whom."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pytest
from chat_samples import ALI, SOURCE, WELCOME, Chatted
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bot.channels import CHANNELS
from bot.channels.web import LONGEST_TEXT, Visitors
from bot.dialogue.conversation import Conversation
from bot.receiving import Kept
from bot.views import MESSAGES_A_MINUTE, MOST_BUBBLES, create_blueprint, last_case
from calculator.fields import InputError
from delivery.browsers import HEADERS
from delivery.messages import Reply
from policy_kb.library import Library
from web_calc import views as calculator
from web_calc.chat_papers import ChatPapers

HERE = {"Origin": "http://localhost"}
PAPERS = ("/chat/chart.svg", "/chat/report.pdf", "/chat/report.png", "/chat/note.pdf", "/chat/note.png")


@pytest.fixture
def chatted() -> Chatted:
    return Chatted()


@pytest.fixture
def client(chatted: Chatted) -> FlaskClient:
    """A browser that has opened the page."""
    client = chatted.app.test_client()
    client.get("/chat")
    return client


def send(
    client: FlaskClient, text: str = "", key: str = "", lang: str = "zh-Hans", **fields: Any
) -> TestResponse:
    data = {"key": key or str(uuid4()), "text": text} | fields
    return client.post(f"/chat/messages?lang={lang}", json=data, headers=HERE)


def error(response: TestResponse) -> tuple[int, str, str]:
    body = response.get_json()
    assert body["errors"] == [body["error"]] and body["error"]["message"]
    return response.status_code, body["error"]["code"], body["error"]["field"]


def cookie_of(client: FlaskClient) -> str:
    cookie = client.get_cookie("chat", path="/chat")
    assert cookie is not None
    return cookie.value


def test_the_page_gives_a_cookie_that_says_nothing(chatted: Chatted) -> None:
    response = chatted.app.test_client().get("/chat")
    cookie, for_me = response.headers.getlist("Set-Cookie")
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/chat" in cookie
    assert "Max-Age" not in cookie and "Expires" not in cookie and "Secure" not in cookie
    assert for_me == cookie.replace("Path=/chat", "Path=/me")  # the calculator's pages never get it
    sender = Visitors(chatted.chat.secret).sender(cookie.partition("=")[2].partition(";")[0])
    assert sender is not None and len(bytes.fromhex(sender)) == 16
    assert sender not in response.text


def test_the_cookie_is_secure_where_the_page_is(chatted: Chatted) -> None:
    response = chatted.app.test_client().get("/chat", base_url="https://localhost")
    assert "; Secure" in response.headers["Set-Cookie"]


def test_every_address_is_protected_like_the_calculator(client: FlaskClient) -> None:
    assert HEADERS == calculator.HEADERS
    for path in ("/chat", "/chat/messages", "/chat/sample-paper.svg", *PAPERS):
        response = client.get(path)
        assert {name: response.headers[name] for name in HEADERS} == HEADERS, path
        assert response.headers["Cache-Control"] == "no-store"
    asset = re.findall(r'"(/assets/chat/[^"]+)"', client.get("/chat").text)
    assert len(asset) == 2
    for each in asset:
        with client.get(each) as kept:
            assert "immutable" in kept.headers["Cache-Control"]


def test_the_page_has_no_inline_script_or_style_and_nothing_from_elsewhere(client: FlaskClient) -> None:
    page = client.get("/chat").text
    assert not re.search(r"<script(?![^>]* src=)|<style| style=| on[a-z]+=\"|https?://", page)
    assert "这一页要用 JavaScript" in page and 'href="/?lang=zh-Hans"' in page


@pytest.mark.parametrize(
    ("accepted", "lang", "told"),
    [
        ("zh-CN", "", "zh-Hans"),
        ("zh-TW,zh", "", "zh-Hant"),
        ("en-US", "", "en"),
        ("en-US", "zh-Hant", "zh-Hant"),
    ],
)
def test_the_language_is_the_one_asked_for_or_the_browsers(
    client: FlaskClient, chatted: Chatted, accepted: str, lang: str, told: str
) -> None:
    page = client.get("/chat", query_string={"lang": lang}, headers={"Accept-Language": accepted})
    assert f'<html lang="{told}">' in page.text
    send(client, "你好", lang=told)
    assert chatted.memory.messages[-1].locale == told.replace("-", "_")


def test_a_message_is_answered(client: FlaskClient, chatted: Chatted) -> None:
    told = send(client, "你好", payload="topic=duty").get_json()
    assert [each["text"] for each in told["replies"]] == ["听到了：你好topic=duty"]
    assert told["replies"][0]["buttons"][0] == {"title": "是", "payload": "confirm=yes"}
    assert (told["asked"], told["topic"], told["seq"]) == ("confirm", "duty", 2)
    assert [(each["seq"], each["author"]) for each in told["messages"]] == [(1, "employee"), (2, "assistant")]
    (message,) = chatted.memory.messages
    assert (message.channel, message.kind, message.text) == ("web", "text", "你好")
    assert message.channel in CHANNELS


@pytest.mark.parametrize("kind", ["start", "image"])
def test_a_page_that_opens_and_a_picture_need_no_words(
    client: FlaskClient, chatted: Chatted, kind: str
) -> None:
    assert send(client, kind=kind).status_code == 200
    assert chatted.memory.messages[-1].kind == kind


def test_the_same_key_again_is_the_same_message(client: FlaskClient, chatted: Chatted) -> None:
    key = str(uuid4())
    first, again = send(client, "你好", key).get_json(), send(client, "你好", key.upper()).get_json()
    assert again["replies"] == first["replies"]
    assert again["messages"] == first["messages"]
    assert len(chatted.memory.messages) == 1


def test_one_browsers_key_tells_another_nothing(client: FlaskClient, chatted: Chatted) -> None:
    key = str(uuid4())
    send(client, "我工资三千五", key)
    other = chatted.app.test_client()
    other.get("/chat")
    assert "三千五" not in send(other, "你好", key).text


def test_only_what_is_new_is_fetched_in_order_and_counts_as_delivered(
    client: FlaskClient, chatted: Chatted
) -> None:
    seq = send(client, "你好").get_json()["seq"]
    chatted.memory.add(chatted.conversation, "hr", Reply("下个月起交。"))
    chatted.memory.add(chatted.conversation, "hr", Reply("还有什么想问的？"))
    later = client.get(f"/chat/messages?after={seq}").get_json()
    assert [(each["author"], each["text"]) for each in later["messages"]] == [
        ("hr", "下个月起交。"),
        ("hr", "还有什么想问的？"),
    ]
    assert later["seq"] == seq + 2 and not later["more"]
    assert chatted.memory.acknowledged[-1] == (chatted.conversation, seq + 2)
    count = len(chatted.memory.acknowledged)
    assert client.get(f"/chat/messages?after={seq + 2}").get_json()["messages"] == []
    assert len(chatted.memory.acknowledged) == count


def test_a_long_history_comes_in_pieces(client: FlaskClient, chatted: Chatted) -> None:
    send(client, "你好")
    for number in range(MOST_BUBBLES):
        chatted.memory.add(chatted.conversation, "hr", Reply(str(number)))
    first = client.get("/chat/messages").get_json()
    rest = client.get(f"/chat/messages?after={first['seq']}").get_json()
    assert (len(first["messages"]), first["more"]) == (MOST_BUBBLES, True)
    assert (len(rest["messages"]), rest["more"]) == (2, False)


def test_a_message_tells_what_else_the_page_lacks(client: FlaskClient, chatted: Chatted) -> None:
    seq = send(client, "你好").get_json()["seq"]
    chatted.memory.add(chatted.conversation, "hr", Reply("在吗？"))
    told = send(client, "在", after=seq).get_json()
    assert [each["author"] for each in told["messages"]] == ["hr", "employee", "assistant"]


def test_a_person_holds_the_conversation(client: FlaskClient, chatted: Chatted) -> None:
    send(client, "你好")
    ((sender, kept),) = chatted.memory.kept.items()
    chatted.memory.kept[sender] = replace(kept, holder="person")
    told = send(client, "在吗", after=2).get_json()
    assert told["replies"] == [] and told["holder"] == "person"
    assert [each["author"] for each in told["messages"]] == ["employee"]


def test_after_erasing_the_thread_is_another_and_the_old_one_gone(client: FlaskClient) -> None:
    before = send(client, "我工资三千五").get_json()
    after = send(client, "都删掉", after=before["seq"]).get_json()
    assert after["thread"] != before["thread"]
    whole = client.get("/chat/messages").get_json()
    assert [each["text"] for each in whole["messages"]] == ["删掉了。"]


def test_sources_are_named_by_their_place_and_handed_out_once(client: FlaskClient) -> None:
    send(client, "算")
    send(client, "算")
    told = client.get("/chat/messages").get_json()
    assert [each["sources"] for each in told["messages"]] == [[], [0, 1], [], [0, 1]]
    assert [each["article"] for each in told["sources"]] == ["第四条", "第五条"]
    assert told["sources"][0]["place"] == "全国"
    assert told["sources"][0]["read_in"][0]["quote"] == SOURCE["read_in"][0]["quote"]  # type: ignore[index]


# Who may not speak, and what is not taken


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_another_sites_page_cannot_speak(
    client: FlaskClient, chatted: Chatted, headers: dict[str, str]
) -> None:
    data = {"key": str(uuid4()), "text": "你好"}
    assert error(client.post("/chat/messages", json=data, headers=headers)) == (403, "foreign", "body")
    assert error(client.get("/chat/messages", headers=headers)) == (403, "foreign", "body")
    assert chatted.memory.messages == []


def test_our_own_page_speaks(client: FlaskClient) -> None:
    data = {"key": str(uuid4()), "text": "你好"}
    for headers in ({"Sec-Fetch-Site": "same-origin", "Origin": "https://behind.a.proxy"}, HERE, {}):
        assert client.post("/chat/messages", json=data, headers=headers).status_code == 200


def test_a_form_of_another_site_has_the_wrong_type(client: FlaskClient) -> None:
    body = json.dumps({"key": str(uuid4()), "text": "你好"})
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        response = client.post("/chat/messages", data=body, content_type=kind)
        assert error(response) == (400, "bad_json", "body")


def test_without_a_cookie_of_ours_nobody_speaks(chatted: Chatted) -> None:
    client = chatted.app.test_client()
    assert error(send(client, "你好")) == (401, "no_session", "body")
    assert error(client.get("/chat/messages")) == (401, "no_session", "body")
    client.set_cookie("chat", Visitors("another secret").cookie("f" * 32), path="/chat")
    assert error(send(client, "你好")) == (401, "no_session", "body")


def test_a_cookie_ends(chatted: Chatted) -> None:
    short = replace(chatted.chat, life=timedelta(seconds=-1))
    app = Flask("short", static_folder=None)
    app.register_blueprint(create_blueprint(short))
    client = app.test_client()
    client.get("/chat")
    assert error(send(client, "你好")) == (401, "no_session", "body")


def test_a_message_lets_the_cookie_begin_anew_and_a_glance_does_not(client: FlaskClient) -> None:
    assert "Set-Cookie" in send(client, "你好").headers
    assert "Set-Cookie" not in client.get("/chat/messages").headers


@pytest.mark.parametrize(
    ("data", "code", "field"),
    [
        ({"text": "你好"}, "not_allowed", "key"),
        ({"key": 7, "text": "你好"}, "not_allowed", "key"),
        ({"key": "../../etc", "text": "你好"}, "not_allowed", "key"),
        ({"key": str(uuid4()), "text": "你好", "kind": "voice"}, "not_allowed", "kind"),
        ({"key": str(uuid4()), "text": "你好", "kind": ["text"]}, "not_allowed", "kind"),
        ({"key": str(uuid4()), "text": ["你好"]}, "not_allowed", "text"),
        ({"key": str(uuid4()), "text": None}, "not_allowed", "text"),
        ({"key": str(uuid4()), "payload": "x" * 201}, "not_allowed", "payload"),
        ({"key": str(uuid4()), "text": "你好", "after": -1}, "not_allowed", "after"),
        ({"key": str(uuid4()), "text": "你好", "after": True}, "not_allowed", "after"),
        ({"key": str(uuid4()), "text": " \n\u0000 "}, "no_text", "text"),
        ({"key": str(uuid4())}, "no_text", "text"),
        (["你好"], "bad_json", "body"),
        (None, "bad_json", "body"),
    ],
)
def test_what_cannot_be_read_is_told(
    client: FlaskClient, chatted: Chatted, data: Any, code: str, field: str
) -> None:
    response = client.post("/chat/messages", json=data, headers=HERE)
    assert error(response) == (400, code, field)
    assert chatted.memory.messages == []


@pytest.mark.parametrize("body", [b"", b"{", b'{"key": ', b"\xff", b"[" * 9000])
def test_what_is_no_json_is_told(client: FlaskClient, body: bytes) -> None:
    response = client.post("/chat/messages", data=body, content_type="application/json", headers=HERE)
    assert error(response) == (400, "bad_json", "body")


def test_a_text_has_an_end(client: FlaskClient) -> None:
    assert send(client, "字" * LONGEST_TEXT).status_code == 200
    response = send(client, "字" * (LONGEST_TEXT + 1))
    assert error(response) == (400, "text_too_long", "text")
    assert "一次最多 500 个字" in response.get_json()["error"]["message"]
    assert error(send(client, "字" * 20_000)) == (413, "too_large", "body")


def test_half_a_character_stops_nothing(client: FlaskClient, chatted: Chatted) -> None:
    body = b'{"key": "%s", "text": "\\ud83d\\u0000 \\u4f60"}' % str(uuid4()).encode()
    response = client.post("/chat/messages", data=body, content_type="application/json", headers=HERE)
    assert response.status_code == 200
    assert chatted.memory.messages[-1].text == "?  你"


@pytest.mark.parametrize("after", ["-1", "1.5", "x", "１", "9" * 12])
def test_a_place_in_the_history_is_a_number(client: FlaskClient, after: str) -> None:
    assert error(client.get("/chat/messages", query_string={"after": after})) == (400, "not_allowed", "after")


def test_too_fast_is_told_with_the_seconds_and_hits_nobody_else() -> None:
    now = [1000.0]
    chatted = Chatted(clock=lambda: now[0])
    client, other = chatted.app.test_client(), chatted.app.test_client()
    client.get("/chat")
    other.get("/chat")
    for _ in range(MESSAGES_A_MINUTE):
        assert send(client, "你好").status_code == 200
        now[0] += 1
    slower = send(client, "你好")
    assert error(slower) == (429, "too_many", "body")
    assert slower.headers["Retry-After"] == "31"
    assert "31 秒" in slower.get_json()["error"]["message"]
    assert send(other, "你好").status_code == 200
    assert client.get("/chat/messages").status_code == 200
    now[0] += 31
    assert send(client, "你好").status_code == 200


def test_what_goes_wrong_is_told_without_a_word_of_it(
    client: FlaskClient, chatted: Chatted, caplog: pytest.LogCaptureFixture
) -> None:
    key = str(uuid4())
    response = send(client, "坏", key)
    assert error(response) == (500, "failed", "body")
    assert "RuntimeError" in caplog.text
    assert "三千五" not in caplog.text + response.text
    assert "坏" not in caplog.text


# Papers


def test_papers_are_those_of_the_conversations_own_result(client: FlaskClient, chatted: Chatted) -> None:
    send(client, "算")
    chart = client.get("/chat/chart.svg?lang=en")
    assert (chart.mimetype, chart.status_code) == ("image/svg+xml", 200)
    assert chatted.papers.cases == [ALI.case(chatted.chat.today())]
    for path in PAPERS[1:]:
        paper = client.get(path)
        name = path.rpartition("/")[2].replace(".", "-2026-10-15.")
        assert paper.headers["Content-Disposition"] == f'inline; filename="shebao-{name}"'
        assert paper.data.startswith((b"%PDF", b"\x89PNG"))


@pytest.mark.parametrize("path", PAPERS)
def test_without_a_result_there_is_no_paper(client: FlaskClient, chatted: Chatted, path: str) -> None:
    for asked in (client, chatted.app.test_client()):
        response = asked.get(path)
        assert response.status_code == 404
        assert "这里还没有结果" in response.text and 'href="/chat?lang=zh-Hans"' in response.text
    send(client, "你好")
    assert client.get(path).status_code == 404


def test_another_browser_sees_nothing_of_it(client: FlaskClient, chatted: Chatted) -> None:
    send(client, "算")
    other = chatted.app.test_client()
    other.get("/chat")
    assert other.get("/chat/chart.svg").status_code == 404
    assert other.get("/chat/messages").get_json()["messages"] == []


def test_a_result_that_no_longer_adds_up_is_none(
    client: FlaskClient, chatted: Chatted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> str:
        raise InputError

    monkeypatch.setattr(chatted.papers, "chart_told", refuse)
    assert send(client, "算").get_json()["chart"] == ""


def test_the_chart_is_told_in_words_where_it_is_shown(client: FlaskClient) -> None:
    assert send(client, "你好").get_json()["chart"] == ""
    assert send(client, "算", after=2, lang="en").get_json()["chart"] == "工资 3500.00 元时（en）"


def test_papers_are_not_printed_faster_than_they_can_be(client: FlaskClient) -> None:
    send(client, "算")
    answers = [client.get("/chat/note.pdf") for _ in range(21)]
    assert answers[-2].status_code == 200
    assert (answers[-1].status_code, answers[-1].headers["Retry-After"]) == (429, "61")
    assert "点得有点快" in answers[-1].text


def test_no_case_without_a_result() -> None:
    kept = Kept("c", 0, "assistant", "zh_Hans", None)
    assert last_case(kept, Chatted().chat.today()) is None
    assert last_case(replace(kept, state=Conversation().as_json()), Chatted().chat.today()) is None


@pytest.mark.parametrize("lang", ["zh-Hans", "zh-Hant", "en"])
def test_the_sample_paper_is_a_drawing_with_three_places_circled(client: FlaskClient, lang: str) -> None:
    response = client.get(f"/chat/sample-paper.svg?lang={lang}")
    assert response.mimetype == "image/svg+xml"
    drawing = ElementTree.fromstring(response.data)
    texts = [each.text for each in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert [text for text in texts if text in ("1", "2", "3")] == ["1", "2", "3"]
    assert not re.search(r"style=|<style|<script|href", response.text)


def test_the_real_papers_of_a_chats_result(library: Library) -> None:
    """The adapter of the calculator's room: the figures of the page, in the language asked for."""
    chatted = Chatted()
    papers, case = ChatPapers(library, chatted.chat.today), ALI.case(chatted.chat.today())
    case |= {"area": "rural", "standard_monthly": "800.00"}
    assert b"3200.00" in papers.chart_svg(case, "zh-Hans")
    assert "3500.00" in papers.chart_told(case, "zh-Hans")
    assert papers.report_pdf(case, "zh-Hans").startswith(b"%PDF")
    assert papers.report_png(case, "en").startswith(b"\x89PNG")
    assert papers.note_pdf(case, "zh-Hant").startswith(b"%PDF")
    assert papers.note_png(case, "zh-Hans").startswith(b"\x89PNG")
    with pytest.raises(InputError):
        papers.chart_svg(case | {"region": "000001"}, "zh-Hans")


class Labels(HTMLParser):
    """Which fields and buttons have a name."""

    def __init__(self) -> None:
        super().__init__()
        self.named: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "label" and found.get("for"):
            self.named.add(str(found["for"]))


def test_the_field_is_labelled_and_the_welcome_is_the_assistants(client: FlaskClient) -> None:
    labels = Labels()
    labels.feed(client.get("/chat").text)
    assert labels.named == {"text"}
    assert send(client, kind="start").get_json()["replies"] == [WELCOME.as_json()]
