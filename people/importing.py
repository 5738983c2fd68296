"""A sheet on its way into the roster: what each row would change, what is wrong with it, and how it is taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal, Protocol

from calculator.fields import Problem
from people.records import DibaoState

#: `roster` brings employees, `history` their months of pay and contributions.
ImportKind = Literal["roster", "history"]
#: `mapping`: which column is what is being chosen; `checking`, `applying` and `undoing` run by themselves.
ImportState = Literal["mapping", "checking", "preview", "applying", "done", "undoing", "undone"]
RUNNING: Final[tuple[ImportState, ...]] = ("checking", "applying", "undoing")
#: What comparing a row with the roster gave; `leaver` is an employee whom the sheet does not name.
Found = Literal["unread", "new", "changed", "same", "error", "leaver"]
#: `ready` is applied when the import is, `left_out` is not; `kept` could not be taken back.
Step = Literal["waiting", "ready", "left_out", "applied", "undone", "kept"]
#: Rows of one page of a preview.
A_PAGE: Final = 50
#: Rows that are worked on in one transaction.
BATCH: Final = 250


@dataclass(frozen=True, slots=True)
class Incoming:
    """A row of the sheet as it was uploaded: its number there, its cells as text, and the cells that lost digits.

    `dibao` is what a column that was taken out says; it is set apart until the employee agrees.
    """

    row: int
    cells: tuple[str, ...] = field(repr=False)
    lost: frozenset[int] = frozenset()
    dibao: DibaoState | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Import:
    """An import. `columns` says which column each field comes from; `defaults` what holds for rows without a column.

    `quarantined` are the headings of columns that were taken out, `apart` is how many rows said something in them when the
    sheet came: that number does not follow what becomes of them, since it would tell who agreed.
    """

    id: str
    kind: ImportKind
    state: ImportState
    made_by: str
    made_at: datetime
    file: str = field(repr=False)
    headings: tuple[str, ...] = field(repr=False)
    columns: Mapping[str, int]
    quarantined: tuple[str, ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    apart: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """What a field of somebody would become."""

    name: str
    before: Any = field(repr=False)
    after: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A row, what is wrong with it or what it would change, and how far it is. `whom` is shown beside it."""

    row: int
    found: Found
    step: Step
    cells: tuple[str, ...] = field(repr=False)
    lost: frozenset[int] = frozenset()
    problems: tuple[Problem, ...] = ()
    changes: tuple[Change, ...] = field(default=(), repr=False)
    whom: str = field(default="", repr=False)
    number: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Read:
    """What a row says: values of fields that are not blank, or what is wrong."""

    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    problems: tuple[Problem, ...] = ()


#: Reads a row by the columns of its import.
Reader = Callable[[Import, ImportRow], Read]
#: How many rows there are by what was found and how far they are.
Counts = Mapping[tuple[Found, Step], int]


class Imports(Protocol):
    """The imports. `by` is who acts, as the log names them."""

    def begin(
        self,
        kind: ImportKind,
        file: str,
        headings: Sequence[str],
        rows: Sequence[Incoming],
        quarantined: Sequence[str],
        by: str,
    ) -> str:
        """Keeps a sheet that was uploaded; the import's id."""

    def get(self, id: str) -> Import | None:
        """An import."""

    def recent(self, limit: int = 20) -> tuple[Import, ...]:
        """The newest imports."""

    def remembered(self, kind: ImportKind, headings: Sequence[str]) -> Mapping[str, int] | None:
        """Which column was which field the last time a sheet had these headings."""

    def choose(self, id: str, columns: Mapping[str, int], defaults: Mapping[str, str]) -> None:
        """Says which column is which field, remembers it, and has every row compared anew."""

    def check(self, id: str, read: Reader) -> bool:
        """Compares the next rows with what is there; whether any were left. At the end leavers are suggested."""

    def counts(self, id: str) -> Counts:
        """How many rows there are of each kind."""

    def rows(self, id: str, found: Found, page: int = 1) -> tuple[tuple[ImportRow, ...], int]:
        """Rows of one kind, and how many there are of it."""

    def row(self, id: str, row: int) -> ImportRow | None:
        """One row."""

    def mend(self, id: str, row: int, cells: Mapping[int, str], read: Reader) -> ImportRow:
        """Writes other cells into a row and compares it anew. Raises `KeyError`."""

    def leave_out(self, id: str, row: int, out: bool) -> None:
        """Leaves a row out, or takes it in again."""

    def choose_leavers(self, id: str, rows: Sequence[int], on: date) -> None:
        """Of the employees whom the sheet does not name, those that have left, and when."""

    def start(self, id: str, state: ImportState, by: str) -> bool:
        """Begins to apply or to undo, or gives the choice of columns back; False where the import is elsewhere."""

    def apply(self, id: str) -> bool:
        """Applies the next rows; whether any were left."""

    def undo(self, id: str) -> bool:
        """Takes the last rows back, where nothing has changed since; whether any were left."""

    def unfinished(self) -> tuple[str, ...]:
        """Imports that are to run by themselves."""

    def discard(self, id: str) -> None:
        """Forgets an import that was not applied."""


class Importer:
    """Runs imports to the end of what they are doing. Stopped at any row, it can be run again."""

    def __init__(self, imports: Imports, readers: Mapping[ImportKind, Reader]) -> None:
        self._imports = imports
        self._readers = readers

    def run(self, id: str) -> None:
        """Does what an import is at, a batch a transaction."""
        while (it := self._imports.get(id)) is not None and it.state in RUNNING:
            if it.state == "checking":
                self._imports.check(id, self._readers[it.kind])
            elif it.state == "applying":
                self._imports.apply(id)
            else:
                self._imports.undo(id)

    def run_all(self) -> None:
        """Takes up what a crash or a lost job left lying."""
        for id in self._imports.unfinished():
            self.run(id)

    def reader(self, kind: ImportKind) -> Reader:
        """What reads a row of such a sheet."""
        return self._readers[kind]
