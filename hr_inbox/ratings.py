"""Whether it helped: one question after a case is closed, which nobody needs to answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

#: 解决了, 没解决, 不想说.
Answer = Literal["yes", "no", "skip"]
ANSWERS: Final[tuple[Answer, ...]] = ("yes", "no", "skip")


@dataclass(frozen=True, slots=True)
class Rated:
    """What an employee said of a closed case."""

    number: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class AskedCase:
    """A closed case of which the employee was asked. `answer` is None where they have not said; `last`: they have written
    nothing since, so that a bare 「解决了」 is about it."""

    number: str
    answer: Answer | None = None
    last: bool = False
