"""Who asks to be erased is erased: nothing of it opens any more, in the database, in its files or in an old backup."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from uuid import uuid4

import pytest
from databases import Clock, Open
from noticing import PHONE, Desk
from sqlalchemy import select
from staffing import HR, hire
from talking import SECRET, TASK, Post, kept, message, say, stored_tasks, task_rows, transcript

from bot.receiving import Received, Said
from delivery.inbox import LEASE, work_off
from delivery.messages import IncomingMessage, Reply
from delivery.outbox import deliver_due
from notices.answering import NotDone
from people.bindings import Bind
from storage.backup import back_up, restore
from storage.erasing import ErasureJournal
from storage.keys import Keys
from storage.opening import Storage
from storage.tables import erasures, inbox, metadata, person_keys

pytest_plugins = ["databases"]

OTHER = "11111111-1111-4111-8111-111111111111"


def erase(storage: Storage, key: str = "erase", channel: str = "web") -> Received:
    return say(storage, message(key, "把我的都删掉", channel=channel), "都删了", state={}, erase=True)


def erased_ids(storage: Storage) -> set[str]:
    with storage.database.read() as connection:
        return set(connection.execute(select(erasures.c.conversation)).scalars())


def everything(storage: Storage) -> str:
    with storage.database.read() as connection:
        return repr([connection.execute(select(table)).all() for table in metadata.sorted_tables])


def test_only_the_replies_stay_and_are_delivered(storage: Storage, clock: Clock) -> None:
    say(storage, message("m1", channel="wechat"), "一", "二")
    before = kept(storage, channel="wechat")
    assert erase(storage, channel="wechat").replies == (Reply("都删了"),)
    after = kept(storage, channel="wechat")
    assert after.id != before.id
    assert (after.version, after.holder, after.state) == (2, "assistant", {})
    assert transcript(storage, channel="wechat") == [(4, "assistant", "都删了")]
    assert storage.conversations.history(before.id) == ()
    post = Post()
    deliver_due(storage.outbox, {"wechat": post}, clock)
    assert post.sent == [("阿丽", "都删了")]
    assert erased_ids(storage) == {before.id}


def test_no_table_says_which_conversation_went_on_as_which(storage: Storage) -> None:
    say(storage, message("m1"), "一", tasks=(TASK,))
    before = kept(storage).id
    erase(storage)
    assert everything(storage).count(before) == 1  # in erasures, and nowhere else


def test_what_hr_already_has_stays_and_no_longer_says_where_from(storage: Storage) -> None:
    say(storage, message("m1"), "一", tasks=(TASK,))
    erase(storage)
    assert stored_tasks(storage) == [TASK]
    assert [row.conversation for row in task_rows(storage)] == [None]


def test_messages_from_before_stay_taken_and_have_no_replies(storage: Storage) -> None:
    say(storage, message("m1"), "一")
    erase(storage)
    assert say(storage, message("m1"), "不再答一遍") == Received((), repeated=True)
    assert erase(storage) == Received((Reply("都删了"),), repeated=True)
    assert say(storage, message("m2"), "又来了").replies == (Reply("又来了"),)
    assert [seq for seq, _, _ in transcript(storage)] == [3, 4, 5]


def test_a_browser_that_has_seen_the_old_bubbles_gets_the_new_one(storage: Storage) -> None:
    say(storage, message("m1"), "一", "二")
    cursor = transcript(storage)[-1][0]
    erase(storage)
    assert [each.bubble.text for each in storage.conversations.history(kept(storage).id, cursor)] == [
        "都删了"
    ]


def test_events_that_already_wait_are_answered_in_the_new_conversation(
    storage: Storage, clock: Clock
) -> None:
    say(storage, message("m1"), "一")
    storage.inbox.store(message("erase", "把我的都删掉"))
    clock.move(seconds=1)
    storage.inbox.store(message("m2", "还在吗"))
    taken = storage.inbox.take_next(clock(), clock() + LEASE, None)
    assert taken is not None and taken.message.key == "erase"
    erase(storage)

    def handle(event: IncomingMessage) -> None:
        say(storage, event, f"听到{event.text}")

    assert work_off(storage.inbox, handle, clock) == 1
    assert [text for _, _, text in transcript(storage)] == ["都删了", "还在吗", "听到还在吗"]


def test_a_turn_that_fails_erases_nothing(storage: Storage) -> None:
    say(storage, message("m1"), "一")
    with pytest.raises(RuntimeError), storage.conversations.begin() as work:
        found = work.conversation(message("m2"))
        work.claim(message("m2"))
        work.keep(found, message("m2"), Said({}, (Reply("都删了"),), erase=True))
        raise RuntimeError
    assert [text for _, _, text in transcript(storage)] == [SECRET, "一"]
    assert storage.journal.read() == {}


def test_the_journal_has_the_id_and_nothing_else(storage: Storage, clock: Clock) -> None:
    say(storage, message("m1"), "一")
    before = kept(storage).id
    erase(storage)
    assert storage.journal.read() == {before: clock.time}
    line = {"conversation": before, "erased_at": clock.time.isoformat()}
    assert storage.journal.path.read_text() == json.dumps(line) + "\n"
    assert stat.S_IMODE(storage.journal.path.stat().st_mode) == 0o600


def test_a_journal_that_missed_an_erasure_catches_up_at_the_start(
    url: str, open_one: Open, clock: Clock
) -> None:
    storage = open_one(url)
    say(storage, message("m1"), "一")
    before = kept(storage).id
    erase(storage)
    whole = json.dumps({"conversation": OTHER, "erased_at": clock.time.isoformat()})
    storage.journal.path.write_text(f"{whole}\n{whole[:-9]}")
    assert set(open_one(url).journal.read()) == {before, OTHER}


def test_a_journal_that_cannot_be_written_does_not_undo_the_erasure(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    say(storage, message("m1"), "一")
    storage.journal.path.mkdir()
    assert erase(storage).replies == (Reply("都删了"),)
    assert len(erased_ids(storage)) == 1
    assert "an erasure is not in" in caplog.text


def test_erased_stays_erased_when_an_older_backup_is_restored(
    storage: Storage, tmp_path: Path, clock: Clock
) -> None:
    say(storage, message("m1"), "一", tasks=(TASK,))
    say(storage, message("w1", sender="老王"), "老王的")
    before = kept(storage).id
    back_up(storage.database, tmp_path / "old.zip", clock())
    erase(storage)
    restored = restore(storage.database, tmp_path / "old.zip", storage.journal, force=True)
    assert restored.erased == 1
    assert storage.conversations.find("web", "阿丽") is None
    assert storage.conversations.history(before) == ()
    assert transcript(storage, "老王")[1] == (2, "assistant", "老王的")
    assert erased_ids(storage) == {before}
    assert [row.conversation for row in task_rows(storage)] == [None]
    with storage.database.read() as connection:
        assert before not in connection.execute(select(person_keys.c.conversation)).scalars().all()


def test_erased_stays_erased_without_the_journal_where_the_database_knows(
    storage: Storage, tmp_path: Path, clock: Clock
) -> None:
    say(storage, message("m1"), "一")
    back_up(storage.database, tmp_path / "old.zip", clock())
    erase(storage)
    storage.journal.path.unlink()
    assert restore(storage.database, tmp_path / "old.zip", storage.journal, force=True).erased == 1
    assert storage.conversations.find("web", "阿丽") is None


def test_a_notice_stays_when_the_chat_is_erased_and_the_old_link_gets_no_code(
    storage: Storage, clock: Clock
) -> None:
    desk, ali = Desk(storage, clock), hire(storage)
    code = storage.bindings.make([ali.id], HR)[ali.id]
    bound = Bind(code, ali.id)
    say(storage, message("b1", "码", sender="阿丽", channel="wecom"), "好", binding=bound)
    desk.issue(ali)
    desk.send()
    token, notice = desk.token(), desk.notice(ali)
    erase(storage, channel="wecom")
    with pytest.raises(NotDone) as refused:
        desk.desk.send_code(token, PHONE)
    assert refused.value.why == "void_link"
    assert desk.events(notice) == ["issued", "sent", "handed_over_to_channel", "denied"]
    case = desk.book.open(notice, HR)
    assert case is not None and case.notice.state == "issued"


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_nothing_that_was_said_and_no_deleted_key_is_in_the_files(storage: Storage, tmp_path: Path) -> None:
    sender = "oPersonal-4711-阿丽"
    first = message("client-message-id-0815", SECRET, sender=sender)
    say(storage, first, "按你说的算", state={"wage": 350_000, "dibao": "低保"})
    storage.inbox.store(message("client-message-id-0816", "我又来了", sender=sender))
    say(storage, message("t", sender=sender), "好", tasks=(TASK,))
    with storage.database.read() as connection:
        wrapped = connection.execute(select(person_keys.c.wrapped)).scalar_one()
        assert connection.execute(select(inbox)).all()
    assert wrapped in raw_bytes(tmp_path)
    personal = (SECRET, "四口", sender, "阿丽", "我又来了", "client-message-id", "350000", "低保", "什么时候")
    for text in personal:
        assert text.encode() not in raw_bytes(tmp_path), text
    say(storage, message("erase", "删", sender=sender), "删了", erase=True)
    assert wrapped not in raw_bytes(tmp_path)


def raw_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob("shebao.db*")))


def test_an_old_copy_of_the_database_file_needs_the_key_that_is_gone(
    storage: Storage, clock: Clock, tmp_path: Path
) -> None:
    """Once the root key is rotated and the old one destroyed, not even a stolen copy opens."""
    say(storage, message("m1"), "一")
    with storage.database.read() as connection:
        stolen = connection.execute(select(person_keys)).one()
    erase(storage)
    (tmp_path / "keys" / "root-0001.key").write_text(os.urandom(32).hex())
    with pytest.raises(ValueError, match="does not open"):
        Keys(tmp_path / "keys").unwrap(stolen.conversation, stolen.key_id, stolen.wrapped)


def test_lines_of_the_journal_are_added_once(tmp_path: Path, clock: Clock) -> None:
    journal = ErasureJournal(tmp_path / "beside" / "erasures.log")
    assert journal.read() == {}
    ids = [str(uuid4()), str(uuid4())]
    for _ in range(2):
        journal.add([(each, clock()) for each in ids])
    assert list(journal.read()) == ids
    assert len(journal.path.read_text().splitlines()) == 2
