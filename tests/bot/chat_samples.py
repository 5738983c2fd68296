"""A scripted assistant with a memory of its own, for tests of the web chat: nothing here understands a word."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from threading import RLock
from typing import Any

from flask import Flask

from bot.dialogue.conversation import Conversation
from bot.dialogue.known import Known
from bot.receiving import Kept, Received, Said, Work, Works, receive
from bot.views import Chat, Papers, create_blueprint
from delivery.messages import Button, IncomingMessage, Reply
from delivery.transcript import Author, Entry
from locales import Locale
from web_calc import languages

TODAY = date(2026, 10, 15)
NOON = datetime(2026, 10, 15, 4, tzinfo=UTC)
SECRET = "a secret of the tests, long enough"
ALI = Known(
    on_book=True, household_size=4, wage=350_000, other_income=0, region="320500", dibao_region="341200"
)
SOURCE = {
    "id": "N-01",
    "title": "中华人民共和国社会保险法",
    "number": "主席令第35号",
    "article": "第四条",
    "region": "000000",
    "effective_from": "2011-07-01",
    "certainty": "sourced",
    "note": None,
    "read_in": [{"title": "法律法规数据库", "where": "flk.npc.gov.cn", "quote": "个人依法享受社会保险待遇"}],
}
WELCOME = Reply(
    "你好，我是社保助手。\n没人知道你是谁。", (Button("必须交吗", "topic=duty"), Button("找人事", "topic=hr"))
)
RESULT = Reply(
    "\n".join(
        (
            "要看老家算收入时减不减社保。",
            "全家收入 2975.04 元，低于 3200.00 元。",
            "按这些算的：",
            "· 工资：3500.00 元",
            "· 低保本上：4 人",
            "这是估算，最后老家民政说了算。",
        )
    ),
    (Button("看整份结果", "paper=report"),),
    (SOURCE, SOURCE | {"id": "N-18", "article": "第五条"}),
    ("chart", "report", "note"),
)


class Memory(Works, Work):
    """Conversations in memory: `Works`, `Work` and `Transcript` in one."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.kept: dict[str, Kept] = {}
        self.entries: dict[str, list[Entry]] = {}
        self.replied: dict[tuple[str, str], tuple[Reply, ...]] = {}
        self.acknowledged: list[tuple[str, int]] = []
        self.messages: list[IncomingMessage] = []

    @contextmanager
    def begin(self) -> Iterator[Work]:
        with self.lock:
            yield self

    def claim(self, message: IncomingMessage) -> bool:
        return (message.sender, message.key) not in self.replied

    def earlier(self, message: IncomingMessage) -> tuple[Reply, ...]:
        return self.replied[message.sender, message.key]

    def conversation(self, message: IncomingMessage) -> Kept:
        return self.kept.setdefault(
            message.sender, Kept(f"of {message.sender}", 0, "assistant", message.locale, None)
        )

    def keep(self, kept: Kept, message: IncomingMessage, said: Said) -> tuple[str, ...]:
        self.messages.append(message)
        self.replied[message.sender, message.key] = said.replies
        if said.erase:
            kept = Kept(kept.id + " anew", kept.version, "assistant", kept.locale, None)
            self.entries[kept.id] = []
        self.kept[message.sender] = Kept(kept.id, kept.version + 1, "assistant", message.locale, said.state)
        if not said.erase:
            self.add(kept.id, "employee", Reply(message.text))
        for reply in said.replies:
            self.add(kept.id, "assistant", reply)
        return ()

    def hold(self, kept: Kept, message: IncomingMessage) -> None:
        self.messages.append(message)
        self.replied[message.sender, message.key] = ()
        self.add(kept.id, "employee", Reply(message.text))

    def find(self, channel: str, sender: str) -> Kept | None:
        return self.kept.get(sender)

    def history(self, conversation: str, after_seq: int = 0, limit: int = 100) -> list[Entry]:
        with self.lock:
            return [each for each in self.entries.get(conversation, ()) if each.seq > after_seq][:limit]

    def acknowledge(self, conversation: str, seq: int) -> None:
        self.acknowledged.append((conversation, seq))

    def add(self, conversation: str, author: Author, bubble: Reply, after: timedelta = timedelta(0)) -> None:
        with self.lock:
            entries = self.entries.setdefault(conversation, [])
            entries.append(Entry(self.last_seq + 1, author, bubble, NOON + after))

    @property
    def last_seq(self) -> int:
        return max((each.seq for entries in self.entries.values() for each in entries), default=0)


class Drawn(Papers):
    """Papers that only say what they are asked for."""

    def __init__(self) -> None:
        self.cases: list[dict[str, Any]] = []

    def chart_svg(self, case: dict[str, Any], locale: Locale) -> bytes:
        self.cases.append(case)
        return b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 360 340"><path d="M0 0L360 340"/></svg>'

    def chart_told(self, case: dict[str, Any], locale: Locale) -> str:
        return f"工资 {case['household']['earners'][0]['wage']} 元时（{locale}）"

    def report_pdf(self, case: dict[str, Any], locale: Locale) -> bytes:
        return b"%PDF report"

    def report_png(self, case: dict[str, Any], locale: Locale) -> bytes:
        return b"\x89PNG report"

    def note_pdf(self, case: dict[str, Any], locale: Locale) -> bytes:
        return b"%PDF note"

    def note_png(self, case: dict[str, Any], locale: Locale) -> bytes:
        return b"\x89PNG note"


Script = Callable[[Kept, IncomingMessage], Said]


def scripted(kept: Kept, message: IncomingMessage) -> Said:
    """Answers the words that the tests say; anything else is said back."""
    state = Conversation().as_json()
    if message.kind == "start":
        return Said(state, (WELCOME,))
    if message.kind == "image":
        return Said(state, (Reply("照片我看不了，没有存，已经丢掉了。", papers=("sample_paper",)),))
    if message.text == "算":
        return Said(Conversation(calculated=ALI).as_json(), (RESULT,), topic="dibao_impact", step="tell")
    if message.text == "都删掉":
        return Said(state, (Reply("删掉了。"),), erase=True)
    if message.text == "坏":
        raise RuntimeError("工资三千五")
    taps = (Button("是", "confirm=yes"), Button("不是", "confirm=no"))
    return Said(
        state, (Reply(f"听到了：{message.text}{message.payload}", taps),), asked="confirm", topic="duty"
    )


class Chatted:
    """A chat over a memory, and everything that a test may want to look at."""

    def __init__(self, script: Script = scripted, clock: Callable[[], float] = lambda: 0.0) -> None:
        self.memory = Memory()
        self.papers = Drawn()
        self.chat = Chat(
            receive=lambda message: self.receive(message, script),
            transcript=self.memory,
            acknowledge=self.memory.acknowledge,
            papers=self.papers,
            languages=languages,
            place={"000000": "全国"}.__getitem__,
            today=lambda: TODAY,
            secret=SECRET,
            clock=clock,
        )
        self.app = Flask("chat_alone", static_folder=None)
        self.app.register_blueprint(create_blueprint(self.chat))

    def receive(self, message: IncomingMessage, script: Script) -> Received:
        return receive(message, self.memory, script)

    @property
    def conversation(self) -> str:
        """The id of the one conversation that there is."""
        (kept,) = self.memory.kept.values()
        return kept.id
