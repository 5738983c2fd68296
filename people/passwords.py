"""Passwords: which are accepted, and what is kept of one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise
from typing import Final, Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST: Final = 12
#: Longer ones would only keep the processor busy.
LONGEST: Final = 256
#: Why a password is not accepted.
Weakness = Literal["too_short", "too_long", "too_common", "names_you"]

#: 19 MiB, two passes, one lane: the least that is recommended, so that a small server survives many sign-ins at once.
HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
#: The hash of nothing that anybody knows: whoever has no password is checked against it, and takes as long.
_NOBODYS: Final = (
    "$argon2id$v=19$m=19456,t=2,p=1$d2aM37cBYXvvZyyLfBbULQ$bjF3JWZKBp5UKrMxySONC+yo/2Wq00HJX5sD5GRK+wM"
)
#: What common passwords are made of, and what runs along the keyboard.
_COMMON: Final = (
    "password", "passw0rd", "p@ssw0rd", "qwertyuiop", "qwerty", "asdfghjkl", "zxcvbnm", "1qaz2wsx", "1q2w3e4r",
    "iloveyou", "letmein", "welcome", "admin", "administrator", "changeme", "abc123", "woaini", "shebao", "renshi",
    "zhongguo", "mima", "dibao", "company", "gongsi", "5201314", "1314520", "qazwsx", "hr",
)  # fmt: skip
_RUNS: Final = ("01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")


def hash_password(password: str) -> str:
    """What is kept of a password: argon2's own text, with its parameters and salt."""
    return HASHER.hash(_normal(password))


def fits(kept: str | None, password: str) -> bool:
    """Whether a password is the one of which `kept` was made. It takes as long where there is none (None)."""
    try:
        return HASHER.verify(kept or _NOBODYS, _normal(password)[: LONGEST + 1]) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return HASHER.check_needs_rehash(kept)


def weakness(password: str, known: Iterable[str] = ()) -> Weakness | None:
    """Why a password is not accepted; None where it is. `known` is what others know of its owner: login, name, mail.

    >>> weakness("小猫 钓鱼 下午三点 不回家", ["zhaojing"]) is None
    True
    >>> weakness("zhaojing20261", ["zhaojing"]), weakness("Password2026!"), weakness("abababababab")
    ('names_you', 'too_common', 'too_common')
    """
    plain = _normal(password)
    if len(plain) < SHORTEST:
        return "too_short"
    if len(plain) > LONGEST:
        return "too_long"
    if _is_little(plain, (part for text in known for part in _parts(text))):
        return "names_you"
    return "too_common" if _is_little(plain, _COMMON) or _is_a_run(plain) else None


def _normal(password: str) -> str:
    """The same password from any keyboard."""
    return unicodedata.normalize("NFKC", password)


def _parts(text: str) -> Iterable[str]:
    return (text, *re.split(r"[^\w]+", text))


def _is_little(password: str, words: Iterable[str]) -> bool:
    """Whether hardly anything is left of it without the words, digits and signs."""
    left = password.casefold()
    found = [word for word in sorted({_normal(each).casefold() for each in words}, key=len) if len(word) > 1]
    for word in reversed(found):
        left = left.replace(word, "")
    return left != password.casefold() and len(re.sub(r"[\W\d_]", "", left)) < 4


def _is_a_run(password: str) -> bool:
    """Digits alone (a date, a phone), a few characters over and over, or a walk along the alphabet or the keyboard."""
    plain = password.casefold()
    if plain.isdecimal() or len(set(plain)) < 5:
        return True
    bare = re.sub(r"[\W_]", "", plain)
    steps = sum(
        any(pair in run or pair in run[::-1] for run in _RUNS) for pair in map("".join, pairwise(bare))
    )
    return steps >= len(bare) * 3 / 4
