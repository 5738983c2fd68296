"""HR's Monday: what is to be done after a change, why, what it costs, and that two people stand behind it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import date
from html import unescape

import pytest
from databases import Clock
from desk import Colleague
from sqlalchemy import select
from staffing import HR, binds, hire
from talking import transcript

from audit.events import SYSTEM
from people.employees import Employee
from people.records import PURPOSES
from policy_kb.library import Library
from profiles.book import KeptStrategy, StrategyRules
from profiles.changes import Change, Field, Income, Source, Standing, Value
from profiles.ground import Ground
from profiles.profile import Profile
from profiles.strategy import Strategy, choose_strategy
from storage.opening import Storage
from storage.tables import audit_events

pytest_plugins = ["databases", "desk"]

SignIn = Callable[..., Colleague]
Follow = Callable[..., KeptStrategy]
JOINED = date(2026, 8, 10)
DIBAO_WORDS = re.compile("低保(?!监察)")


def text(page: object) -> str:
    return unescape(page.get_data(as_text=True))  # type: ignore[attr-defined]


def body(page: object) -> str:
    """What a page says, without its navigation."""
    return text(page).partition("<main")[2]


def after(who: Colleague, response: object) -> str:
    """The page to which a form leads."""
    return text(who.opens(response.headers["Location"]))  # type: ignore[attr-defined]


@pytest.fixture
def officer(colleague: SignIn) -> Colleague:
    """赵静, who may see dibao."""
    return colleague("赵静", "dibao_officer")


@pytest.fixture
def agent(colleague: SignIn) -> Colleague:
    """钱芳, who may not."""
    return colleague("钱芳", "agent")


def agrees(storage: Storage, employee: Employee) -> None:
    """She agrees to all that can be asked about dibao."""
    for purpose in PURPOSES:
        storage.records.agree(employee.id, purpose, "paper", HR)


@pytest.fixture
def ali(desk_storage: Storage) -> Employee:
    """阿丽, at work in Suzhou since August for 3500."""
    hired, at = hire(desk_storage, joined_on=JOINED), desk_storage.now()
    wage = Change(hired.id, "gross_wage", 350_000, JOINED, "payroll", at, "payroll", "confirmed", "august")
    desk_storage.profiles.note([wage], SYSTEM)
    return hired


@pytest.fixture
def said(desk_storage: Storage, ali: Employee) -> Callable[..., None]:
    """Writes a change of 阿丽's down."""

    def say(
        what: Field,
        value: Value,
        since: str = "2026-08-10",
        source: Source = "payroll",
        standing: Standing = "confirmed",
    ) -> None:
        at, day = desk_storage.now(), date.fromisoformat(since)
        desk_storage.profiles.note([Change(ali.id, what, value, day, source, at, source, standing)], SYSTEM)

    return say


@pytest.fixture
def follow(desk_storage: Storage, library: Library, ali: Employee) -> Follow:
    """What follows from what became of 阿丽 since it was looked at last."""

    def make() -> KeptStrategy:
        ground, today = Ground(library, joined_on=JOINED), desk_storage.now().date()

        def choose(before: Profile | None, after: Profile, keys: Collection[str]) -> Strategy | None:
            return choose_strategy(before, after, ground, today, keys)

        kept = desk_storage.profiles.follow(ali.id, choose)
        assert kept is not None
        return kept

    return make


@pytest.fixture
def uninsured(follow: Follow) -> KeptStrategy:
    """阿丽, at work since August for 3500 and not insured."""
    return follow()


@pytest.fixture
def suspended(
    said: Callable[..., None], follow: Follow, desk_storage: Storage, ali: Employee
) -> KeptStrategy:
    """The same, and her household's dibao was suspended."""
    agrees(desk_storage, ali)
    said("dibao", "suspended", "2026-10-01", "civil_affairs")
    return follow()


@pytest.fixture
def short(said: Callable[..., None], follow: Follow) -> KeptStrategy:
    """Insured since August, declared with 3500 where 4952 is the lowest."""
    said("insured_since", JOINED, source="social_insurance")
    said("base", 350_000, source="social_insurance")
    return follow()


@pytest.fixture
def high(said: Callable[..., None], follow: Follow) -> KeptStrategy:
    """Declared with more than the wage of now."""
    said("gross_wage", 600_000, "2026-09-01")
    said("insured_since", JOINED, source="social_insurance")
    said("base", 700_000, source="social_insurance")
    return follow()


