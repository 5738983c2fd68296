"""Words near an amount that tell what it is: 工资, 到手, 老婆, 低保线, 卡上."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

#: Whose income it is, if not the reader's own.
PERSON: Final = (
    r"家里其他人|家里别的?人|家里人|其他人|其他|其它|另外|别的"
    r"|老婆|媳妇儿?|妻子|爱人|对象|太太|老公|丈夫|男人|老伴|屋里人|堂客|婆娘|当家的"
    r"|(?:孩子?|娃儿?|他|她)[他她]?[爸妈]|爸爸?妈妈?|爹[妈娘]|爹|娘(?!家)|父母亲?|父亲|母亲|爸爸?|妈妈?"
    r"|老[爸妈爹娘母豆]|阿[爸妈]|公公婆婆|公婆|公公|婆婆|岳[父母]+|丈人|丈母娘"
    r"|爷爷奶奶|爷奶|爷爷|奶奶|姥姥|姥爷|外公|外婆|儿媳妇?|儿子|闺女|女儿|姑娘|女婿"
    r"|孩子|小孩|娃娃?|(?<!工)仔|崽|她(?!们)|他(?![们妈])|哥哥?|弟弟?|姐姐?|妹妹?|兄弟|细佬|老人家?|老[头太汉]"
    r"|\b(?:wife|husband|spouse|mother|mom|mum|father|dad|parents?|son|daughter|brother|sister|others?|kids?)\b"
)
_INSURANCE: Final = r"社保|保险|五险一?金?|公积金|个?税"
_DIGIT: Final = r"(?=\s?[\d一二两三四五六七八九])"
#: Words by what they tell. Where two could begin at one place, the earlier kind has it.
_KINDS: Final = {
    # Words with 低保 or 工资 in them that speak of no amount.
    "neutral": r"低保[户本办]|吃着?低保|有低保|[办领]着?低保(?=的|[,。])|申请低保|没有?低保|交了?低保|影响低保"
    r"|人均(?!收入)|单亲[爸妈]+|宝[爸妈]",
    "nothing": r"最低工资(?:标准)?|平均工资|社平工资|缴费工资|人均收入|基数|base\b|滞纳金|(?:年终|端午|中秋|过节)[奖费]"
    r"|账户|余额",
    "stranger": r"[老小阿][王李张刘陈赵周吴]|工友|同事|邻居|人家|(?<!家里)别人|有人|老乡|朋友|亲戚|主管|组长|网上",
    "standard": r"(?:低保|保障)线|低保的?标准|(?:最低生活)?保障标准|(?<!工资)标准|每人每月|每个?人每?个?月|一人一?个?月"
    r"|划的?线|线(?:是|为|划|定|:|(?=[\d一二三四五六七八九]))|\b(?:line|standard|threshold)\b",
    "gross": rf"(?:还?没|不|未)扣(?:的|钱|除|{_INSURANCE})*|扣(?:款|钱|掉|除|{_INSURANCE})*(?:之前|以前|前)"
    rf"|应发(?:工资)?|税前|毛工资|毛的?{_DIGIT}|合同(?:上[写的]|写的|约定的?|工资)"
    rf"|\b(?:gross|before (?:tax|deductions?))\b",
    "net": r"[拿发打领]?得?到我?手[里上的]?|实发(?:工资)?|实[拿领得收]|拿到的|净[拿得剩落]"
    rf"|净{_DIGIT}|落袋|落手|手[上里](?:[拿有]的?|能?[见剩落]着?)|税后"
    rf"|[扣交]完(?:钱|{_INSURANCE})+(?!以?后|之后|了)|[扣除去减][完掉了去除]*(?:{_INSURANCE}|[钱的和跟、]|各种"
    rf"|各项|这些|那些|所有)*(?:以后|之后|后|完|还?剩|到手)+"
    r"|[打发]到?卡[上里]的?(?:工资|钱)|卡[上里]的?工资|到我?的?卡[上里]|工资卡[上里]?"
    r"|\b(?:net|take[- ]?home|in hand|after (?:tax|deductions?|insurance))\b",
    "deducted": rf"[扣除去减][掉去除]?(?:{_INSURANCE})+{_DIGIT}",
    "card": r"(?:低保)?(?:卡|折子|存折|折)[上里]|到[账帐]|进账|进卡|一[卡折]通",
    "dibao": r"低保[金费款]?(?!会|还|能|就|怎|要|是不|保|没|停|取消|有没|够|影响|悬)|救济[金款]?|\b(?:dibao|benefits?)\b",
    "idle": r"(?:没有?|不|冇|无)(?:出?去|在)?(?:上班|工作|收入|挣钱|赚钱|打工|干活|做工|事做|返工|搵钱)"
    r"|在家|带(?:孩子|娃|小孩)|读书|上学|念书|上[小初高大]学|干不了活|不挣|没活|没事做",
    "base": r"底薪|基本工资|保底",
    "total": r"(?:加上?|算上|连上?)(?:加班费?|提成|全勤奖?|奖金|绩效|补贴|计件)|加起来|加在一起|合起来",
    "extra": rf"加班(?:费|工资|的?钱|{_DIGIT})|提成|绩效|全勤|奖金|津贴|夜班费|高温费|(?:餐|饭|住?房|交通|高温|夜班"
    rf"|伙食)补[贴助]?",
    "odd": r"[打做干]?(?:零工|散工|小工|临工|短工|零活)|兼职|副业|摆摊|odd jobs?",
    "source": r"地租|租金|租出去|门面|土地|地里|流转|承包|种点?[地田]|卖[粮菜]|养[鸡猪羊牛]|养老金|退休金|抚养费|赡养费",
    "aid": r"补[贴助]",
    "sent": r"[给寄打][回到给]?(?:我|我们|咱)?老?家里?|寄",
    "spend": rf"拖?欠(?:我们?)?的?工资|被收|[扣罚欠赔]了?我?|补偿我?|交|缴|罚款|押金|药|学费|房租|租房|生活费|花|借|贷"
    rf"|买|还款"
    rf"|看病|住院|彩礼|存款|存折上有|存|{_INSURANCE}|伙食|吃饭|水电|车费|路费|红包|饭[钱费]|医[药保]|新农合"
    rf"|合作医疗"
    rf"|补[缴交]|抚恤|费用?|车补|价|垫|自?付|报销|超了|超出|[出要]{_DIGIT}|单位那份|公司那份"
    r"|\b(?:fine|deduct(?:ed|s)?|paying|rent|fee|cost|took|charged?|cut)\b",
    "other": rf"(?:我们|我|俺|咱|my )?[家屋]?的?(?:{PERSON})",
    "family": rf"(?:我|俺)(?:和|跟|同|与|还有)我?(?:{PERSON})|两口子|夫妻|我们俩|我俩|[全一]家|家庭|我们?家|家里|屋企"
    r"|together|household income",
    "work": r"上班|打工|干活|工作|做工|务工|进厂|厂里|在厂|外卖|快递|工地|超市|饭店|餐馆|酒店|食堂|物业|保洁|保安|保姆"
    r"|服务员|收银|[刷洗]碗|老板|公司",
    "move": r"[打发拨][给到]我?|给[我俺]|打|领|收到|补|给|进|得|receives?",
    "own": r"[我俺咱](?!们)(?:自己|个人|本人)?|本人|自己|\b(?:i|i'm|my|mine)\b",
    "pay": r"(?:月|总)?工资(?:标准)?|满勤|[月年日时]薪|薪[水资酬]|月入|工[钱价]|(?<![转找])人工(?!客服|服务|智能|台"
    r"|坐席)|粮|待遇|\b(?:salary|wages?|pay|income)\b",
    "earn": r"挣|赚|拿|开|发|搞|搵|收入|\b(?:earns?|makes?|gets?|paid)\b",
    "month": r"一个?月|每个?月|月[月均]|monthly|a month|per month",
    "season": r"旺季|淡季|忙|闲|有时候?|有的时候|有[的些]月|多的|少的|[好差]的时候|最多|最少|sometimes",
}
_CUE: Final = re.compile("|".join(f"(?P<{kind}>{words})" for kind, words in _KINDS.items()))
#: 到手多少, 扣完还剩几个钱: of a wage, but whether it is the one before or after deductions is the question.
_ASKED: Final = re.compile(r"[^,。;!?\d一二两三四五六七八九十]*(?:多少|好多|几|怎么|如何|how much)")
_ASKED_BEFORE: Final = re.compile(r"(?:how much|what(?:'s| is| will| would))[^.?!]*$")
_SENTENCE_END: Final = re.compile(r"[。;!?]|\.(?=\s)")
_STOP: Final = re.compile(r"[,。;!?]")
_CLAUSE_END: Final = re.compile(r"[,。;!?]|(?<=[一-龥\d]) (?=[一-龥])")


@dataclass(frozen=True, slots=True)
class Cue:
    """A telling word and its kind. `clause` is where the clause it stands in begins."""

    kind: str
    start: int
    end: int
    clause: int
    word: str


@dataclass(frozen=True, slots=True)
class Line:
    """A text with its telling words, where its clauses and sentences begin, and where it has a stop."""

    text: str
    cues: tuple[Cue, ...]
    clauses: tuple[int, ...]
    sentences: tuple[int, ...]
    stops: tuple[int, ...]

    def clause_at(self, position: int) -> int:
        """Where the clause begins that has this position."""
        return _last_to(self.clauses, position)

    def sentence_at(self, position: int) -> int:
        """Where the sentence begins that has this position."""
        return _last_to(self.sentences, position)

    def clause_end(self, position: int) -> int:
        """Where the clause ends that has this position."""
        return next((start - 1 for start in self.clauses if start > position), len(self.text))

    def stop_after(self, position: int) -> int:
        """Where the next stop is; a space is none."""
        return next((stop for stop in self.stops if stop >= position), len(self.text))


def find_cues(text: str) -> Line:
    """A normalised text with the words in it that tell of amounts.

    >>> [(cue.kind, cue.word) for cue in find_cues("我工资3200,低保卡上打六百二").cues]
    [('own', '我'), ('pay', '工资'), ('card', '低保卡上'), ('move', '打')]
    """
    clauses = (0, *(found.end() for found in _CLAUSE_END.finditer(text)))
    sentences = (0, *(found.end() for found in _SENTENCE_END.finditer(text)))
    stops = tuple(found.start() for found in _STOP.finditer(text))
    cues = tuple(
        Cue(_kind(text, found), *found.span(), _last_to(clauses, found.start()), found[0])
        for found in _CUE.finditer(text)
    )
    return Line(text, cues, clauses, sentences, stops)


def _kind(text: str, found: re.Match[str]) -> str:
    kind = found.lastgroup or ""
    if kind not in ("net", "gross"):
        return kind
    asked = _ASKED.match(text, found.end()) or _ASKED_BEFORE.search(text, 0, found.start())
    return "pay" if asked else kind


def _last_to(starts: Sequence[int], position: int) -> int:
    return starts[bisect_right(starts, position) - 1]
