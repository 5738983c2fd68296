"""Taking a signed bundle of the policy library: checked, compared, and drafted as a change for two people to look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from app.settings import Policy
from hr_console.figure_form import titled
from policy_kb.changes import PolicyChange
from policy_kb.feed import Feed, FeedError, News, news_of, open_feed, read_keys, refuse_older
from policy_kb.importing import Proposal, propose_data
from policy_kb.library import Library
from policy_kb.lint import plain_keys
from storage.opening import Storage
from storage.policy_feed import TakenFeed, TakenFeeds


@dataclass(frozen=True, slots=True)
class Looked:
    """A bundle that is as it was signed, what it would change (None: nothing), and what does not come this way."""

    feed: Feed
    proposal: Proposal | None
    left_out: tuple[str, ...]


class FeedIntake:
    """Bundles as the settings let them in."""

    def __init__(self, policy: Policy, storage: Storage, today: Callable[[], date]) -> None:
        self._policy = policy
        self._changes = storage.policy_changes
        self._taken = TakenFeeds(storage.database, storage.now)
        self._today = today

    def look(self, library: Library, data: bytes) -> Looked:
        """What a bundle would change in the library in force. Nothing is kept. Raises `FeedError` and `InputError`."""
        feed = open_feed(data, read_keys(self._policy.feed_keys))
        last = self._taken.last()
        refuse_older(feed, max(library.version, last.edition if last else ""), self._today())
        news: News = news_of(library, feed)
        if not news.additions:
            return Looked(feed, None, news.left_out)
        name, today = f"政策数据包 {feed.edition}", self._today()
        proposal = propose_data(library, news.additions, name, feed.sha256, today, today)
        return Looked(feed, proposal, news.left_out)

    def take(self, library: Library, data: bytes, by: str) -> PolicyChange:
        """The draft made of a bundle; the one that is there already where it was taken before. `by` is an account, "" for
        none. Raises `FeedError`, also where it has nothing new, and `InputError`."""
        looked = self.look(library, data)
        kept = self._drafted(looked.feed)
        if kept is not None:
            return kept
        if looked.proposal is None:
            raise FeedError("；".join(("数据包里没有比现在更新的数", *looked.left_out)))
        content = plain_keys(dict(looked.proposal.additions))
        title = f"{looked.proposal.file}：{titled(library, content)}"
        change = self._changes.draft("figures", title, content, by)
        self._taken.note(TakenFeed(looked.feed.edition, looked.feed.sha256, change.number))
        return change

    def _drafted(self, feed: Feed) -> PolicyChange | None:
        """The change made of the same file, unless somebody gave it up."""
        last = self._taken.last()
        if last is None or last.sha256 != feed.sha256:
            return None
        change = self._changes.get(last.number)
        return None if change is None or change.state in ("withdrawn", "taken_back") else change
