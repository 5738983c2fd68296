"""Pages joined into one PNG show the same points, whatever filter their first rows lean on."""

import struct
import zlib
from itertools import product

import pytest

from web_calc.pictures import _chunk, _data, _head, one_below_another

WIDTH, CHANNELS = 5, 3


def page(rows: list[tuple[int, bytes]], width: int = WIDTH) -> bytes:
    head = struct.pack(">IIBBBBB", width, len(rows), 8, 2, 0, 0, 0)
    data = b"".join(bytes([kind]) + row for kind, row in rows)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(data)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda each: abs(guess - each))


def points(png: bytes) -> list[bytes]:
    """The rows of the picture, filters undone (PNG specification, section 9)."""
    data, length = zlib.decompress(_data(png)), 1 + WIDTH * CHANNELS
    above, rows = bytes(length - 1), []
    for start in range(0, len(data), length):
        kind, row = data[start], bytearray(data[start + 1 : start + length])
        for index in range(len(row)):
            left = row[index - CHANNELS] if index >= CHANNELS else 0
            corner = above[index - CHANNELS] if index >= CHANNELS else 0
            added = (0, left, above[index], (left + above[index]) // 2, paeth(left, above[index], corner))[
                kind
            ]
            row[index] = (row[index] + added) & 0xFF
        above = bytes(row)
        rows.append(above)
    return rows


@pytest.mark.parametrize(("first", "second"), list(product(range(5), repeat=2)))
def test_the_points_stay_the_same(first: int, second: int) -> None:
    filled = [bytes((37 * start + 11 * step) % 256 for step in range(WIDTH * CHANNELS)) for start in range(4)]
    pages = [page([(first, filled[0]), (4, filled[1])]), page([(second, filled[2]), (3, filled[3])])]
    joined = one_below_another(pages)
    assert struct.unpack(">II", _head(joined)[:8]) == (WIDTH, 4)
    assert points(joined) == [row for each in pages for row in points(each)]


def test_one_page_stays_as_it_is_and_unlike_pages_are_refused() -> None:
    row = bytes(WIDTH * CHANNELS)
    alone = page([(0, row)])
    assert one_below_another([alone]) is alone
    with pytest.raises(ValueError, match="differ"):
        one_below_another([alone, page([(0, bytes(4 * CHANNELS))], width=4)])
