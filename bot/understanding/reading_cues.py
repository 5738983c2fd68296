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
    r"|老婆|媳妇儿?|妻子|爱人|对象|老公|丈夫|男人|老伴|屋里人|堂客|婆娘|当家的"
    r"|(?:孩子?|娃儿?|他|她)[他她]?[爸妈]|爸爸?妈妈?|爹[妈娘]|父母亲?|父亲|母亲|爸爸?|妈妈?|老[爸妈爹娘母豆]|阿[爸妈]"
    r"|公公婆婆|公婆|公公|婆婆|岳[父母]+|丈人|丈母娘|爷爷奶奶|爷奶|爷爷|奶奶|姥姥|姥爷|外公|外婆"
    r"|儿媳妇?|儿子|闺女|女儿|姑娘|女婿|孩子|小孩|娃娃?|(?<!工)仔|崽|哥哥?|弟弟?|姐姐?|妹妹?|兄弟|细佬|老人家?|老[头太汉]"
    r"|\b(?:wife|husband|spouse|mother|mom|mum|father|dad|parents?|son|daughter|brother|sister|others?|kids?)\b"
)
#: Kinds of words, and at the same place the earlier kind wins.
_KINDS: Final = {
    # Words with 低保 in them that speak of no amount.
    "neutral": r"低保[户本办]|吃着?低保|有低保|[办领]着?低保(?=的|[,。])|申请低保|没有?低保|交了?低保|影响低保|人均(?!收入)|单亲[爸妈]+|宝[爸妈]",
    "nothing": r"最低工资(?:标准)?|平均工资|社平工资|缴费工资|人均收入|(?:年终|端午|中秋|过节)[奖费]",
    "stranger": r"[老小阿][王李张刘陈赵周吴]|工友|同事|邻居|人家",
    "standard": r"(?:低保|保障)线|低保的?标准|(?:最低生活)?保障标准|(?<!工资)标准|每人每月|每个?人每?个?月|一人一?个?月|划的?线"
    r"|线(?:是|为|划|定|:|(?=\d))|\b(?:line|standard|threshold)\b",
    "gross": r"(?:还?没|不|未)扣(?:的|社保|保险|税|钱|除)*|扣(?:社保|保险|税|钱|款|掉|除)*(?:之前|以前|前)|应发(?:工资)?|税前|毛工资|毛的?(?=[\d一二两三四五六七八九])"
    r"|合同(?:上|工资)|\b(?:gross|before (?:tax|deductions?))\b",
    "net": r"[拿发打领]?得?到我?手[里上的]?|实发(?:工资)?|实[拿领得收]|拿到的|净[拿得剩落]|净(?=[\d一二两三四五六七八九])|落袋|落手|手[上里][拿有]的?"
    r"|[扣交]完(?:社保|保险|五险一?金?|税|钱)+(?!以?后|之后|了)|[扣交除去减](?:完|掉|了|去|除)*(?:社保|保险|五险一?金?|公积金|个税|税|钱|的|各种|这些|那些|所有|乱七八糟|和|跟|、)*"
    r"(?:以后|之后|后|完|还?剩|到手)+|税后|[打发]到?卡[上里]的?(?:工资|钱)|卡[上里]的?工资|工资卡[上里]?"
    r"|\b(?:net|take[- ]?home|after (?:tax|deductions?|insurance))\b",
    "card": r"(?:低保)?(?:卡|折子|存折|折)[上里]|到[账帐]|进账|进卡|一卡通",
    "dibao": r"低保[金费款]?|救济金?|\b(?:dibao|benefits?|allowance)\b",
    "idle": r"(?:没有?|不|冇|无)(?:去|出去|在)?(?:上班|工作|收入|挣钱|赚钱|打工|干活|做工|事做|返工|搵钱)|在家|带(?:孩子|娃|小孩)"
    r"|读书|上学|念书|上[小初高大]学|干不了活|不挣|没活|没事做",
    "base": r"底薪|基本工资|保底",
    "total": r"(?:加上|算上|连上?)(?:加班费?|提成|全勤奖?|奖金|绩效|补贴|计件)",
    "extra": r"加班(?:费|工资|的?钱)|加班(?=[\d一二两三四五六七八九])|提成|绩效|全勤|满勤|奖金|津贴|夜班费|高温费",
    "odd": r"[打做干]?(?:零工|散工|小工|临工|短工|零活)|兼职|副业|摆摊|地租|租金|土地|地里|流转|承包|种[地田]|卖[粮菜]|养[鸡猪羊牛]"
    r"|养老金|退休金|抚养费|赡养费|odd jobs?",
    "spend": r"拖?欠(?:我们?)?的?工资|被收|[扣罚欠赔]了?我?|交|缴|罚款|押金|药|学费|房租|租房|生活费|滞纳金|基数|花|借|贷|买|还款|看病|住院|彩礼|存款|存|社保|保险|公积金|个?税"
    r"|伙食|吃饭|水电|车费|路费|红包|饭[钱费]|医[药保]|新农合|合作医疗|补[缴交]|补偿|抚恤|费用?|[房饭餐车]补|补[贴助]|价"
    r"|\b(?:fine|deduct(?:ed|s)?|paying|rent|fee|cost)\b",
    "other": rf"(?:我们|我|俺|咱|my )?[家屋]?的?(?:{PERSON})",
    "family": rf"(?:我|俺)(?:和|跟|同|与|还有)我?(?:{PERSON})|两口子|夫妻|我们俩|我俩|[全一]家|家庭|我[们家]|家里|屋企|together",
    "own": r"[我俺咱](?:自己|个人|本人)?|本人|自己|\b(?:i|i'm|my|mine)\b",
    "pay": r"(?:月|总)?工资(?:标准)?|[月年日时]薪|薪[水资酬]|月入|工[钱价]|人工|粮|待遇|\b(?:salary|wages?|pay|income)\b",
    "earn": r"挣|赚|拿|开|发|搞|搵|收入|做|\b(?:earns?|makes?|gets?|paid)\b",
    "work": r"上班|打工|干活|工作|做工|务工|进厂|厂里|在厂|送外卖|工地|超市",
    "move": r"打|领|收到|补|给|进|得|receives?",
    "month": r"一个?月|每个?月|月[月均]|平均|monthly|a month|per month",
    "season": r"旺季|淡季|忙|闲|有时候?|有的时候|有[的些]月|多的|少的|[好差]的时候|最多|最少|sometimes",
}
_CUE: Final = re.compile("|".join(f"(?P<{kind}>{words})" for kind, words in _KINDS.items()))
_SENTENCE_END: Final = re.compile(r"[。;!?]|\.(?=\s)")
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
    """A text with its telling words, and where its clauses and sentences begin."""

    text: str
    cues: tuple[Cue, ...]
    clauses: tuple[int, ...]
    sentences: tuple[int, ...]

    def clause_at(self, position: int) -> int:
        """Where the clause begins that has this position."""
        return _last_to(self.clauses, position)

    def sentence_at(self, position: int) -> int:
        """Where the sentence begins that has this position."""
        return _last_to(self.sentences, position)

    def clause_end(self, position: int) -> int:
        """Where the clause ends that has this position."""
        return next((start - 1 for start in self.clauses if start > position), len(self.text))


def find_cues(text: str) -> Line:
    """A normalised text with the words in it that tell of amounts.

    >>> [(cue.kind, cue.word) for cue in find_cues("我工资3200,低保卡上打六百二").cues]
    [('own', '我'), ('pay', '工资'), ('card', '低保卡上'), ('move', '打')]
    """
    clauses = (0, *(found.end() for found in _CLAUSE_END.finditer(text)))
    sentences = (0, *(found.end() for found in _SENTENCE_END.finditer(text)))
    cues = tuple(
        Cue(found.lastgroup or "", *found.span(), _last_to(clauses, found.start()), found[0])
        for found in _CUE.finditer(text)
    )
    return Line(text, cues, clauses, sentences)


def _last_to(starts: Sequence[int], position: int) -> int:
    return starts[bisect_right(starts, position) - 1]
