"""Notices and their forms on paper, drawn by `documents`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from documents.rendering import render
from notices.notice import Content
from people.employees import Employee
from people.entities import Companies, LegalEntity

#: Bytes of data of as many confirmations as are printed at once.
LARGEST_DATA: Final = 2_000_000
NOTICE: Final = "contribution_notice"
WITNESSES: Final = "witness_form"
CONFIRMATION: Final = "delivery_confirmation"


def _drawn(template: str, data: Mapping[str, Any]) -> bytes:
    return render(template, data, largest=LARGEST_DATA)


@dataclass(frozen=True)
class PrintedPapers:
    """Papers as `hr_console.notice_desk.Papers` asks for them. `draw` makes a PDF of a template and its data."""

    companies: Companies
    today: Callable[[], date]
    draw: Callable[[str, Mapping[str, Any]], bytes] = field(default=_drawn)

    def draft(self, content: Content) -> bytes:
        """A notice, marked as a draft."""
        return self.draw(NOTICE, {**content.data, "draft": True, "paper": False})

    def notice(self, content: Content) -> bytes:
        """A notice with a place to sign on."""
        return self.draw(NOTICE, {**content.data, "draft": False, "paper": True})

    def witness_form(self, content: Content) -> bytes:
        """What two witnesses sign."""
        return self.draw(WITNESSES, dict(content.data))

    def confirmations(self, people: Sequence[Employee]) -> bytes:
        """The confirmation of each, a sheet apiece."""
        entity = next(iter(self.companies.entities()), None)
        return self.draw(
            CONFIRMATION,
            {
                "on": self.today().isoformat(),
                "company": _company(entity),
                "sheets": [_sheet(each) for each in people],
            },
        )


def _company(entity: LegalEntity | None) -> dict[str, str]:
    if entity is None:
        return {"name": "", "credit_code": ""}
    return {"name": entity.name, "credit_code": entity.credit_code}


def _sheet(employee: Employee) -> dict[str, str]:
    """Who signs. The form says the phone and the accounts that it is agreed for."""
    return {
        "name": employee.name,
        "number": employee.number,
        "department": employee.department,
        "id_tail": employee.id_number[-4:],
        "phone": employee.phone,
        "mail": employee.mail,
    }
