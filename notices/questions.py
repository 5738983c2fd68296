"""Questions that show whether a notice was understood, made of the employee's own figures.

They and the order of their choices follow from the content's hash alone, so that what was asked can be told years later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from calculator.money import format_yuan, parse_yuan
from locales import N_, Say
from notices.answering import Question
from notices.notice import Content

#: Figures among which the right one stands.
CHOICES: Final = 3
#: Where a notice has too few figures of its own, others this far away stand in, in fen.
_STEP: Final = 10_000

#: What is asked, by key; `{month}` and the like are the notice's own.
ASKED: Final[Mapping[str, str]] = {
    "own_share": N_("按这份告知书，每个月从你工资里扣的社保是多少元？"),
    "own_share_of_month": N_("按这份明细，这个月从你工资里扣的社保是多少元？"),
    "signing": N_("点“签收”，表示什么？"),
    "refusing": N_("要是不签，社会保险还缴不缴？"),
}
_SIGNING: Final = (
    N_("我收到了，也看过了，不等于同意"),
    N_("里面写的我全都同意"),
    N_("以后有意见也不能再提了"),
)
_REFUSING: Final = (
    N_("照样参保、照样缴，也不影响我上班"),
    N_("不签就不用缴了"),
    N_("等签了再从那个月开始缴"),
)
#: What is shown after a wrong answer.
EXPLAINED: Final[Mapping[str, str]] = {
    "own_share": N_(
        "从你工资里扣的那份是每月 {employee} 元；单位另外出 {employer} 元，那一份不从你的工资里扣。"
    ),
    "own_share_of_month": N_(
        "这个月从你工资里扣的是 {employee} 元；单位另外出 {employer} 元，那一份不从你的工资里扣。"
    ),
    "signing": N_(
        "签收只表示看到了，不等于同意。有意见可以选“签收但有异议”，以后也能查、能投诉、能申请仲裁。"
    ),
    "refusing": N_("不签也照样参保、照样缴，不影响你上班；交晚了加的滞纳金由单位出，不用你出。"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the right choice. Choices are figures or source sentences: they are told by what they are, and shown
    in the reader's language by `shown`."""

    question: Question
    right: str
    figures: Mapping[str, str]

    def text(self, say: Say) -> str:
        """What is asked."""
        return say(ASKED[self.question.key])

    def explanation(self, say: Say) -> str:
        """What is shown after a wrong answer."""
        return say(EXPLAINED[self.question.key], **self.figures)


def shown(choice: str, say: Say) -> str:
    """A choice as it is read."""
    return choice if choice[:1].isdigit() else say(choice)


def questions(content: Content) -> tuple[Asked, ...]:
    """The questions on a content, each with its choices in their order."""
    data = content.data
    statement = data["kind"] == "statement"
    own = data["totals"]["employee"]
    made = [
        ("own_share_of_month" if statement else "own_share", own, (own, *_wrong_figures(data))),
        ("signing", _SIGNING[0], _SIGNING),
    ]
    if not statement:
        made.append(("refusing", _REFUSING[0], _REFUSING))
    return tuple(
        Asked(Question(key, _shuffled(choices, content.sha256, key)), right, data["totals"])
        for key, right, choices in made
    )


def graded(content: Content, answers: Mapping[str, str]) -> dict[str, bool]:
    """Which questions were answered rightly; one that was not answered was not."""
    return {each.question.key: answers.get(each.question.key) == each.right for each in questions(content)}


def _wrong_figures(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Figures of the same notice that one could take for the own share, then others near it."""
    found: list[str] = []
    for fen in _near(data):
        text = format_yuan(fen)
        if fen > 0 and text != data["totals"]["employee"] and text not in found:
            found.append(text)
        if len(found) == CHOICES - 1:
            break
    return tuple(found)


def _near(data: Mapping[str, Any]) -> Iterator[int]:
    own, employer = (parse_yuan(data["totals"][side]) for side in ("employee", "employer"))
    yield employer
    yield own + employer
    yield from sorted((parse_yuan(line["employee"]) for line in data["lines"]), reverse=True)
    yield from (own + step * _STEP for step in range(1, CHOICES + 1))


def _shuffled(choices: tuple[str, ...], sha256: str, key: str) -> tuple[str, ...]:
    def place(choice: str) -> bytes:
        return hashlib.sha256(f"shebao question 1\0{sha256}\0{key}\0{choice}".encode()).digest()

    return tuple(sorted(choices, key=place))
