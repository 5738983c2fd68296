"""One figure as it is typed in: a dibao line, or what a notice sets for one insurance, each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from calculator.rules import INSURANCES
from locales import N_
from policy_kb.figure_rows import region_data
from policy_kb.importing import Proposal, propose_data
from policy_kb.library import Library
from policy_kb.sheets import date_text, refuse
from policy_kb.wording import INSURANCE

LINE: Final = "line"
#: What can be entered.
WHAT: Final[Mapping[str, str]] = {LINE: N_("低保线"), **INSURANCE}
_AMOUNTS_OF_LINE: Final = ("unified", "urban", "rural")
_AMOUNTS: Final = ("floor", "ceiling", "employee_rate", "employer_rate")
_DAYS: Final = ("from", "until", "known", "asked_on")
#: Every field of the form.
FIELDS: Final = (
    "what", "region", *_AMOUNTS_OF_LINE, *_AMOUNTS, "from", "until", "known", "title", "document", "where",
    "told_by", "asked_on", "note",
)  # fmt: skip
ROW: Final = "这一条"


def read_figure(form: Mapping[str, str]) -> dict[str, str]:
    """What was typed, by field; days in the form that the library reads."""
    typed = {name: form.get(name, "").strip() for name in FIELDS}
    typed |= {name: date_text(typed[name]) for name in _DAYS}
    if typed["what"] not in WHAT:
        typed["what"] = LINE
    return typed


def row_of(typed: Mapping[str, str]) -> dict[str, str]:
    """The row of figures that was typed. Raises `InputError` where somebody told it and it is not said who or when."""
    of_line = typed["what"] == LINE
    names = _AMOUNTS_OF_LINE if of_line else _AMOUNTS
    row = {
        name: typed[name]
        for name in ("region", *names, "from", "until", "known", "title", "document", "where", "note")
    }
    if not of_line:
        row["insurance"] = typed["what"]
    return {name: text for name, text in (row | _told(typed)).items() if text}


def _told(typed: Mapping[str, str]) -> dict[str, str]:
    """Who told a figure and when, as its source or beside it."""
    who, when = typed["told_by"], typed["asked_on"]
    if not who and not when:
        return {}
    if not who or not when:
        raise refuse("问来的数，是谁说的、哪天问的都要填", "told_by" if not who else "asked_on")
    said = f"{who}，{when} 问到"
    return {
        "title": typed["title"] or f"{who}告知",
        "where": typed["where"] or ("" if typed["document"] and typed["known"] else said),
        "quote": said,
        "as_of": when if typed["what"] == LINE and not typed["from"] else "",
    }


def propose_figure(library: Library, typed: Mapping[str, str], today: date) -> Proposal:
    """What the figure would change. Raises `InputError` naming the field; a figure without a source is refused."""
    row = row_of(typed)
    if typed["what"] != LINE and not any(row.get(name) for name in _AMOUNTS):
        raise refuse("基数上下限和比例，至少填一项", "floor")
    if typed["what"] == LINE and not any(row.get(name) for name in _AMOUNTS_OF_LINE):
        raise refuse("要填每人每月多少元：城乡统一，或者城镇、农村分开", "unified")
    return propose_data(library, region_data(library, [(ROW, row)]), ROW, "", today, today)


def title_of(library: Library, proposal: Proposal) -> str:
    """What a change of figures is called: its first figures by place, and how many more."""
    return titled(library, proposal.additions)


def titled(library: Library, additions: Mapping[str, Any]) -> str:
    """The same for figures that are read already."""
    found = []
    for region, addition in additions.items():
        name = library.divisions.full_name(region) or library.divisions.name(region)
        what = dict.fromkeys(insurance for notice in addition["notices"] for insurance in notice["values"])
        found += [f"{name} {INSURANCE[each]}" for each in what if each in INSURANCES]
        found += [f"{name} {WHAT[LINE]}"] if addition["lines"] else []
    more = f" 等 {len(found)} 项" if len(found) > 3 else ""
    return "、".join(found[:3]) + more
