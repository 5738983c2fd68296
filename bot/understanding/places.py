"""The regions that a text names, down to the county, by their own, short and former names."""

from __future__ import annotations

import re
import string
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from policy_kb.divisions import Division, Divisions

#: Names that people go on using, and what they are part of today.
_FORMER_NAMES: Final = """
襄樊 420600 荆沙 421000 沙市市 421002 郧县 420304 淮阴市 320800 徽州地区 341000 巢湖地区 340181
宿县 341302 芜湖县 340210 万县 500101 达县 511703 渡口市 510400 思茅市 530800 中甸 533401
路南县 530126 潞西 533103 通什 469001 大庸 430800 零陵地区 431100 崇安县 350782 星子县 360483
上饶县 361104 临川市 361002 户县 610118 陕县 411203 通县 110112 崇文区 110101 宣武区 110102
塘沽 120116 汉沽 120116 闸北 310106 卢湾 310101 南汇 310115 川沙 310115 白下区 320104 下关区 320106
江浦 320111 吴县 320506 沧浪区 320508 金阊 320508 平江区 320508 锡山市 320205 铜山县 320312
维扬 321003 江干区 330102 下城区 330105 绍兴县 330603 鄞县 330212 胶南 370211 长岛县 370614
呼市 150100 内蒙 150000 雄安 130600 乌市 650100
"""
_FORMER: Final = dict(zip(_FORMER_NAMES.split()[::2], _FORMER_NAMES.split()[1::2], strict=True))

#: County names that are words of every day: they are places only between two words that speak of places.
_ORDINARY_NAMES: Final = """
和平 河东 河西 红桥 新华 路南 路北 海港 复兴 大名 新河 清河 桥东 桥西 宣化 兴隆 运河 东光 安平 小店
平城 城区 矿区 郊区 平定 长子 高平 和顺 盐湖 保德 永和 文水 交口 孝义 新城 回民 玉泉 青山 红山 松山
铁西 铁东 新民 长海 千山 平山 明山 元宝 振兴 太和 站前 西市 老边 太平 白塔 宏伟 灯塔 双塔 龙城 建平
连山 二道 白云 向阳 前进 东风 工农 南山 东山 友谊 友好 新兴 东安 阳明 爱民 安达 平房 建华 富裕 大安
安定 静安 长宁 玄武 天宁 钟楼 云龙 大丰 响水 上城 滨江 滨湖 江北 镇海 文成 南湖 平湖 长兴 江山 天台
无为 大通 大观 太湖 望江 天长 明光 同安 三元 大田 永安 永春 金门 平和 光泽 政和 连城 东湖 莲花 月湖
德安 乐安 万年 兴国 永丰 万安 上高 市中 天桥 市南 市北 周村 河口 平原 东平 泰山 惠民 牡丹 中原 二七
金水 上街 老城 新安 红旗 解放 马村 博爱 台前 卧龙 方城 内乡 民权 光山 商城 太康 正阳 公安 大悟 云梦
江岸 赤壁 天门 芙蓉 天心 雨花 荷塘 石峰 天元 石鼓 洞口 石门 桃源 中方 会同 通道 凤凰 蓝山 新田 天河
福田 光明 金平 南海 高明 江海 开平 紫金 清新 江南 城中 七星 资源 全州 港口 防城 灵山 平南 兴业 大化
大新 天等 天涯 海棠 东方 文昌 锦江 金牛 东区 西区 仁和 三台 朝天 安居 大英 威远 南部 东坡 前锋 名山
石棉 通江 乐至 九龙 黑水 小金 白玉 会东 大方 金沙 江口 天柱 西山 富民 安宁 通海 新平 水富 古城 玉龙
永胜 江城 弥勒 文山 城关 双湖 比如 安多 未央 太白 金台 白水 宝塔 延长 黄龙 子长 定边 石泉 紫阳 白河
清水 玉门 合水 民乐 高台 康乐 合作 城东 城西 城北 平安 民和 互助 同仁 共和 同德 金凤 永宁 同心 天山
新市 温泉 新源 新和 民丰 新星 和安 和康 双河 白杨 大厂 东海 宁国 当阳 大足 三门 石台 石林 建水 开远
武功 神木 灵台 元氏 无极 五台 木兰 龙门 双流 长寿 南岸 南川 万全 永定 资阳 商河 昌平 和静 浑南 威信
阿里 白银 来宾 日照 天水 安康 和田 山南 海东 海西 海北 天全 老城区 新城区 城中区 市中区 城关区 东城
西城 顺河 顺城 中站 兴庆 利通 平利 南城 北关 来安
"""
_ORDINARY: Final = frozenset(_ORDINARY_NAMES.split())
#: Characters that are written for one another in the names of provinces and prefectures: 苏洲, 株州, 安微.
_MISWRITTEN: Final = str.maketrans("州洲徽", "洲州微")
#: A longer word with a place's name in it that is none.
_NO_PLACE: Final = re.compile(
    r"市中心|[大小新老]厂(?![县回])|中山装|孙中山|大理石|阿里巴巴|示范县|模范县|贫困县|京东方|新东方"
    r"|平安(?:银行|保险|人寿|好医生)|公安局|新华(?:书店|保险|人寿)|中国人"
)
_ROAD: Final = re.compile(
    r"[东南西北中]?(?:路|街|大道|银行|拉面|小吃|话(?!费)|烤鸭|小面|米线|菜|口音|方言|时间)"
)
_SUFFIX: Final = re.compile(r"地区|[省市县区州盟旗]")
_GAP: Final = re.compile(r"的?[,、\s市省/·>-]?\s?")
_AT: Final = re.compile(r"(?:^|\b(?:in|at|from|to) )$")
_END: Final = r"[,。;!?\s]|$"
#: What stands before and behind a county that gives its short name only.
_BEFORE_PLACE: Final = re.compile(
    r"(?:^|[,。;!?\s]|[在喺到去来回从是住]|老家|户口|户籍|家|来自|人在|现在|我|俺|低保|社保|籍贯|in|from|at"
    r"|to)[是在喺的:]?\s?$"
)
_BEFORE_WORD: Final = re.compile(
    r"(?:[在喺到去来回]|老家|户口|户籍|家在?|来自|我是|低保|社保|籍贯)[是在喺的:]?\s?$"
)
_BEHIND_WORD: Final = re.compile(
    rf"(?:{_END}|的(?={_END})|上班|打工|干活|做[事工]|务工|工作|人|农村|乡下|那边|这边|老家|户口|领|进厂|厂"
    rf"|低保|社保)"
)
_BEHIND_PLACE: Final = re.compile(
    rf"(?:{_END}|[市县区]|上班|打工|干活|做[事工]|务工|工作|的|人|农村|乡下|那边|这边|这里|那里|老家|户口|领|吃"
    rf"|交|参保|厂|进厂|城里|低保|社保|来|出来)"
)


