"""A sealed file made anew from what is kept, and held part by part against what the chain says of it.

What differs says where to look: a content or an answer that the chain does not know was altered where it is kept. Where those
hold and the file differs all the same, something was changed that no chain holds: the picture of the seal, the address of the
pages, the program's own template.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from audit.case_chain import CaseLink, Committed
from locales import N_, Say
from notices.paper import Letterhead
from notices.sealing_work import Material
from notices.verifying import STATES, SealEvent, State

PartKey = Literal["content", "answer", "events", "frame", "file"]
#: What each part is.
PARTS: Final[Mapping[PartKey, str]] = {
    "content": N_("告知书的内容"),
    "answer": N_("员工的回应"),
    "events": N_("经过的记录"),
    "frame": N_("章图、网页地址、模板"),
    "file": N_("排出来的文件"),
}
_CONTENT: Final = N_("现在存的 SHA-256 是 {now}，链里出具时记的是 {then}。")
_ANSWER_SAME: Final = N_("和链里记的一样：结果、意见、签名、附上的聊天。")
_ANSWER_OTHER: Final = N_("和链里记的不一样：{what}。")
_ANSWER_GONE: Final = N_("链里的对照值已经删掉，没法对：{what}。")
_EVENTS: Final = N_("第 1 到第 {last} 条，签名都对。")
_FRAME: Final = N_("链里没有记，用的是现在的：网页地址 {address}，章图 {picture}，这一版程序的模板和字体。")
_NO_PICTURE: Final = N_("没有")
_FILE_SAME: Final = N_("{size} 字节，SHA-256 {now}，和链里盖章前记的一样，也就是这份文件的开头。")
_FILE_OTHER: Final = N_(
    "{size} 字节，SHA-256 {now}；链里盖章前记的是 {then}。和这份文件从第 {at} 个字节起不一样。"
)
_FILE_OTHER_FRAME: Final = N_(
    "{size} 字节，SHA-256 {now}；链里盖章前记的是 {then}。和这份文件从第 {at} 个字节起不一样。"
    "内容和回应都对得上：后来换过章图、网页地址或程序版本，就会这样；文件自己有没有被改，看上面各行。"
)
#: What the answer is compared by: in the body of its event, and as a commitment there.
_PLAIN: Final[Mapping[str, str]] = {
    "outcome": "outcome",
    "shown": "shown_sha256",
    "consent": "consent_sha256",
    "lines": "lines",
}
_WORDS: Final[Mapping[str, str]] = {
    "outcome": N_("结果"),
    "shown": N_("看的是哪一份"),
    "consent": N_("同意的是哪一份说明"),
    "lines": N_("有意见的是哪几项"),
    "statement": N_("意见"),
    "strokes": N_("签名"),
    "chat": N_("附上的聊天"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """One thing of which the file was made anew. `says` is a source text that `figures` fill; those in `words` are lists of
    texts."""

    key: PartKey
    state: State
    says: str
    figures: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What it is."""
        return PARTS[self.key]

    def said(self, say: Say) -> str:
        """How it compares, in the reader's language."""
        words = {name: "、".join(map(say, several)) for name, several in self.words.items()}
        return say(self.says, **self.figures, **words)

    def as_json(self, say: Say) -> dict[str, str]:
        """The part as plain data."""
        return {
            "key": self.key,
            "state": self.state,
            "state_text": say(STATES[self.state]),
            "title": say(self.title),
            "says": self.said(say),
        }


def compare(
    material: Material, head: Letterhead, made: bytes, pdf: bytes, event: SealEvent
) -> tuple[Part, ...]:
    """The parts of which a sealed file `pdf` was made anew as `made`, each beside what the chain holds of it. The chain must be
    whole up to the seal."""
    content, answer = _content(material), _answer(material)
    holds = content.state != "failed" and answer.state != "failed"
    file = _file(made, pdf, event.unsealed_sha256, _FILE_OTHER_FRAME if holds else _FILE_OTHER)
    return content, answer, _events(material), _frame(head), file


def _content(material: Material) -> Part:
    issued = next((_data(each) for each in material.events if _type(each) == "issued"), {})
    now, then = material.content.sha256, str(issued.get("content_sha256", ""))
    return Part("content", "ok" if now == then else "failed", _CONTENT, {"now": now, "then": then})


def _answer(material: Material) -> Part:
    link = material.events[-1]
    states = dict(_compared(material.answer, link))
    other = tuple(_WORDS[name] for name, state in states.items() if state == "failed")
    gone = tuple(_WORDS[name] for name, state in states.items() if state == "unchecked")
    if other:
        return Part("answer", "failed", _ANSWER_OTHER, words={"what": other})
    if gone:
        return Part("answer", "unchecked", _ANSWER_GONE, words={"what": gone})
    return Part("answer", "ok", _ANSWER_SAME)


def _compared(answer: Mapping[str, Any], link: CaseLink) -> Iterator[tuple[str, State]]:
    """Each thing that was answered; of silence there is nothing but that."""
    if _type(link) == "silent":
        yield "outcome", "ok" if answer["outcome"] == "silent" else "failed"
        return
    said = _data(link)
    for name, there in _PLAIN.items():
        yield name, "ok" if _plain(answer.get(name)) == _plain(said.get(there)) else "failed"
    promised: Mapping[str, str] = link.data["values"]
    for name, value in _committed(answer).items():
        yield name, _state_of(value, promised.get(name), link.committed.get(name))


def _committed(answer: Mapping[str, Any]) -> Mapping[str, str]:
    """What the event commits to, as the desk writes it."""
    strokes, chat = answer.get("strokes", ()), answer.get("chat", ())
    return {
        "statement": answer.get("statement", ""),
        "strokes": json.dumps([each["points"] for each in strokes]) if strokes else "",
        "chat": json.dumps(chat, ensure_ascii=False) if chat else "",
    }


def _state_of(value: str, promised: str | None, committed: Committed | None) -> State:
    """A value beside its hash in the chain; the salt is with what is kept of it."""
    if promised is None:
        return "failed" if value else "ok"
    if committed is None:
        return "unchecked"
    return "ok" if Committed(value, committed.salt).hash == promised else "failed"


def _events(material: Material) -> Part:
    return Part("events", "ok", _EVENTS, {"last": str(material.events[-1].seq)})


def _frame(head: Letterhead) -> Part:
    figures = {"address": head.address}
    if head.seal is None:
        return Part("frame", "unchecked", _FRAME, figures, {"picture": (_NO_PICTURE,)})
    figures["picture"] = f"SHA-256 {hashlib.sha256(head.seal).hexdigest()}"
    return Part("frame", "unchecked", _FRAME, figures)


def _file(made: bytes, pdf: bytes, then: str, other: str) -> Part:
    now = hashlib.sha256(made).hexdigest()
    figures = {"size": str(len(made)), "now": now, "then": then}
    if now == then and pdf.startswith(made):
        return Part("file", "ok", _FILE_SAME, figures)
    return Part("file", "failed", other, figures | {"at": str(_first_other(made, pdf) + 1)})


def _first_other(one: bytes, other: bytes) -> int:
    """How many bytes are the same at the beginning."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value or ""


def _type(link: CaseLink) -> str:
    return str(link.data["type"])


def _data(link: CaseLink) -> Mapping[str, Any]:
    data: Mapping[str, Any] = link.data["data"]
    return data
