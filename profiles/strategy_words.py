"""How strategies are named and reasoned: one source sentence each. Figures are filled in later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from locales import N_

#: What the strategy is about.
Kind = Literal[
    "not_insured", "entitled", "suspended", "ended", "wage", "base", "bounds", "policy", "conflict"
]
KINDS: Final[Mapping[Kind, str]] = {
    "not_insured": N_("没有参保"),
    "entitled": N_("在领低保"),
    "suspended": N_("低保暂停"),
    "ended": N_("低保终止"),
    "wage": N_("工资变了"),
    "base": N_("缴费基数要核对"),
    "bounds": N_("公布了新的上下限"),
    "policy": N_("政策变了"),
    "conflict": N_("两边说的不一样"),
}
#: What HR can do. Everything here is lawful.
Act = Literal[
    "insure",
    "correct_base",
    "check_base",
    "settle_difference",
    "settle_conflict",
    "explain",
    "tell",
    "note_reason",
]
ACTS: Final[Mapping[Act, str]] = {
    "insure": N_("照常参保"),
    "correct_base": N_("把基数更正为依法该按的"),
    "check_base": N_("核对缴费基数"),
    "settle_difference": N_("补缴差额"),
    "settle_conflict": N_("核实哪个对"),
    "explain": N_("把说明发给职工"),
    "tell": N_("告诉职工结果有变化"),
    "note_reason": N_("记下为什么还没有参保"),
}

REASONS: Final[Mapping[str, str]] = {
    "base_at_floor": N_("月工资{wage}元低于下限{floor}元，按下限缴，这就是依法最低能按的基数。"),
    "base_at_ceiling": N_("月工资{wage}元高于上限{ceiling}元，按上限缴。"),
    "base_is_wage": N_("月工资{wage}元在上下限之间，就按{base}元缴，不能再低。"),
    "dibao_changes_no_base": N_("领不领低保，缴费基数都一样算。"),
    "base_from_current_wage": N_("缴费基数本该看去年的月平均工资；这里先按现在的工资算。"),
    "base_below": N_("现在申报的是{declared}元，低于该按的{base}元，差额要补，低报的工资还可能罚款。"),
    "base_above": N_(
        "现在申报的是{declared}元，高于按现在工资算的{base}元；按去年平均工资定的可以更高，请核对。"
    ),
    "base_unknown": N_("没有现在申报的基数，请核对。"),
    "base_right": N_("现在申报的基数就是该按的，不用改。"),
    "figures_missing": N_("政策库里没有这里能用来计算的基数，请先填上有出处的数。"),
    "no_deferral": N_("低保暂停、终止或者还在核对，都不是缓缴、停缴的理由。"),
    "refusal_is_void": N_("签了不参保也没有用，单位照样要给职工参保。"),
    "restored": N_("低保恢复了，还没有参保的，最迟现在参保。"),
    "duty": N_("从用工那天起{days}日内要办参保登记，单位和个人按月缴费。"),
    "late_fee_runs": N_("欠缴的从欠缴那天起每天加收滞纳金，由单位承担。"),
    "cannot_reckon": N_("要补多少现在算不出：{why}。"),
    "bounds_late": N_("新的上下限公布得晚，从执行那天起已经缴过的月份要补差额。"),
    "catch_up_open": N_("在{until}以前补上，不算欠缴，没有滞纳金。"),
    "catch_up_over": N_("补差期到{until}为止，已经过了，没补的按欠缴算滞纳金。"),
    "catch_up_unknown": N_("通知里允许补差到哪天没有记下；这里先列差额，没有算滞纳金，请看通知。"),
    "policy_changed": N_("政策库里的数或者规定变了，这位职工的结果跟着变。"),
    "only_reported": N_("这是本人说的，还没有核实。"),
    "sources_differ": N_("本人说的和系统里的不一样，或者两个系统不一样，先按已核实的算。"),
}

EXPLANATIONS: Final[Mapping[str, str]] = {
    "kept": N_(
        "你的社保照常交，不用你做什么：按{base}元算，每月从你工资里扣{employee}元，厂里另外出{employer}元。"
    ),
    "ended": N_(
        "低保有变动，社保照常交：按{base}元算，每月从你工资里扣{employee}元，厂里另外出{employer}元。"
        "低保由老家民政部门定，有不明白的、不同意的，可以找他们问清楚，也可以申请复议。"
    ),
    "kept_plain": N_("你的社保照常交，不用你做什么；每月扣多少，看当月的缴费明细。"),
    "ended_plain": N_(
        "低保有变动，社保照常交；每月扣多少，看当月的缴费明细。"
        "低保由老家民政部门定，有不明白的、不同意的，可以找他们问清楚，也可以申请复议。"
    ),
    "insured_plain": N_("厂里会照常给你参保，签不签字都一样。以前没交的，滞纳金由厂里出。"),
    "changed": N_(
        "从{month}起，你的社保按{base}元算：每月从你工资里扣{employee}元，厂里另外出{employer}元。"
    ),
    "insured": N_(
        "厂里会照常给你参保，签不签字都一样：按{base}元算，每月从你工资里扣{employee}元，厂里另外出{employer}元。"
        "以前没交的，滞纳金由厂里出。"
    ),
    "from_now_on": N_(
        "缴费的规定有变化。从{month}起，社保每月从你工资里扣{employee}元，厂里另外出{employer}元。"
    ),
    "difference": N_(
        "新的缴费上下限公布了。从{since}起交过的月份里，有{count}个月要补差额：你这边一共{own}元，厂里那边一共{theirs}元。"
        "不是你欠费。"
    ),
    "difference_assumed": N_(
        "新的缴费上下限公布了。从{since}起交过的月份里，有{count}个月要补差额：你这边一共{own}元，厂里那边一共{theirs}元"
        "（其中{assumed}个月没有工资记录，先按现在的工资算）。不是你欠费。"
    ),
    "bounds": N_(
        "新的缴费上下限公布了。从{month}起，社保每月从你工资里扣{employee}元，厂里另外出{employer}元。"
        "从{since}起交过的月份里，有{count}个月要补差额：你这边一共{own}元，厂里那边一共{theirs}元。不是你欠费。"
    ),
    "bounds_assumed": N_(
        "新的缴费上下限公布了。从{month}起，社保每月从你工资里扣{employee}元，厂里另外出{employer}元。"
        "从{since}起交过的月份里，有{count}个月要补差额：你这边一共{own}元，厂里那边一共{theirs}元"
        "（其中{assumed}个月没有工资记录，先按现在的工资算）。不是你欠费。"
    ),
}
#: Why something approved could not be handed in, in words for HR.
UNFIT: Final[Mapping[str, str]] = {
    "gone": N_("花名册上没有这位职工了。"),
    "wage": N_("没有工资或者参保地的记录，请先补上。"),
    "figures": N_("政策库里没有这里能用来计算的基数，请先填上有出处的数。"),
    "lacks": N_("社保系统要的资料不全，比如身份证号，请先补上。"),
    "token": N_("没有身份证号或者社保号，社保系统认不出是谁，请先补上。"),
    "below_lawful_base": N_("基数低于依法该按的，没有报。"),
    "deferred": N_("起始月份晚于应缴的月份，没有报。"),
    "insured": N_("已经参保了，不用再报。"),
    "twice": N_("同一个人的同一件事已经在表里，不重复报。"),
    "same_person": N_("两个人是同一个身份证号，先核对。"),
    "taken_back": N_("导出的表收回了，没有报到平台。"),
}
