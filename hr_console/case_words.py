"""A case in words: why it is here, until when, who has it. What a list and a page show, and what their script fills in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from typing import Final

from hr_inbox.cases import Box, CaseLine, Said
from hr_inbox.task import TaskKind
from locales import N_, Say
from profiles.strategy_words import KINDS as KINDS_OF_STRATEGY

CHINA: Final = timezone(timedelta(hours=8))
#: When somebody is at their desk again.
MORNING: Final = time(9)
#: Later than any moment by which something is due.
NEVER: Final = 1e15
#: The farthest day to which a case can be laid aside.
FARTHEST: Final = timedelta(days=366)

BOX_NAMES: Final[Mapping[Box, str]] = {
    "waiting": N_("待接手"),
    "mine": N_("我的"),
    "taken": N_("别人在办"),
    "snoozed": N_("稍后"),
    "done": N_("已结束"),
}
KINDS: Final[Mapping[TaskKind, str]] = {
    "question": N_("有个问题"),
    "talk_to_hr": N_("想找人事"),
    "complaint": N_("投诉"),
    "open_figure": N_("有个数要确认"),
    "income_change": N_("家里收入变了"),
    "dibao_status_change": N_("低保有变化"),
    "refusal": N_("不想参保"),
    "urgent_injury": N_("有人受伤"),
    "objection": N_("对告知书有异议"),
    "silence": N_("告知书到期没有回应"),
    "paper": N_("告知书要送纸质的"),
    "strategy": N_("情况变了，有事要办"),
    "policy_batch": N_("政策有更新，要看一批人"),
    "policy_due": N_("政策库有数该更新了"),
    "connection": N_("系统对接出了故障"),
}
#: A case whose kind would say something about a person.
NEUTRAL: Final = N_("需要专人处理")
URGENCY: Final[Mapping[int, str]] = {0: N_("紧急"), 1: N_("优先")}
TOPICS: Final[Mapping[str, str]] = {
    **{str(kind): text for kind, text in KINDS_OF_STRATEGY.items()},
    "dibao_impact": N_("社保和低保"),
    "contributions": N_("社保扣多少"),
    "duty": N_("要不要参保"),
    "injury": N_("工伤"),
    "notices": N_("告知书"),
    "notice": N_("告知书"),
    "policy": N_("政策"),
    "privacy": N_("谁能看到什么"),
    "changes": N_("情况变了"),
}
AUTHORS: Final[Mapping[str, str]] = {"employee": N_("职工"), "assistant": N_("助手"), "hr": N_("人事")}
DELIVERIES: Final[Mapping[str, str]] = {
    "queued": N_("排队发送"),
    "sent": N_("已发出"),
    "delivered": N_("已送达"),
    "unsure": N_("发出了，到没到不知道；员工可以发“再说一遍”"),
    "failed": N_("没送到：{reason}"),
    "dropped": N_("没有发：{reason}"),
}
#: Why a message did not arrive, by the code that a channel gave.
REASONS: Final[Mapping[str, str]] = {
    "blocked": N_("对方拉黑了或取消了关注"),
    "left": N_("对方已经不在这个渠道"),
    "window_closed": N_("超过了渠道允许回复的时间"),
    "quota": N_("渠道今天的条数用完了"),
    "no_basis_for_abroad": N_("公司没有登记往境外发送的依据，Telegram 停用了"),
    "no_such_chat": N_("渠道上没有这个人了"),
    "lease_ran_out": N_("试了多次都没发出去"),
    "taken_over": N_("有人先接手了"),
    "restored": N_("恢复备份时没有再发"),
    "by_hr": N_("人事决定不用发了"),
    "moved": N_("对方的账号换了"),
    "refused": N_("渠道不收这条消息"),
    "no_userid": N_("渠道上没有这个人了"),
    "invaliduser": N_("企业微信里没有这个人，或者他看不到这个应用"),
    "unlicenseduser": N_("企业微信没有给这个人开许可"),
    "flood": N_("发得太快，渠道让等一等"),
    "token_refused": N_("渠道不认我们的凭证，请管服务器的人看一下"),
    "token_busy": N_("渠道的凭证没拿到，请管服务器的人看一下"),
    "token": N_("渠道的凭证没拿到，请管服务器的人看一下"),
    "no_connection": N_("连不上渠道的服务器"),
    "server_error": N_("渠道的服务器出了故障"),
    "http": N_("渠道的服务器没有正常回答（{code}）"),
    "late": N_("发出去以后渠道没有回音"),
    "no_code": N_("渠道的回答看不懂"),
    "bad_answer": N_("渠道的回答看不懂"),
    "ConnectTimeout": N_("连不上渠道的服务器"),
    "ReadTimeout": N_("发出去以后渠道没有回音"),
    "ConnectionError": N_("发的时候连接断了"),
    # The numbers of WeChat and WeCom.
    "-1": N_("渠道忙，试了多次都没发出去"),
    "40003": N_("渠道上没有这个人了"),
    "40164": N_("服务器的地址不在公众号的白名单里，请管服务器的人看一下"),
    "43004": N_("对方没有关注公众号"),
    "43019": N_("对方把公众号拉黑了"),
    "45002": N_("内容太长，渠道不收"),
    "45009": N_("渠道今天的条数用完了"),
    "45011": N_("发得太快，渠道让等一等"),
    "45015": N_("对方 48 小时没写来，公众号不让再发"),
    "45047": N_("对方没再写来，公众号能发的条数用完了"),
    "48001": N_("公众号没有这个权限，请管服务器的人看一下"),
    "48002": N_("对方关了接收消息，或者应用没有发消息的权限"),
    "48004": N_("公众号的接口被封了，请管服务器的人看一下"),
    "60011": N_("这个人不在应用的可见范围里"),
    "60020": N_("服务器的地址不在企业微信的可信名单里，请管服务器的人看一下"),
    "60111": N_("企业微信里没有这个人"),
    "81013": N_("企业微信里没有这个人，或者他看不到这个应用"),
}
UNKNOWN_REASON: Final = N_("渠道没收（{code}）")


@dataclass(frozen=True, slots=True)
class Row:
    """A case as a line of a list. `rank` orders the list, the smallest first; `until` is when it becomes overdue."""

    number: str
    url: str
    box: Box
    change: int
    rank: tuple[float, ...]
    title: str
    urgency: str
    due: str
    until: str
    overdue: bool
    employee: str = field(repr=False)
    place: str
    language: str
    holder: str
    when: str


@dataclass(frozen=True, slots=True)
class Bubble:
    """A bubble of a conversation. `state` is in words; `again` tells whether it can be sent again."""

    seq: int
    author: str
    who: str
    text: str = field(repr=False)
    at: str
    state: str = ""
    pending: bool = False
    again: bool = False
    sources: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """How a list names what it only holds a key of."""

    accounts: Mapping[str, str] = field(repr=False)
    employee: Callable[[str | None], str]
    place: Callable[[str], str]
    languages: Mapping[str, str]
    url: Callable[[str], str]


def box_of(line: CaseLine, viewer: str) -> Box:
    """In which of the viewer's lists a case stands."""
    if line.state == "taken":
        return "mine" if line.assignee == viewer else "taken"
    return line.state


