"""The settings: `config.toml`, overridden by the environment as SHEBAO__SECTION__KEY."""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

PREFIX: Final = "SHEBAO__"
#: Sections that stand one level deeper, with an example of one.
_GROUPS: Final[Mapping[str, str]] = {"channels": "wechat", "connections": "payroll"}
#: The folder of the checkout: relative paths in the settings start here.
HOME: Final = Path(__file__).parent.parent


class SettingsError(ValueError):
    """A setting is unknown or has a value that is not accepted; the message names it."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where the web pages are served."""

    host: str = "127.0.0.1"
    port: int = 8000
    threads: int = 8
    public_url: str = ""
    proxy: str = ""
    metrics_token: str = field(default="", repr=False)
    metrics_token_file: str = ""

    @property
    def address(self) -> str:
        """Where browsers reach the pages, without a slash at the end: what links begin with."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")

    @property
    def secure(self) -> bool:
        """Whether browsers reach the pages over HTTPS."""
        return self.public_url.startswith("https://")

    def read_metrics_token(self) -> str:
        """What whoever reads `/metrics` proves itself with; empty where only this computer may. Raises `SettingsError`."""
        return read_secret("server.metrics_token", self.metrics_token, self.metrics_token_file)

    def refuse_unless_loopback(self) -> None:
        """The demo's log-ins are public knowledge, so nobody else may reach it. Raises `SettingsError`."""
        if not is_loopback(self.host):
            raise SettingsError(f"server.host: --demo accepts only a loopback address, not {self.host!r}")


@dataclass(frozen=True, slots=True)
class Policy:
    """Where the company's own figures and rules are kept; who may sign a bundle of the library, and where it is fetched."""

    overlay: str = "var/policy"
    company: str = "var/company"
    feed_keys: str = ""
    feed_url: str = ""

    @property
    def overlays(self) -> tuple[Path, ...]:
        """Folders of region files laid over the library."""
        return (HOME / self.overlay,)

    @property
    def company_folder(self) -> Path:
        """The company's own rules."""
        return HOME / self.company


@dataclass(frozen=True, slots=True)
class Database:
    """Where conversations and tasks are kept."""

    url: str = "sqlite:///var/shebao.db"

    @property
    def address(self) -> str:
        """The address with a relative SQLite file under the checkout."""
        file = self.url.removeprefix("sqlite:///")
        if file == self.url or file.startswith("/"):
            return self.url
        return f"sqlite:///{HOME / file}"


@dataclass(frozen=True, slots=True)
class Keys:
    """The root keys that personal data is encrypted with; never in the database, never in a backup."""

    folder: str = "var/keys"

    @property
    def path(self) -> Path:
        """The folder of the key files."""
        return HOME / self.folder

    @property
    def journal(self) -> Path:
        """What was erased for good, so that an old backup cannot bring it back; beside the keys."""
        return self.path.with_name(f"{self.path.name}-erased.jsonl")


@dataclass(frozen=True, slots=True)
class Jobs:
    """Who does the work that nobody waits for."""

    engine: str = "embedded"
    url: str = "redis://127.0.0.1:6379/0"
    threads: int = 2


@dataclass(frozen=True, slots=True)
class Understanding:
    """Who reads what employees write."""

    engine: str = "embedded"
    rasa_url: str = "http://127.0.0.1:5005"
    rasa_token: str = ""
    timeout_ms: int = 1000


@dataclass(frozen=True, slots=True)
class SignIn:
    """The company's own sign-in, beside login and password: OpenID, plain OAuth 2, or WeCom's scan."""

    kind: str = "none"
    name: str = "公司账号"
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    client_secret_file: str = ""
    issuer: str = ""
    metadata_url: str = ""
    authorize_url: str = ""
    token_url: str = ""
    userinfo_url: str = ""
    scope: str = "openid profile email"
    subject_claim: str = "sub"
    login_claim: str = "preferred_username"
    agent_id: str = ""
    second_factor: str = "ours"

    @property
    def secret(self) -> str:
        """The client's secret, from its file where one is named. Raises `SettingsError`."""
        return read_secret("oidc.client_secret", self.client_secret, self.client_secret_file)


