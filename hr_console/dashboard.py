"""The dashboard: how the company stands, in numbers of which each opens its list."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Response, abort, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit import events
from audit.events import Event
from hr_console import dashboard_words as words
from hr_console.access import allowed
from hr_console.case_words import KINDS, NEUTRAL
from hr_console.connections import STATES, TONES
from hr_console.console import NAME, Console, Entry, account, actor, say
from hr_console.dashboard_book import make_book
from hr_console.dashboard_charts import answer_chart, closing_chart, gaps_chart
from hr_console.dashboard_panels import (
    COUNTED,
    Board,
    Exposed,
    Runs,
    Sources,
    changed_within,
    make_board,
    sum_of,
)
from hr_console.dashboard_period import PERIODS, Period, read_period
from hr_console.personnel import minute
from hr_console.policy_desk import DUE
from hr_console.running_cost import Missing, Running, running_cost
from hr_inbox.service_clock import CHINA
from hr_inbox.unanswered import UnansweredWeek
from locales import N_
from people.connections import NAMES
from people.employees import Employee
from people.records import DIBAO_STATES, DibaoState
from people.standing import ON_THE_BOOK, BaseChange, Standing, Uninsured
from policy_kb.wording import INSURANCE
from profiles.strategy_words import KINDS as STRATEGIES

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Told:
    """An employee of the dibao officer's list; `exposed` is there for one who is not insured."""

    employee: Employee
    status: DibaoState
    exposed: Exposed | None


