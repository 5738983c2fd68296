"""Rows of figures as a person fills them in, each with its source, as the plain data of region files.

What a row leaves out stays as in the region's own last record. A figure without a source is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from calculator.fields import InputError
from calculator.money import Fen, Ppm, Rounding, format_rate, format_yuan, parse_rate, parse_yuan
from calculator.rules import INSURANCES, NO_CEILING, Insurance
from locales import as_written
from policy_kb.library import Library
from policy_kb.records import Contribution, Source
from policy_kb.sheets import (
    amount_text,
    date_text,
    find_columns,
    normalise_heading,
    plain_text,
    rate_text,
    read_sheet,
    refuse,
)
from policy_kb.wording import INSURANCE, problem_text

_TEXTS: Final[Mapping[str, str]] = {
    "region": "地区 参保地 城市 区划 行政区划 地区代码 region region_code city",
    "insurance": "险种 保险 项目 insurance",
    "from": "执行日期 起始日期 开始日期 生效日期 执行起 起 from effective_from start",
    "until": "截止日期 结束日期 终止日期 执行止 止 until effective_to end",
    "known": "公布日期 发布日期 发文日期 印发日期 known published",
    "basis": "年度类型 周期 缴费年度 basis period_basis",
    "document": "文号 发文字号 文件号 文件编号 document document_no number",
    "title": "来源 来源标题 文件名 文件名称 文件标题 依据 title source source_title",
    "where": "出处 网址 链接 来源网址 where url link",
    "quote": "原文 摘录 原文摘录 quote",
    "certainty": "可信度 确定程度 certainty",
    "grade": "来源类别 grade",
    "as_of": "核实日期 数据日期 查证日期 as_of",
    "note": "备注 说明 note",
}
_AMOUNTS: Final[Mapping[str, str]] = {
    "floor": "下限 基数下限 缴费基数下限 最低基数 floor base_floor",
    "ceiling": "上限 基数上限 缴费基数上限 最高基数 ceiling base_ceiling",
    "employee_fixed": "个人定额 个人固定 employee_fixed",
    "employer_fixed": "单位定额 单位固定 employer_fixed",
    "urban": "城镇 城市 城镇低保标准 城市低保标准 城镇低保线 城镇标准 城市标准 urban",
    "rural": "农村 农村低保标准 农村低保线 农村标准 rural",
    "unified": "低保标准 低保线 城乡低保标准 城乡统一 城乡统一低保标准 line standard dibao_standard",
}
#: The fields that hold a rate, each with its headings.
RATES: Final[Mapping[str, str]] = {
    "employee_rate": "个人比例 个人费率 个人缴费比例 employee_rate",
    "employer_rate": "单位比例 单位费率 单位缴费比例 employer_rate",
    "employee_rate_max": "个人比例上限 个人最高比例 employee_rate_max",
    "employer_rate_max": "单位比例上限 单位最高比例 employer_rate_max",
}
_COLUMNS: Final[Mapping[str, str]] = {
    normalise_heading(name): field
    for names in (_TEXTS, _AMOUNTS, RATES)
    for field, written in names.items()
    for name in written.split()
}
#: Every field that a row may have.
FIELDS: Final = frozenset(_COLUMNS.values())
_YEARLY: Final = re.compile(r"元[/每]年|元/人[·.]?年|每年|全年|年标准|万元|千元|角|分")
_INSURANCE_WORDS: Final[Mapping[str, Insurance]] = {
    word: insurance
    for insurance in INSURANCES
    for full in [INSURANCE[insurance]]
    for word in (
        insurance,
        full,
        full.removesuffix("保险").removeprefix("住房"),
        f"基本{full}",
        f"职工{full}",
    )
} | {"职工基本医疗保险": "medical", "城镇职工基本养老保险": "pension", "企业职工基本养老保险": "pension"}
_BASES: Final[Mapping[str, str]] = {
    "自然年": "calendar_year", "1月到12月": "calendar_year", "7月到6月": "july_june", "9月到8月": "september_august",
    "不定期": "open", "其他": "other",
}  # fmt: skip


def sheet_rows(path: Path) -> list[tuple[str, dict[str, str]]]:
    """Each row of a sheet: how errors call it, and its fields as text. Raises `InputError`, also for yuan a year."""
    sheet = read_sheet(path)
    index, headings, columns = find_columns(sheet, _COLUMNS)
    if "region" not in columns:
        raise refuse("没有找到地区一列：要有“地区”（或“region”）", "region")
    for name, position in columns.items():
        if name in (*_AMOUNTS, *RATES) and _YEARLY.search(unicodedata.normalize("NFKC", headings[position])):
            raise refuse(f"“{headings[position]}”的单位不对：金额要按元/月填", headings[position])
    for heading in headings:
        if "/年" in heading or "万元" in heading:
            raise refuse(f"“{heading}”的单位不对：金额要按元/月填", heading)
    found = []
    for number, cells in sheet.rows[index + 1 :]:
        row = {}
        for name, position in columns.items():
            cell = cells[position] if position < len(cells) else ""
            text = (
                date_text(cell) if name in ("from", "until", "known", "as_of") else plain_text(cell).strip()
            )
            percent = name in RATES and text and "%" in unicodedata.normalize("NFKC", headings[position])
            row[name] = f"{text}%" if percent and not text.endswith(("%", "％")) else text
        found.append((f"第 {number} 行", row))
    return found


def region_data(library: Library, rows: list[tuple[str, dict[str, str]]]) -> dict[str, dict[str, Any]]:
    """Rows, each with how errors call it, as plain region data by region. Raises `InputError` naming row and field."""
    found: dict[str, dict[str, Any]] = {}
    for where, row in rows:
        region = find_region(library, row.get("region", ""), "region", where)
        data = found.setdefault(
            region,
            {
                "region": region,
                "name": library.divisions.name(region),
                "sources": {},
                "notices": [],
                "lines": [],
            },
        )
        key = f"r{len(data['sources']) + 1}"
        data["sources"][key] = _source(where, row)
        if row.get("insurance"):
            _add_value(library, region, data, where, row, key)
        elif row.get("urban") or row.get("rural") or row.get("unified"):
            data["lines"].append(_line(where, row, key))
        else:
            raise refuse(f"{where}：要有险种，或者城镇、农村低保标准", "insurance")
    return found


def find_region(library: Library, text: str, name: str, where: str = "") -> str:
    """A region's code from what was written. Raises `InputError` with the choices where there are several."""
    try:
        return library.divisions.find(text)
    except InputError as error:
        message = problem_text(error.problems[0], as_written)
        raise refuse(f"{where}“{text}”：{message}", name) from error


