"""Which characters the fonts can print: found before a document is due, when a name is written down.

The fonts' own tables are read (OpenType `cmap`, formats 4 and 12), so that a whole roster is looked through in a moment.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Final

from documents.fonts import FILES, checked

#: Line ends and tabs are set by the page, not printed.
_SET: Final = frozenset("\n\t")
_WINDOWS: Final = 3
_UNICODE: Final = 0


def unprintable(text: str) -> str:
    """The characters of a text that no font can print, each once and in order; empty where all can be.

    >>> unprintable("欧阳䶮玥"), unprintable("李𪛖")
    ('', '𪛖')
    """
    return "".join(dict.fromkeys(each for each in text if not _prints(each)))


def named(character: str) -> str:
    """A character as one can look it up, whether it shows or not.

    >>> named("𪛖")
    '𪛖（U+2A6D6）'
    """
    point = f"U+{ord(character):04X}"
    seen = unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Zl", "Zp")
    return f"{character}（{point}）" if seen else point


def printable(text: str) -> str:
    """A text in which what cannot be printed is named in its place, so that nothing of it is lost.

    For somebody's own words alone; a name that cannot be printed is refused.

    >>> printable("知道了\\U0001f600")
    '知道了〔U+1F600〕'
    """
    return "".join(each if _prints(each) else f"〔U+{ord(each):04X}〕" for each in text)


def _prints(character: str) -> bool:
    return character in _SET or ord(character) in _covered()


@cache
def _covered() -> frozenset[int]:
    """Every code point that one of the fonts has a glyph for, read once in a process."""
    found: set[int] = set()
    for file in FILES:
        data = checked(file).read_bytes()
        for font in _fonts_of(data):
            found.update(_points(data, font))
    return frozenset(found)


def _fonts_of(data: bytes) -> tuple[int, ...]:
    """Where each font of a file, or of a collection, begins."""
    if data[:4] != b"ttcf":
        return (0,)
    (count,) = struct.unpack_from(">I", data, 8)
    offsets: tuple[int, ...] = struct.unpack_from(f">{count}I", data, 12)
    return offsets


def _points(data: bytes, font: int) -> Iterator[int]:
    (tables,) = struct.unpack_from(">H", data, font + 4)
    for index in range(tables):
        tag, _, offset, _ = struct.unpack_from(">4sIII", data, font + 12 + 16 * index)
        if tag == b"cmap":
            yield from _mapped(data, offset)


def _mapped(data: bytes, cmap: int) -> Iterator[int]:
    (count,) = struct.unpack_from(">H", data, cmap + 2)
    for index in range(count):
        platform, encoding, offset = struct.unpack_from(">HHI", data, cmap + 4 + 8 * index)
        (form,) = struct.unpack_from(">H", data, cmap + offset)
        if platform == _UNICODE or (platform == _WINDOWS and encoding in (1, 10)):
            if form == 12:
                yield from _format_12(data, cmap + offset)
            elif form == 4:
                yield from _format_4(data, cmap + offset)


def _format_12(data: bytes, at: int) -> Iterator[int]:
    (groups,) = struct.unpack_from(">I", data, at + 12)
    for index in range(groups):
        first, last, glyph = struct.unpack_from(">III", data, at + 16 + 12 * index)
        # Glyph 0 is the box that stands for a missing one.
        yield from range(first + (glyph == 0), last + 1)


def _format_4(data: bytes, at: int) -> Iterator[int]:
    (doubled,) = struct.unpack_from(">H", data, at + 6)
    count = doubled // 2
    ends = struct.unpack_from(f">{count}H", data, at + 14)
    starts = struct.unpack_from(f">{count}H", data, at + 16 + doubled)
    deltas = struct.unpack_from(f">{count}H", data, at + 16 + 2 * doubled)
    places = at + 16 + 3 * doubled
    offsets = struct.unpack_from(f">{count}H", data, places)
    for index, (first, last, delta, offset) in enumerate(zip(starts, ends, deltas, offsets, strict=True)):
        for point in range(first, min(last, 0xFFFE) + 1):
            if not offset:
                has_glyph = (point + delta) % 0x10000 != 0
            else:
                # An offset counts from where it stands itself.
                (glyph,) = struct.unpack_from(">H", data, places + 2 * index + offset + 2 * (point - first))
                has_glyph = glyph != 0
            if has_glyph:
                yield point
