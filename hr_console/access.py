"""Who may open which page: one table. A page that does not stand in it is closed to everybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from people.accounts import Account, Permission

#: `anyone` needs no sign-in, `signed_in` no permission of its own.
Need = Permission | Literal["anyone", "signed_in"]

#: By endpoint, without the blueprint's name.
NEEDS: Final[Mapping[str, Need]] = {
    "static": "anyone",
    "sign_in": "anyone",
    "home": "signed_in",
    # dashboard
    "dashboard": "dashboard",
    "dashboard_file": "dashboard",
    "dashboard_questions": "dashboard",
    "dashboard_uninsured": "roster",
    "dashboard_bases": "roster",
    "dashboard_dibao": "dibao",
    # the inbox
    "inbox": "inbox",
    "inbox_changes": "inbox",
    "inbox_search": "inbox",
    "inbox_many": "inbox",
    "inbox_undo": "inbox",
    "case": "inbox",
    "case_take": "inbox",
    "case_take_over": "inbox",
    "case_release": "inbox",
    "case_snooze": "inbox",
    "case_finish": "inbox",
    "case_reopen": "inbox",
    "case_say": "inbox",
    "case_again": "inbox",
    "case_insert": "inbox",
    "case_note": "inbox",
    # roster: the list, an employee's page
    "roster": "roster",
    "roster_find": "roster",
    "roster_export": "roster_edit",
    "employee_new": "roster_edit",
    "employee": "roster",
    "employee_correct": "roster_edit",
    "employee_insure": "roster_edit",
    "employee_leave": "roster_edit",
    "employee_rejoin": "roster_edit",
    "employee_erase": "roster_edit",
    "employee_adjust": "roster_edit",
    "employee_unbind": "roster",
    "employee_code": "roster",
    "employee_dibao": "dibao",
    "employee_dibao_tell": "dibao",
    "employee_consent": "dibao",
    # roster: codes on paper
    "codes": "roster",
    "codes_print": "roster",
    "poster": "roster",
    # roster: imports
    "imports": "roster_edit",
    "import_upload": "roster_edit",
    "import_page": "roster_edit",
    "import_progress": "roster_edit",
    "import_choose": "roster_edit",
    "import_mend": "roster_edit",
    "import_leave_out": "roster_edit",
    "import_leavers": "roster_edit",
    "import_start": "roster_edit",
    "import_discard": "roster_edit",
    # company
    "company": "company",
    "company_entity": "company",
    "company_account": "company",
    "company_account_remove": "company",
    "company_seal": "company",
    "company_seal_picture": "company",
    # Service times.
    "service": "company",
    "service_hours": "company",
    "service_targets": "company",
    "service_day": "company",
    "service_day_remove": "company",
    "service_mail": "company",
    "service_mail_test": "company",
}


def allowed(endpoint: str, account: Account | None) -> bool:
    """Whether somebody may open a page; `account` is None where nobody is signed in."""
    need = NEEDS.get(endpoint)
    if need is None:
        return False
    if need == "anyone":
        return True
    if account is None:
        return False
    return need == "signed_in" or account.may(need)
