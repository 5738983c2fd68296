"""Chinese in its two scripts: what is asked is read in the simplified one, what is told is made from it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from zhconv import zhconv

#: Where the converter's choice is not the one that readers of the traditional script expect.
_CORRECTED: Final = (
    ("裏", "裡"),
    ("爲", "為"),
    ("複議", "復議"),
    ("夥食", "伙食"),
    ("籤名", "簽名"),
    ("籤收", "簽收"),
    ("籤字", "簽字"),
    ("籤署", "簽署"),
)

# By its own name the dictionary would be read on first use, from a file that is left open.
zhconv.loaddict(str(Path(zhconv.__file__).with_name("zhcdict.json")))


def simplified(text: str) -> str:
    """A text in the simplified script.

    >>> simplified("交了社保，低保還有嗎")
    '交了社保，低保还有吗'
    """
    return str(zhconv.convert(text, "zh-cn"))


def traditional(text: str) -> str:
    """A text in the traditional script.

    >>> traditional("资料库里没有，可以申请行政复议")
    '資料庫裡沒有，可以申請行政復議'
    >>> traditional("电子签名法")
    '電子簽名法'
    """
    converted = str(zhconv.convert(text, "zh-hant"))
    for usual, wanted in _CORRECTED:
        converted = converted.replace(usual, wanted)
    return converted
