"""New bounds, published late: HR publishes them over the console, sees whom they concern, has exactly those told and notices
drafted for them, and nothing happens the second time.

赵静 works the inbox, the roster and the policy library and issues notices; 李娜 approves policy. 李阿丽 has a chat,
周建国 has none, 顾阿妹 is not insured yet, and the wage of 厂长 lies far above the new floor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any

import pytest
from desk import Colleague
from running_plant import Holder, Plant, publishes, running_plant, words
from sqlalchemy import func, insert, select
from telling import FORBIDDEN, needs_meaning

from people.employees import Employee
from people.records import PayMonth
from profiles.book import StrategySearch
from storage.record_rows import sealed_month
from storage.tables import outbox, pay_months

pytestmark = needs_meaning

INSURED: dict[str, Any] = {
    "joined_on": date(2026, 3, 2), "insured_since": date(2026, 8, 1), "base": 495_200,
}  # fmt: skip
#: 苏州's floor of medical insurance, 5152.00 instead of 4952.00 from August on.
FLOOR = {
    "what": "medical", "region": "320500", "floor": "5152", "from": "2026-08-01", "known": "2026-10-10",
    "title": "关于公布2026年度缴费基数上下限的通知", "document": "苏医保〔2026〕31号", "where": "https://ybj.suzhou.gov.cn/31",
}  # fmt: skip
TOLD = (
    "新的缴费上下限公布了。从2026-10起，社保每月从你工资里扣528.96元，厂里另外出1228.84元。"
    "从2026-08起交过的月份里，有2个月要补差额：你这边一共8.00元，厂里那边一共31.20元。不是你欠费。"
)


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    with running_plant(tmp_path_factory.mktemp("bounds")) as made:
        yield made


def text(hr: Colleague, path: str) -> str:
    return words(hr.opens(path).get_data(as_text=True))


def hired(plant: Plant, name: str, **fields: Any) -> Employee:
    """Somebody who was paid in August and September."""
    tail = f"32050019800101{plant.counted + 1:04}"
    who = plant.hires(name, home_region="341300", id_number=tail, **fields)
    storage = plant.storage
    if who.insured_since is not None and who.wage is not None:
        months = [PayMonth(date(2026, month, 1), who.wage, who.base, True, None) for month in (8, 9)]
        rows = [sealed_month(storage.keys, who.id, each, storage.now()) for each in months]
        with storage.database.work() as connection:
            connection.execute(insert(pay_months), rows)
    return who


def bubbles(plant: Plant) -> int:
    with plant.storage.database.read() as connection:
        return connection.execute(select(func.count()).select_from(outbox)).scalar_one()


def test_new_bounds_reach_exactly_those_whom_they_concern_once(plant: Plant) -> None:
    ali_there, zhou = hired(plant, "李阿丽", **INSURED), hired(plant, "周建国", **INSURED)
    hired(plant, "厂长", **(INSURED | {"wage": 1_500_000, "base": 1_500_000}))
    gu = hired(plant, "顾阿妹")
    follower = plant.wechat.follower("openid-ali")
    follower.following = True
    ali = Holder(plant, ali_there, follower.phone, follower.write)
    ali.binds()
    plant.minute()
    plant.does("reassess")
    plant.on(16, 10)
    zhao = plant.hr("赵静", "agent", "admin", "policy_editor")
    publishes(zhao, plant.hr("李娜", "agent", "policy_reviewer"), **FLOOR)
    plant.does("reassess")

    # -- Whom it concerns: three; the one far above the floor is not there -------------------------------------------
    found = plant.storage.passes.last()
    assert found is not None and found.changed == 3
    page = f"/hr/passes/{found.id}"
    told = text(zhao, page)
    assert all(each.name in told for each in (ali_there, zhou, gu)) and "厂长" not in told

    # -- Telling: first the counts, then it is said, to each once ----------------------------------------------------
    asked = text(zhao, f"{page}/tell")
    assert "发到聊天里 1 人" in asked and "没有聊天 2 人" in asked
    (heard,) = ali.hears(partial(zhao.sends, f"{page}/tell/all"))
    assert TOLD in heard and "苏医保〔2026〕31号" in heard
    assert not [word for word in FORBIDDEN if word in heard] and "低保" not in heard
    states = plant.storage.pass_news.counts(found.id)
    assert states == {
        "told": 1,
        "no_chat": 1,
        "left": 1,
    }  # 顾阿妹 is not insured: no deduction to tell of
    said = bubbles(plant)
    assert ali.hears(partial(zhao.sends, f"{page}/tell/all")) == []
    plant.minute()
    assert bubbles(plant) == said and "都办过了" in text(zhao, page)

    # What was said is explained by its trace, and 周建国 can be told in person.
    (kept,) = plant.storage.profiles.find(StrategySearch(employee=ali_there.id))
    shown = text(zhao, f"/hr/strategies/{kept.id}")
    assert "公布了新的上下限" in shown and "31.20" in shown and "差额补好了" in shown and TOLD in shown
    (of_zhou,) = plant.storage.profiles.find(StrategySearch(employee=zhou.id))
    zhao.sends(f"/hr/strategies/{of_zhou.id}/explained")
    assert plant.storage.pass_news.counts(found.id) == {"told": 2, "left": 1}

    # -- Notices: for those who are ticked, then for the rest, and nobody twice --------------------------------------
    preview = words(
        zhao.sends(f"{page}/notices", 200, employee=[ali_there.id, zhou.id]).get_data(as_text=True)
    )
    assert "勾了的 2 人" in preview and "会起草 2 人" in preview
    form = {"month": "2026-10", "due_on": "2026-10-23"}
    zhao.sends(f"{page}/notices/begin", 400, **(form | {"due_on": "2026-10-16"}))
    batch = zhao.sends(f"{page}/notices/begin", **form, employee=[ali_there.id]).headers["Location"]
    plant.worker.settle()
    assert "发出 1 份" in text(zhao, batch)
    assert f'href="{batch}"' in zhao.opens(page).get_data(as_text=True)
    assert "告知书：1 人 等着确认" in text(zhao, page)
    left = text(zhao, f"{page}/notices")
    assert "会起草 2 人" in left and "为这次更新起草过了 1 人 李阿丽" in left
    rest = zhao.sends(f"{page}/notices/begin", **form).headers["Location"]
    plant.worker.settle()
    assert rest != batch and "发出 2 份" in text(zhao, rest)
    assert zhao.sends(f"{page}/notices/begin", **form).headers["Location"].endswith(page)
    assert len(plant.storage.notices.batches()) == 2
    assert ali.hears(lambda: None) == [], "drafting sends nothing"
    draft = re.search(r"528\.96", text(zhao, f"{batch}/{ali_there.id}"))
    assert draft is not None

    # The batch that is thrown away leaves them to be drafted again; what HR approves goes out as always.
    zhao.sends(f"{rest}/discard")
    assert "会起草 2 人" in text(zhao, f"{page}/notices")
    (heard,) = ali.hears(partial(zhao.sends, f"{batch}/issue", sure="1", ready="1"))
    assert "/notices/" in heard
    assert "告知书：1 人 发出了" in text(zhao, page)
