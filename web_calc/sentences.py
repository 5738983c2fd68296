"""What the page says, one Chinese source sentence each; figures are filled in later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from locales import N_

WHY_NOT: Final = N_("为什么说不会")
ON_WHAT: Final = N_("这样说的依据")
NEVER_RAISES: Final = N_(
    "办低保看全家收入够不够低（还看财产）。你交的那份社保，算收入时只会往下减，或者不动，不会往上加。"
)

VERDICTS: Final[Mapping[str, str]] = {
    "within": N_("线内"),
    "over": N_("超线"),
    "depends": N_("要看算法"),
    "unknown": N_("还说不准"),
    "over_before": N_("超线（花销还没减）"),
}

FIELD_NAMES: Final[Mapping[str, str]] = {
    "wage": N_("工资"),
    "standard": N_("低保线"),
    "size": N_("低保本上几个人"),
    "other_income": N_("别人挣的，最少"),
    "other_income_high": N_("别人挣的，最多"),
    "received": N_("打到卡上的钱"),
    "base_wage": N_("去年的月平均工资"),
    "former_benefit": N_("原来每月领的"),
    "cash_in_lieu": N_("不交社保折的现金"),
}

FORM_PROBLEMS: Final[Mapping[str, str]] = {
    "region": N_("请填在哪儿上班"),
    "dibao_region": N_("请填老家户口在哪儿"),
    "wage": N_("请填工资"),
    "wage_kind": N_("请选一下：工资是扣之前的，还是到手的"),
    "size": N_("请填低保本上几个人"),
    "which_place": N_("有几个地方叫这个名字，请选一个"),
    "too_large": N_("填的内容太多，收不下"),
}

COLUMNS: Final[Mapping[str, str]] = {
    "insured": N_("交社保"),
    "deducted": N_("交，老家减社保"),
    "other": N_("交，老家不减"),
    "uninsured": N_("不交"),
    "uninsured_deducted": N_("不交，老家减个税"),
    "uninsured_other": N_("不交，老家不减"),
}
#: Which of two incomes the table stands on, where the others' income is a range.
AT_LOW_INCOME: Final = N_("表和图按别人挣 {low} 元算。")

ROWS: Final[Mapping[str, str]] = {
    "wage": N_("工资（扣之前）"),
    "own": N_("从工资里扣的社保"),
    "tax": N_("个人所得税"),
    "take_home": N_("到手"),
    "countable": N_("民政算的全家收入"),
    "limit": N_("低保线 × {size} 人"),
    "per_head": N_("民政算的每人每月"),
    "verdict": N_("结果"),
    "benefit": N_("低保补的钱"),
    "would_be_benefit": N_("要是领低保，能补"),
    "money": N_("全家每月的钱"),
}

WHO: Final = N_("第 {number} 个挣钱的人，{step}")
SCENARIOS: Final[Mapping[str, str]] = {"insured": N_("交社保"), "uninsured": N_("不交社保")}


CERTAINTY: Final[Mapping[str, str]] = {
    "sourced": N_("查到了出处"),
    "single_source": N_("只有一个出处"),
    "recalled": N_("只凭记忆，没有找到原文"),
    "unknown": N_("不清楚"),
}
INCLUDES_MATERNITY: Final = N_("医疗保险（含生育）")

HUKOU: Final[Mapping[str, str]] = {"urban": N_("城镇"), "rural": N_("农村")}
AREAS: Final[Mapping[str, str]] = {**HUKOU, "unified": N_("城乡一样")}
HINTS: Final[Mapping[str, str]] = {
    "recalled": N_("只凭记忆的数，没有找到原文"),
    "secondary_citation": N_("别处转引的数"),
    "local_system_config": N_("当地系统里的数"),
    "line_of_parent": N_("上一级的低保线，县里可能不同"),
    "other_area": N_("城镇或农村的数，要先选你家是哪种"),
    "average": N_("当地的平均数，不是低保线"),
    "floor": N_("当地的最低要求，不是低保线"),
}

#: What is to be asked at the township or read off the pay slip, by the fact that is missing.
ASKS: Final[Mapping[str, str]] = {
    "work_cost_deduction": N_("问乡镇：出来打工的花销，每月先减多少？"),
    "hardship_deduction": N_("问乡镇：重病重残多出来的花销，每月先减多少？"),
    "new_job_disregard": N_("问乡镇：新上班的工资，头几个月不算？"),
    "contributions": N_("看工资条：{insurance}每月扣多少？"),
}

KEEPS: Final = (
    "duty_to_report_changes",
    "work_cost_deduction",
    "gradual_exit_months",
    "single_person_dibao",
    "hearing_before_reduction",
    "appeal_remedy",
)
LEGAL: Final = (
    "deduct_personal_social_insurance",
    "deduct_income_tax",
    "eligibility_comparison",
    "employer_social_insurance_duty",
    "social_insurance_waiver_void",
    "cash_in_lieu_of_social_insurance_counts_as_wage",
    "deciding_authority",
)
RECEIVED_QUESTION: Final = N_("可以这样问：我家现在每月的低保是怎么算出来的？")

REPORT_FACTS: Final[Mapping[str, str]] = {
    "region": N_("在哪儿上班"),
    "dibao_region": N_("老家户口在哪儿"),
    "wage": N_("工资（扣之前）"),
    "size": N_("低保本上几个人"),
    "on_book": N_("本上有没有你"),
    "other_income": N_("别人一个月挣"),
    "dibao": N_("低保现在"),
    "standard": N_("低保线，每人每月"),
}
ON_BOOK: Final[Mapping[str, str]] = {
    "yes": N_("在"),
    "no": N_("不在，是爸妈或孩子的"),
    "unknown": N_("不清楚"),
}
DIBAO: Final[Mapping[str, str]] = {
    "receiving": N_("在领"),
    "applying": N_("申请中"),
    "suspended": N_("停了（暂停）"),
    "ended": N_("没有了（结束）"),
    "none": N_("没领"),
    "unknown": N_("不清楚"),
}
WAGE_KINDS: Final[Mapping[str, str]] = {
    "gross": N_("扣之前"),
    "net": N_("到手（社保已经扣了）"),
    "net_uninsured": N_("到手（现在没交社保）"),
}
EMPLOYMENT: Final[Mapping[str, str]] = {
    "employee": N_("单位上班"),
    "part_time": N_("钟点工、半天工"),
    "flexible": N_("零工、自己干"),
    "dispatched": N_("劳务派遣"),
    "retired": N_("退休"),
    "student": N_("在校学生"),
}
INSURED_NOW: Final[Mapping[str, str]] = {"yes": N_("交了"), "no": N_("没交")}
REPORTED: Final[Mapping[str, str]] = {"yes": N_("说过"), "no": N_("还没说")}
YUAN: Final = N_("{amount} 元")
PEOPLE: Final = N_("{count} 人")
RANGE: Final = N_("{low} 到 {high} 元")
YOUR_FIGURE: Final = N_("{amount} 元（你填的）")
NOT_KNOWN: Final = N_("还不知道")
PHONE: Final = N_("区号+12345（{place}）")

#: What changed between an old result and today's.
CHANGES: Final[Mapping[str, str]] = {
    "employee_total": N_("从工资里扣的社保"),
    "employer_total": N_("单位另外出的"),
    "income_tax": N_("个人所得税"),
    "take_home": N_("到手"),
    "standard": N_("低保线，每人每月"),
    "countable": N_("民政算的全家收入"),
    "verdict": N_("结果"),
    "benefit": N_("低保补的钱"),
    "cost_low": N_("每月实际少，最少"),
    "cost_high": N_("每月实际少，最多"),
    "break_even": N_("工资到多少为止不超线"),
    "base": N_("{insurance}：按多少工资算"),
    "employee": N_("{insurance}：从工资里扣的"),
    "employer": N_("{insurance}：单位另外出的"),
}

API_PROBLEMS: Final[Mapping[str, str]] = {
    "bad_json": N_("正文要是 UTF-8 的 JSON 对象"),
    "too_large": N_("正文最大 64 KiB"),
    "method_not_allowed": N_("这个地址不收这种方法"),
    "not_found": N_("没有这个地址"),
}
