"""The company: its legal entities, their insured accounts in each region, and the seal."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from calculator.money import Ppm

#: Injury classes of an industry 工伤风险类别.
CLASSES: Final = range(1, 9)
#: What an assessed injury rate can be: the lowest class, floated and reduced, to the highest, floated up.
INJURY_RATES: Final[tuple[Ppm, Ppm]] = (400, 28_500)
#: What either side's share of the housing fund can be 住房公积金缴存比例.
FUND_RATES: Final[tuple[Ppm, Ppm]] = (50_000, 120_000)
LARGEST_SEAL: Final = 1024 * 1024
#: Pixels along either side of a seal's picture.
SEAL_SIDES: Final = (100, 2000)
_CREDIT: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_PNG: Final = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class LegalEntity:
    """A company that employs, by its full name and its credit code 统一社会信用代码."""

    id: str
    name: str
    credit_code: str
    has_seal: bool = False


@dataclass(frozen=True, slots=True)
class InsuredAccount:
    """Where an entity is insured: region and account number, and what holds for everybody insured there.

    `injury_rate` is the rate that the authority assessed, `injury_source` the paper that says so. Days are days of the
    month: `pay_day` when wages are paid, `declaration_day` the last on which a month's contributions can be declared and
    paid, in the month itself or in the one after.
    """

    id: str
    entity: str
    region: str
    number: str
    injury_class: int | None = None
    injury_rate: Ppm | None = None
    injury_source: str = ""
    fund_rate: Ppm | None = None
    pay_day: int | None = None
    declaration_day: int | None = None
    declared_next_month: bool = False


class Companies(Protocol):
    """The company as it is set up. `by` is who acts, as the log names them; every change is logged with it."""

    def entities(self) -> tuple[LegalEntity, ...]:
        """Every entity, the oldest first."""

    def accounts(self) -> tuple[InsuredAccount, ...]:
        """Every insured account, the oldest first."""

    def save_entity(self, entity: LegalEntity, by: str) -> str:
        """Adds an entity where it has no id yet, else writes it anew; its id."""

    def save_account(self, account: InsuredAccount, by: str) -> str:
        """Adds an account where it has no id yet, else writes it anew; its id."""

    def remove_account(self, account: str, by: str) -> None:
        """Takes an account away."""

    def put_seal(self, entity: str, picture: bytes, by: str) -> None:
        """Keeps the picture of an entity's seal, a PNG. Raises `KeyError`."""

    def seal(self, entity: str) -> bytes | None:
        """The picture of an entity's seal."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG that was looked into."""

    width: int
    height: int
    data: bytes = field(repr=False)


def account_of(region: str, number: str, accounts: Sequence[InsuredAccount]) -> InsuredAccount | None:
    """The account that an employee is insured in: the one of that number, else the only one of their region."""
    named = [each for each in accounts if number and each.number == number]
    near = [each for each in accounts if each.region == region]
    found = named or (near if len(near) == 1 else [])
    return found[0] if found else None


def is_credit_code(text: str) -> bool:
    """Whether a text is a credit code whose check character is right (GB 32100).

    >>> is_credit_code("91350100M000100Y43"), is_credit_code("91350100M000100Y34")
    (True, False)
    """
    if not re.fullmatch(f"[{_CREDIT}]{{18}}", text):
        return False
    total = sum(_CREDIT.index(letter) * pow(3, place, 31) for place, letter in enumerate(text[:17]))
    return _CREDIT[-total % 31] == text[17]


def read_png(data: bytes) -> Picture:
    """A picture whose content is a whole PNG, whatever its name says. Raises `ValueError`."""
    if not data.startswith(_PNG):
        raise ValueError("not a PNG")
    at, kinds = len(_PNG), []
    while at < len(data):
        if at + 12 > len(data):
            raise ValueError("cut short")
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 4 : at + 8 + length]
        if data[at + 8 + length : at + 12 + length] != struct.pack(">I", zlib.crc32(body)):
            raise ValueError("damaged")
        kinds.append(kind)
        at += 12 + length
    if not kinds or kinds[0] != b"IHDR" or kinds[-1] != b"IEND" or b"IDAT" not in kinds:
        raise ValueError("not a whole PNG")
    width, height = struct.unpack_from(">II", data, len(_PNG) + 8)
    return Picture(width, height, data)
