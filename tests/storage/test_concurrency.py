"""Many at once: one turn for one key, conversations beside each other, first messages that race."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
from databases import Open
from sqlalchemy import func, select, update
from talking import Post, give_back, kept, message, say, take_over, together, transcript

from bot.receiving import Kept, Received, Said, receive
from delivery.inbox import work_off
from delivery.messages import IncomingMessage, Reply
from delivery.outbox import Leased, deliver_due
from storage.opening import Storage
from storage.retention import keep_to_terms
from storage.tables import conversations, inbox, outbox, person_keys

pytest_plugins = ["databases"]

#: SQLite has one writer, so there it is one after the other.
only_postgresql = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


def test_the_same_key_from_eight_threads_is_one_turn(storage: Storage) -> None:
    turns: list[str] = []

    def slow(kept: Kept, message: IncomingMessage) -> Said:
        turns.append(message.key)
        time.sleep(0.05)
        return Said({}, (Reply("一"), Reply("二")))

    received = together([lambda: receive(message(), storage.conversations, slow)] * 8)
    assert turns == ["m1"]
    assert sorted(each.repeated for each in received) == [False] + [True] * 7
    assert {each.replies for each in received} == {(Reply("一"), Reply("二"))}
    assert len(transcript(storage)) == 3


def test_the_same_key_over_two_processes_is_one_turn(url: str, open_one: Open) -> None:
    """Two storages share neither locks nor connections, as two processes do."""
    first, second = open_one(url), open_one(url)
    turns: list[str] = []

    def slow(kept: Kept, message: IncomingMessage) -> Said:
        turns.append(message.key)
        time.sleep(0.05)
        return Said({}, (Reply("一"),))

    received = together(
        [lambda works=each.conversations: receive(message(), works, slow) for each in (first, second) * 3]
    )
    assert turns == ["m1"]
    assert {each.replies for each in received} == {(Reply("一"),)}


def test_a_second_claim_waits_and_runs_the_turn_where_the_first_failed(storage: Storage) -> None:
    def run(fails: bool) -> Received | None:
        def turn(kept: Kept, message: IncomingMessage) -> Said:
            time.sleep(0.05)
            if fails:
                raise RuntimeError
            return Said({}, (Reply("一"),))

        try:
            return receive(message(), storage.conversations, turn)
        except RuntimeError:
            return None

    received = together([lambda: run(True), lambda: run(False)])
    assert Received((Reply("一"),)) in received
    assert len(transcript(storage)) == 2


def test_first_messages_of_one_sender_open_one_conversation(storage: Storage) -> None:
    together([lambda key=f"m{i}": say(storage, message(key), "好") for i in range(8)])
    with storage.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(conversations)).scalar_one() == 1
        assert connection.execute(select(func.count()).select_from(person_keys)).scalar_one() == 1
    assert [seq for seq, _, _ in transcript(storage)] == list(range(1, 17))
    assert kept(storage).version == 8


def test_a_conversation_is_one_turn_at_a_time(storage: Storage) -> None:
    def count(kept: Kept, message: IncomingMessage) -> Said:
        state = kept.state or {"count": 0}
        time.sleep(0.002)
        return Said({"count": state["count"] + 1}, (Reply("好"),))

    def talk(thread: int) -> None:
        for i in range(5):
            receive(message(f"{thread}-{i}"), storage.conversations, count)

    together([lambda thread=i: talk(thread) for i in range(6)])
    assert kept(storage).state == {"count": 30}
    spoken = [author for _, author, _ in transcript(storage)]
    assert spoken == ["employee", "assistant"] * 30


@only_postgresql
def test_conversations_do_not_wait_for_each_other(storage: Storage) -> None:
    gate = threading.Barrier(2, timeout=10)

    def meets(kept: Kept, message: IncomingMessage) -> Said:
        gate.wait()  # both turns are inside their transactions
        return Said({}, (Reply(message.sender),))

    together(
        [
            lambda sender=each: receive(message(sender, sender=sender), storage.conversations, meets)
            for each in ("阿丽", "老王")
        ]
    )
    assert transcript(storage, "老王")[1] == (2, "assistant", "老王")


def test_many_conversations_at_once_lose_nothing(storage: Storage) -> None:
    def talk(sender: str) -> None:
        for i in range(10):
            say(storage, message(f"{sender}{i}", sender=sender), f"答{i}")

    together([lambda sender=f"s{i}": talk(sender) for i in range(8)])
    for i in range(8):
        assert [text for _, author, text in transcript(storage, f"s{i}") if author == "assistant"] == [
            f"答{k}" for k in range(10)
        ]
    with storage.database.read() as connection:
        done = select(func.count()).select_from(inbox).where(inbox.c.state == "done")
        assert connection.execute(done).scalar_one() == 80


@only_postgresql
def test_an_event_is_stored_while_a_turn_is_running(storage: Storage) -> None:
    stored: list[str | None] = []

    def slow(kept: Kept, incoming: IncomingMessage) -> Said:
        stored.append(storage.inbox.store(message("m2", sender="阿丽")))
        return Said({}, ())

    say(storage, message("m0"))
    receive(message("m1"), storage.conversations, slow)
    assert stored[0] is not None


def test_everything_at_once_waits_in_no_circle(storage: Storage) -> None:
    """Turns, erasures, events, take-overs, sending and the nightly job on three people, in eight threads."""

    def turn(kept: Kept, message: IncomingMessage) -> Said:
        return Said({}, (Reply("一"), Reply("二")), erase=message.key.endswith("7"))

    def answer_stored(incoming: IncomingMessage) -> None:
        work_off(storage.inbox, lambda event: receive(event, storage.conversations, turn), storage.now)

    def hand_over(incoming: IncomingMessage) -> None:
        found = storage.conversations.find(incoming.channel, incoming.sender)
        if found is not None and not take_over(storage, found.id):
            give_back(storage, found.id)

    acts: tuple[Callable[[IncomingMessage], object], ...] = (
        lambda incoming: receive(incoming, storage.conversations, turn),
        lambda incoming: storage.inbox.store(incoming),
        answer_stored,
        hand_over,
        lambda incoming: deliver_due(storage.outbox, {"wechat": Post()}, storage.now),
    )

    def work(thread: int) -> None:
        for step in range(30):
            # Threads share keys, so that one event is stored, claimed and erased by several at once.
            sender = f"s{(thread + step) % 3}"
            acts[step % len(acts)](message(f"{thread % 4}-{step}", sender=sender, channel="wechat"))
        keep_to_terms(storage.database, storage.now())

    together([lambda thread=i: work(thread) for i in range(8)])
    answer_stored(message())
    for sender in ("s0", "s1", "s2"):
        numbers = [seq for seq, _, _ in transcript(storage, sender, "wechat")]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


@only_postgresql
def test_an_event_that_is_claimed_while_its_sender_is_erased_waits(storage: Storage) -> None:
    say(storage, message("m1"))
    storage.inbox.store(message("m2"))
    with ThreadPoolExecutor(1) as pool:
        with storage.conversations.begin() as work:
            wish = message("erase")
            work.claim(wish)
            found = work.conversation(wish)
            claiming = pool.submit(say, storage, message("m2"), "听到了")
            time.sleep(0.2)  # by now it waits for the conversation, and must not hold its event meanwhile
            work.keep(found, wish, Said({}, (Reply("都删了"),), erase=True))
        assert claiming.result().replies == (Reply("听到了"),)
    assert [text for _, author, text in transcript(storage) if author == "assistant"] == ["都删了", "听到了"]


@only_postgresql
def test_a_row_that_was_leased_while_another_worker_looked_is_not_leased_again(storage: Storage) -> None:
    say(storage, message("m1"), "一")
    (row,) = outbox_ids(storage)

    def look() -> Leased | None:
        return storage.outbox.lease(["web"], storage.now(), storage.now(), row)

    with ThreadPoolExecutor(1) as pool:
        with storage.database.work() as connection:
            connection.execute(select(conversations.c.id).with_for_update())
            looking = pool.submit(look)
            time.sleep(0.2)  # by now it has seen the row as queued, and waits for the conversation
            connection.execute(update(outbox).values(state="leased", token=str(uuid4())))
        assert looking.result() is None


def outbox_ids(storage: Storage) -> list[str]:
    with storage.database.read() as connection:
        return list(connection.execute(select(outbox.c.id)).scalars())


IN_THE_MIDDLE = """
import sys, time
from pathlib import Path
from bot.receiving import receive
from delivery.messages import IncomingMessage
from storage.opening import open_storage

def turn(kept, message):
    print("in the middle", flush=True)
    time.sleep(60)

folder = Path(sys.argv[2])
storage = open_storage(sys.argv[1], folder / "keys", folder / "erasures.log")
receive(IncomingMessage("web", "阿丽", "m1", "你好"), storage.conversations, turn)
"""


def test_a_process_that_is_killed_in_the_middle_of_a_turn_leaves_nothing(
    url: str, open_one: Open, tmp_path: Path
) -> None:
    storage = open_one(url)
    with subprocess.Popen(
        [sys.executable, "-c", IN_THE_MIDDLE, url, str(tmp_path)], stdout=subprocess.PIPE
    ) as killed:
        assert killed.stdout is not None and killed.stdout.readline() == b"in the middle\n"
        killed.kill()
    assert say(storage, message("m1", "你好"), "好") == Received((Reply("好"),))
    assert transcript(storage) == [(1, "employee", "你好"), (2, "assistant", "好")]
