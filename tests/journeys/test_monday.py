"""HR's Monday: three whose dibao was suspended, a refusal, a system that fails, a county line that is raised, a declaration of
which one row comes back; and in the evening what is open, what was declared, what still runs in yuan, and who opened what.

赵静 works the inbox, the roster and the policy library. 李娜 sees dibao and approves policy. 王芳 sees dibao and approves what
李娜 prepared, and 孙兰 reads the log. Nobody approves their own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from html import unescape
from io import BytesIO
from typing import Any

import pytest
from desk import Colleague
from platforms.city import Trouble
from platforms.letterbox import Letterbox
from pypdf import PdfReader
from running_plant import Holder, Plant, publishes, running_plant, words
from telling import FORBIDDEN, needs_meaning

from calculator.money import format_yuan
from people.employees import Employee
from profiles.book import KeptStrategy, StrategySearch

pytestmark = needs_meaning

MONDAY = date(2026, 10, 19)
YINGZHOU, SUZHOU_IN_ANHUI, ZHOUKOU = "341202", "341300", "411600"
INSURED: dict[str, Any] = {
    "joined_on": date(2026, 3, 2), "insured_since": date(2026, 3, 1), "base": 495_200,
}  # fmt: skip
#: Both sides of a month at 3500, where the lowest base of Suzhou counts.
A_MONTH = 173_820
LINE_800 = {
    "what": "line", "region": YINGZHOU, "rural": "800", "from": "2025-06-01", "known": "2025-05-20",
    "title": "关于公布低保标准的通知", "document": "州民〔2025〕9号", "where": "https://mz.fy.gov.cn/9",
}  # fmt: skip
LINE_830 = {
    "what": "line", "region": YINGZHOU, "rural": "830", "from": "2026-07-01", "known": "2026-06-20",
    "title": "关于调整低保标准的通知", "document": "州民〔2026〕12号", "where": "https://mz.fy.gov.cn/12",
}  # fmt: skip
NEWS = "你问过的数有更新，点这里重新算一下。"
#: What stands under the yuan that run.
RUNNING = "到今天累计（欠缴和滞纳金）"


@pytest.fixture(scope="module")
def post() -> Iterator[Letterbox]:
    """HR's mailbox."""
    with Letterbox() as made:
        yield made


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory, post: Letterbox) -> Iterator[Plant]:
    with running_plant(tmp_path_factory.mktemp("monday"), post) as made:
        yield made


class Worker(Holder):
    """Somebody on the roster and in the city, with WeChat on a phone that is bound."""

    def __init__(self, plant: Plant, name: str, home: str = SUZHOU_IN_ANHUI, **fields: Any) -> None:
        id_number = f"32050019800101{plant.counted + 1:04}"
        employee = plant.hires(name, home_region=home, area="rural", id_number=id_number, **fields)
        plant.city.person(employee.number, name, id_number)
        follower = plant.wechat.follower(f"openid-{employee.number}")
        follower.following = True
        super().__init__(plant, employee, follower.phone, follower.write)
        self.plant = plant
        self.binds()

    def tells_of_suspension(self) -> None:
        """Tells the assistant, agrees that it is kept, and confirms what is read back."""
        asked = "\n".join(self.says("我家低保被暂停了"))
        assert "不能缓缴社保" in asked and "你不点头，我不说" in asked
        assert "同意" in "\n".join(self.says("记进我的档案"))
        self.says("同意")
        assert "记进去了" in "\n".join(self.says("对"))

    def asks(self, line: str = "") -> str:
        """Has the household reckoned; the result."""
        self.says(
            "苏州上班，老家阜阳颍州区农村，本上四个人有我，工资3500扣之前，别人没收入，在领低保"
            f"{line}，交社保低保还有吗"
        )
        return "\n".join(self.says("跳过"))

    def refuses(self, statement: str) -> None:
        """Writes, so that the account may write back; opens the notice, reads it and does not sign."""
        self.says("在")
        self.goes_in()
        self.understands()
        self.answers("refused", statement)

    @property
    def now(self) -> Employee:
        found = self.plant.storage.roster.get(self.employee.id)
        assert found is not None
        return found

    @property
    def late_from(self) -> list[date]:
        """The days from which the months that are owed cost a late fee."""
        months = self.strategy.data["found"][0]["exposure"]["months"]
        assert [each["employee"] + each["employer"] for each in months] == [A_MONTH] * len(months)
        return [date.fromisoformat(each["late_from"]) for each in months]

    @property
    def strategy(self) -> KeptStrategy:
        """What is to be done about them; of two, the one that tells of dibao."""
        open_ones = self.plant.storage.profiles.find(StrategySearch(employee=self.employee.id, dibao=True))
        return max(open_ones, key=lambda each: each.tells_dibao)


def text(hr: Colleague, path: str) -> str:
    return words(hr.opens(path).get_data(as_text=True))


