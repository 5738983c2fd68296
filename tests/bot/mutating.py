"""Bytes changed where it may hurt: what fuzzes the callbacks."""

from __future__ import annotations

import random

SEED = 20261015
HALF_A_CHARACTER = b"\xed\xa0\x80"
PIECES = (
    b"",
    b"\x00",
    b"\x1d",
    HALF_A_CHARACTER,
    b"\xff\xfe",
    b"<",
    b">",
    b"&",
    b"&#x1d;",
    b"&lol;",
    b"]]>",
    b"<![CDATA[",
    b"<!DOCTYPE x [<!ENTITY lol 'lol'>]>",
    b"<MsgType>text</MsgType>",
    b"<xml>",
    b"</xml>",
    b"<Encrypt>",
    "签".encode(),
    b"9" * 400,
    b"<A>" * 50,
)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The same bytes with one to four of them changed, cut out, doubled, or with something put in."""
    for _ in range(chance.randint(1, 4)):
        at, end = sorted(chance.randint(0, len(data)) for _ in range(2))
        end = min(end, at + chance.choice((1, 1, 8, 200)))
        piece = chance.choice(
            (chance.choice(PIECES), bytes([chance.randrange(256)]), data[at:end] * 2, chance.randbytes(5))
        )
        data = data[:at] + piece + data[end:]
    return data
