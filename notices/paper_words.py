"""The fixed words of a notice on paper. It is Chinese alone, as its text is: what is signed is not translated."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final, Literal

from notices.notice import Outcome

CHINA: Final = timezone(timedelta(hours=8))

LABELS: Final[Mapping[str, str]] = {
    "number": "编号",
    "to": "致",
    "employee_number": "员工编号",
    "id_tail": "证件号码末四位",
    "on": "出具日期",
    "month": "月份",
    "due_on": "最晚回应",
    "draft": "草稿，还没有发出",
    "supersedes": "更正并取代编号",
    "insurance": "险种",
    "base": "缴费基数（元）",
    "employer": "单位缴费",
    "employee": "个人缴费",
    "rate": "比例",
    "amount": "金额（元）",
    "source": "依据",
    "total": "合计",
    "fixed": "个人含每月定额",
    "before": "上月",
    "new": "上月没有",
    "once_a_year": "每年收一次",
    "assessed": "费率",
    "entered": "标 * 的由单位填写",
    "warnings": "请注意",
    "sources": "依据与出处",
    "one_source": "标 ※ 的，政策库里只有一处出处。",
    "since": "起",
    "ruleset": "政策库版本",
    "template": "文本版本",
    "content_sha256": "内容 SHA-256",
    "company": "用人单位",
    "credit_code": "统一社会信用代码",
    "contact": "联系人",
    "seal": "（盖章）",
    "page": "第 {page} 页，共 {pages} 页",
    # The answer
    "answer": "员工的回应",
    "outcome": "回应",
    "objected": "有异议的项目",
    "statement": "本人的话",
    "chat": "本人附上的聊天",
    "no_statement": "（没有另外写）",
    "signature": "员工签名",
    "no_signature": "（没有签名）",
    "answered_at": "回应时间",
    "identity": "身份核对",
    "understanding": "理解核对",
    "shown": "显示内容 SHA-256",
    "consent": "同意文字 SHA-256",
    "level": "封存方式",
    "flags": "疑点",
    "no_flags": "没有发现：网络、笔迹、快慢都没有异常",
    "events": "附件：送达与回应的过程",
    "events_note": "下面每一条都是发生时写下、逐条相扣并签名的；这里列到回应为止，以后的在事件记录里。",
    "count": "序号",
    "at": "时间（UTC+8）",
    "event": "事件",
    "detail": "详情",
    "hash": "哈希",
    "unprintable": "〔U+…〕是打印不出来的字符的编号。",
    "verify": "扫码核对",
    # The form
    "form_answer": "员工回应（请在一项前打勾）",
    "form_note": "签收只表示收到、看过，不等于同意；选哪一项，社会保险都照样缴纳。",
    "form_words": "要说的话（可以不写）",
    "form_signature": "员工签名",
    "form_date": "日期",
    "form_delivered": "送达记录（由经办人填写）",
    "form_how": "送达方式",
    "form_ways": "□ 当面交付　　□ 挂号信或 EMS，邮寄单号",
    "form_by": "经办人签名",
    "form_witnesses": "见证（员工不在场或者没有签名时，由两名见证人填写）",
    "form_witness": "见证人",
    "form_witness_line": "签名、单位（职务）、电话",
    "form_event": "当时的情形",
    "year": "年",
    "month_word": "月",
    "day": "日",
}

#: The choices on paper, as on the page.
FORM_OUTCOMES: Final[Mapping[Outcome, str]] = {
    "acknowledged": "签收（我看到了，不等于同意）",
    "objected": "签收但有异议（我看到了，有话要说）",
    "refused": "拒绝签收（我不签；社会保险照样缴）",
}

#: Who said a line of the chat that the employee put with the answer.
CHAT_AUTHORS: Final[Mapping[str, str]] = {"employee": "本人", "assistant": "助手"}
#: What stands where nobody answered in time.
SILENT: Final = "到期没有回应（不影响参保）"
CHANNELS: Final[Mapping[str, str]] = {
    "web": "网页聊天",
    "wecom": "企业微信",
    "wechat": "微信公众号",
    "telegram": "Telegram",
    "sms": "短信",
    "mail": "邮件",
    "page": "页面",
}
FLAGS: Final[Mapping[str, str]] = {
    "same_network_as_hr": "和人事用过同一个网络",
    "too_fast": "回应得很快",
    "clock_back": "服务器的钟往回拨过",
}
_EVENTS: Final[Mapping[str, str]] = {
    "issued": "出具",
    "sent": "送出链接",
    "handed_over_to_channel": "平台收下",
    "not_sent": "没有送出去",
    "looked": "链接被点开（不算看过）",
    "code_sent": "发出验证码",
    "entered": "核对身份后进入",
    "flagged": "记下疑点",
    "read": "看到末尾",
    "checked": "回答理解核对",
    "denied": "有一步没有做成",
    "answered": "回应",
    "sealed": "封存",
    "timestamped": "补上时间戳",
    "copy_sent": "封存件发给本人",
    "copy_taken": "本人取走封存件",
    "asked_for": "本人要了链接",
    "task": "转给人事处理",
    "printed": "打印",
    "posted": "寄出",
    "handed_over": "当面交付",
    "witnessed": "两人见证",
    "file_added": "存入文件",
    "superseded": "被新的取代",
    "withdrawn": "收回",
    "silent": "到期没有回应",
    "hold": "为争议保留",
    "hold_lifted": "解除保留",
    "unmasked": "写明理由后查看",
    "exported": "导出证据",
    "erased": "按期限删除内容",
}
_DENIED: Final[Mapping[str, str]] = {
    "expired_link": "链接过期",
    "void_link": "链接已经换了新的",
    "used_link": "链接在别的浏览器里用过",
    "hr_device": "是人事登录过的浏览器",
    "too_many_codes": "验证码要得太多",
    "too_soon": "验证码要得太快",
    "not_reachable": "验证码发不出去",
    "no_codes_here": "这个渠道收不了验证码",
    "no_code": "没有验证码，或者过期",
    "wrong_code": "验证码不对",
    "wrong_id": "证件末四位不对",
    "locked": "填错太多",
    "over": "隔得太久，要重新进入",
    "not_read": "还没看到末尾",
    "not_checked": "理解核对没有答完",
    "other_text": "显示的和存着的对不上",
    "answered": "已经回应过",
    "late": "过了最晚回应的日子",
    "superseded": "已经有新的，或者收回了",
    "no_statement": "没有写自己的话",
    "too_long": "写得太长",
    "no_signature": "没有签名",
    "bad_signature": "签名太短、是一条线，或者和以前一样",
    "old_consent": "同意的文字换过",
}
_STEPS: Final[Mapping[str, str]] = {
    "first": "第一次",
    "reminder": "提醒",
    "other_way": "换一个渠道",
}


def outcome_words(outcome: Outcome | Literal["silent"]) -> str:
    """An outcome, as the form names it, or that there was none."""
    return SILENT if outcome == "silent" else FORM_OUTCOMES[outcome]


def event_words(type: str) -> str:
    """What happened."""
    return _EVENTS.get(type, type)


def detail_words(type: str, data: Mapping[str, Any]) -> str:
    """What is not personal of an event, in words; empty where there is nothing to add."""
    if type == "issued":
        held = "有" if data.get("confirmation") else "无"
        return f"文本 {data.get('template')}，内容 {short(data.get('content_sha256'))}，确认书：{held}"
    if type in ("sent", "not_sent", "code_sent", "handed_over_to_channel", "copy_sent"):
        words = (channel_words(data.get("channel", "")), _STEPS.get(str(data.get("kind", "")), ""))
        return "，".join(filter(None, words))
    if type == "entered":
        return "，".join(identity_words(data))
    if type == "denied":
        return _DENIED.get(str(data.get("why", "")), "")
    if type == "flagged":
        return flag_words(data.get("why", ""))
    if type == "read":
        return f"停留 {data.get('seconds', 0)} 秒"
    if type == "checked":
        right = sum(1 for each in data.values() if each is True)
        return f"{right} 题答对，{len(data) - right} 题答错"
    if type == "answered":
        return f"显示的内容 {short(data.get('shown_sha256'))}"
    return ""


def identity_words(data: Mapping[str, Any]) -> list[str]:
    """How somebody was let in, from an `entered` event."""
    ways = [str(each) for each in data.get("by", ())]
    channels = [channel_words(each.partition(":")[2] or each) for each in ways if _is_channel(each)]
    words = [f"经{each}送达的链接" for each in channels]
    words += ["验证码相符"] if "code" in ways else []
    words += ["证件末四位相符"] if "id_tail" in ways else []
    words += ["花名册没有证件号，未核对末四位"] if "no_id" in ways else []
    return words


def flag_words(why: object) -> str:
    """A doubt, or several."""
    whys = [why] if isinstance(why, str) else list(why) if isinstance(why, list | tuple) else []
    return "、".join(FLAGS.get(str(each), str(each)) for each in whys)


def channel_words(name: object) -> str:
    """A channel by name."""
    return CHANNELS.get(str(name), str(name))


def moment_words(at: datetime) -> str:
    """A moment by the clock in China.

    >>> from datetime import UTC
    >>> moment_words(datetime(2026, 10, 15, 4, 5, 6, tzinfo=UTC))
    '2026-10-15 12:05:06'
    """
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"


def short(sha256: object) -> str:
    """The two ends of a hash.

    >>> short("9f86d081" + "0" * 52 + "0a08")
    '9f86d081…0a08'
    """
    text = str(sha256 or "")
    return f"{text[:8]}…{text[-4:]}" if len(text) > 12 else text


def _is_channel(way: str) -> bool:
    return way.startswith("channel:") or way in CHANNELS


#: The sheet that two witnesses sign. What happened is theirs to write; nothing is filled in for them.
WITNESS: Final[Mapping[str, Any]] = {
    "heading": "送达见证单",
    "notice": "送达的文书",
    "employee": "员工",
    "lines": (
        "上面这份文书已由单位当面送给员工本人。员工当时没有签名，由在场的两个人写下当时的情形。",
        "员工没有签名，不表示同意，也不表示不同意；社会保险照样办理、照样缴纳，员工的任何权利都不因此减少。",
    ),
    "when": "当时的情形",
    "time": "时间",
    "hour": "时",
    "minute": "分",
    "place": "地点",
    "how": "文书",
    "ways": ("本人收下，没有签名", "本人没有收下", "留在住处或者工位", "当场念给本人听过"),
    "account": "经过（照实写，本人说的话尽量照原话写）",
    "signature": "签名",
    "post": "单位、职务",
    "phone": "电话",
    "note": "见证人应当是在场的人，最好不是经办人的上下级；签名前看清写的是不是事实。扫描件存入这份文书的卷，原件由单位保管。",
}

#: 电子送达与电子签名确认书: signed by hand once, before anything is delivered by it.
CONFIRMATION: Final[Mapping[str, Any]] = {
    "heading": "电子送达与电子签名确认书",
    "employee": "员工姓名",
    "phone": "手机号",
    "lines": (
        "本人同意：单位可以把社会保险方面的告知书、明细和通知，用下面写明的账号送给本人；送到账号里的只有一个链接，内容要本人凭验证码打开才看得到。",
        "本人同意：在打开的页面上，由本人亲手书写的签名，可以作为本人对这些文书的签名。打开时要核对：发到本人账号的一次性验证码，以及证件号码末四位（单位有登记的）。",
        "签名只表示收到、看过，不表示同意里面的内容；本人随时可以写明异议，也可以不签。不签的，社会保险照样办理、照样缴纳，本人不会因此受到不利对待。",
        "为证明是本人打开、阅读和签名，单位会记录时间、账号、浏览器的标记，以及签名的笔迹和书写时间；这些只用于送达、签收和发生争议时的证明，保存到文书的保管期满。",
        "本人可以随时免费查看、下载文书和签过的文件，也可以要一份纸质的。",
        "换了手机号、账号，或者手机丢了，本人会告诉单位；告诉以后，原来的账号不再用来送达。账号和验证码由本人自己保管，不借给别人，人事也不会来问。",
        "本人随时可以书面撤回这份确认，以后改用纸质送达，不需要理由，也不受不利对待；撤回以前已经送达和签名的不受影响。",
    ),
    "accounts": "用来送达的账号（打勾并写明；可以选几个，第一个送不到时用下一个）",
    "ways": (
        "微信公众号（微信号或绑定的手机号）",
        "企业微信（账号）",
        "Telegram（账号）",
        "短信（手机号）",
        "电子邮箱",
    ),
    "accounts_note": "聊天账号还要用单位发的一次性绑定码绑定；没有绑定的不会用来送达。",
    "signature": "员工签名（亲笔）",
    "company_seal": "单位经办人签名、盖章",
    "copies": "本确认书一式两份，员工和单位各存一份。",
}

#: 证据目录.
EVIDENCE: Final[Mapping[str, str]] = {
    "heading": "证据目录",
    "case": "所涉文书",
    "submitted_by": "提交人",
    "name": "证据名称",
    "source": "来源",
    "purpose": "证明目的",
    "pages": "页码",
    "signature": "提交人签名（盖章）",
}