def row(line: CaseLine, viewer: str, now: datetime, names: Names, say: Say) -> Row:
    """A case as the viewer's list shows it."""
    open_due = line.due_at if line.state in ("waiting", "taken") else None
    overdue = open_due is not None and open_due < now
    return Row(
        number=line.number,
        url=names.url(line.number),
        box=box_of(line, viewer),
        change=line.change,
        rank=_rank(line),
        title=title(line, say),
        urgency=say(URGENCY[line.priority]) if line.priority in URGENCY else "",
        due="" if open_due is None else due(open_due, now, say),
        until="" if open_due is None else open_due.isoformat(),
        overdue=overdue,
        employee=names.employee(line.employee),
        place=names.place(line.region),
        language=names.languages.get(line.language, ""),
        holder=_holder(line, viewer, names, say),
        when=_when(line, now, say),
    )


def title(line: CaseLine, say: Say) -> str:
    """Why a case is here, and what about; neutral where that would say something about a person."""
    if line.kind is None:
        return say(NEUTRAL)
    kind, topic = say(KINDS[line.kind]), TOPICS.get(line.topic)
    return kind if topic is None else say(N_("{kind}：{topic}"), kind=kind, topic=say(topic))


def due(at: datetime, now: datetime, say: Say) -> str:
    """Until when somebody should have answered, or by how much that has passed."""
    if at < now:
        return say(N_("超时 {span}"), span=span(now - at, say))
    return say(N_("{when} 前回"), when=moment(at, now, say))


