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
    "dashboard_cost": "roster",
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
