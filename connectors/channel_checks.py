"""Whether a channel can work: its platform is asked what it thinks of our credentials, and our own address is called as the
platform calls it. Nothing is sent to anybody.

What is found is said in a sentence, and where something is wrong, what to do about it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

import httpx

from bot.channels.sealed import Envelope, read_xml, word
from locales import N_, Say

#: Seconds for one call.
PATIENCE: Final = 10.0
#: The platforms refuse, and are refused, beyond five minutes; this is early enough to be told.
SKEW: Final = timedelta(seconds=60)
#: Ports that Telegram calls.
_TELEGRAM_PORTS: Final = (443, 80, 88, 8443)
_ECHO: Final = "shebao-channels-check"
_ADDRESS: Final = re.compile(r"(?:invalid ip|from ip:?)\s+([0-9a-fA-F.:]+)")

_FILL_IN: Final = N_("{setting} 填错了")
_UNREACHED: Final = N_("连不上 {host}（{why}）")
_NET: Final = N_("看这台电脑能不能上外网，DNS 和代理对不对")


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found: right, wrong, or worth knowing; `then` says what to do."""

    state: Literal["right", "wrong", "note"]
    text: str
    then: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """How the platforms reach this program. `local`: they are servers on this computer, which reach any address."""

    public_url: str
    local: bool = False

    def callback(self, channel: str) -> str:
        """The address of a channel's callbacks."""
        return f"{self.public_url.rstrip('/')}/channels/{channel}"


class Told(NamedTuple):
    """What a platform answered: its JSON (empty where it was none), the status, and by its clock when."""

    data: Mapping[str, Any]
    status: int
    at: datetime | None

    @property
    def code(self) -> int:
        """The platform's error number, 0 where there is none."""
        value = self.data.get("errcode", 0)
        return value if isinstance(value, int) else -1


class Unreached(Exception):
    """Nothing answered; the text is a word."""


def _call(method: str, address: str, **more: Any) -> httpx.Response:
    """Raises `Unreached`."""
    try:
        return httpx.request(method, address, timeout=PATIENCE, follow_redirects=False, **more)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        certificate = "CERTIFICATE_VERIFY_FAILED" in str(error)
        # The text of an error may hold the address, and that a token.
        raise Unreached("certificate" if certificate else type(error).__name__) from None


def _ask(method: str, address: str, **more: Any) -> Told:
    """Raises `Unreached`."""
    answer = _call(method, address, **more)
    try:
        data = answer.json()
    except ValueError:
        data = {}
    try:
        at = parsedate_to_datetime(answer.headers.get("Date", ""))
    except ValueError:
        at = None
    return Told(data if isinstance(data, dict) else {}, answer.status_code, at)


# The official account.


@dataclass(frozen=True, slots=True)
class WeChatKeys:
    """What the settings hold of the official account. `base` is the API's address without `/cgi-bin`."""

    app_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    aes_key: str = field(repr=False)
    base: str
    mode: str


_WECHAT_TOKEN: Final[Mapping[int, tuple[str, str]]] = {
    40013: (N_("AppID 不对"), N_("到公众平台“设置与开发 → 开发接口管理 → 基本配置”抄 AppID，填到 channels.wechat.app_id")),
    40125: (
        N_("AppSecret 不对"),
        N_("到“基本配置”重置 AppSecret，填到 channels.wechat.secret；重置以后旧的马上失效"),
    ),
    40243: (N_("AppSecret 被冻结了"), N_("到“基本配置”解冻 AppSecret")),
    45009: (N_("今天取令牌的次数用完了"), N_("看看是不是有别的程序在用同一个公众号；明天会恢复")),
}  # fmt: skip


