"""Answering an employee: what was typed, what it was made from, and what keeps it from being sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Self
from uuid import uuid4

from flask import request

from hr_console.shelf import Offer, Shelf, changed_figures, sources_of, why_not
from hr_console.who import Who
from hr_inbox.cases import Case, Cases, Collision
from locales import N_, Locale

#: What an answer or a note may hold, in characters.
LONGEST: Final = 2000

EMPTY_TEXT: Final = N_("还没写字。写一句再发。")
TOO_LONG: Final = N_("写了 {count} 个字，一次最多 {most} 个，分两次发。")
HELD_BY: Final = N_("{name}正在处理，这一步没有做。")
GONE: Final = N_("这一条刚刚变了，这一步没有做。看一眼下面的新情况。")
NEWER: Final = N_("对话里刚有新的一句，看一眼再发。写的字还在。")
EXPIRED: Final = N_("“{title}”现在不能发：{why}。去掉它的勾，或者换一条。")
NO_LONGER_THERE: Final = N_("引用的那条答复已经撤下了。去掉它的勾再发。")
FIGURES: Final = N_("这里的数跟引用的条文对不上：{figures}。核对一下；就是要这样发，再点一次发送。")


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer as it was sent by the page. `used` are references of the texts it was made from; `take`: the case is
    taken with it; `checked`: figures that differ are meant."""

    text: str = field(default="", repr=False)
    key: str = ""
    seen: int = 0
    used: tuple[str, ...] = ()
    take: bool = False
    checked: bool = False

    @classmethod
    def read(cls) -> Self:
        """From the request, a form or JSON."""
        data = request.get_json(silent=True) if request.is_json else None
        if isinstance(data, dict):
            values, used = {name: str(value) for name, value in data.items()}, data.get("used")
        else:
            values, used = request.form.to_dict(), request.form.getlist("used")
        seen = values.get("seen", "")
        return cls(
            text=values.get("text", "").strip(),
            key=values.get("key", "")[:64] or str(uuid4()),
            seen=int(seen) if seen.isascii() and seen.isdigit() else 0,
            used=tuple(dict.fromkeys(map(str, used))) if isinstance(used, list) else (),
            take=values.get("take", "") in ("1", "True"),
            checked=values.get("checked", "") in ("1", "True"),
        )


class Refused(Exception):
    """An answer that was not sent; `code` for the page's script, the sentence for who reads."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.status = status


class Answers:
    """Sends answers, with the records that their texts rest on."""

    def __init__(self, cases: Cases, shelf: Shelf, who: Who) -> None:
        self._cases = cases
        self._shelf = shelf
        self._who = who

    def send(self, number: str, draft: Draft, case: Case | None) -> None:
        """Sends an answer; `case` is there where the answer was made from texts. Raises `Refused`."""
        if problem := self.problem(draft.text):
            raise Refused("text", problem)
        sources = () if case is None else self._sources(case, draft)
        viewer = self._who.viewer()
        try:
            if draft.take:
                self._cases.take(number, viewer)
            self._cases.say(number, viewer, draft.text, draft.key, draft.seen, sources)
        except Collision as error:
            raise Refused("collision", self.told(error), 409) from error

    def problem(self, text: str) -> str:
        """What is wrong with a text by itself; empty where nothing is."""
        if not text:
            return self._who.tell(EMPTY_TEXT)
        if len(text) > LONGEST:
            return self._who.tell(TOO_LONG, count=str(len(text)), most=str(LONGEST))
        return ""

    def told(self, error: Collision) -> str:
        """Who was there first."""
        if error.holder is None:
            return self._who.tell(GONE)
        if error.holder == self._who.viewer().account:
            return self._who.tell(NEWER)
        return self._who.tell(HELD_BY, name=self._who.name(error.holder))

    def named(self, draft: Draft, case: Case) -> list[tuple[str, str]]:
        """The texts that a draft was made from, by reference and title."""
        named = self._shelf.named(draft.used, case.line.region, self.language(case))
        return [
            (ref, ref if offer is None else offer.reply.title)
            for ref, offer in zip(draft.used, named, strict=True)
        ]

    def offered(self, case: Case, ref: str) -> Offer:
        """A text to put into an answer. Raises `Refused` where it cannot be sent."""
        return self._usable(case, (ref,))[0]

    def ready(self, case: Case) -> list[dict[str, str]]:
        """The ready replies, as the page shows them."""
        return self._shown(self._shelf.ready(case.line.region, self.language(case)))

    def near(self, case: Case, question: str) -> list[dict[str, str]]:
        """The articles nearest to a question, as the page shows them."""
        return self._shown(self._shelf.near(question, case.line.region, self.language(case)))

    def language(self, case: Case) -> Locale:
        """The employee's language."""
        return self._who.console.languages.choose(case.line.language, ())

    def _sources(self, case: Case, draft: Draft) -> tuple[dict[str, Any], ...]:
        """The records under an answer, on the day on which it is sent."""
        offers = self._usable(case, draft.used)
        changed = changed_figures(draft.text, offers)
        if changed and not draft.checked:
            raise Refused("figures", self._who.tell(FIGURES, figures="、".join(changed)), 409)
        return sources_of(offers)

    def _usable(self, case: Case, refs: tuple[str, ...]) -> list[Offer]:
        usable: list[Offer] = []
        for offer in self._shelf.named(refs, case.line.region, self.language(case)):
            if offer is None:
                raise Refused("expired", self._who.tell(NO_LONGER_THERE), 409)
            if offer.reply.obstacle is not None:
                why = why_not(offer.reply.obstacle, self._who.tell)
                raise Refused("expired", self._who.tell(EXPIRED, title=offer.reply.title, why=why), 409)
            usable.append(offer)
        return usable

    def _shown(self, offers: tuple[Offer, ...]) -> list[dict[str, str]]:
        return [
            {
                "ref": offer.ref,
                "title": offer.reply.title,
                "text": offer.reply.text,
                "count": str(len(offer.reply.sources)),
                "why_not": ""
                if offer.reply.obstacle is None
                else why_not(offer.reply.obstacle, self._who.tell),
            }
            for offer in offers
        ]
