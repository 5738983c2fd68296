"""The dashboard: numbers that HR can count by hand, lists behind them, and small groups that nobody can work out."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from io import BytesIO
from itertools import product

import openpyxl
import pytest
from databases import Clock
from desk import Colleague
from sqlalchemy import select, update
from talking import colleague as staff
from talking import message, say

from audit.events import account
from audit.events import employee as subject
from hr_console.access import NEEDS
from hr_console.dashboard_panels import Exposed, dibao_groups, uninsured_dibao
from hr_console.running_cost import Running, running_cost
from hr_inbox.task import HrTask
from hr_inbox.unanswered import Unanswered
from people.accounts import GRANTS, ROLES
from people.employees import Employee
from people.entities import InsuredAccount
from people.records import Adjustment, DibaoState, DibaoStatus, PayMonth
from people.small_groups import LEAST
from people.standing import Uninsured
from policy_kb.due import due
from policy_kb.library import Library
from storage.opening import Storage
from storage.tables import audit_events, tasks

pytest_plugins = ["databases", "desk"]

HR = account("5a1e0000-0000-4000-8000-00000000000a")
JOINED = date(2026, 8, 10)
#: Suzhou, 3500 a month, August and September: 1738.20 a month for both sides, 0.8691 of late fee a day on each.
ARREARS, FEE = "3476.40", "50.41"  # 44 days of August's 38.24, 14 days of September's 12.17
HIDDEN = f"少于 {LEAST} 人，或一减就知道，不显示"
Sign = Callable[..., Colleague]


def hire(storage: Storage, number: str, **values: object) -> Employee:
    person = Employee("", number, f"员工{number}", "320500", wage=350_000, joined_on=JOINED)
    return storage.roster.add(replace(person, **values), HR)  # type: ignore[arg-type]


def tell(storage: Storage, employee: Employee, state: DibaoState) -> None:
    storage.records.agree(employee.id, "dibao_status", "paper", HR)
    storage.records.tell_dibao(employee.id, DibaoStatus(state, JOINED, "told_hr"), HR)


@pytest.fixture
def company(desk_storage: Storage) -> dict[str, Employee]:
    """40 employees. 14 receive (6 of them not insured), 2 are suspended (both not insured), 1 was ended. 14 are not
    insured: the 8 on the book, and 6 who told nothing, of whom one has no wage on record."""
    storage, insured = desk_storage, {"insured_since": date(2026, 9, 1)}
    people = [
        hire(
            storage,
            f"A{index:03}",
            **({} if index < 14 else insured),
            uninsured_why="等身份证" * (index == 0),
        )
        for index in range(39)
    ]
    people.append(hire(storage, "A099", wage=None, uninsured_why="=1+1"))
    storage.roster.leave(people[13].id, date(2026, 10, 1), HR)
    for index in (*range(6), *range(20, 28)):
        tell(storage, people[index], "receiving")
    for index in (6, 7):
        tell(storage, people[index], "suspended")
    tell(storage, people[30], "ended")
    tell(storage, people[31], "receiving")
    storage.records.withdraw(people[31].id, "dibao_status", "told_hr", HR)
    tell(storage, people[32], "none")
    tell(storage, people[13], "receiving")  # has left
    return {each.number: each for each in people}


def figures(text: str) -> dict[str, str]:
    """What the page shows large, by what stands below it."""
    found = re.findall(r'<(?:a|div) class="figure[^>]*><b>([^<]*)</b><span>([^<]*)</span>', text)
    return {name: number for number, name in found}


def panel(text: str, id: str) -> str:
    return text.partition(f'aria-labelledby="{id}"')[2].partition("</section>")[0]


def acts(storage: Storage) -> list[str]:
    with storage.database.read() as connection:
        return list(connection.execute(select(audit_events.c.act).order_by(audit_events.c.seq)).scalars())


def book(response: bytes) -> dict[str, list[tuple[object, ...]]]:
    opened = openpyxl.load_workbook(BytesIO(response))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in opened}


# -- Who sees what -----------------------------------------------------------------------------------------------------


def test_each_role_opens_what_it_may(company: dict[str, Employee], colleague: Sign) -> None:
    paths = {
        "dashboard": "/hr/dashboard",
        "dashboard_file": "/hr/dashboard/file",
        "dashboard_questions": "/hr/dashboard/questions",
        "dashboard_uninsured": "/hr/dashboard/uninsured",
        "dashboard_cost": f"/hr/dashboard/uninsured/{company['A000'].id}",
        "dashboard_bases": "/hr/dashboard/bases",
        "dashboard_dibao": "/hr/dashboard/dibao",
    }
    assert set(paths) == {each for each in NEEDS if each.startswith("dashboard")}
    for role in ROLES:
        somebody = colleague(role, role)
        for endpoint, path in paths.items():
            somebody.opens(path, 200 if NEEDS[endpoint] in GRANTS[role] else 403)


def test_the_dibao_officer_sees_every_number_and_the_list_behind_it(
    company: dict[str, Employee], colleague: Sign, desk_storage: Storage
) -> None:
    officer = colleague("林敏", "dibao_officer")
    text = officer.opens("/hr/dashboard").get_data(as_text=True)
    dibao = panel(text, "p-dibao")
    assert figures(dibao) == {"在领": "14", "申请中": "0", "暂停": "2", "终止": "1"}
    assert "一共 17 人" in dibao
    assert figures(panel(text, "p-both"))["人"] == "8"
    both = officer.opens("/hr/dashboard/dibao?uninsured=1").get_data(as_text=True)
    assert {number for number in company if f">{number}<" in both} == {f"A{index:03}" for index in range(8)}
    assert "员工A006" in officer.opens("/hr/dashboard/dibao?status=suspended").get_data(as_text=True)
    officer.opens("/hr/dashboard/dibao?status=none", 404)
    everyone = officer.opens("/hr/dashboard/dibao").get_data(as_text=True)
    assert "员工A031" not in everyone and "员工A032" not in everyone and "员工A013" not in everyone
    assert acts(desk_storage).count("dibao_listed") == 3
    seen = desk_storage.history.about(subject(company["A006"].id))
    assert "dibao_listed" in {each.act for each in seen}


def test_nobody_else_sees_a_small_group_or_what_gives_it_away(
    company: dict[str, Employee], colleague: Sign
) -> None:
    for role in ("agent", "admin", "auditor", "policy_editor"):
        text = colleague(role, role).opens("/hr/dashboard").get_data(as_text=True)
        dibao = panel(text, "p-dibao")
        assert figures(dibao) == {"在领": "14", "申请中": HIDDEN, "暂停": HIDDEN, "终止": HIDDEN}
        assert "一共" not in dibao and "17" not in dibao and "/hr/dashboard/dibao" not in text
        # Six of the fourteen who receive are not insured; the eight on the book would tell of the suspended.
        both = figures(panel(text, "p-both"))
        assert both == {"人": "6", "到今天累计": "约 2 万元"}
        file = book(colleague(f"{role}2", role).opens("/hr/dashboard/file").data)
        assert ("低保：暂停", HIDDEN) in file["汇总"] and ("低保：合计", "不显示") in file["汇总"]
        assert ("家里有低保、没参保的人数", 6) in file["汇总"] and "低保名单" not in file


def test_what_is_shown_never_tells_what_is_hidden() -> None:
    """Every company of thirty with up to nine in each state: who sees the same numbers cannot tell which it is."""
    seen: dict[object, list[tuple[int, ...]]] = defaultdict(list)
    states: tuple[DibaoState, ...] = ("receiving", "suspended", "ended")
    for world in product(range(10), repeat=len(states)):
        told = [state for state, count in zip(states, world, strict=True) for _ in range(count)]
        groups = dibao_groups(told, 30, officer=False)
        seen[tuple(groups.counts.items()), groups.total].append(world)
    for (counts, total), worlds in seen.items():
        for index, state in enumerate(states):
            possible = {world[index] for world in worlds}
            if dict(counts)[state] is None:
                assert possible == set(range(LEAST)), (counts, total)
        assert total is None or all(count is not None for _, count in counts)


def test_the_uninsured_on_dibao_are_hidden_where_the_named_list_gives_them_away() -> None:
    def shown(both: int, uninsured: int, receiving: int) -> int | None:
        people = [Employee(str(index), "", "", "320500") for index in range(uninsured)]
        exposed = [Exposed(Uninsured(each, ()), Running(0, 0, True, 0, {})) for each in people]
        told: Mapping[str, DibaoState] = {str(index): "receiving" for index in range(both)} | {
            f"insured {index}": "receiving" for index in range(receiving - both)
        }
        groups = dibao_groups(told.values(), 100, officer=False)
        return uninsured_dibao(told, exposed, groups, officer=False).count

    assert shown(6, 11, 11) == 6
    assert shown(12, 17, 12) == 12  # all who receive: tells nothing of those who are on the list
    assert shown(6, 6, 11) is None  # everybody on the list
    assert shown(6, 10, 11) is None  # all but four of the list
    assert shown(6, 20, 10) is None  # four who are insured
    assert shown(4, 20, 20) is None


# -- What it costs -----------------------------------------------------------------------------------------------------


def test_the_uninsured_are_listed_with_reason_and_cost_to_the_fen(
    company: dict[str, Employee], colleague: Sign, desk_storage: Storage
) -> None:
    agent = colleague("赵静", "agent")
    shown = figures(panel(agent.opens("/hr/dashboard").get_data(as_text=True), "p-uninsured"))
    assert shown == {"人": "14", "到今天累计（欠缴和滞纳金）": f"{13 * 352_681 / 100:.2f} 元"}
    text = agent.opens("/hr/dashboard/uninsured").get_data(as_text=True)
    assert text.count(ARREARS) == text.count(FEE) == 13 and "等身份证" in text
    assert "算不出：没有工资的记录" in text
    assert "有 1 人的工资或月份没有记录" in text
    assert f"/hr/roster/{company['A000'].id}" in text or "照常参保" not in text
    cost = agent.opens(f"/hr/dashboard/uninsured/{company['A000'].id}").get_data(as_text=True)
    for told in (ARREARS, "3526.81", "2026-09-01", "38.24", "12.17", "社会保险法", "工伤"):
        assert told in cost, told
    agent.opens(f"/hr/dashboard/uninsured/{company['A020'].id}", 404)
    agent.opens("/hr/dashboard/uninsured/nobody", 404)
    assert {"uninsured_listed", "cost_opened"} <= set(acts(desk_storage))


def test_which_months_are_owed(library: Library) -> None:
    today, ali = date(2026, 10, 15), Employee("", "A1", "阿丽", "320500", wage=350_000, joined_on=JOINED)
    account_ = InsuredAccount("", "", "320500", "1", injury_class=1, declaration_day=14)

    def arrears(who: Employee, *months: PayMonth, accounts: tuple[InsuredAccount, ...] = ()) -> object:
        found = running_cost(library, Uninsured(who, months), accounts, today)
        return found if isinstance(found, str) else (found.arrears, found.assumed, found.complete)

    assert arrears(ali) == (347_640, 2, True)
    september = PayMonth(date(2026, 9, 1), 350_000, paid=True)
    assert arrears(ali, september) == (173_820, 1, True)
    assert arrears(ali, replace(september, paid=None)) == (347_640, 1, True)
    assert arrears(ali, accounts=(account_,)) == (521_460, 3, True)  # October's day was the 14th
    assert arrears(ali, accounts=(replace(account_, declaration_day=15),)) == (347_640, 2, True)
    assert arrears(ali, accounts=(replace(account_, declared_next_month=True),)) == (347_640, 2, True)
    late = replace(account_, declared_next_month=True, declaration_day=20)
    assert arrears(ali, accounts=(late,)) == (173_820, 1, True)  # September may still be paid
    assert arrears(replace(ali, joined_on=date(2026, 10, 1))) == (0, 0, True)
    assert arrears(replace(ali, wage=None)) == "wage"
    assert arrears(replace(ali, wage=None), replace(september, paid=False)) == (173_820, 0, False)
    assert arrears(replace(ali, joined_on=None)) == "months"
    assert arrears(replace(ali, employment="part_time")) == "employment"
    assert arrears(replace(ali, region="999999")) == "region"


# -- The other panels --------------------------------------------------------------------------------------------------


def test_base_adjustments_say_before_after_why_and_who(
    company: dict[str, Employee], colleague: Sign, desk_storage: Storage
) -> None:
    up, first = company["A020"], company["A021"]
    desk_storage.records.adjust(
        up.id, Adjustment(date(2026, 10, 1), 424_900, 452_500, "下限公布", "周明"), HR
    )
    desk_storage.records.adjust(first.id, Adjustment(date(2026, 9, 1), None, 350_000, "首次申报", "周明"), HR)
    desk_storage.records.adjust(up.id, Adjustment(date(2025, 7, 1), 400_000, 424_900, "去年的", "周明"), HR)
    agent = colleague("赵静", "agent")
    assert "2" in figures(panel(agent.opens("/hr/dashboard").get_data(as_text=True), "p-bases")).values()
    text = agent.opens("/hr/dashboard/bases").get_data(as_text=True)
    for told in ("2026-10", "4249.00", "4525.00", "下限公布", "周明", "首次申报", "没有记录"):
        assert told in text, told
    assert "去年的" not in text
    assert "首次申报" not in agent.opens("/hr/dashboard/bases?way=up").get_data(as_text=True)
    assert "没有这样的" in agent.opens("/hr/dashboard/bases?region=310000").get_data(as_text=True)


def test_questions_without_an_answer_are_counted_by_topic_and_listed_by_week_and_place(
    desk_storage: Storage, colleague: Sign
) -> None:
    transfer = Unanswered("no_clause", "ask_transfer", "320500")
    home = Unanswered("withheld", "ask_dibao_standard", "340000")
    say(desk_storage, message("m1", "我的怪问题"), "没有", unanswered=(transfer, transfer, home))
    editor = colleague("沈静", "policy_editor")
    text = panel(editor.opens("/hr/dashboard").get_data(as_text=True), "p-gaps")
    assert figures(text) == {"次": "3"}
    assert "<title" in text and "换地方了社保怎么转 2，低保线是多少 1" in text
    listed = editor.opens("/hr/dashboard/questions").get_data(as_text=True)
    assert "2026-10-12" in listed and "江苏省苏州市" in listed and "安徽省" in listed
    assert "/hr/policy?region=320500" in listed and "怪问题" not in listed
    assert (
        "苏州"
        not in editor.opens("/hr/dashboard/questions?region=340000")
        .get_data(as_text=True)
        .partition("<tbody>")[2]
    )


def test_waits_are_told_with_median_and_ninetieth(
    desk_storage: Storage, colleague: Sign, clock: Clock
) -> None:
    li = staff(desk_storage, "李娜")
    for index, hours in enumerate((1, 2, 3)):
        sender = f"s{index}"
        task = HrTask("question" if index < 2 else "complaint", ("问",), region="320500")
        number = say(desk_storage, message(f"m{index}", sender=sender), "好", tasks=(task,)).tasks[0]
        desk_storage.cases.take(number, li)
        clock.move(hours=hours)
        desk_storage.cases.say(number, li, "答", "k1", 0)
        clock.move(hours=1)
        desk_storage.cases.say(number, li, "再答", "k2", 0)
        if index:
            desk_storage.cases.finish(number, li)
    with desk_storage.database.work() as connection:
        connection.execute(update(tasks).where(tasks.c.number == 1).values(due_at=clock(), state="waiting"))
    clock.move(hours=1)
    text = panel(colleague("赵静", "agent").opens("/hr/dashboard").get_data(as_text=True), "p-waiting")
    shown = figures(text)
    assert shown["到第一次回复，一半在这之内"] == "2 小时 0 分"
    assert shown["到办结，一半在这之内"] == "3 小时 0 分"
    assert shown["件现在超时"] == "1"
    rows = [re.findall(r"<td[^>]*>([^<]+)</td>", row) for row in text.partition("<tbody>")[2].split("</tr>")]
    assert ["有个问题", "2", "1 小时 0 分 / 2 小时 0 分", "3 小时 0 分 / 3 小时 0 分", "1", "1"] in rows
    assert ["需要专人处理", "1", "3 小时 0 分 / 3 小时 0 分", "4 小时 0 分 / 4 小时 0 分", "0", "0"] in rows
    assert "投诉" not in text


def test_whether_it_was_solved_is_hidden_while_few_have_said(
    desk_storage: Storage, colleague: Sign, clock: Clock
) -> None:
    agent = colleague("赵静", "agent")
    for index in range(6):
        say(desk_storage, message(f"m{index}"), "好", tasks=(HrTask("question", ("问",)),))

    def rated(*answers: str | None) -> str:
        with desk_storage.database.work() as connection:
            for number, answer in enumerate(answers, 1):
                connection.execute(
                    update(tasks).where(tasks.c.number == number).values(asked_at=clock(), rating=answer)
                )
        return panel(agent.opens("/hr/dashboard").get_data(as_text=True), "p-rating")

    assert "还没有问过" in rated()
    few = rated("yes", "yes", "yes", "no", "skip", None)
    assert "少于 5 人" in few and not figures(few)
    enough = rated("yes", "yes", "yes", "no", "yes", None)
    assert figures(enough) == {"回答的人说解决了": "80%"} and "问了 6 次，5 次有回答，4 次说解决了" in enough


def test_figures_due_for_review_open_the_policy_desk(
    desk_storage: Storage, colleague: Sign, library: Library
) -> None:
    found = due(library, date(2026, 10, 15))
    text = panel(colleague("沈静", "policy_editor").opens("/hr/dashboard").get_data(as_text=True), "p-due")
    assert figures(text)["没有低保线"] == str(sum(each.kind == "no_line" for each in found))
    assert "/hr/policy/due?kind=no_line" in text


def test_an_empty_company_reads_as_words(desk_storage: Storage, colleague: Sign) -> None:
    text = colleague("赵静", "agent").opens("/hr/dashboard").get_data(as_text=True)
    for told in (
        "都参保了",
        "没有人找来",
        "没有答不上来",
        "没有记录基数调整",
        "还没有发过告知书",
        "还没有连接",
    ):
        assert told in text, told
    assert " style=" not in text and "<script>" not in text and "onclick" not in text


def test_days_are_chosen_and_what_is_wrong_is_said_at_its_field(
    desk_storage: Storage, colleague: Sign
) -> None:
    agent = colleague("赵静", "agent")

    def opened(query: str) -> str:
        return agent.opens(f"/hr/dashboard?{query}").get_data(as_text=True)

    assert "2026-07-16 到 2026-10-15" in opened("")
    assert "2026-10-01 到 2026-10-15" in opened("period=month")
    assert "2025-10-16 到 2026-10-15" in opened("period=year")
    chosen = opened("period=custom&from=2026-09-01&until=2026-09-30")
    assert "2026-09-01 到 2026-09-30" in chosen and "from=2026-09-01" in chosen
    wrong = opened("period=custom&from=昨天&until=2026-10-16")
    assert 'value="昨天"' in wrong and wrong.count('aria-invalid="true"') == 2
    assert "请填日期" in wrong and "请填今天或更早" in wrong and "2026-07-16 到" in wrong
    assert "不早于开始" in opened("period=custom&from=2026-09-30&until=2026-09-01")
    assert "或更晚" in opened("period=custom&from=2020-09-30&until=2026-09-01")


# -- The file ----------------------------------------------------------------------------------------------------------


def test_the_file_holds_what_the_one_who_looks_may_see(
    company: dict[str, Employee], colleague: Sign, desk_storage: Storage
) -> None:
    officer = colleague("林敏", "dibao_officer").opens("/hr/dashboard/file")
    assert (
        officer.headers["Content-Disposition"] == "attachment; filename=dashboard-2026-07-16-2026-10-15.xlsx"
    )
    full = book(officer.data)
    assert ("低保：在领", 14) in full["汇总"] and ("低保：合计", 17) in full["汇总"]
    assert len(full["低保名单"]) == 1 + 17
    rows = {row[0]: row for row in full["没参保"]}
    assert rows["A000"][:4] == ("A000", "员工A000", "江苏省苏州市", "等身份证")
    assert rows["A000"][4:] == (3476.4, 50.41, 3526.81)
    assert rows["A099"][3:5] == ("'=1+1", "没有工资的记录")
    editor = book(colleague("沈静", "policy_editor").opens("/hr/dashboard/file").data)
    assert {"低保名单", "没参保", "基数调整"}.isdisjoint(editor)
    assert acts(desk_storage).count("dashboard_exported") == 2
    assert acts(desk_storage).count("dibao_exported") == 1


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
def test_the_file_opens_in_every_language(language: str, desk_storage: Storage, colleague: Sign) -> None:
    response = colleague("赵静", "agent").opens(f"/hr/dashboard/file?lang={language}")
    assert len(book(response.data)) == 7
