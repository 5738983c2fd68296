"""After a pass over all profiles: whoever HR had told hears what changes for them, from when, and what is owed for the past."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Final, Literal

from app.following import Following
from audit.events import SYSTEM
from delivery.messages import Reply
from delivery.pushes import is_day
from locales import speak
from policy_kb.answer import source_json
from policy_kb.compiled import restore
from policy_kb.library import Library
from profiles.book import OPEN, Decision, KeptStrategy
from profiles.passes import NewsState
from profiles.profile import Profile
from profiles.strategy import Explanation, Strategy, choose_strategy
from storage.opening import Storage
from storage.pass_news import ToTell

log = logging.getLogger("shebao.profiles")

#: What one run settles at most; the next minute goes on.
MOST: Final = 500


class PassTelling:
    """Tells those who wait, by day, and never into a person's talk; `library` gives the library in force, `today` the day in
    China. Whoever has no chat gets the strategy all the same: HR tells them in person."""

    def __init__(
        self,
        storage: Storage,
        following: Following,
        library: Callable[[], Library],
        today: Callable[[], date],
    ) -> None:
        self._storage = storage
        self._ground_of = following.ground_of
        self._library = library
        self._today = today

    def run(self) -> int:
        """Tells whom it can; how many were settled. One who cannot be told holds up nobody else."""
        if not is_day(self._storage.now()):
            return 0
        settled = 0
        for each in self._storage.pass_news.waiting():
            if settled == MOST:
                break
            try:
                settled += self._tell(each)
            except Exception as error:
                # The text of an error may quote a value. The employee waits on, and the next run tries again.
                log.error("an employee was not told of a pass (%s)", type(error).__name__)
        return settled

    def _tell(self, it: ToTell) -> bool:
        """Proposes what follows, says it and notes that; False where it is to wait."""
        kept = self._proposed(it)
        state = "left" if kept is None else self._say(it, kept)
        if state == "held":
            return False
        self._storage.pass_news.settle(it, state, None if kept is None else kept.id)
        return True

    def _proposed(self, it: ToTell) -> KeptStrategy | None:
        """What follows for somebody from the change of the library; None where nothing does, or what was before is not kept."""
        before = self._before(it.id)
        if before is None:
            return None
        return self._storage.profiles.propose(
            it.employee, lambda was, now, done: self._choose(before, was, now, done)
        )

    def _say(self, it: ToTell, kept: KeptStrategy) -> NewsState | Literal["held"]:
        """Says it where it was not said before, by an earlier pass for the same change or in person."""
        told = kept.data["explanation"]
        if told is None:
            return "left"
        if kept.told_at is None:
            explanations = self._storage.explanations
            text = Explanation(told["code"], told["figures"]).text(speak(explanations.language(it.employee)))
            sent = explanations.inform(kept.id, it.employee, Reply(text, sources=self._sources(kept)), it.by)
            if sent == "no_chat" or sent == "held":
                return sent
        self._end(kept)
        return "told"

    def _choose(
        self, before: Library, was: Profile | None, now: Profile, done: Collection[str]
    ) -> Strategy | None:
        """What follows from the change of the library alone: what a refusal leads to is followed where it was made."""
        ground = replace(self._ground_of(now.employee), before=before, refused_on=None)
        return choose_strategy(was, now, ground, self._today(), done) if ground.owed else None

    def _end(self, kept: KeptStrategy) -> None:
        """Where telling was all there was to do, it is done."""
        if kept.state in OPEN and set(kept.acts) == {"tell"}:
            decision = Decision("done", SYSTEM, self._storage.now(), "tell")
            self._storage.profiles.decide(kept.id, (kept.state,), decision)

    def _sources(self, kept: KeptStrategy) -> tuple[dict[str, object], ...]:
        """The records by which it is reckoned: those of the first reason."""
        library = self._library()
        keys = kept.data["reasons"][0]["sources"]
        return tuple(source_json(library, each) for each in keys if library.has(each))

    def _before(self, id: str) -> Library | None:
        found = self._storage.passes.get(id)
        content = None if found is None else self._storage.passes.library_before(found)
        return None if content is None else _restored(content)


@lru_cache(maxsize=1)
def _restored(content: bytes) -> Library:
    return restore(content)
