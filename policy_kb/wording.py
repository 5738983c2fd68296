"""How the library says things: warnings, questions and errors, one source sentence each. Figures are filled in later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from calculator.fields import InputError, Problem
from locales import N_, Say

#: More problems than anyone reads; an answer must not be many times longer than its question.
MOST_ERRORS: Final = 20

INSURANCE: Final[Mapping[str, str]] = {
    "pension": N_("养老保险"),
    "medical": N_("医疗保险"),
    "unemployment": N_("失业保险"),
    "work_injury": N_("工伤保险"),
    "maternity": N_("生育保险"),
    "housing_fund": N_("住房公积金"),
}

WARNINGS: Final[Mapping[str, str]] = {
    "insurance_is_mandatory": N_("“不参保”一栏只用来对比。单位必须给职工参保，写了不参保的约定也无效。"),
    "income_test_only": N_("这里只比收入。财产、家庭成员怎么认定、收入按哪几个月算，由民政部门审核。"),
    "withholding_is_cumulative": N_("个税按当月估算；工资表上是全年累计预扣，月份之间会有出入。"),
    "special_deductions_ignored": N_("没有计入子女教育、赡养老人等专项附加扣除；办了的，个税只会更少。"),
    "no_line_for_region": N_("资料库里没有{region}现行的低保线，所以不下结论。填上你家的低保线就能算。"),
    "line_stale": N_("{region}的低保线{amount}元是{since}的数，太久没有核实，不拿它下结论。"),
    "line_user_entered": N_("低保线{amount}元是你自己填的，请和老家民政核对。"),
    "line_differs": N_("你填的低保线和资料库里的{amount}元不一样，按你填的算。"),
    "line_period_assumed": N_("这条低保线从哪天起算，原文没有写明。"),
    "line_single_source": N_("这条低保线只有一个出处。"),
    "period_assumed": N_("{insurances}的执行日期是推定的，或几处说法不一。"),
    "single_source": N_("{insurances}的数字只有一个出处。"),
    "recalled": N_("{insurances}的依据有一部分只凭记忆，没有找到原文。"),
    "figure_may_be_outdated": N_(
        "{insurances}用的是到{ended}为止的数，接下来的数一般{awaited}起公布，资料库里还没有；公布后差额要补。"
    ),
    "insurance_not_recorded": N_("资料库里没有{insurances}在当地的数，合计里没有算它，实际会多扣一些。"),
    "figure_not_recorded": N_("{insurances}的基数或费率没有记录，合计里没有算它。"),
    "incomplete": N_("{insurances}可能还有别的收费或别的档次，资料库里没有准数。"),
    "local_rule_unknown": N_("老家算收入时减不减个人缴的社保，没有查到当地规定，所以两种算法都列出来。"),
    "assumed_zero": N_("别人的收入没有填，先按0元算。"),
    "assumed_on_book": N_("没有说低保本上有没有你，先按有你算。"),
    "not_on_book": N_("低保本上没有你。你的工资只按当地的赡养规定算，这条规定资料库里没有。"),
    "not_on_book_by_rule": N_("低保本上没有你。你的工资不直接算进去，按当地的赡养规定折算。"),
    "on_book_unknown": N_("还不知道低保本上有没有你，所以不下结论。"),
    "support_rule_unknown": N_("赡养人的收入怎么折算，没有查到当地规定。"),
    "base_from_current_wage": N_("缴费基数本该看去年的月平均工资；没有填，先按现在的工资算。"),
    "base_below_wage": N_("按最低基数申报低于实际工资，是查到的情况，不合规定，差额要补。"),
    "other_income_range": N_("别人的收入在你填的范围里高一点低一点，结果不一样。"),
    "received_differs": N_(
        "卡上收到{received}元，按差额算是{benefit}元。可能分档发，也可能有别的扣减，可以问问发放的地方。"
    ),
    "gross_from_net": N_("你填的是到手工资，扣之前大约是{gross}元。"),
    "housing_fund_outside_region": N_("公积金比例超出了当地的范围。"),
    "work_cost_deduction": N_("出来打工的花销可以先减掉一块，减多少由当地定，没有查到。"),
    "hardship_deduction": N_("重病、重残多出来的开销可以适当扣减，扣多少由当地定，没有查到。"),
    "new_job_disregard": N_("新就业的收入可以有几个月不算，满六个月以后还算不算由当地定。"),
    "housing_fund_reading": N_("算收入时减不减公积金，规定没有写明，这里没有减。"),
    "wage_not_reported": N_("工资收入变了，要告诉乡镇（街道）。这里填的不会替你转给任何人。"),
    "not_employee_scheme": N_(
        "这里按职工参保算。非全日制、灵活就业、退休、在校的人缴法不同，资料库里没有那些数。"
    ),
    "income_tax_unknown": N_("那一年的个税表没有记录。"),
    "contributions_exceed_wage": N_("个人要缴的比工资还多，这种情况请找单位人事核对。"),
    "company_rule": N_("{text}"),
}

MISSING: Final[Mapping[str, str]] = {
    "on_book_unknown": N_("低保本上有没有你的名字？"),
    "not_on_book": N_("供养他们的家庭每月收入多少、几口人？"),
    "support_rule_unknown": N_("问乡镇：子女在外打工的工资怎么折算成赡养费？"),
    "area_decides_line": N_("你家是城镇户口还是农村户口？两边的低保线不一样。"),
    "line_stale": N_("你家现在的低保线是每人每月多少？（低保证、发放短信或村里公示栏上有）"),
    "no_line_for_region": N_("你家的低保线是每人每月多少？（低保证、发放短信或村里公示栏上有）"),
    "other_income_range": N_("本上别的人一个月到底挣多少？问准一点，结果就更准。"),
    "local_rule_unknown": N_("问乡镇：算收入时，个人缴的社保减不减？"),
    "amount_not_on_record": N_("问乡镇：这一项能减多少？"),
    "insurance_not_recorded": N_("工资条上这一项每月扣多少？"),
    "figure_not_recorded": N_("工资条上这一项每月扣多少？"),
    "incomplete": N_("工资条上这一项每月实际扣多少？"),
}

#: What is accepted, by what a field expects.
ACCEPTED: Final[Mapping[str, str]] = {
    "amount": N_("请填金额（元），最多两位小数，写成“3200”或“3200.50”"),
    "amount_range": N_("请填{low}到{high}之间的金额（元）"),
    "count": N_("请填整数"),
    "count_range": N_("请填{low}到{high}之间的整数"),
    "rate": N_("请填比例，写成小数，如“0.05”"),
    "rate_range": N_("请填{low}到{high}之间的比例"),
    "date": N_("请填日期，写成“2026-10-15”"),
    "date_range": N_("请填{low}到{high}之间的日期"),
    "month": N_("请填月份，写成“2026-08”"),
    "month_once": N_("这个月前面已经列过"),
    "choice": N_("只能是：{choices}"),
    "region": N_("没有这个地方。请填省、市、县（区）的名字或六位代码"),
    "region_choices": N_("有几个地方叫这个名字，请选一个：{choices}"),
    "field": N_("这一项要填"),
    "unknown_field": N_("不认识这一项；可以有：{choices}"),
    "object": N_("这里要是一组带名字的值（JSON 对象）"),
    "list": N_("这里要是一个列表"),
    "list_range": N_("这里要是一个列表，{low}到{high}项"),
    "text": N_("请填文字"),
    "at_least_earners": N_("低保本上的人数不能少于挣钱的人数（{low}）"),
    "at_least_other_income": N_("收入范围的高数不能小于低数"),
    "file": N_("{choices}"),
    "row_once": N_("和第 {low} 行是同一个，只留一行"),
    "not_on_roster": N_("花名册里没有这个工号，请先导入花名册"),
    "digits_lost": N_("在表格里是数字，15 位以后的已经丢了。请照证件补上，或在表格里改成文本格式重新填"),
    "id_number": N_("身份证号是 18 位，最后一位可以是 X；请照证件核对"),
    "no_dibao": N_("这一栏看得到的人多，不要写低保的事；写“本人还没同意”“手续在办”这样的就行"),
    "phone": N_("请填电话号码，只有数字，可以带区号"),
    "mail": N_("请填一个邮箱地址，比如 name@company.com"),
    "wecom_id": N_("请填企业微信通讯录里的账号：只有字母、数字和 _ - @ ."),
    "wecom_taken": N_("这个企业微信账号已经是花名册上另一个人的"),
    "total_row": N_("这是合计行，不是员工"),
    "length": N_("最多 {high} 个字"),
    "glyph": N_(
        "有打印不出来的字：{choices}。请对照身份证；证上确是这个字的，请管系统的人换上有这个字的字体"
    ),
    "insured_or_why": N_("上面没有填参保日期，这里就要写为什么还没参保（不要写低保的事）"),
}


def warning_text(code: str, details: Mapping[str, str], say: Say) -> str:
    """A warning in the reader's language."""
    return say(WARNINGS[code]).format_map(details)


