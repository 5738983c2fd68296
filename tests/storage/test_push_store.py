"""Whom HR's answer does not reach is told by another way: the best one that is open, each once, by day, and nobody twice."""

from __future__ import annotations

from collections.abc import Sequence

from databases import Clock, Open
from sqlalchemy import select
from staffing import HR, binds, hire
from talking import colleague, kept, message, say, together, transcript

from delivery.messages import IncomingMessage
from delivery.outbox import deliver_due
from delivery.pushes import UNFETCHED
from delivery.sending import Outgoing, Part, Permanent
from hr_inbox.cases import Viewer
from hr_inbox.task import HrTask, TaskKind
from people.bindings import Bind
from people.employees import Employee
from storage.opening import Storage
from storage.tables import outbox, pushes

pytest_plugins = ["databases"]

CHANNELS = ("wecom", "telegram", "sms", "mail")
LINK = "https://shebao.example/reports/x"
TOLD = f"人事给你回了话，点开看：{LINK}"


class Pushed:
    """A channel that is pushed to: notes what it sends and to whom, and fails while it is told to."""

    REPEATS = False

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.fails = False

    def draw(self, bubbles: Sequence[Outgoing]) -> tuple[Part, ...]:
        return tuple({"text": each.reply.text} for each in bubbles)

    def send(self, recipient: str, part: Part) -> None:
        if self.fails:
            raise Permanent("refused")
        self.sent.append((recipient, part["text"]))


class Posts(dict[str, Pushed]):
    """The channels of an installation."""

    def __init__(self) -> None:
        super().__init__({channel: Pushed() for channel in CHANNELS})

    def run(self, storage: Storage, clock: Clock) -> None:
        """What the jobs do, often enough for every way to have been tried."""
        for _ in range(2 * len(CHANNELS)):
            storage.pushes.work(lambda conversation, seq: LINK)
            deliver_due(storage.outbox, self, clock)

    @property
    def sent(self) -> list[tuple[str, str, str]]:
        return [(channel, *each) for channel, post in self.items() for each in post.sent]


def asks(storage: Storage, employee: Employee, kind: TaskKind = "question") -> str:
    """The employee hands something to HR in the web chat, and closes the page; the case's number."""
    binds(storage, employee)
    task = HrTask(kind, ("几月开始交",))
    (number,) = say(storage, message("t1"), "转给人事了", tasks=(task,)).tasks
    fetches(storage)
    return number


def fetches(storage: Storage) -> None:
    """The page is opened and shows what there is."""
    storage.outbox.acknowledge(kept(storage).id, 99)


def answers(storage: Storage, number: str, viewer: Viewer | None = None, key: str = "k1") -> Viewer:
    viewer = viewer or colleague(storage)
    if key == "k1":
        storage.cases.take(number, viewer)
    storage.cases.say(number, viewer, "十一月起交", key, 100)
    return viewer


def states(storage: Storage) -> list[tuple[str, str]]:
    with storage.database.read() as connection:
        rows = connection.execute(select(pushes.c.state, pushes.c.tried).order_by(pushes.c.made_at)).all()
    return [(row.state, row.tried) for row in rows]


def test_an_answer_that_nobody_fetches_is_told_in_wecom(storage: Storage, clock: Clock) -> None:
    ali, posts = hire(storage, wecom_id="AliLi", phone="13800000000"), Posts()
    answers(storage, asks(storage, ali))
    posts.run(storage, clock)
    assert posts.sent == [], "the page may still be open"
    clock.time += UNFETCHED
    posts.run(storage, clock)
    posts.run(storage, clock)
    assert posts.sent == [("wecom", "alili", TOLD)]
    assert states(storage) == [("told", "wecom")]
    assert transcript(storage)[-1][2] == "十一月起交", "the answer itself waits where it was asked for"
    assert storage.roster.conversations_of(ali.id).keys() == {"web", "wecom"}


def test_what_is_read_in_time_is_told_nowhere(storage: Storage, clock: Clock) -> None:
    posts = Posts()
    answers(storage, asks(storage, hire(storage, phone="13800000000")))
    clock.move(minutes=9)
    fetches(storage)
    clock.move(hours=1)
    posts.run(storage, clock)
    assert posts.sent == [] and states(storage) == []


def test_each_way_is_tried_once_and_a_dead_end_shows(storage: Storage, clock: Clock) -> None:
    ali = hire(storage, wecom_id="ali", phone="13800000000", mail="ali@company.example")
    posts = Posts()
    for channel in ("wecom", "sms"):
        posts[channel].fails = True
    number = asks(storage, ali)
    viewer = answers(storage, number)
    clock.time += UNFETCHED
    posts.run(storage, clock)
    assert posts.sent == [("mail", ali.id, TOLD)]
    assert states(storage) == [("told", "wecom sms mail")]
    assert storage.cases.transcript(number, viewer)[-1].told == "mail"


def test_where_no_way_works_hr_sees_it(storage: Storage, clock: Clock) -> None:
    number = asks(storage, hire(storage, phone="0512-1234567"))
    viewer = answers(storage, number)
    clock.time += UNFETCHED
    Posts().run(storage, clock)
    assert states(storage) == [("nowhere", "")]
    assert storage.cases.transcript(number, viewer)[-1].told == "nowhere"
    case = storage.cases.open(number, viewer)
    assert case is not None and case.reach is not None and case.reach.instead == ""


