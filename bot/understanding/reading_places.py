"""Where one works and where one is from: which of the two a place is, and whether the home is in the country."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from bot.understanding.facts import Unsure, Why
from bot.understanding.places import Place, Places

Role = Literal["region", "dibao_region"]
Area = Literal["urban", "rural"]

#: How many places of one name are offered.
MOST_CHOICES: Final = 6


@dataclass(frozen=True, slots=True)
class Regions:
    """The places that a message states. `same_region`: home and workplace are one."""

    region: str | None = None
    dibao_region: str | None = None
    same_region: bool = False
    area: Area | None = None
    unsure: tuple[Unsure, ...] = ()


def read_places(text: str, places: Places, asked: str | None = None, *, corrects: bool = False) -> Regions:
    """The workplace, the home and the registration of a normalised text.

    >>> from policy_kb.divisions import Divisions
    >>> said = read_places("老家阜阳农村,在苏州上班", Places(Divisions.load()))
    >>> said.region, said.dibao_region, said.area
    ('320500', '341200', 'rural')
    """
    named = _current(text, places.named(text, asked=asked in _ROLES))
    placed = _complete(
        [_Placed(place, _role(text, named, at, asked)) for at, place in enumerate(named)], asked
    )
    found = {role: _one(role, placed, places, corrects=corrects) for role in _ROLES}
    same = bool(_SAME.search(text) or (asked == "dibao_region" and _SAME_ANSWER.search(text)))
    if len(named) == 1 and _BOTH.search(text, 0, named[0].start):
        same, found = True, dict.fromkeys(_ROLES, _settle("region", named[0].codes))
    return Regions(
        region=found["region"].code,
        dibao_region=found["dibao_region"].code,
        same_region=same and not _NOT_SAME.search(text),
        area=_area(text, [each.place for each in placed if each.role == "dibao_region"], asked),
        unsure=_unsure(found, placed),
    )


# Which of the two ---------------------------------------------------------------------------------------------------

_ROLES: Final[tuple[Role, Role]] = ("region", "dibao_region")
_LINK: Final = (
    r"(?:的?(?:地方|地点|所在地|地址|登记|那边)|[的地也都还就又一直是在落喺系为:呢\s交缴买办]|is|in|at)*"
)
_HOME_BEFORE: Final = re.compile(
    r"(?:老家|(?<!外地)(?<!农村)(?<!城镇)户口本?|户籍|籍贯|家乡|家里|屋企|娘家|祖籍|本籍|乡下|民政|[领吃]低保"
    r"|低保|回|(?:我|俺|我们)?家(?=[在是住喺])|hometown|hukou|(?:come|i'm|am) from|from"
    rf"|(?:dibao|benefits?|line|parents)[^,.?]{{0,20}}(?= (?:in|of|for))){_LINK}(?<!还是)$"
)
_WORK_BEFORE: Final = re.compile(
    r"(?:社保|参保|保险|(?:上班|打工|工作|干活|做工|务工|做事|返工)(?=.)|厂子?|单位|公司|工地|人(?=[在喺])|现在?|目前"
    rf"|如今|跑到|work(?:ing|s)?|job){_LINK}(?<=[在喺是:到厂现前今t ])$"
    r"|[人现][在喺]$|(?:work(?:ing|s)?|job) (?:is )?in $"
)
_HOME_BEHIND: Final = re.compile(
    r"^人(?!在)|^.{0,2}老家|^[^,。;!?\s]{0,8}?(?:户口|户籍|农村|乡下|村里|村子|低保|籍)"
    r"|[领吃拿][着的]?低保|出来|过来|来的"
)
_WORK_BEHIND: Final = re.compile(
    r"上班|打工|工作|干活|做[事工]|务工|返工|搬砖|进厂|\w{0,3}厂|工地|公司|社保|参保|保险|缴|医保|基数|公积金"
    r"|最低工资|当(?!地)|送外卖|跑车|跑滴滴|开车|[挣赚]钱|谋生|保洁|保姆|服务员|实习|work"
)
#: Words that tell a role only if nothing plainer does.
_HOME_NEAR: Final = re.compile(r"(?:[我俺]|我们|本人|咱)[们家]?(?:就?是|就)?\s?$|是\s?$|家\s?$")
_WORK_NEAR: Final = re.compile(r"(?:[在喺到来去]|\bin|at)\s?$")
_FROM_THERE: Final = re.compile(r"\s?(?:的(?=$|[,。;!?])|人)")
_FROM: Final = re.compile(r"从\s?$")
_COME: Final = re.compile(r"[过出]?来")
_CLAUSE_END: Final = re.compile(r"[,。;!?]")


@dataclass(frozen=True, slots=True)
class _Told:
    """The role that the words around a place give it, and whether they leave no doubt."""

    role: Role | None = None
    plainly: bool = False


def _role(text: str, named: Sequence[Place], at: int, asked: str | None) -> Role | None:
    """A place's role: by the words before it, behind it, or the open question."""
    told = _told(text, named, at)
    if asked in _ROLES and not told.plainly:
        return "region" if asked == "region" else "dibao_region"
    return told.role


