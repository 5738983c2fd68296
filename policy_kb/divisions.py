"""Names and parents of regions by GB/T 2260: provinces, prefectures, counties."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from calculator.fields import InputError, Problem

NATION: Final = "000000"
#: The four municipalities 直辖市, whose one dibao line serves all their districts.
MUNICIPALITIES: Final = frozenset({"110000", "120000", "310000", "500000"})
FILE: Final = Path(__file__).with_name("divisions.tsv")
MOST_CHOICES: Final = 8
LONGEST_NAME: Final = 24


@dataclass(frozen=True, slots=True)
class Division:
    """One region; `short` is the name without 省, 市, 区, 县, `initials` the first letters of its pinyin."""

    code: str
    name: str
    short: str
    pinyin: str
    initials: str


class Divisions:
    """The table of regions: find one by code or name, walk up to its parents, search while someone types."""

    def __init__(self, text: str) -> None:
        rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
        self._by_code = {row[0]: Division(*row) for row in rows}

    @classmethod
    def load(cls) -> Divisions:
        """The table that ships with the library."""
        return cls(FILE.read_text(encoding="utf-8"))

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    def name(self, code: str) -> str:
        """The region's own name."""
        return "全国" if code == NATION else self._by_code[code].name

    def full_name(self, code: str) -> str:
        """The name with its parents' in front, as people write an address.

        >>> Divisions.load().full_name("341202")
        '安徽省阜阳市颍州区'
        """
        return "".join(self.name(each) for each in reversed(self.levels(code)) if each != NATION)

    def levels(self, code: str) -> tuple[str, ...]:
        """The region and what it belongs to, up to the nation.

        >>> Divisions.load().levels("340202")
        ('340202', '340200', '340000', '000000')
        >>> Divisions.load().levels("110105")
        ('110105', '110000', '000000')
        """
        wider = (code, code[:4] + "00", code[:2] + "0000")
        known = [each for each in dict.fromkeys(wider) if each in self._by_code]
        return (*known, NATION)

    def find(self, text: str) -> str:
        """The code of a region given by code or by name: 苏州, 苏州市, 江苏苏州, 320500.

        Raises `InputError` with `unknown_region`, or `ambiguous_region` with the choices (朝阳, 吉林).
        """
        text = "".join(text.split())
        if text in self._by_code:
            return text
        full = self._by_name.get(text, ())
        found = full if len(full) == 1 else tuple(dict.fromkeys((*full, *self._by_short.get(text, ()))))
        found = _without_own_counties(found) or self._within_parent(text) or self._by_pinyin(text.lower())
        if len(found) == 1:
            return found[0]
        if found:
            choices = tuple(f"{code} {self.full_name(code)}" for code in found[:MOST_CHOICES])
            raise InputError(Problem("ambiguous_region", "", expects="region", choices=choices))
        raise InputError(Problem("unknown_region", "", expects="region"))

    def search(self, text: str, limit: int = 10) -> list[Division]:
        """Regions whose name, pinyin or initials begin with `text`, or contain it; wider regions first."""
        text = "".join(text.split()).lower()
        if not text:
            return []
        begins, contains = [], []
        for division in self._by_code.values():
            if division.code == text or division.name.startswith(text) or division.pinyin.startswith(text):
                begins.append(division)
            elif division.initials == text or text in division.name:
                contains.append(division)
        if len(begins) + len(contains) < limit:
            seen = {division.code for division in (*begins, *contains)}
            contains += [self._by_code[code] for code in self._within_parent(text) if code not in seen]
        return (
            sorted(begins, key=_width)[:limit] + sorted(contains, key=_width)[: max(0, limit - len(begins))]
        )

    def _by_pinyin(self, text: str) -> tuple[str, ...]:
        if not text.isascii() or not text.isalpha():
            return ()
        found = tuple(each.code for each in self._by_code.values() if each.pinyin == text)
        return _without_own_counties(found)

    def _within_parent(self, text: str) -> tuple[str, ...]:
        """Regions named after one they belong to: 江苏苏州, 苏州昆山, 江苏省苏州市昆山市."""
        found = []
        for end in range(1, min(len(text), LONGEST_NAME)):
            for code in (*self._by_name.get(text[-end:], ()), *self._by_short.get(text[-end:], ())):
                if self._reads_as(text[:-end], self.levels(code)[1:-1]):
                    found.append(code)
        return tuple(dict.fromkeys(found))

    def _reads_as(self, prefix: str, parents: tuple[str, ...]) -> bool:
        if not prefix:
            return True
        for index, parent in enumerate(parents):
            division = self._by_code[parent]
            for name in (division.name, division.short):
                if prefix.endswith(name) and self._reads_as(prefix[: -len(name)], parents[index + 1 :]):
                    return True
        return False

    @cached_property
    def _by_name(self) -> dict[str, tuple[str, ...]]:
        return _index((division.name, division.code) for division in self._by_code.values())

    @cached_property
    def _by_short(self) -> dict[str, tuple[str, ...]]:
        return _index((division.short, division.code) for division in self._by_code.values())


def _index(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    index: dict[str, list[str]] = defaultdict(list)
    for name, code in pairs:
        index[name].append(code)
    return {name: tuple(codes) for name, codes in index.items()}


def _without_own_counties(codes: tuple[str, ...]) -> tuple[str, ...]:
    """南昌 is the city, not the county of the same name inside it."""
    cities = {code[:4] for code in codes if code.endswith("00") and not code.endswith("0000")}
    return tuple(code for code in codes if code.endswith("00") or code[:4] not in cities)


def _width(division: Division) -> tuple[int, str]:
    if division.code.endswith("0000"):
        return 0, division.code
    return (1 if division.code.endswith("00") else 2), division.code
