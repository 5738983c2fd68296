"""What a case proves and what it does not, its timeline with the gaps, and how it is known that it was them.

Everything is read from the chain: what is not in it did not happen, and is shown as missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Final

from audit.case_chain import CaseLink, Why
from hr_console.case_words import CHINA
from hr_console.notice_words import FILES, FLAGS, channel, told, worth_of
from hr_console.personnel import minute
from locales import N_, Say
from notices.book import KeptFile, NoticeCase
from notices.notice import OPEN, OUTCOMES

#: A stretch without any event of more than so many days is a gap while an answer is waited for.
QUIET_DAYS: Final = 3
#: Ways on paper.
PAPER: Final = frozenset(("posted", "handed_over", "witnessed"))
CHAIN_WRONG: Final[Mapping[Why, str]] = {
    "missing": N_("少了一条"),
    "repeated": N_("多了一条"),
    "altered": N_("有一条被改过"),
    "moved": N_("有一条不在原来的位置"),
    "signature": N_("有一条的签名对不上"),
    "truncated": N_("后面被截掉了"),
}
ONLY_PAPER: Final = N_("不证明本人看过：只有纸质送达的记录，寄出、交到手里不等于看过。")
#: What each kind of file is for, as it stands in a list of evidence.
PURPOSES: Final[Mapping[str, str]] = {
    "sealed": N_("单位告知了这些内容，本人怎样回答，封存后没有改过"),
    "confirmation": N_("本人同意用这个账号、这种方法送达和签名"),
    "signed_paper": N_("本人在纸上签收"),
    "witness_form": N_("当面送过，有两人见证"),
    "post_receipt": N_("寄过、签收或者退回的情况"),
    "supplement": N_("封存以后又发生的事"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the timeline. A gap has no moment of its own, and neither what is missing."""

    text: str
    at: datetime | None = None
    by: str = ""
    gap: bool = False
    values: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def minute(self) -> str:
        """When, as it stands in a list."""
        return "" if self.at is None else minute(self.at)


