"""How many people the reader counts: 四口人, 本上写了3个, 我和老婆加俩娃."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bot.understanding.reading_numbers import HUNDREDTHS, find_numbers

#: A household of more than this is a slip.
MOST: Final = 30


@dataclass(frozen=True, slots=True)
class People:
    """The size of the household, if it is told; `vague` where people are spoken of and not counted."""

    size: int | None = None
    vague: bool = False


def read_people(text: str, asked: str | None = None, *, corrects: bool = False) -> People:
    """The household that a normalised text counts: by a number, else by naming its members.

    >>> read_people("一家四口,本上写了3个"), read_people("我和老婆加俩娃")
    (People(size=3, vague=False), People(size=4, vague=False))
    >>> read_people("上有老下有小"), read_people("四个"), read_people("四个", asked="household_size").size
    (People(size=None, vague=True), People(size=None, vague=False), 4)
    """
    if (restated := _restated(text, corrects=corrects)) is not None:
        return People(restated)
    counts = sorted(_counts(text, asked, corrects=corrects), key=lambda count: (count.weight, count.start))
    if counts:
        return _within_reason(counts[-1].people)
    size = _members(text, asked)
    if size is not None:
        return _within_reason(size)
    return People(vague=bool(_VAGUE.search(text)))


def _within_reason(size: int) -> People:
    return People(size) if 1 <= size <= MOST else People()


# People counted by a number -----------------------------------------------------------------------------------------

_ENGLISH: Final = {
    word: size
    for size, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), start=1
    )
}
_NUMBER: Final = (
    rf"(?:\d{{1,2}}|[二三]?十[一二三四五六七八九]?|[一二两俩三仨四五六七八九]|{'|'.join(_ENGLISH)})"
)
#: Not inside a longer number; but the 四 of 三千二四口人 is one of its own.
_ALONE: Final = r"(?:(?<![\d.一二三四五六七八九十第])|(?<=[百千万][一二三四五六七八九]))"
#: 两口子 and 老两口 are a couple, 一口锅 is none.
_MOUTHS: Final = re.compile(
    rf"{_ALONE}(?![两俩]口子(?!人)|(?<=[老小])[两俩]口)(?P<count>{_NUMBER})\s?"
    r"(?:口(?:之家|子?人|子)?(?![气价味罩头锅井酒饭水烟菜])|张嘴)"
    rf"|\b(?:family|household|home) of (?P<family>{_NUMBER})\b|\b(?P<ofus>{_NUMBER}) of us\b"
    rf"|\b(?P<members>{_NUMBER}) (?:family members|people|persons|members)\b"
)
#: What 三个 may count besides people of a family.
_OTHERWISE: Final = (
    r"账户|缴费|部分|所得|信息|身份|税|月|钱|点|星期|礼拜|小时|钟头|字|问题|事|厂|部门|公司|地方|班|车间|年"
    r"|宿舍|寝室|房|工|[大小老]?(?:孩|娃|仔|人|崽)|人?头|儿|女|男|闺|姑|丫|弟|哥|姐|妹|兄|孙|学生|半|细|员工"
    r"|工人|职工|同事|老乡|朋友|徒|组|的工资|打工|上班|挣|赚|在外"
)
_HEADS: Final = re.compile(rf"{_ALONE}(?P<count>{_NUMBER})\s?(?:个家?人|条?人|[个名位])(?!{_OTHERWISE})")
_BARE: Final = re.compile(
    rf"(?:就|是|有|共|一共|总共|大概|[嗯哦对])*\s?(?P<count>{_NUMBER})\s?[个吧啊呀哦的了。.!]*"
)
_SAYS: Final = (
    r"(?:里|上|面|有|是|写|了|着|登记|在册|的|总|共|一共|就|只|也|才|人口|住|生活|吃饭|吃|领|享受|低保|现在"
    r"|目前|还|剩|连|老|带|小|大|[:\s]|我们|一起|大概|子|我?(?:爸妈|父母|爷爷|奶奶|爸|妈|老婆|孩子)和?)*"
)
#: Words in front of a count, and how much they make it the one that matters: the dibao book before all.
_CUES: Final = (
    (4, re.compile(rf"(?:低保本?子?证?|名单){_SAYS}$")),
    (3, re.compile(rf"(?:本本?|本子|册子|户口簿?){_SAYS}$")),
    (2, re.compile(rf"(?:[加连]上?我|算上我|包括我|一共|总共|共|加起来|合计|拢共|统共){_SAYS}$")),
    (1, re.compile(rf"(?:家|屋企|屋里|户|我们|咱们?|就|只有?|得|系){_SAYS}$")),
)
_CUES_BEHIND: Final = (
    (4, re.compile(r"都?(?:吃|领|享受|拿|有)着?低保|都?在(?:低保)?本")),
    (1, re.compile(r"(?:一起|在一起|共同)(?:过|住|生活)|一家|生活|过日子|吃饭")),
)
_WITHOUT_ME: Final = re.compile(
    r"(?:除了我|除开?我|不[算带含]我|不包括我|没算我|我除外)(?:自己|以外|之外|外)?[,\s]*"
    r"(?:家里)?(?:还有|有|另外|还|是|共|一共)*$"
)
_DENIED: Final = re.compile(r"(?:不是|不系|唔系|并非|不止|not)\s?(?:有|写的)?$")
_ELSEWHERE: Final = re.compile(r"(?:厂|公司|车间|宿舍|单位|班组|店里|村里|同事|工地)[^,。;!?]*$")
_MORE_FOLLOW: Final = re.compile(r"人?\s?(?:再?加上?|带着?|还有|和|跟|外加|,还有)(?!我)")
#: 就我一个, but not 就我一个挣钱.
_ONLY_ME: Final = re.compile(
    r"(?<!靠)(?:就|只有?|只系|得|光|只剩)[剩有系]?[我俺](?:自己)?(?:一个人?|一人|自己|个人|本人|个)?"
    r"(?=$|[,。;!?了啊呀呢吧 ]|吃低保|领低保|在本)"
    r"|(?<!靠)我(?:自己)?一个人?(?=$|[,。;!?]|过|住|生活|吃低保|领低保|一户|一个户|独)"
    r"|我自己一个?(?=$|[,。;!?])"
    r"|\b(?:just|only) (?:me|myself)\b(?! (?:who )?(?:work|earn))|\blive alone\b"
)
_LIVES_ALONE: Final = re.compile(r"独居|孤寡|单人户|光棍|单身")


@dataclass(frozen=True, slots=True)
class _Count:
    """A count of people that the text names; the weightiest, then the last, is the one meant."""

    start: int
    people: int
    weight: int


def _counts(text: str, asked: str | None, *, corrects: bool) -> Iterator[_Count]:
    answers = asked in ("household_size", "confirm") or corrects
    for found in _MOUTHS.finditer(text):
        yield from _count(text, found, 2, answers=answers)
    together = [found.span() for found in _NAMED.finditer(text) if found["couple"] or found["duo"]]
    for found in _HEADS.finditer(text):
        if not any(start <= found.start() < end for start, end in together):  # 夫妻两人
            yield from _count(text, found, int(answers), answers=answers)
    if asked != "other_income":
        yield from (_Count(found.start(), 1, 1) for found in _ONLY_ME.finditer(text))
    if asked == "household_size":
        yield from (_Count(found.start(), 1, 1) for found in _LIVES_ALONE.finditer(text))
    if asked == "household_size" and (bare := _BARE.fullmatch(text)):
        yield _Count(0, _people(bare), 1)


def _count(text: str, found: re.Match[str], lowest: int, *, answers: bool) -> Iterator[_Count]:
    """The count, if it is one of the household: `lowest` is its weight when no word says so."""
    before = text[: found.start()]
    if _DENIED.search(before) or _ELSEWHERE.search(before):
        return
    if _WITHOUT_ME.search(before):
        yield _Count(found.start(), _people(found) + 1, 2)
        return
    weights = [lowest]
    weights += [weight for weight, cue in _CUES if cue.search(before)]
    weights += [weight for weight, cue in _CUES_BEHIND if cue.match(text, found.end())]
    size = _people(found)
    if size == 1 and not answers and max(weights) < 3:
        return  # 我一个人在外面打工, 一口人多少钱
    named = _members(text, "household_size") if _MORE_FOLLOW.match(text, found.end()) else None
    if max(weights):
        yield _Count(found.start(), max(size, named or 0), max(weights))


def _people(found: re.Match[str]) -> int:
    word = next(group for group in found.groups() if group)
    return _size(word)


#: 「不对，是四个，六个是连我哥他们」: the number right behind the no; 「本上其实五个人」: the number on the book.
_RESTATED: Final = re.compile(
    rf"^[哦噢]?(?:不对|不是|错了|说错了|搞错了)[,。 ]*(?:应该|本上)?是(?P<count>{_NUMBER})[个口]"
)
_ON_BOOK: Final = re.compile(
    rf"(?<!户口)本[上子里][上里]?(?:其实|应该|一共|总共|写了?着?|有|是|就)*(?P<count>{_NUMBER})\s?(?:口人?|个人|人|个)"
)


def _restated(text: str, *, corrects: bool) -> int | None:
    found = (_RESTATED.search(text) if corrects else None) or _ON_BOOK.search(text)
    return _within_reason(_size(found["count"])).size if found else None


def _size(word: str) -> int:
    if word in _ENGLISH:
        return _ENGLISH[word]
    return find_numbers(word.replace("俩", "两").replace("仨", "三"))[0].low // HUNDREDTHS


# People named one by one --------------------------------------------------------------------------------------------

_MINE: Final = r"(?:[我俺咱]的?|my )?"
_CHILD: Final = (
    r"孩子|小孩子?|娃娃?|娃儿|崽子?|(?<!工)仔女?|细路仔?|小朋友|男孩|女孩|男娃|女娃|学生|kids?|child(?:ren)?"
)
_SON: Final = r"儿子|女儿|闺女|姑娘|丫头|sons?|daughters?"
_ELDER: Final = (
    r"老人家?|大人|老的|小的|兄弟|姐妹|弟弟|妹妹|哥哥|姐姐|[弟妹哥姐]|孙子|孙女|brothers?|sisters?|adults?"
)
#: How the members of a household are named. Where two kinds could begin at one place, the earlier has it.
_KINDS: Final = {
    "couple": r"(?:我们|我|咱们?|俺)?(?:两口子|俩口子|小两口|老两口|两夫妻|两公婆|公婆俩|夫[妻妇](?:俩|两个?人?|二人)?)"
    r"|(?<![和跟与同、])[我咱](?:们|哋)?(?:俩|两个)人?(?![孩娃])",
    "duo": r"(?:我们)?(?:娘儿?|爷儿?|父子|母子|母女|父女|婆媳|兄弟|姐妹|姐弟|兄妹|爷孙|奶孙|祖孙)"
    r"(?P<few>俩|两个?|仨|三个?|四个?)人?|两(?:母子|父子|母女|父女|爷孙|仔乸)",
    "pair": rf"{_MINE}(?:爸爸?妈妈?|老爸老妈|爹[妈娘]|父母亲?|双亲|二老|[两俩]老|[两俩]个老人|公公?婆婆?|岳父岳?母"
    r"|丈人丈母娘?|爷爷?奶奶?|姥姥姥爷|姥爷姥姥|外公外婆|儿子儿?媳妇?|儿子和儿媳妇?"
    r"|parents)",
    "twins": r"一儿一女|一男一女|一子一女|一双儿女|一仔一女|龙凤胎|双胞胎",
    "sizes": r"(?:[一二两三四五1-5]个?[大小老]){2,3}",
    "many": rf"(?P<number>{_NUMBER})\s?个?(?:还?在?(?:上学|读书|念书)的?|未成年的?|半大的?|小|年幼的?|大)?"
    rf"(?:(?P<children>{_CHILD})|(?P<sons>{_SON}|女(?![婿的])|仔)|(?P<elders>{_ELDER}))",
    "spouse": rf"{_MINE}(?:老婆|媳妇儿?|妻子|爱人|对象|老公|丈夫|老伴|当家的|孩子他[爸妈]|娃他[爸妈]|wife|husband)",
    "one": rf"{_MINE}(?:爸爸?|妈妈?|爹|娘|父亲|母亲|老[爸妈爹娘母豆]|阿[爸妈公婆嫲]|公公|婆婆|岳父|岳母|丈人|丈母娘"
    r"|爷爷?|奶奶?|姥姥|姥爷|外公|外婆|儿媳妇?|女婿|嫂子|弟媳|侄[子女]|外甥女?|宝宝|mother|mom|mum|father|dad"
    r"|grand(?:ma|pa|mother|father)|baby)",
    "child": rf"{_MINE}(?:{_CHILD})",
    "son": rf"{_MINE}(?:{_SON})",
    "elder": rf"{_MINE}(?:{_ELDER})",
    "me": r"[我俺](?![们家的厂在想问说觉没不每]|工资|打工|上班|一个?月)|单亲[爸妈]+|本人|\b(?:me|i|myself)\b",
}
_NAMED: Final = re.compile("|".join(f"(?P<{kind}>{words})" for kind, words in _KINDS.items()))
#: People with a number in front count as those without: 两个娃 are children as 娃 is one.
_COUNTED: Final = {"children": "child", "sons": "son", "elders": "elder"}
_GONE: Final = re.compile(
    r"\s?(?:已经|早就?|都|也|就|前年|去年|今年|前几年)*(?:去世|过世|不在了|走了|没了|死了|跑了|离婚|离了|嫁"
    r"|分家|分户|另过|单过|不在(?:低保)?本|不算|没算|说|问|讲|告诉|叫我|passed)"
)
_NONE: Final = re.compile(r"(?:没有?|无|冇|不[算带含]|除了|no )$")
#: What may stand between the names of a list.
_FILLER: Final = re.compile(
    r"[两俩三四五六]个?人|[和跟同与加带、,及+&的了啊呀吧呢嘛系有就是共上着都住过 ]|还有|以及|外加|再加|一起"
    r"|生活|家里|家有|我家|屋企|总共|全部|要养|一家|and|with|plus|my|the|have|we|\ba\b"
)
_ADULTS: Final = re.compile("大人|adult")
_BOOK: Final = re.compile(r"本上|本里|名单")
_CHUNK: Final = re.compile(r"[^,。;!?]+")
_VAGUE: Final = re.compile(
    r"三代同堂|四世同堂|上有老,?下有小|一大家子?|一家老小|一家老少|老老小小|老的老小的小|大大小小|拖家带口"
    r"|好几口|好几个人|家里人口?多|一家人(?!一起)"
    r"|十几口|(?:家里?|屋企)[^,。]{0,4}十几个|[三四五六七八九][四五六七八九](?:口|个人|个(?=$|[,。;!?]))"
    r"|big family|large family|whole family"
)


@dataclass(frozen=True, slots=True)
class _Kin:
    """Somebody that the text names, and how many."""

    kind: str
    word: str
    people: int
    start: int
    end: int


def _members(text: str, asked: str | None) -> int | None:
    """The number of people named; None where the text does not set out to name a household."""
    kin = list(_kin(text))
    if asked != "household_size":
        kin = _listed(text, kin)
    kinds = {each.kind for each in kin}
    if not kin or kinds == {"me"}:
        return None
    size = sum(_distinct(kin))
    if kinds & {"couple", "duo", "sizes", "me"} or any(_ADULTS.search(each.word) for each in kin):
        return size
    # 老婆和两个孩子: whoever answers for the household is in it. By a book they may not be.
    return None if _BOOK.search(text) else size + 1


def _kin(text: str) -> Iterator[_Kin]:
    for found in _NAMED.finditer(text):
        if _GONE.match(text, found.end()) or _NONE.search(text, 0, found.start()):
            continue
        kind = next(name for name in _KINDS if found[name])
        if kind == "many":
            kind = next(single for many, single in _COUNTED.items() if found[many])
        people = _how_many(found, kind)
        word = re.sub(r"^(?:[我俺咱]的?|my )", "", found[0]) or found[0]
        yield _Kin("son" if kind == "twins" else kind, word, people, *found.span())


def _how_many(found: re.Match[str], kind: str) -> int:
    if found["number"]:
        return _size(found["number"])
    if kind == "sizes":
        return sum(_size(digit) for digit in re.findall("[一二两三四五1-5]", found[0]))
    if kind == "duo":
        return {"仨": 3, "三": 3, "四": 4}.get((found["few"] or "俩")[0], 2)
    return 2 if kind in ("couple", "pair", "twins") else 1


def _listed(text: str, kin: Sequence[_Kin]) -> list[_Kin]:
    """The people of the first clauses in a row that do nothing but name a household."""
    listed: list[_Kin] = []
    for chunk in _CHUNK.finditer(text):
        inside = [each for each in kin if chunk.start() <= each.start < chunk.end()]
        if inside and _lists_only(chunk[0]):
            listed += inside
        elif _are_several(listed):
            break
        else:
            listed = []
    return listed if _are_several(listed) else []


def _are_several(kin: Sequence[_Kin]) -> bool:
    return len(kin) > 1 or any(each.kind in ("sizes", "duo", "couple") for each in kin)


def _lists_only(clause: str) -> bool:
    return len(_FILLER.sub("", _NAMED.sub("", clause))) <= 1


def _distinct(kin: Sequence[_Kin]) -> Iterator[int]:
    """How many each name adds: nobody twice, though a couple or 娘俩 covers those named before."""
    seen: set[str] = set()
    children = 0
    together = next((each for each in kin if each.kind == "duo"), None)
    couple = any(each.kind == "couple" for each in kin)
    for each in kin:
        covered = together is not None and each.start < together.start
        covered = covered or (couple and each.kind in ("me", "spouse"))
        name = "me" if each.kind == "me" else each.word
        if covered or (name in seen and each.kind not in ("son", "elder")):
            continue
        seen.add(name)
        if each.kind == "son" and children:
            children = max(0, children - each.people)  # 两个孩子，一儿一女: they are the two
            continue
        children += each.people if each.kind == "child" else 0
        yield each.people
