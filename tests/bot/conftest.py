"""The storage of the channels' tests. Not a plugin's, which would take the place of every other room's storage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from databases import Open

from storage.opening import Storage


@pytest.fixture
def storage(sqlite_template: Path, tmp_path: Path, open_one: Open) -> Storage:
    shutil.copy(sqlite_template, tmp_path / "shebao.db")
    return open_one(f"sqlite:///{tmp_path / 'shebao.db'}")
