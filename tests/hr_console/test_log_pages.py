"""The auditor's pages: what they show, to whom they name whom, and what can be taken away and checked elsewhere."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from databases import Clock
from desk import Colleague
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import text
from werkzeug.test import TestResponse

from app.console import make_console
from app.settings import Settings
from app.web import create_app
from audit.events import ACTS, SYSTEM, Event, account, employee, task
from audit.reading import Wanted
from hr_console.log_pages import PAGE
from people.employees import Directory, Employee
from policy_kb.library import Library
from storage.opening import Storage

pytest_plugins = ["databases", "desk"]

ALI = Employee("5a1e0000-0000-4000-8000-000000000001", "A017", "阿丽", "320500")
WANG = Employee("3a060000-0000-4000-8000-000000000002", "A018", "老王", "320500")
ZHOU = Employee("2c000000-0000-4000-8000-000000000003", "A019", "老周", "320500")
LEFT = employee("11110000-0000-4000-8000-000000000004")


class Roster(Directory):
    """阿丽, 老王 and 老周."""

    def get(self, employee: str) -> Employee | None:
        return next((each for each in (ALI, WANG, ZHOU) if each.id == employee), None)

    def by_number(self, number: str) -> Employee | None:
        return next((each for each in (ALI, WANG, ZHOU) if each.number == number), None)

    def by_name(self, name: str) -> tuple[Employee, ...]:
        raise NotImplementedError

    def of_conversation(self, conversation: str) -> Employee | None:
        raise NotImplementedError

    def conversations_of(self, employee: str) -> Mapping[str, str]:
        raise NotImplementedError


@pytest.fixture
def desk(desk_storage: Storage, library: Library) -> Flask:
    """The console with the log over a roster of three."""
    return create_app(
        Settings(), library, console=make_console(Settings(), desk_storage, library, directory=Roster())
    )


@pytest.fixture
def auditor(colleague: Callable[..., Colleague]) -> Colleague:
    return colleague("钱敏", "auditor")


@pytest.fixture
def zhao(colleague: Callable[..., Colleague]) -> Colleague:
    return colleague("赵静", "agent")


def record(storage: Storage, who: str, *subjects: str, act: str = "log_check", reason: str = "") -> int:
    return storage.audit.record(Event(act, who, subjects, {}, reason))


def rows(page: TestResponse) -> list[list[str]]:
    """The cells of the list as somebody reads them."""
    found = re.findall(r"<tr>\n(.*?)</tr>", page.get_data(as_text=True), re.DOTALL)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in found]
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in cells]


def searched(auditor: Colleague, **fields: object) -> TestResponse:
    """The page that a search leads to."""
    return auditor.opens(auditor.sends("/hr/log", **fields).headers["Location"])


def test_the_log_is_for_auditors(zhao: Colleague, auditor: Colleague) -> None:
    zhao.opens("/hr/log", 403)
    zhao.sends("/hr/log/export", 403, page="/hr/sign-in", form="jsonl")
    page = auditor.opens("/hr/log").get_data(as_text=True)
    assert "还没有记录" in page and "还没有核对过" in page


def test_events_are_shown_in_words(auditor: Colleague, zhao: Colleague, desk_storage: Storage) -> None:
    record(desk_storage, account(zhao.account.id), task("T-000012"))
    record(desk_storage, SYSTEM, act="log_forget")
    record(desk_storage, employee(ALI.id), act="sign_out")
    record(desk_storage, account("gone-0000-0000"), act="sign_in")
    assert rows(auditor.opens("/hr/log")) == [
        ["4", "2026-10-15 12:00:00", "账号 gone-000", ACTS["sign_in"], "—"],
        ["3", "2026-10-15 12:00:00", "员工本人", ACTS["sign_out"], "员工 5a1e0000"],
        ["2", "2026-10-15 12:00:00", "系统", ACTS["log_forget"], "—"],
        ["1", "2026-10-15 12:00:00", "赵静", ACTS["log_check"], "事项 T-000012"],
    ]


def test_only_who_may_see_the_roster_sees_names(
    colleague: Callable[..., Colleague], auditor: Colleague, desk_storage: Storage
) -> None:
    record(desk_storage, SYSTEM, employee(ALI.id), LEFT)
    both = colleague("李复核", "auditor", "agent")
    assert rows(both.opens("/hr/log"))[0][4] == "员工 11110000、阿丽（A017）"
    assert "阿丽" not in auditor.opens("/hr/log").get_data(as_text=True)


def test_whom_acts_about_dibao_concern_only_the_dibao_officer_sees(
    colleague: Callable[..., Colleague], desk_storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.events.ACTS", {**ACTS, "dibao_read": "看了低保情况"})
    record(desk_storage, SYSTEM, employee(ALI.id), act="dibao_read", reason="阿丽家低保停了")
    record(desk_storage, SYSTEM, employee(ALI.id))
    both, officer = colleague("李复核", "auditor", "agent"), colleague("周洁", "auditor", "dibao_officer")
    assert [row[4] for row in rows(both.opens("/hr/log"))] == [
        "阿丽（A017）",
        "和低保有关，是谁只有低保专员看得到",
    ]
    assert [row[4] for row in rows(officer.opens("/hr/log"))] == ["阿丽（A017）"] * 2
    page = both.opens("/hr/log/1").get_data(as_text=True)
    assert "阿丽" not in page and "停了" not in page
    assert "阿丽家低保停了" in officer.opens("/hr/log/1").get_data(as_text=True)
    # Nor does a search for one person tell it.
    assert {row[3] for row in rows(searched(both, typed="A017"))} == {ACTS["log_check"], ACTS["log_search"]}
    assert rows(searched(officer, typed="A017"))[-1][0] == "1"
    assert rows(searched(both, typed="A017"))[-1][0] == "2"
    exported = both.sends("/hr/log/export", 200, form="jsonl").get_data(as_text=True)
    first = json.loads(exported.splitlines()[1])
    assert "dibao_read" in first["body"] and list(first["items"][0]) == ["hash"]
    sheet = load_workbook(io.BytesIO(both.sends("/hr/log/export", 200, form="xlsx").data)).active
    assert [row[4].value for row in sheet.iter_rows(min_row=2) if row[0].value == 1] == [""]


def test_a_batch_shows_a_few_and_its_own_page_all(auditor: Colleague, desk_storage: Storage) -> None:
    record(desk_storage, SYSTEM, *(employee(f"{count:08}-0000") for count in range(40)))
    assert "另有 37 个" in rows(auditor.opens("/hr/log"))[0][4]
    page = auditor.opens("/hr/log/1").get_data(as_text=True)
    assert page.count("员工 000000") == 40 and "另有" not in page


def test_a_search_by_number_name_act_actor_and_day(
    colleague: Callable[..., Colleague], zhao: Colleague, desk_storage: Storage, clock: Clock
) -> None:
    zhaos = account(zhao.account.id)
    record(desk_storage, zhaos, employee(ALI.id))
    clock.move(days=1)
    record(desk_storage, SYSTEM, task("T-000012"))
    clock.move(days=1)
    record(desk_storage, zhaos, zhaos, act="sign_in")
    auditor = colleague("钱敏", "auditor")

    def numbers(**fields: object) -> list[str]:
        return [row[0] for row in rows(searched(auditor, **fields)) if int(row[0]) <= 3]

    assert numbers(typed="A017") == ["1"]
    assert numbers(typed="T-12") == numbers(typed="t-000012") == ["2"]
    assert numbers(typed="赵静") == numbers(typed=zhao.account.login) == ["3"]
    assert numbers(act="sign_in") == ["3"]
    assert numbers(who=zhao.account.id) == ["3", "1"] and numbers(who=SYSTEM) == ["2"]
    assert numbers(since="2026-10-16") == ["3", "2"]
    assert numbers(until="2026-10-16") == ["2", "1"]
    assert numbers(since="2026-10-16", until="2026-10-16", who=SYSTEM) == ["2"]
    assert "没有这样的记录" in searched(auditor, act="log_export").get_data(as_text=True)


def test_what_is_typed_stands_in_no_address(auditor: Colleague, desk_storage: Storage) -> None:
    address = auditor.sends("/hr/log", typed="A017").headers["Location"]
    assert "A017" not in address and ALI.id in address


def test_a_chosen_person_stays_chosen_until_taken_out(auditor: Colleague, desk_storage: Storage) -> None:
    page = searched(auditor, typed="A017").get_data(as_text=True)
    assert f'name="about" value="employee:{ALI.id}" checked' in page
    assert (
        "about" in auditor.sends("/hr/log", about=f"employee:{ALI.id}", act="log_check").headers["Location"]
    )
    assert "about" not in auditor.sends("/hr/log", act="log_check").headers["Location"]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"typed": "没有这个人"}, "没有找到。填工号"),
        ({"since": "昨天"}, "填日期"),
        ({"until": "2026-13-01"}, "填日期"),
        ({"since": "2026-10-16", "until": "2026-10-15"}, "结束的日期比开始的早"),
    ],
)
def test_what_cannot_be_searched_is_said_beside_its_field(
    auditor: Colleague, fields: dict[str, str], told: str
) -> None:
    page = auditor.sends("/hr/log", 400, **fields).get_data(as_text=True)
    assert told in page and page.count('class="error"') == 1
    for value in fields.values():
        assert f'value="{value}"' in page


def test_nonsense_in_an_address_is_left_out(auditor: Colleague, desk_storage: Storage) -> None:
    record(desk_storage, SYSTEM)
    assert len(rows(auditor.opens("/hr/log?act=nothing&about=x:y%27&since=soon&before=all"))) == 1
    auditor.opens("/hr/log/99", 404)


def test_looking_for_a_person_and_reading_a_reason_are_events_themselves(
    auditor: Colleague, desk_storage: Storage
) -> None:
    record(desk_storage, SYSTEM, reason="核对旧账")
    auditor.opens("/hr/log")
    auditor.opens("/hr/log/1")
    searched(auditor, typed="A017")
    found = desk_storage.history.find(Wanted())
    assert [(each.act, each.subjects) for each in found] == [
        ("log_search", (employee(ALI.id),)),
        ("log_opened", ()),
        ("log_check", ()),
    ]
    assert found[0].actor == account(auditor.account.id)


def test_older_events_are_a_page_away(auditor: Colleague, desk_storage: Storage) -> None:
    for _ in range(PAGE + 2):
        record(desk_storage, SYSTEM)
    page = auditor.opens("/hr/log?act=log_check")
    assert len(rows(page)) == PAGE
    (older,) = re.findall(r'href="(/hr/log\?[^"]*before=[^"]*)"', page.get_data(as_text=True))
    assert [row[0] for row in rows(auditor.opens(older.replace("&amp;", "&")))] == ["2", "1"]


def test_an_event_shows_its_proof(auditor: Colleague, desk_storage: Storage, clock: Clock) -> None:
    record(desk_storage, SYSTEM)
    record(desk_storage, SYSTEM, employee(ALI.id), reason="员工来问 <b>谁</b> 看过")
    page = auditor.opens("/hr/log/2").get_data(as_text=True)
    first, second = desk_storage.history.get(1), desk_storage.history.get(2)
    assert first is not None and second is not None
    assert first.hash.hex() in page and second.hash.hex() in page and "今晚会签" in page
    assert "员工来问 &lt;b&gt;谁&lt;/b&gt; 看过" in page
    desk_storage.chain.check()
    head = desk_storage.chain.state().head
    assert head is not None and head.hash.hex() in auditor.opens("/hr/log/2").get_data(as_text=True)
    with desk_storage.database.work() as connection:
        connection.execute(text("DELETE FROM audit_reasons"))
    assert "已抹去" in auditor.opens("/hr/log/2").get_data(as_text=True)


def test_the_state_of_the_chain_stands_on_top(
    auditor: Colleague, desk_storage: Storage, clock: Clock
) -> None:
    record(desk_storage, SYSTEM)
    clock.move(hours=1)
    assert "核对完了" in auditor.opens(auditor.sends("/hr/log/check").headers["Location"]).get_data(
        as_text=True
    )
    page = auditor.opens("/hr/log").get_data(as_text=True)
    assert "链完整，最近一次核对 2026-10-15 13:00:00，到第 2 条。" in page and "notice chain bad" not in page
    with desk_storage.database.work() as connection:
        connection.execute(text("DROP TRIGGER audit_events_no_update"))
        connection.execute(text("UPDATE audit_events SET body = replace(body, 'log_check', 'sign_in')"))
    auditor.sends("/hr/log/check")
    page = auditor.opens("/hr/log").get_data(as_text=True)
    assert "链断在第 1 条" in page and "内容被改过" in page and "notice chain bad" in page


def test_without_a_key_the_page_says_what_to_do(auditor: Colleague, desk_storage: Storage) -> None:
    (desk_storage.keys.folder / "audit.key").unlink()
    for path, fields in (("/hr/log/check", {}), ("/hr/log/export", {"form": "jsonl"})):
        answer = auditor.opens(auditor.sends(path, **fields).headers["Location"])
        assert "shebao audit key" in answer.get_data(as_text=True)


def test_the_workbook_has_what_was_searched_and_no_formula(
    colleague: Callable[..., Colleague], desk_storage: Storage, clock: Clock
) -> None:
    evil = colleague("=1+1", "auditor", "agent")
    record(desk_storage, account(evil.account.id), employee(ALI.id), employee(WANG.id), reason="不进表格")
    record(desk_storage, SYSTEM)
    answer = evil.sends("/hr/log/export", 200, form="xlsx", about=f"employee:{ALI.id}")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    sheet = load_workbook(io.BytesIO(answer.data)).active
    table = [[cell.value for cell in row] for row in sheet.iter_rows()]
    first = desk_storage.history.get(1)
    assert first is not None
    assert table[0][:3] == ["编号", "时间", "做了什么"]
    assert table[-1] == [
        1,
        "2026-10-15 12:00:00",
        ACTS["log_check"],
        "=1+1",
        "老王（A018）、阿丽（A017）",
        2,
        first.hash.hex(),
    ]
    assert all(cell.data_type in "sn" for row in sheet.iter_rows() for cell in row)
    assert "不进表格" not in str(table)
    (newest, *_) = desk_storage.history.find(Wanted())
    assert (newest.act, newest.details, newest.subjects) == (
        "log_export",
        {"form": "xlsx"},
        (employee(ALI.id),),
    )
    assert [row[0] for row in table[1:]] == [3, 1]


def verify_by_hand(lines: list[str], public: bytes) -> int:
    """What somebody writes who has nothing but the description of the format: how many events are right."""
    opening, *events = (json.loads(line) for line in lines)
    before, hashes = bytes(32), {}
    for seq, event in enumerate(events, 1):
        body = json.loads(event["body"])
        before = hashlib.sha256(b"shebao audit event 1\0" + before + event["body"].encode()).digest()
        assert before.hex() == event["hash"] and body["seq"] == seq
        items = []
        for item in event["items"]:
            items.append(bytes.fromhex(item["hash"]))
            if "subject" in item:
                salted = bytes.fromhex(item["salt"]) + item["subject"].encode()
                assert hashlib.sha256(b"shebao audit item 1\0" + salted).digest() == items[-1]
        root = hashlib.sha256(b"shebao audit list 1\0" + b"".join(sorted(items))).hexdigest()
        assert body["about"] == {"count": len(items), "root": root}
        hashes[seq] = event["hash"]
    for head in opening["heads"]:
        signed = {name: head[name] for name in ("at", "form", "hash", "kind", "seq")}
        text = json.dumps(signed, sort_keys=True, separators=(",", ":")).encode()
        Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(head["signature"]), text)
        assert hashes.get(head["seq"]) == head["hash"]
    assert opening["heads"][-1]["seq"] == len(events)
    return len(events)


def test_the_exported_chain_is_checked_by_somebody_elses_program(
    colleague: Callable[..., Colleague], desk_storage: Storage, clock: Clock
) -> None:
    record(desk_storage, SYSTEM, employee(ALI.id), task("T-000012"), reason="不出门")
    clock.move(days=1)
    answer = colleague("钱敏", "auditor").sends("/hr/log/export", 200, form="jsonl")
    lines = answer.get_data(as_text=True).splitlines()
    assert 'filename="shebao-log-2026-10-16.jsonl"' in answer.headers["Content-Disposition"]
    assert "不出门" not in answer.get_data(as_text=True)
    public = desk_storage.keys.signer().public
    assert verify_by_hand(lines, public) == 2  # the export itself is the last event
    for altered in (lines[:-1], [lines[0], lines[1].replace("T-000012", "T-000013"), lines[2]]):
        with pytest.raises(AssertionError):
            verify_by_hand(altered, public)


def test_days_are_days_in_china(
    colleague: Callable[..., Colleague], desk_storage: Storage, clock: Clock
) -> None:
    clock.time = clock.time.replace(hour=15, minute=59)
    record(desk_storage, SYSTEM)
    clock.time += timedelta(minutes=1)
    record(desk_storage, SYSTEM)
    auditor = colleague("钱敏", "auditor")
    assert [row[:2] for row in rows(searched(auditor, since="2026-10-16"))] == [["2", "2026-10-16 00:00:00"]]
