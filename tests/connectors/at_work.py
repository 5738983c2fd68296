"""沙盒市, a plant whose people live in it, and the program's connections between them, over real HTTP.

PYTEST_DONT_REWRITE: the search for doctests imports this module before the tests name it as their plugin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from databases import Clock, Open
from platforms.city import City, Trouble
from platforms.harness import Server
from platforms.sms import TencentSms, Texts
from platforms.smtp import Post
from sandbox import CITY_TOML, LOCAL
from text_services import sms_settings

from app.connections import Connections, make_connections
from app.mailing import make_mailer
from app.settings import (
    Alarms,
    CivilAffairs,
    Mail,
    Payroll,
    Settings,
    SocialInsurance,
)
from app.settings import Connections as ConnectionSettings
from audit.events import account
from people.connections import Name, Standing
from people.employees import Employee
from profiles.changes import Change
from storage.opening import Storage

pytest_plugins = ["databases", "mail_servers"]

HR = account("5a1e0000-0000-4000-8000-00000000000a")
MONTH = date(2026, 10, 1)
#: What an impatient test adds to each section of `city.toml`.
LIMITS = """
[{section}.limits]
connect_seconds = 1.0
read_seconds = 0.5
whole_seconds = 1.0

[{section}.retries]
attempts = 1
first_wait = 0.01
longest_wait = 0.05
failures = 1000
"""
PAGES = {
    "civil_affairs": "\n[civil_affairs.paging]\npage_size = 3\n",
    "social_insurance": "",
    "payroll": "",
}


class Town:
    """The city and the plant. `numbers` are the workers, 0001 to 0007, each on the roster under the same number."""

    def __init__(self, city: City, clock: Clock, post: Post, sms: Texts) -> None:
        self.city = city
        self.clock = clock
        self.post = post
        self.sms = sms
        self.settings = Settings()
        self.storage: Storage
        self.ids: dict[str, str] = {}

    def settle(self, storage: Storage) -> None:
        self.storage = storage
        for number, person in self.city.people.items():
            worker = Employee(
                "", number, person.name, "320500", id_number=person.id_number, joined_on=date(2026, 3, 1)
            )
            self.ids[number] = storage.roster.add(worker, HR).id

    def agree(self, *numbers: str) -> None:
        for number in numbers:
            for purpose in ("dibao_status", "civil_affairs"):
                self.storage.records.agree(self.ids[number], purpose, "paper", HR)  # type: ignore[arg-type]

    def withdraw(self, number: str) -> None:
        self.storage.records.withdraw(self.ids[number], "civil_affairs", "told_hr", HR)

    def connections(self, *names: Name, storage: Storage | None = None) -> Connections:
        """A process's own connections to some of the systems."""
        sections = {each: getattr(self.settings.connections, each) for each in ("alarms", *names)}
        settings = replace(self.settings, connections=ConnectionSettings(**sections))
        return make_connections(settings, storage or self.storage, make_mailer(settings.mail))

    def changes(self, number: str) -> tuple[Change, ...]:
        """What the systems outside told of somebody."""
        found = self.storage.profiles.changes_of(self.ids[number])
        return tuple(each for each in found if each.source != "hr")

    def standing(self, name: Name) -> Standing:
        return next(each for each in self.storage.connections.standings() if each.name == name)

    def switch(self, name: Name, *troubles: Trouble, calls: int | None = None) -> None:
        for each in troubles:
            self.city.offices[name].switch(each, calls=calls)

    @property
    def told(self) -> tuple[list[str], list[tuple[str, ...]]]:
        """The mails' subjects, and what stood in the text messages."""
        return [each["Subject"] for each in self.post.mails], [each.values for each in self.sms.sent]


@pytest.fixture
def town_city(clock: Clock) -> City:
    made = City(lambda: clock().timestamp())
    for number in range(1, 8):
        made.person(f"{number:04d}", f"工人{number}", f"32050019800101{number:04d}")
    return made


@pytest.fixture
def town_address(town_city: City) -> Iterator[str]:
    with Server(town_city.mounts) as running:
        yield running.address


@pytest.fixture
def town(
    town_city: City,
    town_address: str,
    clock: Clock,
    serve: Callable[..., int],
    post: Post,
    tmp_path: Path,
) -> Iterator[Town]:
    """The town before anybody has moved in."""
    mapping = tmp_path / "city.toml"
    text = CITY_TOML.read_text(encoding="utf-8").replace(LOCAL, town_address)
    for kind in ("number", "cursor"):
        text = text.replace(f'kind = "{kind}"\n', f'kind = "{kind}"\npage_size = 3\n')
    text += "".join(LIMITS.format(section=each) + pages for each, pages in PAGES.items())
    mapping.write_text(text, encoding="utf-8")
    sms = TencentSms()
    with Server({"": sms}) as phones:
        town = Town(town_city, clock, post, sms)
        town.settings = replace(
            Settings(),
            mail=Mail("127.0.0.1", serve(), "none", sender="shebao@company.example"),
            sms=sms_settings(sms, phones.address),
            connections=ConnectionSettings(
                civil_affairs=CivilAffairs(str(mapping)),
                social_insurance=SocialInsurance(str(mapping)),
                payroll=Payroll(str(mapping)),
                alarms=Alarms("hr@company.example", "13800000000"),
            ),
        )  # fmt: skip
        yield town


@pytest.fixture
def moved_in(town: Town, url: str, open_one: Open) -> Town:
    """The town with its people on the roster, on each kind of database."""
    town.settle(open_one(url))
    return town
