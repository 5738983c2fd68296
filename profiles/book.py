"""What is kept of profiles and of the strategies that followed from them, as jobs, pages and the assistant share it.

A change is written down in the transaction of what brought it, and its employee is then *pending*: a job folds the changes,
holds the profile against the one before, and keeps the strategy that follows together with the task for HR. Whatever is
done twice is found by the change's identity and the strategy's key, and does nothing the second time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal, Protocol

from locales import N_
from profiles.changes import Change
from profiles.profile import Profile
from profiles.strategy import Strategy
from profiles.strategy_words import Act, Kind

#: How far a strategy is. `prepared`: somebody of HR chose the act and the month, and a second person is to approve.
#: `handed_in`: the outside system, or the portal's file, has it and has not answered. `rejected`: it said no, and why.
#: `dropped`: something newer stands in its place, or HR settled it otherwise and wrote down why.
State = Literal["proposed", "prepared", "approved", "handed_in", "done", "rejected", "dropped"]
STATES: Final[Mapping[State, str]] = {
    "proposed": N_("待处理"),
    "prepared": N_("等另一个人批准"),
    "approved": N_("已批准，正在办"),
    "handed_in": N_("已报，等回执"),
    "done": N_("办好了"),
    "rejected": N_("被退回"),
    "dropped": N_("不用办了"),
}
#: States in which something is still to be done.
OPEN: Final[frozenset[State]] = frozenset(("proposed", "prepared", "approved", "handed_in", "rejected"))


class Overtaken(Exception):
    """The strategy is not in the state in which it was looked at: somebody else was there first."""


class SamePerson(Exception):
    """Whoever prepared an act does not approve it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One step of a strategy: to which state, by whom as the log names them, when, which act, and why.

    `details` are plain data: `month` (ISO) from which the act holds, `reference` under which it was handed in, `reason` of
    a receipt, `via` (`connection`, `portal`, `own`); over the portal also `file`, `region`, `base` (fen), `receipt`
    and `undone` (receipts).
    """

    state: State
    by: str
    at: datetime
    act: Act | None = None
    why: str = field(default="", repr=False)
    details: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class KeptStrategy:
    """A strategy as it was made, and what became of it.

    `data` is `strategy_data(strategy)`: everything that a page shows, frozen with its trace. `task` is the number of HR's
    task; None for a private one, of which HR hears in counts alone. `told_at` is when the explanation went out.
    """

    id: str
    employee: str
    kind: Kind = field(repr=False)
    acts: tuple[Act, ...]
    state: State
    month: date
    tells_dibao: bool = field(repr=False)
    private: bool = field(repr=False)
    automatic: bool
    opened_at: datetime
    data: Mapping[str, Any] = field(repr=False)
    history: tuple[Decision, ...] = field(default=(), repr=False)
    task: str | None = None
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StrategySearch:
    """What is looked for; what is left empty does not narrow it. `dibao`: with those that tell of dibao."""

    employee: str = ""
    states: frozenset[State] = OPEN
    kind: Kind | None = None
    dibao: bool = False


@dataclass(frozen=True, slots=True)
class StrategyPage:
    """One page of what is found: its strategies, the newest first, which page it is of how many, and how many there are in
    all."""

    strategies: tuple[KeptStrategy, ...]
    number: int
    pages: int
    total: int


@dataclass(frozen=True, slots=True)
class StrategyRules:
    """What HR has settled for strategies.

    `enrols_restored`: whoever is not insured and whose dibao is restored is enrolled without a further approval. `declares`:
    a base that is below the lawful one is corrected without one. `catch_up` is, by region, the last day on which
    differences from bounds that were published late can be paid without a late fee, as the notice says, with the notice
    in `catch_up_source`.
    """

    enrols_restored: bool = False
    declares: bool = False
    catch_up: Mapping[str, date] = field(default_factory=dict)
    catch_up_source: Mapping[str, str] = field(default_factory=dict)


#: What follows for an employee: the profile of before (None: there was none), the one now, the keys of what followed before
#: and is not over. What is over the store finds by its key when the same follows again.
Choose = Callable[[Profile | None, Profile, Collection[str]], Strategy | None]


class ProfileBook(Protocol):
    """Profiles and strategies. `by` is who acts, as the log names them; every act is logged with it."""

    def changes_of(self, employee: str) -> tuple[Change, ...]:
        """Every change that is kept of an employee, in `Change.order`; of the household only while they agree to it."""

    def profile_of(
        self, employee: str, day: date | None = None, known_by: datetime | None = None
    ) -> Profile | None:
        """The profile on a day (today), as known at a moment (now); None where there is no such employee."""

    def note(self, changes: Iterable[Change], by: str) -> int:
        """Writes changes down; how many are new. What may not be kept is left out. Their employees are pending then."""

    def pending(self, limit: int) -> Sequence[str]:
        """Employees whose changes nobody has followed yet, who wait longest first."""

    def follow(self, employee: str, choose: Choose) -> KeptStrategy | None:
        """Folds an employee's changes, and keeps what follows with its task, in one transaction; None where nothing does."""

    def current(self, employees: Collection[str] | None = None) -> Iterator[Profile]:
        """The profiles as they are now, of some employees or of all who are active, without the changes behind them."""

    def find(self, search: StrategySearch) -> tuple[KeptStrategy, ...]:
        """Strategies, the newest first, without private ones. Those that tell of dibao only where the search says so."""

    def page(self, search: StrategySearch, number: int, size: int) -> StrategyPage:
        """What `find` finds, one page of it; `number` counts from one, and beyond the last page it is the last."""

    def counts(self, search: StrategySearch) -> dict[Kind, int]:
        """How many of each kind `find` finds, the kinds of which there are any."""

    def get(self, strategy: str) -> KeptStrategy | None:
        """One strategy."""

    def decide(
        self, strategy: str, expected: Collection[State], decision: Decision, changes: Sequence[Change] = ()
    ) -> KeptStrategy:
        """Goes a step. Its task is done once it is `done` or `dropped`, and open again where that is taken back.
        What it says of the employee (`changes`) is written down with it, or neither is.

        Raises `Overtaken` unless it is in one of the expected states, `SamePerson` where who approves is who prepared it,
        and `KeyError`.
        """

    def told(self, strategy: str, by: str) -> bool:
        """Notes that the explanation goes out now; False where it went out before."""

    def rules(self) -> StrategyRules:
        """What HR has settled."""

    def set_rules(self, rules: StrategyRules, by: str) -> None:
        """Settles other rules."""
