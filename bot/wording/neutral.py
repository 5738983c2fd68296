"""Which replies are about nobody: those alone may be said where an employee's own affairs may not, such as abroad.

What is not named here is about somebody. A figure makes a sentence one about somebody too, and so does a question that only
makes sense to a household that draws dibao.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bot.dialogue.steps import Ask, HandOff, Part, Quoted, Sign, Step

#: Questions that tell how a household stands with dibao, or that are answered with it.
SENSITIVE: Final = (
    "on_book",
    "household_size",
    "other_income",
    "dibao_status",
    "standard_monthly",
    "received_monthly",
)
#: Templates that say the same to everybody, whatever they told.
NEUTRAL: Final = frozenset(
    f"{file}.{name}"
    for file, names in {
        "ask": (
            "wage wage_again region region_again dibao_region dibao_region_again area area_again "
            "confirm_again confirm_erase share_scope_empty choice choice_again month month_again"
        ),
        "binding": (
            "how bound not_me unknown used expired too_many other none stays unbound"  # of the account, not of whose it is
        ),
        "dibao": "law begin figures_changed tap_again",
        "duty": "way",
        "hr": "urgent sent not_sent",
        "money": "begin outside",
        "notices": "waiting again waits see none",
        "offer": (
            "dibao_impact contributions duty hr privacy ask_dibao_impact ask_dibao_standard ask_dibao_eligibility "
            "ask_dibao_suspended_or_revoked ask_contribution_base ask_contribution_rate ask_contribution_amount "
            "ask_is_it_mandatory refuse_contribution ask_waiver_validity ask_late_fee_penalty ask_arrears_makeup "
            "ask_transfer ask_pension_benefit ask_medical_benefit ask_unemployment_benefit ask_work_injury ask_maternity "
            "ask_housing_fund ask_how_to_sign_notice ask_privacy start_calculator talk_to_hr complaint_hr "
            "report_income_change report_dibao_status_change"
        ),
        "pay": "bind tap_without",
        "privacy": "six tap_show tap_erase nothing_kept kept_lines correct erased not_erased",
        "rating": "ask yes no skip thanks skipped unsolved tap_again tap_other tap_leave again left",
        "talk": (
            "welcome hello_again thanks goodbye fine nothing_to_deny help out_of_scope no_clause not_understood "
            "not_understood_twice same_again cancelled nothing_to_cancel restarted stepped_back nowhere_back resumed "
            "still_open photo voice unsupported edited hr continue calculate something_else"
        ),
    }.items()
    for name in names.split()
)


def is_neutral(step: Step) -> bool:
    """Whether nothing of what the step says is about the employee."""
    if isinstance(step, Sign):
        return True
    if isinstance(step, HandOff):
        return _all(step.parts)
    if isinstance(step, Ask):
        titles = (tap.title for tap in (*(step.taps or ()), *step.more))
        question = Part(f"ask.{step.question}{'_' + step.variant if step.variant else ''}", step.figures)
        return step.question not in SENSITIVE and _all((*step.before, question, *titles))
    return step.result_of is None and _all((*step.parts, *(tap.title for tap in step.taps)))


def _all(said: Iterable[Part | Quoted]) -> bool:
    return all(
        each.general if isinstance(each, Quoted) else each.key in NEUTRAL and not each.figures
        for each in said
    )