def waiting(hr: Colleague) -> dict[str, str]:
    """What waits in somebody's inbox: the titles by their numbers."""
    found = hr.asks("/hr/cases/changes?after=0&whole=1").get_json()
    return {each["number"]: each["title"] for each in found["rows"] if each["number"] in found["whole"]}


def case_of(hr: Colleague, title: str) -> str:
    """The number of the one case of that title."""
    (number,) = (number for number, each in waiting(hr).items() if each == title)
    return number


def panel(hr: Colleague, name: str) -> dict[str, str]:
    """The figures of a panel of the dashboard, by what stands under each."""
    page = hr.opens("/hr/dashboard").get_data(as_text=True)
    part = page.split(f'aria-labelledby="p-{name}"')[1].split("</section>")[0]
    found = re.findall(r'class="figure [^>]*><b>(.*?)</b><span>(.*?)</span>', part)
    return {label: figure for figure, label in found}


def late_fee(*first_days: date, until: date) -> int:
    """万分之五 a day on each month's arrears, each rounded to the fen (社会保险法 第八十六条)."""
    return sum((A_MONTH * (until - day).days * 5 + 5_000) // 10_000 for day in first_days)


def says_ready(hr: Colleague, number: str, title: str) -> None:
    """Sends one of the ready replies as it stands, with what it rests on."""
    page = hr.opens(f"/hr/cases/{number}").get_data(as_text=True)
    (ref,) = re.findall(rf'value="([^"]+)"[^>]* data-title="{title}"', page)
    page = hr.sends(f"/hr/cases/{number}/insert", 200, insert=ref).get_data(as_text=True)
    (typed,) = re.findall(r'<textarea id="text"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    hr.sends(f"/hr/cases/{number}/say", key=title, seen="99", text=unescape(typed), used=ref)


def settle(plant: Plant) -> None:
    """Systems are asked, what changed is followed, what was approved is carried out."""
    plant.jobs.ask()
    plant.minute()


def at(plant: Plant, hour: int, minute: int = 0) -> Iterator[Colleague]:
    """That hour on Monday the 19th: the four, signed in since just now."""
    plant.on(MONDAY.day, hour, minute)
    settle(plant)
    return (plant.hr(name) for name in ("赵静", "李娜", "王芳", "孙兰"))


def insures(plant: Plant, worker: Worker, prepares: Colleague, approves: Colleague) -> None:
    """照常参保 from this month on, by two people and over the agency's interface."""
    page = f"/hr/strategies/{worker.strategy.id}"
    prepares.sends(f"{page}/prepare", act="insure", month="2026-10")
    prepares.sends(f"{page}/approve", 409)
    assert worker.now.insured_since is None
    approves.sends(f"{page}/approve")
    settle(plant)
    assert worker.now.insured_since == date(2026, 10, 1)


def test_monday(plant: Plant, post: Letterbox) -> None:
    city = plant.city
    # -- The week before: nine people, three of them not insured; the county's line is 800 -----------------------------
    zhao = plant.hr("赵静", "agent", "admin", "policy_editor")
    li = plant.hr("李娜", "dibao_officer", "agent", "admin", "policy_reviewer")
    plant.hr("王芳", "dibao_officer", "admin")
    plant.hr("孙兰", "auditor")
    publishes(zhao, li, **LINE_800)
    zhou, wu = (Worker(plant, name, **INSURED) for name in ("周建国", "吴秀英"))
    he = Worker(plant, "何大军", joined_on=date(2026, 8, 10))
    chen, gu = (Worker(plant, name, joined_on=date(2026, 9, 14)) for name in ("陈桂兰", "顾阿妹"))
    ali, liu = (Worker(plant, name, YINGZHOU, **INSURED) for name in ("李阿丽", "刘春花"))
    wang, gong = (Worker(plant, name, ZHOUKOU, **INSURED) for name in ("王秀珍", "龚𬭎"))
    everybody = (zhou, wu, he, chen, gu, ali, liu, wang, gong)
    plant.issues(zhao, chen.employee)
    settle(plant)
    plant.does("reassess")

    # Sunday evening, on their phones.
    plant.on(18, 20)
    for each in (zhou, wu, he):
        each.tells_of_suspension()
    chen.refuses("工资本来就少，我不签")
    assert "低保线 800.00 元 × 4 人" in ali.asks()
    assert "低保线 810.00 元 × 4 人" in liu.asks(line="，低保线810")
    wang.says("交社保低保还有吗")

    # -- 8:00: three tasks with neutral titles, a refusal, a line that is due, and payroll refuses our key --------------
    city.payroll.switch(Trouble.REVOKED)
    zhao, li, fang, sun = at(plant, 8)
    for_all = {"不想参保：告知书": 1, "情况变了，有事要办：没有参保": 3, "系统对接出了故障": 1}
    assert Counter(waiting(zhao).values()) == for_all
    assert Counter(waiting(li).values()) == for_all | {"需要专人处理": 3}

    assert "颍州区" in text(zhao, "/hr/policy/due?kind=line_soon_stale")

    fees = {each: late_fee(*each.late_from, until=MONDAY) for each in (he, chen, gu)}
    running = 4 * A_MONTH + sum(fees.values())
    assert panel(zhao, "uninsured") == {"人": "3", RUNNING: f"{format_yuan(running)} 元"}
    assert panel(li, "dibao") == {"在领": "0", "申请中": "0", "暂停": "3", "终止": "0"}
    assert "3" not in panel(zhao, "dibao").values(), (
        "so few could be named: they are the dibao officer's to know"
    )
    assert panel(li, "both") == {"人": "1", "到今天累计": f"{format_yuan(2 * A_MONTH + fees[he])} 元"}
    assert panel(li, "strategies") == {"没有参保": "4", "低保暂停": "2"}
    assert panel(zhao, "strategies") == {"没有参保": "3"}

    assert "工资系统 有故障" in text(zhao, "/hr/dashboard")

    # The alarm is one task and one mail, however often payroll is asked.
    settle(plant)
    assert [each["Subject"] for each in post.mails] == ["社保助手：工资系统出了故障"]
    assert "密钥" in text(zhao, f"/hr/cases/{case_of(zhao, '系统对接出了故障')}")

    # -- 8:30: suspended. Nothing changes for the two who are insured: they are told so in their chat, once ------------
    zhao, li, fang, sun = at(plant, 8, 30)
    for each in (zhou, wu):
        page = f"/hr/strategies/{each.strategy.id}"
        told = text(li, page)
        assert "都不是缓缴、停缴的理由" in told and "照常参保" not in told
        zhao.opens(page, 404)
        (heard,) = each.hears(partial(li.sends, f"{page}/explain"))
        assert "你的社保照常交" in heard and "每月从你工资里扣524.96元" in heard
        assert not [word for word in FORBIDDEN if word in heard]
        assert each.hears(partial(li.sends, f"{page}/explain")) == []
    assert panel(li, "strategies") == {"没有参保": "4"}

    # 何大军 has not been insured for two months at 3500: the arrears of both sides, and a fee that grows by the day.
    told = text(li, f"/hr/strategies/{he.strategy.id}")
    assert format_yuan(2 * A_MONTH) == "3476.40"
    tomorrow = late_fee(*he.late_from, until=MONDAY + timedelta(days=1))
    for line in (
        "都不是缓缴、停缴的理由",
        f"滞纳金，到今天 {format_yuan(fees[he])} 元",
        f"每过一天再加 {format_yuan(tomorrow - fees[he])} 元",
        f"今天补清要 {format_yuan(2 * A_MONTH + fees[he])} 元",
        "照常参保",
    ):
        assert line in told

    # The boss asks to wait, and gets the one page of money.
    assert f"今天全部补清要 {format_yuan(running)} 元" in text(zhao, "/hr/money")
    (paper,) = PdfReader(BytesIO(zhao.opens("/hr/money.pdf").data)).pages
    row = ("3476.40", format_yuan(fees[he]), format_yuan(2 * A_MONTH + fees[he]))
    assert all(each in paper.extract_text() for each in ("何大军", *row, format_yuan(running)))
    insures(plant, he, li, fang)
    assert panel(zhao, "uninsured")["人"] == "2" and panel(li, "both")["人"] == "0"

    # -- 9:30: her refusal, in her own words ---------------------------------------------------------------------------
    zhao, li, fang, sun = at(plant, 9, 30)
    number = case_of(zhao, "不想参保：告知书")
    assert "工资本来就少，我不签" in text(zhao, f"/hr/cases/{number}")
    zhao.sends(f"/hr/cases/{number}/take")
    assert chen.says("那到底交不交") == [], "the assistant is silent"
    answer = {"key": "1", "seen": "99", "text": "不签也照样交，不会因此影响你上班。"}
    (heard,) = chen.hears(lambda: zhao.sends(f"/hr/cases/{number}/say", **answer))
    assert answer["text"] in heard
    assert chen.says("折成现金给我行不行") == []
    (heard,) = chen.hears(lambda: says_ready(zhao, number, "折成现金行不行"))
    assert "不能折成现金" in heard and "第十九条" in heard
    assert "签了不参保也没有用，单位照样要给职工参保" in text(zhao, f"/hr/strategies/{chen.strategy.id}")
    insures(plant, chen, zhao, li)
    assert plant.notice(chen.employee).state == "refused", "her words stand as they were"
    assert panel(zhao, "notices")["拒绝签收"] == "1" and panel(zhao, "uninsured")["人"] == "1"
    follow_up = MONDAY + timedelta(days=14)
    zhao.sends(f"/hr/cases/{number}/snooze", until="day", day=follow_up.isoformat())
    assert "放到 11-02 09:00" in text(zhao, "/hr/cases?box=snoozed")

    # -- 10:30: payroll takes our key again. Half an hour later that is over, and is told once -------------------------
    city.calm()
    for minute in (30, 45, 59):
        zhao, li, fang, sun = at(plant, 10, minute)
    assert [each["Subject"] for each in post.mails[1:]] == ["社保助手：工资系统恢复了"]
    assert Counter(waiting(li).values()) == {"情况变了，有事要办：没有参保": 1}
    assert "工资系统 正常" in text(zhao, "/hr/dashboard")

    # -- 11:30: the county's line is 830 now: with link, number and day, tried and approved by a second person ----------
    zhao, li, fang, sun = at(plant, 11, 30)
    before = {each: len(each.phone.heard) for each in everybody}
    page = publishes(zhao, li, **LINE_830)
    plant.does("publish", "reassess")
    assert "发布后 2 户里 2 户有变化" in text(li, page)
    assert before == {each: len(each.phone.heard) for each in everybody}, "nobody has said so yet"
    zhao, li, fang, sun = at(plant, 11, 45)
    assert "颍州区" not in text(zhao, "/hr/policy/due?kind=line_soon_stale")
    li.sends(f"{page}/tell")
    for _ in range(2):
        plant.does("publish", "reassess")
        plant.minute()
    for each in everybody:
        heard_of_it = [bubble.text for bubble in each.phone.heard[before[each] :]]
        assert heard_of_it == ([NEWS] if each in (ali, liu) else []), each.employee.name
    assert "低保线 830.00 元 × 4 人" in "\n".join(ali.says("重新算一下"))
    both = "\n".join(liu.says("重新算一下"))
    assert "你填的低保线和资料库里的830.00元不一样" in both and "低保线 810.00 元" in both
    assert "按资料库里的 830.00 元算" in both

    # -- 14:00: October is declared. The agency sends one row back for a character in a name; the rest stands ----------
    zhao, li, fang, sun = at(plant, 14)
    city.social_insurance.bad_names.add(gong.employee.number)
    (account,) = plant.storage.companies.accounts()
    page = zhao.sends("/hr/declarations", account=account.id, month="2026-10").headers["Location"]
    told = text(zhao, page)
    assert "没有报的 1 人，先看这里" in told and "顾阿妹" in told
    assert f"{format_yuan(8 * A_MONTH)} 元" in told
    (seen,) = re.findall(r'name="digest" value="(\w+)"', zhao.opens(page).get_data(as_text=True))
    zhao.sends(f"{page}/submit", digest=seen)
    zhao.sends(f"{page}/approve", 409, digest=seen)
    assert city.social_insurance.declared == {}
    li.sends(f"{page}/approve", digest=seen)
    settle(plant)
    assert set(city.social_insurance.declared["2026-10"]) == {
        each.employee.number for each in everybody if each not in (gu, gong)
    }
    told = text(zhao, page)
    assert "受理 7 人，退回 1 人" in told and f"龚𬭎 {gong.employee.number} 姓名和经办系统里的对不上" in told

    # -- 17:30: what is open, what was declared, what still runs in yuan, who opened whose file ------------------------
    zhao, li, fang, sun = at(plant, 17, 30)
    assert list(waiting(li).values()) == ["情况变了，有事要办：没有参保"]
    assert panel(li, "strategies") == panel(zhao, "strategies") == {"没有参保": "1"}
    assert "顾阿妹" in text(zhao, "/hr/strategies") and "何大军" not in text(li, "/hr/strategies")
    assert "有结果了 被退回 1 人" in text(zhao, "/hr/declarations")
    still = A_MONTH + fees[gu]
    assert panel(zhao, "uninsured") == {"人": "1", RUNNING: f"{format_yuan(still)} 元"}
    # Whoever is insured from October on has the months before it owed all the same.
    assert f"今天全部补清要 {format_yuan(running)} 元" in text(zhao, "/hr/money")

    opened = text(sun, "/hr/log?act=dibao_strategy_opened").rpartition("涉及谁")[2]
    assert opened.count("李娜 打开了和低保有关的变动 和低保有关，是谁只有低保专员看得到") == 3
    assert "赵静" not in opened and "何大军" not in opened
    assert "赵静 打开了要办的变动" in text(sun, "/hr/log?act=strategy_opened")
    assert "赵静 导出了要付多少钱的一页纸" in text(sun, "/hr/log?act=money_exported")
    assert "李娜 批准了社保申报" in text(sun, "/hr/log?act=declaration_approve")
    everything = "\n".join(bubble.words for each in everybody for bubble in each.phone.heard)
    assert not [word for word in FORBIDDEN if word in everything]
