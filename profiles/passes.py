"""A pass over every profile after a change of the library: how far it is, and whose figures differ by it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, NamedTuple, Protocol

from profiles.figures import Figures
from profiles.profile import Profile

#: `running` until everybody was looked at; then `done`.
State = Literal["running", "done"]


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass by a library (its sha256) as it is in force on a day.

    `people` are how many profiles there were when it began, `done` how many were looked at. `changed` counts those whose
    contributions differ, `own` those of whom the household's result alone does: HR sees neither who they are nor, below
    five, how many. `task` is the number of HR's task, None where no contributions differ.
    """

    id: str
    library: str
    on: date
    state: State
    after: str | None
    people: int
    done: int
    changed: int
    own: int
    begun_at: datetime
    ended_at: datetime | None = None
    task: str | None = None


class Known(NamedTuple):
    """A profile as it is now, and its figures by the pass before; None where there was none yet."""

    profile: Profile
    figures: Figures | None


@dataclass(frozen=True, slots=True)
class Differing:
    """Whose figures differ, before and after."""

    employee: str
    before: Figures = field(repr=False)
    after: Figures = field(repr=False)

    @property
    def own(self) -> bool:
        """Whether the household's result alone differs, which is the employee's own."""
        return self.before[1:] == self.after[1:]


#: `waiting` until it is said; `no_chat`: there is no conversation to say it in; `left`: there was nothing certain to say.
NewsState = Literal["waiting", "told", "no_chat", "left"]


@dataclass(frozen=True, slots=True)
class Affected:
    """Somebody at work whose contributions a pass changed: where they are insured, whether they were told of it (None: nobody
    has asked for it), the batch of notices that they stand in for it, whether there is a chat."""

    employee: str
    region: str
    news: NewsState | None
    batch: str | None
    has_chat: bool


class Passes(Protocol):
    """Every pass there was."""

    def begin(self, library: str, on: date) -> Pass | None:
        """The pass by a library on a day, where it is to be worked on by whoever asks: begun, or left lying by one who died.

        None where it is done, or somebody works on it.
        """

    def some(self, after: str | None, most: int) -> Sequence[Known]:
        """Profiles of active employees after one, in the order of their ids."""

    def write(
        self, found: Pass, last: str, figures: Sequence[tuple[str, Figures]], differing: Sequence[Differing]
    ) -> Pass:
        """Keeps figures that are other ones or new, and who differs, up to the last employee, in one transaction."""

    def finish(self, found: Pass) -> Pass:
        """Ends a pass: one event of the log that stands on the page of everybody whose contributions differ, and one task for
        HR, where there is anybody."""

    def keep_library(self, library: str, content: Callable[[], bytes]) -> None:
        """Keeps the content of a library by its sha256, once."""

    def library_before(self, found: Pass) -> bytes | None:
        """The content of the library by which the pass before this one was made, where that was another one and is kept."""

    def last(self) -> Pass | None:
        """The pass that began last."""

    def get(self, id: str) -> Pass | None:
        """One pass."""

    def page(self, id: str, number: int, size: int) -> tuple[Differing, ...]:
        """Those whose contributions differ, a page, counted from 1; without those whose household's result alone does."""

    def of_employee(self, employee: str) -> tuple[tuple[Pass, Differing], ...]:
        """What passes changed for one employee, the newest first."""