def moment(at: datetime, now: datetime, say: Say) -> str:
    """A time in China as people say it: 今天 14:05, 明天 09:00, 11-30 09:00."""
    local, today = at.astimezone(CHINA), now.astimezone(CHINA).date()
    clock = f"{local:%H:%M}"
    named = {-1: N_("昨天 {time}"), 0: N_("今天 {time}"), 1: N_("明天 {time}")}.get(
        (local.date() - today).days
    )
    if named is not None:
        return say(named, time=clock)
    return f"{local:%m-%d} {clock}" if local.year == today.year else f"{local:%Y-%m-%d}"


def span(length: timedelta, say: Say) -> str:
    """A length of time in its largest whole unit."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 60:
        return say(N_("{count} 分钟"), count=str(max(1, minutes)))
    if minutes < 48 * 60:
        return say(N_("{count} 小时"), count=str(minutes // 60))
    return say(N_("{count} 天"), count=str(minutes // (24 * 60)))


def bubble(said: Said, now: datetime, by: str, say: Say) -> Bubble:
    """What was said, and what became of it; `by` is the name of the person of HR who said it."""
    return Bubble(
        seq=said.seq,
        author=said.author,
        who=by or say(AUTHORS[said.author]),
        text=said.text,
        at=moment(said.at, now, say),
        state=""
        if said.delivery is None
        else say(DELIVERIES[said.delivery], reason=reason(said.reason, say)),
        pending=said.delivery in ("queued", "sent"),
        again=said.author == "hr" and said.delivery == "failed",
        sources=say(N_("附依据 {count} 条"), count=str(len(said.sources))) if said.sources else "",
    )


def reason(code: str, say: Say) -> str:
    """Why a message did not arrive, in words; of a code of several parts (`http:502`) the first one is looked up.

    >>> from locales import speak
    >>> reason("http:502", speak("zh_Hans")), reason("99999", speak("zh_Hans"))
    ('渠道的服务器没有正常回答（502）', '渠道没收（99999）')
    """
    word, _, rest = code.partition(":")
    known = REASONS.get(code) or REASONS.get(word)
    return say(UNKNOWN_REASON, code=code) if known is None else say(known, code=rest)


def sent_by_the_employee(lines: tuple[str, ...], whole: bool, say: Say) -> tuple[Bubble, ...]:
    """What the employee chose to send, as bubbles: the question alone, or a conversation whose lines name who spoke."""
    return tuple(_sent(seq, line, whole, say) for seq, line in enumerate(lines))


def _sent(seq: int, line: str, whole: bool, say: Say) -> Bubble:
    author, colon, text = line.partition(": ")
    if not whole or not colon or author not in AUTHORS:
        author, text = "employee", line
    return Bubble(seq, author, say(AUTHORS[author]), text, "")


def snooze_until(preset: str, day: str, now: datetime) -> datetime | None:
    """Until when: `hour`, `tomorrow`, `monday`, or `day` with a date; None where that is no time to come."""
    local = now.astimezone(CHINA)
    if preset == "hour":
        return now + timedelta(hours=1)
    if preset == "tomorrow":
        return _morning(local.date() + timedelta(days=1))
    if preset == "monday":
        return _morning(local.date() + timedelta(days=7 - local.weekday()))
    try:
        chosen = _morning(date.fromisoformat(day))
    except ValueError:
        return None
    return chosen if now < chosen <= now + FARTHEST else None


def _morning(day: date) -> datetime:
    return datetime.combine(day, MORNING, CHINA)


def _rank(line: CaseLine) -> tuple[float, ...]:
    """The most urgent first; among what is done the newest."""
    if line.state == "done":
        return (-line.change,)
    due_at = NEVER if line.due_at is None else line.due_at.timestamp()
    return (line.priority, due_at, int(line.number.rpartition("-")[2]))


def _holder(line: CaseLine, viewer: str, names: Names, say: Say) -> str:
    if line.assignee is None or line.assignee == viewer or line.state == "done":
        return ""
    return say(N_("{name} 在办"), name=names.accounts.get(line.assignee, say(N_("同事"))))


def _when(line: CaseLine, now: datetime, say: Say) -> str:
    if line.state == "snoozed" and line.snoozed_until is not None:
        return say(N_("放到 {when}"), when=moment(line.snoozed_until, now, say))
    if line.wrote_at is not None and line.wrote_at > line.opened_at and line.state != "done":
        return say(N_("{when} 又写了"), when=moment(line.wrote_at, now, say))
    return moment(line.opened_at, now, say)
