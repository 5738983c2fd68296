"""The trace: every step of a calculation as plain data, written in the same run as the result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

from calculator.money import Amount, Rounding

Unit = Literal["fen", "ppm", "count"]


class Step(NamedTuple):
    """One computed or looked-up figure. `inputs` are keys of earlier steps; `rule` names how they combine."""

    key: str
    value: Amount | None
    inputs: tuple[str, ...] = ()
    rule: str = "given"
    source: str | None = None
    rounding: Rounding | None = None
    unit: Unit = "fen"


#: What a formula tells its steps to.
Record: TypeAlias = Callable[[Step], None]


class Steps(dict[str, Step]):
    """The steps of one household by key, in the order in which they were first reached."""

    def record(self, step: Step) -> None:
        """Keep one step."""
        self[step.key] = step

    def extend(self, steps: tuple[Step, ...]) -> None:
        """Keep steps that are ready."""
        for step in steps:
            self[step.key] = step


def forget(step: Step) -> None:
    """For columns, where a trace would be a copy of the population."""
