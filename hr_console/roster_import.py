"""Imports: a sheet is uploaded, its columns are named, what it would change is shown, applied, and taken back.

What is wrong with a row is mended in the preview. Comparing and applying run beside the requests; the page looks how far
they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, cast, get_args
from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from calculator.fields import InputError
from hr_console.console import Entry, actor, done
from hr_console.fields import LABELS, FieldReader, shown
from hr_console.import_columns import FIELDS, FOR_ALL, NEEDED, UPLOADED, guess, read_upload
from hr_console.personnel import Personnel, minute
from locales import N_
from people.importing import A_PAGE, RUNNING, Counts, Found, Import, ImportKind, ImportRow, ImportState
from people.small_groups import LEAST
from policy_kb.wording import problem_text

KINDS: Final[Mapping[ImportKind, str]] = {
    "roster": N_("花名册：员工的资料"),
    "history": N_("工资和缴费：每人每月一行"),
}
STATES: Final[Mapping[ImportState, str]] = {
    "mapping": N_("等着选列"),
    "checking": N_("正在比对"),
    "preview": N_("等着确认"),
    "applying": N_("正在导入"),
    "done": N_("导入了"),
    "undoing": N_("正在撤销"),
    "undone": N_("撤销了"),
}
FOUND: Final[Mapping[Found, str]] = {
    "error": N_("有错"),
    "new": N_("新增"),
    "changed": N_("有变化"),
    "same": N_("没变化"),
    "leaver": N_("表里没有的在职员工"),
}
#: A sample of each column, where columns are named.
SAMPLE: Final = 3
NO_FILE: Final = N_("选一个 .xlsx、.xls 或 .csv 文件。")
TWICE: Final = N_("“{field}”选了两列，只留一列。")
MISSING: Final = N_("还没有指明哪一列是“{field}”。")
MISSING_FOR_ALL: Final = N_("选一列，或者在下面填整张表的“{field}”。")
NO_DAY: Final = N_("选了人，就要填哪天离职的。")
DISCARDED: Final = N_("这次导入不要了，什么都没有改。")
APART: Final = N_("{count} 行放在一边，等本人同意才能记。")
FEW_APART: Final = N_("少于 5 行放在一边，等本人同意才能记。")
ELSEWHERE: Final = N_("这次导入已经到别的步骤了。")


class ImportPages:
    """The pages of imports."""

    def __init__(self, personnel: Personnel) -> None:
        self._staff = personnel

    @property
    def entries(self) -> Sequence[Entry]:
        """Nothing in the navigation: the roster leads here."""
        return ()

    def add_to(self, blueprint: Blueprint) -> None:
        add = blueprint.add_url_rule
        add("/imports", "imports", self.page)
        add("/imports", "import_upload", self.upload, methods=["POST"])
        at = "/imports/<uuid:id>"
        add(at, "import_page", self.one)
        add(f"{at}/progress", "import_progress", self.progress)
        add(f"{at}/columns", "import_choose", self.choose, methods=["POST"])
        add(f"{at}/rows/<int:row>", "import_mend", self.mend, methods=["POST"])
        add(f"{at}/rows/<int:row>/leave-out", "import_leave_out", self.leave_out, methods=["POST"])
        add(f"{at}/leavers", "import_leavers", self.leavers, methods=["POST"])
        add(f"{at}/start", "import_start", self.start, methods=["POST"])
        add(f"{at}/discard", "import_discard", self.discard, methods=["POST"])

    def page(self) -> ResponseReturnValue:
        """Earlier imports, and a new one."""
        return self._start_page("")

    def upload(self) -> ResponseReturnValue:
        """Takes a sheet in; nothing of it is on the roster yet."""
        kind = cast("ImportKind", request.form.get("kind", ""))
        if kind not in get_args(ImportKind):
            abort(400)
        file = request.files.get("file")
        if file is None or not file.filename:
            return self._start_page(self._staff.say(NO_FILE)), 400
        try:
            with file.stream as stream:
                sheet = read_upload(kind, stream.read(UPLOADED.file + 1))
        except InputError as error:
            return self._start_page(problem_text(error.problems[0], self._staff.say)), 400
        name = file.filename.replace("\\", "/").rpartition("/")[2][:120]
        id = self._staff.imports.begin(kind, name, sheet.headings, sheet.rows, sheet.quarantined, actor())
        return redirect(url_for(".import_page", id=id), 303)

    def one(self, id: UUID) -> ResponseReturnValue:
        """An import, at whatever it is."""
        it = self._there(id)
        if it.state == "mapping":
            return self._columns_page(it, _chosen(it, self._remembered(it)), dict(it.defaults), {})
        return self._rows_page(it)

    def progress(self, id: UUID) -> ResponseReturnValue:
        """How far it is, for the page's script."""
        it = self._there(id)
        done_, total = _progress(it, self._staff.imports.counts(it.id))
        return {"state": it.state, "running": it.state in RUNNING, "done": done_, "total": total}

    def choose(self, id: UUID) -> ResponseReturnValue:
        """Which column is which field."""
        it = self._there(id)
        if it.state != "mapping":
            return done("import_page", self._staff.say(ELSEWHERE), id=it.id)
        chosen = [request.form.get(f"column-{place}", "") for place in range(len(it.headings))]
        given = {name: request.form.get(f"all-{name}", "").strip() for name in FOR_ALL[it.kind]}
        defaults = {name: text for name, text in given.items() if text}
        problems = self._wrong_columns(it.kind, chosen, defaults)
        if problems:
            return self._columns_page(it, chosen, given, problems), 400
        columns = {name: place for place, name in enumerate(chosen) if name in FIELDS[it.kind]}
        self._staff.imports.choose(it.id, columns, defaults)
        self._staff.run(it.id)
        return redirect(url_for(".import_page", id=it.id), 303)

    def mend(self, id: UUID, row: int) -> ResponseReturnValue:
        """Other cells for a row, which is compared anew; where it is still wrong it says so in its place."""
        it = self._there(id)
        cells = {
            place: request.form[f"cell-{place}"].strip()
            for place in range(len(it.headings))
            if f"cell-{place}" in request.form
        }
        try:
            self._staff.imports.mend(it.id, row, cells, self._staff.importer.reader(it.kind))
        except KeyError:
            abort(404)
        return self._back(it, row)

    def leave_out(self, id: UUID, row: int) -> ResponseReturnValue:
        """Leaves a row out, or takes it in again."""
        it = self._there(id)
        self._staff.imports.leave_out(it.id, row, request.form.get("out") == "1")
        return self._back(it, row)

    def leavers(self, id: UUID) -> ResponseReturnValue:
        """Which of those whom the sheet does not name have left."""
        it = self._there(id)
        read = FieldReader(self._staff.library.divisions.find).read(
            {"left_on": request.form.get("left_on", "")}
        )
        chosen = [-int(text) for text in request.form.getlist("row") if text.isascii() and text.isdecimal()]
        if read.problems or (chosen and "left_on" not in read.values):
            problem = self._staff.worded(read.problems).get("left_on") or self._staff.say(NO_DAY)
            return self._rows_page(it, leaver_problem=problem, ticked=chosen), 400
        on = self._staff.today() if not chosen else date.fromisoformat(read.values["left_on"])
        self._staff.imports.choose_leavers(it.id, chosen, on)
        return self._back(it)

    def start(self, id: UUID) -> ResponseReturnValue:
        """Applies, takes back, or goes back to naming columns."""
        it = self._there(id)
        state = request.form.get("state", "")
        if state not in ("applying", "undoing", "mapping"):
            abort(400)
        if not self._staff.imports.start(it.id, cast("ImportState", state), actor()):
            return done("import_page", self._staff.say(ELSEWHERE), id=it.id)
        if state in RUNNING:
            self._staff.run(it.id)
        return redirect(url_for(".import_page", id=it.id), 303)

    def discard(self, id: UUID) -> ResponseReturnValue:
        """Forgets an import that was not applied."""
        it = self._there(id)
        self._staff.imports.discard(it.id)
        return done("imports", self._staff.say(DISCARDED))

    # Pages

    def _start_page(self, error: str) -> str:
        return render_template(
            "hr_console/imports.html",
            imports=self._staff.imports.recent(),
            kinds=KINDS,
            states=STATES,
            minute=minute,
            who=self._staff.who,
            error=error,
            kind=request.form.get("kind", "roster"),
            most_rows=UPLOADED.rows,
            most_megabytes=UPLOADED.file // 2**20,
        )

    def _columns_page(
        self, it: Import, chosen: Sequence[str], defaults: Mapping[str, str], problems: Mapping[str, str]
    ) -> str:
        sample, _ = self._staff.imports.rows(it.id, "unread")
        samples = [
            "、".join(filter(None, (_cell(row, place) for row in sample[:SAMPLE])))
            for place in range(len(it.headings))
        ]
        return render_template(
            "hr_console/import_columns.html",
            it=it,
            columns=list(zip(it.headings, samples, chosen, strict=True)),
            fields=FIELDS[it.kind],
            for_all=FOR_ALL[it.kind],
            labels=LABELS,
            defaults=defaults,
            problems=problems,
            remembered=self._remembered(it) is not None,
            apart=self._apart(it),
        )

    def _rows_page(self, it: Import, leaver_problem: str = "", ticked: Sequence[int] = ()) -> str:
        counts = self._staff.imports.counts(it.id)
        totals = {found: sum(n for (each, _), n in counts.items() if each == found) for found in FOUND}
        asked = "leaver" if leaver_problem else request.args.get("show", "")
        show = asked if asked in FOUND else next((each for each in FOUND if totals[each]), "new")
        text = request.args.get("page", "1")
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 1
        rows, total = self._staff.imports.rows(it.id, cast("Found", show), number)
        done_, whole = _progress(it, counts)
        return render_template(
            "hr_console/import_rows.html",
            it=it,
            running=it.state in RUNNING,
            done=done_,
            total=whole,
            states=STATES,
            kinds=KINDS,
            found=FOUND,
            totals=totals,
            ready=_count(counts, "ready", ("new", "changed", "leaver")),
            applied=_count(counts, "applied"),
            kept=_count(counts, "kept"),
            undone=_count(counts, "undone"),
            show=show,
            rows=rows,
            page=number,
            pages=max(1, -(-total // A_PAGE)),
            labels=LABELS,
            cell=_cell,
            told=lambda problem: problem_text(problem, self._staff.say),
            shown=lambda name, value: shown(name, value, self._staff.place, self._staff.say),
            leaver_problem=leaver_problem,
            ticked=ticked,
            left_on=request.form.get("left_on", ""),
            apart=self._apart(it),
        )

    def _back(self, it: Import, row: int | None = None) -> ResponseReturnValue:
        """To the list and the page of it where the form stood."""
        show, page = request.form.get("show", ""), request.form.get("page", "1")
        address = url_for(
            ".import_page",
            id=it.id,
            show=show if show in FOUND else None,
            page=page if page.isdecimal() else None,
            _anchor=None if row is None else f"row-{row}",
        )
        return redirect(address, 303)

    def _apart(self, it: Import) -> str:
        """About how many rows were set apart when the sheet came; empty where none was."""
        if it.apart >= LEAST:
            return self._staff.say(APART, count=str(it.apart))
        return self._staff.say(FEW_APART) if it.apart else ""

    # What was chosen

    def _there(self, id: UUID) -> Import:
        found = self._staff.imports.get(str(id))
        if found is None:
            abort(404)
        return found

    def _remembered(self, it: Import) -> Mapping[str, int] | None:
        return self._staff.imports.remembered(it.kind, it.headings)

    def _wrong_columns(
        self, kind: ImportKind, chosen: Sequence[str], defaults: Mapping[str, str]
    ) -> dict[str, str]:
        """What is wrong with the choice of columns, by field."""
        say, problems = self._staff.say, {}
        for name in FIELDS[kind]:
            label = say(LABELS[name])
            if chosen.count(name) > 1:
                problems[name] = say(TWICE, field=label)
            elif name in NEEDED[kind] and name not in chosen and name not in defaults:
                problems[name] = say(MISSING_FOR_ALL if name in FOR_ALL[kind] else MISSING, field=label)
        read = FieldReader(self._staff.library.divisions.find).read(defaults)
        return problems | self._staff.worded(read.problems)


def _chosen(it: Import, remembered: Mapping[str, int] | None) -> list[str]:
    """For each column the field that was chosen, was chosen the last time, or is said by the heading."""
    columns = it.columns or remembered or guess(it.kind, it.headings)
    named = {place: name for name, place in columns.items()}
    return [named.get(place, "") for place in range(len(it.headings))]


def _progress(it: Import, counts: Counts) -> tuple[int, int]:
    """How many rows are done of what runs, and of how many."""
    if it.state == "checking":
        waiting = _count(counts, "waiting")
        return sum(counts.values()) - waiting, sum(counts.values())
    if it.state == "undoing":
        back = _count(counts, "undone") + _count(counts, "kept")
        return back, back + _count(counts, "applied")
    applied = _count(counts, "applied")
    return applied, applied + _count(counts, "ready", ("new", "changed", "leaver"))


def _count(counts: Counts, step: str, found: Sequence[str] = get_args(Found)) -> int:
    return sum(number for (each, at), number in counts.items() if at == step and each in found)


def _cell(row: ImportRow, place: int) -> str:
    return row.cells[place] if place < len(row.cells) else ""
