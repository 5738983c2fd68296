"""What tests of every room share."""

from __future__ import annotations

from datetime import date

import pytest

from policy_kb import compiled
from policy_kb.library import Library

#: The day on which the tests stand, so that they do not age with the library.
TODAY = date(2026, 10, 15)


@pytest.fixture(scope="session")
def library() -> Library:
    """The policy library that ships."""
    return compiled.load(compiled=None)
