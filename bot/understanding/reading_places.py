"""Where one works and where one is from: which of the two a place is, and whether the home is in the country."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from bot.understanding.facts import Unsure
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
    named = _current(text, places.named(text, codes=asked in _ROLES))
    roles = _complete([_role(text, named, at, asked) for at in range(len(named))], named, asked)
    found = {role: _one(role, named, roles, places, corrects=corrects) for role in _ROLES}
    same = bool(_SAME.search(text) or (asked == "dibao_region" and _SAME_ANSWER.search(text)))
    if len(named) == 1 and _BOTH.search(text, 0, named[0].start):
        same, found = True, dict.fromkeys(_ROLES, _settle("region", named[0].codes))
    if _NOT_SAME.search(text):
        same = False
    home = [place for place, role in zip(named, roles, strict=True) if role == "dibao_region"]
    return Regions(
        region=found["region"].code,
        dibao_region=found["dibao_region"].code,
        same_region=same,
        area=_area(text, home, asked),
        unsure=_unsure(found, named, roles),
    )


# Which of the two ---------------------------------------------------------------------------------------------------

_ROLES: Final[tuple[Role, Role]] = ("region", "dibao_region")
_LINK: Final = r"(?:的?(?:地方|地点|所在地|地址|登记|那边)|[的地也都还就又一直是在落喺系为:呢\s交缴买办]|is|in|at)*"
_HOME_BEFORE: Final = re.compile(
    rf"(?:老家|户口本?|户籍|籍贯|家乡|家里|屋企|娘家|祖籍|本籍|乡下|民政|[领吃]低保|低保|回|(?:我|俺|我们)?家(?=[在是住喺])|hometown|hukou|(?:come|i'm|am) from|from|(?:dibao|benefits?|line|parents)[^,.?]{{0,20}}(?= (?:in|of|for)))"
    rf"{_LINK}$"
)
_WORK_BEFORE: Final = re.compile(
    rf"(?:社保|参保|保险|(?:上班|打工|工作|干活|做工|务工|做事|返工)(?=.)|厂子?|单位|公司|工地|人(?=[在喺])|现在?|目前|如今|跑到|work(?:ing|s)?|job)"
    rf"{_LINK}(?<=[在喺是:到厂现前今t ])$|(?:人|现)[在喺]$|(?:work(?:ing|s)?|job) (?:is )?in $"
)
_HOME_NEAR: Final = re.compile(r"(?:[我俺]|我们|本人|咱)(?:们|家)?(?:就?是|就)?\s?$|是\s?$|家\s?$|从\s?$")
_WORK_NEAR: Final = re.compile(r"(?:[在喺到来去]|\bin|at)\s?$")
_BEHIND: Final = re.compile(
    r"(?P<home>^人(?![在])|^那?边?老家|出来|过来|来的|(?:的|那边)?户口|户籍|农村|乡下|村里|村子|(?:领|吃|拿)(?:着|的)?低保|低保|老家|籍)"
    r"|(?P<work>上班|打工|工作|干活|做[事工]|务工|返工|搬砖|进厂|[\w]{0,3}厂|工地|公司|社保|参保|保险|缴|当(?!地)|送外卖|跑车|跑滴滴|开车|[挣赚]钱|谋生|保洁|保姆"
    r"|服务员|实习|基数|公积金|最低工资|work)"
)
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
    if _HOME_BEFORE.search(text, since, place.start):
        behind = _behind(text, named, at)
        # 家里在苏州打工: what is done there is the plainer word.
        return behind if behind.role == "region" and text[since : place.start].startswith("家里") else _HOME
    if _WORK_BEFORE.search(text, since, place.start):
        behind = _behind(text, named, at)
        return behind if behind.role == "dibao_region" else _WORK
    behind = _behind(text, named, at)
    if behind.role is not None:
        return behind
    if _WORK_NEAR.search(text, since, place.start):
        return _Told("region")
    if _HOME_NEAR.search(text, since, place.start) or re.match(r"\s?(?:的|人)", text[place.end :]):
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
    found = _BEHIND.search(text[start:end])
    if found is None:
        return _Told()
    return _HOME if found["home"] else _WORK


def _clause_start(text: str, before: int) -> int:
    return max((found.end() for found in _CLAUSE_END.finditer(text, 0, before)), default=0)


def _complete(roles: list[Role | None], named: Sequence[Place], asked: str | None) -> list[Role | None]:
    """Of two places, one plainly the home, the other is the workplace, and the other way round."""
    if asked in _ROLES or len(named) != 2 or (roles[0] is None) == (roles[1] is None):
        return roles
    known = roles[0] or roles[1]
    other: Role = "dibao_region" if known == "region" else "region"
    return [role or other for role in roles]


# One place for each role --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Settled:
    """The region that a role comes to, or what is to be asked."""

    code: str | None = None
    unsure: tuple[Unsure, ...] = ()


_DENIED: Final = re.compile(r"(?:不是|不系|并非|不在|不喺|not (?:in|from)?)\s?$")


#: Where one worked once is neither of the two.
_ONCE: Final = re.compile(r"(?:以前|之前|原来|曾经|先后)(?:一直)?(?:的?record)?[在喺是]?\s?$")
_ONCE_BEHIND: Final = re.compile(r"(?:[^,。;!?]{0,6}(?:打过工|干过|工作过|上过班|交过|做过|待过))|\s?(?:交了?|干了?|做了?)[\d一二两三四五六七八九十]+年")


def _current(text: str, named: list[Place]) -> list[Place]:
    """The places without the first one of 「不是阜阳，是亳州」, and without those of the past."""
    kept = [place for place in named if not _DENIED.search(text, 0, place.start)] or named
    now = [
        place
        for place in kept
        if not (_ONCE.search(text, 0, place.start) or _ONCE_BEHIND.match(text, place.end))
    ]
    return now or kept


def _one(
    role: Role, named: Sequence[Place], roles: Sequence[Role | None], places: Places, *, corrects: bool
) -> _Settled:
    mine = [place.codes for place, each in zip(named, roles, strict=True) if each == role]
    elsewhere = [place.codes for place, each in zip(named, roles, strict=True) if each not in (role, None)]
    mine = [codes for codes in mine if role == "region" or codes not in elsewhere] or mine
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


def _unsure(
    found: dict[Role, _Settled], named: Sequence[Place], roles: Sequence[Role | None]
) -> tuple[Unsure, ...]:
    """What must be asked back: which place of that name, or what the place is to the reader."""
    told = tuple(dict.fromkeys(each for settled in found.values() for each in settled.unsure))
    open_codes = [place.codes for place, role in zip(named, roles, strict=True) if role is None]
    if not open_codes or any(settled.code for settled in found.values()):
        return told
    codes = tuple(dict.fromkeys(code for codes in open_codes for code in codes))
    why: Literal["which_region", "ambiguous_region"] = "which_region"
    if len(open_codes) == 1 and len(codes) > 1:
        why = "ambiguous_region"
    return (*told, Unsure("region", why, codes[:MOST_CHOICES]))


# The same place, and town or country --------------------------------------------------------------------------------

_SAME: Final = re.compile(
    r"本地(?:人|户口|的户口|户籍)|(?:户口|低保|老家|家)(?:也|就|都)(?:是|在)(?:这里|这儿|这边|本地|当地|这)"
    r"|(?:户口|老家|家)[^,。;!?]{0,6}(?:一样|同一个地方|一个地方)"
)
_SAME_ANSWER: Final = re.compile(
    r"一样|同一|一个地方|本地|当地|(?:就|也|都)(?:是|在)?(?:这里|这儿|这边|这)|就是这|没(?:有)?换地方|同样|冇分别|same|here"
    r"|^(?:也|都)(?:是|在)|^(?:跟|和|同)(?:上班|工作|厂|打工|做工)"
)
_NOT_SAME: Final = re.compile(r"不一样|不同|不是(?:一个|同一|本地|这)|不在(?:这|本地|一个|同)|外地|唔同|not (?:the )?same|different")
_BOTH: Final = re.compile(r"(?:户口|老家|家|上班|工作|打工|人|两个|全)?(?:和|跟|与|、)?(?:户口|上班|工作|打工|人)?都(?:是|在)\s?$")

_COUNTRY: Final = r"农村|农业户口|农户|农业|乡下|村里|村子|村上|农民"
_TOWN: Final = r"城镇户口|城镇|城里|城市|居民户口|非农|县城|市区|市里|农转非"
_REGISTERED: Final = re.compile(
    r"(?P<urban>非农(?:业)?(?:户口|户)?|城镇(?:户口|低保)|城市(?:户口|低保)|居民户口|农转非)|(?P<rural>农(?:村|业)(?:户口|户籍|低保|的户口)|农村户|农户)"
)
_ABOUT_HOME: Final = r"(?:老家|户口|户籍|家|低保|乡下|人)(?:也|都|就)?(?:是|在|喺|系|属于|:)?(?:个)?"
_HOME_AREA: Final = re.compile(rf"{_ABOUT_HOME}(?:(?P<rural>{_COUNTRY})|(?P<urban>{_TOWN})(?=$|[,。;!?\s的]|户口|低保))")
_NOT_AREA: Final = re.compile(r"(?:不是|不系|不算)(?:(?P<rural>农村|农业|乡下|农民|村里)|(?P<urban>城镇|城里|城市|居民|非农))")
_BY_PLACE: Final = re.compile(r"\s?(?:的|那边的?|下面的?)?\s?(?:(?P<rural>农村|乡下|村里|乡里)|(?P<urban>县城|城里|市区|市里|城区))")
_ASKED_AREA: Final = re.compile(
    rf"(?P<urban>非农|农转非|{_TOWN}|居民|街道|社区|urban|city|town)|(?P<rural>{_COUNTRY}|农|村|乡|rural|village|countryside|farm)"
)


def _area(text: str, home: Sequence[Place], asked: str | None) -> Area | None:
    """Town or country, where it is said of the registration, or asked for."""
    if denied := _NOT_AREA.search(text):
        return "urban" if denied["rural"] else "rural"
    near = next((found for place in home if (found := _BY_PLACE.match(text, place.end))), None)
    found = _REGISTERED.search(text) or near or _HOME_AREA.search(text)
    if found is None and asked in ("area", "dibao_region"):
        found = _ASKED_AREA.search(text) if asked == "area" else re.search(rf"(?P<rural>{_COUNTRY})|(?P<urban>{_TOWN})", text)
    if found is None:
        return None
    return "urban" if found["urban"] else "rural"
