"""The trace: every step of a calculation as plain data, written in the same run as the result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

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


class Steps:
    """The steps of one household by key, in the order in which they were first reached.

    Formulas take `Steps | None`: a column has no trace, it would be a copy of the population. Steps are kept as bare
    rows, since most are written and few are read.
    """

    def __init__(self) -> None:
        self._rows: dict[str, tuple[Any, ...]] = {}

    def note(
        self,
        key: str,
        value: Amount | None,
        inputs: tuple[str, ...] = (),
        rule: str = "given",
        source: str | None = None,
        rounding: Rounding | None = None,
        unit: Unit = "fen",
    ) -> None:
        """Keep one step."""
        self._rows[key] = (key, value, inputs, rule, source, rounding, unit)

    def update(self, steps: Mapping[str, Step]) -> None:
        """Keep steps that are ready."""
        self._rows.update(steps)

    def __iter__(self) -> Iterator[Step]:
        return map(Step._make, self._rows.values())

    def __getitem__(self, key: str) -> Step:
        return Step._make(self._rows[key])

    def __contains__(self, key: object) -> bool:
        return key in self._rows
