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

    def refuse_unless_loopback(self) -> None:
        """The demo's log-ins are public knowledge, so nobody else may reach it. Raises `SettingsError`."""
        try:
            loopback = self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            loopback = False
        if not loopback:
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
class Log:
    """What is written to stderr."""

    level: str = "info"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings; each section and key of `config.toml` is a field here."""

    server: Server = field(default_factory=Server)
    policy: Policy = field(default_factory=Policy)
    log: Log = field(default_factory=Log)


SECTIONS: Final[Mapping[str, type[Any]]] = {"server": Server, "policy": Policy, "log": Log}
LEVELS: Final = ("debug", "info", "warning", "error")


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
    if settings.log.level not in LEVELS:
        raise SettingsError(f"log.level: one of {', '.join(LEVELS)}, not {settings.log.level!r}")
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
        if not isinstance(value, str) or not value:
            raise SettingsError(f"{name}: must be a text")
        return value
    if isinstance(value, bool) or not str(value).isdigit() or not 0 < int(value) < 2**31:
        raise SettingsError(f"{name}: must be a whole number above 0, not {value!r}")
    if name == "server.port" and int(value) > 65535:
        raise SettingsError(f"{name}: must be a port from 1 to 65535")
    return int(value)
