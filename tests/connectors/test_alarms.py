"""HR hears once of a system that fails, by every way, and once that it is well; one that comes and goes makes no storm."""

from __future__ import annotations

import re
import threading
from dataclasses import replace

import pytest
from at_work import HR, Town
from databases import Open
from platforms.aliyun_sms import AliyunSms
from platforms.city import Trouble
from platforms.harness import Server
from sqlalchemy import select
from text_services import sms_settings

from app.settings import Alarms, SettingsError
from hr_inbox.cases import Search, Viewer
from hr_inbox.task import HrTask
from storage.tables import tasks
from storage.tasks import read_task

pytest_plugins = ["at_work"]


def hr_tasks(town: Town) -> list[tuple[HrTask, str]]:
    """HR's tasks about connections, and how each stands."""
    with town.storage.database.read() as connection:
        rows = connection.execute(select(tasks).order_by(tasks.c.number)).all()
    return [(read_task(town.storage.keys, row), row.state) for row in rows]


def works(town: Town, name: str, minutes: int, every: int = 1) -> None:
    """What a worker does for so long."""
    connections = town.connections(name)  # type: ignore[arg-type]
    for _ in range(0, minutes, every):
        connections.work()
        town.clock.move(minutes=every)
    connections.close()


def test_a_system_that_refuses_us_is_told_at_once_by_every_way(moved_in: Town) -> None:
    moved_in.switch("payroll", Trouble.REVOKED)
    works(moved_in, "payroll", 3)
    subjects, texts = moved_in.told
    assert subjects == ["社保助手：工资系统出了故障"]
    assert texts == [("工资系统", "出了故障")]
    ((task, state),) = hr_tasks(moved_in)
    assert (task.kind, state, task.restricted) == ("connection", "waiting", False)
    assert "密钥" in "".join(task.lines) and "怎么办" in "".join(task.lines)


def test_alarms_go_by_the_other_service_of_text_messages_too(moved_in: Town) -> None:
    moved_in.sms = AliyunSms()
    with Server({"": moved_in.sms}) as server:
        moved_in.settings = replace(moved_in.settings, sms=sms_settings(moved_in.sms, server.address))
        moved_in.sms.fail("", 1)
        moved_in.switch("payroll", Trouble.REVOKED)
        works(moved_in, "payroll", 12)
        assert [each.text for each in moved_in.sms.sent] == ["社保助手：工资系统，出了故障，请登录查看。"]


def test_a_system_that_cannot_be_reached_is_told_after_the_time_it_is_allowed(moved_in: Town) -> None:
    moved_in.agree("0001")
    works(moved_in, "civil_affairs", 10)
    moved_in.switch("civil_affairs", Trouble.RESET)
    works(moved_in, "civil_affairs", 25, every=5)
    assert moved_in.told == ([], [])
    works(moved_in, "civil_affairs", 90, every=5)
    subjects, texts = moved_in.told
    assert (len(subjects), len(texts), len(hr_tasks(moved_in))) == (1, 1, 1)


def test_it_is_over_when_the_system_has_answered_for_a_while(moved_in: Town) -> None:
    moved_in.switch("payroll", Trouble.REVOKED)
    works(moved_in, "payroll", 5)
    moved_in.city.calm()
    works(moved_in, "payroll", 12)
    assert len(moved_in.told[0]) == 1
    works(moved_in, "payroll", 30)
    subjects, texts = moved_in.told
    assert subjects[1:] == ["社保助手：工资系统恢复了"] and texts[1:] == [("工资系统", "恢复了")]
    assert [state for _, state in hr_tasks(moved_in)] == ["done"]


def test_a_system_that_comes_and_goes_makes_no_storm(moved_in: Town) -> None:
    moved_in.agree("0001")
    for _ in range(24):  # six hours, eight minutes of each quarter of an hour
        moved_in.switch("civil_affairs", Trouble.WRONG_SCHEMA)
        moved_in.city.status("0001", "receiving", "2026-10-01")
        works(moved_in, "civil_affairs", 8, every=4)
        moved_in.city.calm()
        works(moved_in, "civil_affairs", 7, every=7)
    subjects, _ = moved_in.told
    assert len([each for each in subjects if "故障" in each]) == 1
    assert len(hr_tasks(moved_in)) == 1


