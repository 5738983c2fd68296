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

    @property
    def address(self) -> str:
        """Where browsers reach the pages, without a slash at the end: what links begin with."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")

    @property
    def secure(self) -> bool:
        """Whether browsers reach the pages over HTTPS."""
        return self.public_url.startswith("https://")

    def refuse_unless_loopback(self) -> None:
        """The demo's log-ins are public knowledge, so nobody else may reach it. Raises `SettingsError`."""
        if not is_loopback(self.host):
            raise SettingsError(f"server.host: --demo accepts only a loopback address, not {self.host!r}")


@dataclass(frozen=True, slots=True)
class Policy:
    """Where the company's own figures and rules are kept."""

    overlay: str = "var/policy"
    company: str = "var/company"

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
        if not self.client_secret_file:
            return self.client_secret
        try:
            return (HOME / self.client_secret_file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(f"oidc.client_secret_file: cannot be read ({error.strerror})") from error


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
class Log:
    """What is written to stderr."""

    level: str = "info"


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
    mail: Mail = field(default_factory=Mail)
    log: Log = field(default_factory=Log)


SECTIONS: Final[Mapping[str, type[Any]]] = {
    "server": Server,
    "policy": Policy,
    "database": Database,
    "keys": Keys,
    "jobs": Jobs,
    "understanding": Understanding,
    "oidc": SignIn,
    "mail": Mail,
    "log": Log,
}
#: Settings of which one word out of a few is accepted.
CHOICES: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("log", "level"): ("debug", "info", "warning", "error"),
    ("jobs", "engine"): ("embedded", "postgresql", "redis"),
    ("understanding", "engine"): ("embedded", "rasa"),
    ("oidc", "kind"): ("none", "openid", "oauth2", "wecom"),
    ("oidc", "second_factor"): ("ours", "theirs"),
    ("mail", "security"): ("starttls", "tls", "none"),
}
#: Settings that may be empty: a Rasa server on loopback needs no token, and no mail goes out without a server.
MAY_BE_EMPTY: Final = (
    "server.public_url",
    "server.proxy",
    "understanding.rasa_token",
    *(f"oidc.{name}" for name in ("client_id", "client_secret", "client_secret_file", "agent_id")),
    *(f"oidc.{name}" for name in ("issuer", "metadata_url", "authorize_url", "token_url", "userinfo_url")),
    *(f"mail.{name}" for name in ("host", "user", "password", "password_file", "sender")),
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
    for name, value in environ.items():
        if name.startswith(PREFIX):
            section, _, key = name.removeprefix(PREFIX).lower().partition("__")
            data.setdefault(section, {})[key] = value
    for section in data:
        if section not in SECTIONS:
            raise SettingsError(f"{section}: unknown section; there are {', '.join(SECTIONS)}")
    settings = Settings(**{name: _section(name, kind, data.get(name, {})) for name, kind in SECTIONS.items()})
    for (name, key), choices in CHOICES.items():
        if (value := getattr(getattr(settings, name), key)) not in choices:
            raise SettingsError(f"{name}.{key}: one of {', '.join(choices)}, not {value!r}")
    return settings


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
