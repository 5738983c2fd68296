"""The inbox over the real store: from an employee's question to HR's answer in the chat, with what it rests on."""

from __future__ import annotations

import re

import pytest
from desk import Colleague
from inbox_samples import Roster
from staffing import HR, binds, hire
from talking import TASK, kept, message, say

from app.console import make_console
from app.settings import Settings
from app.web import create_app
from policy_kb.library import Library
from storage.opening import Storage
from storage.reach import renew

pytest_plugins = ["databases", "desk"]


@pytest.fixture
def zhao(desk_storage: Storage, library: Library) -> Colleague:
    console = make_console(Settings(), desk_storage, library, directory=Roster())
    account = desk_storage.accounts.add("zhao", "赵静", frozenset({"dibao_officer"}), state="active")
    return Colleague(create_app(Settings(), library, console=console), desk_storage, account)


def test_a_question_is_taken_answered_and_closed(zhao: Colleague, desk_storage: Storage) -> None:
    say(desk_storage, message("m1"), "已经发给人事了。", tasks=(TASK,))
    start = zhao.asks("/hr/cases/changes?after=0&box=waiting").json
    assert [row["number"] for row in start["rows"]] == ["T-000001"]
    text = zhao.opens("/hr/cases/T-000001").get_data(as_text=True)
    key = re.search(r'name="key" value="([^"]+)"', text)
    assert key is not None
    for _ in range(2):
        zhao.sends(
            "/hr/cases/T-000001/say",
            text="由厂里去补。",
            key=key[1],
            seen="0",
            take="1",
            used="reply:000000/back-pay",
        )
    text = zhao.opens("/hr/cases/T-000001?box=mine").get_data(as_text=True)
    assert text.count("由厂里去补。</p>") == 1 and "附依据 3 条" in text and "我在办" in text
    assert kept(desk_storage).holder == "person"
    entries = desk_storage.conversations.history(kept(desk_storage).id)
    assert [source["id"] for source in entries[-1].bubble.sources] == ["SIL-86", "SIL-60", "MOHRSS20-LATE"]
    changed = zhao.asks(f"/hr/cases/changes?after={start['change']}&box=waiting").json
    assert [(row["number"], row["box"]) for row in changed["rows"]] == [("T-000001", "mine")]
    zhao.sends("/hr/cases/T-000001/finish")
    assert "T-000001" in zhao.opens("/hr/cases?box=done").get_data(as_text=True)


def test_many_are_undone(zhao: Colleague, desk_storage: Storage) -> None:
    say(desk_storage, message("m1"), "已经发给人事了。", tasks=(TASK,))
    address = zhao.sends("/hr/cases/many", act="done", number="T-000001").headers["Location"]
    text = zhao.opens(address).get_data(as_text=True)
    undo = re.search(r'name="id" value="([^"]+)"', text)
    assert undo is not None
    address = zhao.sends("/hr/cases/undo", id=undo[1]).headers["Location"]
    assert "撤销了 1 条" in zhao.opens(address).get_data(as_text=True)


def test_before_typing_hr_reads_how_an_answer_reaches_the_employee(
    zhao: Colleague, desk_storage: Storage
) -> None:
    ali = hire(desk_storage, phone="13800000000")
    binds(desk_storage, ali)
    say(desk_storage, message("m1"), "已经发给人事了。", tasks=(TASK,))
    text = zhao.opens("/hr/cases/T-000001").get_data(as_text=True)
    assert "网页聊天：对方打开页面就看得到。 10 分钟没看，用短信告诉本人来看。" in text
    desk_storage.roster.correct(ali.id, {"phone": ""}, HR)
    text = zhao.opens("/hr/cases/T-000001").get_data(as_text=True)
    assert "找不到能通知到的渠道，打电话或当面说。" in text


def test_the_countdown_of_a_window_is_told(zhao: Colleague, desk_storage: Storage) -> None:
    in_wechat = message("m1", sender="openid", channel="wechat")
    say(desk_storage, in_wechat, "已经发给人事了。", tasks=(TASK,))
    with desk_storage.database.work() as connection:
        conversation = kept(desk_storage, "openid", "wechat").id
        renew(connection, [(conversation, "wechat", "text")], desk_storage.now())
    text = zhao.opens("/hr/cases/T-000001").get_data(as_text=True)
    assert (
        re.search(r"微信公众号：.+ 前发得到，还有 47 小时 59 分，还能发 5 条。", text)
        or "还有 48 小时 0 分" in text
    )
    with desk_storage.database.work() as connection:
        renew(connection, [(conversation, "wechat", "left")], desk_storage.now())
    text = zhao.opens("/hr/cases/T-000001").get_data(as_text=True)
    assert "微信公众号：发不到" in text and "找不到能通知到的渠道" in text