@pytest.fixture
def disputed(said: Callable[..., None], follow: Follow) -> KeptStrategy:
    """She says 3600 where payroll says 3500."""
    said("gross_wage", 360_000, "2026-09-01", "employee", "reported")
    return follow()


def at(kept: KeptStrategy, act: str = "") -> str:
    return f"/hr/strategies/{kept.id}" + (f"/{act}" if act else "")


# The list


def test_an_empty_list_says_where_it_comes_from(agent: Colleague) -> None:
    assert "没有要办的。工资、参保地、政策有变动" in text(agent.opens("/hr/strategies"))


def test_the_list_is_narrowed_by_kind_and_by_step(agent: Colleague, uninsured: KeptStrategy) -> None:
    assert at(uninsured) in text(agent.opens("/hr/strategies"))
    assert at(uninsured) in text(agent.opens("/hr/strategies?kind=not_insured&box=proposed"))
    for query in ("kind=wage", "box=prepared", "box=over"):
        page = text(agent.opens(f"/hr/strategies?{query}"))
        assert at(uninsured) not in page and "没有这样的" in page
    agent.sends(at(uninsured, "prepare"), act="insure", month="2026-10")
    assert at(uninsured) in text(agent.opens("/hr/strategies?box=prepared"))


def test_nobody_without_the_permission_finds_a_word_of_dibao(
    agent: Colleague, officer: Colleague, suspended: KeptStrategy, ali: Employee, desk_storage: Storage
) -> None:
    assert at(suspended) in text(officer.opens("/hr/strategies"))
    for act in ("prepare", "approve", "send-back", "check", "settle", "decide", "reason", "explain"):
        agent.sends(at(suspended, act), 404)
    agent.opens(at(suspended), 404)
    for path in (
        "/hr/strategies",
        "/hr/strategies?kind=suspended",
        f"/hr/strategies?employee={ali.id}&box=open",
        f"/hr/roster/{ali.id}/profile",
        f"/hr/roster/{ali.id}/money",
        "/hr/money",
    ):
        page = body(agent.opens(path))
        assert not DIBAO_WORDS.search(page), path
        assert suspended.id not in page, path
    assert "<b>1</b>" not in body(agent.opens("/hr/dashboard")).partition("p-strategies")[2][:800]


def test_opening_one_that_tells_of_dibao_is_an_event_of_its_own(
    officer: Colleague, suspended: KeptStrategy, desk_storage: Storage
) -> None:
    officer.opens("/hr/strategies")
    officer.opens(at(suspended))
    with desk_storage.database.read() as connection:
        acts = connection.execute(select(audit_events.c.act).order_by(audit_events.c.seq)).scalars().all()
    assert acts[-2:] == ["dibao_strategies_listed", "dibao_strategy_opened"]


# What a page says


def test_the_page_tells_why_what_it_costs_and_how_every_figure_came_about(
    agent: Colleague, uninsured: KeptStrategy
) -> None:
    page = text(agent.opens(at(uninsured)))
    assert "月工资3500.00元低于下限4952.00元，按下限缴，这就是依法最低能按的基数。" in page
    # Suzhou, 3500 a month, August and September: 1738.20 a month for both sides.
    for figure in (
        "1049.92 元",
        "2426.48 元",
        "50.41 元",
        "102.55 元",
        "3526.81 元",
        "3476.40 到 10429.20 元",
    ):
        assert figure in page, figure
    assert '待遇由单位付</dt><dd class="number">算不出' in page
    assert "2026-08 滞纳金 <b>38.24</b></dt><dd>1738.20 × 0.05% × 44 天，四舍五入到分" in page
    assert page.count("出处：") > 10 and "社会保险法" in page
    assert "厂里会照常给你参保，签不签字都一样：按4952.00元算" in page


def test_what_runs_by_the_day_runs_until_today(
    colleague: SignIn, uninsured: KeptStrategy, clock: Clock
) -> None:
    clock.move(days=30)
    agent = colleague("钱芳", "agent")
    assert '滞纳金，到今天</dt><dd class="number">102.55 元' in text(agent.opens(at(uninsured)))


@pytest.mark.parametrize("which", ["suspended", "short", "high", "disputed"])
def test_no_page_offers_to_put_off_or_to_declare_less(
    officer: Colleague, which: str, request: pytest.FixtureRequest
) -> None:
    kept: KeptStrategy = request.getfixturevalue(which)
    buttons = re.findall(r"<button[^>]*>(.*?)</button>", text(officer.opens(at(kept))))
    assert not [each for each in buttons if re.search("缓|停|暂|不缴|不参保|下限", each)], buttons


