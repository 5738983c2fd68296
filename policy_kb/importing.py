"""Figures from a spreadsheet or a YAML file into a company's own overlay: read, compared, and only then added.

A figure without a source is refused. Earlier values are never changed or removed: an import adds records.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import yaml

from calculator.case import Area
from calculator.fields import InputError
from calculator.money import Fen, Ppm, Rounding, format_rate, format_yuan, parse_rate, parse_yuan
from calculator.rules import NO_CEILING, Insurance
from locales import as_written
from policy_kb.files import PolicyError, parse_region, read_yaml
from policy_kb.library import INSURANCE_NAMES, Library
from policy_kb.lines import find_line
from policy_kb.lint import Finding, lint_records, plain_keys
from policy_kb.records import Contribution, DibaoLineRecord, RegionRecords, Source
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
from policy_kb.wording import problem_text


@dataclass(frozen=True, slots=True)
class Change:
    """One figure that an import sets: what it is now on that day (None: not on record), and what it becomes."""

    region: str
    what: str
    label: str
    start: date
    before: str | None
    after: str
    percent: str | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """An import that would load: per region what would be added, what changes, and what the checks say about it."""

    file: str
    sha256: str
    additions: Mapping[str, Mapping[str, Any]]
    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    #: The library as it would then be.
    library: Library


#: Findings that refuse an import: the figure is in another unit, or two records claim one day.
_REFUSED: Final = ("twelvefold", "percent_as_rate", "rate_limit", "overlap")
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
_RATES: Final[Mapping[str, str]] = {
    "employee_rate": "个人比例 个人费率 个人缴费比例 employee_rate",
    "employer_rate": "单位比例 单位费率 单位缴费比例 employer_rate",
    "employee_rate_max": "个人比例上限 个人最高比例 employee_rate_max",
    "employer_rate_max": "单位比例上限 单位最高比例 employer_rate_max",
}
_COLUMNS: Final[Mapping[str, str]] = {
    normalise_heading(name): field
    for names in (_TEXTS, _AMOUNTS, _RATES)
    for field, written in names.items()
    for name in written.split()
}
_YEARLY: Final = re.compile(r"元[/每]年|元/人[·.]?年|每年|全年|年标准|万元|千元|角|分")
_INSURANCE_WORDS: Final[Mapping[str, Insurance]] = {
    word: insurance
    for insurance, full in INSURANCE_NAMES.items()
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
_LABELS: Final[Mapping[str, str]] = {
    "floor": "基数下限",
    "ceiling": "基数上限",
    "employee_rate": "个人比例",
    "employer_rate": "单位比例",
    "employee_rate_max": "个人比例上限",
    "employer_rate_max": "单位比例上限",
    "employee_fixed": "个人定额",
    "employer_fixed": "单位定额",
}
_SECTIONS: Final = ("region", "name", "sources", "notices", "lines", "notes")


def propose(library: Library, path: Path, today: date) -> Proposal:
    """What a file of figures would change. Nothing is written. Raises `InputError` where it may not be imported."""
    additions = _with_own_sources(_plain(library, path, today), today)
    if not additions:
        raise refuse("文件里没有可导入的数")
    merged, new = _merged(library, additions, path.name)
    notes = list(_refuse_overlaps(library, new))
    findings = _new_findings(library, merged, new)
    refused = [finding for finding in findings if finding.rule in _REFUSED]
    if refused:
        raise refuse(
            "；".join(f"{library.divisions.name(f.region)} {f.message}" for f in refused[:3]), refused[0].what
        )
    for records in new:
        notes += _without_effect(merged, records)
    return Proposal(
        file=path.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        additions=additions,
        changes=tuple(change for records in new for change in _changes(library, records)),
        findings=tuple(findings),
        notes=tuple(notes),
        library=merged,
    )


def import_figures(proposal: Proposal, folder: Path, by: str, today: date) -> list[Path]:
    """Add what was proposed to the overlay folder, a file per region; what is there stays. Raises `InputError`."""
    written = []
    for region, addition in proposal.additions.items():
        path = folder / f"{region}.yaml"
        entry = f"{today.isoformat()} {by} 导入 {proposal.file}（sha256 {proposal.sha256[:16]}）"
        try:
            kept = read_yaml(path) if path.exists() else {"region": region, "name": addition["name"]}
            data = _add({**kept}, addition, entry)
            parse_region(data, path.name, proposal.library.divisions)
            folder.mkdir(parents=True, exist_ok=True)
            write_yaml(path, data)
        except PolicyError as error:
            raise refuse(str(error), path.name) from error
        except OSError as error:
            raise refuse(f"写不了 {path}：{error.strerror}", path.name) from error
        written.append(path)
    return written


def write_yaml(path: Path, data: Mapping[str, Any]) -> None:
    """Write a file so that it is either the old one or the new one, never half of one."""
    text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=110)
    write_whole(path, text)


def write_whole(path: Path, text: str) -> None:
    """Replace a file's text in one step."""
    beside = path.with_name(f"{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def _add(kept: dict[str, Any], addition: Mapping[str, Any], entry: str) -> dict[str, Any]:
    kept["sources"] = {**(kept.get("sources") or {}), **addition["sources"]}
    for section in ("notices", "lines"):
        kept[section] = [*(kept.get(section) or []), *addition[section]]
    kept["notes"] = [*(kept.get("notes") or []), entry]
    return kept


def _plain(library: Library, path: Path, today: date) -> dict[str, dict[str, Any]]:
    """The file's content as region data, whatever its form."""
    if path.suffix.lower() not in (".yaml", ".yml"):
        return _from_rows(library, _sheet_rows(path), today)
    try:
        data = plain_keys(read_yaml(path))
    except PolicyError as error:
        raise refuse(" ".join(str(error).split())) from error
    except OSError as error:
        raise refuse(f"打不开 {path}：{error.strerror}") from error
    parts = data if isinstance(data, list) else [data]
    if not parts or not all(isinstance(part, dict) for part in parts):
        raise refuse("YAML 里要是一个地区的数据，或者一个列表")
    if any("notices" in part or "lines" in part for part in parts):
        return _from_regions(library, parts)
    rows = [
        (f"第 {index} 条", {str(k): _yaml_text(v) for k, v in part.items()})
        for index, part in enumerate(parts, 1)
    ]
    for where, row in rows:
        for name in row:
            if name not in set(_COLUMNS.values()):
                raise refuse(f"{where}：不认识“{name}”", name)
    return _from_rows(library, rows, today)


def _yaml_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float | bool):
        raise refuse("YAML 里的金额和比例要加引号，写成 '4952.00'、'0.078'")
    return str(value)


