"""Who works at the demo company: a hundred and twenty made-up people in three places, the same at every start.

The fifteen who draw dibao, and colleagues whom somebody speaks of, stand in `demo_people.yaml` one by one; the others are put
together from its lists. Whatever is told of a household or a wage is entered and has no source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import yaml

from calculator.money import Fen, parse_yuan
from people.records import DibaoState
from policy_kb.periods import add_months

TABLE: Final[Mapping[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("demo_people.yaml").read_text(encoding="utf-8")
)
SUZHOU: Final = "320500"
#: The last day on which a month's contributions can be declared.
DECLARED_BY: Final = 25
#: The day of the month on which the fifteen came.
_CAME_ON: Final = 10
#: What HR wrote down of those who are not insured, by what they will answer. It tells of no household.
_WHY: Final[Mapping[str, str]] = {
    "signs": "本人有顾虑，正在沟通",
    "silent": "本人没有回音，正在沟通",
    "objects": "本人有不同意见，正在沟通",
    "refuses": "本人不愿意，正在沟通",
    "none": "本人想再等等，正在沟通",
}
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True, slots=True)
class Household:
    """What one of the fifteen told of the household, and what civil affairs will say; `answer` is what comes of a notice."""

    size: int = field(repr=False)
    others: tuple[Fen, Fen] = field(repr=False)
    line: Fen = field(repr=False)
    dibao: DibaoState = field(repr=False)
    answer: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the company. `insured` is None for one who is not; `before` is the wage until the month before last, where it
    was another one."""

    number: str
    name: str
    region: str
    home: str
    area: str
    id_number: str = field(repr=False)
    wage: Fen
    joined: date
    insured: date | None
    before: Fen | None = None
    why: str = ""
    department: str = "织造一车间"
    household: Household | None = field(default=None, repr=False)

    def wage_in(self, month: date, today: date) -> Fen:
        """The gross wage of a month."""
        if self.before is not None and month < raised_on(today):
            return self.before
        return self.wage


def joined_on(today: date) -> date:
    """When the fifteen came: two months are owed of whoever is not insured since.

    >>> joined_on(date(2026, 10, 15)), joined_on(date(2026, 10, 26))
    (datetime.date(2026, 8, 10), datetime.date(2026, 9, 10))
    """
    owed = -1 if today.day > DECLARED_BY else -2
    return add_months(today.replace(day=1), owed).replace(day=_CAME_ON)


def raised_on(today: date) -> date:
    """From which month on those have another wage who had another one before."""
    return add_months(today.replace(day=1), -1)


def everybody(today: date) -> tuple[Person, ...]:
    """All of the company as they are on a day, the fifteen first."""
    return (
        *(_one_of_fifteen(count, row, today) for count, row in enumerate(TABLE["fifteen"])),
        *(_colleague(count, row) for count, row in enumerate(TABLE["colleagues"], 100)),
        *_others(),
    )


def _one_of_fifteen(count: int, row: Mapping[str, Any], today: date) -> Person:
    low, high = map(parse_yuan, row["others"])
    joined = joined_on(today)
    insured = joined.replace(day=1) if row.get("insured") else None
    return Person(
        number=row["number"],
        name=row["name"],
        region=SUZHOU,
        home=row["home"],
        area=row["area"],
        id_number=_id_number(row["home"], count),
        wage=parse_yuan(row["wage"]),
        joined=joined,
        insured=insured,
        why="" if insured else _WHY[row["answer"]],
        household=Household(row["size"], (low, high), parse_yuan(row["line"]), row["dibao"], row["answer"]),
    )


def _colleague(count: int, row: Mapping[str, Any]) -> Person:
    amounts = {name: parse_yuan(row[name]) for name in ("wage", "before") if name in row}
    given = {"region": SUZHOU, "insured": None, "id_number": _id_number(row["home"], count)}
    return Person(**{**given, **row, **amounts})


def _others() -> Iterator[Person]:
    surnames, given, homes = TABLE["surnames"], TABLE["given"], TABLE["homes"]
    count = 0
    for place in TABLE["places"]:
        for at in range(place["people"]):
            joined = date(2016 + count * 7 % 10, 1 + count * 5 % 12, 1 + count * 11 % 28)
            home = place["region"] if count % 3 == 0 else homes[count * 3 % len(homes)]
            yield Person(
                number=f"{place['letter']}{place['first'] + at}",
                name=surnames[count % len(surnames)] + given[count * 5 % len(given)],
                region=place["region"],
                home=home,
                area="urban" if home == place["region"] else "rural",
                id_number=_id_number(home, 200 + count),
                wage=(place["least"] + count * 37 % 60 * 50) * 100,
                joined=joined,
                insured=joined.replace(day=1),
                department=place["departments"][count % len(place["departments"])],
            )
            count += 1


def _id_number(home: str, count: int) -> str:
    """A number of 18 places whose check digit is right (GB 11643); nobody has it for sure, as no order number begins so high.

    >>> _id_number("341200", 3)
    '341200198704079033'
    """
    first = f"{home}{1972 + count * 5 % 24}{1 + count % 12:02d}{count * 2 % 28 + 1:02d}{900 + count % 100}"
    total = sum(int(digit) * weight for digit, weight in zip(first, _WEIGHTS, strict=True))
    return first + "10X98765432"[total % 11]
