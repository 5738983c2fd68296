"""`shebao channels check`: for each channel and connection of the settings what is right, what is wrong, and what to
do about it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import click

from app.connection_checks import check_civil_affairs, check_payroll, check_social_insurance
from app.mailing import make_mailer
from app.notifying import make_account
from app.settings import Settings, SettingsError, is_loopback, read_secret
from app.telegram import SECRET
from bot.channels.sealed import Envelope
from bot.channels.telegram import NAME
from connectors.channel_checks import (
    Finding,
    Site,
    TelegramKeys,
    WeChatKeys,
    WeComKeys,
    check_telegram,
    check_wechat,
    check_wecom,
)
from connectors.mail import SmtpMailer
from connectors.sms import PROVIDERS
from hr_inbox.notices import MailFailure
from locales import N_, SOURCE, Say, speak
from storage.errors import StorageError
from storage.opening import open_storage, utc_now

_MARKS: Final[Mapping[str, str]] = {"right": "✓", "wrong": "✗", "note": "·"}
#: Raises `SettingsError` for settings that cannot work.
Check = Callable[[Settings, Say, Callable[[], datetime]], Iterable[Finding]]


@click.group()
def channels() -> None:
    """The platforms on which employees chat."""


@channels.command()
@click.argument("names", nargs=-1)
@click.pass_obj
def check(settings: Settings, names: tuple[str, ...]) -> None:
    """Ask each platform whether it can work, and say what to do where it cannot; nothing is sent to anybody.

    NAMES: wechat, wecom, telegram, sms, mail, and of the systems that are connected civil_affairs, social_insurance, payroll;
    without any, those that are set up. Exit status 1 if something is wrong.
    """
    if unknown := [name for name in names if name not in CHECKS]:
        raise click.ClickException(f"names: {unknown[0]!r} is unknown; there are {', '.join(CHECKS)}")
    say, wrong, found = _say(), 0, False
    for name, (is_set_up, run) in CHECKS.items():
        if names and name not in names:
            continue
        if not is_set_up(settings):
            if names:
                click.echo(f"{name}\n  · {say(N_('没有配置'))}")
            continue
        found = True
        click.echo(name)
        for each in _findings(run, settings, say):
            wrong += each.state == "wrong"
            click.echo(f"  {_MARKS[each.state]} {each.text}")
            if each.then:
                click.echo(f"      → {each.then}")
    if not found and not names:
        click.echo(say(N_("没有配置任何渠道：员工只能用网页聊天。")))
    if wrong:
        sys.exit(1)


def _findings(run: Check, settings: Settings, say: Say) -> Iterator[Finding]:
    try:
        yield from run(settings, say, utc_now)
    except (SettingsError, StorageError) as error:
        yield Finding("wrong", str(error))


def _site(settings: Settings, api_base: str) -> Site:
    local = is_loopback(urlsplit(api_base).hostname or "")
    return Site(settings.server.public_url, local)


def _wechat(settings: Settings, say: Say, now: Callable[[], datetime]) -> Iterator[Finding]:
    wechat = settings.channels.wechat
    secret, token, aes_key = (
        _needed("channels.wechat", wechat, each) for each in ("secret", "token", "aes_key")
    )
    yield _aes_key("channels.wechat", token, aes_key, wechat.app_id, say)
    keys = WeChatKeys(wechat.app_id, secret, token, aes_key, wechat.base, wechat.reply_mode)
    yield from check_wechat(keys, _site(settings, wechat.base), say, now)


def _wecom(settings: Settings, say: Say, now: Callable[[], datetime]) -> Iterator[Finding]:
    wecom = settings.channels.wecom
    secret, token, aes_key = (
        _needed("channels.wecom", wecom, each) for each in ("secret", "token", "aes_key")
    )
    yield _aes_key("channels.wecom", token, aes_key, wecom.corp_id, say)
    keys = WeComKeys(wecom.corp_id, wecom.agent_id, secret, token, aes_key, wecom.base)
    yield from check_wecom(keys, _site(settings, wecom.base), say, now)


def _aes_key(section: str, token: str, aes_key: str, receiver: str, say: Say) -> Finding:
    """Raises `SettingsError` for a key of another shape: without it nothing else can be tried."""
    try:
        Envelope(token, aes_key, receiver, utc_now)
    except ValueError:
        raise SettingsError(
            say(
                N_(
                    "{section}.aes_key：EncodingAESKey 是 43 个字母和数字，这个有 {count} 个字符；从平台的页面整个复制"
                ),
                section=section,
                count=str(len(aes_key)),
            )
        ) from None
    return Finding("right", say(N_("EncodingAESKey 的样子对（43 个字符）")))


def _telegram(settings: Settings, say: Say, now: Callable[[], datetime]) -> Iterator[Finding]:
    telegram = settings.channels.telegram
    token = _needed("channels.telegram", telegram, "token")
    keys = settings.keys
    storage = open_storage(settings.database.address, keys.path, keys.journal)
    with closing(storage.database):
        made, allowed = storage.keys.index(SECRET).hex(), storage.abroad.since(NAME) is not None
    secret = read_secret("channels.telegram.secret", telegram.secret, telegram.secret_file) or made
    told = TelegramKeys(f"{telegram.methods}{token}", secret, allowed)
    yield from check_telegram(told, _site(settings, telegram.api_base), say, now)


def _sms(settings: Settings, say: Say, now: Callable[[], datetime]) -> Iterator[Finding]:
    account = make_account(settings.sms)
    assert account is not None
    yield from PROVIDERS[account.provider].check(account, settings.server.address, say)


_MAIL: Final[Mapping[str, tuple[str, str]]] = {
    "login": (N_("邮箱的用户名或密码不对"), N_("多数企业邮箱要用“客户端专用密码”，到邮箱设置里生成")),
    "certificate": (N_("邮件服务器的证书不对"), N_("mail.host 要写证书上的名字，不要写 IP")),
    "encryption": (N_("加密没有谈成"), N_("465 端口用 security = \"tls\"，587 端口用 \"starttls\"")),
    "not_supported": (N_("服务器不支持这样加密或登录"), N_("465 端口用 security = \"tls\"，587 端口用 \"starttls\"")),
    "timeout": (N_("邮件服务器没有回应"), N_("看端口对不对；有的云主机封了 25 端口")),
    "disconnected": (N_("邮件服务器断开了连接"), N_("465 端口用 security = \"tls\"，587 端口用 \"starttls\"")),
    "unreachable": (N_("连不上邮件服务器"), N_("看 mail.host 和 mail.port 对不对")),
}  # fmt: skip


def _mail(settings: Settings, say: Say, now: Callable[[], datetime]) -> Iterator[Finding]:
    mailer = make_mailer(settings.mail)
    assert isinstance(mailer, SmtpMailer)
    try:
        mailer.check()
    except MailFailure as error:
        what, then = _MAIL.get(error.code, (N_("邮件服务器没有答应"), N_("看邮件服务器的日志")))
        yield Finding("wrong", f"{say(what)}（{error}）", say(then))
        return
    yield Finding("right", say(N_("邮件服务器连得上，登录得进（没有发信）")))


def _needed(section: str, part: Any, name: str) -> str:
    value = read_secret(f"{section}.{name}", getattr(part, name), getattr(part, f"{name}_file"))
    if not value:
        raise SettingsError(f"{section}.{name}: needed")
    return value


def _say() -> Say:
    wanted = (os.environ.get("LC_ALL") or os.environ.get("LANG") or "").replace("-", "_")
    return speak("en" if wanted.startswith("en") else SOURCE)


#: By name: whether it is set up, and its check. The order in which they are shown.
CHECKS: Final[Mapping[str, tuple[Callable[[Settings], bool], Check]]] = {
    "wecom": (lambda settings: bool(settings.channels.wecom.corp_id), _wecom),
    "wechat": (lambda settings: bool(settings.channels.wechat.app_id), _wechat),
    "telegram": (
        lambda settings: bool(settings.channels.telegram.token or settings.channels.telegram.token_file),
        _telegram,
    ),
    "sms": (lambda settings: settings.sms.provider != "none", _sms),
    "mail": (lambda settings: bool(settings.mail.host), _mail),
    "civil_affairs": (lambda settings: bool(settings.connections.civil_affairs.mapping), check_civil_affairs),
    "social_insurance": (
        lambda settings: bool(settings.connections.social_insurance.mapping),
        check_social_insurance,
    ),
    "payroll": (lambda settings: bool(settings.connections.payroll.mapping), check_payroll),
}