def _source(where: str, row: Mapping[str, str]) -> dict[str, str]:
    """Title and where it is to be read, or document number and date: without them a figure is not taken."""
    title, place = row.get("title", ""), row.get("where", "")
    if not place and row.get("document") and row.get("known"):
        place = f"{row['document']}，{row['known']}"
    if not title or not place:
        raise refuse(
            f"{where}：没有出处。要填来源标题，加上网址，或者文号和公布日期",
            "title" if not title else "where",
        )
    source = {"title": _told_title(title, place, row), "where": place}
    if row.get("quote"):
        source["quote"] = row["quote"]
    return source


def _told_title(title: str, place: str, row: Mapping[str, str]) -> str:
    """A title with number and day of publication, where the place does not say them."""
    published = f"{row['known']} 公布" if row.get("known") and row["known"] not in place else ""
    number = row.get("document", "")
    more = "，".join(filter(None, ("" if number in place else number, published)))
    return f"{title}（{more}）" if more else title


def _add_value(
    library: Library, region: str, data: dict[str, Any], where: str, row: Mapping[str, str], key: str
) -> None:
    """Put a row into the notice that it belongs to: what one notice sets stays together."""
    insurance = _insurance(where, row["insurance"])
    if not row.get("from"):
        raise refuse(f"{where}：要填执行日期", "from")
    notice = {name: row[name] for name in ("from", "until", "known", "document") if row.get(name)}
    if row.get("basis"):
        notice["basis"] = _BASES.get(row["basis"], row["basis"])
    value = _value(where, row, key)
    _carry_over(library, region, insurance, where, notice, value, data["sources"])
    for other in data["notices"]:
        if {**other, "values": None} == {**notice, "values": None}:
            if insurance in other["values"]:
                raise refuse(f"{where}：{INSURANCE[insurance]}在同一天起有两条", "insurance")
            other["values"][insurance] = value
            return
    data["notices"].append({**notice, "values": {insurance: value}})


def _insurance(where: str, text: str) -> Insurance:
    insurance = _INSURANCE_WORDS.get(unicodedata.normalize("NFKC", text).strip().casefold())
    if insurance is None:
        accepted = "、".join(INSURANCE.values())
        raise refuse(f"{where}：不认识险种“{text}”，可以填：{accepted}", "insurance")
    return insurance


def _value(where: str, row: Mapping[str, str], key: str) -> dict[str, Any]:
    certainty = row.get("certainty") or "single_source"
    value: dict[str, Any] = {"period": "stated"}
    for name in ("floor", "ceiling", "employee_fixed", "employer_fixed"):
        if row.get(name):
            unbounded = name == "ceiling" and row[name] in ("none", "无", "无上限", "不设上限")
            value[name] = "none" if unbounded else _amount(where, name, row[name])
    for name in RATES:
        if row.get(name):
            value[name] = _rate(where, name, row[name])
    value["base"] = certainty if "floor" in value or "ceiling" in value else "unknown"
    value["rate"] = certainty if any(name in value for name in RATES) else "unknown"
    value["sources"] = [key]
    if row.get("note"):
        value["note"] = row["note"]
    return value


def _amount(where: str, name: str, text: str) -> str:
    written = amount_text(text)
    try:
        return format_yuan(parse_yuan(written))
    except ValueError as error:
        raise refuse(f"{where}：“{text}”不是金额。要按元/月填，最多两位小数，写成 4952.00", name) from error


def _rate(where: str, name: str, text: str) -> str:
    written = rate_text(text)
    try:
        rate = parse_rate(written)
    except ValueError:
        rate = None
    if rate is None or rate >= 1_000_000:
        raise refuse(f"{where}：“{text}”不是比例。写成小数 0.078，或带百分号 7.8%", name)
    return format_rate(rate)


