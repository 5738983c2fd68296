"""What people call the columns of a roster, and the words in them: shared by everything that reads a company's sheets.

Dibao status never comes from an employer's sheet, only from the employee: `names_dibao` knows such a column by its heading.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from policy_kb.sheets import Cell, normalise_heading

#: By what is meant, every name that a heading may have, the usual one first.
HEADINGS: Final[Mapping[str, str]] = {
    "number": "工号 员工编号 员工号 职工编号 职工号 人员编号 编号 employee_no employee_number employee_id emp_no staff_no",
    "name": "姓名 名字 员工姓名 职工姓名 name full_name employee_name",
    "department": "部门 所在部门 车间 班组 科室 department dept team workshop",
    "region": "参保地 工作地 工作地点 工作城市 参保城市 参保地区 社保地 社保缴纳地 缴纳地 缴费地 "
    "region job_region work_region city",
    "home_region": "户籍地 户籍所在地 户口所在地 户籍 户口地 老家 家乡 hometown home_region hukou",
    "area": "城乡 城镇农村 户口性质 户籍性质 户口类型 户籍类型 城乡类别 area hukou_type urban_rural",
    "phone": "手机 手机号 手机号码 联系电话 电话 联系方式 phone mobile tel",
    "mail": "邮箱 电子邮箱 邮件 邮件地址 电子邮件 email mail e_mail",
    "wecom_id": "企业微信账号 企业微信 企业微信号 企微账号 企微 wecom wecom_id userid",
    "id_number": "身份证号 身份证 身份证号码 证件号码 证件号 公民身份号码 id_card id_no id_number",
    "employment": "用工形式 用工类型 用工性质 用工方式 employment employment_type",
    "account": "社保单位编号 参保单位编号 单位社保号 社保账户 社保账号 insured_account",
    "wage": "应发工资 工资 应发 月工资 月薪 税前工资 工资税前 工资应发 应发合计 工资总额 应发金额 wage gross gross_wage salary "
    "monthly_wage monthly_salary gross_salary",
    "base": "缴费基数 社保基数 申报基数 社保缴费基数 contribution_base base declared_base",
    "joined_on": "入职日期 入职时间 入职日 到岗日期 进厂日期 joined_on hire_date start_date",
    "insured_since": "参保日期 参保时间 参保起始 社保起始 参保起始日期 参保起始月 insured_since",
    "uninsured_why": "未参保原因 没参保原因 不参保原因 未参保的原因 uninsured_reason",
    "on_paper": "没有手机 无手机 无智能手机 纸质送达 用纸送达 on_paper no_phone",
    "month": "月份 所属月份 费款所属期 缴费月份 工资月份 发放月份 month period",
    "paid": "是否缴费 是否缴纳 已缴 是否已缴 缴费状态 paid",
    "own_share": "个人缴费 个人部分 个人社保 社保个人 个人缴纳 个人承担 own_share employee_share",
    "injury_class": "工伤行业类别 工伤类别 行业类别 工伤风险类别 行业风险类别 injury_class risk_class",
    "housing_fund_rate": "公积金比例 住房公积金比例 公积金缴存比例 公积金缴费比例 housing_fund_rate housing_fund",
}
#: Cells that stand for nothing.
BLANK: Final = frozenset({"", "-", "--", "—", "——", "/", "\\", "n/a", "#n/a", "暂无", "空"})
#: What stands where a name should in a row of totals.
TOTAL_ROW: Final = frozenset({"合计", "总计", "小计", "总合计", "共计", "total", "subtotal", "sum"})
AREA_WORDS: Final[Mapping[str, str]] = {
    "urban": "urban", "城镇": "urban", "城市": "urban", "非农": "urban", "非农业": "urban", "城镇户口": "urban",
    "非农业户口": "urban", "城": "urban", "rural": "rural", "农村": "rural", "农业": "rural", "乡村": "rural",
    "农村户口": "rural", "农业户口": "rural", "农": "rural", "乡": "rural",
}  # fmt: skip
EMPLOYMENT_WORDS: Final[Mapping[str, str]] = {
    "employee": "employee", "职工": "employee", "全日制": "employee", "正式": "employee", "正式工": "employee",
    "合同工": "employee", "合同制": "employee", "劳动合同": "employee", "part_time": "part_time",
    "part-time": "part_time", "through an agency": "dispatched",
    "非全日制": "part_time", "兼职": "part_time", "小时工": "part_time", "flexible": "flexible",
    "灵活就业": "flexible", "dispatched": "dispatched", "派遣": "dispatched", "劳务派遣": "dispatched",
    "派遣工": "dispatched", "retired": "retired", "退休": "retired", "退休返聘": "retired", "返聘": "retired",
    "student": "student", "学生": "student", "实习": "student", "实习生": "student",
}  # fmt: skip
YES_NO_WORDS: Final[Mapping[str, bool]] = {
    "是": True, "有": True, "y": True, "yes": True, "true": True, "1": True, "√": True, "✓": True, "已缴": True,
    "已缴费": True, "缴": True, "正常": True, "正常缴费": True, "否": False, "不": False, "没有": False, "无": False,
    "n": False, "no": False, "false": False, "0": False, "×": False, "x": False, "未缴": False, "未缴费": False,
    "欠缴": False, "没缴": False, "未参保": False,
}  # fmt: skip
DIGITS_LOST: Final = "“{heading}”在表格里是数字，超过 15 位的尾数已经丢了，请改成文本格式重新填"
_STATUS: Final = re.compile(r"低保|dibao|特困|五保|贫困|困难|建档立卡|救助")
_NAMED: Final = re.compile(
    r"低\s*保|dibao|特困|五保|贫困|建档立卡|最低生活|救助|民政|(?:国家|政府|吃|领|拿)补助", re.IGNORECASE
)
_ID_LIKE: Final = re.compile(
    r"工号|编号|身份证|证件|护照|手机|电话|联系方式|微信|银行卡|卡号|账号|帐号|社保号|公积金号|idcard|idno|idnumber|"
    r"employeeno|phone|mobile|^tel$|bank|account|passport"
)


def heading_names(fields: Iterable[str], more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Normalised headings and the field that each stands for; `more` are further names of fields.

    >>> heading_names(["number"])["员工编号"]
    'number'
    """
    names = {field: f"{HEADINGS.get(field, '')} {(more or {}).get(field, '')}" for field in fields}
    return {normalise_heading(name): field for field, known in names.items() for name in known.split()}


def is_about_dibao(heading: str) -> bool:
    """Whether a column tells who draws dibao or other relief.

    >>> is_about_dibao("是否低保*"), is_about_dibao("部门")
    (True, False)
    """
    return _STATUS.search(normalise_heading(heading)) is not None


def names_dibao(text: str) -> bool:
    """Whether what somebody wrote says something of dibao or other relief.

    >>> names_dibao("家里吃低保不肯交"), names_dibao("试用期没办")
    (True, False)
    """
    return _NAMED.search(unicodedata.normalize("NFKC", text)) is not None


def is_id_like(heading: str) -> bool:
    """Whether the numbers under a heading are names and not amounts."""
    return _ID_LIKE.search(normalise_heading(heading)) is not None


def has_lost_digits(cell: Cell) -> bool:
    """Whether a cell is a number as long as an identity card's: a spreadsheet has rounded it.

    >>> has_lost_digits(320586199001011234.0), has_lost_digits("3.20586E+17"), has_lost_digits("320586199001011234")
    (True, True, False)
    """
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return abs(cell) >= 10**15
    return isinstance(cell, str) and re.fullmatch(r"\d(\.\d+)?[eE]\+?\d+", cell) is not None
