"""阿丽 and her own file over the real storage: she agrees, reports and takes it back in the chat, and reads it there."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import count

import pytest
from staffing import HR, hire
from telling import NOW, house_of, needs_meaning

from app.following import Following
from app.own_files import KeptFiles
from bot.assistant import Assistant
from delivery.messages import IncomingMessage, Reply
from people.employees import Employee
from people.records import Adjustment
from profiles.book import StrategySearch
from storage.opening import Storage

pytest_plugins = ["databases"]
pytestmark = needs_meaning
KEYS = count()


class Chat:
    """Her web chat with the assistant."""

    def __init__(self, storage: Storage) -> None:
        house = house_of("embedded")
        files = KeptFiles(storage, house.library, NOW.date)
        house = replace(house, bindings=storage.bindings, files=files)
        self.assistant = Assistant(house, storage.conversations, lambda: NOW)
        self.replies: tuple[Reply, ...] = ()
        self.files = files

    def says(self, text: str) -> str:
        """What is answered."""
        payloads = {button.title: button.payload for reply in self.replies for button in reply.buttons}
        message = IncomingMessage("web", "阿丽", f"k{next(KEYS)}", text, payloads.get(text, ""))
        self.replies = self.assistant.receive(message).replies
        return "\n".join(reply.text for reply in self.replies)


@pytest.fixture
def ali(storage: Storage) -> Employee:
    """On 3500 in 苏州 since March, from 阜阳."""
    since = date(2026, 3, 1)
    return hire(storage, wage=350_000, base=495_200, home_region="341200", area="rural", insured_since=since)


@pytest.fixture
def chat(storage: Storage, ali: Employee) -> Chat:
    """Hers, once she has entered the code on her sheet."""
    chat = Chat(storage)
    chat.says(storage.bindings.make([ali.id], HR)[ali.id])
    assert "绑好了" in chat.says("是，绑定")
    return chat


def test_this_month_is_told_from_what_is_on_record(chat: Chat) -> None:
    said = chat.says("这个月社保交了多少")
    assert "524.96" in said and "1213.24" in said and "还没有申报" in said


def test_why_it_changed_names_the_month_and_whose_value_it_is(
    storage: Storage, ali: Employee, chat: Chat
) -> None:
    storage.records.adjust(ali.id, Adjustment(date(2026, 9, 1), 495_200, 560_000, "年度核定", "周明"), HR)
    said = chat.says("为什么多扣了")
    assert "从 2026-09 起" in said and "5600.00" in said and "从人事来的" in said
    assert "原来 524.96 元，现在 593.00 元" in said


def test_she_agrees_reports_and_takes_it_back(storage: Storage, ali: Employee, chat: Chat) -> None:
    chat.says("我家低保被暂停了")
    assert "你点头才记" in chat.says("记进我的档案")
    assert storage.records.consents(ali.id) == ()
    assert "我念一遍" in chat.says("同意记")
    profile = storage.profiles.profile_of(ali.id)
    assert profile is not None and profile.dibao is None, (
        "nothing is kept before she said that it was read right"
    )
    chat.says("对，记下")
    profile = storage.profiles.profile_of(ali.id)
    assert profile is not None and profile.dibao == "suspended" and profile.is_reported("dibao")
    chat.says("撤回同意")
    assert "都删了" in chat.says("收回：记低保和家里情况")
    profile = storage.profiles.profile_of(ali.id)
    assert profile is not None and profile.dibao is None
    file = chat.files.of(ali.id)
    assert file is not None and not file.agreed


def test_what_hr_sent_her_is_told_with_the_reason(storage: Storage, chat: Chat) -> None:
    mei = hire(storage, "B2", "小梅", wage=350_000, base=300_000, insured_since=date(2026, 3, 1))
    Following(storage, lambda: house_of("embedded").library, NOW.date).run()
    (found,) = storage.profiles.find(StrategySearch(employee=mei.id))
    before = chat.files.of(mei.id)
    assert before is not None and before.explained == (), "what was not sent is not shown"
    assert storage.profiles.told(found.id, HR)
    after = chat.files.of(mei.id)
    assert after is not None
    assert ["524.96" in each.explanation.text() for each in after.explained] == [True]
    assert chat.files.of("5a1e0000-0000-4000-8000-0000000000ff") is None
