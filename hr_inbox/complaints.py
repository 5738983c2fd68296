"""Who is named in a complaint, and so never gets to see it.

A complaint about 「人事」 names nobody and goes to everybody who handles complaints. One that names somebody of HR, by
name or as 赵经理 or 小赵, goes to the others. Where that leaves nobody who handles complaints, the auditors get it, those
who are named left out. Rather one too many is left out than one too few.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_BEFORE: Final = "小老阿"
_AFTER: Final = "经理|主管|主任|总监|总|科长|部长|处长|厂长|组长|课长|专员|助理|会计|老师|师傅|姐|哥|姨|叔|工|女士|先生|小姐|某"


def names(text: str, name: str) -> bool:
    """Whether a text names the person of that name.

    >>> names("赵静逼我签字", "赵静"), names("那个赵经理不让我走", "赵静"), names("小赵骂人", "赵静")
    (True, True, True)
    >>> names("我要投诉人事", "赵静"), names("欧阳主管扣钱", "欧阳静"), names("zhao jing was rude", "Zhao Jing")
    (False, True, True)
    """
    said, called = _plain(text), _plain(name)
    if not called:
        return False
    if called in said:
        return True
    if re.fullmatch(r"[\u3400-\u9fff]{2,4}", called) is None:
        return False
    family = "|".join((called[0], called[:2]) if len(called) > 2 else called[0])
    return re.search(rf"(?:{family})(?:{_AFTER})|[{_BEFORE}](?:{family})", said) is not None


def _plain(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).casefold()
