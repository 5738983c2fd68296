"""绑定: a one-time code ties this chat to an employee, after they have said that it is them; 「解绑」 ends it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from bot.dialogue.steps import Ask, Part, Step, Tap, Tell
from bot.dialogue.talk import Talk
from bot.guard import Evidence
from people.bindings import MOST_TRIES, Bind, Owner, Unbind

NAME: Final = "binding"
INTENTS: Final = ()
EXPIRES: Final = timedelta(hours=1)
_HR: Final = Tap(Part("talk.hr"), "topic=hr")
_UNBIND: Final = re.compile(
    r"^(?:我(?:要|想)|帮我|请|把我)?(?:的?账号|的?微信)?(?:解绑|解除绑定|取消绑定|不绑了|别绑了)(?:吧|了|一下|账号)?\W*$|^unbind\W*$"
)
_HOW: Final = re.compile(
    r"^(?:我(?:要|想)|怎么|如何|咋|帮我)?(?:样)?绑定(?:账号|工号|吧|一下|呢|我)?\W*$|绑定码|^(?:how (?:do i|to) )?bind\W*$"
)


def wish_of(text: str) -> str:
    """What a message that has no code wants about the tie: `unbind`, `how`, or nothing.

    >>> wish_of("解绑"), wish_of("怎么绑定"), wish_of("绑在一起行不行")
    ('unbind', 'how', '')
    """
    if _UNBIND.search(text):
        return "unbind"
    return "how" if _HOW.search(text) else ""


def step(talk: Talk) -> Step:
    """Asks whether it is them before anything is tied, and whether they are sure before it ends."""
    wish = talk.frame.data.get("wish", "")
    owner = talk.house.bindings.owner(talk.id)
    if wish == "bind":
        return _bind(talk, owner)
    if wish == "unbind":
        return _unbind(talk, owner)
    if owner is not None:
        return Tell("binding:is", (Part("binding.is", _figures(owner)),), evidence=_evidence(owner))
    return Tell("binding:how", (Part("binding.how"),), (_HR,))


def _bind(talk: Talk, owner: Owner | None) -> Step:
    if talk.heard.slot == "confirm" and talk.heard.value != "yes":
        return Tell("binding:not_me", (Part("binding.not_me"),), (_HR,))
    if len(talk.conversation.codes_at) > MOST_TRIES:
        return Tell("binding:too_many", (Part("binding.too_many"),), (_HR,))
    code = talk.frame.data.get("code", "")
    found = talk.house.bindings.look_up(code)
    if found.owner is None:
        key = f"binding.{found.state}"
        return Tell(f"binding:{found.state}", (Part(key),), (_HR,))
    if owner is not None and owner.employee != found.owner.employee:
        return Tell("binding:other", (Part("binding.other"),))
    if owner is not None:
        return Tell("binding:is", (Part("binding.is", _figures(owner)),), evidence=_evidence(owner))
    if talk.heard.slot == "confirm":
        return Tell("binding:bound", (Part("binding.bound"),), binding=Bind(code, found.owner.employee))
    return Ask("confirm", "binding", _figures(found.owner), evidence=_evidence(found.owner))


def _unbind(talk: Talk, owner: Owner | None) -> Step:
    if owner is None:
        return Tell("binding:none", (Part("binding.none"),))
    if talk.heard.slot != "confirm":
        return Ask("confirm", "unbinding", _figures(owner), evidence=_evidence(owner))
    if talk.heard.value != "yes":
        return Tell("binding:stays", (Part("binding.stays"),))
    return Tell("binding:unbound", (Part("binding.unbound"),), binding=Unbind())


def _figures(owner: Owner) -> dict[str, str]:
    return {"name": owner.name, "tail": owner.tail}


def _evidence(owner: Owner) -> Evidence:
    return Evidence.of(owner.name, owner.tail)