@dataclass(frozen=True, slots=True)
class Mail:
    """The server through which HR is told of new work; none while `host` is empty."""

    host: str = ""
    port: int = 587
    security: str = "starttls"
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    password_file: str = ""
    sender: str = ""


@dataclass(frozen=True, slots=True)
class Telegram:
    """The bot on Telegram; none while `token` is empty."""

    token: str = field(default="", repr=False)
    token_file: str = ""
    secret: str = field(default="", repr=False)
    secret_file: str = ""
    api_base: str = "https://api.telegram.org"

    @property
    def methods(self) -> str:
        """What the address of a method begins with, the token to follow."""
        return f"{self.api_base.rstrip('/').removesuffix('/bot')}/bot"

    @property
    def files(self) -> str:
        """What the address of a file begins with, the token to follow."""
        return f"{self.api_base.rstrip('/').removesuffix('/bot')}/file/bot"


@dataclass(frozen=True, slots=True)
class WeChat:
    """The WeChat official account (公众号); none while `app_id` is empty."""

    app_id: str = ""
    secret: str = field(default="", repr=False)
    secret_file: str = ""
    token: str = field(default="", repr=False)
    token_file: str = ""
    aes_key: str = field(default="", repr=False)
    aes_key_file: str = ""
    reply_mode: str = "active"
    api_base: str = "https://api.weixin.qq.com"

    @property
    def base(self) -> str:
        """What the address of a call begins with, without a slash at the end."""
        return self.api_base.rstrip("/").removesuffix("/cgi-bin")


@dataclass(frozen=True, slots=True)
class WeCom:
    """The company's own app in WeCom (企业微信); none while `corp_id` is empty."""

    corp_id: str = ""
    agent_id: str = ""
    secret: str = field(default="", repr=False)
    secret_file: str = ""
    token: str = field(default="", repr=False)
    token_file: str = ""
    aes_key: str = field(default="", repr=False)
    aes_key_file: str = ""
    api_base: str = "https://qyapi.weixin.qq.com"

    @property
    def base(self) -> str:
        """What the address of a call begins with, without a slash at the end."""
        return self.api_base.rstrip("/").removesuffix("/cgi-bin")


@dataclass(frozen=True, slots=True)
class Channels:
    """The platforms on which employees chat."""

    telegram: Telegram = field(default_factory=Telegram)
    wechat: WeChat = field(default_factory=WeChat)
    wecom: WeCom = field(default_factory=WeCom)


@dataclass(frozen=True, slots=True)
class OutsideSystem:
    """What is settled of every system outside that is asked; none while `mapping` is empty."""

    mapping: str = ""
    folder: str = ""
    every_minutes: int = 60
    late_minutes: int = 180


@dataclass(frozen=True, slots=True)
class CivilAffairs(OutsideSystem):
    """The civil-affairs department's system, which is asked more often."""

    every_minutes: int = 10
    late_minutes: int = 30


@dataclass(frozen=True, slots=True)
class SocialInsurance(OutsideSystem):
    """The social-insurance agency's system; in the places of `portal_regions` its portal is used instead."""

    portal_regions: str = ""


@dataclass(frozen=True, slots=True)
class Payroll(OutsideSystem):
    """The payroll system."""


@dataclass(frozen=True, slots=True)
class Alarms:
    """Who of HR is told when one of the systems fails."""

    mails: str = field(default="", repr=False)
    mobiles: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Connections:
    """The systems outside that are asked."""

    civil_affairs: CivilAffairs = field(default_factory=CivilAffairs)
    social_insurance: SocialInsurance = field(default_factory=SocialInsurance)
    payroll: Payroll = field(default_factory=Payroll)
    alarms: Alarms = field(default_factory=Alarms)


@dataclass(frozen=True, slots=True)
class Sms:
    """What sends text messages; none while `provider` is none."""

    provider: str = "none"
    secret_id: str = ""
    secret_key: str = field(default="", repr=False)
    secret_key_file: str = ""
    app_id: str = ""
    sign_name: str = ""
    template_id: str = ""
    code_template_id: str = ""
    alarm_template_id: str = ""
    region: str = ""
    api_base: str = ""


