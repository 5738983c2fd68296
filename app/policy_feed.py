"""Taking a signed bundle of the policy library: checked, compared, and drafted as a change for two people to look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from app.settings import Policy
from hr_console.figure_form import titled
from locales import as_written
from policy_kb.changes import Fed, PolicyChange, Refused, drafted_from, newest_edition
from policy_kb.feed import Feed, FeedError, News, news_of, open_feed, read_keys, refuse_older
from policy_kb.importing import Proposal, propose_data
from policy_kb.library import Library
from policy_kb.lint import plain_keys
from storage.opening import Storage


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
        self._today = today

    def look(self, library: Library, data: bytes) -> Looked:
        """What a bundle would change in the library in force. Nothing is kept. Raises `FeedError` and `InputError`."""
        feed = open_feed(data, read_keys(self._policy.feed_keys))
        newest = newest_edition(self._changes.all())
        refuse_older(feed, max(library.version, newest), self._today())
        news: News = news_of(library, feed)
        if not news.additions:
            return Looked(feed, None, news.left_out)
        name, today = f"政策数据包 {feed.edition}", self._today()
        proposal = propose_data(library, news.additions, name, feed.sha256, today, today)
        return Looked(feed, proposal, news.left_out)

    def take(self, library: Library, data: bytes, by: str) -> PolicyChange:
        """The draft of the account `by` made of a bundle; the one that is there already where the same was taken before.
        Raises `FeedError`, also where it has nothing new, and `InputError`."""
        looked = self.look(library, data)
        kept = self._drafted(looked.feed)
        if kept is not None:
            return kept
        if looked.proposal is None:
            raise FeedError("；".join(("数据包里没有比现在更新的数", *looked.left_out)))
        content = plain_keys(dict(looked.proposal.additions))
        title = f"{looked.proposal.file}：{titled(library, content)}"
        fed = Fed(looked.feed.edition, looked.feed.sha256)
        try:
            return self._changes.draft("figures", title, content, by, fed=fed)
        except Refused as error:
            meanwhile = self._drafted(looked.feed)
            if meanwhile is None:
                raise FeedError(as_written(error.text, **error.figures)) from error
            return meanwhile

    def _drafted(self, feed: Feed) -> PolicyChange | None:
        """The change made of the same bundle, unless it was given up. Raises `FeedError` for another of that edition."""
        change = drafted_from(self._changes.all(), feed.edition)
        if change is not None and change.fed is not None and change.fed.sha256 != feed.sha256:
            raise FeedError(f"{feed.edition} 的数据包已经收过一个（{change.label}），这一个和它不一样，不收")
        return change
