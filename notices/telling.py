"""What is said about a notice in a chat: neutral words with a link, or with a button where the page has buttons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from delivery.messages import Button, Reply
from locales import N_, Say

#: `first` and `reminder` come by themselves, `asked` after the employee asked; `copy` is what they get once it is sealed;
#: `hold` and `hold_lifted` that the file is kept longer, and no longer; `withdrawn` that there is nothing to read any more.
Told = Literal["first", "reminder", "asked", "copy", "hold", "hold_lifted", "withdrawn"]
WORDS: Final[Mapping[Told, str]] = {
    "first": N_("单位给你发了一份要看的通知。"),
    "reminder": N_("提醒一下：还有一份通知等你看（前面发的链接不用再点）。"),
    "asked": N_("这是打开它的链接，只给你一个人用。"),
    "copy": N_(
        "你回应的那份通知（{number}）存好了。这是它的校验码，请留着：{code}。以后谁改了文件，对一下校验码就知道。"
    ),
    "hold": N_(
        "和你有关的一份通知（{number}）因为有争议，先不到期删除。你自己的那份不受影响，想看可以发“看告知书”。"
    ),
    "hold_lifted": N_("那份通知（{number}）的争议结束了，照原来的期限保存和删除。"),
    "withdrawn": N_("前面发给你的那份通知（{number}）单位收回了，不用再看，链接也不能用了。"),
}
_LINK: Final = N_("点开看：{link}")
_OPEN: Final = N_("打开看看")
_VERIFY: Final = N_("自己验真假：{address}")
#: The channel whose page draws buttons that open an address of ours.
WEB: Final = "web"


def told_of(told: Told, say: Say, number: str) -> Reply:
    """One bubble without a link."""
    return Reply(say(WORDS[told], number=number), neutral=True)


def telling(told: Told, channel: str, address: str, token: str, say: Say, **figures: str) -> Reply:
    """One bubble. `address` is where the pages are; nothing in it is about the employee."""
    lines = [say(WORDS[told], **figures)]
    if told == "copy":
        lines.append(say(_VERIFY, address=f"{address}/verify"))
    if channel == WEB:
        return Reply("\n".join(lines), (Button(say(_OPEN), f"notice={token}"),), neutral=True)
    # Nothing follows the link: a phone takes what does for a part of it.
    lines.append(say(_LINK, link=f"{address}/notices/{token}"))
    return Reply("\n".join(lines), neutral=True)
