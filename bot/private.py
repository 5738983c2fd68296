"""What an employee says that HR never sees, whatever is chosen: wages that the family did not declare."""

from __future__ import annotations

import re
from typing import Final

_NOT_TOLD: Final = (
    r"(?:没(?:有(?!了))?(?![了得])|未|不敢|不想|不曾|忘了|从来没|一直没)(?:去|跟|向|和|给|主动)?[^。,!?; ]{0,6}?"
    r"(?:报|说|告诉|申报|上报|登记|讲|提)"
)
_WHOM: Final = r"(?:民政|低保|村里|乡里|镇上|乡镇|街道|社区|居委|工资|收入|打工|上班|在外面|外出)"
_HIDDEN: Final = re.compile(
    rf"{_WHOM}[^。!?]{{0,12}}?{_NOT_TOLD}|{_NOT_TOLD}[^。!?]{{0,12}}?{_WHOM}"
    r"|瞒着?(?:民政|村里|乡镇|镇上|街道|低保|他们|上面|没)|隐瞒|偷偷(?:打工|上班|干|挣)"
    r"|^其实(?:我们?家?)?(?:也|都|一直)?没(?:有)?报"
    r"|(?:didn'?t|did not|never|haven'?t) (?:report|declare|told|tell)"
    r"[^.!?]{0,40}(?:wage|income|job|work|civil|village|township|dibao)"
)
#: Questions about telling are no confession: 「要不要告诉民政」, 「不报会怎样」.
_QUESTION: Final = re.compile(
    r"要不要|用不用|需不需要|该不该|会怎|会不会|是不是|能不能|可以不|行不行|[吗么?]$"
)


def is_private(text: str) -> bool:
    """Whether a normalised text tells that income was not declared.

    >>> is_private("其实没报"), is_private("我家没报我打工,咋办"), is_private("工资变了要不要报民政")
    (True, True, False)
    """
    return _HIDDEN.search(text) is not None and (_QUESTION.search(text) is None or text.startswith("其实"))
