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
    # the inbox
    "inbox": "cases",
    "inbox_changes": "cases",
    "inbox_search": "cases",
    "inbox_many": "cases",
    "inbox_undo": "cases",
    "case": "cases",
    "case_take": "cases",
    "case_take_over": "cases",
    "case_release": "cases",
    "case_snooze": "cases",
    "case_finish": "cases",
    "case_reopen": "cases",
    "case_say": "cases",
    "case_again": "cases",
    "case_insert": "cases",
    "case_note": "cases",
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
