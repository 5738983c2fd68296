"""pyHanko's own loops: it begins one for each seal and each check, which a thread that already has one refuses."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def in_own_thread(work: Callable[[], T]) -> T:
    """The result of work that begins a loop of its own; what it raises, too."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(work).result()
