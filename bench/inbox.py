"""How fast the inbox is: a database filled as after years of work, and the questions that HR's pages ask of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from statistics import quantiles
from typing import Any, Final
from uuid import UUID

import click
from sqlalchemy import Table, insert

from delivery.messages import Reply
from hr_inbox.cases import Search, Viewer
from hr_inbox.task import HrTask, TaskKind
from people.accounts import Role
from storage.conversation_rows import BODY, SENDER, sender_index
from storage.counters import next_of
from storage.encryption import KEY_BYTES, PERSON, Box
from storage.opening import Storage
from storage.tables import (
    answers,
    conversations,
    counters,
    employees,
    holdings,
    messages,
    outbox,
    person_keys,
    tasks,
)
from storage.tasks import BODY as TASK_BODY
from storage.tasks import CHANGES, NUMBERS, list_columns, task_number

NOW: Final = datetime(2026, 10, 15, 4, tzinfo=UTC)
#: Two years: how long closed tasks are kept.
SPAN: Final = timedelta(days=730)
#: One task a conversation; of a hundred, so many are not done.
WAITING, TAKEN, SNOOZED = 2.0, 0.7, 0.3
KINDS: Final[Mapping[TaskKind, float]] = {
    "question": 45,
    "talk_to_hr": 25,
    "open_figure": 10,
    "income_change": 7,
    "dibao_status_change": 5,
    "refusal": 4,
    "complaint": 3,
    "urgent_injury": 1,
}
REGIONS: Final = (
    "320500",
    "310000",
    "440300",
    "110000",
    "330100",
    "340100",
    "420100",
    "510100",
    "610100",
    "370200",
)
TOPICS: Final = (
    "duty",
    "contributions",
    "dibao_impact",
    "arrears",
    "medical",
    "pension",
    "injury",
    "fund",
    "notice",
)
SENTENCES: Final = (
    "交社保会不会影响我家的低保，村里说交了就没了。",
    "我工资三千五扣之前，老家在阜阳，厂在苏州。",
    "哪个月开始交，从工资里扣多少？",
    "十一月开始交，你的那份是五百二十四块九毛六。",
    "好的，谢谢。",
)
#: The bubble after which HR has the conversation.
HANDED_OVER: Final = 10
ROWS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Filled:
    """What was filled in: the accounts of HR, and the employees whose cases there are."""

    agent: Viewer
    everything: Viewer
    employees: tuple[str, ...]
    numbers: tuple[str, ...]


def fill(storage: Storage, people: int, messages_each: int, seed: int = 20261015) -> Filled:
    """Fills an empty storage: so many conversations of so many messages, each handed over once."""
    chance = random.Random(seed)
    agent = _account(storage, "赵静", "agent")
    everything = _account(storage, "李娜", "agent", "dibao_officer", "admin")
    staff = [agent, everything, *(_account(storage, f"同事{i}", "agent") for i in range(10))]
    roster = [str(UUID(int=chance.getrandbits(128))) for _ in range(max(1, people // 5))]
    _insert(storage, employees, (_employee(each, chance) for each in roster))
    ids = [str(UUID(int=chance.getrandbits(128))) for _ in range(people)]
    begun = sorted(NOW - SPAN * chance.random() for _ in range(people))
    keys = {id: chance.randbytes(KEY_BYTES) for id in ids}
    boxes = {id: Box(PERSON, key) for id, key in keys.items()}
    _insert(
        storage,
        conversations,
        (_conversation(storage, id, boxes[id], at, messages_each) for id, at in zip(ids, begun, strict=True)),
    )
    _insert(storage, person_keys, (_key(storage, id, keys[id]) for id in ids))
    said = ((id, seq, at) for id, at in zip(ids, begun, strict=True) for seq in range(1, messages_each + 1))
    _insert(storage, messages, (_message(boxes[id], id, seq, at, chance) for id, seq, at in said))
    recent = [id for id, at in zip(ids, begun, strict=True) if at > NOW - timedelta(days=30)]
    _insert(
        storage, outbox, (_sent(id, seq, chance) for id in recent for seq in range(2, messages_each + 1, 2))
    )
    _insert(
        storage,
        tasks,
        (
            _task(storage, number, id, at, roster, staff, chance)
            for number, (id, at) in enumerate(zip(ids, begun, strict=True), 1)
        ),
    )
    _insert(
        storage,
        holdings,
        ({"conversation": id, "version": 3, "task": number} for number, id in enumerate(ids, 1)),
    )
    _insert(storage, answers, (_answer(id, messages_each, agent, chance) for id in ids))
    _count(storage, people)
    return Filled(agent, everything, tuple(roster), tuple(task_number(each) for each in range(1, people + 1)))


def questions(filled: Filled, chance: random.Random) -> Iterator[tuple[str, Viewer, Search, int]]:
    """What HR looks for, without end: the name, who looks, what for, and which page."""
    lists: list[tuple[str, Search]] = [
        ("list: waiting", Search(box="waiting")),
        ("list: mine", Search(box="mine")),
        ("list: taken", Search(box="taken")),
        ("list: snoozed", Search(box="snoozed")),
        ("list: done", Search(box="done")),
    ]
    while True:
        region, topic = chance.choice(REGIONS), chance.choice(TOPICS)
        day = NOW.date() - timedelta(days=chance.randrange(SPAN.days))
        end = day + timedelta(days=7)
        kind = chance.choice(list(KINDS))
        searches: list[tuple[str, Search]] = [
            ("search: employee", Search(employees=(chance.choice(filled.employees),))),
            ("search: nobody", Search(employees=(str(UUID(int=chance.getrandbits(128))),))),
            ("search: kind", Search(kind=kind)),
            ("search: complaint", Search(kind="complaint")),
            ("search: kind, done", Search(kind=kind, box="done")),
            ("search: region", Search(region=region)),
            ("search: topic", Search(topic=topic)),
            ("search: week", Search(opened_from=day, opened_until=end)),
            (
                "search: region, topic, week",
                Search(region=region, topic=topic, opened_from=day, opened_until=end),
            ),
            ("search: kind, region, waiting", Search(kind=kind, region=region, box="waiting")),
            ("search: kind, topic, none there", Search(kind="refusal", topic="none", region=region)),
            ("search: region, none there", Search(region="659012", opened_from=date(2024, 1, 1))),
        ]
        for name, search in (*lists, *searches):
            viewer = chance.choice((filled.agent, filled.everything))
            yield name, viewer, search, chance.choice((0, 0, 1, 3))


def measure(storage: Storage, filled: Filled, count: int, seed: int = 4711) -> dict[str, list[float]]:
    """Milliseconds of each question by name, `count` of them, beside counts, changes and transcripts."""
    spent: dict[str, list[float]] = {}
    chance = random.Random(seed)
    for name, viewer, search, page in islice(questions(filled, chance), count):
        after = ""
        for _ in range(page):
            after = storage.cases.find(search, viewer, after).after
        _time(spent, name, lambda: storage.cases.find(search, viewer, after))  # noqa: B023
        number, last = chance.choice(filled.numbers), len(filled.numbers) - chance.randrange(100)
        _time(spent, "counts", lambda: storage.cases.counts(viewer))  # noqa: B023
        _time(spent, "changes", lambda: storage.cases.changed(viewer, last))  # noqa: B023
        _time(spent, "transcript", lambda: storage.cases.transcript(number, viewer))  # noqa: B023
    return spent


def show(name: str, spent: Mapping[str, Sequence[float]]) -> None:
    """Prints the median and the 95th of a hundred for each question, and for all lists and searches."""
    found = [each for key, values in spent.items() if key.startswith(("list", "search")) for each in values]
    for key, values in sorted((dict(spent) | {"lists and searches (goal p95 50 ms)": found}).items()):
        cuts = quantiles(values, n=20)
        click.echo(f"{name:<12}{key:<38}{len(values):>6}   p50 {cuts[9]:7.1f} ms   p95 {cuts[18]:7.1f} ms")


def _time(spent: dict[str, list[float]], name: str, work: Callable[[], object]) -> None:
    started = time.perf_counter()
    work()
    spent.setdefault(name, []).append((time.perf_counter() - started) * 1000)


def _account(storage: Storage, name: str, *roles: Role) -> Viewer:
    account = storage.accounts.add(f"{name}@example.test", name, frozenset(roles), state="active")
    return Viewer(account.id, name, account.may("dibao"), account.may("complaints"), account.may("inbox"))


def _employee(id: str, chance: random.Random) -> dict[str, Any]:
    return {
        "id": id, "number_index": chance.randbytes(16), "name_index": chance.randbytes(16), "key_id": 1,
        "body": chance.randbytes(256), "region": chance.choice(REGIONS), "state": "active", "insured": True,
        "changed_at": NOW,
    }  # fmt: skip


def _conversation(storage: Storage, id: str, box: Box, at: datetime, said: int) -> dict[str, Any]:
    sender = f"sender-{id}"
    return {
        "id": id, "channel": "wechat", "sender_index": sender_index(storage.keys, "wechat", sender),
        "sender": box.seal_json(f"{SENDER}:{id}", sender), "locale": "zh_Hans", "version": 4,
        "holder": "assistant", "taken_version": 3, "last_seq": said, "opened_at": at, "seen_at": at,
    }  # fmt: skip


def _key(storage: Storage, id: str, key: bytes) -> dict[str, Any]:
    key_id, wrapped = storage.keys.wrap(id, key)
    return {"conversation": id, "key_id": key_id, "wrapped": wrapped}


def _message(box: Box, id: str, seq: int, at: datetime, chance: random.Random) -> dict[str, Any]:
    bubble = Reply(SENTENCES[chance.randrange(len(SENTENCES))]).as_json()
    ours = "hr" if seq > HANDED_OVER else "assistant"
    return {
        "conversation": id, "seq": seq, "author": "employee" if seq % 2 else ours,
        "body": box.seal_json(f"{BODY}:{id}:{seq}", bubble), "made_for_version": 3 if seq > HANDED_OVER else 1,
        "at": at + timedelta(minutes=seq),
    }  # fmt: skip


def _sent(id: str, seq: int, chance: random.Random) -> dict[str, Any]:
    return {
        "id": str(UUID(int=chance.getrandbits(128))), "conversation": id, "message": seq, "channel": "wechat",
        "made_for_version": 3, "state": "sent", "attempts": 1, "due_at": NOW, "sent_at": NOW,
    }  # fmt: skip


def _answer(id: str, seq: int, viewer: Viewer, chance: random.Random) -> dict[str, Any]:
    return {
        "conversation": id, "seq": seq, "account": viewer.account, "key": f"{chance.getrandbits(64):016x}",
        "outbox": str(UUID(int=chance.getrandbits(128))),
    }  # fmt: skip


def _task(
    storage: Storage,
    number: int,
    conversation: str,
    at: datetime,
    roster: Sequence[str],
    staff: Sequence[Viewer],
    chance: random.Random,
) -> dict[str, Any]:
    (kind,) = chance.choices(list(KINDS), list(KINDS.values()))
    task = HrTask(
        kind,
        (chance.choice(SENTENCES),),
        chance.choice(REGIONS),
        topic=chance.choice(TOPICS),
        dibao=chance.random() < 0.05,
    )
    box = storage.keys.box(TASK_BODY)
    (state,) = chance.choices(
        ("waiting", "taken", "snoozed", "done"), (WAITING, TAKEN, SNOOZED, 100 - WAITING - TAKEN - SNOOZED)
    )
    return list_columns(storage.keys, task) | {
        "number": number,
        "conversation": conversation,
        "employee": chance.choice(roster) if chance.random() < 0.7 else None,
        "assignee": None if state == "waiting" else chance.choice(staff).account,
        "state": state,
        "due_at": at + timedelta(hours=8) if state != "done" and chance.random() < 0.7 else None,
        "snoozed_until": NOW + timedelta(days=chance.uniform(-1, 3)) if state == "snoozed" else None,
        "wrote_at": None,
        "answered_at": at + timedelta(hours=5) if state == "done" else None,
        "change": number,
        "key_id": box.key_id,
        "body": box.seal_json(f"{TASK_BODY}:{number}", asdict(task)),
        "opened_at": at,
        "closed_at": at + timedelta(hours=chance.uniform(1, 90)) if state == "done" else None,
    }


def _insert(storage: Storage, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    while batch := list(islice(rows, ROWS)):
        with storage.database.work() as connection:
            connection.execute(insert(table), batch)


def _count(storage: Storage, people: int) -> None:
    with storage.database.work() as connection:
        for name in (NUMBERS, CHANGES):
            next_of(connection, name)
            connection.execute(counters.update().where(counters.c.name == name).values(value=people))
        if (
            storage.database.dialect == "postgresql"
        ):  # which would do it by itself, but later; SQLite never does
            connection.exec_driver_sql("ANALYZE")
