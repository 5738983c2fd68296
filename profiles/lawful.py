"""The lowest contribution base that the law allows for a wage, insurance by insurance, with the trace that made it.

Dibao does not enter: the base is the wage within floor and ceiling, whoever draws what (社会保险法 第十二条).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from calculator.case import Earner
from calculator.contributions import Line, earn
from calculator.money import Fen
from calculator.rules import JobRules
from calculator.trace import Step, Steps
from policy_kb.library import USABLE, Library


@dataclass(frozen=True, slots=True)
class LawfulBase:
    """What a wage means in a region on a day, fen a month.

    `decisive` is the line with the smallest base; None where no figure that may be computed with is on record, and for a
    wage of zero. `employee` and `employer` are both sides' shares over the known lines; `complete` whether all are known.
    """

    wage: Fen = field(repr=False)
    job: JobRules = field(repr=False)
    decisive: Line | None = field(repr=False)
    lines: tuple[Line, ...] = field(repr=False)
    employee: Fen = field(repr=False)
    employer: Fen = field(repr=False)
    complete: bool
    steps: tuple[Step, ...] = field(repr=False)

    @property
    def lowest(self) -> Fen | None:
        """The smallest of the insurances' bases: whoever declares less declares too little for every insurance."""
        return None if self.decisive is None else int(self.decisive.base or 0)

    def is_above(self, declared: Fen) -> bool:
        """Whether a declared base is below what the law asks for, whichever insurance it was declared for."""
        return self.lowest is not None and declared < self.lowest

    def is_exceeded_by(self, declared: Fen) -> bool:
        """Whether a declared base is above that of every insurance."""
        return declared > max(
            (int(line.base or 0) for line in self.lines if is_usable(line)), default=declared
        )


def lawful_base(
    library: Library, wage: Fen, region: str, on: date, as_of: date, injury_class: int = 1
) -> LawfulBase:
    """The base by the rules of a day, as known on another."""
    return base_under(library.job(region, on, as_of), wage, injury_class)


def base_under(job: JobRules, wage: Fen, injury_class: int = 1) -> LawfulBase:
    """The base under the rules of a job.

    社会保险法 第十二条; the bounds are the published ones, 国办发〔2019〕13号 and 劳社险中心函〔2006〕60号.
    """
    steps = Steps()
    steps.note("wage", wage)
    month = earn(Earner(wage, job.region, injury_class=injury_class), wage, job, steps, insured=True)
    usable = [line for line in month.lines if is_usable(line)]
    decisive = min(usable, key=lambda line: int(line.base or 0), default=None)
    if decisive is not None:
        inputs = tuple(f"contribution_base.{line.terms.insurance}" for line in usable)
        steps.note("lowest_lawful_base", decisive.base, inputs, "smallest", decisive.terms.source)
    return LawfulBase(
        wage=wage,
        job=job,
        decisive=decisive,
        lines=month.lines,
        employee=int(month.own_insurance),
        employer=int(month.employer_total),
        complete=decisive is not None and month.employee_complete and month.employer_complete,
        steps=tuple(steps),
    )


def is_usable(line: Line) -> bool:
    """Whether a line's base rests on bounds that may be computed with: not recalled, not unknown."""
    return line.base is not None and line.terms.base_status in USABLE