def check_wechat(keys: WeChatKeys, site: Site, say: Say, now: Callable[[], datetime]) -> Iterator[Finding]:
    """The official account: token, clock, IP list, permission for customer-service messages, callback."""
    try:
        yield from _wechat_api(keys, say, now)
    except Unreached as error:
        yield Finding("wrong", say(_UNREACHED, host=_host(keys.base), why=str(error)), say(_NET))
    yield from _addresses(site, say)
    if site.public_url:
        stamp, nonce = str(int(now().timestamp())), "shebaocheck"
        signature = hashlib.sha1("".join(sorted((keys.token, stamp, nonce))).encode()).hexdigest()
        query = {"signature": signature, "timestamp": stamp, "nonce": nonce, "echostr": _ECHO}
        yield _callback(site.callback("wechat"), query, say)


def _wechat_api(keys: WeChatKeys, say: Say, now: Callable[[], datetime]) -> Iterator[Finding]:
    wanted = {"grant_type": "client_credential", "appid": keys.app_id, "secret": keys.secret}
    told = _ask("POST", f"{keys.base}/cgi-bin/stable_token", json=wanted)
    yield from _clock(told.at, now(), say)
    if told.code == 40164:
        yield _not_listed(told, say(N_("公众平台“基本配置 → IP 白名单”")), say)
        return
    token = told.data.get("access_token")
    if told.code or not isinstance(token, str):
        yield _refused(told, _WECHAT_TOKEN, say)
        return
    yield Finding("right", say(N_("AppID 和 AppSecret 对，IP 在白名单里")))
    # To nobody: whoever may send is told that there is no such follower.
    nobody = {"touser": _ECHO, "msgtype": "text", "text": {"content": "-"}}
    sent = _ask(
        "POST", f"{keys.base}/cgi-bin/message/custom/send", params={"access_token": token}, json=nobody
    )
    yield _permission(sent.code, keys.mode, say)


def _permission(code: int, mode: str, say: Say) -> Finding:
    if code == 48001 and mode == "passive":
        return Finding("right", say(N_("没有客服消息权限，reply_mode 也是 passive，对得上")))
    if code == 48001:
        return Finding(
            "wrong",
            say(N_("公众号没有客服消息权限（48001），reply_mode 却是 {mode}"), mode=mode),
            say(N_("给公众号做微信认证；不认证就把 channels.wechat.reply_mode 改成 passive")),
        )
    if code == 40003:
        more = N_("有客服消息权限；可以把 reply_mode 改成 active，人事的回复就能马上推给员工")
        return (
            Finding("note", say(more))
            if mode == "passive"
            else Finding("right", say(N_("有客服消息权限")))
        )  # fmt: skip
    return Finding("note", say(N_("没问出有没有客服消息权限（平台答 {code}）"), code=str(code)))


# The app in WeCom.


@dataclass(frozen=True, slots=True)
class WeComKeys:
    """What the settings hold of the app in WeCom. `base` is the API's address without `/cgi-bin`."""

    corp_id: str
    agent_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    aes_key: str = field(repr=False)
    base: str


_WECOM_TOKEN: Final[Mapping[int, tuple[str, str]]] = {
    40013: (N_("企业ID 不对"), N_("到管理后台“我的企业 → 企业信息”最下面抄企业ID，填到 channels.wecom.corp_id")),
    40001: (
        N_("应用的 Secret 不对"),
        N_("到“应用管理 → 这个应用”看 Secret，填到 channels.wecom.secret；要的是应用自己的，不是通讯录的"),
    ),
}  # fmt: skip
_WECOM_APP: Final = (
    N_("AgentId 和 Secret 不是同一个应用的"),
    N_("到应用的页面抄 AgentId，填到 channels.wecom.agent_id"),
)
_WECOM_AGENT: Final[Mapping[int, tuple[str, str]]] = {code: _WECOM_APP for code in (40056, 60011, 301002)}


def check_wecom(keys: WeComKeys, site: Site, say: Say, now: Callable[[], datetime]) -> Iterator[Finding]:
    """The company's app: token, clock, trusted IP, who sees it, callback."""
    try:
        yield from _wecom_api(keys, say, now)
    except Unreached as error:
        yield Finding("wrong", say(_UNREACHED, host=_host(keys.base), why=str(error)), say(_NET))
    yield from _addresses(site, say)
    if site.public_url:
        yield _callback(site.callback("wecom"), _sealed_echo(keys, now), say)


