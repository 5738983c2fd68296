"""The notices as HR works with them: batches, cases and settings in one store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.dialogue.talk import Notices
from storage.database import Database
from storage.keys import Keys
from storage.notice_batches import Number, StoredBatches
from storage.notice_cases import StoredNoticeCases
from storage.notice_settings import StoredNoticeSettings


class StoredNoticeBook(StoredBatches, StoredNoticeCases, StoredNoticeSettings, Notices):
    """Every notice, but for what its seals are worth: that takes certificates, which no database holds."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        now: Callable[[], datetime],
        texts: Callable[[str], tuple[str, str]],
        number: Number,
    ) -> None:
        StoredBatches.__init__(self, database, keys, now, texts, number)