def test_what_somebody_wrote_is_text_and_no_markup(
    agent: Colleague, uninsured: KeptStrategy, desk_storage: Storage
) -> None:
    wild = "<script>alert(1)</script>"
    agent.sends(at(uninsured, "reason"), uninsured_why=wild)
    page = agent.opens(at(uninsured)).get_data(as_text=True)
    assert wild not in page and "&lt;script&gt;alert(1)" in page


# Two people


def test_one_prepares_and_another_approves(
    agent: Colleague, officer: Colleague, uninsured: KeptStrategy, desk_storage: Storage
) -> None:
    assert 'value="2026-10"' in text(agent.opens(at(uninsured)))
    agent.sends(at(uninsured, "prepare"), act="insure", month="2026-09")
    assert "你准备的，要由另一个人批准" in text(agent.opens(at(uninsured)))
    assert "要由另一个人批准" in text(agent.sends(at(uninsured, "approve"), 409))
    officer.sends(at(uninsured, "approve"))
    kept = desk_storage.profiles.get(uninsured.id)
    assert kept is not None
    assert [each.state for each in kept.history] == ["prepared", "approved"]
    assert kept.history[-1].act == "insure" and kept.history[-1].details == {"month": "2026-09-01"}


def test_where_one_alone_may_see_dibao_nobody_else_has_to_learn_of_it(
    agent: Colleague, officer: Colleague, suspended: KeptStrategy, desk_storage: Storage
) -> None:
    agent.opens(at(suspended), 404)
    assert "能看低保的只有你一个人" in text(officer.opens(at(suspended)))
    officer.sends(at(suspended, "prepare"), act="insure", month="2026-10")
    kept = desk_storage.profiles.get(suspended.id)
    assert kept is not None and [each.state for each in kept.history] == ["approved"]


def test_where_another_may_see_dibao_she_approves(
    officer: Colleague, colleague: SignIn, suspended: KeptStrategy, desk_storage: Storage
) -> None:
    li = colleague("李娜", "dibao_officer")
    officer.sends(at(suspended, "prepare"), act="insure", month="2026-10")
    officer.sends(at(suspended, "approve"), 409)
    li.sends(at(suspended, "approve"))
    kept = desk_storage.profiles.get(suspended.id)
    assert kept is not None and [each.state for each in kept.history] == ["prepared", "approved"]


def test_of_two_who_come_together_the_second_is_told(
    agent: Colleague, officer: Colleague, colleague: SignIn, uninsured: KeptStrategy
) -> None:
    agent.sends(at(uninsured, "prepare"), act="insure", month="2026-10")
    late = text(officer.sends(at(uninsured, "prepare"), 409, act="insure", month="2026-09"))
    assert "刚才有人先动了这一条，现在是“等另一个人批准”" in late
    officer.sends(at(uninsured, "approve"))
    third = colleague("孙红", "agent")
    assert "现在是“已批准，正在办”" in text(third.sends(at(uninsured, "approve"), 409))


def test_a_month_later_than_it_is_owed_is_refused_with_the_reason(
    agent: Colleague, uninsured: KeptStrategy, desk_storage: Storage
) -> None:
    page = text(agent.sends(at(uninsured, "prepare"), 400, act="insure", month="2026-11"))
    assert "不能晚于 2026-10：从那个月起就该这样缴" in page and 'value="2026-11"' in page
    for month, told in (("", "写成 2026-07"), ("1990-01", "不能早于")):
        assert told in text(agent.sends(at(uninsured, "prepare"), 400, act="insure", month=month))
    assert desk_storage.profiles.get(uninsured.id) == uninsured


def test_an_act_that_was_not_proposed_is_none(agent: Colleague, uninsured: KeptStrategy) -> None:
    for act in ("hold", "floor", "explain", "correct_base", ""):
        agent.sends(at(uninsured, "prepare"), 400, act=act, month="2026-10")
    for act in ("check", "settle", "decide"):
        agent.sends(at(uninsured, act), 404, check_why="好", paid_month="2026-09")


def test_whoever_does_not_agree_sends_it_back_with_a_reason(
    agent: Colleague, officer: Colleague, uninsured: KeptStrategy
) -> None:
    agent.sends(at(uninsured, "prepare"), act="insure", month="2026-10")
    assert "写一句为什么" in text(officer.sends(at(uninsured, "send-back"), 400))
    assert "不要写低保的事" in text(officer.sends(at(uninsured, "send-back"), 400, back_why="家里有低保"))
    officer.sends(at(uninsured, "send-back"), back_why="从八月起补")
    page = text(agent.opens(at(uninsured)))
    assert "从八月起补" in page and "照常参保" in page