def _told(text: str, named: Sequence[Place], at: int) -> _Told:
    place = named[at]
    since = max(named[at - 1].end if at else 0, _clause_start(text, place.start))
    behind = _behind(text, named, at)
    if _HOME_BEFORE.search(text, since, place.start):
        # 家里在苏州打工: what is done there is the plainer word.
        return behind if behind == _WORK and text.startswith("家里", since) else _HOME
    if _WORK_BEFORE.search(text, since, place.start):
        return behind if behind == _HOME else _WORK
    if _FROM.search(text, since, place.start) and _COME.match(text, place.end):
        return _HOME
    if behind.role is not None:
        return behind
    if _WORK_NEAR.search(text, since, place.start):
        return _Told("region")
    if _HOME_NEAR.search(text, since, place.start) or _FROM_THERE.match(text, place.end):
        return _Told("dibao_region")
    return _Told()


_HOME: Final = _Told("dibao_region", plainly=True)
_WORK: Final = _Told("region", plainly=True)


def _behind(text: str, named: Sequence[Place], at: int) -> _Told:
    """The first word behind a place that tells its role, up to the clause's end or the next place's own words."""
    start = named[at].end
    stop = _CLAUSE_END.search(text, start)
    end = stop.start() if stop else len(text)
    if at + 1 < len(named) and named[at + 1].start < end:
        end = named[at + 1].start
        own = _HOME_BEFORE.search(text, start, end) or _WORK_BEFORE.search(text, start, end)
        end = own.start() if own else end
    home = _HOME_BEHIND.search(text[start:end])
    work = _WORK_BEHIND.search(text[start:end])
    if home and (work is None or home.end() <= work.end()):
        return _HOME
    return _WORK if work else _Told()


def _clause_start(text: str, before: int) -> int:
    return max((found.end() for found in _CLAUSE_END.finditer(text, 0, before)), default=0)


@dataclass(frozen=True, slots=True)
class _Placed:
    """A place and what it is to the reader; None where nothing tells."""

    place: Place
    role: Role | None


def _complete(placed: list[_Placed], asked: str | None) -> list[_Placed]:
    """Of two places, one plainly the home, the other is the workplace, and the other way round."""
    known = [each.role for each in placed if each.role is not None]
    if asked in _ROLES or len(placed) != 2 or len(known) != 1:
        return placed
    other: Role = "dibao_region" if known[0] == "region" else "region"
    return [_Placed(each.place, each.role or other) for each in placed]


# Places that count --------------------------------------------------------------------------------------------------

_DENIED: Final = re.compile(r"(?:不是|不系|唔系|并非|不在|不喺|not (?:in|from)?)\s?$")
#: Where one worked once is neither of the two.
_ONCE: Final = re.compile(r"(?:以前|之前|原来|曾经|先后)(?:一直)?(?:的?record)?[在喺是]?\s?$")
_ONCE_BEHIND: Final = re.compile(
    r"[^,。;!?]{0,6}(?:打过工|干过|工作过|上过班|交过|做过|待过)|\s?[交干做]了?[\d一二两三四五六七八九十]+年"
)
#: Where the son works is neither, too.
_THEIRS: Final = re.compile(
    r"(?<![和跟同与])(?:我的?)?(?:老公|老婆|媳妇儿?|丈夫|妻子|爱人|对象|儿子|女儿|闺女|[哥弟姐妹]{1,2}|husband"
    r"|wife|son|daughter)[^,。;!?]{0,3}(?:在|去|到|来|in|at)\s?$"
)


def _current(text: str, named: list[Place]) -> list[Place]:
    """The reader's own places, without the first one of 「不是阜阳，是亳州」, and without those of the past."""
    kept = [place for place in named if not _DENIED.search(text, 0, place.start)] or named
    kept = [place for place in kept if not _THEIRS.search(text, 0, place.start)]
    return [place for place in kept if not _is_past(text, place)] or kept


def _is_past(text: str, place: Place) -> bool:
    return bool(_ONCE.search(text, 0, place.start) or _ONCE_BEHIND.match(text, place.end))


# One place for each role --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Settled:
    """The region that a role comes to, or what is to be asked."""

    code: str | None = None
    unsure: tuple[Unsure, ...] = ()


