"""A turn is kept whole or not at all; what was kept is read back as it was said."""

from __future__ import annotations

import pytest
from databases import Clock
from talking import (
    REPLY,
    SECRET,
    TASK,
    give_back,
    kept,
    message,
    say,
    speak,
    stored_tasks,
    take_over,
    transcript,
)

from bot.receiving import Kept, Received, Said, receive
from delivery.messages import IncomingMessage, Reply
from storage.errors import StorageError
from storage.opening import Storage

pytest_plugins = ["databases"]


def test_a_new_sender_gets_a_conversation_without_a_state(storage: Storage) -> None:
    seen: list[Kept] = []

    def turn(kept: Kept, message: IncomingMessage) -> Said:
        seen.append(kept)
        return Said({"asked": "size"}, (REPLY,))

    received = receive(message(locale="en"), storage.conversations, turn)
    assert received == Received((REPLY,))
    (first,) = seen
    assert (first.version, first.holder, first.locale, first.state, first.seen_at) == (
        0,
        "assistant",
        "en",
        None,
        None,
    )


def test_what_is_kept_comes_back(storage: Storage, clock: Clock) -> None:
    state = {"wage": 350_000, "asked": "other_income", "stack": ["dibao_impact"], "名字": None}
    say(storage, message("m1"), "一", state=state)
    found = kept(storage)
    assert found == Kept(found.id, 1, "assistant", "zh_Hans", state, clock.time)
    clock.move(minutes=5)
    say(storage, message("m2", locale="zh_Hant"), "二", state={"wage": 0})
    assert kept(storage) == Kept(found.id, 2, "assistant", "zh_Hant", {"wage": 0}, clock.time)


def test_the_transcript_has_both_sides_in_order(storage: Storage, clock: Clock) -> None:
    receive(
        message("m1", "你好"),
        storage.conversations,
        lambda kept, message: Said({}, (REPLY, Reply("几个人？"))),
    )
    say(storage, message("m2", "四口"), "知道了")
    assert transcript(storage) == [
        (1, "employee", "你好"),
        (2, "assistant", REPLY.text),
        (3, "assistant", "几个人？"),
        (4, "employee", "四口"),
        (5, "assistant", "知道了"),
    ]
    conversation = kept(storage).id
    (second,) = storage.conversations.history(conversation, after_seq=1, limit=1)
    assert (second.seq, second.bubble, second.at) == (2, REPLY, clock.time)
    assert storage.conversations.history(conversation, after_seq=5) == ()


def test_a_repeated_message_gets_its_own_replies_and_no_second_turn(storage: Storage) -> None:
    say(storage, message("m1"), "一", "二")
    say(storage, message("m2"), "三")
    again = say(storage, message("m1"), "不再答一遍")
    assert again == Received((Reply("一"), Reply("二")), repeated=True)
    assert len(transcript(storage)) == 5


def test_the_same_key_on_another_channel_is_another_message(storage: Storage) -> None:
    say(storage, message("1", sender="u1", channel="wechat"), "微信")
    assert not say(storage, message("1", sender="u1", channel="wecom"), "企业微信").repeated


def test_the_same_key_of_another_sender_is_another_message(storage: Storage) -> None:
    say(storage, message("1"), "给阿丽的")
    assert say(storage, message("1", sender="老王"), "给老王的") == Received((Reply("给老王的"),))


def test_half_an_emoji_is_kept_as_it_came(storage: Storage) -> None:
    say(storage, message("\ud83d", "在吗\ud83d"), "在")
    assert say(storage, message("\ud83d"), "不再答一遍").repeated
    assert transcript(storage)[0] == (1, "employee", "在吗\ud83d")


def test_senders_and_channels_are_kept_apart(storage: Storage) -> None:
    for sender, channel in (("阿丽", "web"), ("阿丽", "wecom"), ("老王", "web")):
        say(storage, message(f"{sender}{channel}", sender=sender, channel=channel), sender + channel)
    assert transcript(storage, "老王")[1] == (2, "assistant", "老王web")
    assert transcript(storage, "阿丽", "wecom")[1] == (2, "assistant", "阿丽wecom")
    assert storage.conversations.find("web", "没来过的人") is None


