"""An event of the log: an act, who did it, whom it is about. What is chained holds nothing personal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from locales import N_

#: Every act that can be logged, with the words that a reader gets. An act that is not here cannot be written.
ACTS: Final[Mapping[str, str]] = {
    # Accounts of HR and how they sign in.
    "sign_in": N_("登录"),
    "sign_out": N_("退出"),
    "sign_in_failed": N_("登录没有成功"),
    "sign_in_locked": N_("试错太多，暂时锁住"),
    "sessions_ended": N_("退出了自己在别处的登录"),
    "password_changed": N_("改了自己的密码"),
    "second_factor_set": N_("设了自己的动态码"),
    "second_factor_reset": N_("取消了动态码，要重新设"),
    "account_added": N_("加了账号"),
    "account_invited": N_("重新发了邀请，原来的密码作废"),
    "account_joined": N_("接受邀请，设了密码"),
    "account_changed": N_("改了姓名或邮箱"),
    "account_closed": N_("停用账号"),
    "account_reopened": N_("重新启用账号"),
    "account_unlocked": N_("解锁账号"),
    "roles_changed": N_("改了角色"),
    "tie_allowed": N_("准许用公司的登录"),
    "account_tied": N_("第一次用公司的登录，已对上账号"),
    "account_untied": N_("不再准许用公司的登录"),
    # How HR serves: hours, targets, days, mails.
    "set_hours": N_("改了上班时间"),
    "set_targets": N_("改了回复时限"),
    "set_day": N_("定了一天上不上班"),
    "remove_day": N_("取消了一天的特别安排"),
    "set_mail": N_("改了邮件提醒"),
    "send_test_mail": N_("发了测试邮件"),
    # The policy library
    "policy_draft": N_("起草政策改动"),
    "policy_revise": N_("修改政策改动"),
    "policy_submit": N_("提交政策改动复核"),
    "policy_return": N_("退回政策改动"),
    "policy_withdraw": N_("作废政策改动"),
    "policy_approve": N_("批准政策改动"),
    "policy_schedule": N_("定政策改动的发布日"),
    "policy_publish": N_("发布政策改动"),
    "policy_fail": N_("政策改动没有发布成"),
    "policy_take_back": N_("撤回政策改动"),
    "policy_try": N_("试算政策改动"),
    "policy_tell": N_("告诉职工数有更新"),
    "policy_households": N_("为政策改动读了全部家庭的数"),
    "policy_people": N_("看了结果因政策改动而变的人"),
    # The dashboard's lists and its file.
    "dibao_listed": N_("查看低保名单"),
    "dibao_exported": N_("导出低保名单"),
    "uninsured_listed": N_("查看没参保的名单"),
    "cost_opened": N_("查看没参保累计怎么算的"),
    "bases_listed": N_("查看缴费基数调整"),
    "dashboard_exported": N_("导出看板"),
    # The log itself.
    "log_search": N_("在日志里查了和某人有关的记录"),
    "log_opened": N_("看了日志里写下的一条理由"),
    "log_check": N_("核对了日志链"),
    "log_export": N_("导出了日志"),
    "log_forget": N_("从日志里抹去了指向某人的编号和写下的理由"),
    "restore": N_("用备份恢复了数据库"),
    # the inbox
    "cases_of_employee": N_("按职工找事项"),
    # roster
    "employee_opened": N_("打开了员工页"),
    "employee_added": N_("新增员工"),
    "employee_corrected": N_("更正员工资料"),
    "employee_left": N_("登记离职"),
    "employee_rejoined": N_("登记重新入职"),
    "employee_erased": N_("删除录错的员工"),
    "roster_exported": N_("导出花名册"),
    "rows_imported": N_("导入表格"),
    "import_undone": N_("撤销导入"),
    "codes_made": N_("生成绑定码"),
    "bound": N_("绑定聊天账号"),
    "unbound": N_("结束绑定"),
    "base_adjusted": N_("登记缴费基数调整"),
    "consent_given": N_("登记单独同意"),
    "consent_withdrawn": N_("撤回单独同意"),
    "dibao_read": N_("查看低保状态"),
    "dibao_recorded": N_("登记低保状态"),
    # Profiles and what follows from them
    "profile_changed": N_("档案有变动"),
    "strategy_found": N_("变动要办"),
    "strategies_listed": N_("看了要办的变动的名单"),
    "dibao_strategies_listed": N_("看了和低保有关的变动的名单"),
    "money_opened": N_("看了要付多少钱"),
    "money_exported": N_("导出了要付多少钱的一页纸"),
    "strategy_opened": N_("打开了要办的变动"),
    "portal_blank_kept": N_("存了平台的申报模板"),
    "portal_receipt_kept": N_("存了平台的回执"),
    "acts_exported": N_("导出了增员或调基数的表"),
    "act_receipt_taken": N_("照平台的回执登记了增员或基数"),
    "act_receipt_undone": N_("撤销了照平台的回执登记的"),
    "profile_opened": N_("打开了档案"),
    "dibao_strategy_opened": N_("打开了和低保有关的变动"),
    "dibao_profile_opened": N_("看了档案里家里的情况"),
    "strategy_decided": N_("办了变动"),
    "strategy_told": N_("把说明发给了职工"),
    "dibao_strategy_found": N_("和低保有关的变动要办"),
    "dibao_strategy_decided": N_("办了和低保有关的变动"),
    "dibao_strategy_told": N_("把和低保有关的说明发给了职工"),
    "strategy_rules_changed": N_("改了变动怎么办的规则"),
    "profiles_reassessed": N_("政策更新后重算了所有人的数"),
    "pass_told": N_("把政策更新后的缴费变化告诉职工"),
    "pass_drafted": N_("给政策更新后缴费变了的人起草告知书"),
    "policy_reminded": N_("提醒看政策库里该更新的数"),
    # notices
    "confirmations_printed": N_("打印了电子送达与电子签名确认书"),
    # company
    "company_changed": N_("修改单位设置"),
    "abroad_allowed": N_("登记了往境外发送的依据"),
    "abroad_withdrawn": N_("撤回了往境外发送的依据"),
    # Connections to outside systems
    "connection_asked": N_("让一个对接的系统现在就问一次"),
    "connection_alarm": N_("一个对接的系统出了故障，通知了人事"),
    "connection_recovered": N_("一个对接的系统恢复了，通知了人事"),
    "pay_read": N_("从对接的系统读到了工资或缴费"),
    # Cases
    "case_opened": N_("打开事项"),
    "case_taken": N_("接手事项"),
    "case_assigned": N_("把事项交给同事"),
    "case_taken_over": N_("从同事那里接手事项"),
    "case_released": N_("放回待办"),
    "case_snoozed": N_("先放一放"),
    "case_done": N_("办结"),
    "case_reopened": N_("重新打开事项"),
    "case_answered": N_("回复员工"),
    "case_resent": N_("重新发送回复"),
    "case_noted": N_("写内部备注"),
    "cases_undone": N_("撤销批量操作"),
    # Declarations
    "declaration_drafted": N_("起草了社保申报"),
    "declaration_submitted": N_("提交了社保申报"),
    "declaration_returned": N_("退回了社保申报"),
    "declaration_withdrawn": N_("作废了社保申报"),
    "declaration_approved": N_("批准了社保申报"),
    "declaration_retried": N_("让社保申报再试一次"),
    "declaration_answered": N_("收到了社保申报的回执"),
    "declaration_confirmed": N_("收到了经办确认的金额"),
    "declaration_exported": N_("导出了申报表"),
    "deductions_answered": N_("收到了工资系统代扣的回执"),
    # Notices
    "notices_issued": N_("发出告知书"),
    "notice_opened": N_("打开了告知书的记录"),
    "notice_file_opened": N_("打开了告知书的文件"),
    "notice_withdrawn": N_("收回告知书"),
    "notice_sent_again": N_("重新发送告知书"),
    "notice_file_added": N_("给告知书存了文件"),
    "notice_on_paper": N_("登记告知书的纸质送达"),
    "notice_held": N_("对告知书设了法律保留"),
    "notice_hold_lifted": N_("解除了告知书的法律保留"),
    "notice_exported": N_("导出了告知书的证据包"),
    "notice_answered": N_("回应了告知书"),
    "notice_figure_set": N_("填了告知书用的数"),
    "delivery_confirmed": N_("存了电子送达与电子签名确认书"),
    "dibao_notice_unmasked": N_("看了遮住的低保内容"),
    # What did not arrive
    "message_resent": N_("重发没送到的消息"),
    "message_given_up": N_("没送到的消息不发了"),
    "message_taken_back": N_("撤销“不用发了”"),
}

#: How acts begin that by themselves tell of somebody's dibao: whom they are about is shown to those alone who may see it.
DIBAO: Final = ("dibao_", "consent_")

#: Who acts where nobody does: the nightly jobs, the schedule, a command in the terminal.
SYSTEM: Final = "system"
#: Who acts where it is not known who: at the door, before anybody is let in.
NOBODY: Final = "nobody"
#: An employee who acts for themselves. Who it is stands among the subjects, where it can be erased.
EMPLOYEE: Final = "employee"


@dataclass(frozen=True, slots=True)
class Event:
    """One act. `actor` and `subjects` are references such as `account:<id>`, `employee:<id>`, `task:T-000123`.

    `details` are words and numbers that tell nothing about a person. `reason` is what somebody typed: it is kept sealed
    beside the chain, which holds a salted commitment to it. Several subjects are one event, a batch, which appears on
    each one's page. An employee who acts becomes a subject too, and `actor` says no more than that it was an employee.
    Raises `ValueError` for an act that is not in `ACTS`.
    """

    act: str
    actor: str
    subjects: tuple[str, ...] = ()
    details: Mapping[str, str | int] = field(default_factory=dict)
    reason: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.act not in ACTS:
            raise ValueError(f"{self.act}: not an act of the log")
        if self.actor.startswith("employee:"):
            object.__setattr__(self, "subjects", (self.actor, *self.subjects))
            object.__setattr__(self, "actor", EMPLOYEE)

    @property
    def about(self) -> tuple[str, ...]:
        """The subjects, each once."""
        return tuple(sorted(set(self.subjects)))


class Log(Protocol):
    """Where events are written."""

    def record(self, event: Event) -> int:
        """Writes an event in a transaction of its own; its number."""


def tells_dibao(act: str) -> bool:
    """Whether an act by itself tells of somebody's dibao.

    >>> tells_dibao("dibao_opened"), tells_dibao("sign_in")
    (True, False)
    """
    return act.startswith(DIBAO)


def account(id: str) -> str:
    """The reference to an account of HR.

    >>> account("0f0e")
    'account:0f0e'
    """
    return f"account:{id}"


def employee(id: str) -> str:
    """The reference to an employee of the roster."""
    return f"employee:{id}"


def task(number: str) -> str:
    """The reference to a task."""
    return f"task:{number}"
