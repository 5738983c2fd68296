"""Changes of the library: what each would do, who looked at it, and how it comes into force and out of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import yaml
from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from audit.events import Event, employee
from calculator.case import DAYS_AHEAD
from calculator.fields import InputError, parse_day
from calculator.money import format_yuan
from hr_console.console import Console, Entry, account, actor, done, say
from hr_console.figure_form import ROW, WHAT
from hr_console.policy_desk import Policies
from hr_console.rule_form import paths
from locales import N_
from policy_kb.changes import ACTS, STATES, PolicyChange, Refused
from policy_kb.company import run_cases
from policy_kb.company_review import sample_households
from policy_kb.company_rules import CompanyRule, try_rule
from policy_kb.company_words import describe_rule
from policy_kb.differences import what_name
from policy_kb.effects import Effect, Rulebook, Tally, effect, touched
from policy_kb.importing import Proposal, propose_data
from policy_kb.showing import FIGURES
from policy_kb.wording import problem_text

#: The states of each list, and what the list is called.
LISTS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "open": (N_("在办的"), ("draft", "submitted", "approved", "publishing", "taking_back")),
    "published": (N_("已发布"), ("published",)),
    "ended": (N_("撤回和作废的"), ("taken_back", "withdrawn")),
}
CHINA: Final = ZoneInfo("Asia/Shanghai")
OPEN: Final = ("draft", "submitted", "approved")
SUBMITTED: Final = N_("已提交，等另一个人复核。")
WITHDRAWN: Final = N_("已作废。")
RETURNED: Final = N_("已退回给起草人。")
APPROVED: Final = N_("已批准。")
SCHEDULED: Final = N_("发布日已改。")
PUBLISHED: Final = N_("已发布，现在就按新的算。")
TAKEN_BACK: Final = N_("已撤回，现在按原来的算。")
TOLD: Final = N_("会告诉每个人一次，不提是什么数。正有人在接待的，等交还给助手再说。")
NOBODY_NEW: Final = N_("没有还没告诉过的人。")
NEEDS_NOTE: Final = N_("请写明原因。")
NEEDS_DAY: Final = N_("请填今天或以后的日期，写成 2026-10-15，最远 {days} 天。")


class PolicyChanges:
    """A list of changes, and a page of each with what can be done with it."""

    def __init__(self, console: Console, policies: Policies) -> None:
        self._console = console
        self._policies = policies

    @property
    def entries(self) -> Sequence[Entry]:
        """Part of the desk."""
        return ()

    def add_to(self, blueprint: Blueprint) -> None:
        """Adds its pages."""
        blueprint.add_url_rule("/policy/changes", "policy_changes", self.all)
        blueprint.add_url_rule("/policy/changes/<int:number>", "policy_change", self.one)
        blueprint.add_url_rule("/policy/changes/<int:number>/people", "policy_people", self.people)
        for path, endpoint, view in (
            ("try", "policy_try", self.try_it),
            ("try-again", "policy_try_again", self.try_it),
            ("submit", "policy_submit", self.submit),
            ("withdraw", "policy_withdraw", self.withdraw),
            ("return", "policy_return", self.give_back),
            ("approve", "policy_approve", self.approve),
            ("schedule", "policy_schedule", self.schedule),
            ("publish", "policy_publish", self.publish),
            ("take-back", "policy_take_back", self.take_back),
            ("tell", "policy_tell", self.tell),
        ):
            url = f"/policy/changes/<int:number>/{path}"
            blueprint.add_url_rule(url, endpoint, view, methods=["POST"])

    # Pages

    def all(self) -> ResponseReturnValue:
        """Every change of one list, the newest first."""
        chosen = request.args.get("list", "open")
        chosen = chosen if chosen in LISTS else "open"
        found = self._policies.changes.all()
        return render_template(
            "hr_console/policy_changes.html",
            lists={key: name for key, (name, _) in LISTS.items()},
            counts={key: sum(each.state in states for each in found) for key, (_, states) in LISTS.items()},
            chosen=chosen,
            changes=[each for each in found if each.state in LISTS[chosen][1]],
            **self._words(),
        )

    def one(self, number: int) -> ResponseReturnValue:
        """One change: what it does, its history, and what can be done with it."""
        return self._page(self._change(number))

    def people(self, number: int) -> ResponseReturnValue:
        """Whose last result the change touched, for the dibao officer; looking is logged on each one's page."""
        change = self._change(number)
        found = self._policies.changes.people(number)
        ids = tuple(each for _, each in found if each is not None)
        subjects = tuple(employee(each) for each in ids)
        details = {"change": change.label}
        self._console.log.record(Event("policy_people", actor(), subjects, details))
        directory = self._policies.people
        known = [] if directory is None else [each for id in ids if (each := directory.get(id)) is not None]
        return render_template(
            "hr_console/policy_people.html", change=change, known=known, others=len(found) - len(known)
        )

    # Acts

    def try_it(self, number: int) -> ResponseReturnValue:
        """The dry run over stored households; reading them is logged, and only counts are kept."""
        change, policies = self._change(number), self._policies
        try:
            after = self._after(change)
        except InputError as error:
            return self._page(change, refused=self._problem(error), status=409)
        if after is None:
            return done("policy_change", number=number)
        by, who, today = account().id, actor(), policies.today()

        def run(progress: Callable[[int], None]) -> Tally:
            cases = policies.households.cases(today)
            tally = touched(policies.book, after, cases, today, progress).tally
            self._console.log.record(Event("policy_households", who, details={"read": tally.households}))
            return tally

        def keep(tally: Tally) -> None:
            policies.changes.note_trial(number, by, tally.as_json() | {"hash": change.hash})

        policies.trials.start(number, policies.households.count(), run, keep)
        return done("policy_change", number=number)

    def submit(self, number: int) -> ResponseReturnValue:
        """Asks for a second person's look; what does not load or fails its own cases is not looked at."""
        change = self._change(number)
        if (why := self._unfit(change)) is not None:
            return self._page(change, refused=why, status=409)
        return self._do(change, SUBMITTED, lambda by: self._policies.changes.submit(number, by))

    def withdraw(self, number: int) -> ResponseReturnValue:
        """Gives it up."""
        change = self._change(number)
        return self._do(change, WITHDRAWN, lambda by: self._policies.changes.withdraw(number, by))

    def give_back(self, number: int) -> ResponseReturnValue:
        """Back to its author, with what is wrong."""
        change, note = self._change(number), request.form.get("note", "").strip()
        if not note:
            return self._page(change, {"note": say(self._console)(NEEDS_NOTE)}, status=400)
        return self._do(change, RETURNED, lambda by: self._policies.changes.give_back(number, by, note))

    def approve(self, number: int) -> ResponseReturnValue:
        """A second person's yes to what they saw: to be published now, on a day, or when somebody says so."""
        change, when = self._change(number), request.form.get("when", "")
        try:
            day = self._publish_day() if when == "day" else None
        except ValueError:
            return self._page(change, {"publish_on": self._needs_day()}, status=400)
        seen = request.form.get("hash", "")

        def act(by: str) -> None:
            self._policies.changes.approve(number, by, seen, day)
            if when == "now":
                self._policies.publishing.publish(number, by)

        return self._do(change, PUBLISHED if when == "now" else APPROVED, act)

    def schedule(self, number: int) -> ResponseReturnValue:
        """Another day; an empty one takes the day away."""
        change = self._change(number)
        try:
            day = self._publish_day() if request.form.get("publish_on", "").strip() else None
        except ValueError:
            return self._page(change, {"publish_on": self._needs_day()}, status=400)
        return self._do(change, SCHEDULED, lambda by: self._policies.changes.schedule(number, by, day))

    def publish(self, number: int) -> ResponseReturnValue:
        """Into force at once."""
        change = self._change(number)
        return self._do(change, PUBLISHED, lambda by: self._policies.publishing.publish(number, by))

    def take_back(self, number: int) -> ResponseReturnValue:
        """Out of force again, with a reason."""
        change, note = self._change(number), request.form.get("note", "").strip()
        if not note:
            return self._page(change, {"note": say(self._console)(NEEDS_NOTE)}, status=400)
        return self._do(change, TAKEN_BACK, lambda by: self._policies.publishing.take_back(number, by, note))

    def tell(self, number: int) -> ResponseReturnValue:
        """Has everybody told whose last result the change touched."""
        change = self._change(number)
        try:
            asked = self._policies.changes.tell(number, account().id)
        except Refused as error:
            return self._page(change, refused=self._refusal(error), status=409)
        return done("policy_change", say(self._console)(TOLD if asked else NOBODY_NEW), number=number)

    def _do(self, change: PolicyChange, message: str, act: Callable[[str], object]) -> ResponseReturnValue:
        try:
            act(account().id)
        except Refused as error:
            return self._page(self._change(change.number), refused=self._refusal(error), status=409)
        return done("policy_change", say(self._console)(message), number=change.number)

    # What a change would do

    def _change(self, number: int) -> PolicyChange:
        change = self._policies.changes.get(number)
        if change is None:
            abort(404)
        return change

    def _proposal(self, change: PolicyChange) -> Proposal:
        """The figures against the library as it is now. Raises `InputError` where they no longer fit."""
        library, today = self._policies.library, self._policies.today()
        return propose_data(library, deepcopy(dict(change.content)), ROW, change.hash, today, today)

    def _after(self, change: PolicyChange) -> Rulebook | None:
        """What answers would be made by; None where a rule is not understood."""
        book = self._policies.book
        if change.kind == "figures":
            return Rulebook(self._proposal(change).library, book.company)
        rule, problems = try_rule(change.content, book.library)
        if problems:
            return None
        return Rulebook(book.library, (*(each for each in book.company if each.key != rule.key), rule))

    def _unfit(self, change: PolicyChange) -> str | None:
        """Why nobody needs to look at a change yet."""
        words = say(self._console)
        if change.kind == "figures":
            try:
                self._proposal(change)
            except InputError as error:
                return self._problem(error)
            return None
        rule, problems = try_rule(change.content, self._policies.library)
        if problems:
            return problem_text(problems[0], words)
        if all(each.passed for each in run_cases(self._policies.library, rule, self._policies.today())):
            return None
        return words("自带的用例没有全部通过，先改好再提交。")

    def _page(
        self,
        change: PolicyChange,
        troubles: Mapping[str, str] | None = None,
        refused: str = "",
        status: int = 200,
    ) -> ResponseReturnValue:
        news = self._policies.changes.news(change.number)
        told = change.tried if change.tried and change.tried.get("hash") == change.hash else None
        page = render_template(
            "hr_console/policy_change.html",
            change=change,
            content=self._content(change),
            samples=self._samples(change),
            tried=self._shown(told),
            trial=self._policies.trials.of(change.number),
            effects=self._shown(change.effects),
            news=news if account().may("dibao") else None,
            any_news=news.touched > 0,
            any_untold=news.touched > news.told + news.waiting,
            troubles=troubles or {},
            refused=refused,
            tomorrow=(self._policies.today() + timedelta(days=1)).isoformat(),
            publishing_trouble=self._policies.publishing.trouble(),
            typed=request.form,
            **self._words(),
        )
        return page, status

    def _content(self, change: PolicyChange) -> dict[str, Any]:
        if change.kind == "rule":
            return rule_shown(self._console, self._policies, change.content)
        return figures_shown(self._console, self._policies, change)

    def _samples(self, change: PolicyChange) -> dict[str, Any] | None:
        """The counts over sample households, which are nobody's."""
        if change.state not in OPEN:
            return None
        try:
            after = self._after(change)
        except InputError:
            return None
        if after is None:
            return None
        today, places = self._policies.today(), tuple(change.content)
        if change.kind == "rule":
            rule = try_rule(change.content, after.library)[0]
            places, on = rule.regions, rule.start
        else:
            on = today
        tally = Tally()
        for case in sample_households(places, on):
            tally = tally.with_one(_tried(self._policies.book, after, case, today))
        return _counts(tally)

    def _shown(self, counts: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """Counts over stored households as the reader may see them."""
        if counts is None:
            return None
        tally = Tally(**{name: counts[name] for name in Tally().as_json()})
        if account().may("dibao"):
            return _counts(tally)
        seen = tally.hidden()
        return {"hidden": True} if seen is None else _counts(tally) | {"verdicts": tally.verdicts_shown}

    # Words

    def _words(self) -> dict[str, Any]:
        return {
            "states": STATES,
            "acts": ACTS,
            "figures": FIGURES,
            "paths": paths(say(self._console)),
            "what_name": lambda what: WHAT.get(what, what_name(what)),
            "name_of": self._policies.account,
            "place_name": self._place,
            "in_china": lambda moment: moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M"),
            "today": self._policies.today().isoformat(),
        }

    def _place(self, code: str) -> str:
        names = self._policies.library.divisions
        return names.full_name(code) or names.name(code)

    def _problem(self, error: InputError) -> str:
        return problem_text(error.problems[0], say(self._console))

    def _refusal(self, error: Refused) -> str:
        words = say(self._console)
        return words(error.text, **{name: words(text) for name, text in error.figures.items()})

    def _publish_day(self) -> date:
        """The day of the form. Raises `ValueError` for none, one that is past or one too far ahead."""
        day, today = parse_day(request.form.get("publish_on", "").strip()), self._policies.today()
        if not today <= day <= today + timedelta(days=DAYS_AHEAD):
            raise ValueError("a day from today on")
        return day

    def _needs_day(self) -> str:
        return say(self._console)(NEEDS_DAY, days=str(DAYS_AHEAD))


def _tried(before: Rulebook, after: Rulebook, case: Mapping[str, Any], today: date) -> Effect | None:
    try:
        return effect(before, after, case, today)
    except InputError:
        return None


def _counts(tally: Tally) -> dict[str, Any]:
    sign = "+" if tally.largest > 0 else ""
    return tally.as_json() | {"largest": f"{sign}{format_yuan(tally.largest)}" if tally.largest else ""}


def rule_shown(console: Console, policies: Policies, data: Mapping[str, Any]) -> dict[str, Any]:
    """A rule in words with what its own cases give, or what is wrong with it."""
    words = say(console)
    rule, problems = try_rule(data, policies.library)
    shown: dict[str, Any] = {
        "yaml": yaml.safe_dump(dict(data), allow_unicode=True, sort_keys=False),
        "problems": [f"{each.field}：{problem_text(each, words)}" for each in problems],
        "data": data,
    }
    if problems:
        return shown
    return shown | _understood(rule, policies, describe_rule(rule, policies.library.divisions, words))


def _understood(rule: CompanyRule, policies: Policies, sentences: list[str]) -> dict[str, Any]:
    cases = run_cases(policies.library, rule, policies.today())
    return {
        "rule": rule,
        "sentences": sentences,
        "cases": cases,
        "passed": all(each.passed for each in cases),
    }


def figures_shown(console: Console, policies: Policies, change: PolicyChange) -> dict[str, Any]:
    """Figures beside those in force, with their sources and what the checks say; what is in force already stands alone."""
    content = change.content
    sources = [
        {"region": region, **source}
        for region, part in content.items()
        for source in part["sources"].values()
    ]
    shown: dict[str, Any] = {
        "yaml": yaml.safe_dump(list(content.values()), allow_unicode=True, sort_keys=False),
        "sources": sources,
        "rows": _rows(content),
    }
    if change.state not in OPEN:
        return shown
    library, today = policies.library, policies.today()
    try:
        proposal = propose_data(library, deepcopy(dict(content)), ROW, change.hash, today, today)
    except InputError as error:
        return shown | {"problems": [problem_text(error.problems[0], say(console))]}
    return shown | proposal_shown(proposal)


def proposal_shown(proposal: Proposal) -> dict[str, Any]:
    """What a proposal would change, what the checks found, and what to know about it."""
    return {"changes": proposal.changes, "findings": proposal.findings, "notes": proposal.notes}


def _rows(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every record of the content by itself: what it sets, from when."""
    rows = []
    for region, part in content.items():
        for notice in part["notices"]:
            for insurance, value in notice["values"].items():
                rows.append({"region": region, "what": insurance, "from": notice["from"], "figures": value})
        for line in part["lines"]:
            start = line.get("from") or line.get("as_of")
            rows.append({"region": region, "what": "line", "from": start, "figures": line})
    return rows
