"""What the browser of a chat may see of what is kept about whoever has it, and nobody else."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from chat_samples import ALI, NOON, SECRET, Chatted, scripted
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from audit.events import ACTS
from bot.channels.web import Visitors
from bot.dialogue.conversation import Conversation
from bot.me_views import VISITS_A_MINUTE, Me, create_blueprint
from bot.mine import (
    Consents,
    Contributions,
    Declared,
    Explained,
    Handed,
    Look,
    Mine,
    OwnFile,
    OwnFiles,
    OwnRecords,
    Term,
    Tied,
)
from bot.receiving import Kept, Said
from delivery.browsers import HEADERS
from delivery.messages import IncomingMessage
from people.records import Adjustment, Consent, ConsentHow, PayMonth, Purpose, WithdrawnHow
from policy_kb.library import Library
from profiles.changes import Change, Field, Source, Value
from profiles.ground import Ground
from profiles.profile import profile_on
from profiles.strategy import Explanation
from storage.retention import TERMS

HERE = {"Origin": "http://localhost"}
ALIS = "5a1e0000-0000-4000-8000-000000000001"
CONSENT = Consent("c1", "dibao_status", "chat", NOON)
HANDED = Handed("T-000012", "taken", NOON, None, ("什么时候开始交", "我叫阿丽"))
LOOK = Look(7, NOON + timedelta(hours=5), "log_check", ("agent", "dibao_officer"))


class Shelf(OwnRecords, Consents, Contributions):
    """What is kept in these tests: of one conversation, whichever it is."""

    def __init__(self) -> None:
        self.mine: Mine | None = Mine(NOON, NOON, 12, (HANDED,), ALIS, (Tied("wechat", NOON),), (LOOK,))
        self.asked: list[str] = []
        self.agreed = [CONSENT]
        self.months: tuple[PayMonth, ...] = ()
        self.changes: tuple[Adjustment, ...] = ()

    def of(self, conversation: str) -> Mine | None:
        self.asked.append(conversation)
        return self.mine

    def consents(self, employee: str) -> tuple[Consent, ...]:
        assert employee == ALIS
        return tuple(self.agreed)

    def pay_months(self, employee: str) -> tuple[PayMonth, ...]:
        assert employee == ALIS
        return self.months

    def adjustments(self, employee: str) -> tuple[Adjustment, ...]:
        assert employee == ALIS
        return self.changes

    def agree(self, employee: str, purpose: Purpose, how: ConsentHow, by: str) -> None:
        assert (employee, how, by) == (ALIS, "page", f"employee:{ALIS}")
        self.agreed.append(Consent("c2", purpose, how, NOON))

    def withdraw(self, employee: str, purpose: Purpose, how: WithdrawnHow, by: str) -> None:
        assert (employee, how, by) == (ALIS, "page", f"employee:{ALIS}")
        self.agreed = [replace(each, withdrawn_at=NOON) for each in self.agreed]


def telling(kept: Kept, message: IncomingMessage) -> Said:
    """The samples' script, but that what 阿丽 tells is kept."""
    if message.text == "我说过":
        return Said(Conversation(known=ALI).as_json(), ())
    return scripted(kept, message)


@pytest.fixture
def chatted() -> Chatted:
    return Chatted(telling)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


class Own(OwnFiles):
    """阿丽's own file, where she has one."""

    def __init__(self) -> None:
        self.file: OwnFile | None = None

    def of(self, employee: str) -> OwnFile | None:
        assert employee == ALIS
        return self.file


@pytest.fixture
def own() -> Own:
    return Own()


