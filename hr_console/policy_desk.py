"""The policy desk: any figure with its source, what is due, rules and statutes by words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, Protocol

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from calculator.case import DAYS_AHEAD, EARLIEST
from calculator.fields import InputError, parse_day
from calculator.money import format_percent, parse_rate
from calculator.rules import INSURANCES
from hr_console.console import Console, Entry, say
from hr_console.trials import Trials
from locales import N_
from people.employees import Roster
from policy_kb.changes import Changes, PolicyChange, Publishing
from policy_kb.company import Company
from policy_kb.divisions import NATION
from policy_kb.due import KINDS, Due
from policy_kb.due import due as figures_due
from policy_kb.effects import Households, Rulebook
from policy_kb.library import Library
from policy_kb.showing import FIGURES, HINTS, STATUS, history, region_in_force, sought
from policy_kb.wording import INSURANCE, problem_text

#: What a figure is due for, in words.
DUE: Final[Mapping[str, str]] = {
    "outdated": N_("已到期"),
    "ending": N_("快到期"),
    "line_stale": N_("低保线太旧"),
    "line_soon_stale": N_("低保线快过时"),
    "no_line": N_("没有低保线"),
    "recalled": N_("只凭记忆"),
}
#: How a figure comes to a region.
LEVELS: Final[Mapping[str, str]] = {
    "own": N_("自己的数"),
    "inherited": N_("沿用{region}"),
    "not_applicable": N_("这里没有单独的一项"),
    "not_recorded": N_("没有记录"),
}
#: Rows of a list on one page.
MOST: Final = 100
MOST_CLAUSES: Final = 60
BAD_DAY: Final = N_("请填日期，写成 2026-10-15")
DAY_RANGE: Final = N_("请填 {first} 到 {days} 天以后之间的日期")


class Feeds(Protocol):
    """Signed bundles of the library, as the settings let them in."""

    def take(self, library: Library, data: bytes, by: str) -> PolicyChange:
        """The draft made of a bundle. Raises `PolicyError` and `InputError`."""


@dataclass(frozen=True, kw_only=True)
class Policies:
    """What the desk stands on. `folder` holds the company's own rules; `people` is the roster, None while there is none;
    `account` names one of HR's accounts."""

    library: Library
    company: Company
    folder: Path
    today: Callable[[], date]
    changes: Changes
    publishing: Publishing
    households: Households
    account: Callable[[str], str]
    feeds: Feeds
    people: Roster | None = None
    trials: Trials = field(default_factory=Trials)

    @property
    def book(self) -> Rulebook:
        """What answers are made by now."""
        return Rulebook(self.library, self.company.rules)


class PolicyDesk:
    """Looking up."""

    def __init__(self, console: Console, policies: Policies) -> None:
        self._console = console
        self._policies = policies
        self._library = policies.library

    @property
    def entries(self) -> Sequence[Entry]:
        """One line for all of the desk."""
        return (Entry("policy", N_("政策")),)

    def add_to(self, blueprint: Blueprint) -> None:
        """Adds its pages."""
        blueprint.add_url_rule("/policy", "policy", self.look_up)
        blueprint.add_url_rule("/policy/due", "policy_due", self.due)
        blueprint.add_url_rule("/policy/regions", "policy_regions", self.regions)

    def look_up(self) -> ResponseReturnValue:
        """A region on a day, with everything in force; rules and statutes by words."""
        text, words = request.args.get("region", "").strip(), request.args.get("words", "").strip()
        on, trouble = self._day(request.args.get("on", "").strip())
        code, choices, unknown = self._region(text)
        shown = None if code is None or trouble else self._in_force(code, on)
        return render_template(
            "hr_console/policy.html",
            region=text,
            on=request.args.get("on", "").strip() or on.isoformat(),
            words=words,
            choices=choices,
            unknown=unknown,
            bad_day=trouble,
            shown=shown,
            clauses=self._clauses(words) if words else None,
            most=MOST_CLAUSES,
            **self._names(),
        )

    def due(self) -> ResponseReturnValue:
        """What needs a look, by kind and place."""
        kind, place = request.args.get("kind", ""), request.args.get("region", "").strip()
        everything = figures_due(self._library, self._policies.today())
        counts = {each: sum(found.kind == each for found in everything) for each in KINDS}
        found = [each for each in everything if kind in ("", each.kind) and self._lies_in(each, place)]
        return render_template(
            "hr_console/policy_due.html",
            kind=kind,
            place=place,
            kinds=DUE,
            counts=counts,
            found=found[:MOST],
            more=max(0, len(found) - MOST),
            can_enter=lambda due: due.what in (*INSURANCES, "line"),
            **self._names(),
        )

    def regions(self) -> ResponseReturnValue:
        """Regions whose name begins like this, for the script that offers them while someone types."""
        names = self._library.divisions
        found = names.search(request.args.get("q", "")[:40])
        return {"regions": [{"code": each.code, "name": names.full_name(each.code)} for each in found]}

    def _lies_in(self, due: Due, place: str) -> bool:
        """Whether it is about a place or one that lies in it; the place may be a code, or part of a name."""
        names = self._library.divisions
        name = names.full_name(due.region) or names.name(due.region)
        return (
            not place or place in name or due.region.startswith(place.removesuffix("0000").removesuffix("00"))
        )

    def _day(self, text: str) -> tuple[date, str]:
        """The day asked about, today where none is; what is wrong with it."""
        today, words = self._policies.today(), say(self._console)
        if not text:
            return today, ""
        try:
            day = parse_day(text)
        except ValueError:
            return today, words(BAD_DAY)
        if day < EARLIEST or (day - today).days > DAYS_AHEAD:
            return today, words(DAY_RANGE, first=EARLIEST.isoformat(), days=str(DAYS_AHEAD))
        return day, ""

    def _region(self, text: str) -> tuple[str | None, list[tuple[str, str]], str]:
        """The region asked about; those that may be meant instead; what is wrong."""
        names = self._library.divisions
        if not text:
            return None, [], ""
        if text in (NATION, names.name(NATION)):
            return NATION, [], ""
        try:
            return names.find(text), [], ""
        except InputError as error:
            near = [(each.code, names.full_name(each.code)) for each in names.search(text)]
            return None, near, problem_text(error.problems[0], say(self._console))

    def _in_force(self, code: str, on: date) -> dict[str, Any]:
        as_of = max(on, self._policies.today())
        data = region_in_force(self._library, code, on, as_of)
        for terms in data["insurances"]:
            terms["history"] = history(self._library, terms.get("from_region", code), terms["insurance"])
        data["line_history"] = history(self._library, code, "line")
        for rule in data["rules"]:
            rule["texts"] = self._texts(rule["id"])
        return data

    def _clauses(self, words: str) -> list[dict[str, Any]]:
        found: Iterator[Any] = sought(self._library, words)
        return [
            each._asdict() | {"texts": self._texts(each.key)}
            for each, _ in zip(found, range(MOST_CLAUSES), strict=False)
        ]

    def _texts(self, key: str) -> list[dict[str, str]]:
        """Where a rule was read."""
        if not self._library.has(key):
            return []
        return [{"title": text.title, "where": text.where} for text in self._library.citation(key).texts]

    def _names(self) -> dict[str, Any]:
        """The words of the tables."""
        names = self._library.divisions
        return {
            "insurance": INSURANCE,
            "status": STATUS,
            "hints": HINTS,
            "figures": FIGURES,
            "levels": LEVELS,
            "percent": lambda text: format_percent(parse_rate(text)),
            "place_name": lambda code: names.full_name(code) or names.name(code),
        }