def _one(role: Role, placed: Sequence[_Placed], places: Places, *, corrects: bool) -> _Settled:
    """The first place of this role, or the last of a correction, as narrow as the others of it make it."""
    mine = [each.place.codes for each in placed if each.role == role]
    if role == "dibao_region":
        # 在苏州打工，苏州的低保线和我们周口的: the home is the other one.
        work = [each.place.codes for each in placed if each.role == "region"]
        mine = [codes for codes in mine if codes not in work] or mine
    if not mine:
        return _Settled()
    chosen = mine[-1] if corrects else mine[0]
    for codes in mine:
        chosen = tuple(code for code in codes if any(places.within(code, wide) for wide in chosen)) or chosen
    return _settle(role, chosen)


def _settle(role: Role, codes: tuple[str, ...]) -> _Settled:
    if len(codes) == 1:
        return _Settled(codes[0])
    return _Settled(unsure=(Unsure(role, "ambiguous_region", codes[:MOST_CHOICES]),))


def _unsure(found: dict[Role, _Settled], placed: Sequence[_Placed]) -> tuple[Unsure, ...]:
    """What must be asked back: which place of that name, or what the place is to the reader."""
    told = tuple(dict.fromkeys(each for settled in found.values() for each in settled.unsure))
    unplaced = [each.place.codes for each in placed if each.role is None]
    if not unplaced or any(settled.code for settled in found.values()):
        return told
    codes = tuple(dict.fromkeys(code for codes in unplaced for code in codes))
    ambiguous = len(unplaced) == 1 and len(codes) > 1
    why: Why = "ambiguous_region" if ambiguous else "which_region"
    return (*told, Unsure("region", why, codes[:MOST_CHOICES]))


# The same place, and town or country --------------------------------------------------------------------------------

_SAME: Final = re.compile(
    r"本地(?:人|户口|的户口|户籍)|(?:户口|低保|老家|家)(?:也|就|都)(?:是|在)(?:这里|这儿|这边|本地|当地|这)"
    r"|(?:户口|老家|家)[^,。;!?]{0,6}(?:同一个地方|一个地方)"
)
_SAME_ANSWER: Final = re.compile(
    r"一样|同一|一个地方|本地|当地|[就也都][是在]?(?:这里|这儿|这边|这)|就是这|没有?换地方|冇分别|same|here"
    r"|^[也都][是在]|^[跟和同](?:上班|工作|厂|打工|做工)"
)
_NOT_SAME: Final = re.compile(
    r"不一样|不同|不是(?:一个|同一|本地|这)|不在(?:这|本地|一个|同)|外地|唔同|not (?:the )?same|different"
)
_BOTH: Final = re.compile(r"(?<![们俩夫妻婆公子女爸妈弟哥姐妹])都(?:是|在)\s?$")

_COUNTRY: Final = r"农村|农业户口|农户|农业|乡下|村里|村子|村上|农民"
_TOWN: Final = r"城镇户口|城镇|城里|城市|居民户口|非农|县城|市区|市里|农转非"
_EITHER: Final = re.compile(rf"(?P<rural>{_COUNTRY})|(?P<urban>{_TOWN})")
_REGISTERED: Final = re.compile(
    r"(?P<urban>非农业?(?:户口|户)?|城镇(?:户口|低保)|城市(?:户口|低保)|居民户口|农转非)"
    r"|(?P<rural>农[村业](?:户口|户籍|低保|的户口)|农村户|农户)"
)
_HOME_AREA: Final = re.compile(
    r"(?:老家|户口|户籍|家|低保|乡下|人)[也都就]?(?:是|在|喺|系|属于|:)?个?"
    rf"(?:(?P<rural>{_COUNTRY})|(?P<urban>{_TOWN})(?=$|[,。;!?\s的]|户口|低保))"
)
_NOT_AREA: Final = re.compile(
    r"(?:不是|不系|不算)(?:(?P<rural>农村|农业|乡下|农民|村里)|(?P<urban>城镇|城里|城市|居民|非农))"
)
_BY_PLACE: Final = re.compile(
    r"\s?(?:的|那边的?|下面的?)?\s?(?:(?P<rural>农村|乡下|村里|乡里)|(?P<urban>县城|城里|市区|市里|城区))"
)
_ASKED_AREA: Final = re.compile(
    rf"(?P<urban>非农|农转非|{_TOWN}|居民|街道|社区|urban|city|town)"
    rf"|(?P<rural>{_COUNTRY}|农|村|乡|rural|village|countryside|farm)"
)


def _area(text: str, home: Sequence[Place], asked: str | None) -> Area | None:
    """Town or country, where it is said of the registration, or asked for."""
    if denied := _NOT_AREA.search(text):
        return "urban" if denied["rural"] else "rural"
    near = next((found for place in home if (found := _BY_PLACE.match(text, place.end))), None)
    found = _REGISTERED.search(text) or near or _HOME_AREA.search(text)
    if found is None and asked in ("area", "dibao_region"):
        found = (_ASKED_AREA if asked == "area" else _EITHER).search(text)
    if found is None:
        return None
    return "urban" if found["urban"] else "rural"