def test_at_night_only_the_injured_are_woken(storage: Storage, clock: Clock) -> None:
    clock.move(hours=10)  # 22 o'clock in China
    posts = Posts()
    answers(storage, asks(storage, hire(storage, phone="13800000000")))
    clock.time += UNFETCHED
    posts.run(storage, clock)
    assert posts.sent == [] and states(storage) == [("waiting", "")]
    clock.move(hours=10)
    posts.run(storage, clock)
    assert [channel for channel, *_ in posts.sent] == ["sms"]


def test_an_answer_to_the_injured_does_not_wait_for_the_morning(storage: Storage, clock: Clock) -> None:
    clock.move(hours=10)
    posts = Posts()
    answers(storage, asks(storage, hire(storage, phone="13800000000"), "urgent_injury"))
    clock.time += UNFETCHED
    posts.run(storage, clock)
    assert [channel for channel, *_ in posts.sent] == ["sms"]


def test_two_answers_are_one_line_until_the_first_is_read(storage: Storage, clock: Clock) -> None:
    posts = Posts()
    number = asks(storage, hire(storage, phone="13800000000"))
    viewer = answers(storage, number)
    answers(storage, number, viewer, "k2")
    clock.time += UNFETCHED
    posts.run(storage, clock)
    clock.move(hours=1)
    posts.run(storage, clock)
    assert len(posts.sent) == 1
    fetches(storage)
    answers(storage, number, viewer, "k3")
    clock.time += UNFETCHED
    posts.run(storage, clock)
    assert len(posts.sent) == 2


def test_what_was_read_meanwhile_is_not_told_any_more(storage: Storage, clock: Clock) -> None:
    posts = Posts()
    answers(storage, asks(storage, hire(storage, phone="13800000000")))
    clock.time += UNFETCHED
    storage.pushes.work(lambda conversation, seq: LINK)
    fetches(storage)
    posts.run(storage, clock)
    assert posts.sent == [] and states(storage) == [("over", "sms")]
    with storage.database.read() as connection:
        rows = connection.execute(select(outbox.c.state).where(outbox.c.channel == "sms")).scalars().all()
    assert rows == ["dropped"]


def test_whoever_left_is_told_nothing(storage: Storage, clock: Clock) -> None:
    posts, ali = Posts(), hire(storage, wecom_id="ali", phone="13800000000")
    conversation = kept(storage).id if asks(storage, ali) else ""
    assert storage.pushes.push(ali.id, "answer", conversation, 1) is not None
    assert storage.pushes.push(ali.id, "answer", conversation, 1) is None
    storage.roster.leave(ali.id, clock().date(), HR)
    posts.run(storage, clock)
    assert posts.sent == []


def test_an_answer_out_of_the_window_waits_there_and_is_told_in_wecom(storage: Storage, clock: Clock) -> None:
    ali, posts = hire(storage, wecom_id="ali"), Posts()
    code = storage.bindings.make([ali.id], HR)[ali.id]
    asked = IncomingMessage("wechat", "openid", "w1", "几月开始交")
    task = HrTask("question", ("几月开始交",))
    (number,) = say(storage, asked, "转给人事了", binding=Bind(code, ali.id), tasks=(task,)).tasks
    clock.move(hours=49)
    answers(storage, number)
    posts.run(storage, clock)
    assert posts.sent == [("wecom", "ali", TOLD)]
    assert transcript(storage, "openid", "wechat")[-1][2] == "十一月起交"


def test_two_workers_tell_it_once(url: str, open_one: Open, clock: Clock) -> None:
    first, second = open_one(url), open_one(url)
    answers(first, asks(first, hire(first, phone="13800000000")))
    clock.time += UNFETCHED
    together(
        [lambda each=each: each.pushes.work(lambda conversation, seq: LINK) for each in (first, second) * 2]
    )
    posts = Posts()
    posts.run(first, clock)
    assert len(posts.sent) == 1


def test_an_installation_tells_only_by_what_it_has(storage: Storage, clock: Clock) -> None:
    ali = hire(storage, wecom_id="ali", phone="13800000000")
    storage.ways.channels = ("sms",)
    assert [each.channel for each in storage.ways.of(ali.id)] == ["sms"]


def test_an_account_that_only_answers_is_no_way_and_what_waits_there_is_told_elsewhere(
    storage: Storage, clock: Clock
) -> None:
    ali, posts = hire(storage, phone="13800000000"), Posts()
    storage.ways.channels = CHANNELS  # without the official account
    code = storage.bindings.make([ali.id], HR)[ali.id]
    asked = IncomingMessage("wechat", "openid", "w1", "几月开始交")
    task = HrTask("question", ("几月开始交",))
    (number,) = say(storage, asked, "转给人事了", binding=Bind(code, ali.id), tasks=(task,)).tasks
    viewer = answers(storage, number)
    posts.run(storage, clock)
    assert [channel for channel, *_ in posts.sent] == ["sms"]
    case = storage.cases.open(number, viewer)
    assert case is not None and case.reach is not None and not case.reach.open
