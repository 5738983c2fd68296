"""Short replies to the open question: yes, no, none, I do not know, the second one; and whether a text corrects or supposes."""

from __future__ import annotations

import re
from typing import Final, Literal

Answer = Literal["yes", "no", "none", "unsure"]

#: Questions whose answer is an amount: there 没有 is nothing, not no.
_OF_AMOUNTS: Final = frozenset({"wage", "other_income", "standard_monthly", "received_monthly"})
#: Questions that are answered by yes or no: there 「在低保本上」 begins with its answer.
_OF_YES_OR_NO: Final = frozenset({"on_book", "confirm", "share_scope", "dibao_status"})
#: Questions whose answer is a number: there a bare one is not a choice.
_OF_NUMBERS: Final = _OF_AMOUNTS | {"household_size", "month"}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_YES: Final = _words("""
在 喺 喺度 有 对 是 嗯 恩 好 行 可以 要 中 得 系 要得 要的 对头 没错 没毛病 冇错 无错 没问题 冇问题 同意
愿意 确认 确定 正确 就是 是这样 就这样 当然 肯定 晓得 成 得嘞 妥 准 可 肯 明白 我在 有我 在上面
在本上 有名字 我有 都在 都有 都对 对着 好滴 嗯呐 中嘞 得嘅 系嘅 正系 是是 嗯嗯 对对 对对对 好好 ok
okay okk yes yeah yep yup sure right correct y true 👌 👍 ✅ ✔ 🆗 ☑ 💯
""")
_NO: Final = _words("""
不在 没有 不是 没 不 冇 唔系 不系 莫得 否 不对 不行 不要 不用 不可以 不同意 不愿意 不肯 不好 算了 别
错 没得 冇得 唔要 唔使 唔得 未 没我 没有我 没写 没写我 不中 不得行 要不得 不成 没在 没名字 没有名字
都没有 都不在 都不是 不是的 不了 no nope nah n not false wrong ❌ ✖ 👎 🙅 ✗
""")
_NOTHING: Final = _words("""
没有 没 无 零 0 冇 莫得 没得 冇得 没钱 没收入 没有收入 一分没有 一分都没有 一分钱没有 一分钱都没有
一毛没有 啥也没有 啥都没有 什么都没有 都没有 没啥 没了 空 没有了 没有别的 没别的 none nothing nil
zero nope no 0元 0块 零元
""")
_UNSURE: Final = re.compile(
    r"不知道|唔知|不晓得|不清楚|唔清楚|不太清楚|没准|没个准|不确定|记不得|记不清|不记得|记不住|忘了|忘记|搞不清"
    r"|搞不懂|弄不清|说不准|说不好|说不清|不了解|没注意|没留意"
    r"|没数|没算过|没问过|不一定|看情况|不懂|鬼知道|好像|可能|也许|不敢说|don'?t know|not sure|no idea|dunno"
    r"|idk|unsure|forgot|maybe"
)
_EMOJI: Final = re.compile("[\u2600-\u27bf\U0001f000-\U0001faff\u20e3]+")
_STOPS: Final = re.compile(r"[\s,。;:!?~…、.'\"]+")
_PARTICLES: Final = re.compile(r"(?<=.)(?:[啊呀吧的了呢嘛哦噢哈喽咯呗哒嘞诶哎嘅喔啦]|滴)+$")
_LEADING: Final = re.compile(r"^(?:呃|额|哦|噢|啊|那个|这个|哎|诶|emm+|那|就)+(?=.)")
#: 是不是 and 在哪 begin like an answer and are questions.
_ASKS: Final = re.compile(r"(.)不\1|有没有|多少|[吗么]$|哪|几|什么|啥|怎")
#: 不想交社保 says something of paying, whatever was asked.
_OF_PAYING: Final = re.compile(
    r"[不没冇唔莫别有在](?:[有想要愿用能给让]|愿意|可以)?(?:交(?!给)|缴|买|扣|参保)"
)
_BEGINS_NO: Final = re.compile(r"不|没(?!错|问题|事|毛病)|冇(?!错)|唔|莫|无|否|别|no\b|not\b")
_BEGINS_YES: Final = re.compile(r"在|有|是|对(?!了.)|嗯|好(?!像)|系|yes\b|yeah\b|ok\b")


def read_answer(text: str, asked: str | None = None) -> Answer | None:
    """Yes, no, none or unsure, where a normalised text is a reply; without an open question it must be nothing else.

    >>> [read_answer(*each) for each in (("在的",), ("没有", "other_income"), ("没有", "on_book"), ("不知道", "wage"))]
    ['yes', 'none', 'no', 'unsure']
    >>> read_answer("不在，是爸妈的", "on_book"), read_answer("有没有影响", "on_book")
    ('no', None)
    """
    plain = _EMOJI.sub(" ", text).strip() or text[:1]
    clauses = [each for each in _STOPS.split(plain.replace("，", ",")) if each]
    if not clauses:
        return None
    if asked is None:
        return _of_words("".join(clauses), None) or (_unsure(clauses[0]) if len(clauses) == 1 else None)
    first = _of_words(clauses[0], asked) or _of_words("".join(clauses), asked)
    if _UNSURE.search(clauses[0]) or (len(text) <= 12 and _UNSURE.search(text)):
        return "unsure"
    if first is not None or asked not in _OF_YES_OR_NO or _ASKS.search(clauses[0]):
        return first
    if _OF_PAYING.match(clauses[0]):
        return None
    if _BEGINS_NO.match(clauses[0]):
        return "no"
    return "yes" if _BEGINS_YES.match(clauses[0]) else None


