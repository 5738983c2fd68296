"""点头才问: what is agreed to, each purpose by itself; given, declined and taken back in the chat."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from bot.dialogue.acts import Agree, Choice, Decline, Withdraw
from bot.dialogue.steps import Ask, Part, Step, Tap, Tell
from bot.dialogue.talk import Talk
from people.records import PURPOSES, Purpose

NAME: Final = "consent"
INTENTS: Final = ()
EXPIRES: Final = timedelta(days=1)
#: Where consents stand, and are given and taken back too.
PAGE: Final = ("me",)
_BACK: Final = re.compile(
    r"^(?:我)?(?:要|想|现在)?(?:撤回|撒回|收回|取消|撤消|撤销)(?:我的?|之前的?|那个)?(?:同意|点头|授权|许可)(?:了|书)?\W*$"
    r"|^(?:我)?(?:后悔了?|反悔了?|不同意了|不点头了|不授权了)\W*$"
    r"|^(?:i )?(?:withdraw|revoke) (?:my )?consent\W*$"
)
#: Words that take a consent back where there is one, and ask what a refusal means where there is none.
_REFUSE: Final = re.compile(
    r"^(?:我)?(?:不(?:让|许|准|要|想|同意)|别)(?:你们|公司|厂里)?(?:再)?(?:去)?(?:查|问)(?:民政|我家|低保)?[^。?!]{0,4}\W*$"
)
_GIVE: Final = re.compile(
    r"^(?:我)?(?:同意|点头|愿意|可以|答应)(?:你们|公司|厂里)?(?:去)?(?:查|问)(?:一?下)?(?:民政|低保)[^。?!]{0,6}\W*$"
    r"|^(?:你们|帮我|请)?(?:去|直接)?(?:问问?|查查?)(?:一?下)?民政(?:吧|一下|也行)?\W*$"
)
_KEEP: Final = re.compile(r"^(?:我)?(?:同意|点头|愿意)(?:你们|公司)?(?:帮我)?(?:记下?|记住)[^。?!]{0,8}\W*$")
_ALL: Final = "all"


def wish_of(text: str) -> str:
    """What a message wants about consents: `withdraw`, `refuse`, a purpose to agree to, or nothing.

    >>> wish_of("我不同意了"), wish_of("撒回同意"), wish_of("别问民政了"), wish_of("我同意你们问民政")
    ('withdraw', 'withdraw', 'refuse', 'civil_affairs')
    >>> wish_of("我不同意你的说法")
    ''
    """
    if _BACK.search(text):
        return "withdraw"
    if _REFUSE.search(text):
        return "refuse"
    if _GIVE.search(text):
        return "civil_affairs"
    return "dibao_status" if _KEEP.search(text) else ""


def step(talk: Talk) -> Step:
    """Asks for one purpose, or which one is taken back; an answer is done in the transaction of its turn."""
    file = talk.own_file
    if file is None:
        return Tell("consent:bind", (Part("consent.bind"),), (Tap(Part("talk.hr"), "topic=hr"),))
    wish = talk.frame.data.get("wish", "")
    if wish in ("withdraw", "refuse"):
        return _withdraw(talk, file.profile.employee, file.agreed)
    purpose: Purpose = "civil_affairs" if wish == "civil_affairs" else "dibao_status"
    if purpose in file.agreed:
        return Tell("consent:holds", (Part(f"consent.holds_{purpose}"),), papers=PAGE)
    if talk.heard.slot != "confirm":
        return Ask("confirm", purpose)
    if talk.heard.value != "yes":
        return Tell("consent:declined", (Part("consent.declined"),), acts=(Decline(purpose),))
    return Tell(
        "consent:given",
        (Part(f"consent.given_{purpose}"),),
        papers=PAGE,
        acts=(Agree(file.profile.employee, purpose),),
    )


def _withdraw(talk: Talk, employee: str, agreed: frozenset[Purpose]) -> Step:
    held = tuple(each for each in PURPOSES if each in agreed)
    chosen = talk.heard.value if talk.heard.slot == "choice" else ""
    if not held:
        return Tell("consent:none", (Part("consent.none"),))
    if chosen == "keep":
        return Tell("consent:stays", (Part("consent.stays"),))
    taken = tuple(each for each in held if chosen in (each, _ALL))
    if taken:
        parts = tuple(Part(f"consent.withdrawn_{each}") for each in taken)
        acts: list[Choice] = [Withdraw(employee, each) for each in taken]
        acts += map(Decline, taken)
        return Tell("consent:withdrawn", (*parts, Part("consent.no_harm")), papers=PAGE, acts=tuple(acts))
    taps = [Tap(Part(f"consent.tap_{each}"), f"choice={each}") for each in held]
    if len(held) > 1:
        taps.append(Tap(Part("consent.tap_all"), f"choice={_ALL}"))
    erased = tuple(Part(f"consent.erases_{each}") for each in held)
    return Ask(
        "choice", "withdraw", before=erased, taps=(*taps, Tap(Part("consent.tap_keep"), "choice=keep"))
    )
