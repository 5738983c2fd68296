"""Binding codes on paper: for one employee, for a department or for everybody; and the poster for the wall.

Codes go to everyone or to a department, never to a list that would tell something about those on it. A code is shown once,
where it is made; nobody can look one up.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, Final

import segno
from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from documents.rendering import MissingGlyph, render
from hr_console.console import Entry, actor, locale
from hr_console.personnel import Personnel
from locales import N_
from people.bindings import LIFE, shown
from people.employees import Employee, RosterLine, RosterSearch

#: Sheets of one print: more are printed by department.
MOST_SHEETS: Final = 1000
#: Bytes of data of so many sheets, their pictures included.
LARGEST_DATA: Final = 8_000_000

SENTENCE: Final = N_("公司给每位员工一个码。绑上以后，你的通知发到自己的聊天里，社保的事也能随时问。")
STEPS: Final = (
    N_("用手机扫方块；扫不了，就在聊天里把这个码发给助手。"),
    N_("它问“你是某某吗”，是就点“是”。"),
    N_("码只能用一次，只给你本人；过了日子找人事换。"),
)
UNTIL: Final = N_("{day} 前有效")
POSTER: Final = N_("社保的事，扫一扫就能问，不用说你是谁。")
NOBODY: Final = N_("没有要印的人。")
TOO_MANY: Final = N_("一次最多印 {most} 张，请分部门印。")
#: What stands where no font has a character of a name.
_NO_GLYPH: Final = "〓"


class Sheets:
    """Codes as pictures and on paper."""

    def __init__(self, personnel: Personnel) -> None:
        self._staff = personnel

    def page(self, employee: Employee, code: str) -> str:
        """One employee's new code on the screen, to be shown or printed."""
        picture = base64.b64encode(_picture(self.link(code)).encode()).decode()
        return render_template(
            "hr_console/code.html",
            employee=employee,
            code=shown(code),
            picture=f"data:image/svg+xml;base64,{picture}",
            sentence=SENTENCE,
            steps=STEPS,
            until=(self._staff.today() + LIFE).isoformat(),
        )

    def link(self, code: str = "") -> str:
        """Where a picture leads. The code stands behind the #, which a browser tells no server."""
        return f"{self._staff.address}/chat" + (f"#bind={code}" if code else "")

    def print(self, people: Sequence[Employee], codes: Mapping[str, str]) -> bytes:
        """A page for each, as a PDF."""
        say = self._staff.say
        sheets = [
            {
                "name": each.name,
                "number": each.number,
                "department": each.department,
                "code": shown(codes[each.id]),
                "picture": _picture(self.link(codes[each.id])),
            }
            for each in people
        ]
        return self._render(
            "onboarding_sheet",
            {
                "heading": say(N_("绑定你的聊天账号")),
                "sentence": say(SENTENCE),
                "steps": [say(each) for each in STEPS],
                "sheets": sheets,
                "labels": {
                    "number": say(N_("工号")),
                    "code": say(N_("你的码")),
                    "until": say(UNTIL, day=(self._staff.today() + LIFE).isoformat()),
                },
            },
        )

    def poster(self) -> bytes:
        """One sentence and one picture for the wall, as a PDF."""
        say = self._staff.say
        data = {"heading": say(N_("社保助手")), "sentence": say(POSTER), "picture": _picture(self.link())}
        return self._render("wall_poster", {**data, "labels": {}, "address": self.link()})

    def _render(self, template: str, data: Mapping[str, Any]) -> bytes:
        whole = {"locale": locale(self._staff.console), "on": self._staff.today().isoformat(), **data}
        while True:
            try:
                return render(template, whole, largest=LARGEST_DATA)
            except MissingGlyph as error:
                whole["sheets"] = [_without(sheet, error.text) for sheet in whole["sheets"]]


class CodesPage:
    """Printing codes."""

    def __init__(self, personnel: Personnel) -> None:
        self._staff = personnel
        self._sheets = Sheets(personnel)

    @property
    def entries(self) -> Sequence[Entry]:
        """Nothing in the navigation: the list leads here."""
        return ()

    def add_to(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/roster/codes", "codes", self.page)
        blueprint.add_url_rule("/roster/codes", "codes_print", self.print, methods=["POST"])
        blueprint.add_url_rule("/roster/poster.pdf", "poster", self.poster)

    def page(self) -> ResponseReturnValue:
        """For whom codes are to be printed."""
        return self._page("")

    def print(self) -> ResponseReturnValue:
        """New codes for those who are chosen, as one PDF."""
        department = request.form.get("department", "")
        lines = self._staff.roster.everyone(RosterSearch(unbound="bound_too" not in request.form))
        people = [line.employee for line in lines if department in ("", line.employee.department)]
        if not people:
            return self._page(self._staff.say(NOBODY)), 400
        if len(people) > MOST_SHEETS:
            return self._page(self._staff.say(TOO_MANY, most=str(MOST_SHEETS))), 400
        people.sort(key=lambda each: (each.department, each.number))
        codes = self._staff.codes.make([each.id for each in people], actor())
        paper = self._sheets.print([each for each in people if each.id in codes], codes)
        return self._pdf(paper, "codes")

    def poster(self) -> ResponseReturnValue:
        """The poster."""
        return self._pdf(self._sheets.poster(), "poster")

    def _page(self, error: str) -> str:
        lines = self._staff.roster.everyone(RosterSearch())
        return render_template(
            "hr_console/codes.html",
            total=len(lines),
            unbound=sum(not line.bound for line in lines),
            departments=_departments(lines),
            chosen=request.form.get("department", ""),
            error=error,
            days=LIFE.days,
        )

    def _pdf(self, paper: bytes, name: str) -> Response:
        name = f"{name}-{self._staff.today().isoformat()}.pdf"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(paper, mimetype="application/pdf", headers=headers)


def _departments(lines: Sequence[RosterLine]) -> dict[str, int]:
    """How many there are of each department."""
    names = sorted({line.employee.department for line in lines} - {""})
    return {name: sum(line.employee.department == name for line in lines) for name in names}


def _picture(link: str) -> str:
    """A QR code as SVG."""
    made = BytesIO()
    segno.make(link, error="m", micro=False).save(made, kind="svg", border=2, xmldecl=False, unit="")
    return made.getvalue().decode()


def _without(sheet: Mapping[str, str], text: str) -> dict[str, str]:
    """A sheet with a sign in the place of characters that no font has."""
    return {name: value.replace(text, _NO_GLYPH * len(text)) for name, value in sheet.items()}
