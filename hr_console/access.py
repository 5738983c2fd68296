"""Who may open which page: one table. A page that does not stand in it is closed to everybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from people.accounts import Account, Permission

#: `anyone` needs no sign-in, `half_way` the password of a sign-in that is not complete, `signed_in` no permission of its own.
Need = Permission | Literal["anyone", "half_way", "signed_in"]

#: By endpoint, without the blueprint's name.
NEEDS: Final[Mapping[str, Need]] = {
    "static": "anyone",
    "home": "signed_in",
    # The door.
    "sign_in": "anyone",
    "sign_in_send": "anyone",
    "sign_in_code": "half_way",
    "sign_in_code_send": "half_way",
    "sign_in_set_up": "half_way",
    "sign_in_set_up_send": "half_way",
    "invitation": "anyone",
    "invitation_accept": "anyone",
    "provider_start": "anyone",
    "provider_back": "anyone",
    "sign_out": "signed_in",
    # One's own account.
    "own": "signed_in",
    "own_language": "signed_in",
    "own_password": "signed_in",
    "own_factor": "signed_in",
    "own_factor_send": "signed_in",
    "own_sessions_end": "signed_in",
    # People and roles.
    "accounts": "accounts",
    "account_new": "accounts",
    "account_add": "accounts",
    "account": "accounts",
    "account_person": "accounts",
    "account_roles": "accounts",
    "account_act": "accounts",
    # dashboard
    "dashboard": "dashboard",
    "dashboard_file": "dashboard",
    "dashboard_questions": "dashboard",
    "dashboard_uninsured": "roster",
    "dashboard_cost": "roster",
    "dashboard_bases": "roster",
    "dashboard_dibao": "dibao",
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
    # profiles, what follows from a change, and what it costs
    "employee_profile": "roster",
    "employee_money": "roster",
    "employee_money_paper": "roster",
    "money": "roster",
    "money_paper": "roster",
    "strategies": "inbox",
    "strategy": "inbox",
    "strategy_prepare": "inbox",
    "strategy_approve": "inbox",
    "strategy_send_back": "inbox",
    "strategy_check": "inbox",
    "strategy_settle": "inbox",
    "strategy_decide": "inbox",
    "strategy_reason": "inbox",
    "strategy_explain": "inbox",
    "strategy_explained": "inbox",
    "strategy_rules": "company",
    "strategy_rules_set": "company",
    "strategy_rules_catch_up": "company",
    "strategy_rules_remove": "company",
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
    # passes over every profile after a change of the library
    "passes": "inbox",
    "pass": "inbox",
    "pass_progress": "inbox",
    "pass_tell": "inbox",
    "pass_tell_all": "inbox",
    "pass_notices": "notices_issue",
    "pass_notices_begin": "notices_issue",
    # declarations
    "declarations": "roster_edit",
    "declaration_draft": "roster_edit",
    "declaration": "roster_edit",
    "declaration_file": "roster_edit",
    "declaration_submit": "roster_edit",
    "declaration_approve": "roster_edit",
    "declaration_return": "roster_edit",
    "declaration_withdraw": "roster_edit",
    "declaration_again": "roster_edit",
    "declaration_answers": "roster_edit",
    "portal": "roster_edit",
    "portal_blank": "roster_edit",
    "portal_columns": "roster_edit",
    "portal_file": "roster_edit",
    "portal_receipt": "roster_edit",
    "portal_told": "roster_edit",
    "portal_take": "roster_edit",
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
    # What is sent abroad.
    "abroad": "company",
    "abroad_record": "company",
    "abroad_withdraw": "company",
    # Connections to outside systems
    "connections": "company",
    "connection_ask": "company",
    # The policy desk
    "policy": "policy",
    "policy_due": "policy",
    "policy_regions": "policy",
    "policy_rules": "policy",
    "policy_changes": "policy",
    "policy_change": "policy",
    "policy_figure": "policy_edit",
    "policy_import": "policy_edit",
    "policy_lines": "policy_edit",
    "policy_rule": "policy_edit",
    "policy_edit": "policy_edit",
    "policy_try": "policy_edit",
    "policy_submit": "policy_edit",
    "policy_withdraw": "policy_edit",
    "policy_try_again": "policy_review",
    "policy_return": "policy_review",
    "policy_approve": "policy_review",
    "policy_schedule": "policy_review",
    "policy_publish": "policy_review",
    "policy_take_back": "policy_review",
    "policy_tell": "policy_review",
    "policy_people": "dibao",
    # notices: the list, a batch, what HR enters
    "notices": "notices",
    "notices_find": "notices",
    "notice_new": "notices_issue",
    "notice_begin": "notices_issue",
    "notice_day": "notices_issue",
    "notice_batch": "notices_issue",
    "notice_progress": "notices_issue",
    "notice_draft": "notices_issue",
    "notice_draft_paper": "notices_issue",
    "notice_look_up": "notices_issue",
    "notice_leave_out": "notices_issue",
    "notice_draft_again": "notices_issue",
    "notice_go_on": "notices_issue",
    "notice_issue": "notices_issue",
    "notice_discard": "notices_issue",
    "notice_figures": "notices_issue",
    "notice_figure": "notices_issue",
    "notice_charge": "notices_issue",
    "notice_charge_remove": "notices_issue",
    # notices: one case
    "notice": "notices",
    "notice_sheet": "notices",
    "notice_file": "notices",
    "notice_unmask": "dibao",
    "notice_file_unmask": "dibao",
    "notice_bundle": "notices",
    "notice_print": "notices",
    "notice_step": "notices",
    "notice_upload": "notices",
    "notice_again": "notices",
    "notice_insure": "roster_edit",
    "notice_withdraw": "notices_issue",
    "notice_hold": "notices_issue",
    "notice_lift": "notices_issue",
    # notices: the confirmation on paper
    "confirmations": "notices",
    "confirmations_print": "notices",
    "employee_confirm": "notices",
    # log
    "log": "audit",
    "log_search": "audit",
    "log_event": "audit",
    "log_check": "audit",
    "log_export": "audit",
    # the inbox
    "inbox": "cases",
    "inbox_changes": "cases",
    "inbox_search": "cases",
    "inbox_many": "cases",
    "inbox_undo": "cases",
    "case": "cases",
    "case_take": "cases",
    "case_take_over": "cases",
    "case_assign": "cases",
    "case_release": "cases",
    "case_snooze": "cases",
    "case_finish": "cases",
    "case_reopen": "cases",
    "case_say": "cases",
    "case_again": "cases",
    "case_insert": "cases",
    "case_note": "cases",
    # what did not arrive
    "undelivered": "inbox",
    "undelivered_again": "inbox",
    "undelivered_give_up": "inbox",
    "undelivered_take_back": "inbox",
}


def allowed(endpoint: str, account: Account | None, *, half_way: bool = False) -> bool:
    """Whether somebody may open a page; `account` is None where nobody is signed in, `half_way` once the password was
    right."""
    need = NEEDS.get(endpoint)
    if need is None:
        return False
    if need == "anyone":
        return True
    if need == "half_way":
        return half_way
    if account is None:
        return False
    return need == "signed_in" or account.may(need)