def test_after_an_alarm_the_next_one_waits(moved_in: Town) -> None:
    connections = moved_in.connections("payroll")
    for _ in range(4):  # each twenty minutes long, told and over
        moved_in.switch("payroll", Trouble.REVOKED)
        for _ in range(4):
            moved_in.storage.connections.ask_now("payroll", HR)
            connections.work()
            moved_in.clock.move(minutes=1)
        moved_in.city.calm()
        for _ in range(16):
            moved_in.storage.connections.ask_now("payroll", HR)
            connections.work()
            moved_in.clock.move(minutes=1)
    subjects, _ = moved_in.told
    assert len([each for each in subjects if "出了故障" in each]) == 2  # in eighty minutes


def test_workers_and_restarts_tell_once(moved_in: Town, url: str, open_one: Open) -> None:
    moved_in.switch("payroll", Trouble.REVOKED)
    for _ in range(3):  # three programs start, with three workers each
        workers = [moved_in.connections("payroll", storage=open_one(url)) for _ in range(3)]
        threads = [threading.Thread(target=each.work) for each in workers]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        moved_in.clock.move(minutes=1)
    subjects, texts = moved_in.told
    assert (len(subjects), len(texts), len(hr_tasks(moved_in))) == (1, 1, 1)


def test_a_message_that_does_not_go_out_is_tried_again(moved_in: Town) -> None:
    moved_in.post.answers["RCPT"] = "450 4.2.1 greylisted"
    moved_in.sms.fail("", 1)
    moved_in.switch("payroll", Trouble.REVOKED)
    works(moved_in, "payroll", 1)
    assert moved_in.told == ([], [])
    del moved_in.post.answers["RCPT"]
    works(moved_in, "payroll", 12)
    assert [len(each) for each in moved_in.told] == [1, 1]


def test_what_hr_reads_names_nobody_and_nothing_of_dibao(moved_in: Town) -> None:
    moved_in.agree("0001")
    moved_in.city.status("0001", "suspended", "2026-10-01", "income")
    moved_in.city.civil_affairs.changes[0]["state"] = "99"
    works(moved_in, "civil_affairs", 3)
    (mail,) = moved_in.post.mails
    (task, _), *_ = hr_tasks(moved_in)
    said = "\n".join((mail["Subject"], mail.get_content(), *task.lines))
    assert "/hr/connections" in said
    assert not re.search(r"低保|工人|MZ0|0001|suspended|99", said.replace("/hr/connections", ""))


def test_hr_finds_the_task_in_the_inbox(moved_in: Town) -> None:
    moved_in.switch("payroll", Trouble.REVOKED)
    works(moved_in, "payroll", 1)
    zhao = moved_in.storage.accounts.add("zhao", "赵静", frozenset({"agent"}), state="active")
    viewer = Viewer(zhao.id, "赵静")
    (line,) = moved_in.storage.cases.find(Search("waiting"), viewer).lines
    assert (line.kind, line.priority) == ("connection", 1)
    case = moved_in.storage.cases.open(line.number, viewer)
    assert case is not None and not case.reachable


def test_nobody_is_told_where_nobody_is_named_and_the_task_is_there_all_the_same(moved_in: Town) -> None:
    sections = replace(moved_in.settings.connections, alarms=Alarms())
    moved_in.settings = replace(moved_in.settings, connections=sections)
    moved_in.switch("payroll", Trouble.REVOKED)
    works(moved_in, "payroll", 2)
    assert (moved_in.told, len(hr_tasks(moved_in))) == (([], []), 1)


@pytest.mark.parametrize(
    ("alarms", "named"),
    [
        (Alarms("nobody", ""), "connections.alarms.mails"),
        (Alarms("", "0512-66668888"), "connections.alarms.mobiles"),
    ],
)
def test_an_address_that_is_none_stops_the_start(
    town: Town, url: str, open_one: Open, alarms: Alarms, named: str
) -> None:
    town.settle(open_one(url))
    town.settings = replace(town.settings, connections=replace(town.settings.connections, alarms=alarms))
    with pytest.raises(SettingsError, match=named):
        town.connections("payroll")