# The other acts


def test_a_reason_is_written_down_and_nothing_stops_for_it(
    agent: Colleague, uninsured: KeptStrategy, ali: Employee, desk_storage: Storage
) -> None:
    assert "不要写低保的事" in text(agent.sends(at(uninsured, "reason"), 400, uninsured_why="家里吃低保"))
    agent.sends(at(uninsured, "reason"), uninsured_why="本人还没有办身份证")
    employee, kept = desk_storage.roster.get(ali.id), desk_storage.profiles.get(uninsured.id)
    assert employee is not None and employee.uninsured_why == "本人还没有办身份证"
    assert kept is not None and kept.state == "proposed"
    page = text(agent.opens(at(uninsured)))
    assert "50.41 元" in page and "照常参保" in page


def test_a_base_that_is_too_low_is_corrected_by_two(
    agent: Colleague, officer: Colleague, short: KeptStrategy, desk_storage: Storage
) -> None:
    page = text(agent.opens(at(short)))
    assert "更正基数" in page and "申报的基数低于依法该按的基数" in page and "核对过，不用改" not in page
    agent.sends(at(short, "prepare"), act="correct_base", month="2026-08")
    officer.sends(at(short, "approve"))
    kept = desk_storage.profiles.get(short.id)
    assert kept is not None and kept.history[-1].act == "correct_base"


def test_a_base_that_was_looked_at_stays_with_a_reason_or_is_corrected(
    agent: Colleague, high: KeptStrategy, desk_storage: Storage
) -> None:
    assert "写一句为什么" in text(agent.sends(at(high, "check"), 400))
    agent.sends(at(high, "check"), check_why="按去年平均工资核定的")
    kept = desk_storage.profiles.get(high.id)
    assert kept is not None and kept.state == "done" and kept.history[-1].why == "按去年平均工资核定的"
    assert "现在是“办好了”" in text(
        agent.sends(at(high, "prepare"), 409, act="correct_base", month="2026-08")
    )


def test_hr_settles_which_of_two_values_is_right(
    agent: Colleague, disputed: KeptStrategy, desk_storage: Storage, ali: Employee
) -> None:
    page = text(agent.opens(at(disputed)))
    assert "3500.00 元" in page and "说的，从 2026-08-10 起，已核实" in page
    assert "3600.00 元" in page and "本人说的，从 2026-09-01 起，还没有核实" in page
    assert "每一条都选一个" in text(agent.sends(at(disputed, "decide"), 400))
    agent.sends(at(disputed, "decide"), **{"right-0": "against"})
    profile, kept = desk_storage.profiles.profile_of(ali.id), desk_storage.profiles.get(disputed.id)
    assert profile is not None and profile.gross_wage == 360_000 and profile.conflicts == ()
    assert profile.behind["gross_wage"].source == "hr"
    # She is not insured either: that stays to be done.
    assert kept is not None and kept.state == "proposed"
    assert "刚才有人先动了" in text(agent.sends(at(disputed, "decide"), 409, **{"right-0": "counts"}))
    again = desk_storage.profiles.profile_of(ali.id)
    assert again is not None and again.gross_wage == 360_000


def test_the_employee_is_sent_exactly_what_the_page_shows_and_once(
    agent: Colleague, uninsured: KeptStrategy, ali: Employee, desk_storage: Storage
) -> None:
    assert "没有能发的聊天" in text(agent.sends(at(uninsured, "explain"), 409))
    binds(desk_storage, ali)
    assert "发到本人的聊天里了" in after(agent, agent.sends(at(uninsured, "explain")))
    assert "以前发过了，没有再发" in after(agent, agent.sends(at(uninsured, "explain")))
    (sent,) = [told for _, author, told in transcript(desk_storage) if author == "hr"]
    page = text(agent.opens(at(uninsured)))
    assert sent in page and "说过了" in page and "发到本人的聊天里</button>" not in page


def test_who_has_no_chat_is_told_in_person(agent: Colleague, uninsured: KeptStrategy) -> None:
    assert "记下了：当面说过了" in after(agent, agent.sends(at(uninsured, "explained")))
    assert "说过了" in text(agent.opens(at(uninsured)))


# Profile, money, rules


