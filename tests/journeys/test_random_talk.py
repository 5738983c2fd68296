"""Anybody may write anything, in any order: the assistant never breaks, never loops, never forgets, never leaks."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import pytest
from own_files import house_with
from telling import FORBIDDEN, Employee, Told, house_of, needs_meaning, without_own_words

from bot.dialogue.conversation import Conversation
from bot.dialogue.hearing import hear
from bot.dialogue.known import Known
from bot.dialogue.steps import Ask
from bot.private import is_private
from bot.understanding.normalise import normalise

TURNS, SOAK_TURNS, TURNS_A_TALK = 800, 10_000, 40
#: What people write: answers, questions, corrections, small talk, other things altogether.
SAYINGS: Final = (
    *(
        "在",
        "不在，是我爸妈的",
        "不清楚",
        "有",
        "没有",
        "对",
        "不对",
        "嗯",
        "好",
        "是的",
        "不是",
        "行吧",
        "没准",
        "差不多",
    ),
    *(
        "四个",
        "4",
        "两口人",
        "三千五",
        "3500",
        "3200元",
        "扣之前",
        "到手",
        "五六百",
        "三千多",
        "一年四万二",
        "800",
        "620",
    ),
    *(
        "苏州",
        "阜阳",
        "老家阜阳农村",
        "北京",
        "朝阳",
        "吉林",
        "上海",
        "杭州上班",
        "户口安徽阜阳，人在苏州上班",
        "农村",
        "城镇",
    ),
    *(
        "不对，是四个",
        "工资说错了，是三千八",
        "老家不是阜阳，是亳州",
        "要是四千呢",
        "两个孩子呢",
        "他们扣社保",
        "问了，不减",
    ),
    *(
        "交社保影响低保吗",
        "每月扣多少",
        "社保必须交吗",
        "我不想交",
        "写个保证行不行",
        "折成现金给我",
        "滞纳金是多少",
    ),
    *(
        "以前没交能补吗",
        "手被轧了",
        "告知书怎么签",
        "低保停了",
        "我家低保暂停了",
        "我工资涨了",
        "养老要交多少年",
        "低保线是多少",
    ),
    *(
        "社保基数是多少",
        "老板看得到我说的不",
        "你都记了我什么",
        "都删掉",
        "找人事",
        "我要投诉人事",
        "只想聊聊",
        "不发了",
    ),
    *(
        "其实没报",
        "我家没报我打工咋办",
        "瞒着村里没说",
        "谢谢",
        "你好",
        "再见",
        "重来",
        "算了",
        "上一步",
        "跳过",
        "不想说",
    ),
    *(
        "今天天气咋样",
        "讲个笑话",
        "1+1等于几",
        "What is the floor?",
        "Will we lose dibao?",
        "yes",
        "no",
        "3500 a month",
    ),
    *(
        "交咗社保係咪冇咗低保",
        "冇",
        "喺",
        "我工資三千五",
        "四個人",
        "帮助",
        "?",
        "？？？",
        "1",
        "2",
        "3",
        "第一个",
        "第九个",
    ),
    *(
        "这个月交了多少",
        "上月扣了多少",
        "为啥多扣了",
        "下个月扣多少",
        "过渡期",
        "家里多了一口人",
        "我家低保恢复了",
        "撤回同意",
        "别问民政了",
        "我同意你们问民政",
    ),
    *("我工资三千二,家里四口人,交了社保低保还有吗", "本上有我，四个人，工资3500扣之前，苏州上班老家阜阳"),
)
GARBAGE: Final = (
    *(
        "",
        " ",
        "\n",
        "\x00",
        "\u200b\u200e",
        "😀😀😀",
        "🈚",
        "a" * 3000,
        "低" * 3000,
        "ｘｙｚ",
        "á̷̛",
        "{{wage}}",
        "{wage}",
        "%s%d",
    ),
    *(
        "<script>alert(1)</script>",
        "'; DROP TABLE",
        "/start",
        "topic=hr",
        "wage=9999",
        "9" * 40,
        "-1",
        "0",
        "0.001",
        "１２３",
    ),
    *(
        "一千亿",
        "负三千",
        "《社会保险法》第六十条",
        "低保线1450元对吧",
        "罚三倍是不是",
        "NaN",
        "∞",
        "٣٥٠٠",
        "第一百条",
    ),
)
PAYLOADS: Final = (
    *(
        "on_book=yes",
        "on_book=unsure",
        "household_size=unsure",
        "wage=unsure",
        "gross_or_net=net",
        "other_income=none",
    ),
    *(
        "other_income=skip",
        "region=110105",
        "region=999999",
        "dibao_region=same",
        "dibao_region=341200",
        "area=rural",
    ),
    *(
        "standard_monthly=where",
        "standard_monthly=fill",
        "standard_monthly=skip",
        "received_monthly=skip",
        "confirm=yes",
    ),
    *(
        "confirm=no",
        "share_scope=question",
        "share_scope=whole",
        "share_scope=none",
        "choice=tell",
        "choice=keep",
    ),
    *(
        "place=work",
        "place=home",
        "place=x",
        "topic=dibao_impact",
        "topic=hr",
        "topic=urgent",
        "topic=nowhere",
    ),
    *(
        "intent=ask_transfer",
        "intent=other",
        "article=000000/fund-loan",
        "article=none",
        "way=work_cost",
        "way=cliff",
    ),
    *(
        "way=x",
        "paper=note",
        "paper=report",
        "paper=x",
        "deducts=yes",
        "deducts=no",
        "privacy=show",
        "privacy=erase",
    ),
    *(
        "pay=why",
        "pay=last",
        "pay=x",
        "consent=dibao_status",
        "consent=civil_affairs",
        "consent=withdraw",
        "consent=x",
        "report=dibao",
        "report=wage",
        "report=household_size",
        "report=x",
        "profile=use",
        "choice=all",
    ),
    *("dibao_status=suspended", "month=this", "notice=x", "=", "x=", "__class__=x"),
)
KINDS: Final = ("image", "voice", "other", "start")
#: What an employee says or taps in order to change, take back or erase.
_TAKES_BACK: Final = (
    *("重来", "上一步", "都删掉", "不对", "说错", "不是", "confirm=", "standard_monthly="),
    *("家里多了", "profile="),
)

#: What an employee does to have a question put again.
_WISHES: Final = ("topic=", "intent=", "standard_monthly=fill", "way=", "deducts=", "report=")
_WISHED: Final = ("ask_dibao_impact", "start_calculator", "ask_contribution_amount")


@dataclass
class Walk:
    """One talk at random, with what must hold after every turn."""

    employee: Employee
    random: random.Random
    private: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def step(self) -> None:
        before = self.employee.conversation
        did, told = self.random.choices(
            [self.say, self.tap, self.stale, self.garbage, self.send], [50, 30, 8, 8, 4]
        )[0]()
        after = self.employee.conversation
        self.seen += [button.payload for button in after.buttons]
        self.nothing_is_lost(before.known, after.known, did, told)
        self.nothing_private_leaves(told)
        self.no_question_a_third_time(before, did, told)
        self.every_state_can_be_left()

    # What the employee does

    def say(self) -> tuple[str, Told]:
        return self._text(self.random.choice(SAYINGS))

    def garbage(self) -> tuple[str, Told]:
        return self._text(self.random.choice(GARBAGE))

    def tap(self) -> tuple[str, Told]:
        buttons = self.employee.conversation.buttons
        return self._payload(self.random.choice(buttons).payload) if buttons else self.say()

    def stale(self) -> tuple[str, Told]:
        return self._payload(self.random.choice((*PAYLOADS, *self.seen[-30:])))

    def send(self) -> tuple[str, Told]:
        kind = self.random.choice(KINDS)
        return kind, self.employee.send(f"<{kind}>", kind=kind)

    def _text(self, text: str) -> tuple[str, Told]:
        if is_private(normalise(text)):
            self.private.append(text)
        return text, self.employee.send(repr(text), text=text)

    def _payload(self, payload: str) -> tuple[str, Told]:
        return payload, self.employee.send(f"<{payload}>", payload=payload)

    # What must hold

    def nothing_is_lost(self, before: Known, after: Known, did: str, told: Told) -> None:
        """A fact goes only where the employee takes it back."""
        if told.outcome.erase or any(words in did for words in _TAKES_BACK):
            return
        lost = [
            name
            for name in before.as_json()
            if name not in after.as_json() and name not in ("waived", "other_income_high")
        ]
        assert not lost, f"lost {lost}\n\n{self.employee.transcript()}"

    def nothing_private_leaves(self, told: Told) -> None:
        for task in told.outcome.tasks:
            held = "\n".join(task.lines)
            leaked = [text for text in self.private if text in held]
            assert not leaked, f"{leaked} went to HR\n\n{self.employee.transcript()}"
            for word in FORBIDDEN:
                assert word not in without_own_words(held, ""), self.employee.transcript()

    def no_question_a_third_time(self, before: Conversation, did: str, told: Told) -> None:
        """The same question at most twice in a row, unless something was told, or it was wished for, in between."""
        known = self.employee.conversation.known
        if known != before.known or self.is_wished_for(before, did):
            self.unanswered = []
        for step in told.outcome.steps:
            # Other things are offered, confirmed or sent each time, and a range is another question.
            if isinstance(step, Ask) and step.question not in (
                "choice",
                "confirm",
                "share_scope",
                "other_income",
            ):
                self.unanswered = [
                    *(each for each in self.unanswered if each == step.question),
                    step.question,
                ]
                assert len(self.unanswered) <= 2, (
                    f"{step.question} a third time\n\n{self.employee.transcript()}"
                )

    def is_wished_for(self, before: Conversation, did: str) -> bool:
        """Tapped, typed like a button, or asked for in words; a photo is answered with the question it could not fill."""
        heard = hear(self.employee.house, before, did, "", "text", self.employee.now.date())
        tapped = f"{heard.slot}={heard.value}" if heard.slot else did
        commanded = any(words in did for words in ("重来", "上一步", "算了", "家里多了"))
        return tapped.startswith(_WISHES) or commanded or did in KINDS or heard.intent in _WISHED

    def every_state_can_be_left(self) -> None:
        """「算了」 ends whatever is open; tried on a copy every few turns."""
        if self.random.random() < 0.1:
            copy = Employee(self.employee.house, self.employee.now, self.employee.conversation)
            for _ in range(3):
                copy.send("算了", text="算了")
            assert not copy.conversation.asked, (
                f"no way out\n\n{self.employee.transcript()}\n{copy.transcript()}"
            )


def walks(turns: int) -> Iterator[Callable[[], None]]:
    """Every other talk is that of somebody who has bound the chat."""
    for seed in range(turns // TURNS_A_TALK):
        house, own = house_with(house_of("embedded"), "阿丽 who agreed" if seed % 2 else None)
        walk = Walk(Employee(house, own=own), random.Random(seed))
        for _ in range(TURNS_A_TALK):
            yield walk.step


@needs_meaning
def test_anything_at_any_time_is_dealt_with() -> None:
    for step in walks(TURNS):
        step()


@pytest.mark.soak
@needs_meaning
def test_anything_at_any_time_is_dealt_with_for_long() -> None:
    for step in walks(SOAK_TURNS):
        step()
