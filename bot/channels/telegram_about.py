"""What the bot says of itself: its commands, its description, in the languages that Telegram can tell apart."""

from __future__ import annotations

from typing import Final

from bot.channels.telegram_api import About
from locales import N_, SOURCE, Say, speak

_COMMANDS: Final = (
    ("start", N_("从头开始，或者接着上次的说")),
    ("help", N_("能问什么")),
    ("privacy", N_("谁能看到我说的")),
    ("hr", N_("找人事")),
    ("stop", N_("解绑，通知不再发到这里")),
)
_DESCRIPTION: Final = N_(
    "社保和低保的事，随时问。我帮你算，不替民政做决定。\n"
    "Telegram 的服务器在国外：和你自己有关的答案不发到这里，给你一个网页链接，点开看。"
    "身份证号、银行卡号也请别发到这里。"
)
_SHORT: Final = N_("社保、低保的事，随时问。和你自己有关的答案在网页上看。")


def languages() -> tuple[About, ...]:
    """By Telegram's languages, of which Chinese is one, however it is written; first what all others read."""
    return (
        _about("", speak(SOURCE)),
        _about("zh", speak(SOURCE)),
        _about("en", speak("en")),
    )


def _about(language: str, say: Say) -> About:
    return About(
        language,
        tuple((name, say(text)) for name, text in _COMMANDS),
        say(_DESCRIPTION),
        say(_SHORT),
    )