def _unsure(clause: str) -> Answer | None:
    return "unsure" if _UNSURE.fullmatch(_PARTICLES.sub("", clause).removeprefix("我")) else None


def _of_words(clause: str, asked: str | None) -> Answer | None:
    """The answer that a whole clause is, with or without what is said before and after such words."""
    bare = _PARTICLES.sub("", clause)
    for word in (clause, bare, _LEADING.sub("", bare), _LEADING.sub("", clause)):
        if asked in _OF_AMOUNTS and word in _NOTHING:
            return "none"
        if word in _YES:
            return "yes"
        if word in _NO:
            return "no"
        if word in _NOTHING and word != "0":
            return "none"
    return None


_NTH: Final = re.compile(
    r"第(?P<nth>[一二两三四五六七八九\d])(?:[个种项条](?![月人孩娃])|$)"
    r"|选(?:第)?(?P<pick>[一二两三四五六七八九\d])[个号]?"
    r"|(?<!\d)(?P<number>[1-9])号(?:选项)?$|(?P<former>前面?那?一?个|头一个|上面那?一?个|前者|前一种|\bfirst\b)"
    r"|(?P<latter>后面?那?一?个|下面那?一?个|后者|后一种|\bsecond\b)"
    r"|(?P<third>\bthird\b)"
)
_BARE: Final = re.compile(r"(?P<digit>[1-9一二三四五六七八九])[\u20e3.、)号]?|(?P<letter>[a-h])[.)]?")
#: In a longer text 第一个 is not a choice.
_CHOICE_LENGTH: Final = 12
_DIGITS: Final = str.maketrans("一二两三四五六七八九", "1223456789")


def read_choice(text: str, asked: str | None = None) -> int | None:
    """Which of the offered answers is chosen, counted from one.

    >>> [read_choice(text) for text in ("第二个", "b", "前面那个吧", "第一个月没交")], read_choice("3", "household_size")
    ([2, 2, 1, None], None)
    """
    text = text.strip(" ,。.!")
    if asked not in _OF_NUMBERS and (bare := _BARE.fullmatch(text)):
        return int(bare["digit"].translate(_DIGITS)) if bare["digit"] else ord(bare["letter"]) - ord("a") + 1
    nth = _NTH.search(text) if len(text) <= _CHOICE_LENGTH else None
    if nth is None:
        return None
    digit = nth["nth"] or nth["pick"] or nth["number"]
    if digit:
        return int(digit.translate(_DIGITS))
    return 1 if nth["former"] else 2 if nth["latter"] else 3


_CORRECTS: Final = re.compile(
    r"(?:^|[,.。;!? ])(?:哦|噢|啊|呃)?(?:不对|不不|错了|搞错|(?:唔系|唔对)(?=[啊呀啦,。 ]|$))(?!劲|的话)"
    r"|(?:^|[,。;!? 我你刚才面前])[说讲搞弄打写填报输记看]错[了咗]?"
    r"|(?:说的|[数资口方价])(?:不对|错了|有误)(?=[,是]|$)|口误|(?:^|[,。;!? ])[哦噢]不"
    r"|\b(?:wrong|i meant|correction|my mistake)\b"
)
_MAY_CORRECT: Final = re.compile(
    r"更正|纠正|改成|改为|改一下|(?<!是)(?:不是|不系|唔系|并非)[^。;!?]{1,14}?(?:而是|[,\s]是|是|[,\s]系)"
    r"|(?<!是)(?:不是|不系|唔系)[^,。;!?]{1,8}[,\s]+(?:就|只)?[\d一二两三四五六七八九十]|应该[是系](?!不)"
    r"|^(?:不|不是|no)[,\s]+|\b(?:actually|not .{1,12} but)\b"
)


def corrects(text: str) -> bool:
    """Whether a normalised text takes back what was said, whatever it says instead.

    >>> corrects("说错了，四个"), corrects("这样不对吧")
    (True, False)
    """
    return bool(_CORRECTS.search(text))


def may_correct(text: str) -> bool:
    """Whether a text that states a value states it instead of another one: 不是六个是四个.

    >>> may_correct("不是六个是四个"), may_correct("是不是四个")
    (True, False)
    """
    return bool(_MAY_CORRECT.search(text))


_SUPPOSES: Final = re.compile(
    r"要是|如果|假如|假设|倘若|万一|若是|换成|换做|换作|要系|的话呢|(?:那|那么|涨|换|降|变|改)[^,。]{1,12}的话"
    r"|\bwhat if\b|\bif (?:i|we|my|the|it)\b|\bsuppose"
)


def supposes(text: str) -> bool:
    """Whether a normalised text asks what would be: 要是工资5000呢.

    >>> supposes("要是工资5000呢"), supposes("工资5000")
    (True, False)
    """
    return bool(_SUPPOSES.search(text))
