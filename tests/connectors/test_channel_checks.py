"""`shebao channels check` against local platforms with everything right, and then with each thing broken once."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from platforms import wechat as local_wechat
from platforms import wecom as local_wecom
from platforms.aliyun_sms import AliyunSms
from platforms.harness import Request, Response, Server
from platforms.sms import TencentSms, Texts
from platforms.smtp import PASSWORD, USER, Post
from platforms.telegram import Telegram
from platforms.wechat import WeChat
from platforms.wecom import WeCom
from text_services import SERVICES, sms_settings

from app import channels_command
from app.channels_command import check
from app.notifying import make_account
from app.settings import Sms, load_settings
from audit.events import SYSTEM
from bot.channels import Callback, Refused
from bot.channels.sealed import Envelope
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
from locales import speak
from storage.opening import open_storage

pytest_plugins = ["mail_servers"]

CONFIG = Path(__file__).parents[2] / "config.toml"
say = speak("zh_Hans")


def now() -> datetime:
    return datetime.now(UTC)


class Product:
    """Our own address, as a platform finds it. `answer` may be another one than it should be."""

    def __init__(self) -> None:
        self.hear: Callable[[Callback], bytes] = lambda callback: b""
        self.instead: Response | None = None

    def answer(self, request: Request) -> Response:
        if self.instead is not None:
            return self.instead
        method = "POST" if request.method == "POST" else "GET"
        try:
            return Response(self.hear(Callback(method, request.query, request.headers, request.body)))
        except Refused as error:
            return Response(status=error.status)


@pytest.fixture(autouse=True)
def directly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever proxy this computer has, servers on it are called without."""
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def product() -> Product:
    return Product()


def told(findings: Iterator[Finding]) -> dict[str, list[str]]:
    """What was found, by state; what to do stands behind the sentence."""
    found: dict[str, list[str]] = {"right": [], "wrong": [], "note": []}
    for each in findings:
        found[each.state].append(f"{each.text} → {each.then}" if each.then else each.text)
    return found


# The official account.


class Account:
    """The platform, our keys of it, and our address."""

    def __init__(self, platform: WeChat, base: str) -> None:
        self.platform = platform
        self.site = Site(base, local=True)
        self.keys = WeChatKeys(
            local_wechat.APP_ID, local_wechat.SECRET, local_wechat.TOKEN, local_wechat.AES_KEY, f"{base}/wechat", "active"
        )  # fmt: skip

    def check(self, clock: Callable[[], datetime] = now, **other: Any) -> dict[str, list[str]]:
        return told(check_wechat(replace(self.keys, **other), self.site, say, clock))


@pytest.fixture
def wechat(product: Product) -> Iterator[Account]:
    platform = WeChat()
    envelope = Envelope(local_wechat.TOKEN, local_wechat.AES_KEY, local_wechat.APP_ID, now)
    product.hear = envelope.plain_echo
    with Server({"/wechat": platform, "/channels": product}) as server:
        yield Account(platform, server.address)


def test_an_official_account_that_is_right(wechat: Account) -> None:
    found = wechat.check()
    assert found["wrong"] == [] and found["note"] == []
    assert len(found["right"]) == 4, found
    assert not [each for each in wechat.platform.calls if each.request.path.startswith("cgi-bin/token")]
    assert not any(follower.phone.heard for follower in wechat.platform.followers.values())


@pytest.mark.parametrize(
    ("other", "wrong"),
    [
        ({"app_id": "wx0000"}, "AppID 不对（40013）"),
        ({"secret": "another"}, "AppSecret 不对（40125）"),
        ({"token": "another-token"}, "不认平台的签名（403）"),
        ({"base": "http://127.0.0.1:9/wechat"}, "连不上 127.0.0.1"),
    ],
)
def test_what_is_wrong_with_the_settings_of_an_official_account(
    wechat: Account, other: dict[str, str], wrong: str
) -> None:
    found = wechat.check(**other)["wrong"]
    assert len(found) == 1 and wrong in found[0] and "→" in found[0], found


