"""A notice: what it says, frozen when it is issued, and what became of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final, Literal

import rfc8785

from locales import N_

#: 社会保险缴纳告知书, and the monthly statement of 社会保险法 第六十条.
NoticeKind = Literal["notice", "statement"]
KINDS: Final[Mapping[NoticeKind, str]] = {
    "notice": N_("社会保险缴纳告知书"),
    "statement": N_("社会保险费月度缴纳明细"),
}
#: What an employee can answer. None of them ends the duty to insure.
Outcome = Literal["acknowledged", "objected", "refused"]
OUTCOMES: Final[Mapping[Outcome, str]] = {
    "acknowledged": N_("签收"),
    "objected": N_("签收但有异议"),
    "refused": N_("拒绝签收"),
}
#: `silent`: the last day to answer has passed and every way was tried; it can still be read.
#: `superseded`: a later notice takes its place; `withdrawn`: HR took it back before it was answered.
NoticeState = Literal["issued", "acknowledged", "objected", "refused", "silent", "superseded", "withdrawn"]
STATES: Final[Mapping[NoticeState, str]] = {
    "issued": N_("等员工看"),
    "acknowledged": OUTCOMES["acknowledged"],
    "objected": OUTCOMES["objected"],
    "refused": OUTCOMES["refused"],
    "silent": N_("到期没有回应"),
    "superseded": N_("已被新的告知书取代"),
    "withdrawn": N_("已收回"),
}
#: States in which an employee can still answer.
OPEN: Final[tuple[NoticeState, ...]] = ("issued",)
#: States in which an employee can still read a notice and get their copy.
READABLE: Final[tuple[NoticeState, ...]] = ("issued", "silent", "acknowledged", "objected", "refused")


@dataclass(frozen=True)
class Content:
    """What a notice says, as plain data that never changes: the page, the paper and the seal are all made of it.

    `data` is JSON with decimal strings for amounts; its shape is that of `notices.drafting.draft`. The dibao of a
    household is never in it.
    """

    data: Mapping[str, Any] = field(repr=False)

    @cached_property
    def canonical(self) -> bytes:
        """The data as canonical JSON (RFC 8785)."""
        return rfc8785.dumps(dict(self.data))

    @cached_property
    def sha256(self) -> str:
        """What names this content: the page sends it back with the answer, the chain and the paper hold it."""
        return hashlib.sha256(self.canonical).hexdigest()


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as it stands. `due_on` is the last day to answer; `tells_dibao`: the employee's own words tell of their
    household's dibao, so that only whoever may see that reads them, with a reason."""

    id: str
    number: str
    employee: str
    kind: NoticeKind
    month: date
    state: NoticeState
    content_sha256: str
    issued_at: datetime
    issued_by: str
    due_on: date
    answered_at: datetime | None = None
    supersedes: str | None = None
    superseded_by: str | None = None
    tells_dibao: bool = False
