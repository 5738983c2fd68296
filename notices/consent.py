"""What an employee agrees to with a signature on the page, word for word. A version once shown is never changed: a new one
is added, and the answer says by its hash which one was read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from locales import N_


@dataclass(frozen=True)
class Consent:
    """A version of the text: what somebody agrees to, in sentences. The Chinese words count; others are reading aids."""

    version: str
    sentences: Sequence[str]

    @property
    def text(self) -> str:
        """The whole text, a sentence a line."""
        return "\n".join(self.sentences)

    @cached_property
    def sha256(self) -> str:
        """What names this text in the answer and in the chain."""
        return hashlib.sha256(f"{self.version}\n{self.text}".encode()).hexdigest()


#: Every version, the latest last.
VERSIONS: Final = (
    Consent(
        "1",
        (
            N_("签名、写下的话只表示我收到并看过这份告知书，不表示我同意里面的内容，也不减少我的任何权利。"),
            N_("签不签、怎么签，单位都要依法给我参加社会保险，从我工资里扣的那份也照样缴。"),
            N_(
                "我同意单位留下我这次手写的笔迹：每一笔的样子、先后和快慢（手写动态特征，属于敏感个人信息），只用来证明这份告知书是我本人回应的。"
            ),
            N_("一起留下的还有：我什么时候打开、看完、答题、发送，用的是哪条聊天渠道，和我自己写的话。"),
            N_(
                "这些加密保存，只有人事为这份告知书办事、或者仲裁和法院要看的时候才看，看一次记一次；过了法律要求留档的时间就删掉。"
            ),
            N_("不愿意在手机上签，可以不签，或者找人事要纸的，对我上班没有影响。"),
        ),
    ),
)
CURRENT: Final = VERSIONS[-1]


def consent_of(version: str = "") -> Consent:
    """A version of the text; the one in force where none is named. Raises `KeyError` for one that never was."""
    return {"": CURRENT, **{each.version: each for each in VERSIONS}}[version]
