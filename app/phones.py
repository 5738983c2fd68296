"""The demo's platforms: a process of its own that speaks the platforms' protocols on loopback, plays the city's offices, takes
text messages and mails, and has a page that shows the employees' phones and the story beside the console.

They are in the checkout's tests, not in the product: what is installed without them runs the demo without phones.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from string import ascii_letters, digits
from typing import Any, Final

from app.settings import HOME, Channels, Server, Settings, Telegram, WeChat, WeCom
from audit.events import SYSTEM
from storage.opening import Storage

#: Where the platforms are, as the package `platforms`.
FOLDER: Final = HOME / "tests"
#: Whose phone is on which channel, by number.
OWNERS: Final = (("wechat", "A1034"), ("wecom", "A1035"), ("telegram", "A1036"))
#: What a platform needs to know of the settings to speak as the account that they name.
_TOLD: Final = ("app_id", "corp_id", "agent_id", "secret", "token", "aes_key")
#: Where the city is by the file that says how it is connected.
CITY: Final = "http://127.0.0.1:8001"
#: Minutes between two times that an office of the city is asked, and after which its silence is told.
EVERY: Final = 1
LATE: Final = 3
#: Seconds in which the platforms end.
PATIENCE: Final = 10.0


@dataclass(frozen=True, slots=True)
class Phones:
    """The platforms at work: their page's address, the settings with which they are reached, and which channels they are."""

    address: str
    settings: Settings = field(repr=False)
    channels: tuple[str, ...]
    process: subprocess.Popen[str]

    def bind(self, storage: Storage, *, new: bool, city: Sequence[Mapping[str, Any]] = ()) -> None:
        """Has the demo's employees write a code on their phones where they are not bound there, and `city` live in the city;
        `new`: on a new company, so that what the phones showed and the city had on record before is gone."""
        codes = {}
        for channel, number in OWNERS:
            employee = storage.roster.by_number(number) if channel in self.channels else None
            if employee is None:
                continue
            ties = storage.bindings.of_employee(employee.id)
            if not any(each.channel == channel and each.ended_at is None for each in ties):
                codes[channel] = storage.bindings.make([employee.id], SYSTEM)[employee.id]
        _say(self.process, {"new": new, "codes": codes, "city": list(city)})


@contextmanager
def phones(settings: Settings, folder: Path = FOLDER) -> Iterator[Phones | None]:
    """The platforms, started for the channels that the settings name no account for; None where they are not installed."""
    if not (folder / "platforms").is_dir():
        yield None
        return
    made = _accounts(settings.channels)
    told = {
        name: {key: value for key, value in asdict(each).items() if key in _TOLD}
        for name, each in made.items()
    }
    # Beside the keys, as the journal is: what the phones showed is there again after a restart.
    kept = settings.keys.path.with_name("phones.json")
    with _started(settings.server, folder, kept) as process:
        _say(process, told)
        line = process.stdout.readline() if process.stdout is not None else ""
        if not line:
            yield None
            return
        where: dict[str, Any] = json.loads(line)
        address = where["address"]
        reached: dict[str, Any] = {
            name: replace(each, api_base=f"{address}/{name}") for name, each in made.items()
        }
        reached_by = replace(settings, channels=replace(settings.channels, **reached))
        yield Phones(address, _connected(reached_by, where, folder), tuple(made), process)


def _connected(settings: Settings, where: Mapping[str, Any], folder: Path) -> Settings:
    """The city's offices for the systems that the settings name none of, asked every minute. Text messages and mails go to the
    platforms, unless the settings name who sends them."""
    sms, mail, connections = settings.sms, settings.mail, settings.connections
    alarms = connections.alarms
    if sms.provider == "none":
        sms, alarms = replace(sms, **where["sms"]), replace(alarms, mobiles=where["mobiles"])
    if not mail.host:
        mail, alarms = replace(mail, **where["mail"]), replace(alarms, mails=where["mails"])
    mapping = _mapping(where["address"], folder, settings.keys.path.with_name("city.toml"))
    systems: dict[str, Any] = {
        name: replace(section, mapping=str(mapping), every_minutes=EVERY, late_minutes=LATE)
        for name in ("civil_affairs", "social_insurance", "payroll")
        if not (section := getattr(connections, name)).mapping
    }
    connections = replace(connections, alarms=alarms, **systems)
    return replace(settings, sms=sms, mail=mail, connections=connections)


def _mapping(address: str, folder: Path, into: Path) -> Path:
    """How the city is connected, with the address that it has in this run."""
    text = (folder / "platforms" / "city.toml").read_text(encoding="utf-8")
    into.parent.mkdir(parents=True, exist_ok=True)
    into.write_text(text.replace(CITY, address), encoding="utf-8")
    return into


@contextmanager
def _started(server: Server, folder: Path, kept: Path) -> Iterator[subprocess.Popen[str]]:
    """The process. It ends when its standard input does: also where this one is killed."""
    # The console's cookie is for one host, which is that of the phones' page.
    host = "[::1]" if ":" in server.host else "127.0.0.1"
    product, port = f"http://{host}:{server.port}", server.port % 65535 + 1
    command = [sys.executable, "-m", "platforms", "--demo", "--product", product, "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--keep", str(kept)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    try:
        yield process
    finally:
        for each in (process.stdin, process.stdout):
            if each is not None:
                with suppress(OSError):
                    each.close()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _say(process: subprocess.Popen[str], what: object) -> None:
    if process.stdin is not None:
        with suppress(OSError):  # it is gone: the demo goes on without phones
            process.stdin.write(json.dumps(what) + "\n")
            process.stdin.flush()


def _accounts(channels: Channels) -> dict[str, Telegram | WeChat | WeCom]:
    """For the channels that have none, an account for this run: nobody who is not here can call in its name."""
    made: dict[str, Telegram | WeChat | WeCom] = {}
    secret, token = secrets.token_hex(16), secrets.token_hex(8)
    if not channels.wechat.app_id:
        made["wechat"] = WeChat("wxdemo000000000000", secret, token=token, aes_key=_aes_key())
    if not channels.wecom.corp_id:
        made["wecom"] = WeCom("wwdemo000000000000", "1000002", secret, token=token, aes_key=_aes_key())
    if not (channels.telegram.token or channels.telegram.token_file):
        made["telegram"] = Telegram(f"7000000001:{secrets.token_hex(16)}", secret=secret)
    return made


def _aes_key() -> str:
    """43 letters and digits, of which the last holds no bits that 32 bytes have not."""
    letters = ascii_letters + digits
    return "".join(secrets.choice(letters) for _ in range(42)) + secrets.choice("AEIMQUYcgkosw048")
