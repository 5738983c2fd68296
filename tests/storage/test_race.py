"""Everything at once and in any order: employees write, the assistant answers, HR takes over, workers send and die.

A model of a few lines says what must come of each step; the storage must agree with it after every one.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from databases import Clock, Open
from sqlalchemy import select
from talking import colleague, together

from audit.events import Event
from bot.dialogue.rating import question
from bot.receiving import Kept, Said, receive
from delivery.inbox import work_off
from delivery.messages import IncomingMessage, Reply
from delivery.outbox import GRACE, LEASE, Leased, Outcome
from hr_inbox.cases import Collision, Viewer
from hr_inbox.service_clock import CHINA
from hr_inbox.task import HrTask
from storage import case_work
from storage.audit import append
from storage.keys import Keys
from storage.opening import Storage
from storage.tables import conversations, messages, outbox, tasks
from storage.tasks import task_number
from storage.turns import LAID_ASIDE

pytest_plugins = ["databases"]

only_postgresql = pytest.mark.parametrize("url", ["postgresql"], indirect=True)
CHANNEL = "wecom"
EMPLOYEES = ("阿丽", "老王", "老李")
TASK = HrTask("question", ("哪个月开始交",))
#: What the assistant asks once a case is closed. When it does is told elsewhere; that no person is interrupted, here.
RATING = question("T-000001", "zh_Hans").text


class Crash(Exception):
    """A process that ends in the middle of a transaction."""


@dataclass
class ModelCase:
    """A case as it must stand."""

    sender: str
    state: str = "waiting"
    assignee: str | None = None
    until: datetime | None = None


@dataclass
class Model:
    """What must be true. `taken` is the step at which HR last took a conversation, `made` that of an assistant's bubble."""

    cases: dict[str, ModelCase] = field(default_factory=dict)
    holder: dict[str, str | None] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)
    said: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: {each: [] for each in EMPLOYEES})

    def beside(self, case: ModelCase) -> list[ModelCase]:
        """The open cases of its conversation."""
        return [each for each in self.cases.values() if each.sender == case.sender and each.state != "done"]

    def wake(self, now: datetime) -> None:
        """Cases come back by time."""
        for case in self.cases.values():
            if case.state == "snoozed" and case.until is not None and case.until <= now:
                self.back(case)

    def back(self, case: ModelCase) -> None:
        """A case is not laid aside any more."""
        case.state, case.until = "waiting" if case.assignee is None else "taken", None

    def assign(self, case: ModelCase, me: str, colleague: str | None) -> None:
        """A case and what goes with it."""
        for each in self.beside(case):
            if each.state == "waiting":
                each.state, each.assignee = "taken", me
            elif each.assignee is not None and each.assignee == colleague:
                each.assignee = me
        case.state, case.assignee, case.until = "taken", me, None

    def settle(self, sender: str, step: int, taker: str | None = None) -> None:
        """Who speaks now."""
        have = [
            each.assignee
            for each in self.cases.values()
            if each.sender == sender and each.assignee is not None and each.state != "done"
        ]
        holder = next((each for each in (taker, self.holder.get(sender), *have) if each in have), None)
        if holder is not None and holder != self.holder.get(sender):
            self.taken[sender] = step
        self.holder[sender] = holder

    def act(self, act: str, case: ModelCase, me: str, step: int, until: datetime) -> str | None:
        """What an act of HR comes to. Raises `Collision` where it must."""
        if act == "reopen":
            if case.state != "done":
                raise Collision(case.assignee)
            case.state, case.assignee = "waiting", None
            return None
        if case.state == "done":
            raise Collision(None)
        speaker = self.holder.get(case.sender)
        if act == "take_over":
            self.assign(case, me, case.assignee or speaker)
        elif case.assignee not in (None, me):
            raise Collision(case.assignee)
        elif act == "take":
            if speaker not in (None, me):
                raise Collision(speaker)
            self.assign(case, me, None)
        elif act == "release":
            case.state, case.assignee, case.until = "waiting", None, None
        elif act == "snooze":
            case.state, case.until = "snoozed", until
        else:
            case.state, case.assignee, case.until = "done", me, None
        self.settle(case.sender, step, me if act in ("take", "take_over") else None)
        return None