def _carry_over(
    library: Library,
    region: str,
    insurance: Insurance,
    where: str,
    notice: dict[str, Any],
    value: dict[str, Any],
    sources: dict[str, Any],
) -> None:
    """What a notice does not set stays as in the region's own last record, with that record's sources."""
    records = library.regions.get(region)
    earlier = [
        each
        for each in (records.contributions if records else ())
        if each.insurance == insurance and not each.applies_to and each.start.isoformat() <= notice["from"]
    ]
    before = max(earlier, key=lambda each: each.start, default=None)
    if before is None:
        if value["rate"] == "unknown":
            raise refuse(f"{where}：{_whose_rates(library, region, insurance)}", "employee_rate")
        return
    kept = _as_plain(before)
    kept_parts = [part for part in ("rate", "base") if value[part] == "unknown"]
    for name in ("employee_fixed", "employer_fixed", "maternity", "rate_classes", "employee_annual", "schedule",
                 "unmodelled", "employee_rounding", "employer_rounding", "employee_rate_max", "employer_rate_max"):  # fmt: skip
        if name in kept:
            value.setdefault(name, kept[name])
    for status, names in (("rate", ("employee_rate", "employer_rate")), ("base", ("floor", "ceiling"))):
        if value[status] == "unknown":
            value[status] = kept[status]
        for name in names:
            if name in kept:
                value.setdefault(name, kept[name])
    by_key = {source.key: source for source in records.sources} if records else {}
    for old in before.sources:
        sources[f"k{old}"] = source_data(by_key[old])
        value["sources"].append(f"k{old}")
    carried = "、".join(word for part, word in (("rate", "比例"), ("base", "上下限")) if part in kept_parts)
    if carried:
        value["note"] = f"{value.get('note', '')}{carried}沿用{before.start.isoformat()}起的记录。"
    if "basis" not in notice and before.basis != "open":
        notice["basis"] = before.basis


def _whose_rates(library: Library, region: str, insurance: Insurance) -> str:
    """Why a record needs rates of its own, and where the figures may belong instead."""
    what, here = INSURANCE[insurance], library.divisions.name(region)
    for level in library.divisions.levels(region)[1:-1]:
        records = library.regions.get(level)
        if records and any(each.insurance == insurance for each in records.contributions):
            wider = library.divisions.name(level)
            return f"{here}的{what}沿用{wider}的记录。地区改成{wider}，或者把个人比例和单位比例也填上"
    return f"{here}还没有自己的{what}记录，个人比例和单位比例都要填"


def _as_plain(value: Contribution) -> dict[str, Any]:
    """A record in the form of its file, what is unknown or usual left out."""
    found: dict[str, Any] = {"base": value.base, "rate": value.rate}
    for name in ("floor", "ceiling", "employee_fixed", "employer_fixed", "employee_annual"):
        amount: Fen | None = getattr(value, name)
        if amount:
            found[name] = "none" if amount == NO_CEILING else format_yuan(amount)
    for name in RATES:
        rate: Ppm | None = getattr(value, name)
        if rate is not None:
            found[name] = format_rate(rate)
    if value.rate_classes:
        found["rate_classes"] = {number: format_rate(rate) for number, rate in value.rate_classes.items()}
    if value.schedule:
        found["schedule"] = dict(value.schedule)
    if value.maternity:
        found["maternity"] = value.maternity
    if value.unmodelled:
        found["unmodelled"] = list(value.unmodelled)
    for name in ("employee_rounding", "employer_rounding"):
        rounding: Rounding = getattr(value, name)
        found[name] = {"mode": rounding.mode, "unit": rounding.unit, "stage": rounding.stage}
    return found


def source_data(source: Source) -> dict[str, str]:
    """A source in the form of its file."""
    fields = ("title", "where", "retrieved", "quote", "via")
    return {name: getattr(source, name) for name in fields if getattr(source, name)}


def _line(where: str, row: Mapping[str, str], key: str) -> dict[str, Any]:
    official = bool(row.get("document")) or ".gov.cn" in row.get("where", "")
    line: dict[str, Any] = {"kind": "line"}
    for name in ("from", "until", "as_of", "known"):
        if row.get(name):
            line[name] = row[name]
    if "from" not in line and "as_of" not in line:
        raise refuse(f"{where}：要填执行日期，不知道就填核实日期", "from")
    if row.get("unified"):
        if row.get("urban") or row.get("rural"):
            raise refuse(f"{where}：填了城乡统一的标准，就不要再分城镇、农村填", "unified")
        amount = _amount(where, "unified", row["unified"])
        line |= {"urban": amount, "rural": amount, "unified": True}
    for name in ("urban", "rural"):
        if row.get(name):
            line[name] = _amount(where, name, row[name])
    line["certainty"] = row.get("certainty") or "single_source"
    line["grade"] = row.get("grade") or ("official_text_copy" if official else "secondary_citation")
    if row.get("note"):
        line["note"] = row["note"]
    return line | {"sources": [key]}