def _sealed_echo(keys: WeComKeys, now: Callable[[], datetime]) -> dict[str, str]:
    """What the platform asks with when the address is saved."""
    envelope = Envelope(keys.token, keys.aes_key, keys.corp_id, now)
    tags = read_xml(envelope.seal(_ECHO))
    return {
        "msg_signature": word(tags, "MsgSignature"),
        "timestamp": word(tags, "TimeStamp"),
        "nonce": word(tags, "Nonce"),
        "echostr": word(tags, "Encrypt"),
    }


def _wecom_api(keys: WeComKeys, say: Say, now: Callable[[], datetime]) -> Iterator[Finding]:
    given = {"corpid": keys.corp_id, "corpsecret": keys.secret}
    told = _ask("GET", f"{keys.base}/cgi-bin/gettoken", params=given)
    yield from _clock(told.at, now(), say)
    token = told.data.get("access_token")
    if told.code or not isinstance(token, str):
        yield _refused(told, _WECOM_TOKEN, say)
        return
    yield Finding("right", say(N_("企业ID 和 Secret 对")))
    asked = {"access_token": token, "agentid": keys.agent_id}
    agent = _ask("GET", f"{keys.base}/cgi-bin/agent/get", params=asked)
    if agent.code == 60020:
        yield _not_listed(agent, say(N_("应用页面最下面“企业可信IP”")), say)
    elif agent.code:
        yield _refused(agent, _WECOM_AGENT, say)
    else:
        yield Finding("right", say(N_("AgentId 对，IP 是企业可信IP")))
        yield _visible(agent.data, say)


def _visible(agent: Mapping[str, Any], say: Say) -> Finding:
    if agent.get("close"):
        return Finding("wrong", say(N_("应用被停用了")), say(N_("到“应用管理 → 这个应用”启用它")))
    seen = (("allow_userinfos", "user"), ("allow_partys", "partyid"), ("allow_tags", "tagid"))
    if any((agent.get(group) or {}).get(kind) for group, kind in seen):
        return Finding("right", say(N_("应用有人看得到")))
    return Finding(
        "wrong",
        say(N_("应用的可见范围里没有人")),
        say(N_("到“应用管理 → 这个应用 → 可见范围”加上全体员工")),
    )


# The bot on Telegram.


@dataclass(frozen=True, slots=True)
class TelegramKeys:
    """What the settings hold of the bot; `address` is what the address of a method begins with, the token in it."""

    address: str = field(repr=False)
    secret: str = field(repr=False)
    allowed: bool


def check_telegram(
    keys: TelegramKeys, site: Site, say: Say, now: Callable[[], datetime]
) -> Iterator[Finding]:
    """The bot: the company's basis for sending abroad, token, clock, webhook and what Telegram last met there."""
    if keys.allowed:
        yield Finding("right", say(N_("公司已经记下数据出境的依据")))
    else:
        yield Finding(
            "wrong",
            say(N_("还没有记下数据出境的依据，Telegram 不会收也不会发")),
            say(N_("先按文档做好出境的评估和单独同意，再在人事后台记下依据；没有依据就不要填 token")),
        )
    try:
        yield from _telegram_api(keys, site, say, now)
    except Unreached as error:
        yield Finding(
            "wrong",
            say(_UNREACHED, host=_host(keys.address), why=str(error)),
            say(N_("境内网络一般连不上 Telegram：换一台连得上的服务器，或者把 channels.telegram.api_base 指到自建的 Bot API")),
        )  # fmt: skip
    if site.public_url and keys.allowed:
        header = {"X-Telegram-Bot-Api-Secret-Token": keys.secret}
        yield _callback(site.callback("telegram"), {}, say, headers=header)


