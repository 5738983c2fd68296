"""What a change of the library did to everybody: how far the pass over all profiles is, and whose contributions differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final
from uuid import UUID

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from audit.events import Event
from audit.events import employee as subject
from calculator.money import Fen, format_yuan
from delivery.pushes import is_day
from hr_console.console import Entry, actor
from hr_console.notice_desk import NoticeDesk, page_number
from hr_console.notice_words import BATCHES
from hr_console.pass_acts import PassNews
from hr_console.personnel import minute
from hr_console.profile_desk import ProfileDesk
from locales import N_
from notices.book import Batch
from people.employees import Employee
from policy_kb.compiled import restore
from policy_kb.library import Library
from profiles.figures import Figures
from profiles.passes import Affected, Differing, NewsState, Pass, Passes
from profiles.settling import CATCH_UP, Settlement, settle

A_PAGE: Final = 100
#: How far somebody is with being told of a pass.
NEWS: Final[Mapping[NewsState, str]] = {
    "waiting": N_("等着告诉"),
    "told": N_("告诉了"),
    "no_chat": N_("没有聊天，要当面说"),
    "left": N_("没有说：数还不能确定"),
}


class PassPages:
    """The passes; a case of the inbox leads to the one that it is about."""

    def __init__(self, desk: ProfileDesk, passes: Passes, news: PassNews, notices: NoticeDesk | None) -> None:
        self._desk = desk
        self._staff = desk.staff
        self._passes = passes
        self._news = news
        self._notices = notices

    @property
    def entries(self) -> Sequence[Entry]:
        """Nothing in the navigation."""
        return ()

    def add_to(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/passes", "passes", self.last)
        blueprint.add_url_rule("/passes/<uuid:id>", "pass", self.page)

    def last(self) -> ResponseReturnValue:
        """The one that began last."""
        return self._page(self._passes.last())

    def page(self, id: UUID) -> ResponseReturnValue:
        """One pass: whose contributions are others now, before and after. That somebody looked at them is logged."""
        found = self._passes.get(str(id))
        if found is None:
            abort(404)
        return self._page(found)

    def _page(self, found: Pass | None) -> str:
        number = page_number()
        differing = () if found is None else self._passes.page(found.id, number, A_PAGE)
        if differing:
            who = tuple(subject(each.employee) for each in differing)
            self._staff.console.log.record(Event("policy_people", actor(), who))
        affected = {} if found is None else {each.employee: each for each in self._news.affected(found.id)}
        people = [(each, self._staff.roster.get(each.employee)) for each in differing]
        before = None if found is None else self._library_before(found)
        return render_template(
            "hr_console/passes.html",
            found=found,
            lines=[(each, it, self._settlement(it, before)) for each, it in people],
            catch_up=CATCH_UP,
            yuan=format_yuan,
            page=number,
            pages=1 if found is None else max(1, -(-found.changed // A_PAGE)),
            minute=minute,
            changes=_changes,
            affected=affected,
            regions=dict(sorted(Counter(each.region for each in affected.values()).items())),
            place=self._staff.place,
            batches=self._batches(affected.values()),
            batch_states=BATCHES,
            drafts=self._notices is not None,
            told={} if found is None else self._news.counts(found.id),
            by_day=is_day(self._staff.console.now()),
            news=NEWS,
        )

    def _batches(self, affected: Iterable[Affected]) -> list[tuple[Batch, int]]:
        """The batches of notices that were drafted for a pass, each with how many of them stand in it."""
        counts = Counter(each.batch for each in affected if each.batch is not None)
        if self._notices is None:
            return []
        found = ((self._notices.book.batch(id), count) for id, count in counts.items())
        return [(batch, count) for batch, count in found if batch is not None]

    def _library_before(self, found: Pass) -> Library | None:
        content = self._passes.library_before(found)
        return None if content is None else _restored(content)

    def _settlement(self, it: Employee | None, before: Library | None) -> Settlement | None:
        """What the months that are paid lack by the library as it is now."""
        if it is None or before is None:
            return None
        profile = self._desk.book.profile_of(it.id)
        if profile is None:
            return None
        rules = self._desk.book.rules()
        ground = replace(
            self._desk.ground(it), before=before, catch_up_until=rules.catch_up.get(profile.region or "")
        )
        return settle(profile, ground, self._desk.today())


@lru_cache(maxsize=1)
def _restored(content: bytes) -> Library:
    return restore(content)


def _changes(each: Differing) -> list[tuple[str, str, str]]:
    """What differs: which figure, before and after in yuan."""
    return [
        (name, _amount(getattr(each.before, name)), _amount(getattr(each.after, name)))
        for name in Figures._fields[1:]
        if getattr(each.before, name) != getattr(each.after, name)
    ]


def _amount(fen: Fen | None) -> str:
    return "—" if fen is None else format_yuan(fen)