@pytest.fixture
def app(chatted: Chatted, shelf: Shelf, library: Library, own: Own) -> Flask:
    terms = [Term(each.kind, each.days, each.why) for each in TERMS]
    me = Me(
        chat=chatted.chat,
        records=shelf,
        divisions=library.divisions,
        terms=terms,
        consents=shelf,
        contributions=shelf,
        files=own,
    )
    chatted.app.register_blueprint(create_blueprint(me))
    return chatted.app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser in which 阿丽 has talked."""
    client = app.test_client()
    client.get("/chat")
    key = "11111111-1111-4111-8111-111111111111"
    sent = client.post("/chat/messages", json={"key": key, "text": "我说过"}, headers=HERE)
    assert sent.status_code == 200
    return client


def own_file(library: Library) -> OwnFile:
    """On 3500 in 苏州, insured since March; she told that dibao was suspended."""
    march, october = date(2026, 3, 1), date(2026, 10, 10)
    said: list[tuple[Field, Value, Source, date]] = [
        ("gross_wage", 350_000, "payroll", march),
        ("region", "320500", "hr", march),
        ("insured_since", march, "social_insurance", march),
        ("dibao", "suspended", "employee", october),
    ]
    changes = tuple(
        Change(
            ALIS,
            what,
            value,
            since,
            source,
            NOON,
            source,
            "reported" if source == "employee" else "confirmed",
        )
        for what, value, source, since in said
    )
    profile = profile_on(changes, NOON.date(), NOON, consent=True)
    explained = Explained(NOON, Explanation("kept_plain"))
    return OwnFile(profile, changes, Ground(library), frozenset({"dibao_status"}), (explained,))


def words(response: TestResponse) -> str:
    """What somebody reads on the page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.get_data(as_text=True)))


def test_everything_that_is_kept_stands_there(client: FlaskClient) -> None:
    read = words(client.get("/me"))
    assert "3500.00 元" in read and "4 人" in read and "2026-12-14 以后忘掉" in read
    assert "12 条，从 2026-10-15 起。" in read and "2027-04-13 以后整段删掉" in read
    assert "T-000012 人事在办 2026-10-15 发的" in read and "我叫阿丽" in read and "办完 730 天后删" in read
    assert "微信 2026-10-15 绑定" in read
    assert "记下本人说的低保状态和家里的情况 2026-10-15 同意的" in read
    assert "向民政部门查询本人的低保状态 没有同意" in read and "你点头我们才问" in read
    assert f"{ACTS['log_check']} 2026-10-15 17:00 · 人事（接待、低保专员） · 第 7 条" in read
    for term in TERMS:
        assert term.why in read


def test_what_the_company_keeps_of_pay_and_contributions_stands_there_in_plain_words(
    client: FlaskClient, shelf: Shelf
) -> None:
    assert "还没有记你哪个月的工资和社保" in words(client.get("/me"))
    shelf.months = (
        PayMonth(date(2026, 5, 1), 350_000),
        PayMonth(date(2026, 6, 1), 350_000, paid=False),
        *(PayMonth(date(2026, month, 1), 350_000, 495_200, True, 52_496) for month in (7, 8, 9)),
    )
    shelf.changes = (
        Adjustment(date(2026, 3, 1), None, 452_600, "首次申报", "赵静", "account:x"),
        Adjustment(date(2026, 7, 1), 452_600, 495_200, "年度核定", "赵静", "account:x"),
    )
    page = words(client.get("/me"))
    assert (
        "2026-09 社保交了 工资（扣之前）3500.00 元，按 4952.00 元算社保，从你工资里扣的那份 524.96 元" in page
    )
    assert "再往前 2 个月 2026-06 社保没交 工资（扣之前）3500.00 元 2026-05 交没交还没记" in page
    assert page.index("2026-07 起：4526.00 元改成 4952.00 元") < page.index("2026-03 起：4526.00 元")
    assert "公司写的理由：年度核定" in page and "赵静" not in page
    # Of somebody whose chat is nobody's, the company keeps nothing that could be shown.
    assert shelf.mine is not None
    shelf.mine = replace(shelf.mine, employee=None)
    assert "公司记的工资和社保" not in words(client.get("/me"))


def test_where_nothing_is_kept_it_says_so(client: FlaskClient, chatted: Chatted, shelf: Shelf) -> None:
    (sender,) = chatted.memory.kept
    chatted.memory.kept[sender] = Kept("of 阿丽", 1, "assistant", "zh_Hans", None)
    shelf.mine = Mine(NOON, NOON, 0, (), None, (), ())
    read = words(client.get("/me"))
    for told in ("现在没有记你的数", "没有发过什么给人事", "没有绑定", "没有人看过"):
        assert told in read
    assert "要你点头的" not in read