def test_a_turn_that_raises_leaves_nothing_and_can_be_run_again(storage: Storage) -> None:
    def fails(kept: Kept, message: IncomingMessage) -> Said:
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        receive(message(), storage.conversations, fails)
    assert storage.conversations.find("web", "阿丽") is None
    assert say(storage, message(), "一") == Received((Reply("一"),))


def test_a_silent_turn_is_kept_too(storage: Storage) -> None:
    say(storage, message("m1"))
    assert say(storage, message("m1"), "不答") == Received((), repeated=True)
    assert transcript(storage) == [(1, "employee", SECRET)]


def test_tasks_are_numbered_without_gaps(storage: Storage) -> None:
    assert say(storage, message("m1"), "好", tasks=(TASK, TASK)).tasks == ("T-000001", "T-000002")

    with pytest.raises(RuntimeError), storage.conversations.begin() as work:
        work.claim(message("m2"))
        found = work.conversation(message("m2"))
        work.keep(found, message("m2"), Said({}, (), (TASK,)))
        raise RuntimeError
    assert say(storage, message("m3"), "好", tasks=(TASK,)).tasks == ("T-000003",)


def test_a_message_for_the_person_who_holds_it_is_stored_and_not_answered(
    storage: Storage, clock: Clock
) -> None:
    say(storage, message("m1"), "一")
    take_over(storage, kept(storage).id)
    clock.move(hours=1)
    assert say(storage, message("m2", "在吗"), "不答") == Received(())
    assert say(storage, message("m2", "在吗"), "不答") == Received((), repeated=True)
    assert transcript(storage)[2:] == [(3, "employee", "在吗")]
    found = kept(storage)
    assert (found.holder, found.version, found.seen_at, found.state) == (
        "person",
        2,
        clock.time,
        {"wage": 350_000},
    )


def test_a_person_takes_over_speaks_and_gives_back(storage: Storage) -> None:
    say(storage, message("m1"), "一")
    conversation = kept(storage).id
    assert take_over(storage, conversation)
    assert not take_over(storage, conversation)
    speak(storage, conversation, "我是赵静")
    assert give_back(storage, conversation)
    assert not give_back(storage, conversation)
    say(storage, message("m2", "好"), "二")
    assert transcript(storage)[2:] == [(3, "hr", "我是赵静"), (4, "employee", "好"), (5, "assistant", "二")]


def test_a_conversation_that_moved_on_is_not_written_over(storage: Storage) -> None:
    say(storage, message("m1"), "一")
    with pytest.raises(StorageError, match="moved on"), storage.conversations.begin() as work:
        stale = work.conversation(message("m2"))
        work.claim(message("m2"))
        work.keep(Kept(stale.id, stale.version - 1, "assistant", "zh_Hans", {}), message("m2"), Said({}, ()))
    assert len(transcript(storage)) == 2


def test_answers_of_the_same_words_are_the_same_length(storage: Storage) -> None:
    """What is stored does not say by its length whether the household draws dibao."""
    for dibao in ("none", "receiving", "suspended"):
        say(storage, message(dibao, dibao, sender=dibao), "好", state={"dibao": dibao})
    with storage.database.read() as connection:
        states = connection.exec_driver_sql("SELECT state FROM conversations").scalars().all()
        bodies = (
            connection.exec_driver_sql("SELECT body FROM messages WHERE author = 'employee'").scalars().all()
        )
    assert len({len(each) for each in states}) == len({len(each) for each in bodies}) == 1
    assert len(set(states)) == 3


def test_no_repr_shows_what_was_said(storage: Storage) -> None:
    say(storage, message("m1"), "按你说的算", tasks=(TASK,))
    take_over(storage, kept(storage).id)
    shown = repr(
        (
            storage,
            kept(storage),
            storage.conversations.history(kept(storage).id),
            stored_tasks(storage),
            storage.outbox.lease(["web"], storage.now(), storage.now(), None),
        )
    )
    for personal in (SECRET, "按你说的算", "阿丽", "350000", "什么时候"):
        assert personal not in shown
