"""From a draft to a company's rule: what it would change, a second person's approval, its place among the others."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from calculator.fields import InputError, Problem
from calculator.money import Fen, format_yuan
from policy_kb.company import check_cases
from policy_kb.company_rules import CompanyRule, plain_name, read_rule
from policy_kb.effects import FIGURES, Rulebook, effect, largest_of, shown
from policy_kb.files import PolicyError
from policy_kb.importing import write_whole
from policy_kb.library import Library


class Difference(NamedTuple):
    """One sample household for which a rule changes a figure."""

    household: str
    figure: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a rule would change over sample households; `largest` in fen, signed, of the amounts that change."""

    households: int
    changed: int
    largest: Fen
    differences: tuple[Difference, ...]
    warned: int

    def summary(self) -> str:
        """In one sentence: 40 户里 12 户有变化，最大 +35.20."""
        sign = "+" if self.largest >= 0 else ""
        largest = f"，最大 {sign}{format_yuan(self.largest)}" if self.changed else ""
        warned = f"；{self.warned} 户会看到提醒或问题" if self.warned else ""
        return f"{self.households} 户里 {self.changed} 户有变化{largest}{warned}"


def dry_run(
    library: Library, rule: CompanyRule, today: date, households: Sequence[Mapping[str, Any]] | None = None
) -> DryRun:
    """The difference a rule would make, before anyone approves it."""
    samples = sample_households(rule.regions, rule.start) if households is None else households
    before, after = Rulebook(library), Rulebook(library, (rule,))
    found: list[Difference] = []
    changed = warned = 0
    largest: Fen = 0
    for case in samples:
        differences, told = effect(before, after, case, today)
        changed += bool(differences)
        warned += told
        largest = largest_of(differences, largest)
        name = _describe_household(library, case)
        found += [
            Difference(name, FIGURES[each.figure], shown(each.before), shown(each.after))
            for each in differences
        ]
    return DryRun(len(samples), changed, largest, tuple(found), warned)


def sample_households(places: Sequence[str], on: date) -> list[dict[str, Any]]:
    """Forty households: of the first four places, or of four cities; wages from below the floor to above the ceiling."""
    regions = tuple(places[:4]) or ("110000", "310000", "320500", "440300")
    wages = ("2500", "3500", "4200", "5000", "6000", "8000", "12000", "20000", "30000", "50000")
    sizes = (1, 2, 3, 4)
    employments = ("employee", "employee", "employee", "dispatched", "part_time")
    return [
        {
            "region": regions[(index // 10) % len(regions)],
            "on": on.isoformat(),
            "area": ("urban", "rural")[index % 2],
            "household": {
                "size": sizes[index % 4],
                "other_income": str(index % 3 * 500),
                "earners": [
                    {
                        "wage": wages[index % 10],
                        "employment": employments[index % 5],
                        "injury_class": 1 + index % 3,
                        "housing_fund_rate": None if index % 2 else "0.05",
                    }
                ],
            },
        }
        for index in range(40)
    ]


def _describe_household(library: Library, case: Mapping[str, Any]) -> str:
    household = case["household"]
    name = library.divisions.name(library.divisions.find(case["region"]))
    return f"{name} 工资 {household['earners'][0]['wage']}，{household['size']} 人"


def approve(path: Path, reviewer: str, library: Library, today: date) -> CompanyRule:
    """Record a second person's approval in the rule's file, for the content as it is. Raises `InputError`."""
    try:
        rule = read_rule(path, library)
    except PolicyError as error:
        raise InputError(Problem("not_allowed", path.name, "file", choices=(str(error),))) from error
    if not plain_name(reviewer):
        raise _refused("要填批准人的名字")
    if plain_name(reviewer) == plain_name(rule.author):
        raise _refused(f"{rule.author} 是这条规则的起草人，要由另一个人批准")
    failing = check_cases(library, rule, today)
    if failing:
        raise _refused(f"自带的用例没有通过：{failing[0]}")
    by = {
        "author": rule.author,
        "reviewer": reviewer.strip(),
        "approved_on": today.isoformat(),
        "content": rule.content,
    }
    block = yaml.safe_dump({"by": by}, allow_unicode=True, sort_keys=False)
    text = path.read_text(encoding="utf-8")
    changed, count = re.subn(r"(?m)^by:.*\n?(?:[ \t]+.*\n?|\n(?=[ \t]))*", lambda _: block, text, count=1)
    if count != 1:
        raise _refused("文件里要有一段顶格的 by:")
    write_whole(path, changed)
    approved = read_rule(path, library)
    if not approved.approved:
        write_whole(path, text)
        raise _refused("批准没有写成，请检查 by: 一段")
    return approved


def _refused(message: str) -> InputError:
    return InputError(Problem("not_allowed", "approve", "file", choices=(message,)))


def install(path: Path, folder: Path, library: Library) -> Path:
    """Keep a rule among the company's; a rule of the same id is replaced, and needs a new approval if it differs."""
    rule = read_rule(path, library)
    if re.fullmatch(r"[A-Za-z0-9_-]{1,60}", rule.key) is None:
        raise PolicyError(f"{path.name}: id: 只能用字母、数字、- 和 _")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{rule.key}.yaml"
    write_whole(target, path.read_text(encoding="utf-8"))
    return target
