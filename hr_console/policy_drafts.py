"""Entering what the library is to say: a figure in a form, a file, a company rule in a form or as YAML."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import yaml
from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from calculator.fields import InputError
from calculator.rules import INSURANCES
from hr_console.console import Console, Entry, account, done, say
from hr_console.dashboard import XLSX
from hr_console.figure_form import FIELDS, WHAT, propose_figure, read_figure, titled
from hr_console.lines_book import make_lines_book
from hr_console.policy_changes import proposal_shown, rule_shown
from hr_console.policy_desk import Policies
from hr_console.rule_form import ANY, RuleForm, blank, form_of, paths, place_of, read_form, rule_data
from locales import N_
from people.employees import RosterSearch
from policy_kb.changes import Kind, PolicyChange, Refused, refuse_unless
from policy_kb.company_rules import ASKABLE, FACTS, OPERATORS, PARAMETERS, try_rule
from policy_kb.company_words import AREAS, ASKED, EMPLOYMENTS, describe_rule
from policy_kb.company_words import FACTS as FACT_NAMES
from policy_kb.company_words import OPERATORS as OPERATOR_NAMES
from policy_kb.differences import what_name
from policy_kb.files import PolicyError, parse_yaml, read_yaml
from policy_kb.filling import lines_to_fill
from policy_kb.importing import Proposal, kind_of, propose
from policy_kb.lint import plain_keys
from policy_kb.sheets import refuse
from policy_kb.showing import history
from policy_kb.wording import problem_text

FEED: Final = ".zip"
KINDS_OF_FILE: Final = (".csv", ".xlsx", ".xls", ".yaml", ".yml", FEED)
KEPT: Final = N_("存好了，还没有生效。看过以后提交给另一个人复核。")
NO_FILE: Final = N_("请选一个文件：.csv、.xlsx、.yaml，或者签过名的政策数据包 .zip。")
NOT_YAML: Final = N_("YAML 读不懂：{why}")
#: What somebody typed in the YAML view is no book.
LONGEST_YAML: Final = 200_000


class PolicyDrafts:
    """Forms that end in a draft; nothing that is in force is touched."""

    def __init__(self, console: Console, policies: Policies) -> None:
        self._console = console
        self._policies = policies
        self._library = policies.library

    @property
    def entries(self) -> Sequence[Entry]:
        """Part of the desk."""
        return ()

    def add_to(self, blueprint: Blueprint) -> None:
        """Adds its pages."""
        both = ["GET", "POST"]
        blueprint.add_url_rule("/policy/rules", "policy_rules", self.rules)
        blueprint.add_url_rule("/policy/figure", "policy_figure", self.figure, methods=both)
        blueprint.add_url_rule("/policy/import", "policy_import", self.import_file, methods=both)
        blueprint.add_url_rule("/policy/lines_to_fill.xlsx", "policy_lines", self.lines_to_fill)
        blueprint.add_url_rule("/policy/rules/new", "policy_rule", self.rule, methods=both)
        blueprint.add_url_rule("/policy/changes/<int:number>/edit", "policy_edit", self.edit, methods=both)

    # Pages

    def rules(self) -> ResponseReturnValue:
        """The company's own rules: those in force, and those held back with the reason."""
        company, names, words = self._policies.company, self._library.divisions, say(self._console)
        return render_template(
            "hr_console/policy_rules.html",
            in_force=[(rule, describe_rule(rule, names, words)) for rule in company.rules],
            held=[(each.rule, each.reasons) for each in company.held],
        )

    def figure(self) -> ResponseReturnValue:
        """A new figure; the fields may come filled in from a list of what is due."""
        return self._figure(None)

    def import_file(self) -> ResponseReturnValue:
        """A file of figures, or a company rule."""
        if request.method == "GET":
            return render_template("hr_console/policy_import.html", trouble="")
        try:
            with self._uploaded() as path:
                return self._imported(path)
        except InputError as error:
            trouble = problem_text(error.problems[0], say(self._console))
        except PolicyError as error:
            trouble = str(error)
        return render_template("hr_console/policy_import.html", trouble=trouble), 400

    def lines_to_fill(self) -> ResponseReturnValue:
        """The lines that lack for the homes of all employees, as a workbook which comes back as a file of figures."""
        roster, today = self._policies.people, self._policies.today()
        everyone = () if roster is None else roster.everyone(RosterSearch())
        homes = [(each.employee.home_region, each.employee.area) for each in everyone]
        book = make_lines_book(lines_to_fill(self._library, homes, today))
        named = {"Content-Disposition": 'attachment; filename="lines_to_fill.xlsx"'}
        return Response(book, mimetype=XLSX, headers=named)

    def rule(self) -> ResponseReturnValue:
        """A new rule, or another version of one that is there."""
        key = request.args.get("of", "")
        if not key:
            return self._rule(None, None)
        known = {
            rule.key
            for rule in (*self._policies.company.rules, *(h.rule for h in self._policies.company.held))
        }
        if key not in known:
            abort(404)
        return self._rule(None, self._data_of(key))

    def edit(self, number: int) -> ResponseReturnValue:
        """A draft again, in the form that it was made with, or as YAML."""
        change = self._policies.changes.get(number)
        if change is None:
            abort(404)
        try:
            refuse_unless(change, "revise", account().id)
        except Refused:
            return done("policy_change", number=number)
        by_hand = request.args.get("as") == "yaml" or (change.kind == "figures" and change.typed is None)
        if by_hand:
            return self._as_yaml(change, change.kind, change.content)
        if change.kind == "figures":
            return self._figure(change)
        return self._rule(change, change.content)

    # One figure

    def _figure(self, change: PolicyChange | None) -> ResponseReturnValue:
        if request.method == "GET":
            typed = dict.fromkeys(FIELDS, "") | dict(change.typed or {} if change else {})
            if change is None:
                typed |= {name: request.args[name] for name in ("what", "region") if name in request.args}
            return self._figure_page(change, read_figure(typed))
        typed = read_figure(request.form)
        try:
            proposal = propose_figure(self._library, typed, self._policies.today())
        except InputError as error:
            problem = error.problems[0]
            trouble = {problem.field: problem_text(problem, say(self._console))}
            return self._figure_page(change, typed, troubles=trouble, status=400)
        if request.form.get("do") != "keep":
            return self._figure_page(change, typed, proposal=proposal)
        return self._keep(change, "figures", _content_of(proposal), typed)

    def _figure_page(
        self,
        change: PolicyChange | None,
        typed: Mapping[str, str],
        troubles: Mapping[str, str] | None = None,
        proposal: Proposal | None = None,
        status: int = 200,
    ) -> ResponseReturnValue:
        page = render_template(
            "hr_console/policy_figure.html",
            change=change,
            typed=typed,
            what=WHAT,
            troubles=troubles or {},
            fields=FIELDS,
            content=None if proposal is None else proposal_shown(proposal),
            before=self._before(typed),
            **self._words(),
        )
        return page, status

    def _before(self, typed: Mapping[str, str]) -> list[Any]:
        """What the region has on record so far, so that nobody types against nothing."""
        try:
            region = self._library.divisions.find(typed["region"])
        except InputError:
            return []
        return history(self._library, region, typed["what"])[:3]

    # A file

    @contextmanager
    def _uploaded(self) -> Iterator[Path]:
        """The posted file under a name of our own. Raises `InputError`."""
        file = request.files.get("file")
        suffix = "" if file is None else Path(file.filename or "").suffix.lower()
        if file is None or suffix not in KINDS_OF_FILE:
            raise refuse(say(self._console)(NO_FILE))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"文件{suffix}")
            file.save(path)
            yield path

    def _imported(self, path: Path) -> ResponseReturnValue:
        if path.suffix == FEED:
            kept = self._policies.feeds.take(self._library, path.read_bytes(), account().id)
            return done("policy_change", say(self._console)(KEPT), number=kept.number)
        if kind_of(path) == "rule":
            return self._keep(None, "rule", self._own_rule(plain_keys(read_yaml(path)), None))
        return self._keep(
            None,
            "figures",
            _content_of(propose(self._library, path, self._policies.today(), self._policies.today())),
        )

    # A rule

    def _rule(self, change: PolicyChange | None, data: Mapping[str, Any] | None) -> ResponseReturnValue:
        if request.method == "GET":
            today = self._policies.today().isoformat()
            form = blank(self._free_key(), today) if data is None else form_of(data)
            if form is None:
                return self._as_yaml(change, "rule", data or {})
            return self._rule_page(change, form, looked=data is not None)
        if "yaml" in request.form:
            return self._as_yaml(change, "rule", data or {})
        form, button = read_form(request.form), request.form.get("do", "")
        made = rule_data(form, self._author(change))
        if button == "keep":
            _, problems = try_rule(made, self._library)
            if problems:
                return self._rule_page(change, form, looked=True, status=400)
            return self._keep(change, "rule", made)
        return self._rule_page(change, form, looked=button == "look")

    def _rule_page(
        self, change: PolicyChange | None, form: RuleForm, *, looked: bool, status: int = 200
    ) -> ResponseReturnValue:
        data = rule_data(form, self._author(change))
        _, problems = try_rule(data, self._library)
        words = say(self._console)
        troubles = (
            {place_of(each): problem_text(each, words) for each in reversed(problems)} if looked else {}
        )
        page = render_template(
            "hr_console/policy_rule.html",
            change=change,
            form=form,
            troubles=troubles,
            shown=rule_shown(self._console, self._policies, data) if looked else None,
            any=ANY,
            facts={name: FACT_NAMES[name] for name in FACTS},
            operators={name: OPERATOR_NAMES[name] for name in OPERATORS},
            parameters=PARAMETERS,
            askable={name: ASKED[name] for name in ASKABLE},
            employments=EMPLOYMENTS,
            areas=AREAS,
            **self._words(),
        )
        return page, status

    def _free_key(self) -> str:
        """A number for a new rule that no other has."""
        company = self._policies.company
        taken = {rule.key for rule in (*company.rules, *(each.rule for each in company.held))}
        taken |= {str(each.content.get("id")) for each in self._policies.changes.all() if each.kind == "rule"}
        return next(key for count in range(1, 10_000) if (key := f"hr-{count:04}") not in taken)

    def _data_of(self, key: str) -> dict[str, Any]:
        """What the file of a rule holds; a rule is kept under its key."""
        files = (plain_keys(read_yaml(path)) for path in sorted(self._policies.folder.glob("*.yaml")))
        found = next((data for data in files if isinstance(data, dict) and data.get("id") == key), None)
        return abort(404) if found is None else self._own_rule(found, None)

    def _author(self, change: PolicyChange | None) -> str:
        return account().name if change is None else self._policies.account(change.author)

    def _own_rule(self, data: Any, change: PolicyChange | None) -> dict[str, Any]:
        """A rule as somebody here proposes it: theirs, and approved by nobody. Raises `PolicyError`."""
        if not isinstance(data, dict):
            raise PolicyError(say(self._console)(N_("这不是一条规则")))
        return {**data, "by": {"author": self._author(change)}}

    # YAML

    def _as_yaml(
        self, change: PolicyChange | None, kind: Kind, content: Mapping[str, Any]
    ) -> ResponseReturnValue:
        """The content as its file would hold it, for those who want that, and for what no form can hold."""
        if request.method == "GET":
            return self._yaml_page(change, kind, _yaml_of(kind, content))
        text = request.form.get("yaml", "")[:LONGEST_YAML].replace("\r\n", "\n")
        try:
            made = self._content_of_yaml(change, kind, text)
        except InputError as error:
            return self._yaml_page(change, kind, text, problem_text(error.problems[0], say(self._console)))
        except PolicyError as error:
            return self._yaml_page(change, kind, text, str(error))
        return self._keep(change, kind, made)

    def _content_of_yaml(self, change: PolicyChange | None, kind: Kind, text: str) -> dict[str, Any]:
        if kind == "figures":
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "内容.yaml")
                path.write_text(text, encoding="utf-8")
                return _content_of(
                    propose(self._library, path, self._policies.today(), self._policies.today())
                )
        try:
            data = plain_keys(parse_yaml(text))
        except yaml.YAMLError as error:
            why = " ".join(str(error).split())
            raise PolicyError(say(self._console)(NOT_YAML, why=why)) from error
        made = self._own_rule(data, change)
        _, problems = try_rule(made, self._library)
        if problems:
            words = say(self._console)
            raise PolicyError(
                "；".join(f"{each.field}：{problem_text(each, words)}" for each in problems[:3])
            )
        return made

    def _yaml_page(
        self, change: PolicyChange | None, kind: Kind, text: str, trouble: str = ""
    ) -> ResponseReturnValue:
        page = render_template(
            "hr_console/policy_yaml.html", change=change, kind=kind, text=text, trouble=trouble
        )
        return page, 400 if trouble else 200

    # Keeping

    def _keep(
        self,
        change: PolicyChange | None,
        kind: Kind,
        content: Mapping[str, Any],
        typed: Mapping[str, str] | None = None,
    ) -> ResponseReturnValue:
        title, by, changes = self._title(kind, content), account().id, self._policies.changes
        if change is None:
            kept = changes.draft(kind, title, content, by, typed)
        else:
            try:
                kept = changes.revise(change.number, title, content, by, typed)
            except Refused as error:
                words = say(self._console)
                message = words(error.text, **{name: words(text) for name, text in error.figures.items()})
                return done("policy_change", message, number=change.number)
        return done("policy_change", say(self._console)(KEPT), number=kept.number)

    def _title(self, kind: Kind, content: Mapping[str, Any]) -> str:
        if kind == "figures":
            return titled(self._library, content)
        return f"{content.get('id', '')} {content.get('title', '')}".strip()

    def _words(self) -> dict[str, Any]:
        names = self._library.divisions
        return {
            "insurances": INSURANCES,
            "paths": paths(say(self._console)),
            "what_name": lambda what: WHAT.get(what, what_name(what)),
            "place_name": lambda code: names.full_name(code) or names.name(code),
        }


def _content_of(proposal: Proposal) -> dict[str, Any]:
    content: dict[str, Any] = plain_keys(dict(proposal.additions))
    return content


def _yaml_of(kind: Kind, content: Mapping[str, Any]) -> str:
    plain: Any = list(content.values()) if kind == "figures" else dict(content)
    text: str = yaml.safe_dump(plain, allow_unicode=True, sort_keys=False, width=110)
    return text
