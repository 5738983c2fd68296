"""The notices as HR works with them: batches, cases and settings behind one protocol."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.dialogue.talk import Notices
from notices.book import NoticeBook
from storage.database import Database
from storage.keys import Keys
from storage.notice_batches import StoredBatches
from storage.notice_cases import StoredNoticeCases
from storage.notice_settings import StoredNoticeSettings


class StoredNoticeBook(StoredBatches, StoredNoticeCases, StoredNoticeSettings, NoticeBook, Notices):
    """Every notice."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        now: Callable[[], datetime],
        texts: Callable[[str], tuple[str, str]],
    ) -> None:
        StoredBatches.__init__(self, database, keys, now, texts)
