"""The notices as HR works with them: drafted in batches, sent, followed, kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal, Protocol

from audit.case_chain import CaseLink
from calculator.money import Fen
from locales import N_
from notices.notice import Content, Notice, NoticeKind, NoticeState

#: `drafting` and `issuing` run by themselves; `preview` waits for HR.
BatchState = Literal["drafting", "preview", "issuing", "done", "discarded"]
RUNNING: Final[tuple[BatchState, ...]] = ("drafting", "issuing")
#: `blocked` rows have a reason and are not issued; `left_out` ones HR took out.
RowState = Literal["waiting", "ready", "blocked", "left_out", "issued"]
#: Why no notice can be drafted for somebody.
Blocked = Literal[
    "no_wage",
    "no_region",
    "unknown_region",
    "not_employed",  # not somebody whom the employer must insure
    "not_insured_yet",  # a monthly statement of somebody who is not insured
    "incomplete",  # a line without a figure on record: HR enters it, with where it stands
    "glyph",  # a name with a character that cannot be printed
    "same",  # there is one of the same kind and month with the same content
    "exists",  # there is one with another content: a correction is to take its place
    "no_company",  # the company's name is not set
    "left",
]
BLOCKED: Final[Mapping[Blocked, str]] = {
    "no_wage": N_("花名册里没有工资"),
    "no_region": N_("没有写参保地"),
    "unknown_region": N_("政策库里没有这个参保地"),
    "not_employed": N_("用工形式要先核实，再看要不要参保"),
    "not_insured_yet": N_("还没有参保，发不了缴费明细"),
    "incomplete": N_("有险种没有可靠的数，请先填上并写明出处"),
    "glyph": N_("姓名里有打印不出来的字"),
    "same": N_("这个月已经发过一样的"),
    "exists": N_("这个月已经发过；数变了，请发更正"),
    "no_company": N_("还没有填单位名称"),
    "left": N_("已离职"),
}
#: What can be uploaded to a case, beside what the program itself keeps there.
Upload = Literal["signed_paper", "witness_form", "post_receipt"]
UPLOADS: Final[Mapping[Upload, str]] = {
    "signed_paper": N_("本人签过字的纸质件"),
    "witness_form": N_("两个见证人的见证单"),
    "post_receipt": N_("邮寄的收据、回执"),
}
#: What is done on paper.
PaperStep = Literal["printed", "posted", "handed_over", "witnessed"]
#: Rows of a page.
A_PAGE: Final = 50
#: Rows that are worked on in one transaction.
BATCH: Final = 50


@dataclass(frozen=True, slots=True)
class EnteredFigure:
    """A figure that HR entered for a line on which nothing is on record: monthly amounts of both sides, and where it stands."""

    region: str
    insurance: str
    employee: Fen
    employer: Fen
    source: str


@dataclass(frozen=True, slots=True)
class YearlyCharge:
    """A charge once a year (for instance 大额医疗互助): in which month it is taken, of whom, and where that stands."""

    region: str
    name: str
    month: int
    employee: Fen
    employer: Fen
    source: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be issued. `employees` are ids in order; `note` is what HR adds, shown as HR's words."""

    kind: NoticeKind
    month: date
    due_on: date
    employees: tuple[str, ...]
    corrects: bool = False
    why: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch, how far it is, and its counts by state."""

    id: str
    plan: Plan
    state: BatchState
    made_by: str
    made_at: datetime
    counts: Mapping[RowState, int]

    @property
    def total(self) -> int:
        """How many rows there are."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class BatchRow:
    """Somebody in a batch. `detail` names the lines or the character of a blocked one."""

    employee: str
    name: str = field(repr=False)
    number: str = field(repr=False)
    state: RowState
    why: Blocked | None = None
    detail: str = ""
    content: Content | None = field(default=None, repr=False)
    notice: str | None = None


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why rows of a batch are blocked, and how many. For `incomplete` it says of which region and for which insurance
    (`pension`, …; a row that lacks several counts in each); both are empty for other reasons."""

    why: Blocked
    count: int
    region: str = ""
    insurance: str = ""


@dataclass(frozen=True, slots=True)
class NoticeSearch:
    """What a list is narrowed to. `late`: the last day has passed, and nobody has answered (`issued` or `silent`)."""

    state: NoticeState | Literal["late", ""] = ""
    kind: NoticeKind | Literal[""] = ""
    month: date | None = None
    employee: str = ""
    batch: str = ""


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A notice in a list, with whose it is and the last thing that happened."""

    notice: Notice
    name: str = field(repr=False)
    employee_number: str = field(repr=False)
    last_event: str = ""
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NoticePage:
    """A page, counted from 1, and how many there are on all pages."""

    lines: tuple[NoticeLine, ...]
    total: int
    page: int


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of a case: the sealed PDF, the scan of the confirmation that held when it was issued, other scans, a receipt of
    the post. `sha256` is that of the file itself; `masked`: it tells of dibao, so that it takes a reason to see it."""

    id: str
    kind: Literal["sealed", "confirmation", "supplement"] | Upload
    name: str
    sha256: str
    size: int
    at: datetime
    by: str = ""
    masked: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold: erasure pauses for the case while it lasts."""

    id: str
    by: str
    at: datetime
    reason: str = field(repr=False)
    lifted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the employee answered in their own words. `statement` is None where it tells of dibao and whoever asks may not
    read that, or has not said why they need to."""

    lines: tuple[str, ...]
    statement: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class NoticeCase:
    """Everything about one notice: what it says, what happened, the files. `events` are the whole chain, in order; the values
    that they commit to are in them as far as whoever asks may read them, never codes, links or strokes.

    `seal` is how file and chain were found when the case was opened: `code` (the short code), `self_made` (the certificate is
    the company's own), `chain` (None where it is whole, else `audit.case_chain.Why`), `file` (whether the sealed file still
    has the hash of the chain). What was not looked at is not in it.
    """

    notice: Notice
    content: Content
    events: tuple[CaseLink, ...]
    files: tuple[KeptFile, ...]
    spoken: Spoken | None
    holds: tuple[Hold, ...] = ()
    batch: str = ""
    seal: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A case as a file to take to arbitration."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SealHealth:
    """How the sealing stands: until when the certificate is good (None: there is none), whether it is the company's own,
    whether a time-stamp service is set, how many answers wait for their seal or for a time stamp, and when the last
    self-audit ran and what it found wrong."""

    certificate_until: date | None = None
    self_made: bool = True
    timestamp: bool = False
    waiting: int = 0
    audited_at: datetime | None = None
    audit_wrong: int = 0


class NoticeTaken(Exception):
    """It was answered, or another has taken its place, in the meantime."""


class NoticeBook(Protocol):
    """The notices. `by` is who acts, as the log names them; every act and every look at a case is logged with it."""

    def begin(self, plan: Plan, by: str) -> str:
        """Begins a batch, whose drafts are made by a job; its id."""

    def batches(self, limit: int = 20) -> tuple[Batch, ...]:
        """The latest batches."""

    def batch(self, id: str) -> Batch | None:
        """A batch."""

    def rows(self, id: str, state: RowState | None = None, page: int = 1) -> tuple[BatchRow, ...]:
        """A page of a batch, without contents."""

    def row(self, id: str, employee: str) -> BatchRow | None:
        """One row with its draft."""

    def hindrances(self, id: str) -> tuple[Hindrance, ...]:
        """Why rows of a batch are blocked, the most frequent first."""

    def leave_out(self, id: str, employee: str, out: bool, by: str) -> None:
        """Takes somebody out of a batch that is looked at, or back in."""

    def draft_again(self, id: str, by: str) -> None:
        """Drafts what was blocked anew: a figure was entered, or the roster mended."""

    def issue(self, id: str, by: str) -> None:
        """Has a batch issued by a job: every row that is ready, once."""

    def discard(self, id: str, by: str) -> None:
        """Throws a batch away that was not issued."""

    def standing(self, kind: NoticeKind, month: date) -> frozenset[str]:
        """Who has a notice of a kind and month that was neither taken back nor replaced; by employee."""

    def find(self, search: NoticeSearch, page: int = 1) -> NoticePage:
        """A list, the latest first."""

    def counts(self) -> Mapping[NoticeState, int]:
        """How many there are in each state."""

    def open(self, id: str, by: str, why_unmasked: str = "", *, may_dibao: bool = False) -> NoticeCase | None:
        """A case, and that it was looked at is logged. With a reason, and the right to see dibao, nothing is masked."""

    def file(
        self, id: str, file: str, by: str, why_unmasked: str = "", *, may_dibao: bool = False
    ) -> bytes | None:
        """A file of a case; None for one that may not be seen."""

    def bundle(self, id: str, by: str, why_unmasked: str = "", *, may_dibao: bool = False) -> Bundle | None:
        """The evidence of a case as one file (`notices.bundle`). That it was taken out is an event of the chain."""

    def of_task(self, number: str) -> str | None:
        """The notice that a case of the inbox is about; None for any other case."""

    def health(self) -> SealHealth:
        """How the sealing stands."""

    def withdraw(self, id: str, why: str, by: str) -> None:
        """Takes a notice back that nobody has answered. Raises `NoticeTaken`."""

    def send_again(self, id: str, by: str) -> None:
        """Sends the employee a new link; the one before no longer works. Raises `NoticeTaken`."""

    def add_file(self, id: str, kind: Upload, name: str, data: bytes, by: str) -> None:
        """Keeps a scan or a receipt with a case and hashes it into the chain."""

    def note_step(
        self,
        id: str,
        step: PaperStep,
        details: Mapping[str, str],
        by: str,
    ) -> None:
        """Writes down what was done on paper: the `number` of the post, the `names` of two witnesses."""

    def hold(self, id: str, why: str, by: str) -> None:
        """Puts a case on legal hold; the employee is told."""

    def lift(self, id: str, hold: str, why: str, by: str) -> None:
        """Ends a hold."""

    def confirm(self, employee: str, signed_on: date, name: str, scan: bytes, by: str) -> None:
        """Keeps the scan of the signed 电子送达与电子签名确认书."""

    def confirmed(self, employees: Sequence[str]) -> Mapping[str, date]:
        """Who has signed it, and when."""

    def figures(self) -> tuple[EnteredFigure, ...]:
        """The figures that HR entered."""

    def enter_figure(self, figure: EnteredFigure, by: str) -> None:
        """Enters one, in the place of an earlier one for the same region and insurance."""

    def charges(self) -> tuple[YearlyCharge, ...]:
        """The charges once a year."""

    def set_charge(self, charge: YearlyCharge, by: str) -> None:
        """Sets one, in the place of an earlier one of the same region and name."""

    def remove_charge(self, region: str, name: str, by: str) -> None:
        """Takes one away."""
