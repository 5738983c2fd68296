"""Notices in words: their states, what happened to one, and the amounts of a draft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hr_console.reach_words import CHANNELS
from locales import N_, Say
from notices.book import UPLOADS, BatchState, RowState
from notices.notice import OUTCOMES, NoticeState

BATCHES: Final[Mapping[BatchState, str]] = {
    "drafting": N_("正在起草"),
    "preview": N_("等着确认"),
    "issuing": N_("正在发出"),
    "done": N_("发出了"),
    "discarded": N_("不要了"),
}
ROWS: Final[Mapping[RowState, str]] = {
    "ready": N_("可以发"),
    "blocked": N_("发不了"),
    "left_out": N_("这次不发"),
    "issued": N_("发出了"),
    "waiting": N_("还没起草"),
}
#: How a state looks in a list.
TONES: Final[Mapping[NoticeState, str]] = {
    "issued": "open",
    "acknowledged": "",
    "objected": "open",
    "refused": "bad",
    "silent": "bad",
    "superseded": "",
    "withdrawn": "",
}
FILES: Final[Mapping[str, str]] = {
    "sealed": N_("封存的告知书（带回答和过程）"),
    "confirmation": N_("电子送达与电子签名确认书"),
    "supplement": N_("后来补封的记录"),
    **{str(kind): name for kind, name in UPLOADS.items()},
}
#: What happened, for a line of a list.
EVENTS: Final[Mapping[str, str]] = {
    "issued": N_("发出"),
    "sent": N_("送出链接"),
    "handed_over_to_channel": N_("平台收下了"),
    "not_sent": N_("没有送出去"),
    "asked_for": N_("本人在聊天里要了链接"),
    "looked": N_("链接被点开过（不算看过）"),
    "code_sent": N_("送出验证码"),
    "entered": N_("凭验证码进来看了"),
    "flagged": N_("有疑点"),
    "read": N_("看到底了"),
    "checked": N_("答了核对题"),
    "denied": N_("有一步没有做成"),
    "answered": N_("回答"),
    "sealed": N_("封存"),
    "timestamped": N_("补上了时间戳"),
    "copy_sent": N_("封存件发给了本人"),
    "copy_taken": N_("本人取走了封存件"),
    "task": N_("转成事项"),
    "printed": N_("打印了纸质件"),
    "posted": N_("寄出"),
    "handed_over": N_("当面交给本人"),
    "witnessed": N_("两人见证"),
    "file_added": N_("上传了文件"),
    "superseded": N_("被新的取代"),
    "withdrawn": N_("收回"),
    "silent": N_("到期没有回应"),
    "hold": N_("为争议保留"),
    "hold_lifted": N_("解除保留"),
    "unmasked": N_("写明理由后看了遮住的内容"),
    "exported": N_("导出了证据包"),
    "erased": N_("按期限删掉了内容"),
}
_FIRST: Final[Mapping[str, str]] = {
    "first": N_("第一次"),
    "reminder": N_("提醒"),
    "other_way": N_("换一个渠道"),
}
FLAGS: Final[Mapping[str, str]] = {
    "same_network_as_hr": N_("和人事用同一个网络"),
    "too_fast": N_("快得不像看过"),
    "clock_back": N_("服务器的钟往回拨过"),
}
_DENIED: Final[Mapping[str, str]] = {
    "unknown_link": N_("没有这个链接"),
    "expired_link": N_("链接过期了"),
    "void_link": N_("链接已经换了新的"),
    "used_link": N_("链接在别的浏览器里用过"),
    "hr_device": N_("是人事登录过的浏览器"),
    "too_many_codes": N_("一天里要的验证码太多"),
    "too_soon": N_("验证码要得太快"),
    "not_reachable": N_("验证码发不出去"),
    "no_codes_here": N_("这个渠道收不了验证码"),
    "no_code": N_("没有验证码，或者过期了"),
    "wrong_code": N_("验证码不对"),
    "wrong_id": N_("证件尾号不对"),
    "locked": N_("填错太多，锁住了"),
    "over": N_("隔得太久，要重新进来"),
    "not_read": N_("还没看到底"),
    "not_checked": N_("核对题还没答"),
    "other_text": N_("显示的和存档的不是同一份"),
    "answered": N_("已经回答过"),
    "late": N_("过了最晚的日子"),
    "superseded": N_("已经有新的，或者收回了"),
    "no_statement": N_("没有写自己的话"),
    "too_long": N_("写得太长"),
    "no_signature": N_("没有签名"),
    "bad_signature": N_("签名太短、是一条线，或者和以前一样"),
    "old_consent": N_("同意的文字换过了"),
}
_CHECKS: Final = (N_("全对"), N_("有答错的"))


def channel(name: object, say: Say) -> str:
    """A channel by name."""
    return say(CHANNELS.get(str(name), str(name)))


def told(type: str, data: Mapping[str, Any], say: Say) -> str:
    """What happened in one event, with what is not personal of it."""
    what, detail = say(EVENTS.get(type, type)), _detail(type, data, say)
    return f"{what}：{detail}" if detail else what


def _detail(type: str, data: Mapping[str, Any], say: Say) -> str:
    if type in ("sent", "not_sent"):
        named = str(data.get("kind", ""))
        kind = None if named == data.get("channel") else _FIRST.get(named)
        return "，".join(filter(None, (channel(data.get("channel", ""), say), kind and say(kind))))
    if type in ("code_sent", "copy_sent", "handed_over_to_channel", "asked_for"):
        return channel(data.get("channel", ""), say)
    if type == "entered":
        return _entered(data, say)
    if type == "flagged":
        why = str(data.get("why", ""))
        return say(FLAGS.get(why, why))
    if type == "denied":
        why = str(data.get("why", ""))
        return say(_DENIED.get(why, why))
    if type == "read":
        return say(N_("{seconds} 秒"), seconds=str(data.get("seconds", 0)))
    if type == "checked":
        return say(_CHECKS[not all(data.values())])
    if type == "answered":
        return _answered(data, say)
    if type == "sealed":
        return worth_of(str(data.get("level", "")), str(data.get("timestamp", "")), say)
    if type == "file_added":
        kind = str(data.get("kind", ""))
        return say(FILES.get(kind, kind))
    return str(data.get({"task": "number", "superseded": "by"}.get(type, ""), ""))


def _entered(data: Mapping[str, Any], say: Say) -> str:
    ways = [str(each) for each in data.get("by", ())]
    words = [say(N_("验证码对"))] if "code" in ways else []
    words += [say(N_("证件尾号对"))] if "id_tail" in ways else []
    words += [say(N_("花名册没有证件号，没有核对尾号"))] if "no_id" in ways else []
    return "、".join(words)


def _answered(data: Mapping[str, Any], say: Say) -> str:
    outcome = str(data.get("outcome", ""))
    words = [say(OUTCOMES.get(outcome, outcome))]  # type: ignore[call-overload]
    words += [say(N_("过了最晚的日子"))] if data.get("late") else []
    return "，".join(words)


def worth_of(level: str, timestamp: str, say: Say) -> str:
    """How a file was sealed."""
    stamp = {
        "ok": N_("有可信时间戳"),
        "failed": N_("时间戳没有拿到，还在补"),
    }.get(timestamp, N_("没有时间戳"))
    return "，".join(filter(None, (level, say(stamp))))
