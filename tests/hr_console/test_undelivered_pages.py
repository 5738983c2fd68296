"""What did not arrive, as HR sees it: why and since when, never what it says; sent again, given up, taken back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from databases import Clock
from desk import Colleague
from sqlalchemy import select
from staffing import hire
from talking import Post, message, say

from delivery.outbox import deliver_due
from delivery.sending import Permanent, Unsure
from hr_console.case_words import REASONS, UNKNOWN_REASON, reason
from hr_inbox.task import HrTask, TaskKind
from locales import SOURCE, speak
from people.bindings import Bind
from storage.opening import Storage
from storage.tables import outbox

pytest_plugins = ["databases", "desk"]

ANSWER = "你家的账我算好了"
#: What channels gave as reasons, or who sends did.
CODES = (
    *("45015", "45047", "43004", "43019", "48002", "48001", "45002", "81013", "60111"),
    *("lease_ran_out", "http:502", "left", "no_basis_for_abroad", "by_hr:failed:45002"),
)


@pytest.fixture
def zhao(colleague: Callable[..., Colleague]) -> Colleague:
    return colleague("赵静", "agent")


@pytest.fixture
def loses(desk_storage: Storage, clock: Clock) -> Callable[..., str]:
    """An answer to 阿丽 over WeCom that is lost; the id of its row."""

    def lose(failure: Exception, *kinds: TaskKind, key: str = "m1") -> str:
        tasks = tuple(HrTask(kind, ("问一句",), "320500", "zh_Hans", "") for kind in kinds)
        say(desk_storage, message(key, channel="wecom"), ANSWER, tasks=tasks)
        post = Post()
        post.failures = [failure]
        deliver_due(desk_storage.outbox, {"wecom": post}, clock)
        with desk_storage.database.read() as connection:
            lost = select(outbox.c.id).where(outbox.c.state.in_(("failed", "unsure")))
            return str(connection.execute(lost.order_by(outbox.c.message.desc())).scalars().first())

    return lose


def shown(colleague: Colleague, path: str = "/hr/undelivered") -> str:
    page = colleague.opens(path).get_data(as_text=True)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def state(storage: Storage, id: str) -> str:
    with storage.database.read() as connection:
        return str(connection.execute(select(outbox.c.state).where(outbox.c.id == id)).scalar_one())


def test_without_any_the_page_says_so_and_the_navigation_counts_nothing(zhao: Colleague) -> None:
    assert "都送到了" in shown(zhao)
    assert re.search(r"没送到的</a>", zhao.opens("/hr/cases").get_data(as_text=True))


def test_it_shows_why_and_whose_but_neither_name_nor_words(
    zhao: Colleague, desk_storage: Storage, loses: Callable[..., str]
) -> None:
    employee = hire(desk_storage)
    code = desk_storage.bindings.make([employee.id], "account:x")[employee.id]
    say(desk_storage, message("b1", channel="wecom"), binding=Bind(code, employee.id))
    loses(Permanent("81013", gone=True), "question")
    page = zhao.opens("/hr/undelivered").get_data(as_text=True)
    assert all(
        each in page
        for each in ("T-000001", "工号尾号 34", "企业微信", "助手", "今天 12:00", REASONS["81013"])
    )
    assert all(each not in page for each in (ANSWER, "阿丽", "A0034", employee.id))
    assert 'href="/hr/cases/T-000001"' in page
    assert '没送到的<span class="count">1</span>' in zhao.opens("/hr/cases").get_data(as_text=True)


def test_it_is_sent_again(zhao: Colleague, desk_storage: Storage, loses: Callable[..., str]) -> None:
    id = loses(Permanent("45002"))
    zhao.sends(f"/hr/undelivered/{id}/again")
    assert state(desk_storage, id) == "queued"
    assert "又去发了" in (page := shown(zhao)) and "都送到了" in page
    zhao.sends(f"/hr/undelivered/{id}/again")
    assert "已经不在这里了" in shown(zhao)


def test_what_may_have_arrived_asks_a_second_time(
    zhao: Colleague, desk_storage: Storage, loses: Callable[..., str]
) -> None:
    id = loses(Unsure("ReadTimeout"))
    assert "不知道到没到" in shown(zhao)
    page = zhao.sends(f"/hr/undelivered/{id}/again", 409).get_data(as_text=True)
    assert '<details class="more" open>' in page and "对方会看到两遍" in page
    assert state(desk_storage, id) == "unsure"
    zhao.sends(f"/hr/undelivered/{id}/again", twice="yes")
    assert state(desk_storage, id) == "queued"


def test_it_is_given_up_and_taken_back(
    zhao: Colleague, desk_storage: Storage, loses: Callable[..., str]
) -> None:
    id = loses(Permanent("45002"))
    address = zhao.sends(f"/hr/undelivered/{id}/give-up").headers["Location"]
    page = zhao.opens(address).get_data(as_text=True)
    assert f'action="/hr/undelivered/{id}/take-back"' in page and "不发了。" in page
    assert state(desk_storage, id) == "dropped"
    zhao.sends(f"/hr/undelivered/{id}/take-back")
    assert "这条又回来了" in shown(zhao) and state(desk_storage, id) == "failed"
    zhao.sends(f"/hr/undelivered/{id}/take-back")
    assert "没有撤销" in shown(zhao)


def test_a_case_that_somebody_may_not_see_is_neither_shown_nor_counted(
    zhao: Colleague,
    colleague: Callable[..., Colleague],
    desk_storage: Storage,
    loses: Callable[..., str],
) -> None:
    id = loses(Permanent("45002"), "dibao_status_change")
    assert "都送到了" in shown(zhao)
    assert '<span class="count">1' not in zhao.opens("/hr/undelivered").get_data(as_text=True)
    zhao.sends(f"/hr/undelivered/{id}/again")
    assert state(desk_storage, id) == "failed"
    assert "T-000001" in shown(colleague("钱丽", "dibao_officer"))


def test_pages_go_on(
    zhao: Colleague, loses: Callable[..., str], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hr_console.undelivered.PAGE", 1)
    for key in ("m1", "m2"):
        clock.move(minutes=1)
        loses(Permanent("45002"), key=key)
    page = zhao.opens("/hr/undelivered").get_data(as_text=True)
    more = re.search(r'href="(/hr/undelivered\?after=[^"]+)"', page)
    assert "今天 12:02" in page and "今天 12:01" not in page and more is not None
    page = shown(zhao, more[1])
    assert "今天 12:01" in page and "更早的" not in page


@pytest.mark.parametrize("code", CODES)
def test_codes_are_told_in_words(code: str) -> None:
    assert reason(code, speak(SOURCE)) != speak(SOURCE)(UNKNOWN_REASON, code=code)


def test_a_code_that_nobody_knows_is_told_as_it_is() -> None:
    assert reason("99999", speak(SOURCE)) == "渠道没收（99999）"