class Race:
    """A storage and its model, driven step by step."""

    def __init__(self, storage: Storage, clock: Clock, seed: int) -> None:
        self.storage, self.clock = storage, clock
        self.chance = random.Random(seed)
        self.model = Model()
        self.hr = [colleague(storage, name) for name in ("赵静", "李娜", "王强")]
        self.step = 0
        self.keys: list[IncomingMessage] = []
        self.answers: dict[tuple[str, str, str], str] = {}
        self.last_key: dict[str, str] = {}
        self.under_way: list[Leased] = []
        self.reached: dict[str, list[str]] = {each: [] for each in EMPLOYEES}
        self.died_after_sending: set[str] = set()
        self.crashing = False

    def run(self, count: int) -> None:
        acts: dict[Callable[[], None], int] = {
            self.write: 24, self.repeat: 6, self.store: 6, self.hr_acts: 24, self.hr_says: 16,
            self.lease: 20, self.send: 18, self.die: 2, self.move: 4,
        }  # fmt: skip
        for self.step in range(1, count + 1):
            (act,) = self.chance.choices(list(acts), list(acts.values()))
            workers_sleep = self.step % 40 < 20  # so that messages are left lying while HR comes and goes
            if not workers_sleep or act not in (self.lease, self.send, self.move):
                act()
            self.model.wake(self.clock())
            self.check()
            if self.step % 50 == 0:
                self.check_words()
        self.drain()

    # Steps

    def write(self) -> None:
        """An employee writes; now and then a turn hands over, or the process ends in the middle of it."""
        sender, crash = self.chance.choice(EMPLOYEES), self.chance.random() < 0.1
        message = IncomingMessage(CHANNEL, sender, f"m{self.step}", f"e{self.step}")
        hands_over = self.chance.random() < 0.3
        try:
            received = receive(message, self.storage.conversations, self.turn(hands_over, crash))
        except Crash:
            return
        self.keys.append(message)
        self.heard(message, [reply.text for reply in received.replies], received.tasks)

    def repeat(self) -> None:
        """A platform delivers a message again."""
        if self.keys:
            message = self.chance.choice(self.keys)
            received = receive(message, self.storage.conversations, self.turn(True, False))
            assert received.repeated and received.tasks == ()

    def store(self) -> None:
        """A message is stored first and answered by a worker, delivered twice."""
        sender = self.chance.choice(EMPLOYEES)
        message = IncomingMessage(CHANNEL, sender, f"m{self.step}", f"e{self.step}")
        assert self.storage.inbox.store(message) is not None
        assert self.storage.inbox.store(message) is None
        turn = self.turn(False, False)
        replies: list[str] = []

        def answer(event: IncomingMessage) -> None:
            received = receive(event, self.storage.conversations, turn)
            replies.extend(reply.text for reply in received.replies)

        assert work_off(self.storage.inbox, answer, self.clock) == 1
        self.keys.append(message)
        self.heard(message, replies, ())

    def hr_acts(self) -> None:
        """Somebody of HR does something with a case; now and then the process ends before it is kept."""
        if not self.model.cases:
            return
        act = self.chance.choice(("take", "take", "take_over", "release", "finish", "snooze", "reopen"))
        number, viewer = self.someone()
        until = self.clock() + timedelta(minutes=self.chance.choice((1, 30, 600)))
        more: tuple[Any, ...] = {"take_over": ("下班了",), "snooze": (until,)}.get(act, ())
        self.crashing = self.chance.random() < 0.05
        try:
            getattr(self.storage.cases, act)(number, viewer, *more)
            got: object = None
        except Crash:
            return
        except Collision as collision:
            got = ("collision", collision.holder)
        finally:
            self.crashing = False
        try:
            self.model.act(act, self.model.cases[number], viewer.account, self.step, until)
            expected: object = None
        except Collision as collision:
            expected = ("collision", collision.holder)
        assert got == expected, f"step {self.step}: {act} {number}: {got}, not {expected}"

    def someone(self) -> tuple[str, Viewer]:
        """A case and somebody of HR, more often than not who has it."""
        number = self.chance.choice(list(self.model.cases)[-12:])
        owner = self.model.cases[number].assignee
        viewer = self.chance.choice(self.hr)
        if self.chance.random() < 0.6:
            viewer = next((each for each in self.hr if each.account == owner), viewer)
        return number, viewer

    def hr_says(self) -> None:
        """Somebody of HR answers; with a key that was used before nothing is sent again."""
        if not self.model.cases:
            return
        number, viewer = self.someone()
        case = self.model.cases[number]
        key = self.chance.choice((f"k{self.step}", f"k{self.step}", self.last_key.get(case.sender, "k0")))
        once = (case.sender, viewer.account, key)
        self.crashing = self.chance.random() < 0.1
        try:
            queued = self.storage.cases.say(number, viewer, f"h{self.step}", key, 1_000_000)
        except Crash:
            return
        except Collision:
            assert once not in self.answers
            assert (
                case.assignee != viewer.account
                or self.model.holder[case.sender] != viewer.account
                or case.state == "done"
            )
            return
        finally:
            self.crashing = False
        if once in self.answers:
            assert queued == self.answers[once]
            return
        assert case.assignee == self.model.holder[case.sender] == viewer.account and case.state != "done"
        self.answers[once] = queued
        self.last_key[case.sender] = key
        self.model.said[case.sender].append(("hr", f"h{self.step}"))

    def lease(self) -> None:
        """A worker leases a row: never one of the assistant's from before a take-over."""
        leased = self.storage.outbox.lease([CHANNEL], self.clock(), self.clock() + LEASE, None)
        if leased is None:
            return
        made = self.model.made.get(leased.bubbles[0].reply.text)
        if made is not None or leased.bubbles[0].reply.text == RATING:
            assert self.model.holder.get(leased.recipient) is None, (
                "the assistant speaks while a person holds it"
            )
        if made is not None:
            assert made > self.model.taken.get(leased.recipient, 0), "made before the take-over"
        self.under_way.append(leased)

    def send(self) -> None:
        """A worker sends what it leased."""
        if self.under_way:
            leased = self.under_way.pop(0)
            outcome = self.chance.choices(
                (Outcome("sent"), Outcome("queued", "busy", self.clock()), Outcome("failed", "blocked")),
                (90, 7, 3),
            )[0]
            if outcome.state == "sent":
                self.reached[leased.recipient].append(leased.bubbles[0].reply.text)
            self.storage.outbox.settle(leased, outcome, self.clock())

    def die(self) -> None:
        """A worker dies with what it leased, before or after it was sent; the lease runs out."""
        if self.under_way:
            leased = self.under_way.pop(0)
            if self.chance.random() < 0.5:
                self.reached[leased.recipient].append(leased.bubbles[0].reply.text)
                self.died_after_sending.add(leased.bubbles[0].reply.text)

    def move(self) -> None:
        """Time goes on; every lease has run out, so the workers that are left have settled theirs before."""
        while self.under_way:
            self.send()
        self.clock.move(minutes=self.chance.choice((1, 5, 60)))
        self.storage.outbox.requeue(self.clock() - GRACE, ())

    # What must be true

    def check(self) -> None:
        """Cases and conversations stand as the model says."""
        now = self.clock()
        standing = select(
            tasks.c.number, tasks.c.conversation, tasks.c.state, tasks.c.assignee, tasks.c.snoozed_until
        )
        with self.storage.database.read() as connection:
            rows = connection.execute(standing).all()
            held = {
                row.id: row.held_by
                for row in connection.execute(select(conversations.c.id, conversations.c.held_by))
            }
        assert len(rows) == len(self.model.cases)
        for row in rows:
            case = self.model.cases[task_number(row.number)]
            asleep = row.state == "snoozed" and row.snoozed_until > now
            state = (
                row.state if row.state != "snoozed" or asleep else ("taken" if row.assignee else "waiting")
            )
            assert (state, row.assignee) == (case.state, case.assignee), f"step {self.step}: {row.number}"
            assert held[row.conversation] == self.model.holder.get(case.sender), f"step {self.step}"

    def check_words(self) -> None:
        """Every message is stored once, in order."""
        for sender in EMPLOYEES:
            assert words_of(self.storage, sender) == self.model.said[sender]

    def drain(self) -> None:
        """All work is done: each answer of HR arrived once or failed visibly, in order; nothing came twice."""
        while self.under_way:
            self.send()
        self.clock.move(minutes=60)  # the leases of the workers that died last run out too
        while self.move_on():
            pass
        self.check_words()
        with self.storage.database.read() as connection:
            found = connection.execute(select(outbox.c.id, outbox.c.state, outbox.c.last_error)).all()
        ends = {row.id: (row.state, row.last_error) for row in found}
        assert {state for state, _ in ends.values()} <= {"sent", "failed", "dropped"}
        assert all(ends[id][0] in ("sent", "failed") for id in self.answers.values())
        for sender in EMPLOYEES:
            texts = [text for text in self.reached[sender] if text != RATING]
            twice = {text for text, count in Counter(texts).items() if count > 1}
            assert twice <= self.died_after_sending
            order = {text: place for place, (_, text) in enumerate(self.model.said[sender])}
            places = [order[text] for text in texts]
            assert places == sorted(places)

    def move_on(self) -> int:
        self.move()
        count = 0
        while True:
            self.lease()
            if not self.under_way:
                return count
            self.send()
            count += 1

    # Talk

    def turn(self, hands_over: bool, crash: bool) -> Callable[[Kept, IncomingMessage], Said]:
        def answer(kept: Kept, message: IncomingMessage) -> Said:
            if crash:
                raise Crash
            return Said({}, (Reply(f"a{message.key}"),), (TASK,) if hands_over else ())

        return answer

    def heard(self, message: IncomingMessage, replies: list[str], numbers: tuple[str, ...]) -> None:
        sender = message.sender
        self.model.said[sender].append(("employee", message.text))
        assert bool(replies) == (self.model.holder.get(sender) is None), "who answers"
        for text in replies:
            self.model.said[sender].append(("assistant", text))
            self.model.made[text] = self.step
        self.model.wake(self.clock())
        holder = self.model.holder.get(sender)
        theirs = [
            each
            for each in self.model.cases.values()
            if each.sender == sender and each.assignee == holder and each.state != "done"
        ]
        if holder is not None and all(each.state == "snoozed" for each in theirs):
            until = min(each.until for each in theirs if each.until is not None)
            told = LAID_ASIDE.format(day=until.astimezone(CHINA).date().isoformat())
            self.model.said[sender].append(("hr", told))
        for case in self.model.cases.values():
            if case.sender == sender and case.state == "snoozed":
                self.model.back(case)
        for number in numbers:
            self.model.cases[number] = ModelCase(sender)