def test_the_address_to_enter_is_the_one_that_the_platform_saw(
    wechat: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    wechat.platform.ip_list = {"203.0.113.1"}
    seen = "invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist"
    monkeypatch.setitem(local_wechat.MESSAGES, 40164, seen)
    assert wechat.check()["wrong"] == [
        "这台电脑的 IP 203.0.113.9 不在名单里（40164） → 把 203.0.113.9 加到公众平台“基本配置 → IP 白名单”，几分钟后生效"
    ]


def test_an_account_without_the_permission_for_messages(wechat: Account) -> None:
    wechat.platform.verified = False
    assert "没有客服消息权限（48001）" in wechat.check()["wrong"][0]
    assert wechat.check(mode="passive")["wrong"] == []
    wechat.platform.verified = True
    assert "可以把 reply_mode 改成 active" in wechat.check(mode="passive")["note"][0]


@pytest.mark.parametrize(("minutes", "word"), [(7, "快"), (-7, "慢")])
def test_a_clock_that_is_wrong(wechat: Account, minutes: int, word: str) -> None:
    found = wechat.check(lambda: now() + timedelta(minutes=minutes))["wrong"]
    assert f"这台电脑的时间{word}了 4" in found[0] and "NTP" in found[0]


@pytest.mark.parametrize(
    ("instead", "wrong"),
    [
        (Response(b"", 404), "后面没有这个渠道（404）"),
        (Response(b"", 401), "要登录才能打开"),
        (Response(b"", 302, headers={"Location": "https://elsewhere.example/"}), "转到了别处（302）"),
        (Response(b"<html>verify you are human</html>"), "答得不对（200）"),
        (Response(b"", 502), "答得不对（502）"),
    ],
)
def test_what_may_stand_before_our_address(
    wechat: Account, product: Product, instead: Response, wrong: str
) -> None:
    product.instead = instead
    found = wechat.check()["wrong"]
    assert len(found) == 1 and wrong in found[0], found


@pytest.mark.parametrize(
    ("public_url", "wrong"),
    [
        ("", ["没有填 server.public_url"]),
        ("http://127.0.0.1:9", ["不是 https", "内网地址", "打不开"]),
        ("https://192.168.1.5:9", ["内网地址", "打不开"]),
        ("https://hr.factory.lan:9", ["内网地址", "打不开"]),
    ],
)
def test_an_address_that_no_platform_reaches(
    wechat: Account, public_url: str, wrong: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.channel_checks.PATIENCE", 0.2)
    wechat.site = Site(public_url)
    found = wechat.check()["wrong"]
    assert len(found) == len(wrong)
    assert all(word in each for word, each in zip(wrong, found, strict=True)), found


# WeCom.


class App:
    """The company, our keys of it, and our address."""

    def __init__(self, platform: WeCom, base: str) -> None:
        self.platform = platform
        self.site = Site(base, local=True)
        self.keys = WeComKeys(
            local_wecom.CORP_ID, local_wecom.AGENT_ID, local_wecom.SECRET, local_wecom.TOKEN, local_wecom.AES_KEY,
            f"{base}/wecom",
        )  # fmt: skip

    def check(self, **other: Any) -> dict[str, list[str]]:
        return told(check_wecom(replace(self.keys, **other), self.site, say, now))


@pytest.fixture
def wecom(product: Product) -> Iterator[App]:
    platform = WeCom()
    platform.member("ZhouJianGuo", "周建国")
    envelope = Envelope(local_wecom.TOKEN, local_wecom.AES_KEY, local_wecom.CORP_ID, now)
    product.hear = envelope.echo
    with Server({"/wecom": platform, "/channels": product}) as server:
        yield App(platform, server.address)


def test_an_app_that_is_right(wecom: App) -> None:
    found = wecom.check()
    assert found["wrong"] == [] and len(found["right"]) == 5, found
    assert not wecom.platform.called("cgi-bin/message/send")


@pytest.mark.parametrize(
    ("other", "wrong"),
    [
        ({"corp_id": "ww0000"}, "企业ID 不对（40013）"),
        ({"secret": "another"}, "应用的 Secret 不对（40001）"),
        ({"agent_id": "1000009"}, "AgentId 和 Secret 不是同一个应用的（60011）"),
        ({"token": "another-token"}, "不认平台的签名（403）"),
        ({"aes_key": "a" * 43}, "不认平台的签名（403）"),
    ],
)
def test_what_is_wrong_with_the_settings_of_an_app(wecom: App, other: dict[str, str], wrong: str) -> None:
    found = wecom.check(**other)["wrong"]
    assert wrong in found[-1 if "403" in wrong else 0] and "→" in found[0], found


def test_the_trusted_address_is_named(wecom: App) -> None:
    wecom.platform.ip_list = {"203.0.113.1"}
    (found,) = wecom.check()["wrong"]
    assert "IP 127.0.0.1 不在名单里（60020）" in found and "企业可信IP" in found


def test_an_app_that_nobody_sees(wecom: App) -> None:
    wecom.platform.members.clear()
    assert "可见范围里没有人" in wecom.check()["wrong"][0]


# Telegram.


class Info(Telegram):
    """A bot whose webhook tells what it is told to tell."""

    info: dict[str, Any]

    def _webhook_info(self, fields: Any) -> dict[str, Any]:
        return self.info


@pytest.fixture
def bot() -> Iterator[tuple[Info, TelegramKeys]]:
    platform = Info()
    platform.info = {"url": "https://hr.example/channels/telegram", "pending_update_count": 0}
    with Server({"/telegram": platform}) as server:
        yield platform, TelegramKeys(f"{server.address}/telegram/bot{platform.token}", "secret", True)


def check_bot(keys: TelegramKeys, site: Site) -> dict[str, list[str]]:
    return told(check_telegram(keys, site, say, now))


PUBLIC = Site("https://hr.example")


def test_a_bot_that_is_right(bot: tuple[Info, TelegramKeys], product: Product) -> None:
    keys = bot[1]
    found = check_bot(keys, PUBLIC)
    assert "webhook 登记好了，还有 0 条等着" in found["right"]
    assert [each for each in found["wrong"] if "hr.example" not in each] == []
    with Server({"/channels": product}) as server:
        found = check_bot(keys, Site(server.address, local=True))
    assert found["wrong"] == [] and any("打得通" in each for each in found["right"])
    assert ["长轮询" in each for each in found["note"] if "群" not in each] == [True]


def test_without_a_basis_nothing_goes_abroad(bot: tuple[Info, TelegramKeys]) -> None:
    found = check_bot(replace(bot[1], allowed=False), Site(""))
    assert len(found["wrong"]) == 1 and "没有记下数据出境的依据" in found["wrong"][0]


def test_a_token_that_is_wrong(bot: tuple[Info, TelegramKeys]) -> None:
    address = bot[1].address.replace("7000000001", "7000000002")
    found = check_bot(replace(bot[1], address=address), Site(""))["wrong"]
    assert "token 不对（Telegram 答 401）" in found[0] and "@BotFather" in found[0]
    assert "7000000002" not in str(found)


@pytest.mark.parametrize(
    ("site", "info", "wrong"),
    [
        (PUBLIC, {"url": ""}, "webhook 没有登记成 https://hr.example/channels/telegram"),
        (Site("https://hr.example:9443"), {"url": ""}, "Telegram 不会来 9443 端口"),
        (
            PUBLIC,
            {
                "url": "https://hr.example/channels/telegram",
                "last_error_date": int(datetime.now(UTC).timestamp()) - 60,
                "last_error_message": "SSL error {error:0A000086:certificate verify failed}",
                "pending_update_count": 12,
            },
            "certificate verify failed}（还有 12 条等着）",
        ),
    ],
)
def test_what_is_wrong_with_a_webhook(
    bot: tuple[Info, TelegramKeys], site: Site, info: dict[str, Any], wrong: str
) -> None:
    bot[0].info = info
    assert [each for each in check_bot(bot[1], site)["wrong"] if wrong in each]


def test_telegram_that_cannot_be_reached(bot: tuple[Info, TelegramKeys]) -> None:
    found = check_bot(replace(bot[1], address="http://127.0.0.1:9/bot1:AA"), Site(""))["wrong"]
    assert "连不上 127.0.0.1" in found[0] and "境内网络" in found[0] and "AA" not in found[0]


# Text messages.


@pytest.fixture(params=SERVICES)
def texts(request: pytest.FixtureRequest) -> Iterator[tuple[Texts, Sms]]:
    """A service of text messages with everything right, and the settings."""
    service: Texts = request.param()
    with Server({"": service}) as server:
        yield service, sms_settings(service, server.address)


def wrong_of(settings: Sms, address: str = "https://shebao.example", **other: str) -> list[str]:
    account = make_account(replace(settings, **other))  # type: ignore[arg-type]
    assert account is not None
    return told(PROVIDERS[account.provider].check(account, address, say))["wrong"]


def test_text_messages_that_are_right_and_wrong(texts: tuple[Texts, Sms]) -> None:
    service, settings = texts
    assert wrong_of(settings) == [] and service.sent == []
    ((key, secret),) = [
        names
        for kind, names in {
            TencentSms: ("SecretId 不对", "SecretKey 不对"),
            AliyunSms: ("AccessKey ID 不对", "AccessKey Secret 不对"),
        }.items()
        if isinstance(service, kind)
    ]
    assert key in wrong_of(settings, secret_id="other")[0]
    assert secret in wrong_of(settings, secret_key="other")[0]
    other = settings.template_id[:-1] + "9"
    assert f"没有 ID 是 {other} 的模板" in wrong_of(settings, template_id=other)[0]
    assert "sms.code_template_id 不像模板的 ID" in wrong_of(settings, code_template_id="T1")[0]
    assert "连不上" in wrong_of(settings, api_base="http://127.0.0.1:9")[0]
    service.clock = lambda: 0.0
    assert "打开自动对时" in wrong_of(settings)[0]


def test_templates_of_text_messages_that_wait_or_say_something_else(texts: tuple[Texts, Sms]) -> None:
    service, settings = texts
    assert isinstance(service, TencentSms | AliyunSms)
    states: dict[str, Any] = service.states
    waiting, refused = (1, -1) if isinstance(service, TencentSms) else ("0", "2")
    states[settings.template_id], states[settings.alarm_template_id] = waiting, refused
    service.templates[settings.code_template_id] = "你好"
    found = wrong_of(settings)
    assert [
        "sms.template_id 的模板还在审核" in found[0],
        "sms.code_template_id 的模板里要有" in found[1],
        "sms.alarm_template_id 的模板没有通过审核" in found[2],
    ] == [True, True, True]


def test_aliyuns_template_holds_the_address_that_links_lead_to() -> None:
    service = AliyunSms()
    with Server({"": service}) as server:
        settings = sms_settings(service, server.address)
        (wrong,) = wrong_of(settings, "https://hr.mill.example")
        assert "https://hr.mill.example/${link}" in wrong
        service.templates[settings.template_id] = "点开看：${link}"
        assert len(wrong_of(settings)) == 1


def test_the_command_asks_whichever_service_the_settings_name(texts: tuple[Texts, Sms]) -> None:
    _, settings = texts
    environ = {
        f"SMS__{name.upper()}": value
        for name in Sms.__dataclass_fields__
        if (value := getattr(settings, name))
    }
    status, text = run(environ | {"SERVER__PUBLIC_URL": "https://shebao.example"}, "sms")
    assert status == 0 and text.startswith("sms\n  ✓ ") and "✗" not in text
    assert settings.secret_key not in text
    status, text = run(environ | {"SMS__SIGN_NAME": ""}, "sms")
    assert status == 1 and "sms.sign_name" in text


# The command.


def run(environ: dict[str, str], *names: str) -> tuple[int, str]:
    settings = load_settings(CONFIG, {f"SHEBAO__{name}": value for name, value in environ.items()})
    done = CliRunner().invoke(check, list(names), obj=settings)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def wechat_settings(account: Account, **other: str) -> dict[str, str]:
    keys = account.keys
    named = {
        "APP_ID": keys.app_id, "SECRET": keys.secret, "TOKEN": keys.token, "AES_KEY": keys.aes_key, "API_BASE": keys.base,
        **other,
    }  # fmt: skip
    return {f"CHANNELS__WECHAT__{name}": value for name, value in named.items()} | {
        "SERVER__PUBLIC_URL": account.site.public_url
    }


def test_what_the_command_prints(wechat: Account) -> None:
    status, text = run(wechat_settings(wechat))
    assert status == 0 and text.splitlines()[0] == "wechat"
    assert all(line.startswith("  ✓ ") for line in text.splitlines()[1:]), text
    status, text = run(wechat_settings(wechat, SECRET="another"))
    assert status == 1 and "  ✗ AppSecret 不对（40125）\n      → " in text
    assert local_wechat.SECRET not in text and "another" not in text


def test_a_key_of_another_shape_ends_the_check_of_its_channel(wechat: Account) -> None:
    status, text = run(wechat_settings(wechat, AES_KEY="too-short"))
    assert status == 1 and "EncodingAESKey 是 43 个字母和数字，这个有 9 个字符" in text
    status, text = run(wechat_settings(wechat) | {"CHANNELS__WECHAT__SECRET": ""})
    assert status == 1 and "channels.wechat.secret: needed" in text


def test_without_a_channel_there_is_nothing_to_check() -> None:
    assert run({}) == (0, "没有配置任何渠道：员工只能用网页聊天。\n")
    assert run({}, "wecom") == (0, "wecom\n  · 没有配置\n")


def test_the_bot_is_checked_with_what_the_console_has_recorded(
    bot: tuple[Info, TelegramKeys], tmp_path: Path
) -> None:
    base = bot[1].address.rpartition("/bot")[0]
    database, folder = f"sqlite:///{tmp_path / 'shebao.db'}", tmp_path / "keys"
    settings = {
        "DATABASE__URL": database, "KEYS__FOLDER": str(folder), "CHANNELS__TELEGRAM__TOKEN": bot[0].token,
        "CHANNELS__TELEGRAM__API_BASE": base, "SERVER__PUBLIC_URL": "https://hr.example",
    }  # fmt: skip
    status, text = run(settings, "telegram")
    assert status == 1 and "shebao db upgrade" in text
    storage = open_storage(database, folder, tmp_path / "keys-erased.jsonl", make=True)
    try:
        assert "没有记下数据出境的依据" in run(settings, "telegram")[1]
        storage.abroad.record("telegram", "单独同意", "赵静", now().date(), SYSTEM)
        text = run(settings, "telegram")[1]
        assert "✓ 公司已经记下数据出境的依据" in text and "✓ webhook 登记好了" in text
        assert bot[0].token not in text
    finally:
        storage.database.close()


def test_mail_is_tried_without_a_mail(
    serve: Callable[..., int],
    post: Post,
    certificate: tuple[ssl.SSLContext, ssl.SSLContext],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server, client = certificate
    monkeypatch.setattr(
        channels_command, "make_mailer", lambda mail, make=channels_command.make_mailer: SmtpMailer(make(mail).server, client)
    )  # fmt: skip
    port = serve(
        tls_context=server,
        require_starttls=True,
        authenticator=post.check,
        auth_required=True,
        decode_data=False,
    )
    mail = {
        "MAIL__HOST": "127.0.0.1", "MAIL__PORT": str(port), "MAIL__SENDER": "hr@gongchang.example",
        "MAIL__USER": USER, "MAIL__PASSWORD": PASSWORD,
    }  # fmt: skip
    assert run(mail, "mail") == (0, "mail\n  ✓ 邮件服务器连得上，登录得进（没有发信）\n")
    status, text = run(mail | {"MAIL__PASSWORD": "wrong"}, "mail")
    assert status == 1 and "用户名或密码不对" in text and "客户端专用密码" in text
    status, text = run(mail | {"MAIL__PORT": "9"}, "mail")
    assert status == 1 and "连不上邮件服务器" in text
    assert post.mails == []
