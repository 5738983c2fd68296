"""Files beside the keys to which lines are only added: what must outlive the database's own copies."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path


def add_lines(path: Path, lines: Sequence[str]) -> None:
    """Adds lines, each with its end; on the disk when this returns. A line that a crash cut short stays by itself."""
    if not lines:
        return
    text = read_text(path)
    start = "\n" if text and not text.endswith("\n") else ""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(start + "".join(lines))
        file.flush()
        os.fsync(file.fileno())


def read_text(path: Path) -> str:
    """What is in the file; nothing where there is none."""
    return path.read_text(encoding="ascii") if path.exists() else ""
