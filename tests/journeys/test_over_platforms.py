"""The golden journeys through each platform's real callbacks: what the employee sees on the phone is what they must come to."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import yaml
from databases import Clock, Open
from on_telegram import OnTelegram
from on_wechat import OnWeChat
from on_wecom import OnWeCom
from over_platforms import Conversation, Employee, talking
from talking import colleague
from telling import NOW, house_of, needs_meaning
from test_journeys import CHECKS, FOLDER, OTHERS, journeys

from hr_inbox.cases import Search
from storage.opening import Storage

pytest_plugins = ["databases"]

PLATFORMS: tuple[type[Employee], ...] = (OnWeCom, OnWeChat, OnTelegram)
ANSWER = "下周一到办公室，我帮你算。"
#: So many journeys of each file are played in `make test`.
SAMPLE = 3
pytestmark = needs_meaning


@pytest.fixture
def storage(sqlite_template: Path, tmp_path: Path, open_one: Open) -> Storage:
    shutil.copy(sqlite_template, tmp_path / "shebao.db")
    return open_one(f"sqlite:///{tmp_path / 'shebao.db'}")


Converse = Callable[[type[Employee]], Conversation]


@pytest.fixture
def converse(storage: Storage, clock: Clock) -> Iterator[Converse]:
    """Opens the account to an employee on a platform."""
    with ExitStack() as stack:
        yield lambda platform: stack.enter_context(
            talking(platform(clock), house_of("embedded"), storage, clock)
        )


def by_kind() -> list[list[dict[str, Any]]]:
    """The journeys of each file."""
    files = sorted(file for file in FOLDER.glob("*.yaml") if file.name not in OTHERS)
    return [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files]


def played() -> Iterator[Any]:
    """The journeys of each platform that it can play: the first of each file, and with `make soak` all of them."""
    first = {journey["name"] for kind in by_kind() for journey in kind[:SAMPLE]}
    for platform in PLATFORMS:
        for journey in journeys():
            if "of" not in journey and platform.plays(journey["turns"]):
                marks = () if journey["name"] in first else pytest.mark.soak
                yield pytest.param(platform, journey, marks=marks, id=f"{platform.name}: {journey['name']}")


PLAYED = list(played())


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda each: each.name)
def test_there_are_journeys_enough(platform: type[Employee]) -> None:
    sampled = [each for each in PLAYED if each.values[0] is platform and not each.marks]
    assert len(sampled) >= 20


@pytest.mark.parametrize(("platform", "journey"), PLAYED)
def test_a_journey_goes_as_it_should(
    converse: Converse, platform: type[Employee], journey: dict[str, Any]
) -> None:
    conversation = converse(platform)
    conversation.begin(journey.get("at", NOW))
    for turn in journey["turns"]:
        told = conversation.does(turn)
        wrong = list(filter(None, (check(turn, told) for check in CHECKS)))
        assert not wrong, f"{journey['name']}: {'; '.join(wrong)}\n\n{conversation.transcript()}"


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda each: each.name)
def test_what_the_channel_adds_is_in_the_employees_language(
    converse: Converse, platform: type[Employee], storage: Storage
) -> None:
    """What a bubble rests on, and how its buttons are answered in words: a platform does not tell a language."""
    mei = converse(platform)
    mei.begin(NOW)
    drawn = mei.platform.draw
    locales = []
    with patch.object(mei.platform, "draw", lambda bubbles: locales.extend(bubbles) or drawn(bubbles)):
        mei.does({"say": "Will we lose our dibao if I pay social insurance?"})
    assert {each.locale for each in locales} == {"en"}


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda each: each.name)
def test_hr_answers_on_the_phone_and_asks_whether_it_is_solved(
    converse: Converse, platform: type[Employee], storage: Storage
) -> None:
    ali, zhao = converse(platform), colleague(storage, "赵静")
    ali.begin(NOW)
    ali.does({"say": "交社保影响低保吗"})
    ali.does({"say": "找人事"})
    told = ali.does({"tap": "连前面聊的一起发"})
    assert told.outcome.tasks[0].whole
    (case,) = storage.cases.find(Search(box="waiting"), zhao).lines

    storage.cases.take(case.number, zhao)
    answer = ali.hears(lambda: storage.cases.say(case.number, zhao, ANSWER, "k1", 0))
    assert answer == [f"人事：{ANSWER}"]
    assert ali.hears(lambda: ali.employee.say("好的，谢谢赵姐")) == []  # the assistant stays silent

    (asked,) = ali.hears(lambda: storage.cases.finish(case.number, zhao))
    assert "解决" in asked
    rated = ali.does({"tap": "解决了"})
    assert [(each.number, each.answer) for each in rated.outcome.ratings] == [(case.number, "yes")]
    assert ali.does({"say": "每月扣多少"}).outcome.topic == "contributions"