def test_a_browser_that_never_talked_sees_nothing(app: Flask, client: FlaskClient, shelf: Shelf) -> None:
    shelf.asked.clear()
    stranger = app.test_client()
    assert "什么都没有留" in words(stranger.get("/me"))
    stranger.get("/chat")
    assert "什么都没有留" in words(stranger.get("/me"))
    stranger.set_cookie("chat", Visitors("another secret").cookie("阿丽"), path="/me")
    assert "什么都没有留" in words(stranger.get("/me"))
    assert shelf.asked == []


def test_each_browser_sees_its_own(app: Flask, client: FlaskClient, chatted: Chatted, shelf: Shelf) -> None:
    other = app.test_client()
    other.set_cookie("chat", Visitors(SECRET).cookie("老周"), path="/me")
    chatted.memory.kept["老周"] = Kept("of 老周", 1, "assistant", "zh_Hans", None)
    shelf.asked.clear()
    other.get("/me")
    client.get("/me")
    assert shelf.asked[0] == "of 老周" and len(set(shelf.asked)) == 2
    assert "3500" not in words(other.get("/me"))


def test_nothing_of_it_is_kept_on_the_way(client: FlaskClient) -> None:
    for path in ("/me", "/who-sees-what"):
        response = client.get(path)
        assert {name: response.headers[name] for name in HEADERS} == HEADERS
        assert response.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in response.headers
        assert not re.search(
            r"<script|<style| style=| on[a-z]+=\"|https?://", response.get_data(as_text=True)
        )


def test_who_erases_is_asked_in_the_chat(client: FlaskClient, chatted: Chatted) -> None:
    response = client.post("/me/erase", headers=HERE)
    assert response.status_code == 303 and response.headers["Location"].startswith("/chat")
    message = chatted.memory.messages[-1]
    assert (message.text, message.payload, message.channel) == ("都删掉", "privacy=erase", "web")
    assert len(chatted.memory.kept) == 1


def test_while_a_person_answers_nothing_is_erased(client: FlaskClient, chatted: Chatted) -> None:
    ((sender, kept),) = chatted.memory.kept.items()
    chatted.memory.kept[sender] = Kept(kept.id, 2, "person", "zh_Hans", kept.state)
    assert "人事正在和你说话" in words(client.get("/me"))
    before = len(chatted.memory.messages)
    assert client.post("/me/erase", headers=HERE).headers["Location"].startswith("/me")
    assert len(chatted.memory.messages) == before


def test_an_erasure_that_fails_says_so_and_logs_nothing_personal(
    client: FlaskClient, chatted: Chatted, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*arguments: object) -> None:
        raise RuntimeError("工资三千五")

    monkeypatch.setattr(chatted, "receive", fails)
    response = client.post("/me/erase", headers=HERE)
    assert response.status_code == 500 and "出了点毛病" in words(response)
    assert "RuntimeError" in caplog.text and "三千五" not in caplog.text


def test_a_consent_is_taken_back(client: FlaskClient, shelf: Shelf) -> None:
    client.post("/me/withdraw", data={"purpose": "something else"}, headers=HERE)
    assert shelf.agreed == [CONSENT]
    response = client.post("/me/withdraw", data={"purpose": "dibao_status"}, headers=HERE)
    assert response.status_code == 303 and response.headers["Location"].startswith("/me")
    assert not shelf.agreed[0].holds and "同意的" not in words(client.get("/me"))


def test_a_consent_is_given_each_by_itself(client: FlaskClient, shelf: Shelf) -> None:
    client.post("/me/agree", data={"purpose": "something else"}, headers=HERE)
    assert shelf.agreed == [CONSENT]
    response = client.post("/me/agree", data={"purpose": "civil_affairs"}, headers=HERE)
    assert response.status_code == 303 and response.headers["Location"].startswith("/me")
    assert [(each.purpose, each.how) for each in shelf.agreed[1:]] == [("civil_affairs", "page")]
    assert "向民政部门查询本人的低保状态 2026-10-15 同意的" in words(client.get("/me"))


