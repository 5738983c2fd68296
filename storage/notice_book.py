"""The notices as HR works with them: batches, cases and settings in one store."""

from __future__ import annotations

from bot.dialogue.talk import Notices
from storage.notice_batches import StoredBatches
from storage.notice_cases import StoredNoticeCases
from storage.notice_settings import StoredNoticeSettings


class StoredNoticeBook(StoredBatches, StoredNoticeCases, StoredNoticeSettings, Notices):
    """Every notice, but for what its seals are worth: that takes certificates, which no database holds."""
