"""How the reader stands with dibao: on the book or not, and whether it is paid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

from bot.understanding.replies import Answer, supposes

Status = Literal["none", "applying", "receiving", "suspended", "ended"]

_CLAUSE: Final = re.compile(r"[^,。;!?\s]+[?]?")
_KIN: Final = r"(?:爸妈|父母|爹妈|老[爸妈婆公人两]|爸|妈|爹|娘|媳妇|孩子|儿子|女儿|娃|爷爷|奶奶|弟|妹|哥|姐|公婆|婆婆|公公)"
_ME: Final = re.compile(rf"我(?!的?{_KIN}|们|家)|本人")
_BOOK: Final = re.compile(r"低保|本子?[上里]|名单|(?<!花名)册[上里]|户主")
_NOT_ON: Final = re.compile(
    r"[没不]在(?:那个?|这个?)?(?:低保|[本册]|名单|上面|里面|那上|里头)"
    r"|(?:[上里]面?|名单)[没冇无][有写登]?(?:我|本人|名字|$)|低保本?子?[上里]面?[没冇无]有?"
    r"|没有?[写登把]?我|冇我|迁出|单独立户|分了?户|不(?:包括|算|含)我|not on (?:it|the book)|i'?m not"
)
_ON: Final = re.compile(
    r"(?:[上里]面?|名单)[也都]?(?:有|写了?|写着|登记)了?(?:我|本人)|(?<!只)有我(?!们)"
    r"|(?:我|名字)[也都就]*在(?:那|这|低保)?(?:[本册]|名单|上面|里面|里头)"
    r"|(?:全家|一家|都)人?[也都]*在(?:[本册上里]|低保)"
    r"|户主是?我|我是户主|(?:低保)?[是在用]我的?(?:名下|名字|户头)|on the book"
)
_THEIRS: Final = re.compile(
    rf"{_KIN}[^,]{{0,4}}(?:的|领|名下|名字|吃)|^(?:只有?|就|就是|是)(?:写了?)?我?的?{_KIN}"
)
_ASKS: Final = re.compile(r"[吗么?]$|在不在|有没有|是不是|算不算")


def read_on_book(text: str, asked: str | None = None, answer: Answer | None = None) -> bool | None:
    """Whether the reader is one of the people on the dibao book, as a normalised text says.

    >>> read_on_book("低保是我爸妈的 我不在本上"), read_on_book("低保本上有我")
    (False, True)
    >>> read_on_book("户口本上有低保本上没有", "on_book")
    False
    """
    if asked != "on_book" and not _BOOK.search(text):
        return None
    of_book = asked == "on_book"
    for clause in _clauses(text):
        told = _told(clause, asked)
        # 个税上面有我名字了，家里低保会掉吗: another list, unless the clause goes on about the book
        of_book = of_book or bool(_BOOK.search(clause))
        if told is not None and of_book:
            return told
    if asked == "on_book" and answer in ("yes", "no"):
        return answer == "yes"
    return None


def _told(clause: str, asked: str | None) -> bool | None:
    if _ASKS.search(clause):
        return None
    if "户口本" in clause and "低保" not in clause:
        return None  # it lists all relatives; who draws dibao stands on the other book
    mine = bool(_ME.search(clause))
    theirs = bool(re.search(_KIN, clause)) and not mine
    if _NOT_ON.search(clause) and not theirs:
        return False if mine or asked == "on_book" else None
    if _ON.search(clause) and not theirs:
        return True
    return False if asked == "on_book" and theirs and _THEIRS.search(clause) else None


#: What is feared, asked, supposed, or told of others.
_OPEN: Final = re.compile(
    r"会|怕|要是|如果|是不是|别停|[吗么?]$|吧$|伐$|担心|能|可以|是否|万一|假如|影响|可能|不想|马上|还是|区别"
    r"|算取消|要停|交了低保|就(?:直接|把|会|要|(?:没|停|取消)(?!了$))|人家|老[王李张刘陈]|邻居|别人|工友|同事"
    r"|他家|听.{0,4}说"
)
_WISH: Final = re.compile(
    r"想|要不要|多久|几天|多少|几[个钱百]|几钱|什么|啥|怎么|如何|咋|要申|去哪|哪里|准备|打算|条件|资格"
)
_RESTORED: Final = re.compile(r"(?:又|已经?|给)恢复|恢复(?:了|发放了?|咗)")
_OUR: Final = r"(?:我们家?|我家?)?"
#: What is said of dibao, and in this order: what is over is not paid any more.
_SAID: Final[dict[Status, re.Pattern[str]]] = {
    "suspended": re.compile(
        r"低保[^,]{0,8}?(?:停了|被停|暂停|停发|停掉|停咗|断了|冻结|没发了|不发了)"
        rf"|(?:停|暂停)了?{_OUR}的?低保"
    ),
    "ended": re.compile(
        r"低保[^,]{0,8}?(?:取消|没了|撤[了销]|注销|清退|不给了|退了|终止|冇咗|被踢)"
        rf"|(?:取消|退|撤|终止)了?{_OUR}的?低保|不吃低保了|退出低保"
    ),
    "none": re.compile(
        r"(?:没有?|没得|(?<!有)冇|从来没有?|没在|不是|还没)(?:吃|领|拿|享受|有|办|申请|过|在)*低保"
        r"|低保(?:也|都|还|从来)?没[有办领吃]?(?:申请)?[过上]?$|no dibao"
    ),
    "applying": re.compile(
        r"(?:正?在|刚刚?|已经?|才)(?:申请|办|报)[^,]{0,3}低保|申请了低保"
        r"|低保[^,]{0,3}(?:申请|审批|审核|办理?)[中着]|低保[^,]{0,4}(?:在申请|还没批|没批|等批|报上去|公示"
        r"|在办)"
    ),
    "receiving": re.compile(
        r"(?:在|一直|现在|每个?月|家里?|我|我们|咱|俺|爸妈|父母|全家|都|本来就|屋企)[^,]{0,6}?"
        r"(?:领|吃|拿|享受|有|系)[着的是]*(?:[\d.]+[块元]?的?)?(?:农村|城市)?低保(?!本|线|标准|政策)"
        r"|是低保[户家]|[吃领]着低保|低保(?:正?在|还在|一直)[领发打]|低保[^,]{0,4}(?:批下来|批[了咗])"
        r"|低保每?一?个?月[^,]{0,4}[打发领给]|(?:receive|receiving|get|getting|on) dibao"
    ),
}
#: What an answer says of it. 没停 comes before 停.
_ANSWERED: Final[tuple[tuple[Status, re.Pattern[str]], ...]] = (
    ("receiving", re.compile(r"没停|没断|没取消|正常")),
    ("suspended", re.compile(r"停|断了|冻结|suspend")),
    ("ended", re.compile(r"取消|没了|不给了|退了|退出|撤|注销|清退|终止|ended|cancel")),
    ("none", re.compile(r"没有?(?:领|吃|拿|办|申请|享受|过|$)|从来没|从没|没得|冇|没领|没吃|没办|never")),
    ("applying", re.compile(r"申请|在办|审批|审核|公示|等批|没批|报上去|appl")),
    ("receiving", re.compile(r"在?(?:领|吃|拿|享受|发|打)(?:着|的|钱)?|有的|每个?月|receiv")),
)
_BY_ANSWER: Final[dict[Answer | None, Status]] = {"yes": "receiving", "no": "none", "none": "none"}


def read_dibao(text: str, asked: str | None = None, answer: Answer | None = None) -> Status | None:
    """Whether the family draws dibao, as a normalised text says of itself; a fear or a question says nothing.

    >>> read_dibao("我家吃着低保"), read_dibao("低保上个月停了"), read_dibao("交社保低保会停吗")
    ('receiving', 'suspended', None)
    """
    if supposes(text):
        return None
    told = [clause for clause in _clauses(text) if not _OPEN.search(clause)]
    if "低保" in text and any(_RESTORED.search(clause) and not _WISH.search(clause) for clause in told):
        return "receiving"
    for status, pattern in _SAID.items():
        for clause in told:
            if pattern.search(clause) and not (status in ("applying", "receiving") and _WISH.search(clause)):
                return status
    return _answered(text, answer) if asked == "dibao_status" else None


def _answered(text: str, answer: Answer | None) -> Status | None:
    if answer == "unsure":
        return None
    for status, pattern in _ANSWERED:
        if pattern.search(text):
            return status
    return _BY_ANSWER.get(answer)


def _clauses(text: str) -> Iterator[str]:
    for found in _CLAUSE.finditer(text):
        yield found[0]