@dataclass(frozen=True, slots=True)
class Notices:
    """Whom employees can ask, what notices are sealed with, and the time-stamp service; none while `timestamp_url` is
    empty."""

    contact: str = ""
    seal_key: str = ""
    seal_certificate: str = ""
    seal_passphrase_file: str = ""
    certified_by: str = "ourselves"
    pkcs11_module: str = ""
    pkcs11_token: str = ""
    pkcs11_key: str = ""
    timestamp_url: str = ""
    timestamp_certificates: str = ""

    @property
    def licensed(self) -> bool:
        """Whether the certificate is of a licensed authority (电子认证服务提供者)."""
        return self.certified_by == "licensed"

    def read_passphrase(self) -> str:
        """The passphrase of the key's file, or the token's PIN. Raises `SettingsError`."""
        return read_secret("notices.seal_passphrase", "", self.seal_passphrase_file)


@dataclass(frozen=True, slots=True)
class Log:
    """What is written to stderr."""

    level: str = "info"
    format: str = "auto"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings; each section and key of `config.toml` is a field here."""

    server: Server = field(default_factory=Server)
    policy: Policy = field(default_factory=Policy)
    database: Database = field(default_factory=Database)
    keys: Keys = field(default_factory=Keys)
    jobs: Jobs = field(default_factory=Jobs)
    understanding: Understanding = field(default_factory=Understanding)
    oidc: SignIn = field(default_factory=SignIn)
    channels: Channels = field(default_factory=Channels)
    connections: Connections = field(default_factory=Connections)
    mail: Mail = field(default_factory=Mail)
    sms: Sms = field(default_factory=Sms)
    notices: Notices = field(default_factory=Notices)
    log: Log = field(default_factory=Log)


SECTIONS: Final[Mapping[str, type[Any]]] = {
    "server": Server,
    "policy": Policy,
    "database": Database,
    "keys": Keys,
    "jobs": Jobs,
    "understanding": Understanding,
    "oidc": SignIn,
    "channels.telegram": Telegram,
    "channels.wechat": WeChat,
    "channels.wecom": WeCom,
    "connections.civil_affairs": CivilAffairs,
    "connections.social_insurance": SocialInsurance,
    "connections.payroll": Payroll,
    "connections.alarms": Alarms,
    "mail": Mail,
    "sms": Sms,
    "notices": Notices,
    "log": Log,
}
#: Settings of which one word out of a few is accepted.
CHOICES: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("log", "level"): ("debug", "info", "warning", "error"),
    ("log", "format"): ("auto", "json", "text"),
    ("jobs", "engine"): ("embedded", "postgresql", "redis"),
    ("understanding", "engine"): ("embedded", "rasa"),
    ("oidc", "kind"): ("none", "openid", "oauth2", "wecom"),
    ("oidc", "second_factor"): ("ours", "theirs"),
    ("channels.wechat", "reply_mode"): ("active", "mixed", "passive"),
    ("mail", "security"): ("starttls", "tls", "none"),
    ("sms", "provider"): ("none", "tencent", "aliyun"),
    ("notices", "certified_by"): ("ourselves", "licensed"),
}
_CALLBACK_KEYS: Final = ("secret", "secret_file", "token", "token_file", "aes_key", "aes_key_file")
#: Settings that may be empty: a Rasa server on loopback needs no token, no mail goes out without a server, and a channel that
#: is not used has no keys.
MAY_BE_EMPTY: Final = (
    "server.public_url",
    "server.proxy",
    "server.metrics_token",
    "server.metrics_token_file",
    "policy.feed_keys",
    "policy.feed_url",
    "understanding.rasa_token",
    *(f"oidc.{name}" for name in ("client_id", "client_secret", "client_secret_file", "agent_id")),
    *(f"oidc.{name}" for name in ("issuer", "metadata_url", "authorize_url", "token_url", "userinfo_url")),
    *(f"channels.telegram.{name}" for name in ("token", "token_file", "secret", "secret_file")),
    *(f"channels.wechat.{name}" for name in ("app_id", *_CALLBACK_KEYS)),
    *(f"channels.wecom.{name}" for name in ("corp_id", "agent_id", *_CALLBACK_KEYS)),
    *(
        f"connections.{system}.{name}"
        for system in ("civil_affairs", "social_insurance", "payroll")
        for name in ("mapping", "folder")
    ),
    "connections.social_insurance.portal_regions",
    *(f"connections.alarms.{name}" for name in ("mails", "mobiles")),
    *(f"mail.{name}" for name in ("host", "user", "password", "password_file", "sender")),
    *(
        f"sms.{name}"
        for name in (
            "secret_id",
            "secret_key",
            "secret_key_file",
            "app_id",
            "sign_name",
            "template_id",
            "code_template_id",
            "alarm_template_id",
            "region",
            "api_base",
        )
    ),
    "notices.contact",
    *(f"notices.{name}" for name in ("seal_key", "seal_certificate", "seal_passphrase_file")),
    *(f"notices.{name}" for name in ("pkcs11_module", "pkcs11_token", "pkcs11_key")),
    *(f"notices.{name}" for name in ("timestamp_url", "timestamp_certificates")),
)


def is_loopback(host: str) -> bool:
    """Whether a host is this computer itself.

    >>> is_loopback("::1"), is_loopback("mail.example")
    (True, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def load_settings(path: Path = HOME / "config.toml", environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings in force. Raises `SettingsError` for an unknown key or a value of the wrong kind."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path.name}: {error}") from error
    found = _sections(data)
    for name, value in environ.items():
        if name.startswith(PREFIX):
            section, _, key = name.removeprefix(PREFIX).lower().replace("__", ".").rpartition(".")
            found.setdefault(section, {})[key] = value
    for section in found:
        if section not in SECTIONS:
            raise SettingsError(f"{section}: unknown section; there are {', '.join(SECTIONS)}")
    made = {name: _section(name, kind, found.get(name, {})) for name, kind in SECTIONS.items()}
    for (name, key), choices in CHOICES.items():
        if (value := getattr(made[name], key)) not in choices:
            raise SettingsError(f"{name}.{key}: one of {', '.join(choices)}, not {value!r}")
    return Settings(
        **{name: section for name, section in made.items() if "." not in name},
        channels=Channels(**_group("channels", made)),
        connections=Connections(**_group("connections", made)),
    )


def _group(group: str, made: Mapping[str, Any]) -> dict[str, Any]:
    """The sections of a group, by what follows its name."""
    return {
        name.removeprefix(f"{group}."): section
        for name, section in made.items()
        if name.startswith(f"{group}.")
    }


def _sections(data: Mapping[str, Any]) -> dict[str, Any]:
    """The sections of a file by their names; those of a group stand one level deeper."""
    found = dict(data)
    for group, example in _GROUPS.items():
        sections = found.pop(group, {})
        if not isinstance(sections, dict):
            raise SettingsError(f"{group}: must be sections such as [{group}.{example}]")
        found |= {f"{group}.{name}": section for name, section in sections.items()}
    return found


def read_secret(name: str, value: str, file: str) -> str:
    """A secret setting, from the file where one is named. Raises `SettingsError`.

    >>> read_secret("channels.wechat.secret", "typed", "")
    'typed'
    """
    if not file:
        return value
    try:
        return (HOME / file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"{name}_file: {file} cannot be read") from error


def _section(name: str, kind: type[Any], data: Any) -> Any:
    if not isinstance(data, dict):
        raise SettingsError(f"{name}: must be a section")
    known = {each.name: each.type for each in fields(kind)}
    values = {}
    for key, value in data.items():
        if key not in known:
            raise SettingsError(f"{name}.{key}: unknown setting; there are {', '.join(known)}")
        values[key] = _value(f"{name}.{key}", known[key], value)
    return kind(**values)


def _value(name: str, kind: Any, value: Any) -> Any:
    if kind == "str":
        if not isinstance(value, str) or (not value and name not in MAY_BE_EMPTY):
            raise SettingsError(f"{name}: must be a text")
        return value
    if isinstance(value, bool) or not str(value).isdigit() or not 0 < int(value) < 2**31:
        raise SettingsError(f"{name}: must be a whole number above 0, not {value!r}")
    if name == "server.port" and int(value) > 65535:
        raise SettingsError(f"{name}: must be a port from 1 to 65535")
    return int(value)