def race(storage: Storage, clock: Clock, monkeypatch: pytest.MonkeyPatch, seed: int, count: int) -> None:
    it = Race(storage, clock, seed)

    def log(connection: Any, event: Event, now: datetime, keys: Keys) -> int:
        if it.crashing:
            raise Crash
        return append(connection, event, now, keys)

    monkeypatch.setattr(case_work, "append", log)
    it.run(count)


@pytest.mark.parametrize("seed", [4711, 20261015])
def test_nothing_is_lost_or_said_twice_in_any_order(
    storage: Storage, clock: Clock, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    race(storage, clock, monkeypatch, seed, 400)


@pytest.mark.soak
def test_ten_thousand_steps_in_any_order(
    storage: Storage, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    race(storage, clock, monkeypatch, 815, 10_000)


# -- At the same time ------------------------------------------------------------------------------------------------


class Crowd:
    """Threads that do everything at once. `taken` is the version of each conversation's last take-over that is over."""

    def __init__(self, storages: list[Storage], hr: list[Viewer]) -> None:
        self.storages, self.hr = storages, hr
        self.lock = threading.Lock()
        self.taken: dict[str, int] = {}
        self.sent: list[tuple[str, str]] = []
        self.wrote: list[tuple[str, str]] = []
        self.queued: dict[tuple[str, str], set[str]] = {}

    def work(self, thread: int, count: int) -> None:
        storage, chance = self.storages[thread % len(self.storages)], random.Random(thread)
        acts = (
            self.write,
            self.write,
            self.take,
            self.let_go,
            self.answer,
            self.answer,
            self.deliver,
            self.deliver,
        )
        for step in range(count):
            chance.choice(acts)(storage, chance, f"{thread}-{step}")

    def write(self, storage: Storage, chance: random.Random, name: str) -> None:
        """A message, delivered twice, by now and then two threads."""
        sender = chance.choice(EMPLOYEES)
        message = IncomingMessage(CHANNEL, sender, name, f"e{name}")
        task = (TASK,) if chance.random() < 0.3 else ()
        for _ in range(2):
            receive(
                message,
                storage.conversations,
                lambda kept, message: Said({}, (Reply(f"a{message.key}"),), task),
            )
        with self.lock:
            self.wrote.append((sender, message.text))

    def take(self, storage: Storage, chance: random.Random, name: str) -> None:
        found = self.somewhere(storage, chance)
        if found is None:
            return
        number, viewer = found
        try:
            if chance.random() < 0.3:
                storage.cases.take_over(number, viewer, "下班了")
            else:
                storage.cases.take(number, viewer)
        except Collision:
            return
        with storage.database.read() as connection:
            taken = connection.execute(select(conversations.c.id, conversations.c.taken_version)).all()
        with self.lock:
            for conversation, version in taken:
                self.taken[conversation] = max(version, self.taken.get(conversation, 0))

    def let_go(self, storage: Storage, chance: random.Random, name: str) -> None:
        found = self.somewhere(storage, chance)
        if found is not None:
            number, viewer = found
            try:
                self.put_down(storage, chance)(number, viewer)
            except Collision:
                return

    def put_down(self, storage: Storage, chance: random.Random) -> Callable[[str, Viewer], None]:
        until = storage.now() + timedelta(hours=1)
        acts: tuple[Callable[[str, Viewer], None], ...] = (
            storage.cases.release,
            storage.cases.finish,
            lambda number, viewer: storage.cases.snooze(number, viewer, until),
            lambda number, viewer: storage.cases.note(number, viewer, "看过"),
        )
        return chance.choice(acts)

    def answer(self, storage: Storage, chance: random.Random, name: str) -> None:
        """An answer, sent twice with one key."""
        found = self.somewhere(storage, chance)
        if found is None:
            return
        number, viewer = found
        for _ in range(2):
            try:
                queued = storage.cases.say(number, viewer, f"h{name}", name, 1_000_000)
            except Collision:
                continue
            with self.lock:
                self.queued.setdefault((viewer.account, name), set()).add(queued)

    def deliver(self, storage: Storage, chance: random.Random, name: str) -> bool:
        """What is leased was made after every take-over that was over before; whether there was anything."""
        with self.lock:
            taken = dict(self.taken)
        leased = storage.outbox.lease([CHANNEL], storage.now(), storage.now() + LEASE, None)
        if leased is None:
            return False
        query = (
            select(outbox.c.conversation, outbox.c.made_for_version, messages.c.author)
            .join(
                messages,
                (messages.c.conversation == outbox.c.conversation) & (messages.c.seq == outbox.c.message),
            )
            .where(outbox.c.id == leased.ids[0])
        )
        with storage.database.read() as connection:
            row = connection.execute(query).one()
        assert row.author == "hr" or row.made_for_version >= taken.get(row.conversation, 0)
        if leased.bubbles[0].reply.text != RATING:
            with self.lock:
                self.sent.append((leased.recipient, leased.bubbles[0].reply.text))
        storage.outbox.settle(leased, Outcome("sent"), storage.now())
        return True

    def somewhere(self, storage: Storage, chance: random.Random) -> tuple[str, Viewer] | None:
        with storage.database.read() as connection:
            numbers = (
                connection.execute(select(tasks.c.number).where(tasks.c.state != "done")).scalars().all()
            )
        return (task_number(chance.choice(numbers)), chance.choice(self.hr)) if numbers else None


def crowd(url: str, open_one: Open, threads: int, count: int) -> None:
    storages = [open_one(url), open_one(url)]  # they share neither locks nor connections, as two processes do
    storage = storages[0]
    it = Crowd(storages, [colleague(storage, name) for name in ("赵静", "李娜", "王强")])
    together([lambda thread=thread: it.work(thread, count) for thread in range(threads)])  # type: ignore[misc]
    while it.deliver(storage, random.Random(0), ""):
        pass
    assert all(len(ids) == 1 for ids in it.queued.values())
    said = {sender: words_of(storage, sender) for sender in EMPLOYEES}
    stored = [(sender, text) for sender in EMPLOYEES for author, text in said[sender] if author == "employee"]
    assert sorted(stored) == sorted(it.wrote)
    automatic = LAID_ASIDE.partition("{")[0]
    answered = [
        text
        for sender in EMPLOYEES
        for author, text in said[sender]
        if author == "hr" and not text.startswith(automatic)
    ]
    assert len(answered) == len(set(answered)) == len(it.queued)
    assert set(answered) <= {text for _, text in it.sent}
    assert len(it.sent) == len(set(it.sent))


def words_of(storage: Storage, sender: str) -> list[tuple[str, str]]:
    """Everything that was said with somebody, in order, by author and text."""
    found = storage.conversations.find(CHANNEL, sender)
    history = () if found is None else storage.conversations.history(found.id, limit=100_000)
    said = [(entry.author, entry.bubble.text) for entry in history]
    return [each for each in said if each != ("assistant", RATING)]


@only_postgresql
def test_threads_lose_nothing_and_hear_nothing_after_a_take_over(url: str, open_one: Open) -> None:
    crowd(url, open_one, 8, 60)


@pytest.mark.soak
@only_postgresql
def test_many_threads_for_long(url: str, open_one: Open) -> None:
    crowd(url, open_one, 8, 600)
