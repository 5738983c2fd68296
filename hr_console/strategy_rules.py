"""What the company has settled for strategies: what goes ahead by itself, and until when differences can be paid in.

Nothing here lets anything be put off: what goes ahead by itself is enrolling, and correcting a base upwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from calculator.fields import InputError, Problem
from hr_console.console import Entry, actor, done
from hr_console.fields import EARLIEST, LATEST
from hr_console.notice_desk import day_of
from hr_console.profile_desk import ProfileDesk
from locales import N_
from policy_kb.wording import problem_text

LONGEST_SOURCE: Final = 400
SAVED: Final = N_("保存了，从现在起照这个办。")
REMOVED: Final = N_("删掉了。")
NO_DAY: Final = N_("写成 2026-09-30。")
NO_SOURCE: Final = N_("写明是哪份通知、文号、哪一条，或者网址。没有出处的日子不能用。")


class StrategyRulesPage:
    """The page of these rules."""

    def __init__(self, desk: ProfileDesk) -> None:
        self._desk = desk

    @property
    def entries(self) -> Sequence[Entry]:
        """Its line, for those who set up the company."""
        return (Entry("strategy_rules", N_("变动规则")),)

    def add_to(self, blueprint: Blueprint) -> None:
        add = blueprint.add_url_rule
        add("/strategy-rules", "strategy_rules", self.page)
        add("/strategy-rules", "strategy_rules_set", self.set, methods=["POST"])
        add("/strategy-rules/catch-up", "strategy_rules_catch_up", self.catch_up, methods=["POST"])
        add("/strategy-rules/catch-up/remove", "strategy_rules_remove", self.remove, methods=["POST"])

    def page(self) -> ResponseReturnValue:
        """What is settled, and forms to settle it otherwise."""
        return self._page({}, {})

    def set(self) -> ResponseReturnValue:
        """What goes ahead by itself."""
        rules = replace(
            self._desk.book.rules(),
            enrols_restored="enrols_restored" in request.form,
            declares="declares" in request.form,
        )
        self._desk.book.set_rules(rules, actor())
        return done("strategy_rules", self._desk.say(SAVED))

    def catch_up(self) -> ResponseReturnValue:
        """The last day on which a region's differences can be paid without a late fee, as a notice says."""
        problems: dict[str, str] = {}
        region, day = self._region(problems), self._day(problems)
        source = request.form.get("source", "").strip()
        if not source or len(source) > LONGEST_SOURCE:
            problems["source"] = self._desk.say(NO_SOURCE)
        if day is None or problems:
            return self._page(request.form, problems), 400
        rules = self._desk.book.rules()
        rules = replace(
            rules,
            catch_up={**rules.catch_up, region: day},
            catch_up_source={**rules.catch_up_source, region: source},
        )
        self._desk.book.set_rules(rules, actor())
        return done("strategy_rules", self._desk.say(SAVED))

    def remove(self) -> ResponseReturnValue:
        """Takes a day away."""
        rules, region = self._desk.book.rules(), request.form.get("region", "")
        rules = replace(
            rules,
            catch_up={code: day for code, day in rules.catch_up.items() if code != region},
            catch_up_source={code: text for code, text in rules.catch_up_source.items() if code != region},
        )
        self._desk.book.set_rules(rules, actor())
        return done("strategy_rules", self._desk.say(REMOVED))

    def _page(self, texts: Mapping[str, str], problems: Mapping[str, str]) -> str:
        rules = self._desk.book.rules()
        return render_template(
            "hr_console/strategy_rules.html",
            rules=rules,
            days=sorted(rules.catch_up.items()),
            place=self._desk.staff.place,
            texts=texts,
            problems=problems,
        )

    def _region(self, problems: dict[str, str]) -> str:
        text = request.form.get("region", "").strip()
        try:
            if not text:
                raise InputError(Problem("missing_field", "region", "field"))
            return self._desk.staff.library.divisions.find(text)
        except InputError as error:
            problems["region"] = problem_text(error.problems[0], self._desk.say)
            return ""

    def _day(self, problems: dict[str, str]) -> date | None:
        day = day_of(request.form.get("until", ""))
        if day is None or not EARLIEST <= day <= LATEST:
            problems["until"] = self._desk.say(NO_DAY)
        return day