def _from_regions(library: Library, parts: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for part in parts:
        region = find_region(library, str(part.get("region", "")), "region")
        for section in part:
            if section not in _SECTIONS:
                raise refuse(f"{section} 不能导入，只能导入 notices 和 lines", section)
        if region in found:
            raise refuse(f"{region} 出现了两次", "region")
        found[region] = {
            "region": region,
            "name": library.divisions.name(region),
            "sources": part.get("sources") or {},
            "notices": part.get("notices") or [],
            "lines": part.get("lines") or [],
        }
    return found


def find_region(library: Library, text: str, name: str, where: str = "") -> str:
    """A region's code from what was written. Raises `InputError` with the choices where there are several."""
    try:
        return library.divisions.find(text)
    except InputError as error:
        message = problem_text(error.problems[0], as_written)
        raise refuse(f"{where}“{text}”：{message}", name) from error


# -- Rows of a sheet -------------------------------------------------------------------------------------------------


def _sheet_rows(path: Path) -> list[tuple[str, dict[str, str]]]:
    """Each row as field → text, and how errors call it."""
    sheet = read_sheet(path)
    index, headings, columns = find_columns(sheet, _COLUMNS)
    if "region" not in columns:
        raise refuse("没有找到地区一列：要有“地区”（或“region”）", "region")
    for name, position in columns.items():
        if name in (*_AMOUNTS, *_RATES) and _YEARLY.search(unicodedata.normalize("NFKC", headings[position])):
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
            percent = name in _RATES and text and "%" in unicodedata.normalize("NFKC", headings[position])
            row[name] = f"{text}%" if percent and not text.endswith(("%", "％")) else text
        found.append((f"第 {number} 行", row))
    return found


def _from_rows(
    library: Library, rows: list[tuple[str, dict[str, str]]], today: date
) -> dict[str, dict[str, Any]]:
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
    source = {"title": title, "where": place}
    if row.get("quote"):
        source["quote"] = row["quote"]
    return source


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
                raise refuse(f"{where}：{INSURANCE_NAMES[insurance]}在同一天起有两条", "insurance")
            other["values"][insurance] = value
            return
    data["notices"].append({**notice, "values": {insurance: value}})


def _insurance(where: str, text: str) -> Insurance:
    insurance = _INSURANCE_WORDS.get(unicodedata.normalize("NFKC", text).strip().casefold())
    if insurance is None:
        accepted = "、".join(INSURANCE_NAMES.values())
        raise refuse(f"{where}：不认识险种“{text}”，可以填：{accepted}", "insurance")
    return insurance


def _value(where: str, row: Mapping[str, str], key: str) -> dict[str, Any]:
    certainty = row.get("certainty") or "single_source"
    value: dict[str, Any] = {"period": "stated"}
    for name in ("floor", "ceiling", "employee_fixed", "employer_fixed"):
        if row.get(name):
            unbounded = name == "ceiling" and row[name] in ("none", "无", "无上限", "不设上限")
            value[name] = "none" if unbounded else _amount(where, name, row[name])
    for name in _RATES:
        if row.get(name):
            value[name] = _rate(where, name, row[name])
    value["base"] = certainty if "floor" in value or "ceiling" in value else "unknown"
    value["rate"] = certainty if any(name in value for name in _RATES) else "unknown"
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
        sources[f"k{old}"] = _source_plain(by_key[old])
        value["sources"].append(f"k{old}")
    carried = "、".join(word for part, word in (("rate", "比例"), ("base", "上下限")) if part in kept_parts)
    if carried:
        value["note"] = f"{value.get('note', '')}{carried}沿用{before.start.isoformat()}起的记录。"
    if "basis" not in notice and before.basis != "open":
        notice["basis"] = before.basis


def _whose_rates(library: Library, region: str, insurance: Insurance) -> str:
    """Why a record needs rates of its own, and where the figures may belong instead."""
    what, here = INSURANCE_NAMES[insurance], library.divisions.name(region)
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
    for name in _RATES:
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


def _source_plain(source: Source) -> dict[str, str]:
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


# -- Holding it against the library ----------------------------------------------------------------------------------


def _with_own_sources(data: dict[str, dict[str, Any]], today: date) -> dict[str, dict[str, Any]]:
    """Source keys that no other file has, and the day from which each record is known."""
    for part in data.values():
        if not isinstance(part["sources"], dict) or not all(
            isinstance(part[section], list) and all(isinstance(each, dict) for each in part[section])
            for section in ("notices", "lines")
        ):
            raise refuse("sources 要是一组带名字的出处，notices 和 lines 要是列表", "notices")
        names = {str(key): _source_key(source) for key, source in part["sources"].items()}
        part["sources"] = {names[str(key)]: source for key, source in part["sources"].items()}
        for record in (*_values(part), *part["lines"]):
            if isinstance(record.get("sources"), list):
                record["sources"] = list(
                    dict.fromkeys(names.get(str(key), str(key)) for key in record["sources"])
                )
        for each in (*part["notices"], *part["lines"]):
            each["known"] = each.get("known") or today.isoformat()
    return data


def _values(part: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for notice in part["notices"]:
        values = notice.get("values")
        yield from (
            value
            for value in (values.values() if isinstance(values, dict) else ())
            if isinstance(value, dict)
        )


def _source_key(source: Any) -> str:
    return (
        "i"
        + hashlib.sha256(
            repr(sorted(source.items()) if isinstance(source, dict) else source).encode()
        ).hexdigest()[:12]
    )


def _merged(
    library: Library, additions: Mapping[str, Mapping[str, Any]], name: str
) -> tuple[Library, list[RegionRecords]]:
    """The library with the additions in it, and the additions as records. Raises `InputError` where they do not load."""
    regions = dict(library.regions)
    new = []
    for region, data in additions.items():
        try:
            records = parse_region(data, name, library.divisions)
        except PolicyError as error:
            raise refuse(f"读不懂，或者没有出处：{error}") from error
        new.append(records)
        old = regions.get(region)
        regions[region] = records if old is None else _joined(old, records)
    return Library(regions.values(), library.divisions, library.version, library.sha256), new


def _joined(old: RegionRecords, new: RegionRecords) -> RegionRecords:
    return replace(
        old,
        sources=(*old.sources, *new.sources),
        contributions=(*old.contributions, *new.contributions),
        lines=(*old.lines, *new.lines),
    )


def _refuse_overlaps(library: Library, new: list[RegionRecords]) -> Iterator[str]:
    """A record may follow another, or correct it when published later; two may not claim one day with one voice."""
    for records in new:
        old = library.regions.get(records.region)
        name = library.divisions.name(records.region)
        for value in records.contributions:
            what = INSURANCE_NAMES[value.insurance]
            for other in old.contributions if old else ():
                if (other.insurance, other.applies_to) == (value.insurance, value.applies_to):
                    said = _overlap(_span(value), _span(other), name, what)
                    if said:
                        yield said
        for line in records.lines:
            for each in old.lines if old else ():
                if each.kind == line.kind:
                    said = _overlap(_line_span(line), _line_span(each), name, "低保线")
                    if said:
                        yield said


_Span: TypeAlias = tuple[date, date | None, date]


def _span(value: Contribution) -> _Span:
    return value.start, value.until, value.known or value.start


def _line_span(line: DibaoLineRecord) -> _Span:
    start = line.start or line.as_of or date.min
    return start, line.until, line.known or start


def _overlap(new: _Span, old: _Span, region: str, what: str) -> str:
    """What to say about a correction; raises `InputError` where the two contradict each other."""
    start, _, known = new
    if start == old[0]:
        if known <= old[2]:
            raise refuse(
                f"{region}{what}从 {start} 起已有一条（{old[2]} 公布）。更正的话，公布日期要比它晚", "from"
            )
        return f"{region}{what}：{start} 起原有一条，{known} 起改用新数；以前的结果仍按原来的数"
    for first, second in ((new, old), (old, new)):
        if first[0] < second[0] and first[1] is not None and first[1] >= second[0]:
            raise refuse(f"{region}{what}和已有的一条（{old[0]} 到 {old[1] or '未定'}）重叠", "from")
    return ""


def _new_findings(library: Library, merged: Library, new: list[RegionRecords]) -> list[Finding]:
    found: list[Finding] = []
    for records in new:
        old = library.regions.get(records.region)
        before = set(lint_records(library, old)) if old else set()
        found += [each for each in lint_records(merged, merged.regions[records.region]) if each not in before]
    return found


def _without_effect(merged: Library, records: RegionRecords) -> Iterator[str]:
    """Figures that would be kept but not counted with; a line that another hides is refused."""
    name = merged.divisions.name(records.region)
    for value in records.contributions:
        if "recalled" in (value.base, value.rate):
            yield f"{name}{INSURANCE_NAMES[value.insurance]}：只凭记忆的数，不确定"
    for line in records.lines:
        if (
            line.grade not in ("official_text_copy", "official_statistics_copy")
            or line.certainty == "recalled"
        ):
            yield f"{name}低保线：不是官方原文，只作参考，不用来下结论"
            continue
        day, known = line.start or line.as_of, line.known
        area: Area = "urban" if line.urban is not None else "rural"
        if line.kind != "line" or day is None or known is None:
            continue
        shown = find_line(merged.regions, merged.divisions, records.region, area, day, max(day, known))
        if (shown.amount, shown.as_of) != (getattr(line, area), line.as_of):
            advice = "要证明原来的数还有效，执行日期留空，只填核实日期"
            raise refuse(f"{name}低保线：{day} 起已有一条，导入后不会生效。{advice}", "from")


# -- The difference --------------------------------------------------------------------------------------------------


def _changes(library: Library, records: RegionRecords) -> Iterator[Change]:
    for value in records.contributions:
        yield from _value_changes(library, value)
    for line in records.lines:
        yield from _line_changes(library, line)


def _value_changes(library: Library, value: Contribution) -> Iterator[Change]:
    known = max(value.start, value.known or value.start)
    terms = library.terms(value.region, value.insurance, value.start, known)
    note = ""
    if terms is not None and terms.region != value.region and terms.recorded:
        note = f"原来沿用{library.divisions.name(terms.region)}的数"
    for name, label in _LABELS.items():
        after = getattr(value, name)
        attribute = {"floor": "base_floor", "ceiling": "base_ceiling"}.get(name, name)
        before = None if terms is None else getattr(terms, attribute)
        if after is None or after == before:
            continue
        show = _show_rate if name in _RATES else _show_amount
        yield Change(
            value.region,
            value.insurance,
            label,
            value.start,
            None if before is None else show(before),
            show(after),
            _percent(before, after) if before and NO_CEILING not in (before, after) else None,
            note,
        )


def _line_changes(library: Library, line: DibaoLineRecord) -> Iterator[Change]:
    start = line.start or line.as_of
    if start is None:
        return
    columns: tuple[tuple[Area, str], ...] = (("urban", "城镇"), ("rural", "农村"))
    for area, label in columns[:1] if line.unified else columns:
        after: Fen | None = getattr(line, area)
        if after is None:
            continue
        before = find_line(
            library.regions, library.divisions, line.region, area, start, max(start, line.known or start)
        ).amount
        yield Change(
            line.region,
            "line",
            "城乡统一" if line.unified else label,
            start,
            None if before is None else format_yuan(before),
            format_yuan(after),
            _percent(before, after) if before else None,
        )


def _show_amount(fen: Fen) -> str:
    return "不设上限" if fen == NO_CEILING else format_yuan(fen)


def _show_rate(rate: Ppm) -> str:
    return format_rate(rate)


def _percent(before: int, after: int) -> str:
    """The change in per cent to one place, half up.

    >>> _percent(495_200, 520_000), _percent(10, 9)
    ('+5.0%', '-10.0%')
    """
    tenths = (abs(after - before) * 2000 + before) // (before * 2)
    return f"{'-' if after < before else '+'}{tenths // 10}.{tenths % 10}%"


def what_name(what: str) -> str:
    """What a change or a finding is about, by its Chinese name."""
    return next((name for key, name in (*INSURANCE_NAMES.items(), ("line", "低保线")) if key == what), what)


def describe_change(library: Library, change: Change) -> str:
    """One line of the difference."""
    what = what_name(change.what)
    before = "（没有记录）" if change.before is None else change.before
    percent = f"（{change.percent}）" if change.percent else ""
    note = f"，{change.note}" if change.note else ""
    name = library.divisions.full_name(change.region)
    return f"{change.region} {name} {what} {change.label}，{change.start} 起：{before} → {change.after}{percent}{note}"


def kind_of(path: Path) -> Literal["rule", "figures"]:
    """Whether a file is a company's own rule or figures for the library."""
    if path.suffix.lower() not in (".yaml", ".yml"):
        return "figures"
    try:
        data = read_yaml(path)
    except (PolicyError, OSError):
        return "figures"  # whose reader says what is wrong with it
    return "rule" if isinstance(data, dict) and "then" in data else "figures"
