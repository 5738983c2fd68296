"""Which passwords are accepted, and what is kept of one."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from people import passwords
from people.passwords import HASHER, fits, hash_password, is_outdated, weakness

GOOD = "小河边 三只鸭子 下雨了"


def test_what_is_kept_fits_its_password_alone() -> None:
    kept = hash_password(GOOD)
    assert fits(kept, GOOD) and not fits(kept, GOOD + "。")
    assert GOOD not in kept and kept != hash_password(GOOD)


def test_a_password_is_the_same_from_any_keyboard() -> None:
    assert fits(hash_password("correct horse ｂａｔｔｅｒｙ"), "correct horse battery")


def test_nobody_has_a_password_that_fits() -> None:
    assert not fits(None, GOOD) and not fits("", GOOD) and not fits("no hash", GOOD)


def test_whoever_does_not_exist_is_checked_as_long_as_somebody_who_does() -> None:
    """The hash that stands in for none has today's parameters, or the time would tell."""
    assert not HASHER.check_needs_rehash(passwords._NOBODYS)


def test_a_hash_of_other_parameters_is_outdated() -> None:
    assert is_outdated(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(GOOD))
    assert not is_outdated(hash_password(GOOD))


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("十一个字的密码不够长吧", "too_short"),
        ("好" * 257, "too_long"),
        ("passwordpassword", "too_common"),
        ("Qwertyuiop123", "too_common"),
        ("1234567890123", "too_common"),
        ("abcdefghijklmn", "too_common"),
        ("aaaaaaaaaaaaaaa", "too_common"),
        ("20261015202610", "too_common"),
        ("woaini5201314!", "too_common"),
        ("Zhaojing@2026!!", "names_you"),
        ("赵静赵静赵静赵静赵静赵静", "names_you"),
        (GOOD, None),
        ("correct horse battery", None),
        ("k9#vT2!mQx7$Lp", None),
    ],
)
def test_weak_passwords_are_refused_with_the_reason(password: str, why: str | None) -> None:
    assert weakness(password, ("zhaojing", "赵静", "zhaojing@example.test")) == why