@dataclass(frozen=True, slots=True)
class Mark:
    """A link of the identity chain: what, how it stands, and whether it holds (None: says neither)."""

    name: str
    text: str
    holds: bool | None


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A line of the list of evidence."""

    number: int
    name: str
    source: str
    purpose: str
    sha256: str
    at: str
    size: int = 0


@dataclass(frozen=True)
class Past:
    """The chain of a case as it is asked about."""

    case: NoticeCase

    @cached_property
    def events(self) -> tuple[tuple[str, datetime, Mapping[str, Any], CaseLink], ...]:
        """Type, moment, data and link of each event, in order."""
        return tuple(
            (body["type"], datetime.fromisoformat(body["at"]), body["data"], link)
            for link in self.case.events
            for body in (link.data,)
        )

    def all(self, *types: str) -> list[tuple[datetime, Mapping[str, Any]]]:
        """The events of some types."""
        return [(at, data) for type, at, data, _ in self.events if type in types]

    def last(self, *types: str) -> tuple[datetime, Mapping[str, Any]] | None:
        """The latest of some types."""
        found = self.all(*types)
        return found[-1] if found else None

    def has(self, *types: str) -> bool:
        """Whether anything of these types happened."""
        return bool(self.all(*types))

    def denied(self, *why: str) -> int:
        """How often something was not done for these reasons."""
        return sum(data.get("why") in why for _, data in self.all("denied"))

    @property
    def stamped(self) -> bool:
        """Whether there is a time stamp, at once or later."""
        sealed = self.last("sealed")
        return self.has("timestamped") or (sealed is not None and sealed[1].get("timestamp") == "ok")

    @property
    def flags(self) -> list[str]:
        """What looked odd, each once."""
        return list(dict.fromkeys(str(data.get("why", "")) for _, data in self.all("flagged")))

    @property
    def confirmed(self) -> bool:
        """Whether the signed confirmation was there when it was issued."""
        issued = self.last("issued")
        return issued is not None and bool(issued[1].get("confirmation"))

    @property
    def whole(self) -> bool:
        """Whether the chain was looked at and is whole, and the sealed file that of the chain."""
        seal = self.case.seal
        return "chain" in seal and seal["chain"] is None and seal.get("file") is not False


def cannot_prove(case: NoticeCase, say: Say) -> list[str]:
    """What the case does not prove, the weakest points first."""
    return [say(text, **figures) for text, figures in _cannot(Past(case), say)]


def _cannot(past: Past, say: Say) -> Iterator[tuple[str, dict[str, str]]]:
    yield from _broken(past, say)
    if past.flags:
        why = "、".join(say(FLAGS.get(each, each)) for each in past.flags)
        yield N_("签的时候有疑点：{why}。只凭这份，不够证明是本人签的。"), {"why": why}
    yield from ((text, {}) for text in (*_not_them(past), *_not_sealed(past)))
    if past.case.notice.state in ("refused", "silent"):
        yield N_("不免除缴费：本人不签、不回应，单位照样要缴，欠的照样要补。"), {}
    else:
        yield N_("不证明本人同意：签收只说明收到、看过，什么权利都没有少。"), {}
    yield N_("不证明工资和基数报得对：只证明告诉了本人这些数。"), {}


def _broken(past: Past, say: Say) -> Iterator[tuple[str, dict[str, str]]]:
    seal = past.case.seal
    if seal.get("chain") is not None:
        why = say(CHAIN_WRONG[seal["chain"]])
        yield N_("事件记录对不上：{why}。在查清以前，后面的都不能当证据用。"), {"why": why}
    elif "chain" not in seal:
        yield N_("事件记录还没有核对过。"), {}
    if seal.get("file") is False:
        yield N_("封存的文件和记录里的对不上，文件被换过或者坏了。"), {}


def _not_them(past: Past) -> Iterator[str]:
    """That it was read, and that it was them."""
    if not past.has("entered"):
        on_paper = past.has(*PAPER)
        yield ONLY_PAPER if on_paper else N_("不证明本人看过：没有进来看的记录，链接被点开不算看过。")
    elif past.has("entered") and not past.has("read"):
        yield N_("不证明本人看完了：进来过，没有看到底的记录。")
    if not past.confirmed:
        yield N_("发出时没有本人签的确认书：本人不认这种送达和签名方法时，没有约定可依。")
    if any("no_id" in data.get("by", ()) for _, data in past.all("entered")):
        yield N_("没有核对过证件尾号：花名册上没有证件号。")


def _not_sealed(past: Past) -> Iterator[str]:
    """What the seal is not."""
    if past.has("answered") and not past.has("sealed"):
        yield N_("回答还没有封存。")
    if past.has("sealed") and not past.stamped:
        yield N_("没有可信时间戳：不证明是在写着的那个时间封存的，只有本公司的时钟作证。")
    if past.has("sealed") and past.case.seal.get("self_made") is not False:
        yield N_("证书是本公司自己建的，不是第三方认证：证明封存以后没有改过，不单独证明是谁签的。")


def can_prove(case: NoticeCase, say: Say) -> list[str]:
    """What the case proves; nothing while its chain is not whole."""
    past = Past(case)
    return [say(text, **figures) for text, figures in _can(past, say)] if past.whole else []


def _can(past: Past, say: Say) -> Iterator[tuple[str, dict[str, str]]]:
    notice = past.case.notice
    yield N_("{at} 发出了这份内容，到现在一个字没有变。"), {"at": minute(notice.issued_at)}
    sent = past.all("sent")
    if sent:
        ways = "、".join(dict.fromkeys(channel(data.get("channel", ""), say) for _, data in sent))
        yield N_("送出 {count} 次，走的是：{ways}。"), {"count": str(len(sent)), "ways": ways}
    entered = past.last("entered")
    if entered is not None:
        yield N_("{at} 有人凭发到本人账号的验证码进来看了。"), {"at": minute(entered[0])}
    read = past.last("read")
    if read is not None:
        yield N_("看到了底，停留 {seconds} 秒。"), {"seconds": str(read[1].get("seconds", 0))}
    checked = past.last("checked")
    if checked is not None and all(checked[1].values()):
        yield N_("用本人自己的数出的核对题，答对了。"), {}
    answered = past.last("answered")
    if answered is not None:
        outcome = say(OUTCOMES.get(answered[1].get("outcome", ""), ""))
        late = say(N_("（过了最晚的日子）")) if answered[1].get("late") else ""
        yield N_("{at} 回答：{outcome}{late}。"), {
            "at": minute(answered[0]), "outcome": outcome, "late": late
        }  # fmt: skip
    sealed = past.last("sealed")
    if sealed is not None:
        yield N_("{at} 封存，以后改动看得出来。"), {"at": minute(sealed[0])}
    if past.has("copy_sent"):
        yield N_("封存件和校验码也在本人手里，单位改不了两边。"), {}
    for type, text in (
        ("posted", N_("寄过，单号有记录。")),
        ("handed_over", N_("当面交过。")),
        ("witnessed", N_("当面送过，有两人见证。")),
    ):
        if past.has(type):
            yield text, {}


def timeline(case: NoticeCase, now: datetime, who: Mapping[str, str], say: Say) -> list[Step]:
    """What happened, in order, with the gaps where they are and what is missing at the end. `who` names the actors."""
    past, steps = Past(case), list[Step]()
    before: datetime | None = None
    waiting = True
    for type, at, data, link in past.events:
        if waiting and before is not None:
            steps += _quiet(before, at, say)
        gap = (
            type in ("not_sent", "silent", "flagged")
            or (type == "sealed" and data.get("timestamp") != "ok")
            or (type == "denied" and data.get("why") in ("locked", "hr_device"))
        )
        values = {name: each.value for name, each in link.committed.items() if type in PAPER}
        steps.append(Step(told(type, data, say), at, who.get(link.data["actor"], ""), gap, values))
        waiting = waiting and type not in ("answered", "withdrawn", "superseded")
        before = at
    if waiting and before is not None and case.notice.state in OPEN:
        steps += _quiet(before, now, say)
    return steps + [Step(say(text), gap=True) for text in _missing(past, now)]


def _quiet(start: datetime, end: datetime, say: Say) -> list[Step]:
    days = (end - start) // timedelta(days=1)
    if days <= QUIET_DAYS:
        return []
    return [Step(say(N_("这中间 {days} 天没有任何记录"), days=str(days)), gap=True)]


def _missing(past: Past, now: datetime) -> Iterator[str]:
    """What ought to be there and is not."""
    notice = past.case.notice
    if notice.state in ("superseded", "withdrawn"):
        return
    on_paper = past.has(*PAPER)
    if not past.confirmed:
        yield N_("缺：发出时本人签的确认书")
    if not past.has("sent") and not on_paper:
        yield N_("缺：送出去的记录")
    elif not past.has("entered") and not on_paper:
        yield N_("缺：本人打开看的记录")
    elif past.has("entered") and not past.has("read"):
        yield N_("缺：看到底的记录")
    if past.has("answered") and not past.has("sealed"):
        yield N_("缺：封存")
    if past.has("sealed") and not past.stamped:
        yield N_("缺：可信时间戳")
    if past.has("sealed") and not past.has("copy_sent"):
        yield N_("缺：把封存件发给本人的记录")
    if not past.has("answered") and _passed(notice.due_on, now) and not on_paper:
        yield N_("缺：到期以后的纸质送达（邮寄、当面、两人见证）")


def _passed(due: date, now: datetime) -> bool:
    return now.astimezone(CHINA).date() > due


def identity(case: NoticeCase, ties: Sequence[Any], confirmed_on: date | None, say: Say) -> list[Mark]:
    """How it is known that it was them: the paper, the tie of the chat, channel, code, ID number, browser.

    `ties` are the employee's `people.bindings.Binding`s; `confirmed_on` is when the confirmation was signed.
    """
    past = Past(case)
    return [
        _paper_mark(past, confirmed_on, say),
        *_tie_marks(past, ties, say),
        *_entry_marks(past, say),
        *_browser_marks(past, say),
    ]


def _paper_mark(past: Past, confirmed_on: date | None, say: Say) -> Mark:
    name = say(N_("纸质确认书"))
    day = "" if confirmed_on is None else confirmed_on.isoformat()
    if past.confirmed:
        return Mark(name, say(N_("{day} 签的，发出时已经在卷里"), day=day), True)
    if confirmed_on is not None:
        return Mark(name, say(N_("{day} 签的，发这份的时候还没有"), day=day), False)
    return Mark(name, say(N_("没有")), False)


def _tie_marks(past: Past, ties: Sequence[Any], say: Say) -> Iterator[Mark]:
    name, at = say(N_("聊天账号")), past.case.notice.issued_at
    then = [tie for tie in ties if tie.bound_at <= at and (tie.ended_at is None or tie.ended_at > at)]
    for tie in then:
        known = {"channel": channel(tie.channel, say), "at": minute(tie.bound_at)}
        yield Mark(name, say(N_("{channel}，{at} 凭绑定码绑定"), **known), True)
    if not then:
        yield Mark(name, say(N_("发出时没有绑定的账号")), False)
    changed = [tie for tie in ties if tie.ended_at is not None and tie.ended_at > at]
    for tie in changed:
        ended = {"channel": channel(tie.channel, say), "at": minute(tie.ended_at)}
        yield Mark(name, say(N_("{channel} 在 {at} 解绑或换绑"), **ended), None)


def _entry_marks(past: Past, say: Say) -> Iterator[Mark]:
    codes, entered = past.all("code_sent"), past.last("entered")
    name = say(N_("验证码"))
    if codes:
        where = channel(codes[-1][1].get("channel", ""), say)
        yield Mark(name, say(N_("发到 {channel}，{count} 次"), channel=where, count=str(len(codes))), True)
    if entered is None:
        yield Mark(name, say(N_("没有凭验证码进来过")), False)
        return
    ways = entered[1].get("by", ())
    if "code" in ways:
        yield Mark(name, say(N_("{at} 填对"), at=minute(entered[0])), True)
    if "id_tail" in ways:
        yield Mark(say(N_("证件尾号")), say(N_("填对")), True)
    else:
        yield Mark(say(N_("证件尾号")), say(N_("没有核对：花名册上没有证件号")), False)
    wrong = past.denied("wrong_code", "wrong_id", "locked")
    if wrong:
        yield Mark(say(N_("填错")), say(N_("{count} 次"), count=str(wrong)), None)


def _browser_marks(past: Past, say: Say) -> Iterator[Mark]:
    refused = past.denied("hr_device")
    if refused:
        text = say(N_("有 {count} 次从人事用过的浏览器打开，没有让进"), count=str(refused))
        yield Mark(say(N_("浏览器")), text, None)
    for why in past.flags:
        yield Mark(say(N_("疑点")), say(FLAGS.get(why, why)), False)
    if past.has("entered") and not past.flags:
        yield Mark(say(N_("疑点")), say(N_("没有发现：网络、笔迹、快慢都没有异常")), True)


def exhibits(case: NoticeCase, say: Say) -> list[Exhibit]:
    """The list of evidence 证据目录: name, where it comes from, what it is to prove."""
    lines = [
        Exhibit(
            1,
            say(N_("告知书内容（原始数据）")),
            say(N_("本系统，{at} 发出时存下"), at=minute(case.notice.issued_at)),
            say(N_("单位告知了什么")),
            case.notice.content_sha256,
            minute(case.notice.issued_at),
        ),
        Exhibit(
            2,
            say(N_("事件记录（{count} 条，环环相扣）"), count=str(len(case.events))),
            say(N_("本系统，每一条发生时写下、签名")),
            say(N_("怎样送达、怎样回答，先后顺序")),
            case.events[-1].hash.hex() if case.events else "",
            "",
        ),
    ]
    return lines + [_exhibit(count, each, say) for count, each in enumerate(case.files, len(lines) + 1)]


def _exhibit(number: int, file: KeptFile, say: Say) -> Exhibit:
    made_here = file.kind in ("sealed", "supplement")
    source = N_("本系统封存") if made_here else N_("纸质原件的扫描件，原件由单位保管")
    return Exhibit(
        number,
        say(FILES.get(file.kind, file.kind)),
        say(source),
        say(PURPOSES.get(file.kind, "")),
        file.sha256,
        minute(file.at),
        file.size,
    )


def worth(case: NoticeCase, say: Say) -> str:
    """What the sealed file is worth, in one line; empty where there is none."""
    past = Past(case)
    sealed = past.last("sealed")
    if sealed is None:
        return ""
    stamp = "ok" if past.stamped else str(sealed[1].get("timestamp", "none"))
    how = worth_of(str(sealed[1].get("level", "")), stamp, say)
    maker = N_("自建证书") if case.seal.get("self_made") is not False else N_("持牌机构的证书")
    return say(N_("{maker}封存，{how}。"), maker=say(maker), how=how)


def tasks(case: NoticeCase) -> list[str]:
    """The numbers of the inbox's cases that came of it, the newest first."""
    found = [str(data["number"]) for _, data in Past(case).all("task") if data.get("number")]
    return list(dict.fromkeys(reversed(found)))