def problem_text(problem: Problem, say: Say) -> str:
    """What is accepted in a field that could not be read."""
    key = problem.expects
    if problem.code == "unknown_field":
        key = "unknown_field"
    elif f"{key}_range" in ACCEPTED and problem.code == "out_of_range" and problem.high:
        key = f"{key}_range"
    elif problem.code == "ambiguous_region":
        key = "region_choices"
    choices = "、".join(problem.choices)
    return say(ACCEPTED[key]).format(low=problem.low, high=problem.high, choices=choices)


def insurance_names(names: tuple[str, ...], say: Say) -> str:
    """Several insurances as one phrase."""
    return "、".join(say(INSURANCE[name]) for name in names)


def error_json(error: InputError, say: Say) -> dict[str, Any]:
    """What could not be read, as the JSON of the API: the first problem, and all of them up to `MOST_ERRORS`."""
    problems = [_problem_json(problem, say) for problem in error.problems[:MOST_ERRORS]]
    return {"error": problems[0], "errors": problems}


def _problem_json(problem: Problem, say: Say) -> dict[str, Any]:
    told = {"code": problem.code, "field": problem.field, "message": problem_text(problem, say)}
    if problem.code != "ambiguous_region":
        return told
    return told | {"choices": [{"code": each[:6], "full_name": each[7:]} for each in problem.choices]}
