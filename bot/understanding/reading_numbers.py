"""Numbers as people write and say them: 三千二, 3千5, 1.2万, 3.5k, 五六百."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

#: Values are kept in hundredths, so that yuan become fen without a fraction.
HUNDREDTHS: Final = 100

_UNITS: Final = {"十": 10, "百": 100, "千": 1000, "k": 1000, "万": 10_000, "w": 10_000, "亿": 100_000_000}
_HAN: Final = str.maketrans("零〇一二两三四五六七八九", "001223456789")
_PIECE: Final = re.compile(
    r"(?P<arabic>\d{1,2}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d{1,2}(?: \d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"|(?P<han>[零〇一二两三四五六七八九]+)"
    r"|(?P<unit>[十百千万亿]|(?<=\d)[kw](?![a-z]))"
)
#: The last digit of 三千二一个月 and of 三千四口人 counts what follows, not hundreds.
_COUNTS_ON: Final = re.compile(
    r"一(?=个|月|年|天|日|周|星期|小时|钟头)|[一二两三四五六七八九](?=口|个人|个孩|个娃|个小)"
)
_FORMAL: Final = re.compile(
    "[壹贰叁参肆伍陆柒捌玖拾佰仟零万]{2,}|(?<=[百千万])[壹贰叁肆伍陆柒捌玖](?![一-龥])"
)
_FORMAL_DIGITS: Final = str.maketrans("壹贰叁参肆伍陆柒捌玖拾佰仟", "一二三三四五六七八九十百千")
_SLIPS: Final = ((re.compile("(?<=千[一二三四五六七八九])白"), "百"), (re.compile("俩(?=[百千万])"), "两"))


@dataclass(frozen=True, slots=True)
class Number:
    """A number and where it stands. `low` and `high` are hundredths and differ where two are named: 五六百."""

    start: int
    end: int
    low: int
    high: int
    #: The size that was named last, 1000 in 三千; 1 where none was.
    unit: int = 1


def find_numbers(text: str) -> list[Number]:
    """The numbers of a normalised text, from left to right.

    >>> [(each.low, each.high) for each in find_numbers("三千二到手,3k5,一万零五百,五六百")]
    [(320000, 320000), (350000, 350000), (1050000, 1050000), (50000, 60000)]
    >>> [each.low for each in find_numbers("叁仟贰佰,三千零二,三千一个月")]
    [320000, 300200, 300000, 100]
    """
    return list(_numbers(plain_digits(text)))


def plain_digits(text: str) -> str:
    """The text, as long as before, with the digits of cheques and a few slips of voice input written plainly.

    >>> plain_digits("叁仟伍佰元,三千二白,俩千")
    '三千五百元,三千二百,两千'
    """
    text = _FORMAL.sub(lambda found: found[0].translate(_FORMAL_DIGITS), text)
    for slip, meant in _SLIPS:
        text = slip.sub(meant, text)
    return text


def _numbers(text: str) -> Iterator[Number]:
    at = 0
    while first := _PIECE.search(text, at):
        pieces = _joined(text, first)
        number = _evaluate(pieces)
        at = pieces[-1].end
        if number is not None:
            yield number


@dataclass(frozen=True, slots=True)
class _Piece:
    """A run of digits, or the name of a size."""

    start: int
    end: int
    digits: str = ""
    unit: int = 0
    spoken: bool = False


def _joined(text: str, first: re.Match[str]) -> list[_Piece]:
    """The pieces that make one number, beginning with the given one."""
    pieces = [_piece(first)]
    while found := _PIECE.match(text, pieces[-1].end):
        piece = _piece(found)
        if piece.spoken and pieces[-1].unit > 10 and _COUNTS_ON.match(text, piece.end - 1):
            piece = _Piece(piece.start, piece.end - 1, piece.digits[:-1], spoken=True)
        if not (piece.digits or piece.unit) or not _may_follow(piece, pieces):
            break
        pieces.append(piece)
    return pieces


def _piece(found: re.Match[str]) -> _Piece:
    start, end = found.span()
    if found["unit"]:
        return _Piece(start, end, unit=_UNITS[found[0]])
    if found["arabic"]:
        return _Piece(start, end, found[0].replace(",", "").replace(" ", ""))
    return _Piece(start, end, found[0].translate(_HAN), spoken=True)


def _may_follow(piece: _Piece, before: list[_Piece]) -> bool:
    last = before[-1]
    if piece.digits:
        return bool(last.unit)
    sizes = [each.unit for each in before if each.unit]
    if piece.unit >= 10_000:
        return all(size < piece.unit for size in sizes)
    since = sizes[-1] if sizes else 0
    return bool(last.digits) and (not since or piece.unit < since)


def _evaluate(pieces: list[_Piece]) -> Number | None:
    start, end = pieces[0].start, pieces[-1].end
    sizes = [each.unit for each in pieces if each.unit]
    if pieces[0].unit and pieces[0].unit > 10:
        return _size_first(pieces)
    try:
        low, high = _total(pieces, 0), _total(pieces, 1)
    except ValueError:
        return None
    return Number(start, end, low, max(low, high), sizes[-1] if sizes else 1)


def _size_first(pieces: list[_Piece]) -> Number | None:
    """千五 is 1500, and 千八百 somewhere from 800 to 1000; 万一 and 千万 are words."""
    if len(pieces) < 2 or pieces[1].digits not in set("23456789"):
        return None
    start, end, unit, digit = pieces[0].start, pieces[-1].end, pieces[0].unit, int(pieces[1].digits)
    if len(pieces) == 2:
        value = (unit + digit * unit // 10) * HUNDREDTHS
        return Number(start, end, value, value, unit)
    if len(pieces) == 3 and pieces[2].unit * 10 == unit:
        return Number(start, end, digit * pieces[2].unit * HUNDREDTHS, unit * HUNDREDTHS, unit)
    return None


def _total(pieces: list[_Piece], end: int) -> int:
    """The sum of the pieces in hundredths; `end` chooses the lower or the upper one of two digits (五六百)."""
    closed = section = last = 0
    pending: _Piece | None = None
    for piece in pieces:
        if piece.digits:
            pending = piece
            continue
        if piece.unit >= 10_000:
            closed += section * piece.unit + (
                _times(pending, piece.unit, end) if pending or not section else 0
            )
            section = 0
        else:
            section += _times(pending, piece.unit, end)
        last, pending = piece.unit, None
    return closed + section + (_tail(pending, last, end) if pending else 0)


def _times(piece: _Piece | None, unit: int, end: int) -> int:
    """十 alone is one ten; 五六百 is five hundred or six."""
    if piece is None:
        return unit * HUNDREDTHS
    digits = piece.digits
    if piece.spoken:
        digits = digits.lstrip("0") or "0"
        if len(digits) == 2 and digits[0] < digits[1]:
            digits = digits[end]
        if len(digits) > 1:
            raise ValueError(digits)
    return _scaled(digits, unit)


def _tail(piece: _Piece, last: int, end: int) -> int:
    """The digits after the last size: 三千二 means two hundred, 三千零二 two, 3千500 five hundred."""
    digits = piece.digits
    if piece.spoken and len(digits) == 2 and int(digits[0]) + 1 == int(digits[1]) and digits[0] != "0":
        digits = digits[end]
    if not last:
        if piece.spoken and len(digits) == 2:
            raise ValueError(digits)
        return _scaled(digits, 1)
    if digits.startswith("0") or last <= 10 or "." in digits:
        return _scaled(digits, 1)
    tenths: int = 10 ** len(digits)
    return _scaled(digits, last) // tenths


def _scaled(digits: str, unit: int) -> int:
    """`digits` × `unit` in hundredths, exact: what is finer than a hundredth is refused."""
    whole, _, fraction = digits.partition(".")
    tenths: int = 10 ** len(fraction)
    value, rest = divmod(int(whole + fraction) * unit * HUNDREDTHS, tenths)
    if rest:
        raise ValueError(digits)
    return value
