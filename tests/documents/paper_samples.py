"""The family of the first story on paper: works in Suzhou, dibao in Fuyang, wage 3500, four on the book, line 800."""

from dataclasses import replace
from datetime import date

from documents.chart import ChartData
from documents.report import (
    Comparison,
    ContributionLine,
    Fact,
    LegalPoint,
    NoteData,
    ReportData,
    Row,
    SourceLine,
    StepLine,
    township_note,
)
from locales import Say, as_written

ENGLISH = {
    "全家每月的钱（元）": "Household money a month (yuan)",
    "交社保": "Insured",
    "不交社保": "Not insured",
    "其中低保": "of which dibao",
    "低保线×人数 {limit}": "Dibao line × people {limit}",
    "税前月工资（元）": "Monthly wage before deductions (yuan)",
    "现在：工资 {wage} 元，交社保，全家 {money} 元": "Now: wage {wage} yuan; insured, household {money} yuan",
    "工资 {wage} 元时：交社保，全家每月 {insured} 元，其中低保 {benefit} 元；不交，全家每月 {uninsured} 元。": "At a wage "
    "of {wage} yuan: insured, {insured} yuan a month, of which dibao {benefit} yuan; not insured, {uninsured} yuan.",
    "低保线还不知道，图上没有画。": "The dibao line is not known and not drawn.",
    "低保线乘人数是 {limit} 元。": "The dibao line times people is {limit} yuan.",
    "工资到 {wage} 元为止，不超低保线。": "Up to a wage of {wage} yuan the household stays within the line.",
    "工资一过 {wage} 元，低保停，全家一下少 {fall} 元。": "Just above {wage} yuan dibao ends: {fall} yuan less at once.",
}


def in_english(text: str, /, **figures: str) -> str:
    return ENGLISH[text].format(**figures)


def own_share(wage: int) -> int:
    return 52_496 if wage < 499_952 else wage * 105 // 1000


def chart(
    *, limit: int | None = 320_000, extra: int = 0, here: int = 350_000, say: Say = as_written
) -> ChartData:
    """`extra` is a benefit beside dibao that ends with it: what makes a cliff."""
    line = limit or 0
    wages = sorted({*range(100_000, 900_001, 20_000), 372_495, 372_496, here})
    benefit = [max(0, line - (wage - own_share(wage))) for wage in wages]
    benefit = [amount + extra if amount else 0 for amount in benefit]
    return ChartData(
        wages=tuple(wages),
        insured=tuple(wage - own_share(wage) + amount for wage, amount in zip(wages, benefit, strict=True)),
        uninsured=tuple(max(wage, line) for wage in wages),
        benefit=tuple(benefit),
        here=here,
        limit=limit,
        break_even=372_495 if limit else None,
        say=say,
    )


