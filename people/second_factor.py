"""The second factor: a code of six digits from the phone, another one every thirty seconds (TOTP)."""

from __future__ import annotations

import base64
import re
from datetime import datetime
from typing import Final

from pyotp import TOTP
from pyotp.exceptions import OTPVerificationError

#: Whose code it is, as the phone lists it.
ISSUER: Final = "社保助手"
#: A phone's clock may be off by so many steps of thirty seconds.
_WINDOW: Final = 1


def secret_of(random: bytes) -> str:
    """Random bytes (16 at least) as the secret that a phone takes."""
    return base64.b32encode(random).decode().rstrip("=")


def address_of(secret: str, login: str) -> str:
    """The secret as the address that phones read from a QR code."""
    return TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def step_of(secret: str, code: str, at: datetime, last: int | None = None) -> int | None:
    """The step that a code belongs to; None where it is wrong, over, or not younger than the last one that was used.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 10, 15, 4, tzinfo=UTC)
    >>> step_of("GEZDGNBVGY3TQOJQGEZDGNBVGY", TOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY").at(noon), noon)
    59734560
    >>> step_of("GEZDGNBVGY3TQOJQGEZDGNBVGY", TOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY").at(noon), noon, 59734560) is None
    True
    """
    digits = re.sub(r"\s", "", code)
    try:
        step = TOTP(secret).verify_and_get_timecode(digits, for_time=at, valid_window=_WINDOW)
    except OTPVerificationError:
        return None
    return step if last is None or step > last else None