def test_the_own_file_stands_there_with_who_said_what_since_when(
    client: FlaskClient, shelf: Shelf, own: Own, library: Library
) -> None:
    assert "应发工资" not in words(client.get("/me"))
    own.file = own_file(library)
    read = words(client.get("/me"))
    assert "这个月的社保 2026-10 还没有申报，按现在的工资算" in read
    assert "从你工资里扣的那份 524.96 元，厂里另外出 1213.24 元。" in read
    assert "养老保险：你 396.16 元，厂里 792.32 元" in read
    assert "应发工资 3500.00 元 工资系统，2026-03-01 起" in read
    assert "低保状态 暂停了 你说的，2026-10-10 起，还没有核实" in read
    assert "厂里发给你的说明 你的社保照常交" in read
    assert shelf.mine is not None
    shelf.mine = replace(shelf.mine, employee=None)
    assert "应发工资" not in words(client.get("/me")) and "要你点头的" not in words(client.get("/me"))


def test_a_cell_that_names_dibao_is_told_of_and_not_what_it_says(client: FlaskClient, shelf: Shelf) -> None:
    assert "有一格" not in words(client.get("/me"))
    assert shelf.mine is not None
    shelf.mine = replace(shelf.mine, set_apart=(NOON,))
    read = words(client.get("/me"))
    assert "厂里 2026-10-15 导入的表格里，有一格写到你家的低保。" in read
    assert "没有人看过，这里也不打开" in read and "不同意，2026-11-14 以后删掉" in read


def test_what_was_declared_stands_there_by_month_with_amounts_and_what_came_of_it(
    client: FlaskClient, shelf: Shelf
) -> None:
    assert "厂里给你报的社保" not in words(client.get("/me"))
    assert shelf.mine is not None
    amounts = (495_200, 52_496, 121_324)
    lines = (
        Declared(date(2026, 10, 1), "pending", *amounts),
        Declared(date(2026, 9, 1), "accepted", *amounts, confirmed=amounts),
        Declared(date(2026, 8, 1), "rejected", *amounts),
        Declared(date(2026, 7, 1), "accepted", *amounts),
    )
    shelf.mine = replace(shelf.mine, declared=lines)
    read = words(client.get("/me"))
    assert "2026-10 等回执 按 4952.00 元算，从你工资里扣的那份 524.96 元，厂里另外出 1213.24 元。" in read
    assert "2026-09 受理了" in read and "2026-08 被退回" in read and "再往前 1 次" in read
    assert read.count("社保局核定：按 4952.00 元算，你那份 524.96 元，厂里 1213.24 元。") == 1


@pytest.mark.parametrize("path", ["/me/erase", "/me/agree", "/me/withdraw"])
def test_another_sites_form_does_nothing(
    client: FlaskClient, app: Flask, chatted: Chatted, shelf: Shelf, path: str
) -> None:
    before = len(chatted.memory.messages)
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post(path, data={"purpose": "dibao_status"}, headers=headers).status_code == 403
    assert len(chatted.memory.messages) == before and shelf.agreed == [CONSENT]
    assert app.test_client().post(path, headers=HERE).headers["Location"].startswith("/me")


def test_nobody_looks_too_often(client: FlaskClient) -> None:
    for _ in range(VISITS_A_MINUTE):
        assert client.get("/me").status_code == 200
    response = client.get("/me")
    assert response.status_code == 429 and "点得有点快" in words(response)
    assert 0 < int(response.headers["Retry-After"]) <= 61


def test_who_sees_what_is_six_lines_for_everybody(app: Flask) -> None:
    page = app.test_client().get("/who-sees-what").get_data(as_text=True)
    lines = re.findall(r"<li>([^<]+)</li>", page)
    assert len(lines) == 6 and lines[0] == "你在这里说的：只有你自己。"
    assert "<h1>谁能看到什么</h1>" in page
    assert "<h1>誰能看到什麼</h1>" in app.test_client().get("/who-sees-what?lang=zh-Hant").get_data(
        as_text=True
    )


def test_the_chat_leads_there(client: FlaskClient) -> None:
    page = client.get("/chat?lang=zh-Hant").get_data(as_text=True)
    assert page.count('href="/me?lang=zh-Hant"') == 2  # in the head, and under answers on who sees what
