"""The screens on which the console's pages are looked at: a phone and a desk, by day and by night.

PYTEST_DONT_REWRITE: the search for doctests imports this module before the tests do.
"""

from __future__ import annotations

from typing import Final

import pytest

PHONE: Final = {"width": 390, "height": 844}
DESKTOP: Final = {"width": 1280, "height": 900}
#: Each size and each scheme once; the soak has every size in every scheme.
SCREENS: Final = [
    pytest.param(PHONE, "light", id="phone-light"),
    pytest.param(DESKTOP, "dark", id="desktop-dark"),
    pytest.param(PHONE, "dark", id="phone-dark", marks=pytest.mark.soak),
    pytest.param(DESKTOP, "light", id="desktop-light", marks=pytest.mark.soak),
]
