"""The inbox over HTTP: what a list says and keeps to itself, acts and collisions, answers with what they rest on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from databases import Clock
from desk import Colleague
from inbox_samples import ALI, CasesInMemory

from hr_console.case_words import moment, snooze_until, span
from hr_console.shelf import OBSTACLES
from locales import as_written

pytest_plugins = ["databases", "desk", "inbox_samples"]

SignIn = Callable[..., Colleague]
NASTY = '<script>alert("x")</script>{{ 7*7 }}{name}'
BACK_PAY = "reply:000000/back-pay"
WAIT = "reply:000000/can-i-wait"


def page(colleague: Colleague, path: str = "/hr/cases", status: int = 200) -> str:
    return colleague.opens(path, status).get_data(as_text=True)


def listed(text: str) -> list[str]:
    return re.findall(r'<li class="case[^"]*" data-number="(T-\d+)"', text)


def field(text: str, name: str) -> str:
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', text)
    assert found is not None, name
    return found[1]


# -- The list


def test_the_most_urgent_comes_first_with_why_where_and_until_when(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("几月开始交", due_at=None)
    cases.arrives("手轧了", kind="urgent_injury")
    text = page(hr("赵静"))
    assert listed(text) == ["T-000002", "T-000001"]
    assert "有人受伤" in text and "紧急" in text and "今天 16:00 前回" in text
    assert "江苏省苏州市" in text


def test_what_is_late_is_marked(hr: SignIn, cases: CasesInMemory, clock: Clock) -> None:
    cases.arrives("几月开始交")
    clock.move(hours=6)
    text = page(hr("赵静"))
    assert '<li class="case overdue"' in text and "超时 2 小时" in text


def test_a_list_shows_neither_question_nor_what_says_something_about_a_person(
    hr: SignIn, cases: CasesInMemory
) -> None:
    cases.arrives("老公的低保停了", kind="dibao_status_change")
    text = page(hr("周敏", "dibao_officer"))
    assert "需要专人处理" in text
    assert "低保" not in text.split('id="cases"')[1].split("</ol>")[0]
    assert listed(page(hr("赵静"))) == []
    hr("王芳").opens("/hr/cases/T-000001", 404)


def test_a_complaint_is_not_for_those_it_may_be_about(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("组长骂人", kind="complaint")
    assert listed(page(hr("赵静"))) == []
    assert listed(page(hr("厂长", "admin"))) == ["T-000001"]


def test_the_tabs_name_is_neutral(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("老公的低保停了", kind="dibao_status_change", employee=ALI.id)
    text = page(hr("周敏", "dibao_officer"), "/hr/cases/T-000001")
    assert "<title>T-000001 · 社保助手</title>" in text


def test_an_employee_is_named_to_those_who_may_see_the_roster(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("几月开始交", employee=ALI.id)
    assert "王阿丽 0042" in page(hr("赵静"))


def test_each_list_has_its_cases_and_how_many(hr: SignIn, cases: CasesInMemory) -> None:
    zhao, qian = hr("赵静"), hr("钱明")
    for _ in range(3):
        cases.arrives("几月开始交")
    zhao.sends("/hr/cases/T-000001/take")
    qian.sends("/hr/cases/T-000002/take")
    text = page(zhao, "/hr/cases?box=taken")
    assert listed(text) == ["T-000002"] and "钱明 在办" in text
    assert listed(page(zhao, "/hr/cases?box=mine")) == ["T-000001"]
    assert re.findall(r'data-count="(\w+)">(\d)', text)[:3] == [
        ("waiting", "1"),
        ("mine", "1"),
        ("taken", "1"),
    ]


def test_an_empty_list_says_what_will_come(hr: SignIn) -> None:
    assert "没有人在等" in page(hr("赵静"))


def test_a_long_list_goes_on(hr: SignIn, cases: CasesInMemory) -> None:
    for _ in range(60):
        cases.arrives("几月开始交")
    zhao = hr("赵静")
    text = page(zhao)
    assert len(listed(text)) == 50
    following = re.search(r'href="([^"]+after=50[^"]*)"', text)
    assert following is not None
    assert len(listed(page(zhao, following[1].replace("&amp;", "&")))) == 10


# -- Finding


def test_a_person_is_found_by_number_and_the_address_does_not_name_them(
    hr: SignIn, cases: CasesInMemory
) -> None:
    cases.arrives("几月开始交", employee=ALI.id)
    cases.arrives("别人的")
    zhao = hr("赵静")
    zhao.sends("/hr/cases/T-000001/finish")
    for typed in ("0042", "王阿丽"):
        address = zhao.sends("/hr/cases/search", who=typed).headers["Location"]
        assert "0042" not in address and "%E7%8E%8B" not in address and ALI.id in address
        text = page(zhao, address)
        assert listed(text) == ["T-000001"] and "王阿丽 0042" in text


def test_of_several_people_of_one_name_one_is_chosen(hr: SignIn) -> None:
    text = hr("赵静").sends("/hr/cases/search", 200, who="李强").get_data(as_text=True)
    assert "李强 0101 · 江苏省苏州市" in text and "李强 0102 · 北京市" in text


def test_whoever_is_not_on_the_roster_is_said_so_and_what_was_typed_stays(hr: SignIn) -> None:
    text = hr("赵静").sends("/hr/cases/search", 400, who="王阿", place="苏洲").get_data(as_text=True)
    assert "没有叫这个名字的人" in text and 'value="王阿"' in text
    assert "没找到这个地区" in text and 'value="苏洲"' in text


def test_kind_region_and_days_narrow_the_list(hr: SignIn, cases: CasesInMemory, clock: Clock) -> None:
    cases.arrives("几月开始交")
    cases.arrives("我不交", kind="refusal", region="110000")
    clock.move(days=3)
    cases.arrives("几月开始交")
    zhao = hr("赵静")
    by_kind = zhao.sends("/hr/cases/search", kind="refusal").headers["Location"]
    assert listed(page(zhao, by_kind)) == ["T-000002"]
    by_place = zhao.sends("/hr/cases/search", place="北京").headers["Location"]
    assert listed(page(zhao, by_place)) == ["T-000002"]
    by_day = zhao.sends("/hr/cases/search", **{"from": "2026-10-16"}).headers["Location"]
    assert listed(page(zhao, by_day)) == ["T-000003"]


def test_looking_for_a_person_is_written_into_the_log(
    hr: SignIn, inbox: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from storage.audit import StoredLog

    events = []
    monkeypatch.setattr(StoredLog, "record", lambda self, event: events.append(event) or 1)
    zhao = hr("赵静")
    zhao.opens(zhao.sends("/hr/cases/search", who="0042").headers["Location"])
    assert [(event.act, event.subjects) for event in events] == [
        ("cases_of_employee", (f"employee:{ALI.id}",))
    ]


# -- Many at once


def test_many_are_done_at_once_and_undone(hr: SignIn, cases: CasesInMemory) -> None:
    zhao, qian = hr("赵静"), hr("钱明")
    for _ in range(3):
        cases.arrives("几月开始交")
    qian.sends("/hr/cases/T-000003/take")
    after = zhao.sends("/hr/cases/many", act="done", number=["T-000001", "T-000002", "T-000003"])
    text = page(zhao, after.headers["Location"])
    assert "别人在办的没有动" in text and listed(text) == []
    text = page(zhao, zhao.sends("/hr/cases/undo", id=field(text, "id")).headers["Location"])
    assert "撤销了 2 条" in text and listed(text) == ["T-000001", "T-000002"]


def test_nothing_chosen_is_said(hr: SignIn) -> None:
    assert "一条也没选" in hr("赵静").sends("/hr/cases/many", 400, act="take").get_data(as_text=True)


def test_many_are_laid_aside_until_a_day(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("几月开始交")
    zhao = hr("赵静")
    late = zhao.sends("/hr/cases/many", 400, act="snooze", number="T-000001", until="date", day="2020-01-01")
    assert "选一个今天以后" in late.get_data(as_text=True)
    zhao.sends("/hr/cases/many", act="snooze", number="T-000001", until="tomorrow")
    assert "放到 明天 09:00" in page(zhao, "/hr/cases?box=snoozed")


# -- A case


def test_the_question_alone_is_what_hr_sees(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("几月开始给我交")
    text = page(hr("赵静"), "/hr/cases/T-000001")
    assert "对方只发了这个问题" in text and "几月开始给我交" in text
    assert cases.opened == ["T-000001"]


def test_a_whole_conversation_stands_as_bubbles(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("employee: 交了低保还有吗", "assistant: 按现在算在线内", whole=True)
    text = page(hr("赵静"), "/hr/cases/T-000001")
    assert '<li class="said employee"' in text and '<li class="said assistant"' in text
    assert "employee: " not in text


def test_what_somebody_else_wrote_is_text_and_nothing_else(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives(NASTY)
    cases.writes("T-000001", NASTY)
    zhao = hr("赵静")
    zhao.sends("/hr/cases/T-000001/note", text=NASTY)
    text = page(zhao, "/hr/cases/T-000001")
    assert "<script>alert" not in text and text.count("&lt;script&gt;") == 3
    assert "{{ 7*7 }}{name}" in text


def test_the_language_of_the_employee_is_told(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("When does it start?", language="en")
    text = page(hr("赵静"), "/hr/cases/T-000001")
    assert "<dd>English</dd>" in text and "It cannot wait." in text


def test_a_case_goes_through_its_states(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("几月开始交")
    zhao = hr("赵静")
    for act, state in (("take", "taken"), ("release", "waiting"), ("finish", "done"), ("reopen", "waiting")):
        zhao.sends(f"/hr/cases/T-000001/{act}")
        assert cases.kept["T-000001"].line.state == state
    zhao.sends("/hr/cases/T-000001/snooze", until="monday")
    assert cases.kept["T-000001"].line.snoozed_until == datetime(2026, 10, 19, 1, tzinfo=UTC)


def test_who_came_first_is_told_by_name(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("几月开始交")
    zhao, qian = hr("赵静"), hr("钱明")
    qian.sends("/hr/cases/T-000001/take")
    for act in ("take", "finish", "release"):
        text = zhao.sends(f"/hr/cases/T-000001/{act}", 409).get_data(as_text=True)
        assert "钱明正在处理，这一步没有做" in text
    text = page(zhao, "/hr/cases/T-000001")
    assert "钱明正在处理。" in text and 'id="reply"' not in text


def test_taking_over_needs_a_reason(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("几月开始交")
    zhao, qian = hr("赵静"), hr("钱明")
    qian.sends("/hr/cases/T-000001/take")
    assert "写一句为什么" in zhao.sends("/hr/cases/T-000001/take-over", 400, why=" ").get_data(as_text=True)
    zhao.sends("/hr/cases/T-000001/take-over", why="他请假")
    assert cases.kept["T-000001"].line.assignee == zhao.account.id


def test_notes_name_colleagues_and_stay_within_hr(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("几月开始交")
    zhao, qian = hr("赵静"), hr("钱明")
    zhao.sends("/hr/cases/T-000001/note", text="@钱明 你熟，看一下")
    assert cases.kept["T-000001"].notes[0].mentions == (qian.account.id,)
    assert "提到：钱明" in page(zhao, "/hr/cases/T-000001")
    assert "备注里提到你" in page(qian) and "备注里提到你" not in page(zhao)
    assert cases.kept["T-000001"].said == []


# -- Answering


def test_an_answer_from_the_page_takes_the_case_and_goes_once(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("几月开始交")
    zhao = hr("赵静")
    text = page(zhao, "/hr/cases/T-000001")
    sent = {name: field(text, name) for name in ("key", "seen", "take")} | {"text": "十二月起交。"}
    zhao.sends("/hr/cases/T-000001/say", **sent)
    zhao.sends("/hr/cases/T-000001/say", **sent)
    assert [each.text for each in cases.kept["T-000001"].said] == ["十二月起交。"]
    text = page(zhao, "/hr/cases/T-000001")
    assert "排队发送" in text and "我在办" in text


def test_the_script_gets_the_new_bubbles(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("几月开始交")
    zhao = hr("赵静")
    zhao.sends("/hr/cases/T-000001/take")
    answer = zhao.asks("/hr/cases/T-000001/say", {"text": "十二月", "key": "k1", "seen": 0, "used": []})
    assert [(one["author"], one["text"], one["state"]) for one in answer.json["said"]] == [
        ("hr", "十二月", "排队发送")
    ]


def test_only_whoever_has_the_case_answers(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("几月开始交")
    zhao, qian = hr("赵静"), hr("钱明")
    qian.sends("/hr/cases/T-000001/take")
    error = zhao.asks("/hr/cases/T-000001/say", {"text": "十二月", "key": "k1", "take": "1"}, 409).json[
        "error"
    ]
    assert (error["code"], error["message"]) == ("collision", "钱明正在处理，这一步没有做。")
    assert cases.kept["T-000001"].said == []


@pytest.mark.parametrize(("typed", "told"), [("  ", "还没写字"), ("字" * 2001, "写了 2001 个字")])
def test_what_cannot_be_sent_is_said_and_kept(
    hr: SignIn, cases: CasesInMemory, typed: str, told: str
) -> None:
    cases.arrives("几月开始交")
    zhao = hr("赵静")
    zhao.sends("/hr/cases/T-000001/take")
    text = zhao.sends("/hr/cases/T-000001/say", 400, text=typed, key="k1").get_data(as_text=True)
    assert told in text and f">{typed.strip()}</textarea>" in text


def test_whoever_cannot_be_reached_is_told_before_typing(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("几月开始交", conversation=None, reachable=False)
    cases.arrives("几月开始交", reachable=False)
    zhao = hr("赵静")
    erased, nowhere = page(zhao, "/hr/cases/T-000001"), page(zhao, "/hr/cases/T-000002")
    assert "对方把对话删掉了" in erased and 'id="reply"' not in erased
    assert "没有能收到消息的渠道" in nowhere and 'id="reply"' not in nowhere


def test_what_became_of_an_answer_is_told_and_a_failed_one_goes_again(
    hr: SignIn, cases: CasesInMemory
) -> None:
    cases.arrives("几月开始交")
    zhao = hr("赵静")
    zhao.sends("/hr/cases/T-000001/take")
    zhao.sends("/hr/cases/T-000001/say", text="十二月", key="k1", used=[BACK_PAY])
    cases.settles("T-000001", "failed", "blocked")
    text = page(zhao, "/hr/cases/T-000001")
    assert "没送到：对方拉黑了" in text
    failed = cases.kept["T-000001"].said[-1]
    zhao.sends("/hr/cases/T-000001/again", seq=str(failed.seq))
    (said,) = cases.kept["T-000001"].said
    assert (said.delivery, said.sources) == ("queued", failed.sources)
    cases.settles("T-000001", "delivered")
    assert "已送达" in page(zhao, "/hr/cases/T-000001")


def test_what_does_not_come_with_the_form_is_refused(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("几月开始交")
    zhao = hr("赵静")
    assert zhao.client.post("/hr/cases/T-000001/take").status_code == 400
    assert cases.kept["T-000001"].line.state == "waiting"


# -- Ready replies and clauses


def test_a_ready_reply_brings_its_sources(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("以前没交的怎么补")
    zhao = hr("赵静")
    text = page(zhao, "/hr/cases/T-000001")
    assert "以前该交没交的，由厂里去补" in text
    zhao.sends("/hr/cases/T-000001/say", text="由厂里去补。", key="k1", take="1", used=[BACK_PAY])
    said = cases.kept["T-000001"].said[0]
    assert [source["id"] for source in said.sources] == ["SIL-86", "SIL-60", "MOHRSS20-LATE"]
    assert "附依据 3 条" in page(zhao, "/hr/cases/T-000001")


def test_the_page_cannot_bring_sources_of_its_own(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("怎么补")
    zhao = hr("赵静")
    body = {"text": "由厂里去补。", "key": "k1", "take": "1", "used": [], "sources": [{"id": "made up"}]}
    zhao.asks("/hr/cases/T-000001/say", body)
    assert cases.kept["T-000001"].said[0].sources == ()


def test_a_text_is_put_into_the_answer_without_a_script(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("怎么补")
    zhao = hr("赵静")
    text = zhao.sends("/hr/cases/T-000001/insert", 200, text="你好。", insert=BACK_PAY).get_data(as_text=True)
    written = re.search(r'<textarea id="text"[^>]*>([^<]*)</textarea>', text)
    assert written is not None and written[1].startswith("你好。\n以前该交没交的")
    assert f'name="used" value="{BACK_PAY}" checked' in text


def test_articles_near_the_question_are_offered(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("滞纳金一天加多少")
    text = page(hr("赵静"), "/hr/cases/T-000001")
    offered = re.findall(r'name="insert" value="(article:[^"]+)"', text)
    assert 0 < len(offered) <= 3 and any("late" in ref for ref in offered)


def test_nothing_near_is_said(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("食堂今天吃什么")
    assert "没有跟这个问题相近的条文" in page(hr("赵静"), "/hr/cases/T-000001")


def test_a_reply_whose_clause_is_not_in_force_is_grey_and_refused(
    hr: SignIn, cases: CasesInMemory, clock: Clock
) -> None:
    clock.time = datetime(2025, 8, 1, 4, tzinfo=UTC)  # the clause on refusals is of September 2025
    cases.arrives("折成现金给我")
    zhao = hr("赵静")
    text = page(zhao, "/hr/cases/T-000001")
    assert 'value="reply:000000/cash-instead"' not in text and "从 2025-09-01 起才有效" in text
    sent = {"text": "不能折成现金。", "key": "k1", "take": "1", "used": ["reply:000000/cash-instead"]}
    error = zhao.asks("/hr/cases/T-000001/say", sent, 409).json["error"]
    assert error["code"] == "expired" and "2025-09-01" in error["message"]
    assert cases.kept["T-000001"].said == [] and cases.kept["T-000001"].line.state == "waiting"
    again = zhao.sends("/hr/cases/T-000001/say", 409, **sent).get_data(as_text=True)
    assert "不能折成现金。</textarea>" in again


def test_a_reply_that_was_withdrawn_is_refused(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("怎么补")
    sent = {"text": "由厂里去补。", "key": "k1", "take": "1", "used": ["reply:000000/no-such"]}
    error = hr("赵静").asks("/hr/cases/T-000001/say", sent, 409).json["error"]
    assert error["code"] == "expired" and cases.kept["T-000001"].said == []


def test_changed_figures_are_asked_about_once(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("等等再交行不")
    zhao = hr("赵静")
    sent = {"text": "每天加收 0.5%。", "key": "k1", "take": "1", "used": [WAIT], "seen": 0}
    error = zhao.asks("/hr/cases/T-000001/say", sent, 409).json["error"]
    assert error["code"] == "figures" and "0.5" in error["message"]
    text = zhao.sends("/hr/cases/T-000001/say", 409, **sent).get_data(as_text=True)
    zhao.sends("/hr/cases/T-000001/say", **sent, checked=field(text, "checked"))
    assert [each.text for each in cases.kept["T-000001"].said] == ["每天加收 0.5%。"]


@pytest.mark.parametrize("text", ["每天加收 0.05%，从 10 月起。", "不能等。", "每天加收 0.05%。"])
def test_a_day_added_or_a_figure_left_out_is_no_change(hr: SignIn, cases: CasesInMemory, text: str) -> None:
    cases.arrives("等等再交行不")
    hr("赵静").asks("/hr/cases/T-000001/say", {"text": text, "key": "k1", "take": "1", "used": [WAIT]})
    assert cases.kept["T-000001"].said[0].text == text


def test_why_something_cannot_be_sent_has_words_for_every_reason() -> None:
    assert set(OBSTACLES) == {"yet", "longer", "gone"}


# -- What moves by itself


def test_changes_come_in_order_and_only_once(hr: SignIn, cases: CasesInMemory, clock: Clock) -> None:
    cases.arrives("一")
    cases.arrives("二")
    zhao = hr("赵静")
    first = zhao.asks("/hr/cases/changes?after=0&box=waiting").json
    assert [row["number"] for row in first["rows"]] == ["T-000001", "T-000002"]
    assert first["counts"]["waiting"] == 2
    clock.move(minutes=5)
    cases.writes("T-000001", "在吗")
    second = zhao.asks(f"/hr/cases/changes?after={first['change']}&box=waiting").json
    assert [row["number"] for row in second["rows"]] == ["T-000001"] and "又写了" in second["rows"][0]["when"]
    assert zhao.asks(f"/hr/cases/changes?after={second['change']}").json["rows"] == []


def test_changes_of_the_open_case_bring_its_bubbles_and_open_nothing(
    hr: SignIn, cases: CasesInMemory
) -> None:
    cases.arrives("一")
    cases.writes("T-000001", "在吗")
    cases.writes("T-000001", "急")
    first = cases.kept["T-000001"].said[0].seq
    data = hr("赵静").asks(f"/hr/cases/changes?after=0&case=T-000001&said={first}").json
    assert [one["text"] for one in data["said"]] == ["急"]
    assert cases.opened == []


def test_many_changes_come_in_parts_and_none_is_left_out(
    hr: SignIn, cases: CasesInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hr_console.inbox.MOST_CHANGES", 2)
    for _ in range(3):
        cases.arrives("一")
    zhao = hr("赵静")
    first = zhao.asks("/hr/cases/changes?after=0").json
    assert first["more"] and len(first["rows"]) == 2
    second = zhao.asks(f"/hr/cases/changes?after={first['change']}").json
    assert not second["more"] and [row["number"] for row in second["rows"]] == ["T-000003"]


def test_a_changed_line_holds_nothing_that_the_list_does_not_show(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("老公的低保停了", kind="dibao_status_change")
    told = json.dumps(hr("周敏", "dibao_officer").asks("/hr/cases/changes?after=0").json, ensure_ascii=False)
    assert "低保" not in told and "需要专人处理" in told


def test_what_was_laid_aside_comes_back_by_the_clock(hr: SignIn, cases: CasesInMemory) -> None:
    cases.arrives("一")
    zhao = hr("赵静")
    last = zhao.asks("/hr/cases/changes?after=0&box=waiting").json["change"]
    data = zhao.asks(f"/hr/cases/changes?after={last}&box=waiting&whole=1").json
    assert data["whole"] == ["T-000001"] and [row["number"] for row in data["rows"]] == ["T-000001"]


# -- Words


def test_times_are_told_as_people_say_them() -> None:
    now = datetime(2026, 11, 27, 9, tzinfo=UTC)
    told = [
        moment(now + timedelta(**span), now, as_written)
        for span in ({}, {"days": 1}, {"days": 5}, {"days": 60})
    ]
    assert told == ["今天 17:00", "明天 17:00", "12-02 17:00", "2027-01-26"]
    lengths = (timedelta(seconds=20), timedelta(minutes=59), timedelta(hours=47), timedelta(hours=48))
    assert [span(each, as_written) for each in lengths] == ["1 分钟", "59 分钟", "47 小时", "2 天"]


@pytest.mark.parametrize(
    ("preset", "day", "until"),
    [
        ("hour", "", datetime(2026, 11, 27, 17, tzinfo=UTC)),
        ("tomorrow", "", datetime(2026, 11, 29, 1, tzinfo=UTC)),
        ("monday", "", datetime(2026, 11, 30, 1, tzinfo=UTC)),
        ("date", "2026-12-24", datetime(2026, 12, 24, 1, tzinfo=UTC)),
        ("date", "2026-11-28", datetime(2026, 11, 28, 1, tzinfo=UTC)),
        ("date", "2026-11-27", None),
        ("date", "2028-11-28", None),
        ("date", "24.12.", None),
        ("", "", None),
    ],
)
def test_laying_aside_is_by_the_clock_of_china(preset: str, day: str, until: datetime | None) -> None:
    late = datetime(2026, 11, 27, 16, tzinfo=UTC)  # already Saturday the 28th in China
    assert snooze_until(preset, day, late) == until
