"""Which bundle of the policy library was taken last, so that an older one is not taken after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from storage.company_settings import get_setting, put_setting
from storage.database import Database

NAME: Final = "policy.feed"


@dataclass(frozen=True, slots=True)
class TakenFeed:
    """The bundle that was taken last: its edition, the hash of its file, and the change that was drafted from it."""

    edition: str
    sha256: str
    number: int


class TakenFeeds:
    """The memory of bundles."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def last(self) -> TakenFeed | None:
        """The last one; None where there was none."""
        with self._database.read() as connection:
            value = get_setting(connection, NAME)
        return None if value is None else TakenFeed(**value)

    def note(self, taken: TakenFeed) -> None:
        """One was taken."""
        with self._database.work() as connection:
            put_setting(connection, NAME, asdict(taken), self._now())