def test_a_profile_shows_any_day_as_it_was_known_then(
    colleague: SignIn, said: Callable[..., None], ali: Employee, clock: Clock
) -> None:
    said("gross_wage", 350_000)
    clock.move(days=5)
    said("gross_wage", 380_000, "2026-09-01")
    agent = colleague("钱芳", "agent")
    at = f"/hr/roster/{ali.id}/profile"
    values = "values-title"
    assert "3800.00 元" in body(agent.opens(at)).partition(values)[2].partition("timeline")[0]
    then = body(agent.opens(f"{at}?day=2026-08-20")).partition(values)[2].partition("timeline")[0]
    assert "3500.00 元" in then and "3800.00" not in then
    known = body(agent.opens(f"{at}?day=2026-10-15&known=2026-10-15")).partition(values)[2]
    assert "3500.00 元" in known.partition("timeline")[0]
    assert "写成 2026-03-01，不晚于今天" in text(agent.opens(f"{at}?day=2027-01-01", 400))


def test_the_household_is_for_the_dibao_officer_and_only_while_she_agrees(
    agent: Colleague,
    officer: Colleague,
    said: Callable[..., None],
    ali: Employee,
    desk_storage: Storage,
) -> None:
    agrees(desk_storage, ali)
    said("gross_wage", 350_000)
    said("dibao", "receiving", source="civil_affairs")
    said("other_income", Income(0, 50_000), source="employee", standing="reported")
    at = f"/hr/roster/{ali.id}/profile"
    page = body(officer.opens(at))
    assert "在领" in page and "0.00 到 500.00 元" in page
    assert not DIBAO_WORDS.search(body(agent.opens(at)))
    for purpose in PURPOSES:
        desk_storage.records.withdraw(ali.id, purpose, "told_hr", HR)
    assert "在领" not in body(officer.opens(at))
    with desk_storage.database.read() as connection:
        acts = connection.execute(select(audit_events.c.act).order_by(audit_events.c.seq)).scalars().all()
    assert [each for each in acts if "profile_opened" in each] == [
        "dibao_profile_opened",
        "profile_opened",
        "profile_opened",
    ]


def test_the_page_of_money_is_the_same_on_screen_and_on_paper(
    agent: Colleague, uninsured: KeptStrategy, ali: Employee
) -> None:
    for path in ("/hr/money", f"/hr/roster/{ali.id}/money"):
        page = text(agent.opens(path))
        for figure in ("3476.40 元", "50.41 元", "102.55 元", "3526.81 元", "1750.00 元", "算不出"):
            assert figure in page, (path, figure)
        paper = agent.opens(path + ".pdf")
        assert paper.mimetype == "application/pdf" and paper.data.startswith(b"%PDF-")


def test_where_nothing_is_owed_the_page_says_so(
    agent: Colleague, said: Callable[..., None], ali: Employee
) -> None:
    said("insured_since", JOINED, source="social_insurance")
    for path in (
        "/hr/money",
        "/hr/money.pdf",
        f"/hr/roster/{ali.id}/money",
        f"/hr/roster/{ali.id}/money.pdf",
    ):
        assert "没有查到欠缴，也没有少报的月份" in text(agent.opens(path))


def test_the_dashboard_counts_what_is_open_by_kind(
    agent: Colleague, officer: Colleague, suspended: KeptStrategy
) -> None:
    def shown(who: Colleague) -> list[tuple[str, str]]:
        panel = body(who.opens("/hr/dashboard")).partition("p-strategies")[2].partition("</section>")[0]
        return re.findall(r"<b>(\d+)</b><span>([^<]+)", panel)

    assert shown(officer) == [("1", "没有参保")]
    assert shown(agent) == []


def test_a_last_day_without_a_source_is_refused(colleague: SignIn, desk_storage: Storage) -> None:
    admin = colleague("李敏", "admin")
    typed = {"region": "江苏省苏州市", "until": "2026-12-31"}
    page = text(admin.sends("/hr/strategy-rules/catch-up", 400, **typed))
    assert "没有出处的日子不能用" in page and 'value="2026-12-31"' in page
    assert desk_storage.profiles.rules() == StrategyRules()
    admin.sends("/hr/strategy-rules/catch-up", **typed, source="苏人社发〔2026〕1号 第三条")
    admin.sends("/hr/strategy-rules", enrols_restored="1")
    assert desk_storage.profiles.rules() == StrategyRules(
        enrols_restored=True,
        catch_up={"320500": date(2026, 12, 31)},
        catch_up_source={"320500": "苏人社发〔2026〕1号 第三条"},
    )
    admin.sends("/hr/strategy-rules/catch-up/remove", region="320500")
    assert desk_storage.profiles.rules() == StrategyRules(enrols_restored=True)
