"""Articles as they are read and rendered: fields, figures of the place asked about, clauses, languages."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from article_samples import write_article

from policy_kb.articles import Article, load_articles, read_article
from policy_kb.files import PolicyError
from policy_kb.library import Library
from policy_kb.references import Place, UnknownReference, resolve
from policy_kb.rendering import Rendering, render

TODAY = date(2026, 10, 15)
FLOOR = "- 当地养老的下限是 {{ base_floor.pension }}。"
LINE = "- 城镇低保线每人每月 {{ dibao_line.urban }}。"
LAST_STEP = "- 拿不准就打 {{ phone.12333 }} 问。"


@pytest.fixture
def article(tmp_path: Path) -> Article:
    return read_article(write_article(tmp_path))


def rendered(
    folder: Path, library: Library, region: str, *steps: str, locale: str = "zh_Hans", on: date = TODAY
) -> Rendering:
    article = read_article(write_article(folder, (LAST_STEP, "\n".join(steps))))
    return render(article, library, region, on, locale)


# -- Reading ---------------------------------------------------------------------------------------------------------


def test_every_part_of_an_article_is_read(article: Article) -> None:
    assert article.key == "000000/late-fee"
    assert article.intents == ("ask_late_fee_penalty",)
    assert len(article.questions) == 6
    assert article.records == ("SIL-86", "MOHRSS20-LATE")
    assert (article.effective_from, article.effective_until) == (date(2011, 7, 1), None)
    assert article.offer_hr
    assert article.answer == ("这笔钱由厂里出，不从你工资里扣。",)
    assert len(article.steps) == len(article.steps_en) == 3
    assert article.basis == ("{{ clause SIL-86 }}", "{{ clause MOHRSS20-LATE }}")
    assert article.answer_en == ("The company pays it.", "It is not taken from your wage.")


def test_an_article_holds_from_its_first_to_its_last_day(tmp_path: Path) -> None:
    until = ("effective_until: null", "effective_until: 2026-06-30")
    article = read_article(write_article(tmp_path, until))
    days = date(2011, 6, 30), date(2011, 7, 1), date(2026, 6, 30), date(2026, 7, 1)
    assert [article.holds(day) for day in days] == [False, True, True, False]


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("title: 社保交晚了，多出来的钱谁出\n", "", "late-fee.md: title: missing_field"),
        ("effective_from: 2011-07-01", "effective_from: 去年", "late-fee.md: effective_from: bad_date"),
        ("offer_hr: true", "offer_hr: 是", "late-fee.md: offer_hr"),
        ("keywords: [滞纳金]", "keywords: 滞纳金", "late-fee.md: keywords"),
        ("keywords: [滞纳金]", "keyword: [滞纳金]", "late-fee.md: keyword: unknown_field"),
        ("keywords: [滞纳金]", "keywords: [滞纳金", "late-fee.md: while parsing"),
        ("---\ntitle:", "title:", "late-fee.md: front matter"),
        ("## 怎么办", "## 步骤", "late-fee.md: ## 步骤"),
        ("- 从欠缴那天起", "从欠缴那天起", "late-fee.md: 怎么办"),
        ("这笔钱由厂里出", "- 这笔钱由厂里出", "late-fee.md: answer"),
        ("这笔钱由厂里出，不从你工资里扣。", "", "late-fee.md: answer: missing_field"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, before: str, after: str, named: str) -> None:
    with pytest.raises(PolicyError) as error:
        read_article(write_article(tmp_path, (before, after)))
    assert str(error.value).startswith(f"000000/{named}")


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    path = write_article(tmp_path)
    path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))
    with pytest.raises(PolicyError, match=r"000000/late-fee\.md"):
        load_articles(tmp_path)


# -- Rendering -------------------------------------------------------------------------------------------------------


def test_figures_and_clauses_come_from_the_records(article: Article, library: Library) -> None:
    said = render(article, library, "320500", TODAY, "zh_Hans")
    assert said.answer == "这笔钱由厂里出，不从你工资里扣。"
    assert said.steps == (
        "从欠缴那天起，按欠的钱每天加收 0.05%。",
        "到期还不缴的，最多罚欠缴额的 3 倍。",
        "拿不准就打 12333 问。",
    )
    assert said.clauses[0].startswith("没按时缴足的，责令限期缴") and "第86条" in said.clauses[0]
    assert [source["id"] for source in said.sources] == ["SIL-86", "MOHRSS20-LATE"]
    assert {"0.05%", "3 倍", "12333"} <= said.figures
    assert said.unknown == ()


def test_the_same_article_in_english_and_in_the_traditional_script(
    article: Article, library: Library
) -> None:
    english = render(article, library, "320500", TODAY, "en")
    assert english.title == "Who pays when insurance is paid late?"
    assert english.answer == "The company pays it. It is not taken from your wage."
    assert english.steps[1] == "After the deadline the fine is up to 3 times what is owed."
    assert "from 2011-07-01" in english.clauses[0]
    traditional = render(article, library, "320500", TODAY, "zh_Hant")
    assert traditional.answer == "這筆錢由廠裡出，不從你工資裡扣。"
    assert "3 倍" in traditional.figures


def test_figures_of_a_place_are_cited_with_their_record(tmp_path: Path, library: Library) -> None:
    said = rendered(tmp_path, library, "110000", FLOOR, LINE)
    assert said.steps[2:] == ("当地养老的下限是 7270.00 元。", "城镇低保线每人每月 1450.00 元。")
    assert {"7270.00 元", "1450.00 元"} <= said.figures
    cited = [source["id"] for source in said.sources]
    assert cited[2].startswith("110000:pension:2026-07-01") and cited[3].startswith("110000:line:2024-07-01")


def test_a_step_without_its_figure_is_replaced(tmp_path: Path, library: Library) -> None:
    said = rendered(tmp_path, library, "320500", LINE, "- 农村每人每月 {{ dibao_line.rural }}。")
    assert said.steps[2:] == ("资料库里没有当地的这个数。",)
    assert said.unknown == ("dibao_line.urban", "dibao_line.rural")
    assert "资料库" not in said.answer


def test_a_step_that_names_its_figure_keeps_the_name(tmp_path: Path, library: Library) -> None:
    assert rendered(tmp_path, library, "320500", "- 低保线：{{ dibao_line.urban }}。").steps[2:] == (
        "低保线：资料库里没有当地的这个数。",
    )


def test_without_a_place_the_answer_asks_for_it(tmp_path: Path, library: Library) -> None:
    assert rendered(tmp_path, library, "000000", FLOOR).steps[2] == "有的数各地不一样，先说是哪个地方。"


@pytest.mark.parametrize(
    ("region", "reference", "text"),
    [
        ("320500", "base_floor.pension", "4952.00 元（这个数到 2025-12-31 为止，新数还没有）"),
        ("110000", "base_ceiling.medical", "36348.00 元"),
        ("110000", "employee_rate.pension", "8%"),
        ("110000", "employer_rate.medical", "9.8%"),
        ("110000", "employee_fixed.medical", "3.00 元"),
        ("110000", "employer_rate.housing_fund", "5% 到 12%"),
        ("110000", "employer_rate.work_injury", "0.2%（风险最低的一类行业）"),
        ("320500", "period.pension", "2025-01-01 到 2025-12-31（日期是推定的）"),
        ("110000", "period.pension", "2026-07-01 到 2027-06-30"),
        ("320500", "region", "苏州市"),
        ("000000", "region", "当地"),
        ("000000", "SIL-86.late_fee_daily_rate | percent", "0.05%"),
        ("000000", "N-13.household_income_below_multiple_of_standard | times", "1.5 倍"),
        ("000000", "N-29.administrative_reconsideration_days | days", "60 天"),
        ("000000", "N-25.normal | workdays", "30 个工作日"),
        ("000000", "N-20.max | months", "6 个月"),
        ("000000", "RET-MINYEARS.min_years.2030 | years", "15.5 年"),
        ("000000", "RATE-INJURY-8.class_rates.7 | percent", "1.9%"),
        ("000000", "N-31.refusals | plain", "3"),
        ("231000", "MDJ-04.from_2026-04-01 | yuan", "313.00 元"),
    ],
)
def test_figures_are_written_with_their_unit(
    library: Library, region: str, reference: str, text: str
) -> None:
    on = date(2026, 11, 22)
    assert resolve(reference, Place(library, region, on, on)).text == text


@pytest.mark.parametrize(
    ("region", "reference", "absence"),
    [
        ("320500", "dibao_line.urban", "unknown"),
        ("000000", "dibao_line.urban", "which_place"),
        ("440100", "dibao_line.urban", "stale"),
        ("110000", "base_floor.maternity", "not_separate"),
        ("110000", "employee_fixed.pension", "no_fixed_amount"),
        ("440100", "base_floor.work_injury", "unknown"),
        ("341200", "employee_rate.medical", "unknown"),
    ],
)
def test_why_a_figure_cannot_be_said(library: Library, region: str, reference: str, absence: str) -> None:
    on = date(2026, 11, 22)
    figure = resolve(reference, Place(library, region, on, on))
    assert (figure.text, figure.absence) == (None, absence)


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ("N-20.max | months", "6 months"),
        ("RET-MINYEARS.min_years.2030 | years", "15.5 years"),
        ("base_ceiling.medical", "36348.00 yuan"),
        ("employer_rate.housing_fund", "5% to 12%"),
        ("period.pension", "2026-07-01 to 2027-06-30"),
    ],
)
def test_figures_in_english(library: Library, reference: str, text: str) -> None:
    on = date(2026, 11, 22)
    assert resolve(reference, Place(library, "110000", on, on), "en").text == text


@pytest.mark.parametrize(
    "reference",
    [
        "SIL-999.rate | percent",
        "SIL-86.nothing | percent",
        "SIL-86.late_fee_starts | percent",
        "SIL-86.late_fee_daily_rate | promille",
        "N-18.value | plain",
        "N-01 | plain",
        "phone.110",
        "dibao_line.county",
        "base_floor.life",
    ],
)
def test_a_reference_that_names_nothing_is_refused(library: Library, reference: str) -> None:
    with pytest.raises(UnknownReference):
        resolve(reference, Place(library, "110000", TODAY, TODAY))


def test_no_space_is_left_between_chinese_words(tmp_path: Path, library: Library) -> None:
    step = (
        "- 从 {{ RET-MINYEARS.min_years.2029 | years }} 加到 {{ RET-MINYEARS.min_years.2039 | years }} 为止。"
    )
    assert rendered(tmp_path, library, "110000", step).steps[2:] == ("从 15 年加到 20 年为止。",)


def test_a_broken_reference_never_breaks_an_answer(tmp_path: Path, library: Library) -> None:
    said = rendered(
        tmp_path, library, "110000", "- 是 {{ SIL-86.nothing | percent }}。", "- 是 {{ clause NO-1 }}。"
    )
    assert said.steps[2:] == ("资料库里没有当地的这个数。",)
    assert said.unknown == ("SIL-86.nothing | percent", "clause NO-1")


def test_a_conclusion_is_cited_with_what_it_follows_from(tmp_path: Path, library: Library) -> None:
    changes = (
        ("[SIL-86, MOHRSS20-LATE]", "[DERIVED-DIBAO]"),
        ("{{ clause MOHRSS20-LATE }}", "{{ clause DERIVED-DIBAO }}"),
    )
    said = render(read_article(write_article(tmp_path, *changes)), library, "110000", TODAY, "zh_Hans")
    assert "SIL-58" not in said.clauses[1]
    assert {"DERIVED-DIBAO", "SIL-58", "MOHRSS13-21"} <= {source["id"] for source in said.sources}
