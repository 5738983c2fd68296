"""The reader in the house, which stands behind every other one."""

from __future__ import annotations

import pytest

from bot.understanding.__main__ import TRAINED
from bot.understanding.__main__ import main as train_where_changed
from bot.understanding.embedded import EmbeddedReader, load_reader


@pytest.fixture(scope="session")
def embedded() -> EmbeddedReader:
    """The reader that `make setup` trained."""
    train_where_changed()
    return load_reader(TRAINED)
