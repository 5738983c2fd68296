"""What is kept of an employee beside the roster: months of pay, changes of the base, consents, dibao status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Literal, Protocol

from calculator.money import Fen
from locales import N_

#: What somebody agreed to; each purpose is agreed to by itself.
Purpose = Literal["dibao_status", "civil_affairs"]
PURPOSES: Final[Mapping[Purpose, str]] = {
    "dibao_status": N_("记下本人说的低保状态和家里的情况"),
    "civil_affairs": N_("向民政部门查询本人的低保状态"),
}
#: How a consent was given.
ConsentHow = Literal["chat", "page", "paper"]
CONSENT_HOW: Final[Mapping[ConsentHow, str]] = {
    "chat": N_("在聊天里点头"),
    "page": N_("在“我这里留了什么”那页点头"),
    "paper": N_("签了纸质同意书"),
}
#: How it was taken back.
WithdrawnHow = Literal["chat", "page", "told_hr"]
WITHDRAWN_HOW: Final[Mapping[WithdrawnHow, str]] = {
    "chat": N_("在聊天里收回"),
    "page": N_("在“我这里留了什么”那页收回"),
    "told_hr": N_("告诉人事收回"),
}
DibaoState = Literal["receiving", "applying", "suspended", "ended", "none"]
DIBAO_STATES: Final[Mapping[DibaoState, str]] = {
    "receiving": N_("在领"),
    "applying": N_("申请中"),
    "suspended": N_("暂停"),
    "ended": N_("终止"),
    "none": N_("没有领"),
}
#: Who said so.
DibaoSource = Literal["told_assistant", "told_hr", "paper", "civil_affairs"]
DIBAO_SOURCES: Final[Mapping[DibaoSource, str]] = {
    "told_assistant": N_("本人告诉助手"),
    "told_hr": N_("本人告诉人事"),
    "paper": N_("本人给看的证件"),
    "civil_affairs": N_("民政部门的系统"),
}


@dataclass(frozen=True, slots=True)
class PayMonth:
    """One month: gross wage, the base that was declared, whether contributions were paid, and the own share withheld.

    `paid` is None where nobody knows. `base` and `own_share` are None where nothing was declared or withheld.
    """

    month: date
    wage: Fen = field(repr=False)
    base: Fen | None = field(default=None, repr=False)
    paid: bool | None = field(default=None, repr=False)
    own_share: Fen | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A change of the contribution base: from which month, from what to what, why, and who decided it."""

    month: date
    before: Fen | None = field(repr=False)
    after: Fen = field(repr=False)
    why: str = field(repr=False)
    decided_by: str = field(repr=False)
    recorded_by: str = ""
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """What somebody agreed to, and until when it held.

    `withdrawn_how` is None where it was not taken back, and where that was before it was written down how.
    """

    id: str
    purpose: Purpose
    how: ConsentHow
    given_at: datetime
    withdrawn_at: datetime | None = None
    withdrawn_how: WithdrawnHow | None = None

    @property
    def holds(self) -> bool:
        """Whether it was not taken back."""
        return self.withdrawn_at is None


@dataclass(frozen=True, slots=True)
class DibaoStatus:
    """What somebody told about their household's dibao, since when it is so, and who wrote it down when."""

    status: DibaoState = field(repr=False)
    since: date = field(repr=False)
    source: DibaoSource
    recorded_by: str = ""
    recorded_at: datetime | None = None


class NoConsent(Exception):
    """The employee has not agreed to this, or no longer does."""


class Records(Protocol):
    """What is kept of an employee. `by` is who acts, as the log names them; every act is logged with it."""

    def pay_months(self, employee: str) -> tuple[PayMonth, ...]:
        """The months that are on record, the oldest first."""

    def adjustments(self, employee: str) -> tuple[Adjustment, ...]:
        """Changes of the base, in the order in which they were written down."""

    def adjust(self, employee: str, adjustment: Adjustment, by: str) -> None:
        """Writes a change of the base down."""

    def consents(self, employee: str) -> tuple[Consent, ...]:
        """What the employee agreed to, the oldest first; also what was taken back."""

    def agree(self, employee: str, purpose: Purpose, how: ConsentHow, by: str) -> None:
        """The employee agrees; nothing changes where it is agreed to already."""

    def withdraw(self, employee: str, purpose: Purpose, how: WithdrawnHow, by: str) -> None:
        """The employee takes it back. What was kept for the purpose is erased."""

    def dibao(self, employee: str, by: str) -> Sequence[DibaoStatus]:
        """Every status, the oldest first. That it was read is logged. Raises `NoConsent`."""

    def tell_dibao(self, employee: str, status: DibaoStatus, by: str) -> None:
        """Adds a status; earlier ones stay. Raises `NoConsent`."""
