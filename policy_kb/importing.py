"""Figures from a spreadsheet or a YAML file into a company's own overlay: read, compared, and only then added.

A figure without a source is refused. Earlier values are never changed or removed: an import adds records.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from threading import get_ident
from typing import Any, Final, Literal, TypeAlias

import yaml

from calculator.case import Area
from policy_kb.differences import Change, changes_of
from policy_kb.figure_rows import FIELDS, find_region, region_data, sheet_rows
from policy_kb.files import PolicyError, parse_region, read_yaml
from policy_kb.filling import filled_rows, side_by_side
from policy_kb.library import Library
from policy_kb.lines import find_line
from policy_kb.lint import Finding, lint_records, plain_keys
from policy_kb.records import Contribution, DibaoLineRecord, RegionRecords
from policy_kb.sheets import read_sheet, refuse
from policy_kb.wording import INSURANCE

#: Findings that refuse an import: the figure is in another unit, or two records claim one day.
_REFUSED: Final = ("twelvefold", "percent_as_rate", "rate_limit", "overlap")
_SECTIONS: Final = ("region", "name", "sources", "notices", "lines", "notes")


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


def propose(library: Library, path: Path, today: date, known_from: date | None = None) -> Proposal:
    """What a file of figures would change. Nothing is written. Raises `InputError` where it may not be imported.

    With `known_from` nothing counts as known before that day: what was answered before stays answerable as it was.
    """
    data = _plain(library, path, today)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return propose_data(library, data, path.name, sha256, today, known_from)


def propose_data(
    library: Library,
    data: dict[str, dict[str, Any]],
    name: str,
    sha256: str,
    today: date,
    known_from: date | None = None,
) -> Proposal:
    """The same for region data that is read already; `name` and `sha256` are what the record of the import says of it."""
    additions = _with_own_sources(data, today, known_from)
    if not additions:
        raise refuse("文件里没有可导入的数")
    merged, new = _merged(library, additions, name)
    notes = list(_refuse_overlaps(library, new))
    findings = _new_findings(library, merged, new)
    refused = [finding for finding in findings if finding.rule in _REFUSED]
    if refused:
        raise refuse(
            "；".join(f"{library.divisions.name(f.region)} {f.message}" for f in refused[:3]), refused[0].what
        )
    for records in new:
        notes += _without_effect(merged, records)
        notes += _columns_lost(library, merged, records)
    return Proposal(
        file=name,
        sha256=sha256,
        additions=additions,
        changes=tuple(change for records in new for change in changes_of(library, records)),
        findings=tuple(findings),
        notes=tuple(notes),
        library=merged,
    )


def import_figures(proposal: Proposal, folder: Path, by: str, today: date) -> list[Path]:
    """Add what was proposed to the overlay folder, a file per region; what is there stays. Raises `InputError`.

    Every file is made before the first is written, so that a region that does not load leaves the others alone.
    """
    entry = f"{today.isoformat()} {by} 导入 {proposal.file}（sha256 {proposal.sha256[:16]}）"
    texts: dict[Path, str] = {}
    for region, addition in proposal.additions.items():
        path = folder / f"{region}.yaml"
        try:
            kept = read_yaml(path) if path.exists() else {"region": region, "name": addition["name"]}
            data = _add({**kept}, addition, entry)
            parse_region(data, path.name, proposal.library.divisions)
        except PolicyError as error:
            raise refuse(str(error), path.name) from error
        except OSError as error:
            raise refuse(f"读不了 {path}：{error.strerror}", path.name) from error
        texts[path] = _yaml(data)
    _write(texts, folder)
    return list(texts)


def take_back_figures(additions: Mapping[str, Mapping[str, Any]], folder: Path, entry: str) -> list[Path]:
    """Take figures that were imported out of the overlay folder again; what is not there is left out, what came since
    stays. A file with nothing left in it goes. `entry` is noted in the files that stay. Raises `InputError`."""
    texts: dict[Path, str] = {}
    for region, addition in additions.items():
        path = folder / f"{region}.yaml"
        try:
            kept = read_yaml(path) if path.exists() else None
        except (PolicyError, OSError) as error:
            raise refuse(f"读不了 {path.name}：{error}", path.name) from error
        data = None if kept is None else _without(kept, addition)
        if kept is None or data is None or data == kept:
            continue
        left = any(data.get(section) for section in ("notices", "lines"))
        texts[path] = _yaml(data | {"notes": [*(data.get("notes") or []), entry]}) if left else ""
    _write(texts, folder)
    return list(texts)


def _without(kept: dict[str, Any], addition: Mapping[str, Any]) -> dict[str, Any]:
    data = dict(kept)
    for section in ("notices", "lines"):
        gone = [plain_keys(each) for each in addition[section]]
        data[section] = [each for each in kept.get(section) or [] if plain_keys(each) not in gone]
    used = {str(key) for record in (*_values(data), *data["lines"]) for key in record.get("sources") or ()}
    data["sources"] = {
        key: source
        for key, source in (kept.get("sources") or {}).items()
        if str(key) in used or str(key) not in addition["sources"]
    }
    return data


def _write(texts: Mapping[Path, str], folder: Path) -> None:
    """Files in the place of what is there, one after the other; one without a text goes. Raises `InputError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            if text:
                write_whole(path, text)
            else:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise refuse(f"写不了 {folder}：{error.strerror}", folder.name) from error


def _yaml(data: Mapping[str, Any]) -> str:
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=110)


def write_whole(path: Path, text: str) -> None:
    """Replace a file's text in one step: it is either the old one or the new one, never half of one."""
    beside = path.with_name(f"{path.name}.{os.getpid()}-{get_ident()}.new")
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
        filled = filled_rows(read_sheet(path))
        if filled is None:
            return region_data(library, sheet_rows(path))
        return side_by_side(library, region_data(library, filled), today)
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
            if name not in FIELDS:
                raise refuse(f"{where}：不认识“{name}”", name)
    return region_data(library, rows)


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


def _with_own_sources(
    data: dict[str, dict[str, Any]], today: date, known_from: date | None
) -> dict[str, dict[str, Any]]:
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
            each["known"] = str(each.get("known") or today)
            if known_from is not None:
                each["known"] = max(each["known"], known_from.isoformat())
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
            what = INSURANCE[value.insurance]
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
            yield f"{name}{INSURANCE[value.insurance]}：只凭记忆的数，不确定"
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


def _columns_lost(library: Library, merged: Library, records: RegionRecords) -> Iterator[str]:
    """A line for one kind of household, where the record before it had both: the other one is then unknown."""
    columns: tuple[tuple[Area, str], ...] = (("urban", "城镇"), ("rural", "农村"))
    for line in records.lines:
        day = line.start or line.as_of
        if line.kind != "line" or day is None:
            continue
        known = max(day, line.known or day)
        for area, label in columns:
            before, after = (
                find_line(each.regions, each.divisions, records.region, area, day, known).amount
                for each in (library, merged)
            )
            if before is not None and after is None:
                name = merged.divisions.name(records.region)
                yield f"{name}{label}低保线原来有，这一条没有填，公布后{label}就没有数了"


def kind_of(path: Path) -> Literal["rule", "figures"]:
    """Whether a file is a company's own rule or figures for the library."""
    if path.suffix.lower() not in (".yaml", ".yml"):
        return "figures"
    try:
        data = read_yaml(path)
    except (PolicyError, OSError):
        return "figures"  # whose reader says what is wrong with it
    return "rule" if isinstance(data, dict) and "then" in data else "figures"