@dataclass(frozen=True, slots=True)
class Place:
    """A place that a text names, and the codes its name may stand for."""

    start: int
    end: int
    codes: tuple[str, ...]
    #: No other word is spelled so: a suffix, a parent, or a name that is only a place's.
    certain: bool = True


class Places:
    """The names of all regions, as people use them, ready to be found in a text."""

    def __init__(self, divisions: Divisions) -> None:
        self._divisions = divisions
        self._by_code = {each.code: each for each in _all(divisions)}
        self._longest = max(len(name) for name in self._names)

    def named(self, text: str, *, asked: bool = False) -> list[Place]:
        """The places in a normalised text, chained names as one: 安徽省阜阳市颍州区.

        Where a place was asked for, 320500 is one, and 和平 alone.

        >>> places = Places(Divisions.load())
        >>> [place.codes for place in places.named("老家安徽阜阳颍州,在苏州上班")]
        [('341202',), ('320500',)]
        >>> [place.codes for place in places.named("老家安微,在苏洲上班")]
        [('340000',), ('320500',)]
        >>> places.named("大家都在公司上班,和平年代")
        []
        """
        found = sorted((*self._written(text), *self._spelled(text)), key=lambda place: place.start)
        if asked:
            found += (
                Place(*code.span(), (code[0],))
                for code in re.finditer(r"(?<!\d)\d{6}(?!\d)", text)
                if code[0] in self._by_code
            )
        chained = self._chained(text, found)
        return [
            replace(each, codes=self._likeliest(text, each))
            for each in chained
            if _is_place(text, each, asked)
        ]

    def sounds_like(self, code: str) -> tuple[str, ...]:
        """Provinces and prefectures whose names voice input takes for this one's.

        >>> Places(Divisions.load()).sounds_like("320500")
        ('341300',)
        """
        division = self._by_code.get(code)
        if division is None:
            return ()
        alike = self._by_sound.get(_sound(division), ())
        return tuple(each.code for each in alike if each.code != code and each.short != division.short)

    def within(self, code: str, wider: str) -> bool:
        """Whether a region is another one or part of it."""
        return wider in self._divisions.levels(code)

    def _written(self, text: str) -> Iterator[Place]:
        at = 0
        closed = [found.span() for found in _NO_PLACE.finditer(text)]
        while at < len(text):
            place = None if text[at].isascii() else self._longest_at(text, at)
            if place is None or any(start < place.end and place.start < end for start, end in closed):
                at += 1
                continue
            if not _ROAD.match(text, place.end):
                yield place
            at = place.end

    def _longest_at(self, text: str, at: int) -> Place | None:
        for length in range(min(self._longest, len(text) - at), 1, -1):
            name = text[at : at + length]
            codes = self._names.get(name)
            if codes:
                return self._with_suffix(text, Place(at, at + length, codes, self._is_certain(name, codes)))
        return None

    def _is_certain(self, name: str, codes: tuple[str, ...]) -> bool:
        if name in _ORDINARY:
            return False
        return any(
            code.endswith("00") or (self._by_code[code].name == name and len(name) > 2) for code in codes
        )

    def _with_suffix(self, text: str, place: Place) -> Place:
        """昆山市 and 恩施州 are in no table by this name, but the suffix tells that a place is meant."""
        suffix = _SUFFIX.match(text, place.end)
        name = text[place.start : place.end]
        if suffix is None or name[-1] in "省市县区州盟旗" or name in _ORDINARY:
            return place
        codes = tuple(code for code in place.codes if self._may_be_called(code, suffix[0])) or place.codes
        return Place(place.start, suffix.end(), codes)

    def _may_be_called(self, code: str, suffix: str) -> bool:
        name = self._by_code[code].name
        if suffix in ("州", "盟", "省"):
            return name.endswith(suffix)
        return suffix not in ("县", "区", "旗") or not code.endswith("00")

    def _spelled(self, text: str) -> Iterator[Place]:
        for word in re.finditer(r"[a-z][a-z']{3,}", text):
            codes = self._spellings.get(word[0].replace("'", ""), ())
            wide = tuple(code for code in codes if code.endswith("00"))
            # yuan is money before it is 裕安, and hukou the register before it is 湖口
            if wide or (codes and len(word[0]) > 5 and _AT.search(text, 0, word.start())):
                yield Place(*word.span(), wide or codes)

    def _chained(self, text: str, found: Sequence[Place]) -> list[Place]:
        chain: list[Place] = []
        for place in found:
            joined = self._joined(text, chain[-1], place) if chain else None
            if joined is None:
                chain.append(place)
            else:
                chain[-1] = joined
        return chain

    def _joined(self, text: str, first: Place, second: Place) -> Place | None:
        """One place, if one of the two lies in the other and nothing stands between them."""
        if not _GAP.fullmatch(text, first.end, second.start):
            return None
        inside = self._inside(second.codes, first.codes) or self._inside(first.codes, second.codes)
        return Place(first.start, second.end, inside) if inside else None

    def _inside(self, narrow: Iterable[str], wide: Iterable[str]) -> tuple[str, ...]:
        return tuple(
            code for code in narrow if any(code != other and self.within(code, other) for other in wide)
        )

    def _likeliest(self, text: str, place: Place) -> tuple[str, ...]:
        """西安 is the city, not one of the two districts; 朝阳 and 海南 stay open."""
        wide = tuple(code for code in place.codes if code.endswith("00"))
        if text[place.start : place.end] in ("朝阳", "海南"):
            return place.codes
        return wide or place.codes

    @cached_property
    def _names(self) -> dict[str, tuple[str, ...]]:
        names: dict[str, list[str]] = defaultdict(list)
        for division in self._by_code.values():
            names[division.name].append(division.code)
        shorts: dict[str, list[str]] = defaultdict(list)
        for division in self._by_code.values():
            if len(division.short) > 1 and division.short != division.name:
                shorts[division.short].append(division.code)
        for short, codes in shorts.items():
            names[short] = _without_own_counties([*names.get(short, ()), *codes])
        for former, code in _FORMER.items():
            names.setdefault(former, [code])
        for name, codes in tuple(names.items()):
            if wide := [code for code in codes if code.endswith("00")]:
                names.setdefault(name.translate(_MISWRITTEN), wide)
        return {name: tuple(codes) for name, codes in names.items() if codes[0] in self._by_code}

    @cached_property
    def _spellings(self) -> dict[str, tuple[str, ...]]:
        spelled: dict[str, list[str]] = defaultdict(list)
        for division in self._by_code.values():
            spelled[division.pinyin].append(division.code)
        return {name: tuple(_without_own_counties(codes)) for name, codes in spelled.items()}

    @cached_property
    def _by_sound(self) -> dict[str, tuple[Division, ...]]:
        sounds: dict[str, list[Division]] = defaultdict(list)
        for division in self._by_code.values():
            if division.code.endswith("00"):
                sounds[_sound(division)].append(division)
        return {sound: tuple(alike) for sound, alike in sounds.items()}