def _telegram_api(keys: TelegramKeys, site: Site, say: Say, now: Callable[[], datetime]) -> Iterator[Finding]:
    me = _ask("GET", f"{keys.address}/getMe")
    yield from _clock(me.at, now(), say)
    if me.data.get("ok") is not True:
        yield Finding(
            "wrong",
            say(N_("机器人的 token 不对（Telegram 答 {code}）"), code=str(me.status)),
            say(N_("在 Telegram 里向 @BotFather 发 /mybots → API Token，填到 channels.telegram.token")),
        )
        return
    bot = me.data.get("result") or {}
    yield Finding("right", say(N_("token 对，机器人叫 @{name}"), name=str(bot.get("username", ""))))
    if bot.get("can_join_groups"):
        then = N_("向 @BotFather 发 /setjoingroups → Disable：机器人在群里不回答")
        yield Finding("note", say(N_("机器人可以被拉进群")), say(then))
    yield from _webhook(
        _ask("GET", f"{keys.address}/getWebhookInfo").data.get("result") or {}, keys, site, say, now()
    )


def _webhook(
    told: Mapping[str, Any], keys: TelegramKeys, site: Site, say: Say, now: datetime
) -> Iterator[Finding]:
    if not keys.allowed:
        return
    if not site.public_url.startswith("https://"):
        yield Finding(
            "note",
            say(N_("没有公网 https 地址，只能长轮询")),
            say(N_("另开一个进程一直跑 `shebao telegram`")),
        )
        return
    expected, port = site.callback("telegram"), urlsplit(site.public_url).port or 443
    if port not in _TELEGRAM_PORTS and not site.local:
        yield Finding(
            "wrong",
            say(N_("Telegram 不会来 {port} 端口"), port=str(port)),
            say(N_("public_url 用 443、80、88 或 8443 端口")),
        )
    if told.get("url") != expected:
        yield Finding(
            "wrong",
            say(N_("webhook 没有登记成 {address}"), address=expected),
            say(N_("服务启动后会自己登记：重启 `shebao serve` 再看；用 `shebao telegram` 的就把 public_url 留空")),
        )  # fmt: skip
        return
    yield from _last_error(told, say, now)


def _last_error(told: Mapping[str, Any], say: Say, now: datetime) -> Iterator[Finding]:
    waiting, at = told.get("pending_update_count", 0), told.get("last_error_date")
    if isinstance(at, int) and now - datetime.fromtimestamp(at, UTC) < timedelta(hours=1):
        yield Finding(
            "wrong",
            say(
                N_("Telegram 上一次送消息没成：{error}（还有 {count} 条等着）"),
                error=str(told.get("last_error_message", ""))[:200],
                count=str(waiting),
            ),
            say(N_("看证书是不是完整、反向代理有没有把 /channels/telegram 转过来")),
        )
    else:
        yield Finding("right", say(N_("webhook 登记好了，还有 {count} 条等着"), count=str(waiting)))


# What all have in common.


def _clock(at: datetime | None, now: datetime, say: Say) -> Iterator[Finding]:
    if at is None:
        return
    off = now - at
    if abs(off) < SKEW:
        yield Finding("right", say(N_("这台电脑的时间和平台对得上")))
        return
    seconds = str(abs(int(off.total_seconds())))
    yield Finding(
        "wrong",
        say(N_("这台电脑的时间快了 {seconds} 秒"), seconds=seconds)
        if off > timedelta(0)
        else say(N_("这台电脑的时间慢了 {seconds} 秒"), seconds=seconds),
        say(N_("打开自动对时（NTP）：差到 5 分钟，平台的消息全都会被当成重放而拒收")),
    )


def _refused(told: Told, known: Mapping[int, tuple[str, str]], say: Say) -> Finding:
    if told.code in known:
        what, then = known[told.code]
        return Finding("wrong", f"{say(what)}（{told.code}）", say(then))
    if told.code == -1:
        return Finding("wrong", say(N_("平台忙（-1）")), say(N_("过一会儿再试")))
    answer = str(told.code) if told.code else f"HTTP {told.status}"
    return Finding(
        "wrong", say(N_("平台没有答应（{answer}）"), answer=answer), say(N_("按这个号码查平台的错误码说明"))
    )