def report() -> ReportData:
    return ReportData(
        locale="zh-Hans",
        on=date(2026, 10, 15),
        as_of=date(2026, 11, 22),
        calculation_id="c-5f0b6c1e9a",
        ruleset_version="2026-11-22.1",
        headline="要看老家怎么算：扣社保，低保还在；不扣，就超线。",
        headline_detail="扣：2975.04 元，小于 3200.00 元。不扣：3500.00 元，超过 3200.00 元。不交社保也超线。"
        "交社保每月让全家少 300.00 到 524.96 元。",
        tone="open",
        facts=(
            Fact("干活的地方", "江苏苏州"),
            Fact("老家（低保）", "安徽阜阳，农村"),
            Fact("每月工资（扣之前）", "3500.00 元"),
            Fact("低保本上的人数", "4 人"),
            Fact("家里其他收入", "0.00 元"),
            Fact("低保现在", "在领"),
            Fact("低保线", "800.00 元/人（您填的）"),
        ),
        comparison=Comparison(
            ("交社保，老家扣社保", "交社保，老家不扣", "不交社保"),
            (
                Row("工资（扣之前）", ("3500.00", "3500.00", "3500.00")),
                Row("从工资里扣的社保", ("524.96", "524.96", "0.00")),
                Row("个人所得税", ("0.00", "0.00", "0.00")),
                Row("到手", ("2975.04", "2975.04", "3500.00")),
                Row("民政算的全家收入", ("2975.04", "3500.00", "3500.00")),
                Row("低保线 × 4 人", ("3200.00", "3200.00", "3200.00")),
                Row("每人每月", ("743.76", "875.00", "875.00")),
                Row("结果", ("线内", "超线", "超线"), strong=True),
                Row("低保补的钱", ("224.96", "0.00", "0.00"), strong=True),
                Row("全家每月的钱", ("3200.00", "2975.04", "3500.00"), strong=True),
            ),
        ),
        contributions=(
            ContributionLine("养老保险", 495_200, 80_000, 39_616, 160_000, 79_232),
            ContributionLine(
                "医疗保险（含生育）", 495_200, 20_000, 10_404, 70_000, 34_664, "另加大病 5.00 元"
            ),
            ContributionLine("失业保险", 495_200, 5_000, 2_476, 5_000, 2_476),
            ContributionLine("工伤保险", 495_200, 0, 0, None, None, "单位的行业类别没有记录"),
            ContributionLine("住房公积金", None, None, None, None, None),
        ),
        employee_total=52_496,
        employer_total=None,
        steps=(
            StepLine("缴费基数", "4952.00", "工资 3500.00 低于下限 4952.00，按下限算", 1),
            StepLine("个人交的社保", "524.96", "396.16 + 104.04 + 24.76", 1),
            StepLine("个人所得税", "0.00", "3500.00 − 524.96 − 5000.00 小于 0，不用交"),
            StepLine("到手", "2975.04", "3500.00 − 524.96 − 0.00"),
            StepLine("全家可计入收入", "2975.04", "工资 3500.00 + 其他 0.00 − 社保 524.96 − 税 0.00", 2),
            StepLine("低保线乘人数", "3200.00", "800.00 × 4", 4),
            StepLine("每月补的低保", "224.96", "3200.00 − 2975.04", 2),
        ),
        keeps=(
            "如实告诉民政家里的工资和人数，变了就说。",
            "请老家按规定先减掉个人交的社保，再减打工的花销。",
            "家里有重残、重病的人，可以问问能不能单独吃低保（单人保）。",
            "停之前会先听您说；不服可以在 60 天里申请复议，6 个月里起诉。",
        ),
        asks=(
            "算家里收入时，个人交的社保减不减？",
            "打工的花销减不减，减多少？",
            "现在的低保线，每人每月多少？",
            "收入超线以后，还发几个月？",
        ),
        warnings=(
            "只算了收入。房子、存款、车和户口这些没有算。",
            "不交社保是违法的，这里只用来比较。",
            "低保线是您自己填的，请以老家的文件为准。",
        ),
        legal=(
            LegalPoint("个人交的社保和税，算低保收入时先减掉；当地有规定的按当地。", (2,)),
            LegalPoint("单位和职工都必须参加社会保险。签了“自愿不交”也没有用。", (1, 3)),
        ),
        sources=(
            SourceLine("中华人民共和国社会保险法", article="第十二条、第五十八条、第六十条"),
            SourceLine(
                "最低生活保障审核确认办法",
                "民发〔2021〕57号",
                "第十三条",
                url="https://www.mca.gov.cn/example/57.html",
            ),
            SourceLine(
                "最高人民法院关于审理劳动争议案件适用法律问题的解释（二）", "法释〔2025〕12号", "第十九条"
            ),
            SourceLine("低保线 800.00 元", detail="由您填写，2026-10-15"),
        ),
        chart=chart(),
    )


def note() -> NoteData:
    return township_note(
        on=date(2026, 10, 15),
        workplace="江苏苏州",
        wage=350_000,
        own_contribution=52_496,
        people=4,
        phone="0558-12345",
    )


def with_headline(text: str) -> ReportData:
    return replace(report(), headline=text)
