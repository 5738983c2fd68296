"""A link opens one conversation once, in one browser, for a while; who should no longer open it does not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from databases import Clock
from sqlalchemy import select
from staffing import HR, binds, enters, hire
from talking import kept, message, say, together

from delivery.links import IDLE, LIFE, LONGEST
from people.bindings import Unbind
from storage.opening import Storage
from storage.tables import links

pytest_plugins = ["databases"]

PHONE, COMPUTER = "the browser of a phone", "the browser of the hall's computer"


@pytest.fixture
def conversation(storage: Storage) -> str:
    say(storage, message("t1", sender="阿丽", channel="telegram"), "算好了")
    return kept(storage, "阿丽", "telegram").id


def made(storage: Storage, conversation: str, seq: int = 2) -> str:
    token = storage.links.make(conversation, seq)
    assert token is not None
    return token


def test_a_link_opens_the_conversation_once(storage: Storage, conversation: str) -> None:
    token = made(storage, conversation)
    assert storage.links.look_up(token, PHONE).state == "good"
    assert storage.links.look_up(token, PHONE).state == "good", "to look at it uses nothing up"
    found = storage.links.use(token, PHONE)
    assert found.visit is not None
    assert (found.visit.channel, found.visit.sender, found.visit.seq) == ("telegram", "阿丽", 2)
    assert storage.links.find(found.ticket, acts=True) == found.visit
    again = storage.links.use(token, COMPUTER)
    assert (again.state, again.visit, again.ticket) == ("used", None, "")


def test_a_button_that_is_tapped_twice_opens_one_visit(storage: Storage, conversation: str) -> None:
    token = made(storage, conversation)
    first, second = together([lambda: storage.links.use(token, PHONE)] * 2)
    assert first == second and first.visit is not None
    assert storage.links.look_up(token, PHONE) == first


def test_of_two_browsers_that_open_a_link_one_does(storage: Storage, conversation: str) -> None:
    token = made(storage, conversation)
    opened = together([lambda: storage.links.use(token, PHONE), lambda: storage.links.use(token, COMPUTER)])
    assert sorted(each.visit is None for each in opened) == [False, True]


def test_a_bubble_that_is_drawn_again_gets_another_link_beside_the_first(
    storage: Storage, conversation: str
) -> None:
    first, second = made(storage, conversation), made(storage, conversation)
    assert first != second and len(first) == len(second) == 22
    assert storage.links.use(second, PHONE).visit is not None
    assert storage.links.look_up(first, PHONE).state == "good"


def test_nothing_in_a_row_opens_anything(storage: Storage, conversation: str) -> None:
    token = made(storage, conversation)
    ticket = storage.links.use(token, PHONE).ticket
    with storage.database.read() as connection:
        (row,) = connection.execute(select(links)).all()
    told = repr(tuple(row))
    assert token not in told and ticket not in told and "阿丽" not in told
    for index in (row.token_index, row.ticket_index):
        assert storage.links.look_up(index.hex(), PHONE).state == "unknown"
        assert storage.links.find(index.hex(), acts=True) is None
    assert token not in repr(storage.links.use(token, PHONE)) and ticket not in repr(
        storage.links.use(token, PHONE)
    )


def test_a_link_runs_out(storage: Storage, clock: Clock, conversation: str) -> None:
    token = made(storage, conversation)
    clock.time += LIFE - timedelta(seconds=1)
    assert storage.links.look_up(token, PHONE).state == "good"
    clock.move(seconds=1)
    assert storage.links.use(token, PHONE).state == "expired"
    assert storage.links.look_up("A" * 22, PHONE).state == "unknown"


def test_a_visit_ends_when_nothing_is_done(storage: Storage, clock: Clock, conversation: str) -> None:
    ticket = storage.links.use(made(storage, conversation), PHONE).ticket
    clock.time += IDLE - timedelta(minutes=1)
    assert storage.links.find(ticket, acts=True) is not None
    clock.time += IDLE - timedelta(minutes=1)
    assert storage.links.find(ticket, acts=False) is not None, "a page that only listens changes nothing"
    clock.move(minutes=1)
    assert storage.links.find(ticket, acts=True) is None
    assert storage.links.find(ticket, acts=False) is None, "and what has ended does not go on"


def test_a_visit_ends_after_a_day_whatever_is_done(storage: Storage, clock: Clock, conversation: str) -> None:
    token = made(storage, conversation)
    ticket = storage.links.use(token, PHONE).ticket
    until = clock.time + LONGEST
    while clock.time + timedelta(minutes=20) < until:
        clock.move(minutes=20)
        assert storage.links.find(ticket, acts=True) is not None
    clock.move(minutes=20)
    assert storage.links.find(ticket, acts=True) is None
    assert storage.links.use(token, PHONE).visit is None


def test_who_leaves_is_out(storage: Storage, conversation: str) -> None:
    token = made(storage, conversation)
    ticket = storage.links.use(token, PHONE).ticket
    storage.links.leave(ticket)
    assert storage.links.find(ticket, acts=True) is None
    assert storage.links.use(token, PHONE).visit is None


def test_a_lost_phone_opens_nothing_and_what_it_had_open_is_closed(storage: Storage) -> None:
    ali = hire(storage)
    conversation = binds(storage, ali)
    ticket = storage.links.use(made(storage, conversation), PHONE).ticket
    unused = made(storage, conversation)
    assert storage.bindings.end(ali.id, "lost_phone", HR, "本人来说的")
    assert storage.links.find(ticket, acts=True) is None
    found = storage.links.use(unused, PHONE)
    assert (found.state, found.visit) == ("void", None)
    later = made(storage, conversation)
    assert storage.links.use(later, PHONE).visit is not None, "the chat itself goes on, as nobody's"


def test_a_new_phone_voids_the_links_of_the_old_one(storage: Storage) -> None:
    ali = hire(storage)
    token = made(storage, binds(storage, ali, "b1", "旧手机"))
    binds(storage, ali, "b2", "新手机")
    assert storage.links.look_up(token, PHONE).state == "void"


def test_who_unbinds_behind_a_link_reads_the_answer_there(storage: Storage) -> None:
    conversation = binds(storage, hire(storage))
    ticket = storage.links.use(made(storage, conversation), PHONE).ticket
    unused = made(storage, conversation)
    enters(storage, "u1", Unbind())
    assert storage.links.find(ticket, acts=True) is not None
    assert storage.links.look_up(unused, PHONE).state == "void"


def test_of_an_erased_conversation_no_link_opens_anything(storage: Storage, conversation: str) -> None:
    token = made(storage, conversation)
    say(storage, message("t2", sender="阿丽", channel="telegram"), "都删了", erase=True)
    found = storage.links.use(token, PHONE)
    assert (found.state, found.visit) == ("erased", None)
    assert storage.links.make(conversation, 2) is None


def test_who_erases_behind_a_link_reads_the_goodbye_there(storage: Storage, conversation: str) -> None:
    ticket = storage.links.use(made(storage, conversation), PHONE).ticket
    say(storage, message("t2", sender="阿丽", channel="telegram"), "都删了", erase=True)
    visit = storage.links.find(ticket, acts=True)
    assert visit is not None and (visit.channel, visit.sender) == ("telegram", "阿丽")