def _not_listed(told: Told, where: str, say: Say) -> Finding:
    found = _ADDRESS.search(str(told.data.get("errmsg", "")))
    if found is None:
        return Finding("wrong", say(N_("这台电脑的 IP 不在名单里（{code}）"), code=str(told.code)), where)
    return Finding(
        "wrong",
        say(N_("这台电脑的 IP {address} 不在名单里（{code}）"), address=found[1], code=str(told.code)),
        say(N_("把 {address} 加到{where}，几分钟后生效"), address=found[1], where=where),
    )


def _addresses(site: Site, say: Say) -> Iterator[Finding]:
    """Whether the public address is one that a platform can call."""
    if not site.public_url:
        yield Finding(
            "wrong",
            say(N_("没有填 server.public_url，平台不知道往哪里送消息")),
            say(N_("填平台和员工打得开的 https 地址，重启服务")),
        )
        return
    if site.local:
        return
    parts = urlsplit(site.public_url)
    if parts.scheme != "https":
        yield Finding(
            "wrong",
            say(N_("server.public_url 不是 https")),
            say(N_("给域名配证书，改成 https：不然员工的链接和登录都是明文")),
        )
    if _private(parts.hostname or ""):
        yield Finding(
            "wrong",
            say(N_("server.public_url 是内网地址，平台打不开")),
            say(N_("换成有备案的公网域名，由反向代理转到这台电脑")),
        )


def _private(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith((".local", ".lan", ".internal"))


_WRONG_ANSWERS: Final[Mapping[int, tuple[str, str]]] = {
    401: (N_("{address} 要登录才能打开"), N_("反向代理上不要给 /channels/ 加登录")),
    403: (
        N_("{address} 不认平台的签名（403）"),
        N_("正在跑的服务用的不是这份设置：改了要重启；反向代理不能改掉问号后面的参数和请求头"),
    ),
    404: (
        N_("{address} 后面没有这个渠道（404）"),
        N_("服务是在填好这个渠道以前启动的，重启；反向代理要把 /channels/ 转过来"),
    ),
}


def _callback(
    address: str, query: Mapping[str, str], say: Say, headers: Mapping[str, str] | None = None
) -> Finding:
    """Our own address, called as the platform calls it: a test of the address, or with `headers` an empty update."""
    try:
        if headers is None:
            answer = _call("GET", address, params=dict(query))
        else:
            answer = _call("POST", address, json={}, headers=dict(headers))
    except Unreached as error:
        return Finding(
            "wrong",
            say(N_("打不开 {address}（{why}）"), address=address, why=str(error)),
            say(N_("看服务有没有启动、域名和证书对不对、防火墙有没有放行")),
        )
    if answer.status_code == 200 and (headers is not None or answer.text == _ECHO):
        return Finding(
            "right",
            say(N_("{address} 打得通，签名也对（从这台电脑试的：外网来的要防火墙放行）"), address=address),
        )
    if answer.is_redirect:
        return Finding(
            "wrong",
            say(N_("{address} 转到了别处（{code}）"), address=address, code=str(answer.status_code)),
            say(N_("平台不跟着转：public_url 直接填最后的地址")),
        )
    if answer.status_code in _WRONG_ANSWERS:
        what, then = _WRONG_ANSWERS[answer.status_code]
        return Finding("wrong", say(what, address=address), say(then))
    return Finding(
        "wrong",
        say(N_("{address} 答得不对（{code}）"), address=address, code=str(answer.status_code)),
        say(N_("前面可能挡着别的程序（网关、CDN、验证页）；看服务的日志")),
    )


def _host(address: str) -> str:
    return urlsplit(address).hostname or ""