def _all(divisions: Divisions) -> list[Division]:
    """All regions, in the order of their codes: whatever they are called, it is spelled with some letter."""
    found = {
        each.code: each for letter in string.ascii_lowercase for each in divisions.search(letter, 100_000)
    }
    return [found[code] for code in sorted(found)]


def _sound(division: Division) -> str:
    """The pinyin without what neither accents nor voice input keep apart: 锦州, 荆州."""
    return division.pinyin.replace("ng", "n")


def _without_own_counties(codes: list[str]) -> list[str]:
    """南昌 is the city, not the county of that name inside it."""
    cities = {code[:4] for code in codes if code.endswith("00") and not code.endswith("0000")}
    return [code for code in codes if code.endswith("00") or code[:4] not in cities]


def _is_place(text: str, place: Place, asked: bool) -> bool:
    """Whether a short name that may be another word stands where a place would."""
    if place.certain:
        return True
    before = bool(_BEFORE_PLACE.search(text, 0, place.start))
    behind = bool(_BEHIND_PLACE.match(text, place.end))
    if text[place.start : place.end] not in _ORDINARY:
        return before or behind
    alone = not text[: place.start].strip(" ,。") and not text[place.end :].strip(" ,。的吧")
    return (asked and alone) or bool(
        _BEFORE_WORD.search(text, 0, place.start) and _BEHIND_WORD.match(text, place.end)
    )
