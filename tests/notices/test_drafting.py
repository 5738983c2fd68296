"""What a notice says of whom: the pay slip's figures to the fen, every line with its source, and no notice over a gap."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from notice_samples import ALI, OCTOBER, PLANT, drafted, lines, occasion, words

from calculator.money import format_yuan, parse_yuan
from notices.book import EnteredFigure, YearlyCharge
from notices.drafting import Issuer, OnRecord, Undraftable, draft
from notices.notice import Content
from people.employees import Employee
from people.entities import InsuredAccount
from people.records import PayMonth
from policy_kb.article_lint import NEVER_SAID
from policy_kb.calculation import calculate
from policy_kb.library import USABLE, Library


def refused(
    library: Library, employee: Employee, known: OnRecord | None = None, **values: object
) -> Undraftable:
    with pytest.raises(Undraftable) as error:
        drafted(library, employee, known, **values)
    return error.value


def test_what_li_xiaomei_pays_is_what_the_assistant_told_her(library: Library) -> None:
    content = drafted(library)
    assert content.data["totals"] == {"employee": "524.96", "employer": "1213.24"}
    assert (content.data["income_tax"], content.data["take_home"]) == ("0.00", "2975.04")
    assert lines(content) == {
        "pension": ("396.16", "792.32"),
        "medical": ("104.04", "386.26"),
        "unemployment": ("24.76", "24.76"),
        "work_injury": ("0.00", "9.90"),
    }
    assert {line["base"] for line in content.data["lines"]} == {"4952.00"}
    assert content.data["lines"][1]["fixed"] == "5.00"
    assert "524.96 元" in words(content) and "按下限核定" in words(content)


@pytest.mark.parametrize("region", ["110000", "310000", "320100", "330100", "350200", "510100", "610100"])
@pytest.mark.parametrize("wage", ["2360.00", "3500.00", "8765.43", "61000.07"])
def test_the_lines_are_the_calculators_own_to_the_fen(library: Library, region: str, wage: str) -> None:
    content = drafted(library, replace(ALI, region=region, wage=parse_yuan(wage)))
    case = {
        "region": region,
        "on": "2026-10-01",
        "as_of": "2026-10-15",
        "household": {"size": 1, "earners": [{"wage": wage}]},
    }
    reckoned = calculate(library, case, date(2026, 10, 15))
    assert lines(content) == {
        each["insurance"]: (each["employee"], each["employer"]) for each in reckoned["contributions"]
    }
    assert content.data["totals"] == {side: reckoned[f"{side}_total"] for side in ("employee", "employer")}
    assert content.data["take_home"] == reckoned["take_home"]["insured"]
    assert content.data["income_tax"] == reckoned["income_tax"]


def test_a_declared_base_never_lowers_a_line_and_a_higher_one_counts(library: Library) -> None:
    chen = replace(ALI, name="陈大勇", wage=800_000)
    usual = lines(drafted(library, chen))
    assert lines(drafted(library, replace(chen, base=600_000))) == usual
    assert lines(drafted(library, replace(chen, base=495_200))) == usual
    higher = drafted(library, replace(chen, base=900_000))
    assert lines(higher)["pension"] == ("720.00", "1440.00")
    assert higher.data["base_wage"] == "9000.00" and "9000.00 元" in words(higher)
    # A base at the floor says nothing about the wage.
    assert drafted(library, replace(ALI, base=495_200)).data["base_wage"] is None


def test_every_line_has_its_source_and_what_may_be_outdated_is_said(library: Library) -> None:
    content = drafted(library)
    sources = content.data["sources"]
    assert [sources[line["source"]]["title"] for line in content.data["lines"]] == [
        "江苏省养老保险缴费标准",
        "苏州市医疗保险缴费标准",
        "江苏省失业保险缴费标准",
        "江苏省工伤保险缴费标准",
    ]
    assert sources[0]["number"] == "苏人社发〔2025〕33号" and sources[1]["status"] == "single_source"
    assert any("到2025-12-31为止" in text for text in content.data["warnings"])


def test_every_article_that_is_cited_is_the_librarys_and_may_be_relied_on(library: Library) -> None:
    for kind in ("notice", "statement"):
        content = drafted(library, kind=kind)
        for source in content.data["sources"]:
            citation = library.citation(source["key"])
            assert (source["title"], source["number"], source["article"]) == (
                citation.title,
                citation.number,
                citation.article,
            )
            assert citation.certainty in USABLE and source["status"] == citation.certainty, source["key"]
    keys = {source["key"] for source in drafted(library).data["sources"]}
    assert keys >= {
        "LL-72",
        "SIL-58",
        "SIL-60",
        "SIL-84",
        "SIL-86",
        "SPC2-19",
        "LCL-38-1-3",
        "ESL-14",
        "P-04",
    }


def test_the_text_says_what_the_law_says_and_offers_no_way_out(library: Library) -> None:
    text = words(drafted(library))
    assert "《社会保险法》第五十八条、第六十条" in text and "《劳动法》第七十二条" in text
    assert "（法释〔2025〕12号）第十九条" in text and "不发生效力" in text
    assert "每" in text and "0.05% 的滞纳金" in text and "1 至 3 倍的罚款" in text
    assert "缴纳社会保险本身不会让家庭失去低保" in text and "12345" in text and "12333" in text
    assert "不等于同意" in text and "社会保险照样办理、照样缴纳" in text and "不会使您受到不利对待" in text
    for said in (text, words(drafted(library, kind="statement"))):
        assert not any(word in said for word in (*NEVER_SAID, "放弃", "骗保"))


def test_nothing_of_her_household_and_nobodys_whole_id_number_is_in_it(library: Library) -> None:
    data = json.dumps(drafted(library).data, ensure_ascii=False)
    assert "阜阳" not in data and ALI.id_number not in data and '"002X"' in data
    assert repr(drafted(library)) == "Content()"


# -- Gaps ----------------------------------------------------------------------------------------------------------------


def test_no_notice_over_a_line_without_a_figure_until_hr_enters_it(library: Library) -> None:
    wuxi = replace(ALI, name="吴芳", region="441300")  # Huizhou: two lines lack a figure
    error = refused(library, wuxi)
    assert (error.why, error.detail) == ("incomplete", "unemployment work_injury")
    half = OnRecord(
        figures=(EnteredFigure("441300", "unemployment", 1_350, 3_150, "惠州市人社局，2026-10-08 电话"),)
    )
    assert refused(library, wuxi, half).detail == "work_injury"
    # A figure of the province serves its cities where they have none of their own.
    both = OnRecord(
        figures=(
            *half.figures,
            EnteredFigure("440000", "work_injury", 0, 1_080, "https://hrss.gd.gov.cn/notice"),
        )
    )
    content = drafted(library, wuxi, both)
    entered = {line["key"]: line for line in content.data["lines"] if line["entered"]}
    assert lines(content)["unemployment"] == ("13.50", "31.50") and set(entered) == {
        "unemployment",
        "work_injury",
    }
    assert entered["unemployment"]["base"] is None
    sources = content.data["sources"]
    assert sources[entered["unemployment"]["source"]]["number"] == "惠州市人社局，2026-10-08 电话"
    assert sources[entered["work_injury"]["source"]]["url"] == "https://hrss.gd.gov.cn/notice"
    assert sources[entered["work_injury"]["source"]]["status"] == "entered"
    total = sum(parse_yuan(employee) for employee, _ in lines(content).values())
    assert content.data["totals"]["employee"] == format_yuan(total)
    assert "失业保险、工伤保险" in words(content)


def test_a_charge_that_is_only_named_stands_beside_the_computed_line(library: Library) -> None:
    he = replace(
        ALI, name="何静", region="340100"
    )  # Hefei: the employer owes something that is not on record
    assert refused(library, he).detail == "medical"
    known = OnRecord(figures=(EnteredFigure("340100", "medical", 0, 800, "合肥市医保局通知"),))
    content = drafted(library, he, known)
    assert lines(content)["medical_other"] == ("0.00", "8.00")
    names = {line["key"]: (line["name"], line["entered"]) for line in content.data["lines"]}
    assert names["medical_other"] == ("医疗保险另收部分", True) and not names["medical"][1]
    reckoned = calculate(
        library,
        {"region": "340100", "on": "2026-10-01", "household": {"size": 1, "earners": [{"wage": "3500.00"}]}},
        date(2026, 10, 15),
    )
    assert content.data["totals"]["employer"] == format_yuan(parse_yuan(reckoned["employer_total"]) + 800)


@pytest.mark.parametrize(
    ("changes", "values", "why"),
    [
        ({"wage": None}, {}, "no_wage"),
        ({"wage": 0}, {}, "no_wage"),
        ({"region": ""}, {}, "no_region"),
        ({"region": "999999"}, {}, "unknown_region"),
        ({"employment": "part_time"}, {}, "not_employed"),
        ({"employment": "retired"}, {}, "not_employed"),
        ({"state": "left", "left_on": date(2026, 10, 9)}, {}, "left"),
        ({"state": "left", "left_on": date(2026, 9, 30)}, {"kind": "statement"}, "left"),
        ({"insured_since": None}, {"kind": "statement"}, "not_insured_yet"),
        ({"insured_since": date(2026, 11, 1)}, {"kind": "statement"}, "not_insured_yet"),
        ({}, {"issuer": Issuer("")}, "no_company"),
    ],
)
def test_who_gets_none_and_why(
    library: Library, changes: dict[str, object], values: dict[str, object], why: str
) -> None:
    assert refused(library, replace(ALI, **changes), **values).why == why  # type: ignore[arg-type]


def test_somebody_who_left_within_the_month_still_gets_its_statement(library: Library) -> None:
    gone = replace(ALI, state="left", left_on=date(2026, 10, 9))
    assert drafted(library, gone, kind="statement").data["kind"] == "statement"


@pytest.mark.parametrize(
    "name", ["䶮㛃堃喆犇淼昇镕珺翀", "彧祎鎏𬀩𬭊𬭬𫄸𫍯𬊤𬍛", "𬘓𬭎𫔍𬤊𬸚𠅤㙓㸌䲠𬭤", "阿依古丽·买买提"]
)
def test_rare_names_are_no_hindrance(library: Library, name: str) -> None:
    assert drafted(library, replace(ALI, name=name)).data["employee"]["name"] == name


def test_a_character_that_cannot_be_printed_is_named_before_anything_is_made(library: Library) -> None:
    error = refused(library, replace(ALI, name="李𪛖"))
    assert (error.why, error.detail) == ("glyph", "𪛖（U+2A6D6）")
    assert refused(library, ALI, why="\ue123").detail == "U+E123"


# -- What the company has of its own -----------------------------------------------------------------------------------


def test_the_assessed_injury_rate_and_the_fund_are_the_companys_own(library: Library) -> None:
    account = InsuredAccount(
        "1",
        "1",
        "320500",
        "S1",
        injury_rate=3_600,
        injury_source="苏州人社工伤费率核定单〔2026〕8号",
        fund_rate=80_000,
    )
    content = drafted(library, replace(ALI, wage=600_000), OnRecord(accounts=(account,)))
    assert lines(content)["work_injury"] == ("0.00", "21.60")
    assert lines(content)["housing_fund"] == ("480.00", "480.00")
    injury = next(line for line in content.data["lines"] if line["key"] == "work_injury")
    assert injury["employer_rate"] == "0.36%"
    assert content.data["sources"][injury["rate_source"]]["number"] == account.injury_source
    assert not any("工伤保险的单位费率按风险最低" in text for text in content.data["warnings"])
    # The fund is in it, so that only meals and lodging are not.
    assert "元。伙食、住宿等扣款不在其内" in words(content)


def test_an_industry_class_counts_and_without_one_it_is_said(library: Library) -> None:
    zhou = replace(ALI, name="老周", region="120000", wage=600_000)
    account = InsuredAccount("1", "1", "120000", "T1", injury_class=3)
    content = drafted(library, zhou, OnRecord(accounts=(account,)))
    assert lines(content)["work_injury"] == ("0.00", "42.00")
    assert lines(drafted(library, zhou))["work_injury"] == ("0.00", "12.00")
    assert any("风险最低的一类行业" in text for text in drafted(library, zhou).data["warnings"])
    assert not any("风险最低的一类行业" in text for text in content.data["warnings"])


def test_a_class_without_a_rate_on_record_is_a_gap(library: Library) -> None:
    account = InsuredAccount("1", "1", "320500", "S1", injury_class=3)
    assert refused(library, ALI, OnRecord(accounts=(account,))).detail == "work_injury"


# -- Charges once a year -------------------------------------------------------------------------------------------------

JULY = YearlyCharge("320500", "大额医疗互助", 7, 6_000, 0, "苏州市医保局通知")


def test_a_notice_tells_of_a_yearly_charge_and_only_its_months_statement_takes_it(library: Library) -> None:
    known = OnRecord(charges=(JULY,))
    notice = drafted(library, known=known)
    assert notice.data["totals"]["employee"] == "524.96"
    assert "大额医疗互助，每年7月收，个人 60.00 元，单位 0.00 元" in words(notice)
    assert drafted(library, known=known, kind="statement").data["yearly"] == []
    july = drafted(library, known=known, kind="statement", month=date(2027, 7, 1), on=date(2027, 8, 3))
    assert [(each["name"], each["month"]) for each in july.data["yearly"]] == [("大额医疗互助", 7)]
    shares = sum(parse_yuan(employee) for employee, _ in lines(july).values())
    assert parse_yuan(july.data["totals"]["employee"]) == shares + 6_000
    assert july.data["sources"][july.data["yearly"][0]["source"]]["number"] == "苏州市医保局通知"


@pytest.mark.parametrize(("month", "fixed"), [(1, "21.00"), (2, "22.00"), (10, "21.00"), (12, "22.00")])
def test_tianjin_really_withholds_21_or_22_yuan(library: Library, month: int, fixed: str) -> None:
    zhou = replace(ALI, name="老周", region="120000", wage=900_000)
    content = drafted(library, zhou, kind="statement", month=date(2027, month, 1), on=date(2027, month, 28))
    assert content.data["lines"][1]["fixed"] == fixed
    assert lines(content)["medical"][0] == format_yuan(18_000 + parse_yuan(fixed))


def test_hrs_schedule_takes_the_place_of_a_twelfth(library: Library) -> None:
    ma = replace(ALI, name="马兰", region="630100", wage=800_000)
    twelfth = drafted(library, ma)
    assert twelfth.data["lines"][1]["fixed"] == "10.00" and lines(twelfth)["medical"][0] == "170.00"
    assert any("十二分之一" in text for text in twelfth.data["warnings"])
    known = OnRecord(charges=(YearlyCharge("630000", "大额医疗保险", 1, 12_000, 0, "西宁市医保局通知"),))
    october = drafted(library, ma, known, kind="statement")
    assert lines(october)["medical"][0] == "160.00" and october.data["yearly"] == []
    january = drafted(library, ma, known, kind="statement", month=date(2027, 1, 1), on=date(2027, 2, 2))
    assert lines(january)["medical"][0] == "160.00"
    assert [each["employee"] for each in january.data["yearly"]] == ["120.00"]


# -- The monthly statement ---------------------------------------------------------------------------------------------


def test_a_statement_is_of_the_months_own_wage_and_tells_each_difference(library: Library) -> None:
    before = drafted(library, replace(ALI, wage=800_000), kind="statement")
    known = OnRecord(before=before, months=(PayMonth(date(2026, 11, 1), 900_000, paid=True),))
    november = drafted(library, ALI, known, kind="statement", month=date(2026, 11, 1), on=date(2026, 12, 1))
    assert november.data["wage"] == "9000.00" and november.data["before_month"] == "2026-10"
    pension = november.data["lines"][0]
    assert pension["before"] == {"employee": "640.00", "employer": "1280.00"} and pension["changed"]
    assert "养老保险，个人 640.00 元变为 720.00 元、单位 1280.00 元变为 1440.00 元" in words(november)
    assert "本月社会保险费已经缴纳" in words(november)


def test_a_statement_without_any_change_says_so(library: Library) -> None:
    before = drafted(library, kind="statement")
    again = drafted(library, known=OnRecord(before=before), kind="statement", month=date(2026, 11, 1))
    assert "每一项都没有变化" in words(again) and not any(line["changed"] for line in again.data["lines"])


def test_a_line_that_came_and_one_that_went_are_told(library: Library) -> None:
    account = InsuredAccount("1", "1", "320500", "S1", fund_rate=80_000)
    without, with_fund = OnRecord(), OnRecord(accounts=(account,))
    october = drafted(library, known=without, kind="statement")
    november = drafted(
        library, known=replace(with_fund, before=october), kind="statement", month=date(2026, 11, 1)
    )
    assert "住房公积金，上月没有，本月个人 280.00 元、单位 280.00 元" in words(november)
    december = drafted(
        library, known=replace(without, before=november), kind="statement", month=date(2026, 12, 1)
    )
    assert "住房公积金，上月有，本月没有" in words(december)
    assert [each["key"] for each in december.data["gone"]] == ["housing_fund"]


def test_what_was_really_withheld_is_set_beside_what_is_right(library: Library) -> None:
    def statement(own_share: int | None, paid: bool | None) -> str:
        months = (PayMonth(OCTOBER, 350_000, own_share=own_share, paid=paid),)
        return words(drafted(library, known=OnRecord(months=months), kind="statement"))

    assert "实际从您工资里扣的是 500.00 元，和上面的合计相差 24.96 元" in statement(50_000, True)
    assert "还没有缴纳" in statement(None, False) and "滞纳金（交晚了加的钱）由单位承担" in statement(
        None, False
    )
    assert "实际从您工资里扣" not in statement(52_496, None) and "单位的记录" not in statement(52_496, None)


def test_another_number_on_the_roster_makes_her_nobody_else(library: Library) -> None:
    before = drafted(library, replace(ALI, number="A0099"), kind="statement")
    again = drafted(library, known=OnRecord(before=before), kind="statement", month=date(2026, 11, 1))
    assert "每一项都没有变化" in words(again)


# -- One content ---------------------------------------------------------------------------------------------------------


def test_the_same_facts_make_the_same_content_and_another_fen_another(library: Library) -> None:
    assert drafted(library).sha256 == drafted(library).sha256
    assert drafted(library, replace(ALI, wage=350_001)).sha256 != drafted(library).sha256


def test_a_correction_says_why_and_its_text_does_not_depend_on_its_number(library: Library) -> None:
    made = draft(library, ALI, occasion(number="", why="基数写错了"))
    issued = draft(library, ALI, occasion(number="N-000200", why="基数写错了", supersedes="N-000123"))
    assert (issued.data["number"], issued.data["supersedes"]) == ("N-000200", "N-000123")
    assert issued.data["sections"] == made.data["sections"] and "更正的原因：基数写错了" in words(issued)
    # What is issued is the draft under its number.
    assert Content(dict(made.data) | {"number": "N-000200", "supersedes": "N-000123"}).sha256 == issued.sha256


def test_whoever_issues_it_stands_in_it(library: Library) -> None:
    data = drafted(library).data
    assert data["company"] == {"name": PLANT.name, "credit_code": PLANT.credit_code, "contact": PLANT.contact}
    assert "随时可以问单位" not in words(drafted(library, issuer=Issuer("某厂")))