class Dashboard:
    """The page, the lists behind its numbers, and all of it as a file."""

    def __init__(self, console: Console, sources: Sources) -> None:
        self._console = console
        self._sources = sources
        self._reckoned: dict[Uninsured, Running | Missing] = {}
        self._reckoned_for: object = None

    @property
    def entries(self) -> Sequence[Entry]:
        return (Entry("dashboard", N_("看板")),)

    def add_to(self, blueprint: Blueprint) -> None:
        add = blueprint.add_url_rule
        add("/dashboard", "dashboard", self.page)
        add("/dashboard/dibao", "dashboard_dibao", self.dibao)
        add("/dashboard/uninsured", "dashboard_uninsured", self.uninsured)
        add("/dashboard/uninsured/<uuid:employee>", "dashboard_cost", self.cost)
        add("/dashboard/bases", "dashboard_bases", self.bases)
        add("/dashboard/questions", "dashboard_questions", self.questions)
        add("/dashboard/file", "dashboard_file", self.file)

    def page(self) -> ResponseReturnValue:
        """All panels."""
        board = self._board()
        speak = say(self._console)
        return self._render(
            "dashboard.html",
            board.period,
            board=board,
            charts={
                "answer": answer_chart(board.waiting.times, speak),
                "closing": closing_chart(board.waiting.times, speak),
                "gaps": gaps_chart(board.gaps, speak),
            },
            states={state: DIBAO_STATES[state] for state in COUNTED},
            due_names=DUE,
            strategies=STRATEGIES,
            systems=NAMES,
            connection_states=STATES,
            connection_tones=TONES,
            kind_name=lambda kind: speak(NEUTRAL if kind is None else KINDS[kind]),
        )

    def dibao(self) -> ResponseReturnValue:
        """Who told that their household draws dibao: for the dibao officer. That it was looked at is logged."""
        wanted, uninsured = request.args.get("status", ""), bool(request.args.get("uninsured"))
        if wanted and wanted not in COUNTED:
            abort(404)
        standing = self._sources.standings.read()
        told = standing.dibao
        self._log("dibao_listed", told)
        exposed = {each.who.employee.id: each for each in self._exposed(standing)}
        states = (wanted,) if wanted else ON_THE_BOOK if uninsured else COUNTED
        shown = [
            Told(employee, told[employee.id], exposed.get(employee.id))
            for employee in self._sources.standings.employees(told)
            if told[employee.id] in states and (not uninsured or employee.id in exposed)
        ]
        return self._render(
            "dashboard_dibao.html",
            shown=shown,
            whole=sum_of(each.exposed for each in shown if each.exposed is not None),
            wanted=wanted,
            uninsured=uninsured,
            states={state: DIBAO_STATES[state] for state in COUNTED},
        )

    def uninsured(self) -> ResponseReturnValue:
        """Who is not insured, why, and what it has cost so far."""
        exposed = self._exposed(self._sources.standings.read())
        shown = sorted(exposed, key=lambda each: -each.running.total if each.running else 1)
        self._log("uninsured_listed", [each.who.employee.id for each in shown])
        return self._render("dashboard_uninsured.html", shown=shown, whole=sum_of(shown))

    def cost(self, employee: UUID) -> ResponseReturnValue:
        """How the cost of one who is not insured was reckoned: months, rates, sources, and what else may come."""
        standing = self._sources.standings.read()
        found = next((each for each in standing.uninsured if each.employee.id == str(employee)), None)
        if found is None:
            abort(404)
        self._log("cost_opened", [found.employee.id])
        return self._render(
            "dashboard_cost.html", each=Exposed(found, self._runs()(found)), insurance=INSURANCE
        )

    def bases(self) -> ResponseReturnValue:
        """Changes of the contribution base, narrowed to a place or a direction."""
        period = self._period()
        changes = changed_within(self._sources.standings.read().changes, period)
        place, way = request.args.get("region", ""), request.args.get("way", "")
        people = self._people(changes)
        shown = [each for each in changes if _is_narrowed(each, people, place, way)]
        self._log("bases_listed", {each.employee for each in shown})
        return self._render(
            "dashboard_bases.html",
            period,
            shown=shown,
            people=people,
            places=sorted({each.region for each in people.values()}),
            place=place,
            way=way,
        )

    def questions(self) -> ResponseReturnValue:
        """What went unanswered, by week, topic and place."""
        period = self._period()
        found = self._sources.gaps.unanswered(period.first, period.last)
        place, topic = request.args.get("region", ""), request.args.get("topic", "any")
        return self._render(
            "dashboard_questions.html",
            period,
            shown=sorted(
                (each for each in found if _is_asked(each, place, topic)),
                key=lambda each: (-each.monday.toordinal(), -each.count),
            ),
            places=sorted({each.region for each in found}),
            topics=sorted({each.topic for each in found}),
            place=place,
            topic=topic,
        )

    def file(self) -> ResponseReturnValue:
        """Everything that the one who looks may see, as a workbook. That it was taken out is logged."""
        board, looks = self._board(), account()
        told = self._sources.standings.read().dibao if looks.may("dibao") else {}
        listed = self._sources.standings.employees(told)
        changed = self._people(board.adjustments.changes) if looks.may("roster") else {}
        body = make_book(board, looks, listed, told, changed, self._place, self._moment(), say(self._console))
        if told:
            self._log("dibao_exported", told)
        exposed = board.uninsured.people if looks.may("roster") else ()
        self._log("dashboard_exported", {*changed, *(each.who.employee.id for each in exposed)})
        name = f"dashboard-{board.period.first}-{board.period.last}.xlsx"
        headers = {"Content-Disposition": f"attachment; filename={name}"}
        return Response(body, mimetype=XLSX, headers=headers)

    # What the pages are made of

    def _board(self) -> Board:
        return make_board(self._sources, self._period(), self._today(), account(), self._runs())

    def _people(self, changes: Iterable[BaseChange]) -> Mapping[str, Employee]:
        """Whose changes they are, in the order of their numbers, by id."""
        found = self._sources.standings.employees({each.employee for each in changes})
        return {each.id: each for each in found}

    def _exposed(self, standing: Standing) -> tuple[Exposed, ...]:
        runs = self._runs()
        return tuple(Exposed(each, runs(each)) for each in standing.uninsured)

    def _runs(self) -> Runs:
        """Reckons, each employee once a day: with hundreds of them the page would wait for it."""
        today, accounts = self._today(), self._sources.companies.accounts()
        if self._reckoned_for != (today, accounts):
            self._reckoned, self._reckoned_for = {}, (today, accounts)
        kept = self._reckoned

        def runs(who: Uninsured) -> Running | Missing:
            if who not in kept:
                kept[who] = running_cost(self._sources.library, who, accounts, today)
            return kept[who]

        return runs

    def _today(self) -> date:
        return self._console.now().astimezone(CHINA).date()

    def _moment(self) -> str:
        return f"{self._console.now().astimezone(CHINA):%Y-%m-%d %H:%M}"

    def _period(self) -> Period:
        return read_period(request.args, self._today())

    def _place(self, code: str) -> str:
        names = self._sources.library.divisions
        if not code:
            return say(self._console)(N_("没有写明"))
        return names.full_name(code) or names.name(code)

    def _log(self, act: str, employees: Collection[str]) -> None:
        self._console.log.record(
            Event(act, actor(), tuple(map(events.employee, employees)), {"rows": len(employees)})
        )

    def _render(self, template: str, period: Period | None = None, **values: Any) -> str:
        speak = say(self._console)
        return render_template(
            f"hr_console/{template}",
            period=period,
            periods=PERIODS,
            place_name=self._place,
            moment=self._moment(),
            minute=minute,
            words=words,
            say=speak,
            may=account().may,
            link=_link,
            **values,
        )


def _link(endpoint: str, **values: Any) -> str:
    """The address of another section's page; empty where it is not there or not open to the one who looks."""
    here = f"{NAME}.{endpoint}" in current_app.view_functions and allowed(endpoint, account())
    return url_for(f".{endpoint}", **values) if here else ""


def _is_narrowed(change: BaseChange, people: Mapping[str, Employee], place: str, way: str) -> bool:
    before, after = change.adjustment.before, change.adjustment.after
    ways = {"up": before is not None and after > before, "down": before is not None and after < before}
    return (not place or people[change.employee].region == place) and ways.get(way, True)


def _is_asked(week: UnansweredWeek, place: str, topic: str) -> bool:
    """Whether it is about a place and a topic; an empty topic is one that nobody could tell, `any` is each."""
    return (not place or week.region == place) and topic in ("any", week.topic)
