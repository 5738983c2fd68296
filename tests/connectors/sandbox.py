"""沙盒市 with people in it, and the real classes connected to it.

PYTEST_DONT_REWRITE: the search for doctests imports this module before the tests name it as their plugin.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any, TypeVar

import platforms
import pytest
from platforms.city import City, Trouble
from platforms.harness import Server

from connectors.outside.calling import Outside
from connectors.outside.connection import read_connection
from people.outside import Busy, Nonsense, OutsideFailed, Refused, TooSlow, Unreachable

T = TypeVar("T")
CITY_TOML = Path(platforms.__file__).parent / "city.toml"
LOCAL = "http://127.0.0.1:8001"
MONTH = "2026-10"
#: What each trouble may be told as; those without any are noticed by nobody.
TOLD: dict[Trouble, tuple[type[OutsideFailed], ...]] = {
    Trouble.TIME_OUT: (TooSlow,),
    Trouble.ERROR_500: (Busy,),
    Trouble.RESET: (Unreachable,),
    Trouble.REVOKED: (Refused,),
    Trouble.WRONG_SCHEMA: (Nonsense,),
    Trouble.DUPLICATE: (),
    Trouble.OUT_OF_ORDER: (),
    Trouble.CLOCK_SKEW: (Nonsense,),
    Trouble.HALF: (Unreachable,),
    Trouble.FEWER: (Nonsense,),
    Trouble.SLOW_DRIP: (TooSlow,),
}
#: Each trouble alone and every third pair; the soak has all pairs.
ALONE_AND_IN_PAIRS = [
    *((each,) for each in Trouble),
    *(
        pytest.param(pair, marks=[pytest.mark.soak] if number % 3 else [])
        for number, pair in enumerate(combinations(Trouble, 2))
    ),
]


def names(troubles: tuple[Trouble, ...]) -> str:
    return "+".join(each.value for each in troubles)


def told(troubles: tuple[Trouble, ...]) -> tuple[type[OutsideFailed], ...]:
    """The classes as which any of these may be told. A loaded machine may be too slow by itself."""
    return (*(each for trouble in troubles for each in TOLD[trouble]), TooSlow)


def table(section: str, address: str) -> dict[str, Any]:
    """The section of `city.toml`, with the limits of an impatient test."""
    text = CITY_TOML.read_text(encoding="utf-8").replace(LOCAL, address)
    found: dict[str, Any] = tomllib.loads(text)[section]
    found["limits"] = {"connect_seconds": 1.0, "read_seconds": 0.25, "whole_seconds": 0.4}
    found["retries"] = {"attempts": 1, "first_wait": 0.01, "longest_wait": 0.05, "failures": 1000}
    found.setdefault("paging", {})["page_size"] = 3
    return found


def eventually(ask: Callable[[], T], times: int = 8) -> T:
    """Asks again after a failure, as a schedule does, and does nothing else."""
    for _ in range(times - 1):
        try:
            return ask()
        except OutsideFailed:
            continue
    return ask()


@pytest.fixture
def city() -> City:
    """Seven people, numbers 0001 to 0007."""
    made = City()
    for number in range(1, 8):
        made.person(f"{number:04d}", f"工人{number}", f"32050019800101{number:04d}")
    return made


@pytest.fixture
def offices(city: City) -> Iterator[Server]:
    with Server(city.mounts) as running:
        yield running


@pytest.fixture
def connect(offices: Server) -> Iterator[Callable[..., Outside]]:
    """Connects to a system of the city; what is given replaces settings of a section: `retries={"attempts": 3}`."""
    opened: list[Outside] = []

    def start(section: str, **changes: dict[str, Any]) -> Outside:
        given = table(section, offices.address)
        for name, values in changes.items():
            given[name] = {**given.get(name, {}), **values}
        opened.append(Outside(read_connection(section, given, CITY_TOML.parent)))
        return opened[-1]

    yield start
    for each in opened:
        each.close()
