"""The code from the phone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from pyotp import TOTP

from people.second_factor import address_of, secret_of, step_of

NOON = datetime(2026, 10, 15, 4, tzinfo=UTC)
SECRET = secret_of(bytes(range(16)))


@pytest.mark.parametrize(
    ("seconds", "taken"), [(0, True), (-30, True), (30, True), (-60, False), (60, False)]
)
def test_a_code_counts_a_step_early_and_late(seconds: int, taken: bool) -> None:
    code = TOTP(SECRET).at(NOON + timedelta(seconds=seconds))
    assert (step_of(SECRET, code, NOON) is not None) == taken


def test_a_code_counts_once_and_so_does_what_came_before_it() -> None:
    code, before = TOTP(SECRET).at(NOON), TOTP(SECRET).at(NOON - timedelta(seconds=30))
    step = step_of(SECRET, code, NOON)
    assert step is not None
    assert step_of(SECRET, code, NOON, step) is None
    assert step_of(SECRET, before, NOON, step) is None
    later = NOON + timedelta(seconds=30)
    assert step_of(SECRET, TOTP(SECRET).at(later), later, step) == step + 1


@pytest.mark.parametrize("code", ["", "000000", "12345", "abcdef", "１２３", "0" * 400, "\x00"])
def test_what_is_no_code_is_wrong(code: str) -> None:
    assert step_of(SECRET, code, NOON) is None


def test_a_code_may_be_typed_with_a_gap() -> None:
    code = TOTP(SECRET).at(NOON)
    assert step_of(SECRET, f"{code[:3]} {code[3:]} ", NOON) is not None


def test_the_address_holds_what_a_phone_needs() -> None:
    parts = urlsplit(address_of(SECRET, "zhaojing"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/社保助手:zhaojing"
    assert parse_qs(parts.query) == {"secret": [SECRET], "issuer": ["社保助手"]}
